/* invariants.h
 * What must hold of a tracker and its findings whatever was fed: lists and lineages are whole, nothing
 * ends before it begins, and what is said rests on frames that exist.
 *
 * Each function returns what does not hold, in words, or NULL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_INVARIANTS_H
#define SPISCOPE_INVARIANTS_H

#include "clock.h"
#include "judge/coverage.h"
#include "judge/verdict.h"
#include "test.h"
#include "track/ike.h"

/* Lost packets are counted in 64 bits, but sequence numbers differ by less than 2^32 at a time. */
#define LOST_AT_MOST (UINT64_C(1) << 62)

#define HOLD(condition) do { if (!(condition)) return #condition; } while (0)

static inline bool
frame_exists(const struct bench *bench, uint32_t frame)
{
    return frame >= 1 && frame <= bench->frame;
}

/* Whether it is one of the table's, which forgets SAs of a single packet when it is full; NULL is, too. */
static inline bool
is_tracked(const struct bench *bench, const struct sa *sa)
{
    if (!sa)
        return true;
    for (const struct sa *each = sa_first(tracker_sas(bench->tracker)); each; each = each->next)
        if (each == sa)
            return true;
    return false;
}

/* The current and the undecided SAs of a flow: whole lists that go forth and back, of SAs that say so themselves. */
static inline const char *
flow_broken(const struct flow *flow, uint32_t most, uint32_t *current, uint32_t *pending)
{
    uint32_t count = 0;

    for (const struct sa *sa = flow->current; sa; sa = sa->current_next) {
        HOLD(++count <= most);                                  /* a list without end */
        HOLD(sa->is_current && sa->flow == flow && !sa->successor);
        HOLD(sa->current_previous ? sa->current_previous->current_next == sa : flow->current == sa);
    }
    *current += count;
    count = 0;
    for (const struct sa *sa = flow->pending; sa; sa = sa->pending_next) {
        HOLD(++count <= most);
        HOLD(sa->is_pending && sa->flow == flow);
        HOLD(sa->pending_next || flow->pending_last == sa);
    }
    *pending += count;
    HOLD(flow->unanswered <= flow->packets);
    return NULL;
}

static inline const char *
sa_counts_broken(const struct sa *sa)
{
    struct sequence_counts counts = sequence_counts(&sa->sequence);

    HOLD(counts.packets == sa->sequence.packets);
    HOLD(sa->sequence.first <= sa->sequence.highest);
    HOLD((uint64_t)counts.duplicate + counts.reordered <= counts.packets);
    HOLD(counts.packets == 0 || (uint64_t)counts.duplicate + counts.reordered < counts.packets);
    HOLD(counts.lost < LOST_AT_MOST);
    return NULL;
}

static inline const char *
sa_times_broken(const struct bench *bench, const struct sa *sa)
{
    HOLD(frame_exists(bench, sa->first_frame) && frame_exists(bench, sa->last_frame) && frame_exists(bench, sa_birth_frame(sa)));
    HOLD(sa->first_frame <= sa->last_frame);
    HOLD(sa->deleted_frame == 0 || frame_exists(bench, sa->deleted_frame));
    HOLD(!is_before(&sa->first_time, sa_birth_time(sa)) && !is_before(&sa->last_time, &sa->first_time));
    HOLD(sa->deleted_frame == 0 || !is_before(&sa->deleted_time, sa_birth_time(sa)));
    return NULL;
}

static inline const char *
lineage_broken(const struct sa *sa)
{
    const struct sa *old = sa->predecessor;

    HOLD(!sa->is_pending || sa->generation == 0 || sa->negotiated);
    HOLD(sa->generation != 0 || sa->is_pending || sa->sequence.packets < 2);
    HOLD(sa->is_current || sa->successor || sa->sequence.packets < 2);
    HOLD(!sa->successor || sa->successor->predecessor == sa);
    if (!old)
        return NULL;
    HOLD(old->successor == sa && old->flow == sa->flow && old->key.protocol == sa->key.protocol);
    HOLD(sa->generation > old->generation);
    HOLD(old->id < sa->id);                                     /* so no SA is its own ancestor */
    return NULL;
}

static inline const char *
sas_broken(const struct bench *bench)
{
    const struct sa_table *table = tracker_sas(bench->tracker);
    uint32_t count = 0, current = 0, pending = 0, tunnels = 0;
    const char *broken = NULL;

    for (const struct sa *sa = sa_first(table); sa; sa = sa->next) {
        HOLD(++count <= sa_count(table) && (!sa->next || sa->id < sa->next->id));
        HOLD(is_tracked(bench, sa->predecessor) && is_tracked(bench, sa->successor));
        HOLD(!sa->child || sa->child->sa[0] == sa || sa->child->sa[1] == sa);
        if ((broken = sa_counts_broken(sa)) || (broken = sa_times_broken(bench, sa)) || (broken = lineage_broken(sa)))
            return broken;
        current += sa->is_current;
        pending += sa->is_pending;
    }
    HOLD(count == sa_count(table) && count <= bench->limits.max_sas);
    uint32_t current_listed = 0, pending_listed = 0;
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next) {
        HOLD(!tunnel->next || tunnel->id < tunnel->next->id);       /* one that was joined with another leaves a gap */
        tunnels++;
        for (int i = 0; i < 2; i++)
            if ((broken = flow_broken(&tunnel->flow[i], count, &current_listed, &pending_listed)))
                return broken;
    }
    HOLD(current == current_listed && pending == pending_listed);
    HOLD(tunnels == tunnel_count(tracker_tunnels(bench->tracker)));
    return NULL;
}

/* Packets and bytes of the SAs and of the flows are those that were taken.
 * opened  SAs that there ever were: the table may have forgotten some */
static inline const char *
counts_broken(const struct bench *bench, uint64_t taken, uint64_t taken_bytes, uint64_t opened)
{
    uint64_t packets = 0, bytes = 0, in_flows = 0, sas = 0;

    for (const struct sa *sa = sa_first(tracker_sas(bench->tracker)); sa; sa = sa->next) {
        packets += sa->sequence.packets;
        bytes += sa->bytes;
    }
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next) {
        in_flows += tunnel->flow[0].packets + tunnel->flow[1].packets;
        sas += tunnel->flow[0].sas + tunnel->flow[1].sas;
    }
    uint64_t forgotten = opened - sa_count(tracker_sas(bench->tracker));
    HOLD(in_flows == taken && sas == opened);
    HOLD(packets + forgotten == taken);         /* each of a single packet */
    HOLD(forgotten ? bytes < taken_bytes : bytes == taken_bytes);
    return NULL;
}

static inline const char *
exchanges_broken(const struct bench *bench, const struct ike_sa *ike_sa, uint32_t most)
{
    uint32_t count = 0;

    for (const struct exchange *exchange = ike_sa->latest; exchange; exchange = exchange->older) {
        HOLD(++count <= most);
        HOLD(exchange->ike_sa == ike_sa && exchange->messages <= EXCHANGE_MESSAGES_AT_MOST);
        HOLD(exchange->messages <= 1 || exchange->more);
        HOLD(exchange->request_frame <= bench->frame && exchange->response_frame <= bench->frame);
        HOLD(frame_exists(bench, exchange->last_frame));
        HOLD(!exchange->child || exchange->child->origin == exchange);
        HOLD(exchange->outcome != EXCHANGE_REFUSED || exchange->error || exchange->refused_unread);
    }
    return NULL;
}

static inline const char *
ike_sas_broken(const struct bench *bench)
{
    const struct ike_table *table = tracker_ike(bench->tracker);
    uint32_t count = 0;
    const char *broken;

    for (const struct ike_sa *ike_sa = ike_first(table); ike_sa; ike_sa = ike_sa->next) {
        uint32_t ancestors = 0;
        HOLD(ike_sa->id == count++ && (ike_sa->version == 1 || ike_sa->version == 2));
        HOLD(frame_exists(bench, ike_sa->first_frame) && frame_exists(bench, ike_sa->last_frame));
        HOLD(ike_sa->first_frame <= ike_sa->last_frame);
        HOLD(ike_sa->end == IKE_ALIVE || !is_before(&ike_sa->end_time, &ike_sa->first_time));
        HOLD(!ike_sa->tunnel_older || ike_sa->tunnel_older->id < ike_sa->id);
        for (const struct ike_sa *old = ike_sa->predecessor; old; old = old->predecessor)
            HOLD(old != ike_sa && ++ancestors <= ike_count(table));
        if ((broken = exchanges_broken(bench, ike_sa, bench->frame)))
            return broken;
    }
    HOLD(count == ike_count(table) && count <= bench->limits.max_sas);
    return NULL;
}

static inline const char *
children_broken(const struct bench *bench)
{
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next) {
        uint32_t count = 0;
        for (const struct child *child = tunnel->children; child; child = child->tunnel_older) {
            uint32_t ancestors = 0;
            HOLD(++count <= bench->frame);
            HOLD(!child->tunnel_older || child->tunnel_older->id < child->id);
            HOLD(is_tracked(bench, child->sa[0]) && is_tracked(bench, child->sa[1]));
            HOLD(child->list && child->list->ike_sa->children == child->list && child->origin && child->origin->child == child);
            HOLD(child->deleted_frame <= bench->frame);
            for (const struct child *old = child->predecessor; old; old = old->predecessor)
                HOLD(old != child && ++ancestors <= bench->frame);
        }
    }
    return NULL;
}

static inline const char *
finding_broken(const struct bench *bench, const struct finding *finding)
{
    HOLD(finding->key < FINDING_KEYS && finding->confidence <= CONFIDENCE_PROVEN);
    HOLD(is_tracked(bench, finding->sa) && is_tracked(bench, finding->other));
    HOLD(frame_exists(bench, finding->frame) && finding->evidence_count <= EVIDENCE_AT_MOST);
    for (unsigned i = 0; i < finding->evidence_count; i++)
        HOLD(frame_exists(bench, finding->evidence[i]) && finding->evidence[i] < finding->frame);
    return NULL;
}

static inline const char *
findings_broken(const struct bench *bench)
{
    const struct findings *findings = bench->judge.findings;
    uint32_t last = 0, filed = 0, in_tunnels = 0;
    const char *broken;

    for (uint32_t i = 0; i < findings_count(findings); i++) {
        const struct finding *finding = findings_get(findings, i);
        uint32_t count, first = findings_on(findings, finding->frame, &count);
        HOLD(finding->frame >= last && first <= i && i < first + count);
        last = finding->frame;
        in_tunnels += finding->tunnel != NULL && !finding->is_taken_back;
        if ((broken = finding_broken(bench, finding)))
            return broken;
    }
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next) {
        const struct finding_file *file = findings_of(findings, tunnel);
        uint32_t count[FINDING_KEYS] = { 0 };
        for (const struct finding *finding = file ? file->first : NULL; finding; finding = finding->next) {
            HOLD(++filed <= findings_count(findings) && finding->tunnel == tunnel);
            count[finding->key]++;
        }
        for (unsigned key = 0; file && key < FINDING_KEYS; key++)
            HOLD(count[key] == finding_file_count(file, key));
    }
    HOLD(filed == in_tunnels);
    return NULL;
}

/* What speaks of trouble, and was seen when both directions carried traffic already: no tunnel that it is about is stable. Neither does a
 * lifetime that differs, or an SPI that did not last, make trouble by itself; nor a restart over which both directions went on. */
static inline bool
speaks_against_stable(const struct finding *finding)
{
    const struct flow *flow = finding->tunnel->flow;

    if (finding_severity(finding) <= SEVERITY_NOTE || finding_is_overcome(finding) || finding_is_hearsay(finding))
        return false;
    if (!is_before(&flow[0].first_time, &finding->time) || !is_before(&flow[1].first_time, &finding->time))
        return false;
    switch (finding->key) {
    case FINDING_PHASE1_LIFETIME_MISMATCH:
    case FINDING_PHASE2_LIFETIME_MISMATCH:
    case FINDING_SPI_CHURN:
        return false;
    case FINDING_PEER_RESTART:
        return !is_before(&finding->ike_sa->established_time, &flow[0].last_time) || !is_before(&finding->ike_sa->established_time, &flow[1].last_time);
    default:
        return true;
    }
}

/* A tunnel that is stable has no outage, and nothing above a note is known of it. */
static inline const char *
stable_broken(const struct bench *bench, const struct tunnel *tunnel, const struct verdict *verdict)
{
    const struct finding_file *file = findings_of(bench->judge.findings, tunnel);

    HOLD(verdict->outages == 0 && !verdict->is_out && !tunnel->service.first);
    HOLD(tunnel->flow[0].packets > 0 || tunnel->flow[1].packets > 0);
    for (unsigned key = 0; file && key < FINDING_KEYS; key++) {
        const struct finding *latest = finding_file_latest(file, key);
        HOLD(bench->time_went_back || !latest || !speaks_against_stable(latest));
    }
    return NULL;
}

static inline const char *
outage_broken(const struct bench *bench, const struct tunnel *tunnel, const struct outage *outage)
{
    uint8_t confidence = 0;

    HOLD(outage->how < OUTAGE_HOWS && outage->restored_how < RESTORED_HOWS && outage->ended_by <= 1 && outage->restored_by <= 1);
    HOLD(outage->directions != 0 && outage->directions <= OUTAGE_BOTH_DIRECTIONS);
    HOLD(frame_exists(bench, outage->begin_frame) && outage->known_frame <= bench->frame);
    HOLD(outage->restored_how == RESTORED_NOT ? outage->end_frame == 0 : frame_exists(bench, outage->end_frame) && !is_before(&outage->end, &outage->begin));
    HOLD(outage->evidence_count > 0 && outage->evidence_count <= OUTAGE_EVIDENCE_AT_MOST);
    for (unsigned i = 0; i < outage->evidence_count; i++)
        HOLD(frame_exists(bench, outage->evidence[i]));
    HOLD(verdict_of_outage(tunnel, &bench->judge, outage, &confidence) < CAUSES && confidence <= CONFIDENCE_PROVEN);
    return NULL;
}

/* A tunnel's outages come in the order of time, and each is over before the next one begins.
 * @param end  what the end of the capture settles: it may hold one more */
static inline const char *
outages_broken(const struct bench *bench, const struct tunnel *tunnel, const struct service_end *end)
{
    const struct outage *before = NULL;
    const char *broken = NULL;
    uint32_t count = 0;

    for (const struct outage *outage = tunnel->service.first; outage; before = outage, outage = outage->next) {
        HOLD(++count <= tunnel->service.outages && outage->id < tunnel->service.outages);
        HOLD(outage->restored_how != RESTORED_NOT && frame_exists(bench, outage->known_frame));
        HOLD(!before || !is_before(&outage->begin, &before->end));
        if ((broken = outage_broken(bench, tunnel, outage)))
            return broken;
    }
    HOLD(count == tunnel->service.outages && tunnel->service.latest == before);
    HOLD(!end->is_out || !before || !is_before(&end->outage.begin, &before->end));
    return end->is_out ? outage_broken(bench, tunnel, &end->outage) : NULL;
}

static inline const char *
verdict_broken(const struct bench *bench, const struct tunnel *tunnel, const struct verdict *verdict)
{
    HOLD(verdict->cause < CAUSES && verdict->confidence <= CONFIDENCE_PROVEN && verdict->by <= PEER_BOTH);
    HOLD(verdict->evidence_count <= CLAIM_EVIDENCE_AT_MOST);
    for (unsigned i = 0; i < verdict->evidence_count; i++)
        HOLD(frame_exists(bench, verdict->evidence[i]) && (i == 0 || verdict->evidence[i - 1] < verdict->evidence[i]));
    HOLD(verdict->state < STATES && (verdict->cause != CAUSE_NONE || verdict->state == STATE_STABLE || verdict->state == STATE_IDLE));
    HOLD(verdict->state != STATE_IDLE || verdict->outages == 0);
    return verdict->state == STATE_STABLE ? stable_broken(bench, tunnel, verdict) : NULL;
}

static inline const char *
verdicts_broken(const struct bench *bench)
{
    const char *broken = NULL;

    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench->tracker)); tunnel; tunnel = tunnel->next) {
        struct verdict verdict = verdict_of(tunnel, &bench->judge);
        struct service_end end = service_at_end(tunnel, (uint64_t)bench->judge.limits.min_outage * CLOCK_NSECS, &bench->judge.now);
        nstime_t first, last;
        HOLD(verdict.outages == tunnel->service.outages + (end.is_out ? 1 : 0) && verdict.is_out == end.is_out);
        if ((broken = verdict_broken(bench, tunnel, &verdict)) || (broken = outages_broken(bench, tunnel, &end)))
            return broken;
        HOLD(!coverage_span(tunnel, &first, &last) || !is_before(&last, &first));
    }
    return NULL;
}

/* Everything that holds without knowing what was fed. */
static inline const char *
state_broken(const struct bench *bench)
{
    const char *broken = sas_broken(bench);

    broken = broken ? broken : ike_sas_broken(bench);
    broken = broken ? broken : children_broken(bench);
    broken = broken ? broken : findings_broken(bench);
    return broken ? broken : verdicts_broken(bench);
}

#undef HOLD

#endif /* SPISCOPE_INVARIANTS_H */
