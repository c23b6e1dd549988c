/* left_out.c
 * What proves that packets were there: sequence numbers, of which half and more are missing in each direction that is there, while traffic goes
 * on (over a path that loses half, TCP stands still); and answers, without which who asked could not have gone on: with the responder's
 * SPI, which only its answer tells (RFC 7296 section 2.6, RFC 2408 section 3.1), with the next message ID (RFC 7296 section 2.3), with
 * the next message of IKEv1's modes, with what the responder asks once IKE_AUTH is through (RFC 7296 section 1.2); and who gets no answer
 * sends again (RFC 7296 section 2.1) before beginning anew. In IKEv2 requests prove it
 * too: an answer without one, and message IDs that are left out, as they count by one (RFC 7296 section 2.2). Of a capture that keeps the first
 * packets of each flow it is their count: that is the same, from the first number on, in SAs that fall silent long before they are replaced.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "left_out.h"

#include "../clock.h"
#include "../track/child.h"
#include "../track/exchange.h"
#include "../track/ike_sa.h"
#include "../track/sa.h"
#include "../track/walk.h"

/* Answers that are missing: so many, and so large a part of all. One may be lost by any capture. */
#define MISSING_AT_LEAST 2
#define MISSING_ONE_IN 3

/* Half of the numbers, but an eighth less: where every second packet is missing, it may be the other direction's. */
#define NEARLY 8

/* The direction's latest SA of which more than one packet was seen, its latest one or that before it; NULL where there is none: a single packet does not
 * show what is missing. */
static const struct sa *
counted_sa(const struct flow *flow)
{
    const struct sa *sa = flow->current;

    if (sa && sa->sequence.packets <= 1)
        sa = sa->predecessor;
    return sa && sa->sequence.packets > 1 ? sa : NULL;
}

static bool
lacks_half(const struct tunnel *tunnel)
{
    bool any = false;

    for (unsigned i = 0; i < 2; i++) {
        const struct sa *sa = counted_sa(&tunnel->flow[i]);
        if (!sa)
            continue;
        struct sequence_counts counts = sequence_counts(&sa->sequence);
        if (counts.lost + (counts.lost / NEARLY) < counts.packets)
            return false;
        any = true;
    }
    return any;
}

/* SAs of a direction that end with the same number: two may by chance. */
#define CUT_AT_LEAST 3

/* Packets of each direction that end alike: as many as have to stay unanswered before a direction counts as silent (track/service_end.c). */
#define ALIKE_AT_LEAST 5

/* When the SA's traffic went on on another one: on its successor, or before that on one that was negotiated beside it for the same selectors. */
static const nstime_t *
taken_over_at(const struct sa *sa)
{
    const nstime_t *when = &sa->successor->first_time;
    const struct sa *latest, *other;

    WALK(latest, sa->flow->current, current_next, CURRENT_KNOWN)
        WALK(other, latest, predecessor, IKE_SAS_RECENT)
            if (sa->child && other->child && clock_compare(&other->first_time, &sa->last_time) > 0
                    && clock_compare(&other->first_time, when) < 0 && child_same_selectors(sa->child, other->child))
                when = &other->first_time;
    return when;
}

/* Whether the SA was silent for longer than it spoke when another one took its place. */
static bool
fell_silent_early(const struct sa *sa)
{
    nstime_t spoke = clock_elapsed(&sa->first_time, &sa->last_time), silent = clock_elapsed(&sa->last_time, taken_over_at(sa));

    return clock_compare(&silent, &spoke) > 0;
}

/* Whether it went with its IKE SA, which ended by a Delete that was read or by what is inferred to be one, before another was set up for the
 * next SA. */
static bool
ended_with_ike(const struct sa *sa)
{
    const struct exchange *origin = sa->origin, *next = sa->successor->origin;

    return origin && next && origin->ike_sa != next->ike_sa && next->ike_sa->set_up && origin->ike_sa->ended_in != 0
            && origin->ike_sa->last_frame < next->ike_sa->first_frame;
}

/* Whether the next one took its place while it lived, as its Delete would be read, or its IKE SA's inferred: a rekey, and no set-up on demand
 * once an idle timeout had ended it. */
static bool
was_rekeyed(const struct sa *sa)
{
    if (!sa->successor || !sa->negotiated)
        return false;
    return sa->deleted_frame != 0 ? clock_compare(&sa->deleted_time, sa_birth_time(sa->successor)) >= 0 : !ended_with_ike(sa);
}

/* How many packets each SA of the direction has, from its first on, where that is the same in all that were replaced, several, and the latest
 * has no more; 0 where it is not.
 * @param early  gets whether each fell silent early */
static uint64_t
cut_at(const struct flow *flow, bool *early)
{
    const struct sa *sa, *latest = flow->current;
    unsigned count = 0;
    uint64_t most = latest && latest->predecessor ? latest->predecessor->sequence.packets : 0;

    if (most == 0 || latest->sequence.packets > most)
        return 0;
    WALK(sa, latest->predecessor, predecessor, IKE_SAS_RECENT) {
        if (sa->sequence.packets != most || sa->sequence.highest != most || !was_rekeyed(sa))
            return 0;
        *early &= fell_silent_early(sa);
        count++;
    }
    return count + (latest->sequence.packets == most) >= CUT_AT_LEAST ? most : 0;
}

/* Whether both directions hold the first packets of each SA, and no more. */
static bool
lacks_later_packets(const struct tunnel *tunnel)
{
    bool early[2] = { true, true };
    uint64_t cut = cut_at(&tunnel->flow[0], &early[0]);

    return cut > 0 && cut_at(&tunnel->flow[1], &early[1]) == cut && (early[0] || early[1]);
}

/* How many packets each of the direction's latest SAs has, from its first on, whatever took their place, where that is the same in
 * several; 0 where it is not.
 * @param early  gets whether those that were replaced had fallen silent early */
static uint64_t
end_of_each(const struct flow *flow, bool *early)
{
    const struct sa *latest, *sa;
    uint64_t end = flow->current ? flow->current->sequence.packets : 0;
    unsigned count = 0;

    WALK(latest, flow->current, current_next, CURRENT_KNOWN)
        WALK(sa, latest, predecessor, IKE_SAS_RECENT) {
            if (sa->sequence.packets != end || sa->sequence.highest != end)
                return 0;
            *early &= !sa->successor || fell_silent_early(sa);
            count++;
        }
    return count >= CUT_AT_LEAST ? end : 0;
}

bool
left_out_ends(const struct tunnel *tunnel)
{
    bool early[2] = { true, true };
    uint64_t end = end_of_each(&tunnel->flow[0], &early[0]);

    return end > 0 && end_of_each(&tunnel->flow[1], &early[1]) == end && early[0] && early[1];
}

/* Whether the directions ended with the same number, counted from the first on, though one had been silent by then for longer than it spoke: of
 * packets that go on without an answer, that would be chance. */
static bool
ends_alike(const struct tunnel *tunnel)
{
    const struct sa *a = tunnel->flow[0].current, *b = tunnel->flow[1].current;

    if (!a || !b || a->sequence.packets < ALIKE_AT_LEAST || a->sequence.packets != b->sequence.packets
            || a->sequence.highest != a->sequence.packets || b->sequence.highest != b->sequence.packets)
        return false;
    const struct sa *first = clock_compare(&a->last_time, &b->last_time) < 0 ? a : b;
    const struct sa *other = first == a ? b : a;
    nstime_t spoke = clock_elapsed(&first->first_time, &first->last_time), silent = clock_elapsed(&first->last_time, &other->last_time);
    return clock_compare(&silent, &spoke) > 0;
}

/* Messages of IKEv1's requester that answer what is not there. */
static unsigned
unseen_in_mode(struct exchange *exchange)
{
    unsigned asked = 0, answered = 0;

    for (unsigned i = 0; i < exchange->messages; i++) {
        if (exchange_message_at(exchange, i)->from_requester)
            asked++;
        else
            answered++;
    }
    return exchange->steps < exchange->messages || asked < answered + 2 ? 0 : asked - answered - 1;
}

/* Whether both peers must have spoken on an IKE SA, of whose set-up something came by, and one was not heard. */
static bool
lacks_side(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;

    if (ike_sa->responder_spi == 0 || (ike_sa->heard_frame[0] != 0 && ike_sa->heard_frame[1] != 0))
        return false;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        if (exchange_is_initial(exchange->type))
            return true;
    return false;
}

/* Whether the set-up was left for another one, without an answer that is seen, and without having been asked for again. Who waits for an answer does so
 * for longer than others are thrown in. */
static bool
was_asked_once(const struct ike_sa *ike_sa, const struct ike_sa *next)
{
    return next && next->flow == ike_sa->flow && next->set_up && ike_sa->set_up && ike_sa->messages[0] == 1 && ike_sa->messages[1] == 0
            && ike_sa->latest->asked_again == 0 && clock_passed_ms(&ike_sa->first_time, &next->first_time, ANSWER_WITHIN_MS);
}

struct answers {
    unsigned all;
    unsigned missing;
};

/* Requests of IKEv2 between these two of one side, the latter of which may not have been captured either. That of the capture's first answer may lie
 * before it.
 * @param next  the message ID of the one after it, or where there is none its own, or less */
static unsigned
unseen_requests(const struct exchange *exchange, uint32_t next)
{
    unsigned between = next > exchange->message_id + 1 ? next - exchange->message_id - 1 : 0;

    return MIN(between, EXCHANGES_OPEN) + (exchange->request_frame == 0 && (exchange->ike_sa->born_in_capture || exchange->older));
}

static void
count_answers(const struct ike_sa *ike_sa, struct answers *answers)
{
    bool went_on[2] = { false, false };
    uint32_t next[2] = { 0, 0 };
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        unsigned side = exchange_side(exchange);
        if (ike_sa->version >= 2) {
            unsigned unseen = unseen_requests(exchange, next[side]);
            answers->all += unseen;
            answers->missing += unseen;
            next[side] = exchange->message_id;
        }
        if (exchange->request_frame == 0)
            continue;
        answers->all++;
        if (ike_sa->version < 2)
            answers->missing += unseen_in_mode(exchange);
        else
            answers->missing += exchange->response_frame == 0 && (went_on[side] || (exchange->type == IKE2_IKE_AUTH && went_on[1 - side]));
        went_on[side] = true;
    }
}

bool
left_out_much(const struct tunnel *tunnel)
{
    struct answers answers = { 0 };
    const struct ike_sa *ike_sa, *next = NULL;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT) {
        if (lacks_side(ike_sa))
            return true;
        count_answers(ike_sa, &answers);
        answers.missing += was_asked_once(ike_sa, next);
        next = ike_sa;
    }
    return lacks_half(tunnel) || lacks_later_packets(tunnel) || ends_alike(tunnel)
            || (answers.missing >= MISSING_AT_LEAST && answers.missing * MISSING_ONE_IN >= answers.all);
}
