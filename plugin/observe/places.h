/* places.h
 * Where a frame's ESP, AH, IKE and ICMP headers lie: in the frame's own bytes, or in what the dissectors
 * reassembled or decrypted (pinfo->data_src). The list of the protocols that Wireshark found leads; the bytes
 * are walked along with it, outermost header first, so that nothing which merely looks like a header counts.
 * No tree is needed, and nothing is remembered from one frame to the next: a frame that is read again is
 * read in the same way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PLACES_H
#define SPISCOPE_PLACES_H

#include <epan/packet.h>

#include "carrier.h"
#include "layers.h"

/** A header, and the IP header that carries it. */
struct place {
    enum layer layer;               /**< LAYER_ESP, _AH, _ISAKMP or _ICMP */
    bool is_found;
    bool is_cut;                    /**< not found, for the capture ends before its header does */
    const struct carrier *carrier;  /**< at the header; valid until the walk goes on */
    const GSList *rest;             /**< the data sources that follow that of the header */
    const uint8_t *ethernet;        /**< the frame's own header, or NULL */
};

/** A walk through one frame. */
struct places {
    const struct layers *layers;
    unsigned index;                 /* of the next layer */
    struct carrier carrier;
    const GSList *rest;             /* data sources behind the carrier's */
    const uint8_t *ethernet;        /* the frame's own header, or NULL */
    bool is_exact;                  /* an IP header, if one comes next, begins right here */
    bool is_inside_esp;
    uint8_t at_header;              /* that was found last, and is still to be gone over: enum layer, LAYER_OTHER if none is */
    unsigned tries;                 /* offsets at which an IP header may still be looked for */
};

/** @param layers  of the frame; what was assumed of them is settled */
void places_begin(struct places *places, tvbuff_t *tvb, const packet_info *pinfo, struct layers *layers);

/* Walks on while there are layers. */
bool places_walk(struct places *places, struct place *place);

/** The next header, outermost first.
 * @return false at the end */
static inline bool
places_next(struct places *places, struct place *place)
{
    return places->index < places->layers->count && places_walk(places, place);
}

#endif /* SPISCOPE_PLACES_H */
