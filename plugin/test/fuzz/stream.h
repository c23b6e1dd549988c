/* stream.h
 * Events as bytes, for a fuzzer to change: what observe/ would tell track/ about a capture.
 *
 * A stream is a byte of settings, then records. A record is a kind byte (enum record_kind and flags),
 * a path, a time, and what the kind adds. Everything that real captures have by the billion stands
 * as an index into a small table, so that a changed byte is likely to meet something that was there
 * before: an address, an SPI, a message ID. The end of the bytes ends the stream in any place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FUZZ_STREAM_H
#define SPISCOPE_FUZZ_STREAM_H

#include <stddef.h>

#include "event.h"

/* A record's first byte: flags, and the unit of its time in the upper three bits. */
enum record_kind {
    RECORD_IKE = 0x01,              /**< else ESP or AH */
    RECORD_SAME_FRAME = 0x02,       /**< in the frame of the record before; of ESP and AH */
    RECORD_LATER_FRAME = 0x04,      /**< a frame without IPsec came between */
    RECORD_OTHER = 0x08,            /**< AH; IKEv1 */
    RECORD_READABLE = 0x10,         /**< of IKE: contents follow */
    RECORD_UNIT_SHIFT = 5
};

/* Units of the 16 bits of time that a record adds to the one before; the last is no unit but picks
 * one of the ends of the clock's range. */
enum record_unit {
    UNIT_10_MICROSECONDS,
    UNIT_MILLISECOND,
    UNIT_SECOND,
    UNIT_1000_SECONDS,
    UNIT_10_MICROSECONDS_BACK,
    UNIT_MILLISECOND_BACK,
    UNIT_SECOND_BACK,
    UNIT_MOMENT
};

/* What follows in a readable message: a tag, and its fields. */
enum record_tag {
    TAG_END,
    TAG_SA,
    TAG_KE,                         /**< group (2) */
    TAG_PROPOSAL,                   /**< protocol, SPI, then transforms (type, id, key length / 8) until type 0 */
    TAG_NOTIFY,                     /**< type (2), protocol, SPI, value */
    TAG_NOTIFY_LIFETIME,            /**< of the last notify: seconds (2), kilobytes (2) */
    TAG_TSI,                        /**< network, prefix, protocol, port (2) */
    TAG_TSR,
    TAG_INCOMPLETE,                 /**< which of the two */
    TAG_DELETE,                     /**< protocol, first SPI, count */
    TAG_DELETE_IKE,                 /**< initiator's, responder's SPI */
    TAG_LIFETIME,                   /**< of the offer: seconds (2), kilobytes (2) */
    TAGS
};

enum {
    RECORD_IPSEC_LENGTH = 8,
    RECORD_IKE_LENGTH = 15,
    ENDPOINTS = 16,
    /* Of the byte that stands for an SPI, the upper ones stand for the ends of the range */
    SPI_SPECIAL = 0xf8
};

/* Settings: the stream's first byte. */
enum setting {
    SETTING_LIMITS = 0x03,          /**< the preferences: default, small, zero, all ones */
    SETTING_FEW_SAS = 0x04,
    SETTING_WRITE = 0x08            /**< write report, JSON and timeline at the end */
};

/* Reads records one after the other. */
struct stream {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t frame;
    nstime_t time;
    uint32_t sequence[ENDPOINTS][256]; /**< the last one, by source and SPI */
};

/* What a record held. */
enum event_kind {
    EVENT_NONE,                     /**< the stream is over */
    EVENT_IPSEC,
    EVENT_IKE
};

void stream_begin(struct stream *stream, const uint8_t *data, size_t size);

/** The next record.
 * @param same_frame  gets whether it lies in the frame of the one before */
enum event_kind stream_next(struct stream *stream, struct ipsec_packet *packet, struct ike_message *message,
        bool *same_frame);

/** The length in bytes of the record at data; 0 where none is left. */
size_t stream_record_length(const uint8_t *data, size_t size);

/** The endpoint with this index. */
struct endpoint stream_endpoint(unsigned index);

uint32_t stream_spi(uint8_t index);

#endif /* SPISCOPE_FUZZ_STREAM_H */
