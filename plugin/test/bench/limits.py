# SPDX-License-Identifier: GPL-2.0-or-later
"""What SPIscope may cost, and how that is found out: the one place that both the table in README.md and the test read.

A limit's measure gives (what, value) pairs; no value may be above the limit. Costs are instructions per packet.
"""
import json
import re
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

from captures import HEALTHY_SPIS, LATE_SPIS, PACKETS_OF_SA, hub_size, packets_of
from measure import ROOT, Run

Limit = namedtuple("Limit", "what most measure")

MOST_H = ROOT / "plugin" / "track" / "most.h"
MAX_SAS = 1_000_000             # the preference's default

# How many packets the captures have.
#   timed          time and memory are taken of so many packets; of IKE messages
#   exact          two lengths, between which a packet's cost is found to a per mille or two
#   coarse         a length that will do for comparison with what costs several times as much
#   long           three lengths: the cost from the second to the third is compared with that from the first to the second
#   hostile        three lengths for captures that were made to cost more and more; compared as long is
#   few, many      cases with few and with many SAs, and the lengths between which a packet's cost is taken there
#   healthy        two lengths, between which memory must not grow
#   scanned        two lengths of a scan, between which the memory of an SA is taken
#   kept           the same for captures of which each packet, or one in a few, is kept: no longer than until the smallest of the default tables
#                  is full, that of tunnels that nobody answers (three quarters of an eighth of a million: track/most.h)
#   max_sas        where the table is full
#   flood          the case, and its length
#   hubs           tunnels of two hubs, between which what an output costs must not grow faster than their SAs
Scale = namedtuple("Scale", "timed exact coarse long hostile few few_lengths many many_lengths healthy scanned kept max_sas flood hubs")
SMALL = Scale(timed=(100_000, 20_000), exact=(3000, 9000), coarse=1500, long=(3000, 9000, 36_000), hostile=(500, 1500, 4500),
              few="sas100", few_lengths=(1000, 5000), many="sas5000", many_lengths=(6000, 10_000),
              healthy=(30_000, 230_000), scanned=(20_000, 120_000), kept=(10_000, 90_000), max_sas=1000, flood=("flood4000", 28_000), hubs=(20, 60))
FULL = Scale(timed=(1_000_000, 100_000), exact=(10_000, 50_000), coarse=50_000, long=(10_000, 1_000_000, 4_000_000), hostile=(10_000, 50_000, 200_000),
             few="sas100", few_lengths=(10_000, 50_000), many="sas100000", many_lengths=(110_000, 150_000),
             healthy=(100_000, 1_000_000), scanned=(100_000, 1_000_000), kept=(10_000, 90_000), max_sas=10_000, flood=("flood49000", 346_000), hubs=(100, 1000))

# What is written when the capture has been read, and what to compare it with: a table of what is not there
OUTPUTS = {"report": "spiscope,report", "JSON": "spiscope,json,/dev/null", "timeline": "spiscope,timeline,/dev/null"}
NO_OUTPUT = "http,tree"

WITH_IPSEC, WITHOUT_IPSEC = ("esp", "udp", "ike", "scan"), ("web",)


def over_stock(case, setting):
    def measure(bench, scale):
        plugin, stock = (bench.per_packet(scale.exact, Run(case, 0, who, setting)) for who in ("plugin", "stock"))
        yield f"{case}, {setting}", plugin / stock
    return measure


def quiet_over_stock(bench, scale):
    """As with -q -z spiscope,report, which writes once, and not by packets. tshark dissects nothing for -q alone; a table of what is not
    there makes it, and costs nothing itself."""
    plugin, stock = (bench.per_packet(scale.exact, Run("esp", 0, who, "plain", ("-q", "-z", "http,tree"))) for who in ("plugin", "stock"))
    yield "esp, -q -z", plugin / stock


def coarse(bench, scale, case, who, setting):
    """The cost per packet, with what a first packet costs besides."""
    return bench.per_packet((0, scale.coarse), Run(case, 0, who, setting))


def over_alternatives(case):
    """SPIscope in its dearer setting over the alternative in its cheaper one: Lua needs a tree in any, and without a filter prints rows."""
    def measure(bench, scale):
        plugin = max(coarse(bench, scale, case, "plugin", setting) for setting in ("plain", "tree"))
        for who in ("lua", "pipe"):
            yield f"{case} over {who}", plugin / coarse(bench, scale, case, who, "tree")
    return measure


def later_over_earlier(bench, case, lengths):
    earlier, later = bench.per_packet(lengths, Run(case, 0, "plugin"))
    return later / earlier


def long_over_short(bench, scale):
    yield "cost of later packets over earlier", later_over_earlier(bench, "esp", scale.long)


def hostile_over_time(bench, scale):
    for case in ("scan", "parallel", "rekeys", "refusals"):
        yield f"{case}: cost of later packets over earlier", later_over_earlier(bench, case, scale.hostile)


def many_over_few(bench, scale):
    many, few = (bench.per_packet(lengths, Run(case, 0, "plugin")) for case, lengths in
                 ((scale.many, scale.many_lengths), (scale.few, scale.few_lengths)))
    yield f"{scale.many} over {scale.few}", many / few


def flood_over_scan(bench, scale):
    case, packets = scale.flood
    flood, scan = (bench.per_packet((0, packets), Run(name, 0, "plugin")) for name in (case, "udpscan"))
    yield f"{case} over udpscan", flood / scan


def growth_over_stock(bench, lengths, case, options=(), preferences=()):
    """Bytes per packet."""
    plugin, stock = (bench.bytes_per_packet(lengths, Run(case, 0, who, "plain", more)) for who, more in
                     (("plugin", (*options, *preferences)), ("stock", options)))
    return plugin - stock


def bytes_of_healthy_packet(bench, scale):
    for options in ((), ("-2",)):
        yield " ".join(("tshark", *options)), growth_over_stock(bench, scale.healthy, "sas100", options)


def bytes_of_sa(bench, scale):
    yield "scan", growth_over_stock(bench, scale.scanned, "scan")


def bytes_of_busy_sa(bench, scale):
    """Every second packet is a new SA's, and each other one is of an SA before."""
    yield "parallel", 2 * growth_over_stock(bench, scale.kept, "parallel")


def bytes_of_rekeyed_sa(bench, scale):
    yield "short", PACKETS_OF_SA * growth_over_stock(bench, scale.kept, "short")


def bytes_of_case(case):
    def measure(bench, scale):
        yield case, growth_over_stock(bench, scale.kept, case)
    return measure


def of_most(name):
    """A number in track/most.h."""
    return int(re.search(rf"{name}(?: =)? (\d+)", MOST_H.read_text())[1])


def bytes_at_defaults(bench, scale):
    """All tables full: each tunnel and each further IKE SA has a message, though these count among all messages, too."""
    sa, = (value for _what, value in bytes_of_rekeyed_sa(bench, scale))
    message, setup, pair = (growth_over_stock(bench, scale.kept, case) for case in ("asks", "setups", "inits"))
    yield "computed of the rows above", MAX_SAS * (sa + message * of_most("IKE_MESSAGES_PER_SA") + setup / of_most("SHARE_IKE_SAS")
                                                  + pair / of_most("SHARE_TUNNELS"))


def table_limit(scale):
    return "-o", f"spiscope.max_sas:{scale.max_sas}"


def bytes_when_full(bench, scale):
    yield f"scan, max_sas {scale.max_sas}", growth_over_stock(bench, scale.scanned, "scan", (), table_limit(scale))


def scanned(bench, scale):
    """The JSON report of a scan that exceeds the table."""
    return json.loads(bench.output(Run("scan", scale.scanned[0], "plugin", "plain", (*table_limit(scale), "-q", "-z", "spiscope,json"))))


def tracked_over_limit(bench, scale):
    yield "SAs tracked over max_sas", sum(len(tunnel["sas"]) for tunnel in scanned(bench, scale)["tunnels"]) / scale.max_sas


def limits_reported(bench, scale):
    shown = bench.output(Run("scan", scale.scanned[0], "plugin", "plain", (*table_limit(scale), "-Y", "spiscope.limit_reached")))
    yield "findings limit_reached too many or too few", abs(len(shown.splitlines()) - 1)


def forgotten_packets(bench, scale):
    """Of SAs that carry traffic, from the start of the capture or from when the table is full."""
    counted = {int(sa["spi"], 0): sa["packets"] for tunnel in scanned(bench, scale)["tunnels"] for sa in tunnel["sas"]}
    for name, spis in (("from the start", HEALTHY_SPIS), ("late", LATE_SPIS)):
        yield f"packets not counted, {name}", sum(packets_of(spi, "scan", scale.scanned[0]) - counted.get(spi, 0) for spi in spis)


def of_hub(tunnels, output):
    return Run(f"hub{tunnels}", hub_size(tunnels)[0], "plugin", "plain", ("-q", "-z", output))


def output_cost(bench, tunnels, output):
    """Instructions an SA."""
    written, read = (bench.submit(of_hub(tunnels, what)).result()[None] for what in (output, NO_OUTPUT))
    return (written - read) / hub_size(tunnels)[1]


def outputs_over_sas(bench, scale):
    few, many = scale.hubs
    for name, output in OUTPUTS.items():
        yield f"{name}: an SA of {many} tunnels over one of {few}", output_cost(bench, many, output) / output_cost(bench, few, output)


ALTERNATIVES = "{}: SPIscope over Lua and over `-T fields \\| python3`"
LIMITS = {
    "tree": Limit("ESP with a tree: over stock", 1.05, over_stock("esp", "tree")),
    "plain": Limit("ESP, plain `tshark -r`: over stock", 1.08, over_stock("esp", "plain")),
    "quiet": Limit("ESP, `tshark -q -z`: over stock", 1.08, quiet_over_stock),
    "ike-tree": Limit("IKE with a tree: over stock", 1.15, over_stock("ike", "tree")),
    "ike-plain": Limit("IKE, plain `tshark -r`: over stock", 1.20, over_stock("ike", "plain")),
    "no-ipsec": Limit("no IPsec, with a tree: over stock", 1.02, over_stock("web", "tree")),
    "no-ipsec-plain": Limit("no IPsec, plain `tshark -r`: over stock", 1.02, over_stock("web", "plain")),
    **{f"alternatives-{case}": Limit(ALTERNATIVES.format(case), 1.0, over_alternatives(case)) for case in WITH_IPSEC + WITHOUT_IPSEC},
    "long": Limit("linear in packets", 1.05, long_over_short),
    "hostile": Limit("linear in what a hostile capture makes grow", 1.10, hostile_over_time),
    "many-sas": Limit("linear in SAs", 1.10, many_over_few),
    "outputs": Limit("outputs: linear in tunnels and SAs", 1.10, outputs_over_sas),
    "flood": Limit("hash flooding: over a scan of as many random SPIs", 1.05, flood_over_scan),
    # a page more or less a run shows as a fraction of a byte; an allocation would show as 8 or more
    "healthy": Limit("bytes per healthy packet, over stock", 4, bytes_of_healthy_packet),
    "sa": Limit("bytes per SA, over stock", 256, bytes_of_sa),
    "busy-sa": Limit("bytes per SA that carried traffic, over stock", 384, bytes_of_busy_sa),
    "rekeyed-sa": Limit("the same with the finding of its rekey", 448, bytes_of_rekeyed_sa),
    "message": Limit("bytes per IKE message in clear, over stock", 300, bytes_of_case("asks")),
    "setup": Limit("bytes per IKE SA with one message, over stock", 704, bytes_of_case("setups")),
    "pair": Limit("bytes per tunnel with an IKE SA and one message, over stock", 2800, bytes_of_case("inits")),
    "defaults": Limit("bytes with all tables full at the default limits", 2_000_000_000, bytes_at_defaults),
    "full": Limit("bytes per SA beyond `max_sas`, over stock", 4, bytes_when_full),
    "tracked": Limit("`max_sas` under a scan: SAs tracked", 1, tracked_over_limit),
    "reported": Limit("`max_sas` under a scan: one `limit_reached`", 0, limits_reported),
    "forgotten": Limit("`max_sas` under a scan: SAs that carry traffic stay", 0, forgotten_packets),
}


def measure_limits(bench, scale, names):
    """Name -> a future, done, of the list that was measured for that limit. All are begun at once; the bench runs so many valgrinds as it has
    processors."""
    with ThreadPoolExecutor(len(names)) as waiting:
        return {name: waiting.submit(lambda measure=LIMITS[name].measure: list(measure(bench, scale))) for name in names}
