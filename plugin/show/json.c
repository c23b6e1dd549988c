/* json.c
 * The report for programs. Times are epoch seconds with nanoseconds, SPIs are 0x strings, what is not
 * known is null. No key and no payload is ever written.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "report.h"

#include <inttypes.h>

#include "../judge/coverage.h"
#include "../judge/outage.h"
#include "../judge/overview.h"
#include "../judge/shared_trouble.h"
#include "../clock.h"
#include "../words/ike_words.h"
#include "json_put.h"
#include "point_words.h"
#include "report_summary.h"
#include "user_words.h"

static void
put_capture(const struct json_writer *writer, const struct capture_facts *facts, const struct unread *unread)
{
    json_name(writer, "capture");
    json_dumper_begin_object(writer->json);
    json_put_string(writer, "file", facts->file);
    json_put_number(writer, "frames", facts->frames);
    if (facts->frames > 0) {
        json_put_time(writer, "first", &facts->first);
        json_put_time(writer, "last", &facts->last);
    } else {
        json_put_null(writer, "first");
        json_put_null(writer, "last");
    }
    json_put_points(writer, facts);
    json_name(writer, "unread");
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "esp", unread->esp);
    json_put_number(writer, "ah", unread->ah);
    json_put_number(writer, "ike", unread->ike);
    json_dumper_end_object(writer->json);
    json_dumper_end_object(writer->json);
}

static void
put_peer(const struct json_writer *writer, const char *member, int peer)
{
    json_put_string(writer, member, words_letter(peer, NULL));
}

/* The peer who ended an SA, counted from 1, and in which frame. */
static void
put_ended(const struct json_writer *writer, int ended_by, uint32_t frame)
{
    put_peer(writer, "ended_by", ended_by - 1);
    json_put_known(writer, "ended_in", frame);
}

static void
put_span(const struct json_writer *writer, const char *member, const nstime_t *span, bool known)
{
    if (known)
        json_put_time(writer, member, span);
    else
        json_put_null(writer, member);
}

static void
put_outage(const struct json_writer *writer, const struct tunnel *tunnel, const struct outage *outage)
{
    uint8_t confidence = CONFIDENCE_SUSPECTED;
    enum cause cause = verdict_of_outage(tunnel, writer->judge, outage, &confidence);
    bool over = outage->restored_how != RESTORED_NOT;
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    json_dumper_begin_object(writer->json);
    json_put_number(writer, "id", outage->id);
    json_put_time(writer, "begin", &outage->begin);
    put_span(writer, "end", &outage->end, over);
    put_span(writer, "seconds", &span, over);
    json_put_string(writer, "how", outage_how(outage->how));
    put_peer(writer, "ended_by", outage->ended_by);
    put_span(writer, "age", &outage->age, outage->age.secs > 0 || outage->age.nsecs > 0);
    json_put_time(writer, "idle", &outage->idle);
    put_peer(writer, "restored_by", outage->restored_by);
    json_put_string(writer, "restored_how", outage_restored_how(outage->restored_how));
    json_put_number(writer, "directions", outage->directions);
    json_put_number(writer, "begin_frame", outage->begin_frame);
    json_put_known(writer, "end_frame", outage->end_frame);
    json_put_string(writer, "cause", cause == CAUSE_UNKNOWN ? NULL : verdict_cause_name(cause));
    json_put_string(writer, "confidence", confidence_name(outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED));
    json_put_frames(writer, "evidence", outage->evidence, outage->evidence_count);
    json_dumper_end_object(writer->json);
}

static void
put_outages(const struct json_writer *writer, const struct tunnel *tunnel)
{
    struct service_end end = service_at_end(tunnel, (uint64_t)writer->judge->limits.min_outage * CLOCK_NSECS, &writer->judge->now);

    json_name(writer, "outages");
    json_dumper_begin_array(writer->json);
    for (const struct outage *outage = tunnel->service.first; outage; outage = outage->next)
        put_outage(writer, tunnel, outage);
    if (end.is_out)
        put_outage(writer, tunnel, &end.outage);
    json_dumper_end_array(writer->json);
}

static void
put_ike_sa(const struct json_writer *writer, const struct ike_sa *ike_sa)
{
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "id", ike_sa->id);
    json_put_number(writer, "version", ike_sa->version);
    json_put_string(writer, "initiator", words_endpoint(&writer->plain, &ike_sa->flow->source));
    json_put_string(writer, "initiator_spi", wmem_strdup_printf(writer->scope, "0x%016" PRIx64, ike_sa->initiator_spi));
    json_put_string(writer, "responder_spi", wmem_strdup_printf(writer->scope, "0x%016" PRIx64, ike_sa->responder_spi));
    json_put_number(writer, "first_frame", ike_sa->first_frame);
    json_put_number(writer, "last_frame", ike_sa->last_frame);
    json_put_time(writer, "birth", &ike_sa->first_time);
    if (ike_sa->end != IKE_ALIVE)
        json_put_time(writer, "death", &ike_sa->end_time);
    else
        json_put_null(writer, "death");
    json_put_bool(writer, "established", ike_sa->established);
    json_put_string(writer, "end", words_ike_end(ike_sa->end));
    put_ended(writer, ike_sa->ended_by, ike_sa->ended_in);
    if (ike_sa->predecessor)
        json_put_number(writer, "replaces", ike_sa->predecessor->id);
    else
        json_put_null(writer, "replaces");
    json_dumper_end_object(writer->json);
}

static void
put_ike_sas(const struct json_writer *writer, const struct tunnel *tunnel)
{
    const struct ike_sa **list;
    unsigned count = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        count++;
    list = wmem_alloc_array(writer->scope, const struct ike_sa *, count + 1);
    unsigned at = count;
    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        list[--at] = ike_sa;
    json_name(writer, "ike_sas");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++)
        put_ike_sa(writer, list[i]);
    json_dumper_end_array(writer->json);
}

/* The exchange that made an SA: proven where its negotiation was read, else inferred from their order. */
static void
put_origin(const struct json_writer *writer, const struct sa *sa)
{
    if (!sa->origin || !sa->origin_sure) {
        json_put_null(writer, "origin");
        return;
    }
    json_name(writer, "origin");
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "ike_sa", sa->origin->ike_sa->id);
    json_put_string(writer, "exchange", words_exchange(&writer->words, sa->origin->type));
    json_put_string(writer, "requester", words_endpoint(&writer->plain, &sa->origin->flow->source));
    json_put_known(writer, "request_frame", sa->origin->request_frame);
    json_put_known(writer, "response_frame", sa->origin->response_frame);
    json_put_string(writer, "confidence", confidence_name(sa->negotiated ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED));
    json_dumper_end_object(writer->json);
}

static void
put_sa(const struct json_writer *writer, const struct sa *sa)
{
    struct sequence_counts counts = sequence_counts(&sa->sequence);
    const struct child *child = sa->child;

    json_dumper_begin_object(writer->json);
    json_put_number(writer, "id", sa->id);
    json_put_string(writer, "protocol", words_protocol(sa->key.protocol));
    json_put_spi(writer, "spi", sa);
    json_put_string(writer, "source", words_endpoint(&writer->plain, &sa->flow->source));
    json_put_string(writer, "destination", words_destination(&writer->plain, sa));
    json_put_known(writer, "generation", sa->generation);
    json_put_spi(writer, "replaces", sa->predecessor);
    json_put_spi(writer, "replaced_by", sa->successor);
    put_origin(writer, sa);
    json_put_number(writer, "first_frame", sa->first_frame);
    json_put_number(writer, "last_frame", sa->last_frame);
    json_put_time(writer, "birth", sa_birth_time(sa));
    if (sa->deleted_frame != 0 || sa->successor)
        json_put_time(writer, "death", sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
    else
        json_put_null(writer, "death");
    put_ended(writer, sa->ended_by, sa->ended_in);
    json_put_bool(writer, "age_is_minimum", !sa->born_in_capture);
    json_put_known(writer, "negotiated_lifetime", child ? child->lifetime.seconds : 0);
    json_put_string(writer, "selectors", child ? words_selectors(&writer->plain, child->tsi, child->tsr) : NULL);
    json_put_number(writer, "packets", counts.packets);
    json_put_number(writer, "bytes", sa->bytes);
    json_put_number(writer, "lost", counts.lost);
    json_put_number(writer, "duplicate", counts.duplicate);
    json_put_number(writer, "reordered", counts.reordered);
    json_dumper_end_object(writer->json);
}

static void
put_finding(const struct json_writer *writer, const struct finding *finding)
{
    json_dumper_begin_object(writer->json);
    json_put_string(writer, "key", finding_kind(finding->key)->key);
    json_put_string(writer, "severity", severity_name(finding_severity(finding)));
    json_put_string(writer, "confidence", confidence_name(finding_confidence(finding)));
    json_put_number(writer, "frame", finding->frame);
    json_put_time(writer, "time", &finding->time);
    if (finding->sa)
        json_put_number(writer, "sa", finding->sa->id);
    else
        json_put_null(writer, "sa");
    json_put_spi(writer, "spi", finding->sa);
    json_put_string(writer, "text", finding_text(&writer->words, finding));
    json_put_frames(writer, "evidence", finding->evidence, finding->evidence_count);
    json_dumper_end_object(writer->json);
}

static void
put_findings(const struct json_writer *writer, const struct tunnel *tunnel)
{
    const struct finding_file *file = findings_of(writer->judge->findings, tunnel);

    json_name(writer, "findings");
    json_dumper_begin_array(writer->json);
    for (const struct finding *finding = file ? file->first : NULL; finding; finding = finding->next) {
        put_finding(writer, finding);
        wmem_free_all(writer->scope);
    }
    json_dumper_end_array(writer->json);
}

/* The keys of a set of findings. */
static void
put_keys(const struct json_writer *writer, const char *member, uint64_t keys)
{
    json_name(writer, member);
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
    return words_letter(by, "none");
}

static void
put_verdict(const struct json_writer *writer, const struct tunnel *tunnel, const struct verdict *verdict)
{
    const char *line;

    json_name(writer, "verdict");
    json_dumper_begin_object(writer->json);
    json_put_string(writer, "state", state_name(verdict->state));
    json_put_string(writer, "cause", verdict_cause(verdict));
    json_put_string(writer, "by", by_name(verdict->by));
    json_put_string(writer, "confidence", confidence_name(verdict->confidence));
    json_put_string(writer, "summary", verdict_summary(&writer->words, tunnel, verdict));
    json_put_frames(writer, "evidence", verdict->evidence, verdict->evidence_count);
    json_name(writer, "missing");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; (line = coverage_text(verdict->missing, i)) != NULL; i++)
        json_dumper_value_string(writer->json, line);
    json_dumper_end_array(writer->json);
    json_name(writer, "check");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; (line = verdict_check(verdict, i)) != NULL; i++)
        json_dumper_value_string(writer->json, line);
    json_dumper_end_array(writer->json);
    put_keys(writer, "also", verdict->also & ~verdict->history);
    put_keys(writer, "history", verdict->history);
    json_dumper_end_object(writer->json);
}

const struct sa ***
report_sort_sas(const struct tracker *tracker, wmem_allocator_t *scope, unsigned **counts)
{
    uint32_t tunnels = tunnel_opened(tracker_tunnels(tracker));
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
put_tunnel(const struct json_writer *writer, const struct tracker *tracker, const struct overview_row *row, const struct sa **sas, unsigned count)
{
    const struct tunnel *tunnel = row->tunnel;

    json_dumper_begin_object(writer->json);
    json_put_number(writer, "id", tunnel->id);
    json_put_string(writer, "name", words_tunnel_name(&writer->words, tunnel, row->name));
    json_name(writer, "peers");
    json_dumper_begin_array(writer->json);
    for (int i = 0; i < 2; i++)
        json_dumper_value_string(writer->json, words_endpoint(&writer->plain, &tunnel->flow[i].source));
    json_dumper_end_array(writer->json);
    json_put_bool(writer, "nat", tunnel->nat);
    json_put_number(writer, "icmp_errors", tunnel->icmp_errors);
    json_put_number(writer, "lost_in_fragments", tunnel->lost_in_fragments);
    json_put_between(writer, tracker, tunnel);
    put_ike_sas(writer, tunnel);
    json_name(writer, "sas");
    json_dumper_begin_array(writer->json);
    for (unsigned i = 0; i < count; i++) {
        put_sa(writer, sas[i]);
        wmem_free_all(writer->scope);
    }
    json_dumper_end_array(writer->json);
    put_outages(writer, tunnel);
    put_findings(writer, tunnel);
    put_verdict(writer, tunnel, &row->verdict);
    json_dumper_end_object(writer->json);
}

/* All tunnels at a glance: how many are in which state, and the worst. */
static void
put_summary(const struct json_writer *writer, const struct overview *overview)
{
    json_name(writer, "summary");
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "tunnels", overview->tunnels);
    json_put_number(writer, "troubled", overview->troubled);
    json_put_string(writer, "hub", overview->hub ? words_address(&writer->plain, overview->hub) : NULL);
    json_name(writer, "states");
    json_dumper_begin_object(writer->json);
    for (unsigned state = 0; state < STATES; state++)
        json_put_number(writer, state_name((uint8_t)state), overview->count[state]);
    json_dumper_end_object(writer->json);
    json_name(writer, "worst");
    json_dumper_begin_array(writer->json);
    for (uint32_t i = 0; i < MIN(overview->troubled, SUMMARY_TUNNELS_AT_MOST); i++)
        json_dumper_value_anyf(writer->json, "%u", overview->row[i].tunnel->id);
    json_dumper_end_array(writer->json);
    json_dumper_end_object(writer->json);
}

/* What is no tunnel: it is told once. */
static void
put_scan(const struct json_writer *writer, const struct scan *scan)
{
    if (scan->pairs == 0) {
        json_put_null(writer, "scan");
        return;
    }
    json_name(writer, "scan");
    json_dumper_begin_object(writer->json);
    json_put_number(writer, "pairs", scan->pairs);
    json_put_number(writer, "frames", scan->frames);
    json_put_time(writer, "first", &scan->first);
    json_put_time(writer, "last", &scan->last);
    json_dumper_end_object(writer->json);
}

static void
put_shared(const struct json_writer *writer, const struct capture_facts *facts, const struct tracker *tracker)
{
    uint32_t count;
    const struct shared_trouble *troubles = shared_troubles(writer->scope, tracker_tunnels(tracker), writer->judge, &facts->first, &facts->last, &count);

    json_name(writer, "shared");
    json_dumper_begin_array(writer->json);
    for (uint32_t i = 0; i < count; i++) {
        json_dumper_begin_object(writer->json);
        json_put_number(writer, "tunnels", troubles[i].tunnels);
        json_put_string(writer, "gateway", words_address(&writer->plain, troubles[i].gateway));
        json_put_time(writer, "first", &troubles[i].first);
        json_put_time(writer, "last", &troubles[i].last);
        json_put_frames(writer, "tunnel_ids", troubles[i].id, troubles[i].tunnels);
        json_put_frames(writer, "frames", troubles[i].frame, troubles[i].frames);
        json_dumper_end_object(writer->json);
    }
    json_dumper_end_array(writer->json);
}

void
json_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    json_dumper json = { .output_file = out };
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    const struct json_writer writer = { &json, scope, user_words(scope), program_words(scope), judge };
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);
    struct overview overview = overview_of(kept, tracker_tunnels(tracker), judge);

    json_dumper_begin_object(&json);
    json_put_number(&writer, "schema", 2);
    json_put_string(&writer, "spiscope", SPISCOPE_VERSION);
    put_capture(&writer, facts, tracker_unread(tracker));
    put_summary(&writer, &overview);
    put_scan(&writer, &overview.scan);
    put_shared(&writer, facts, tracker);
    json_name(&writer, "tunnels");
    json_dumper_begin_array(&json);
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next) {
        if (overview.of[tunnel->id])
            put_tunnel(&writer, tracker, overview.of[tunnel->id], sas[tunnel->id], counts[tunnel->id]);
        wmem_free_all(scope);
    }
    json_dumper_end_array(&json);
    put_findings(&writer, NULL);
    json_dumper_end_object(&json);
    json_dumper_finish(&json);
    wmem_destroy_allocator(scope);
    wmem_destroy_allocator(kept);
}
