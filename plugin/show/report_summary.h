/* report_summary.h
 * The report's beginning: all tunnels at a glance, and the troubles that they share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_REPORT_SUMMARY_H
#define SPISCOPE_REPORT_SUMMARY_H

#include "../judge/overview.h"
#include "../judge/shared_trouble.h"
#include "report.h"

/** Tunnels that have a line in the summary, and are told in full behind it. */
#define SUMMARY_TUNNELS_AT_MOST 60

/** Writes how many tunnels are in which state, a line for each of the worst that are not well, and what they share; of a single tunnel, nothing. */
void report_write_summary(FILE *out, const struct words *words, const struct overview *overview, const struct capture_facts *facts,
        const struct tracker *tracker, const struct judge *judge);

/** "300 tunnels: 2 down, 8 flapping, 290 stable". Owned by the words' scope. */
char *summary_counts(const struct words *words, const struct overview *overview);

/** "192.0.2.1 is a gateway of most of them", where there is a hub. Owned by the words' scope. */
char *summary_hub(const struct words *words, const struct overview *overview);

/** "192.0.2.1 - 198.51.100.7"; without the hub where there is one; the tunnel's name where the user gave it one. Owned by the words' scope. */
char *summary_peers(const struct words *words, const struct overview *overview, const struct overview_row *row);

/** "; 11 outages, 22.1 s", as the end of a line; empty where there was none. Owned by the words' scope. */
const char *summary_outages(const struct words *words, const struct verdict *verdict);

/** "flapping: 198.51.100.7, deleted_by_peer (spoke); 11 outages, 22.1 s": a tunnel in a line, without the hub where there is one. Owned by the
 * words' scope. */
char *summary_line(const struct words *words, const struct overview *overview, const struct overview_row *row);

/** "4000 pairs of addresses of which one alone was heard ...", where there is a scan. Owned by the words' scope. */
char *summary_scan(const struct words *words, const struct scan *scan);

/** "23 tunnels went down within 4.0 s at ...: 192.0.2.1 or its path, not the others (frames 1, 2)". Owned by the words' scope. */
char *summary_shared(const struct words *words, const struct shared_trouble *trouble);

#endif /* SPISCOPE_REPORT_SUMMARY_H */
