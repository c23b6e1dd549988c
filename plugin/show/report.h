/* report.h
 * The report for a support case: 80 columns of plain ASCII, in stable order.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_REPORT_H
#define SPISCOPE_REPORT_H

#include <stdio.h>

#include "../judge/verdict.h"

/** What is told of the capture itself. */
/** Headers that the dissectors found and SPIscope did not: in an encapsulation that it does not read. */
struct unread {
    uint32_t esp;
    uint32_t ah;
    uint32_t ike;
};

struct capture_facts {
    const char *file;               /**< NULL where it is not known */
    uint32_t frames;
    nstime_t first;
    nstime_t last;
    struct unread unread;
};

/** The SAs of each tunnel, in order of appearance: a list for each tunnel's id, with its length in
 * counts. Owned by scope. */
const struct sa ***report_sort_sas(const struct tracker *tracker, wmem_allocator_t *scope, unsigned **counts);

/** Writes the report about every tunnel. */
void report_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

/** Writes the same for programs: one JSON object on one line (plugin/report.schema.json). */
void json_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

#endif /* SPISCOPE_REPORT_H */
