/* test_tunnel.c
 * Paths lead to tunnels, in both directions, whatever standard port they use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

struct fixture {
    wmem_allocator_t *pool;
    struct tunnel_table *table;
};

static void
set_up(struct fixture *fixture, const void *unused)
{
    (void)unused;
    fixture->pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    fixture->table = tunnel_table_create(fixture->pool, ALIASES_AT_MOST);
}

static void
tear_down(struct fixture *fixture, const void *unused)
{
    (void)unused;
    wmem_destroy_allocator(fixture->pool);
}

static struct flow *
open_path(struct fixture *fixture, struct endpoint source, struct endpoint destination)
{
    return tunnel_open(fixture->table, &source, &destination);
}

static struct flow *
find_path(struct fixture *fixture, struct endpoint source, struct endpoint destination)
{
    return tunnel_find(fixture->table, &source, &destination);
}

static void
test_empty(struct fixture *fixture, const void *unused)
{
    (void)unused;
    g_assert_null(find_path(fixture, v4(1, 0), v4(2, 0)));
    g_assert_null(tunnel_first(fixture->table));
    g_assert_cmpuint(tunnel_count(fixture->table), ==, 0);
}

static void
assert_both_ways(struct fixture *fixture, struct endpoint one, struct endpoint other)
{
    struct flow *flow = open_path(fixture, one, other);

    g_assert_true(flow == &flow->tunnel->flow[0]);
    g_assert_true(flow->tunnel->flow[0].tunnel == flow->tunnel);
    g_assert_true(flow->tunnel->flow[1].tunnel == flow->tunnel);
    g_assert_true(find_path(fixture, one, other) == flow);
    g_assert_true(find_path(fixture, other, one) == &flow->tunnel->flow[1]);
    g_assert_true(flow_reverse(flow) == &flow->tunnel->flow[1]);
    g_assert_true(flow_reverse(flow_reverse(flow)) == flow);
    g_assert_true(endpoint_equal(&flow->tunnel->peer[0], &one));
    g_assert_true(endpoint_equal(&flow->tunnel->peer[1], &other));
    g_assert_true(endpoint_equal(&flow->source, &one));
    g_assert_true(endpoint_equal(&flow->destination, &other));
    g_assert_true(endpoint_equal(&flow_reverse(flow)->source, &other));
    g_assert_true(endpoint_equal(&flow_reverse(flow)->destination, &one));
}

/* The first speaker may be the lower or the higher address. */
static void
test_orientation(struct fixture *fixture, const void *unused)
{
    (void)unused;
    assert_both_ways(fixture, v4(1, 0), v4(2, 0));
    assert_both_ways(fixture, v4(4, 0), v4(3, 0));
    assert_both_ways(fixture, v6(1, 0), v6(2, 0));
    assert_both_ways(fixture, v6(4, 0), v6(3, 0));
    assert_both_ways(fixture, v4(9, 1024), v4(8, 4500));
    assert_both_ways(fixture, v4(8, 4500), v4(9, 1025));
    g_assert_cmpuint(tunnel_count(fixture->table), ==, 6);
}

static void
test_order(struct fixture *fixture, const void *unused)
{
    (void)unused;
    const struct tunnel *first = open_path(fixture, v4(1, 0), v4(2, 0))->tunnel;
    const struct tunnel *second = open_path(fixture, v4(1, 0), v4(3, 0))->tunnel;

    g_assert_cmpuint(first->id, ==, 0);
    g_assert_cmpuint(second->id, ==, 1);
    g_assert_true(tunnel_first(fixture->table) == first);
    g_assert_true(first->next == second);
    g_assert_null(second->next);
}

static void
test_standard_ports_are_one(struct fixture *fixture, const void *unused)
{
    static const uint16_t standard[] = { 0, PORT_IKE, PORT_NAT_T };
    struct flow *flow = open_path(fixture, v4(1, 500), v4(2, 500));

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(standard); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(standard); j++) {
            g_assert_true(find_path(fixture, v4(1, standard[i]), v4(2, standard[j])) == flow);
            g_assert_true(find_path(fixture, v4(2, standard[i]), v4(1, standard[j])) == flow_reverse(flow));
        }
    g_assert_false(flow->tunnel->nat);
}

static void
test_nat_ports_differ(struct fixture *fixture, const void *unused)
{
    (void)unused;
    struct flow *plain = open_path(fixture, v4(1, 4500), v4(2, 4500));

    g_assert_null(find_path(fixture, v4(1, 1024), v4(2, 4500)));
    g_assert_null(find_path(fixture, v4(1, 4500), v4(2, 1024)));
    g_assert_null(find_path(fixture, v4(1, 501), v4(2, 500)));
    struct flow *one = open_path(fixture, v4(1, 1024), v4(2, 4500));
    g_assert_null(find_path(fixture, v4(1, 1025), v4(2, 4500)));
    struct flow *other = open_path(fixture, v4(1, 1025), v4(2, 4500));
    g_assert_true(find_path(fixture, v4(2, 500), v4(1, 1025)) == flow_reverse(other));
    g_assert_true(find_path(fixture, v4(2, 4500), v4(1, 1024)) == flow_reverse(one));
    g_assert_true(find_path(fixture, v4(1, 0), v4(2, 0)) == plain);
    g_assert_true(one->tunnel->nat && other->tunnel->nat);
    g_assert_false(plain->tunnel->nat);
}

/* Both ends' ports may be translated, and belong to their own end. */
static void
test_ports_belong_to_their_end(struct fixture *fixture, const void *unused)
{
    (void)unused;
    struct flow *flow = open_path(fixture, v4(1, 1024), v4(2, 1025));

    g_assert_null(find_path(fixture, v4(1, 1025), v4(2, 1024)));
    g_assert_true(find_path(fixture, v4(2, 1025), v4(1, 1024)) == flow_reverse(flow));
}

static void
test_port_is_translated(struct fixture *fixture, const void *unused)
{
    (void)fixture;
    (void)unused;
    g_assert_false(port_is_translated(0));
    g_assert_false(port_is_translated(500));
    g_assert_false(port_is_translated(4500));
    g_assert_true(port_is_translated(1));
    g_assert_true(port_is_translated(499));
    g_assert_true(port_is_translated(501));
    g_assert_true(port_is_translated(4499));
    g_assert_true(port_is_translated(4501));
    g_assert_true(port_is_translated(65535));
}

static void
test_addresses_differ(struct fixture *fixture, const void *unused)
{
    (void)unused;
    open_path(fixture, v4(1, 0), v4(2, 0));
    g_assert_null(find_path(fixture, v4(1, 0), v4(3, 0)));
    g_assert_null(find_path(fixture, v4(3, 0), v4(2, 0)));
    open_path(fixture, v6(1, 0), v6(2, 0));
    g_assert_null(find_path(fixture, v6(1, 0), v6(3, 0)));
    struct endpoint one = v6(1, 0), other = v6(2, 0);
    one.address.bytes[7] = 1;       /* another /64 */
    g_assert_null(find_path(fixture, one, other));
}

/* The same leading bytes as IPv4 and as IPv6 are not the same address. */
static void
test_families_differ(struct fixture *fixture, const void *unused)
{
    struct endpoint one = v4(1, 0), other = v4(2, 0);

    (void)unused;
    open_path(fixture, one, other);
    one.address.length = other.address.length = 16;
    g_assert_null(find_path(fixture, one, other));
}

static void
assert_alias(struct fixture *fixture, struct flow *flow, struct endpoint source, struct endpoint destination)
{
    g_assert_true(tunnel_alias(fixture->table, &source, &destination, flow));
    g_assert_true(find_path(fixture, source, destination) == flow);
    g_assert_true(find_path(fixture, destination, source) == flow_reverse(flow));
}

static void
test_alias(struct fixture *fixture, const void *unused)
{
    (void)unused;
    struct flow *flow = open_path(fixture, v4(5, 4500), v4(6, 4500));

    assert_alias(fixture, flow, v4(5, 1024), v4(6, 4500));
    g_assert_true(flow->tunnel->nat);
    assert_alias(fixture, flow, v4(7, 1024), v4(6, 4500));
    assert_alias(fixture, flow_reverse(flow), v4(6, 4500), v4(5, 1026));
    assert_alias(fixture, flow_reverse(flow), v4(4, 0), v4(5, 0));
    g_assert_true(find_path(fixture, v4(5, 0), v4(6, 0)) == flow);
    g_assert_cmpuint(tunnel_count(fixture->table), ==, 1);
}

/* A path that is known may lead elsewhere however many there are; a new one only while there is room. */
static void
test_alias_limit(struct fixture *fixture, const void *unused)
{
    struct tunnel_table *table = tunnel_table_create(fixture->pool, 2);
    struct endpoint one = v4(5, 1024), other = v4(5, 1025), gateway = v4(6, 4500), unknown = v4(5, 1028);

    (void)unused;
    struct flow *first = tunnel_open(table, &one, &gateway);
    const struct flow *second = tunnel_open(table, &other, &gateway);
    for (uint16_t port = 2000; port < 2002; port++) {
        struct endpoint moved = v4(5, port);
        g_assert_true(tunnel_alias(table, &moved, &gateway, first));
    }
    g_assert_false(tunnel_alias(table, &unknown, &gateway, first));
    g_assert_null(tunnel_find(table, &unknown, &gateway));
    g_assert_true(tunnel_alias(table, &other, &gateway, first));
    g_assert_true(tunnel_find(table, &other, &gateway) == first);
    g_assert_true(tunnel_find(table, &one, &gateway) == first);
    g_assert_true(second->tunnel != first->tunnel);
    const struct flow *third = tunnel_open(table, &unknown, &gateway);    /* a tunnel's first path is no alias */
    g_assert_true(tunnel_find(table, &unknown, &gateway) == third);
}

static void
test_alias_takes_over(struct fixture *fixture, const void *unused)
{
    (void)unused;
    struct flow *old = open_path(fixture, v4(5, 1024), v4(6, 4500));
    struct flow *flow = open_path(fixture, v4(6, 4500), v4(5, 1025));

    assert_alias(fixture, flow, v4(6, 4500), v4(5, 1024));
    g_assert_true(find_path(fixture, v4(6, 4500), v4(5, 1025)) == flow);
    g_assert_cmpuint(old->tunnel->id, ==, 0);
    g_assert_cmpuint(tunnel_count(fixture->table), ==, 2);
}

static void
test_alias_without_nat(struct fixture *fixture, const void *unused)
{
    (void)unused;
    struct flow *flow = open_path(fixture, v4(1, 0), v4(2, 0));

    assert_alias(fixture, flow, v4(3, 4500), v4(2, 4500));
    g_assert_false(flow->tunnel->nat);
}

static void
test_many(struct fixture *fixture, const void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 5000; i++) {
        struct flow *flow = open_path(fixture, v4(1, (uint16_t)(5000 + i)), v4(2, 4500));
        g_assert_cmpuint(flow->tunnel->id, ==, i);
    }
    for (unsigned i = 0; i < 5000; i++)
        g_assert_cmpuint(find_path(fixture, v4(2, 4500), v4(1, (uint16_t)(5000 + i)))->tunnel->id, ==, i);
}

#define ADD(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

/* Known by the addresses alone as long as there is one tunnel between them. */
static void
test_between_addresses(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct tunnel_table *table = tunnel_table_create(pool, 100);
    struct endpoint client = v4(1, 61001), other = v4(1, 61002), server = v4(2, PORT_NAT_T), stranger = v4(3, 0);
    struct flow *flow = tunnel_open(table, &client, &server);

    g_assert_true(tunnel_between(table, &client.address, &server.address) == flow);
    g_assert_true(tunnel_between(table, &server.address, &client.address) == flow_reverse(flow));
    g_assert_null(tunnel_between(table, &client.address, &stranger.address));
    tunnel_open(table, &other, &server);
    g_assert_null(tunnel_between(table, &client.address, &server.address));
    wmem_destroy_allocator(pool);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    ADD("/tunnel/empty", test_empty);
    ADD("/tunnel/orientation", test_orientation);
    ADD("/tunnel/order", test_order);
    ADD("/tunnel/standard-ports-are-one", test_standard_ports_are_one);
    ADD("/tunnel/nat-ports-differ", test_nat_ports_differ);
    ADD("/tunnel/ports-belong-to-their-end", test_ports_belong_to_their_end);
    ADD("/tunnel/port-is-translated", test_port_is_translated);
    ADD("/tunnel/addresses-differ", test_addresses_differ);
    ADD("/tunnel/families-differ", test_families_differ);
    ADD("/tunnel/alias", test_alias);
    ADD("/tunnel/alias-limit", test_alias_limit);
    ADD("/tunnel/alias-takes-over", test_alias_takes_over);
    ADD("/tunnel/alias-without-nat", test_alias_without_nat);
    ADD("/tunnel/many", test_many);
    g_test_add_func("/tunnel/between-addresses", test_between_addresses);
    return test_run();
}
