# SPDX-License-Identifier: GPL-2.0-or-later
"""A seeded sample of what points.py tries: captures of several points say what the nearest ones saw, and what was lost between them.

SPISCOPE_POINTS says how many; by command, points.py tries any number.
"""
import os

import ike_bytes as ike
import outputs
import points
import pytest
from expected_verdicts import MIN_10
from ike_capture import IkeCapture
from ike_peers import Ike2
from writer import MS, A, B, S

RUNS = int(os.environ.get("SPISCOPE_POINTS", 80))       # some 40 s of two processors
SEED = 2
OTHER = "192.0.2.77"
ELSEWHERE = "192.0.2.99"


def told(found):
    return "\n".join(fault for faults in found for fault in faults)


def test_several_points_are_one_capture(spiscope):
    some = points.sample(SEED, RUNS)
    found = points.Maker(spiscope).try_all(some)
    print(f"{len(some)} captures of several points, {sum(bool(faults) for faults in found)} wrong")
    assert {made.fold for made in some} == set(points.FOLDS)
    assert not any(found), told(found)


def test_an_unread_delete_proves_no_restart(spiscope):
    """With keys, where the clocks differ: Wireshark reads no message of IKEv1 behind one that stands at another place in the file."""
    made = points.Made("k_v1_flap", True, "ttl", 2, (35 * points.MS,), (245687,), (0, -5000 * points.MS), 0, False, 502279175)
    assert not points.Maker(spiscope).faults(made)


def test_a_third_points_clock_is_known_before_its_first_packet(spiscope):
    """By copies of IKE messages that the other two had captured minutes ago, and that nobody waits for any more. What they missed of an SA's
    beginning is then no new SA with the same SPI, though the old one was deleted."""
    made = points.Made("k_v2_transport", True, "interfaces", 3, (300 * points.MS, 0), (35 * points.MS, 35 * points.MS), (0, -259356881, 367477723), 0.1,
                       False, 307451777)
    assert not points.Maker(spiscope).faults(made)


def test_an_sa_that_took_an_unread_ones_place_is_told(spiscope):
    """With keys, where clocks differ by less than a second: of the first Quick Mode only the answer can be read, of the next ones all. Without keys
    ESP shows that the second SA took the first one's place."""
    made = points.Made("v1_healthy", True, "links", 2, (300 * points.MS,), (126856,), (0, -598 * points.MS), 0, False, 579047126)
    assert not points.Maker(spiscope).faults(made)


def test_an_sas_rhythm_is_of_all_its_packets(spiscope):
    """Half of an SA's packets, the first two among them, are of the point whose clock is 5 s ahead, as the file has it. They make it no faster
    than it was, so that the Delete 2 s after its last packet comes in no silence."""
    made = points.Made("k_v2_flap", True, "ttl", 2, (300 * points.MS,), (35 * points.MS,), (0, -5000 * points.MS), 0.1, False, 977071824)
    assert not points.Maker(spiscope).faults(made)


@pytest.mark.parametrize("fold", ["interfaces", "links", "ttl"])
def test_each_copy_names_its_packet(spiscope, fold):
    """By the bytes of IKE, ESP and AH, which no router and no NAT changes; and by nothing else."""
    made = points.Made("k_v2_healthy", False, fold, 2, (35 * points.MS,), (80 * points.MS,), (0, 5000 * points.MS), 0.05, False, 8)
    capture = points.make(made)
    path = spiscope.readable_copy_dir("points") / f"copies-{fold}.pcapng"
    path.write_bytes(points.pcapng(capture.records, 2 if fold == "interfaces" else 1))
    path.chmod(0o644)
    rows = spiscope.rows(str(path), ("frame.number", "spiscope.point", "spiscope.copy_of", "spiscope.finding"), passes=2)
    first, wrong = {}, []
    for row, (_, _, order, _, is_ipsec) in zip(rows, capture.records):
        true = [first[order]] if is_ipsec and order in first else []
        first.setdefault(order, row["frame.number"][0])
        if row["spiscope.copy_of"] != true:
            wrong.append((row["frame.number"][0], row["spiscope.copy_of"], true))
    assert not wrong
    if fold == "interfaces":
        assert [row["spiscope.point"] for row, record in zip(rows, capture.records) if record[4]] \
            == [[str(record[1])] for record in capture.records if record[4]]


def test_one_point_has_no_copies(spiscope):
    """Each lab capture was taken on one interface."""
    for capture in points.CAPTURES:
        rows = spiscope.rows(capture, ("frame.number", "spiscope.point", "spiscope.copy_of"))
        assert not [row for row in rows if row["spiscope.copy_of"] or row["spiscope.point"]], capture


def test_points_are_not_told_apart_on_demand(spiscope):
    made = points.Made("k_v2_healthy", False, "interfaces", 2, (35 * points.MS,), (80 * points.MS,), (0, 0), 0, False, 8)
    path = spiscope.readable_copy_dir("points") / "one.pcapng"
    path.write_bytes(points.pcapng(points.make(made).records, 2))
    path.chmod(0o644)
    fields = ("frame.number", "spiscope.point", "spiscope.copy_of", "spiscope.finding")
    rows = spiscope.rows(str(path), fields, ("spiscope.capture_points:FALSE",))
    assert not [row for row in rows if row["spiscope.point"]]
    assert [row for row in rows if "replay_window" in row["spiscope.finding"]]


# --- what is lost between two points, made message by message ------------------------------------------------------------

DELAY = 35 * points.MS
# When strongSwan sends an IKE_SA_INIT again, by its defaults: 4 s, and 1.8 times that each time
AGAIN = [round(sum(4 * 1.8 ** i for i in range(n)) * S) for n in range(4)]


def seen_at_two_points(spiscope, capture, arrives):
    """The capture as two gateways' interfaces saw it, each way taking 35 ms. arrives(time, frame, from_a): whether a packet comes to the other."""
    path = capture.write(spiscope.readable_copy_dir("between"))
    frames = points.read(path)
    gateway = points.ip_address(B).packed
    records = []
    for order, frame in enumerate(frames):
        from_a = frame.addresses[0] != gateway
        near, far = (0, 1) if from_a else (1, 0)
        records.append((frame.time, near, order, frame.data))
        if arrives(frame.time - frames[0].time, frame, from_a):
            records.append((frame.time + DELAY, far, order, points.with_ttl(frame.data, 3)))
    path = path.with_suffix(".pcapng")
    path.write_bytes(points.pcapng(sorted(records, key=lambda record: record[0]), 2))
    path.chmod(0o644)
    return outputs.run(spiscope, str(path), False, MIN_10).json


def tunnel_of(document, peers):
    return next(tunnel for tunnel in document["tunnels"] if set(tunnel["peers"]) == set(peers))


def other_tunnel(capture, until):
    """One that works, so that both points are seen to capture on."""
    sa = Ike2(capture, OTHER, B)
    sa.start(0).send_every(S, until, (OTHER, B))


def ask_for_authentication(capture, messages):
    """IKE_SA_INIT goes well at the 10th second; IKE_AUTH is sent so many times."""
    sa = Ike2(capture, A, B, form="sealed")
    sa.init(10 * S)
    first, _ = sa.exchange(10 * S + 200 * MS, 0, ike.AUTH, [ike.Payload(ike.IDI, bytes(40))], None)
    for again in AGAIN[1:messages]:
        capture.repeat(10 * S + 200 * MS + again, first)


@pytest.mark.parametrize("messages", (3, 4))
def test_a_tunnel_whose_requests_are_lost_between_the_points_is_cut_off(spiscope, messages):
    """It never comes up, and neither peer is to blame: from IKE_AUTH on (as where UDP 4500 is blocked) what A sends does not reach B's side, where
    the other tunnel is seen all the time."""
    capture = IkeCapture(f"auth_lost_{messages}", "", round_trip=100 * MS)
    other_tunnel(capture, 60 * S)
    ask_for_authentication(capture, messages)
    a = points.ip_address(A).packed
    document = seen_at_two_points(spiscope, capture, lambda time, frame, from_a: time < 10 * S + 150 * MS or a not in frame.addresses)
    tunnel = tunnel_of(document, (A, B))
    verdict = tunnel["verdict"]
    assert (verdict["state"], verdict["cause"], verdict["by"]) == ("down", "peer_unreachable", "none"), verdict
    assert "lost_on_the_way" in [finding["key"] for finding in tunnel["findings"]]
    assert tunnel_of(document, (OTHER, B))["verdict"]["cause"] == "none"


def ask_for_a_set_up(capture, responder, messages):
    """At the 10th second, in vain."""
    sa = Ike2(capture, A, responder)
    first, = sa.say(10 * S, 0, ike.INIT, 0, [
        ike.sa2_ike(), ike.ke2(14, bytes(256)), ike.Payload(ike.NONCE2, bytes(32))], responder=0)
    for again in AGAIN[1:messages]:
        capture.repeat(10 * S + again, first)


@pytest.mark.parametrize("messages", (3, 4))
def test_a_tunnel_of_which_nothing_crosses_is_cut_off(spiscope, messages):
    """Not even its IKE_SA_INIT comes to B's side, where what the other tunnel's gateway sends by the same point to B is seen all the time."""
    capture = IkeCapture(f"init_lost_{messages}", "", round_trip=100 * MS)
    other_tunnel(capture, 60 * S)
    ask_for_a_set_up(capture, B, messages)
    a = points.ip_address(A).packed
    document = seen_at_two_points(spiscope, capture, lambda time, frame, from_a: a not in frame.addresses)
    tunnel = tunnel_of(document, (A, B))
    verdict = tunnel["verdict"]
    assert (verdict["state"], verdict["cause"], verdict["by"]) == ("down", "peer_unreachable", "none"), verdict
    lost, = (finding for finding in tunnel["findings"] if finding["key"] == "lost_on_the_way")
    assert lost["confidence"] == "inferred"             # the capture at B's side may have left it out
    way = "a_to_b" if tunnel["peers"][0] == A else "b_to_a"
    between, = tunnel["between"]
    assert between[way]["lost"] == messages
    assert tunnel_of(document, (OTHER, B))["verdict"]["cause"] == "none"


def test_a_tunnel_to_another_gateway_may_go_another_way(spiscope):
    """Nothing shows that the second point lies on its way."""
    capture = IkeCapture("init_elsewhere", "", round_trip=100 * MS)
    other_tunnel(capture, 60 * S)
    ask_for_a_set_up(capture, ELSEWHERE, 4)
    a = points.ip_address(A).packed
    tunnel = tunnel_of(seen_at_two_points(spiscope, capture, lambda time, frame, from_a: a not in frame.addresses), (A, ELSEWHERE))
    verdict = tunnel["verdict"]
    assert (verdict["state"], verdict["cause"]) == ("down", "peer_unreachable")
    assert verdict["by"] == "AB"[tunnel["peers"].index(ELSEWHERE)]
    assert "lost_on_the_way" not in [finding["key"] for finding in tunnel["findings"]]


def test_a_tunnel_whose_requests_arrive_and_are_not_answered_is_not_cut_off(spiscope):
    """B, who answered IKE_SA_INIT, got them all."""
    capture = IkeCapture("auth_unanswered", "", round_trip=100 * MS)
    other_tunnel(capture, 60 * S)
    ask_for_authentication(capture, len(AGAIN))
    tunnel = tunnel_of(seen_at_two_points(spiscope, capture, lambda *_: True), (A, B))
    verdict = tunnel["verdict"]
    assert (verdict["state"], verdict["cause"], verdict["by"]) == ("down", "ike_unanswered", "B" if tunnel["peers"][1] == B else "A")
    assert "lost_on_the_way" not in [finding["key"] for finding in tunnel["findings"]]


def test_esp_that_is_lost_between_the_points_while_ike_passes_is_loss(spiscope):
    """From the 60th second on nothing but IKE of what A sends reaches B's side: the path drops ESP, and no peer is away."""
    capture = IkeCapture("esp_lost", "", round_trip=100 * MS)
    sa = Ike2(capture, A, B)
    child = sa.start(0)
    child.send_every(S, 60 * S, (A, B))
    child.send_every(60 * S, 120 * S, (A,))
    child.send_every(60 * S + 500 * MS, 120 * S, (B,))
    for time in range(10, 120, 10):
        sa.exchange(time * S + 250 * MS, 0, ike.INFO, [], [])
    document = seen_at_two_points(spiscope, capture, lambda time, frame, from_a: not from_a or time < 60 * S - 500 * MS or frame.ike_at)
    tunnel, = document["tunnels"]
    verdict = tunnel["verdict"]
    assert (verdict["state"], verdict["cause"], verdict["by"]) == ("one_way", "loss", "none"), verdict
    way = "a_to_b" if tunnel["peers"][0] == A else "b_to_a"
    between, = tunnel["between"]
    assert between[way]["lost"] == 60
    assert between["b_to_a" if way == "a_to_b" else "a_to_b"]["lost"] == 0
