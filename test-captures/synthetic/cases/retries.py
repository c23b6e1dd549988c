# SPDX-License-Identifier: GPL-2.0-or-later
"""Retries with a cookie or another group, retransmissions, fragments, and copies that the capture made."""
import struct

import ike_bytes as ike
from cases import case, variants
from ike_peers import LONG, Ike1, Ike2
from writer import MS, REPLY, A, B, S


def rejected(cap, sa, time, notify, responder, request=(), group=14):
    return sa.exchange(time, 0, ike.INIT, [*request, ike.sa2_ike(groups=(group, 19)), ike.ke2(group, b"k" * 256), ike.Payload(ike.NONCE2, b"n" * 32)],
                       [notify], (0, responder))


@variants(ike2_cookie=(True, False, 0), ike2_invalid_ke=(False, True, 0), ike2_invalid_ke_with_spi=(False, True, None),
          ike2_cookie_and_invalid_ke=(True, True, 0))
def init_retries(cap, cookie, invalid_ke, responder):
    """IKE_SA_INIT is answered by COOKIE, by INVALID_KE_PAYLOAD (with or without a responder SPI), by both; then it works"""
    sa, time, request = Ike2(cap), 0, []
    if cookie:
        notify = ike.notify2(ike.N_COOKIE, b"c" * 20)
        rejected(cap, sa, time, notify, 0)
        time, request = time + 2 * REPLY, [notify]
    if invalid_ke:
        rejected(cap, sa, time, ike.notify2(ike.N_INVALID_KE, struct.pack(">H", 19)), responder, request)
        time, sa.next_id[0] = time + 2 * REPLY, 0
    if cookie and not invalid_ke:
        sa.exchange(time, 0, ike.INIT, [*request, ike.sa2_ike(groups=(14, 19)), ike.ke2(14, b"k" * 256), ike.Payload(ike.NONCE2, b"n" * 32)],
                    [ike.sa2_ike(), ike.ke2(14, b"K" * 256), ike.Payload(ike.NONCE2, b"N" * 32)], (0, None))
    else:
        sa.init(time, request, group=19)
    sa.auth(time + 2 * REPLY)[0].send_every(S, 30 * S, (A, B))
    sa.exchange(40 * S, 0, ike.INFO, [], [])


@variants(ike2_retransmission=(Ike2,), ike1_retransmission=(Ike1,))
def retransmission(cap, kind):
    """The first message comes again a second later, before its answer; the first answer comes again as well"""
    sa = kind(cap)
    if kind is Ike1:
        frames = sa.main_mode(0)
        sa.quick_mode(10 * S, 0)
    else:
        frames = sa.init(0)
        sa.auth(10 * S)
    cap.records = [(time + (2 * S if i >= 1 and time < 10 * S else 0), *rest) for i, (time, *rest) in enumerate(cap.records)]
    for original, time in ((frames[0], S), (frames[1], 2 * S + REPLY + 900 * MS)):
        again = cap.repeat(time, original)
        cap.expect("ike_retransmission", again)
    # the rest of main mode comes after the repeated answer
    if kind is Ike1:
        cap.records = [(time + (S if i in (2, 3, 4, 5) else 0), *rest) for i, (time, *rest) in enumerate(cap.records)]


@variants(ike2_mirror=(Ike2,), ike1_mirror=(Ike1,))
def mirror(cap, kind):
    """A mirror port shows every message twice, 20 us apart"""
    sa = kind(cap)
    if kind is Ike1:
        sa.main_mode(0)
        sa.quick_mode(S, 0)
        sa.r_u_there(2 * S, 0, 1)
        sa.r_u_there(2 * S + REPLY, 1, 1, ike.N1_THERE_ACK)
    else:
        sa.start(0)
        sa.exchange(2 * S, 0, ike.INFO, [], [])
    for i, (time, *_) in enumerate(list(cap.records)):
        cap.repeat(time + 20, i + 1, is_retransmission=False)


@case
def ike2_fragments(cap):
    """IKE_AUTH in five and in three fragments that cannot be read (RFC 7383); the request's come again after two seconds"""
    sa = Ike2(cap)
    notify = ike.notify2(ike.N_FRAGMENTATION)
    sa.init(0, [notify], [notify])
    first, frames = None, []
    for side, total, time in ((0, 5, S), (1, 3, 4 * S)):
        for number in range(1, total + 1):
            body = struct.pack(">HH", number, total) + cap.random_bytes(500)
            frames.append(sa.put(time + number * 100, side, ike.AUTH, (ike.INITIATOR, ike.RESPONSE)[side], 1,
                                 [ike.Payload(ike.SKF, body, inner=ike.IDI if number == 1 else 0)], requests=(first,) if side else ()))
            first = first or frames[0]
    sa.next_id[0] = 2
    for number in range(5):
        again = cap.repeat(3 * S + number * 100, frames[number])
        if number == 0:
            cap.expect("ike_retransmission", again)
    cap.leave_open("ike_retransmission")        # of the other fragments
    sa.form = "sealed"
    sa.exchange(10 * S, 0, ike.INFO, [], [])


@case
def ike2_fragments_once(cap):
    """The same without the repetition"""
    sa = Ike2(cap, form="sealed")
    sa.init(0)
    first = None
    for side, total, time in ((0, 5, S), (1, 3, S + REPLY)):
        for number in range(1, total + 1):
            body = struct.pack(">HH", number, total) + cap.random_bytes(500)
            frame = sa.put(time + number * 100, side, ike.AUTH, (ike.INITIATOR, ike.RESPONSE)[side], 1,
                           [ike.Payload(ike.SKF, body, inner=ike.IDI if number == 1 else 0)], requests=(first,) if side else ())
            first = first or frame
    sa.next_id[0] = 2
    sa.exchange(10 * S, 0, ike.INFO, [], [])


@variants(ike2_decrypted_after=("sealed, plain",), ike2_decrypted_before=("plain, sealed",))
def decrypted_copies(cap, form):
    """Each message twice, 30 us apart, with SK and decrypted: one exchange each, one refusal, one rekey, one Delete"""
    sa = Ike2(cap, form=form)
    child = sa.start(0)
    child.send_every(S, LONG, (A, B), 20 * S)
    _, frames = sa.ask_child(1000 * S, 0, ("10.7.0.0/24",), ("10.8.0.0/24",), error=ike.notify2(ike.N_TS_UNACCEPTABLE))
    cap.expect("proxy_id_mismatch", frames[1], "10.7.0.0/24 ↔ 10.8.0.0/24", "TS_UNACCEPTABLE")
    if form == "plain, sealed":
        cap.expect("child_refused", frames[1], "TS_UNACCEPTABLE")
    else:
        cap.leave_open("child_refused")     # the first copy's size may have told before; a test asks for one
    child, _ = sa.rekey_child(LONG, 1, child)
    child.send_every(LONG + S, LONG + 30 * S, (A, B))
    sa.exchange(LONG + 40 * S, 0, ike.INFO, [], [])
