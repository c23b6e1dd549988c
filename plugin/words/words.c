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
plain_address(wmem_allocator_t *scope, const struct ip_address *address)
{
    char buffer[WS_INET6_ADDRSTRLEN];

    if (address->length == IPV4_LENGTH)
        ws_inet_ntop4(address->bytes, buffer, sizeof buffer);
    else if (address->length == IPV6_LENGTH)
        ws_inet_ntop6(address->bytes, buffer, sizeof buffer);
    else
        return wmem_strdup(scope, "?");
    return wmem_strdup(scope, buffer);
}

/* Room for a date and time, of a year that a hostile clock may make long. */
#define UTC_AT_MOST 32

/* Date and time, or "?". */
static void
format_utc(char *text, size_t size, const nstime_t *instant)
{
    time_t seconds = instant->secs;
    const struct tm *utc = gmtime(&seconds);

    if (!utc || strftime(text, size, "%Y-%m-%d %H:%M:%S", utc) == 0)
        g_strlcpy(text, "?", size);
}

static char *
plain_moment(wmem_allocator_t *scope, const nstime_t *moment)
{
    char text[UTC_AT_MOST];

    format_utc(text, sizeof text, moment);
    return wmem_strdup_printf(scope, "%s UTC", text);
}

static char *
plain_instant(wmem_allocator_t *scope, const nstime_t *instant)
{
    enum { NANOSECONDS_PER_MICROSECOND = 1000 };
    char text[UTC_AT_MOST];

    format_utc(text, sizeof text, instant);
    if (text[0] == '?')
        return wmem_strdup(scope, text);
    return wmem_strdup_printf(scope, "%s.%06d", text, instant->nsecs / NANOSECONDS_PER_MICROSECOND);
}

struct words
words_plain(wmem_allocator_t *scope, const char *(*ip_protocol)(int protocol))
{
    struct words words = { .scope = scope, .address = plain_address, .moment = plain_moment, .instant = plain_instant,
            .ip_protocol = ip_protocol };

    return words;
}

/* ---- as the user has it */

char *
words_address(const struct words *words, const struct ip_address *address)
{
    return words->address(words->scope, address);
}

char *
words_moment(const struct words *words, const nstime_t *moment)
{
    return words->moment(words->scope, moment);
}

char *
words_instant(const struct words *words, const nstime_t *instant)
{
    return words->instant(words->scope, instant);
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
words_endpoint(const struct words *words, const struct endpoint *endpoint)
{
    char *text = words_address(words, &endpoint->address);

    if (!port_is_translated(endpoint->port))
        return text;
    return wmem_strdup_printf(words->scope, endpoint->address.length == IPV6_LENGTH ? "[%s]:%u" : "%s:%u", text, endpoint->port);
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
words_peer(const struct words *words, const struct tunnel *tunnel, int peer)
{
    if (peer == PEER_NOT_SEEN)
        return "";
    return wmem_strdup_printf(words->scope, "%c %s", peer == 0 ? 'A' : 'B', words_endpoint(words, &tunnel->flow[peer].source));
}

char *
words_sa(const struct words *words, const struct sa *sa)
{
    return wmem_strdup_printf(words->scope, "%s SPI 0x%08x to %s", words_protocol(sa->key.protocol), sa->key.spi,
            words_destination(words, sa));
}
