/* deleted.c
 * deleted: a peer deleted the IKE SA, or the child SA, and no successor was in place: no other SA of that direction was in use or
 * had just been negotiated. By itself no fault: it ends an idle tunnel, too. Told once for what ends together.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/vendors.h"

struct deleted {
    uint8_t peer;                   /* who deleted it */
    bool used;                      /* there was traffic before */
    nstime_t age;
    nstime_t idle;                  /* since the last packet */
};

static void
judge_deletion(struct judge *judge, const struct change *change)
{
    const struct service_end_seen *ended = change->ended;
    struct finding *finding = judge_ike_sa(judge, FINDING_DELETED, CONFIDENCE_PROVEN, ended->ike_sa, sizeof(struct deleted));

    if (!finding)
        return;
    finding->sa = ended->how == OUTAGE_CHILD_DELETED ? ended->sa : NULL;
    *(struct deleted *)finding->detail = (struct deleted){ (uint8_t)ended->peer, ended->last_frame != 0, ended->age, ended->idle };
    finding_rests_on(finding, ended->last_frame);
}

static char *
text_deleted(const struct words *words, const struct finding *finding)
{
    const struct deleted *deleted = finding->detail;
    const char *peer = words_endpoint(words, &finding->tunnel->flow[deleted->peer].source);
    const char *what = finding->sa ? "child SA (phase 2)" : "IKE SA";
    const char *age = words_duration(words, &deleted->age);

    if (!deleted->used)
        return wmem_strdup_printf(words->scope, "%s deleted the %s after %s, and no successor is in place; no traffic was seen before",
                peer, what, age);
    return wmem_strdup_printf(words->scope, "%s deleted the %s after %s, %s after the last packet, and no successor is in place",
            peer, what, age, words_duration(words, &deleted->idle));
}

static char *
brief_deleted(const struct words *words, const struct finding *finding)
{
    return wmem_strdup_printf(words->scope, "after %s", words_duration(words, &((const struct deleted *)finding->detail)->age));
}

const struct rule rule_deleted = {
    .on = ON(SERVICE_ENDED), .judge = judge_deletion,
    .findings = {
        { FINDING_DELETED, .text = text_deleted, .brief = brief_deleted,
            .meaning = "A peer ended the SA, and there was none to go on with. After an idle time that is no fault.",
            .check = { "That peer's log of that moment, and what makes it delete: monitoring, an idle timeout, DPD, a lifetime without rekey, uniqueness of "
                "identities, a script, an administrator", VENDORS_MONITOR, VENDORS_IDLE, VENDORS_UNIQUENESS, VENDORS_SHOW_LOG } },
    }
};
