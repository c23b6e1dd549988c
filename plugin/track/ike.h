/* ike.h
 * One IKE message: its tunnel, its IKE SA, its exchange, and what it changes in them. The header is always in clear and
 * carries most of it: who asked, what was answered, what was sent again, what was never answered. Where the payloads are
 * readable they add SPIs, traffic selectors, lifetimes, Deletes and refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_H
#define SPISCOPE_IKE_H

#include "child.h"
#include "exchange.h"
#include "ike_frame.h"
#include "ike_sa.h"

struct changes;
struct ike_table;

/** @param changes  gets what a message changed
 *  @param max_sas  see most.h
 *  @param min_outage  nanoseconds */
struct ike_table *ike_table_create(wmem_allocator_t *pool, struct tunnel_table *tunnels,
        struct sa_table *sas, struct changes *changes, uint32_t handover_grace, uint32_t max_sas, uint64_t min_outage);

/** Takes a message: finds or opens its tunnel, IKE SA and exchange. Owned by the table.
 * @param is_copy  whether the same message was captured moments ago
 * @return what it was, or NULL where it belongs nowhere; valid until the next call */
const struct ike_frame *ike_take(struct ike_table *table, const struct ike_message *message, bool is_copy);

/** Takes a copy of a message, which another capture point saw.
 * @param of  the frame of the message
 * @return what that was, as of this frame; or NULL where it belongs nowhere or the table is full; valid until the next call */
const struct ike_frame *ike_take_copy(struct ike_table *table, const struct ike_message *message, uint32_t of);

/** What an IKE message was that was taken before, by its frame, or NULL. */
const struct ike_frame *ike_frame_at(const struct ike_table *table, uint32_t frame);

/** The i-th of frame->spis SPIs of ESP and AH that a message names. */
uint32_t ike_spi(const struct ike_table *table, const struct ike_frame *frame, unsigned i);

/** The first IKE SA in order of appearance; the others follow by next. */
struct ike_sa *ike_first(const struct ike_table *table);

uint32_t ike_count(const struct ike_table *table);

/** Messages that were taken. */
uint32_t ike_messages(const struct ike_table *table);

#endif /* SPISCOPE_IKE_H */
