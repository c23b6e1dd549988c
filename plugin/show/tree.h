/* tree.h
 * What SPIscope adds to a frame: its fields, its expert items and the Info column's suffix.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TREE_H
#define SPISCOPE_TREE_H

#include <epan/packet.h>

#include "../judge/verdict.h"

/** Registers the fields and expert items of a protocol. */
void tree_register(int proto);

/** The frame's SPIscope subtree, made when first needed. */
struct tree_frame {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree;               /**< the frame's; NULL is allowed */
    bool is_looked_at;              /**< somebody sees our fields or filters by them */
    proto_item *item;               /**< ours, or NULL so far */
    proto_tree *subtree;
    wmem_map_t *said;               /**< sentences that its findings said already, or NULL */
};

/** Shows an ESP or AH packet's SA; to be called where it is looked at.
 * @param packets  what of the counts is known at this frame, or NULL
 * @param bytes    bytes up to this frame, or NULL where they can't be told */
void tree_show_sa(struct tree_frame *frame, const struct sa *sa, const struct ipsec_packet *packet,
        const struct sequence_counts *counts, const uint64_t *bytes);

/** Shows what an IKE message was: its IKE SA, the other half of its exchange, the SPIs that it names; to be
 * called where it is looked at. */
void tree_show_ike(struct tree_frame *frame, const struct ike_table *table, const struct ike_frame *ike);

/** Shows where the frame was captured.
 * @param point    POINTS_AT_MOST where that is not known, or there is one point
 * @param copy_of  the frame that holds the packet that this one is a copy of, or 0 */
void tree_show_point(struct tree_frame *frame, unsigned point, uint32_t copy_of);

/** Shows the verdict about a tunnel, on its last packet, as expert information too. */
void tree_show_verdict(struct tree_frame *frame, const struct tunnel *tunnel, const struct verdict *verdict);

/** Shows a finding, as expert information too. What findings before it said of their kind, it does not say again. */
void tree_show_finding(struct tree_frame *frame, const struct finding *finding);

/** Shows what stands in the packet list's column of findings. */
void tree_show_mark(struct tree_frame *frame, const char *mark);

/** Shows on which frames the findings stand that rest on this one. */
void tree_show_evidence_of(struct tree_frame *frame, const uint32_t *finding, uint32_t count);

/** How much is shown so far, for tree_lift. */
struct tree_shown {
    proto_item *last;               /**< or NULL */
};

struct tree_shown tree_shown(const struct tree_frame *frame);

/** Puts what was shown since then before what was shown until then, where somebody sees the order. */
void tree_lift(const struct tree_frame *frame, struct tree_shown until);

#endif /* SPISCOPE_TREE_H */
