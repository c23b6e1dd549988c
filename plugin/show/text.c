/* text.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "text.h"

#include <inttypes.h>

#include <wsutil/inet_addr.h>

static const struct {
    const char *key;
    const char *title;
} catalogue[] = {
#define X(identifier, key, severity, group, title) { key, title },
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

char *
text_address(wmem_allocator_t *scope, const struct ip_address *address)
{
    char buffer[WS_INET6_ADDRSTRLEN];

    if (address->length == 4)
        ws_inet_ntop4(address->bytes, buffer, sizeof buffer);
    else if (address->length == 16)
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
    return wmem_strdup_printf(scope, endpoint->address.length == 16 ? "[%s]:%u" : "%s:%u", text, endpoint->port);
}

char *
text_duration(wmem_allocator_t *scope, const nstime_t *span)
{
    if (span->secs >= 100)
        return wmem_strdup_printf(scope, "%" PRId64 " s", (int64_t)span->secs);
    return wmem_strdup_printf(scope, "%d.%d s", (int)span->secs, span->nsecs / 100000000);
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

    switch (finding->key) {
    case FINDING_REKEY:
        return wmem_strdup_printf(scope, "%s was replaced by 0x%08x, %s after it began (frame %u)", sa, other, span,
                finding->other->first_frame);
    case FINDING_SPI_CHURN:
        return wmem_strdup_printf(scope, "%s was replaced by 0x%08x after only %s (less than %" PRIu64 " s). Compare the "
                "phase 1 and phase 2 lifetimes and the proxy IDs of both peers", sa, other, span, finding->limit);
    case FINDING_FLAPPING:
        return wmem_strdup_printf(scope, "%s: %" PRIu64 " SAs in a row were replaced early within %s (window %" PRIu64
                " s). Compare the lifetimes and proxy IDs of both peers; if they agree, suspect a software fault", sa,
                finding->number, span, finding->limit);
    case FINDING_STALE_SPI:
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
    case FINDING_NAT_REBINDING:
        return wmem_strdup_printf(scope, "%s goes on with a new address or port in place of %s. Check the NAT's timeout "
                "against the NAT keepalive interval", sa,
                wmem_strdup_printf(scope, "%s:%u", text_address(scope, &finding->endpoint.address), finding->endpoint.port));
    default:
        return wmem_strdup_printf(scope, "%s: %s", sa, text_title(finding->key));
    }
}

char *
text_finding(wmem_allocator_t *scope, const struct finding *finding)
{
    if (finding->sa)
        return text_about_sa(scope, finding);
    if (finding->key == FINDING_LIMIT_REACHED)
        return wmem_strdup_printf(scope, "More than %" PRIu64 " SAs: further ones are not tracked (preference "
                "spiscope.max_sas)", finding->limit);
    return wmem_strdup(scope, text_title(finding->key));
}
