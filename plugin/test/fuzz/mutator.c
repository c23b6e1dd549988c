/* mutator.c
 * Changes streams of events by whole records, beside what libFuzzer does to bytes: a packet that comes
 * again, elsewhere or not at all is what trackers stumble over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "stream.h"

/* Places of records that are told apart; further ones are changed as bytes. */
#define RECORDS_AT_MOST 4096

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
        uint8_t *out, size_t max_size, unsigned seed);

static unsigned
next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525U + 1013904223U;
    return below ? (*seed >> 8) % below : 0;
}

/* Where each record begins, and where the last one ends. */
static unsigned
find_records(const uint8_t *data, size_t size, size_t place[RECORDS_AT_MOST + 1])
{
    unsigned count = 0;
    size_t at = 1;                  /* behind the settings */

    while (at < size && count < RECORDS_AT_MOST) {
        place[count++] = at;
        at += stream_record_length(data + at, size - at);
    }
    place[count] = size;
    return count;
}

/* Puts bytes in at a place; the new size, or the old one where there is no room. */
static size_t
insert(uint8_t *data, size_t size, size_t max_size, size_t at, const uint8_t *bytes, size_t length)
{
    if (size + length > max_size)
        return size;
    memmove(data + at + length, data + at, size - at);
    memcpy(data + at, bytes, length);
    return size + length;
}

static size_t
take_out(uint8_t *data, size_t size, size_t at, size_t length)
{
    memmove(data + at, data + at + length, size - at - length);
    return size - length;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static size_t place[RECORDS_AT_MOST + 1];
    unsigned count = next(&seed, 2) ? find_records(data, size, place) : 0;

    if (count < 2)
        return LLVMFuzzerMutate(data, size, max_size);
    unsigned first = next(&seed, count);
    unsigned records = 1 + next(&seed, next(&seed, 4) ? 3 : count - first);
    unsigned last = first + records > count ? count : first + records;
    size_t from = place[first], length = place[last] - from;
    uint8_t *part = malloc(length);
    if (!part)
        return size;
    memcpy(part, data + from, length);
    size_t to = place[next(&seed, count + 1)];
    switch (next(&seed, 4)) {
    case 0:                         /* gone */
        size = take_out(data, size, from, length);
        break;
    case 1:                         /* once more, elsewhere */
        size = insert(data, size, max_size, to, part, length);
        break;
    case 2:                         /* elsewhere */
        size = take_out(data, size, from, length);
        size = insert(data, size, max_size, to <= from ? to : to - (to - from < length ? to - from : length), part, length);
        break;
    default:                        /* one of them with other bytes, and as long */
        LLVMFuzzerMutate(data + from, length, length);
        break;
    }
    free(part);
    return size;
}

/* The beginning of one stream, then the end of another. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
        uint8_t *out, size_t max_size, unsigned seed)
{
    static size_t place[RECORDS_AT_MOST + 1];
    unsigned count = find_records(one, one_size, place);
    size_t head = place[next(&seed, count + 1)];

    count = find_records(other, other_size, place);
    size_t tail = place[next(&seed, count + 1)];
    if (head > max_size)
        head = max_size;
    memcpy(out, one, head);
    size_t length = other_size - tail;
    if (length > max_size - head)
        length = max_size - head;
    memcpy(out + head, other + tail, length);
    return head + length;
}
