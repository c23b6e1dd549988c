/* stage.h
 * Two gateways that speak IKEv2 and ESP with each other, with the negotiation readable and not: for tests of what a tunnel goes through.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TEST_STAGE_H
#define SPISCOPE_TEST_STAGE_H

#include "test.h"

/* An answer comes this long after its request. */
#define ROUND_TRIP (10 * MILLISECOND)
/* A set-up's last answer comes this long after its first request. */
#define SET_UP (2 * ROUND_TRIP + MILLISECOND)

enum { A, B };

/* IKEv2 and ESP between gateways 1 (A) and 2 (B). */
struct stage {
    struct bench bench;
    bool readable;
    uint64_t ike_spi;
    unsigned initiator;
    uint32_t message_id[2];
    uint32_t spi;                   /* to B; that to A is the next one */
    uint32_t spis;
    uint32_t sequence[2];
    uint16_t net;                   /* which port the children are for; 0: all of them */
    uint8_t a;                      /* last byte of A's address; B's is 2 */
    struct ike_message message;     /* large: kept off the stack */
};

static inline struct stage *
open_stage(bool readable)
{
    struct stage *stage = g_new0(struct stage, 1);

    stage->bench = bench_open();
    stage->readable = readable;
    stage->spis = 1000;
    stage->a = 1;
    stage->bench.judge.limits.handover_grace = 10;
    stage->bench.judge.limits.min_outage = 2;
    return stage;
}

static inline void
close_stage(struct stage *stage)
{
    bench_close(&stage->bench);
    g_free(stage);
}

/* The stage's message anew, to be filled further; say() sends it. */
static inline struct ike_message *
prepare(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, bool response, uint32_t id)
{
    struct ike_message *message = &stage->message;

    memset(message, 0, sizeof *message);
    message->time = moment(ns);
    message->source = v4(peer == A ? stage->a : 2, PORT_IKE);
    message->destination = v4(peer == A ? 2 : stage->a, PORT_IKE);
    message->initiator_spi = stage->ike_spi;
    message->responder_spi = type == IKE2_IKE_SA_INIT && !response ? 0 : stage->ike_spi + 1;
    message->version = 2;
    message->exchange_type = type;
    message->flags = (response ? IKE2_FLAG_RESPONSE : 0) | (peer == stage->initiator ? IKE2_FLAG_INITIATOR : 0);
    message->message_id = id;
    message->length = 400;
    message->fingerprint = fingerprint_of(id, (uint32_t)stage->ike_spi, (uint32_t)type * 4 + response * 2 + peer);
    message->readable = stage->readable || type == IKE2_IKE_SA_INIT;
    message->first_payload = type == IKE2_IKE_SA_INIT ? IKE2_PAYLOAD_SA : IKE2_PAYLOAD_SK;
    return message;
}

static inline void
say(struct stage *stage)
{
    if (!stage->message.readable)
        memset(&stage->message.contents, 0, sizeof stage->message.contents);
    g_assert_nonnull(feed_ike(&stage->bench, &stage->message));
}

static inline void
offer(struct stage *stage, uint32_t spi)
{
    struct ike_contents *contents = &stage->message.contents;

    contents->has_sa = true;
    contents->proposals = 1;
    contents->proposal[0].protocol = spi ? IKE_PROTOCOL_ESP : IKE_PROTOCOL_IKE;
    contents->proposal[0].spi = spi;
    contents->tsi.count = contents->tsr.count = spi ? 1 : 0;
    contents->tsi.item[0].start_port = contents->tsr.item[0].start_port = stage->net;
    contents->tsi.item[0].end_port = contents->tsr.item[0].end_port = stage->net ? stage->net : UINT16_MAX;
}

/* Request and answer; rekeyed 0: none. A child gets the stage's SPIs. */
static inline void
negotiate(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, uint32_t rekeyed)
{
    uint32_t id = stage->message_id[peer]++;
    uint32_t to_b = stage->spis + 1, to_a = stage->spis + 2;

    prepare(stage, ns, peer, type, false, id);
    offer(stage, peer == A ? to_a : to_b);      /* who asks names its own inbound SPI */
    if (rekeyed != 0) {
        stage->message.contents.notifies = 1;
        stage->message.contents.notify[0] = (struct notify){ .type = IKE2_NOTIFY_REKEY_SA, .protocol = IKE_PROTOCOL_ESP, .spi = rekeyed };
    }
    say(stage);
    prepare(stage, ns + ROUND_TRIP, 1 - peer, type, true, id);
    offer(stage, peer == A ? to_b : to_a);
    say(stage);
    stage->spis += 2;
    stage->spi = to_b;
    stage->sequence[A] = stage->sequence[B] = 0;
}

/* Up at ns + SET_UP. */
static inline void
set_up(struct stage *stage, int64_t ns, unsigned initiator)
{
    stage->ike_spi += 16;
    stage->initiator = initiator;
    stage->message_id[A] = stage->message_id[B] = 0;
    prepare(stage, ns, initiator, IKE2_IKE_SA_INIT, false, 0);
    offer(stage, 0);
    say(stage);
    prepare(stage, ns + ROUND_TRIP, 1 - initiator, IKE2_IKE_SA_INIT, true, 0);
    offer(stage, 0);
    say(stage);
    stage->message_id[initiator] = 1;
    negotiate(stage, ns + ROUND_TRIP + MILLISECOND, initiator, IKE2_IKE_AUTH, 0);
}

/* An INFORMATIONAL; with a child's Delete, or the IKE SA's, or neither. */
static inline void
inform(struct stage *stage, int64_t ns, unsigned peer, uint8_t protocol, uint32_t spi, bool answered)
{
    uint32_t id = stage->message_id[peer]++;
    struct ike_contents *contents = &prepare(stage, ns, peer, IKE2_INFORMATIONAL, false, id)->contents;

    contents->delete_protocol = protocol;
    contents->deletes = spi ? 1 : 0;
    contents->delete_spi[0] = spi;
    stage->message.length = 80;
    say(stage);
    if (!answered)
        return;
    prepare(stage, ns + ROUND_TRIP, 1 - peer, IKE2_INFORMATIONAL, true, id)->length = 80;
    say(stage);
}

static inline void
delete_ike(struct stage *stage, int64_t ns, unsigned peer)
{
    inform(stage, ns, peer, IKE_PROTOCOL_IKE, 0, true);
}

static inline void
delete_child(struct stage *stage, int64_t ns, unsigned peer, uint32_t to_b)
{
    inform(stage, ns, peer, IKE_PROTOCOL_ESP, peer == A ? to_b + 1 : to_b, true);
}

/* ESP of a peer on the child whose SA to B has this SPI. */
static inline void
send_on(struct stage *stage, int64_t ns, unsigned peer, uint32_t to_b, uint32_t sequence)
{
    struct line line = { v4(peer == A ? stage->a : 2, 0), v4(peer == A ? 2 : stage->a, 0), IPSEC_ESP, peer == A ? to_b : to_b + 1 };

    feed_one(&stage->bench, line, sequence, ns);
}

/* ESP of a peer on the newest child. */
static inline void
send(struct stage *stage, int64_t ns, unsigned peer)
{
    send_on(stage, ns, peer, stage->spi, ++stage->sequence[peer]);
}

/* A asks and B answers, from one moment on and before another. */
static inline void
talk(struct stage *stage, int64_t from, int64_t until, int64_t step)
{
    for (int64_t ns = from; ns < until; ns += step) {
        send(stage, ns, A);
        send(stage, ns + ROUND_TRIP, B);
    }
    stage->bench.judge.now = moment(until);
}

/* The same request of the peer at each of the times, never answered. */
static inline void
ask_in_vain(struct stage *stage, unsigned peer, const int64_t *times, size_t count)
{
    uint32_t id = stage->message_id[peer]++;

    for (size_t i = 0; i < count; i++) {
        prepare(stage, times[i], peer, IKE2_INFORMATIONAL, false, id)->length = 80;
        say(stage);
    }
}

/* A test with the negotiation readable, which is its data, and once more with it not. */
static inline void
add_both(const char *name, GTestDataFunc test)
{
    char *read = g_strdup_printf("%s/read", name), *unread = g_strdup_printf("%s/unread", name);

    g_test_add_data_func(read, GINT_TO_POINTER(true), test);
    g_test_add_data_func(unread, GINT_TO_POINTER(false), test);
    g_free(read);
    g_free(unread);
}

#endif /* SPISCOPE_TEST_STAGE_H */
