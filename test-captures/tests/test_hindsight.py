# SPDX-License-Identifier: GPL-2.0-or-later
"""What only the end of the capture shows, as tshark -2 and the window have it: a tunnel's verdict on its last packet, and on each frame
the findings that rest on it. The evidence is the findings' own, turned round; the verdict is the JSON's."""
from collections import defaultdict

import pytest
from harness import HINDSIGHT_FIELDS, LAB
from outputs import outputs

SHOWN_AT_MOST = 100         # findings that one frame shows (README, Limits)


@pytest.mark.parametrize("capture", LAB)
def test_the_last_packet_of_a_tunnel_carries_its_verdict(spiscope, capture):
    last, shown = {}, {}
    for row in spiscope.judged(capture):
        frame = int(row["frame.number"][0])
        last.update({int(tunnel): frame for tunnel in row["spiscope.tunnel"]})
        if row["spiscope.state"]:
            shown[frame] = list(zip(row["spiscope.state"], row["spiscope.cause"], strict=True))
    verdicts = defaultdict(list)
    for tunnel in outputs(spiscope, capture, keys=True).json["tunnels"]:
        verdicts[last[tunnel["id"]]].append((tunnel["verdict"]["state"], tunnel["verdict"]["cause"]))
    assert shown == verdicts


@pytest.mark.parametrize("capture", LAB)
def test_a_frame_shows_the_findings_and_the_verdict_that_rest_on_it(spiscope, capture):
    rests, shown, last = defaultdict(set), {}, {}
    for row in spiscope.judged(capture):
        frame = int(row["frame.number"][0])
        for evidence in row["spiscope.evidence"]:
            rests[int(evidence)].add(frame)
        last.update({int(tunnel): frame for tunnel in row["spiscope.tunnel"]})
        if row["spiscope.evidence_of"]:
            shown[frame] = [int(finding) for finding in row["spiscope.evidence_of"]]
    for tunnel in outputs(spiscope, capture, keys=True).json["tunnels"]:
        for evidence in tunnel["verdict"]["evidence"]:
            rests[evidence].add(last[tunnel["id"]])
    expected = {frame: sorted(findings - {frame})[:SHOWN_AT_MOST] for frame, findings in rests.items() if findings - {frame}}
    assert shown == expected


@pytest.mark.parametrize("capture", LAB[:3])
def test_one_pass_knows_nothing_of_the_end(spiscope, capture):
    assert not any(row[name] for row in spiscope.judged(capture, passes=1) for name in HINDSIGHT_FIELDS)
