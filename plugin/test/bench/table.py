# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of what SPIscope costs, in README.md beside this file."""
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor

from limits import LIMITS, NO_OUTPUT, OUTPUTS, WITH_IPSEC, WITHOUT_IPSEC, measure_limits, of_hub
from measure import BENCH, ROOT, WHO, Run, captures

sys.path.insert(0, str(ROOT / "cmake"))
import readme  # noqa: E402

README = BENCH / "README.md"
MARKERS = "<!-- benchmarks:begin -->\n", "<!-- benchmarks:end -->\n"
COMMANDS = {"plain": "`tshark -r`", "tree": "`tshark -Y`"}
OTHERS = ("plugin", "lua", "pipe")


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def used(bench, run, rounds):
    """(time, memory) of each of the others, over stock: the median of so many rounds, in each of which all run in turn."""
    ratios = {who: ([], []) for who in OTHERS}
    for _ in range(rounds):
        stock = bench.usage(run._replace(who="stock"))
        for who in OTHERS:
            usage = bench.usage(run._replace(who=who))
            for list_, own, of_stock in zip(ratios[who], usage, stock):
                list_.append(own / of_stock)
    return {who: tuple(map(statistics.median, lists)) for who, lists in ratios.items()}


def counted(bench, scale):
    """(case, setting) -> who -> instructions per packet."""
    everyone = [(case, setting, who) for case in WITH_IPSEC + WITHOUT_IPSEC for setting in COMMANDS for who in WHO]
    with ThreadPoolExecutor(bench.processors + 1) as waiting:       # one more than run, so that a run is always ready to start
        costs = waiting.map(lambda one: bench.per_packet(scale.exact, Run(one[0], 0, one[2], one[1])), everyone)
        found = {}
        for (case, setting, who), cost in zip(everyone, costs):
            found.setdefault((case, setting), {})[who] = cost
            say(f"{case}, {setting}, {who}: {cost:,.0f} instructions a packet")
    return found


def costs_table(bench, scale, costs, rounds):
    """A row for each capture and setting. Nothing else should run on the machine."""
    lines = [row("capture", "command", "stock, instructions a packet", *(f"{what}: {who}" for what in ("instructions", "CPU time", "memory")
                                                                        for who in ("SPIscope", "Lua", "python3"))),
             row(*["---"] * 2, *["---:"] * 10)]
    for (case, setting), cost in costs.items():
        usage = used(bench, Run(case, scale.timed[case == "ike"], None, setting), rounds)
        lines.append(row(case, COMMANDS[setting], f"{cost['stock']:,.0f}", *(f"{cost[who] / cost['stock']:.3f}" for who in OTHERS),
                         *(f"{usage[who][i]:.2f}" for i in (0, 1) for who in OTHERS)))
        say(lines[-1])
    return lines


LARGE_HUB = 1000


def outputs_table(bench, rounds):
    """A row for each output of a large hub: what it takes besides reading the capture. Nothing else should run on the machine."""
    packets, sas = captures.hub_size(LARGE_HUB)
    lines = [f"What is written at the end, of {LARGE_HUB:,} tunnels with {sas:,} SAs in {packets:,} packets, all of which churn: besides reading them.", "",
             row("output", "CPU time, s", "memory, MB"), row("---", "---:", "---:")]
    taken = {output: [] for output in (NO_OUTPUT, *OUTPUTS.values())}
    for _ in range(rounds):
        for output, list_ in taken.items():
            list_.append(bench.usage(of_hub(LARGE_HUB, output)))
    seconds, kilobytes = ({output: statistics.median(usage[i] for usage in list_) for output, list_ in taken.items()} for i in (0, 1))
    for name, output in (("none: reading alone", None), *OUTPUTS.items()):
        before = NO_OUTPUT if output else None
        lines.append(row(name, *(f"{max(of[output or NO_OUTPUT] - (of[before] if before else 0), 0):{form}}" for of, form in
                                 ((seconds, ".2f"), ({key: value / 1024 for key, value in kilobytes.items()}, ".0f")))))
        say(lines[-1])
    return lines


def limits_table(bench, scale):
    """A row for each limit and what was measured for it."""
    lines = [row("limit", "measured on", "at most", "measured", ""), row("---", "---", "---:", "---:", "---")]
    for limit, found in zip(LIMITS.values(), measure_limits(bench, scale, LIMITS).values()):
        for what, value in found.result():
            lines.append(row(limit.what, what, f"{limit.most:g}", f"{value:.3f}".rstrip("0").rstrip("."),
                             "" if value <= limit.most else "**missed**"))
            say(lines[-1])
    return lines


def table(bench, scale, rounds):
    legend = [f"- `{case}`: {what}" for case, (_generate, what) in captures.CASES.items() if case in WITH_IPSEC + WITHOUT_IPSEC]
    tshark, *_ = bench.version().splitlines()
    head = [f"{tshark}. Instructions a packet between {scale.exact[0]:,} and {scale.exact[1]:,} packets of a capture; CPU time and peak memory of "
            f"{scale.timed[0]:,} packets (`ike`: {scale.timed[1]:,}), median of {rounds} paired run{'s' if rounds > 1 else ''}. "
            "All but the third column: over stock tshark with the same command.", ""]
    costs, limits = counted(bench, scale), limits_table(bench, scale)
    return "\n".join([*head, *legend, "", *costs_table(bench, scale, costs, rounds), "", *outputs_table(bench, rounds), "", *limits]) + "\n"


def write(bench, scale, rounds, only_print):
    new = table(bench, scale, rounds)
    if only_print:
        print(new, end="")
        return 0
    return readme.update(README, MARKERS, new, False, None)
