/* bars.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bars.h"

#include "../clock.h"

enum {
    LANES_AT_MOST = 24,             /* of one kind; the last one takes what is too much */
    BARS_AT_MOST = 1000             /* of one kind: of more, a picture can't be read, and gets too large to send */
};

/* Bars that can't be seen apart are drawn as one until it is this wide. */
#define GROUP_AT_MOST ((CANVAS_RIGHT - CANVAS_LEFT) / 20.0)

/* Where the next bar may go. */
struct layout {
    struct bars bars;
    double narrow;                  /* what is narrower is one with its neighbours */
    struct bar *last_of_lane[LANES_AT_MOST];
    double ends[LANES_AT_MOST];     /* from where on a lane is free */
};

enum fate
bar_sa_fate(const struct sa *sa, const struct judge *judge)
{
    if (memory_has_churned(judge->memory, sa))
        return FATE_EARLY;
    if (sa->successor)
        return FATE_REPLACED;
    return sa->deleted_frame != 0 ? FATE_DELETED : FATE_USED;
}

static enum fate
ike_fate(const struct ike_sa *ike_sa)
{
    return ike_sa->end == IKE_FAILED ? FATE_EARLY : FATE_USED;
}

enum fate
bar_worst_fate(const struct bar *bar)
{
    int fate = FATES - 1;

    while (fate > 0 && bar->fates[fate] == 0)
        fate--;
    return (enum fate)fate;
}

static void
add_member(struct bar *bar, uint32_t id, enum fate fate)
{
    if (bar->count < BAR_MEMBERS_AT_MOST)
        g_string_append_printf(bar->members, "%s%u", bar->count > 0 ? " " : "", id);
    bar->count++;
    bar->fates[fate]++;
}

/* Puts a bar behind the last one of its lane, or into it where the two can't be told apart. */
static void
add_bar(struct layout *layout, const struct bar *bar, uint32_t id, enum fate fate)
{
    struct bar *last = layout->last_of_lane[bar->lane];

    if (last && bar->to - bar->from < layout->narrow && bar->from - last->to < layout->narrow && last->to - last->from < GROUP_AT_MOST) {
        last->to = MAX(bar->to, last->to);
        last->last_frame = bar->last_frame;
        add_member(last, id, fate);
        return;
    }
    struct bar *kept = g_new(struct bar, 1);
    *kept = *bar;
    kept->members = g_string_new(NULL);
    add_member(kept, id, fate);
    layout->last_of_lane[bar->lane] = kept;
    g_ptr_array_add(layout->bars.bar, kept);
}

static void
free_bar(gpointer data)
{
    struct bar *bar = data;

    g_string_free(bar->members, TRUE);
    g_free(bar);
}

static struct layout
begin_layout(double narrow)
{
    struct layout layout = { .narrow = narrow };

    layout.bars.bar = g_ptr_array_new_with_free_func(free_bar);
    return layout;
}

/* The first lane that is free from there on; the last one if none is. */
static unsigned
free_lane(struct layout *layout, double from)
{
    for (unsigned lane = 0; lane < layout->bars.lanes; lane++)
        if (layout->ends[lane] <= from)
            return lane;
    if (layout->bars.lanes < LANES_AT_MOST)
        return layout->bars.lanes++;
    return LANES_AT_MOST - 1;
}

static struct bars
lay_out_flow(const struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count, double narrow)
{
    struct layout layout = begin_layout(narrow);
    GHashTable *lane_of = g_hash_table_new(NULL, NULL);   /* SA -> lane + 1: successors stay in their lane */

    for (unsigned i = 0; i < count; i++) {
        const struct sa *sa = sas[i];
        if (sa->flow != flow)
            continue;
        struct bar bar = { .from = canvas_x(canvas, sa_birth_time(sa)), .sa = sa, .last_frame = sa->last_frame };
        bar.to = canvas_x(canvas, sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
        gconstpointer known = sa->predecessor ? g_hash_table_lookup(lane_of, sa->predecessor) : NULL;
        bar.lane = known ? GPOINTER_TO_UINT(known) - 1 : free_lane(&layout, bar.from);
        g_hash_table_insert(lane_of, (gpointer)sa, GUINT_TO_POINTER(bar.lane + 1));
        double *end = &layout.ends[bar.lane];
        if (sa->successor)          /* a lane stays its lineage's until its last SA is over */
            *end = CANVAS_RIGHT + 1;
        else if (bar.to > *end || *end > CANVAS_RIGHT)
            *end = bar.to;
        add_bar(&layout, &bar, sa->id, bar_sa_fate(sa, canvas->judge));
    }
    g_hash_table_destroy(lane_of);
    return layout.bars;
}

/* Its last message; where nobody ended the latest one, it lives on with the tunnel's SAs, though they need no message of it. */
static const nstime_t *
ike_seen_until(const struct ike_sa *ike_sa)
{
    const struct tunnel *tunnel = ike_sa->flow->tunnel;
    const nstime_t *until = &ike_sa->last_time;

    if (ike_sa != tunnel->ike_sas || !ike_sa->established || ike_sa->end != IKE_ALIVE || ike_sa->ended_by != 0)
        return until;
    for (int i = 0; i < 2; i++)
        if (tunnel->flow[i].packets > 0 && clock_compare(&tunnel->flow[i].last_time, until) > 0)
            until = &tunnel->flow[i].last_time;
    return until;
}

static struct bars
lay_out_ike_sas(const struct canvas *canvas, const GPtrArray *newest_first, double narrow)
{
    struct layout layout = begin_layout(narrow);

    for (guint i = newest_first->len; i-- > 0;) {
        const struct ike_sa *ike_sa = g_ptr_array_index(newest_first, i);
        struct bar bar = { .from = canvas_x(canvas, &ike_sa->first_time), .ike_sa = ike_sa, .last_frame = ike_sa->last_frame };
        bar.to = canvas_x(canvas, ike_seen_until(ike_sa));
        bar.lane = free_lane(&layout, bar.from);
        layout.ends[bar.lane] = bar.to;
        add_bar(&layout, &bar, ike_sa->id, ike_fate(ike_sa));
    }
    return layout.bars;
}

/* Whether there are so many that wider ones must be drawn as one. */
static bool
are_too_many(const struct bars *bars, double narrow)
{
    return bars->bar->len > BARS_AT_MOST && narrow < GROUP_AT_MOST;
}

struct bars
bars_of_flow(const struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count)
{
    double narrow = BAR_NARROW;
    struct bars bars = lay_out_flow(canvas, flow, sas, count, narrow);

    while (are_too_many(&bars, narrow)) {
        bars_free(&bars);
        narrow *= 2;
        bars = lay_out_flow(canvas, flow, sas, count, narrow);
    }
    return bars;
}

struct bars
bars_of_ike_sas(const struct canvas *canvas, const struct tunnel *tunnel)
{
    double narrow = BAR_NARROW;
    GPtrArray *list = g_ptr_array_new();

    for (struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        g_ptr_array_add(list, ike_sa);
    struct bars bars = lay_out_ike_sas(canvas, list, narrow);
    while (are_too_many(&bars, narrow)) {
        bars_free(&bars);
        narrow *= 2;
        bars = lay_out_ike_sas(canvas, list, narrow);
    }
    g_ptr_array_free(list, TRUE);
    return bars;
}

void
bars_free(struct bars *bars)
{
    g_ptr_array_free(bars->bar, TRUE);
}

int
bars_height(const struct bars *bars)
{
    return bars->lanes == 0 ? 0 : ((int)bars->lanes * CANVAS_LANE) + CANVAS_GAP;
}
