/* verdict.c
 * The first cause, in the order of the table of candidates, that the tunnel's findings support. A refusal over
 * the proposal of a rekey that brings a key exchange is no proposal mismatch where the first child SA
 * was accepted: that is what pfs_mismatch is about. Unexplained churn is said only where the
 * negotiation was read and agrees; where it was not, what is missing is said instead. Stable is said
 * only of a tunnel that was watched in both directions for at least min_sa_lifetime.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "verdict.h"

#include "coverage.h"

/* ---- the causes in words */

#define CHECKS_AT_MOST 6

/* The text of the finding that decides. */
static char *
summarise_finding(const struct words *words, const struct verdict *verdict)
{
    return finding_text(words, verdict->finding);
}

static char *
summarise_churn(const struct words *words, const struct verdict *verdict)
{
    if (verdict->confidence == CONFIDENCE_SUSPECTED)
        return wmem_strdup_printf(words->scope, "%u SAs were replaced early and nothing in the negotiation explains it; not all "
                "of both peers' lifetimes could be seen.", verdict->churned);
    return wmem_strdup_printf(words->scope, "%u SAs were replaced early although both peers' lifetimes and proxy IDs agree: a "
            "software fault, or something outside IKE, is likely.", verdict->churned);
}

static char *
summarise_lack(const struct words *words, const struct verdict *verdict)
{
    if (verdict->churned > 0)
        return wmem_strdup_printf(words->scope, "SPIs do not last (%u SAs were replaced early), and the capture does not show "
                "why.", verdict->churned);
    if (verdict->refused > 0)
        return wmem_strdup_printf(words->scope, "Child SAs (phase 2) were refused %u times; the reason is not readable.",
                verdict->refused);
    return wmem_strdup(words->scope, "Nothing wrong was seen, but too little to call the tunnel stable.");
}

static char *
summarise_stable(const struct words *words, const struct verdict *verdict)
{
    (void)verdict;
    return wmem_strdup(words->scope, "SPIs change only with their rekeys, both directions carry traffic, and no fault was seen.");
}

/* The commands that show SAs on the major firewalls. */
#define SHOW_SAS \
    "SPIs and lifetimes: Palo Alto: show vpn ipsec-sa; Cisco: show crypto ipsec sa; FortiGate: diagnose vpn tunnel list; " \
    "strongSwan: swanctl --list-sas"
#define SHOW_IKE \
    "IKE SAs: Palo Alto: show vpn ike-sa; Cisco: show crypto ikev2 sa detail, show crypto isakmp sa detail; FortiGate: " \
    "diagnose vpn ike gateway list; strongSwan: swanctl --list-sas"
#define SHOW_CONFIG \
    "Configuration: Palo Alto: show vpn tunnel; Cisco: show running-config crypto; FortiGate: show vpn ipsec " \
    "phase2-interface; strongSwan: swanctl --list-conns"

static const struct {
    const char *name;
    char *(*summarise)(const struct words *words, const struct verdict *verdict);
    const char *check[CHECKS_AT_MOST];
} causes[CAUSES] = {
    [CAUSE_AUTHENTICATION] = { "authentication", summarise_finding, {
        "Pre-shared key or certificate (trust chain, validity), local and remote identity (type and value)", SHOW_IKE,
        SHOW_CONFIG } },
    [CAUSE_PROPOSAL_MISMATCH] = { "proposal_mismatch", summarise_finding, {
        "Encryption, integrity, PRF and DH group of the phase that is named", SHOW_CONFIG } },
    [CAUSE_PROXY_ID_MISMATCH] = { "proxy_id_mismatch", summarise_finding, {
        "Proxy IDs (traffic selectors, crypto ACL): networks, protocol and ports, mirrored", SHOW_CONFIG, SHOW_SAS } },
    [CAUSE_PFS_MISMATCH] = { "pfs_mismatch", summarise_finding, {
        "PFS (DH group) of phase 2: the same on both peers, or off on both", SHOW_CONFIG } },
    [CAUSE_PHASE1_LIFETIME_MISMATCH] = { "phase1_lifetime_mismatch", summarise_finding, {
        "Phase 1 (IKE) lifetime: the same on both peers", SHOW_IKE, SHOW_CONFIG } },
    [CAUSE_PHASE2_LIFETIME_MISMATCH] = { "phase2_lifetime_mismatch", summarise_finding, {
        "Phase 2 (IPsec) lifetime in seconds and kilobytes: the same on both peers", SHOW_SAS, SHOW_CONFIG } },
    [CAUSE_PEER_UNREACHABLE] = { "peer_unreachable", summarise_finding, {
        "The path between the peers: UDP 500 and 4500, ESP (protocol 50), routing, a firewall between",
        "Whether the peer was down at the time (its own log and uptime)", SHOW_IKE } },
    [CAUSE_PEER_RESTART] = { "peer_restart", summarise_finding, {
        "Uptime, failover and crash logs of the peer that began anew", SHOW_IKE } },
    [CAUSE_ONE_WAY] = { "one_way", summarise_finding, {
        "Routing and policy behind the peer that stays silent, and its outbound SPI against this one's inbound SPI",
        "ESP (protocol 50) or UDP 4500 blocked in one direction", SHOW_SAS } },
    [CAUSE_REKEY_COLLISION] = { "rekey_collision", summarise_finding, {
        "Rekey times: let one peer rekey earlier, or randomise (rekey fuzz, jitter)", SHOW_SAS } },
    [CAUSE_VOLUME_REKEY] = { "volume_rekey", summarise_finding, {
        "Phase 2 lifetime in kilobytes: raise or switch off, the same on both peers", SHOW_SAS } },
    [CAUSE_UNEXPLAINED_CHURN] = { "unexplained_churn", summarise_churn, {
        "Who deletes the SAs, and why: idle timeout, tunnel monitoring, DPD, scripts, an administrator",
        "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers once more",
        "If all agree, a software fault is likely: open a case with this report", SHOW_SAS, SHOW_IKE } },
    [CAUSE_NOT_ENOUGH_DATA] = { "not_enough_data", summarise_lack, {
        "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers", SHOW_SAS, SHOW_IKE } },
    [CAUSE_STABLE] = { "stable", summarise_stable, { NULL } },
};

const char *
verdict_cause(const struct verdict *verdict)
{
    return causes[verdict->cause].name;
}

char *
verdict_summary(const struct words *words, const struct verdict *verdict)
{
    return causes[verdict->cause].summarise(words, verdict);
}

const char *
verdict_check(const struct verdict *verdict, unsigned i)
{
    return i < CHECKS_AT_MOST ? causes[verdict->cause].check[i] : NULL;
}

/* ---- what findings support */

/* What a verdict is about. */
struct subject {
    const struct tunnel *tunnel;
    const struct judge *judge;
    const struct finding_file *file; /* never NULL */
};

/* Refusals that the next try did not turn into a success. */
static uint32_t
lasting_refusals(const struct tunnel *tunnel, const struct finding_file *file)
{
    uint32_t count = file->count[FINDING_CHILD_REFUSED];

    return count > tunnel->tried_again ? count - tunnel->tried_again : 0;
}

/* Whether anything above a note was found. */
static bool
has_trouble(const struct tunnel *tunnel, const struct finding_file *file)
{
    for (unsigned key = 0; key < FINDING_KEYS; key++)
        if (key != FINDING_CHILD_REFUSED && file->count[key] > 0 && finding_kind((uint8_t)key)->severity > SEVERITY_NOTE)
            return true;
    return lasting_refusals(tunnel, file) > 0;
}

static void
add_evidence(struct verdict *verdict, uint32_t frame)
{
    unsigned at = verdict->evidence_count;

    for (unsigned i = 0; i < verdict->evidence_count; i++)
        if (verdict->evidence[i] == frame)
            return;
    if (frame == 0 || verdict->evidence_count == VERDICT_EVIDENCE_AT_MOST)
        return;
    verdict->evidence_count++;
    for (; at > 0 && verdict->evidence[at - 1] > frame; at--)
        verdict->evidence[at] = verdict->evidence[at - 1];
    verdict->evidence[at] = frame;
}

static void
decide(struct verdict *verdict, enum cause cause, const struct finding *finding)
{
    verdict->cause = (uint8_t)cause;
    verdict->confidence = finding->confidence;
    verdict->finding = finding;
    add_evidence(verdict, finding->frame);
    for (unsigned i = 0; i < finding->evidence_count; i++)
        add_evidence(verdict, finding->evidence[i]);
}

/* Each decides by a finding of the candidate's key if there is one, and if it supports the cause. */

struct candidate;
typedef bool decide_function(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate);

struct candidate {
    enum cause cause;
    enum finding_key key;           /* of the findings that it goes by */
    decide_function *decide;
};

static bool
by_finding(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    if (subject->file->count[candidate->key] == 0)
        return false;
    decide(verdict, candidate->cause, subject->file->best[candidate->key]);
    return true;
}

/* A NO_PROPOSAL_CHOSEN that a PFS mismatch does not explain. */
static bool
by_proposal(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    bool pfs = subject->file->count[FINDING_PFS_MISMATCH] > 0;
    const struct finding *finding = pfs ? memory_read(subject->judge->memory, subject->tunnel)->first_no_proposal
        : subject->file->best[candidate->key];

    if (!finding)
        return false;
    decide(verdict, candidate->cause, finding);
    return true;
}

/* A peer's own timer that ends SAs early: in IKEv2 that is all that shows of a lifetime. */
static bool
by_timer(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    if (!by_finding(verdict, subject, candidate))
        return false;
    if (verdict->finding->ike_sa->version >= 2)
        verdict->confidence = CONFIDENCE_SUSPECTED;
    return true;
}

/* SPIs are unstable, and nothing so far says why. */
static bool
by_churn(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    if (!by_finding(verdict, subject, candidate))
        return false;
    if (verdict->missing & (MISSING_KEYS | MISSING_NEGOTIATION)) {
        verdict->cause = CAUSE_NOT_ENOUGH_DATA;
        verdict->confidence = CONFIDENCE_INFERRED;
        return true;
    }
    /* Lifetimes agree only if both peers' were seen, and IKEv2 sends none. */
    bool ikev2 = subject->tunnel->ike_sas->version >= 2;
    bool agree = !ikev2 && coverage_both_offers(subject->tunnel, subject->judge);
    if (ikev2)
        verdict->missing |= MISSING_LIFETIMES;
    verdict->confidence = agree ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
    return true;
}

static bool
by_refusal(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    if (verdict->refused == 0 || !by_finding(verdict, subject, candidate))
        return false;
    verdict->confidence = CONFIDENCE_INFERRED;
    return true;
}

/* Nothing is wrong, as far as can be seen: by no finding. */
static bool
by_absence(struct verdict *verdict, const struct subject *subject, const struct candidate *candidate)
{
    bool enough = !(verdict->missing & (MISSING_DIRECTION | MISSING_TIME)) && !has_trouble(subject->tunnel, subject->file);

    verdict->cause = (uint8_t)(enough ? candidate->cause : CAUSE_NOT_ENOUGH_DATA);
    verdict->confidence = CONFIDENCE_INFERRED;
    return true;
}

/* ---- the verdict */

/* In the order in which they are considered. */
static const struct candidate candidates[] = {
    { CAUSE_AUTHENTICATION, FINDING_AUTH_FAILED, by_finding },
    { CAUSE_PROPOSAL_MISMATCH, FINDING_NO_PROPOSAL, by_proposal },
    { CAUSE_PROXY_ID_MISMATCH, FINDING_PROXY_ID_MISMATCH, by_finding },
    { CAUSE_PFS_MISMATCH, FINDING_PFS_MISMATCH, by_finding },
    { CAUSE_PHASE1_LIFETIME_MISMATCH, FINDING_PHASE1_LIFETIME_MISMATCH, by_finding },
    { CAUSE_PHASE2_LIFETIME_MISMATCH, FINDING_PHASE2_LIFETIME_MISMATCH, by_finding },
    { CAUSE_PEER_UNREACHABLE, FINDING_DPD_FAILURE, by_finding },
    { CAUSE_PEER_UNREACHABLE, FINDING_IKE_NO_RESPONSE, by_finding },
    { CAUSE_PEER_RESTART, FINDING_PEER_RESTART, by_finding },
    { CAUSE_ONE_WAY, FINDING_ONE_WAY, by_finding },
    { CAUSE_REKEY_COLLISION, FINDING_SYNCHRONISED_TIMERS, by_finding },
    { CAUSE_VOLUME_REKEY, FINDING_VOLUME_REKEY, by_finding },
    { CAUSE_PHASE2_LIFETIME_MISMATCH, FINDING_EARLY_REKEY, by_timer },
    { CAUSE_UNEXPLAINED_CHURN, FINDING_FLAPPING, by_churn },
    { CAUSE_UNEXPLAINED_CHURN, FINDING_SPI_CHURN, by_churn },
    { CAUSE_NOT_ENOUGH_DATA, FINDING_CHILD_REFUSED, by_refusal },
    { CAUSE_STABLE, FINDING_KEYS, by_absence },
};

struct verdict
verdict_of(const struct tunnel *tunnel, const struct judge *judge)
{
    static const struct finding_file nothing;
    const struct finding_file *file = findings_of(judge->findings, tunnel);
    struct subject subject = { tunnel, judge, file ? file : &nothing };
    struct verdict verdict = { 0 };

    verdict.missing = coverage_missing(tunnel, judge);
    verdict.churned = subject.file->count[FINDING_SPI_CHURN];
    verdict.refused = lasting_refusals(tunnel, subject.file);
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
        if (candidates[i].decide(&verdict, &subject, &candidates[i]))
            break;
    return verdict;
}
