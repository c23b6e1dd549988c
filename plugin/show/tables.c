/* tables.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tables.h"

#include <inttypes.h>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "../clock.h"
#include "../compat.h"
#include "../judge/outage.h"
#include "outage_log.h"
#include "user_words.h"

/* Rows of one table: an SA that a full table of SAs forgot keeps its row. */
#define ROWS_AT_MOST 1000000

static int tap_spiscope = -1;

static stat_tap_table_item sa_columns[] = {
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Tunnel", "%6u " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "SA", "%4u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Prot", "%-4s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Source", "%-18s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Destination", "%-18s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "SPI", "%-10s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "State", "%-14s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Gen", "%4s " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First", "%7u " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Last", "%7u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Birth (UTC)", "%-26s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Death (UTC)", "%-26s " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%9u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Bytes", "%15s " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Lost", "%6u " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Dup", "%5u " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Reord", "%5u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Replaces", "%-10s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Replaced by", "%-11s " },
};

enum sa_column {
    SA_TUNNEL, SA_ID, SA_PROTOCOL, SA_SOURCE, SA_DESTINATION, SA_SPI, SA_STATE, SA_GENERATION, SA_FIRST, SA_LAST,
    SA_BIRTH, SA_DEATH, SA_PACKETS, SA_BYTES, SA_LOST, SA_DUPLICATE, SA_REORDERED, SA_REPLACES,
    SA_REPLACED_BY, SA_COLUMNS
};

static stat_tap_table_item tunnel_columns[] = {
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Tunnel", "%6u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Peer A", "%-24s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Peer B", "%-24s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "NAT", "%-3s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "State", "%-11s " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets A-B", "%11u " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets B-A", "%11u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Verdict", "%-26s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Confidence", "%-10s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Findings", "%s" },
};

enum tunnel_column {
    TUNNEL_ID, TUNNEL_PEER_A, TUNNEL_PEER_B, TUNNEL_NAT, TUNNEL_STATE, TUNNEL_PACKETS_A, TUNNEL_PACKETS_B, TUNNEL_VERDICT,
    TUNNEL_CONFIDENCE, TUNNEL_FINDINGS, TUNNEL_COLUMNS
};

static stat_tap_table_item outage_columns[] = {
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Tunnel", "%6u " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Begin (UTC)", "%-26s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Seconds", "%9s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Ended by", "%-20s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "How", "%-16s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Age", "%8s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Restored by", "%-20s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Restored how", "%-12s " },
    { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Cause", "%-26s " },
    { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Frame", "%7u " },
};

enum outage_column {
    OUTAGE_TUNNEL, OUTAGE_BEGIN, OUTAGE_SECONDS, OUTAGE_ENDED_BY, OUTAGE_HOW, OUTAGE_AGE, OUTAGE_RESTORED_BY, OUTAGE_RESTORED_HOW, OUTAGE_CAUSE,
    OUTAGE_FRAME, OUTAGE_COLUMNS
};

/* ---- cells: the table owns its strings, and free_cell frees them */

static void
set_number(stat_tap_table *table, guint row, guint column, uint64_t value)
{
    stat_tap_table_item_type *cell = stat_tap_get_field_data(table, row, column);

    cell->value.uint_value = value > UINT32_MAX ? UINT32_MAX : (guint)value;
}

static void
set_string(stat_tap_table *table, guint row, guint column, const char *text)
{
    stat_tap_table_item_type *cell = stat_tap_get_field_data(table, row, column);

    if (g_strcmp0(cell->value.string_value, text) == 0)
        return;
    g_free((char *)cell->value.string_value);
    cell->value.string_value = g_strdup(text);
}

static void
set_spi(stat_tap_table *table, guint row, guint column, const struct sa *sa)
{
    char text[sizeof "0x00000000"] = "";

    if (sa)
        snprintf(text, sizeof text, "0x%08x", sa->key.spi);
    set_string(table, row, column, text);
}

/* A number that may need more than 32 bits. The window sorts strings by their bytes: blanks before the digits keep the order. */
static void
set_long_number(stat_tap_table *table, guint row, guint column, uint64_t value)
{
    char text[sizeof "18446744073709551615"];

    snprintf(text, sizeof text, "%15" PRIu64, value);
    set_string(table, row, column, text);
}

/* The first cell keeps, beside its value, the map from an SA's or tunnel's number to its row: a filter
 * may leave some out. */
static GHashTable *
rows_of(const stat_tap_table *table)
{
    return table->num_elements > 0 ? table->elements[0][0].user_data.ptr_value : NULL;
}

static void
free_cell(stat_tap_table *table _U_, guint row, guint column, stat_tap_table_item_type *cell)
{
    if (cell->type == TABLE_ITEM_STRING)
        g_free((char *)cell->value.string_value);
    cell->value.string_value = NULL;
    if (row == 0 && column == 0 && cell->user_data.ptr_value) {
        g_hash_table_destroy(cell->user_data.ptr_value);
        cell->user_data.ptr_value = NULL;
    }
}

static void
empty_table(stat_tap_table *table)
{
    for (guint row = 0; row < table->num_elements; row++) {
        for (guint column = 0; column < table->num_fields; column++)
            free_cell(table, row, column, &table->elements[row][column]);
        g_free(table->elements[row]);
    }
    g_free((gpointer)table->elements);
    table->elements = NULL;
    table->num_elements = 0;
}

/* The cell that keeps, beside its value, the number of what its row is about. */
#define ID_CELL 1

/* The row of the SA or tunnel with this number; made if there is none yet.
 * @return false where the table is full */
static bool
find_row(stat_tap_table *table, uint32_t id, const stat_tap_table_item *columns, guint count, guint *found)
{
    stat_tap_table_item_type cells[SA_COLUMNS];
    GHashTable *rows = rows_of(table);
    gconstpointer known = rows ? g_hash_table_lookup(rows, GUINT_TO_POINTER(id)) : NULL;

    if (known) {
        *found = GPOINTER_TO_UINT(known) - 1;
        return true;
    }
    if (table->num_elements >= ROWS_AT_MOST)
        return false;
    for (guint i = 0; i < count; i++) {
        memset(&cells[i], 0, sizeof cells[i]);
        cells[i].type = columns[i].type;
    }
    guint row = table->num_elements;
    stat_tap_init_table_row(table, row, count, cells);
    if (!rows) {
        rows = g_hash_table_new(g_direct_hash, g_direct_equal);
        table->elements[0][0].user_data.ptr_value = rows;
    }
    g_hash_table_insert(rows, GUINT_TO_POINTER(id), GUINT_TO_POINTER(row + 1));
    table->elements[row][ID_CELL].user_data.uint_value = id;
    *found = row;
    return true;
}

/* Takes a row away, if it is there: the last one gets its place. */
static void
drop_row(stat_tap_table *table, uint32_t id)
{
    GHashTable *rows = rows_of(table);
    gconstpointer known = rows ? g_hash_table_lookup(rows, GUINT_TO_POINTER(id)) : NULL;

    if (!known)
        return;
    guint row = GPOINTER_TO_UINT(known) - 1, last = table->num_elements - 1;
    for (guint column = 0; column < table->num_fields; column++) {
        stat_tap_table_item_type *cell = &table->elements[row][column], *from = &table->elements[last][column];
        if (cell->type == TABLE_ITEM_STRING)
            g_free((char *)cell->value.string_value);
        cell->value = from->value;
    }
    uint32_t moved = table->elements[last][ID_CELL].user_data.uint_value;
    table->elements[row][ID_CELL].user_data.uint_value = moved;
    g_hash_table_insert(rows, GUINT_TO_POINTER(moved), GUINT_TO_POINTER(row + 1));
    g_hash_table_remove(rows, GUINT_TO_POINTER(id));
    if (last == 0)
        g_hash_table_destroy(rows);
    g_free(table->elements[last]);
    table->num_elements--;
}

/* ---- rows */

static const char *
sa_state(const struct sa *sa, const struct judge *judge)
{
    if (sa->successor)
        return memory_has_churned(judge->memory, sa) ? "replaced early" : "replaced";
    if (sa->deleted_frame != 0)
        return "deleted";
    return sa->is_pending ? "new" : "in use";
}

static void
fill_sa_row(stat_tap_table *table, guint row, const struct tap_record *record, packet_info *pinfo)
{
    const struct sa *sa = record->sa;
    struct sequence_counts counts = sequence_counts(&sa->sequence);
    const struct words words = user_words(pinfo->pool);

    set_number(table, row, SA_TUNNEL, sa->flow->tunnel->id);
    set_number(table, row, SA_ID, sa->id);
    set_string(table, row, SA_PROTOCOL, words_protocol(sa->key.protocol));
    set_string(table, row, SA_SOURCE, words_endpoint(&words, &sa->flow->source));
    set_string(table, row, SA_DESTINATION, words_destination(&words, sa));
    set_spi(table, row, SA_SPI, sa);
    set_string(table, row, SA_GENERATION, sa->generation ? wmem_strdup_printf(pinfo->pool, "%4u", sa->generation) : "?");
    set_number(table, row, SA_FIRST, sa->first_frame);
    set_number(table, row, SA_LAST, sa->last_frame);
    set_string(table, row, SA_BIRTH, words_instant(&words, sa_birth_time(sa)));
    set_string(table, row, SA_DEATH, words_instant(&words, sa->deleted_frame ? &sa->deleted_time : &sa->last_time));
    set_number(table, row, SA_PACKETS, counts.packets);
    set_long_number(table, row, SA_BYTES, sa->bytes);
    set_number(table, row, SA_LOST, counts.lost);
    set_number(table, row, SA_DUPLICATE, counts.duplicate);
    set_number(table, row, SA_REORDERED, counts.reordered);
    set_spi(table, row, SA_REPLACES, sa->predecessor);
    set_spi(table, row, SA_REPLACED_BY, sa->successor);
    set_string(table, row, SA_STATE, sa_state(sa, record->judge));
}

/* "flapping 1, spi_churn 9" */
static char *
count_findings(wmem_allocator_t *scope, const struct findings *findings, const struct tunnel *tunnel)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");
    const struct finding_file *file = findings_of(findings, tunnel);

    for (uint8_t key = 0; file && key < FINDING_KEYS; key++)
        if (file->count[key] > 0)
            wmem_strbuf_append_printf(text, "%s%s %u", wmem_strbuf_get_len(text) > 0 ? ", " : "", finding_kind(key)->key,
                    file->count[key]);
    return (char *)wmem_strbuf_get_str(text);
}

static void
fill_tunnel_row(stat_tap_table *table, guint row, const struct tap_record *record, packet_info *pinfo)
{
    const struct tunnel *tunnel = record->tunnel;
    const struct words words = user_words(pinfo->pool);

    set_number(table, row, TUNNEL_ID, tunnel->id);
    set_string(table, row, TUNNEL_PEER_A, words_endpoint(&words, &tunnel->flow[0].source));
    set_string(table, row, TUNNEL_PEER_B, words_endpoint(&words, &tunnel->flow[1].source));
    set_string(table, row, TUNNEL_NAT, tunnel->nat ? "yes" : "no");
    set_number(table, row, TUNNEL_PACKETS_A, tunnel->flow[0].packets);
    set_number(table, row, TUNNEL_PACKETS_B, tunnel->flow[1].packets);
    struct verdict verdict = verdict_of(tunnel, record->judge);
    set_string(table, row, TUNNEL_STATE, state_name(verdict.state));
    set_string(table, row, TUNNEL_VERDICT, verdict_cause(&verdict));
    set_string(table, row, TUNNEL_CONFIDENCE, confidence_name(verdict.confidence));
    set_string(table, row, TUNNEL_FINDINGS, count_findings(pinfo->pool, record->judge->findings, tunnel));
}

/* The number of the outage that is not over. */
#define OPEN_OUTAGE OUTAGES_AT_MOST

/* A number of the table's rows for each outage that a tunnel keeps, and one for that which is not over. */
static uint32_t
outage_row_id(const struct tunnel *tunnel, uint32_t outage)
{
    enum { ROWS_OF_A_TUNNEL = OUTAGES_AT_MOST + 1 };

    return (tunnel->id * ROWS_OF_A_TUNNEL) + MIN(outage, OPEN_OUTAGE);
}

static const char *
peer_cell(const struct words *words, const struct tunnel *tunnel, int peer)
{
    if (peer == PEER_NOT_SEEN)
        return "";
    return wmem_strdup_printf(words->scope, "%c %s", peer == 0 ? 'A' : 'B', words_endpoint(words, &tunnel->flow[peer].source));
}

/* Seconds with milliseconds, right-aligned: the window sorts strings by their bytes. */
static const char *
span_cell(wmem_allocator_t *scope, const nstime_t *span)
{
    enum { NANOSECONDS_PER_MILLISECOND = 1000000 };

    return wmem_strdup_printf(scope, "%5" PRId64 ".%03d", (int64_t)span->secs, span->nsecs / NANOSECONDS_PER_MILLISECOND);
}

static void
fill_outage_row(stat_tap_table *table, guint row, const struct tap_record *record, const struct outage *outage, wmem_allocator_t *scope)
{
    const struct words words = user_words(scope);
    const struct tunnel *tunnel = record->tunnel;
    bool over = outage->restored_how != RESTORED_NOT;
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);
    uint8_t confidence;

    set_number(table, row, OUTAGE_TUNNEL, tunnel->id);
    set_string(table, row, OUTAGE_BEGIN, words_instant(&words, &outage->begin));
    set_string(table, row, OUTAGE_SECONDS, over ? span_cell(scope, &span) : "not over");
    set_string(table, row, OUTAGE_ENDED_BY, peer_cell(&words, tunnel, outage->ended_by));
    set_string(table, row, OUTAGE_HOW, outage_how(outage->how));
    set_string(table, row, OUTAGE_AGE, nstime_is_zero(&outage->age) ? "" : span_cell(scope, &outage->age));
    set_string(table, row, OUTAGE_RESTORED_BY, peer_cell(&words, tunnel, outage->restored_by));
    set_string(table, row, OUTAGE_RESTORED_HOW, over ? outage_restored_how(outage->restored_how) : "");
    set_string(table, row, OUTAGE_CAUSE, verdict_cause_name(verdict_of_outage(tunnel, record->judge, outage, &confidence)));
    set_number(table, row, OUTAGE_FRAME, outage->begin_frame);
}

static bool
has_row(const stat_tap_table *table, uint32_t id)
{
    GHashTable *rows = rows_of(table);

    return rows && g_hash_table_contains(rows, GUINT_TO_POINTER(id));
}

/* The outage that is not over as of the last frame that was read, or has come to be over in the meantime: its row comes and goes. */
static bool
show_open_outage(stat_tap_table *table, const struct tap_record *record, wmem_allocator_t *scope)
{
    uint32_t id = outage_row_id(record->tunnel, OPEN_OUTAGE);
    bool shown = has_row(table, id);
    struct service_end end = { .is_out = false };
    guint row;

    if (service_may_be_out(&record->tunnel->service))
        end = outage_log_end(record->tunnel, record->judge);
    if (!end.is_out)
        drop_row(table, id);
    else if (find_row(table, id, outage_columns, OUTAGE_COLUMNS, &row))
        fill_outage_row(table, row, record, &end.outage, scope);
    return shown || end.is_out;
}

/* Outages that are over: each once, and mostly there is none to add. */
static bool
add_outages(stat_tap_table *table, const struct tap_record *record, wmem_allocator_t *scope)
{
    const struct service *service = &record->tunnel->service;
    guint row;

    if (!service->latest || has_row(table, outage_row_id(record->tunnel, service->latest->id)))
        return false;
    for (const struct outage *outage = service->first; outage; outage = outage->next) {
        uint32_t id = outage_row_id(record->tunnel, outage->id);
        if (!has_row(table, id) && find_row(table, id, outage_columns, OUTAGE_COLUMNS, &row))
            fill_outage_row(table, row, record, outage, scope);
    }
    return true;
}

/* ---- Wireshark's side */

static void
init_table(stat_tap_table_ui *ui, const char *name, const stat_tap_table_item *columns _U_, int count, const char *filter)
{
    stat_tap_table *table = stat_tap_find_table(ui, name);

    if (table) {
        if (ui->stat_tap_reset_table_cb)
            ui->stat_tap_reset_table_cb(table);
        return;
    }
    stat_tap_add_table(ui, stat_tap_init_table(name, count, 0, filter));
}

static void
init_sa_table(stat_tap_table_ui *ui)
{
    init_table(ui, "Security Associations", sa_columns, SA_COLUMNS, "spiscope.sa == %d");
}

static void
init_tunnel_table(stat_tap_table_ui *ui)
{
    init_table(ui, "Tunnels", tunnel_columns, TUNNEL_COLUMNS, "spiscope.tunnel == %d");
}

static void
init_outage_table(stat_tap_table_ui *ui)
{
    init_table(ui, "Outages", outage_columns, OUTAGE_COLUMNS, "spiscope.tunnel == %d && spiscope.outage");
}

static stat_tap_table *
table_of(void *tapdata) /* cppcheck-suppress constParameterPointer; as callbacks get it */
{
    const stat_data_t *data = tapdata;

    return g_array_index(data->stat_tap_data->tables, stat_tap_table *, 0);
}

static tap_packet_status
take_sa(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    (void)edt;
    (void)flags;

    if (!record->sa)
        return TAP_PACKET_DONT_REDRAW;
    stat_tap_table *table = table_of(tapdata);
    guint row;
    if (!find_row(table, record->sa->id, sa_columns, SA_COLUMNS, &row))
        return TAP_PACKET_DONT_REDRAW;
    fill_sa_row(table, row, record, pinfo);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status
take_tunnel(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    (void)edt;
    (void)flags;

    stat_tap_table *table = table_of(tapdata);
    guint row;
    if (record->tunnel->into) {
        drop_row(table, record->tunnel->id);
        return TAP_PACKET_REDRAW;
    }
    if (!find_row(table, record->tunnel->id, tunnel_columns, TUNNEL_COLUMNS, &row))
        return TAP_PACKET_DONT_REDRAW;
    fill_tunnel_row(table, row, record, pinfo);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status
take_outages(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    (void)edt;
    (void)flags;

    bool changed = add_outages(table_of(tapdata), record, pinfo->pool);
    changed |= show_open_outage(table_of(tapdata), record, pinfo->pool);
    return changed ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

void
tables_register(int proto)
{
    static stat_tap_table_ui outage_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "SPIscope Outages",
        .tap_name = "spiscope",
        .cli_string = "spiscope,outage",
        .stat_tap_init_cb = init_outage_table,
        .packet_func = take_outages,
        .stat_tap_reset_table_cb = empty_table,
        .stat_tap_free_table_item_cb = free_cell,
        .nfields = OUTAGE_COLUMNS,
        .fields = outage_columns,
    };
    static stat_tap_table_ui sa_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "SPIscope Security Associations",
        .tap_name = "spiscope",
        .cli_string = "spiscope,sa",
        .stat_tap_init_cb = init_sa_table,
        .packet_func = take_sa,
        .stat_tap_reset_table_cb = empty_table,
        .stat_tap_free_table_item_cb = free_cell,
        .nfields = SA_COLUMNS,
        .fields = sa_columns,
    };
    static stat_tap_table_ui tunnel_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "SPIscope Tunnels",
        .tap_name = "spiscope",
        .cli_string = "spiscope,tunnel",
        .stat_tap_init_cb = init_tunnel_table,
        .packet_func = take_tunnel,
        .stat_tap_reset_table_cb = empty_table,
        .stat_tap_free_table_item_cb = free_cell,
        .nfields = TUNNEL_COLUMNS,
        .fields = tunnel_columns,
    };

    (void)proto;
    tap_spiscope = register_tap("spiscope");
    register_stat_tap_table_ui(&sa_ui);
    register_stat_tap_table_ui(&tunnel_ui);
    register_stat_tap_table_ui(&outage_ui);
}

bool
tables_wanted(void)
{
    return have_tap_listener(tap_spiscope);
}

void
tables_feed(packet_info *pinfo, const struct tunnel *tunnel, const struct sa *sa,
        const struct judge *judge, bool is_packet)
{
    struct tap_record *record = wmem_new(pinfo->pool, struct tap_record);

    record->tunnel = tunnel;
    record->sa = sa;
    record->judge = judge;
    record->is_packet = is_packet;
    tap_queue_packet(tap_spiscope, pinfo, record);
}
