/* nat_mapping.c
 * nat_mapping: a peer sends ESP to an address or port from which the other one's does not come, for longer than handover_grace, while
 * both go on: a NAT gave the other a new mapping and the peer did not follow (RFC 7296 section 2.23), or a NAT gives IKE and ESP
 * different ports and the peer answers to IKE's. Or ESP goes to port 500, where only IKE is read (RFC 3948 section 2.1). Inferred: that
 * nothing arrives there is not in the packets. Never said where the capture sees both sides of the NAT, and each packet under two
 * addresses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/vendors.h"

struct nat_mapping {
    bool is_ike_port;               /* it goes to port 500 */
    struct endpoint real;           /* where the other peer's come from */
    nstime_t span;                  /* so far */
};

static void
judge_nat_mapping(struct judge *judge, const struct change *change)
{
    const struct sa *sa = change->sa;
    const struct mapping *mapping = &sa->flow->mapping;
    struct finding *finding = judge_sa(judge, FINDING_NAT_MAPPING, CONFIDENCE_INFERRED, sa, sizeof(struct nat_mapping));

    if (!finding)
        return;
    struct nat_mapping *detail = finding->detail;
    detail->is_ike_port = sa->flow->destination.port == PORT_IKE;
    detail->real = flow_reverse(sa->flow)->source;
    detail->span = clock_elapsed(&mapping->since, &judge->time);
    finding_rests_on(finding, mapping->since_frame);
    finding_rests_on(finding, sa->flow->last_frame);
    finding_rests_on(finding, flow_reverse(sa->flow)->last_frame);
}

static char *
text_nat_mapping(const struct words *words, const struct finding *finding)
{
    const struct nat_mapping *detail = finding->detail;

    if (detail->is_ike_port)
        return wmem_strdup_printf(words->scope, "%s goes to UDP port 500, for %s", words_sa(words, finding->sa),
                words_duration(words, &detail->span));
    return wmem_strdup_printf(words->scope, "%s: this goes elsewhere than to %s, where the peer's own ESP has come from for %s",
            words_sa(words, finding->sa), words_address_and_port(words, &detail->real), words_duration(words, &detail->span));
}

static const char *const *
check_nat_mapping(const struct finding *finding)
{
    static const char *const traversal[] = { "NAT traversal on both peers: ESP in UDP belongs on port 4500 (RFC 3948)", NULL };
    static const char *const mapping[] = {
        "Whether the sender follows a new mapping (MOBIKE, RFC 7296 section 2.23); NAT keepalives that are rarer than the NAT's UDP timeout",
        VENDORS_NAT_KEEPALIVE, NULL };

    return ((const struct nat_mapping *)finding->detail)->is_ike_port ? traversal : mapping;
}

const struct rule rule_nat_mapping = {
    .on = ON(ASTRAY), .judge = judge_nat_mapping,
    .findings = {
        { FINDING_NAT_MAPPING, .text = text_nat_mapping,
            .meaning = "The peer is behind another port or address than the one that is sent to: what goes there is lost, or taken for IKE.",
            .check_of = check_nat_mapping },
    }
};
