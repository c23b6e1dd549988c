/* svg.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "svg.h"

#define REPLACEMENT "\xef\xbf\xbd"          /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"             /* U+2026 */

enum {
    DELETE = 0x7f,
    NO_BREAK_SPACE = 0xa0,          /* the first after the control characters that begin with DELETE */
    NONCHARACTER_FFFE = 0xfffe,
    NONCHARACTER_FFFF = 0xffff
};

/* Char of XML 1.0, section 2.2. */
static gboolean
is_xml(gunichar character)
{
    return character == '\t' || character == '\n' || (character >= ' ' && character < DELETE) ||
            (character >= NO_BREAK_SPACE && character != NONCHARACTER_FFFE && character != NONCHARACTER_FFFF);
}

void
svg_text(GString *svg, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);

    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        switch (character) {
        case '<':
            g_string_append(svg, "&lt;");
            break;
        case '>':
            g_string_append(svg, "&gt;");
            break;
        case '&':
            g_string_append(svg, "&amp;");
            break;
        case '"':
            g_string_append(svg, "&quot;");
            break;
        default:
            if (is_xml(character))
                g_string_append_unichar(svg, character);
            else
                g_string_append(svg, REPLACEMENT);
        }
    }
    g_free(valid);
}

const char *
svg_number(struct svg_number *number, double value)
{
    /* cppcheck-suppress wrongPrintfScanfArgNum; takes g_ascii_formatd for a printf */
    return g_ascii_formatd(number->text, sizeof number->text, "%.1f", value);
}

void
svg_label(GString *svg, double x, int y, const char *style, const char *text)
{
    struct svg_number number;

    g_string_append_printf(svg, "<text x=\"%s\" y=\"%d\" class=\"%s\">", svg_number(&number, x), y, style);
    svg_text(svg, text);
    g_string_append(svg, "</text>\n");
}

char *
svg_fitting(wmem_allocator_t *scope, const char *text, glong characters)
{
    char *valid = g_utf8_make_valid(text, -1), *fitting;

    if (g_utf8_strlen(valid, -1) <= characters)
        fitting = wmem_strdup(scope, valid);
    else
        fitting = wmem_strdup_printf(scope, "%.*s%s", (int)(g_utf8_offset_to_pointer(valid, characters - 1) - valid), valid, ELLIPSIS);
    g_free(valid);
    return fitting;
}
