/* finding.h
 * The catalogue: every finding once. Expert items, JSON and the README's table are made from it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FINDING_H
#define SPISCOPE_FINDING_H

/* X(identifier, key, severity, group, title)
 * key is what users filter for; severity and group are named as in Wireshark's expert information. */
#define SPISCOPE_FINDINGS(X) \
    X(REKEY, "rekey", CHAT, SEQUENCE, "SA replaced by its successor") \
    X(REESTABLISHED, "reestablished", CHAT, SEQUENCE, "Tunnel set up anew") \
    X(OUTAGE, "outage", ERROR, SEQUENCE, "Tunnel carried nothing") \
    X(DELETED, "deleted", NOTE, SEQUENCE, "Deleted with no successor in place") \
    X(SPI_CHURN, "spi_churn", WARN, SEQUENCE, "SPI churn: SA replaced long before its time") \
    X(FLAPPING, "flapping", ERROR, SEQUENCE, "Tunnel flaps: SPI churn again and again") \
    X(PROXY_ID_MISMATCH, "proxy_id_mismatch", ERROR, RESPONSE_CODE, "Proxy IDs (traffic selectors) do not match") \
    X(PROXY_ID_NARROWED, "proxy_id_narrowed", NOTE, RESPONSE_CODE, "Responder narrowed the traffic selectors") \
    X(CHILD_REFUSED, "child_refused", WARN, RESPONSE_CODE, "Child SA (phase 2) negotiation refused") \
    X(PHASE1_LIFETIME_MISMATCH, "phase1_lifetime_mismatch", WARN, PROTOCOL, "Peers differ about the phase 1 lifetime") \
    X(PHASE2_LIFETIME_MISMATCH, "phase2_lifetime_mismatch", WARN, PROTOCOL, "Peers differ about the phase 2 lifetime") \
    X(LIFETIME_ORDER, "lifetime_order", NOTE, PROTOCOL, "Phase 1 lives shorter than phase 2") \
    X(EARLY_REKEY, "early_rekey", WARN, SEQUENCE, "One peer rekeys far before the lifetime") \
    X(SYNCHRONISED_TIMERS, "synchronised_timers", NOTE, SEQUENCE, "Both peers rekey at the same moment") \
    X(VOLUME_REKEY, "volume_rekey", NOTE, SEQUENCE, "SAs end at a constant byte count") \
    X(REKEY_COLLISION, "rekey_collision", NOTE, SEQUENCE, "Both peers rekeyed one SA at once") \
    X(DUPLICATE_SA, "duplicate_sa", NOTE, SEQUENCE, "Two SAs for the same selectors in use") \
    X(STALE_SPI, "stale_spi", WARN, SEQUENCE, "Traffic on an SPI whose time is over") \
    X(SEQUENCE_RESTART, "sequence_restart", ERROR, SEQUENCE, "Sequence number started again on the same SPI") \
    X(SEQUENCE_EXHAUSTED, "sequence_exhausted", WARN, SEQUENCE, "32-bit sequence number used up") \
    X(REPLAY_WINDOW, "replay_window", NOTE, SEQUENCE, "The receiver's replay window would drop this packet") \
    X(LOSS, "loss", NOTE, SEQUENCE, "Sequence numbers missing") \
    X(ONE_WAY, "one_way", WARN, SEQUENCE, "Only one direction carries traffic") \
    X(IKE_RETRANSMISSION, "ike_retransmission", NOTE, SEQUENCE, "IKE message retransmitted") \
    X(IKE_NO_RESPONSE, "ike_no_response", WARN, RESPONSE_CODE, "IKE request never answered") \
    X(DPD_FAILURE, "dpd_failure", WARN, RESPONSE_CODE, "Dead peer detected") \
    X(PEER_RESTART, "peer_restart", WARN, SEQUENCE, "Peer started anew while the old IKE SA was alive") \
    X(AUTH_FAILED, "auth_failed", ERROR, RESPONSE_CODE, "Authentication failed") \
    X(NO_PROPOSAL, "no_proposal", ERROR, RESPONSE_CODE, "Crypto proposals do not fit") \
    X(PFS_MISMATCH, "pfs_mismatch", ERROR, RESPONSE_CODE, "Every rekey that needs a key exchange is refused") \
    X(INVALID_SPI, "invalid_spi", WARN, RESPONSE_CODE, "Peer says that it does not know the SPI") \
    X(NAT_REBINDING, "nat_rebinding", NOTE, SEQUENCE, "Same SA under a new address or port") \
    X(LIMIT_REACHED, "limit_reached", NOTE, PROTOCOL, "A table of SPIscope is full")

enum finding_key {
#define X(identifier, key, severity, group, title) FINDING_##identifier,
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

#endif /* SPISCOPE_FINDING_H */
