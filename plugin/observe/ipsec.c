/* ipsec.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ipsec.h"

#include "../compat.h"

/* Where fields of the headers lie (RFC 4303 section 2, RFC 4302 section 2), in bytes. */
enum {
    ESP_SPI = 0,
    ESP_SEQUENCE = 4,
    AH_SPI = 4,
    AH_SEQUENCE = 8
};

/* The last four captured bytes of the packet: of the ICV, or else of what is encrypted; of its header, if there is no more. */
static uint32_t
fingerprint(const struct carrier *carrier)
{
    enum { SIZE = 4 };

    return pntohu32(carrier->span.bytes + MIN(carrier->span.captured, carrier->end) - SIZE);
}

bool
ipsec_is_on_ike_port(const struct place *place)
{
    enum { IKE_LENGTH = 24, FIRST_SPI = 256 };  /* RFC 7296 section 3.1; RFC 4303 section 2.1 */
    const struct carrier *carrier = place->carrier;
    const uint8_t *header = carrier->span.bytes + carrier->at;

    if (carrier->is_fragment || carrier->was_reassembled || (carrier->source_port != PORT_IKE && carrier->destination_port != PORT_IKE))
        return false;
    return pntohu32(header + IKE_LENGTH) > (uint32_t)(carrier->end - carrier->at) && pntohu32(header) >= FIRST_SPI;
}

void
ipsec_read(const packet_info *pinfo, const nstime_t *time, const struct place *place, struct ipsec_packet *packet)
{
    const struct carrier *carrier = place->carrier;
    const uint8_t *header = carrier->span.bytes + carrier->at;
    bool is_ah = place->layer == LAYER_AH;

    packet->frame = pinfo->num;
    packet->time = *time;
    carrier_endpoints(carrier, &packet->source, &packet->destination);
    packet->protocol = is_ah ? IPSEC_AH : IPSEC_ESP;
    packet->spi = pntohu32(header + (is_ah ? AH_SPI : ESP_SPI));
    packet->sequence = pntohu32(header + (is_ah ? AH_SEQUENCE : ESP_SEQUENCE));
    packet->length = (uint32_t)(carrier->end - carrier->at);
    packet->fingerprint = fingerprint(carrier);
}
