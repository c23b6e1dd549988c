#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What SPIscope costs.

    bench.py table
        all of it, into README.md beside this file: takes an hour or more, and 6 GB of temporary files; prints on stderr as it goes. With --small,
        in minutes on smaller captures; with --print, to stdout instead
    bench.py measure --case esp,ike --setting plain,tree --who stock,plugin,lua,pipe --packets 2000,12000
        instructions per packet, between two lengths of a capture
    bench.py profile --case esp --setting plain --who plugin --packets 2000,12000
        where they go: instructions a packet by function, as callgrind charges them
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from measure import ROOT, SETTINGS, WHO, Bench, Run, captures  # noqa: E402
import table  # noqa: E402
from limits import FULL, SMALL  # noqa: E402


def measure(bench, arguments):
    for case in arguments.case:
        for setting in arguments.setting:
            first = None
            for who in arguments.who:
                cost = bench.per_packet(arguments.packets, Run(case, 0, who, setting, arguments.options))
                first = first or cost
                print(f"{case:12} {setting:8} {who:7} {cost:10.0f} instructions a packet   {cost / first:6.3f}", flush=True)


CHARGED = re.compile(r"^ *([\d,]+) \([^)]*\) +(\S.*)$", re.MULTILINE)


def charged(bench, run, inclusive):
    """Function -> instructions, as callgrind charges them."""
    out = bench.logs / f"{run.packets}.callgrind"
    bench.valgrind(run, ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"), bench.logs)
    text = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", f"--inclusive={'yes' if inclusive else 'no'}", str(out)],
                          check=True, capture_output=True, text=True).stdout
    return {function: int(count.replace(",", "")) for count, function in CHARGED.findall(text)}


def profile(bench, arguments):
    run = Run(arguments.case[0], 0, arguments.who[-1], arguments.setting[0], arguments.options)
    short, long = (charged(bench, run._replace(packets=packets), arguments.inclusive) for packets in arguments.packets)
    packets = arguments.packets[1] - arguments.packets[0]
    costs = {function: (count - short.get(function, 0)) / packets for function, count in long.items()}
    for function, cost in sorted(costs.items(), key=lambda item: -item[1]):
        if cost >= arguments.least:
            print(f"{cost:9.1f} {function}")


def write_table(bench, arguments):
    return table.write(bench, SMALL if arguments.small else FULL, arguments.rounds, arguments.print)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("table", "measure", "profile"))
    parser.add_argument("--plugins", default=ROOT / "build" / "plugins", help="the folder that holds 4.N/epan/spiscope.so")
    parser.add_argument("--keep", help="a folder in which captures stay for the next time")
    for name, known, default in (("case", captures.CASES, "esp"), ("setting", SETTINGS, "plain"), ("who", WHO, "stock,plugin")):
        parser.add_argument(f"--{name}", type=lambda text: text.split(","), default=default.split(","), help=", ".join(known))
    parser.add_argument("--packets", type=lambda text: [int(part) for part in text.split(",")], default=[2000, 12000])
    parser.add_argument("-o", dest="preferences", action="append", default=[], help="a preference, as tshark takes it")
    parser.add_argument("--processors", type=int, default=os.cpu_count() or 1, help="so many valgrinds at once")
    parser.add_argument("--rounds", type=int, default=3, help="table: of paired runs for time and memory")
    parser.add_argument("--small", action="store_true", help="table: with the captures of the test")
    parser.add_argument("--print", action="store_true", help="table: leave the README alone")
    parser.add_argument("--inclusive", action="store_true", help="profile: with what a function calls")
    parser.add_argument("--least", type=float, default=50, help="profile: leave out functions below so many instructions a packet")
    arguments = parser.parse_args()
    arguments.options = tuple(part for preference in arguments.preferences for part in ("-o", preference))
    bench = Bench(arguments.plugins, arguments.keep, arguments.processors)
    try:
        sys.exit({"table": write_table, "measure": measure, "profile": profile}[arguments.command](bench, arguments))
    finally:
        bench.close()


if __name__ == "__main__":
    main()
