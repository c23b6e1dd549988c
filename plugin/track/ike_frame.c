/* ike_frame.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_frame.h"

#include "../by_frame.h"

struct ike_frames {
    wmem_array_t *list;             /* of struct ike_frame, ascending by frame */
    wmem_array_t *spis;             /* of uint32_t: those that each message names, one message after the other */
};

struct ike_frames *
ike_frames_create(wmem_allocator_t *pool)
{
    struct ike_frames *frames = wmem_new(pool, struct ike_frames);

    frames->list = wmem_array_new(pool, sizeof(struct ike_frame));
    frames->spis = wmem_array_new(pool, sizeof(uint32_t));
    return frames;
}

/* SPIs in the order in which they are named, each once. */
enum {
    SPIS_AT_MOST = PROPOSALS_AT_MOST + (2 * NOTIFIES_AT_MOST) + DELETES_AT_MOST,
    SPI_SLOTS = 4096                /* a power of two: more than twice as many, so that searches are short */
};

struct spi_list {
    unsigned count;
    uint32_t spi[SPIS_AT_MOST];
    uint32_t slot[SPI_SLOTS];       /* a hash of them with open addressing; 0: free */
};

static void
keep_spi(struct spi_list *list, uint32_t spi)
{
    unsigned at = wmem_strong_hash((const guint8 *)&spi, sizeof spi) % SPI_SLOTS;

    while (list->slot[at] != 0 && list->slot[at] != spi)
        at = (at + 1) % SPI_SLOTS;
    if (spi == 0 || list->slot[at] == spi || list->count == SPIS_AT_MOST)
        return;
    list->slot[at] = spi;
    list->spi[list->count++] = spi;
}

static bool
names_any(const struct ike_contents *contents)
{
    return contents->proposals > 0 || contents->notifies > 0 || contents->deletes > 0;
}

/* The SPIs of ESP and AH that a message names. */
static void
keep_spis(struct ike_frames *frames, struct ike_frame *frame, const struct ike_contents *contents)
{
    struct spi_list list;

    frame->spis = 0;
    if (!names_any(contents))
        return;
    memset(&list, 0, sizeof list);
    for (unsigned i = 0; i < contents->proposals; i++)
        if (contents->proposal[i].protocol == IKE_PROTOCOL_ESP || contents->proposal[i].protocol == IKE_PROTOCOL_AH)
            keep_spi(&list, (uint32_t)contents->proposal[i].spi);
    for (unsigned i = 0; i < contents->notifies; i++) {
        keep_spi(&list, contents->notify[i].spi);
        if (contents->notify[i].type == NOTIFY_INVALID_SPI)
            keep_spi(&list, contents->notify[i].value);
    }
    for (unsigned i = 0; i < contents->deletes; i++)
        keep_spi(&list, contents->delete_spi[i]);
    frame->spi_at = wmem_array_get_count(frames->spis);
    frame->spis = (uint16_t)list.count;
    wmem_array_append(frames->spis, list.spi, list.count);
}

const struct ike_frame *
ike_frames_add(struct ike_frames *frames, const struct ike_frame *frame, const struct ike_message *message)
{
    struct ike_frame kept = *frame;

    keep_spis(frames, &kept, &message->contents);
    wmem_array_append_one(frames->list, kept);
    return wmem_array_index(frames->list, wmem_array_get_count(frames->list) - 1);
}

static uint32_t
frame_of(const void *list, uint32_t i)
{
    return ((const struct ike_frame *)list)[i].frame;
}

const struct ike_frame *
ike_frames_at(const struct ike_frames *frames, uint32_t frame)
{
    const struct ike_frame *list = wmem_array_get_raw(frames->list);
    uint32_t count = wmem_array_get_count(frames->list);
    uint32_t first = by_frame_first(list, count, frame_of, frame);

    return first < count && list[first].frame == frame ? &list[first] : NULL;
}

uint32_t
ike_frames_spi(const struct ike_frames *frames, const struct ike_frame *frame, unsigned i)
{
    return *(const uint32_t *)wmem_array_index(frames->spis, frame->spi_at + i);
}

uint32_t
ike_frames_count(const struct ike_frames *frames)
{
    return wmem_array_get_count(frames->list);
}
