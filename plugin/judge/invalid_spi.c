/* invalid_spi.c
 * invalid_spi: the peer says that it received a packet with an SPI that it does not know (RFC 7296
 * section 2.21.4; RFC 2408 section 3.14.1). In clear, where the rest of its IKE SA is not, anybody may have sent it: suspected.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "invalid_spi.h"

#include "rule.h"

#include "../words/ike_words.h"

struct unknown {
    const struct flow *flow;        /* from who says so */
    uint32_t spi;
};

static void
fill(struct finding *finding, const struct flow *flow, const struct notify *notify)
{
    if (!finding)
        return;
    struct unknown *unknown = finding->detail;
    unknown->flow = flow;
    unknown->spi = notify->spi ? notify->spi : notify->value;
}

static void
judge_invalid_spi(struct judge *judge, const struct change *change)
{
    bool in_clear = change->kind == CHANGE_UNPROTECTED;
    const struct notify *notify = in_clear ? &change->unprotected.notify : &change->notified.notify;

    if (notify->type != NOTIFY_INVALID_SPI)
        return;
    if (in_clear)
        fill(judge_tunnel(judge, FINDING_INVALID_SPI, CONFIDENCE_SUSPECTED, change->unprotected.flow->tunnel, sizeof(struct unknown)),
                change->unprotected.flow, notify);
    else
        fill(judge_exchange(judge, FINDING_INVALID_SPI, CONFIDENCE_PROVEN, change->notified.exchange, sizeof(struct unknown)),
                change->notified.exchange->flow, notify);
}

const struct flow *
invalid_spi_flow(const struct finding *finding)
{
    const struct unknown *unknown = finding->detail;

    return unknown->flow;
}

static char *
text_invalid_spi(const struct words *words, const struct finding *finding)
{
    const struct unknown *unknown = finding->detail;

    return wmem_strdup_printf(words->scope, "%s says that it does not know SPI 0x%08x",
            words_endpoint(words, &unknown->flow->source), unknown->spi);
}

const struct rule rule_invalid_spi = {
    .on = ON(NOTIFIED) | ON(UNPROTECTED), .judge = judge_invalid_spi,
    .findings = {
        { FINDING_INVALID_SPI, .text = text_invalid_spi,
            .meaning = "The peer received a packet for an SA that it does not have.",
            .check = { "Whether that peer restarted, or deleted the SA without its Delete arriving; what the sender does when it is told "
                "(Cisco IOS: crypto isakmp invalid-spi-recovery)" } },
    }
};
