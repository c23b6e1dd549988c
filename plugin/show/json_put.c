/* json_put.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "json_put.h"

#include <inttypes.h>

#include "../clock.h"

void
json_name(const struct json_writer *writer, const char *member)
{
    json_dumper_set_member_name(writer->json, member);
}

/* Characters that a terminal or an editor takes for commands although they are printed as they are: DEL and the C1 control characters, and those
 * that change the direction of text around them (Unicode Standard Annex 9, section 2). A file's name may hold them. */
static gboolean
is_command(gunichar character)
{
    enum { DEL = 0x7f, C1_LAST = 0x9f, ARABIC_LETTER_MARK = 0x61c, LEFT_TO_RIGHT_MARK = 0x200e, RIGHT_TO_LEFT_MARK = 0x200f,
        LINE_SEPARATOR = 0x2028, EMBEDDINGS_LAST = 0x202e, ISOLATES = 0x2066, ISOLATES_LAST = 0x2069 };

    return (character >= DEL && character <= C1_LAST) || character == ARABIC_LETTER_MARK
            || character == LEFT_TO_RIGHT_MARK || character == RIGHT_TO_LEFT_MARK
            || (character >= LINE_SEPARATOR && character <= EMBEDDINGS_LAST)
            || (character >= ISOLATES && character <= ISOLATES_LAST);
}

static gboolean
holds_commands(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text))
        if (is_command(g_utf8_get_char(text)))
            return TRUE;
    return FALSE;
}

/* A JSON string (RFC 8259 section 7) with these escaped as well. */
static char *
quote(wmem_allocator_t *scope, const char *text)
{
    wmem_strbuf_t *quoted = wmem_strbuf_new(scope, "\"");

    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        if (character < ' ' || is_command(character))
            wmem_strbuf_append_printf(quoted, "\\u%04x", character);
        else if (character == '"' || character == '\\')
            wmem_strbuf_append_printf(quoted, "\\%c", (char)character);
        else
            wmem_strbuf_append_unichar(quoted, character);
    }
    wmem_strbuf_append_c(quoted, '"');
    return (char *)wmem_strbuf_get_str(quoted);
}

void
json_put_null(const struct json_writer *writer, const char *member)
{
    json_name(writer, member);
    json_dumper_value_anyf(writer->json, "null");
}

void
json_put_string(const struct json_writer *writer, const char *member, const char *value)
{
    if (!value) {
        json_put_null(writer, member);
        return;
    }
    json_name(writer, member);
    if (g_utf8_validate(value, -1, NULL) && holds_commands(value))
        json_dumper_value_anyf(writer->json, "%s", quote(writer->scope, value));
    else
        json_dumper_value_string(writer->json, value);
}

void
json_put_number(const struct json_writer *writer, const char *member, uint64_t value)
{
    json_name(writer, member);
    json_dumper_value_anyf(writer->json, "%" PRIu64, value);
}

void
json_put_bool(const struct json_writer *writer, const char *member, bool value)
{
    json_name(writer, member);
    json_dumper_value_anyf(writer->json, value ? "true" : "false");
}

void
json_put_known(const struct json_writer *writer, const char *member, uint64_t value)
{
    if (value > 0)
        json_put_number(writer, member, value);
    else
        json_put_null(writer, member);
}

void
json_put_time(const struct json_writer *writer, const char *member, const nstime_t *value)
{
    int64_t secs = (int64_t)value->secs;
    int nsecs = value->nsecs < 0 || value->nsecs >= CLOCK_NSECS ? 0 : value->nsecs;
    bool before = secs < 0 && nsecs > 0;            /* 1970: the fraction counts backwards */

    if (before) {
        secs++;
        nsecs = CLOCK_NSECS - nsecs;
    }
    json_name(writer, member);
    json_dumper_value_anyf(writer->json, "%s%" PRId64 ".%09d", before && secs == 0 ? "-" : "", secs, nsecs);
}

void
json_put_spi(const struct json_writer *writer, const char *member, const struct sa *sa)
{
    if (!sa)
        json_put_null(writer, member);
    else
        json_put_string(writer, member, wmem_strdup_printf(writer->scope, "0x%08x", sa->key.spi));
}

void
json_put_frames(const struct json_writer *writer, const char *member, const uint32_t *frames, unsigned count)
{
    json_name(writer, member);
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++)
        json_dumper_value_anyf(writer->json, "%u", frames[i]);
    json_dumper_end_array(writer->json);
}
