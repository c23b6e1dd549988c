# SPDX-License-Identifier: GPL-2.0-or-later
"""SPIscope reads bytes, led by what Wireshark's dissectors found: whether there is a tree or not, in the first pass and in the
second, the same. What it does not read, it says."""
import json
import struct

import ike_bytes as ike
import outputs
import pytest
from frames import ESP, ETHERNET_IPV4, LINKTYPE_ETHERNET, checksum, ip_header, packet, pcap_header, pcap_record, udp_header
from harness import LAB, TEST_CAPTURES, make
from ike_capture import IkeCapture
from ike_peers import Ike2

A, B, C, S = make.A, make.B, make.C, make.S
HOSTILE = ("ike_hostile_lengths", "ike_hostile_random", "ike_hostile_text", "ike_hostile_lives", "ike_hostile_chains")


def write(spiscope, name, records, link_type=LINKTYPE_ETHERNET):
    """A capture of (microseconds since BASE, frame); its path."""
    path = spiscope.readable_copy_dir("reading") / f"{name}.pcap"
    with open(path, "wb") as file:
        file.write(pcap_header()[:-4] + struct.pack("<I", link_type))
        for time, frame in records:
            file.write(pcap_record(make.BASE * S + time, frame))
    path.chmod(0o644)
    return path




@pytest.mark.parametrize("name", HOSTILE)
def test_a_tree_changes_nothing_of_malformed_messages(spiscope, constructed_ike, name):
    """Wireshark marks a malformed payload in a tree that is shown otherwise than in one that is not."""
    bare, verbose = (outputs.run(spiscope, name, may_complain=True, passes=1).json, with_tree(spiscope, name))
    assert bare == verbose


# Payloads that say less than they announce, of kinds from which SPIscope takes nothing
MALFORMED = {
    "eap": ike.Payload(ike.EAP, struct.pack(">BBHB", 1, 1, 200, 4) + b"abc"),
    "certificate": ike.Payload(37, b"\x04\x30\x82\x10\x00abc"),
    "authentication": ike.Payload(ike.AUTH2, b"\x02"),
    "configuration": ike.Payload(47, struct.pack(">IHH", 1 << 24, 1, 200) + b"ab"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_payload_hides_no_other(spiscope, kind):
    """IKE_AUTH in clear, whose request ends with such a payload: the child SA that it negotiates is read, with a tree and without."""
    cap = IkeCapture(f"malformed_{kind}", "")
    sa = Ike2(cap)
    sa.init(0)
    asked, answered = cap.new_spi(), cap.new_spi()
    selectors = [ike.ts(ike.TSI, ("10.1.0.0/24",)), ike.ts(ike.TSR, ("10.2.0.0/24",))]
    sa.exchange(S, 0, ike.AUTH, [ike.identity2(ike.IDI, b"a"), ike.sa2_child(asked), *selectors, MALFORMED[kind]],
                [ike.identity2(ike.IDR, b"b"), ike.sa2_child(answered), *selectors])
    path = cap.finish().write(spiscope.readable_copy_dir("reading"))
    path.chmod(0o644)
    for found in (outputs.run(spiscope, path).json, with_tree(spiscope, path)):
        tunnel, = found["tunnels"]
        assert {int(one["spi"], 0) for one in tunnel["sas"]} == {asked, answered}


def with_tree(spiscope, capture, keys=False):
    path = spiscope.path(capture)
    file = spiscope.readable_copy_dir("home") / f"{path.stem}-{keys}.json"
    spiscope.tshark("-n", "-V", "-r", path, "-z", f"spiscope,json,{file}", keys=path.with_suffix(".keys") if keys else None, may_complain=True)
    return json.loads(file.read_text())


@pytest.mark.parametrize("capture", [name for name in LAB if "flap" in name or "healthy" in name])
@pytest.mark.parametrize("keys", [False, True], ids=["keyless", "keyed"])
def test_a_tree_changes_nothing(spiscope, capture, keys):
    assert outputs.run(spiscope, capture, keys, may_complain=True).json == with_tree(spiscope, capture, keys)


def spoilt(table):
    """A key table with other keys: those of encryption are turned over, two of IKEv2 and one of IKEv1."""
    lines = []
    for line in table.splitlines():
        fields = line.split(",")
        for i in ([2, 3] if len(fields) > 2 else [1]):
            fields[i] = "".join(f"{15 - int(digit, 16):x}" for digit in fields[i])
        lines.append(",".join(fields) if not line.startswith("#") else line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("capture, table", [("v1_healthy", "ikev1_decryption_table"), ("v2_healthy", "ikev2_decryption_table"),
                                            ("v2_gcm_reauth", "ikev2_decryption_table")])
def test_what_a_wrong_key_decrypts_to_is_not_read(spiscope, capture, table):
    """Garbage says nothing: all is as without keys."""
    folder = spiscope.readable_copy_dir(f"{capture}-wrong.keys")
    right = (TEST_CAPTURES / f"{capture}.keys" / table).read_text()
    (folder / table).write_text(spoilt(right))
    file = spiscope.readable_copy_dir("home") / f"{capture}-wrong.json"
    spiscope.tshark("-n", "-q", "-r", spiscope.path(capture), "-z", f"spiscope,json,{file}", keys=folder, may_complain=True)
    wrong = json.loads(file.read_text())
    assert wrong == outputs.run(spiscope, capture).json
    assert wrong != outputs.run(spiscope, capture, True).json


def test_a_header_in_a_payload_is_no_packet(spiscope):
    spis = {sa["spi"] for tunnel in outputs.outputs(spiscope, "header_in_payload").json["tunnels"] for sa in tunnel["sas"]}
    assert spis == {"0xa0000001", "0xb0000001", "0x000000c1", "0x000000c2"}
    assert not spiscope.rows("header_in_payload", ("frame.number",), display_filter=f"spiscope.sa.spi == {make.HIDDEN_SPI:#x}")


def test_icmp_errors_count_for_the_tunnel_that_they_quote(spiscope):
    """quoted_in_icmp: 20 quote ESP and AH from A to B, 10 ESP in UDP from A to C, and one plain ESP between these two."""
    tunnels = outputs.outputs(spiscope, "quoted_in_icmp").json["tunnels"]
    assert sorted(tunnel["icmp_errors"] for tunnel in tunnels) == [11, 20]
    v6, = outputs.outputs(spiscope, "quoted_in_icmpv6").json["tunnels"]
    assert v6["icmp_errors"] == len([i for i in range(30) if i % 3 == 1 or i % 5 == 4])


def test_fragments_that_never_became_whole_are_counted(spiscope, truth):
    tunnel, = outputs.outputs(spiscope, "fragments_lost").json["tunnels"]
    assert tunnel["lost_in_fragments"] == truth["fragments_lost"].frames["lost"] == 8
    whole, = outputs.outputs(spiscope, "encap_ip_fragments").json["tunnels"]
    assert whole["lost_in_fragments"] == 0


USER_0 = 147                    # LINKTYPE_USER0
UNREAD = "an encapsulation that SPIscope does not read"


def test_what_is_not_read_is_counted(spiscope):
    """ESP without an IP header, as a link layer of the user's own: there are no addresses, so there is no SA."""
    frames = [(i * S, struct.pack(">II", 0xC1, i + 1) + bytes(60)) for i in range(12)]
    path = write(spiscope, "not_under_ip", frames, USER_0)
    option = ("-o", 'uat:user_dlts:"User 0 (DLT=147)","esp","0","","0",""')
    file = spiscope.readable_copy_dir("home") / "not_under_ip.json"
    done = spiscope.tshark("-n", "-q", "-r", path, *option, "-z", "spiscope,report", "-z", f"spiscope,json,{file}")
    assert f"12 ESP packets in {UNREAD}" in " ".join(done.stdout.split())
    found = json.loads(file.read_text())
    assert found["capture"]["unread"] == {"esp": 12, "ah": 0, "ike": 0}
    assert found["tunnels"] == []
    one, = found["findings"]
    assert (one["key"], one["frame"], one["severity"], one["confidence"]) == ("not_read", 1, "note", "proven")
    assert one["text"] == f"12 ESP packets in {UNREAD}"
    for passes, count in ((1, "1 ESP packet"), (2, "12 ESP packets")):
        rows = spiscope.rows(path, ("frame.number", "spiscope.finding.text"), option[1:], passes=passes, display_filter="spiscope.not_read")
        assert [(row["frame.number"], row["spiscope.finding.text"]) for row in rows] == [(["1"], [f"{count} in {UNREAD}"])]


@pytest.mark.parametrize("capture", ["churn", "quoted_in_icmp", "quoted_in_samples", "snaplen_60", "encap_mpls", "ike_hostile_all_ones"])
def test_all_is_read_that_can_be(spiscope, constructed_ike, capture):
    found = outputs.run(spiscope, capture, may_complain=True).json
    assert found["capture"]["unread"] == {"esp": 0, "ah": 0, "ike": 0}
    assert "not_read" not in [finding["key"] for finding in found["findings"]]


def esp_data(spi, sequence):
    return struct.pack(">II", spi, sequence) + bytes(16)


def esp_frame(spi, sequence, identity=1):
    data = esp_data(spi, sequence)
    return ETHERNET_IPV4 + ip_header(A, B, 20 + len(data), identity, ESP) + data


def test_an_spi_that_is_used_over_and_over_is_found_again(spiscope):
    """3000 SAs one after the other under one SPI, each ended by a Delete in clear: the second pass finds the first of them."""
    reused = 3000
    path = write(spiscope, "reused", list(reuses(reused)))
    rows = spiscope.rows(path, ("frame.number", "spiscope.sa"), passes=2, display_filter="esp")
    assert [int(row["spiscope.sa"][0]) for row in rows if row["spiscope.sa"]] == list(range(reused))


def reuses(count):
    for i in range(count):
        yield i * S, esp_frame(0xC1, 1, i + 1)
        message = ike.message(1, 2, 2, ike.INFO, ike.INITIATOR, i, [ike.delete2((0xC1,))])
        udp = udp_header(500, 500, len(message)) + message
        yield i * S + S // 2, ETHERNET_IPV4 + ip_header(B, A, 20 + len(udp), i % 65535 + 1) + udp


def fragments(spi, sequence, identity):
    data = esp_data(spi, sequence)
    for more, offset, part in ((0x2000, 0, data[:16]), (0, 2, data[16:])):
        header = bytearray(ip_header(A, B, 20 + len(part), identity, ESP))
        header[6:8] = struct.pack(">H", more | offset)
        header[10:12] = b"\0\0"
        yield ETHERNET_IPV4 + bytes(header) + part


def test_all_reassembled_packets_are_found_again(spiscope):
    """70,000 packets of two fragments each: the second pass finds the last ones."""
    packets = 70_000
    frames = ((i * 60_000 + part, frame) for i in range(packets) for part, frame in enumerate(fragments(0xC1, i + 1, i % 65536)))
    path = write(spiscope, "reassembled", frames)
    rows = spiscope.rows(path, ("frame.number", "spiscope.sa.packets"), passes=2, display_filter=f"frame.number > {2 * packets - 4}")
    assert [row["spiscope.sa.packets"] for row in rows] == [[], [str(packets - 1)], [], [str(packets)]]


def with_options(spi, sequence):
    """An IPv4 header with two words of options, no operation each (RFC 791 section 3.1)."""
    data = esp_data(spi, sequence)
    header = bytearray(ip_header(A, B, 28 + len(data), sequence, ESP))
    header[0], header[10:12] = 0x47, b"\0\0"
    header += b"\1" * 8
    header[10:12] = struct.pack(">H", checksum(bytes(header)))
    return ETHERNET_IPV4 + bytes(header) + data


def in_llc(spi, sequence):
    """IEEE 802.2 with SNAP (RFC 1042), whose length stands where Ethernet's type does."""
    data = esp_data(spi, sequence)
    inner = bytes.fromhex("aaaa030000000800") + ip_header(A, B, 20 + len(data), sequence, ESP) + data
    return ETHERNET_IPV4[:12] + struct.pack(">H", len(inner)) + inner


# What has as many protocols as a plain packet of ESP in IPv4, and ESP as the last one: SPI -> the frames of a packet
LIKE_PLAIN = {
    0x6001: lambda sequence: [packet("2001:db8::1", "2001:db8::2", esp_data(0x6001, sequence), 0, ESP)],
    0x4001: lambda sequence: [with_options(0x4001, sequence)],
    0xF001: lambda sequence: list(fragments(0xF001, sequence, sequence)),
    0x8021: lambda sequence: [in_llc(0x8021, sequence)],
}


def test_as_many_protocols_are_not_the_same_protocols(spiscope):
    """Each kind after a plain packet, and one after the other: what was remembered of the frame before is not taken for its."""
    packets, frames = 20, []
    for sequence in range(1, packets + 1):
        for spi, frames_of in LIKE_PLAIN.items():
            number = len(frames)
            frames += [esp_frame(0xC1, (sequence - 1) * len(LIKE_PLAIN) + list(LIKE_PLAIN).index(spi) + 1, number + 1), *frames_of(sequence)]
        frames += [frame for frames_of in LIKE_PLAIN.values() for frame in frames_of(packets + sequence)]
    path = write(spiscope, "like_plain", ((i * 10_000, frame) for i, frame in enumerate(frames)))
    sas = {int(sa["spi"], 0): sa["packets"] for tunnel in outputs.run(spiscope, path).json["tunnels"] for sa in tunnel["sas"]}
    assert sas == {0xC1: packets * len(LIKE_PLAIN), **{spi: 2 * packets for spi in LIKE_PLAIN}}
    rows = spiscope.rows(path, ("frame.protocols",), display_filter="esp && !ip.opt.type")
    assert {row["frame.protocols"][0].count(":") for row in rows} == {3}     # eth, ethertype, ip, esp: or else the test shows nothing
