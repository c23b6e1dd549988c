/* places.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "places.h"

#include <epan/ipproto.h>

#include "../compat.h"

/* What one frame may cost: an IP header is looked for at so many offsets in all, in so many data sources. */
#define TRIES_AT_MOST 16384
#define SOURCES_AT_MOST 16
/* Behind so many bytes of what nobody knows comes no IP header. */
#define SEARCH_AT_MOST 2048

enum {
    ETHERNET_TYPE = 12,             /* behind both addresses */
    TYPE_SIZE = 2,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    ESP_HEADER = 8,
    AH_HEADER = 12,
    ICMP_HEADER = 8,
    IKE_HEADER = 28,
    NON_ESP_MARKER = 4,             /* RFC 3948 section 2.2 */
    TCPENCAP_TRAILER = 16,
    IP_ANY = 0,
    IP_V4 = 4,
    IP_V6 = 6
};

/* The layer that follows; LAYER_OTHER behind the last one. */
static uint8_t
peek(const struct places *places)
{
    return places->layers->layer[places->index];
}

/* The layer before the one that the walk has come to. */
static uint8_t
before(const struct places *places)
{
    return places->index > 1 ? places->layers->layer[places->index - 2] : LAYER_OTHER;
}

/* By layer: the number of its protocol (IANA: Protocol Numbers); 0 where an IP header does not tell. */
static const uint8_t numbers[LAYERS] = {
    [LAYER_UDP] = IP_PROTO_UDP,
    [LAYER_TCP] = IP_PROTO_TCP,
    [LAYER_ESP] = IP_PROTO_ESP,
    [LAYER_AH] = IP_PROTO_AH,
    [LAYER_ICMP] = IP_PROTO_ICMP,
};

/* Whether the header that the carrier has reached is that of the layer. */
static inline bool
is_at(const struct carrier *carrier, uint8_t layer)
{
    if (layer == LAYER_ICMP && carrier->address_length == IPV6_LENGTH)
        return carrier->next == IP_PROTO_ICMPV6;
    return numbers[layer] != 0 && carrier->next == numbers[layer];
}

/* Whether an IP header can be that of the layer which was just named, by the layer that follows it. */
static inline bool
fits(const struct carrier *carrier, uint8_t following)
{
    return numbers[following] == 0 || is_at(carrier, following);
}

/* Whether one more IP header follows at once, by its number (IANA: Protocol Numbers). */
static inline bool
is_ip(int next)
{
    return next == IP_PROTO_IPIP || next == IP_PROTO_IPV6;
}

/* Whether ESP or AH stands behind an IP header, or in UDP behind it on ESP's port: elsewhere it may be any tunnel. */
static bool
leads_to(struct carrier *carrier, uint8_t layer)
{
    if (layer == LAYER_ESP && carrier->next == IP_PROTO_UDP && carrier_step_udp(carrier)
            && (carrier->source_port == PORT_NAT_T || carrier->destination_port == PORT_NAT_T))
        return true;
    return is_at(carrier, layer);
}

/* What is looked for. */
struct wanted {
    unsigned version;               /* IP_ */
    uint8_t layer;                  /* the one that follows, or the one that the header has to lead to */
    bool leads;
};

/* The carrier is of no use where this is false. */
static inline bool
try_at(struct places *places, const struct span *span, int start, const struct wanted *wanted, enum certainty certainty)
{
    struct carrier *carrier = &places->carrier;

    if (!carrier_begin(carrier, span, start, wanted->version, certainty))
        return false;
    return wanted->leads ? leads_to(carrier, wanted->layer) : fits(carrier, wanted->layer);
}

static bool
search(struct places *places, const struct span *span, int from, const struct wanted *wanted, enum certainty certainty)
{
    int last = MIN(span->captured - 1, from + SEARCH_AT_MOST);

    for (int start = from; start <= last && places->tries > 0; start++, places->tries--)
        if (try_at(places, span, start, wanted, certainty))
            return true;
    return false;
}

static bool
search_rest(struct places *places, const struct wanted *wanted, bool only_begin)
{
    const GSList *source = places->rest;

    for (unsigned i = 0; source && i < SOURCES_AT_MOST && places->tries > 0; i++, source = source->next) {
        struct span span = span_of(get_data_source_tvb(source->data));
        places->tries--;
        if (only_begin ? !try_at(places, &span, 0, wanted, PROBABLE) : !search(places, &span, 0, wanted, PROBABLE))
            continue;
        places->rest = source->next;
        return true;
    }
    return false;
}

/* Goes into what was reassembled of the fragments of which the carrier's is one. Without reassembly, the dissector went on
 * in the first fragment. */
static void
enter_reassembled(struct places *places)
{
    if (!places->rest)
        return;
    places->carrier.span = span_of(get_data_source_tvb(places->rest->data));
    places->carrier.at = 0;
    places->carrier.end = places->carrier.span.reported;
    places->carrier.is_fragment = false;
    places->carrier.was_reassembled = true;
    places->rest = places->rest->next;
}

/* Nothing was found: what comes next may still be. */
static void
stay_at(struct places *places, const struct span *span, int at)
{
    places->carrier.span = *span;
    places->carrier.at = at;
    places->carrier.end = span->reported;
    places->carrier.next = NEXT_UNKNOWN;
    places->carrier.is_fragment = false;
}

/* An IP header that does not begin right here. */
static bool
find_ip(struct places *places, const struct span *span, int from, const struct wanted *wanted)
{
    return (places->is_inside_esp && search_rest(places, wanted, true))
            || search(places, span, from, wanted, PROBABLE) || search_rest(places, wanted, false)
            || search(places, span, from, wanted, WHOLE);
}

static void
enter_ip(struct places *places, unsigned version)
{
    struct span span = places->carrier.span;
    int from = places->carrier.at;
    struct wanted wanted = { .version = version, .layer = peek(places) };
    bool is_here = places->is_exact && try_at(places, &span, from, &wanted, places->is_inside_esp ? PROBABLE : CERTAIN);

    if (!is_here && !find_ip(places, &span, from, &wanted)) {
        stay_at(places, &span, from);
        places->is_exact = false;
        return;
    }
    if (places->carrier.is_fragment)
        enter_reassembled(places);
    places->is_exact = is_ip(places->carrier.next);
    places->is_inside_esp = false;
}

/* To the type behind Ethernet's addresses, or behind the type if IP follows. */
static void
enter_ethernet(struct places *places)
{
    struct carrier *carrier = &places->carrier;

    carrier->next = NEXT_UNKNOWN;
    if (!span_holds(&carrier->span, carrier->at, ETHERNET_TYPE + TYPE_SIZE))
        return;
    carrier->at += ETHERNET_TYPE;
    uint16_t type = pntohu16(carrier->span.bytes + carrier->at);
    places->is_exact = type == TYPE_IPV4 || type == TYPE_IPV6;
    if (places->is_exact)
        carrier->at += TYPE_SIZE;
}

static void
enter_udp(struct places *places, bool in_tcpencap)
{
    bool is_here = in_tcpencap ? places->carrier.next == NEXT_PAYLOAD : places->carrier.next == IP_PROTO_UDP;

    if (!is_here || !carrier_step_udp(&places->carrier))
        places->carrier.next = NEXT_UNKNOWN;
    places->is_exact = false;
}

static void
enter_tcp(struct places *places)
{
    if (places->carrier.next != IP_PROTO_TCP || !carrier_step_tcp(&places->carrier))
        places->carrier.next = NEXT_UNKNOWN;
    places->is_exact = false;
}

/* Cisco's framing puts a trailer behind each packet. */
static void
enter_tcpencap(struct places *places)
{
    if (places->carrier.end - places->carrier.at >= TCPENCAP_TRAILER)
        places->carrier.end -= TCPENCAP_TRAILER;
}

/* A protocol that no header of bytes stands for here, such as GRE, or an extension header that was walked over. */
static void
enter_other(struct places *places)
{
    if (places->carrier.next == NEXT_PAYLOAD)
        places->carrier.next = NEXT_UNKNOWN;
}

/* Ethernet and IPv4. */
#define LAYERS_OF_PLAIN 2

/* Whether a plain IPv4 header follows Ethernet's, as in most frames. */
static inline bool
is_plain(struct carrier *carrier)
{
    int start = ETHERNET_TYPE + TYPE_SIZE;

    return span_holds(&carrier->span, 0, start) && pntohu16(carrier->span.bytes + ETHERNET_TYPE) == TYPE_IPV4
            && carrier_begin_plain(carrier, start);
}

static bool
begin_plain(struct places *places)
{
    const struct layers *layers = places->layers;

    if (layers->layer[0] != LAYER_ETHERNET || layers->layer[1] != LAYER_IPV4 || !is_plain(&places->carrier)
            || !fits(&places->carrier, layers->layer[LAYERS_OF_PLAIN]))
        return false;
    places->index = LAYERS_OF_PLAIN;
    places->is_exact = is_ip(places->carrier.next);
    return true;
}

/* The bytes tell whether the layers are those that were assumed. */
static inline bool
begin_assumed(struct places *places)
{
    if (!is_plain(&places->carrier) || places->carrier.next != IP_PROTO_ESP)
        return false;
    places->index = LAYERS_OF_PLAIN;
    return true;
}

void
places_begin(struct places *places, tvbuff_t *tvb, const packet_info *pinfo, struct layers *layers)
{
    places->layers = layers;
    places->index = 0;
    places->carrier = (struct carrier){ .span = span_of_frame(tvb, pinfo) };
    places->rest = pinfo->data_src ? pinfo->data_src->next : NULL;
    places->is_exact = places->is_inside_esp = false;
    places->at_header = LAYER_OTHER;
    places->tries = TRIES_AT_MOST;
    places->ethernet = places->carrier.span.bytes;
    if (layers->is_assumed) {
        if (begin_assumed(places))
            return;
        layers_settle(pinfo, layers);
    }
    if (begin_plain(places))
        return;
    if (layers->layer[0] != LAYER_ETHERNET || !span_holds(&places->carrier.span, 0, ETHERNET_TYPE))
        places->ethernet = NULL;
    stay_at(places, &places->carrier.span, 0);
}

static int
size_of(uint8_t layer)
{
    switch (layer) {
    case LAYER_ESP:
        return ESP_HEADER;
    case LAYER_AH:
        return AH_HEADER;
    case LAYER_ICMP:
        return ICMP_HEADER;
    default:
        return IKE_HEADER;
    }
}

/* Whether the walk comes to the header of the layer; of ESP and AH, whose IP header may not have been named, also if a
 * search leads to it. */
static bool
reach(struct places *places, uint8_t layer)
{
    struct carrier *carrier = &places->carrier;
    bool is_payload = carrier->next == NEXT_PAYLOAD && (layer == LAYER_ESP || layer == LAYER_ISAKMP);

    if (is_at(carrier, layer))
        return true;
    if (is_payload && layer == LAYER_ISAKMP && before(places) == LAYER_UDPENCAP)
        carrier->at += NON_ESP_MARKER;
    if (!is_payload) {
        struct wanted wanted = { .version = IP_ANY, .layer = layer, .leads = true };
        struct span span = carrier->span;
        int at = carrier->at;
        if (layer != LAYER_ESP && layer != LAYER_AH)
            return false;
        if (!search(places, &span, at, &wanted, PROBABLE) && !search_rest(places, &wanted, false)) {
            stay_at(places, &span, at);
            return false;
        }
    }
    return true;
}

/* Goes over the header that was found last. */
static void
leave(struct places *places)
{
    struct carrier *carrier = &places->carrier;
    uint8_t layer = places->at_header;

    places->at_header = LAYER_OTHER;
    places->is_exact = places->is_inside_esp = layer == LAYER_ESP;
    if (layer == LAYER_AH) {
        if (!carrier_step_ah(carrier))
            carrier->next = NEXT_UNKNOWN;
        places->is_exact = is_ip(carrier->next);
        return;
    }
    carrier->at += size_of(layer);
    carrier->next = NEXT_UNKNOWN;
}

static void
stop_at(struct places *places, uint8_t layer, struct place *place)
{
    bool is_reached = reach(places, layer);
    const struct carrier *carrier = &places->carrier;
    int size = size_of(layer);

    place->layer = layer;
    place->is_found = is_reached && span_holds(&carrier->span, carrier->at, size) && carrier->at <= carrier->end - size;
    place->is_cut = is_reached && !place->is_found;
    place->carrier = carrier;
    place->rest = places->rest;
    place->ethernet = places->ethernet;
    if (place->is_found)
        places->at_header = layer;
    else
        places->carrier.next = NEXT_UNKNOWN;
}

bool
places_walk(struct places *places, struct place *place)
{
    if (places->at_header != LAYER_OTHER)
        leave(places);
    while (places->index < places->layers->count) {
        uint8_t layer = peek(places);
        places->index++;
        switch (layer) {
        case LAYER_ETHERNET:
            enter_ethernet(places);
            break;
        case LAYER_IPV4:
        case LAYER_IPV6:
            enter_ip(places, layer == LAYER_IPV4 ? IP_V4 : IP_V6);
            break;
        case LAYER_UDP:
            enter_udp(places, before(places) == LAYER_TCPENCAP);
            break;
        case LAYER_TCP:
            enter_tcp(places);
            break;
        case LAYER_UDPENCAP:
            break;
        case LAYER_TCPENCAP:
            enter_tcpencap(places);
            break;
        case LAYER_ESP:
        case LAYER_AH:
        case LAYER_ISAKMP:
        case LAYER_ICMP:
            stop_at(places, layer, place);
            return true;
        default:
            enter_other(places);
            break;
        }
    }
    return false;
}
