# SPDX-License-Identifier: GPL-2.0-or-later
"""The README's tables of what SPIscope costs."""
import statistics
import sys

from limits import LIMITS, WITH_IPSEC, WITHOUT_IPSEC
from measure import ROOT, Run, captures

sys.path.insert(0, str(ROOT / "cmake"))
import readme  # noqa: E402

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


def costs(bench, scale, rounds):
    """A row for each capture and setting."""
    lines = [row("capture", "command", "stock, instructions a packet", *(f"{what}: {who}" for what in ("instructions", "CPU time", "memory")
                                                                        for who in ("SPIscope", "Lua", "python3"))),
             row(*["---"] * 2, *["---:"] * 10)]
    for case in WITH_IPSEC + WITHOUT_IPSEC:
        for setting in COMMANDS:
            cost = {who: bench.per_packet(scale.exact, Run(case, 0, who, setting)) for who in ("stock", *OTHERS)}
            usage = used(bench, Run(case, scale.timed[case == "ike"], None, setting), rounds)
            lines.append(row(case, COMMANDS[setting], f"{cost['stock']:,.0f}", *(f"{cost[who] / cost['stock']:.3f}" for who in OTHERS),
                             *(f"{usage[who][i]:.2f}" for i in (0, 1) for who in OTHERS)))
            say(lines[-1])
    return lines


def limits(bench, scale):
    """A row for each limit and what was measured for it."""
    lines = [row("limit", "measured on", "at most", "measured", ""), row("---", "---", "---:", "---:", "---")]
    for limit in LIMITS.values():
        for what, value in limit.measure(bench, scale):
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
    return "\n".join([*head, *legend, "", *costs(bench, scale, rounds), "", *limits(bench, scale)]) + "\n"


def write(bench, scale, rounds, only_print):
    new = table(bench, scale, rounds)
    if only_print:
        print(new, end="")
        return 0
    return readme.update(MARKERS, new, False, None)
