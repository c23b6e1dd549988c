/* finding.h
 * The catalogue: every finding once. Expert items are made from it here; cmake/catalogue.py makes the README's table, the
 * schema's lists, and the profile's colouring rules and filter buttons.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FINDING_H
#define SPISCOPE_FINDING_H

#include <stdint.h>

/* X(identifier): what a finding is about. The profile has a colour for each family but PATH, REKEY and LIMIT
 * (cmake/catalogue.py). */
#define SPISCOPE_FAMILIES(X) \
    X(PROXY_ID)     /* which networks the tunnel carries */ \
    X(LIFETIME)     /* when SAs end, and who lets them */ \
    X(REFUSED)      /* a negotiation that was refused */ \
    X(FLAPPING)     /* the tunnel is set up again and again */ \
    X(CHURN)        /* an SA that did not last */ \
    X(LIVENESS)     /* a peer that is silent, or began anew */ \
    X(STALE)        /* an SPI that the receiver does not know, or no longer */ \
    X(SEQUENCE)     /* numbers that the receiver drops */ \
    X(ONE_WAY)      /* nothing comes back */ \
    X(PATH)         /* what the way between the peers does */ \
    X(REKEY)        /* SAs that take turns */ \
    X(LIMIT)        /* what SPIscope leaves out */

enum family {
#define X(identifier) FAMILY_##identifier,
    SPISCOPE_FAMILIES(X)
#undef X
    FAMILIES
};

/** As in Wireshark's expert information, the least first. */
enum severity {
    SEVERITY_CHAT,
    SEVERITY_NOTE,
    SEVERITY_WARN,
    SEVERITY_ERROR,
    SEVERITIES
};

/* X(identifier, key, family, severity, group, title), in the order in which tables and reports name them.
 * key is what users filter for; family is one of those above; severity and group are named as in Wireshark's expert information. */
#define SPISCOPE_FINDINGS(X) \
    X(REKEY, "rekey", REKEY, CHAT, SEQUENCE, "SA replaced by its successor") \
    X(REESTABLISHED, "reestablished", REKEY, CHAT, SEQUENCE, "Tunnel set up anew") \
    X(OUTAGE, "outage", FLAPPING, ERROR, SEQUENCE, "Tunnel carried nothing") \
    X(PAIR_DEAD, "pair_dead", ONE_WAY, WARN, SEQUENCE, "One of several pairs of SAs is dead") \
    X(DELETED, "deleted", LIFETIME, NOTE, SEQUENCE, "Deleted with no successor in place") \
    X(SPI_CHURN, "spi_churn", CHURN, WARN, SEQUENCE, "SPI churn: SA replaced long before its time") \
    X(FLAPPING, "flapping", FLAPPING, ERROR, SEQUENCE, "Tunnel flaps: SPI churn again and again") \
    X(PROXY_ID_MISMATCH, "proxy_id_mismatch", PROXY_ID, ERROR, RESPONSE_CODE, "Proxy IDs (traffic selectors) do not match") \
    X(PROXY_ID_NARROWED, "proxy_id_narrowed", PROXY_ID, NOTE, RESPONSE_CODE, "Responder narrowed the traffic selectors") \
    X(CHILD_REFUSED, "child_refused", REFUSED, WARN, RESPONSE_CODE, "Child SA (phase 2) negotiation refused") \
    X(IKE_REKEY_REFUSED, "ike_rekey_refused", REFUSED, WARN, RESPONSE_CODE, "Rekey of the IKE SA (phase 1) refused") \
    X(PHASE1_LIFETIME_MISMATCH, "phase1_lifetime_mismatch", LIFETIME, WARN, PROTOCOL, "Peers differ about the phase 1 lifetime") \
    X(PHASE2_LIFETIME_MISMATCH, "phase2_lifetime_mismatch", LIFETIME, WARN, PROTOCOL, "Peers differ about the phase 2 lifetime") \
    X(LIFETIME_ORDER, "lifetime_order", LIFETIME, NOTE, PROTOCOL, "Phase 1 lives shorter than phase 2") \
    X(EARLY_REKEY, "early_rekey", LIFETIME, WARN, SEQUENCE, "One peer rekeys far before the lifetime") \
    X(SYNCHRONISED_TIMERS, "synchronised_timers", REKEY, NOTE, SEQUENCE, "Both peers rekey at the same moment") \
    X(VOLUME_REKEY, "volume_rekey", LIFETIME, NOTE, SEQUENCE, "SAs end at a constant byte count") \
    X(REKEY_COLLISION, "rekey_collision", REKEY, NOTE, SEQUENCE, "Both peers rekeyed one SA at once") \
    X(DUPLICATE_SA, "duplicate_sa", REKEY, NOTE, SEQUENCE, "Two SAs for the same selectors in use") \
    X(STALE_SPI, "stale_spi", STALE, WARN, SEQUENCE, "Traffic on an SPI whose time is over") \
    X(SEQUENCE_RESTART, "sequence_restart", SEQUENCE, ERROR, SEQUENCE, "Sequence number started again on the same SPI") \
    X(SEQUENCE_EXHAUSTED, "sequence_exhausted", SEQUENCE, WARN, SEQUENCE, "32-bit sequence number used up") \
    X(SEQUENCE_BYTE_ORDER, "sequence_byte_order", SEQUENCE, NOTE, SEQUENCE, "Sender counts in little-endian") \
    X(REPLAY_WINDOW, "replay_window", SEQUENCE, NOTE, SEQUENCE, "The receiver's replay window would drop this packet") \
    X(LOST_ON_THE_WAY, "lost_on_the_way", PATH, NOTE, SEQUENCE, "Lost between two capture points") \
    X(LOSS, "loss", PATH, NOTE, SEQUENCE, "Sequence numbers missing") \
    X(ONE_WAY, "one_way", ONE_WAY, WARN, SEQUENCE, "Only one direction carries traffic") \
    X(IKE_RETRANSMISSION, "ike_retransmission", PATH, NOTE, SEQUENCE, "IKE message retransmitted") \
    X(IKE_NO_RESPONSE, "ike_no_response", LIVENESS, WARN, RESPONSE_CODE, "IKE request never answered") \
    X(DPD_FAILURE, "dpd_failure", LIVENESS, WARN, RESPONSE_CODE, "Dead peer detected") \
    X(PEER_RESTART, "peer_restart", LIVENESS, WARN, SEQUENCE, "Peer started anew while the old IKE SA was alive") \
    X(IDENTITY_CONFLICT, "identity_conflict", LIVENESS, WARN, SEQUENCE, "Two devices take turns with one identity") \
    X(SETUP_ABANDONED, "setup_abandoned", REFUSED, WARN, SEQUENCE, "Set-ups that their initiator left unused") \
    X(COOKIE_LOOP, "cookie_loop", REFUSED, WARN, RESPONSE_CODE, "COOKIE asked for and never sent back") \
    X(FRAGMENTS_LOST, "fragments_lost", PATH, WARN, SEQUENCE, "IP fragments of an IKE message never became whole") \
    X(PATH_MTU, "path_mtu", PATH, WARN, SEQUENCE, "Packets too large for the path") \
    X(ICMP_UNREACHABLE, "icmp_unreachable", PATH, NOTE, RESPONSE_CODE, "ICMP says that the peer can't be reached") \
    X(NAT_MAPPING, "nat_mapping", PATH, WARN, SEQUENCE, "Sent to a NAT mapping that is not the peer's") \
    X(AUTH_FAILED, "auth_failed", REFUSED, ERROR, RESPONSE_CODE, "Authentication failed") \
    X(NO_PROPOSAL, "no_proposal", REFUSED, ERROR, RESPONSE_CODE, "Crypto proposals do not fit") \
    X(PFS_MISMATCH, "pfs_mismatch", REFUSED, ERROR, RESPONSE_CODE, "Every rekey that needs a key exchange is refused") \
    X(INVALID_SPI, "invalid_spi", STALE, WARN, RESPONSE_CODE, "Peer says that it does not know the SPI") \
    X(NAT_REBINDING, "nat_rebinding", PATH, NOTE, SEQUENCE, "Same SA under a new address or port") \
    X(CAPTURE_DISORDERED, "capture_disordered", LIMIT, NOTE, PROTOCOL, "The file is out of time order") \
    X(NOT_READ, "not_read", LIMIT, NOTE, PROTOCOL, "Packets in an encapsulation that SPIscope does not read") \
    X(UNPROTECTED, "unprotected", PATH, NOTE, SECURITY, "Not protected, though it had to be") \
    X(LIMIT_REACHED, "limit_reached", LIMIT, NOTE, PROTOCOL, "A table of SPIscope is full")

enum finding_key {
#define X(identifier, key, family, severity, group, title) FINDING_##identifier,
    SPISCOPE_FINDINGS(X)
#undef X
    FINDING_KEYS
};

/** How sure a finding is. Proven: the packets leave no other reading. Inferred: a consistent
 * pattern. Suspected: worth a look. */
enum confidence {
    CONFIDENCE_SUSPECTED,
    CONFIDENCE_INFERRED,
    CONFIDENCE_PROVEN
};

/** What the catalogue says of a finding. */
struct finding_kind {
    const char *key;                /**< what users filter for, without "spiscope." */
    const char *title;
    enum family family;
    enum severity severity;
};

/** Never NULL.
 * @param key  enum finding_key */
const struct finding_kind *finding_kind(uint8_t key);

/** "chat", "note", "warning" or "error" */
const char *severity_name(enum severity severity);

/** "proven", "inferred" or "suspected" */
const char *confidence_name(uint8_t confidence);

#endif /* SPISCOPE_FINDING_H */
