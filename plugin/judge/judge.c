/* judge.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

static const struct rule *const rules[] = {
#define X(name) &rule_##name,
    SPISCOPE_RULES(X)
#undef X
};

#define RULES (sizeof rules / sizeof rules[0])

void
judge_open(struct judge *judge, wmem_allocator_t *pool, uint32_t most)
{
    judge->findings = findings_create(pool, most);
    judge->memory = memory_create(pool);
    judge->full_said = false;
    nstime_set_zero(&judge->latest);
    judge->latest_frame = 0;
    judge->stepped_frame = 0;
}

/* ---- what changed */

/* A frame may hold several packets, and a later one may have taken back the link that an earlier one made. */
static bool
is_undone(const struct change *change)
{
    return (change->kind == CHANGE_SA_REPLACED && !change->replaced.sa->predecessor)
            || (change->kind == CHANGE_SA_RESUMED && !change->resumed.sa->successor);
}

static void
judge_change(struct judge *judge, const struct change *change)
{
    if (is_undone(change))
        return;
    if (change->kind == CHANGE_SA_SPLIT)
        findings_take_back(judge->findings, change->sa);
    if (change->kind == CHANGE_JOINED)
        findings_join(judge->findings, change->joined.from, change->joined.into);
    if (change->kind == CHANGE_REQUESTED)
        memory_take_offer(judge->memory, change->exchange);
    for (size_t r = 0; r < RULES; r++)
        if (rules[r]->on & (UINT64_C(1) << change->kind))
            rules[r]->judge(judge, change);
}

/* Says once that there are more findings than are kept. */
static void
judge_fullness(struct judge *judge)
{
    struct change full = { .kind = CHANGE_LIMIT_REACHED, .full = { LIMIT_FINDINGS, findings_most(judge->findings) } };

    if (judge->full_said || findings_dropped(judge->findings) == 0)
        return;
    judge->full_said = true;
    findings_make_room(judge->findings);
    judge_change(judge, &full);
}

void
judge_frame(struct judge *judge, const struct changes *changes)
{
    judge->latest = changes->latest;
    judge->latest_frame = changes->latest_frame;
    for (unsigned i = 0; i < changes->count; i++)
        judge_change(judge, &changes->item[i]);
    judge_fullness(judge);
}

/* ---- words */

/* Of a rule: every key has words there. */
static const struct finding_words *
words_of(uint8_t key)
{
    const struct finding_words *words = &rules[0]->findings[0];

    for (size_t r = 0; r < RULES; r++)
        for (unsigned i = 0; i < FINDINGS_OF_A_RULE && rules[r]->findings[i].text; i++)
            if (rules[r]->findings[i].key == key)
                words = &rules[r]->findings[i];
    return words;
}

char *
finding_text(const struct words *words, const struct finding *finding)
{
    static const char more[] = "...";
    char *text = words_of(finding->key)->text(words, finding);

    if (strlen(text) > FINDING_TEXT_AT_MOST) {
        char *end = g_utf8_find_prev_char(text, text + FINDING_TEXT_AT_MOST - strlen(more) + 1);
        memcpy(end, more, sizeof more);
    }
    return text;
}

char *
finding_brief(const struct words *words, const struct finding *finding)
{
    const struct finding_words *kind = words_of(finding->key);

    if (kind->brief)
        return kind->brief(words, finding);
    return finding->sa ? wmem_strdup_printf(words->scope, "0x%08x", finding->sa->key.spi) : NULL;
}

const char *
finding_meaning(uint8_t key)
{
    return words_of(key)->meaning;
}

const char *
finding_kind_check(uint8_t key, unsigned i)
{
    return i < CHECKS_AT_MOST ? words_of(key)->check[i] : NULL;
}

const char *
finding_check(const struct finding *finding, unsigned i)
{
    const struct finding_words *words = words_of(finding->key);

    return words->check_of ? words->check_of(finding)[i] : finding_kind_check(finding->key, i);
}
