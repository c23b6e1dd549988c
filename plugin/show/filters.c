/* filters.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "filters.h"

#include <glib.h>

/* Findings on one frame whose evidence goes into one filter. */
#define FINDINGS_AT_MOST 100

char *
filter_tunnel(uint32_t tunnel)
{
    return g_strdup_printf("spiscope.tunnel == %u", tunnel);
}

char *
filter_findings(const struct tunnel *tunnel)
{
    return g_strdup_printf("spiscope.tunnel == %u && (spiscope.finding || spiscope.evidence_of)", tunnel->id);
}

char *
filter_sa(const struct sa *sa)
{
    return g_strdup_printf("spiscope.sa == %u", sa->id);
}

char *
filter_story(const struct sa *sa)
{
    return g_strdup_printf("spiscope.sa.spi == 0x%08x || spiscope.finding.spi == 0x%08x", sa->key.spi, sa->key.spi);
}

char *
filter_neighbours(const struct sa *sa)
{
    GString *filter = g_string_new(NULL);

    /* cppcheck-suppress nullPointerOutOfMemory; g_string_new ends the program where there is no memory */
    g_string_append_printf(filter, "spiscope.sa.spi == 0x%08x", sa->key.spi);
    if (sa->predecessor)
        g_string_append_printf(filter, " || spiscope.sa.spi == 0x%08x", sa->predecessor->key.spi);
    if (sa->successor)
        g_string_append_printf(filter, " || spiscope.sa.spi == 0x%08x", sa->successor->key.spi);
    return g_string_free(filter, FALSE);
}

char *
filter_evidence(const struct findings *findings, uint32_t frame)
{
    uint32_t count, first = findings_on(findings, frame, &count);
    GString *filter = g_string_new(NULL);

    if (count == 0) {
        g_string_free(filter, TRUE);
        return NULL;
    }
    /* cppcheck-suppress nullPointerOutOfMemory; g_string_new ends the program where there is no memory */
    g_string_append_printf(filter, "frame.number in {%u", frame);
    for (uint32_t i = 0; i < MIN(count, FINDINGS_AT_MOST); i++) {
        const struct finding *finding = findings_get(findings, first + i);
        for (unsigned k = 0; k < finding->evidence_count && !finding->is_taken_back; k++)
            g_string_append_printf(filter, ", %u", finding->evidence[k]);
    }
    g_string_append_c(filter, '}');
    return g_string_free(filter, FALSE);
}
