/* tunnel_table.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../compat.h"
#include "../judge/overview.h"
#include "table_plans.h"
#include "tables.h"
#include "user_words.h"

enum column { ID, PEER_A, PEER_B, NAME, STATE, VERDICT, CONFIDENCE, PACKETS_A, PACKETS_B, NAT, FINDINGS, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [ID] = { .title = "Tunnel", .kind = COLUMN_NUMBER },
    [PEER_A] = { .title = "Peer A", .kind = COLUMN_TEXT },
    [PEER_B] = { .title = "Peer B", .kind = COLUMN_TEXT },
    [NAME] = { .title = "Name", .kind = COLUMN_TEXT },
    [STATE] = { .title = "State", .kind = COLUMN_TEXT },
    [VERDICT] = { .title = "Verdict", .kind = COLUMN_TEXT },
    [CONFIDENCE] = { .title = "Confidence", .kind = COLUMN_TEXT },
    [PACKETS_A] = { .title = "Packets A-B", .kind = COLUMN_NUMBER },
    [PACKETS_B] = { .title = "Packets B-A", .kind = COLUMN_NUMBER },
    [NAT] = { .title = "NAT", .kind = COLUMN_TEXT },
    [FINDINGS] = { .title = "Findings", .kind = COLUMN_TEXT },
};

static outputs_source *source;

/* "flapping 1, spi_churn 9" */
static char *
count_findings(wmem_allocator_t *scope, const struct findings *findings, const struct tunnel *tunnel)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");
    const struct finding_file *file = findings_of(findings, tunnel);

    for (uint8_t key = 0; file && key < FINDING_KEYS; key++)
        if (finding_file_count(file, key) > 0)
            wmem_strbuf_append_printf(text, "%s%s %u", wmem_strbuf_get_len(text) > 0 ? ", " : "", finding_kind(key)->key,
                    finding_file_count(file, key));
    return (char *)wmem_strbuf_get_str(text);
}

static void
fill(const struct table *table, unsigned row, const struct tap_record *record, wmem_allocator_t *scope)
{
    const struct tunnel *tunnel = record->tunnel;
    const struct words words = user_words(scope);
    struct verdict verdict = verdict_of(tunnel, record->judge);
    const char *name = gateways_name(&record->judge->limits.gateways, tunnel);

    table_set_number(table, row, ID, tunnel->id);
    table_set_text(table, row, PEER_A, words_endpoint(&words, &tunnel->flow[0].source));
    table_set_text(table, row, PEER_B, words_endpoint(&words, &tunnel->flow[1].source));
    table_set_text(table, row, NAME, name ? name : "");
    table_set_text(table, row, STATE, state_name(verdict.state));
    table_set_text(table, row, VERDICT, verdict_cause(&verdict));
    table_set_text(table, row, CONFIDENCE, confidence_name(verdict.confidence));
    table_set_number(table, row, PACKETS_A, tunnel->flow[0].packets);
    table_set_number(table, row, PACKETS_B, tunnel->flow[1].packets);
    table_set_text(table, row, NAT, tunnel->nat ? "yes" : "no");
    table_set_text(table, row, FINDINGS, count_findings(scope, record->judge->findings, tunnel));
}

static tap_packet_status
take(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    const struct table table = table_of(tapdata);
    unsigned row;
    (void)edt;
    (void)flags;

    if (record->tunnel->into) {
        table_drop_row(&table, record->tunnel->id);
        return TAP_PACKET_REDRAW;
    }
    if (!table_row(&table, record->tunnel->id, &row))
        return TAP_PACKET_DONT_REDRAW;
    fill(&table, row, record, pinfo->pool);
    return TAP_PACKET_REDRAW;
}

/* The first pair of a scan stands for all that have a row. */
static void
fold_scan(const struct table *table, const struct scan *scan, wmem_allocator_t *scope)
{
    uint32_t first = 0;
    unsigned pairs = 0, row;

    for (const struct tunnel *tunnel = scan->first_pair; tunnel; tunnel = tunnel->next) {
        if (!scan_holds(scan, tunnel) || !table_has_row(table, tunnel->id))
            continue;
        if (pairs++ == 0)
            first = tunnel->id;
        else
            table_drop_row(table, tunnel->id);
    }
    if (pairs > 1 && table_row(table, first, &row))
        table_set_text(table, row, NAME, wmem_strdup_printf(scope, "a scan: this and %u more", pairs - 1));
}

/* The worst first. */
static void
order(const struct table *table)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;

    if (source(&facts, &tracker, &judge)) {
        struct overview overview = overview_of(scope, tracker_tunnels(tracker), judge);
        fold_scan(table, &overview.scan, scope);
        uint32_t *ids = wmem_alloc_array(scope, uint32_t, overview.tunnels);
        for (uint32_t i = 0; i < overview.tunnels; i++)
            ids[i] = overview.row[i].tunnel->id;
        table_order(table, ids, overview.tunnels);
    }
    wmem_destroy_allocator(scope);
}

void
tunnel_table_look_at(outputs_source *outputs)
{
    source = outputs;
}

const struct table_plan tunnel_table = {
    .title = "Tunnels", .menu = "SPIscope Tunnels", .command = "spiscope,tunnel", .filter = "spiscope.tunnel == %d",
    .columns = columns, .count = COLUMNS, .take = take, .order = order,
};
