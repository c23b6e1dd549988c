/* walk.h
 * Walks along lists that a hostile capture may make as long as it likes, and how far each goes: beyond that it is a flood,
 * not a tunnel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_WALK_H
#define SPISCOPE_WALK_H

/** How many entries are looked at, latest first. */
enum walk_bound {
    EXCHANGES_OPEN = 16,            /**< of an IKE SA: as many as can be open at once */
    EXCHANGES_CROSSING = 8,         /**< of an IKE SA, before one that another may cross */
    IKE_SAS_RECENT = 16,            /**< of a tunnel: those whose exchanges may be open */
    IKE_SAS_KNOWN = 256,            /**< of a tunnel, for one that another takes the place of */
    CHILDREN_KNOWN = 64,            /**< of a tunnel */
    CURRENT_KNOWN = 64,             /**< lineages of a direction, for a predecessor */
    CURRENT_IN_USE = 16,            /**< lineages of a direction, for traffic */
    GENERATIONS_KNOWN = 4096        /**< of a lineage */
};

/** Runs the statement that follows for each entry from the first on, most of them at most.
 * @param entry  a variable that points to the entries
 * @param next   the member that leads on */
#define WALK(entry, first, next, most) \
    for (unsigned walked_##entry = ((entry) = (first), 0); (entry) && walked_##entry < (most); (entry) = (entry)->next, walked_##entry++)

#endif /* SPISCOPE_WALK_H */
