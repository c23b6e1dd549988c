# SPDX-License-Identifier: GPL-2.0-or-later
"""A synthetic capture of IKE, and what SPIscope must say of each of its frames."""
from collections import namedtuple
from dataclasses import dataclass, field
from socket import inet_ntoa

from frames import ip_header, is_ipv4, packet, udp_datagram
from writer import REPLY, Capture

Expected = namedtuple("Expected", "key frame confidence texts times")


@dataclass
class Message:
    """What SPIscope must show on an IKE message. Frames are numbers of this capture."""
    sa: object                                  # whatever tells IKE SAs apart
    tunnel: object
    payloads: list                              # their types
    spis: set                                   # of ESP and AH
    requests: tuple = ()                        # of a response: the frames that hold its request
    retransmission_of: int | None = None


@dataclass
class IkeCapture(Capture):
    name: str
    description: str
    expected: list = field(default_factory=list)
    messages: dict = field(default_factory=dict)    # frame -> Message
    ignored: set = field(default_factory=set)       # keys of findings that the case leaves open
    negotiated: dict = field(default_factory=dict)  # SPI -> seconds
    esp_tunnels: dict = field(default_factory=dict) # SPI -> Message.tunnel
    options: tuple = ()
    round_trip: int = REPLY
    hostile: bool = False                           # not meant to be decoded
    disordered: bool = False                        # frames stay as they were written

    def __post_init__(self):
        super().__init__(self.name, self.description)
        self.spis = self.tunnels = 0

    def new_spi(self):
        self.spis += 1
        return 0xC1000000 + self.random.randrange(0x10000) * 0x100 + self.spis

    def cookie(self):
        return self.random.getrandbits(63) | 1

    def send_udp(self, time, source, destination, data):
        """Appends an IKE message between (address, port)s; returns its frame."""
        marker = b"\0" * 4 if 4500 in (source[1], destination[1]) else b""
        datagram = udp_datagram(source, destination, marker + data)
        return self.add(time, packet(source[0], destination[0], datagram, self.next_ip_id()))

    def expect(self, key, frame, *texts, confidence="proven", times=1):
        self.expected.append(Expected(key, frame, confidence, texts, times))

    def leave_open(self, *keys):
        self.ignored.update(keys)

    def repeat(self, time, frame, is_retransmission=True):
        """The same bytes again; but the IP header (of IPv4) has another ID, unless it is a copy that the capture made."""
        raw = self.records[frame - 1][1]
        if is_retransmission and is_ipv4(raw):
            addresses = inet_ntoa(raw[26:30]), inet_ntoa(raw[30:34])
            raw = raw[:14] + ip_header(*addresses, len(raw) - 14, self.next_ip_id()) + raw[34:]
        again = self.add(time, raw)
        if frame in self.messages:
            message = self.messages[frame]
            self.messages[again] = Message(message.sa, message.tunnel, message.payloads, message.spis, message.requests,
                                           frame if is_retransmission else None)
        return again

    def finish(self):
        """Brings frames in the order of their times, and all that was noted down with them."""
        if self.disordered:
            return self
        order = sorted(range(len(self.records)), key=lambda i: self.records[i][0])
        new = {old + 1: i + 1 for i, old in enumerate(order)}
        self.records = [self.records[i] for i in order]
        self.expected = [expected._replace(frame=new[expected.frame]) for expected in self.expected]
        self.messages = {new[frame]: message for frame, message in self.messages.items()}
        for message in self.messages.values():
            message.requests = tuple(new[frame] for frame in message.requests)
            message.retransmission_of = new.get(message.retransmission_of)
        return self
