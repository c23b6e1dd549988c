# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user would write instead of SPIscope: reads `tshark -T fields` (ALTERNATIVES in measure.py has the fields) and follows SPIs.

Prints a row per SA (protocol, destination, SPI): first and last frame, age, packets, bytes, lost, the SPI that it replaced, whether that
came early.
"""
import sys

SHORTEST_LIFETIME = 300


class Sa:
    __slots__ = ("spi", "first", "first_time", "last", "last_time", "packets", "bytes", "lost", "highest", "replaces", "churn")

    def __init__(self, spi, frame, time, sequence, old):
        self.spi, self.first, self.first_time, self.packets, self.bytes, self.lost = spi, frame, time, 0, 0, 0
        self.highest = sequence - 1
        self.replaces = old.spi if old else ""
        self.churn = bool(old) and time - old.first_time < SHORTEST_LIFETIME


def main():
    sas, newest = {}, {}
    for line in sys.stdin:
        frame, time, length, src, dst, src6, dst6, spi, sequence, ah_spi, ah_sequence = line.rstrip("\n").split("\t")
        if spi:
            protocol = "esp"
        elif ah_spi:
            protocol, spi, sequence = "ah", ah_spi, ah_sequence
        else:
            continue
        time, sequence, dst = float(time), int(sequence), dst or dst6
        sa = sas.get((protocol, dst, spi))
        if sa is None:
            pair = protocol, src or src6, dst
            sa = sas[protocol, dst, spi] = newest[pair] = Sa(spi, frame, time, sequence, newest.get(pair))
        sa.packets += 1
        sa.bytes += int(length)
        if sequence > sa.highest:
            sa.lost += sequence - sa.highest - 1
            sa.highest = sequence
        elif sa.lost:
            sa.lost -= 1
        sa.last, sa.last_time = frame, time
    for (protocol, destination, spi), sa in sas.items():
        print(protocol, destination, spi, sa.first, sa.last, f"{sa.last_time - sa.first_time:.6f}", sa.packets, sa.bytes, sa.lost,
              sa.replaces, "churn" if sa.churn else "", sep="\t")


main()
