# SPDX-License-Identifier: GPL-2.0-or-later
"""One of two pairs of SAs, after a rekey: both peers use it, or one, or each peer uses another one."""
from cases import variants
from ike_peers import NET_A, NET_B, Ike2
from writer import MS, A, B, S

OTHERS = ("10.1.99.0/24",), ("10.2.99.0/24",)
REKEY = 600                                     # seconds
BOTH, ONE = (A, B), (A,)
EACH_ANOTHER = "each another"


def second(time, pairs):
    """Of each pair (child, who sends) a packet. Returns the frame of the last pair's first one."""
    for number, (child, senders) in enumerate(pairs):
        frames = [child.send(time * S + number * 100 * MS + i * 30 * MS, sender) for i, sender in enumerate(senders)]
    return frames[0]


@variants(ike2_half_used=("plain", ONE, True), ike2_half_used_sealed=("sealed", ONE, True),
          ike2_both_used=("plain", BOTH, False), ike2_both_used_sealed=("sealed", BOTH, False),
          ike2_each_uses_another=("plain", EACH_ANOTHER, False), ike2_each_uses_another_sealed=("sealed", EACH_ANOTHER, False))
def half_used(cap, form, use, is_said):
    """Two children, with a packet a second each way. One is rekeyed, and for 100 s both peers use the new SAs, or A alone does; or A makes two of
    them for the same networks, and each peer uses another one. The other child goes on"""
    sa = Ike2(cap, form=form)
    other = sa.start(0, *OTHERS)
    for time in range(1, 40):
        second(time, [(other, BOTH)])
    child, _ = sa.ask_child(40 * S, 0)
    for time in range(41, REKEY):
        second(time, [(other, BOTH), (child, BOTH)])
    new, _ = sa.ask_child(REKEY * S, 0, rekey=child)
    pairs = [(new, ONE if use == EACH_ANOTHER else use)]
    if use == EACH_ANOTHER:
        pairs.append((sa.ask_child(REKEY * S + 100 * MS, 0)[0], (B,)))
        cap.leave_open("duplicate_sa")
    sa.delete_child(REKEY * S + 300 * MS, 0, child)
    for time in range(REKEY + 1, REKEY + 100):
        frame = second(time, [(other, BOTH), *pairs])
        if is_said and time == REKEY + 32:      # its 32nd packet: the first power of two behind 30 s
            cap.expect("one_way", frame, "32 packets", confidence="inferred")
