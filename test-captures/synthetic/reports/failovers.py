# SPDX-License-Identifier: GPL-2.0-or-later
"""Clusters whose members do not agree on who they are, or on what was sent."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import report
from reports.peers import peers


@report("one_way degraded down", "sequence_fallback", weaker="replay_drops", by="A")
def sso_seq_back(scene):
    """Kaprakattu, doi 10.4236/jcc.2025.136002; HPE 5950 (sequence numbers synchronised every 100000 packets): A's cluster switches over at 300 s,
    and its numbers fall back by 50000. B drops everything from then on, and only B's own traffic is left. The capture begins hours after the
    set-up"""
    sa = peers(scene)
    child = sa.start(0)
    scene.forget()
    child.sequence = [799999, 700007]
    child.talk(scene.site.settled, 300 * S, 100 * MS)
    child.sequence[0] -= 50000
    child.talk(300 * S, 700 * S, 100 * MS, sides=(0,))
    child.talk(300 * S + sa.round_trip, 700 * S, sides=(1,))


@report("one_way degraded down", "sequence_fallback", weaker="replay_drops", by="A")
def seq_restart(scene):
    """As after a failover that synchronises nothing: A's numbers begin at 1 again on the same SPI after 200 s, and B drops all"""
    child, half = peers(scene).start(0), 200 * S
    child.talk(scene.site.settled, half)
    child.sequence[0] = 0
    child.talk(half, 2 * half)


@report("churning degraded flapping", "identity_conflict", weaker="peer_restart spi_unknown", by="A", fixed="version")
def split_brain(scene):
    """Fortinet community 408336 (2025): both members of a cluster are active with A's address, and set up their own IKE SA with INITIAL_CONTACT in
    turn, every 45 s; the other one goes on sending, and B says INVALID_SPI"""
    last = None
    for start in range(0, 16 * 45 * S, 45 * S):
        sa = peers(scene)
        child = sa.start(start, extra=[notify2(ike.N_INITIAL_CONTACT)])
        child.talk(start + scene.site.settled, start + 45 * S)
        if last:
            last.talk(start + S + 400 * MS, start + 40 * S, 3 * S, sides=(0,))
            sa.exchange(start + S + scene.site.settled, 1, ike.INFO, [notify2(ike.N_INVALID_SPI, last.inbound[1].to_bytes(4, "big"))], [])
        last = child
