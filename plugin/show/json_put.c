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
