/* outage_log.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "outage_log.h"

#include "../clock.h"

struct service_end
outage_log_end(const struct tunnel *tunnel, const struct judge *judge)
{
    return service_at_end(tunnel, (uint64_t)judge->limits.min_outage * CLOCK_NSECS, &judge->now);
}

/* Who fell silent: the sender of the direction that carried nothing. */
static const char *
silent_peer(const struct outage *outage)
{
    if (outage->directions == OUTAGE_BOTH_DIRECTIONS)
        return "both peers fall";
    return outage->directions == 1 ? "A falls" : "B falls";
}

static char *
deleted_text(const struct words *words, const struct outage *outage)
{
    bool age_known = !nstime_is_zero(&outage->age);

    return wmem_strdup_printf(words->scope, "%s %sdeletes the %s (frame %u)%s%s",
            words_letter(outage->ended_by, "nobody seen"), outage->proven ? "" : "probably ",
            outage->how == OUTAGE_IKE_DELETED ? "IKE SA" : "child SA", outage->begin_frame, age_known ? ", age " : "",
            age_known ? words_duration(words, &outage->age) : "");
}

char *
outage_log_ended(const struct words *words, const struct outage *outage)
{
    switch (outage->how) {
    case OUTAGE_IKE_DELETED:
    case OUTAGE_CHILD_DELETED:
        return deleted_text(words, outage);
    case OUTAGE_UNANSWERED:
        return wmem_strdup_printf(words->scope, "%s silent (frame %u), %s unanswered", silent_peer(outage), outage->begin_frame,
                words_count(words, outage->asked, "message goes", "messages go"));
    case OUTAGE_SEQUENCE_FELL:
        return wmem_strdup_printf(words->scope, "%s's sequence falls back, and what it sends is dropped (from frame %u on)",
                words_letter(outage->ended_by, "nobody seen"), outage->begin_frame);
    case OUTAGE_LOST_BETWEEN:
        return wmem_strdup_printf(words->scope, "%s (frame %u)", words_count(words, outage->lost, "packet is lost between capture points and none arrives",
                "packets are lost between capture points and none arrives"), outage->begin_frame);
    case OUTAGE_REPLACED:
        return wmem_strdup_printf(words->scope, "no more on the old SAs (frame %u), no end of them is seen", outage->begin_frame);
    default:
        return wmem_strdup_printf(words->scope, "%s silent (frame %u)", silent_peer(outage), outage->begin_frame);
    }
}

char *
outage_log_down(const struct words *words, const struct outage *outage)
{
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    if (outage->restored_how == RESTORED_NOT)
        return wmem_strdup(words->scope, "not over");
    return wmem_strdup_printf(words->scope, "down %s", words_duration(words, &span));
}

char *
outage_log_restored(const struct words *words, const struct outage *outage)
{
    static const char *const verbs[RESTORED_HOWS] = {
        [RESTORED_NEW_IKE_SA] = "sets up anew", [RESTORED_NEW_CHILD] = "negotiates a new child SA",
    };

    if (outage->restored_how == RESTORED_NOT)
        return NULL;
    if (outage->restored_how == RESTORED_SAME_SA)
        return wmem_strdup_printf(words->scope, "the same SA goes on (frame %u)", outage->end_frame);
    return wmem_strdup_printf(words->scope, "%s %s (frame %u)", words_letter(outage->restored_by, "a peer"),
            verbs[outage->restored_how], outage->end_frame);
}

char *
outage_log_line(const struct words *words, const struct outage *outage)
{
    const char *restored = outage_log_restored(words, outage);

    return wmem_strdup_printf(words->scope, "%s; %s%s%s", outage_log_ended(words, outage), outage_log_down(words, outage), restored ? "; " : "",
            restored ? restored : "");
}
