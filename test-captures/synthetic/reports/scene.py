# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a report happens, and the capture of it."""
import ipaddress
import random
from collections import namedtuple
from dataclasses import dataclass

from frames import ESP, UDP, packet, udp_datagram
from ike_capture import IkeCapture
from writer import MS, S

A = "198.51.100.1"
IPV6_PREFIX = int(ipaddress.IPv6Address("2001:db8::"))
PACKET = 120                # bytes behind an ESP header, for want of another number

# What the script did to a tunnel that was up, by its own clock (microseconds since BASE); end is None where it is not over. ended_by, restored_by:
# the sides that did, or None. kinds: the words for how it ended that are true of it. age: of what was deleted, or None
Outage = namedtuple("Outage", "begin end ended_by restored_by kinds age")


@dataclass(frozen=True)
class Site:
    """What may differ between two places where the same thing happens. The defaults are the reports' own.

    Replies, handovers and the time after a set-up grow with a round trip that is too long for the reports'. Lost packets are those of ESP: they
    have a sequence number, and never reach the capture point; IKE sends again what is lost, and is left alone."""
    sealed: bool = False        # IKE cannot be read
    version: int | None = None  # of IKE, for reports that Scene.peers() sets up; None: the report's
    pace: float = 1             # times the interval between packets of the reports
    size: int | None = None     # bytes behind the ESP header of ordinary packets; None: the report's
    round_trip: int = 30 * MS
    ipv6: bool = False          # outer addresses
    nat: bool = False           # A is behind one, where the report does not say where it is
    loss: float = 0             # share of ESP packets
    seed: int = 1               # of the loss

    @property
    def form(self):
        return "keyless" if self.sealed else "readable"

    @property
    def settled(self):
        """After a set-up began: it is through."""
        return max(S, 12 * self.round_trip)

    @property
    def handover(self):
        """After a rekey was asked for: the Delete of the old SA."""
        return max(100 * MS, 2 * self.round_trip)


class Scene(IkeCapture):
    def __init__(self, name, site=Site()):
        super().__init__(name, name, round_trip=site.round_trip)
        self.site, self.outages, self.chance = site, [], random.Random(f"{name}:{site.seed}")
        self.addresses = set(), set()           # of A, of B

    def address(self, address):
        """In the site's family: 198.51.100.1 and 2001:db8::198.51.100.1."""
        if not self.site.ipv6 or ":" in address:
            return address
        return str(ipaddress.IPv6Address(IPV6_PREFIX + int(ipaddress.IPv4Address(address))))

    def ticks(self, start, end, every):
        """Times from start (inclusive) to end (exclusive), at the site's pace."""
        return range(start, end, max(1, round(every * self.site.pace)))

    def is_lost(self):
        return self.chance.random() < self.site.loss

    def esp(self, time, source, destination, data, in_udp):
        """Appends an ESP packet between (address, port)s."""
        protocol = ESP
        if in_udp:
            data, protocol = udp_datagram(source, destination, data), UDP
        return self.add(time, packet(source[0], destination[0], data, self.next_ip_id(), protocol))

    def message_id(self):
        """Of an IKEv1 exchange."""
        return self.random.getrandbits(32) | 1

    def take_last(self):
        """Takes the last frame back, and returns it."""
        self.messages.pop(len(self.records), None)
        return self.records.pop()[1]

    def forget(self):
        """The capture begins here."""
        self.records.clear()
        self.messages.clear()

    def outage(self, begin, end, *, by=None, back=None, kinds, born=None):
        """by and back: the sides that ended it, and set it up anew. born: when what was deleted was negotiated."""
        self.outages.append(Outage(begin, end, by, back, tuple(kinds.split()), None if born is None else begin - born))
