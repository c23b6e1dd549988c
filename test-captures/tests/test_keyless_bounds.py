# SPDX-License-Identifier: GPL-2.0-or-later
"""What sizes prove without keys: every encrypted refusal that SPIscope claims, against the truth that keys show.

The truth is stock tshark's, with keys and without the plugin: types of payloads and notifies. A CREATE_CHILD_SA or IKE_AUTH is refused if
its answer holds an error notify and no SA; a Quick Mode, if its responder answers with an Informational that holds one.
"""
import random
import re
import struct
from collections import Counter, namedtuple

import ike_bytes as ike
import pytest
from harness import LAB
from outputs import outputs, run_ahead
from test_ike_third_party import CAPTURES as THIRD_PARTY
from test_ike_third_party import FOLDER, KEYED, options_of

IKEV2_REFUSABLE = {35: "IKE_AUTH", 36: "CREATE_CHILD_SA"}
QUICK_MODE = "Quick Mode"
PAYLOAD_SA2, PAYLOAD_SKF = 33, 53
AUTHENTICATION_FAILED, INVALID_KE = 24, 17
# name, IV, block, ICV (None: the integrity algorithm's), by IANA's number of Transform Type 1.
# RFC 7296 section 3.14: the IV is one block of a CBC cipher; padding fills up to whole blocks
CIPHERS = {
    1: ("DES-IV64", 8, 8, None), 2: ("DES", 8, 8, None), 3: ("3DES", 8, 8, None), 4: ("RC5", 8, 8, None), 5: ("IDEA", 8, 8, None),
    6: ("CAST", 8, 8, None), 7: ("Blowfish", 8, 8, None), 8: ("3IDEA", 8, 8, None), 9: ("DES-IV32", 4, 8, None), 11: ("NULL", 0, 1, None),
    12: ("AES-CBC", 16, 16, None), 13: ("AES-CTR", 8, 1, None),                     # RFC 5930: 8 bytes of IV, no padding needed
    14: ("AES-CCM-8", 8, 1, 8), 15: ("AES-CCM-12", 8, 1, 12), 16: ("AES-CCM-16", 8, 1, 16),     # RFC 5282
    18: ("AES-GCM-8", 8, 1, 8), 19: ("AES-GCM-12", 8, 1, 12), 20: ("AES-GCM-16", 8, 1, 16),     # RFC 5282
    23: ("Camellia-CBC", 16, 16, None), 24: ("Camellia-CTR", 8, 1, None), 25: ("Camellia-CCM-8", 8, 1, 8),      # RFC 5529
    26: ("Camellia-CCM-12", 8, 1, 12), 27: ("Camellia-CCM-16", 8, 1, 16), 28: ("ChaCha20-Poly1305", 8, 1, 16),  # RFC 7634
}
# name, ICV, by IANA's number of Transform Type 3
INTEGRITY = {
    1: ("MD5-96", 12), 2: ("SHA1-96", 12), 3: ("DES-MAC", 8), 4: ("KPDK-MD5", 16), 5: ("XCBC-96", 12), 6: ("MD5-128", 16), 7: ("SHA1-160", 20),
    8: ("CMAC-96", 12), 12: ("SHA2-256-128", 16), 13: ("SHA2-384-192", 24), 14: ("SHA2-512-256", 32),
}
# Not for IKE, or made after this was written: nothing may be assumed but that there are an SK payload and 8 bytes of ICV
UNKNOWN_CIPHERS = (29, 30, 31, 32, 33, 1024)
UNKNOWN_INTEGRITY = 1024
UNKNOWN = (0, 1, 8)

IKE_HEADER, GENERIC_HEADER, PAD_LENGTH = 28, 4, 1
NOTIFY = GENERIC_HEADER + 4
# One Notify: without data, as NO_PROPOSAL_CHOSEN and most; INVALID_KE_PAYLOAD with its group; CHILD_SA_NOT_FOUND with an SPI
REFUSALS = (NOTIFY, NOTIFY + 2, NOTIFY + 4)
# RFC 7296 section 1.3.1: SA, Nonce, TSi, TSr. One proposal (8 and an SPI of 4) of one transform (8); 16 bytes of nonce (2.10); one
# selector of IPv4 (16) behind 4 bytes each
SMALLEST_CHILD = (GENERIC_HEADER + 8 + 4 + 8) + (GENERIC_HEADER + 16) + 2 * (GENERIC_HEADER + 4 + 16)
# Section 1.3.2: SA with an SPI of 8, cipher, PRF and group, Nonce, and Curve25519's 32 bytes of KE
SMALLEST_IKE_SA = (GENERIC_HEADER + 8 + 8 + 3 * 8) + (GENERIC_HEADER + 16) + (GENERIC_HEADER + 4 + 32)


def envelope(cipher, integrity):
    """(IV, block, ICV) of an encrypted message."""
    if cipher not in CIPHERS:
        return UNKNOWN
    _, iv, block, icv = CIPHERS[cipher]
    return iv, block, icv if icv is not None else INTEGRITY[integrity][1] if integrity in INTEGRITY else UNKNOWN[2]


def message_length(contents, around):
    """The least length of a message with so many bytes of payloads inside of its SK payload."""
    iv, block, icv = around
    return IKE_HEADER + GENERIC_HEADER + iv + -(-(contents + PAD_LENGTH) // block) * block + icv


# --- every exchange of every capture that has keys ----------------------------------------------------------------------

Exchange = namedtuple("Exchange", "kind request responses informationals refused error length fragmented around")


def first(values, default=None):
    return values[0] if values else default


def exchanges_of(rows):
    """Each IKE_AUTH, CREATE_CHILD_SA and Quick Mode that was answered or refused, by the keys."""
    algorithms, found, quick = {}, {}, {}
    for row in rows:
        types, spi = row["isakmp.exchangetype"], first(row["isakmp.ispi"])
        if len(types) != 1:                     # none, or quoted in ICMP
            continue
        kind, frame = int(types[0]), int(row["frame.number"][0])
        payloads = set(map(int, row["isakmp.typepayload"]))
        errors = [int(value) for value in row["isakmp.notify.msgtype"] if int(value) < (16384 if kind >= 34 else 8192)]
        response = first(row["isakmp.flag_r"]) in ("1", "True")
        source = first(row["ip.src"] or row["ipv6.src"])
        identity = first(row["isakmp.messageid"])
        if kind == 34 and response and PAYLOAD_SA2 in payloads:
            algorithms[spi] = envelope(*(int(first(row[f"isakmp.tf.id.{name}"], 0)) for name in ("encr", "integ")))
        elif kind in IKEV2_REFUSABLE:
            exchange = found.setdefault((spi, kind, identity, source if not response else None), {"requests": [], "responses": []})
            if response:        # belongs to the only request with this message ID that came from the other side
                found.pop((spi, kind, identity, source if not response else None))
                requests = [key for key in found if key[:3] == (spi, kind, identity) and key[3] != source]
                exchange = found[requests[0]] if requests else None
            if exchange is not None:
                exchange["responses" if response else "requests"].append((frame, payloads, errors, int(row["isakmp.length"][0])))
                exchange["spi"], exchange["kind"] = spi, kind
        elif kind == 32:
            exchange = quick.setdefault((spi, identity), {"asker": source, "requests": [], "responses": [], "informationals": []})
            exchange["requests" if source == exchange["asker"] else "responses"].append(frame)
        elif kind == 5 and errors:
            for (other, _), exchange in reversed(quick.items()):
                if other == spi and source != exchange["asker"] and not exchange["responses"]:
                    exchange["informationals"].append((frame, errors))
                    break
    result = []
    for exchange in found.values():
        if not exchange["requests"] or not exchange["responses"]:
            continue
        frame, payloads, errors, length = exchange["responses"][0]
        readable = PAYLOAD_SKF in payloads or payloads - {46}
        if not readable and exchange["kind"] == 36:
            continue                            # keys are missing for this IKE SA: no truth
        refused = bool(errors) and PAYLOAD_SA2 not in payloads
        result.append(Exchange(IKEV2_REFUSABLE[exchange["kind"]], [each[0] for each in exchange["requests"]],
                               [each[0] for each in exchange["responses"]], [], refused, first(errors), length, PAYLOAD_SKF in payloads,
                               algorithms.get(exchange["spi"], UNKNOWN)))
    for exchange in quick.values():
        frames = [frame for frame, _ in exchange["informationals"]]
        if exchange["responses"] or frames:
            refused = not exchange["responses"]
            result.append(Exchange(QUICK_MODE, exchange["requests"][:1], exchange["responses"][:1], frames, refused,
                                   exchange["informationals"][0][1][0] if refused else None, 0, False, None))
    return result


def claimed(output):
    """The sets of frames that each keyless child_refused rests on."""
    return [set(finding["evidence"]) for tunnel in output.json["tunnels"] for finding in tunnel["findings"]
            if finding["key"] == "child_refused"]


def must_be_caught(exchange):
    """By the arithmetic: the answer is too small for the smallest child SA. A fragment says nothing."""
    return exchange.kind == "CREATE_CHILD_SA" and not exchange.fragmented \
        and exchange.length < message_length(SMALLEST_CHILD, exchange.around)


def is_about(frames, exchange):
    return bool(frames & {*exchange.request, *exchange.responses}) if exchange.kind != QUICK_MODE else exchange.request[0] in frames


Case = namedtuple("Case", "name capture options keyed")
with_ike_keys = [name for name in KEYED if "ikev" in (FOLDER / f"{name}.opts").read_text()]
CASES = [Case(name, name, (), True) for name in LAB] + [Case(name, str(FOLDER / name), options_of(name), False) for name in with_ike_keys]


@pytest.fixture(scope="module")
def classified(spiscope, request):
    """(case, exchange, how often SPIscope says that it was refused) for all of them."""
    run_ahead(spiscope, [(case.capture,) for case in CASES])
    found, stray = [], []
    for case in CASES:
        rows = spiscope.isakmp(case.capture) if case.keyed else spiscope.rows(case.capture, spiscope.ISAKMP, case.options, plugin=False)
        exchanges, claims = exchanges_of(rows), claimed(outputs(spiscope, case.capture))
        for exchange in exchanges:
            found.append((case, exchange, sum(is_about(frames, exchange) for frames in claims)))
        stray += [(case.name, sorted(frames)) for frames in claims if not any(is_about(frames, exchange) for exchange in exchanges)]
    lines = []
    for kind in (*IKEV2_REFUSABLE.values(), QUICK_MODE):
        own = [(exchange.refused, count) for _, exchange, count in found if exchange.kind == kind]
        lines.append(f"{kind}: {len(own)} exchanges, {sum(refused for refused, _ in own)} refused by the keys; without keys "
                     f"{sum(count > 0 for _, count in own)} told to be refused, {sum(not count for _, count in own)} left open, of these "
                     f"{sum(refused and not count for refused, count in own)} refused")
    request.config.spiscope_lines = [f"Keyless bounds on {len(CASES)} captures with keys:", *lines]     # conftest.py prints them
    return found, stray


def test_there_is_enough_to_classify(classified):
    counts = Counter((exchange.kind, exchange.refused) for _, exchange, _ in classified[0])
    assert counts["CREATE_CHILD_SA", True] >= 20 and counts["CREATE_CHILD_SA", False] >= 80, counts
    assert counts[QUICK_MODE, True] >= 14 and counts[QUICK_MODE, False] >= 40, counts


def test_nothing_is_called_refused_that_was_not(classified):
    found, stray = classified
    wrong = [(case.name, exchange) for case, exchange, count in found if count and not exchange.refused]
    assert not wrong and not stray, f"{wrong}; about no exchange that the keys show: {stray}"


def test_each_refusal_is_told_once(classified):
    assert not [(case.name, exchange) for case, exchange, count in classified[0] if count > 1]


def test_the_arithmetic_itself_calls_no_success_a_refusal(classified):
    small = [(case.name, exchange) for case, exchange, _ in classified[0] if must_be_caught(exchange) and not exchange.refused]
    assert not small


def test_what_the_arithmetic_proves_is_told(classified):
    missed = [(case.name, exchange) for case, exchange, count in classified[0] if must_be_caught(exchange) and not count]
    assert not missed


def test_every_create_child_sa_of_these_captures_is_classified(classified):
    """All refusals here are single notifies: none is left open."""
    left = [(case.name, exchange) for case, exchange, count in classified[0] if exchange.kind == "CREATE_CHILD_SA"
            and not exchange.fragmented and exchange.refused != bool(count)]
    assert not left


def test_a_refused_quick_mode_is_told_if_it_was_tried_again(classified):
    """An Informational may say anything. Only the next try shows that it was a refusal: the last of a capture stays open."""
    per_capture = {}
    for case, exchange, count in classified[0]:
        if exchange.kind == QUICK_MODE and exchange.refused:
            per_capture.setdefault(case.name, []).append((exchange.request[0], count))
    assert len(per_capture) >= 3
    for name, tries in per_capture.items():
        *earlier, last = sorted(tries)
        assert all(count for _, count in earlier), name
        assert not last[1], name


def test_third_party_captures_are_among_them():
    if not THIRD_PARTY:
        pytest.skip("no third-party captures: set SPISCOPE_SHARED")
    assert len(with_ike_keys) >= 10


# --- the arithmetic, for every algorithm ----------------------------------------------------------------------------------

class Builder:
    """A capture, byte by byte: Ethernet, IPv4, UDP 500, IKEv2."""

    def __init__(self):
        self.random = random.Random(4)
        self.records, self.time, self.peers = [], 0, 0
        self.refused, self.accepted = {}, {}        # frame -> what it is

    def add(self, from_a, data):
        self.time += 20_000
        a, b = struct.pack(">BBH", 10, 1, self.peers), struct.pack(">BBH", 10, 2, self.peers)
        source, destination = (a, b) if from_a else (b, a)
        udp = struct.pack(">HHHH", 500, 500, 8 + len(data), 0) + data
        packet = bytes(12) + b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), len(self.records), 0, 64, 17, 0) \
            + source + destination + udp
        self.records.append((self.time, packet))
        return len(self.records)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for time, packet in self.records:
                file.write(struct.pack("<IIII", 1_700_000_000 + time // 1_000_000, time % 1_000_000, len(packet), len(packet)) + packet)
        path.chmod(0o644)

    def message(self, exchange, identity, response, payloads):
        flags = ike.RESPONSE if response else ike.INITIATOR
        responder = 0 if exchange == ike.INIT and not response else self.spis[1]
        return self.add(not response, ike.message(self.spis[0], responder, 2, exchange, flags, identity, payloads))

    def encrypted(self, exchange, identity, response, length, fragment=None):
        """A message of so many bytes with an SK payload, or a fragment's SKF, of random bytes."""
        body = self.random.randbytes(length - IKE_HEADER - GENERIC_HEADER - (4 if fragment else 0))
        if fragment:
            return self.message(exchange, identity, response, [ike.Payload(ike.SKF, struct.pack(">HH", *fragment) + body, (), 41)])
        return self.message(exchange, identity, response, [ike.Payload(ike.SK, body, (), 41)])

    def begin(self, cipher=None, integrity=None):
        """A new pair of peers, and their IKE_SA_INIT if a cipher is given."""
        self.peers += 1
        self.identity = 2
        self.spis = self.random.getrandbits(64) | 1, self.random.getrandbits(64) | 1
        if cipher is None:
            return
        transforms = [ike.transform2(1, cipher, 256 if cipher in (12, 13, 20, 23) else 0), ike.PRF_SHA256,
                      *([ike.transform2(3, integrity)] if integrity else []), ike.transform2(4, 14)]
        offer = ike.Payload(ike.SA2, ike.proposals([(ike.IKE, b"", len(transforms), ike.packed(3, transforms))]))
        for response in (False, True):
            self.message(ike.INIT, 0, response, [offer, ike.ke2(14, self.random.randbytes(256)),
                                                 ike.Payload(ike.NONCE2, self.random.randbytes(32))])
        self.encrypted(ike.AUTH, 1, False, 444)
        self.encrypted(ike.AUTH, 1, True, 444)

    def exchange(self, what, length, refused, fragments=0):
        self.encrypted(ike.CREATE, self.identity, False, 540)
        if fragments:
            for number in range(1, fragments + 1):
                self.accepted[self.encrypted(ike.CREATE, self.identity, True, length, (number, fragments))] = what
        else:
            (self.refused if refused else self.accepted)[self.encrypted(ike.CREATE, self.identity, True, length)] = what
        self.identity += 1

    def all_sizes(self, name, around):
        for contents in REFUSALS:
            self.exchange(f"{name}: a notify of {contents} bytes", message_length(contents, around), True)
        smallest = message_length(SMALLEST_CHILD, around)
        self.exchange(f"{name}: the smallest child SA", smallest, False)
        self.exchange(f"{name}: one block less", smallest - around[1], True)
        self.exchange(f"{name}: the smallest IKE SA", message_length(SMALLEST_IKE_SA, around), False)
        self.exchange(f"{name}: the smallest child SA and a block of padding", smallest + around[1], False)
        self.exchange(f"{name}: two fragments of the size of a notify", 4 + message_length(NOTIFY, around), False, 2)
        self.exchange(f"{name}: a single fragment", 4 + message_length(NOTIFY, around), False, 1)


@pytest.fixture(scope="module")
def sizes(spiscope):
    """The builder, and the frames on which the plugin says child_refused."""
    built = Builder()
    for cipher, (name, _, _, icv) in CIPHERS.items():
        for integrity in INTEGRITY if icv is None else (None,):
            built.begin(cipher, integrity)
            built.all_sizes(f"{name} {INTEGRITY[integrity][0] if integrity else ''}", envelope(cipher, integrity))
    for cipher, integrity in [*((cipher, None) for cipher in UNKNOWN_CIPHERS), (12, UNKNOWN_INTEGRITY)]:
        built.begin(cipher, integrity)
        built.all_sizes(f"cipher {cipher}, integrity {integrity}", envelope(cipher, integrity))
    built.begin()
    built.all_sizes("IKE_SA_INIT not captured", UNKNOWN)
    for cipher, integrity in ((12, 14), (3, 2), (20, None)):    # what gateways use: still seen to be refusals
        for contents in REFUSALS:
            built.exchange(f"IKE_SA_INIT not captured: a notify of {contents} bytes in {CIPHERS[cipher][0]}",
                           message_length(contents, envelope(cipher, integrity)), True)
    path = spiscope.readable_copy_dir("bounds") / "bounds.pcap"
    built.write(path)
    findings = [finding for tunnel in outputs(spiscope, str(path)).json["tunnels"] for finding in tunnel["findings"]
                if finding["key"] == "child_refused"]
    return built, findings


def test_the_smallest_contents_are_those_of_the_rfc(sizes):
    """92 and 104 bytes; and every pair of algorithms is in."""
    assert (SMALLEST_CHILD, SMALLEST_IKE_SA) == (92, 104)
    combined = sum(icv is not None for _, _, _, icv in CIPHERS.values())
    assert sizes[0].peers == combined + (len(CIPHERS) - combined) * len(INTEGRITY) + len(UNKNOWN_CIPHERS) + 2


def test_no_success_however_small_is_called_a_refusal(sizes):
    built, findings = sizes
    wrong = [built.accepted.get(finding["frame"], finding) for finding in findings if finding["frame"] not in built.refused]
    assert not wrong


def test_every_refusal_is_proven_up_to_one_block_below_the_smallest_success(sizes):
    built, findings = sizes
    told = Counter(finding["frame"] for finding in findings)
    assert not [what for frame, what in built.refused.items() if told[frame] != 1]
    assert {finding["confidence"] for finding in findings} == {"proven"}


def test_a_refusal_by_size_names_no_reason(sizes):
    for finding in sizes[1]:
        assert "The reason is encrypted" in finding["text"] and "too small" in finding["text"]
        assert not re.search(r"[A-Z]_[A-Z]", finding["text"]), "the name of a notify"
        assert "child SA" in finding["text"] and "new IKE SA" in finding["text"], "a CREATE_CHILD_SA may ask for either (RFC 7296 section 1.3)"


def test_a_group_that_was_asked_for_again_and_accepted_leaves_the_verdict_alone(spiscope):
    """INVALID_KE_PAYLOAD is as small as any refusal, and is one; but the rekey comes again at once, and succeeds."""
    built = Builder()
    built.begin(12, 12)
    for _ in range(3):
        built.time += 3_600_000_000
        built.exchange("INVALID_KE_PAYLOAD", message_length(NOTIFY + 2, envelope(12, 12)), False)
        built.exchange("the same with another group", 500, False)
    path = spiscope.readable_copy_dir("bounds") / "invalid_ke.pcap"
    built.write(path)
    tunnel, = outputs(spiscope, str(path)).json["tunnels"]
    assert "refused" not in tunnel["verdict"]["summary"]
    texts = [finding["text"] for finding in tunnel["findings"] if finding["key"] == "child_refused"]
    assert len(texts) == 3 and all("It was made good: the next try" in text for text in texts)


def test_a_group_that_was_asked_for_again_and_refused_stays_in_the_verdict(spiscope):
    """After an IKE_AUTH that was accepted, every rekey is refused."""
    built = Builder()
    built.begin(12, 12)
    for _ in range(3):
        built.time += 3_600_000_000
        built.exchange("refused", message_length(NOTIFY, envelope(12, 12)), True)
        built.exchange("refused again", message_length(NOTIFY, envelope(12, 12)), True)
    path = spiscope.readable_copy_dir("bounds") / "refused_twice.pcap"
    built.write(path)
    tunnel, = outputs(spiscope, str(path)).json["tunnels"]
    assert tunnel["verdict"]["cause"] == "refused", "a group is not named by a size"
    texts = [finding["text"] for finding in tunnel["findings"] if finding["key"] == "child_refused"]
    assert len(texts) == 6 and not any("accepted" in text for text in texts)
