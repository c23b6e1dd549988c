/* bars.h
 * What the timeline's lanes hold, laid out before anything is drawn, so that it is known how high they are: a lane for each lineage of SAs, and
 * lanes for the IKE SAs. Bars too narrow to tell apart are one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_BARS_H
#define SPISCOPE_BARS_H

#include "canvas.h"

/** How an SA or an IKE SA went, the worst last. */
enum fate {
    FATE_USED,
    FATE_REPLACED,
    FATE_DELETED,
    FATE_EARLY,
    FATES
};

/** One bar: an SA, an IKE SA, or several that are drawn as one. */
struct bar {
    double from, to;                /**< in pixels */
    unsigned lane;
    const struct sa *sa;            /**< the first one, or NULL */
    const struct ike_sa *ike_sa;    /**< the first one, or NULL */
    uint32_t last_frame;            /**< of the last one */
    GString *members;               /**< ids, with blanks between: of the first BAR_MEMBERS_AT_MOST */
    unsigned count;
    unsigned fates[FATES];          /**< how many went so */
};

/** Ids that a bar names. */
#define BAR_MEMBERS_AT_MOST 100

/** Bars and gaps narrower than this, in pixels, can't be seen apart. */
enum { BAR_NARROW = 2 };

/** Lanes of one kind. */
struct bars {
    GPtrArray *bar;                 /**< of struct bar *, in order of their beginnings */
    unsigned lanes;
};

/** The SAs of one direction; for the caller to bars_free.
 * @param sas  count of them, of any direction, in order of appearance */
struct bars bars_of_flow(const struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count);

/** The IKE SAs of a tunnel; for the caller to bars_free. */
struct bars bars_of_ike_sas(const struct canvas *canvas, const struct tunnel *tunnel);

void bars_free(struct bars *bars);

/** In pixels, with the gap behind it; 0 where there is nothing to see. */
int bars_height(const struct bars *bars);

enum fate bar_sa_fate(const struct sa *sa, const struct judge *judge);

/** The worst of all its members. */
enum fate bar_worst_fate(const struct bar *bar);

#endif /* SPISCOPE_BARS_H */
