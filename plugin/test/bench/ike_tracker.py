# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user would write instead of SPIscope, for IKE: reads `tshark -T fields` (ALTERNATIVES in measure.py has the fields).

Prints a row per IKE SA: age, requests, retransmissions, the slowest answer.
"""
import sys


class IkeSa:
    __slots__ = ("first_time", "last_time", "requests", "retransmissions", "slowest")

    def __init__(self, time):
        self.first_time, self.requests, self.retransmissions, self.slowest = time, {}, 0, 0


def main():
    sas = {}
    for line in sys.stdin:
        _frame, time, src, dst, src6, dst6, initiator, exchange, message_id, response = line.rstrip("\n").split("\t")
        if not initiator:
            continue
        time = float(time)
        sa = sas.get(initiator)
        if sa is None:
            sa = sas[initiator] = IkeSa(time)
        sa.last_time = time
        answers = response in ("1", "True")
        # either side numbers its requests for itself
        key = (dst or dst6) if answers else (src or src6), exchange, message_id
        asked = sa.requests.get(key)
        if answers:
            if asked is not None:
                sa.slowest = max(sa.slowest, time - asked)
        elif asked is None:
            sa.requests[key] = time
        else:
            sa.retransmissions += 1
    for initiator, sa in sas.items():
        print(initiator, f"{sa.last_time - sa.first_time:.6f}", len(sa.requests), sa.retransmissions, f"{sa.slowest:.6f}", sep="\t")


main()
