/* lineage.h
 * Which SA replaced which. ESP does not say: a new SPI is a successor where an older SA of the same
 * direction falls silent for it, and a parallel SA where the older one speaks on. So a new SA
 * waits until the handover grace is over; then it is linked to the SA that fell silent nearest to its
 * birth, or begins a lineage of its own. Where negotiations are read they tell it instead, but for an
 * SA whose own was not. An exchange in clear IKE headers that made the new SPI rules out predecessors
 * that it can't have renewed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LINEAGE_H
#define SPISCOPE_LINEAGE_H

#include "sa.h"

/** Takes a new SA into its flow. Where nothing can have gone before it, it begins a lineage at once. */
void lineage_admit(struct sa *sa);

/** Takes an SA whose negotiation was read into its flow. If no predecessor was linked to it, it begins
 * a lineage, unless the traffic shows later that it took the place of one whose negotiation was seen, and not read. */
void lineage_admit_negotiated(struct sa *sa);

/** Whether an SA can have the place behind another one: of the same direction and protocol, and
 * neither has such a place yet. */
bool lineage_may_link(const struct sa *old, const struct sa *sa);

/** Links an SA to the one that its negotiation says it replaces, if lineage_may_link. */
void lineage_negotiated(struct sa *old, struct sa *sa);

/** Gives an SA's place behind its predecessor to another SA of the same direction, if it has no
 * successor of its own. */
void lineage_pass_on(struct sa *from, struct sa *to);

/** The SA carried another packet: it may now count as a successor, being confirmed, or
 * show that it is used beside an undecided one. To be called while either is possible. */
void lineage_heard(struct sa *sa);

/** Whether the oldest undecided SA of the flow has waited long enough. Cheap. */
bool lineage_is_due(const struct flow *flow, const nstime_t *now, uint32_t grace);

/** Decides about the oldest undecided SA of the flow, if it is due.
 * @param grace  seconds
 * @return the SA whose place is known now, with a predecessor or without one; NULL if none */
struct sa *lineage_settle(struct flow *flow, const nstime_t *now, uint32_t grace);

/** The living SA of the flow that is in use with this SPI, under whatever address; NULL where there is none. */
struct sa *lineage_find(const struct flow *flow, uint8_t protocol, uint32_t spi);

/** Takes a link back: the SA and its successor turned out to be in use side by side. */
void lineage_split(struct sa *sa);

#endif /* SPISCOPE_LINEAGE_H */
