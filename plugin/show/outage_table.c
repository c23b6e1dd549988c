/* outage_table.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../clock.h"
#include "../compat.h"
#include "../judge/outage.h"
#include "outage_log.h"
#include "table_plans.h"
#include "tables.h"
#include "user_words.h"

enum column { TUNNEL, FRAME, BEGIN, SECONDS, ENDED_BY, HOW, AGE, RESTORED_BY, RESTORED_HOW, CAUSE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [TUNNEL] = { .title = "Tunnel", .kind = COLUMN_NUMBER },
    [FRAME] = { .title = "Frame", .kind = COLUMN_NUMBER },
    [BEGIN] = { .title = "Begin", .kind = COLUMN_TEXT },
    [SECONDS] = { .title = "Seconds", .kind = COLUMN_FIGURE, .width = 9, .decimals = 3 },
    [ENDED_BY] = { .title = "Ended by", .kind = COLUMN_TEXT },
    [HOW] = { .title = "How", .kind = COLUMN_TEXT },
    [AGE] = { .title = "Age", .kind = COLUMN_FIGURE, .width = 9, .decimals = 3 },
    [RESTORED_BY] = { .title = "Restored by", .kind = COLUMN_TEXT },
    [RESTORED_HOW] = { .title = "Restored how", .kind = COLUMN_TEXT },
    [CAUSE] = { .title = "Cause", .kind = COLUMN_TEXT },
};

/* The number of the outage that is not over. */
#define OPEN_OUTAGE OUTAGES_AT_MOST

/* A number of the table's rows for each outage that a tunnel keeps, and one for that which is not over. */
static uint32_t
row_id(const struct tunnel *tunnel, uint32_t outage)
{
    enum { ROWS_OF_A_TUNNEL = OUTAGES_AT_MOST + 1 };

    return (tunnel->id * ROWS_OF_A_TUNNEL) + MIN(outage, OPEN_OUTAGE);
}

static void
fill(const struct table *table, unsigned row, const struct tap_record *record, const struct outage *outage, wmem_allocator_t *scope)
{
    const struct words words = user_words(scope);
    const struct tunnel *tunnel = record->tunnel;
    bool over = outage->restored_how != RESTORED_NOT;
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);
    uint8_t confidence;

    table_set_number(table, row, TUNNEL, tunnel->id);
    table_set_number(table, row, FRAME, outage->begin_frame);
    table_set_text(table, row, BEGIN, words_instant_in_zone(&words, &outage->begin));
    table_set_span(table, row, SECONDS, &span, over);
    if (!over)
        table_set_text(table, row, SECONDS, "not over");
    table_set_text(table, row, ENDED_BY, words_peer(&words, tunnel, outage->ended_by));
    table_set_text(table, row, HOW, outage_how(outage->how));
    table_set_span(table, row, AGE, &outage->age, !nstime_is_zero(&outage->age));
    table_set_text(table, row, RESTORED_BY, words_peer(&words, tunnel, outage->restored_by));
    table_set_text(table, row, RESTORED_HOW, over ? outage_restored_how(outage->restored_how) : "");
    table_set_text(table, row, CAUSE, verdict_cause_name(verdict_of_outage(tunnel, record->judge, outage, &confidence)));
}

/* The outage that is not over as of the last frame that was read, or has come to be over in the meantime: its row comes and goes. */
static bool
show_open_outage(const struct table *table, const struct tap_record *record, wmem_allocator_t *scope)
{
    uint32_t id = row_id(record->tunnel, OPEN_OUTAGE);
    bool shown = table_has_row(table, id);
    struct service_end end = { .is_out = false };
    unsigned row;

    if (service_may_be_out(&record->tunnel->service))
        end = outage_log_end(record->tunnel, record->judge);
    if (!end.is_out)
        table_drop_row(table, id);
    else if (table_row(table, id, &row))
        fill(table, row, record, &end.outage, scope);
    return shown || end.is_out;
}

/* Outages that are over: each once, and mostly there is none to add. */
static bool
add_outages(const struct table *table, const struct tap_record *record, wmem_allocator_t *scope)
{
    const struct service *service = &record->tunnel->service;
    unsigned row;

    if (!service->latest || table_has_row(table, row_id(record->tunnel, service->latest->id)))
        return false;
    for (const struct outage *outage = service->first; outage; outage = outage->next) {
        uint32_t id = row_id(record->tunnel, outage->id);
        if (!table_has_row(table, id) && table_row(table, id, &row))
            fill(table, row, record, outage, scope);
    }
    return true;
}

static tap_packet_status
take(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    const struct table table = table_of(tapdata);
    (void)edt;
    (void)flags;

    bool changed = add_outages(&table, record, pinfo->pool);
    changed |= show_open_outage(&table, record, pinfo->pool);
    return changed ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

const struct table_plan outage_table = {
    .title = "Outages", .menu = "SPIscope Outages", .command = "spiscope,outage", .filter = "spiscope.tunnel == %d && spiscope.outage",
    .columns = columns, .count = COLUMNS, .take = take,
};
