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
struct exchange_message;

struct ike_frame {
    uint32_t frame;
    uint32_t retransmission_of;     /**< frame, or 0 */
    bool is_response;
    uint16_t spis;
    struct exchange *exchange;
    struct exchange_message *message; /**< in its exchange; NULL where too many were to be kept */
    const uint32_t *spi;            /**< the SPIs of ESP and AH that it names */
};

struct ike_frames;

/** Owned by pool, as are the frames in it. */
struct ike_frames *ike_frames_create(wmem_allocator_t *pool);

/** Keeps a copy of what a message was, with the SPIs of ESP and AH that it names. Frames ascend.
 * @return the copy; valid until the next call */
const struct ike_frame *ike_frames_add(struct ike_frames *frames, const struct ike_frame *frame, const struct ike_message *message);

/** What the message in this frame was, or NULL where none was kept. */
const struct ike_frame *ike_frames_at(const struct ike_frames *frames, uint32_t frame);

uint32_t ike_frames_count(const struct ike_frames *frames);

#endif /* SPISCOPE_IKE_FRAME_H */
