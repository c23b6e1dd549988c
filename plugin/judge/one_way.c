/* one_way.c
 * one_way: one direction carries traffic, and the other none for one_way_after. Said only where the
 * capture showed that it can see the other direction: it carried ESP before (inferred), or the peer
 * was heard in IKE (suspected: its ESP may take another way). Suspected, too, where none of the packets that go unanswered is as long
 * as one that was answered: an application that sends one way (syslog, NetFlow, multicast) wants no answer. Not said where another
 * tunnel of one of the gateways carries the answers, nor where the capture misses so much that it may have missed them (track/tracker.c).
 * Inferred, too, of one of several pairs of SAs: since a rekey only one peer uses it (track/half.c).
 *
 * A tunnel whose silent direction never had a packet, or none since it was set up anew, is one-way only where all the other ones' are short: what
 * never gets an answer, and never comes beyond the size of a ping or of a connection's first packet, wants one. TCP that is answered on a path that
 * the capture does not see sends more than that, and so does what is sent one way, as a rule.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/outage.h"
#include "one_way.h"

/* The longest ESP packet of a ping with the default 56 bytes: 104 bytes in IPv6, 112 with the padding of AES-CBC and ESP's trailer, behind SPI, sequence
 * number and 16 bytes of IV, before the 32 bytes of HMAC-SHA-512's ICV. A TCP SYN is shorter. */
#define CALL_AT_MOST 168

struct one_way {
    uint64_t packets;               /* that nothing answered */
    nstime_t within;
    bool of_pair;
};

static void
judge_one_way(struct judge *judge, const struct change *change)
{
    const struct flow *flow = change->one_way.sa->flow;
    const struct flow *reverse = flow_reverse(flow);
    const struct sa *sa = change->one_way.sa;
    bool of_pair = change->one_way.of_pair;
    bool is_sure = of_pair || (reverse->packets > 0 && !flow_asks_for_nothing(flow));
    struct finding *finding = judge_sa(judge, FINDING_ONE_WAY, is_sure ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED, sa, sizeof(struct one_way));

    if (!finding)
        return;
    struct one_way *one_way = finding->detail;
    one_way->of_pair = of_pair;
    one_way->packets = of_pair ? sa->sequence.packets : flow->unanswered;
    one_way->within = clock_elapsed(of_pair ? &sa->first_time : &flow->unanswered_since, &judge->time);
    finding_rests_on(finding, change->one_way.before_frame);
    if (!of_pair)
        finding_rests_on(finding, flow->unanswered_frame);
}

const struct sa *
one_way_of_pair(const struct finding *finding)
{
    const struct one_way *one_way = finding->key == FINDING_ONE_WAY ? finding->detail : NULL;

    return one_way && one_way->of_pair ? finding->sa : NULL;
}

/* Whether the direction never carried anything; or nothing since the set-up of the IKE SA that is in use, and for longer than it ever was silent before. */
static bool
is_unheard_since_set_up(const struct judge *judge, const struct tunnel *tunnel, unsigned silent)
{
    const struct flow *flow = &tunnel->flow[silent];
    const struct service_side *side = &tunnel->service.side[silent];

    return flow->packets == 0 || (tunnel->ike_sas->set_up && clock_compare(&flow->last_time, &tunnel->ike_sas->first_time) < 0
            && outage_ns_between(&flow->last_time, &judge->now) > MAX(UNSEEN_GAPS * side->usual, side->longest));
}

bool
one_way_from_the_start(const struct judge *judge, const struct tunnel *tunnel, unsigned silent)
{
    const struct flow *flow = &tunnel->flow[1 - silent];
    const struct service_side *side = &tunnel->service.side[silent];
    bool is_pair_seen = flow->current && flow->current->origin;

    return flow->one_way_said && flow->waiting.most <= CALL_AT_MOST && !tunnel->is_incomplete && !tunnel->answered_by && is_pair_seen
            && tunnel->ike_sas && tunnel->ike_sas->end == IKE_ALIVE && is_unheard_since_set_up(judge, tunnel, silent) && side->answered_frame != 0
            && clock_passed(&flow->unanswered_since, &side->answered, judge->limits.min_sa_lifetime);
}

static char *
text_one_way(const struct words *words, const struct finding *finding)
{
    const struct one_way *one_way = finding->detail;

    return wmem_strdup_printf(words->scope, "%s carried %s in %s and nothing came back%s",
            words_sa(words, finding->sa), words_count(words, one_way->packets, "packet", "packets"),
            words_duration(words, &one_way->within), one_way->of_pair ? " on its pair since the rekey, while others of the tunnel go on" : "");
}

const struct rule rule_one_way = {
    .on = ON(ONE_WAY), .judge = judge_one_way,
    .findings = {
        { FINDING_ONE_WAY, .text = text_one_way,
            .meaning = "The tunnel is up but nothing comes back.",
            .check = { "Routing and policy behind the peer that stays silent, and the SPI that it sends on against the inbound SPI of the other",
                "ESP (protocol 50) or UDP 4500 blocked in one direction" } },
    }
};
