/* lifetime.c
 * phase1_lifetime_mismatch, phase2_lifetime_mismatch: the peers offer different lifetimes. An IKEv1
 * responder usually echoes the initiator's value, so what counts is what each peer offers when it is
 * the one that starts, per tunnel and, in phase 2, for the same selectors; and RESPONDER-LIFETIME (RFC
 * 2407 section 4.6.3.1). Several lifetimes in one offer are alternatives: two offers differ only if
 * they have none in common. Seconds and kilobytes are compared each for itself, where both peers name
 * them. IKEv2 never sends lifetimes.
 *
 * An offer is also compared with the lifetimes that the preferences expect: of this pair of gateways, or else of all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../track/selectors.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"

/* Exchanges of an IKE SA among which the one that an announcement is about is looked for. */
#define LOOKED_AT_MOST 64

enum unit { UNIT_SECONDS, UNIT_KILOBYTES };

struct mismatch {
    uint64_t offered;
    uint64_t against;               /* the other peer's offer or announcement, or what is expected */
    enum unit unit;                 /* of both */
    bool announced;                 /* by RESPONDER-LIFETIME */
};

static uint64_t
in_unit(const struct lifetime *lifetime, enum unit unit)
{
    return unit == UNIT_SECONDS ? lifetime->seconds : lifetime->kilobytes;
}

/* Whether both name the unit and share no value in it; a and b get the first of each. One that was not read whole may
 * name any value. */
static bool
differ_in(const struct lifetimes *one, const struct lifetimes *other, enum unit unit, uint64_t *a, uint64_t *b)
{
    *a = *b = 0;
    if (one->incomplete || other->incomplete)
        return false;
    for (unsigned i = 0; i < one->count; i++) {
        uint64_t value = in_unit(&one->item[i], unit);
        if (value == 0)
            continue;
        *a = *a ? *a : value;
        for (unsigned j = 0; j < other->count; j++)
            if (in_unit(&other->item[j], unit) == value)
                return false;
    }
    for (unsigned j = 0; j < other->count && *b == 0; j++)
        *b = in_unit(&other->item[j], unit);
    return *a != 0 && *b != 0;
}

static bool
differ(const struct lifetimes *one, const struct lifetimes *other, enum unit *unit, uint64_t *a, uint64_t *b)
{
    *unit = UNIT_SECONDS;
    if (differ_in(one, other, UNIT_SECONDS, a, b))
        return true;
    *unit = UNIT_KILOBYTES;
    return differ_in(one, other, UNIT_KILOBYTES, a, b);
}

static unsigned
phase_of(const struct exchange *exchange)
{
    return exchange->type == IKE1_QUICK_MODE ? 1 : 0;
}

static unsigned
peer_of(const struct exchange *exchange)
{
    return flow_peer(exchange->flow);
}

static struct finding *
say(struct judge *judge, const struct exchange *exchange, unsigned phase, enum unit unit, uint64_t a, uint64_t b)
{
    enum finding_key key = phase == 0 ? FINDING_PHASE1_LIFETIME_MISMATCH : FINDING_PHASE2_LIFETIME_MISMATCH;
    struct finding *finding = judge_exchange(judge, key, CONFIDENCE_PROVEN, exchange, sizeof(struct mismatch));

    if (finding) {
        struct mismatch *mismatch = finding->detail;
        mismatch->offered = a;
        mismatch->against = b;
        mismatch->unit = unit;
    }
    return finding;
}

/* The other peer's offer for the same, mirrored selectors whose lifetime differs. */
static void
compare_offers(struct judge *judge, const struct exchange *exchange)
{
    struct tunnel_memory *memory = memory_of(judge->memory, exchange->flow->tunnel);
    unsigned phase = phase_of(exchange);
    const struct offers *theirs = &memory->offers[phase][1 - peer_of(exchange)];
    enum unit unit;
    uint64_t a, b;

    if (memory->lifetime_said[phase])
        return;
    for (unsigned i = 0; i < theirs->count && i < OFFERS_AT_MOST; i++) {
        const struct exchange *other = theirs->exchange[i];
        if (phase_of(other) != phase || other->ike_sa->version >= 2
                || !selectors_equal(exchange->request->tsi, other->request->tsr)
                || !selectors_equal(exchange->request->tsr, other->request->tsi)
                || !differ(exchange->request->lifetimes, other->request->lifetimes, &unit, &a, &b))
            continue;
        memory->lifetime_said[phase] = true;
        struct finding *finding = say(judge, exchange, phase, unit, a, b);
        if (finding) {
            finding->other_exchange = other;
            finding_rests_on(finding, other->request_frame);
        }
        return;
    }
}

/* Seconds; 0: not given. */
static uint32_t
expected_lifetime(const struct judge_limits *limits, const struct tunnel *tunnel, unsigned phase)
{
    const struct gateway_pair *pair = gateways_find(&limits->gateways, tunnel);
    uint32_t own = !pair ? 0 : phase == 0 ? pair->phase1_lifetime : pair->phase2_lifetime;

    if (own != 0)
        return own;
    return phase == 0 ? limits->expected_phase1_lifetime : limits->expected_phase2_lifetime;
}

static void
compare_expected(struct judge *judge, const struct exchange *exchange)
{
    unsigned phase = phase_of(exchange);
    bool *said = &memory_of(judge->memory, exchange->flow->tunnel)->lifetime_expected_said[phase][peer_of(exchange)];
    struct lifetimes expected = { .count = 1 };
    enum unit unit;
    uint64_t a, b;

    expected.item[0].seconds = expected_lifetime(&judge->limits, exchange->flow->tunnel, phase);
    if (expected.item[0].seconds == 0 || *said || !differ(exchange->request->lifetimes, &expected, &unit, &a, &b))
        return;
    *said = true;
    say(judge, exchange, phase, unit, a, b);
}

/* The request that a RESPONDER-LIFETIME is about. */
static const struct exchange *
announced_about(const struct change_notified *change)
{
    const struct exchange *exchange = change->exchange;

    if (exchange->type == IKE1_QUICK_MODE || exchange_is_phase1(exchange))
        return exchange;
    bool phase1 = change->notify.protocol == IKE_PROTOCOL_IKE;
    unsigned looked_at = 0;
    for (exchange = change->exchange->ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++)
        if (phase1 ? exchange_is_phase1(exchange) : exchange->type == IKE1_QUICK_MODE)
            return exchange;
    return NULL;
}

static void
judge_announced(struct judge *judge, const struct change_notified *change)
{
    const struct exchange *exchange = announced_about(change);
    struct lifetimes announced = { .count = 1, .item = { change->notify.lifetime } };
    enum unit unit;
    uint64_t a, b;

    if (!exchange || !exchange->request || !differ(exchange->request->lifetimes, &announced, &unit, &a, &b))
        return;
    struct finding *finding = say(judge, exchange, phase_of(exchange), unit, a, b);
    if (!finding)
        return;
    struct mismatch *mismatch = finding->detail;
    mismatch->announced = true;
}

static void
judge_lifetime(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_NOTIFIED) {
        if (change->notified.notify.type == IKE1_NOTIFY_RESPONDER_LIFETIME)
            judge_announced(judge, &change->notified);
    } else if (change->exchange->ike_sa->version < 2 && change->exchange->request) {
        compare_offers(judge, change->exchange);
        compare_expected(judge, change->exchange);
    }
}

static char *
text_mismatch(const struct words *words, const struct finding *finding)
{
    const struct mismatch *mismatch = finding->detail;
    unsigned phase = finding->key == FINDING_PHASE1_LIFETIME_MISMATCH ? 1 : 2;
    const char *unit = mismatch->unit == UNIT_KILOBYTES ? "kB" : "s";
    const char *requester = words_requester(words, finding->exchange), *responder = words_responder(words, finding->exchange);

    if (mismatch->announced)
        return wmem_strdup_printf(words->scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, %s announces %" PRIu64 " %s "
                "(RESPONDER-LIFETIME)", phase, requester, mismatch->offered, unit,
                responder, mismatch->against, unit);
    if (!finding->other_exchange)
        return wmem_strdup_printf(words->scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, expected (preferences) is %" PRIu64
                " %s", phase, requester, mismatch->offered, unit, mismatch->against, unit);
    return wmem_strdup_printf(words->scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, %s offers %" PRIu64 " %s (frame %u)",
            phase, requester, mismatch->offered, unit, responder, mismatch->against,
            unit, finding->other_exchange->request_frame);
}

static char *
brief_mismatch(const struct words *words, const struct finding *finding)
{
    const struct mismatch *mismatch = finding->detail;

    return wmem_strdup_printf(words->scope, "%" PRIu64 " / %" PRIu64 " %s", mismatch->offered, mismatch->against,
            mismatch->unit == UNIT_KILOBYTES ? "kB" : "s");
}

const struct rule rule_lifetime = {
    .on = ON(REQUESTED) | ON(NOTIFIED), .judge = judge_lifetime,
    .findings = {
        { FINDING_PHASE1_LIFETIME_MISMATCH, .text = text_mismatch, .brief = brief_mismatch,
            .meaning = "The peers are configured with different IKE lifetimes; the shorter one ends the tunnel early for "
                "the other.",
            .check = { "Phase 1 (IKE) lifetime: the same on both peers", VENDORS_PHASE1_LIFETIME } },
        { FINDING_PHASE2_LIFETIME_MISMATCH, .text = text_mismatch, .brief = brief_mismatch,
            .meaning = "The peers are configured with different IPsec lifetimes; the shorter one ends SAs early for the "
                "other.",
            .check = { "Phase 2 (IPsec) lifetime in seconds and kilobytes: the same on both peers", VENDORS_PHASE2_LIFETIME, VENDORS_VOLUME } },
    }
};
