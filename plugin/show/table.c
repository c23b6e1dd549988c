/* table.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "table.h"

#include "../clock.h"
#include "../compat.h"
#include "window.h"

/* Rows of one table: an SA that a full table of SAs forgot keeps its row. */
#define ROWS_AT_MOST 1000000

/* The cell that keeps, beside its value, the number of what its row is about. */
#define ID_CELL 1

struct registered_table {
    stat_tap_table_ui ui;           /* comes first: Wireshark hands it back */
    const struct table_plan *plan;
    const char *so_far;             /* title of a window that is opened while packets come in */
    unsigned *width;                /* of each column, in characters */
    bool pads;                      /* this is tshark */
    bool is_ordered;                /* before it is printed */
    struct registered_table *next;
};

/* For table_say_so_far. */
static struct registered_table *registered_tables;

/* ---- rows: the first cell keeps, beside its value, the map from the number of what a row is about to its row: a filter may leave some out */

static GHashTable *
rows_of(const stat_tap_table *rows)
{
    return rows->num_elements > 0 ? rows->elements[0][0].user_data.ptr_value : NULL;
}

static gconstpointer
find_row(const stat_tap_table *rows, uint32_t id)
{
    GHashTable *map = rows_of(rows);

    return map ? g_hash_table_lookup(map, GUINT_TO_POINTER(id)) : NULL;
}

/* The table owns its texts. */
static void
free_cell(stat_tap_table *rows _U_, guint row, guint column, stat_tap_table_item_type *cell)
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
empty_table(stat_tap_table *rows)
{
    for (guint row = 0; row < rows->num_elements; row++) {
        for (guint column = 0; column < rows->num_fields; column++)
            free_cell(rows, row, column, &rows->elements[row][column]);
        g_free(rows->elements[row]);
    }
    g_free((gpointer)rows->elements);
    rows->elements = NULL;
    rows->num_elements = 0;
}

bool
table_has_row(const struct table *table, uint32_t id)
{
    return find_row(table->rows, id) != NULL;
}

void
table_order(const struct table *table, const uint32_t *ids, uint32_t count)
{
    stat_tap_table *rows = table->rows;
    GHashTable *map = rows_of(rows);
    stat_tap_table_item_type **before = g_memdup2(rows->elements, rows->num_elements * sizeof(stat_tap_table_item_type *));
    guint ordered = 0;

    for (uint32_t i = 0; i < count; i++) {
        gconstpointer known = g_hash_table_lookup(map, GUINT_TO_POINTER(ids[i]));
        if (!known || !before[GPOINTER_TO_UINT(known) - 1])
            continue;
        rows->elements[ordered++] = before[GPOINTER_TO_UINT(known) - 1];
        before[GPOINTER_TO_UINT(known) - 1] = NULL;
    }
    for (guint i = 0; i < rows->num_elements; i++)
        if (before[i])
            rows->elements[ordered++] = before[i];
    for (guint row = 0; row < rows->num_elements; row++) {
        rows->elements[row][0].user_data.ptr_value = NULL;
        g_hash_table_insert(map, GUINT_TO_POINTER(rows->elements[row][ID_CELL].user_data.uint_value), GUINT_TO_POINTER(row + 1));
    }
    rows->elements[0][0].user_data.ptr_value = map;
    g_free(before);
}

static void
order_rows(void *data)
{
    struct registered_table *registered = data;
    const struct table table = { .rows = stat_tap_find_table(&registered->ui, registered->plan->title), .registered = registered };

    if (table.rows && table.rows->num_elements > 0)
        registered->plan->order(&table);
}

/* tshark prints a table as it stands, and whoever listens last is called first. */
static void
order_before_printing(const struct table *table)
{
    struct registered_table *registered = table->registered;

    if (!registered->pads || !registered->plan->order || registered->is_ordered)
        return;
    registered->is_ordered = true;
    GString *error = register_tap_listener(registered->ui.tap_name, registered, NULL, TL_REQUIRES_NOTHING, NULL, NULL, order_rows, NULL);
    if (error)                      /* the rows stay in the order of their appearance */
        g_string_free(error, TRUE);
}

static void
append_row(const struct table *table, uint32_t id)
{
    const struct table_plan *plan = table->registered->plan;
    stat_tap_table_item_type *cells = g_new0(stat_tap_table_item_type, plan->count);
    GHashTable *map = rows_of(table->rows);
    guint row = table->rows->num_elements;

    for (unsigned i = 0; i < plan->count; i++)
        cells[i].type = table->registered->ui.fields[i].type;
    stat_tap_init_table_row(table->rows, row, plan->count, cells);
    g_free(cells);
    if (!map) {
        map = g_hash_table_new(g_direct_hash, g_direct_equal);
        table->rows->elements[0][0].user_data.ptr_value = map;
        order_before_printing(table);
    }
    g_hash_table_insert(map, GUINT_TO_POINTER(id), GUINT_TO_POINTER(row + 1));
    table->rows->elements[row][ID_CELL].user_data.uint_value = id;
}

bool
table_row(const struct table *table, uint32_t id, unsigned *row)
{
    gconstpointer known = find_row(table->rows, id);

    if (!known && table->rows->num_elements >= ROWS_AT_MOST)
        return false;
    if (!known)
        append_row(table, id);
    *row = known ? GPOINTER_TO_UINT(known) - 1 : table->rows->num_elements - 1;
    return true;
}

void
table_drop_row(const struct table *table, uint32_t id)
{
    stat_tap_table *rows = table->rows;
    gconstpointer known = find_row(rows, id);
    GHashTable *map = rows_of(rows);

    if (!known)
        return;
    guint row = GPOINTER_TO_UINT(known) - 1, last = rows->num_elements - 1;
    for (guint column = 0; column < rows->num_fields; column++) {
        stat_tap_table_item_type *cell = &rows->elements[row][column], *from = &rows->elements[last][column];
        if (cell->type == TABLE_ITEM_STRING)
            g_free((char *)cell->value.string_value);
        cell->value = from->value;
    }
    uint32_t moved = rows->elements[last][ID_CELL].user_data.uint_value;
    rows->elements[row][ID_CELL].user_data.uint_value = moved;
    g_hash_table_insert(map, GUINT_TO_POINTER(moved), GUINT_TO_POINTER(row + 1));
    g_hash_table_remove(map, GUINT_TO_POINTER(id));
    if (last == 0)
        g_hash_table_destroy(map);
    g_free(rows->elements[last]);
    rows->num_elements--;
}

/* ---- columns: Wireshark writes a cell with its column's format, and tshark the title above as it is */

static bool
is_left(const struct registered_table *registered, unsigned column)
{
    return registered->plan->columns[column].kind == COLUMN_TEXT;
}

static char *
padded(const char *text, unsigned width, bool left)
{
    return left ? wmem_strdup_printf(wmem_epan_scope(), "%-*s", (int)width, text) : wmem_strdup_printf(wmem_epan_scope(), "%*s", (int)width, text);
}

/* The window sorts by the first column, and draws the sign for that over the title's beginning where it is aligned to the right: blanks give it room. */
#define SIGN_BLANKS 4

static unsigned
title_width(const struct registered_table *registered, unsigned column, unsigned width)
{
    if (registered->pads || column > 0 || is_left(registered, column))
        return width;
    return (unsigned)strlen(registered->plan->columns[column].title) + SIGN_BLANKS;
}

/* The last column's cells need no padding, if they are texts. */
static void
set_width(struct registered_table *registered, unsigned column, unsigned width)
{
    stat_tap_table_item *item = &registered->ui.fields[column];
    const char *conversion = item->type == TABLE_ITEM_UINT ? "u" : "s";
    bool left = is_left(registered, column), is_last = column + 1 == registered->plan->count;

    registered->width[column] = width;
    wmem_free(wmem_epan_scope(), (char *)item->column_name);
    wmem_free(wmem_epan_scope(), (char *)item->field_format);
    item->column_name = padded(registered->plan->columns[column].title, title_width(registered, column, width), left);
    item->field_format = width == 0 || (left && is_last) ? wmem_strdup_printf(wmem_epan_scope(), "%%%s", conversion)
        : wmem_strdup_printf(wmem_epan_scope(), "%%%s%u%s", left ? "-" : "", width, conversion);
}

static void
widen(const struct table *table, unsigned column, size_t width)
{
    struct registered_table *registered = table->registered;

    if (registered->pads && width > registered->width[column])
        set_width(registered, column, (unsigned)width);
}

/* ---- cells */

void
table_set_number(const struct table *table, unsigned row, unsigned column, uint64_t value)
{
    stat_tap_table_item_type *cell = stat_tap_get_field_data(table->rows, row, column);

    cell->value.uint_value = value > UINT32_MAX ? UINT32_MAX : (guint)value;
    if (table->registered->pads) {
        char digits[sizeof "4294967295"];
        widen(table, column, (size_t)snprintf(digits, sizeof digits, "%u", cell->value.uint_value));
    }
}

void
table_set_text(const struct table *table, unsigned row, unsigned column, const char *text)
{
    stat_tap_table_item_type *cell = stat_tap_get_field_data(table->rows, row, column);

    if (g_strcmp0(cell->value.string_value, text) == 0)
        return;
    g_free((char *)cell->value.string_value);
    cell->value.string_value = g_strdup(text);
    widen(table, column, (size_t)g_utf8_strlen(text, -1));
}

/* The window sorts texts by their bytes: there, blanks before the digits keep the order. */
void
table_set_figure(const struct table *table, unsigned row, unsigned column, double value)
{
    const struct table_column *form = &table->registered->plan->columns[column];
    char text[G_ASCII_DTOSTR_BUF_SIZE], format[sizeof "%.99f"];

    snprintf(format, sizeof format, "%%.%df", form->decimals);
    g_ascii_formatd(text, sizeof text, format, value);
    char *cell = g_strdup_printf("%*s", table->registered->pads ? 0 : form->width, text);
    table_set_text(table, row, column, cell);
    g_free(cell);
}

void
table_set_span(const struct table *table, unsigned row, unsigned column, const nstime_t *span, bool known)
{
    if (known)
        table_set_figure(table, row, column, nstime_to_sec(span));
    else
        table_set_text(table, row, column, "");
}

void
table_set_lifetime(const struct table *table, unsigned row, unsigned column, uint64_t seconds)
{
    if (seconds > 0)
        table_set_figure(table, row, column, (double)seconds);
    else
        table_set_text(table, row, column, "");
}

/* ---- Wireshark's side */

/* A table of this name that is there is begun anew. */
static void
begin_table(stat_tap_table_ui *ui)
{
    struct registered_table *registered = (struct registered_table *)ui;
    const struct table_plan *plan = registered->plan;
    stat_tap_table *rows = stat_tap_find_table(ui, plan->title);

    registered->pads = !window_is_there();
    if (registered->is_ordered)     /* sharkd frees its tables, and asks for them again */
        remove_tap_listener(registered);
    registered->is_ordered = false;
    for (unsigned i = 0; i < plan->count; i++)
        set_width(registered, i, registered->pads ? (unsigned)strlen(plan->columns[i].title) : 0);
    if (!rows)
        stat_tap_add_table(ui, stat_tap_init_table(plan->title, (int)plan->count, 0, plan->filter));
    else if (ui->stat_tap_reset_table_cb)
        ui->stat_tap_reset_table_cb(rows);
}

struct table
table_of(void *tapdata) /* cppcheck-suppress constParameterPointer; as callbacks get it */
{
    const stat_data_t *data = tapdata;

    return (struct table){ .rows = g_array_index(data->stat_tap_data->tables, stat_tap_table *, 0),
        .registered = (struct registered_table *)data->stat_tap_data };
}

/* Wireshark takes any word that begins as a table is called for that table. */
static void
check_word(const char *argument, const char **filter _U_, char **complaint)
{
    for (const struct registered_table *registered = registered_tables; registered; registered = registered->next) {
        const char *known = registered->ui.cli_string;
        size_t length = strlen(known);
        if (g_str_has_prefix(argument, known) && argument[length] != '\0' && argument[length] != ',')
            *complaint = ws_strdup_printf("unknown argument in -z %s: it is -z %s or -z %s,FILTER", argument, known, known);
    }
}

void
table_register(const struct table_plan *plan, const char *tap)
{
    struct registered_table *registered = wmem_new0(wmem_epan_scope(), struct registered_table);
    stat_tap_table_ui *ui = &registered->ui;

    registered->plan = plan;
    registered->so_far = wmem_strdup_printf(wmem_epan_scope(), "%s so far (Apply: up to now)", plan->menu);
    registered->width = wmem_alloc0_array(wmem_epan_scope(), unsigned, plan->count);
    registered->next = registered_tables;
    registered_tables = registered;
    ui->group = REGISTER_PACKET_STAT_GROUP_UNSORTED;
    ui->title = plan->menu;
    ui->tap_name = tap;
    ui->stat_filter_check_cb = check_word;
    ui->cli_string = plan->command;
    ui->stat_tap_init_cb = begin_table;
    ui->packet_func = plan->take;
    ui->stat_tap_reset_table_cb = empty_table;
    ui->stat_tap_free_table_item_cb = free_cell;
    ui->nfields = plan->count;
    ui->fields = wmem_alloc0_array(wmem_epan_scope(), stat_tap_table_item, plan->count);
    for (unsigned i = 0; i < plan->count; i++) {
        ui->fields[i].type = plan->columns[i].kind == COLUMN_NUMBER ? TABLE_ITEM_UINT : TABLE_ITEM_STRING;
        ui->fields[i].align = is_left(registered, i) ? TAP_ALIGN_LEFT : TAP_ALIGN_RIGHT;
        set_width(registered, i, 0);
    }
    register_stat_tap_table_ui(ui);
}

void
table_say_so_far(bool so_far)
{
    if (!window_is_there())
        return;
    for (struct registered_table *registered = registered_tables; registered; registered = registered->next)
        registered->ui.title = so_far ? registered->so_far : registered->plan->menu;
}
