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

void
write_wrapped(FILE *out, const struct words *words, const char *label, const char *text)
{
    int column = fprintf(out, "%-*s ", PARAGRAPH_LABEL - 1, label);
    bool is_first = true;

    for (const char *word = strtok(to_ascii(words->scope, text), " "); word; word = strtok(NULL, " ")) {
        int length = (int)strlen(word);
        if (!is_first && column + 1 + length > PARAGRAPH_COLUMNS) {
            column = fprintf(out, "\n%*s", PARAGRAPH_LABEL, "") - 1;
            is_first = true;
        }
        column += fprintf(out, "%s%s", is_first ? "" : " ", word);
        is_first = false;
    }
    fputc('\n', out);
}
