/* scan.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "scan.h"

#include "../clock.h"
#include "../track/ike_sa.h"
#include "../track/walk.h"

/* So many are a scan, each asked as often as a scanner asks: once, and again. */
#define PAIRS_AT_LEAST 32
#define HEARD_AT_MOST 2

/* Requests; where there are none, the messages of the latest IKE SAs: answers to requests that somebody else sent, with the sender's address forged. */
static uint32_t
heard(const struct tunnel *tunnel)
{
    uint32_t asked = tunnel->service.side[0].asked + tunnel->service.side[1].asked, messages = 0;
    const struct ike_sa *ike_sa;

    if (asked > 0)
        return asked;
    WALK(ike_sa, tunnel->ike_sas, tunnel_older, HEARD_AT_MOST + 1)
        messages += ike_sa->messages[0] + ike_sa->messages[1];
    return messages;
}

/* Whether all that was seen between the two is requests to set up an IKE SA, which nobody answered, or answers that nobody asked for. */
static bool
is_unanswered(const struct tunnel *tunnel)
{
    bool one_speaks = tunnel->ike_heard[0] != tunnel->ike_heard[1];

    return tunnel->ike_sas && one_speaks && !tunnel->ike_sas->established && tunnel->flow[0].sas + tunnel->flow[1].sas == 0
            && heard(tunnel) <= HEARD_AT_MOST;
}

static void
add(struct scan *scan, const struct tunnel *tunnel)
{
    if (scan->pairs++ == 0) {
        scan->first_pair = tunnel;
        scan->first = tunnel->ike_first_time;
        scan->last = tunnel->ike_last_time;
    }
    scan->frames += heard(tunnel);
    if (clock_compare(&tunnel->ike_first_time, &scan->first) < 0)
        scan->first = tunnel->ike_first_time;
    scan->last = *clock_later(&tunnel->ike_last_time, &scan->last);
}

struct scan
scan_of(const struct tunnel_table *tunnels)
{
    struct scan scan = { 0 };

    for (const struct tunnel *tunnel = tunnel_first(tunnels); tunnel; tunnel = tunnel->next)
        if (is_unanswered(tunnel))
            add(&scan, tunnel);
    return scan.pairs >= PAIRS_AT_LEAST ? scan : (struct scan){ 0 };
}

bool
scan_holds(const struct scan *scan, const struct tunnel *tunnel)
{
    return scan->pairs > 0 && is_unanswered(tunnel);
}
