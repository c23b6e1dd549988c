/* words.h
 * Small text for people: addresses, durations, moments, an SA. How addresses, names and times look is the user's: whoever
 * shows a text hands in how to write them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_WORDS_H
#define SPISCOPE_WORDS_H

#include <wsutil/wmem/wmem.h>

#include "../track/sa.h"

/** How to write what may look another way for each user, and who owns what is written. */
struct words {
    wmem_allocator_t *scope;        /**< owns each string that a function below returns as char * */
    char *(*name)(wmem_allocator_t *scope, const struct ip_address *address); /**< of the host; NULL where it has none */
    int32_t (*zone)(const nstime_t *moment); /**< seconds that the user's clock is ahead of UTC, then */
    const char *(*ip_protocol)(int protocol); /**< the name of IANA's number */
    int columns;                    /**< of a folded line; 0: as many as a report has */
};

/** As SPIscope writes by itself, and for programs: addresses without names, times in UTC; and IP protocols by the given names. */
struct words words_plain(wmem_allocator_t *scope, const char *(*ip_protocol)(int protocol));

/** "192.0.2.1", or "hub.example (192.0.2.1)" where it has a name. */
char *words_address(const struct words *words, const struct ip_address *address);

/** "192.0.2.1": without a name. */
char *words_number(const struct words *words, const struct ip_address *address);

/** "192.0.2.1:4500", "[2001:db8::1]:4500", "hub.example (192.0.2.1:4500)" */
char *words_address_and_port(const struct words *words, const struct endpoint *endpoint);

/** "192.0.2.1", or "192.0.2.1:4500" where a NAT gave the port; "hub.example (192.0.2.1)" where it has a name. */
char *words_endpoint(const struct words *words, const struct endpoint *endpoint);

/** "A" or "B"; of any other peer, such as PEER_NOT_SEEN, what to say then. */
const char *words_letter(int peer, const char *otherwise);

/** "1 packet", "2 packets" */
char *words_count(const struct words *words, uint64_t count, const char *one, const char *several);

/** "once", "2 times" */
char *words_times(const struct words *words, uint64_t count);

/** Frame numbers: "1, 2, 3". */
char *words_frames(const struct words *words, const uint32_t *frames, unsigned count);

/** Seconds with one decimal, without it from 100 s on: "5.1 s", "3600 s". */
char *words_duration(const struct words *words, const nstime_t *span);

/** Seconds that the user's clock is ahead of UTC at that moment. */
int32_t words_zone(const struct words *words, const nstime_t *moment);

/** The name of that: "UTC", "UTC+01:00". */
char *words_zone_name(const struct words *words, const nstime_t *moment);

/** "2026-11-23 11:12:00 UTC", "2026-11-23 12:12:00 UTC+01:00"; "? UTC" where no calendar has it. */
char *words_moment(const struct words *words, const nstime_t *moment);

/** "2026-11-23 11:12:00.902949", in the user's time zone; "?" where no calendar has it. */
char *words_instant(const struct words *words, const nstime_t *instant);

/** The same with the zone: "2026-11-23 11:12:00.902949 UTC". */
char *words_instant_in_zone(const struct words *words, const nstime_t *instant);

/** "11:12:00.902", in the user's time zone, without the day; "?" where no calendar has it. */
char *words_time_of_day(const struct words *words, const nstime_t *instant);

/** "A 192.0.2.1, B 192.0.2.2", or "Berlin: A 192.0.2.1, B 192.0.2.2".
 * @param name  of the tunnel, or NULL */
char *words_peers(const struct words *words, const struct tunnel *tunnel, const char *name);

/** What a tunnel is called: by its given name; without one, by its peers' names: "hub.example - berlin.example", "hub.example - 192.0.2.2"; NULL where
 * they have none.
 * @param given  or NULL */
const char *words_tunnel_name(const struct words *words, const struct tunnel *tunnel, const char *given);

/** "A 192.0.2.1"; nothing for PEER_NOT_SEEN. */
const char *words_peer(const struct words *words, const struct tunnel *tunnel, int peer);

/** Where the SA's packets went when it began: with protocol and SPI, its name. */
char *words_destination(const struct words *words, const struct sa *sa);

/** "ESP SPI 0x12345678 to 192.0.2.1" */
char *words_sa(const struct words *words, const struct sa *sa);

/** "ESP" or "AH" */
const char *words_protocol(uint8_t protocol);

#endif /* SPISCOPE_WORDS_H */
