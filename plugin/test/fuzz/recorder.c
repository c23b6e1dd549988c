/* recorder.c
 * A plugin beside SPIscope that writes what observe/ sees of a capture as a stream of events (stream.h): seeds
 * for the fuzzer. SPISCOPE_RECORD_TO names the file. plugin.c registers it, as it does SPIscope.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>

#include <epan/packet.h>

#include "clock.h"
#include "observe/ike.h"
#include "observe/ipsec.h"
#include "spiscope.h"
#include "stream.h"

#define UNIT_NANOSECONDS 10000

static dissector_handle_t recorder_handle;

/* The file, and what was written so far that later records count from. */
static struct recorder {
    FILE *out;
    struct ike_observer *ike;
    nstime_t time;
    uint32_t frame;
    uint32_t sequence[ENDPOINTS][256];
    GArray *spis;                   /* of uint64_t: the index is what is written for it */
    GArray *addresses;              /* of struct ip_address */
} recorder;

static void
put(unsigned value)
{
    fputc((int)(value & 0xff), recorder.out);
}

static void
put_word(unsigned value)
{
    put(value >> 8);
    put(value);
}

static void
put_wide(uint64_t value)
{
    put_word(value < 0xfffd ? (unsigned)value : value == UINT32_MAX ? 0xfffe : 0xfffd);
}

/* The n-th SPI of the capture is written as n, from 1; in captures of many they share numbers. */
static unsigned
spi_index(uint64_t spi)
{
    if (spi == 0)
        return 0;
    for (guint i = 0; i < recorder.spis->len; i++)
        if (g_array_index(recorder.spis, uint64_t, i) == spi)
            return 1 + i % (SPI_SPECIAL - 1);
    g_array_append_val(recorder.spis, spi);
    return 1 + (recorder.spis->len - 1) % (SPI_SPECIAL - 1);
}

/* The endpoint of the stream's table that is most like it: its address by order of appearance, and its port. */
static unsigned
endpoint_index(const struct endpoint *end)
{
    guint number = 0;
    unsigned best = 0, best_points = 0;

    while (number < recorder.addresses->len
            && !ip_address_equal(&g_array_index(recorder.addresses, struct ip_address, number), &end->address))
        number++;
    if (number == recorder.addresses->len)
        g_array_append_val(recorder.addresses, end->address);
    for (unsigned i = 0; i < ENDPOINTS - 1; i++) {
        struct endpoint candidate = stream_endpoint(i);
        unsigned host = candidate.address.bytes[candidate.address.length - 1];
        unsigned wanted = end->address.length == 16 ? 4 + number % 2 : 1 + number % 3;
        bool is_translated = end->port != 0 && end->port != PORT_IKE && end->port != PORT_NAT_T;
        unsigned points = 4U * (host == wanted) + 2U * (candidate.port == end->port)
                + (is_translated && candidate.port == 1024U + end->port % 2);
        if (points > best_points) {
            best_points = points;
            best = i;
        }
    }
    return best;
}

static void
put_begin(unsigned kind, uint32_t frame, const nstime_t *time, const struct endpoint *source, const struct endpoint *destination)
{
    static const uint64_t units[] = { 1, 100, 100000, 100000000 };      /* of 10 us */
    bool same = frame == recorder.frame, back = clock_compare(time, &recorder.time) < 0;
    nstime_t span = back ? clock_elapsed(time, &recorder.time) : clock_elapsed(&recorder.time, time);
    uint64_t ticks = (uint64_t)span.secs * (CLOCK_NSECS / UNIT_NANOSECONDS) + (uint64_t)span.nsecs / UNIT_NANOSECONDS;
    unsigned unit = 0;

    if (recorder.frame == 0)
        ticks = 0;                  /* the stream has a first moment of its own */
    while (unit < G_N_ELEMENTS(units) - 1 && ticks / units[unit] > UINT16_MAX)
        unit++;
    if (back && unit == UNIT_1000_SECONDS)
        unit--;
    uint64_t value = MIN(ticks / units[unit], UINT16_MAX);
    kind |= same ? RECORD_SAME_FRAME : frame > recorder.frame + 1 ? RECORD_LATER_FRAME : 0;
    put(kind | (unit + (back ? UNIT_10_MICROSECONDS_BACK : 0)) << RECORD_UNIT_SHIFT);
    put(endpoint_index(source) << 4 | endpoint_index(destination));
    put_word((unsigned)value);
    recorder.frame = frame;
    recorder.time = *time;
}

static void
put_packet(const struct ipsec_packet *packet)
{
    put_begin(packet->protocol == IPSEC_AH ? RECORD_OTHER : 0, packet->frame, &packet->time, &packet->source, &packet->destination);
    unsigned spi = spi_index(packet->spi);
    uint32_t *last = &recorder.sequence[endpoint_index(&packet->source)][spi];
    uint32_t step = packet->sequence - *last;
    put(spi);
    put_word(step < 0x7ff0 || step > UINT32_MAX - 0x7fff ? step : 0x7ff9);      /* else it begins with 1 */
    *last += step;
    put(MIN(packet->length / 90, 14U) << 4 | (packet->fingerprint & 0x0f));
}

static void
put_proposal(const struct proposal *proposal)
{
    put(TAG_PROPOSAL);
    put(proposal->protocol);
    put(spi_index(proposal->spi));
    for (unsigned i = 0; i < proposal->transforms; i++) {
        if (proposal->transform[i].type == 0)
            continue;
        put(proposal->transform[i].type);
        put(proposal->transform[i].id);
        put(proposal->transform[i].key_length / 8U);
    }
    put(0);
}

static void
put_lifetime(unsigned tag, const struct lifetime *lifetime)
{
    put(tag);
    put_wide(lifetime->seconds);
    put_wide(lifetime->kilobytes);
}

static void
put_notify(const struct notify *notify)
{
    put(TAG_NOTIFY);
    put_word(notify->type);
    put(notify->protocol);
    put(spi_index(notify->spi));
    put(spi_index(notify->value));
    if (notify->lifetime.seconds || notify->lifetime.kilobytes)
        put_lifetime(TAG_NOTIFY_LIFETIME, &notify->lifetime);
}

static unsigned
common_prefix(const struct traffic_selector *selector)
{
    unsigned bit = 0, bits = selector->start.length * 8U;

    while (bit < bits && !((selector->start.bytes[bit / 8] ^ selector->end.bytes[bit / 8]) & (0x80U >> (bit % 8))))
        bit++;
    return bit;
}

static void
put_selectors(unsigned tag, const struct selectors *selectors)
{
    for (unsigned i = 0; i < selectors->count; i++) {
        const struct traffic_selector *selector = &selectors->item[i];
        put(tag);
        put((selector->start.length == 16 ? 0x80U : 0) | (selector->start.bytes[1] & 0x7fU));
        put(MIN(common_prefix(selector), 127U));
        put(selector->protocol);
        put_word(selector->start_port);
    }
    if (selectors->incomplete) {
        put(TAG_INCOMPLETE);
        put(tag == TAG_TSR);
    }
}

static void
put_contents(const struct ike_contents *contents)
{
    if (contents->has_sa)
        put(TAG_SA);
    if (contents->has_ke) {
        put(TAG_KE);
        put_word(contents->ke_group);
    }
    for (unsigned i = 0; i < contents->proposals; i++)
        put_proposal(&contents->proposal[i]);
    for (unsigned i = 0; i < contents->lifetimes.count; i++)
        put_lifetime(TAG_LIFETIME, &contents->lifetimes.item[i]);
    for (unsigned i = 0; i < contents->notifies; i++)
        put_notify(&contents->notify[i]);
    put_selectors(TAG_TSI, &contents->tsi);
    put_selectors(TAG_TSR, &contents->tsr);
    for (unsigned i = 0; i < contents->deletes; i++) {
        put(TAG_DELETE);
        put(contents->delete_protocol);
        put(spi_index(contents->delete_spi[i]));
        put(1);
    }
    if (contents->delete_protocol == IKE_PROTOCOL_IKE) {
        put(TAG_DELETE_IKE);
        put(spi_index(contents->delete_ike_initiator));
        put(spi_index(contents->delete_ike_responder));
    }
    put(TAG_END);
}

static void
put_message(const struct ike_message *message)
{
    put_begin(RECORD_IKE | (message->version < 2 ? RECORD_OTHER : 0) | (message->readable ? RECORD_READABLE : 0), message->frame,
            &message->time, &message->source, &message->destination);
    put(spi_index(message->initiator_spi));
    put(spi_index(message->responder_spi));
    put(message->exchange_type);
    put(message->flags);
    put(message->message_id);
    put(message->first_payload);
    put_word(MIN(message->length, UINT16_MAX));
    put((message->fragment & 0x0fU) << 4 | (message->fragments & 0x0fU));
    put_word(message->fingerprint);
    if (message->readable)
        put_contents(&message->contents);
}

static void
put_ipsec(const packet_info *pinfo, const struct place *place)
{
    struct ipsec_packet packet;
    nstime_t time = clock_of(&pinfo->abs_ts);

    ipsec_read(pinfo, &time, place, &packet);
    put_packet(&packet);
}

static int
dissect_recorder(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    static struct ike_message message;
    struct layers layers = { 0 };
    struct places places;
    struct place place;

    (void)tree;
    if (!recorder.out || PINFO_FD_VISITED(pinfo))
        return 0;
    layers_of(pinfo, &layers);
    places_begin(&places, tvb, pinfo, &layers);
    while (places_next(&places, &place)) {
        if (!place.is_found)
            continue;
        if (place.layer != LAYER_ISAKMP)
            put_ipsec(pinfo, &place);
        else if (ike_observe(recorder.ike, pinfo, &place, &message))
            put_message(&message);
    }
    return (int)tvb_captured_length(tvb);
}

static void
open_recorder(void)
{
    const char *path = getenv("SPISCOPE_RECORD_TO");

    memset(&recorder, 0, sizeof recorder);
    if (!path || !(recorder.out = fopen(path, "wb")))
        return;
    recorder.ike = ike_observer_create(wmem_file_scope());
    recorder.spis = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    recorder.addresses = g_array_new(FALSE, FALSE, sizeof(struct ip_address));
    put(0);                         /* settings: the defaults */
}

static void
close_recorder(void)
{
    if (!recorder.out)
        return;
    fclose(recorder.out);
    recorder.out = NULL;
    g_array_free(recorder.spis, TRUE);
    g_array_free(recorder.addresses, TRUE);
}

void
proto_register_spiscope(void)
{
    int proto = proto_register_protocol("SPIscope event recorder", "Recorder", "spiscope_recorder");

    register_init_routine(open_recorder);
    register_cleanup_routine(close_recorder);
    recorder_handle = register_dissector("spiscope_recorder", dissect_recorder, proto);
}

void
proto_reg_handoff_spiscope(void)
{
    layers_handoff();
    register_postdissector(recorder_handle);
}
