# SPDX-License-Identifier: GPL-2.0-or-later
"""A hub with many spokes: which tunnels the report, the JSON and the timeline name first, how long they get, and what is said of troubles
that spokes share. What is expected follows from how each spoke is made."""
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from xml.etree import ElementTree

import pytest
from ike_capture import IkeCapture
from ike_peers import Ike2
from outputs import run
from writer import BASE, MS, S

HUB = "203.0.113.1"
SUMMARY_LINES, TUNNELS_NAMED = 80, 60
HEIGHT, SIZE = 20_000, 5_000_000            # pixels, bytes
LENGTH = 600 * S
PACE = 10 * S
TOGETHER = 300 * S                          # when the hub's path goes down
SVG = "{http://www.w3.org/2000/svg}"


def address(spoke):
    return f"10.{spoke >> 16 & 255}.{spoke >> 8 & 255}.{spoke & 255}"


class ManySpis(IkeCapture):
    def new_spi(self):
        """Each once: a gateway gives no SPI twice."""
        self.spis += 1
        return 0xC1000000 + self.spis


@dataclass
class Hub:
    """Spokes set up their tunnels one after the other, a tenth of a second apart, and talk for ten minutes."""
    spokes: int
    troubled: int = 0                       # so many delete their tunnels two to four times and come back
    shared: int = 0                         # spokes that the hub deletes at one time, within a second
    deleted: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)        # the spokes of shared, by their addresses

    def build(self):
        cap = ManySpis(f"hub-{self.spokes}-{self.troubled}-{self.shared}", "a hub")
        places = range(1, self.spokes * 7, 7)
        for spoke in range(self.spokes):
            at = spoke * 100 * MS % (30 * S)
            ends = []
            alone = self.spokes - self.shared
            if spoke < alone and spoke % max(alone // max(self.troubled, 1), 1) == 0 and len(self.deleted) < self.troubled:
                count = 2 + len(self.deleted) % 3
                ends = [at + (60 + 120 * i) * S for at in (cap.random.randrange(120 * S),) for i in range(count)]    # at moments of its own
                self.deleted[address(places[spoke])] = len(ends)
            if self.spokes - spoke <= self.shared:
                self.gone.append(address(places[spoke]))
                ends = [TOGETHER + (self.spokes - spoke) * 900 * MS // self.shared]
            self.talk(cap, address(places[spoke]), at, ends, hub_deletes=bool(self.shared))
        return cap.finish()

    @staticmethod
    def talk(cap, spoke, at, ends, hub_deletes):
        for end in (*ends, None):
            sa = Ike2(cap, spoke, HUB, form="sealed")
            child = sa.start(at)
            child.send_every(at + S, end or LENGTH, (spoke, HUB), PACE)
            if end:
                sa.delete_ike(end + 100 * MS, 1 if hub_deletes else 0)
                at = end + 20 * S


MADE = {}


def made(spiscope, spokes, troubled=0, shared=0):
    """The hub, and what is said of it: once for all tests of this file."""
    key = spokes, troubled, shared
    if key not in MADE:
        hub = Hub(*key)
        path = hub.build().write(spiscope.readable_copy_dir("hubs"))
        path.chmod(0o644)
        MADE[key] = hub, run(spiscope, str(path))
        path.unlink()
    return MADE[key]


def summary_of(report):
    """Its lines, and (tunnel, state, spoke) of those that are named."""
    lines = report.split("\n\nTunnel ")[0].splitlines()
    return lines, re.findall(r"^Tunnel (\d+) +(\w+): ([\d.]+), ", "\n".join(lines), re.M)


@pytest.mark.parametrize("spokes, troubled", [(10, 0), (10, 5), (10, 8), (300, 0), (300, 8), (300, 150), (1000, 0), (1000, 8), (1000, 500)])
def test_the_summary_names_those_that_are_not_well(spiscope, spokes, troubled):
    hub, output = made(spiscope, spokes, troubled)
    lines, named = summary_of(output.report)
    assert f"{spokes} tunnels: " in output.report and (troubled == 0 or f"{troubled} flapping" in output.report)
    assert HUB in "\n".join(lines) and len(lines) <= SUMMARY_LINES
    assert len(named) == min(troubled, TUNNELS_NAMED) and {spoke for _, _, spoke in named} <= hub.deleted.keys()
    times = [hub.deleted[spoke] for _, _, spoke in named]
    assert times == sorted(hub.deleted.values(), reverse=True)[:len(named)], "the worst first"
    assert ("more that are not well" in output.report) == (troubled > TUNNELS_NAMED)
    assert sorted(tunnel["id"] for tunnel in output.json["tunnels"]) == list(range(spokes))
    summary = output.json["summary"]
    assert summary["tunnels"] == spokes and summary["troubled"] == troubled == summary["states"]["flapping"] and summary["hub"] == HUB
    assert summary["worst"] == [int(tunnel) for tunnel, _, _ in named]
    assert output.json["shared"] == [] and "Shared" not in output.report
    assert len(re.findall(r"^Tunnel \d+ +stable: [\d.]+$", output.report, re.M)) == (spokes - troubled if spokes > 5 else 0)


@pytest.mark.parametrize("spokes, troubled", [(3, 1), (300, 8), (1000, 0), (1000, 500)])
def test_the_timeline_stays_readable(spiscope, spokes, troubled):
    hub, output = made(spiscope, spokes, troubled)
    root = ElementTree.fromstring(output.svg)
    assert int(root.get("height")) <= HEIGHT and len(output.svg) <= SIZE
    titles = re.findall(r"^Tunnel (\d+): ", "\n".join(text.text for text in root.iter(f"{SVG}text") if text.get("class") == "tunnel"), re.M)
    strips = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") in ("well", "ill")]
    assert len(titles) + len(strips) == spokes, "each tunnel is there once"
    assert [int(title) for title in titles[:troubled]] == output.json["summary"]["worst"][:len(titles)]
    assert len(strips) >= spokes - troubled if spokes > 5 else not strips


def labels(root, style="lane"):
    return [text.text for text in root.iter(f"{SVG}text") if text.get("class") == style]


def test_a_folded_tunnel_shows_its_outages(spiscope):
    """Of a thousand tunnels most of those that are not well have a line each, behind the worst."""
    hub, output = made(spiscope, 1000, 500)
    root = ElementTree.fromstring(output.svg)
    strips = [(rect, int(re.match(r"Tunnel (\d+): ", rect.findtext(f"{SVG}title"))[1])) for rect in root.iter(f"{SVG}rect") if rect.get("class") == "ill"]
    marks = {path.get("d").split()[1].split("h")[0]: path for path in root.iter(f"{SVG}path") if path.get("class") == "outages"}
    peers = {tunnel["id"]: tunnel["peers"][0] for tunnel in output.json["tunnels"]}
    assert len(strips) > 450 and len(marks) == len(strips)
    for rect, tunnel in strips:
        path = marks[str(int(rect.get("y")) + 6)]
        assert path.get("d").count("M") == hub.deleted[peers[tunnel]]
        assert re.match(r"Outage: [AB] probably deletes the IKE SA \(frame \d+\)", path.findtext(f"{SVG}title"))
    headings = labels(root, "tunnel")
    assert f"{len(strips)} more tunnels that are not well: a line each" in headings and "500 tunnels that are well: a line each" in headings


def test_times_stay_in_sight(spiscope):
    root = ElementTree.fromstring(made(spiscope, 1000, 500)[1].svg)
    rows = sorted({int(text.get("y")) for text in root.iter(f"{SVG}text") if text.get("class") == "tick"})
    rows.append(int(root.get("height")))
    assert len(rows) > 20 and max(after - before for before, after in zip(rows, rows[1:])) < 1100


@pytest.mark.parametrize("spokes, troubled, shared", [(10, 0, 4), (60, 0, 23), (300, 8, 100), (1000, 0, 500)])
def test_what_spokes_share_is_said_once(spiscope, spokes, troubled, shared):
    hub, output = made(spiscope, spokes, troubled, shared)
    trouble, = output.json["shared"]
    assert trouble["tunnels"] == shared and trouble["gateway"] == HUB
    assert BASE + TOGETHER / S - PACE / S <= trouble["first"] <= trouble["last"] <= BASE + TOGETHER / S + 2
    peers = {tunnel["id"]: set(tunnel["peers"]) - {HUB} for tunnel in output.json["tunnels"]}
    down = [peers[tunnel].pop() for tunnel in trouble["tunnel_ids"]]
    assert sorted(down) == sorted(hub.gone), "each that the hub deleted then, once"
    at = datetime.fromtimestamp(int(trouble["first"]), timezone.utc).strftime("%H:%M:%S")
    text = " ".join(output.report.split("\n\nTunnel ")[0].split())
    assert f"{shared} tunnels went down within" in text and at in text and f"{HUB} or its path" in text
    begun = {outage["begin_frame"] for tunnel in output.json["tunnels"] for outage in tunnel["outages"]}
    assert set(trouble["frames"]) <= begun
    said, = [label for label in labels(ElementTree.fromstring(output.svg)) if "went down within" in label]
    assert said in text, "the timeline says the same"
    assert output.json["summary"]["troubled"] == troubled + shared


def test_the_table_of_tunnels_begins_with_the_worst(spiscope):
    """In the order of the summary, and then the others by their addresses."""
    output = made(spiscope, 10, 5)[1]
    path = Hub(10, 5).build().write(spiscope.readable_copy_dir("hubs"))
    path.chmod(0o644)
    rows = spiscope.stat_table(path, "tunnel")
    assert [int(row["Tunnel"]) for row in rows[:5]] == output.json["summary"]["worst"]
    others = [row["Peer A"] for row in rows[5:]]
    assert others == sorted(others, key=lambda address: [int(part) for part in address.split(".")]) and len(rows) == 10


@pytest.mark.parametrize("hub", [(60, 1), (60, 0, 1), (60, 0, 2), (60, 30)], ids=["one", "one by the hub", "two", "each on its own"])
def test_a_spoke_alone_is_the_spoke(spiscope, hub):
    assert made(spiscope, *hub)[1].json["shared"] == []


def test_all_in_full_is_said_on_demand(spiscope):
    path = Hub(10, 2).build().write(spiscope.readable_copy_dir("hubs"))
    path.chmod(0o644)
    short, full = (spiscope.tshark("-n", "-q", "-r", path, "-z", f"spiscope,report{words}").stdout for words in ("", ",all"))
    assert len(re.findall(r"^  Verdict ", short, re.M)) == 2 and len(re.findall(r"^  Verdict ", full, re.M)) == 10
