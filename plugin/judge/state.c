/* state.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "state.h"

#include "../clock.h"
#include "../track/mapping.h"
#include "../track/walk.h"
#include "coverage.h"
#include "left_out.h"
#include "one_way.h"
#include "succession.h"

/* Set-ups anew that are looked at for what failed before them, back from the latest. */
#define SET_UPS_LOOKED_AT 64

/* A tunnel flaps from so many outages on. */
#define FLAPS 2

/* ---- the view */

/* What shows that something failed: the tunnel was set up anew for that, and not by the peers' own timers. */
static const struct finding *
failed_before(const struct finding_file *file, uint32_t since, uint32_t until)
{
    static const uint8_t keys[] = { FINDING_DPD_FAILURE, FINDING_IKE_NO_RESPONSE, FINDING_NO_PROPOSAL, FINDING_CHILD_REFUSED,
        FINDING_IKE_REKEY_REFUSED, FINDING_PROXY_ID_MISMATCH };
    struct trouble trouble = { .since_frame = since, .begin_frame = until, .until_frame = until };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct finding *finding = finding_file_latest(file, keys[i]);
        for (unsigned looked_at = 0; finding && finding->frame > until && looked_at < SET_UPS_LOOKED_AT; looked_at++)
            finding = finding->older;
        if (finding && view_has(&trouble, finding) && !finding_is_overcome(finding) && !finding_is_hearsay(finding))
            return finding;
    }
    return NULL;
}

/* Whether the tunnel carried traffic before that moment; true where it carries none that the capture shows. */
static bool
may_have_been_up(const struct tunnel *tunnel, const nstime_t *before)
{
    const struct flow *flow = tunnel->flow;

    if (flow[0].packets + flow[1].packets == 0)
        return true;
    return (flow[0].packets > 0 && clock_compare(&flow[0].first_time, before) <= 0)
            || (flow[1].packets > 0 && clock_compare(&flow[1].first_time, before) <= 0);
}

/* Whether it is a set-up that failed: then the next one is none anew, if nothing had been up before. */
static bool
is_of_set_up(const struct finding *failed)
{
    return failed->exchange && (exchange_is_initial(failed->exchange->type) || failed->exchange->type == IKE2_IKE_AUTH);
}

/* Walks back over the times that the tunnel was set up anew because something failed; trouble gets the window of each. */
static const struct finding *
rebuilt_before(const struct finding_file *file, const struct finding *anew, struct trouble *trouble)
{
    for (unsigned looked_at = 0; anew && looked_at < SET_UPS_LOOKED_AT; anew = anew->older, looked_at++) {
        *trouble = (struct trouble){ .kind = TROUBLE_REBUILT, .since_frame = anew->older ? anew->older->frame : 0,
                .begin_frame = anew->ike_sa->first_frame, .until_frame = anew->frame };
        const struct finding *failed = failed_before(file, trouble->since_frame, trouble->until_frame);
        if (failed && (!is_of_set_up(failed) || may_have_been_up(anew->tunnel, &anew->ike_sa->first_time)))
            return anew;
    }
    return NULL;
}

static unsigned
count_rebuilt(const struct finding_file *file)
{
    const struct finding *anew = finding_file_latest(file, FINDING_REESTABLISHED);
    struct trouble trouble;
    unsigned count = 0;

    for (; (anew = rebuilt_before(file, anew, &trouble)) != NULL && count < SET_UPS_LOOKED_AT; anew = anew->older)
        count++;
    return count;
}

static void
find_works_since(struct view *view)
{
    const struct flow *flow = view->tunnel->flow;

    if (!view->was_up || view->end.is_out)
        return;
    view->works = true;
    if (view->tunnel->service.latest)
        view->works_since = view->tunnel->service.latest->end;
    else if (flow[0].packets > 0 && flow[1].packets > 0)
        view->works_since = *clock_later(&flow[0].first_time, &flow[1].first_time);
    else
        view->works = false;
}

struct view
view_of(const struct tunnel *tunnel, const struct judge *judge)
{
    static const struct finding_file nothing;
    const struct finding_file *file = findings_of(judge->findings, tunnel);
    uint64_t min_outage = (uint64_t)judge->limits.min_outage * CLOCK_NSECS;
    struct view view = { .tunnel = tunnel, .judge = judge, .file = file ? file : &nothing };

    view.end = service_at_end(tunnel, min_outage, &judge->now);
    view.was_up = service_was_up(tunnel);
    view.outages = tunnel->service.outages + (view.end.is_out ? 1 : 0);
    view.is_partial = left_out_much(tunnel);
    view.rebuilt = count_rebuilt(view.file);
    find_works_since(&view);
    return view;
}

/* ---- the state */

/* A child that was asked for in vain, by a peer whose other messages are answered. */
static bool
was_child_unanswered(const struct view *view)
{
    const struct finding *finding = finding_file_latest(view->file, FINDING_IKE_NO_RESPONSE);

    return finding && finding->exchange->type == IKE1_QUICK_MODE && !finding_is_overcome(finding);
}

/* A child that was refused, and not made good by a later try. */
static bool
was_child_refused(const struct view *view)
{
    const struct finding *finding = finding_file_latest(view->file, FINDING_CHILD_REFUSED);

    return finding && !finding_is_overcome(finding);
}

static bool
was_tried(const struct view *view)
{
    return view->end.attempts > 1 || view_asks_in_vain(view, 0) || view_asks_in_vain(view, 1) || was_child_unanswered(view)
            || finding_file_count(view->file, FINDING_AUTH_FAILED) > 0 || finding_file_count(view->file, FINDING_NO_PROPOSAL) > 0
            || was_child_refused(view) || finding_file_count(view->file, FINDING_PROXY_ID_MISMATCH) > 0
            || finding_file_count(view->file, FINDING_COOKIE_LOOP) > 0 || finding_file_count(view->file, FINDING_FRAGMENTS_LOST) > 0;
}

/* Whether the outage that is not over is longer than any before it. */
static bool
is_longest(const struct view *view)
{
    nstime_t open = clock_elapsed(&view->end.outage.begin, &view->judge->now);

    for (const struct outage *outage = view->tunnel->service.first; outage; outage = outage->next) {
        nstime_t span = clock_elapsed(&outage->begin, &outage->end);
        if (clock_compare(&span, &open) >= 0)
            return false;
    }
    return true;
}

/* Whether it had a child SA that could carry traffic: one that was deleted as soon as it was set up could not. */
static bool
has_children(const struct view *view)
{
    const struct tunnel *tunnel = view->tunnel;
    const struct child *child;

    WALK(child, tunnel->children, tunnel_older, CHILDREN_KNOWN)
        if (child_is_alive(child) || clock_passed(&child->origin->response_time, &child->deleted_time, view->judge->limits.handover_grace))
            return true;
    return !tunnel->children && tunnel->flow[0].sas + tunnel->flow[1].sas > 0;
}

/* A single packet that nothing else of its direction goes with may be anybody's. */
static bool
has_carried(const struct flow *flow)
{
    return flow->packets > 1;
}

/* Whether the initiator has sent nothing since before the set-ups that it left, of which there are two at least. */
static bool
is_silent_since(const struct finding *abandoned)
{
    const struct ike_sa *latest = abandoned->ike_sa, *ike_sa;
    unsigned set_ups = 0;

    WALK(ike_sa, latest->tunnel_older, tunnel_older, IKE_SAS_RECENT)
        if (ike_sa->set_up && ike_sa->flow == latest->flow && ++set_ups == 2)
            return clock_compare(&ike_sa->flow->last_time, &ike_sa->first_time) < 0;
    return false;
}

/* Set up again and again, and left unused each time: one direction never carried anything, whatever came in the other, or nothing since. */
static bool
is_left_unused(const struct view *view)
{
    const struct flow *flow = view->tunnel->flow;
    const struct finding *abandoned = finding_file_latest(view->file, FINDING_SETUP_ABANDONED);

    return abandoned && (!(has_carried(&flow[0]) && has_carried(&flow[1])) || is_silent_since(abandoned));
}

/* Seen beside the responder: the latest set-up was answered, and its initiator goes on asking for nothing but that answer. */
static bool
is_answer_lost(const struct view *view)
{
    const struct finding *lost = finding_file_latest(view->file, FINDING_FRAGMENTS_LOST);
    const struct exchange *exchange = lost ? lost->exchange : NULL;

    return exchange && exchange->ike_sa == view->tunnel->ike_sas && exchange->asked_again > 0
            && exchange->ike_sa->heard_frame[0] <= exchange->last_frame;
}

static bool
is_down(const struct view *view)
{
    if (is_left_unused(view))
        return true;
    if (!view->was_up)
        return was_tried(view) && !(view->tunnel->ike_sas && view->tunnel->ike_sas->established && !view->tunnel->ike_sas->stuck_said
                && has_children(view) && !is_answer_lost(view));
    return view->end.is_out && is_longest(view);
}

/* Whether the direction is silent, and not only because the other one's traffic wants no answer while IKE is answered. */
static bool
fails_to_answer(const struct view *view, unsigned peer)
{
    const struct service_side *side = &view->tunnel->service.side[peer];
    bool is_alive = side->answered_frame != 0 && clock_compare(&side->answered, &view->end.silent_since[peer]) > 0;

    return view->end.silent[peer] && !(is_alive && flow_asks_for_nothing(&view->tunnel->flow[1 - peer]));
}

static bool
is_one_way(const struct view *view)
{
    const struct flow *flow = view->tunnel->flow;

    if (mapping_goes_astray(&flow[0]) || mapping_goes_astray(&flow[1]))
        return true;
    return view->was_up && (fails_to_answer(view, 0) || fails_to_answer(view, 1) || one_way_from_the_start(view->judge, view->tunnel, 0)
            || one_way_from_the_start(view->judge, view->tunnel, 1));
}

/* Whether SPIs are replaced far too early again and again. */
static bool
is_churning(const struct view *view)
{
    return finding_file_count(view->file, FINDING_FLAPPING) > 0 || finding_file_count(view->file, FINDING_SPI_CHURN) >= view->judge->limits.churn_count
            || finding_file_count(view->file, FINDING_EARLY_REKEY) > 0
            || succession_left_in_a_row(view->judge, view->tunnel) >= view->judge->limits.churn_count
            || memory_read(view->judge->memory, view->tunnel)->past->short_lived >= view->judge->limits.churn_count;
}

/* It lives; or it lived long enough for somebody to send, and was deleted at last. */
static bool
was_alive(const struct view *view, const struct ike_sa *ike_sa)
{
    return ike_sa->end == IKE_ALIVE
            || (ike_sa->end == IKE_DELETED && clock_passed(&ike_sa->first_time, &ike_sa->end_time, view->judge->limits.min_sa_lifetime));
}

/* Whether a table was full when there was something about the tunnel to remember: then nobody knows that all is well. */
static bool
is_incomplete(const struct view *view)
{
    return view->tunnel->is_incomplete || view->file->dropped > 0;
}

static bool
is_idle(const struct view *view)
{
    const struct tunnel *tunnel = view->tunnel;

    return !is_incomplete(view) && tunnel->flow[0].packets + tunnel->flow[1].packets == 0 && tunnel->ike_sas && tunnel->ike_sas->established
            && was_alive(view, tunnel->ike_sas) && tunnel->children && !view_trouble(view);
}

static bool
is_stable(const struct view *view)
{
    uint8_t missing = coverage_missing(view->tunnel, view->judge);

    return !is_incomplete(view) && !(missing & (MISSING_DIRECTION | MISSING_TIME)) && !view_trouble(view);
}

enum state
state_of(const struct view *view)
{
    const struct finding *trouble = view_trouble(view);

    if (is_down(view))
        return STATE_DOWN;
    if (view->outages >= FLAPS || view->rebuilt >= FLAPS)
        return STATE_FLAPPING;
    if (view->outages + view->rebuilt > 0)
        return STATE_INTERRUPTED;
    if (is_one_way(view))
        return STATE_ONE_WAY;
    if (view->was_up && ((trouble && trouble->confidence >= CONFIDENCE_INFERRED) || view_lacks_daemon(view)))
        return STATE_DEGRADED;
    if (is_churning(view))
        return STATE_CHURNING;
    if (is_idle(view))
        return STATE_IDLE;
    return is_stable(view) ? STATE_STABLE : STATE_UNKNOWN;
}

const char *
state_name(uint8_t state)
{
    static const char *const names[STATES] = {
#define X(identifier, name) name,
        SPISCOPE_STATES(X)
#undef X
    };

    return names[state];
}

/* ---- what there is to explain */

struct trouble
state_trouble_of(const struct outage *before, const struct outage *outage)
{
    return (struct trouble){ .kind = TROUBLE_OUTAGE, .outage = outage, .since_frame = before ? before->end_frame : 0,
            .begin_frame = outage->begin_frame,
            .until_frame = outage->restored_how == RESTORED_NOT ? UINT32_MAX
                : outage->known_frame > outage->end_frame ? outage->known_frame : outage->end_frame };
}

/* The latest outages. */
static unsigned
outage_troubles(const struct view *view, struct trouble *troubles, unsigned most)
{
    const struct outage *before = NULL;
    unsigned skipped = view->outages > most ? view->outages - most : 0, count = 0;

    for (const struct outage *outage = view->tunnel->service.first; outage && count < most; before = outage, outage = outage->next) {
        if (skipped > 0)
            skipped--;
        else
            troubles[count++] = state_trouble_of(before, outage);
    }
    if (view->end.is_out && count < most)
        troubles[count++] = state_trouble_of(before, &view->end.outage);
    return count;
}

static unsigned
rebuilt_troubles(const struct view *view, struct trouble *troubles, unsigned most)
{
    const struct finding *anew = finding_file_latest(view->file, FINDING_REESTABLISHED);
    unsigned count = 0;

    for (; count < most && (anew = rebuilt_before(view->file, anew, &troubles[count])) != NULL; anew = anew->older)
        count++;
    for (unsigned i = 0; i < count / 2; i++) {      /* the latest last */
        struct trouble later = troubles[i];
        troubles[i] = troubles[count - 1 - i];
        troubles[count - 1 - i] = later;
    }
    return count;
}

unsigned
state_troubles(const struct view *view, enum state state, struct trouble *troubles, unsigned most)
{
    static const enum trouble_kind kinds[STATES] = {
        [STATE_DOWN] = TROUBLE_NOT_UP, [STATE_ONE_WAY] = TROUBLE_ONE_WAY, [STATE_DEGRADED] = TROUBLE_DEGRADED,
        [STATE_CHURNING] = TROUBLE_CHURN, [STATE_IDLE] = TROUBLE_NONE, [STATE_STABLE] = TROUBLE_NONE, [STATE_UNKNOWN] = TROUBLE_NONE,
    };

    if (view->outages > 0 && state <= STATE_INTERRUPTED)
        return outage_troubles(view, troubles, most);
    if (view->rebuilt > 0 && (state == STATE_FLAPPING || state == STATE_INTERRUPTED))
        return rebuilt_troubles(view, troubles, most);
    troubles[0] = (struct trouble){ .kind = kinds[state], .begin_frame = UINT32_MAX, .until_frame = UINT32_MAX };
    return 1;
}
