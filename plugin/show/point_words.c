/* point_words.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "point_words.h"

#include <inttypes.h>

#include "../clock.h"
#include "../track/between.h"
#include "paragraph.h"

#define MICROS_PER_SECOND 1000000
#define MICROS_PER_SECOND_F 1e6

void
report_write_points(FILE *out, const struct words *words, const struct capture_facts *facts)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned i = 0; i < facts->points; i++)
        wmem_strbuf_append_printf(text, "%s%u%s%s", i > 0 ? ", " : "", i, facts->point[i] ? " " : "", facts->point[i] ? facts->point[i] : "");
    if (facts->points > 0)
        write_wrapped(out, words, "Points", wmem_strdup_printf(words->scope, "%s: a packet that several of them captured counts once",
                wmem_strbuf_get_str(text)));
}

/* "12.3 ms", or "600.1 s" */
static char *
micros_text(const struct words *words, int64_t micros)
{
    if (micros < MICROS_PER_SECOND && micros > -MICROS_PER_SECOND)
        return wmem_strdup_printf(words->scope, "%.1f ms", (double)micros / CLOCK_MICROS_PER_MS);
    return wmem_strdup_printf(words->scope, "%.3f s", (double)micros / MICROS_PER_SECOND_F);
}

static void
append_way(wmem_strbuf_t *text, const struct words *words, const struct between_way *way, const char *name)
{
    if (way->is_known)
        wmem_strbuf_append_printf(text, "; %s %" PRIu64 " arrived, %" PRIu64 " lost", name, way->arrived, way->lost.packets);
    if (way->is_known && way->lost.answers > 0)
        wmem_strbuf_append_printf(text, " (%s of IKE)", words_count(words, way->lost.answers, "answer", "answers"));
}

static char *
between_text(const struct words *words, const struct between *between)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    wmem_strbuf_append_printf(text, "points %u to %u", between->from, between->to);
    if (between->knows_round_trip)
        wmem_strbuf_append_printf(text, ": there and back %s", micros_text(words, between->round_trip));
    append_way(text, words, &between->way[0], "A to B");
    append_way(text, words, &between->way[1], "B to A");
    if (between->knows_clock && between->knows_round_trip)
        wmem_strbuf_append_printf(text, "; the clock of point %u is %s %s, if both ways take as long", between->to,
                micros_text(words, between->ahead < 0 ? -between->ahead : between->ahead), between->ahead < 0 ? "behind" : "ahead");
    return (char *)wmem_strbuf_get_str(text);
}

void
report_write_between(FILE *out, const struct words *words, const struct tracker *tracker, const struct tunnel *tunnel)
{
    struct between list[POINTS_AT_MOST];
    unsigned count = between_points(tracker_copies(tracker), tunnel, list);

    for (unsigned i = 0; i < count; i++)
        write_wrapped(out, words, i == 0 ? "  Between" : "", between_text(words, &list[i]));
}

void
json_put_points(const struct json_writer *writer, const struct capture_facts *facts)
{
    if (facts->points == 0) {
        json_put_null(writer, "points");
        return;
    }
    json_name(writer, "points");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < facts->points; i++) {
        json_dumper_begin_object(writer->json);
        json_put_number(writer, "id", i);
        if (facts->point[i])
            json_put_string(writer, "name", facts->point[i]);
        else
            json_put_null(writer, "name");
        json_dumper_end_object(writer->json);
    }
    json_dumper_end_array(writer->json);
}

static void
put_micros(const struct json_writer *writer, const char *member, int64_t micros, bool is_known)
{
    if (!is_known) {
        json_put_null(writer, member);
        return;
    }
    json_name(writer, member);
    json_dumper_value_anyf(writer->json, "%s%" PRId64 ".%06" PRId64, micros < 0 ? "-" : "", (micros < 0 ? -micros : micros) / MICROS_PER_SECOND,
            (micros < 0 ? -micros : micros) % MICROS_PER_SECOND);
}

static void
put_way(const struct json_writer *writer, const char *member, const struct between_way *way)
{
    if (!way->is_known) {
        json_put_null(writer, member);
        return;
    }
    json_name(writer, member);
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "arrived", way->arrived);
    json_put_number(writer, "lost", way->lost.packets);
    json_put_number(writer, "answers_lost", way->lost.answers);
    json_dumper_end_object(writer->json);
}

void
json_put_between(const struct json_writer *writer, const struct tracker *tracker, const struct tunnel *tunnel)
{
    struct between list[POINTS_AT_MOST];
    unsigned count = between_points(tracker_copies(tracker), tunnel, list);

    if (count == 0) {
        json_put_null(writer, "between");
        return;
    }
    json_name(writer, "between");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++) {
        json_dumper_begin_object(writer->json);
        json_put_number(writer, "from", list[i].from);
        json_put_number(writer, "to", list[i].to);
        put_micros(writer, "round_trip", list[i].round_trip, list[i].knows_round_trip);
        put_micros(writer, "clock_ahead", list[i].ahead, list[i].knows_clock && list[i].knows_round_trip);
        put_way(writer, "a_to_b", &list[i].way[0]);
        put_way(writer, "b_to_a", &list[i].way[1]);
        json_dumper_end_object(writer->json);
    }
    json_dumper_end_array(writer->json);
}
