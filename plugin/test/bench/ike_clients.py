# SPDX-License-Identifier: GPL-2.0-or-later
"""IKE only: road warriors that come, rekey, check that the gateway lives, and leave with a Delete within the hour.

A hundred of them at a time, each from another address; three in four speak IKEv2, every second one is behind a NAT.
Encrypted but for the initial exchange.
"""
import heapq
import itertools
import random
import struct

from wire import HOUR, HUB, IKE_PORT, MINUTE, MS, NAT_PORT, in_udp, noise, peer

import ike_bytes as ike

CLIENTS = 100                               # at a time
IKEV1_EVERY = 4                             # clients
REKEYS, LIVENESS_CHECKS = 3, 2              # of each client; the checks before each rekey
PAUSE = 5 * MINUTE
ROUND_TRIP = 40 * MS
NON_ESP_MARKER = bytes(4)
# of what is encrypted, request and response
AUTH2, CHILD2, EMPTY2, DELETE2 = (384, 272), (560, 496), (48, 48), (64, 64)
MAIN1, QUICK1, NOTIFY1, DELETE1 = (76, 76), (428, 428, 60), (92,), (76,)


class Client:
    def __init__(self, number, start):
        self.rng = random.Random(f"client {number}")
        self.address, self.time, self.port = peer(number + 1), start, IKE_PORT
        self.initiator, self.responder = self.rng.getrandbits(63) | 1, self.rng.getrandbits(63) | 1
        self.behind_nat = number & 1
        self.message_id = 0

    def send(self, by_gateway, data):
        marker = NON_ESP_MARKER if self.port == NAT_PORT else b""
        time, self.time = self.time, self.time + ROUND_TRIP
        source, destination = (HUB, self.address) if by_gateway else (self.address, HUB)
        return time, in_udp(source, self.port, destination, self.port, marker + data)

    def float_port(self):
        if self.behind_nat:
            self.port = NAT_PORT

    def noise(self, kind, size, inner=0):
        return ike.Payload(kind, noise(self.rng, size), (), inner)


class Client2(Client):
    """IKEv2 (RFC 7296)."""

    def exchange(self, kind, payloads, responder=None):
        """payloads of request and response. A request of the initial exchange has no responder's SPI yet."""
        for is_response, flags in enumerate((ike.INITIATOR, ike.RESPONSE)):
            to = self.responder if is_response or responder is None else responder
            yield self.send(is_response, ike.message(self.initiator, to, 2, kind, flags, self.message_id, payloads[is_response]))
        self.message_id += 1

    def encrypted(self, kind, sizes):
        return self.exchange(kind, [[self.noise(ike.SK, size)] for size in sizes])

    def initial(self, groups):
        return [ike.sa2_ike(groups=groups), ike.ke2(14, noise(self.rng, 256)), self.noise(ike.NONCE2, 32),
                ike.notify2(ike.N_NAT_SOURCE, noise(self.rng, 20)), ike.notify2(ike.N_NAT_DESTINATION, noise(self.rng, 20)),
                ike.notify2(ike.N_FRAGMENTATION)]

    def messages(self):
        yield from self.exchange(ike.INIT, [self.initial((14, 19, 20, 31)), self.initial((14,))], 0)
        self.float_port()
        yield from self.encrypted(ike.AUTH, AUTH2)
        for _ in range(REKEYS):
            for _ in range(LIVENESS_CHECKS):
                self.time += PAUSE
                yield from self.encrypted(ike.INFO, EMPTY2)
            self.time += PAUSE
            yield from self.encrypted(ike.CREATE, CHILD2)
            yield from self.encrypted(ike.INFO, DELETE2)
        self.time += PAUSE
        yield from self.encrypted(ike.INFO, DELETE2)


class Client1(Client):
    """IKEv1: main mode, Quick Modes (RFC 2409), dead peer detection (RFC 3706)."""

    def main_mode(self, by_gateway, payloads, responder=None):
        to = self.responder if responder is None else responder
        return self.send(by_gateway, ike.message(self.initiator, to, 1, ike.MAIN, 0, 0, payloads))

    def encrypted(self, kind, sizes, by_gateway=False, first=ike.HASH1, message_id=None):
        message_id = self.rng.getrandbits(32) | 1 if message_id is None else message_id
        for i, size in enumerate(sizes):
            header = ike.header(self.initiator, self.responder, first, 1, kind, ike.ENCRYPTED1, message_id, size)
            yield self.send(by_gateway != bool(i & 1), header + noise(self.rng, size))

    def messages(self):
        vendors = [self.noise(ike.VENDOR1, 16), self.noise(ike.VENDOR1, 16)]
        yield self.main_mode(False, [ike.sa1_phase1([ike.life(28800, phase=1)] * 4), *vendors], 0)
        yield self.main_mode(True, [ike.sa1_phase1([ike.life(28800, phase=1)]), *vendors])
        for by_gateway in (False, True):
            yield self.main_mode(by_gateway, [self.noise(ike.KE1, 256), self.noise(ike.NONCE1, 32)])
        self.float_port()
        yield from self.encrypted(ike.MAIN, MAIN1, first=ike.ID1, message_id=0)
        for _ in range(REKEYS):
            yield from self.encrypted(ike.QUICK, QUICK1)
            for _ in range(LIVENESS_CHECKS):
                self.time += PAUSE
                for by_gateway in (False, True):
                    yield from self.encrypted(ike.INFO1, NOTIFY1, by_gateway)
            self.time += PAUSE
        yield from self.encrypted(ike.INFO1, DELETE1)


def place(number):
    """One client after the other, from another address each."""
    for round_ in itertools.count():
        client = number + round_ * CLIENTS
        start = round_ * HOUR + number * HOUR // CLIENTS
        yield from (Client2 if client % IKEV1_EVERY else Client1)(client, start).messages()


def clients():
    return heapq.merge(*map(place, range(CLIENTS)))
