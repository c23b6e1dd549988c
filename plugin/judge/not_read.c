/* not_read.c
 * not_read: Wireshark's dissectors found ESP, AH or IKE where SPIscope does not find the header, or no IP header that carries it: in
 * an encapsulation that it does not read. Said once, on the first frame; the counts are those of all frames up to now.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#define KINDS 3

static void
judge_not_read(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_capture(judge, FINDING_NOT_READ, CONFIDENCE_PROVEN, sizeof(const struct unread *));

    if (!finding)
        return;
    const struct unread **unread = finding->detail;
    *unread = change->unread;
}

static char *
text_not_read(const struct words *words, const struct finding *finding)
{
    const struct unread *unread = *(const struct unread *const *)finding->detail;
    const struct {
        uint32_t count;
        const char *one;
        const char *several;
    } kinds[KINDS] = {
        { unread->esp, "ESP packet", "ESP packets" },
        { unread->ah, "AH packet", "AH packets" },
        { unread->ike, "IKE message", "IKE messages" },
    };
    char *text = wmem_strdup(words->scope, "");

    for (unsigned i = 0; i < KINDS; i++)
        if (kinds[i].count > 0)
            text = wmem_strdup_printf(words->scope, "%s%s%" PRIu32 " %s", text, *text ? ", " : "", kinds[i].count,
                    kinds[i].count == 1 ? kinds[i].one : kinds[i].several);
    return wmem_strdup_printf(words->scope, "%s in an encapsulation that SPIscope does not read", text);
}

const struct rule rule_not_read = {
    .on = ON(UNREAD), .judge = judge_not_read,
    .findings = {
        { FINDING_NOT_READ, .text = text_not_read,
            .meaning = "What these packets show is missing; what is said of the rest still holds.",
            .check = { "In Statistics > Protocol Hierarchy, what lies around them; a capture nearer to a gateway may have them in plain IP" } },
    }
};
