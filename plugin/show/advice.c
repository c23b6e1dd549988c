/* advice.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "advice.h"

#include "text.h"

#define CHECKS_AT_MOST 6

static const char *const cause_names[] = {
#define X(identifier, name) name,
    SPISCOPE_CAUSES(X)
#undef X
};

const char *
advice_cause(uint8_t cause)
{
    return cause_names[cause];
}

/* The commands that show SAs on the major firewalls. */
#define SHOW_SAS \
    "SPIs and lifetimes: Palo Alto: show vpn ipsec-sa; Cisco: show crypto ipsec sa; FortiGate: diagnose vpn tunnel list; " \
    "strongSwan: swanctl --list-sas"
#define SHOW_IKE \
    "IKE SAs: Palo Alto: show vpn ike-sa; Cisco: show crypto ikev2 sa detail, show crypto isakmp sa detail; FortiGate: " \
    "diagnose vpn ike gateway list; strongSwan: swanctl --list-sas"
#define SHOW_CONFIG \
    "Configuration: Palo Alto: show vpn tunnel; Cisco: show running-config crypto; FortiGate: show vpn ipsec " \
    "phase2-interface; strongSwan: swanctl --list-conns"

static const char *const checks[CAUSES][CHECKS_AT_MOST] = {
    [CAUSE_AUTHENTICATION] = { "Pre-shared key or certificate (trust chain, validity), local and remote identity (type and value)",
        SHOW_IKE, SHOW_CONFIG },
    [CAUSE_PROPOSAL_MISMATCH] = { "Encryption, integrity, PRF and DH group of the phase that is named", SHOW_CONFIG },
    [CAUSE_PROXY_ID_MISMATCH] = { "Proxy IDs (traffic selectors, crypto ACL): networks, protocol and ports, mirrored",
        SHOW_CONFIG, SHOW_SAS },
    [CAUSE_PFS_MISMATCH] = { "PFS (DH group) of phase 2: the same on both peers, or off on both", SHOW_CONFIG },
    [CAUSE_PHASE1_LIFETIME_MISMATCH] = { "Phase 1 (IKE) lifetime: the same on both peers", SHOW_IKE, SHOW_CONFIG },
    [CAUSE_PHASE2_LIFETIME_MISMATCH] = { "Phase 2 (IPsec) lifetime in seconds and kilobytes: the same on both peers", SHOW_SAS,
        SHOW_CONFIG },
    [CAUSE_PEER_UNREACHABLE] = { "The path between the peers: UDP 500 and 4500, ESP (protocol 50), routing, a firewall between",
        "Whether the peer was down at the time (its own log and uptime)", SHOW_IKE },
    [CAUSE_PEER_RESTART] = { "Uptime, failover and crash logs of the peer that began anew", SHOW_IKE },
    [CAUSE_ONE_WAY] = { "Routing and policy behind the peer that stays silent, and its outbound SPI against this one's inbound SPI",
        "ESP (protocol 50) or UDP 4500 blocked in one direction", SHOW_SAS },
    [CAUSE_REKEY_COLLISION] = { "Rekey times: let one peer rekey earlier, or randomise (rekey fuzz, jitter)", SHOW_SAS },
    [CAUSE_VOLUME_REKEY] = { "Phase 2 lifetime in kilobytes: raise or switch off, the same on both peers", SHOW_SAS },
    [CAUSE_UNEXPLAINED_CHURN] = { "Who deletes the SAs, and why: idle timeout, tunnel monitoring, DPD, scripts, an administrator",
        "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers once more",
        "If all agree, a software fault is likely: open a case with this report", SHOW_SAS, SHOW_IKE },
    [CAUSE_NOT_ENOUGH_DATA] = { "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers", SHOW_SAS, SHOW_IKE },
    [CAUSE_STABLE] = { NULL },
};

const char *
advice_check(const struct verdict *verdict, unsigned i)
{
    return i < CHECKS_AT_MOST ? checks[verdict->cause][i] : NULL;
}

const char *
advice_missing(const struct verdict *verdict, unsigned i)
{
    static const struct {
        unsigned what;
        const char *text;
    } texts[] = {
        { MISSING_NEGOTIATION, "No IKE was captured: capture UDP ports 500 and 4500 on the gateway, from before a rekey" },
        { MISSING_KEYS, "IKE was encrypted, so that lifetimes and proxy IDs could not be compared. Palo Alto: debug ike pcap on; "
            "Cisco ASA: capture NAME type isakmp; FortiGate: diagnose debug application ike -1 prints the keys; strongSwan: the "
            "save-keys plugin. Enter keys under Preferences, Protocols, ISAKMP" },
        { MISSING_OTHER_OFFER, "Only one peer's offers were seen, and an IKEv1 responder echoes them: capture a negotiation that "
            "the other peer starts" },
        { MISSING_LIFETIMES, "IKEv2 sends no lifetimes: compare the phase 1 and phase 2 lifetimes in both peers' configuration" },
        { MISSING_DIRECTION, "ESP was seen in one direction at most: capture on the gateway's outside interface" },
        { MISSING_TIME, "The capture is short: let it run for more than one phase 2 lifetime" },
    };

    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        if ((verdict->missing & texts[t].what) && i-- == 0)
            return texts[t].text;
    return NULL;
}

static char *
summary_without_cause(wmem_allocator_t *scope, const struct verdict *verdict)
{
    if (verdict->churned > 0)
        return wmem_strdup_printf(scope, "SPIs do not last (%u SAs were replaced early), and the capture does not show why.",
                verdict->churned);
    if (verdict->refused > 0)
        return wmem_strdup_printf(scope, "Child SAs (phase 2) were refused %u times; the reason is not readable.", verdict->refused);
    return wmem_strdup(scope, "Nothing wrong was seen, but too little to call the tunnel stable.");
}

char *
advice_summary(wmem_allocator_t *scope, const struct tunnel *tunnel, const struct verdict *verdict)
{
    (void)tunnel;
    switch (verdict->cause) {
    case CAUSE_STABLE:
        return wmem_strdup(scope, "SPIs change only with their rekeys, both directions carry traffic, and no fault was seen.");
    case CAUSE_NOT_ENOUGH_DATA:
        return summary_without_cause(scope, verdict);
    case CAUSE_UNEXPLAINED_CHURN:
        if (verdict->confidence == CONFIDENCE_SUSPECTED)
            return wmem_strdup_printf(scope, "%u SAs were replaced early and nothing in the negotiation explains it; not all of "
                    "both peers' lifetimes could be seen.", verdict->churned);
        return wmem_strdup_printf(scope, "%u SAs were replaced early although both peers' lifetimes and proxy IDs agree: a software "
                "fault, or something outside IKE, is likely.", verdict->churned);
    default:
        return text_finding(scope, verdict->finding);
    }
}
