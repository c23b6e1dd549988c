/* point_words.h
 * Capture points and the ways between them, for the report and the JSON.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_POINT_WORDS_H
#define SPISCOPE_POINT_WORDS_H

#include "json_put.h"
#include "report.h"

/** Writes the points, if there are several. */
void report_write_points(FILE *out, const struct words *words, const struct capture_facts *facts);

/** Writes what is lost, and how long it takes, between a tunnel's points. */
void report_write_between(FILE *out, const struct words *words, const struct tracker *tracker, const struct tunnel *tunnel);

/** Puts the member points: those of the capture, or null. */
void json_put_points(const struct json_writer *writer, const struct capture_facts *facts);

/** Puts the member between: a tunnel's ways from point to point, or null. */
void json_put_between(const struct json_writer *writer, const struct tracker *tracker, const struct tunnel *tunnel);

#endif /* SPISCOPE_POINT_WORDS_H */
