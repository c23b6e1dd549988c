# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and times as the user has them: hosts files and names that the capture brings, -t and the time zone. What is expected comes from the hosts
file, from Python's own time zones, and from the JSON, whose addresses and times are the same for everybody."""
import json
import re
import struct
from datetime import datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from harness import parse_stat_table
from test_timeline import LEFT, PCAP_HEADER, RIGHT, SVG, check_form, esp

A, B = "192.0.2.1", "192.0.2.2"                 # of v2_flap
NAMES = {A: "hub.example", B: "berlin.example"}
# What a terminal takes for a command, what turns the writing round, markup, line ends
HOSTILE = b"\x1b]0;owned\x07\xc2\x9b31m\xe2\x80\xaecod.exe\xe2\x80\xa8\n<script>\xff"


@pytest.fixture(scope="module")
def room(spiscope):
    folder = spiscope.readable_copy_dir("names-and-times")
    (folder / "hosts").write_text("".join(f"{address} {name}\n" for address, name in NAMES.items()))
    (folder / "hosts").chmod(0o644)
    return folder


def outputs_of(spiscope, path, *options, **environment):
    """The report, the JSON as text, and the timeline."""
    out = spiscope.room / "home"
    done = spiscope.tshark("-q", "-r", path, *options, "-z", "spiscope,report", "-z", f"spiscope,json,{out}/names.json",
                           "-z", f"spiscope,timeline,{out}/names.svg", **environment)
    texts = [(out / f"names.{kind}").read_bytes().decode() for kind in ("json", "svg")]
    for kind in ("json", "svg"):
        (out / f"names.{kind}").unlink()
    return done.stdout, *texts


def table_of(spiscope, path, name, *options, **environment):
    return parse_stat_table(spiscope.tshark("-q", "-r", path, *options, "-z", f"spiscope,{name}", **environment).stdout)


# --- names ------------------------------------------------------------------------------------------------------------

def named(address):
    return f"{NAMES[address]} ({address})"


def test_names_stand_beside_addresses(spiscope, room):
    path = spiscope.path("v2_flap")
    report, text, svg = outputs_of(spiscope, path, "-N", "n", "-H", room / "hosts")
    plain_report, plain_text, plain_svg = outputs_of(spiscope, path, "-n")
    words = " ".join(report.split())
    assert f"Tunnel 0 A {named(A)}, B {named(B)}" in words and f"A ({named(A)})" in words
    assert words.replace(named(A), A).replace(named(B), B) == " ".join(plain_report.split()), "nothing else changes"
    assert f"Tunnel 0: A {named(A)} \u2194 B {named(B)}" in svg
    assert svg.count("<") == plain_svg.count("<")
    tunnel, = table_of(spiscope, path, "tunnel", "-N", "n", "-H", room / "hosts")
    assert (tunnel["Peer A"], tunnel["Peer B"]) == (named(A), named(B))


def test_programs_keep_the_addresses(spiscope, room):
    path = spiscope.path("v2_flap")
    tunnels, plain = (json.loads(outputs_of(spiscope, path, *options)[1])["tunnels"] for options in (("-N", "n", "-H", room / "hosts"), ("-n",)))
    assert [tunnel.pop("name") for tunnel in tunnels] == [f"{NAMES[A]} - {NAMES[B]}"] and [tunnel.pop("name") for tunnel in plain] == [None]
    assert [finding["text"] for finding in tunnels[0]["findings"]] != [finding["text"] for finding in plain[0]["findings"]]
    for tunnel in (*tunnels, *plain):
        for finding in tunnel["findings"]:
            del finding["text"]                 # a sentence, for people
        del tunnel["verdict"]["summary"]
    assert tunnels == plain


def test_a_filter_compares_the_address(spiscope, room):
    lines = spiscope.tshark("-r", spiscope.path("v2_flap"), "-N", "n", "-H", room / "hosts", "-Y", f'spiscope.outage.ended_by == "{A}"', "-T", "fields",
                            "-e", "spiscope.outage.ended_by").stdout.splitlines()
    assert len(lines) == 11 and set(lines) == {A}


def test_a_hosts_file_alone_is_not_asked(spiscope, room):
    """As tshark does it: names are off until -N n."""
    assert outputs_of(spiscope, spiscope.path("v2_flap"), "-H", room / "hosts")[0] == outputs_of(spiscope, spiscope.path("v2_flap"))[0]


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def test_a_name_in_the_capture_is_no_command_and_no_markup(spiscope, room):
    """pcapng has names, too, and whoever wrote the file chose them."""
    packets = spiscope.path("v2_flap").read_bytes()
    order, link = struct.unpack_from("<I", packets)[0], struct.unpack_from("<I", packets, 20)[0]
    assert order == 0xA1B2C3D4
    record = bytes(map(int, A.split("."))) + HOSTILE + b"\0"
    data = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 0)) + \
        block(4, struct.pack("<HH", 1, len(record)) + record + bytes(-len(record) % 4) + bytes(4))
    at = 24
    while at < len(packets):
        seconds, microseconds, captured, length = struct.unpack_from("<IIII", packets, at)
        time = seconds * 1_000_000 + microseconds
        data += block(6, struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, captured, length) + packets[at + 16:at + 16 + captured])
        at += 16 + captured
    path = room / "named.pcapng"
    path.write_bytes(data)
    path.chmod(0o644)
    report, text, svg = outputs_of(spiscope, path, "-N", "n")
    assert "owned" in report and "owned" in svg and "cod.exe" in json.loads(text)["tunnels"][0]["name"], "the name came through"
    tables = spiscope.tshark("-q", "-r", path, "-N", "n", "-z", "spiscope,tunnel", "-z", "spiscope,sa", "-z", "spiscope,outage").stdout
    assert "owned" in tables and re.fullmatch(r"[\x20-\x7e\n]*", report)
    check_form(svg)
    for output in (report, text, svg, tables):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", output)
    assert "<script" not in svg


# --- times ------------------------------------------------------------------------------------------------------------

def clock(seconds, zone):
    """As Wireshark has it, to the second, and how far that is ahead of UTC."""
    moment = datetime.fromtimestamp(int(seconds), ZoneInfo(zone))
    ahead = moment.utcoffset()
    minutes = int(abs(ahead) / timedelta(minutes=1))
    return f"{moment:%Y-%m-%d %H:%M:%S}", "UTC" if not ahead else f"UTC{'-' if ahead < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize("options, zone, shown", [
    ((), "Europe/Berlin", "UTC"), (("-t", "r"), "Europe/Berlin", "UTC"), (("-t", "ud"), "Europe/Berlin", "UTC"), (("-t", "u"), "Europe/Berlin", "UTC"),
    (("-t", "a"), "Europe/Berlin", "Europe/Berlin"), (("-t", "ad"), "Asia/Kolkata", "Asia/Kolkata"), (("-t", "adoy"), "America/St_Johns", "America/St_Johns"),
    (("-t", "a"), "UTC", "UTC")], ids=lambda value: "".join(value))
def test_times_are_those_of_the_time_column(spiscope, options, zone, shown):
    path = spiscope.path("v2_flap")
    report, text, svg = outputs_of(spiscope, path, *options, TZ=zone)
    capture, words = json.loads(text)["capture"], " ".join(report.split())
    first, last = (" ".join(clock(capture[name], shown)) for name in ("first", "last"))
    assert f"frames, {first} to {last}" in words and f"from {first}" in svg
    outages = json.loads(text)["tunnels"][0]["outages"]
    rows = table_of(spiscope, path, "outage", *options, TZ=zone)
    assert len(rows) == len(outages) == 11
    for row, outage in zip(rows, outages):
        date, ahead = clock(outage["begin"], shown)
        assert row["Begin"].startswith(f"{date}.") and row["Begin"].endswith(f" {ahead}")
        assert f"{date.split()[1]}." in words
    for row in table_of(spiscope, path, "sa", *options, TZ=zone):
        assert row["Birth"].endswith(clock(capture["first"], shown)[1]) and (not row["Death"] or row["Death"].endswith(clock(capture["first"], shown)[1]))


def test_programs_keep_the_times(spiscope):
    one, other = (outputs_of(spiscope, spiscope.path("v2_flap"), *options, TZ="Asia/Kolkata")[1] for options in ((), ("-t", "a")))
    assert one == other


@pytest.mark.parametrize("zone, begin, hours, step", [
    ("Asia/Kolkata", datetime(2023, 11, 14, 22, 15), 30, 3), ("Europe/Berlin", datetime(2026, 3, 28, 12, 0), 40, 6),
    ("Europe/Berlin", datetime(2026, 10, 24, 9, 0), 40, 6), ("Europe/Berlin", datetime(2026, 10, 23, 9, 0), 9 * 24, 24)],
    ids=["half an hour", "summer time begins", "summer time ends", "days"])
def test_the_axis_has_the_hours_of_the_users_clock(spiscope, room, zone, begin, hours, step):
    """Also after summer time has begun or ended within the capture."""
    begin = begin.replace(tzinfo=ZoneInfo("UTC"))
    offset = int(begin.timestamp()) - 1_700_000_000             # where esp() counts from
    ends = bytes((198, 51, 100, 1)), bytes((203, 0, 113, 1))
    packets = [esp((offset + hour * 3600) * 1000, *ends, 0x10000000, hour + 1) for hour in range(hours + 1)]
    path = room / f"axis-{offset}.pcap"
    path.write_bytes(PCAP_HEADER + b"".join(packets))
    path.chmod(0o644)
    _, _, svg = outputs_of(spiscope, path, "-n", "-t", "a", TZ=zone)
    root = ElementTree.fromstring(svg)
    moments = [begin.astimezone(ZoneInfo("UTC")) + timedelta(minutes=15 * i) for i in range(hours * 4 + 1)]
    local = [(moment, moment.astimezone(ZoneInfo(zone))) for moment in moments]
    full = [(moment, clock) for moment, clock in local if clock.minute == 0 and clock.hour % step == 0]
    assert len(full) >= 5
    ticks = [(text.text, float(text.get("x"))) for text in root.iter(f"{SVG}text") if text.get("class") == "tick"]
    assert [label for label, _ in ticks] == [f"{clock:%Y-%m-%d}" if step == 24 else f"{clock:%H:%M}" for _, clock in full]
    for (moment, _), (_, x) in zip(full, ticks):
        assert x == pytest.approx(LEFT + (moment - begin) / timedelta(hours=hours) * (RIGHT - LEFT), abs=0.1)
