# SPDX-License-Identifier: GPL-2.0-or-later
"""spiscope-batch by the commands of README.md's section on many captures, run as they stand there, on 80 captures, some of them broken
(SPISCOPE_BATCH names another number, such as 2000)."""
import html
import json
import os
import random
import re
import struct
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jsonschema
import pytest
from harness import LAB, SYNTHETIC, TEST_CAPTURES
from outputs import outputs
from test_ike_third_party import CAPTURES as THIRD_PARTY
from test_ike_third_party import FOLDER

MANY = int(os.environ.get("SPISCOPE_BATCH", 80))
BATCH = TEST_CAPTURES.parent / "plugin" / "batch"
CUT, GARBAGE, HALF_HEADER, EMPTY = 8, 4, 4, 2
COMPARED = ("v2_flap", "v1_ts_mismatch", "v2_nat3", "k_v2_volume")
TOO_LONG = 120      # seconds for a browser
ODD_NAMES = ["turned \u202egnp.pcap", "c1 \u009b31m.pcap", "escape \x1b[31m.pcap", "<b>&amp;.pcap", "with blanks.pcap", "new\nline.pcap", "-n.pcap", "it's \"quoted\".pcap", "dollar $(touch x) `y` ;&.pcap", "\u00fcml\u00e4ut \u2194.pcap", "%s {} {#} \\t.pcap", "a'b.pcap"]
SCHEMA = json.loads((TEST_CAPTURES.parent / "plugin" / "report.schema.json").read_text())
FAKE_SSH = '#!/bin/sh\n# ssh [OPTION] HOST -- COMMAND, on this machine\necho "$1" >>{log}\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec sh -c "$*"\n'


def commands():
    """The indented blocks of the section."""
    for path in (TEST_CAPTURES.parent / "README.md", TEST_CAPTURES / "BATCH.md"):
        found = re.search(r"^## Many captures\n(.*?)(?=^## |\Z)", path.read_text(), re.M | re.S) if path.exists() else None
        if found:
            return ["\n".join(line[4:] for line in block.splitlines()) for block in re.findall(r"(?:^    .*\n)+", found[1], re.M)]
    raise AssertionError("no section on many captures")


def command(word):
    found = [block for block in commands() if word in block]
    assert len(found) == 1, word
    return found[0]


def records(data):
    """Where each record of a little-endian pcap begins, and where the last one ends."""
    at, found = 24, []
    while at < len(data):
        found.append(at)
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    return [*found, at]


def shell(spiscope, folder, line):
    # SHELL, which a login sets: parallel falls back to the one in /etc/passwd, and nobody's is nologin
    programs = spiscope.readable_copy_dir("programs")
    for path in BATCH.iterdir():
        shutil.copy(path, programs)
    environment = dict(spiscope.environment(spiscope.room / "home"), SHELL="/bin/sh", TMPDIR=str(spiscope.room / "home"))
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    return subprocess.run([*spiscope.as_nobody(), "sh", "-c", line], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=3600)


def room(spiscope, name):
    """A folder in which anyone may write, with a folder for captures."""
    folder = spiscope.readable_copy_dir(name)
    folder.chmod(0o777)
    (folder / "captures").mkdir()
    return folder


def shown(name):
    """As a terminal and a page show it: what could be a command, ends a line, or turns the writing round is a question mark."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", "?", name)


class Many:
    """So many captures: name -> how many frames it has, or None if nobody can say."""

    def __init__(self, folder):
        self.good, self.cut, self.broken, self.empty = {}, {}, [], []
        self.folder, self.random = folder, random.Random(200)

    def add(self, name, data):
        path = self.folder / "captures" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)
        return f"captures/{name}"

    def fill(self, spiscope):
        rest = MANY - CUT - GARBAGE - HALF_HEADER - EMPTY - len(ODD_NAMES)
        every = -(-(len(LAB) + len(SYNTHETIC) + len(THIRD_PARTY)) // rest)      # so many whole ones that the others find room
        for name in dict.fromkeys((*COMPARED, *(*LAB, *SYNTHETIC)[::every])):
            data = spiscope.path(name).read_bytes()
            self.good[self.add(f"{name}.pcap", data)] = len(records(data)) - 1
        for name in THIRD_PARTY[::every]:
            self.good[self.add(f"third-party/{name.replace('/', '-')}", (FOLDER / name).read_bytes())] = None
        for i in range(CUT):
            data = spiscope.path(LAB[i]).read_bytes()
            ends = records(data)
            at = self.random.randrange(len(ends) // 2, len(ends) - 1)
            inside = self.random.randrange(ends[at] + 1, ends[at + 1] - 1)
            self.cut[self.add(f"cut {i}.pcap", data[:inside])] = at
        for i in range(GARBAGE):
            self.broken.append(self.add(f"garbage {i}.pcapng", b"\xff" + self.random.randbytes(3000)))
        for i in range(HALF_HEADER):
            self.broken.append(self.add(f"half a header {i}.pcap", spiscope.path(LAB[0]).read_bytes()[:5 + 5 * i]))
        for i in range(EMPTY):
            self.empty.append(self.add(f"empty {i}.pcap", b""))
        names = iter(ODD_NAMES)
        while self.count() < MANY:      # beginnings of captures
            data = spiscope.path(LAB[self.random.randrange(len(LAB))]).read_bytes()
            ends = records(data)
            frames = self.random.randrange(2, len(ends))
            self.good[self.add(next(names, f"begin {self.count()}.pcap"), data[:ends[frames]])] = frames

    def count(self):
        return len(self.good) + len(self.cut) + len(self.broken) + len(self.empty)


@pytest.fixture(scope="module")
def batch(spiscope):
    """The captures, the lines of JSON, and what the one call printed."""
    many = Many(room(spiscope, "batch"))
    many.fill(spiscope)
    assert many.count() == MANY and len(many.good) >= MANY // 2
    done = shell(spiscope, many.folder, command("batch captures"))
    assert done.returncode == 1 and not done.stderr, done.stderr
    lines = (many.folder / "spiscope-batch" / "reports.jsonl").read_text().splitlines()
    return many, [json.loads(line) for line in lines], done.stdout


def by_file(reports):
    files = [report["capture"]["file"] for report in reports]
    assert len(files) == len(set(files))
    return dict(zip(files, reports))


def test_every_good_capture_has_its_line(batch):
    many, reports, _ = batch
    found = by_file(reports)
    assert set(found) == {*many.good, *many.cut, *many.empty}
    assert {name: found[name]["capture"]["frames"] for name, frames in many.good.items() if frames is not None} == \
        {name: frames for name, frames in many.good.items() if frames is not None}


def test_a_cut_capture_is_reported_as_far_as_it_goes(batch):
    many, reports, _ = batch
    found = by_file(reports)
    assert {name: found[name]["capture"]["frames"] for name in many.cut} == many.cut
    assert all(found[name]["tunnels"] for name in many.cut)


def test_every_line_is_valid(batch):
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    for report in batch[1]:
        validator.validate(report)


def test_the_others_are_not_spoiled(spiscope, batch):
    """Each lab capture's tunnels are those of a run of its own, with the same preferences."""
    found = by_file(batch[1])
    for name in COMPARED:
        assert found[f"captures/{name}.pcap"]["tunnels"] == outputs(spiscope, name, False, ()).json["tunnels"]


def test_the_summary_counts_and_names(batch):
    many, reports, printed = batch
    tunnels = [tunnel for report in reports for tunnel in report["tunnels"]]
    assert printed.startswith(f"{MANY} captures, {len(tunnels)} tunnels\n")
    assert printed == "\n".join(shown(line) for line in printed.split("\n"))
    counted = dict(re.findall(r"^  (\w+) +(\d+)  ", printed.split("The worst tunnels")[0], re.M))
    assert {state: int(count) for state, count in counted.items()} == Counter(tunnel["verdict"]["state"] for tunnel in tunnels)
    bad = printed.split("Not read, or not to the end")[1].split("Without a frame")[0]
    for name in (*many.broken, *many.cut):
        line, = [line for line in bad.splitlines() if line.startswith(f"  {shown(name)}: ")]
        assert "cut short" in line or name in many.broken
    assert len(bad.split("\n\n")[1].splitlines()) == len(many.broken) + len(many.cut)
    assert all(f"\n  {name}\n" in printed for name in many.empty)


def linked(name, many):
    return {"not read"} if name in {shown(broken) for broken in many.broken} else {"timeline", "report"}


def test_the_page_links_to_what_is_there(batch):
    many, reports, _ = batch
    folder = many.folder / "spiscope-batch"
    page = ElementTree.fromstring(re.search(r"<table>.*</table>", (folder / "index.html").read_text(), re.S)[0])
    rows = page.findall("./tbody/tr")
    names = ["".join(row[0].itertext()) for row in rows]
    assert sorted(names) == sorted(shown(name) for name in (*many.good, *many.cut, *many.empty, *many.broken))
    for name, row in zip(names, rows):
        links = {link.text: folder / link.get("href") for link in row.iter("a")}
        assert set(links) == linked(name, many)
        if "report" in links:
            assert "SPIscope" in links["report"].read_text() and ElementTree.parse(links["timeline"]).getroot().tag.endswith("svg")
    order = ["down", "flapping", "interrupted", "one_way", "degraded", "churning", "unknown", "idle", "stable", "-"]
    ranks = [order.index(row[1].text) for row in rows]
    assert ranks == sorted(ranks)


# What a user does, and what is there then: what the columns hold after a click on each one's head, and after a second one
CLICKS = """<script>
const seen = [];
for (const head of document.querySelectorAll("th")) for (const _ of [1, 2]) {
    head.click();
    seen.push([...document.querySelector("tbody").rows].map(row => row.cells[head.cellIndex].textContent));
}
const links = [...document.querySelectorAll("tbody tr")].map(row => [row.cells[0].textContent, [...row.querySelectorAll("a")].map(a => [a.textContent, a.href])]);
const result = document.createElement("pre");
result.id = "result";
result.textContent = JSON.stringify({ seen, links, heads: [...document.querySelectorAll("th")].map(head => head.textContent) });
document.body.append(result);
</script></body>"""


def browser(folder, *arguments):
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/browser", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TOO_LONG)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_sorts_the_page_and_follows_its_links(batch, tmp_path):
    many, *_ = batch
    folder = many.folder / "spiscope-batch"
    page = folder / "clicked.html"
    page.write_text((folder / "index.html").read_text().replace("</body>", CLICKS))
    dom = browser(tmp_path, "--dump-dom", page.as_uri())
    page.unlink()
    found = json.loads(html.unescape(re.search(r'<pre id="result">(.*?)</pre>', dom, re.S)[1]))
    assert sorted(name for name, _ in found["links"]) == sorted(shown(name) for name in (*many.good, *many.cut, *many.empty, *many.broken))
    for at, head in enumerate(found["heads"]):
        up, down = found["seen"][2 * at:2 * at + 2]
        assert sorted(up) == sorted(down) and len(up) == MANY
        if head in ("Tunnels", "Not well", "Outages", "Seconds", "Frames"):
            numbers = [int(cell) for cell in up]
            assert numbers == sorted(numbers) and [int(cell) for cell in down] == sorted(numbers, reverse=True), head
    for name, links in found["links"]:
        assert {text for text, _ in links} == linked(name, many)
        assert all(Path(unquote(urlsplit(address).path)).is_file() for _, address in links), name
    opened = [address for _, links in found["links"][::max(1, MANY // 4)] for text, address in links if text == "timeline"]
    assert opened
    for address in opened:
        assert "SPIscope timeline of" in browser(tmp_path, "--dump-dom", address)


def test_an_interruption_is_gone_on_from(spiscope, batch):
    """Killed while it ran: what was done is not done again, and in the end each capture is there once."""
    many, _, printed = batch
    folder = room(spiscope, "interrupted")
    for name in LAB[:12]:
        shutil.copy(spiscope.path(name), folder / "captures" / f"{name}.pcap")
    run = command("batch captures").replace("batch captures", "batch -j 1 captures")
    shell(spiscope, folder, f"setsid sh -c 'echo $$ >group; exec {run}' & until [ -e spiscope-batch/captures/000003.line ]; do sleep 0.1; done; kill -s KILL -- -$(cat group)")
    done_before = {path.name: path.stat().st_mtime_ns for path in (folder / "spiscope-batch" / "captures").glob("*.line")}
    assert shell(spiscope, folder, command("batch captures")).returncode == 2, "results are not overwritten"
    done = shell(spiscope, folder, command("--resume").splitlines()[0])
    assert done.returncode == 0, done.stderr
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "spiscope-batch" / "captures").glob("*.line")}
    logged = {int(line.split("\t")[0]) for line in (folder / "spiscope-batch" / "jobs.tsv").read_text().splitlines()[1:]}
    assert logged == set(range(1, 13)) and len(after) == 12 > len(done_before) >= 3
    assert done_before.items() <= after.items() or len(done_before.items() - after.items()) <= 1     # one was done, and not yet written down
    reports = [json.loads(line) for line in (folder / "spiscope-batch" / "reports.jsonl").read_text().splitlines()]
    assert sorted(by_file(reports)) == sorted(f"captures/{name}.pcap" for name in LAB[:12])


def test_nothing_in_a_name_is_run(batch):
    many, *_ = batch
    assert not (many.folder / "x").exists()
    assert {path.name for path in many.folder.iterdir()} == {"captures", "spiscope-batch"}


def test_the_queries_of_the_readme(spiscope, batch):
    many, reports, _ = batch
    enter, rows, counts, mismatches = command("@tsv").splitlines()
    folder = many.folder / enter.split()[1]
    table = shell(spiscope, folder, rows)
    tunnels = [tunnel for report in reports for tunnel in report["tunnels"]]
    assert len(table.stdout.splitlines()) == len(tunnels) and all(line.count("\t") == 4 for line in table.stdout.splitlines())
    counted = dict(reversed(line.split()) for line in shell(spiscope, folder, counts).stdout.splitlines())
    assert {cause: int(count) for cause, count in counted.items()} == Counter(tunnel["verdict"]["cause"] for tunnel in tunnels)
    found = shell(spiscope, folder, mismatches).stdout.splitlines()
    assert sorted(found) == sorted(report["capture"]["file"] for report in reports
                                   if any(tunnel["verdict"]["cause"] == "proxy_id_mismatch" for tunnel in report["tunnels"]))


def test_on_many_machines(spiscope):
    """A made-up ssh runs each job here. One of the captures is cut."""
    folder = room(spiscope, "machines")
    names = ["v2_flap", "v1_ts_mismatch", "v2_one_way", "v2_idle"]
    for name in names:
        (folder / "captures" / f"{name} x.pcap").write_bytes(spiscope.path(name).read_bytes())
    (folder / "captures" / "cut.pcap").write_bytes(spiscope.path("v2_flap").read_bytes()[:5000])
    log, ssh = folder / "log", folder / "ssh"
    log.touch(0o666)
    log.chmod(0o666)
    ssh.write_text(FAKE_SSH.format(log=log))
    ssh.chmod(0o755)
    (folder / "hosts").write_text(f"2/{ssh} one.example\n2/{ssh} two.example\n")
    for path in (folder / "hosts", *(folder / "captures").iterdir()):
        path.chmod(0o644)
    done = shell(spiscope, folder, command("--sshloginfile").splitlines()[2])
    assert done.returncode == 1 and not done.stderr, done.stderr
    found = by_file([json.loads(line) for line in (folder / "far" / "reports.jsonl").read_text().splitlines()])
    for name in names:
        assert found[f"{folder}/captures/{name} x.pcap"]["tunnels"] == outputs(spiscope, name, False, ()).json["tunnels"]
    assert found[f"{folder}/captures/cut.pcap"]["capture"]["frames"] == len(records(spiscope.path("v2_flap").read_bytes()[:5000])) - 2
    assert {"one.example", "two.example"} <= set(log.read_text().split())
    assert "cut.pcap" in done.stdout.split("Not read, or not to the end")[1]


def test_ring_buffer_files_are_read_as_one(spiscope):
    """The parts are named in another order than that of their packets."""
    folder = room(spiscope, "ring")
    whole = spiscope.path("v2_pfs_flap")
    subprocess.run(["editcap", "-F", "pcapng", "-c", "100", whole, folder / "part.pcapng"], check=True, capture_output=True)
    parts = sorted(folder.glob("part*.pcapng"))
    assert len(parts) >= 4
    for place, path in enumerate(reversed(parts)):
        path.rename(folder / f"part {place}.pcapng").chmod(0o644)
    done = shell(spiscope, folder, command("--merge").splitlines()[1])
    assert done.returncode == 0 and not done.stderr, done.stderr
    report = json.loads((folder / "day" / "reports.jsonl").read_text())
    alone = outputs(spiscope, "v2_pfs_flap", False, ()).json
    assert report["tunnels"] == alone["tunnels"] and report["capture"]["frames"] == alone["capture"]["frames"]
    assert report["capture"]["file"] == f"merged: {len(parts)} files"


def test_a_part_that_is_out_of_order_is_named(spiscope):
    """Its last packet stands before its first: mergecap cannot mend that, and it is said, of that file alone; with a name that is no command."""
    folder = room(spiscope, "disordered")
    data = spiscope.path("v2_flap").read_bytes()
    at = records(data)
    (folder / "first \x1b[31m.pcap").write_bytes(data[:24] + data[at[49]:at[50]] + data[at[0]:at[49]])
    (folder / "second.pcap").write_bytes(data[:24] + data[at[50]:])
    for path in folder.glob("*.pcap"):
        path.chmod(0o644)
    done = shell(spiscope, folder, "spiscope-batch --merge -o day *.pcap")
    assert done.stderr == "out of time order: first ?[31m.pcap\n"
    report = json.loads((folder / "day" / "reports.jsonl").read_text())
    assert report["capture"]["frames"] == len(at) - 1 and "capture_disordered" in {finding["key"] for finding in
                                                                                  (*report["findings"], *report["tunnels"][0]["findings"])}


def test_parts_that_cannot_be_merged_are_named(spiscope):
    """One is no capture, one is gone, one is cut within its 21st packet, with which the next one begins: of that one the whole packets count, and none of the others is lost."""
    folder = room(spiscope, "parts")
    data = spiscope.path("v2_flap").read_bytes()
    at = records(data)
    (folder / "1 cut.pcap").write_bytes(data[:at[20] + 20])
    (folder / "2.pcap").write_bytes(data[:24] + data[at[20]:at[100]])
    (folder / "3.pcap").write_bytes(data[:24] + data[at[100]:])
    (folder / "4 garbage.pcap").write_bytes(b"\xff" * 100)
    for path in folder.glob("*.pcap"):
        path.chmod(0o644)
    done = shell(spiscope, folder, "spiscope-batch --merge -o day *.pcap gone.pcap")
    assert done.returncode == 1
    for name in ("1 cut.pcap", "4 garbage.pcap", "gone.pcap"):
        assert f'"{name}"' in done.stderr
    assert "2.pcap" not in done.stderr and "3.pcap" not in done.stderr
    assert json.loads((folder / "day" / "reports.jsonl").read_text())["capture"]["frames"] == len(at) - 1
    assert "Not read, or not to the end" in done.stdout and not list((folder / "day").glob("**/*.part"))


def test_the_filters_are_filters(spiscope):
    done = shell(spiscope, spiscope.readable_copy_dir("filters"), "spiscope-batch --filters")
    filters = [part for line in done.stdout.splitlines()[1:] for part in re.split(r"; ", re.split(r"  +", line)[-1])]
    assert done.returncode == 0 and len(filters) >= 19
    for display_filter in filters:
        spiscope.tshark("-n", "-r", spiscope.path("v2_idle"), "-Y", display_filter, "-c", "1")
