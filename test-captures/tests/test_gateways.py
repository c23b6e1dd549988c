# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of gateways in the preferences: what a tunnel is called, and the lifetimes that its gateways are configured with.

v1_life_ends: 192.0.2.1 offers a phase 2 lifetime of 360 s (frame 7), 192.0.2.2 one of 3600 s; both offer 15840 s for phase 1 (its daemons' configuration:
test-captures/lab/CAPTURES.md)."""
import re
import subprocess

import pytest
from outputs import run

CAPTURE = "v1_life_ends"
A, B = "192.0.2.1", "192.0.2.2"
NAME = "Berlin - Bern"
EXPECTED = re.compile(r"Phase (\d) lifetime: (\S+) offers (\d+) s, expected \(preferences\) is (\d+) s")


def gateways(*rows):
    return tuple("uat:spiscope_gateways:" + ",".join(f'"{cell}"' for cell in row) for row in rows)


def expected_said(output):
    """(phase, who offers, what, what is expected) of each finding that compares with what is expected."""
    texts = [finding["text"] for tunnel in output.json["tunnels"] for finding in tunnel["findings"]]
    return {(int(found[1]), found[2], int(found[3]), int(found[4])) for text in texts if (found := EXPECTED.search(text))}


@pytest.mark.parametrize("pair", [(A, B), (B, A)])
def test_each_output_calls_the_tunnel_by_its_name(spiscope, pair):
    rows = gateways(("192.0.2.9", B, "another", 0, 0), (*pair, NAME, 0, 0))
    output = run(spiscope, CAPTURE, options=rows)
    assert output.json["tunnels"][0]["name"] == NAME
    assert f"Tunnel 0    {NAME}: A {A}, B {B}" in output.report
    assert f"Tunnel 0: {NAME}: A {A}" in output.svg
    (row,) = spiscope.stat_table(CAPTURE, "tunnel", options=rows)
    assert row["Name"] == NAME and not expected_said(output)


def test_other_tunnels_have_no_name(spiscope):
    output = run(spiscope, CAPTURE, options=gateways((A, "192.0.2.9", NAME, 1, 1), ("2001:db8::1", "2001:db8::2", NAME, 1, 1)))
    assert output.json["tunnels"][0]["name"] is None and NAME not in output.report + output.svg and not expected_said(output)


@pytest.mark.parametrize("row, options, said", [
    ((A, B, "", 0, 3600), (), {(2, A, 360, 3600)}),
    ((B, A, "", 0, 360), (), {(2, B, 3600, 360)}),
    ((A, B, "", 86400, 360), (), {(1, A, 15840, 86400), (2, B, 3600, 360)}),
    ((A, B, "", 0, 360), ("spiscope.expected_phase1_lifetime:86400", "spiscope.expected_phase2_lifetime:3600"), {(1, A, 15840, 86400), (2, B, 3600, 360)}),
    ((A, "192.0.2.9", "", 0, 360), ("spiscope.expected_phase2_lifetime:3600",), {(2, A, 360, 3600)}),
])
def test_a_pairs_own_lifetimes_come_before_those_of_all(spiscope, row, options, said):
    assert expected_said(run(spiscope, CAPTURE, keys=True, options=(*gateways(row), *options))) == said


def test_a_name_may_hold_what_outputs_use_themselves(spiscope):
    """Markup, and what is no ASCII: the report is plain ASCII."""
    name = "Zürich </text>&amp;"
    output = run(spiscope, CAPTURE, options=gateways((A, B, name, 0, 0)))
    assert output.json["tunnels"][0]["name"] == name
    assert "</text>&amp;" not in output.svg.replace("&lt;/text&gt;&amp;amp;", "") and "Z??rich </text>" in output.report


def test_what_is_no_address_is_refused(spiscope):
    done = subprocess.run([*spiscope.as_nobody(), "tshark", "-r", str(spiscope.path(CAPTURE)), "-o", *gateways(("berlin", B, "", 0, 0))],
                          env=spiscope.environment(spiscope.room / "home"), cwd=spiscope.room, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and '"berlin" is no IPv4 or IPv6 address' in done.stderr
