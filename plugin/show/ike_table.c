/* ike_table.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <inttypes.h>

#include "../clock.h"
#include "../compat.h"
#include "../judge/scan.h"
#include "../words/ike_words.h"
#include "table_plans.h"
#include "tables.h"
#include "user_words.h"

enum column {
    TUNNEL, ID, VERSION, INITIATOR, RESPONDER, STATE, LIVED, NEGOTIATED, ENDED_BY, MESSAGES, FIRST, LAST, BIRTH, DEATH, REPLACES, REPLACED_BY,
    INITIATOR_SPI, RESPONDER_SPI, COLUMNS
};

static const struct table_column columns[COLUMNS] = {
    [TUNNEL] = { .title = "Tunnel", .kind = COLUMN_NUMBER },
    [ID] = { .title = "IKE SA", .kind = COLUMN_NUMBER },
    [VERSION] = { .title = "Version", .kind = COLUMN_TEXT },
    [INITIATOR] = { .title = "Initiator", .kind = COLUMN_TEXT },
    [RESPONDER] = { .title = "Responder", .kind = COLUMN_TEXT },
    [STATE] = { .title = "State", .kind = COLUMN_TEXT },
    [LIVED] = { .title = "Lived s", .kind = COLUMN_FIGURE, .width = 8, .decimals = 1 },
    [NEGOTIATED] = { .title = "Negotiated s", .kind = COLUMN_FIGURE, .width = 6, .decimals = 0 },
    [ENDED_BY] = { .title = "Ended by", .kind = COLUMN_TEXT },
    [MESSAGES] = { .title = "Messages", .kind = COLUMN_NUMBER },
    [FIRST] = { .title = "First", .kind = COLUMN_NUMBER },
    [LAST] = { .title = "Last", .kind = COLUMN_NUMBER },
    [BIRTH] = { .title = "Birth", .kind = COLUMN_TEXT },
    [DEATH] = { .title = "Death", .kind = COLUMN_TEXT },
    [REPLACES] = { .title = "Replaces", .kind = COLUMN_TEXT },
    [REPLACED_BY] = { .title = "Replaced by", .kind = COLUMN_TEXT },
    [INITIATOR_SPI] = { .title = "Initiator's SPI", .kind = COLUMN_TEXT },
    [RESPONDER_SPI] = { .title = "Responder's SPI", .kind = COLUMN_TEXT },
};

static void
set_number_of(const struct table *table, unsigned row, unsigned column, const struct ike_sa *ike_sa, wmem_allocator_t *scope)
{
    table_set_text(table, row, column, ike_sa ? wmem_strdup_printf(scope, "%u", ike_sa->id) : "");
}

static const char *
state_name_of(const struct ike_sa *ike_sa)
{
    if (ike_sa->end != IKE_ALIVE || ike_sa->ended_by != 0)
        return words_ike_fate(ike_sa);
    return ike_sa->established || !ike_sa->born_in_capture ? "up" : "being set up";
}

static void
fill_life(const struct table *table, unsigned row, const struct ike_sa *ike_sa, const struct words *words)
{
    bool is_over = ike_sa->end != IKE_ALIVE;
    nstime_t lived = clock_elapsed(&ike_sa->first_time, &ike_sa->end_time);

    table_set_span(table, row, LIVED, &lived, is_over);
    table_set_lifetime(table, row, NEGOTIATED, exchange_phase1_seconds(ike_sa));
    table_set_text(table, row, ENDED_BY, words_peer(words, ike_sa->flow->tunnel, ike_sa->ended_by - 1));
    table_set_text(table, row, BIRTH, words_instant_in_zone(words, &ike_sa->first_time));
    table_set_text(table, row, DEATH, is_over ? words_instant_in_zone(words, &ike_sa->end_time) : "");
    set_number_of(table, row, REPLACES, ike_sa->predecessor, words->scope);
    set_number_of(table, row, REPLACED_BY, ike_sa->successor, words->scope);
}

static void
fill(const struct table *table, unsigned row, const struct ike_sa *ike_sa, wmem_allocator_t *scope)
{
    const struct words words = user_words(scope);

    table_set_number(table, row, TUNNEL, ike_sa->flow->tunnel->id);
    table_set_number(table, row, ID, ike_sa->id);
    table_set_text(table, row, VERSION, ike_sa->version >= 2 ? "IKEv2" : "IKEv1");
    table_set_text(table, row, INITIATOR, words_endpoint(&words, &ike_sa->flow->source));
    table_set_text(table, row, RESPONDER, words_endpoint(&words, &ike_sa->flow->destination));
    table_set_text(table, row, STATE, state_name_of(ike_sa));
    table_set_number(table, row, MESSAGES, (uint64_t)ike_sa->messages[0] + ike_sa->messages[1]);
    table_set_number(table, row, FIRST, ike_sa->first_frame);
    table_set_number(table, row, LAST, ike_sa->last_frame);
    table_set_text(table, row, INITIATOR_SPI, wmem_strdup_printf(scope, "0x%016" PRIx64, ike_sa->initiator_spi));
    table_set_text(table, row, RESPONDER_SPI, wmem_strdup_printf(scope, "0x%016" PRIx64, ike_sa->responder_spi));
    fill_life(table, row, ike_sa, &words);
}

/* What a message may have ended is among its tunnel's latest. */
#define LOOKED_AT_MOST 8

static tap_packet_status
take(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    const struct table table = table_of(tapdata);
    unsigned row, looked_at = 0;
    (void)edt;
    (void)flags;

    const struct tunnel *tunnel = record->tunnel->into ? record->tunnel->into : record->tunnel;
    if (!record->ike_sa && tunnel == record->tunnel)
        return TAP_PACKET_DONT_REDRAW;
    if (record->ike_sa && table_row(&table, record->ike_sa->id, &row))
        fill(&table, row, record->ike_sa, pinfo->pool);
    for (const struct ike_sa *other = tunnel->ike_sas; other && looked_at < LOOKED_AT_MOST; other = other->tunnel_older, looked_at++)
        if (other != record->ike_sa && table_has_row(&table, other->id) && table_row(&table, other->id, &row))
            fill(&table, row, other, pinfo->pool);
    return TAP_PACKET_REDRAW;
}

static outputs_source *source;

/* The first IKE SA of a scan stands for all that have a row; the others stay in their order. */
static void
fold_scan(const struct table *table, const struct scan *scan, const struct ike_table *ike, wmem_allocator_t *scope)
{
    uint32_t *ids = wmem_alloc_array(scope, uint32_t, ike_count(ike) + 1), left = 0, first = 0;
    unsigned asked = 0, row;

    for (const struct ike_sa *ike_sa = ike_first(ike); ike_sa; ike_sa = ike_sa->next) {
        bool is_scan = scan_holds(scan, ike_sa->flow->tunnel) && table_has_row(table, ike_sa->id);
        if (is_scan && asked++ == 0)
            first = ike_sa->id;
        if (is_scan && asked > 1)
            table_drop_row(table, ike_sa->id);
        else
            ids[left++] = ike_sa->id;
    }
    table_order(table, ids, left);
    if (asked > 1 && table_row(table, first, &row))
        table_set_text(table, row, STATE, wmem_strdup_printf(scope, "a scan: this and %u more", asked - 1));
}

static void
order(const struct table *table)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;

    if (!source(&facts, &tracker, &judge))
        return;
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    struct scan scan = scan_of(tracker_tunnels(tracker));
    if (scan.pairs > 0)
        fold_scan(table, &scan, tracker_ike(tracker), scope);
    wmem_destroy_allocator(scope);
}

void
ike_table_look_at(outputs_source *outputs)
{
    source = outputs;
}

const struct table_plan ike_table = {
    .title = "IKE SAs", .menu = "SPIscope IKE SAs", .command = "spiscope,ike", .filter = "spiscope.ike == %d",
    .columns = columns, .count = COLUMNS, .take = take, .order = order,
};
