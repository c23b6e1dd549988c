/* json_put.h
 * Members of JSON objects, as the report for programs has them: times are epoch seconds with nanoseconds, SPIs are 0x strings, what is not known
 * is null.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JSON_PUT_H
#define SPISCOPE_JSON_PUT_H

#include <wsutil/json_dumper.h>

#include "../judge/judge.h"

struct json_writer {
    json_dumper *json;
    wmem_allocator_t *scope;        /* freed after each SA and each finding, of which one tunnel may have a million */
    struct words words;             /* into that scope: of sentences and names */
    struct words plain;             /* of addresses */
    const struct judge *judge;
};

/** The name of a member whose value comes next. */
void json_name(const struct json_writer *writer, const char *member);

void json_put_null(const struct json_writer *writer, const char *member);

/** @param value  or NULL, of what is not known */
void json_put_string(const struct json_writer *writer, const char *member, const char *value);

void json_put_number(const struct json_writer *writer, const char *member, uint64_t value);

void json_put_bool(const struct json_writer *writer, const char *member, bool value);

/** 0 is what is not known, such as the frame of a message that was not captured. */
void json_put_known(const struct json_writer *writer, const char *member, uint64_t value);

void json_put_time(const struct json_writer *writer, const char *member, const nstime_t *value);

/** @param sa  or NULL */
void json_put_spi(const struct json_writer *writer, const char *member, const struct sa *sa);

void json_put_frames(const struct json_writer *writer, const char *member, const uint32_t *frames, unsigned count);

#endif /* SPISCOPE_JSON_PUT_H */
