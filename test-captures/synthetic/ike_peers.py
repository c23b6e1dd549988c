# SPDX-License-Identifier: GPL-2.0-or-later
"""Two peers that speak IKE, either version, and the child SAs that they set up: what a case is made of. Each answer follows its question by the
capture's round trip."""
import struct

import ike_bytes as ike
from ike_bytes import life
from ike_capture import Message
from writer import ESP, MS, A, B, S, Sa, in_udp, plain

NET_A, NET_B = "10.1.0.0/24", "10.2.0.0/24"
MIRRORED = (NET_B, NET_A)
LONG = 3000 * S             # of no interest to any rule about early ends of SAs


class Child:
    """A child SA, phase 2: inbound is address -> SPI that packets to it carry."""

    def __init__(self, cap, inbound, ports=None):
        self.cap, self.inbound, self.by_source = cap, inbound, {}
        for source in inbound:
            destination = next(other for other in inbound if other != source)
            encapsulate = in_udp(ports[source], ports[destination]) if ports else plain
            self.by_source[source] = Sa(cap, source, destination, inbound[destination], ESP, encapsulate)

    def send(self, time, source):
        """One packet; returns its frame."""
        self.by_source[source].send(time)
        return len(self.cap.records)

    def send_every(self, start, end, sources, interval=S):
        """From start (inclusive) to end (exclusive); returns the frames of the first source."""
        frames = []
        for time in range(start, end, interval):
            frames += [self.send(time + i * self.cap.round_trip, source) for i, source in enumerate(sources)][:1]
        return frames


class IkeSa:
    """Both versions: two ends, two SPIs, messages."""
    version = 0

    def __init__(self, cap, initiator=A, responder=B, ports=(500, 500), tunnel="one"):
        self.cap, self.ends, self.round_trip = cap, [(initiator, ports[0]), (responder, ports[1])], cap.round_trip
        self.initiator = 0          # the end that began
        self.cookies, self.tunnel, self.label = (cap.cookie(), cap.cookie()), tunnel, cap.cookie()

    def put(self, time, side, exchange, flags, message_id, payloads, *, responder=None, requests=(), length=None):
        """One message from an end (0: the initiator); returns its frame."""
        responder = self.cookies[1] if responder is None else responder
        data = ike.message(self.cookies[0], responder, self.version, exchange, flags, message_id, payloads)
        frame = self.cap.send_udp(time, self.ends[side], self.ends[1 - side], data)
        self.cap.messages[frame] = Message(self.label, self.tunnel, [payload.type for payload in payloads],
                                           ike.spis_of(payloads), tuple(requests))
        return frame

    def nonce(self):
        return self.cap.random_bytes(32)

    def spi_to(self, child, side):
        """Of the packets of a child that go to an end."""
        return child.inbound[self.ends[side][0]]

    def child(self, requester, asked, answered):
        addresses = [address for address, _ in self.ends]
        return Child(self.cap, {addresses[requester]: asked, addresses[1 - requester]: answered},
                     {address: port for address, port in self.ends} if self.ends[1][1] == 4500 else None)


class Ike2(IkeSa):
    """form: "plain", "sealed" (SK, unreadable), or both, where each message is there in two forms: "sealed, plain" or
    "plain, sealed"."""
    version = 2

    def __init__(self, cap, *arguments, form="plain", **named):
        super().__init__(cap, *arguments, **named)
        self.form, self.next_id = form, [0, 0]

    def seal(self, payloads):
        size = len(ike.chain(payloads))
        return [ike.Payload(ike.SK, self.cap.random_bytes(8 + size + 17 - size % 16 + 16), inner=payloads[0].type if payloads else 0)]

    def say(self, time, side, exchange, message_id, payloads, response=False, requests=(), responder=None):
        """One message in the forms that this capture shows; returns its frames, the readable one last."""
        flags = (ike.INITIATOR if side == self.initiator else 0) | (ike.RESPONSE if response else 0)
        forms = [payloads]
        if exchange != ike.INIT and self.form != "plain":
            forms = [self.seal(payloads) if form == "sealed" else payloads for form in self.form.split(", ")]
        frames = [self.put(time + 30 * i, side, exchange, flags, message_id, form, requests=requests, responder=responder)
                  for i, form in enumerate(forms)]
        return tuple(frames if forms[-1] is payloads else frames[::-1])

    def exchange(self, time, side, kind, request, response, responders=(None, None), round_trip=None):
        """Request and response (None: it never comes); returns the frames of their readable forms."""
        message_id = self.next_id[side]
        if responders[1] != 0:                  # COOKIE and the like start over with ID 0
            self.next_id[side] += 1
        asked = self.say(time, side, kind, message_id, request, responder=responders[0])
        if response is None:
            return asked[-1], None
        answered = self.say(time + (round_trip or self.round_trip), 1 - side, kind, message_id, response, True, asked, responders[1])
        return asked[-1], answered[-1]

    def init(self, time, request=(), response=(), group=14):
        return self.exchange(time, 0, ike.INIT,
                             [*[p for p in request if p.type == ike.NOTIFY2 and p.body[2:4] == b"\x40\x06"],
                              ike.sa2_ike(groups=(group, 19)), ike.ke2(group, self.cap.random_bytes(256)),
                              ike.Payload(ike.NONCE2, self.nonce()),
                              *[p for p in request if p.type != ike.NOTIFY2 or p.body[2:4] != b"\x40\x06"]],
                             [ike.sa2_ike(groups=(group,)), ike.ke2(group, self.cap.random_bytes(256)),
                              ike.Payload(ike.NONCE2, self.nonce()), *response], (0, None))

    def auth(self, time, tsi=(NET_A,), tsr=(NET_B,), answer_tsi=None, answer_tsr=None, request=(), error=None):
        """Returns the child, or None with an error, and the frames."""
        asked, answered = self.cap.new_spi(), self.cap.new_spi()
        tail = [error] if error else [ike.sa2_child(answered), ike.ts(ike.TSI, answer_tsi or tsi[-1:]), ike.ts(ike.TSR, answer_tsr or tsr[-1:])]
        frames = self.exchange(
            time, 0, ike.AUTH,
            [ike.identity2(ike.IDI, b"a.example"), ike.Payload(ike.AUTH2, b"\x02\0\0\0" + self.nonce()), *request,
             ike.sa2_child(asked), ike.ts(ike.TSI, tsi), ike.ts(ike.TSR, tsr)],
            [ike.identity2(ike.IDR, b"b.example"), ike.Payload(ike.AUTH2, b"\x02\0\0\0" + self.nonce()), *tail])
        return None if error else self.child(0, asked, answered), frames

    def start(self, time, *arguments, **named):
        """IKE_SA_INIT and IKE_AUTH; returns the child."""
        self.init(time)
        return self.auth(time + 2 * self.round_trip, *arguments, **named)[0]

    def ask_child(self, time, side, tsi=(NET_A,), tsr=(NET_B,), rekey=None, group=None, error=None, answer_tsi=None, answer_tsr=None,
                  answer=True):
        """CREATE_CHILD_SA for a child; returns it and the frames."""
        asked, answered = self.cap.new_spi(), self.cap.new_spi()
        request = [ike.sa2_child(asked, group), ike.Payload(ike.NONCE2, self.nonce()),
                   *([ike.ke2(group, self.cap.random_bytes(256))] if group else []), ike.ts(ike.TSI, tsi), ike.ts(ike.TSR, tsr)]
        if rekey:
            request.insert(0, ike.notify2(ike.N_REKEY_SA, protocol=ike.ESP_ID, spi=self.spi_to(rekey, side)))
        response = error if isinstance(error, list) else [error] if error else [
            ike.sa2_child(answered, group), ike.Payload(ike.NONCE2, self.nonce()),
            *([ike.ke2(group, self.cap.random_bytes(256))] if group else []),
            ike.ts(ike.TSI, answer_tsi or tsi[-1:]), ike.ts(ike.TSR, answer_tsr or tsr[-1:])]
        frames = self.exchange(time, side, ike.CREATE, request, response if answer else None)
        return None if error or not answer else self.child(side, asked, answered), frames

    def rekey_child(self, time, side, child, group=None):
        """A rekey and the Delete of the old child; the selectors mirror those of start(). Returns the new child and its request."""
        tsi, tsr = ((NET_A,), (NET_B,)) if side == 0 else ((NET_B,), (NET_A,))
        new, frames = self.ask_child(time, side, tsi, tsr, child, group)
        self.delete_child(time + 100 * MS, side, child)
        return new, frames[0]

    def delete_child(self, time, side, child):
        return self.exchange(time, side, ike.INFO, [ike.delete2([self.spi_to(child, side)])], [ike.delete2([self.spi_to(child, 1 - side)])])

    def delete_ike(self, time, side):
        return self.exchange(time, side, ike.INFO, [ike.delete2(protocol=ike.IKE)], [])

    def rekey_ike(self, time, side):
        """CREATE_CHILD_SA for a new IKE SA, which is returned; who asks for it is its initiator."""
        new = Ike2(self.cap, self.ends[side][0], self.ends[1 - side][0], (self.ends[side][1], self.ends[1 - side][1]),
                   form=self.form, tunnel=self.tunnel)
        self.exchange(time, side, ike.CREATE,
                      [ike.sa2_ike(new.cookies[0].to_bytes(8, "big")), ike.Payload(ike.NONCE2, self.nonce()), ike.ke2(14, self.cap.random_bytes(256))],
                      [ike.sa2_ike(new.cookies[1].to_bytes(8, "big")), ike.Payload(ike.NONCE2, self.nonce()), ike.ke2(14, self.cap.random_bytes(256))])
        return new


class Ike1(IkeSa):
    version = 1

    def say(self, time, side, exchange, message_id, payloads, requests=(), responder=None, flags=0):
        return self.put(time, side, exchange, flags, message_id, payloads, requests=requests, responder=responder)

    def in_fragments(self, time, side, exchange, message_id, data, requests=(), size=100):
        """A message in fragments, as Cisco and Microsoft send it; returns their frames."""
        parts = [data[at:at + size] for at in range(0, len(data), size)]
        identity = self.cap.random.getrandbits(16)
        return [self.say(time + number * 100, side, exchange, message_id, [
            ike.Payload(ike.FRAGMENT1, struct.pack(">HBB", identity, number, number == len(parts)) + part)], requests)
            for number, part in enumerate(parts, 1)]

    def main_mode_in_fragments(self, time, sixth=True):
        """Main mode whose fifth and sixth message are encrypted, and come in fragments; or there is no sixth."""
        frames = self.main_mode(time)[:4]
        for frame in (5, 6):            # main_mode() wrote them in clear
            self.cap.records.pop()
            del self.cap.messages[len(self.cap.records) + 1]
        for side in range(1 + sixth):
            noise = self.cap.random_bytes(400)
            data = ike.header(*self.cookies, ike.ID1, 1, ike.MAIN, ike.ENCRYPTED1, 0, len(noise)) + noise
            frames += self.in_fragments(time + (4 + side) * self.round_trip, side, ike.MAIN, 0, data, frames[-1:] if side else ())
        return frames

    def hash(self):
        return ike.Payload(ike.HASH1, self.nonce())

    def identity(self, side):
        """A name, as the ID payload of main mode."""
        return ike.Payload(ike.ID1, struct.pack(">BBH", 2, 0, 0) + (b"a.example", b"b.example")[side])

    def main_mode(self, time, offers=(life(86400, phase=1),), chosen=None, fifth=(), sixth=()):
        """Six messages; returns their frames."""
        ke = lambda: ike.Payload(ike.KE1, self.cap.random_bytes(256))       # noqa: E731
        sides = self.initiator, 1 - self.initiator
        vendor = ike.Payload(ike.VENDOR1, bytes.fromhex("afcad71368a1f1c96b8696fc77570100"))       # DPD
        frames = []
        for i, payloads in enumerate((
                [ike.sa1_phase1(offers), vendor], [ike.sa1_phase1([chosen or offers[0]]), vendor],
                [ke(), ike.Payload(ike.NONCE1, self.nonce())], [ke(), ike.Payload(ike.NONCE1, self.nonce())],
                [self.identity(sides[0]), self.hash(), *fifth], [self.identity(sides[1]), self.hash(), *sixth])):
            frames.append(self.say(time + i * self.round_trip, sides[i % 2], ike.MAIN, 0, payloads, frames[-1:] if i % 2 else (), 0 if i == 0 else None))
        return frames

    def aggressive_mode(self, time, offers=(life(86400, phase=1),)):
        fixed = lambda name: [ike.Payload(ike.KE1, self.cap.random_bytes(256)), ike.Payload(ike.NONCE1, self.nonce()),    # noqa: E731
                              ike.Payload(ike.ID1, struct.pack(">BBH", 2, 0, 0) + name)]
        first = self.say(time, 0, ike.AGGRESSIVE, 0, [ike.sa1_phase1(offers), *fixed(b"a.example")], responder=0)
        second = self.say(time + self.round_trip, 1, ike.AGGRESSIVE, 0, [ike.sa1_phase1(offers), *fixed(b"b.example"), self.hash()], (first,))
        return [first, second, self.say(time + 2 * self.round_trip, 0, ike.AGGRESSIVE, 0, [self.hash()])]

    def quick_mode(self, time, side, ids=(NET_A, NET_B), lives=(life(3600),), chosen=None, answer_ids=None, second=(), refusal=None):
        """Three messages; or the first one and a refusal in an Informational. Returns the child, or None, and the frames."""
        asked, answered, message_id = self.cap.new_spi(), self.cap.new_spi(), self.cap.random.getrandbits(32) | 1
        first = self.say(time, side, ike.QUICK, message_id, [
            self.hash(), ike.sa1_phase2(asked, lives), ike.Payload(ike.NONCE1, self.nonce()), *map(ike.id1, ids)])
        if refusal:
            return None, [first, self.informational(time + self.round_trip, 1 - side, [self.hash(), refusal], (first,))]
        reply = self.say(time + self.round_trip, 1 - side, ike.QUICK, message_id, [
            self.hash(), ike.sa1_phase2(answered, [chosen or lives[0]]), ike.Payload(ike.NONCE1, self.nonce()),
            *map(ike.id1, answer_ids or ids), *second], (first,))
        third = self.say(time + 2 * self.round_trip, side, ike.QUICK, message_id, [self.hash()])
        return self.child(side, asked, answered), [first, reply, third]

    def informational(self, time, side, payloads, requests=()):
        return self.say(time, side, ike.INFO1, self.cap.random.getrandbits(32) | 1, payloads, requests)

    def cookie_bytes(self):
        return struct.pack(">QQ", *self.cookies)

    def delete_child(self, time, side, child):
        """IKEv1 deletes one direction in each message."""
        return self.informational(time, side, [self.hash(), ike.delete1([self.spi_to(child, side)])])

    def delete_ike(self, time, side):
        return self.informational(time, side, [self.hash(), ike.delete1([self.cookies], ike.IKE)])

    def r_u_there(self, time, side, number, kind=ike.N1_THERE):
        return self.informational(time, side, [self.hash(), ike.notify1(kind, self.cookie_bytes(), ike.IKE, struct.pack(">I", number))])


def quick_by_both(cap, lives_a, lives_b, gap, ids_a=(NET_A, NET_B), ids_b=MIRRORED):
    """A's phase 1 and phase 2, and later one that B begins; the frames of B's."""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0, ids_a, lives_a)
    return sa.quick_mode(S + gap, 1, ids_b, lives_b)[1]
