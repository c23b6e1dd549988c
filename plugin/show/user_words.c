/* user_words.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "user_words.h"

#include <epan/addr_resolv.h>
#include <epan/ipproto.h>
#include <epan/timestamp.h>
#include <epan/to_str.h>

#include "window.h"

#define REPLACEMENT 0xfffd

/* A name may come from the capture itself (DNS answers, pcapng's name resolution block). What a terminal, a browser or a reader could take for
 * something else (control characters, changes of the writing's direction, line ends) becomes U+FFFD. */
static char *
readable(wmem_allocator_t *scope, const char *name)
{
    char *valid = g_utf8_make_valid(name, -1);
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");

    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        bool is_visible = g_unichar_isgraph(character) && !g_unichar_isspace(character);
        wmem_strbuf_append_unichar(text, is_visible ? character : REPLACEMENT);
    }
    g_free(valid);
    return (char *)wmem_strbuf_get_str(text);
}

static char *
resolved_name(wmem_allocator_t *scope, const struct ip_address *of)
{
    address host;

    if (!gbl_resolv_flags.network_name || of->length == 0)
        return NULL;
    set_address(&host, of->length == IPV4_LENGTH ? AT_IPv4 : AT_IPv6, of->length, of->bytes);
    const char *name = address_to_display(scope, &host);
    return strcmp(name, address_to_str(scope, &host)) == 0 ? NULL : readable(scope, name);
}

/* Of the time zone that this computer is set to; 0 where no calendar has the moment. */
static int32_t
local_zone(const nstime_t *moment)
{
    enum { MINUTE = 60 };
    GDateTime *date = g_date_time_new_from_unix_local(moment->secs);

    if (!date)
        return 0;
    int32_t ahead = (int32_t)(g_date_time_get_utc_offset(date) / G_TIME_SPAN_SECOND);
    g_date_time_unref(date);
    return ahead / MINUTE * MINUTE;     /* local mean time, before there were zones, had seconds */
}

static int32_t
user_zone(const nstime_t *moment)
{
    switch (timestamp_get_type()) {
    case TS_ABSOLUTE:
    case TS_ABSOLUTE_WITH_YMD:
    case TS_ABSOLUTE_WITH_YDOY:
        return local_zone(moment);
    case TS_UTC:
    case TS_UTC_WITH_YMD:
    case TS_UTC_WITH_YDOY:
        return 0;
    default:                        /* since some other packet, which tells no zone */
        return window_is_there() ? local_zone(moment) : 0;
    }
}

struct words
user_words(wmem_allocator_t *scope)
{
    struct words words = program_words(scope);

    words.name = resolved_name;
    words.zone = user_zone;
    return words;
}

struct words
program_words(wmem_allocator_t *scope)
{
    return words_plain(scope, ipprotostr);
}
