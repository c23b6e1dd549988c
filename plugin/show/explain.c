/* explain.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "explain.h"

#include <stddef.h>

struct explanation {
    const char *meaning;
    const char *check;
};

static const struct explanation explanations[FINDING_KEYS] = {
    [FINDING_REKEY] = { "The SPI changed: a new SA took the old one's place, as it should when its lifetime is over.", NULL },
    [FINDING_REESTABLISHED] = { "Another IKE SA was set up for this tunnel: something ended the old one, or a peer re-authenticates.", NULL },
    [FINDING_OUTAGE] = { "The tunnel was down: users' traffic got no further.",
        "What the peer that ended it logged at that moment; else the path between the peers." },
    [FINDING_DELETED] = { "A peer ended the SA, and there was none to go on with. After an idle time that is no fault.",
        "Why that peer deletes it: idle timeout, lifetime without rekey, monitoring, an administrator." },
    [FINDING_SPI_CHURN] = { "The SPI should stay the same until the tunnel renegotiates; this one lasted too short.",
        "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers; then who deletes the SA, and why." },
    [FINDING_FLAPPING] = { "The tunnel is set up again and again; users see it drop.",
        "Lifetimes and proxy IDs on both peers; tunnel monitoring, idle timeouts and DPD; else suspect a software fault." },
    [FINDING_PROXY_ID_MISMATCH] = { "The peers do not agree which networks the tunnel carries.",
        "Proxy IDs (traffic selectors, crypto ACL) on both peers: they must mirror each other, with protocol and ports." },
    [FINDING_PROXY_ID_NARROWED] = { "The responder agreed to fewer networks than were proposed. Traffic of the others is not carried.",
        "Whether both peers mean the same networks." },
    [FINDING_CHILD_REFUSED] = { "Phase 2 was refused, so that no SA for these networks came up.",
        "Proposals, PFS group and proxy IDs of phase 2 on both peers." },
    [FINDING_PHASE1_LIFETIME_MISMATCH] = { "The peers are configured with different IKE lifetimes; the shorter one ends the tunnel early "
        "for the other.", "The phase 1 lifetime on both peers." },
    [FINDING_PHASE2_LIFETIME_MISMATCH] = { "The peers are configured with different IPsec lifetimes; the shorter one ends SAs early for "
        "the other.", "The phase 2 lifetime, in seconds and kilobytes, on both peers." },
    [FINDING_LIFETIME_ORDER] = { "Phase 1 ends before phase 2. Many gateways cope; some drop phase 2 with it.",
        "Whether the drops fall on the end of phase 1." },
    [FINDING_EARLY_REKEY] = { "One peer's timer, or its administrator, replaces SAs long before they are due.",
        "The phase 2 lifetime of that peer." },
    [FINDING_SYNCHRONISED_TIMERS] = { "Both peers' timers run out together, so that their rekeys collide each time.",
        "Rekey fuzz or jitter; or a longer lifetime on one peer." },
    [FINDING_VOLUME_REKEY] = { "SAs end by volume. A busy tunnel rekeys often then.", "The kilobyte lifetime of phase 2 on both peers." },
    [FINDING_REKEY_COLLISION] = { "Both peers rekeyed at once. The protocol resolves this; some implementations do not.",
        "Whether traffic stopped at this moment." },
    [FINDING_DUPLICATE_SA] = { "Two SAs for the same networks live side by side. If the peers use different ones, traffic can be lost.",
        "Whether both peers initiate, and whether old SAs are deleted." },
    [FINDING_STALE_SPI] = { "The sender uses an SA that its peer has probably forgotten; the peer drops these packets.",
        "Whether the Delete reached the sender; invalid SPI counters on the receiver." },
    [FINDING_SEQUENCE_RESTART] = { "No sender may begin again within an SA; the receiver's anti-replay check drops what follows.",
        "A failover, a reboot, or a cloned gateway with the same SA." },
    [FINDING_SEQUENCE_EXHAUSTED] = { "Without extended sequence numbers an SA must end before 2^32 packets.",
        "ESN on both peers, or a volume lifetime that rekeys in time." },
    [FINDING_REPLAY_WINDOW] = { "A receiver with the given replay window drops this packet.", "Reordering on the path (QoS, load "
        "sharing); the replay window of the receiver." },
    [FINDING_LOSS] = { "These packets were sent, and did not come by here.", "Loss on the path; or drops of the capture itself." },
    [FINDING_ONE_WAY] = { "The tunnel is up but nothing comes back.", "Routing and policy behind the silent peer; ESP blocked in one "
        "direction; the other direction's SPI on both peers." },
    [FINDING_IKE_RETRANSMISSION] = { "The sender had no answer in time, and asks again.", NULL },
    [FINDING_IKE_NO_RESPONSE] = { "The peer did not answer, or its answers were lost.",
        "That the peer is up, and that UDP 500 and 4500 pass in both directions." },
    [FINDING_DPD_FAILURE] = { "The peer was taken for dead, so that the tunnel was dropped and set up again.",
        "Whether the peer was down, or the path broken; DPD intervals that are too short." },
    [FINDING_PEER_RESTART] = { "A peer forgot its IKE SA: traffic on the old SAs is lost until the new ones are up.",
        "Uptime, failover and crash logs of that peer." },
    [FINDING_AUTH_FAILED] = { "The peers do not accept each other's identity or credentials.",
        "Pre-shared keys or certificates, and the identities, on both peers." },
    [FINDING_NO_PROPOSAL] = { "The peers share no set of algorithms.", "Encryption, integrity, PRF and DH group on both peers." },
    [FINDING_PFS_MISMATCH] = { "The first SA needs no key exchange and works; each rekey needs one and fails, so that the tunnel drops "
        "when the first SA ends.", "The PFS (DH) group of phase 2 on both peers." },
    [FINDING_INVALID_SPI] = { "The peer received a packet for an SA that it does not have.", "Whether it restarted, or deleted the SA "
        "without its Delete arriving." },
    [FINDING_NAT_REBINDING] = { "The NAT between gave the peer a new address or port; the SA goes on.",
        "The NAT's UDP timeout against the keepalive interval." },
    [FINDING_LIMIT_REACHED] = { "Something is missing from what is shown; what is said of the rest still holds.",
        "A scan or a flood in the capture; the preference spiscope.max_sas." },
};

const char *
explain_meaning(enum finding_key key)
{
    return explanations[key].meaning;
}

const char *
explain_check(enum finding_key key)
{
    return explanations[key].check;
}
