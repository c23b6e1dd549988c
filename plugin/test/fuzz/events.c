/* events.c
 * One stream of events through track/ and judge/, and what must hold afterwards. A libFuzzer target
 * with clang; replay.c runs it on files with any compiler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>

#include "invariants.h"
#include "show/report.h"
#include "show/timeline.h"
#include "show/user_words.h"
#include "stream.h"

#define FEW_SAS 5

/* A packet as it was fed, and what was shown for it then. */
struct fed {
    struct ipsec_packet packet;
    uint32_t sa;                    /* its number: the table may forget it */
    struct sequence_counts counts;
    bool is_copy;
};

struct world {
    struct bench bench;
    struct fed *fed;
    uint32_t count;
    uint64_t taken;
    uint64_t taken_bytes;
    uint64_t *counted;              /* by SA: its packets so far */
    uint32_t opened;                /* SAs that there were, so far */
    bool left_out_some;             /* messages, and said so */
    bool left_out_addresses;        /* that SAs moved to, and said so: their packets there are not found again */
};

/* So that the fuzzer, or whoever replays, sees the place. */
static void
expect(const char *broken)
{
    if (!broken)
        return;
    fprintf(stderr, "does not hold: %s\n", broken);
    abort();
}

static void
choose_limits(struct bench *bench, uint8_t settings)
{
    static const uint32_t values[] = { 0, 2, 0, UINT32_MAX };

    if ((settings & SETTING_LIMITS) != 0) {
        uint32_t value = values[settings & SETTING_LIMITS];
        bench->limits.handover_grace = bench->limits.one_way_after = bench->limits.min_outage = value;
        bench->limits.sequence.replay_window = bench->judge.limits.replay_window = value;
        bench->judge.limits.min_sa_lifetime = bench->judge.limits.churn_count = bench->judge.limits.churn_window = value;
        bench->judge.limits.expected_phase1_lifetime = bench->judge.limits.expected_phase2_lifetime = value;
    }
    if (settings & SETTING_FEW_SAS)
        bench->limits.max_sas = FEW_SAS;
    bench->judge.limits.handover_grace = bench->limits.handover_grace;
    bench->judge.limits.min_outage = bench->limits.min_outage;
}

/* Whether the change says that a message belongs nowhere: gateways ignore it, or there is no room; or that changes like these are told no more. */
static bool
tells_left_out(const struct change *change)
{
    if (change->kind != CHANGE_LIMIT_REACHED)
        return change->kind == CHANGE_UNPROTECTED;
    enum limit limit = change->full.limit;
    return limit == LIMIT_TUNNELS || limit == LIMIT_IKE_SAS || limit == LIMIT_HALF_OPEN || limit == LIMIT_IKE_MESSAGES || limit == LIMIT_CHANGES;
}

/* That there is no room is told once, with whatever needed it. */
static void
note_left_out(struct world *world)
{
    const struct changes *changes = tracker_changes(world->bench.tracker);

    for (unsigned i = 0; i < changes->count; i++) {
        const struct change *change = &changes->item[i];
        world->left_out_some |= tells_left_out(change);
        world->left_out_addresses |= change->kind == CHANGE_LIMIT_REACHED && change->full.limit == LIMIT_ADDRESSES;
    }
}

static void
take_packet(struct world *world, const struct ipsec_packet *packet)
{
    struct sa *sa = tracker_take_ipsec(world->bench.tracker, packet);

    note_left_out(world);
    if (!sa)
        return;
    struct fed *fed = &world->fed[world->count++];
    fed->packet = *packet;
    fed->sa = sa->id;
    fed->counts = sequence_counts(&sa->sequence);
    fed->is_copy = sa->sequence.packets == world->counted[sa->id];
    world->counted[sa->id] = sa->sequence.packets;
    world->taken += !fed->is_copy;
    world->taken_bytes += fed->is_copy ? 0 : packet->length;
}

static void
take_message(struct world *world, const struct ike_message *message)
{
    const struct ike_frame *ike = tracker_take_ike(world->bench.tracker, message);

    if (message->initiator_spi == 0) {
        expect(ike ? "a message without initiator's SPI belongs nowhere" : NULL);
        return;
    }
    note_left_out(world);
    if (!ike && world->left_out_some)
        return;
    expect(ike && ike->exchange && ike->frame == message->frame ? NULL : "every message belongs to an exchange");
    expect(ike->retransmission_of < message->frame ? NULL : "what is sent again came before");
    expect(ike_frame_at(tracker_ike(world->bench.tracker), message->frame) == ike ? NULL : "a message is found again");
}

static void
end_frame(struct bench *bench, const nstime_t *time)
{
    if (bench->frame == 0)
        return;
    bench->judge.now = tracker_now(bench->tracker, time);
    judge_changes(bench, bench->frame, &bench->judge.now);
}

static void
feed_stream(struct world *world, struct stream *stream)
{
    struct bench *bench = &world->bench;
    struct ipsec_packet packet;
    static struct ike_message message;
    nstime_t time = stream->time;
    bool same_frame;

    for (;;) {
        enum event_kind kind = stream_next(stream, &packet, &message, &same_frame);
        if (kind == EVENT_NONE)
            break;
        if (!same_frame) {
            end_frame(bench, &time);
            tracker_begin_frame(bench->tracker);
        }
        bench->frame = stream->frame;
        bench->time_went_back |= is_before(&stream->time, &time);
        time = stream->time;
        if (kind == EVENT_IPSEC)
            take_packet(world, &packet);
        else
            take_message(world, &message);
    }
    end_frame(bench, &time);
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next)
        world->opened += tunnel->flow[0].sas + tunnel->flow[1].sas;
}

/* Whether a full table made room by this SA. */
static bool
is_forgotten(const struct world *world, uint32_t id)
{
    if (world->opened == sa_count(tracker_sas(world->bench.tracker)))
        return false;
    for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next)
        if (sa->id == id)
            return false;
    return true;
}

/* Read again, each packet finds its SA, and counts what was counted the first time, or says that it can't. */
static const char *
read_again(const struct world *world)
{
    for (uint32_t i = 0; i < world->count; i++) {
        const struct fed *fed = &world->fed[i];
        struct sequence_counts counts;
        /* of several packets in one frame, the frame's last state stands */
        if ((i + 1 < world->count && world->fed[i + 1].packet.frame == fed->packet.frame)
                || (i > 0 && world->fed[i - 1].packet.frame == fed->packet.frame))
            continue;
        const struct sa *sa = tracker_find_at(world->bench.tracker, &fed->packet);
        if (is_forgotten(world, fed->sa) || (!sa && world->left_out_addresses))
            continue;
        if (!sa || sa->id != fed->sa)
            return "a packet finds its SA again";
        if (!sequence_counts_at(&sa->sequence, fed->packet.frame, fed->packet.sequence, &counts) || fed->is_copy)
            continue;
        if (counts.packets != fed->counts.packets || counts.lost != fed->counts.lost
                || counts.duplicate != fed->counts.duplicate || counts.reordered != fed->counts.reordered)
            return "a packet counts again what it counted";
    }
    return NULL;
}

static void
check_texts(const struct bench *bench)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const struct words words = user_words(scope);

    for (uint32_t i = 0; i < findings_count(bench->judge.findings); i++) {
        const char *text = finding_text(&words, findings_get(bench->judge.findings, i));
        expect(text && *text && strlen(text) <= FINDING_TEXT_AT_MOST ? NULL : "a finding's text is of some bytes and not too many");
        expect(g_utf8_validate(text, -1, NULL) ? NULL : "a finding's text is UTF-8");
        expect(g_regex_match_simple(" -[0-9]", text, 0, 0) ? "a finding's text counts from zero on" : NULL);
    }
    wmem_destroy_allocator(scope);
}

static void
write_outputs(const struct bench *bench, const nstime_t *first, const nstime_t *last)
{
    struct capture_facts facts = { .file = "fuzz", .frames = bench->frame, .first = *first, .last = *last };
    FILE *out = fopen("/dev/null", "w");

    if (!out)
        return;
    report_write(out, &facts, bench->tracker, &bench->judge);
    json_write(out, &facts, bench->tracker, &bench->judge);
    timeline_write(out, &facts, bench->tracker, &bench->judge);
    fclose(out);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* every allocation on its own: a checker sees where each ends, and none takes a block of 8 MB */
    g_setenv("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple", TRUE);
    wmem_init();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream stream;

    if (size == 0)
        return 0;
    struct world world = { .bench = bench_prepare() };
    uint8_t settings = data[0];
    stream_begin(&stream, data + 1, size - 1);
    nstime_t first = stream.time;
    choose_limits(&world.bench, settings);
    bench_start(&world.bench);
    size_t events = size / RECORD_IPSEC_LENGTH + 1;
    world.fed = g_new(struct fed, events);
    world.counted = g_new0(uint64_t, 2 * events);       /* a message opens two SAs at most */
    feed_stream(&world, &stream);
    expect(state_broken(&world.bench));
    expect(counts_broken(&world.bench, world.taken, world.taken_bytes, world.opened));
    expect(read_again(&world));
    check_texts(&world.bench);
    if (settings & SETTING_WRITE)
        write_outputs(&world.bench, &first, &stream.time);
    g_free(world.fed);
    g_free(world.counted);
    bench_close(&world.bench);
    return 0;
}
