/* text.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "text.h"

#include <inttypes.h>
#include <time.h>

#include <wsutil/inet_addr.h>

#include "../clock.h"

enum severity {
    SEVERITY_CHAT,
    SEVERITY_NOTE,
    SEVERITY_WARN,
    SEVERITY_ERROR
};

static const struct {
    const char *key;
    const char *title;
    enum severity severity;
} catalogue[] = {
#define X(identifier, key, severity, group, title) { key, title, SEVERITY_##severity },
    SPISCOPE_FINDINGS(X)
#undef X
};

const char *
text_key(uint8_t key)
{
    return catalogue[key].key;
}

const char *
text_title(uint8_t key)
{
    return catalogue[key].title;
}

const char *
text_severity(uint8_t key)
{
    static const char *const names[SEVERITIES] = { "chat", "note", "warning", "error" };

    return names[catalogue[key].severity];
}

unsigned
text_severity_rank(uint8_t key)
{
    return catalogue[key].severity;
}

const char *
text_confidence(uint8_t confidence)
{
    switch (confidence) {
    case CONFIDENCE_PROVEN:
        return "proven";
    case CONFIDENCE_INFERRED:
        return "inferred";
    default:
        return "suspected";
    }
}

const char *
text_protocol(uint8_t protocol)
{
    return protocol == IPSEC_AH ? "AH" : "ESP";
}

const char *
text_outage_how(uint8_t how)
{
    static const char *const names[OUTAGE_HOWS] = { "ike_sa_deleted", "child_sa_deleted", "unanswered", "silence", "replaced" };

    return names[how];
}

const char *
text_restored_how(uint8_t how)
{
    static const char *const names[RESTORED_HOWS] = { NULL, "new_ike_sa", "new_child_sa", "same_sa" };

    return names[how];
}

const char *
text_ike_end(enum ike_end end)
{
    switch (end) {
    case IKE_ALIVE:
        return "alive";
    case IKE_DELETED:
        return "deleted";
    case IKE_REPLACED:
        return "replaced";
    case IKE_FAILED:
        return "failed";
    }
    return "?";
}

char *
text_address(wmem_allocator_t *scope, const struct ip_address *address)
{
    char buffer[WS_INET6_ADDRSTRLEN];

    if (address->length == IPV4_LENGTH)
        ws_inet_ntop4(address->bytes, buffer, sizeof buffer);
    else if (address->length == IPV6_LENGTH)
        ws_inet_ntop6(address->bytes, buffer, sizeof buffer);
    else
        return wmem_strdup(scope, "?");
    return wmem_strdup(scope, buffer);
}

char *
text_endpoint(wmem_allocator_t *scope, const struct endpoint *endpoint)
{
    char *text = text_address(scope, &endpoint->address);

    if (!port_is_translated(endpoint->port))
        return text;
    return wmem_strdup_printf(scope, endpoint->address.length == IPV6_LENGTH ? "[%s]:%u" : "%s:%u", text, endpoint->port);
}

char *
text_duration(wmem_allocator_t *scope, const nstime_t *span)
{
    enum { WHOLE_FROM = 100, TENTHS = 10 };

    if (span->secs >= WHOLE_FROM)
        return wmem_strdup_printf(scope, "%" PRId64 " s", (int64_t)span->secs);
    return wmem_strdup_printf(scope, "%d.%d s", (int)span->secs, span->nsecs / (CLOCK_NSECS / TENTHS));
}

/* Room for a date and time, of a year that a hostile clock may make long. */
#define UTC_AT_MOST 32

/* Date and time, or "?". */
static void
format_utc(char *text, size_t size, const nstime_t *instant)
{
    time_t seconds = instant->secs;
    const struct tm *utc = gmtime(&seconds);

    if (!utc || strftime(text, size, "%Y-%m-%d %H:%M:%S", utc) == 0)
        g_strlcpy(text, "?", size);
}

char *
text_moment(wmem_allocator_t *scope, const nstime_t *moment)
{
    char text[UTC_AT_MOST];

    format_utc(text, sizeof text, moment);
    return wmem_strdup_printf(scope, "%s UTC", text);
}

char *
text_instant(wmem_allocator_t *scope, const nstime_t *instant)
{
    enum { NANOSECONDS_PER_MICROSECOND = 1000 };
    char text[UTC_AT_MOST];

    format_utc(text, sizeof text, instant);
    if (text[0] == '?')
        return wmem_strdup(scope, text);
    return wmem_strdup_printf(scope, "%s.%06d", text, instant->nsecs / NANOSECONDS_PER_MICROSECOND);
}

static char *
text_sa(wmem_allocator_t *scope, const struct sa *sa)
{
    return wmem_strdup_printf(scope, "%s SPI 0x%08x to %s", text_protocol(sa->key.protocol), sa->key.spi,
            text_endpoint(scope, &sa->flow->destination));
}

static char *
text_sequence_exhausted(wmem_allocator_t *scope, const struct finding *finding, const char *sa)
{
    if (finding->limit)
        return wmem_strdup_printf(scope, "%s: the 32-bit sequence number passed 2^32. Allowed only with extended "
                "sequence numbers; check that both peers negotiated ESN, or rekey by volume before", sa);
    return wmem_strdup_printf(scope, "%s: sequence number %" PRIu64 ", close to 2^32. Without extended sequence numbers "
            "the SA must be rekeyed before; check why no rekey came", sa, finding->number);
}

static char *
text_about_sa(wmem_allocator_t *scope, const struct finding *finding)
{
    const char *sa = text_sa(scope, finding->sa);
    const char *span = text_duration(scope, &finding->span);
    uint32_t other = finding->other ? finding->other->key.spi : 0;
    uint32_t other_birth = finding->other ? sa_birth_frame(finding->other) : 0;

    switch (finding->key) {
    case FINDING_REKEY:
        return wmem_strdup_printf(scope, "%s lived %s and was replaced by 0x%08x (frame %u)", sa, span, other, other_birth);
    case FINDING_SPI_CHURN:
        return wmem_strdup_printf(scope, "%s was replaced by 0x%08x after only %s (less than %" PRIu64 " s). Compare the "
                "phase 1 and phase 2 lifetimes and the proxy IDs of both peers", sa, other, span, finding->limit);
    case FINDING_FLAPPING:
        return wmem_strdup_printf(scope, "%s: %" PRIu64 " SAs in a row were replaced early within %s (window %" PRIu64
                " s). Compare the lifetimes and proxy IDs of both peers; if they agree, suspect a software fault", sa,
                finding->number, span, finding->limit);
    case FINDING_STALE_SPI:
        if (!finding->other)
            return wmem_strdup_printf(scope, "%s carries traffic %s after it was deleted (frame %u). The sender still uses "
                    "an SA that its peer has dropped; check whether it received the Delete", sa, span, finding->sa->deleted_frame);
        return wmem_strdup_printf(scope, "%s carries traffic %s after its successor 0x%08x took over. Check whether the "
                "sender missed the change; parallel SAs can look like this too", sa, span, other);
    case FINDING_SEQUENCE_RESTART:
        return wmem_strdup_printf(scope, "%s: the sequence number started again at %" PRIu64 " after %" PRIu64 ". The "
                "receiver drops this; check the sender for a failover or a reboot without a new negotiation", sa,
                finding->number, finding->limit);
    case FINDING_SEQUENCE_EXHAUSTED:
        return text_sequence_exhausted(scope, finding, sa);
    case FINDING_REPLAY_WINDOW:
        if (finding->limit == 0)
            return wmem_strdup_printf(scope, "%s: this sequence number was received before; the receiver drops it as a "
                    "replay", sa);
        return wmem_strdup_printf(scope, "%s: %" PRIu64 " packets behind the highest; a receiver with a replay window of "
                "%" PRIu64 " drops it. Check for reordering on the way (QoS, load sharing)", sa, finding->number,
                finding->limit);
    case FINDING_LOSS:
        return wmem_strdup_printf(scope, "%s: %" PRIu64 " sequence numbers are missing: lost on the way, or by the "
                "capture", sa, finding->number);
    case FINDING_ONE_WAY:
        return wmem_strdup_printf(scope, "%s carried %" PRIu64 " packets in %s and nothing came back. Check routing, "
                "policy and the other direction's SA on the peer", sa, finding->number, span);
    case FINDING_VOLUME_REKEY:
        return wmem_strdup_printf(scope, "%s: three SAs in a row ended after about %" PRIu64 " bytes, at ages from %" PRIu64
                " s: a volume lifetime ends them, not a timer. Compare the kilobyte lifetimes of both peers", sa,
                finding->number, finding->limit);
    case FINDING_NAT_REBINDING:
        return wmem_strdup_printf(scope, "%s goes on with a new address or port in place of %s. Check the NAT's timeout "
                "against the NAT keepalive interval", sa,
                wmem_strdup_printf(scope, "%s:%u", text_address(scope, &finding->endpoint.address), finding->endpoint.port));
    default:
        return wmem_strdup_printf(scope, "%s: %s", sa, text_title(finding->key));
    }
}

/* The peer that began an exchange, and the one that was asked. */
static char *
text_requester(wmem_allocator_t *scope, const struct exchange *exchange)
{
    return text_endpoint(scope, &exchange->flow->source);
}

static char *
text_responder(wmem_allocator_t *scope, const struct exchange *exchange)
{
    return text_endpoint(scope, &flow_reverse(exchange->flow)->source);
}

static char *
text_lifetime_mismatch(wmem_allocator_t *scope, const struct finding *finding, const struct exchange *exchange)
{
    unsigned phase = finding->key == FINDING_PHASE1_LIFETIME_MISMATCH ? 1 : 2;
    const char *unit = finding->kilobytes ? "kB" : "s";
    const char *requester = text_requester(scope, exchange);
    const char *responder = text_responder(scope, exchange);

    if (finding->announced)
        return wmem_strdup_printf(scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, %s announces %" PRIu64 " %s "
                "(RESPONDER-LIFETIME). Set the same lifetime on both peers", phase, requester, finding->number, unit,
                responder, finding->limit, unit);
    if (!finding->other_exchange)
        return wmem_strdup_printf(scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, expected (preferences) is %" PRIu64
                " %s. Check its configuration", phase, requester, finding->number, unit, finding->limit, unit);
    return wmem_strdup_printf(scope, "Phase %u lifetime: %s offers %" PRIu64 " %s, %s offers %" PRIu64 " %s (frame %u). "
            "Set the same lifetime on both peers", phase, requester, finding->number, unit, responder, finding->limit, unit,
            finding->other_exchange->request_frame);
}

static char *
text_proxy_id(wmem_allocator_t *scope, const struct finding *finding, const struct exchange *exchange)
{
    const struct exchange *other = finding->other_exchange;
    const struct offer *asked = exchange->request;
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");

    wmem_strbuf_append_printf(text, "Proxy IDs: %s proposes %s", text_requester(scope, exchange),
            asked ? text_selectors(scope, &asked->tsi, &asked->tsr) : "selectors that were not read");
    if (exchange->error != 0)
        wmem_strbuf_append_printf(text, ", %s answers %s", text_responder(scope, exchange),
                text_notify(scope, exchange->ike_sa->version, exchange->error));
    else if (exchange->response && finding->confidence == CONFIDENCE_PROVEN)
        wmem_strbuf_append_printf(text, ", %s answers with %s", text_responder(scope, exchange),
                text_selectors(scope, &exchange->response->tsi, &exchange->response->tsr));
    if (other && other->request)
        wmem_strbuf_append_printf(text, ", %s proposes %s (frame %u)", text_requester(scope, other),
                text_selectors(scope, &other->request->tsi, &other->request->tsr), other->request_frame);
    wmem_strbuf_append(text, finding->key == FINDING_PROXY_ID_NARROWED
            ? ". Allowed in IKEv2, but check that both peers mean the same networks"
            : ". Compare the proxy IDs (traffic selectors) of both peers: they must mirror each other");
    return (char *)wmem_strbuf_get_str(text);
}

static char *
text_no_proposal(wmem_allocator_t *scope, const struct exchange *exchange)
{
    bool phase1 = exchange->type == IKE2_IKE_SA_INIT || exchange_is_phase1(exchange);

    return wmem_strdup_printf(scope, "Phase %d proposal: %s accepts nothing of what %s offers: %s. Compare encryption, "
            "integrity and DH group of both peers", phase1 ? 1 : 2, text_responder(scope, exchange),
            text_requester(scope, exchange), exchange->request
                ? text_offer(scope, exchange->request, exchange->ike_sa->version) : "(not readable)");
}

static char *
text_child_refused(wmem_allocator_t *scope, const struct finding *finding, const struct exchange *exchange)
{
    const char *requester = text_requester(scope, exchange);
    const char *responder = text_responder(scope, exchange);

    if (exchange->refused_unread && exchange->ike_sa->version >= 2)
        return wmem_strdup_printf(scope, "%s refused the %s that %s asked for: its answer of %u bytes is "
                "too small to hold one. The reason is encrypted%s; check proposals, PFS group and proxy IDs on both peers",
                responder, exchange->type == IKE2_CREATE_CHILD_SA
                    ? "child SA (phase 2), or new IKE SA (phase 1)," : "child SA (phase 2)",
                requester, exchange->response_length, exchange->tried_again
                    ? ", but it was asked again at once and accepted: probably another DH group was wanted" : "");
    if (exchange->refused_unread)
        return wmem_strdup_printf(scope, "%s met the Quick Mode (phase 2) of frame %u with an Informational, and %s tried "
                "again: refused. The reason is encrypted; check proposals, PFS group and proxy IDs on both peers",
                responder, exchange->request_frame, requester);
    return wmem_strdup_printf(scope, "%s refused the child SA (phase 2) that %s asked for: %s", responder, requester,
            text_notify(scope, exchange->ike_sa->version, (uint16_t)finding->number));
}

/* Of findings that stand on one exchange. */
static char *
text_about_exchange(wmem_allocator_t *scope, const struct finding *finding, const struct exchange *exchange)
{
    const char *name = text_exchange(scope, exchange->type);
    const char *requester = text_requester(scope, exchange);
    const char *responder = text_responder(scope, exchange);
    const char *span = text_duration(scope, &finding->span);

    switch (finding->key) {
    case FINDING_PROXY_ID_MISMATCH:
    case FINDING_PROXY_ID_NARROWED:
        return text_proxy_id(scope, finding, exchange);
    case FINDING_PHASE1_LIFETIME_MISMATCH:
    case FINDING_PHASE2_LIFETIME_MISMATCH:
        return text_lifetime_mismatch(scope, finding, exchange);
    case FINDING_NO_PROPOSAL:
        return text_no_proposal(scope, exchange);
    case FINDING_CHILD_REFUSED:
        return text_child_refused(scope, finding, exchange);
    case FINDING_AUTH_FAILED:
        if (finding->confidence == CONFIDENCE_SUSPECTED)
            return wmem_strdup_printf(scope, "%s between %s and %s got no further than authentication, and was begun anew. "
                    "Its payloads are encrypted; compare the pre-shared keys or certificates and the identities", name,
                    requester, responder);
        return wmem_strdup_printf(scope, "Authentication between %s and %s failed: %s. Compare the pre-shared keys or "
                "certificates and the identities of both peers", requester, responder,
                text_notify(scope, exchange->ike_sa->version, (uint16_t)finding->number));
    case FINDING_EARLY_REKEY:
        return wmem_strdup_printf(scope, "%s asked for three rekeys in a row far before their time, the last after %s "
                "(negotiated: %s). Check its phase 2 lifetime", requester, span, finding->limit
                    ? wmem_strdup_printf(scope, "%" PRIu64 " s", finding->limit) : "not in IKEv2");
    case FINDING_REKEY_COLLISION:
        return wmem_strdup_printf(scope, "%s began to rekey an SA that %s was rekeying already (frame %u)", requester,
                responder, finding->other_exchange->request_frame);
    case FINDING_IKE_RETRANSMISSION:
        return wmem_strdup_printf(scope, "%s: the message of frame %" PRIu64 " was sent again", name, finding->number);
    case FINDING_IKE_NO_RESPONSE:
        return wmem_strdup_printf(scope, "%s (frame %" PRIu64 ") was sent %" PRIu64 " times and not answered; given up after %s. Check that "
                "the peer is up and that UDP ports 500 and 4500 pass", name, finding->limit, finding->number + 1, span);
    case FINDING_INVALID_SPI:
        return wmem_strdup_printf(scope, "%s says that it does not know SPI 0x%08x. Check whether it lost its SAs", requester,
                (uint32_t)finding->number);
    default:
        return wmem_strdup(scope, text_title(finding->key));
    }
}

static char *
text_deleted(wmem_allocator_t *scope, const struct finding *finding, const char *age)
{
    enum { MSECS = 1000, TENTH = 100 };
    const char *peer = text_endpoint(scope, &finding->tunnel->flow[finding->number].source);
    uint64_t idle = finding->limit > 0 ? finding->limit - 1 : 0;
    const char *what = finding->sa ? "child SA (phase 2)" : "IKE SA";

    if (finding->limit == 0)
        return wmem_strdup_printf(scope, "%s deleted the %s after %s, and no successor is in place; no traffic was seen before", peer, what, age);
    return wmem_strdup_printf(scope, "%s deleted the %s after %s, %" PRIu64 ".%" PRIu64 " s after the last packet, and no successor is in place",
            peer, what, age, idle / MSECS, idle % MSECS / TENTH);
}

static const char *
text_peer(wmem_allocator_t *scope, const struct tunnel *tunnel, int peer)
{
    return peer == PEER_NOT_SEEN ? "nobody seen" : text_endpoint(scope, &tunnel->flow[peer].source);
}

static const char *
text_outage_end(wmem_allocator_t *scope, const struct outage *outage, const struct tunnel *tunnel)
{
    const char *peer = text_peer(scope, tunnel, outage->ended_by);

    switch (outage->how) {
    case OUTAGE_IKE_DELETED:
    case OUTAGE_CHILD_DELETED:
        return wmem_strdup_printf(scope, "%s %s the %s (frame %u) after %s", peer, outage->proven ? "deleted" : "probably deleted",
                outage->how == OUTAGE_IKE_DELETED ? "IKE SA" : "child SA (phase 2)", outage->begin_frame, text_duration(scope, &outage->age));
    case OUTAGE_UNANSWERED:
        return wmem_strdup_printf(scope, "%u messages went unanswered", outage->asked);
    case OUTAGE_REPLACED:
        return "no end of it was seen";
    default:
        return "one peer fell silent";
    }
}

static char *
text_outage(wmem_allocator_t *scope, const struct outage *outage, const struct tunnel *tunnel)
{
    static const char *const by[RESTORED_HOWS] = { "", "set it up anew", "negotiated a new child SA", "went on with the same SA" };
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    return wmem_strdup_printf(scope, "The tunnel carried nothing%s for %s from frame %u on: %s; %s %s (frame %u)",
            outage->directions == 3 ? "" : " in one direction", text_duration(scope, &span), outage->begin_frame,
            text_outage_end(scope, outage, tunnel), text_peer(scope, tunnel, outage->restored_by), by[outage->restored_how], outage->end_frame);
}

static char *
text_about_ike(wmem_allocator_t *scope, const struct finding *finding)
{
    const char *span = text_duration(scope, &finding->span);

    switch (finding->key) {
    case FINDING_LIFETIME_ORDER:
        return wmem_strdup_printf(scope, "Phase 1 lives %" PRIu64 " s, shorter than phase 2 with %" PRIu64 " s. By itself "
                "not a fault; check whether a gateway drops phase 2 together with phase 1", finding->number, finding->limit);
    case FINDING_SYNCHRONISED_TIMERS:
        return wmem_strdup_printf(scope, "Both peers began the rekey of the same SA at once, %" PRIu64 " times. Check that "
                "rekey times are randomised (rekey fuzz), or let one peer rekey earlier", finding->number);
    case FINDING_DUPLICATE_SA:
        return wmem_strdup_printf(scope, "The SAs with SPI 0x%08x and 0x%08x serve the same selectors, side by side for %s. "
                "Check whether both peers initiate, and whether old SAs are deleted",
                finding->sa ? finding->sa->key.spi : 0, finding->other ? finding->other->key.spi : 0, span);
    case FINDING_DPD_FAILURE:
        return wmem_strdup_printf(scope, "Liveness checks (DPD) went unanswered %" PRIu64 " times, and a new negotiation "
                "began. Check whether the peer was down or the path between the peers was broken", finding->number);
    case FINDING_PEER_RESTART:
        return wmem_strdup_printf(scope, "A new IKE SA%s, while IKE SA %u was alive after %s: a peer lost its state. Check it "
                "for a restart or a failover", finding->confidence == CONFIDENCE_PROVEN ? " with INITIAL_CONTACT" : "",
                finding->ike_sa->displaced->id, span);
    case FINDING_REESTABLISHED:
        return wmem_strdup_printf(scope, "%s set the tunnel up anew, %s after IKE SA %" PRIu64 " began: this is no rekey",
                text_endpoint(scope, &finding->ike_sa->flow->source), span, finding->number);
    case FINDING_DELETED:
        return text_deleted(scope, finding, span);
    case FINDING_PFS_MISMATCH:
        return wmem_strdup_printf(scope, "The first child SA works, but %" PRIu64 " rekeys with a key exchange were refused. "
                "Compare the PFS (DH) group of phase 2 on both peers", finding->number);
    default:
        return finding->exchange ? text_about_exchange(scope, finding, finding->exchange)
            : wmem_strdup(scope, text_title(finding->key));
    }
}

/* What there is too much of, and what becomes of the rest. */
static char *
text_limit(wmem_allocator_t *scope, const struct finding *finding)
{
    static const struct {
        const char *what;
        const char *rest;
    } limits[LIMITS] = {
        [LIMIT_SAS] = { "SAs or tunnels", "SAs of a single packet are forgotten, or else further ones not tracked "
            "(preference spiscope.max_sas)" },
        [LIMIT_IKE_SAS] = { "IKE SAs", "further ones are not tracked (preference spiscope.max_sas)" },
        [LIMIT_IKE_MESSAGES] = { "IKE messages", "further ones are not read (preference spiscope.max_sas)" },
        [LIMIT_ADDRESSES] = { "changes of an address", "SAs and tunnels are no longer found under further ones (preference "
            "spiscope.max_sas)" },
        [LIMIT_CHANGES] = { "changes in one frame", "findings about the rest are missing" },
        [LIMIT_DELETES] = { "SPIs in one Delete", "the SAs of the rest count as alive" },
        [LIMIT_OUTAGES] = { "outages of one tunnel", "further ones are not kept" },
        [LIMIT_FINDINGS] = { "findings", "further ones are not kept" },
    };

    return wmem_strdup_printf(scope, "More than %" PRIu64 " %s: %s", finding->limit, limits[finding->number].what,
            limits[finding->number].rest);
}

static char *
text_in_full(wmem_allocator_t *scope, const struct finding *finding)
{
    if (finding->outage)
        return text_outage(scope, finding->outage, finding->tunnel);
    if (finding->ike_sa)
        return text_about_ike(scope, finding);
    if (finding->sa)
        return text_about_sa(scope, finding);
    if (finding->key == FINDING_LIMIT_REACHED)
        return text_limit(scope, finding);
    return wmem_strdup(scope, text_title(finding->key));
}

char *
text_finding(wmem_allocator_t *scope, const struct finding *finding)
{
    static const char more[] = "...";
    char *text = text_in_full(scope, finding);

    if (strlen(text) > FINDING_TEXT_AT_MOST) {
        char *end = g_utf8_find_prev_char(text, text + FINDING_TEXT_AT_MOST - strlen(more) + 1);
        memcpy(end, more, sizeof more);
    }
    return text;
}
