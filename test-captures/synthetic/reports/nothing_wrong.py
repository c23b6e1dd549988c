# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is wrong, though a reader may think so."""
from writer import MS, S

from reports import healthy, report
from reports.peers import IKE_PORT, NATT_PORT, Peers2, peers
from reports.scene import A


@healthy()
def healthy_base(scene):
    """A tunnel with a rekey every 55 min, for 4 hours"""
    sa = peers(scene)
    child, start = sa.start(0), scene.site.settled
    for end in range(3300 * S, 5 * 3300 * S, 3300 * S):
        child.talk(start, end, 5 * S)
        child, start = sa.rekey(end, 0, child), end + scene.site.settled
    child.talk(start, start + 600 * S, 5 * S)


@report("stable idle", "none", must_not="flapping", by="none", fixed="nat version")
def aws_asymmetric(scene):
    """AWS site-to-site VPN with its two tunnels: out through one, back through the other is normal"""
    ends = [Peers2(scene, A, b, (IKE_PORT, IKE_PORT)) for b in ("203.0.113.1", "203.0.113.201")]
    out, back = [sa.start(number * 500 * MS, natt=NATT_PORT) for number, sa in enumerate(ends)]
    for time in scene.ticks(max(2 * S, 2 * scene.site.settled), 1800 * S, 2 * S):
        out.send(time, 0)
        back.send(time + scene.site.round_trip, 1)
    for time in range(10 * S, 1800 * S, 10 * S):
        for number, sa in enumerate(ends):
            sa.liveness(time + (500 + 200 * number) * MS, 1)
