/* mark.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mark.h"

#include <stdlib.h>

struct entry {
    const struct finding *finding;
    uint32_t at;                    /* in the order in which they were found */
};

static int
compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    enum severity left_severity = finding_severity(left->finding), right_severity = finding_severity(right->finding);

    if (left_severity != right_severity)
        return left_severity > right_severity ? -1 : 1;
    if (left->finding->key != right->finding->key)
        return left->finding->key < right->finding->key ? -1 : 1;
    return left->at < right->at ? -1 : 1;
}

const struct finding **
mark_findings(wmem_allocator_t *scope, const struct findings *findings, uint32_t frame, uint32_t *count)
{
    uint32_t on_it, first = findings_on(findings, frame, &on_it);
    struct entry *entries = wmem_alloc_array(scope, struct entry, on_it);

    *count = 0;
    for (uint32_t i = 0; i < on_it; i++) {
        const struct finding *finding = findings_get(findings, first + i);
        if (!finding->is_taken_back)
            entries[(*count)++] = (struct entry){ finding, i };
    }
    if (*count > 1)
        qsort(entries, *count, sizeof *entries, compare);
    const struct finding **list = wmem_alloc_array(scope, const struct finding *, *count);
    for (uint32_t i = 0; i < *count; i++)
        list[i] = entries[i].finding;
    return list;
}

char *
mark_text(const struct words *words, const struct finding *const *list, uint32_t count)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");
    uint64_t named = 0;

    for (uint32_t i = 0; i < count; i++) {
        const char *brief = i == 0 ? finding_brief(words, list[i]) : NULL;
        if (!(named & UINT64_C(1) << list[i]->key))
            wmem_strbuf_append_printf(text, "%s%s%s%s", i == 0 ? "" : ", ", finding_kind(list[i]->key)->key, brief ? ": " : "", brief ? brief : "");
        named |= UINT64_C(1) << list[i]->key;
    }
    return (char *)wmem_strbuf_get_str(text);
}

char *
mark_verdict(const struct words *words, const struct tunnel *tunnel, const struct verdict *verdict)
{
    return wmem_strdup_printf(words->scope, "tunnel %u %s: %s", tunnel->id, state_name(verdict->state), verdict_cause(verdict));
}
