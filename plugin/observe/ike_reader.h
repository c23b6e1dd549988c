/* ike_reader.h
 * Bytes of IKE payloads, and the way along a chain of them, for the files that read what payloads hold.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_READER_H
#define SPISCOPE_OBSERVE_IKE_READER_H

#include <limits.h>

#include "../compat.h"
#include "../event.h"

/** Where the fields of every payload lie, in bytes from its beginning (RFC 7296 section 3.2, RFC 2408 section 3.2); and the length
 * of an SPI of ESP or AH. */
enum {
    NEXT_PAYLOAD_TYPE = 0,
    RESERVED = 1,
    PAYLOAD_LENGTH = 2,
    GENERIC_HEADER = 4,
    SPI_SIZE = 4
};

/** A message that is being read. */
struct ike_reader {
    struct ike_message *message;
    unsigned ids;                   /**< IKEv1: ID payloads so far */
    bool beyond;                    /**< in a proposal that is one too many to be kept */
    unsigned items;                 /**< payloads, proposals and transforms so far */
};

/** Bytes of a payload; beyond their end everything is 0. */
struct bytes {
    const uint8_t *at;
    unsigned length;
};

static inline bool
holds(struct bytes bytes, unsigned offset, unsigned length)
{
    return offset <= bytes.length && length <= bytes.length - offset;
}

static inline struct bytes
rest(struct bytes bytes, unsigned offset)
{
    struct bytes empty = { bytes.at, 0 };

    return offset > bytes.length ? empty : (struct bytes){ bytes.at + offset, bytes.length - offset };
}

static inline uint8_t
get8(struct bytes bytes, unsigned offset)
{
    return holds(bytes, offset, 1) ? bytes.at[offset] : 0;
}

static inline uint16_t
get16(struct bytes bytes, unsigned offset)
{
    return holds(bytes, offset, 2) ? pntohu16(bytes.at + offset) : 0;
}

/** A number of any length; one that is too large for 64 bits is the largest. */
static inline uint64_t
get_number(struct bytes bytes, unsigned offset, unsigned length)
{
    uint64_t number = 0;

    if (!holds(bytes, offset, length))
        return 0;
    for (unsigned i = 0; i < length; i++) {
        if (number > UINT64_MAX >> CHAR_BIT)
            return UINT64_MAX;
        number = number << CHAR_BIT | bytes.at[offset + i];
    }
    return number;
}

/** Takes the first payload off the bytes.
 * @return false where none is there, its length cannot be, or there were too many in this message */
bool ike_next_payload(struct ike_reader *reader, struct bytes *bytes, struct bytes *payload);

#endif /* SPISCOPE_OBSERVE_IKE_READER_H */
