/* words.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "words.h"

#include <inttypes.h>
#include <time.h>

#include <wsutil/inet_addr.h>

#include "../clock.h"

/* ---- as SPIscope writes by itself */

static char *
no_name(wmem_allocator_t *scope _U_, const struct ip_address *address _U_)
{
    return NULL;
}

static int32_t
utc(const nstime_t *moment _U_)
{
    return 0;
}

struct words
words_plain(wmem_allocator_t *scope, const char *(*ip_protocol)(int protocol))
{
    struct words words = { .scope = scope, .name = no_name, .zone = utc, .ip_protocol = ip_protocol };

    return words;
}

/* ---- as the user has it */

char *
words_number(const struct words *words, const struct ip_address *address)
{
    char buffer[WS_INET6_ADDRSTRLEN];

    if (address->length == IPV4_LENGTH)
        ws_inet_ntop4(address->bytes, buffer, sizeof buffer);
    else if (address->length == IPV6_LENGTH)
        ws_inet_ntop6(address->bytes, buffer, sizeof buffer);
    else
        return wmem_strdup(words->scope, "?");
    return wmem_strdup(words->scope, buffer);
}

static char *
with_name(const struct words *words, const struct ip_address *address, char *number)
{
    const char *name = words->name(words->scope, address);

    return name ? wmem_strdup_printf(words->scope, "%s (%s)", name, number) : number;
}

char *
words_address(const struct words *words, const struct ip_address *address)
{
    return with_name(words, address, words_number(words, address));
}

int32_t
words_zone(const struct words *words, const nstime_t *moment)
{
    return words->zone(moment);
}

char *
words_zone_name(const struct words *words, const nstime_t *moment)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE };
    int32_t ahead = words_zone(words, moment), size = ahead < 0 ? -ahead : ahead;

    if (ahead == 0)
        return wmem_strdup(words->scope, "UTC");
    return wmem_strdup_printf(words->scope, "UTC%c%02d:%02d", ahead < 0 ? '-' : '+', size / HOUR, size % HOUR / MINUTE);
}

/* Room for a date and time, of a year that a hostile clock may make long. */
#define DATE_AT_MOST 32

/* Date and time, or "?". */
static void
format_date(const struct words *words, char *text, size_t size, const nstime_t *instant)
{
    time_t seconds = instant->secs + words_zone(words, instant);
    const struct tm *date = gmtime(&seconds);

    if (!date || strftime(text, size, "%Y-%m-%d %H:%M:%S", date) == 0)
        g_strlcpy(text, "?", size);
}

char *
words_moment(const struct words *words, const nstime_t *moment)
{
    char text[DATE_AT_MOST];

    format_date(words, text, sizeof text, moment);
    return wmem_strdup_printf(words->scope, "%s %s", text, words_zone_name(words, moment));
}

char *
words_instant(const struct words *words, const nstime_t *instant)
{
    enum { NANOSECONDS_PER_MICROSECOND = 1000 };
    char text[DATE_AT_MOST];

    format_date(words, text, sizeof text, instant);
    if (text[0] == '?')
        return wmem_strdup(words->scope, text);
    return wmem_strdup_printf(words->scope, "%s.%06d", text, instant->nsecs / NANOSECONDS_PER_MICROSECOND);
}

char *
words_instant_in_zone(const struct words *words, const nstime_t *instant)
{
    return wmem_strdup_printf(words->scope, "%s %s", words_instant(words, instant), words_zone_name(words, instant));
}

char *
words_time_of_day(const struct words *words, const nstime_t *instant)
{
    enum { TO_MILLISECONDS = 3 };   /* fewer digits than words_instant writes */
    char *text = words_instant(words, instant);
    const char *day_end = strchr(text, ' ');

    if (!day_end)
        return text;
    text[strlen(text) - TO_MILLISECONDS] = '\0';
    return wmem_strdup(words->scope, day_end + 1);
}

char *
words_address_and_port(const struct words *words, const struct endpoint *endpoint)
{
    const char *number = words_number(words, &endpoint->address);

    return with_name(words, &endpoint->address, wmem_strdup_printf(words->scope, endpoint->address.length == IPV6_LENGTH ? "[%s]:%u" : "%s:%u",
            number, endpoint->port));
}

char *
words_endpoint(const struct words *words, const struct endpoint *endpoint)
{
    return port_is_translated(endpoint->port) ? words_address_and_port(words, endpoint) : words_address(words, &endpoint->address);
}

const char *
words_letter(int peer, const char *otherwise)
{
    return peer == 0 ? "A" : peer == 1 ? "B" : otherwise;
}

char *
words_count(const struct words *words, uint64_t count, const char *one, const char *several)
{
    return wmem_strdup_printf(words->scope, "%" PRIu64 " %s", count, count == 1 ? one : several);
}

char *
words_times(const struct words *words, uint64_t count)
{
    return count == 1 ? wmem_strdup(words->scope, "once") : words_count(words, count, "time", "times");
}

char *
words_frames(const struct words *words, const uint32_t *frames, unsigned count)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned i = 0; i < count; i++)
        wmem_strbuf_append_printf(text, "%s%u", i > 0 ? ", " : "", frames[i]);
    return (char *)wmem_strbuf_get_str(text);
}

char *
words_duration(const struct words *words, const nstime_t *span)
{
    enum { WHOLE_FROM = 100, TENTHS = 10 };

    if (span->secs >= WHOLE_FROM)
        return wmem_strdup_printf(words->scope, "%" PRId64 " s", (int64_t)span->secs);
    return wmem_strdup_printf(words->scope, "%d.%d s", (int)span->secs, span->nsecs / (CLOCK_NSECS / TENTHS));
}

const char *
words_protocol(uint8_t protocol)
{
    return protocol == IPSEC_AH ? "AH" : "ESP";
}

char *
words_destination(const struct words *words, const struct sa *sa)
{
    struct endpoint destination = { sa->key.destination, sa->key.port };

    return words_endpoint(words, &destination);
}

char *
words_peers(const struct words *words, const struct tunnel *tunnel, const char *name)
{
    return wmem_strdup_printf(words->scope, "%s%sA %s, B %s", name ? name : "", name ? ": " : "", words_endpoint(words, &tunnel->flow[0].source),
            words_endpoint(words, &tunnel->flow[1].source));
}

const char *
words_tunnel_name(const struct words *words, const struct tunnel *tunnel, const char *given)
{
    char *name[2];

    if (given)
        return given;
    for (int i = 0; i < 2; i++)
        name[i] = words->name(words->scope, &tunnel->flow[i].source.address);
    if (!name[0] && !name[1])
        return NULL;
    for (int i = 0; i < 2; i++)
        if (!name[i])
            name[i] = words_endpoint(words, &tunnel->flow[i].source);
    return wmem_strdup_printf(words->scope, "%s - %s", name[0], name[1]);
}

const char *
words_peer(const struct words *words, const struct tunnel *tunnel, int peer)
{
    if (peer != 0 && peer != 1)
        return "";                  /* not seen */
    return wmem_strdup_printf(words->scope, "%s %s", words_letter(peer, ""), words_endpoint(words, &tunnel->flow[peer].source));
}

char *
words_sa(const struct words *words, const struct sa *sa)
{
    return wmem_strdup_printf(words->scope, "%s SPI 0x%08x to %s", words_protocol(sa->key.protocol), sa->key.spi,
            words_destination(words, sa));
}
