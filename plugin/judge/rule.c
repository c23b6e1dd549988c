/* rule.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/protection.h"

struct finding *
judge_tunnel(struct judge *judge, enum finding_key key, enum confidence confidence, const struct tunnel *tunnel, size_t detail)
{
    findings_make_room_for(judge->findings, tunnel, key, confidence);
    struct finding *finding = findings_add(judge->findings, key, confidence, judge->frame, &judge->time, detail);

    if (finding)
        findings_file(judge->findings, finding, tunnel);
    else
        findings_note_dropped(judge->findings, tunnel, key);
    return finding;
}

struct finding *
judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence, const struct sa *sa, size_t detail)
{
    struct finding *finding = judge_tunnel(judge, key, confidence, sa->flow->tunnel, detail);

    if (finding)
        finding->sa = sa;
    return finding;
}

/* Whether both directions of the tunnel carry traffic, so that what anybody may have sent ended nothing. */
static bool
is_in_use(const struct judge *judge, const struct tunnel *tunnel)
{
    for (unsigned i = 0; i < 2; i++)
        if (tunnel->flow[i].packets == 0 || clock_passed(&tunnel->flow[i].last_time, &judge->time, judge->limits.handover_grace))
            return false;
    return true;
}

bool
judge_clock_stepped(const struct judge *judge, uint32_t frame)
{
    enum { OUT_OF_ORDER_SECONDS = 1 };

    return frame < judge->stepped_frame || (frame <= judge->latest_frame && clock_passed(&judge->time, &judge->latest, OUT_OF_ORDER_SECONDS));
}

struct finding *
judge_exchange(struct judge *judge, enum finding_key key, enum confidence confidence, const struct exchange *exchange,
        size_t detail)
{
    if (protection_is_unproven(exchange->ike_sa) && is_in_use(judge, exchange->flow->tunnel))
        confidence = CONFIDENCE_SUSPECTED;
    struct finding *finding = judge_tunnel(judge, key, confidence, exchange->flow->tunnel, detail);

    if (finding) {
        finding->exchange = exchange;
        finding->ike_sa = exchange->ike_sa;
        finding_rests_on(finding, exchange->request_frame);
        finding_rests_on(finding, exchange->response_frame);
    }
    return finding;
}

struct finding *
judge_ike_sa(struct judge *judge, enum finding_key key, enum confidence confidence, const struct ike_sa *ike_sa, size_t detail)
{
    struct finding *finding = judge_tunnel(judge, key, confidence, ike_sa->flow->tunnel, detail);

    if (finding)
        finding->ike_sa = ike_sa;
    return finding;
}

struct finding *
judge_capture(struct judge *judge, enum finding_key key, enum confidence confidence, size_t detail)
{
    return judge_tunnel(judge, key, confidence, NULL, detail);
}

char *
words_requester(const struct words *words, const struct exchange *exchange)
{
    return words_endpoint(words, &exchange->flow->source);
}

char *
words_responder(const struct words *words, const struct exchange *exchange)
{
    return words_endpoint(words, &flow_reverse(exchange->flow)->source);
}

char *
words_lived(const struct words *words, const struct sa *sa, const nstime_t *lived)
{
    return wmem_strdup_printf(words->scope, "0x%08x lived %s", sa->key.spi, words_duration(words, lived));
}
