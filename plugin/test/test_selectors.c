/* test_selectors.c
 * Containment, equality and overlap of traffic selectors: RFC 7296 sections 2.9 and 3.13.1, RFC 4301
 * section 4.4.1.1, and every packet of a small world counted out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include "track/selectors.h"

#define ANY_PROTOCOL 0
#define TCP 6
#define UDP 17
#define PORT_MOST 65535

static struct ip_address
host(uint8_t last)
{
    return v4(last, 0).address;
}

static struct traffic_selector
ranged(uint8_t first, uint8_t last, uint8_t protocol, uint16_t start_port, uint16_t end_port)
{
    struct traffic_selector selector = {
        .start = host(first), .end = host(last), .protocol = protocol, .start_port = start_port, .end_port = end_port
    };

    return selector;
}

/* 10.0.0.first to 10.0.0.last, any protocol, all ports. */
static struct traffic_selector
net(uint8_t first, uint8_t last)
{
    return ranged(first, last, ANY_PROTOCOL, 0, PORT_MOST);
}

static struct selectors
one(struct traffic_selector selector)
{
    struct selectors set = { .count = 1 };

    set.item[0] = selector;
    return set;
}

static struct selectors
two(struct traffic_selector first, struct traffic_selector second)
{
    struct selectors set = { .count = 2 };

    set.item[0] = first;
    set.item[1] = second;
    return set;
}

struct relation {
    bool contains;
    bool is_contained;
    bool overlaps;
};

static void
check(struct selectors a, struct selectors b, struct relation expected)
{
    g_assert_cmpint(selectors_contain(&a, &b), ==, expected.contains);
    g_assert_cmpint(selectors_contain(&b, &a), ==, expected.is_contained);
    g_assert_cmpint(selectors_overlap(&a, &b), ==, expected.overlaps);
    g_assert_cmpint(selectors_overlap(&b, &a), ==, expected.overlaps);
    g_assert_cmpint(selectors_equal(&a, &b), ==, expected.contains && expected.is_contained);
    g_assert_cmpint(selectors_equal(&b, &a), ==, expected.contains && expected.is_contained);
}

static const struct relation same = { true, true, true }, wider = { true, false, true }, crossing = { false, false, true },
        apart = { false, false, false };

static void
test_addresses(void)
{
    check(one(net(16, 31)), one(net(16, 31)), same);
    check(one(net(16, 31)), one(net(20, 23)), wider);
    check(one(net(16, 31)), one(net(16, 16)), wider);
    check(one(net(16, 31)), one(net(31, 31)), wider);
    check(one(net(16, 31)), one(net(24, 40)), crossing);
    check(one(net(16, 31)), one(net(31, 40)), crossing);
    check(one(net(16, 31)), one(net(32, 40)), apart);
    check(one(net(16, 31)), one(net(0, 15)), apart);
}

/* The bytes of an address count from the left, and each from 0 to 255. */
static void
test_byte_order(void)
{
    struct traffic_selector low = net(0, 0), high = net(0, 0);

    low.end.bytes[2] = 1;               /* 10.0.0.0 to 10.0.1.0 */
    high.start.bytes[1] = 200;          /* 10.200.0.0 to 10.200.0.255 */
    high.end.bytes[1] = 200;
    high.end.bytes[3] = 255;
    check(one(low), one(net(255, 255)), wider);
    check(one(low), one(high), apart);
}

static void
test_families(void)
{
    struct traffic_selector all4 = net(0, 0), all6 = net(0, 0);

    memset(all4.start.bytes, 0, sizeof all4.start.bytes);
    memset(all4.end.bytes, 255, IPV4_LENGTH);
    all6.start = all6.end = v6(0, 0).address;
    memset(all6.start.bytes, 0, sizeof all6.start.bytes);
    memset(all6.end.bytes, 255, sizeof all6.end.bytes);
    check(one(all4), one(net(1, 2)), wider);
    check(one(all6), one(net(1, 2)), apart);
    check(one(all4), one(all6), apart);
    check(two(all4, all6), one(all6), wider);
}

/* Protocol 0 is any (section 3.13.1); a protocol is no part of another. */
static void
test_protocols_and_ports(void)
{
    check(one(net(1, 9)), one(ranged(1, 9, TCP, 0, PORT_MOST)), wider);
    check(one(net(1, 9)), one(ranged(1, 9, UDP, 53, 53)), wider);
    check(one(ranged(1, 9, TCP, 0, PORT_MOST)), one(ranged(1, 9, UDP, 0, PORT_MOST)), apart);
    check(one(ranged(1, 9, TCP, 0, 1023)), one(ranged(1, 9, TCP, 80, 80)), wider);
    check(one(ranged(1, 9, TCP, 0, 1023)), one(ranged(1, 9, TCP, 1023, 2000)), crossing);
    check(one(ranged(1, 9, TCP, 0, 1023)), one(ranged(1, 9, TCP, 1024, 2000)), apart);
    check(one(ranged(1, 9, TCP, 0, PORT_MOST)), one(ranged(5, 20, ANY_PROTOCOL, 80, 80)), crossing);
}

/* OPAQUE is written as a range from 65535 to 0 (section 3.13.1). ANY takes it in, and it takes in no port (RFC 4301). */
static void
test_opaque_ports(void)
{
    struct selectors opaque = one(ranged(1, 9, UDP, PORT_MOST, 0)), dns = one(ranged(1, 9, UDP, 53, 53));

    check(one(net(1, 9)), opaque, wider);
    g_assert_false(selectors_contain(&opaque, &dns));
    g_assert_true(selectors_equal(&opaque, &opaque));
    g_assert_true(selectors_overlap(&opaque, &opaque));
    g_assert_false(selectors_contain(&dns, &opaque));
    g_assert_false(selectors_overlap(&dns, &opaque));
}

/* Section 2.9: the packet that triggered the negotiation comes first, and its subnet after it. Both together admit what the
 * subnet admits. */
static void
test_triggering_packet(void)
{
    struct traffic_selector packet = ranged(43, 43, UDP, 500, 500);

    check(two(packet, net(0, 255)), one(net(0, 255)), same);
    check(two(packet, net(0, 255)), one(packet), wider);
    check(two(packet, net(0, 255)), one(net(40, 60)), wider);       /* narrowed by the responder */
    check(two(packet, net(64, 127)), one(net(64, 127)), wider);     /* the packet is from elsewhere */
}

static void
test_sets(void)
{
    struct selectors empty = { 0 }, full = { .count = SELECTORS_AT_MOST };

    check(two(net(1, 4), net(8, 9)), two(net(8, 9), net(1, 4)), same);
    check(two(net(1, 4), net(8, 9)), one(net(4, 8)), crossing);
    check(two(net(1, 4), net(8, 9)), one(net(5, 7)), apart);
    check(two(net(1, 4), net(8, 9)), two(net(2, 3), net(5, 7)), crossing);
    /* By one selector of the outer, as the header says: two halves are not the whole. */
    check(two(net(0, 127), net(128, 255)), one(net(0, 255)), (struct relation) { false, true, true });

    check(empty, empty, (struct relation) { true, true, false });
    check(one(net(1, 2)), empty, (struct relation) { true, false, false });

    for (unsigned i = 0; i < SELECTORS_AT_MOST; i++)
        full.item[i] = net((uint8_t)(2 * i), (uint8_t)(2 * i));
    check(full, one(net(2 * (SELECTORS_AT_MOST - 1), 2 * (SELECTORS_AT_MOST - 1))), wider);
    check(full, one(net(2 * SELECTORS_AT_MOST, 2 * SELECTORS_AT_MOST)), apart);
}

/* --- a small world ------------------------------------------------------------------------------------------------- */

enum {
    HOSTS = 6,
    PORTS = 4,
    PROTOCOLS = 3,
    PACKETS = HOSTS * PORTS * PROTOCOLS,
    SELECTORS_IN_SMALL_WORLD = 3,
    ROUNDS = 20000
};

static const uint8_t small_protocols[PROTOCOLS] = { TCP, UDP, 50 };

static bool
admits(const struct traffic_selector *selector, int packet)
{
    int address = packet % HOSTS, port = packet / HOSTS % PORTS, protocol = small_protocols[packet / HOSTS / PORTS];

    return address >= selector->start.bytes[3] && address <= selector->end.bytes[3]
            && port >= selector->start_port && port <= selector->end_port
            && (selector->protocol == ANY_PROTOCOL || selector->protocol == protocol);
}

static struct selectors
random_set(void)
{
    struct selectors set = { .count = (uint8_t)g_test_rand_int_range(0, SELECTORS_IN_SMALL_WORLD + 1) };

    for (unsigned i = 0; i < set.count; i++) {
        int first = g_test_rand_int_range(0, HOSTS), last = g_test_rand_int_range(first, HOSTS);
        int low = g_test_rand_int_range(0, PORTS), high = g_test_rand_int_range(low, PORTS);
        int protocol = g_test_rand_int_range(0, PROTOCOLS + 1);
        set.item[i] = ranged((uint8_t)first, (uint8_t)last, protocol == PROTOCOLS ? ANY_PROTOCOL : small_protocols[protocol],
                             (uint16_t)low, (uint16_t)high);
    }
    return set;
}

static bool
admits_all_of(const struct traffic_selector *outer, const struct traffic_selector *inner)
{
    /* Of any protocol means more than the three of this world. */
    bool all = outer->protocol == ANY_PROTOCOL || inner->protocol != ANY_PROTOCOL;

    for (int packet = 0; packet < PACKETS; packet++)
        all = all && (!admits(inner, packet) || admits(outer, packet));
    return all;
}

static void
test_small_world(void)
{
    for (unsigned round = 0; round < rounds(ROUNDS); round++) {
        struct selectors a = random_set(), b = random_set();
        bool overlap = false, contain = true;

        for (unsigned i = 0; i < b.count; i++) {
            bool found = false;
            for (unsigned o = 0; o < a.count; o++) {
                found = found || admits_all_of(&a.item[o], &b.item[i]);
                for (int packet = 0; packet < PACKETS; packet++)
                    overlap = overlap || (admits(&a.item[o], packet) && admits(&b.item[i], packet));
            }
            contain = contain && found;
        }
        g_assert_cmpint(selectors_overlap(&a, &b), ==, overlap);
        g_assert_cmpint(selectors_contain(&a, &b), ==, contain);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/selectors/addresses", test_addresses);
    g_test_add_func("/selectors/byte-order", test_byte_order);
    g_test_add_func("/selectors/families", test_families);
    g_test_add_func("/selectors/protocols-and-ports", test_protocols_and_ports);
    g_test_add_func("/selectors/opaque-ports", test_opaque_ports);
    g_test_add_func("/selectors/triggering-packet", test_triggering_packet);
    g_test_add_func("/selectors/sets", test_sets);
    g_test_add_func("/selectors/small-world", test_small_world);
    return test_run();
}
