/* volume_rekey.c
 * volume_rekey: inferred: three generations in a row ended at the same byte count, within 2%, at ages
 * that differ by a tenth or more, and so does the time in which they carried it, each in the middle of its traffic: a volume lifetime, and not a timer, ends
 * them, for behind a timer bytes follow that time, whatever its margin: they could not differ five times less. SAs that had fallen silent
 * carried what there was to carry. Only SAs whose whole life was captured count, and in which the clock did not step back, behind which
 * ages are not known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/vendors.h"
#include "succession.h"

#define PERCENT 100
#define GENERATIONS 3
#define BYTES_TOLERANCE_PERCENT 2
#define AGES_DIFFER_PERCENT 110
#define PACKETS_AT_LEAST 10

/* In the middle of traffic no more than four of the SA's own packets are missing when its successor begins to carry, or when it is deleted without
 * one, as in track/outage.c. */
#define PAUSE_GAPS 5

struct volume {
    uint64_t bytes;
    uint64_t shortest;              /* age in seconds */
};

static double
seconds_of(const struct sa *sa)
{
    nstime_t age = sa_lived(sa);

    return nstime_to_sec(&age);
}

struct range {
    double least;
    double most;
};

static void
extend(struct range *range, double value)
{
    range->least = range->most == 0 || value < range->least ? value : range->least;
    range->most = value > range->most ? value : range->most;
}

static bool
differ(const struct range *range, unsigned at_least_percent)
{
    return range->most * PERCENT >= range->least * at_least_percent;
}

/* From its first packet to its last one. */
static double
carried_for(const struct sa *sa)
{
    nstime_t used = clock_elapsed(&sa->first_time, &sa->last_time);

    return nstime_to_sec(&used);
}

static bool
in_midst(const struct judge *judge, const struct sa *sa)
{
    struct succeeded succeeded = succession_of(judge, sa->successor);
    uint32_t min_outage = judge->limits.min_outage;
    nstime_t gap = succeeded.is_end ? succeeded.idle : clock_elapsed(&sa->last_time, &sa->successor->first_time);
    double usual = carried_for(sa) / (double)(sa->sequence.packets - 1);

    return nstime_to_sec(&gap) <= min_outage || nstime_to_sec(&gap) <= PAUSE_GAPS * usual;
}

static void
judge_volume_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *last = change->replaced.sa->predecessor;
    struct range bytes = { 0 }, ages = { 0 }, times = { 0 };
    const struct sa *sa = last;
    unsigned count = 0;
    for (; sa && count < GENERATIONS; sa = sa->predecessor, count++) {
        if (!sa->born_in_capture || sa->sequence.packets < PACKETS_AT_LEAST || judge_clock_stepped(judge, sa_birth_frame(sa))
                || !in_midst(judge, sa))
            return;
        extend(&bytes, (double)sa->bytes);
        extend(&ages, seconds_of(sa));
        extend(&times, carried_for(sa));
    }
    if (count < GENERATIONS || bytes.most * PERCENT > bytes.least * (PERCENT + BYTES_TOLERANCE_PERCENT)
            || !differ(&ages, AGES_DIFFER_PERCENT) || !differ(&times, AGES_DIFFER_PERCENT))
        return;
    struct finding *finding = judge_sa(judge, FINDING_VOLUME_REKEY, CONFIDENCE_INFERRED, last, sizeof(struct volume));
    if (!finding)
        return;
    struct volume *volume = finding->detail;
    volume->bytes = (uint64_t)bytes.most;
    volume->shortest = (uint64_t)ages.least;
    for (sa = last; sa && finding->evidence_count < GENERATIONS; sa = sa->predecessor)
        finding_rests_on(finding, sa->first_frame);
}

static char *
text_volume_rekey(const struct words *words, const struct finding *finding)
{
    const struct volume *volume = finding->detail;

    return wmem_strdup_printf(words->scope, "%s: three SAs in a row ended after about %" PRIu64 " bytes, at ages from %" PRIu64
            " s", words_sa(words, finding->sa), volume->bytes, volume->shortest);
}

const struct rule rule_volume_rekey = {
    .on = ON(SA_REPLACED), .judge = judge_volume_rekey,
    .findings = {
        { FINDING_VOLUME_REKEY, .text = text_volume_rekey,
            .meaning = "A volume lifetime ends them, not a timer: a busy tunnel rekeys often then.",
            .check = { "The phase 2 lifetime in kilobytes: raise it or switch it off, the same on both peers", VENDORS_VOLUME } },
    }
};
