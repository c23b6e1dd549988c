/* findings.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "findings.h"

#include "../by_frame.h"
#include "../clock.h"
#include "../track/pack.h"
#include "../track/protection.h"
#include "../track/refusal.h"
#include "../track/walk.h"

/* Findings of a key, back from the latest, among which those are looked for that have to be taken back. */
#define TAKEN_BACK_AMONG 64
/* SAs of a lineage, back from the latest, among which one is looked for that was in use at a moment. */
#define SPANNED_AMONG 64
/* Exchanges of an IKE SA, back from the latest, of which one may have been asked for. */
#define ANSWERS_AMONG 64

_Static_assert(FINDING_KEYS <= CHAR_BIT * sizeof(uint64_t), "a bit of finding_file.keys for each");

/* All findings of one kind in a tunnel. */
struct finding_pile {
    const struct finding *best;
    struct finding *latest;
    uint32_t count;
};

struct findings {
    wmem_allocator_t *pool;
    struct pack *pack;              /* of the pool */
    wmem_array_t *list;             /* of struct finding *, ascending by frame */
    wmem_map_t *by_tunnel;          /* of struct finding_file */
    uint32_t most;
    uint32_t beyond;                /* for which room was made */
    uint64_t dropped;
};

/* Whether all that was seen of an IKE SA answers what nobody asked. */
static bool
only_answers(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, ANSWERS_AMONG)
        if (exchange->request_frame != 0)
            return false;
    return true;
}

/* A restart beside an IKE SA that is nothing but answers; or one that was only inferred, until the peer that began anew spoke on the IKE SA
 * that it was to have forgotten. */
static bool
is_disproved(const struct finding *finding)
{
    if (finding->key != FINDING_PEER_RESTART)
        return false;
    const struct ike_sa *began = finding->ike_sa, *old = began->displaced;
    if (!old || only_answers(old))
        return old != NULL;
    unsigned side = old->flow == began->flow ? 0 : 1;
    return finding->confidence != CONFIDENCE_PROVEN && began->established && old->heard_frame[side] > began->established_frame;
}

bool
finding_is_unproven(const struct finding *finding)
{
    const struct ike_sa *ike_sa = finding->exchange ? finding->exchange->ike_sa : NULL;

    if (finding->key == FINDING_INVALID_SPI && !ike_sa)
        return true;                /* said in clear */
    return ike_sa && (protection_is_unproven(ike_sa) || protection_was_missing_in(finding->exchange, finding->frame)
            || (finding->other_exchange && protection_is_unproven(finding->other_exchange->ike_sa)));
}

/* After its last message: strongSwan, the most patient by default, waits for 76 s more. */
#define GIVES_UP_WITHIN_SECONDS 120

/* That nobody answered: a peer who is gone looks the same as one who was never asked. */
static bool
is_silence(const struct finding *finding)
{
    return finding->key == FINDING_IKE_NO_RESPONSE || finding->key == FINDING_DPD_FAILURE;
}

/* Whether whoever asked in vain went on with the SAs that it had, for longer than it had used them before: who gives up a request of IKEv2 gives up all
 * of its SAs (RFC 7296 section 2.4), and one for a rekey comes late in their lives. Anybody may have asked in its name. */
static bool
asker_went_on(const struct exchange *exchange)
{
    nstime_t last = clock_unpack(exchange->last_time);
    const struct sa *latest, *sa;

    WALK(latest, exchange->flow->current, current_next, CURRENT_KNOWN)
        WALK(sa, latest, predecessor, SPANNED_AMONG) {
            nstime_t before = clock_elapsed(sa_birth_time(sa), &exchange->request_time), behind = clock_elapsed(&last, &sa->last_time);
            bool is_its = sa->first_frame < exchange->request_frame || (sa->origin && sa->origin->ike_sa == exchange->ike_sa);
            if (is_its && behind.secs > GIVES_UP_WITHIN_SECONDS && clock_compare(&behind, &before) > 0)
                return true;
        }
    return false;
}

/* Whether it says that an exchange failed, and that went on, with who has the keys: the IKE SA came up after it, or the peer was heard on it
 * after all. */
static bool
went_on(const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;

    if (finding_kind(finding->key)->family != FAMILY_REFUSED && !is_silence(finding))
        return false;
    if (exchange_is_initial(exchange->type) && exchange->ike_sa->established_frame > finding->frame)
        return true;
    if (exchange->ike_sa->version >= 2 && is_silence(finding) && exchange->ike_sa->established_frame != 0 && asker_went_on(exchange))
        return true;
    if (exchange->type == IKE1_QUICK_MODE)
        return exchange->response_frame > finding->frame;           /* the peer may be heard on, and not answer this */
    return exchange->outcome == EXCHANGE_GIVEN_UP && exchange->ike_sa->heard_frame[1 - exchange_side(exchange)] > finding->frame;
}

/* Whether what it says of an exchange turned out to be none of its peers' doing. */
static bool
is_undone(const struct finding *finding)
{
    return finding->exchange && (went_on(finding) || protection_was_missing_in(finding->exchange, finding->frame));
}

bool
finding_is_overcome(const struct finding *finding)
{
    return is_disproved(finding) || is_undone(finding) || (finding->exchange && finding->exchange->tried_again);
}

/* Whether the direction carried traffic before the frame and behind it, with no set-up in between: on an SA that spans it, or by a rekey. */
static bool
flow_went_on(const struct flow *flow, uint32_t frame)
{
    const struct sa *latest, *sa;

    WALK(latest, flow->current, current_next, CURRENT_KNOWN) {
        WALK(sa, latest, predecessor, SPANNED_AMONG) {
            if (sa->first_frame <= frame && sa->last_frame > frame)
                return true;
            bool is_anew = sa->origin && sa->origin->ike_sa->set_up && sa->origin->ike_sa->established_frame > frame;
            if (sa->first_frame > frame && sa->predecessor && sa->predecessor->last_frame <= frame && !is_anew)
                return true;
        }
    }
    return false;
}

/* Whether the direction carried traffic between the frames. */
static bool
flow_carried(const struct flow *flow, uint32_t since, uint32_t until)
{
    const struct sa *latest, *sa;

    WALK(latest, flow->current, current_next, CURRENT_KNOWN)
        WALK(sa, latest, predecessor, SPANNED_AMONG)
            if (sa->first_frame < until && sa->last_frame > since)
                return true;
    return false;
}

/* Whether both peers' packets went on after it. What a silence may have ended must have gone on with no set-up in between; but a set-up that nobody
 * answers fails beside a tunnel that carries traffic, until its initiator begins the next one and so gives it up. */
static bool
tunnel_went_on(const struct finding *finding)
{
    const struct tunnel *tunnel = finding->tunnel;
    uint32_t frame = finding->frame;

    if (!tunnel || tunnel->flow[0].last_frame <= frame || tunnel->flow[1].last_frame <= frame)
        return false;
    if (!is_silence(finding))
        return true;
    if (finding->exchange && exchange_is_initial(finding->exchange->type)) {
        uint32_t since = finding->exchange->last_frame;
        return flow_carried(&tunnel->flow[0], since, frame) && flow_carried(&tunnel->flow[1], since, frame);
    }
    return flow_went_on(&tunnel->flow[0], frame) && flow_went_on(&tunnel->flow[1], frame);
}

/* Whether the direction carried traffic and was not silent for longer than between two of its packets by then, so that nothing shows that it ended. */
static bool
is_not_due(const struct flow *flow, const nstime_t *now)
{
    nstime_t used = clock_elapsed(&flow->first_time, &flow->last_time), silent = clock_elapsed(&flow->last_time, now);

    return flow->packets > 1 && nstime_to_sec(&silent) * (double)(flow->packets - 1) <= nstime_to_sec(&used);
}

/* Whether the packets of one peer went on after it, and the other's are further apart than the capture reaches behind it. */
static bool
tunnel_may_go_on(const struct finding *finding)
{
    const struct tunnel *tunnel = finding->tunnel;

    if (!tunnel || is_silence(finding))
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (tunnel->flow[i].last_frame > finding->frame && is_not_due(&tunnel->flow[1 - i], &tunnel->flow[i].last_time))
            return true;
    return false;
}

/* Whether a set-up that nobody answered was asked for once, or all at once, and its peer had not tried before: who wants a tunnel asks again, with the
 * same message or from anew (RFC 7296 section 2.4). */
static bool
was_asked_once(const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    const struct ike_sa *before;

    if (!is_silence(finding) || !exchange || !exchange_is_initial(exchange->type) || exchange->asked_again > 0)
        return false;
    nstime_t began = exchange->request_time;
    WALK(before, exchange->ike_sa->tunnel_older, tunnel_older, IKE_SAS_RECENT) {
        if (before->flow != exchange->flow || before->established)
            continue;
        if (clock_passed_ms(&before->last_time, &began, ASKS_AGAIN_AFTER_MS))
            return false;
        began = before->first_time;
    }
    return true;
}

/* Whether what nobody answered came again and again, sooner each time than whoever waits for an answer asks again. */
static bool
was_asked_at_once(const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;

    return is_silence(finding) && exchange && exchange->response_frame == 0 && exchange->retransmissions > 0 && exchange->asked_again == 0;
}

bool
finding_waited_for_none(const struct finding *finding)
{
    return was_asked_at_once(finding) || (finding_is_unproven(finding) && was_asked_once(finding));
}

bool
finding_is_hearsay(const struct finding *finding)
{
    return finding_waited_for_none(finding)
            || (finding_is_unproven(finding) && (!is_silence(finding) || tunnel_went_on(finding) || finding_is_overcome(finding)));
}

enum confidence
finding_confidence(const struct finding *finding)
{
    bool is_told = finding_kind(finding->key)->severity > SEVERITY_NOTE;

    bool is_doubtful = was_asked_at_once(finding) || (finding_is_unproven(finding) && (tunnel_went_on(finding) || tunnel_may_go_on(finding)));

    return is_told && is_doubtful ? CONFIDENCE_SUSPECTED : (enum confidence)finding->confidence;
}

/* A refusal that was made good, or that only says to come back later; or what was said too soon. */
static bool
is_passing(const struct finding *finding)
{
    return is_disproved(finding) || ((finding->key == FINDING_CHILD_REFUSED || finding->key == FINDING_IKE_REKEY_REFUSED)
            && (finding->exchange->tried_again || refusal_is_temporary(finding->exchange)));
}

enum severity
finding_severity(const struct finding *finding)
{
    enum severity severity = finding_kind(finding->key)->severity;

    if (is_passing(finding) || (severity > SEVERITY_NOTE && is_undone(finding)))
        return SEVERITY_NOTE;
    return finding->is_raised && severity < SEVERITY_ERROR ? severity + 1 : severity;
}

struct findings *
findings_create(wmem_allocator_t *pool, uint32_t most)
{
    struct findings *findings = wmem_new0(pool, struct findings);

    findings->pool = pool;
    findings->pack = pack_create(pool);
    findings->most = most;
    findings->list = wmem_array_new(pool, sizeof(struct finding *));
    findings->by_tunnel = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    return findings;
}

static unsigned
place_of(const struct finding_file *file, unsigned key)
{
    return (unsigned)__builtin_popcountll(file->keys & ((UINT64_C(1) << key) - 1));
}

static struct finding_pile *
pile_of(const struct finding_file *file, unsigned key)
{
    return (file->keys & (UINT64_C(1) << key)) ? &file->pile[place_of(file, key)] : NULL;
}

uint32_t
finding_file_count(const struct finding_file *file, unsigned key)
{
    const struct finding_pile *pile = pile_of(file, key);

    return pile ? pile->count : 0;
}

const struct finding *
finding_file_best(const struct finding_file *file, unsigned key)
{
    const struct finding_pile *pile = pile_of(file, key);

    return pile ? pile->best : NULL;
}

struct finding *
finding_file_latest(const struct finding_file *file, unsigned key)
{
    const struct finding_pile *pile = pile_of(file, key);

    return pile ? pile->latest : NULL;
}

/* The pile of a kind, made if need be. */
static struct finding_pile *
open_pile(struct findings *findings, struct finding_file *file, unsigned key)
{
    unsigned place = place_of(file, key), piles = (unsigned)__builtin_popcountll(file->keys);

    if (file->keys & (UINT64_C(1) << key))
        return &file->pile[place];
    file->pile = wmem_realloc(findings->pool, file->pile, (piles + 1) * sizeof *file->pile);
    memmove(&file->pile[place + 1], &file->pile[place], (piles - place) * sizeof *file->pile);
    memset(&file->pile[place], 0, sizeof *file->pile);
    file->keys |= UINT64_C(1) << key;
    return &file->pile[place];
}

static bool
is_full(const struct findings *findings)
{
    return findings_count(findings) >= (uint64_t)findings->most + findings->beyond;
}

struct finding *
findings_add(struct findings *findings, enum finding_key key, enum confidence confidence, uint32_t frame,
        const nstime_t *time, size_t detail)
{
    if (is_full(findings)) {
        findings->dropped++;
        return NULL;
    }
    struct finding *finding = pack_take(findings->pack, sizeof *finding + detail);
    finding->key = (uint8_t)key;
    finding->confidence = (uint8_t)confidence;
    finding->frame = frame;
    finding->time = *time;
    finding->detail = detail > 0 ? finding + 1 : NULL;
    wmem_array_append_one(findings->list, finding);
    return finding;
}

uint32_t
findings_most(const struct findings *findings)
{
    return findings->most;
}

void
findings_make_room(struct findings *findings)
{
    findings->beyond++;
}

void
findings_make_room_for(struct findings *findings, const struct tunnel *tunnel, enum finding_key key, enum confidence confidence)
{
    if (!is_full(findings) || findings->beyond >= findings->most)
        return;
    const struct finding_file *file = findings_of(findings, tunnel);
    const struct finding *best = file ? finding_file_best(file, key) : NULL;
    if (!best || best->confidence < confidence)
        findings->beyond++;
}

static struct finding_file *
file_of(struct findings *findings, const struct tunnel *tunnel)
{
    struct finding_file *file = wmem_map_lookup(findings->by_tunnel, tunnel);

    if (!file) {
        file = pack_take(findings->pack, sizeof *file);
        wmem_map_insert(findings->by_tunnel, tunnel, file);
    }
    return file;
}

void
findings_note_dropped(struct findings *findings, const struct tunnel *tunnel, enum finding_key key)
{
    struct finding_file *file = wmem_map_lookup(findings->by_tunnel, tunnel);

    if (!file)
        return;                     /* a tunnel whose very first finding finds no room is one of a flood */
    open_pile(findings, file, key)->count++;
    file->dropped++;
}

void
findings_file(struct findings *findings, struct finding *finding, const struct tunnel *tunnel)
{
    struct finding_file *file = file_of(findings, tunnel);

    finding->tunnel = tunnel;
    finding->before = file->last;
    if (file->last)
        file->last->next = finding;
    else
        file->first = finding;
    file->last = finding;
    struct finding_pile *pile = open_pile(findings, file, finding->key);
    finding->older = pile->latest;
    pile->latest = finding;
    pile->count++;
    if (!pile->best || finding->confidence > pile->best->confidence)
        pile->best = finding;
}

/* The first of the highest confidence among the latest of a pile. */
static const struct finding *
best_of(const struct finding_pile *pile)
{
    const struct finding *best = NULL;
    unsigned looked_at = 0;

    for (const struct finding *finding = pile->latest; finding && looked_at < TAKEN_BACK_AMONG; finding = finding->older, looked_at++)
        if (!best || finding->confidence >= best->confidence)
            best = finding;
    return best;
}

static void
take_back(struct finding_file *file, struct finding_pile *pile, struct finding *finding, struct finding **link)
{
    finding->is_taken_back = true;
    *link = finding->older;
    *(finding->before ? &finding->before->next : &file->first) = finding->next;
    *(finding->next ? &finding->next->before : &file->last) = finding->before;
    pile->count--;
    if (pile->best == finding)
        pile->best = best_of(pile);
}

void
findings_take_back(struct findings *findings, const struct sa *sa)
{
    static const uint8_t keys[] = { FINDING_REKEY, FINDING_SPI_CHURN, FINDING_FLAPPING, FINDING_STALE_SPI };
    struct finding_file *file = wmem_map_lookup(findings->by_tunnel, sa->flow->tunnel);

    for (size_t i = 0; file && i < sizeof keys / sizeof keys[0]; i++) {
        struct finding_pile *pile = pile_of(file, keys[i]);
        struct finding **link = pile ? &pile->latest : NULL;
        for (unsigned looked_at = 0; link && *link && looked_at < TAKEN_BACK_AMONG; looked_at++) {
            struct finding *finding = *link;
            bool is_about_it = finding->sa == sa || (keys[i] == FINDING_FLAPPING && finding->sa && finding->sa->flow == sa->flow);
            if (is_about_it && finding->other)
                take_back(file, pile, finding, link);
            else
                link = &finding->older;
        }
    }
}

void
findings_join(struct findings *findings, const struct tunnel *from, const struct tunnel *into)
{
    struct finding_file *file = wmem_map_remove(findings->by_tunnel, from), *joined = file ? file_of(findings, into) : NULL;
    struct finding *next;

    for (struct finding *finding = file ? file->first : NULL; finding; finding = next) {
        next = finding->next;
        finding->next = NULL;
        findings_file(findings, finding, into);
    }
    if (joined)
        joined->dropped += file->dropped;
}

void
findings_take_back_one(struct findings *findings, struct finding *finding)
{
    struct finding_file *file = wmem_map_lookup(findings->by_tunnel, finding->tunnel);
    struct finding_pile *pile = file ? pile_of(file, finding->key) : NULL;
    struct finding **link = pile ? &pile->latest : NULL;

    for (unsigned looked_at = 0; link && *link && looked_at < TAKEN_BACK_AMONG; looked_at++, link = &(*link)->older) {
        if (*link == finding) {
            take_back(file, pile, finding, link);
            return;
        }
    }
}

const struct finding_file *
findings_of(const struct findings *findings, const struct tunnel *tunnel)
{
    return wmem_map_lookup(findings->by_tunnel, tunnel);
}

void
finding_rests_on(struct finding *finding, uint32_t frame)
{
    if (frame == 0 || frame == finding->frame || finding->evidence_count >= EVIDENCE_AT_MOST)
        return;
    for (unsigned i = 0; i < finding->evidence_count; i++)
        if (finding->evidence[i] == frame)
            return;
    finding->evidence[finding->evidence_count++] = frame;
}

uint32_t
findings_count(const struct findings *findings)
{
    return wmem_array_get_count(findings->list);
}

uint64_t
findings_dropped(const struct findings *findings)
{
    return findings->dropped;
}

const struct finding *
findings_get(const struct findings *findings, uint32_t i)
{
    return *(struct finding **)wmem_array_index(findings->list, i);
}

static uint32_t
frame_of(const void *list, uint32_t i)
{
    return findings_get(list, i)->frame;
}

uint32_t
findings_on(const struct findings *findings, uint32_t frame, uint32_t *count)
{
    uint32_t all = findings_count(findings);
    bool is_behind = all == 0 || findings_get(findings, all - 1)->frame < frame;    /* as most frames that are read for the first time */
    uint32_t first = is_behind ? all : by_frame_first(findings, all, frame_of, frame), end = first;

    while (end < all && findings_get(findings, end)->frame == frame)
        end++;
    *count = end - first;
    return first;
}
