# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark, with the plugin and without it, and reads what it prints.

SPISCOPE_PLUGIN_DIR names the folder that holds 4.N/epan/spiscope.so. As root, Wireshark ignores plugins outside of the
system's folder, so tshark then runs as nobody, on copies of captures, keys and plugin that anyone may read.
"""
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

TEST_CAPTURES = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TEST_CAPTURES / "synthetic"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import make  # noqa: E402
from room import Room  # noqa: E402
from starter import Starters, compile_starter, needs_a_start  # noqa: E402
from store import Store, digest  # noqa: E402

LAB = sorted(path.stem for path in TEST_CAPTURES.glob("*.pcap"))
UML = sorted(path.stem for path in (TEST_CAPTURES / "uml").glob("*.pcap"))     # those in simulated time, with a list of their own as they are many
SYNTHETIC = sorted(make.CASES)
ALL = LAB + SYNTHETIC

NULL_ESP = "esp.enable_null_encryption_decode_heuristic:TRUE"
MIN_10 = "spiscope.min_sa_lifetime:10"
# Wireshark starts with a hundred thousand small allocations, and the tests start it a thousand times: with one arena that grows by large
# steps, of large pages, a start takes a third less of the processor's time
MALLOC = "glibc.malloc.arena_max=1:glibc.malloc.top_pad=67108864:glibc.malloc.hugetlb=1"
TIMEOUT = 120       # seconds for a run of tshark
# what a capture needs to show what it is meant to show
OPTIONS = {"nested_null_esp": (NULL_ESP,), "udp_port_10000": ("udpencap.udp.port:4500,10000",)}

# Section 2 of the interface, the part that stands on ESP and AH: name -> type in `tshark -G fields`
SA_FIELDS = {
    "spiscope.tunnel": "FT_UINT32",
    "spiscope.sa": "FT_UINT32",
    "spiscope.sa.spi": "FT_UINT32",
    "spiscope.sa.age": "FT_RELATIVE_TIME",
    "spiscope.sa.age_is_minimum": "FT_BOOLEAN",
    "spiscope.sa.generation": "FT_UINT32",
    "spiscope.sa.replaces": "FT_UINT32",
    "spiscope.sa.replaced_by": "FT_UINT32",
    "spiscope.sa.first_frame": "FT_FRAMENUM",
    "spiscope.sa.last_frame": "FT_FRAMENUM",
    "spiscope.sa.lifetime": "FT_RELATIVE_TIME",
    "spiscope.sa.negotiated_lifetime": "FT_RELATIVE_TIME",
    "spiscope.sa.packets": "FT_UINT64",
    "spiscope.sa.bytes": "FT_UINT64",
    "spiscope.sa.lost": "FT_UINT64",
    "spiscope.sa.duplicate": "FT_UINT64",
    "spiscope.sa.reordered": "FT_UINT64",
}
FINDING_FIELDS = {"spiscope.finding": "FT_STRING", "spiscope.confidence": "FT_STRING", "spiscope.evidence": "FT_FRAMENUM"}
# Known at the end of the capture only
HINDSIGHT_FIELDS = ("spiscope.evidence_of", "spiscope.state", "spiscope.cause")
# Present wherever an SA is: a frame with two SAs has two of each. Not the generation: it is open for as long as it is
# undecided whether a newborn SA replaces another or goes beside it
EVERY_SA = [f"spiscope.sa{suffix}" for suffix in
            ("", ".spi", ".age", ".first_frame", ".packets", ".bytes", ".lost", ".duplicate", ".reordered")]
COUNTS = ("packets", "bytes", "lost", "duplicate", "reordered")
# Section 2 of the interface, the part that stands on IKE
IKE_FIELDS = ("spiscope.ike", "spiscope.ike.age", "spiscope.ike.lifetime", "spiscope.ike.replaces", "spiscope.ike.request_in",
              "spiscope.ike.response_in", "spiscope.ike.response_time", "spiscope.ike.retransmission_of")
HEADER_FIELDS = ["frame.number", "frame.time_epoch", "frame.protocols", "ip.src", "ip.dst", "ip.len", "ip.hdr_len", "ip.fragment",
                 "ipv6.src", "ipv6.dst", "ipv6.plen", "udp.length", "esp.spi", "esp.sequence", "ah.spi", "ah.sequence"]

Finding = namedtuple("Finding", "frame key confidence")
Layer = namedtuple("Layer", "protocol dst spi sequence length src")      # one ESP or AH header as stock tshark decodes it
Job = namedtuple("Job", "capture fields options passes display_filter keys plugin", defaults=((), 1, None, False, True))


def kept(method):
    """Computed once for the same arguments; callers only read what they get."""
    name = method.__name__

    @functools.wraps(method)
    def wrapper(self, capture, *arguments, **named):
        key = (name, str(capture), arguments, tuple(sorted(named.items())))
        if key not in self.results:
            self.results[key] = method(self, capture, *arguments, **named)
        return self.results[key]
    return wrapper


class Harness(Room):
    def __init__(self, plugin_dir):
        super().__init__(plugin_dir)
        self.captures = self.room / "captures"
        self.captures.mkdir()
        for folder in (TEST_CAPTURES, TEST_CAPTURES / "uml"):
            for path in folder.glob("*.pcap"):
                shutil.copy(path, self.captures)
            for path in folder.glob("*.keys"):
                shutil.copytree(path, self.captures / path.name)
        self.open_up()
        self.truth = {}
        self.cache = {}           # Job -> its rows
        self.results = {}         # see kept()
        self.pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self.starters = Starters(self, None if os.environ.get("SPISCOPE_START_EACH") else compile_starter(self.room))
        self.store = Store(os.environ.get("SPISCOPE_TEST_RESULTS"))
        self.plugin_hash = digest(*(path.read_bytes() for path in sorted(self.plugins.rglob("*.so"))))
        self.registered = {}
        for line in self.tshark("-G", "fields").stdout.splitlines():
            part = line.split("\t")
            if part[0] == "F" and part[2].startswith("spiscope."):
                self.registered[part[2]] = part[3:]

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        self.starters.close()
        super().close()

    def environment(self, profile=None, plugin=True, **more):
        return super().environment(profile, plugin, **{"GLIBC_TUNABLES": MALLOC, **more})

    # --- running tshark ---------------------------------------------------------------------------------------------

    def tshark(self, *arguments, keys=None, plugin=True, may_complain=False, **environment):
        """Runs tshark with a profile folder of its own: an empty one, or a copy of the keys'. Complaints are failures,
        unless it may complain."""
        profile = Path(tempfile.mkdtemp(prefix="profile-", dir=self.room))
        try:
            if keys:
                shutil.copytree(keys, profile, dirs_exist_ok=True)
            for path in [profile, *profile.iterdir()]:
                path.chmod(0o755 if path.is_dir() else 0o644)
                self.give(path)
            done = self._run([*map(str, arguments)], profile, plugin, environment)
        finally:
            shutil.rmtree(profile, ignore_errors=True)
        command = " ".join(map(str, arguments))
        assert done.returncode == 0, f"tshark {command}\nended with {done.returncode}: {done.stderr}"
        assert may_complain or not done.stderr.strip(), f"tshark {command}\nsaid: {done.stderr}"
        return done

    def _run(self, arguments, profile, plugin, environment):
        """Forks a tshark that has started where that will do."""
        if not environment and not needs_a_start(arguments):
            with self.starters.one(plugin) as starter:
                if starter:
                    return starter.run(arguments, profile, TIMEOUT)
        return subprocess.run([*self.as_nobody(), "tshark", *arguments], env=self.environment(profile, plugin, **environment),
                              cwd=self.room, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)

    def path(self, name):
        return Path(name) if "/" in str(name) else self.captures / f"{name}.pcap"

    def readable_copy_dir(self, name):
        """A folder that tshark can read, for captures that a test makes itself."""
        folder = self.room / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        return folder

    def _options(self, job):
        arguments = []
        for option in (*OPTIONS.get(str(job.capture), ()), *job.options):
            if job.plugin or not option.startswith("spiscope."):
                arguments += ["-o", option]
        return arguments

    def _run_fields(self, job):
        path = self.path(job.capture)
        arguments = ["-n", "-r", path, *self._options(job)]
        if job.passes == 2:
            arguments += ["-2"]
        if job.display_filter:
            arguments += ["-Y", job.display_filter]
        fields = [name for name in job.fields if not name.startswith("spiscope.") or name in self.registered]
        arguments += ["-T", "fields", "-E", "occurrence=a", "-E", "separator=/t", "-E", "aggregator=|", "-E", "quote=n"]
        for name in fields:
            arguments += ["-e", name]
        keys = path.with_suffix(".keys") if job.keys else None
        output = self.tshark(*arguments, keys=keys, plugin=job.plugin).stdout
        rows = []
        for line in output.splitlines():
            values = line.split("\t")
            assert len(values) == len(fields), line
            row = dict.fromkeys(job.fields, [])          # a field that is not registered is nowhere
            row.update({name: value.split("|") if value else [] for name, value in zip(fields, values)})
            rows.append(row)
        return rows

    def shared(self, make, what, capture, keys, plugin=True):
        """What make() gives, or gave another process of this session for the same capture, keys, plugin, and what."""
        if not self.store.folder:
            return make()
        path = self.path(capture)
        files = [(file.name, file.read_bytes()) for file in sorted(path.with_suffix(".keys").iterdir())] if keys else []
        return self.store.get(digest(what, path.name, path.read_bytes(), files, self.plugin_hash if plugin else None), make)

    def submit(self, job):
        if job not in self.cache:
            self.cache[job] = self.pool.submit(self.shared, lambda: self._run_fields(job), job._replace(capture=None, options=self._options(job)),
                                               job.capture, job.keys, job.plugin)
        return self.cache[job]

    def rows(self, capture, fields, options=(), passes=1, display_filter=None, keys=False, plugin=True):
        """One dict per frame: field name -> list of its values, as text. Run once per session and kept."""
        return self.submit(Job(str(capture), tuple(fields), tuple(options), passes, display_filter, keys, plugin)).result()

    def write_synthetic(self):
        for name in SYNTHETIC:
            self.truth[name] = make.build(name)
            self.truth[name].write(self.captures).chmod(0o644)

    def run_ahead(self, captures, few=False):
        """Starts what most tests will ask for, on all processors; or the few runs that every test of SAs asks for."""
        lean = ("frame.number", *FINDING_FIELDS)
        for name in captures:
            self.submit(Job(name, tuple(HEADER_FIELDS), plugin=False))
            for passes in (1, 2):
                self.submit(Job(name, self.FULL, (), passes))
            if name in LAB and not few:
                self.submit(Job(name, self.FULL, (), 2, None, True))
                self.submit(Job(name, lean, (), 1, None, True))
                self.submit(Job(name, self.JUDGED, (MIN_10,), 2, None, True))
                self.submit(Job(name, self.ISAKMP, (), 1, None, True, False))
                for passes, keys in ((1, False), (2, False), (2, True)):
                    self.submit(Job(name, lean, (), passes, "spiscope.finding", keys))

    # --- readings -----------------------------------------------------------------------------------------------------

    FULL = (*HEADER_FIELDS, *SA_FIELDS, *FINDING_FIELDS)

    def full(self, capture, options=(), passes=1, keys=False):
        return self.rows(capture, self.FULL, options, passes, keys=keys)

    # with keys and min_sa_lifetime 10, as the lab renews SAs every 20 s
    JUDGED = ("frame.number", "frame.time_epoch", "ip.src", "ipv6.src", "spiscope.tunnel", *FINDING_FIELDS, *HINDSIGHT_FIELDS, "spiscope.finding.text", "spiscope.sa.spi",
              "spiscope.sa.age", "spiscope.sa.negotiated_lifetime", "spiscope.sa.replaces", "spiscope.sa.replaced_by", *IKE_FIELDS)
    # what stock tshark reads of IKE with the same keys
    ISAKMP = ("frame.number", "frame.time_epoch", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport",
              "udp.payload", "isakmp.ispi", "isakmp.rspi", "isakmp.exchangetype", "isakmp.messageid", "isakmp.flag_r", "isakmp.flag_i",
              "isakmp.spi", "isakmp.delete.spi", "esp.spi", "ah.spi", "isakmp.typepayload", "isakmp.notify.msgtype", "isakmp.length",
              "isakmp.tf.id.encr", "isakmp.tf.id.integ")

    def judged(self, capture, passes=2):
        """Every frame with all that the plugin says about IKE and child SAs, with keys."""
        return self.rows(capture, self.JUDGED, (MIN_10,), passes, keys=True)

    def isakmp(self, capture):
        """Every frame as stock tshark decodes it with keys; no plugin."""
        return self.rows(capture, self.ISAKMP, (), keys=True, plugin=False)

    def findings(self, capture, options=(), passes=1, display_filter=None, keys=False, lean=False):
        """All findings in order of frames; lean asks tshark for nothing else but them."""
        if lean or display_filter:
            rows = self.rows(capture, ("frame.number", *FINDING_FIELDS), options, passes, display_filter, keys)
        else:
            rows = self.full(capture, options, passes, keys)
        return findings_of(rows)

    def keys_found(self, capture, options=(), **more):
        return {finding.key for finding in self.findings(capture, options, **more)}

    @kept
    def reference(self, capture, keys=False):
        """What stock tshark decodes: frame number -> (time, [Layer]). Nothing of it comes from the plugin."""
        rows = self.rows(capture, HEADER_FIELDS, keys=keys, plugin=False)
        return {int(row["frame.number"][0]): (float(row["frame.time_epoch"][0]), layers_of(row)) for row in rows}

    @kept
    def reference_sas(self, capture):
        """(protocol, destination, SPI) -> list of (frame, time, Layer), counted without the plugin."""
        sas = {}
        for frame, (time, layers) in self.reference(capture).items():
            for layer in layers:
                sas.setdefault((layer.protocol, layer.dst, layer.spi), []).append((frame, time, layer))
        return sas

    @kept
    def sa_items(self, capture, options=(), passes=2, keys=False):
        """Every SA on every frame, as (frame, time, layer, {short field name: value}); layer is stock tshark's."""
        reference = self.reference(capture)
        items = []
        for row in self.full(capture, options, passes, keys):
            numbers = row["spiscope.sa"]
            if not numbers:
                continue
            frame = int(row["frame.number"][0])
            time, layers = reference[frame]
            assert len(numbers) == len(layers), f"frame {frame}: {len(numbers)} SAs on {len(layers)} ESP or AH headers"
            for name in EVERY_SA:
                assert len(row[name]) == len(numbers), f"frame {frame}: {name} is there {len(row[name])} times for {len(numbers)} SAs"
            for i, layer in enumerate(layers):
                values = {name.removeprefix("spiscope.").removeprefix("sa."): row[name][i] for name in EVERY_SA}
                assert int(values["spi"], 0) == layer.spi, f"frame {frame}: SPI {values['spi']}, the packet has {layer.spi:#010x}"
                if len(numbers) == 1:
                    values.update({name.removeprefix("spiscope.").removeprefix("sa."): row[name][0]
                                   for name in SA_FIELDS if row.get(name)})
                items.append((frame, time, layer, values))
        return items

    @kept
    def sa_table(self, capture, options=(), passes=2, keys=False):
        """(protocol, destination, SPI) -> the SA as the fields tell it, with the counts of its last frame."""
        table = {}
        for frame, time, layer, values in self.sa_items(capture, options, passes, keys):
            key = (layer.protocol, layer.dst, layer.spi)
            sa = table.setdefault(key, {"sa": values["sa"], "first_frame": int(values["first_frame"]), "first_time": time})
            assert sa["sa"] == values["sa"], f"frame {frame}: {key} is SA {values['sa']}, was SA {sa['sa']}"
            assert sa["first_frame"] == int(values["first_frame"]), f"frame {frame}: another first frame of {key}"
            sa.update({name: int(values[name]) for name in COUNTS}, last_seen_frame=frame, last_time=time,
                      tunnel=values.get("tunnel"),
                      **{name: int(values[name], 0) for name in ("generation", "replaces", "replaced_by", "last_frame") if name in values})
            if "lifetime" in values:
                sa["lifetime"] = float(values["lifetime"])
            sa["age_is_minimum"] = is_true(values.get("age_is_minimum", "0"))
        return table

    def tunnels(self, capture, options=()):
        """Tunnel number -> set of (protocol, destination, SPI)."""
        tunnels = {}
        for row, (_, layers) in zip(self.full(capture, options), self.reference(capture).values()):
            if row["spiscope.sa"]:
                for tunnel in row["spiscope.tunnel"]:
                    tunnels.setdefault(int(tunnel), set()).update((layer.protocol, layer.dst, layer.spi) for layer in layers)
        return tunnels

    def finding_direction(self, capture, finding):
        """(source, destination) of the first ESP or AH header of the frame that a finding stands on."""
        layer = self.reference(capture)[finding.frame][1][0]
        return layer.src, layer.dst

    def time_of(self, capture, frame):
        return self.reference(capture)[frame][0]

    def stat_table(self, capture, name="sa", options=(), passes=1, keys=False):
        """The rows of `tshark -q -z spiscope,NAME`, as dicts by column title."""
        job = Job(str(capture), (), tuple(options))
        path = self.path(capture)
        text = self.tshark("-n", "-q", "-r", path, *self._options(job), *["-2"] * (passes - 1),
                           "-z", f"spiscope,{name}", keys=path.with_suffix(".keys") if keys else None).stdout
        return parse_stat_table(text, STAT_COLUMNS.get(name))


STAT_COLUMNS = {"sa": ("tunnel", "sa", "protocol", "source", "destination", "spi", "state", "generation", "lived", "negotiated", "requested_by",
                       "ended_by", "packets", "bytes", "lost", "lost_percent", "duplicate", "reordered", "first_frame", "last_frame", "birth",
                       "death", "replaces", "replaced_by")}


def parse_stat_table(text, names=None):
    """The rows of a Wireshark stat table: '|' ends a column; a line with the titles, then one line a row.

    names are what the columns are called here, in their order; without them, the titles."""
    lines = [[cell.strip() for cell in line.split("|")[:-1]] for line in text.splitlines() if "|" in line]
    if not lines:
        return []
    titles = lines[0]
    names = names or titles
    assert len(names) == len(titles), titles
    for row in lines[1:]:
        assert len(row) == len(titles), f"{len(titles)} columns, but {row}"
    return [dict(zip(names, row)) for row in lines[1:]]


def epoch_of(text):
    """Epoch seconds of a table's UTC time."""
    assert text.endswith(" UTC"), text
    return datetime.fromisoformat(text.replace(" UTC", "+00:00")).timestamp()


def is_true(text):
    return text in ("1", "True", "true")


# What holds packets that are no traffic of their own
QUOTERS = ("icmp", "icmpv6", "sflow", "openflow")


def quoted(row):
    """Whether an ICMP error, or the like, quotes what the frame shows of IKE, ESP or AH: it came before them. (A ping in ESP comes after.)"""
    for protocol in row["frame.protocols"][0].split(":"):
        if protocol in ("isakmp", "esp", "ah"):
            return False
        if protocol in QUOTERS:
            return True
    return False


def findings_of(rows):
    found = []
    for row in rows:
        frame = int(row["frame.number"][0])
        keys, confidences = row.get("spiscope.finding", []), row.get("spiscope.confidence", [])
        assert len(keys) == len(confidences), f"frame {frame}: {len(keys)} findings, {len(confidences)} confidences"
        found += [Finding(frame, key, confidence) for key, confidence in zip(keys, confidences)]
    return found


def layers_of(row):
    """The ESP and AH headers of a frame, outermost first, with the addresses of the IP header that carries each.

    Walks Wireshark's own list of the protocols in the frame; what an ICMP error, or the like, quotes is left out."""
    taken = {}

    def take(name):
        taken[name] = taken.get(name, -1) + 1
        values = row[name]
        return values[taken[name]] if taken[name] < len(values) else None

    layers, src, dst, room = [], None, None, None
    # Wireshark 4.4 leaves the IP header that follows MPLS labels out of its list
    for protocol in re.sub(r":mpls:(?!ip)", ":mpls:ip:", row["frame.protocols"][0]).split(":"):
        if protocol == "ip":
            src, dst, total, header = take("ip.src"), take("ip.dst"), take("ip.len"), take("ip.hdr_len")
            room = int(total) - int(header) if not row["ip.fragment"] else None
        elif protocol == "ipv6":
            src, dst, room = take("ipv6.src"), take("ipv6.dst"), int(take("ipv6.plen"))
        elif protocol.startswith("ipv6."):
            room = None
        elif protocol == "udp":
            room = int(take("udp.length")) - 8
        elif protocol in QUOTERS:
            break
        elif protocol == "esp":
            spi, sequence = take("esp.spi"), take("esp.sequence")
            layers.append(Layer("esp", dst, int(spi, 0), int(sequence or 0), room, src))
        elif protocol == "ah":
            spi, sequence = take("ah.spi"), take("ah.sequence")
            layers.append(Layer("ah", dst, int(spi, 0), int(sequence or 0), room, src))
            room = None
    return layers
