/* path.h
 * What happens to a tunnel's packets on their way: ICMP errors that quote them, fragments that are lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PATH_H
#define SPISCOPE_PATH_H

#include "../event.h"
#include "change.h"

/** What an ICMP error says of the path. */
enum path_error path_error_of(const struct icmp_error *error);

/** Counts an error for the tunnel whose packet it quotes; one of a path that is not known belongs to none.
 * @param grace  seconds */
void path_take_icmp(const struct tunnel_table *tunnels, struct sa_table *sas, const struct icmp_error *error, uint32_t grace,
        struct changes *changes);

/** Counts a packet whose fragments did not all come for its tunnel; adds a change where it was one of IKE. */
void path_take_lost(const struct tunnel_table *tunnels, const struct lost_packet *lost, struct changes *changes);

#endif /* SPISCOPE_PATH_H */
