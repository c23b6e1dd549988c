/* outage_log.h
 * The log of a tunnel's outages: a line each, as the report, the timeline and the table of outages have it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OUTAGE_LOG_H
#define SPISCOPE_OUTAGE_LOG_H

#include "../judge/judge.h"

/** What the end of the capture leaves open: the outage that is not over, if there is one. */
struct service_end outage_log_end(const struct tunnel *tunnel, const struct judge *judge);

/** Who ended service, and how: "A deletes the IKE SA (frame 42), age 9.2 s". Owned by the words' scope. */
char *outage_log_ended(const struct words *words, const struct outage *outage);

/** For how long: "down 2.1 s"; "not over" where it is not. Owned by the words' scope. */
char *outage_log_down(const struct words *words, const struct outage *outage);

/** Who brought it back, and how: "B sets up anew (frame 44)"; NULL where nobody did. Owned by the words' scope. */
char *outage_log_restored(const struct words *words, const struct outage *outage);

/** The three in one line. Owned by the words' scope. */
char *outage_log_line(const struct words *words, const struct outage *outage);

#endif /* SPISCOPE_OUTAGE_LOG_H */
