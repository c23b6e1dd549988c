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
struct capture_facts {
    const char *file;               /**< NULL where it is not known */
    uint32_t frames;
    nstime_t first;
    nstime_t last;
    unsigned points;                /**< capture points; 0 where there is one */
    const char *point[POINTS_AT_MOST]; /**< their names; NULL where the file gives none */
};

/** The SAs of each tunnel, in order of appearance: a list for each tunnel's id, with its length in
 * counts. Owned by scope. */
const struct sa ***report_sort_sas(const struct tracker *tracker, wmem_allocator_t *scope, unsigned **counts);

/** Writes the report: a summary, then the worst tunnels that are not well, then a line for each that is. Few tunnels are all told in full. */
void report_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

/** The same with every tunnel in full. */
void report_write_all(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

/** The same as report_write, folded to the width of a new text window. */
void report_write_for_window(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

/** Writes the same for programs: one JSON object on one line (plugin/report.schema.json). */
void json_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

#endif /* SPISCOPE_REPORT_H */
