/* layers.h
 * Which protocols Wireshark found in a frame, outermost first, up to where packets are merely quoted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LAYERS_H
#define SPISCOPE_LAYERS_H

#include <epan/packet.h>

/** The protocols that lead to IPsec. */
enum layer {
    LAYER_OTHER = 0,
    LAYER_DATA,                     /**< of no known protocol: fragments, among others */
    LAYER_ETHERNET,
    LAYER_IPV4,
    LAYER_IPV6,
    LAYER_UDP,
    LAYER_TCP,
    LAYER_UDPENCAP,                 /**< RFC 3948 */
    LAYER_TCPENCAP,                 /**< Cisco's */
    LAYER_ESP,
    LAYER_AH,
    LAYER_ISAKMP,
    LAYER_ICMP,                     /**< and ICMPv6; what follows may be quoted, so nothing does */
    LAYER_QUOTES,                   /**< what quotes packets: nothing of it is traffic */
    LAYERS
};

/** Protocols of a frame that are looked at. Beyond that it is no packet of any use. */
#define LAYERS_AT_MOST 64

/** Longer lists of protocols are made anew for each frame. */
#define LAYERS_REMEMBERED 16

struct layers {
    unsigned count;
    unsigned seen;                  /**< bits: 1 << enum layer */
    bool fragment;                  /**< IP with data of no known protocol: a fragment, perhaps */
    uint8_t layer[LAYERS_AT_MOST + 1]; /**< enum layer; behind the last one LAYER_OTHER */
    bool is_assumed;                /**< only the bytes of a plain header show whether these are the frame's protocols */
    /* for the next frame, which mostly has the same protocols */
    bool is_cut_short;              /* the list goes on behind ... */
    bool is_plain;                  /* Ethernet, IPv4 and ESP, and nothing else that leads to IPsec */
    unsigned looked_at;             /* ... what was looked at; 0: not remembered */
    void *protocol[LAYERS_REMEMBERED];  /* as they stand in pinfo->layers */
};

/** Looks up the protocols; to be called once, when all are registered. */
void layers_handoff(void);

/** Lists a frame's protocols. The only work that a frame without IPsec causes. Where is_assumed is true, the bytes still have to show that they
 * are those of the frame before: Ethernet, and then a plain IPv4 header with ESP.
 * @param layers  of another frame, or zeros: it is changed where this frame's differ */
void layers_of(const packet_info *pinfo, struct layers *layers);

/** Lists what was assumed: the bytes showed that it may not be so. */
void layers_settle(const packet_info *pinfo, struct layers *layers);

static inline bool
layers_hold_ipsec(const struct layers *layers)
{
    return (layers->seen & (1U << LAYER_ESP | 1U << LAYER_AH | 1U << LAYER_ISAKMP)) != 0;
}

static inline bool
layers_hold_icmp(const struct layers *layers)
{
    return (layers->seen & 1U << LAYER_ICMP) != 0;
}

#endif /* SPISCOPE_LAYERS_H */
