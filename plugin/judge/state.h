/* state.h
 * What users of a tunnel felt, in one word: the first state that fits, from the top.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_STATE_H
#define SPISCOPE_STATE_H

#include "view.h"

/* X(identifier, name), the worst first. */
#define SPISCOPE_STATES(X) \
    X(DOWN, "down") \
    X(FLAPPING, "flapping") \
    X(INTERRUPTED, "interrupted") \
    X(ONE_WAY, "one_way") \
    X(DEGRADED, "degraded") \
    X(CHURNING, "churning") \
    X(IDLE, "idle") \
    X(STABLE, "stable") \
    X(UNKNOWN, "unknown")

enum state {
#define X(identifier, name) STATE_##identifier,
    SPISCOPE_STATES(X)
#undef X
    STATES
};

/** Looks at a tunnel as it stands at judge->now. */
struct view view_of(const struct tunnel *tunnel, const struct judge *judge);

enum state state_of(const struct view *view);

/** The state in one word.
 * @param state  enum state */
const char *state_name(uint8_t state);

/** What there is to explain of an outage.
 * @param before  the one before it, or NULL */
struct trouble state_trouble_of(const struct outage *before, const struct outage *outage);

/** What there is to explain of a state, the latest last.
 * @param troubles  gets them
 * @param most      for so many there is room
 * @return how many there are */
unsigned state_troubles(const struct view *view, enum state state, struct trouble *troubles, unsigned most);

#endif /* SPISCOPE_STATE_H */
