/* stream.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stream.h"

#define FIRST_SECOND 1700000000
#define NANOSECONDS 1000000000

/* The path of a record: an index for the source, and one for the destination. */
#define SOURCE_OF(path) ((path) >> 4)
#define DESTINATION_OF(path) ((path) & 0x0f)

static const uint32_t special_spis[] = { 0, 1, 255, 256, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
static const uint32_t special_sequences[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffff00, 0xfffffffe, 0xffffffff };
static const int64_t moments[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX };

static uint8_t
byte(struct stream *stream)
{
    return stream->at < stream->end ? *stream->at++ : 0;
}

static uint16_t
word(struct stream *stream)
{
    uint16_t high = byte(stream);

    return (uint16_t)(high << 8 | byte(stream));
}

/* Lifetimes: most are small, some are at the end of their range. */
static uint64_t
wide(struct stream *stream)
{
    uint16_t value = word(stream);

    switch (value) {
    case 0xffff: return UINT64_MAX;
    case 0xfffe: return UINT32_MAX;
    case 0xfffd: return INT64_MAX;
    default: return value;
    }
}

struct endpoint
stream_endpoint(unsigned index)
{
    static const struct { uint8_t length, host; uint16_t port; } table[ENDPOINTS] = {
        { 4, 1, 0 }, { 4, 1, PORT_IKE }, { 4, 1, PORT_NAT_T }, { 4, 1, 1024 }, { 4, 1, 1025 },
        { 4, 2, 0 }, { 4, 2, PORT_IKE }, { 4, 2, PORT_NAT_T },
        { 4, 3, 0 }, { 4, 3, PORT_IKE }, { 4, 3, PORT_NAT_T },
        { 16, 4, 0 }, { 16, 4, PORT_IKE }, { 16, 5, 0 }, { 16, 5, PORT_IKE },
        { 4, 0xe0, 0 },             /* a group */
    };
    struct endpoint end = { { table[index % ENDPOINTS].length, { 0 } }, table[index % ENDPOINTS].port };

    end.address.bytes[0] = table[index % ENDPOINTS].host == 0xe0 ? 0xe0 : 10;
    end.address.bytes[end.address.length - 1] = table[index % ENDPOINTS].host;
    return end;
}

uint32_t
stream_spi(uint8_t index)
{
    return index >= SPI_SPECIAL ? special_spis[index - SPI_SPECIAL] : 0x1000U + index;
}

static uint64_t
ike_spi(uint8_t index)
{
    if (index == 0)
        return 0;
    return index >= SPI_SPECIAL ? UINT64_MAX - (0xffU - index) : UINT64_C(0x5350490000000000) + index;
}

static nstime_t
add(const nstime_t *time, int64_t nanoseconds)
{
    nstime_t sum = *time;
    int64_t nsecs = sum.nsecs + nanoseconds % NANOSECONDS;
    int64_t secs = nanoseconds / NANOSECONDS;

    if (nsecs < 0 || nsecs >= NANOSECONDS) {
        secs += nsecs < 0 ? -1 : 1;
        nsecs += nsecs < 0 ? NANOSECONDS : -NANOSECONDS;
    }
    if (secs < 0 ? sum.secs >= INT64_MIN - secs : sum.secs <= INT64_MAX - secs)
        sum.secs += secs;
    sum.nsecs = (int)nsecs;
    return sum;
}

static void
take_time(struct stream *stream, unsigned unit, uint16_t value)
{
    static const int64_t nanoseconds[] = {
        [UNIT_10_MICROSECONDS] = 10000, [UNIT_MILLISECOND] = 1000000, [UNIT_SECOND] = NANOSECONDS,
        [UNIT_1000_SECONDS] = INT64_C(1000) * NANOSECONDS, [UNIT_10_MICROSECONDS_BACK] = -10000,
        [UNIT_MILLISECOND_BACK] = -1000000, [UNIT_SECOND_BACK] = -NANOSECONDS,
    };

    if (unit != UNIT_MOMENT) {
        stream->time = add(&stream->time, nanoseconds[unit] * value);
        return;
    }
    if ((value & 0x0f) >= sizeof moments / sizeof moments[0]) {     /* back to where clocks should be */
        stream->time.secs = FIRST_SECOND + value;
        stream->time.nsecs = 0;
        return;
    }
    stream->time.secs = (time_t)moments[value & 0x0f];
    stream->time.nsecs = value & 0x10 ? NANOSECONDS - 1 : 0;
}

static uint32_t
take_sequence(struct stream *stream, unsigned source, uint8_t spi)
{
    uint16_t step = word(stream);
    uint32_t *last = &stream->sequence[source][spi];

    if (step >= 0x7ff8 && step < 0x8000)
        *last = special_sequences[step - 0x7ff8];
    else
        *last += (uint32_t)(int32_t)(int16_t)step;
    return *last;
}

static void
take_ipsec(struct stream *stream, uint8_t kind, uint8_t path, struct ipsec_packet *packet)
{
    memset(packet, 0, sizeof *packet);
    packet->frame = stream->frame;
    packet->time = stream->time;
    packet->source = stream_endpoint(SOURCE_OF(path));
    packet->destination = stream_endpoint(DESTINATION_OF(path));
    packet->protocol = kind & RECORD_OTHER ? IPSEC_AH : IPSEC_ESP;
    uint8_t spi = byte(stream);
    packet->spi = stream_spi(spi);
    packet->sequence = take_sequence(stream, SOURCE_OF(path), spi);
    uint8_t rest = byte(stream);
    packet->length = rest == 0xff ? UINT32_MAX : 24U + (rest >> 4) * 90U;
    packet->fingerprint = packet->sequence * 40503U + (rest & 0x0f);
}

/* ---- IKE */

static void
take_proposal(struct stream *stream, struct ike_contents *contents)
{
    struct proposal ignored, *proposal = &ignored;

    if (contents->proposals < PROPOSALS_AT_MOST)
        proposal = &contents->proposal[contents->proposals++];
    memset(proposal, 0, sizeof *proposal);
    proposal->protocol = byte(stream);
    uint8_t spi = byte(stream);
    proposal->spi = proposal->protocol == IKE_PROTOCOL_IKE ? ike_spi(spi) : stream_spi(spi);
    for (uint8_t type = byte(stream); type != 0; type = byte(stream)) {
        struct transform transform = { .type = type };
        transform.id = byte(stream);
        transform.key_length = (uint16_t)(byte(stream) * 8);
        if (proposal->transforms < TRANSFORMS_AT_MOST)
            proposal->transform[proposal->transforms++] = transform;
    }
}

static void
take_notify(struct stream *stream, struct ike_contents *contents)
{
    struct notify ignored, *notify = &ignored;

    if (contents->notifies < NOTIFIES_AT_MOST)
        notify = &contents->notify[contents->notifies++];
    memset(notify, 0, sizeof *notify);
    notify->type = word(stream);
    notify->protocol = byte(stream);
    notify->spi = stream_spi(byte(stream));
    notify->value = stream_spi(byte(stream));
}

static void
take_selector(struct stream *stream, struct selectors *selectors)
{
    struct traffic_selector ignored, *selector = &ignored;

    if (selectors->count < SELECTORS_AT_MOST)
        selector = &selectors->item[selectors->count++];
    else
        selectors->incomplete = true;
    memset(selector, 0, sizeof *selector);
    uint8_t network = byte(stream), prefix = byte(stream);
    selector->start.length = selector->end.length = network & 0x80 ? 16 : 4;
    selector->start.bytes[0] = selector->end.bytes[0] = 10;
    selector->start.bytes[1] = selector->end.bytes[1] = network & 0x7f;
    if (prefix == 0xff) {           /* a range of another order */
        selector->end.bytes[0] = 9;
    } else {
        for (unsigned i = prefix & 0x7f; i < selector->end.length * 8U; i++)
            selector->end.bytes[i / 8] |= (uint8_t)(0x80U >> (i % 8));
        if (prefix & 0x80)
            selector->end.bytes[selector->end.length - 1] ^= 1;
    }
    selector->protocol = byte(stream);
    uint16_t port = word(stream);
    selector->start_port = port == 1 ? UINT16_MAX : port;       /* 1: opaque */
    selector->end_port = port == 1 ? 0 : port == 0 ? UINT16_MAX : port;
}

static void
take_deletes(struct stream *stream, struct ike_contents *contents)
{
    contents->delete_protocol = byte(stream);
    uint8_t first = byte(stream), count = byte(stream);
    unsigned most = count == 0xff ? DELETES_AT_MOST : count;

    for (unsigned i = 0; i < most && contents->deletes < DELETES_AT_MOST; i++)
        contents->delete_spi[contents->deletes++] = stream_spi((uint8_t)(first + i));
}

static struct lifetime
take_lifetime(struct stream *stream)
{
    struct lifetime lifetime = { 0, 0 };

    lifetime.seconds = wide(stream);
    lifetime.kilobytes = wide(stream);
    return lifetime;
}

/* One tag of the contents; false at their end. */
static bool
take_content(struct stream *stream, struct ike_contents *contents)
{
    struct lifetime lifetime;

    switch (byte(stream) % TAGS) {
    case TAG_SA:
        contents->has_sa = true;
        return true;
    case TAG_KE:
        contents->has_ke = true;
        contents->ke_group = word(stream);
        return true;
    case TAG_PROPOSAL:
        take_proposal(stream, contents);
        return true;
    case TAG_NOTIFY:
        take_notify(stream, contents);
        return true;
    case TAG_NOTIFY_LIFETIME:
        lifetime = take_lifetime(stream);
        if (contents->notifies > 0)
            contents->notify[contents->notifies - 1].lifetime = lifetime;
        return true;
    case TAG_TSI:
        take_selector(stream, &contents->tsi);
        return true;
    case TAG_TSR:
        take_selector(stream, &contents->tsr);
        return true;
    case TAG_INCOMPLETE:
        *(byte(stream) & 1 ? &contents->tsr.incomplete : &contents->tsi.incomplete) = true;
        return true;
    case TAG_DELETE:
        take_deletes(stream, contents);
        return true;
    case TAG_DELETE_IKE:
        contents->delete_protocol = IKE_PROTOCOL_IKE;
        contents->delete_ike_initiator = ike_spi(byte(stream));
        contents->delete_ike_responder = ike_spi(byte(stream));
        return true;
    case TAG_LIFETIME:
        lifetime = take_lifetime(stream);
        if (contents->lifetimes.count < LIFETIMES_AT_MOST)
            contents->lifetimes.item[contents->lifetimes.count++] = lifetime;
        return true;
    default:
        return false;
    }
}

static void
take_ike(struct stream *stream, uint8_t kind, uint8_t path, struct ike_message *message)
{
    memset(message, 0, sizeof *message);
    message->frame = stream->frame;
    message->time = stream->time;
    message->source = stream_endpoint(SOURCE_OF(path));
    message->destination = stream_endpoint(DESTINATION_OF(path));
    message->version = kind & RECORD_OTHER ? 1 : 2;
    message->readable = (kind & RECORD_READABLE) != 0;
    message->initiator_spi = ike_spi(byte(stream));
    message->responder_spi = ike_spi(byte(stream));
    message->exchange_type = byte(stream);
    message->flags = byte(stream);
    message->message_id = byte(stream);
    message->first_payload = byte(stream);
    message->length = word(stream);
    uint8_t fragment = byte(stream);
    message->fragment = fragment >> 4;
    message->fragments = fragment & 0x0f;
    message->fingerprint = word(stream);
    while (message->readable && stream->at < stream->end && take_content(stream, &message->contents))
        ;
    if (message->version < 2 || message->first_payload != IKE2_PAYLOAD_SK)
        return;
    message->is_garbled = !message->readable;
    if (message->readable)
        message->first_sealed = message->contents.delete_protocol != 0 ? IKE2_PAYLOAD_DELETE : IKE2_PAYLOAD_NOTIFY;
}

void
stream_begin(struct stream *stream, const uint8_t *data, size_t size)
{
    memset(stream, 0, sizeof *stream);
    stream->at = data;
    stream->end = data + size;
    stream->time.secs = FIRST_SECOND;
}

enum event_kind
stream_next(struct stream *stream, struct ipsec_packet *packet, struct ike_message *message, bool *same_frame)
{
    if (stream->at >= stream->end)
        return EVENT_NONE;
    uint8_t kind = byte(stream), path = byte(stream);
    uint16_t time = word(stream);

    *same_frame = stream->frame > 0 && !(kind & RECORD_IKE) && (kind & RECORD_SAME_FRAME);
    if (!*same_frame) {
        stream->frame += kind & RECORD_LATER_FRAME ? 2 : 1;
        take_time(stream, kind >> RECORD_UNIT_SHIFT, time);
    }
    if (kind & RECORD_IKE) {
        take_ike(stream, kind, path, message);
        return EVENT_IKE;
    }
    take_ipsec(stream, kind, path, packet);
    return EVENT_IPSEC;
}

size_t
stream_record_length(const uint8_t *data, size_t size)
{
    static struct stream stream;
    struct ipsec_packet packet;
    static struct ike_message message;
    bool same_frame;

    stream.at = data;
    stream.end = data + size;
    stream_next(&stream, &packet, &message, &same_frame);
    return (size_t)(stream.at - data);
}
