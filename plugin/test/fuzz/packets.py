# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures as lists of packets: reading them, writing them with any time stamp, and finding IKE, ESP and AH in a frame."""
import struct
import subprocess
from dataclasses import dataclass, field, replace

ETHERNET, RAW_IP, LINUX_SLL = 1, 101, 113
PCAP_MICROSECONDS, PCAP_NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
SNAP_LENGTH = 262144
WORD = 2**32

UDP_HEADER, IKE_HEADER, NON_ESP_MARKER = 8, 28, 4
ESP, AH, UDP = 50, 51, 17
IKE_PORTS = (500, 4500)


@dataclass(frozen=True)
class Packet:
    """Time stamps are whole units of 1 ns since 1970, of any sign and size."""
    time: int
    data: bytes
    length: int                 # on the wire
    interface: int = 0          # only pcapng tells

    def with_data(self, data):
        return replace(self, data=bytes(data), length=max(self.length + len(data) - len(self.data), 0))


@dataclass
class Capture:
    linktype: int
    packets: list = field(default_factory=list)

    @property
    def interfaces(self):
        return 1 + max((packet.interface for packet in self.packets), default=0)


def read(path, room):
    """The packets of a file that editcap can read, as far as it can; None where it can't."""
    copy = room / "as-nanoseconds.pcap"
    copy.unlink(missing_ok=True)
    subprocess.run(["editcap", "-F", "nsecpcap", path, copy], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return of_pcap(copy.read_bytes()) if copy.exists() else None


def of_pcap(data):
    """The packets of a pcap file."""
    order = "<" if data[0] in (0xD4, 0x4D) else ">"
    unit = {PCAP_MICROSECONDS: 1000, PCAP_NANOSECONDS: 1}[struct.unpack_from(order + "I", data)[0]]
    capture, at = Capture(struct.unpack_from(order + "I", data, 20)[0]), 24
    while at + 16 <= len(data):
        seconds, fraction, captured, length = struct.unpack_from(order + "IIII", data, at)
        at += 16
        capture.packets.append(Packet(seconds * 10**9 + fraction * unit, data[at:at + captured], length))
        at += captured
    return capture


def write_pcap(path, capture, magic=PCAP_NANOSECONDS, fraction=None):
    """Seconds beyond 32 bits wrap around. fraction, if given, is put in place of each packet's micro- or nanoseconds: a
    hostile file may hold any 32 bits there."""
    unit = 1 if magic == PCAP_NANOSECONDS else 1000
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, SNAP_LENGTH, capture.linktype))
        for packet in capture.packets:
            seconds, rest = divmod(packet.time, 10**9)
            file.write(struct.pack("<IIII", seconds % WORD, rest // unit if fraction is None else fraction,
                                   len(packet.data), packet.length % WORD))
            file.write(packet.data)


def _block(kind, body):
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def write_pcapng(path, capture, resolution):
    """resolution is the option if_tsresol: 10^-resolution seconds. Times wrap around at 64 bits."""
    option = struct.pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    with open(path, "wb") as file:
        file.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for _ in range(capture.interfaces):
            file.write(_block(1, struct.pack("<HHI", capture.linktype, 0, SNAP_LENGTH) + option))
        for packet in capture.packets:
            units = packet.time * 10**resolution // 10**9 % 2**64
            data = packet.data + bytes(-len(packet.data) % 4)
            file.write(_block(6, struct.pack("<IIIII", packet.interface, units >> 32, units % WORD, len(packet.data), packet.length % WORD) + data))


def network_offset(linktype, data):
    """Where the IP header is, or None."""
    at = {RAW_IP: 0, ETHERNET: 14, LINUX_SLL: 16}.get(linktype)
    if at is None or len(data) < at + 40:
        return None
    return at if data[at] >> 4 in (4, 6) else None


def transport(linktype, data):
    """(protocol, offset) of what the IP header carries, or None."""
    at = network_offset(linktype, data)
    if at is None:
        return None
    if data[at] >> 4 == 4:
        return data[at + 9], at + (data[at] & 15) * 4
    return data[at + 6], at + 40


def ike_offset(linktype, data):
    """Where the IKE header is, or None."""
    found = transport(linktype, data)
    if not found or found[0] != UDP or len(data) < found[1] + UDP_HEADER + NON_ESP_MARKER:
        return None
    at = found[1] + UDP_HEADER
    ports = struct.unpack_from(">HH", data, found[1])
    if 4500 in ports and not any(data[at:at + NON_ESP_MARKER]):
        at += NON_ESP_MARKER
    elif 500 not in ports:
        return None
    return at if len(data) >= at + IKE_HEADER else None


def ipsec_offset(linktype, data):
    """Where the SPI of ESP or AH is, or None; its sequence number follows."""
    found = transport(linktype, data)
    if not found:
        return None
    protocol, at = found
    if protocol == UDP:
        if ike_offset(linktype, data) is not None or len(data) < at + UDP_HEADER or 4500 not in struct.unpack_from(">HH", data, at):
            return None
        at += UDP_HEADER
    elif protocol == AH:
        at += 4
    elif protocol != ESP:
        return None
    return at if len(data) >= at + 8 else None
