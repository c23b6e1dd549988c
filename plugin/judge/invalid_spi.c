/* invalid_spi.c
 * invalid_spi: the peer says that it received a packet with an SPI that it does not know (RFC 7296
 * section 2.21.4; RFC 2408 section 3.14.1). Often in clear, and then anybody may have sent it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_invalid_spi(struct judge *judge, const struct change *change)
{
    const struct notify *notify = &change->notified.notify;

    if (notify->type != NOTIFY_INVALID_SPI)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_INVALID_SPI, CONFIDENCE_PROVEN, change->notified.exchange);
    if (finding)
        finding->number = notify->spi ? notify->spi : notify->value;
}

const struct rule rule_invalid_spi = { .on = ON(NOTIFIED), .judge = judge_invalid_spi };
