/* text.h
 * Words for people: addresses, durations, and what a finding says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TEXT_H
#define SPISCOPE_TEXT_H

#include <wsutil/wmem/wmem.h>

#include "../judge/findings.h"

#define SEVERITIES 4

/* What takes a scope returns a string that is owned by it. */

char *text_address(wmem_allocator_t *scope, const struct ip_address *address);

/** "192.0.2.1", or "192.0.2.1:4500" where a NAT gave the port. */
char *text_endpoint(wmem_allocator_t *scope, const struct endpoint *endpoint);

/** Seconds with one decimal, without it from 100 s on: "5.1 s", "3600 s". */
char *text_duration(wmem_allocator_t *scope, const nstime_t *span);

/** "2026-11-23 11:12:00 UTC"; "? UTC" where no calendar has it. */
char *text_moment(wmem_allocator_t *scope, const nstime_t *moment);

/** "2026-11-23 11:12:00.902949", in UTC; "?" where no calendar has it. */
char *text_instant(wmem_allocator_t *scope, const nstime_t *instant);

/** "10.1.0.0/24 <-> 10.2.0.0/24", as firewalls write proxy IDs, with a double arrow. */
char *text_selectors(wmem_allocator_t *scope, const struct selectors *ours, const struct selectors *theirs);

/** A Notify's name in the registry, or its number. */
char *text_notify(wmem_allocator_t *scope, uint8_t version, uint16_t type);

char *text_exchange(wmem_allocator_t *scope, uint8_t type);

/** An offer, such as "AES_CBC_256/HMAC_SHA2_256_128/MODP_2048". */
char *text_offer(wmem_allocator_t *scope, const struct offer *offer, uint8_t version);

const char *text_protocol(uint8_t protocol);

/** How service ended: "ike_sa_deleted", "child_sa_deleted", "unanswered", "silence" or "replaced". */
const char *text_outage_how(uint8_t how);

/** "new_ike_sa", "new_child_sa" or "same_sa"; NULL where it is not over. */
const char *text_restored_how(uint8_t how);

/** How an IKE SA ended: "alive", "deleted", "replaced" or "failed". */
const char *text_ike_end(enum ike_end end);

const char *text_key(uint8_t key);
const char *text_title(uint8_t key);
const char *text_severity(uint8_t key);

/** How bad a finding is, from 0 for "chat" on; below SEVERITIES. */
unsigned text_severity_rank(uint8_t key);

const char *text_confidence(uint8_t confidence);

/** Bytes of a finding's text. */
#define FINDING_TEXT_AT_MOST 4096

/** One sentence: what was seen, with the numbers, and what to check. What is longer than
 * FINDING_TEXT_AT_MOST, as offers in a message that was made up may be, ends in "...". */
char *text_finding(wmem_allocator_t *scope, const struct finding *finding);

#endif /* SPISCOPE_TEXT_H */
