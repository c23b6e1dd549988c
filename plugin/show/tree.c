/* tree.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree.h"

#include <inttypes.h>

#include <epan/expert.h>

#include "../clock.h"
#include "../judge/outage.h"
#include "user_words.h"

static int proto_spiscope = -1;
static int ett_spiscope = -1;
static int ett_sa = -1;
static int ett_finding = -1;

static int hf_tunnel = -1;
static int hf_sa = -1;
static int hf_sa_spi = -1;
static int hf_sa_age = -1;
static int hf_sa_age_text = -1;
static int hf_sa_age_is_minimum = -1;
static int hf_sa_generation = -1;
static int hf_sa_replaces = -1;
static int hf_sa_replaced_by = -1;
static int hf_sa_first_frame = -1;
static int hf_sa_last_frame = -1;
static int hf_sa_lifetime = -1;
static int hf_sa_packets = -1;
static int hf_sa_bytes = -1;
static int hf_sa_lost = -1;
static int hf_sa_duplicate = -1;
static int hf_sa_reordered = -1;
static int hf_ike = -1;
static int hf_ike_age = -1;
static int hf_ike_lifetime = -1;
static int hf_ike_replaces = -1;
static int hf_ike_replaced_by = -1;
static int hf_ike_request_in = -1;
static int hf_ike_response_in = -1;
static int hf_ike_response_time = -1;
static int hf_ike_retransmission_of = -1;
static int hf_sa_negotiated_lifetime = -1;
static int hf_sa_negotiated_in = -1;
static int hf_sa_requested_by = -1;
static int hf_sa_ended_by = -1;
static int hf_sa_ended_in = -1;
static int hf_point = -1;
static int hf_copy_of = -1;
static int hf_outage = -1;
static int hf_outage_duration = -1;
static int hf_outage_ended_by = -1;
static int hf_outage_restored_by = -1;
static int hf_outage_how = -1;
static int hf_finding = -1;
static int hf_mark = -1;
static int hf_finding_text = -1;
static int hf_finding_spi = -1;
static int hf_confidence = -1;
static int hf_evidence = -1;
static int hf_meaning = -1;
static int hf_check = -1;
static int hf_evidence_of = -1;
static int hf_state = -1;
static int hf_cause = -1;

/* Findings' frames that are shown on a frame which they rest on: many may rest on the same. */
#define EVIDENCE_OF_AT_MOST 100

/* Findings that weigh less, or more, than their kind. */
static expert_field ei_overcome = EI_INIT;
static expert_field ei_raised = EI_INIT;
static expert_field ei_broken = EI_INIT;
static expert_field ei_impaired = EI_INIT;
static expert_field ei_well = EI_INIT;

static expert_field ei_finding[FINDING_KEYS] = {
#define X(identifier, key, family, severity, group, title) EI_INIT,
    SPISCOPE_FINDINGS(X)
#undef X
};

void
tree_register(int proto)
{
    static hf_register_info hf[] = {
        { &hf_tunnel, { "Tunnel", "spiscope.tunnel", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the tunnel between these two gateways, in order of appearance", HFILL } },
        { &hf_sa, { "SA", "spiscope.sa", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the IPsec SA, in order of appearance", HFILL } },
        { &hf_sa_spi, { "SPI", "spiscope.sa.spi", FT_UINT32, BASE_HEX, NULL, 0,
            "Security Parameters Index of an IPsec SA that this packet belongs to or names", HFILL } },
        { &hf_sa_age, { "Age", "spiscope.sa.age", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "Time since the SA was negotiated, or else first seen", HFILL } },
        { &hf_sa_age_text, { "Age in seconds", "spiscope.sa.age_text", FT_STRING, BASE_NONE, NULL, 0,
            "The age with one decimal, for a column", HFILL } },
        { &hf_sa_age_is_minimum, { "Older than the capture", "spiscope.sa.age_is_minimum", FT_BOOLEAN, BASE_NONE, NULL, 0,
            "The SA was already in use when it was first seen: its first sequence number is not 1", HFILL } },
        { &hf_sa_generation, { "Generation", "spiscope.sa.generation", FT_UINT32, BASE_DEC, NULL, 0,
            "Place of the SA among those that replaced each other, from 1, once known", HFILL } },
        { &hf_sa_replaces, { "Replaces", "spiscope.sa.replaces", FT_UINT32, BASE_HEX, NULL, 0,
            "SPI of the SA that this one replaced, once known", HFILL } },
        { &hf_sa_replaced_by, { "Replaced by", "spiscope.sa.replaced_by", FT_UINT32, BASE_HEX, NULL, 0,
            "SPI of the SA that replaced this one, once known", HFILL } },
        { &hf_sa_first_frame, { "First frame", "spiscope.sa.first_frame", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "First packet of the SA", HFILL } },
        { &hf_sa_last_frame, { "Last frame", "spiscope.sa.last_frame", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "Last packet of the SA that was read so far", HFILL } },
        { &hf_sa_lifetime, { "Lifetime", "spiscope.sa.lifetime", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "How long the SA lived, once it is over", HFILL } },
        { &hf_sa_packets, { "Packets so far", "spiscope.sa.packets", FT_UINT64, BASE_DEC, NULL, 0,
            "Packets of the SA up to this frame", HFILL } },
        { &hf_sa_bytes, { "Bytes so far", "spiscope.sa.bytes", FT_UINT64, BASE_DEC, NULL, 0,
            "Bytes of the SA up to this frame, from the ESP or AH header to the end of the IP payload", HFILL } },
        { &hf_sa_lost, { "Missing so far", "spiscope.sa.lost", FT_UINT64, BASE_DEC, NULL, 0,
            "Sequence numbers skipped and not seen up to this frame", HFILL } },
        { &hf_sa_duplicate, { "Duplicates so far", "spiscope.sa.duplicate", FT_UINT64, BASE_DEC, NULL, 0,
            "Sequence numbers seen more than once up to this frame", HFILL } },
        { &hf_sa_reordered, { "Reordered so far", "spiscope.sa.reordered", FT_UINT64, BASE_DEC, NULL, 0,
            "Packets that came after a later sequence number, up to this frame", HFILL } },
        { &hf_ike, { "IKE SA", "spiscope.ike", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the IKE SA, in order of appearance", HFILL } },
        { &hf_ike_age, { "Age", "spiscope.ike.age", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "Time since the IKE SA was first seen", HFILL } },
        { &hf_ike_lifetime, { "Lifetime", "spiscope.ike.lifetime", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "How long the IKE SA lived, once it is over", HFILL } },
        { &hf_ike_replaces, { "Replaces IKE SA", "spiscope.ike.replaces", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the IKE SA that this one replaced: rekeyed, or set up again after it ended", HFILL } },
        { &hf_ike_replaced_by, { "Replaced by IKE SA", "spiscope.ike.replaced_by", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the IKE SA that replaced this one, once known", HFILL } },
        { &hf_ike_request_in, { "Request in", "spiscope.ike.request_in", FT_FRAMENUM, BASE_NONE,
            FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, "The request of this exchange", HFILL } },
        { &hf_ike_response_in, { "Response in", "spiscope.ike.response_in", FT_FRAMENUM, BASE_NONE,
            FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "The response of this exchange", HFILL } },
        { &hf_ike_response_time, { "Response time", "spiscope.ike.response_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "Time between the request and its response", HFILL } },
        { &hf_ike_retransmission_of, { "Retransmission of", "spiscope.ike.retransmission_of", FT_FRAMENUM, BASE_NONE,
            FRAMENUM_TYPE(FT_FRAMENUM_RETRANS_PREV), 0, "The message that this one repeats", HFILL } },
        { &hf_sa_negotiated_lifetime, { "Negotiated lifetime", "spiscope.sa.negotiated_lifetime", FT_RELATIVE_TIME,
            BASE_NONE, NULL, 0, "The lifetime that the peers agreed on, where that was readable", HFILL } },
        { &hf_sa_negotiated_in, { "Negotiated in", "spiscope.sa.negotiated_in", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "The answer of the exchange that made the SA; without keys, of the one that its first packet follows", HFILL } },
        { &hf_sa_requested_by, { "Requested by", "spiscope.sa.requested_by", FT_STRING, BASE_NONE, NULL, 0,
            "The peer that began that exchange", HFILL } },
        { &hf_sa_ended_by, { "Ended by", "spiscope.sa.ended_by", FT_STRING, BASE_NONE, NULL, 0,
            "The peer who deleted the SA, once known", HFILL } },
        { &hf_sa_ended_in, { "Ended in", "spiscope.sa.ended_in", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "The Delete; without keys, what is inferred to be it", HFILL } },
        { &hf_point, { "Capture point", "spiscope.point", FT_UINT32, BASE_DEC, NULL, 0,
            "Where the frame was captured, if the capture is of several points", HFILL } },
        { &hf_copy_of, { "Copy of", "spiscope.copy_of", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "Frame that holds the same packet, captured at another point or before", HFILL } },
        { &hf_outage, { "Outage", "spiscope.outage", FT_UINT32, BASE_DEC, NULL, 0,
            "Number of the outage in its tunnel", HFILL } },
        { &hf_outage_duration, { "Duration", "spiscope.outage.duration", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
            "How long the tunnel carried nothing", HFILL } },
        { &hf_outage_ended_by, { "Ended by", "spiscope.outage.ended_by", FT_STRING, BASE_NONE, NULL, 0,
            "The peer who ended service, where one did", HFILL } },
        { &hf_outage_restored_by, { "Restored by", "spiscope.outage.restored_by", FT_STRING, BASE_NONE, NULL, 0,
            "The peer who brought the tunnel back, where one was seen to", HFILL } },
        { &hf_outage_how, { "How it ended", "spiscope.outage.how", FT_STRING, BASE_NONE, NULL, 0,
            "How service ended", HFILL } },
        { &hf_finding, { "Finding", "spiscope.finding", FT_STRING, BASE_NONE, NULL, 0,
            "Key of a finding on this frame", HFILL } },
        { &hf_mark, { "Found here", "spiscope.mark", FT_STRING, BASE_NONE, NULL, 0,
            "The findings on this frame in few words, the worst first, for a column", HFILL } },
        { &hf_finding_text, { "Text", "spiscope.finding.text", FT_STRING, BASE_NONE, NULL, 0,
            "What was seen, with the numbers", HFILL } },
        { &hf_finding_spi, { "SPI", "spiscope.finding.spi", FT_UINT32, BASE_HEX, NULL, 0,
            "SPI of the SA that the finding is about, which need not be the packet's own", HFILL } },
        { &hf_confidence, { "Confidence", "spiscope.confidence", FT_STRING, BASE_NONE, NULL, 0,
            "How sure the finding is: proven, inferred or suspected", HFILL } },
        { &hf_meaning, { "Meaning", "spiscope.finding.meaning", FT_STRING, BASE_NONE, NULL, 0,
            "What the finding means", HFILL } },
        { &hf_check, { "To check", "spiscope.finding.check", FT_STRING, BASE_NONE, NULL, 0,
            "What to check on the gateways", HFILL } },
        { &hf_evidence, { "Evidence", "spiscope.evidence", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "Frame that the finding rests on", HFILL } },
        { &hf_evidence_of, { "Evidence of", "spiscope.evidence_of", FT_FRAMENUM, BASE_NONE, NULL, 0,
            "Frame of a finding, or of a tunnel's verdict, that rests on this frame, once known", HFILL } },
        { &hf_state, { "State", "spiscope.state", FT_STRING, BASE_NONE, NULL, 0,
            "What users of the tunnel felt, on its last packet, once the capture was read to its end", HFILL } },
        { &hf_cause, { "Cause", "spiscope.cause", FT_STRING, BASE_NONE, NULL, 0,
            "What explains the state, on the tunnel's last packet, once the capture was read to its end", HFILL } },
    };
    static int *ett[] = { &ett_spiscope, &ett_sa, &ett_finding };
    static ei_register_info verdicts[] = {
        { &ei_broken, { "spiscope.verdict.broken", PI_SEQUENCE, PI_ERROR, "The tunnel is down, flaps, was interrupted, or works one way only", EXPFILL } },
        { &ei_impaired, { "spiscope.verdict.impaired", PI_SEQUENCE, PI_WARN, "The tunnel is up, and not well", EXPFILL } },
        { &ei_well, { "spiscope.verdict.well", PI_SEQUENCE, PI_CHAT, "Nothing is wrong with the tunnel, or too little was seen", EXPFILL } },
    };
    static ei_register_info others[] = {
        { &ei_overcome, { "spiscope.overcome", PI_RESPONSE_CODE, PI_NOTE,
            "Refused for now: the next try, or the other peer's, is to work", EXPFILL } },
        { &ei_raised, { "spiscope.raised", PI_SEQUENCE, PI_WARN, "More than a note: users may feel it", EXPFILL } },
    };
    static ei_register_info ei[] = {
#define X(identifier, key, family, severity, group, title) \
        { &ei_finding[FINDING_##identifier], { "spiscope." key, PI_##group, PI_##severity, title, EXPFILL } },
        SPISCOPE_FINDINGS(X)
#undef X
    };

    ei[FINDING_OUTAGE].eiinfo.name = "spiscope.outage.finding";    /* spiscope.outage is its number, and filters for it as well */
    proto_spiscope = proto;
    proto_register_field_array(proto, hf, array_length(hf));
    proto_register_subtree_array(ett, array_length(ett));
    expert_module_t *expert = expert_register_protocol(proto);
    expert_register_field_array(expert, ei, array_length(ei));
    expert_register_field_array(expert, others, array_length(others));
    expert_register_field_array(expert, verdicts, array_length(verdicts));
}

static void
open_subtree(struct tree_frame *frame)
{
    if (frame->item || !frame->tree)
        return;
    frame->item = proto_tree_add_item(frame->tree, proto_spiscope, frame->tvb, 0, 0, ENC_NA);
    proto_item_set_generated(frame->item);
    frame->subtree = proto_item_add_subtree(frame->item, ett_spiscope);
}

static void
add_uint(proto_tree *tree, int hf, tvbuff_t *tvb, uint32_t value)
{
    proto_item_set_generated(proto_tree_add_uint(tree, hf, tvb, 0, 0, value));
}

static void
add_uint64(proto_tree *tree, int hf, tvbuff_t *tvb, uint64_t value)
{
    proto_item_set_generated(proto_tree_add_uint64(tree, hf, tvb, 0, 0, value));
}

static void
add_time(proto_tree *tree, int hf, tvbuff_t *tvb, const nstime_t *value)
{
    proto_item_set_generated(proto_tree_add_time(tree, hf, tvb, 0, 0, value));
}

/* What is there to be filtered for and printed, and is seen elsewhere. */
static void
add_hidden(proto_item *item)
{
    proto_item_set_generated(item);
    proto_item_set_hidden(item);
}

/* The window sorts texts by their bytes: blanks before the digits keep the order. */
static void
add_age_text(proto_tree *tree, const struct tree_frame *frame, const nstime_t *age)
{
    enum { TENTH = 100000000 };
    const char *text = wmem_strdup_printf(frame->pinfo->pool, "%5" PRId64 ".%d", (int64_t)age->secs, age->nsecs / TENTH);

    add_hidden(proto_tree_add_string(tree, hf_sa_age_text, frame->tvb, 0, 0, text));
}

/* A filter compares the address; its name is only shown. */
static void
add_endpoint(proto_tree *tree, int hf, tvbuff_t *tvb, const struct endpoint *endpoint, const struct words *words)
{
    const struct words plain = program_words(words->scope);

    proto_item_set_generated(proto_tree_add_string_format_value(tree, hf, tvb, 0, 0, words_endpoint(&plain, endpoint), "%s",
            words_endpoint(words, endpoint)));
}

static void
add_peer(proto_tree *tree, int hf, tvbuff_t *tvb, const struct tunnel *tunnel, int peer, const struct words *words)
{
    if (peer != PEER_NOT_SEEN)
        add_endpoint(tree, hf, tvb, &tunnel->flow[peer].source, words);
}

static void
show_lineage(proto_tree *tree, tvbuff_t *tvb, const struct sa *sa, const struct words *words)
{
    nstime_t lived = sa_lived(sa);

    if (sa->generation > 0)
        add_uint(tree, hf_sa_generation, tvb, sa->generation);
    if (sa->predecessor)
        add_uint(tree, hf_sa_replaces, tvb, sa->predecessor->key.spi);
    if (sa->successor)
        add_uint(tree, hf_sa_replaced_by, tvb, sa->successor->key.spi);
    if (sa_is_over(sa))
        add_time(tree, hf_sa_lifetime, tvb, &lived);
    if (sa->child && sa->child->lifetime.seconds != 0) {
        nstime_t negotiated = NSTIME_INIT_ZERO;
        uint64_t seconds = sa->child->lifetime.seconds;
        negotiated.secs = seconds > INT64_MAX ? (time_t)INT64_MAX : (time_t)seconds;
        add_time(tree, hf_sa_negotiated_lifetime, tvb, &negotiated);
    }
    if (sa->origin && sa->origin_sure) {
        add_uint(tree, hf_sa_negotiated_in, tvb, sa->origin->response_frame);
        add_endpoint(tree, hf_sa_requested_by, tvb, &sa->origin->flow->source, words);
    }
    if (sa->ended_by != 0) {
        add_peer(tree, hf_sa_ended_by, tvb, sa->flow->tunnel, sa->ended_by - 1, words);
        add_uint(tree, hf_sa_ended_in, tvb, sa->ended_in);
    }
    add_uint(tree, hf_sa_first_frame, tvb, sa->first_frame);
    add_uint(tree, hf_sa_last_frame, tvb, sa->last_frame);
}

static void
show_counts(proto_tree *tree, tvbuff_t *tvb, const struct sequence_counts *counts, const uint64_t *bytes)
{
    if (counts)
        add_uint64(tree, hf_sa_packets, tvb, counts->packets);
    if (bytes)
        add_uint64(tree, hf_sa_bytes, tvb, *bytes);
    if (!counts)
        return;
    add_uint64(tree, hf_sa_lost, tvb, counts->lost);
    add_uint64(tree, hf_sa_duplicate, tvb, counts->duplicate);
    add_uint64(tree, hf_sa_reordered, tvb, counts->reordered);
}

void
tree_show_sa(struct tree_frame *frame, const struct sa *sa, const struct ipsec_packet *packet,
        const struct sequence_counts *counts, const uint64_t *bytes)
{
    nstime_t age = clock_elapsed(sa_birth_time(sa), &packet->time);
    const struct words words = user_words(frame->pinfo->pool);

    open_subtree(frame);
    if (!frame->tree)
        return;
    proto_item *item = proto_tree_add_uint(frame->subtree, hf_sa, frame->tvb, 0, 0, sa->id);
    proto_tree *tree = proto_item_add_subtree(item, ett_sa);
    proto_item_set_generated(item);
    proto_item_append_text(item, " (%s)", words_protocol(sa->key.protocol));
    proto_item_append_text(frame->item, ", Tunnel %u, SA %u: %s SPI 0x%08x, ", sa->flow->tunnel->id, sa->id,
            words_protocol(sa->key.protocol), sa->key.spi);
    if (sa->generation > 0)
        proto_item_append_text(frame->item, "generation %u, ", sa->generation);
    proto_item_append_text(frame->item, "%s%s old", sa->born_in_capture ? "" : "at least ",
            words_duration(&words, &age));
    add_uint(tree, hf_tunnel, frame->tvb, sa->flow->tunnel->id);
    add_uint(tree, hf_sa_spi, frame->tvb, sa->key.spi);
    add_time(tree, hf_sa_age, frame->tvb, &age);
    if (proto_field_is_referenced(tree, hf_sa_age_text))
        add_age_text(tree, frame, &age);
    proto_item_set_generated(proto_tree_add_boolean(tree, hf_sa_age_is_minimum, frame->tvb, 0, 0, !sa->born_in_capture));
    show_lineage(tree, frame->tvb, sa, &words);
    show_counts(tree, frame->tvb, counts, bytes);
}

static void
show_ike_sa(struct tree_frame *frame, const struct ike_sa *ike_sa)
{
    nstime_t now = clock_of(&frame->pinfo->abs_ts);
    nstime_t age = clock_elapsed(&ike_sa->first_time, &now);
    const struct words words = user_words(frame->pinfo->pool);

    proto_item_append_text(frame->item, ", Tunnel %u, IKE SA %u, %s old", ike_sa->flow->tunnel->id, ike_sa->id,
            words_duration(&words, &age));
    add_uint(frame->subtree, hf_tunnel, frame->tvb, ike_sa->flow->tunnel->id);
    add_uint(frame->subtree, hf_ike, frame->tvb, ike_sa->id);
    add_time(frame->subtree, hf_ike_age, frame->tvb, &age);
    if (ike_sa->end != IKE_ALIVE) {
        nstime_t lifetime = clock_elapsed(&ike_sa->first_time, &ike_sa->end_time);
        add_time(frame->subtree, hf_ike_lifetime, frame->tvb, &lifetime);
    }
    if (ike_sa->predecessor)
        add_uint(frame->subtree, hf_ike_replaces, frame->tvb, ike_sa->predecessor->id);
    if (ike_sa->successor)
        add_uint(frame->subtree, hf_ike_replaced_by, frame->tvb, ike_sa->successor->id);
}

/* The other half of the exchange. */
static void
show_links(struct tree_frame *frame, const struct ike_table *table, const struct ike_frame *ike)
{
    const struct exchange *exchange = ike->exchange;
    const struct exchange_message *message = exchange_message_of(ike);
    uint32_t request = message ? message->answers_frame : 0, response = message ? message->answered_frame : 0;
    const struct ike_frame *answers = request != 0 ? ike_frame_at(table, request) : NULL;
    nstime_t asked = answers ? clock_unpack(exchange_message_of(answers)->time) : exchange->request_time;
    nstime_t now = clock_of(&frame->pinfo->abs_ts);
    if (exchange->ike_sa->version >= 2) {       /* one request, one response, each maybe in fragments */
        request = ike->is_response ? exchange->request_frame : 0;
        response = ike->is_response ? 0 : exchange->response_frame;
        asked = exchange->request_time;
    }
    if (request != 0) {
        nstime_t time = clock_elapsed(&asked, &now);
        add_uint(frame->subtree, hf_ike_request_in, frame->tvb, request);
        add_time(frame->subtree, hf_ike_response_time, frame->tvb, &time);
    } else if (response != 0) {
        add_uint(frame->subtree, hf_ike_response_in, frame->tvb, response);
    }
}

void
tree_show_ike(struct tree_frame *frame, const struct ike_table *table, const struct ike_frame *ike)
{
    const struct exchange *exchange = ike->exchange;

    open_subtree(frame);
    if (!frame->tree)
        return;
    show_ike_sa(frame, exchange->ike_sa);
    show_links(frame, table, ike);
    if (ike->retransmission_of != 0)
        add_uint(frame->subtree, hf_ike_retransmission_of, frame->tvb, ike->retransmission_of);
    for (unsigned i = 0; i < ike->spis; i++)
        add_uint(frame->subtree, hf_sa_spi, frame->tvb, ike_spi(table, ike, i));
}

void
tree_show_point(struct tree_frame *frame, unsigned point, uint32_t copy_of)
{
    if (!frame->tree)
        return;
    if (point < POINTS_AT_MOST)
        add_uint(frame->subtree, hf_point, frame->tvb, point);
    if (copy_of != 0)
        add_uint(frame->subtree, hf_copy_of, frame->tvb, copy_of);
}

static void
show_outage(proto_tree *tree, const struct tree_frame *frame, const struct tunnel *tunnel, const struct outage *outage)
{
    const struct words words = user_words(frame->pinfo->pool);
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    add_uint(tree, hf_outage, frame->tvb, outage->id);
    add_time(tree, hf_outage_duration, frame->tvb, &span);
    proto_item_set_generated(proto_tree_add_string(tree, hf_outage_how, frame->tvb, 0, 0, outage_how(outage->how)));
    add_peer(tree, hf_outage_ended_by, frame->tvb, tunnel, outage->ended_by, &words);
    add_peer(tree, hf_outage_restored_by, frame->tvb, tunnel, outage->restored_by, &words);
}

/* The expert item has the same text for all findings of a kind: -z expert counts equal texts, and the window sums them up. */
static void
add_expert_item(const struct tree_frame *frame, proto_item *item, const struct finding *finding)
{
    const struct finding_kind *kind = finding_kind(finding->key);
    enum severity severity = finding_severity(finding);

    if (severity == kind->severity)
        expert_add_info(frame->pinfo, item, &ei_finding[finding->key]);
    else if (severity < kind->severity)
        expert_add_info(frame->pinfo, item, &ei_overcome);
    else
        expert_add_info_format(frame->pinfo, item, &ei_raised, "%s", kind->title);
}

/* What each finding of a kind means is said once on a frame, and each line of what to check. */
static void
add_sentence(proto_tree *tree, int hf, struct tree_frame *frame, const char *sentence)
{
    if (!frame->said)
        frame->said = wmem_map_new(frame->pinfo->pool, wmem_str_hash, g_str_equal);
    if (wmem_map_insert(frame->said, sentence, frame))
        return;
    proto_item_set_generated(proto_tree_add_string(tree, hf, frame->tvb, 0, 0, sentence));
}

void
tree_show_finding(struct tree_frame *frame, const struct finding *finding)
{
    open_subtree(frame);
    proto_item *item = proto_tree_add_string(frame->subtree, hf_finding, frame->tvb, 0, 0, finding_kind(finding->key)->key);
    add_expert_item(frame, item, finding);
    if (!item)
        return;
    const struct words words = user_words(frame->pinfo->pool);
    const char *text = finding_text(&words, finding);
    proto_item_set_generated(item);
    proto_item_append_text(item, ": %s", text);
    proto_tree *tree = proto_item_add_subtree(item, ett_finding);
    add_hidden(proto_tree_add_string(tree, hf_finding_text, frame->tvb, 0, 0, text));
    if (finding_severity(finding) > finding_kind(finding->key)->severity)   /* spiscope.KEY filters for it as well */
        add_hidden(proto_tree_add_item(tree, ei_finding[finding->key].hf, frame->tvb, 0, 0, ENC_NA));
    if (finding->sa)
        add_uint(tree, hf_finding_spi, frame->tvb, finding->sa->key.spi);
    proto_item_set_generated(proto_tree_add_string(tree, hf_confidence, frame->tvb, 0, 0, confidence_name(finding_confidence(finding))));
    add_sentence(tree, hf_meaning, frame, finding_meaning(finding->key));
    for (unsigned i = 0; finding_check(finding, i); i++)
        add_sentence(tree, hf_check, frame, finding_check(finding, i));
    if (outage_of(finding))
        show_outage(tree, frame, finding->tunnel, outage_of(finding));
    for (unsigned i = 0; i < finding->evidence_count; i++)
        add_uint(tree, hf_evidence, frame->tvb, finding->evidence[i]);
}

static expert_field *
expert_field_of(uint8_t state)
{
    switch ((enum state)state) {
    case STATE_DOWN:
    case STATE_FLAPPING:
    case STATE_INTERRUPTED:
    case STATE_ONE_WAY:
        return &ei_broken;
    case STATE_DEGRADED:
    case STATE_CHURNING:
        return &ei_impaired;
    default:
        return &ei_well;
    }
}

void
tree_show_verdict(struct tree_frame *frame, const struct tunnel *tunnel, const struct verdict *verdict)
{
    const struct words words = user_words(frame->pinfo->pool);

    open_subtree(frame);
    proto_item *item = proto_tree_add_string(frame->subtree, hf_state, frame->tvb, 0, 0, state_name(verdict->state));
    expert_add_info_format(frame->pinfo, item, expert_field_of(verdict->state), "Tunnel %u: %s", tunnel->id,
            verdict_summary(&words, tunnel, verdict));
    proto_item_set_generated(item);
    proto_item_set_generated(proto_tree_add_string(frame->subtree, hf_cause, frame->tvb, 0, 0, verdict_cause(verdict)));
}

void
tree_show_evidence_of(struct tree_frame *frame, const uint32_t *finding, uint32_t count)
{
    open_subtree(frame);
    for (uint32_t i = 0; i < MIN(count, EVIDENCE_OF_AT_MOST); i++)
        add_uint(frame->subtree, hf_evidence_of, frame->tvb, finding[i]);
}

void
tree_show_mark(struct tree_frame *frame, const char *mark)
{
    open_subtree(frame);
    if (frame->subtree && proto_field_is_referenced(frame->tree, hf_mark))
        add_hidden(proto_tree_add_string(frame->subtree, hf_mark, frame->tvb, 0, 0, mark));
}

struct tree_shown
tree_shown(const struct tree_frame *frame)
{
    return (struct tree_shown){ frame->subtree ? frame->subtree->last_child : NULL };
}

/* Wireshark moves items in trees that are seen, and only behind others. */
void
tree_lift(const struct tree_frame *frame, struct tree_shown until)
{
    proto_tree *tree = frame->subtree;

    if (!until.last || !until.last->next || !PTREE_DATA(tree)->visible)
        return;
    for (proto_item *at = tree->last_child, *item = tree->first_child; ; ) {
        proto_item *next = item->next;
        bool is_last = item == until.last;
        proto_tree_move_item(tree, at, item);
        if (is_last)
            return;
        at = item;
        item = next;
    }
}
