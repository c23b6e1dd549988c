/* sa_table.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../clock.h"
#include "../compat.h"
#include "table_plans.h"
#include "tables.h"
#include "user_words.h"

enum column {
    TUNNEL, ID, PROTOCOL, SOURCE, DESTINATION, SPI, STATE, GENERATION, LIVED, NEGOTIATED, REQUESTED_BY, ENDED_BY, PACKETS, BYTES, LOST,
    LOST_PERCENT, DUPLICATE, REORDERED, FIRST, LAST, BIRTH, DEATH, REPLACES, REPLACED_BY, COLUMNS
};

static const struct table_column columns[COLUMNS] = {
    [TUNNEL] = { .title = "Tunnel", .kind = COLUMN_NUMBER },
    [ID] = { .title = "SA", .kind = COLUMN_NUMBER },
    [PROTOCOL] = { .title = "Prot", .kind = COLUMN_TEXT },
    [SOURCE] = { .title = "Source", .kind = COLUMN_TEXT },
    [DESTINATION] = { .title = "Destination", .kind = COLUMN_TEXT },
    [SPI] = { .title = "SPI", .kind = COLUMN_TEXT },
    [STATE] = { .title = "State", .kind = COLUMN_TEXT },
    [GENERATION] = { .title = "Gen", .kind = COLUMN_FIGURE, .width = 4, .decimals = 0 },
    [LIVED] = { .title = "Lived s", .kind = COLUMN_FIGURE, .width = 8, .decimals = 1 },
    [NEGOTIATED] = { .title = "Negotiated s", .kind = COLUMN_FIGURE, .width = 6, .decimals = 0 },
    [REQUESTED_BY] = { .title = "Requested by", .kind = COLUMN_TEXT },
    [ENDED_BY] = { .title = "Ended by", .kind = COLUMN_TEXT },
    [PACKETS] = { .title = "Packets", .kind = COLUMN_NUMBER },
    [BYTES] = { .title = "Bytes", .kind = COLUMN_FIGURE, .width = 12, .decimals = 0 },
    [LOST] = { .title = "Lost", .kind = COLUMN_NUMBER },
    [LOST_PERCENT] = { .title = "Lost %", .kind = COLUMN_FIGURE, .width = 5, .decimals = 1 },
    [DUPLICATE] = { .title = "Dup", .kind = COLUMN_NUMBER },
    [REORDERED] = { .title = "Reord", .kind = COLUMN_NUMBER },
    [FIRST] = { .title = "First", .kind = COLUMN_NUMBER },
    [LAST] = { .title = "Last", .kind = COLUMN_NUMBER },
    [BIRTH] = { .title = "Birth", .kind = COLUMN_TEXT },
    [DEATH] = { .title = "Death", .kind = COLUMN_TEXT },
    [REPLACES] = { .title = "Replaces", .kind = COLUMN_TEXT },
    [REPLACED_BY] = { .title = "Replaced by", .kind = COLUMN_TEXT },
};

static void
set_spi(const struct table *table, unsigned row, unsigned column, const struct sa *sa)
{
    char text[sizeof "0x00000000"] = "";

    if (sa)
        snprintf(text, sizeof text, "0x%08x", sa->key.spi);
    table_set_text(table, row, column, text);
}

static const char *
state_name_of(const struct sa *sa, const struct judge *judge)
{
    if (sa->successor)
        return memory_has_churned(judge->memory, sa) ? "replaced early" : "replaced";
    if (sa->deleted_frame != 0)
        return "deleted";
    return sa->is_pending ? "new" : "in use";
}

/* When, how long, by whom. */
static void
fill_life(const struct table *table, unsigned row, const struct sa *sa, const struct words *words)
{
    const struct tunnel *tunnel = sa->flow->tunnel;
    nstime_t lived = sa_lived(sa);

    table_set_span(table, row, LIVED, &lived, sa_is_over(sa));
    table_set_lifetime(table, row, NEGOTIATED, sa->child ? sa->child->lifetime.seconds : 0);
    table_set_text(table, row, REQUESTED_BY, sa->origin && sa->origin_sure ? words_peer(words, tunnel, (int)flow_peer(sa->origin->flow)) : "");
    table_set_text(table, row, ENDED_BY, words_peer(words, tunnel, sa->ended_by - 1));
    table_set_number(table, row, FIRST, sa->first_frame);
    table_set_number(table, row, LAST, sa->last_frame);
    table_set_text(table, row, BIRTH, words_instant_in_zone(words, sa_birth_time(sa)));
    table_set_text(table, row, DEATH, sa->deleted_frame != 0 ? words_instant_in_zone(words, &sa->deleted_time)
            : sa->successor ? words_instant_in_zone(words, &sa->last_time) : "");
    set_spi(table, row, REPLACES, sa->predecessor);
    set_spi(table, row, REPLACED_BY, sa->successor);
}

static void
fill_counts(const struct table *table, unsigned row, const struct sa *sa)
{
    enum { PERCENT = 100 };
    struct sequence_counts counts = sequence_counts(&sa->sequence);
    uint64_t sent = counts.packets + counts.lost;

    table_set_number(table, row, PACKETS, counts.packets);
    table_set_figure(table, row, BYTES, (double)sa->bytes);
    table_set_number(table, row, LOST, counts.lost);
    table_set_figure(table, row, LOST_PERCENT, sent > 0 ? PERCENT * (double)counts.lost / (double)sent : 0);
    table_set_number(table, row, DUPLICATE, counts.duplicate);
    table_set_number(table, row, REORDERED, counts.reordered);
}

static void
fill(const struct table *table, unsigned row, const struct tap_record *record, wmem_allocator_t *scope)
{
    const struct sa *sa = record->sa;
    const struct words words = user_words(scope);

    table_set_number(table, row, TUNNEL, sa->flow->tunnel->id);
    table_set_number(table, row, ID, sa->id);
    table_set_text(table, row, PROTOCOL, words_protocol(sa->key.protocol));
    table_set_text(table, row, SOURCE, words_endpoint(&words, &sa->flow->source));
    table_set_text(table, row, DESTINATION, words_destination(&words, sa));
    set_spi(table, row, SPI, sa);
    table_set_text(table, row, STATE, state_name_of(sa, record->judge));
    if (sa->generation > 0)
        table_set_figure(table, row, GENERATION, sa->generation);
    else
        table_set_text(table, row, GENERATION, "?");
    fill_life(table, row, sa, &words);
    fill_counts(table, row, sa);
}

static tap_packet_status
take(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    const struct table table = table_of(tapdata);
    unsigned row;
    (void)edt;
    (void)flags;

    if (!record->sa || !table_row(&table, record->sa->id, &row))
        return TAP_PACKET_DONT_REDRAW;
    fill(&table, row, record, pinfo->pool);
    return TAP_PACKET_REDRAW;
}

const struct table_plan sa_table = {
    .title = "Security Associations", .menu = "SPIscope Security Associations", .command = "spiscope,sa", .filter = "spiscope.sa == %d",
    .columns = columns, .count = COLUMNS, .take = take,
};
