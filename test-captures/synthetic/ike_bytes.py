# SPDX-License-Identifier: GPL-2.0-or-later
"""IKE messages, byte by byte: IKEv2 (RFC 7296, RFC 7383) and IKEv1 (RFC 2408, RFC 2407, RFC 2409, RFC 3706).

A payload is a Payload: spis are those of ESP and AH that it names, inner is the type of the first payload encrypted inside.
message() chains them.
"""
import ipaddress
import struct
from collections import namedtuple

Payload = namedtuple("Payload", "type body spis inner", defaults=((), 0))

# exchange types
MAIN, AGGRESSIVE, INFO1, TRANSACTION, QUICK = 2, 4, 5, 6, 32
INIT, AUTH, CREATE, INFO, INTERMEDIATE, FOLLOWUP_KE = 34, 35, 36, 37, 43, 44
# flags
ENCRYPTED1, INITIATOR, RESPONSE = 0x01, 0x08, 0x20
# protocols
IKE, AH_ID, ESP_ID = 1, 2, 3
# payload types
SA1, KE1, ID1, HASH1, NONCE1, NOTIFY1, DELETE1, VENDOR1, ATTRIBUTES1 = 1, 4, 5, 8, 10, 11, 12, 13, 14
FRAGMENT1 = 132
SA2, KE2, IDI, IDR, AUTH2, NONCE2, NOTIFY2, DELETE2, TSI, TSR, SK, EAP, SKF = 33, 34, 35, 36, 39, 40, 41, 42, 44, 45, 46, 48, 53
# IKEv2 notifies
N_INVALID_SPI, N_NO_PROPOSAL, N_INVALID_KE, N_AUTH_FAILED, N_SINGLE_PAIR, N_TS_UNACCEPTABLE = 11, 14, 17, 24, 34, 38
N_INITIAL_CONTACT, N_NAT_SOURCE, N_NAT_DESTINATION, N_COOKIE, N_REKEY_SA, N_FRAGMENTATION, N_ADDITIONAL_KE = \
    16384, 16388, 16389, 16390, 16393, 16430, 16441
# IKEv1 notifies
N1_INVALID_SPI, N1_NO_PROPOSAL, N1_INVALID_ID, N1_RESPONDER_LIFETIME, N1_INITIAL_CONTACT, N1_THERE, N1_THERE_ACK = \
    11, 14, 18, 24576, 24578, 36136, 36137


def spis_of(payloads):
    return {spi for payload in payloads for spi in payload.spis}


def chain(payloads):
    """The payloads behind each other, each with its generic header."""
    data = b""
    for i, payload in enumerate(payloads):
        following = payloads[i + 1].type if i + 1 < len(payloads) else payload.inner
        data += struct.pack(">BBH", following, 0, 4 + len(payload.body)) + payload.body
    return data


def message(initiator, responder, version, exchange, flags, message_id, payloads):
    data = chain(payloads)
    return header(initiator, responder, payloads[0].type if payloads else 0, version, exchange, flags, message_id, len(data)) + data


def header(initiator, responder, first, version, exchange, flags, message_id, length):
    return struct.pack(">QQBBBBII", initiator, responder, first, version << 4, exchange, flags, message_id, 28 + length)


def attribute(kind, value, size=None):
    """A data attribute: in the basic form, or with so many bytes of value (RFC 2408 section 3.3)."""
    if size is None:
        return struct.pack(">HH", 0x8000 | kind, value)
    return struct.pack(">HH", kind, size) + value.to_bytes(size, "big")


def packed(kind, transforms):
    """Transforms behind each other: (bytes after the generic header) each."""
    return b"".join(struct.pack(">BBH", kind if i + 1 < len(transforms) else 0, 0, 4 + len(body)) + body
                    for i, body in enumerate(transforms))


def proposals(items):
    """(protocol, spi bytes, count of transforms, their bytes) each; their last bytes are numbered from 1."""
    return b"".join(struct.pack(">BBHBBBB", 2 if i + 1 < len(items) else 0, 0, 8 + len(spi) + len(transforms), (i + 1) & 255, protocol,
                                len(spi), count) + spi + transforms
                    for i, (protocol, spi, count, transforms) in enumerate(items))


# --- IKEv2 ------------------------------------------------------------------------------------------------------------

def transform2(kind, number, bits=0):
    return struct.pack(">BBH", kind, 0, number) + (attribute(14, bits) if bits else b"")


AES_CBC, PRF_SHA256, SHA256, NO_ESN = transform2(1, 12, 256), transform2(2, 5), transform2(3, 12), transform2(5, 0)
AES_GCM = transform2(1, 20, 256)


def sa2_ike(spi=b"", groups=(14,)):
    transforms = [AES_CBC, PRF_SHA256, SHA256, *(transform2(4, group) for group in groups)]
    return Payload(SA2, proposals([(IKE, spi, len(transforms), packed(3, transforms))]))


def sa2_child(spi, group=None, protocol=ESP_ID):
    transforms = [AES_CBC, SHA256, *([transform2(4, group)] if group else []), NO_ESN]
    return Payload(SA2, proposals([(protocol, spi.to_bytes(4, "big"), len(transforms), packed(3, transforms))]), (spi,))


def ke2(group, data):
    return Payload(KE2, struct.pack(">HH", group, 0) + data)


def notify2(kind, data=b"", protocol=0, spi=None):
    named = (spi,) if spi is not None else (int.from_bytes(data, "big"),) if kind == N_INVALID_SPI else ()
    spi = b"" if spi is None else spi.to_bytes(4, "big")
    return Payload(NOTIFY2, struct.pack(">BBH", protocol, len(spi), kind) + spi + data, named)


def delete2(spis=(), protocol=ESP_ID):
    if protocol == IKE:
        return Payload(DELETE2, struct.pack(">BBH", IKE, 0, 0))
    return Payload(DELETE2, struct.pack(">BBH", protocol, 4, len(spis)) + b"".join(spi.to_bytes(4, "big") for spi in spis), tuple(spis))


def identity2(kind, name):
    return Payload(kind, struct.pack(">BBH", 2, 0, 0) + name)


def selector(text):
    """"10.1.0.0/16", "10.1.0.5", "10.1.0.5-10.1.0.9", each with " PROTOCOL FIRST-LAST" if need be."""
    what, *rest = text.split()
    protocol = int(rest[0]) if rest else 0
    first_port, last_port = map(int, rest[1].split("-")) if len(rest) > 1 else (0, 65535)
    if "-" in what:
        first, last = map(ipaddress.ip_address, what.split("-"))
    else:
        network = ipaddress.ip_network(what)
        first, last = network[0], network[-1]
    return struct.pack(">BBHHH", 7 if first.version == 4 else 8, protocol, 8 + 2 * len(first.packed), first_port, last_port) \
        + first.packed + last.packed


def ts(kind, selectors):
    return Payload(kind, struct.pack(">BBH", len(selectors), 0, 0) + b"".join(map(selector, selectors)))


# --- IKEv1 ------------------------------------------------------------------------------------------------------------

def life(seconds=None, kilobytes=None, sizes=(4, 4), phase=2):
    """Life attributes: their durations have so many bytes of value, None for the basic form.

    RFC 2407 section 4.5 numbers them 1 and 2, RFC 2409 appendix A 11 and 12; type 1 is seconds, 2 is kilobytes."""
    kind, duration = (1, 2) if phase == 2 else (11, 12)
    data = b""
    for unit, value, size in ((1, seconds, sizes[0]), (2, kilobytes, sizes[1])):
        if value is not None:
            data += attribute(kind, unit) + attribute(duration, value, size)
    return data


def transforms1(phase, lives):
    """One transform for each of the life attributes: AES-CBC-256, SHA-256, and MODP 2048 with PSK, or tunnel mode."""
    if phase == 1:
        fixed = attribute(1, 7) + attribute(14, 256) + attribute(2, 4) + attribute(4, 14) + attribute(3, 1)
        number = 1                                  # KEY_IKE
    else:
        fixed = attribute(6, 256) + attribute(5, 5) + attribute(4, 1)
        number = 12                                 # ESP_AES
    return len(lives), packed(3, [struct.pack(">BBH", i + 1, number, 0) + fixed + data for i, data in enumerate(lives)])


def sa1(items, spis=()):
    """An SA payload of the IPsec DOI; items as proposals() takes them."""
    return Payload(SA1, struct.pack(">II", 1, 1) + proposals(items), spis)


def sa1_phase1(lives):
    return sa1([(IKE, b"", *transforms1(1, lives))])


def sa1_phase2(spi, lives):
    return sa1([(ESP_ID, spi.to_bytes(4, "big"), *transforms1(2, lives))], (spi,))


def id1(text):
    """An ID of Quick Mode: a selector() with at most one port; its form tells the type."""
    what, *rest = text.split()
    protocol, port = int(rest[0]) if rest else 0, int(rest[1]) if len(rest) > 1 else 0
    if "-" in what:
        first, last = map(ipaddress.ip_address, what.split("-"))
        kind, data = (7, 8)[first.version == 6], first.packed + last.packed
    elif "/" in what:
        network = ipaddress.ip_network(what)
        kind, data = (4, 6)[network.version == 6], network.network_address.packed + network.netmask.packed
    else:
        address = ipaddress.ip_address(what)
        kind, data = (1, 5)[address.version == 6], address.packed
    return Payload(ID1, struct.pack(">BBH", kind, protocol, port) + data)


def notify1(kind, spi=b"", protocol=ESP_ID, data=b""):
    named = (int.from_bytes(spi, "big"),) if len(spi) == 4 else ()
    return Payload(NOTIFY1, struct.pack(">IBBH", 1, protocol, len(spi), kind) + spi + data, named)


def delete1(spis, protocol=ESP_ID):
    """spis are numbers of ESP, or pairs of cookies for IKE."""
    size, pack = (16, lambda pair: struct.pack(">QQ", *pair)) if protocol == IKE else (4, lambda spi: struct.pack(">I", spi))
    return Payload(DELETE1, struct.pack(">IBBH", 1, protocol, size, len(spis)) + b"".join(map(pack, spis)),
                   () if protocol == IKE else tuple(spis))
