/* gateways_preference.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gateways_preference.h"

#include <epan/uat.h>

#include <wsutil/inet_addr.h>

#include "compat.h"

/* Pairs that are looked at: each tunnel is compared with each. */
#define PAIRS_AT_MOST 10000

/* A row as the user wrote it. */
struct row {
    char *peer_a;
    char *peer_b;
    char *name;
    guint32 phase1_lifetime;
    guint32 phase2_lifetime;
};

static struct row *rows;
static guint row_count;

UAT_CSTRING_CB_DEF(row, peer_a, struct row)
UAT_CSTRING_CB_DEF(row, peer_b, struct row)
UAT_CSTRING_CB_DEF(row, name, struct row)
UAT_DEC_CB_DEF(row, phase1_lifetime, struct row)
UAT_DEC_CB_DEF(row, phase2_lifetime, struct row)

static bool
read_address(const char *text, struct ip_address *parsed)
{
    ws_in4_addr ipv4;
    ws_in6_addr ipv6;

    memset(parsed, 0, sizeof *parsed);
    if (ws_inet_pton4(text, &ipv4)) {
        parsed->length = IPV4_LENGTH;
        memcpy(parsed->bytes, &ipv4, IPV4_LENGTH);
    } else if (ws_inet_pton6(text, &ipv6)) {
        parsed->length = IPV6_LENGTH;
        memcpy(parsed->bytes, &ipv6, IPV6_LENGTH);
    }
    return parsed->length != 0;
}

/* Without what no line has. */
static char *
read_name(const char *text, wmem_allocator_t *pool)
{
    char *valid = g_utf8_make_valid(text, -1), *name = wmem_strdup(pool, valid);

    g_free(valid);
    for (char *at = name; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = '?';
    return name;
}

static void *
copy_row(void *to, const void *from, size_t length _U_)
{
    const struct row *source = from;
    struct row *copy = to;

    *copy = *source;
    copy->peer_a = g_strdup(source->peer_a);
    copy->peer_b = g_strdup(source->peer_b);
    copy->name = g_strdup(source->name);
    return copy;
}

static void
free_row(void *record)
{
    struct row *row = record;

    g_free(row->peer_a);
    g_free(row->peer_b);
    g_free(row->name);
}

static compat_uat_result
check_row(void *record, char **error)
{
    const struct row *row = record;
    const char *const text[] = { row->peer_a ? row->peer_a : "", row->peer_b ? row->peer_b : "" };
    struct ip_address parsed;

    for (unsigned i = 0; i < array_length(text); i++)
        if (!read_address(text[i], &parsed)) {
            *error = g_strdup_printf("\"%s\" is no IPv4 or IPv6 address", text[i]);
            return FALSE;
        }
    return TRUE;
}

void
gateways_preference_register(module_t *module)
{
    static uat_field_t fields[] = {
        UAT_FLD_CSTRING(row, peer_a, "Gateway", "Its IPv4 or IPv6 address"),
        UAT_FLD_CSTRING(row, peer_b, "Other gateway", "Its IPv4 or IPv6 address"),
        UAT_FLD_CSTRING(row, name, "Name", "Of the tunnel between the two, for reports, tables, JSON and timelines"),
        UAT_FLD_DEC(row, phase1_lifetime, "Phase 1 lifetime", "As configured, in seconds; 0 if not given"),
        UAT_FLD_DEC(row, phase2_lifetime, "Phase 2 lifetime", "As configured, in seconds; 0 if not given"),
        UAT_END_FIELDS
    };
    uat_t *table = uat_new("SPIscope Gateways", sizeof(struct row), "spiscope_gateways", TRUE, &rows, &row_count, UAT_AFFECTS_DISSECTION, NULL,
            copy_row, check_row, free_row, NULL, NULL, fields);

    prefs_register_uat_preference(module, "gateways", "Gateways",
            "Pairs of gateways: what their tunnel is called, and the lifetimes that they are configured with", table);
}

struct gateways
gateways_preference_read(wmem_allocator_t *pool)
{
    unsigned count = 0;
    struct gateway_pair *pairs = wmem_alloc0_array(pool, struct gateway_pair, MIN(row_count, PAIRS_AT_MOST));

    for (unsigned i = 0; i < row_count && count < PAIRS_AT_MOST; i++) {
        struct gateway_pair *pair = &pairs[count];
        if (!rows[i].peer_a || !rows[i].peer_b || !read_address(rows[i].peer_a, &pair->peer[0]) || !read_address(rows[i].peer_b, &pair->peer[1]))
            continue;
        pair->name = rows[i].name ? read_name(rows[i].name, pool) : "";
        pair->phase1_lifetime = rows[i].phase1_lifetime;
        pair->phase2_lifetime = rows[i].phase2_lifetime;
        count++;
    }
    return (struct gateways){ .pair = pairs, .count = count };
}
