/* svg.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "svg.h"

#define REPLACEMENT "\xef\xbf\xbd"          /* U+FFFD */

enum {
    STEPS_AT_MOST = 12,
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR
};

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

static const char *
write_number(struct svg_number *number, const char *format, double value)
{
    /* cppcheck-suppress wrongPrintfScanfArgNum; takes g_ascii_formatd for a printf */
    return g_ascii_formatd(number->text, sizeof number->text, format, value);
}

const char *
svg_number(struct svg_number *number, double value)
{
    return write_number(number, "%.1f", value);
}

void
svg_label(GString *svg, double x, int y, const char *style, const char *text)
{
    struct svg_number number;

    g_string_append_printf(svg, "<text x=\"%s\" y=\"%d\" class=\"%s\">", svg_number(&number, x), y, style);
    svg_text(svg, text);
    g_string_append(svg, "</text>\n");
}

/* ---- the axis */

/* The shortest step that a clock or a calendar shows and that is not taken too often. */
static double
step_of(double seconds)
{
    static const double steps[] = {
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE,
        10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY
    };

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (seconds / steps[i] <= STEPS_AT_MOST)
            return steps[i];
    return (double)((gint64)((seconds / DAY / STEPS_AT_MOST) + 1) * DAY);
}

void
svg_axis(GString *svg, double left, double right, double seconds, int top, int bottom)
{
    static const struct {
        int seconds;
        const char *name;
    } units[] = { { DAY, " d" }, { HOUR, " h" }, { MINUTE, " min" }, { 1, " s" } };
    enum { SECOND = G_N_ELEMENTS(units) - 1, GAP = 4 };
    double step = step_of(seconds);
    int unit = 0;

    while (unit < SECOND && units[unit].seconds > step)
        unit++;
    for (int i = 0; i * step <= seconds; i++) {
        double x = left + (i * step / seconds * (right - left));
        struct svg_number number, time;
        char label[sizeof time.text + sizeof " min"];
        g_snprintf(label, sizeof label, "%s%s", write_number(&time, "%g", i * step / units[unit].seconds), units[unit].name);
        g_string_append_printf(svg, "<path d=\"M%s %dV%d\" class=\"grid\"/>\n", svg_number(&number, x), top, bottom);
        svg_label(svg, x, top - GAP, "tick", label);
    }
}
