# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2 in clear, as some gateways capture it themselves, without an end: what a tracker keeps in lists grows and grows."""
import itertools
import struct

from wire import HUB, IKE_PORT, MS, in_udp, peer

import ike_bytes as ike

INTERVAL = 40 * MS
NONCE = ike.Payload(ike.NONCE2, bytes(32))


class Peers:
    """An initiator and the hub; the initiator asks."""

    def __init__(self):
        self.time, self.sas, self.message_id = 0, 1, 0

    def spis(self):
        return self.sas, self.sas | 1 << 63

    def send(self, kind, is_response, payloads):
        time, self.time = self.time, self.time + INTERVAL
        flags = ike.RESPONSE if is_response else ike.INITIATOR
        ends = (HUB, IKE_PORT, peer(1), IKE_PORT) if is_response else (peer(1), IKE_PORT, HUB, IKE_PORT)
        return time, in_udp(*ends, ike.message(*self.spis(), 2, kind, flags, self.message_id, payloads))

    def exchange(self, kind, request, response):
        for is_response, payloads in enumerate((request, response)):
            yield self.send(kind, is_response, payloads)
        self.message_id += 1

    def make_child(self, number):
        networks = [ike.ts(ike.TSI, [f"10.1.{number >> 8 & 255}.{number & 255}/32"]), ike.ts(ike.TSR, ["10.2.0.0/16"])]
        request, response = ([ike.sa2_child(spi), NONCE, *networks] for spi in (2 * number + 512, 2 * number + 513))
        yield from self.exchange(ike.CREATE, request, response)

    def rekey(self):
        proposals = [ike.sa2_ike(struct.pack(">Q", spi)) for spi in (self.sas + 1, self.sas + 1 | 1 << 63)]
        yield from self.exchange(ike.CREATE, *([proposal, NONCE, ike.ke2(14, bytes(256))] for proposal in proposals))
        self.sas += 1
        self.message_id = 0

    def be_refused(self, number):
        request = [ike.sa2_child(2 * number + 512, 14), NONCE, ike.ke2(14, bytes(256)), ike.ts(ike.TSI, ["10.1.0.0/16"]),
                   ike.ts(ike.TSR, ["10.2.0.0/16"])]
        yield from self.exchange(ike.CREATE, request, [ike.notify2(ike.N_NO_PROPOSAL)])


    def ask(self, number):
        """A request of some ninety bytes that nobody answers."""
        yield self.send(ike.CREATE, False, [ike.sa2_child(number + 512), ike.Payload(ike.NONCE2, bytes(16))])
        self.message_id += 1


def asks():
    peers = Peers()
    for number in itertools.count():
        yield from peers.ask(number)


def inits(pairs=True):
    """IKE_SA_INIT that nobody answers, each from another address or all from one."""
    proposal = [ike.sa2_ike(), ike.Payload(ike.NONCE2, bytes(16))]
    for number in itertools.count(1):
        source = peer(number if pairs else 1)
        yield number * MS, in_udp(source, IKE_PORT, HUB, IKE_PORT, ike.message(number, 0, 2, ike.INIT, ike.INITIATOR, 0, proposal))


def rekeys():
    """Each new IKE SA inherits all child SAs, and gets one more."""
    peers = Peers()
    for number in itertools.count():
        yield from peers.make_child(number)
        yield from peers.rekey()


def refusals():
    peers = Peers()
    for number in itertools.count():
        yield from peers.be_refused(number)
        yield from peers.rekey()
