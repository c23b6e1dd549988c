/* spiscope.c
 * SPIscope, a post-dissector: registration, and the one function that calls the four rooms in order.
 * A frame is observed, tracked and judged when it is read for the first time; whenever it is read
 * again, what was found then is only shown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "spiscope.h"

#include <epan/packet.h>
#include <epan/prefs.h>

#include "clock.h"
#include "compat.h"
#include "gateways_preference.h"
#include "judge/judge.h"
#include "observe/fragments.h"
#include "observe/icmp.h"
#include "observe/ike.h"
#include "observe/ipsec.h"
#include "observe/points.h"
#include "show/capture_name.h"
#include "show/conversations.h"
#include "show/follow.h"
#include "show/hindsight.h"
#include "show/mark.h"
#include "show/menu.h"
#include "show/outputs.h"
#include "show/packet_filters.h"
#include "show/tables.h"
#include "show/toolbar.h"
#include "show/tree.h"
#include "show/user_words.h"
#include "show/windows.h"

/* Findings that are kept of one capture: about 140 MB of them at most. */
#define FINDINGS_AT_MOST 1000000
/* ESP and AH headers of one frame that are looked at: they may be nested. */
#define IPSEC_AT_MOST 8
/* SAs changed by one frame whose rows in the tables are brought up to date at once: Wireshark's queue has 5,000 places. */
#define FED_AT_MOST 1000

static int proto_spiscope = -1;
static protocol_t *protocol_spiscope;
static dissector_handle_t spiscope_handle;

/* The preferences' defaults; times in seconds. */
enum {
    MIN_SA_LIFETIME = 300,
    CHURN_COUNT = 3,
    CHURN_WINDOW = 900,
    HANDOVER_GRACE = 10,
    ONE_WAY_AFTER = 30,
    MIN_OUTAGE = 2,
    REPLAY_WINDOW = 64,
    MAX_SAS = 1000000
};

static struct {
    guint min_sa_lifetime;
    guint churn_count;
    guint churn_window;
    guint handover_grace;
    guint one_way_after;
    guint min_outage;
    guint replay_window;
    guint max_sas;
    guint expected_phase1_lifetime;
    guint expected_phase2_lifetime;
    compat_preference info_column;
    compat_preference capture_points;
} preferences = {
    .min_sa_lifetime = MIN_SA_LIFETIME,
    .churn_count = CHURN_COUNT,
    .churn_window = CHURN_WINDOW,
    .handover_grace = HANDOVER_GRACE,
    .one_way_after = ONE_WAY_AFTER,
    .min_outage = MIN_OUTAGE,
    .replay_window = REPLAY_WINDOW,
    .max_sas = MAX_SAS,
    .info_column = TRUE,
    .capture_points = TRUE,
};

/* Frames that were shown lately, for the menu: it acts on the selected one, which is among them. */
#define SHOWN_FRAMES 4096

struct shown {
    uint32_t frame;
    const struct tunnel *tunnel;
    const struct sa *sa;
    uint32_t id;                    /* of the SA, which a full table may have forgotten since */
};

/* All that is known of the open capture; made anew for each, and freed with its file scope. */
static struct capture {
    struct layers layers;           /* of the frame that is read */
    struct ike_observer *ike;
    struct fragments *fragments;
    struct points *points;
    struct tracker *tracker;
    struct judge judge;
    struct capture_facts facts;
    struct hindsight *hindsight;    /* NULL until the capture was read to its end */
    struct shown shown[SHOWN_FRAMES];
} *capture;

static void
capture_open(void)
{
    struct tracker_limits limits = {
        .sequence = { .replay_window = preferences.replay_window },
        .handover_grace = preferences.handover_grace,
        .one_way_after = preferences.one_way_after,
        .min_outage = preferences.min_outage,
        .max_sas = preferences.max_sas,
        .one_point = !preferences.capture_points,
    };

    if (!proto_is_protocol_enabled(protocol_spiscope))
        return;                     /* whoever changes that has the file read anew */
    capture = wmem_new0(wmem_file_scope(), struct capture);
    capture->ike = ike_observer_create(wmem_file_scope());
    capture->fragments = fragments_create(wmem_file_scope());
    capture->points = points_create(wmem_file_scope());
    capture->tracker = tracker_create(wmem_file_scope(), &limits);
    judge_open(&capture->judge, wmem_file_scope(), FINDINGS_AT_MOST);
    capture->judge.limits.min_sa_lifetime = preferences.min_sa_lifetime;
    capture->judge.limits.churn_count = preferences.churn_count;
    capture->judge.limits.churn_window = preferences.churn_window;
    capture->judge.limits.min_outage = preferences.min_outage;
    capture->judge.limits.handover_grace = preferences.handover_grace;
    capture->judge.limits.replay_window = preferences.replay_window;
    capture->judge.limits.expected_phase1_lifetime = preferences.expected_phase1_lifetime;
    capture->judge.limits.expected_phase2_lifetime = preferences.expected_phase2_lifetime;
    capture->judge.limits.gateways = gateways_preference_read(wmem_file_scope());
    tables_say_so_far(true);
}

static bool
capture_source(struct capture_facts *facts, const struct tracker **tracker, const struct judge **judge)
{
    if (!capture)
        return false;
    *facts = capture->facts;
    capture->judge.now = tracker_now(capture->tracker, &facts->last);
    facts->file = capture_name();
    facts->points = copies_points(tracker_copies(capture->tracker));
    for (unsigned i = 0; i < facts->points; i++)
        facts->point[i] = tracker_copies(capture->tracker)->by == POINTS_BY_INTERFACE ? points_name(capture->points, i) : NULL;
    *tracker = capture->tracker;
    *judge = &capture->judge;
    return true;
}

/* The capture was read to its end; a live one may go on. A single pass of tshark does not come here. */
static void
capture_end(void)
{
    if (!capture)
        return;
    if (capture->hindsight)
        hindsight_free(capture->hindsight);
    capture->judge.now = tracker_now(capture->tracker, &capture->facts.last);
    capture->hindsight = hindsight_create(wmem_file_scope(), capture->tracker, &capture->judge);
    toolbar_update();
    tables_say_so_far(false);
}

static void
capture_close(void)
{
    capture = NULL;
}

static bool
find_shown(uint32_t frame, const struct tunnel **tunnel, const struct sa **sa)
{
    const struct shown *shown = capture ? &capture->shown[frame % SHOWN_FRAMES] : NULL;

    if (!shown || shown->frame != frame)
        return false;
    *tunnel = tunnel_whole(shown->tunnel);
    *sa = shown->sa && shown->sa->id == shown->id ? shown->sa : NULL;
    return true;
}

static void
remember_shown(const struct tree_frame *frame, const struct tunnel *tunnel, const struct sa *sa)
{
    struct shown *shown = &capture->shown[frame->pinfo->num % SHOWN_FRAMES];
    shown->frame = frame->pinfo->num;
    shown->tunnel = tunnel;
    shown->sa = sa;
    shown->id = sa ? sa->id : 0;
}

static void
show_point(struct tree_frame *frame, const struct flow *flow, const struct sighting *seen)
{
    const struct copies *copies = tracker_copies(capture->tracker);
    unsigned point = copies_points(copies) > 0 ? copies_point(copies, flow, seen) : POINTS_AT_MOST;

    tree_show_point(frame, point, copies_of(copies, frame->pinfo->num));
}

/* A copy shows the counts as they were at the packet itself. */
static void
show_copy(struct tree_frame *frame, struct sa *sa, const struct ipsec_packet *packet)
{
    struct sequence_counts counts;
    uint64_t bytes = sa->bytes;
    bool known = sequence_counts_at(&sa->sequence, packet->frame, packet->sequence, &counts), bytes_known;

    if (PINFO_FD_VISITED(frame->pinfo))
        bytes_known = known && tracker_reread_bytes(capture->tracker, sa, packet, counts.packets, &bytes);
    else
        bytes_known = known && counts.packets == sequence_counts(&sa->sequence).packets;
    remember_shown(frame, sa->flow->tunnel, sa);
    tree_show_sa(frame, sa, packet, known ? &counts : NULL, bytes_known ? &bytes : NULL);
    show_point(frame, sa->flow, &packet->seen);
}

static void
show_sa(struct tree_frame *frame, struct sa *sa, const struct ipsec_packet *packet)
{
    struct sequence_counts counts;
    uint64_t bytes = sa->bytes;
    bool known = true, bytes_known = true;

    if (copies_are_sought(tracker_copies(capture->tracker)) && copies_of(tracker_copies(capture->tracker), packet->frame) != 0) {
        show_copy(frame, sa, packet);
        return;
    }
    if (!PINFO_FD_VISITED(frame->pinfo)) {
        counts = sequence_counts(&sa->sequence);
    } else {
        known = sequence_counts_at(&sa->sequence, packet->frame, packet->sequence, &counts);
        bytes_known = known && tracker_reread_bytes(capture->tracker, sa, packet, counts.packets, &bytes);
    }
    remember_shown(frame, sa->flow->tunnel, sa);
    tree_show_sa(frame, sa, packet, known ? &counts : NULL, bytes_known ? &bytes : NULL);
    show_point(frame, sa->flow, &packet->seen);
}

/* A row's verdict is that of this moment. */
static void
feed(packet_info *pinfo, const struct tap_record *record)
{
    capture->judge.now = tracker_now(capture->tracker, &capture->facts.last);
    tables_feed(pinfo, record);
}

static void
feed_sa(packet_info *pinfo, const struct sa *sa, bool is_packet)
{
    feed(pinfo, &(struct tap_record){ .tunnel = sa->flow->tunnel, .sa = sa, .judge = &capture->judge, .is_packet = is_packet });
}

static inline void
show_packet(struct tree_frame *frame, struct sa *sa, const struct ipsec_packet *packet)
{
    if (frame->is_looked_at)
        show_sa(frame, sa, packet);
    if (tables_wanted())
        feed_sa(frame->pinfo, sa, true);
}

static void
show_message(struct tree_frame *frame, const struct ike_frame *ike, const struct sighting *seen)
{
    const struct flow *flow = ike->is_response ? flow_reverse(ike->exchange->flow) : ike->exchange->flow;
    const struct child *child = ike->exchange->child;

    if (frame->is_looked_at) {
        remember_shown(frame, ike->exchange->flow->tunnel, NULL);
        tree_show_ike(frame, tracker_ike(capture->tracker), ike);
        show_point(frame, flow, seen);
    }
    if (!tables_wanted())
        return;
    feed(frame->pinfo, &(struct tap_record){ .tunnel = ike->exchange->flow->tunnel, .ike_sa = ike->exchange->ike_sa, .judge = &capture->judge });
    for (int i = 0; child && i < 2; i++)
        if (child->sa[i])
            feed_sa(frame->pinfo, child->sa[i], false);
}

/* Rows of SAs whose state a packet of another SA changed; and of tunnels that stand no longer for themselves. */
static void
feed_changed(packet_info *pinfo, const struct changes *changes)
{
    if (!tables_wanted())
        return;
    unsigned fed = 0;
    for (unsigned i = 0; i < changes->count && fed < FED_AT_MOST; i++) {
        const struct sa *sa = change_subject(&changes->item[i]);
        if (changes->item[i].kind == CHANGE_JOINED)
            feed(pinfo, &(struct tap_record){ .tunnel = changes->item[i].joined.from, .judge = &capture->judge });
        if (!sa)
            continue;
        feed_sa(pinfo, sa, false);
        fed++;
        if (sa->predecessor)
            feed_sa(pinfo, sa->predecessor, false);
    }
}

/* ---- frames that are read for the first time */

/* Several interfaces are several points, from the first packet of IPsec on. */
static uint8_t
take_interface(const packet_info *pinfo)
{
    uint8_t point = points_interface(capture->points, pinfo);

    if (points_count(capture->points) > 1)
        tracker_begin_points(capture->tracker);
    return point;
}

static inline struct sighting
take_sighting(const packet_info *pinfo, const struct place *place)
{
    struct sighting sighting = points_sighting(place);

    if (points_have_interfaces(pinfo))
        sighting.point = take_interface(pinfo);
    return sighting;
}

static void
take_ike(const packet_info *pinfo, const struct place *place, struct tree_frame *frame)
{
    struct ike_message message;

    if (ipsec_is_on_ike_port(place)) {
        struct ipsec_packet packet;
        ipsec_read(pinfo, &capture->facts.last, place, &packet);
        packet.seen = take_sighting(pinfo, place);
        if (tracker_take_on_ike_port(capture->tracker, &packet))
            return;
    }
    if (!ike_observe(capture->ike, pinfo, place, &message))
        return;
    message.seen = take_sighting(pinfo, place);
    const struct ike_frame *ike = tracker_take_ike(capture->tracker, &message);
    if (ike)
        show_message(frame, ike, &message.seen);
}

static void
take_ipsec(const packet_info *pinfo, const struct place *place, struct tree_frame *frame)
{
    struct ipsec_packet packet;

    ipsec_read(pinfo, &capture->facts.last, place, &packet);
    packet.seen = take_sighting(pinfo, place);
    struct sa *sa = tracker_take_ipsec(capture->tracker, &packet);
    if (sa)
        show_packet(frame, sa, &packet);
}

static void
take_icmp(const packet_info *pinfo, const struct place *place)
{
    struct icmp_error error;

    if (!icmp_read(pinfo, place, &error))
        return;
    error.seen = take_sighting(pinfo, place);
    tracker_take_icmp(capture->tracker, &error);
}

static void
count_unread(const struct place *place)
{
    struct unread unread = { .esp = place->layer == LAYER_ESP, .ah = place->layer == LAYER_AH, .ike = place->layer == LAYER_ISAKMP };

    if (unread.esp || unread.ah || unread.ike)
        tracker_take_unread(capture->tracker, &unread);
}

static void
take_place(const packet_info *pinfo, const struct place *place, struct tree_frame *frame)
{
    if (place->carrier->was_reassembled)
        fragments_forget(capture->fragments, place->carrier);
    if (place->layer == LAYER_ISAKMP)
        take_ike(pinfo, place, frame);
    else if (place->layer == LAYER_ICMP)
        take_icmp(pinfo, place);
    else
        take_ipsec(pinfo, place, frame);
}

static void
take_lost(const packet_info *pinfo)
{
    struct lost_packet lost;
    nstime_t now = clock_of(&pinfo->abs_ts);

    while (fragments_expired(capture->fragments, &now, &lost))
        tracker_take_lost(capture->tracker, &lost);
}

/* A frame has one IKE message: a second one would have no place of its own. */
static void
first_read(tvbuff_t *tvb, packet_info *pinfo, struct layers *layers, struct tree_frame *frame)
{
    const struct changes *changes = tracker_changes(capture->tracker);
    struct places places;
    struct place place;
    unsigned messages = 0, headers = 0;

    tracker_begin_frame(capture->tracker);
    places_begin(&places, tvb, pinfo, layers);
    while (places_next(&places, &place)) {
        bool is_one_more = place.layer == LAYER_ISAKMP ? messages++ == 0 : headers++ < IPSEC_AT_MOST;
        if (place.is_found && is_one_more)
            take_place(pinfo, &place, frame);
        else if (!place.is_cut)
            count_unread(&place);
    }
    if (layers->fragment && places.carrier.is_fragment)
        fragments_take(capture->fragments, pinfo, &places.carrier);
    if (fragments_wait(capture->fragments))
        take_lost(pinfo);
    if (changes->count == 0)
        return;
    capture->judge.frame = pinfo->num;
    capture->judge.time = capture->judge.now = tracker_now(capture->tracker, &capture->facts.last);
    judge_frame(&capture->judge, changes);
    feed_changed(pinfo, changes);
}

/* ---- frames that were read before */

static struct sighting
sighting_again(const packet_info *pinfo, const struct place *place)
{
    struct sighting sighting = points_sighting(place);

    if (points_have_interfaces(pinfo))
        sighting.point = points_interface(capture->points, pinfo);
    return sighting;
}

static void
show_ipsec_again(const packet_info *pinfo, const struct place *place, struct tree_frame *frame)
{
    struct ipsec_packet packet;
    nstime_t time = clock_of(&pinfo->abs_ts);

    ipsec_read(pinfo, &time, place, &packet);
    packet.seen = sighting_again(pinfo, place);
    struct sa *sa = tracker_find_at(capture->tracker, &packet);
    if (sa)
        show_packet(frame, sa, &packet);
}

static void
read_again(tvbuff_t *tvb, const packet_info *pinfo, struct layers *layers, struct tree_frame *frame)
{
    struct places places;
    struct place place;
    unsigned messages = 0, headers = 0;

    if (!frame->is_looked_at && !tables_wanted())
        return;
    places_begin(&places, tvb, pinfo, layers);
    while (places_next(&places, &place)) {
        if (place.layer == LAYER_ISAKMP && place.is_found && messages++ == 0) {
            const struct ike_frame *ike = ike_frame_at(tracker_ike(capture->tracker), pinfo->num);
            struct sighting seen = sighting_again(pinfo, &place);
            if (ike)
                show_message(frame, ike, &seen);
        } else if ((place.layer == LAYER_ESP || place.layer == LAYER_AH) && headers++ < IPSEC_AT_MOST && place.is_found) {
            show_ipsec_again(pinfo, &place, frame);
        }
    }
}

/* ---- */

/* What was known at the end so far is not known of a live capture that goes on. */
static void
count_frame(const packet_info *pinfo)
{
    if (capture->hindsight) {
        hindsight_free(capture->hindsight);
        capture->hindsight = NULL;
    }
    capture->facts.last = clock_of(&pinfo->abs_ts);
    if (capture->facts.frames++ == 0)
        capture->facts.first = capture->facts.last;
}

static void
show_evidence_of(struct tree_frame *frame)
{
    uint32_t count;
    const uint32_t *findings = hindsight_findings(capture->hindsight, frame->pinfo->num, &count);

    if (count > 0)
        tree_show_evidence_of(frame, findings, count);
}

/* On a tunnel's last packet. */
static void
show_verdicts(struct tree_frame *frame, const struct words *words, wmem_strbuf_t *mark)
{
    uint32_t count;
    const struct tunnel *const *tunnels = hindsight_tunnels(capture->hindsight, frame->pinfo->num, &count);

    capture->judge.now = tracker_now(capture->tracker, &capture->facts.last);
    for (uint32_t i = 0; i < count; i++) {
        struct verdict verdict = verdict_of(tunnels[i], &capture->judge);
        if (frame->is_looked_at)
            tree_show_verdict(frame, tunnels[i], &verdict);
        wmem_strbuf_append_printf(mark, "%s%s", i == 0 ? "" : ", ", mark_verdict(words, tunnels[i], &verdict));
    }
}

static void
show_findings(struct tree_frame *frame, const struct words *words, wmem_strbuf_t *mark)
{
    uint32_t count;
    const struct finding **list = mark_findings(words->scope, capture->judge.findings, frame->pinfo->num, &count);

    for (uint32_t i = 0; i < count; i++)
        tree_show_finding(frame, list[i]);
    if (count > 0)
        wmem_strbuf_append_printf(mark, "%s%s", wmem_strbuf_get_len(mark) > 0 ? ", " : "", mark_text(words, list, count));
}

/* Verdicts and findings come first, the worst on top. */
static void
show_what_was_found(struct tree_frame *frame)
{
    const char *below = frame->pinfo->current_proto;
    struct tree_shown shown = tree_shown(frame);
    const struct words words = user_words(frame->pinfo->pool);
    wmem_strbuf_t *mark = wmem_strbuf_new(words.scope, "");

    frame->pinfo->current_proto = proto_get_protocol_short_name(protocol_spiscope);  /* whose expert information it is */
    if (capture->hindsight)
        show_verdicts(frame, &words, mark);
    show_findings(frame, &words, mark);
    frame->pinfo->current_proto = below;
    if (wmem_strbuf_get_len(mark) == 0)
        return;
    tree_show_mark(frame, wmem_strbuf_get_str(mark));
    tree_lift(frame, shown);
    if (preferences.info_column)
        col_append_fstr(frame->pinfo->cinfo, COL_INFO, " [%s]", wmem_strbuf_get_str(mark));
}

/* Whether anything stands on this frame. */
static bool
was_found_on(uint32_t frame)
{
    uint32_t findings = 0, tunnels = 0;

    findings_on(capture->judge.findings, frame, &findings);
    if (findings == 0 && capture->hindsight)
        hindsight_tunnels(capture->hindsight, frame, &tunnels);
    return findings > 0 || tunnels > 0;
}

static int
dissect_spiscope(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    if (!capture)
        return 0;
    struct layers *layers = &capture->layers;
    bool is_first = !PINFO_FD_VISITED(pinfo);

    layers_of(pinfo, layers);
    if (is_first)
        count_frame(pinfo);
    if (layers_hold_ipsec(layers) || layers_hold_icmp(layers) || layers->fragment) {
        struct tree_frame frame = { .tvb = tvb, .pinfo = pinfo, .tree = tree,
                .is_looked_at = tree && proto_field_is_referenced(tree, proto_spiscope) };
        if (is_first)
            first_read(tvb, pinfo, layers, &frame);
        else
            read_again(tvb, pinfo, layers, &frame);
        if ((!is_first || tracker_changes(capture->tracker)->count > 0) && was_found_on(pinfo->num))
            show_what_was_found(&frame);
        if (capture->hindsight && frame.is_looked_at)
            show_evidence_of(&frame);
        if (frame.item)
            follow_offer(pinfo, tree);
    }
    return (int)pinfo->fd->cap_len;
}

static void
register_preferences(void)
{
    enum { DECIMAL = 10 };
    module_t *module = prefs_register_protocol(proto_spiscope, NULL);

    prefs_register_uint_preference(module, "min_sa_lifetime", "Shortest normal SA lifetime (seconds)",
            "An SA that is replaced sooner counts as SPI churn", DECIMAL, &preferences.min_sa_lifetime);
    prefs_register_uint_preference(module, "churn_count", "Churned SAs that make a tunnel flap",
            "So many churned SAs of one lineage within the churn window are flapping", DECIMAL, &preferences.churn_count);
    prefs_register_uint_preference(module, "churn_window", "Churn window (seconds)",
            "The time within which churned SAs are counted", DECIMAL, &preferences.churn_window);
    prefs_register_uint_preference(module, "handover_grace", "Handover grace (seconds)",
            "How long an SA may still be used beside its successor", DECIMAL, &preferences.handover_grace);
    prefs_register_uint_preference(module, "one_way_after", "One-way traffic after (seconds)",
            "How long one direction may carry traffic without an answer", DECIMAL, &preferences.one_way_after);
    prefs_register_uint_preference(module, "min_outage", "Shortest outage (seconds)",
            "A tunnel that carries nothing for less is not down; measured from the last packet before", DECIMAL, &preferences.min_outage);
    prefs_register_uint_preference(module, "replay_window", "Replay window of the receiver (packets)",
            "Packets further behind the highest sequence number count as dropped", DECIMAL, &preferences.replay_window);
    prefs_register_uint_preference(module, "max_sas", "SAs that are tracked at most",
            "Beyond that, SAs of a single packet make room, or else further ones are not tracked", DECIMAL, &preferences.max_sas);
    prefs_register_uint_preference(module, "expected_phase1_lifetime", "Expected phase 1 lifetime (seconds)",
            "As configured on the gateways; 0 if not given. An offer that differs is a finding", DECIMAL,
            &preferences.expected_phase1_lifetime);
    prefs_register_uint_preference(module, "expected_phase2_lifetime", "Expected phase 2 lifetime (seconds)",
            "As configured on the gateways; 0 if not given. An offer that differs is a finding", DECIMAL,
            &preferences.expected_phase2_lifetime);
    gateways_preference_register(module);
    prefs_register_bool_preference(module, "info_column", "Mark findings in the Info column",
            "Append the keys of a frame's findings to the Info column", &preferences.info_column);
    prefs_register_bool_preference(module, "capture_points", "Tell capture points apart",
            "A packet that was captured at several points, such as interfaces of the file, is one packet", &preferences.capture_points);
}

void
proto_register_spiscope(void)
{
    proto_spiscope = proto_register_protocol("SPIscope IPsec tunnel analysis", "SPIscope", "spiscope");
    protocol_spiscope = find_protocol_by_id(proto_spiscope);
    tree_register(proto_spiscope);
    tables_register(capture_source);
    outputs_register(capture_source);
    conversations_register(proto_spiscope);
    windows_register(capture_source);
    menu_register(proto_spiscope, find_shown, capture_source);
    packet_filters_register(find_shown);
    toolbar_register(capture_source);
    follow_register(proto_spiscope, tables_tap(), find_shown, capture_source);
    register_preferences();
    register_init_routine(capture_open);
    register_cleanup_routine(capture_close);
    register_postseq_cleanup_routine(capture_end);
    /* Without a protocol the call costs half: Wireshark would add a layer to each frame, of IPsec or not. */
    spiscope_handle = create_dissector_handle(dissect_spiscope, -1);
}

void
proto_reg_handoff_spiscope(void)
{
    layers_handoff();
    register_postdissector(spiscope_handle);
}
