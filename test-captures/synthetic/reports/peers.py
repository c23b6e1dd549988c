# SPDX-License-Identifier: GPL-2.0-or-later
"""The peers of a report: A and B, whichever of them begins, with an IKE SA of either version and the child SAs that they set up by it.

Both versions do start(), rekey(), delete_child(), delete_ike() and liveness(): a report that needs no more happens in either; peers() chooses.
Sides are 0 for A and 1 for B, all along."""
import struct
from collections import namedtuple
from ipaddress import ip_address

import ike_bytes as ike
import ike_peers
from ike_bytes import Payload, life
from writer import B, S

from reports.scene import A, PACKET

NET_A, NET_B = "10.1.0.0/24", "10.2.0.0/24"
ANY = ("0.0.0.0/0",)
IKE_PORT, NATT_PORT = 500, 4500
BEHIND_NAT = 1027, 61001            # ports that a NAT gives A for those two
CERTIFICATE = 37                    # payload type
X509 = b"\4"                        # its encoding
# IKEv2 notifies
TEMPORARY_FAILURE, NO_ADDITIONAL_SAS, MOBIKE = 43, 35, 16396
AES_BLOCK, ICV = 16, 16             # bytes, of AES-CBC with HMAC-SHA-256


# A CREATE_CHILD_SA for a child: who asks, the frames of the message, the SPI, the selectors and the group offered
Request = namedtuple("Request", "side message_id frames spi nets group")


def sealed_size(size):
    """Of so many bytes with padding."""
    return (size + AES_BLOCK - 1) // AES_BLOCK * AES_BLOCK


class Child:
    """Its packets go where the IKE SA's ends are."""

    def __init__(self, sa, requester, asked, answered):
        self.sa, self.inbound = sa, {requester: asked, 1 - requester: answered}     # side -> SPI of packets to it
        self.sequence, self.last = [0, 0], [None, None]                             # of each side's packets; last: when

    def send(self, time, side, size=None, *, sequence=None, source=None, destination=None, in_udp=None):
        """One packet of a side, between other ends (address, port) than the IKE SA's, if need be. Ordinary packets have no size given."""
        scene = self.sa.cap
        if sequence is None:
            sequence = self.sequence[side] + 1
        self.sequence[side] = sequence
        source, destination = source or self.sa.ends[side], destination or self.sa.ends[1 - side]
        if in_udp is None:
            in_udp = (source[1], destination[1]) != (IKE_PORT, IKE_PORT)
        data = struct.pack(">II", self.inbound[1 - side], sequence & 0xFFFFFFFF) + scene.random_bytes(size or scene.site.size or PACKET)
        if not scene.is_lost():
            self.last[side] = time
            return scene.esp(time, source, destination, data, in_udp)

    def send_all(self, packets):
        """(time, side, size) each, in the order of their times."""
        for time, side, size in sorted(packets, key=lambda packet: packet[0]):
            self.send(time, side, size)

    def talk(self, start, end, every=S, sides=(0, 1), size=None):
        """From start (inclusive) to end (exclusive): the first side asks, the other answers."""
        for time in self.sa.cap.ticks(start, end, every):
            for i, side in enumerate(sides):
                self.send(time + i * self.sa.round_trip, side, size)


class Peers:
    """What both versions share. ends: (address, port) of A and B."""

    def __init__(self, scene, a=A, b=B, ports=None, initiator=0):
        """ports of A and B; None: those of IKE, or behind a NAT where the site has one."""
        behind_nat = scene.site.nat and ports is None
        super().__init__(scene, scene.address(a), scene.address(b), ports or (BEHIND_NAT[0] if behind_nat else IKE_PORT, IKE_PORT))
        self.initiator, self.natt = initiator, BEHIND_NAT[1] if behind_nat else None      # natt: A's port for UDP 4500, once it floats
        for side, address in enumerate(self.addresses()):
            scene.addresses[side].add(address)

    def float(self):
        if self.natt:
            self.ends = [(self.ends[0][0], self.natt), (self.ends[1][0], NATT_PORT)]

    def addresses(self):
        return [address for address, _ in self.ends]

    def move(self, side, address, port):
        """A NAT gives it others."""
        self.ends[side] = (self.cap.address(address), port)
        self.cap.addresses[side].add(self.ends[side][0])

    def child(self, requester, asked, answered):
        return Child(self, requester, asked, answered)

    def spi_to(self, child, side):
        return child.inbound[side]

    @property
    def nets(self):
        """Selectors, as the side that begins has them."""
        return ((NET_A,), (NET_B,)) if self.initiator == 0 else ((NET_B,), (NET_A,))


class Peers2(Peers, ike_peers.Ike2):
    def __init__(self, scene, *arguments, **named):
        super().__init__(scene, *arguments, **named)
        self.form = "sealed" if scene.site.sealed else "plain"

    def seal(self, payloads):
        size = AES_BLOCK + sealed_size(len(ike.chain(payloads)) + 1) + ICV
        return [Payload(ike.SK, self.cap.random_bytes(size), inner=payloads[0].type if payloads else 0)]

    def init_body(self):
        detect = [ike.notify2(kind, self.cap.random_bytes(20)) for kind in (ike.N_NAT_SOURCE, ike.N_NAT_DESTINATION)]
        return [ike.sa2_ike(), ike.ke2(14, self.cap.random_bytes(256)), Payload(ike.NONCE2, self.nonce()), *detect]

    def init(self, time):
        return self.exchange(time, self.initiator, ike.INIT, self.init_body(), self.init_body(), (0, None))

    def auth_body(self, identities, spi, tsi, tsr, extra=(), certificate=0):
        """identities: of the sender, and of the one that it wants. certificate: its size, 0 for a pre-shared key (RFC 7296 section 3.8)."""
        method, size = (1, 256) if certificate else (2, 32)
        first, *wanted = identities
        return [first, *([Payload(CERTIFICATE, X509 + self.cap.random_bytes(certificate))] if certificate else []), *wanted,
                Payload(ike.AUTH2, struct.pack(">BBH", method, 0, 0) + self.cap.random_bytes(size)), *extra,
                ike.sa2_child(spi), ike.ts(ike.TSI, tsi), ike.ts(ike.TSR, tsr)]

    def auth_request(self, spi, tsi, tsr, extra=(), certificate=0):
        names = [ike.identity2(ike.IDI, b"gw-a.example.net"), ike.identity2(ike.IDR, b"gw-b.example.net")]
        return self.auth_body(names, spi, tsi, tsr, extra, certificate)

    def auth_answer(self, spi, tsi, tsr, certificate=0):
        return self.auth_body([ike.identity2(ike.IDR, b"gw-b.example.net")], spi, tsi, tsr, (), certificate)

    def auth(self, time, tsi=None, tsr=None, answer_tsi=None, extra=(), certificates=(0, 0)):
        """Returns the child."""
        tsi, tsr = tsi or self.nets[0], tsr or self.nets[1]
        asked, answered = self.cap.new_spi(), self.cap.new_spi()
        self.exchange(time, self.initiator, ike.AUTH, self.auth_request(asked, tsi, tsr, extra, certificates[0]),
                      self.auth_answer(answered, answer_tsi or tsi, tsr, certificates[1]))
        return self.child(self.initiator, asked, answered)

    @property
    def set_up_takes(self):
        """From the first message of start() to the last."""
        return 4 * self.round_trip

    def start(self, time, natt=None, **named):
        """IKE_SA_INIT and IKE_AUTH, which floats to natt, A's port for UDP 4500. Returns the child."""
        self.natt = natt or self.natt
        self.init(time)
        self.float()
        return self.auth(time + 3 * self.round_trip, **named)

    def child_body(self, spi, nets, group, rekeyed=()):
        return [*rekeyed, ike.sa2_child(spi, group), Payload(ike.NONCE2, self.nonce()),
                *([ike.ke2(group, self.cap.random_bytes(256))] if group else []), ike.ts(ike.TSI, nets[0]), ike.ts(ike.TSR, nets[1])]

    def request(self, time, side, child, nets=None, group=None):
        """CREATE_CHILD_SA for a child, as the rekey of one unless that is None. nets: TSi and TSr."""
        nets = nets or (((NET_A,), (NET_B,)) if side == 0 else ((NET_B,), (NET_A,)))
        spi, message_id = self.cap.new_spi(), self.next_id[side]
        self.next_id[side] += 1
        rekeyed = [ike.notify2(ike.N_REKEY_SA, protocol=ike.ESP_ID, spi=self.spi_to(child, side))] if child else ()
        frames = self.say(time, side, ike.CREATE, message_id, self.child_body(spi, nets, group, rekeyed))
        return Request(side, message_id, frames, spi, nets, group)

    def accept(self, time, request, answer_tsi=None):
        """The other side's answer. Returns the child."""
        spi, nets = self.cap.new_spi(), (answer_tsi or request.nets[0], request.nets[1])
        self.say(time, 1 - request.side, ike.CREATE, request.message_id, self.child_body(spi, nets, request.group), True, request.frames)
        return self.child(request.side, request.spi, spi)

    def refuse(self, time, request, error):
        """With a notify of this type."""
        self.say(time, 1 - request.side, ike.CREATE, request.message_id, [ike.notify2(error)], True, request.frames)

    def ask(self, time, side, child, nets=None, answer_tsi=None, group=None, error=None):
        """A rekey of a child, without the Delete. Returns the new one, or None with an error (a notify's type)."""
        request = self.request(time, side, child, nets, group)
        if error:
            return self.refuse(time + self.round_trip, request, error)
        return self.accept(time + self.round_trip, request, answer_tsi)

    def rekey(self, time, side, child, **named):
        """And the Delete of the old one. child None: there is none."""
        new = self.ask(time, side, child, **named)
        if child and new:
            self.delete_child(time + self.cap.site.handover, side, child)
        return new

    def rekey_ike(self, time, side, error=None, delete=True):
        """And the Delete of the old one. Returns the new IKE SA, or None with an error (a notify's type)."""
        new = Peers2(self.cap, *self.addresses(), [port for _, port in self.ends], side)
        body = lambda cookie: [ike.sa2_ike(cookie.to_bytes(8, "big")), Payload(ike.NONCE2, self.nonce()),      # noqa: E731
                               ike.ke2(14, self.cap.random_bytes(256))]
        self.exchange(time, side, ike.CREATE, body(new.cookies[0]), [ike.notify2(error)] if error else body(new.cookies[1]))
        if error:
            return None
        if delete:
            self.delete_ike(time + self.cap.site.handover, side)
        return new

    def liveness(self, time, side):
        self.exchange(time, side, ike.INFO, [], [])

    def unanswered_liveness(self, time, side, gaps):
        """Asked, and again after each of the gaps. Returns when it was asked last."""
        frame, _ = self.exchange(time, side, ike.INFO, [], None)
        return self.again(time, frame, gaps)

    def again(self, time, frame, gaps):
        """A message is sent again after each of the gaps. Returns the last time."""
        for gap in gaps:
            time += gap
            self.cap.repeat(time, frame)
        return time


class Peers1(Peers, ike_peers.Ike1):
    liveness_number = 0

    def say(self, time, side, exchange, message_id, payloads, requests=(), responder=None, flags=0):
        """Without keys, what main mode's keys protect is noise: all that begins with a hash or an ID."""
        if payloads[0].type == ike.ID1:
            self.float()
        if not self.cap.site.sealed or payloads[0].type not in (ike.HASH1, ike.ID1):
            return super().say(time, side, exchange, message_id, payloads, requests, responder, flags)
        noise = self.cap.random_bytes(sealed_size(len(ike.chain(payloads))))
        data = ike.header(*self.cookies, payloads[0].type, 1, exchange, ike.ENCRYPTED1, message_id, len(noise)) + noise
        return self.cap.send_udp(time, self.ends[side], self.ends[1 - side], data)

    def identity(self, side):
        """Its address (RFC 2407 section 4.6.2.1), in UDP port 500."""
        address = ip_address(self.ends[side][0])
        return Payload(ike.ID1, struct.pack(">BBH", 1 if address.version == 4 else 5, 17, IKE_PORT) + address.packed)

    def phase1(self, time, seconds=86400):
        """Main mode that offers a lifetime; returns its frames."""
        return self.main_mode(time, (life(seconds, phase=1),))

    def phase2(self, time, side, seconds=3600, ids=None):
        """Returns the child."""
        return self.quick_mode(time, side, ids or ((NET_A, NET_B) if side == 0 else (NET_B, NET_A)), (life(seconds),))[0]

    set_up_takes = property(lambda self: 10 * self.round_trip)

    def start(self, time, natt=None, **_):
        """Main mode, which floats with its fifth message, and Quick Mode. What IKE_AUTH could tell beside is left away."""
        self.natt = natt or self.natt
        self.phase1(time)
        return self.phase2(time + 8 * self.round_trip, self.initiator)

    def ask(self, time, side, child, **_):
        return self.phase2(time, side)

    def rekey(self, time, side, child, **_):
        new = self.phase2(time, side)
        if child:
            self.delete_child(time + self.cap.site.handover, side, child)
        return new

    def liveness(self, time, side, answered=True):
        self.liveness_number += 1
        self.r_u_there(time, side, self.liveness_number)
        if answered:
            self.r_u_there(time + self.round_trip, 1 - side, self.liveness_number, ike.N1_THERE_ACK)

    def unanswered_liveness(self, time, side, gaps):
        self.liveness(time, side, False)
        for gap in gaps:
            time += gap
            self.liveness(time, side, False)
        return time


def peers(scene, *arguments, **named):
    """Of the version that the site wants, or IKEv2."""
    return (Peers1 if scene.site.version == 1 else Peers2)(scene, *arguments, **named)
