/* outage.h
 * What service.c asks of a suspected end of service: when it began, what brought the tunnel back, whether it is an outage.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OUTAGE_H
#define SPISCOPE_OUTAGE_H

#include "change.h"

/** The next packet is due one usual gap after the last one: only then does a silence begin. It is a pause once it has lasted for more
 * than four usual gaps; what ends in it may have ended for want of traffic. */
#define DUE_GAPS 1
#define SILENT_GAPS 4
#define PAUSE_GAPS (DUE_GAPS + SILENT_GAPS)

/** Where no end was seen, a silence counts only if a packet was due for certain: it is longer than any two of the gaps there were. */
#define UNSEEN_GAPS 2

struct outage_context {
    wmem_allocator_t *pool;
    struct tunnel *tunnel;
    uint64_t min_outage;            /**< nanoseconds */
    uint32_t frame;
    struct changes *changes;
};

/** What carries the traffic again. */
struct recovery {
    enum restored_how how;          /**< RESTORED_SAME_SA: it was there before, service never ended */
    int8_t peer;                    /**< who asked for it */
    uint32_t frame;                 /**< of the negotiation's end, or of the packet */
    nstime_t time;
    const struct ike_sa *ike_sa;    /**< or NULL */
};

/** Nanoseconds from one moment to a later one, 0 where it is not later; a century at most. */
uint64_t outage_ns_between(const nstime_t *from, const nstime_t *to);

/** The sender's requests that went unanswered until the end of the capture: the answer to the last one may still be under way, for no longer than
 * what is no outage yet. */
uint32_t outage_asked(const struct service_side *side, const nstime_t *last, uint64_t min_outage);

/** From which length on a gap of this direction is a pause: min_outage, or if that is longer four usual gaps after a packet was due. */
uint64_t outage_pause(const struct service_side *side, uint64_t min_outage);

/** When the peer was last heard: its last packet, or its last answer to an IKE message. */
nstime_t outage_last_heard(const struct service *service, unsigned peer);

/** The tunnel's last packet: its frame, or 0 where there is none. */
uint32_t outage_last_packet(const struct service *service, nstime_t *time);

/** Whether the peer's traffic was under way at that moment: its last packet no longer ago than a pause. */
bool outage_in_midst(const struct service *service, unsigned peer, const nstime_t *at, uint64_t min_outage);

/** Whether the tunnel has another IKE SA that lives, and is younger or began at once with this one: a successor is in place. */
bool outage_has_successor(const struct ike_sa *ike_sa);

/** Whether a negotiation was refused since that moment: it was tried to bring the tunnel back. */
bool outage_was_refused(const struct tunnel *tunnel, const nstime_t *since);

/** The silence of a peer that was asked in vain, as it stands. */
struct service_silence outage_silence_of(const struct service *service, unsigned peer, uint64_t min_outage);

/** Since when service may have ended, as the peer's packet has to tell. */
void outage_doubt_since(const struct service *service, unsigned peer, nstime_t *since);

/** What carries a packet that came since that moment.
 * @param sa  its SA, or NULL at the end of the capture: then whatever was negotiated last
 * @param packet  NULL at the end of the capture */
struct recovery outage_recovery(const struct tunnel *tunnel, const struct sa *sa, const nstime_t *since,
        const struct ipsec_packet *packet);

/** The peer's answer that ended its silence brought back what there was before. */
struct recovery outage_recovery_by_answer(unsigned peer, const struct service_silence *silence);

/** The tunnel carries traffic again, on SAs that were negotiated since: keeps an outage if it was one. */
void outage_settle(struct outage_context *context, unsigned peer, const struct recovery *recovery,
        const struct ipsec_packet *packet);

/** Keeps the outage that a peer's silence made.
 * @return false where it is none */
bool outage_by_silence(struct outage_context *context, unsigned peer, const struct service_silence *silence,
        const struct recovery *recovery);

/** Keeps an outage that the way between two capture points made; one that was known in that time begins with it. */
void outage_by_cut(struct outage_context *context, const struct outage *cut, const struct recovery *recovery);

/** What is cut until the end of the capture is an outage that is not over; one that is known already begins with it. */
void outage_open_with_cut(struct service_end *end, const struct outage *cut, const struct tunnel *tunnel);

/** The outage that no packet has closed until the last frame's time: a pure function.
 * @param outage  gets it
 * @return false where there is none */
bool outage_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage);

#endif /* SPISCOPE_OUTAGE_H */
