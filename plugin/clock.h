/* clock.h
 * Arithmetic on the packets' own time. Captures are hostile input: their clocks run backwards and
 * stand at the ends of their range, so every difference here saturates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CLOCK_H
#define SPISCOPE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/nstime.h>

/* What a second has of each. */
enum {
    CLOCK_MSECS = 1000,
    CLOCK_NSECS = 1000000000
};

enum { CLOCK_MICROS_PER_MS = 1000 };

/** A packet's time as it can be reckoned with: a hostile file may hold any 32 bits in place of its micro- or
 * nanoseconds, and Wireshark hands them on. Whole seconds in there are carried over, except at the ends of the range. */
static inline nstime_t
clock_of(const nstime_t *stamp)
{
    nstime_t time = *stamp;

    if (time.nsecs >= 0 && time.nsecs < CLOCK_NSECS)
        return time;
    int carry = time.nsecs / CLOCK_NSECS;
    time.nsecs %= CLOCK_NSECS;
    if (time.nsecs < 0) {
        time.nsecs += CLOCK_NSECS;
        carry--;
    }
    if (carry > 0 ? time.secs <= INT64_MAX - carry : time.secs >= INT64_MIN - carry)
        time.secs += carry;
    return time;
}

/** Below, at or above 0 as a is before, at or after b; nstime_cmp of Wireshark 4.0 loses the upper half
 * of the difference. */
static inline int
clock_compare(const nstime_t *a, const nstime_t *b)
{
    if (a->secs != b->secs)
        return a->secs < b->secs ? -1 : 1;
    return (a->nsecs > b->nsecs) - (a->nsecs < b->nsecs);
}

/** The later of the two. */
static inline const nstime_t *
clock_later(const nstime_t *a, const nstime_t *b)
{
    return clock_compare(a, b) < 0 ? b : a;
}

/** The time from one moment to a later one; zero where the second is not later. */
static inline nstime_t
clock_elapsed(const nstime_t *from, const nstime_t *to)
{
    nstime_t span = NSTIME_INIT_ZERO;

    if (clock_compare(to, from) <= 0)
        return span;
    uint64_t secs = (uint64_t)to->secs - (uint64_t)from->secs;
    int32_t nsecs = to->nsecs - from->nsecs;
    if (nsecs < 0) {
        secs--;
        nsecs += CLOCK_NSECS;
    }
    span.secs = secs > INT64_MAX ? (time_t)INT64_MAX : (time_t)secs;
    span.nsecs = nsecs;
    return span;
}

/** A moment in eight bytes: nanoseconds since 1970, as far as these reach (years 1678 to 2262). */
static inline int64_t
clock_pack(const nstime_t *moment)
{
    if (moment->secs >= INT64_MAX / CLOCK_NSECS)
        return INT64_MAX;
    if (moment->secs <= INT64_MIN / CLOCK_NSECS)
        return INT64_MIN;
    return ((int64_t)moment->secs * CLOCK_NSECS) + moment->nsecs;
}

/** The moment that was packed. */
static inline nstime_t
clock_unpack(int64_t packed)
{
    nstime_t moment = { .secs = (time_t)(packed / CLOCK_NSECS), .nsecs = (int)(packed % CLOCK_NSECS) };

    if (moment.nsecs < 0) {
        moment.nsecs += CLOCK_NSECS;
        moment.secs--;
    }
    return moment;
}

/** Whether at least so many milliseconds lie between the two. */
static inline bool
clock_passed_ms(const nstime_t *from, const nstime_t *to, uint64_t milliseconds)
{
    nstime_t span = clock_elapsed(from, to);
    uint64_t secs = (uint64_t)span.secs;

    if (secs > milliseconds / CLOCK_MSECS)
        return true;
    return (secs * CLOCK_MSECS) + ((uint64_t)span.nsecs / (CLOCK_NSECS / CLOCK_MSECS)) >= milliseconds;
}

/** Whether at least so many seconds lie between the two. */
static inline bool
clock_passed(const nstime_t *from, const nstime_t *to, uint32_t seconds)
{
    return clock_passed_ms(from, to, (uint64_t)seconds * CLOCK_MSECS);
}

/** Microseconds since the epoch; those of a moment that no calendar has lie at the ends of a range in which differences do not overflow. */
static inline int64_t
clock_micros(const nstime_t *moment)
{
    enum { PER_SECOND = 1000000, NSECS_PER = 1000 };
    const int64_t most = INT64_C(1000000000000);    /* seconds */
    int64_t secs = moment->secs > most ? most : moment->secs < -most ? -most : (int64_t)moment->secs;

    return (secs * PER_SECOND) + (moment->nsecs / NSECS_PER);
}

/** A moment so many microseconds earlier; saturates. */
static inline nstime_t
clock_earlier(const nstime_t *moment, int64_t micros)
{
    enum { PER_SECOND = 1000000, NSECS_PER = 1000 };
    int64_t seconds = micros / PER_SECOND;
    int64_t nsecs = moment->nsecs - ((micros % PER_SECOND) * NSECS_PER);
    nstime_t earlier = NSTIME_INIT_ZERO;

    if (nsecs < 0) {
        nsecs += CLOCK_NSECS;
        seconds++;
    } else if (nsecs >= CLOCK_NSECS) {
        nsecs -= CLOCK_NSECS;
        seconds--;
    }
    if (seconds > 0 ? moment->secs < INT64_MIN + seconds : moment->secs > INT64_MAX + seconds)
        return *moment;
    earlier.secs = (time_t)(moment->secs - seconds);
    earlier.nsecs = (int)nsecs;
    return earlier;
}

/** The moment so many whole seconds after another; the last one that there is, where that is none. */
static inline nstime_t
clock_later_by(const nstime_t *moment, uint32_t seconds)
{
    nstime_t later = *moment;

    later.secs = later.secs > INT64_MAX - seconds ? INT64_MAX : later.secs + seconds;
    return later;
}

/** The moment so many seconds after another; as exact as a double is. The last one that there is, where that is none. */
static inline nstime_t
clock_after(const nstime_t *moment, double seconds)
{
    if (seconds >= (double)INT64_MAX || (double)moment->secs + seconds >= (double)INT64_MAX)
        return (nstime_t){ .secs = INT64_MAX };
    int64_t whole = (int64_t)seconds;
    int64_t nsecs = moment->nsecs + (int64_t)((seconds - (double)whole) * CLOCK_NSECS);
    nstime_t after = NSTIME_INIT_ZERO;

    after.secs = (time_t)(moment->secs + whole + (nsecs / CLOCK_NSECS));
    after.nsecs = (int)(nsecs % CLOCK_NSECS);
    return after;
}

#endif /* SPISCOPE_CLOCK_H */
