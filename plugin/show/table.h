/* table.h
 * A table of Wireshark's statistics: its columns, its rows by what they are about, its cells. In the window the columns are as wide
 * as Wireshark makes them; what tshark prints is padded here, to the widest that a cell has been.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TABLE_H
#define SPISCOPE_TABLE_H

#include <epan/packet.h>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,                  /**< of 32 bits */
    COLUMN_FIGURE                   /**< another number, or none: written as text by table_set_figure */
};

struct table_column {
    const char *title;
    enum column_kind kind;
    int width;                      /**< characters of a figure that the window sorts by its value */
    int decimals;                   /**< of a figure */
};

/** A table that is being filled. */
struct table;

/** What is registered of a table. */
struct table_plan {
    const char *title;              /**< of the table itself */
    const char *menu;               /**< of its window, and in the Statistics menu */
    const char *command;            /**< behind -z */
    const char *filter;             /**< with %d for what a row is about */
    const struct table_column *columns;
    unsigned count;
    tap_packet_cb take;             /**< takes what the tap hands over */
    void (*order)(const struct table *table); /**< puts the rows in order before tshark prints them, with table_order, and those of a scan
                                         together; or NULL. In the window the user does that */
};

/** Registers a table; the plan must last.
 * @param tap  the name of the tap that feeds it */
void table_register(const struct table_plan *plan, const char *tap);

/** Has the windows of tables that are opened from now on say in their titles that they show what there is so far, and how to bring
 * them up to date; or no longer. Nothing in tshark. */
void table_say_so_far(bool so_far);

struct table {
    stat_tap_table *rows;
    struct registered_table *registered;
};

/** The table that a tap's packet callback fills. */
struct table table_of(void *tapdata);

/** The row of what has this number; made if there is none yet.
 * @return false where the table is full */
bool table_row(const struct table *table, uint32_t id, unsigned *row);

bool table_has_row(const struct table *table, uint32_t id);

/** Takes a row away, if it is there: the last one gets its place. */
void table_drop_row(const struct table *table, uint32_t id);

/** Puts the rows in the order of these numbers; those of other numbers come behind them. */
void table_order(const struct table *table, const uint32_t *ids, uint32_t count);

/** What does not fit in 32 bits becomes the largest that does. */
void table_set_number(const struct table *table, unsigned row, unsigned column, uint64_t value);

/** Copies the text. */
void table_set_text(const struct table *table, unsigned row, unsigned column, const char *text);

void table_set_figure(const struct table *table, unsigned row, unsigned column, double value);

/** A span in seconds, as a figure; nothing where it is not known. */
void table_set_span(const struct table *table, unsigned row, unsigned column, const nstime_t *span, bool known);

/** A lifetime in seconds, as a figure; nothing for 0. */
void table_set_lifetime(const struct table *table, unsigned row, unsigned column, uint64_t seconds);

#endif /* SPISCOPE_TABLE_H */
