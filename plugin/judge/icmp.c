/* icmp.c
 * path_mtu: a router says (ICMP) that a peer's ESP or IKE is too large, and packets of that size go on: it says so again and again,
 * for longer than handover_grace, and each time within the five minutes in which a sender that was told must not try a larger
 * packet (RFC 1191 section 6.3, RFC 8201 section 5.3).
 *
 * icmp_unreachable: ICMP that quotes IKE or ESP says that net, host, protocol or port can't be reached, or that it is forbidden; said
 * once, and again after handover_grace. Anybody on the path can forge it: inferred, and a note where the tunnel works; a warning
 * where the peer that can't be reached was not heard since what is quoted was sent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/vendors.h"

/* A single request may have just been lost; and a few packets may want no answer. */
#define SENT_AT_LEAST 2
#define TRIED_AT_LEAST 5

struct icmp_detail {
    struct change_icmp icmp;
    struct too_big too_big;         /* so far */
};

/* The peer to whom the flow leads was not heard since this one asked, or sent, again and again; or never. */
static bool
is_silent(const struct flow *flow)
{
    const struct service *service = &flow->tunnel->service;
    const struct service_side *sender = &service->side[flow_peer(flow)], *other = &service->side[1 - flow_peer(flow)];

    return sender->asked >= SENT_AT_LEAST || sender->tried >= TRIED_AT_LEAST || (other->packets == 0 && other->answered_frame == 0);
}

static void
judge_icmp(struct judge *judge, const struct change *change)
{
    const struct change_icmp *icmp = &change->icmp;
    enum finding_key key = icmp->kind == PATH_TOO_BIG ? FINDING_PATH_MTU : FINDING_ICMP_UNREACHABLE;
    struct finding *finding = judge_tunnel(judge, key, CONFIDENCE_INFERRED, icmp->flow->tunnel, sizeof(struct icmp_detail));

    if (!finding)
        return;
    struct icmp_detail *told = finding->detail;
    finding->sa = icmp->sa;
    finding->is_raised = key == FINDING_ICMP_UNREACHABLE && is_silent(icmp->flow);
    told->icmp = *icmp;
    told->too_big = icmp->flow->too_big;
    struct tunnel_memory *memory = memory_of(judge->memory, icmp->flow->tunnel);
    if (icmp->kind == PATH_TOO_BIG) {
        finding_rests_on(finding, told->too_big.first_frame);
        memory->too_large = (struct told){ finding, icmp->flow };
    } else if (icmp->kind == PATH_PORT || icmp->kind == PATH_PROTOCOL)
        memory->nothing_listens = (struct told){ finding, icmp->flow };
    else
        memory->no_way = (struct told){ finding, icmp->flow };
}

static const char *
what_of(const struct change_icmp *icmp)
{
    return icmp->is_ike ? "IKE" : icmp->protocol == IPSEC_AH ? "AH" : "ESP";
}

static char *
text_path_mtu(const struct words *words, const struct finding *finding)
{
    const struct icmp_detail *told = finding->detail;
    const struct change_icmp *icmp = &told->icmp;
    nstime_t span = clock_elapsed(&told->too_big.first, &told->too_big.last);
    const char *mtu = icmp->mtu > 0 ? wmem_strdup_printf(words->scope, " (MTU %u)", icmp->mtu) : "";

    return wmem_strdup_printf(words->scope, "%s says that %s from %s is too large for the path%s, %s in %s, and packets of that size "
            "go on", words_address(words, &icmp->reporter),
            what_of(icmp), words_address(words, &icmp->source.address), mtu, words_times(words, told->too_big.count), words_duration(words, &span));
}

static char *
text_icmp_unreachable(const struct words *words, const struct finding *finding)
{
    static const char *const kinds[PATH_ERRORS] = { [PATH_NET] = "the network is unreachable", [PATH_HOST] = "the host is unreachable",
        [PATH_PROTOCOL] = "the protocol is unreachable", [PATH_PORT] = "the port is unreachable",
        [PATH_FORBIDDEN] = "a filter forbids it" };
    const struct change_icmp *icmp = &((const struct icmp_detail *)finding->detail)->icmp;

    return wmem_strdup_printf(words->scope, "%s says of %s from %s to %s: %s (ICMP)", words_address(words, &icmp->reporter), what_of(icmp),
            words_endpoint(words, &icmp->source), words_endpoint(words, &icmp->destination), kinds[icmp->kind]);
}

static const char *const *
check_icmp_unreachable(const struct finding *finding)
{
    static const char *const way[] = { "Routing at the one that says it, and whether the host behind it is up", NULL };
    static const char *const host[] = { "Whether the IKE daemon runs on the host that says it, and its firewall: UDP 500 and 4500, ESP", NULL };
    static const char *const filter[] = { "The filter of the one that says it: UDP 500 and 4500 and ESP (protocol 50) have to pass", NULL };

    switch (((const struct icmp_detail *)finding->detail)->icmp.kind) {
    case PATH_PROTOCOL:
    case PATH_PORT:
        return host;
    case PATH_FORBIDDEN:
        return filter;
    default:
        return way;
    }
}

const struct rule rule_icmp = {
    .on = ON(ICMP), .judge = judge_icmp,
    .findings = {
        { FINDING_PATH_MTU, .text = text_path_mtu,
            .meaning = "Large packets do not get through, small ones do: pings work, and TCP hangs.",
            .check = { "MTU of the tunnel interface, TCP MSS, and whether ICMP type 3 code 4 (ICMPv6 type 2) reaches the sender", VENDORS_MSS } },
        { FINDING_ICMP_UNREACHABLE, .text = text_icmp_unreachable,
            .meaning = "A router, or the peer's host, says that it can't hand the packet on.",
            .check_of = check_icmp_unreachable },
    }
};
