# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks' captures share: time, addresses, headers, bytes that look encrypted."""
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test-captures" / "synthetic"))
sys.dont_write_bytecode = True
from frames import ETHERNET_IPV4, UDP, ip_header, udp_header  # noqa: E402

MS, SECOND, MINUTE, HOUR = 1000, 1_000_000, 60_000_000, 3_600_000_000
HUB = "198.51.100.1"                        # the gateway at which all tunnels end
IKE_PORT, NAT_PORT, DNS_PORT, HTTPS_PORT = 500, 4500, 53, 443
NOISE = random.Random("noise").randbytes(1 << 16)


def noise(rng, size):
    """Bytes that look encrypted; cheaper than new ones each time."""
    at = int(rng.random() * (len(NOISE) - size))
    return NOISE[at:at + size]


def peer(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def in_ipv4(source, destination, protocol, data):
    return ETHERNET_IPV4 + ip_header(source, destination, 20 + len(data), 0, protocol) + data


def in_udp(source, source_port, destination, destination_port, data):
    return in_ipv4(source, destination, UDP, udp_header(source_port, destination_port, len(data)) + data)
