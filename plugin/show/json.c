/* json.c
 * The report for programs. Times are epoch seconds with nanoseconds, SPIs are 0x strings, what is not
 * known is null. No key and no payload is ever written.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "report.h"

#include <inttypes.h>

#include <wsutil/json_dumper.h>

#include "../judge/coverage.h"
#include "../judge/outage.h"
#include "../clock.h"
#include "../words/ike_words.h"
#include "user_words.h"

struct writer {
    json_dumper *json;
    wmem_allocator_t *scope;        /* freed after each SA and each finding, of which one tunnel may have a million */
    struct words words;             /* into that scope */
    const struct judge *judge;
};

static void
name(const struct writer *writer, const char *member)
{
    json_dumper_set_member_name(writer->json, member);
}

static void
put_string(const struct writer *writer, const char *member, const char *value)
{
    name(writer, member);
    json_dumper_value_string(writer->json, value);
}

static void
put_null(const struct writer *writer, const char *member)
{
    name(writer, member);
    json_dumper_value_anyf(writer->json, "null");
}

static void
put_number(const struct writer *writer, const char *member, uint64_t value)
{
    name(writer, member);
    json_dumper_value_anyf(writer->json, "%" PRIu64, value);
}

static void
put_bool(const struct writer *writer, const char *member, bool value)
{
    name(writer, member);
    json_dumper_value_anyf(writer->json, value ? "true" : "false");
}

/* 0 is what is not known, such as the frame of a message that was not captured. */
static void
put_known(const struct writer *writer, const char *member, uint64_t value)
{
    if (value > 0)
        put_number(writer, member, value);
    else
        put_null(writer, member);
}

static void
put_time(const struct writer *writer, const char *member, const nstime_t *value)
{
    int64_t secs = (int64_t)value->secs;
    int nsecs = value->nsecs < 0 || value->nsecs >= CLOCK_NSECS ? 0 : value->nsecs;
    bool before = secs < 0 && nsecs > 0;            /* 1970: the fraction counts backwards */

    if (before) {
        secs++;
        nsecs = CLOCK_NSECS - nsecs;
    }
    name(writer, member);
    json_dumper_value_anyf(writer->json, "%s%" PRId64 ".%09d", before && secs == 0 ? "-" : "", secs, nsecs);
}

static void
put_spi(const struct writer *writer, const char *member, const struct sa *sa)
{
    if (!sa)
        put_null(writer, member);
    else
        put_string(writer, member, wmem_strdup_printf(writer->scope, "0x%08x", sa->key.spi));
}

static void
put_frames(const struct writer *writer, const char *member, const uint32_t *frames, unsigned count)
{
    name(writer, member);
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++)
        json_dumper_value_anyf(writer->json, "%u", frames[i]);
    json_dumper_end_array(writer->json);
}

static void
put_capture(const struct writer *writer, const struct capture_facts *facts)
{
    name(writer, "capture");
    json_dumper_begin_object(writer->json);
    if (facts->file)
        put_string(writer, "file", facts->file);
    else
        put_null(writer, "file");
    put_number(writer, "frames", facts->frames);
    if (facts->frames > 0) {
        put_time(writer, "first", &facts->first);
        put_time(writer, "last", &facts->last);
    } else {
        put_null(writer, "first");
        put_null(writer, "last");
    }
    name(writer, "unread");
    json_dumper_begin_object(writer->json);
    put_number(writer, "esp", facts->unread.esp);
    put_number(writer, "ah", facts->unread.ah);
    put_number(writer, "ike", facts->unread.ike);
    json_dumper_end_object(writer->json);
    json_dumper_end_object(writer->json);
}

static const char *const peer_names[] = { "A", "B" };

static void
put_peer(const struct writer *writer, const char *member, int peer)
{
    if (peer == PEER_NOT_SEEN)
        put_null(writer, member);
    else
        put_string(writer, member, peer_names[peer]);
}

/* The peer who ended an SA, counted from 1, and in which frame. */
static void
put_ended(const struct writer *writer, int ended_by, uint32_t frame)
{
    put_peer(writer, "ended_by", ended_by - 1);
    put_known(writer, "ended_in", frame);
}

static void
put_span(const struct writer *writer, const char *member, const nstime_t *span, bool known)
{
    if (known)
        put_time(writer, member, span);
    else
        put_null(writer, member);
}

static void
put_outage(const struct writer *writer, const struct tunnel *tunnel, const struct outage *outage)
{
    uint8_t confidence = CONFIDENCE_SUSPECTED;
    enum cause cause = verdict_of_outage(tunnel, writer->judge, outage, &confidence);
    bool over = outage->restored_how != RESTORED_NOT;
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);
    const char *restored = outage_restored_how(outage->restored_how);

    json_dumper_begin_object(writer->json);
    put_number(writer, "id", outage->id);
    put_time(writer, "begin", &outage->begin);
    put_span(writer, "end", &outage->end, over);
    put_span(writer, "seconds", &span, over);
    put_string(writer, "how", outage_how(outage->how));
    put_peer(writer, "ended_by", outage->ended_by);
    put_span(writer, "age", &outage->age, outage->age.secs > 0 || outage->age.nsecs > 0);
    put_time(writer, "idle", &outage->idle);
    put_peer(writer, "restored_by", outage->restored_by);
    if (restored)
        put_string(writer, "restored_how", restored);
    else
        put_null(writer, "restored_how");
    put_number(writer, "directions", outage->directions);
    put_number(writer, "begin_frame", outage->begin_frame);
    put_known(writer, "end_frame", outage->end_frame);
    if (cause == CAUSE_UNKNOWN)
        put_null(writer, "cause");
    else
        put_string(writer, "cause", verdict_cause_name(cause));
    put_string(writer, "confidence", confidence_name(outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED));
    put_frames(writer, "evidence", outage->evidence, outage->evidence_count);
    json_dumper_end_object(writer->json);
}

static void
put_outages(const struct writer *writer, const struct tunnel *tunnel)
{
    struct service_end end = service_at_end(tunnel, (uint64_t)writer->judge->limits.min_outage * CLOCK_NSECS, &writer->judge->now);

    name(writer, "outages");
    json_dumper_begin_array(writer->json);
    for (const struct outage *outage = tunnel->service.first; outage; outage = outage->next)
        put_outage(writer, tunnel, outage);
    if (end.is_out)
        put_outage(writer, tunnel, &end.outage);
    json_dumper_end_array(writer->json);
}

static void
put_ike_sa(const struct writer *writer, const struct ike_sa *ike_sa)
{
    json_dumper_begin_object(writer->json);
    put_number(writer, "id", ike_sa->id);
    put_number(writer, "version", ike_sa->version);
    put_string(writer, "initiator", words_endpoint(&writer->words, &ike_sa->flow->source));
    put_string(writer, "initiator_spi", wmem_strdup_printf(writer->scope, "0x%016" PRIx64, ike_sa->initiator_spi));
    put_string(writer, "responder_spi", wmem_strdup_printf(writer->scope, "0x%016" PRIx64, ike_sa->responder_spi));
    put_number(writer, "first_frame", ike_sa->first_frame);
    put_number(writer, "last_frame", ike_sa->last_frame);
    put_time(writer, "birth", &ike_sa->first_time);
    if (ike_sa->end != IKE_ALIVE)
        put_time(writer, "death", &ike_sa->end_time);
    else
        put_null(writer, "death");
    put_bool(writer, "established", ike_sa->established);
    put_string(writer, "end", words_ike_end(ike_sa->end));
    put_ended(writer, ike_sa->ended_by, ike_sa->ended_in);
    if (ike_sa->predecessor)
        put_number(writer, "replaces", ike_sa->predecessor->id);
    else
        put_null(writer, "replaces");
    json_dumper_end_object(writer->json);
}

static void
put_ike_sas(const struct writer *writer, const struct tunnel *tunnel)
{
    const struct ike_sa **list;
    unsigned count = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        count++;
    list = wmem_alloc_array(writer->scope, const struct ike_sa *, count + 1);
    unsigned at = count;
    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        list[--at] = ike_sa;
    name(writer, "ike_sas");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++)
        put_ike_sa(writer, list[i]);
    json_dumper_end_array(writer->json);
}

/* The exchange that made an SA: proven where its negotiation was read, else inferred from their order. */
static void
put_origin(const struct writer *writer, const struct sa *sa)
{
    if (!sa->origin || !sa->origin_sure) {
        put_null(writer, "origin");
        return;
    }
    name(writer, "origin");
    json_dumper_begin_object(writer->json);
    put_number(writer, "ike_sa", sa->origin->ike_sa->id);
    put_string(writer, "exchange", words_exchange(&writer->words, sa->origin->type));
    put_string(writer, "requester", words_endpoint(&writer->words, &sa->origin->flow->source));
    put_known(writer, "request_frame", sa->origin->request_frame);
    put_known(writer, "response_frame", sa->origin->response_frame);
    put_string(writer, "confidence", confidence_name(sa->negotiated ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED));
    json_dumper_end_object(writer->json);
}

static void
put_sa(const struct writer *writer, const struct sa *sa)
{
    struct sequence_counts counts = sequence_counts(&sa->sequence);
    const struct child *child = sa->child;

    json_dumper_begin_object(writer->json);
    put_number(writer, "id", sa->id);
    put_string(writer, "protocol", words_protocol(sa->key.protocol));
    put_spi(writer, "spi", sa);
    put_string(writer, "source", words_endpoint(&writer->words, &sa->flow->source));
    put_string(writer, "destination", words_endpoint(&writer->words, &sa->flow->destination));
    put_known(writer, "generation", sa->generation);
    put_spi(writer, "replaces", sa->predecessor);
    put_spi(writer, "replaced_by", sa->successor);
    put_origin(writer, sa);
    put_number(writer, "first_frame", sa->first_frame);
    put_number(writer, "last_frame", sa->last_frame);
    put_time(writer, "birth", sa_birth_time(sa));
    if (sa->deleted_frame != 0 || sa->successor)
        put_time(writer, "death", sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
    else
        put_null(writer, "death");
    put_ended(writer, sa->ended_by, sa->ended_in);
    put_bool(writer, "age_is_minimum", !sa->born_in_capture);
    put_known(writer, "negotiated_lifetime", child ? child->lifetime.seconds : 0);
    if (child)
        put_string(writer, "selectors", words_selectors(&writer->words, &child->tsi, &child->tsr));
    else
        put_null(writer, "selectors");
    put_number(writer, "packets", counts.packets);
    put_number(writer, "bytes", sa->bytes);
    put_number(writer, "lost", counts.lost);
    put_number(writer, "duplicate", counts.duplicate);
    put_number(writer, "reordered", counts.reordered);
    json_dumper_end_object(writer->json);
}

static void
put_finding(const struct writer *writer, const struct finding *finding)
{
    json_dumper_begin_object(writer->json);
    put_string(writer, "key", finding_kind(finding->key)->key);
    put_string(writer, "severity", severity_name(finding_severity(finding)));
    put_string(writer, "confidence", confidence_name(finding->confidence));
    put_number(writer, "frame", finding->frame);
    put_time(writer, "time", &finding->time);
    if (finding->sa)
        put_number(writer, "sa", finding->sa->id);
    else
        put_null(writer, "sa");
    put_string(writer, "text", finding_text(&writer->words, finding));
    put_frames(writer, "evidence", finding->evidence, finding->evidence_count);
    json_dumper_end_object(writer->json);
}

static void
put_findings(const struct writer *writer, const struct tunnel *tunnel)
{
    const struct finding_file *file = findings_of(writer->judge->findings, tunnel);

    name(writer, "findings");
    json_dumper_begin_array(writer->json);
    for (const struct finding *finding = file ? file->first : NULL; finding; finding = finding->next) {
        put_finding(writer, finding);
        wmem_free_all(writer->scope);
    }
    json_dumper_end_array(writer->json);
}

/* The keys of a set of findings. */
static void
put_keys(const struct writer *writer, const char *member, uint64_t keys)
{
    name(writer, member);
    json_dumper_begin_array(writer->json);
    for (unsigned key = 0; key < FINDING_KEYS; key++)
        if (keys & (UINT64_C(1) << key))
            json_dumper_value_string(writer->json, finding_kind((uint8_t)key)->key);
    json_dumper_end_array(writer->json);
}

static const char *
by_name(int by)
{
    if (by == PEER_BOTH)
        return "both";
    return by == PEER_NOT_SEEN ? "none" : peer_names[by];
}

static void
put_verdict(const struct writer *writer, const struct tunnel *tunnel)
{
    struct verdict verdict = verdict_of(tunnel, writer->judge);
    const char *line;

    name(writer, "verdict");
    json_dumper_begin_object(writer->json);
    put_string(writer, "state", state_name(verdict.state));
    put_string(writer, "cause", verdict_cause(&verdict));
    put_string(writer, "by", by_name(verdict.by));
    put_string(writer, "confidence", confidence_name(verdict.confidence));
    put_string(writer, "summary", verdict_summary(&writer->words, tunnel, &verdict));
    put_frames(writer, "evidence", verdict.evidence, verdict.evidence_count);
    name(writer, "missing");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; (line = coverage_text(verdict.missing, i)) != NULL; i++)
        json_dumper_value_string(writer->json, line);
    json_dumper_end_array(writer->json);
    name(writer, "check");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; (line = verdict_check(&verdict, i)) != NULL; i++)
        json_dumper_value_string(writer->json, line);
    json_dumper_end_array(writer->json);
    put_keys(writer, "also", verdict.also & ~verdict.history);
    put_keys(writer, "history", verdict.history);
    json_dumper_end_object(writer->json);
}

const struct sa ***
report_sort_sas(const struct tracker *tracker, wmem_allocator_t *scope, unsigned **counts)
{
    uint32_t tunnels = tunnel_count(tracker_tunnels(tracker));
    const struct sa ***lists = wmem_alloc0_array(scope, const struct sa **, tunnels + 1);

    *counts = wmem_alloc0_array(scope, unsigned, tunnels + 1);
    for (const struct sa *sa = sa_first(tracker_sas(tracker)); sa; sa = sa->next)
        (*counts)[sa->flow->tunnel->id]++;
    for (uint32_t i = 0; i < tunnels; i++) {
        lists[i] = wmem_alloc_array(scope, const struct sa *, (*counts)[i] + 1);
        (*counts)[i] = 0;
    }
    for (const struct sa *sa = sa_first(tracker_sas(tracker)); sa; sa = sa->next)
        lists[sa->flow->tunnel->id][(*counts)[sa->flow->tunnel->id]++] = sa;
    return lists;
}

static void
put_tunnel(const struct writer *writer, const struct tunnel *tunnel, const struct sa **sas, unsigned count)
{
    json_dumper_begin_object(writer->json);
    put_number(writer, "id", tunnel->id);
    name(writer, "peers");
    json_dumper_begin_array(writer->json);
    for (int i = 0; i < 2; i++)
        json_dumper_value_string(writer->json, words_endpoint(&writer->words, &tunnel->flow[i].source));
    json_dumper_end_array(writer->json);
    put_bool(writer, "nat", tunnel->nat);
    put_number(writer, "icmp_errors", tunnel->icmp_errors);
    put_number(writer, "lost_in_fragments", tunnel->lost_in_fragments);
    put_ike_sas(writer, tunnel);
    name(writer, "sas");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++) {
        put_sa(writer, sas[i]);
        wmem_free_all(writer->scope);
    }
    json_dumper_end_array(writer->json);
    put_outages(writer, tunnel);
    put_findings(writer, tunnel);
    put_verdict(writer, tunnel);
    json_dumper_end_object(writer->json);
}

void
json_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    json_dumper json = { .output_file = out };
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    const struct writer writer = { &json, scope, user_words(scope), judge };
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);

    json_dumper_begin_object(&json);
    put_number(&writer, "schema", 2);
    put_string(&writer, "spiscope", SPISCOPE_VERSION);
    put_capture(&writer, facts);
    name(&writer, "tunnels");
    json_dumper_begin_array(&json);
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next) {
        put_tunnel(&writer, tunnel, sas[tunnel->id], counts[tunnel->id]);
        wmem_free_all(scope);
    }
    json_dumper_end_array(&json);
    put_findings(&writer, NULL);
    json_dumper_end_object(&json);
    json_dumper_finish(&json);
    wmem_destroy_allocator(scope);
    wmem_destroy_allocator(kept);
}
