/* byte_order.c
 * sequence_byte_order: a sender writes its sequence numbers with the lowest byte first, against RFC 4303 section 2.2. Read as they
 * are meant, nothing is lost; read as they should be, each packet skips 16 million numbers. Inferred from the SA's first two packets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

static void
judge_byte_order(struct judge *judge, const struct change *change)
{
    judge_sa(judge, FINDING_SEQUENCE_BYTE_ORDER, CONFIDENCE_INFERRED, change->sa, 0);
}

static char *
text_byte_order(const struct words *words, const struct finding *finding)
{
    return wmem_strdup_printf(words->scope, "%s: the sender counts with the lowest byte first (little-endian), and is read in that "
            "order here", words_sa(words, finding->sa));
}

const struct rule rule_byte_order = {
    .on = ON(BYTE_ORDER), .judge = judge_byte_order,
    .findings = {
        { FINDING_SEQUENCE_BYTE_ORDER, .text = text_byte_order,
            .meaning = "The sender writes sequence numbers in the wrong byte order; a receiver that checks for replays drops nearly all of "
                "its packets.",
            .check = { "The version of the sender's software, and whether the receiver checks for replays" } },
    }
};
