/* path.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "path.h"

#include "../clock.h"

enum {
    /* types and codes (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1; RFC 4443 section 3) */
    ICMP_UNREACHABLE = 3,
    ICMP_TOO_BIG = 4,
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    CODES = 16
};

/* A sender that was told does not try a larger packet again before that (RFC 1191 section 6.3, RFC 8201 section 5.3). */
#define TRIES_AGAIN_AFTER_SECONDS 300

/* A packet or two were on their way already. */
#define TOLD_AT_LEAST 5

enum path_error
path_error_of(const struct icmp_error *error)
{
    static const uint8_t of_ipv4[CODES] = { PATH_NET, PATH_HOST, PATH_PROTOCOL, PATH_PORT, PATH_TOO_BIG, PATH_OTHER, PATH_NET, PATH_HOST,
            PATH_OTHER, PATH_FORBIDDEN, PATH_FORBIDDEN, PATH_NET, PATH_HOST, PATH_FORBIDDEN, PATH_OTHER, PATH_OTHER };
    static const uint8_t of_ipv6[CODES] = { PATH_NET, PATH_FORBIDDEN, PATH_OTHER, PATH_HOST, PATH_PORT, PATH_FORBIDDEN, PATH_NET };

    if (error->reporter.length == IPV4_LENGTH)
        return error->type == ICMP_UNREACHABLE && error->code < CODES ? (enum path_error)of_ipv4[error->code] : PATH_OTHER;
    if (error->type == ICMPV6_TOO_BIG)
        return PATH_TOO_BIG;
    return error->type == ICMPV6_UNREACHABLE && error->code < CODES ? (enum path_error)of_ipv6[error->code] : PATH_OTHER;
}

/* Whether the sender was told again and again, and for longer than the grace, and goes on. */
static bool
ignores(struct too_big *told, const struct icmp_error *error, uint32_t grace)
{
    if (told->count == 0 || clock_passed(&told->last, &error->time, TRIES_AGAIN_AFTER_SECONDS))
        *told = (struct too_big){ .first = error->time, .first_frame = error->frame };
    told->count++;
    told->last = error->time;
    if (told->said || told->count < TOLD_AT_LEAST || !clock_passed(&told->first, &error->time, grace))
        return false;
    told->said = true;
    return true;
}

/* Each kind is told once, and again after the grace. */
static bool
is_news(struct unreachable *unreachable, const struct icmp_error *error, enum path_error kind, uint32_t grace)
{
    if (unreachable->kind == (uint8_t)kind && !clock_passed(&unreachable->said, &error->time, grace))
        return false;
    *unreachable = (struct unreachable){ .kind = (uint8_t)kind, .said = error->time };
    return true;
}

void
path_take_icmp(const struct tunnel_table *tunnels, struct sa_table *sas, const struct icmp_error *error, uint32_t grace,
        struct changes *changes)
{
    struct flow *flow = tunnel_find(tunnels, &error->source, &error->destination);
    enum path_error kind = path_error_of(error);

    if (!flow)
        return;
    flow->tunnel->icmp_errors++;
    if (kind == PATH_OTHER)
        return;
    if (kind == PATH_TOO_BIG ? !ignores(&flow->too_big, error, grace) : !is_news(&flow->unreachable, error, kind, grace))
        return;
    struct sa_key key = sa_key_of(error->protocol, &error->destination, error->spi);
    struct sa *sa = error->is_ike ? NULL : sa_find(sas, &key);
    change_icmp(changes, sa && sa->flow == flow ? sa : NULL, flow, kind, error);
}

void
path_take_lost(const struct tunnel_table *tunnels, const struct lost_packet *lost, struct changes *changes)
{
    const struct flow *flow = tunnel_find(tunnels, &lost->source, &lost->destination);

    if (!flow)                      /* the first message behind a NAT's port for 4500, of which no other one came */
        flow = tunnel_between(tunnels, &lost->source.address, &lost->destination.address);
    if (!flow)
        return;
    flow->tunnel->lost_in_fragments++;
    if (lost->is_ike)
        change_lost(changes, flow, lost);
}
