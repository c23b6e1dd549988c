/* ike_frame.h
 * What each IKE message was to its exchange, kept for its frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_FRAME_H
#define SPISCOPE_IKE_FRAME_H

#include <wsutil/wmem/wmem.h>

#include "../event.h"

struct exchange;

struct ike_frame {
    struct exchange *exchange;
    uint32_t frame;
    uint32_t retransmission_of;     /**< frame, or 0 */
    uint32_t spi_at;                /**< where the SPIs begin that it names: see ike_frames_spi */
    uint16_t spis;
    uint8_t message;                /**< its place in its exchange, from 1: see exchange_message_of; 0 where too many were to be kept */
    bool is_response;
};

struct ike_frames;

/** Owned by pool, as are the frames in it. */
struct ike_frames *ike_frames_create(wmem_allocator_t *pool);

/** Keeps a copy of what a message was, with the SPIs of ESP and AH that it names. Frames ascend.
 * @return the copy; valid until the next call */
const struct ike_frame *ike_frames_add(struct ike_frames *frames, const struct ike_frame *frame, const struct ike_message *message);

/** What the message in this frame was, or NULL where none was kept. */
const struct ike_frame *ike_frames_at(const struct ike_frames *frames, uint32_t frame);

/** The i-th of frame->spis SPIs of ESP and AH that a message names. */
uint32_t ike_frames_spi(const struct ike_frames *frames, const struct ike_frame *frame, unsigned i);

uint32_t ike_frames_count(const struct ike_frames *frames);

#endif /* SPISCOPE_IKE_FRAME_H */
