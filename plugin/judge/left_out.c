/* left_out.c
 * What proves that packets were there: sequence numbers, of which half and more are missing in each direction that is there, while traffic goes
 * on (over a path that loses half, TCP stands still); and answers, without which who asked could not have gone on: with the responder's
 * SPI, which only its answer tells (RFC 7296 section 2.6, RFC 2408 section 3.1), with the next message ID (RFC 7296 section 2.3), with
 * the next message of IKEv1's modes; and who gets no answer sends again (RFC 7296 section 2.1) before beginning anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "left_out.h"

#include "../track/exchange.h"
#include "../track/ike_sa.h"
#include "../track/sa.h"
#include "../track/walk.h"

/* Answers that are missing: so many, and so large a part of all. One may be lost by any capture. */
#define MISSING_AT_LEAST 2
#define MISSING_ONE_IN 3

/* Half of the numbers, but an eighth less: where every second packet is missing, it may be the other direction's. */
#define NEARLY 8

static bool
lacks_half(const struct tunnel *tunnel)
{
    bool any = false;

    for (unsigned i = 0; i < 2; i++) {
        const struct sa *sa = tunnel->flow[i].current;
        if (!sa || sa->sequence.packets == 0)
            continue;
        struct sequence_counts counts = sequence_counts(&sa->sequence);
        if (counts.lost + (counts.lost / NEARLY) < counts.packets)
            return false;
        any = true;
    }
    return any;
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

/* Whether the set-up was left for another one, without an answer that is seen, and without having been asked for again. */
static bool
was_asked_once(const struct ike_sa *ike_sa, const struct ike_sa *next)
{
    return next && next->flow == ike_sa->flow && next->set_up && ike_sa->set_up && ike_sa->messages[0] == 1 && ike_sa->messages[1] == 0
            && ike_sa->latest->asked_again == 0;
}

struct answers {
    unsigned all;
    unsigned missing;
};

static void
count_answers(const struct ike_sa *ike_sa, struct answers *answers)
{
    bool went_on[2] = { false, false };
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        unsigned side = exchange_side(exchange);
        if (exchange->request_frame == 0)
            continue;
        answers->all++;
        if (ike_sa->version < 2)
            answers->missing += unseen_in_mode(exchange);
        else
            answers->missing += went_on[side] && exchange->response_frame == 0;
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
    return lacks_half(tunnel) || (answers.missing >= MISSING_AT_LEAST && answers.missing * MISSING_ONE_IN >= answers.all);
}
