/* verdict.c
 * A tunnel's verdict: the state that its users felt (state.c), and the cause that explains it. Each trouble of that state is put
 * before the causes, in the order of the table below; the cause that explains most of them is the verdict's, the last ones before
 * the early ones. What else was found stands beside it, and what was overcome is history.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "verdict.h"

#include <string.h>

#include "../clock.h"
#include "../words/vendors.h"
#include "cause.h"
#include "coverage.h"

/* Troubles that are explained, back from the latest. */
#define TROUBLES_AT_MOST 16

/* ---- the causes: their order where several fit, their names and words */

/* How the summary says it: the text and the meaning of the finding that shows it, or else a sentence. What to check is what that
 * finding's rule says, or of a cause without one what stands here; after that come the commands that show more. */
struct cause_words {
    const char *name;
    const char *because;            /* the cause in words; NULL: the finding's */
    uint8_t finding;                /* enum finding_key: of its own; asked where there are no words here */
    const char *check[CHECKS_AT_MOST];
    const char *show[CHECKS_AT_MOST];
};

#define SAS VENDORS_SHOW_SAS
#define IKE VENDORS_SHOW_IKE
#define CONFIG VENDORS_SHOW_CONFIG
#define LOG VENDORS_SHOW_LOG

static const struct cause_words causes[CAUSES] = {
    [CAUSE_AUTHENTICATION] = { "authentication", NULL, FINDING_AUTH_FAILED, { NULL }, { IKE, CONFIG } },
    [CAUSE_PROPOSAL_MISMATCH] = { "proposal_mismatch", NULL, FINDING_NO_PROPOSAL, { NULL }, { CONFIG } },
    [CAUSE_PROXY_ID_MISMATCH] = { "proxy_id_mismatch", NULL, FINDING_PROXY_ID_MISMATCH, { NULL }, { CONFIG, SAS } },
    [CAUSE_PFS_MISMATCH] = { "pfs_mismatch", NULL, FINDING_PFS_MISMATCH, { NULL }, { CONFIG } },
    [CAUSE_PHASE1_LIFETIME_MISMATCH] = { "phase1_lifetime_mismatch", NULL, FINDING_PHASE1_LIFETIME_MISMATCH, { NULL }, { IKE, CONFIG } },
    [CAUSE_PHASE2_LIFETIME_MISMATCH] = { "phase2_lifetime_mismatch", NULL, FINDING_PHASE2_LIFETIME_MISMATCH, { NULL }, { SAS, CONFIG } },
    [CAUSE_LIFETIME_EXPIRED] = { "lifetime_expired", "its SAs end at the same age each time, and nobody rekeys them before", 0, {
        "Who is to rekey: neither peer does if both only respond, have it off, or begin after the lifetime's end", VENDORS_REKEY_OFF },
        { SAS, CONFIG } },
    [CAUSE_LIFETIME_TOO_SHORT] = { "lifetime_too_short", "both peers agree on a lifetime that is far too short, and keep it", 0, {
        "Phase 1 and phase 2 lifetimes: a day and an hour are usual" }, { SAS, CONFIG } },
    [CAUSE_IDLE_TIMEOUT] = { "idle_timeout", "a peer deletes the SAs the same time after their last packet", 0, {
        "Idle timeout of that peer: longer, or off, or traffic that keeps the tunnel up", VENDORS_IDLE }, { CONFIG } },
    [CAUSE_EARLY_REAUTH] = { "early_reauth", "a peer re-authenticates, or sets up anew what works, again and again", 0, {
        "Re-authentication time and phase 1 lifetime of that peer", VENDORS_REAUTH }, { IKE, CONFIG } },
    [CAUSE_IDENTITY_CONFLICT] = { "identity_conflict", NULL, FINDING_IDENTITY_CONFLICT, { NULL }, { IKE } },
    [CAUSE_DELETED_BY_PEER] = { "deleted_by_peer", "a peer deletes what works, for a reason that is not in the packets", FINDING_DELETED,
        { NULL }, { IKE } },
    [CAUSE_REFUSED] = { "refused", NULL, FINDING_CHILD_REFUSED, { NULL }, { CONFIG } },
    [CAUSE_SETUP_ABANDONED] = { "setup_abandoned", NULL, FINDING_SETUP_ABANDONED, { NULL }, { IKE } },
    [CAUSE_COOKIE_LOOP] = { "cookie_loop", NULL, FINDING_COOKIE_LOOP, { NULL }, { IKE } },
    [CAUSE_FRAGMENTS_LOST] = { "fragments_lost", NULL, FINDING_FRAGMENTS_LOST, { NULL }, { IKE } },
    [CAUSE_IKE_UNANSWERED] = { "ike_unanswered", "a peer is alive, but does not answer these requests", 0, {
        "IKE on the peer that does not answer: its load, its connections, message IDs that are out of step after a collision",
        "UDP 500 and 4500, and fragments of large messages, towards that peer and back" }, { IKE, LOG } },
    [CAUSE_PEER_UNREACHABLE] = { "peer_unreachable", "a peer answers nothing, and nothing of it arrives meanwhile", 0, {
        "The path between the peers: UDP 500 and 4500, ESP (protocol 50), routing, a firewall between",
        "Whether that peer was down at the time: its log and uptime" }, { IKE } },
    [CAUSE_PORT_UNREACHABLE] = { "port_unreachable", NULL, FINDING_ICMP_UNREACHABLE, { NULL }, { IKE } },
    [CAUSE_PEER_RESTART] = { "peer_restart", NULL, FINDING_PEER_RESTART, { NULL }, { IKE } },
    [CAUSE_SPI_UNKNOWN] = { "spi_unknown", NULL, FINDING_STALE_SPI, { NULL }, { SAS } },
    [CAUSE_SEQUENCE_FALLBACK] = { "sequence_fallback", NULL, FINDING_SEQUENCE_RESTART, { NULL }, { SAS } },
    [CAUSE_REPLAY_DROPS] = { "replay_drops", NULL, FINDING_REPLAY_WINDOW, { NULL }, { SAS } },
    [CAUSE_PATH_MTU] = { "path_mtu", NULL, FINDING_PATH_MTU, { NULL }, { CONFIG } },
    [CAUSE_NAT_MAPPING] = { "nat_mapping", NULL, FINDING_NAT_MAPPING, { NULL }, { SAS } },
    [CAUSE_LOSS] = { "loss", NULL, FINDING_LOSS, { NULL }, { SAS } },
    [CAUSE_ONE_WAY] = { "one_way", "a peer sends no traffic that arrives here, and the packets do not show why", FINDING_ONE_WAY, { NULL }, { SAS } },
    [CAUSE_REKEY_COLLISION] = { "rekey_collision", NULL, FINDING_REKEY_COLLISION, { NULL }, { SAS } },
    [CAUSE_REKEY_RACE] = { "rekey_race", "the silence begins with a rekey: one peer does not use the new SA", 0, {
        "Which SA each peer sends on, against the inbound one of the other; whether the old SA is deleted before the new one is in use",
        "How long old SAs are kept: strongSwan: delete_rekeyed_delay" }, { SAS } },
    [CAUSE_VOLUME_REKEY] = { "volume_rekey", NULL, FINDING_VOLUME_REKEY, { NULL }, { SAS } },
    [CAUSE_EARLY_REKEY] = { "early_rekey", NULL, FINDING_EARLY_REKEY, { NULL }, { SAS, CONFIG } },
    [CAUSE_UNEXPLAINED_CHURN] = { "unexplained_churn",
        "nobody deletes them, and lifetimes and proxy IDs agree as far as they were seen: a software fault is likely", FINDING_FLAPPING,
        { NULL }, { SAS, IKE } },
    [CAUSE_UNKNOWN] = { "unknown", "the packets do not show why", 0, {
        "The logs of both gateways at these moments", "Phase 1 and phase 2 lifetimes, and proxy IDs: whether both peers have the same" },
        { SAS, IKE, LOG } },
    [CAUSE_NONE] = { "none", NULL, 0, { NULL }, { NULL } },
};

/* Of causes that say what their finding says, where that was not to be read. */
static const char *const unread[CAUSES] = {
    [CAUSE_REKEY_COLLISION] = "both peers asked for new SAs at once, and nothing is left of these",
};

/* In the order in which they are asked. Some rest on what is not there: that nobody answered, asked or sent, in a time, or gave a reason. Where the
 * capture lacks much of the tunnel, they explain nothing. */
static const struct {
    explain_function *explain;
    enum cause cause;
    bool by_absence;
} order[] = {
    { explain_cut, CAUSE_PEER_UNREACHABLE, false },
    { explain_cut_for_esp, CAUSE_LOSS, false },
    { explain_authentication, CAUSE_AUTHENTICATION, false },
    { explain_pfs, CAUSE_PFS_MISMATCH, false },
    { explain_proposal, CAUSE_PROPOSAL_MISMATCH, false },
    { explain_proxy_id, CAUSE_PROXY_ID_MISMATCH, false },
    { explain_refused, CAUSE_REFUSED, false },
    { explain_authentication_unread, CAUSE_AUTHENTICATION, false },
    { explain_cookie_loop, CAUSE_COOKIE_LOOP, true },
    { explain_fragments_lost, CAUSE_FRAGMENTS_LOST, true },
    { explain_setup_abandoned, CAUSE_SETUP_ABANDONED, true },
    { explain_identity_conflict, CAUSE_IDENTITY_CONFLICT, false },
    { explain_restart, CAUSE_PEER_RESTART, true },
    { explain_nothing_listens, CAUSE_PORT_UNREACHABLE, false },
    { explain_no_way, CAUSE_PEER_UNREACHABLE, false },
    { explain_unanswered, CAUSE_IKE_UNANSWERED, true },
    { explain_nat_mapping, CAUSE_NAT_MAPPING, false },
    { explain_unreachable, CAUSE_PEER_UNREACHABLE, true },
    { explain_rekey_collision, CAUSE_REKEY_COLLISION, false },
    { explain_rekey_race, CAUSE_REKEY_RACE, true },
    { explain_sequence_fallback, CAUSE_SEQUENCE_FALLBACK, false },
    { explain_phase1_lifetime, CAUSE_PHASE1_LIFETIME_MISMATCH, false },
    { explain_phase2_lifetime, CAUSE_PHASE2_LIFETIME_MISMATCH, false },
    { explain_spi_unknown, CAUSE_SPI_UNKNOWN, false },
    { explain_lifetime_expired, CAUSE_LIFETIME_EXPIRED, true },
    { explain_volume_reached, CAUSE_VOLUME_REKEY, false },
    { explain_deleted_by_peer, CAUSE_DELETED_BY_PEER, true },
    { explain_path_mtu, CAUSE_PATH_MTU, false },
    { explain_replay_drops, CAUSE_REPLAY_DROPS, false },
    { explain_loss, CAUSE_LOSS, true },
    { explain_one_way, CAUSE_ONE_WAY, true },
    { explain_idle_timeout, CAUSE_IDLE_TIMEOUT, true },
    { explain_collisions, CAUSE_REKEY_COLLISION, false },
    { explain_phase2_rekeys, CAUSE_PHASE2_LIFETIME_MISMATCH, false },
    { explain_lifetime_too_short, CAUSE_LIFETIME_TOO_SHORT, false },
    { explain_deletes_in_turn, CAUSE_DELETED_BY_PEER, true },
    { explain_early_reauth, CAUSE_EARLY_REAUTH, false },
    { explain_volume_rekey, CAUSE_VOLUME_REKEY, false },
    { explain_early_rekey, CAUSE_EARLY_REKEY, false },
    { explain_churn, CAUSE_UNEXPLAINED_CHURN, true },
};

/* ---- the verdict */

struct answer {
    enum cause cause;
    struct claim claim;
};

/* Whether the claim rests on what was overcome before the tunnel last began to work: that is history, and no trouble is left for it to explain. */
static bool
is_over(const struct view *view, const struct trouble *trouble, const struct claim *claim)
{
    return trouble->kind == TROUBLE_NONE && claim->finding && view_is_overcome(view, claim->finding);
}

static struct answer
explain(const struct view *view, const struct trouble *trouble)
{
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct answer answer = { .cause = order[i].cause, .claim = { .by = PEER_NOT_SEEN } };
        if (view->is_partial && order[i].by_absence)
            continue;
        if (order[i].explain(view, trouble, &answer.claim) && !is_over(view, trouble, &answer.claim))
            return answer;
    }
    return (struct answer){ .cause = CAUSE_UNKNOWN, .claim = { .by = PEER_NOT_SEEN } };
}

/* The cause with the most weight, where each trouble weighs more than the one before it. */
static enum cause
heaviest(const struct answer *answers, unsigned count)
{
    unsigned weights[CAUSES] = { 0 };
    enum cause found = CAUSE_UNKNOWN;

    for (unsigned i = 0; i < count; i++)
        weights[answers[i].cause] += i + 1;
    weights[CAUSE_UNKNOWN] = 0;     /* what is not explained outweighs nothing */
    for (unsigned cause = 0; cause < CAUSES; cause++)
        if (weights[cause] > weights[found])
            found = (enum cause)cause;
    return found;
}

static void
add_evidence(struct verdict *verdict, const struct claim *claim)
{
    struct claim kept = { .evidence_count = verdict->evidence_count };

    memcpy(kept.evidence, verdict->evidence, sizeof kept.evidence);
    for (unsigned i = 0; i < claim->evidence_count; i++)
        claim_rests_on(&kept, claim->evidence[i]);
    verdict->evidence_count = kept.evidence_count;
    memcpy(verdict->evidence, kept.evidence, sizeof kept.evidence);
}

/* Takes the cause of the troubles: its latest claim speaks for it, and the frames of all are its evidence. */
static void
decide(struct verdict *verdict, const struct answer *answers, unsigned count)
{
    verdict->cause = (uint8_t)heaviest(answers, count);
    for (unsigned i = count; i-- > 0;) {
        if (answers[i].cause != verdict->cause)
            continue;
        if (verdict->times++ == 0) {
            verdict->confidence = answers[i].claim.confidence;
            verdict->by = answers[i].claim.by;
            verdict->finding = answers[i].claim.finding;
            verdict->age = answers[i].claim.age;
        }
        if (verdict->by + answers[i].claim.by == 1 && verdict->by != PEER_NOT_SEEN && answers[i].claim.by != PEER_NOT_SEEN)
            verdict->by = PEER_BOTH;    /* by turns */
        add_evidence(verdict, &answers[i].claim);
    }
}

/* What stands beside the verdict: findings above a note that are neither its own nor only its effect. */
static void
find_others(struct verdict *verdict, const struct view *view)
{
    for (unsigned key = 0; key < FINDING_KEYS; key++) {
        const struct finding *latest = view_latest_above_note(view, key);
        if (!latest || key == FINDING_OUTAGE)
            continue;
        if (verdict->finding && verdict->finding->key == key)
            continue;
        verdict->also |= UINT64_C(1) << key;
        if (view_is_overcome(view, latest))
            verdict->history |= UINT64_C(1) << key;
    }
}

static bool
works(const struct verdict *verdict)
{
    return verdict->state == STATE_STABLE || verdict->state == STATE_IDLE;
}

/* A tunnel that works has no cause, unless something stands beside it: lifetimes that differ are named, as they say why SAs come and go
 * as they do; the rest is not explained. */
static void
look_beside(struct verdict *verdict, const struct view *view)
{
    static const struct {
        uint8_t key;
        uint8_t cause;
    } lifetimes[] = {
        { FINDING_PHASE2_LIFETIME_MISMATCH, CAUSE_PHASE2_LIFETIME_MISMATCH },
        { FINDING_PHASE1_LIFETIME_MISMATCH, CAUSE_PHASE1_LIFETIME_MISMATCH },
    };
    uint64_t beside = verdict->also & ~verdict->history;

    if (!beside)
        verdict->cause = CAUSE_NONE;
    for (size_t i = 0; i < sizeof lifetimes / sizeof lifetimes[0]; i++) {
        uint64_t bit = UINT64_C(1) << lifetimes[i].key;
        struct claim claim = { .by = PEER_NOT_SEEN };
        if (!(beside & bit))
            continue;
        claim_finding(&claim, finding_file_latest(view->file, lifetimes[i].key));
        verdict->cause = lifetimes[i].cause;
        verdict->confidence = claim.confidence;
        verdict->finding = claim.finding;
        verdict->also &= ~bit;
        add_evidence(verdict, &claim);
        return;
    }
}

/* Keys and longer captures are asked for only where they would say more. */
static uint8_t
what_would_help(const struct view *view, const struct verdict *verdict)
{
    uint8_t missing = coverage_missing(view->tunnel, view->judge);

    if (verdict->state == STATE_STABLE || (verdict->cause != CAUSE_UNKNOWN && verdict->confidence == CONFIDENCE_PROVEN))
        return 0;
    if (verdict->state != STATE_UNKNOWN)
        missing &= (uint8_t)~MISSING_TIME;
    if (!coverage_is_encrypted(view->tunnel))
        missing &= (uint8_t)~MISSING_KEYS;
    /* a tunnel that never came up carries nothing, wherever one looks */
    if (view->tunnel->ike_sas && !view->tunnel->ike_sas->established && view->tunnel->flow[0].packets + view->tunnel->flow[1].packets == 0)
        missing &= (uint8_t)~MISSING_DIRECTION;
    return missing;
}

static void
sum_up_outages(struct verdict *verdict, const struct view *view)
{
    nstime_t sum = NSTIME_INIT_ZERO;

    for (const struct outage *outage = view->tunnel->service.first; outage; outage = outage->next) {
        nstime_t span = clock_elapsed(&outage->begin, &outage->end);
        nstime_add(&sum, &span);
    }
    verdict->outages = view->outages;
    verdict->down = sum;
    verdict->is_out = view->end.is_out;
    verdict->was_up = view->was_up;
}

struct verdict
verdict_of(const struct tunnel *tunnel, const struct judge *judge)
{
    struct view view = view_of(tunnel, judge);
    struct verdict verdict = { .state = (uint8_t)state_of(&view), .by = PEER_NOT_SEEN, .confidence = CONFIDENCE_INFERRED };
    struct trouble troubles[TROUBLES_AT_MOST];
    struct answer answers[TROUBLES_AT_MOST];
    unsigned count = state_troubles(&view, verdict.state, troubles, TROUBLES_AT_MOST);

    for (unsigned i = 0; i < count; i++)
        answers[i] = explain(&view, &troubles[i]);
    decide(&verdict, answers, count);
    find_others(&verdict, &view);
    if (verdict.cause == CAUSE_UNKNOWN && works(&verdict))
        look_beside(&verdict, &view);
    if (verdict.cause == CAUSE_UNKNOWN || verdict.cause == CAUSE_NONE)
        verdict.confidence = CONFIDENCE_INFERRED;
    sum_up_outages(&verdict, &view);
    verdict.churned = finding_file_count(view.file, FINDING_SPI_CHURN);
    verdict.missing = what_would_help(&view, &verdict);
    return verdict;
}

/* The cause of one outage alone, as its row in tables and JSON has it. */
enum cause
verdict_of_outage(const struct tunnel *tunnel, const struct judge *judge, const struct outage *outage, uint8_t *confidence)
{
    struct view view = view_of(tunnel, judge);
    const struct outage *before = NULL;

    for (const struct outage *other = tunnel->service.first; other && other != outage && other->id < outage->id; other = other->next)
        before = other;
    struct trouble trouble = state_trouble_of(before, outage);
    struct answer answer = explain(&view, &trouble);
    *confidence = answer.claim.confidence;
    return answer.cause;
}

/* ---- words */

const char *
verdict_cause_name(enum cause cause)
{
    return causes[cause].name;
}

const char *
verdict_cause(const struct verdict *verdict)
{
    return causes[verdict->cause].name;
}

/* Whether a finding says more of the way than the cause's own words. */
static bool
speaks_for_way(const struct finding *finding)
{
    return finding->key == FINDING_ICMP_UNREACHABLE || finding->key == FINDING_LOST_ON_THE_WAY;
}

/* What its rule says of the finding that shows the cause; of a cause in words of its own, only if that finding is its own. */
static const char *
cause_check(const struct verdict *verdict, unsigned i)
{
    const struct cause_words *cause = &causes[verdict->cause];
    const struct finding *finding = verdict->finding;

    if (finding && (!cause->because || finding->key == cause->finding || speaks_for_way(finding)))
        return finding_check(finding, i);
    return cause->check[0] ? cause->check[i] : finding_kind_check(cause->finding, i);
}

const char *
verdict_check(const struct verdict *verdict, unsigned i)
{
    unsigned checks = 0;

    while (checks < CHECKS_AT_MOST && cause_check(verdict, checks))
        checks++;
    if (i < checks)
        return cause_check(verdict, i);
    return i - checks < CHECKS_AT_MOST ? causes[verdict->cause].show[i - checks] : NULL;
}

static char *
times_down(const struct words *words, const struct verdict *verdict)
{
    if (verdict->outages == 0)
        return wmem_strdup(words->scope, verdict->state == STATE_INTERRUPTED ? "It had to be set up anew once"
            : "It had to be set up anew again and again");
    if (verdict->outages == 1)
        return wmem_strdup_printf(words->scope, verdict->is_out ? "It went down and did not come back" : "It was down once, for %s",
                words_duration(words, &verdict->down));
    return wmem_strdup_printf(words->scope, "It was down %s, for %s in all%s", words_times(words, verdict->outages), words_duration(words, &verdict->down),
            verdict->is_out ? ", and did not come back" : "");
}

static char *
state_text(const struct words *words, const struct verdict *verdict)
{
    switch (verdict->state) {
    case STATE_DOWN:
        return verdict->outages > 0 ? times_down(words, verdict)
                : wmem_strdup(words->scope, verdict->was_up ? "It is set up again and again, and not used" : "It never came up");
    case STATE_FLAPPING:
    case STATE_INTERRUPTED:
        return times_down(words, verdict);
    case STATE_ONE_WAY:
        return wmem_strdup(words->scope, "One direction carries nothing");
    case STATE_DEGRADED:
        if (verdict->finding && verdict->finding->key == FINDING_PAIR_DEAD)
            return wmem_strdup(words->scope, "It is up, but one of its pairs of SAs is dead");
        return wmem_strdup(words->scope, "It is up, but not all is well");
    case STATE_CHURNING:
        if (verdict->churned == 0)
            return wmem_strdup(words->scope, "Unstable: its SPIs change too often, but nothing went down");
        return wmem_strdup_printf(words->scope, "Unstable: %s replaced early, but nothing went down",
                words_count(words, verdict->churned, "SA was", "SAs were"));
    case STATE_IDLE:
        return wmem_strdup(words->scope, "It is set up and alive, and nobody sends");
    case STATE_STABLE:
        return wmem_strdup(words->scope, "Both directions carry traffic, and nothing went down");
    default:
        return wmem_strdup(words->scope, "Too little was seen to say how the tunnel is");
    }
}

/* Causes whose rhythm is the point. */
static bool
names_age(unsigned cause)
{
    return cause == CAUSE_LIFETIME_EXPIRED || cause == CAUSE_DELETED_BY_PEER || cause == CAUSE_IDLE_TIMEOUT || cause == CAUSE_EARLY_REAUTH
            || cause == CAUSE_LIFETIME_TOO_SHORT;
}

/* The cause in words, as a sentence's begin: who acts in the place of "a peer", or behind it. */
static char *
cause_text(const struct words *words, const struct tunnel *tunnel, const struct verdict *verdict)
{
    static const char a_peer[] = "a peer ";
    const struct cause_words *cause = &causes[verdict->cause];
    const char *because = cause->because ? cause->because : unread[verdict->cause] ? unread[verdict->cause] : cause->name;
    const char *does = g_str_has_prefix(because, a_peer) ? because + strlen(a_peer) : NULL;
    char *text;

    if (verdict->by == 0 || verdict->by == 1) {
        const char *letter = words_letter(verdict->by, ""), *peer = words_endpoint(words, &tunnel->flow[verdict->by].source);
        text = does ? wmem_strdup_printf(words->scope, "%s (%s) %s", letter, peer, does)
            : wmem_strdup_printf(words->scope, "%s (%s, %s)", because, letter, peer);
    } else if (verdict->by == PEER_BOTH) {
        text = does ? wmem_strdup_printf(words->scope, "each peer %s", does) : wmem_strdup_printf(words->scope, "%s (both peers)", because);
    } else {
        text = wmem_strdup(words->scope, because);
    }
    text[0] = g_ascii_toupper(text[0]);
    return text;
}

char *
verdict_summary(const struct words *words, const struct tunnel *tunnel, const struct verdict *verdict)
{
    const struct cause_words *cause = &causes[verdict->cause];
    char *state = state_text(words, verdict);
    const char *age = "";

    if (verdict->cause == CAUSE_NONE || (verdict->cause == CAUSE_UNKNOWN && verdict->state == STATE_UNKNOWN))
        return wmem_strdup_printf(words->scope, "%s.", state);
    if (verdict->cause == CAUSE_UNKNOWN && works(verdict))
        return wmem_strdup_printf(words->scope, "%s. See also what else was found.", state);
    if (verdict->finding && (!cause->because || speaks_for_way(verdict->finding)))
        return wmem_strdup_printf(words->scope, "%s. %s. %s", state, finding_text(words, verdict->finding),
                finding_meaning(verdict->finding->key));
    if (verdict->age.secs > 0 && names_age(verdict->cause))
        age = wmem_strdup_printf(words->scope, "%s after %s", verdict->outages == 1 ? "," : "; the last time", words_duration(words, &verdict->age));
    return wmem_strdup_printf(words->scope, "%s. %s%s.", state, cause_text(words, tunnel, verdict), age);
}
