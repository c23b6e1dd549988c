/* paragraph.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "paragraph.h"

#include <glib.h>

/* The same text in printable ASCII: the arrow between selectors is the only other character that we write, and a
 * file's name may hold what a terminal takes for commands. */
static char *
to_ascii(wmem_allocator_t *scope, const char *text)
{
    wmem_strbuf_t *ascii = wmem_strbuf_new(scope, "");

    while (*text != '\0') {
        if (g_str_has_prefix(text, "\xe2\x86\x94")) {
            wmem_strbuf_append(ascii, "<->");
            text += 3;
        } else {
            wmem_strbuf_append_c(ascii, g_ascii_isprint(*text) ? *text : '?');
            text++;
        }
    }
    return (char *)wmem_strbuf_get_str(ascii);
}

char *
paragraph_fold(const struct words *words, const char *label, int width, const char *text)
{
    int columns = words->columns > 0 ? words->columns : PARAGRAPH_COLUMNS, column = MAX(width, (int)g_utf8_strlen(label, -1));
    wmem_strbuf_t *lines = wmem_strbuf_new(words->scope, "");
    bool is_first = true;

    wmem_strbuf_append_printf(lines, "%-*s", width, label);
    for (const char *word = strtok(wmem_strdup(words->scope, text), " "); word; word = strtok(NULL, " ")) {
        int length = (int)g_utf8_strlen(word, -1);
        if (!is_first && column + 1 + length > columns) {
            wmem_strbuf_append_printf(lines, "\n%*s", width, "");
            column = width;
            is_first = true;
        }
        wmem_strbuf_append_printf(lines, "%s%s", is_first ? "" : " ", word);
        column += length + !is_first;
        is_first = false;
    }
    wmem_strbuf_append_c(lines, '\n');
    return (char *)wmem_strbuf_get_str(lines);
}

void
write_wrapped(FILE *out, const struct words *words, const char *label, const char *text)
{
    fputs(paragraph_fold(words, wmem_strdup_printf(words->scope, "%-*s ", PARAGRAPH_LABEL - 1, label), PARAGRAPH_LABEL, to_ascii(words->scope, text)), out);
}
