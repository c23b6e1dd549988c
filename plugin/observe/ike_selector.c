/* ike_selector.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_selector.h"

/* Where fields lie, in bytes from the beginning of a payload (RFC 7296 section 3.13, RFC 2407 section 4.6.2). */
enum {
    IKE1_ID_TYPE = 4,
    IKE1_ID_PROTOCOL = 5,
    IKE1_ID_PORT = 6,
    IKE1_ID_DATA = 8,
    TS_COUNT = 4,
    TS_SELECTORS = 8,
    /* in one traffic selector */
    TS_PROTOCOL = 1,
    TS_LENGTH = 2,
    TS_START_PORT = 4,
    TS_END_PORT = 6,
    TS_ADDRESSES = 8,
    /* the length of a selector of a kind that is not read: at least its header */
    TS_HEADER = 4
};

/* Kinds of ID and of traffic selector that hold addresses (RFC 2407 section 4.6.2.1, RFC 7296
 * section 3.13.1). */
enum {
    ID_TYPE_IPV4_ADDR = 1,
    ID_TYPE_IPV4_ADDR_SUBNET = 4,
    ID_TYPE_IPV6_ADDR = 5,
    ID_TYPE_IPV6_ADDR_SUBNET = 6,
    ID_TYPE_IPV4_ADDR_RANGE = 7,
    ID_TYPE_IPV6_ADDR_RANGE = 8
};

static bool
get_address(struct bytes bytes, unsigned offset, uint8_t length, struct ip_address *address)
{
    memset(address, 0, sizeof *address);
    if (!holds(bytes, offset, length))
        return false;
    address->length = length;
    memcpy(address->bytes, bytes.at + offset, length);
    return true;
}

/* The next selector to be filled, or NULL: then they are incomplete. */
static struct traffic_selector *
add_selector(struct selectors *selectors, bool is_read)
{
    if (!is_read || selectors->count == SELECTORS_AT_MOST || selectors->incomplete) {
        selectors->incomplete = true;
        return NULL;
    }
    struct traffic_selector *selector = &selectors->item[selectors->count++];
    memset(selector, 0, sizeof *selector);
    return selector;
}

bool
ike_take_selectors(struct selectors *selectors, struct bytes payload)
{
    unsigned count = get8(payload, TS_COUNT);

    if (!holds(payload, 0, TS_SELECTORS))
        return false;
    payload = rest(payload, TS_SELECTORS);
    for (unsigned i = 0; i < count; i++) {
        uint8_t type = get8(payload, 0);
        uint8_t size = type == ID_TYPE_IPV4_ADDR_RANGE ? IPV4_LENGTH : IPV6_LENGTH;
        bool is_read = type == ID_TYPE_IPV4_ADDR_RANGE || type == ID_TYPE_IPV6_ADDR_RANGE;
        struct traffic_selector *selector = add_selector(selectors, is_read && holds(payload, TS_ADDRESSES, 2U * size));
        unsigned length = get16(payload, TS_LENGTH);

        if (length < TS_HEADER || !holds(payload, 0, length))
            return false;
        if (selector) {
            selector->protocol = get8(payload, TS_PROTOCOL);
            selector->start_port = get16(payload, TS_START_PORT);
            selector->end_port = get16(payload, TS_END_PORT);
            get_address(payload, TS_ADDRESSES, size, &selector->start);
            get_address(payload, TS_ADDRESSES + size, size, &selector->end);
        }
        payload = rest(payload, length);
    }
    return payload.length == 0;
}

bool
ike_take_id(struct selectors *selectors, struct bytes payload)
{
    uint8_t type = get8(payload, IKE1_ID_TYPE);
    bool ipv4 = type == ID_TYPE_IPV4_ADDR || type == ID_TYPE_IPV4_ADDR_SUBNET || type == ID_TYPE_IPV4_ADDR_RANGE;
    bool ipv6 = type == ID_TYPE_IPV6_ADDR || type == ID_TYPE_IPV6_ADDR_SUBNET || type == ID_TYPE_IPV6_ADDR_RANGE;
    bool single = type == ID_TYPE_IPV4_ADDR || type == ID_TYPE_IPV6_ADDR;
    uint8_t size = ipv4 ? IPV4_LENGTH : IPV6_LENGTH;
    struct traffic_selector *selector =
            add_selector(selectors, (ipv4 || ipv6) && holds(payload, IKE1_ID_DATA, single ? size : 2U * size));

    if (!selector)
        return holds(payload, 0, IKE1_ID_DATA);
    selector->protocol = get8(payload, IKE1_ID_PROTOCOL);
    selector->start_port = get16(payload, IKE1_ID_PORT);
    selector->end_port = selector->start_port == 0 ? UINT16_MAX : selector->start_port;
    get_address(payload, IKE1_ID_DATA, size, &selector->start);
    get_address(payload, single ? IKE1_ID_DATA : IKE1_ID_DATA + size, size, &selector->end);
    if (type != ID_TYPE_IPV4_ADDR_SUBNET && type != ID_TYPE_IPV6_ADDR_SUBNET)
        return true;
    for (unsigned i = 0; i < size; i++) {   /* what was read as the end is the mask */
        uint8_t mask = selector->end.bytes[i];
        selector->start.bytes[i] &= mask;
        selector->end.bytes[i] = (uint8_t)(selector->start.bytes[i] | ~mask);
    }
    return true;
}
