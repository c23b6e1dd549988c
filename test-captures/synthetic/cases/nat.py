# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers behind a NAT."""
import ike_bytes as ike
from cases import case
from ike_peers import NET_B, Ike1, Ike2
from writer import MS, NAT, REPLY, B, S


@case
def ike2_nat_three_peers(cap):
    """Three peers behind one NAT address, on ports 1024, 2048 and 4500; each IKE SA floats from its port for 500"""
    peers = []
    for i, (early, late) in enumerate(((1023, 1024), (2047, 2048), (500, 4500))):
        sa = Ike2(cap, NAT, B, (early, 500), tunnel=i)
        detect = [ike.notify2(kind, cap.random_bytes(20)) for kind in (ike.N_NAT_SOURCE, ike.N_NAT_DESTINATION)]
        sa.init(i * 10 * MS, detect, detect)
        peers.append((sa, late))
    for i, (sa, late) in enumerate(peers):
        sa.ends = [(NAT, late), (B, 4500)]
        child, _ = sa.auth(S + i * 10 * MS, (f"10.1.{i}.0/24",))
        child.send_every(2 * S + i * 10 * MS, 60 * S, (NAT, B))
        sa.exchange(30 * S + i * 10 * MS, 0, ike.INFO, [], [])
        sa.exchange(40 * S + i * 10 * MS, 1, ike.INFO, [], [])
        cap.esp_tunnels.update({spi: i for spi in child.inbound.values()})


@case
def ike1_nat_three_peers(cap):
    """The same with IKEv1, which floats within main mode"""
    for i, (early, late) in enumerate(((1023, 1024), (2047, 2048), (500, 4500))):
        sa = Ike1(cap, NAT, B, (early, 500), tunnel=i)
        put = sa.put

        def floating(time, side, *arguments, put=put, sa=sa, late=late, count=[0], **named):
            count[0] += 1
            if count[0] == 5:
                sa.ends = [(NAT, late), (B, 4500)]
            return put(time, side, *arguments, **named)
        sa.put = floating
        sa.main_mode(i * 10 * MS)
        child, _ = sa.quick_mode(S + i * 10 * MS, 0, (f"10.1.{i}.0/24", NET_B))
        child.send_every(2 * S + i * 10 * MS, 60 * S, (NAT, B))
        sa.r_u_there(30 * S + i * 10 * MS, 1, 1)
        sa.r_u_there(30 * S + i * 10 * MS + REPLY, 0, 1, ike.N1_THERE_ACK)
        cap.esp_tunnels.update({spi: i for spi in child.inbound.values()})


@case
def ike2_nat_rebinding(cap):
    """The NAT gives the peer another port, then another address: the IKE SPIs go on"""
    sa = Ike2(cap, NAT, B, (1024, 4500))
    sa.start(0)
    for i, end in enumerate(((NAT, 3333), ("192.0.2.78", 4444))):
        sa.ends[0] = end
        sa.exchange((20 + 20 * i) * S, 0, ike.INFO, [], [])
        sa.exchange((30 + 20 * i) * S, 1, ike.INFO, [], [])
