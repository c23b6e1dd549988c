# SPDX-License-Identifier: GPL-2.0-or-later
"""Lifetimes that IKEv1 offers: alternatives, what each peer says, RESPONDER-LIFETIME, preferences, and phase 1 against phase 2."""
import struct

import ike_bytes as ike
from cases import case, variants
from ike_bytes import life
from ike_peers import LONG, MIRRORED, NET_A, NET_B, Ike1, quick_by_both
from writer import REPLY, A, B, S


# --- IKEv1 lifetimes --------------------------------------------------------------------------------------------------

@case
def ike1_kilobytes_differ(cap):
    """A offers 4608000 kB, in four bytes, B 1000000; both 3600 s, A in the basic form"""
    frames = quick_by_both(cap, [life(3600, 4608000, (None, 4))], [life(3600, 1000000)], LONG)
    cap.expect("phase2_lifetime_mismatch", frames[0], A, B, "4608000 kB", "1000000 kB")


@case
def ike1_equal_in_all_encodings(cap):
    """Both offer the same in other forms: basic, 3, 4, 8 and 16 bytes; phase 1 too"""
    first = Ike1(cap)
    first.main_mode(0, [life(28800, 50000, (None, None), 1)])
    first.quick_mode(S, 0, (NET_A, NET_B), [life(3600, 50000, (None, 4))])
    first.quick_mode(LONG, 1, MIRRORED, [life(3600, 50000, (3, 8))])
    first.quick_mode(2 * LONG, 0, (NET_A, NET_B), [life(3600, 50000, (16, None))])
    first.delete_ike(2 * LONG + S, 0)
    second = Ike1(cap, B, A)
    second.main_mode(2 * LONG + 10 * S, [life(28800, 50000, (8, 3), 1)])
    second.quick_mode(3 * LONG, 0, MIRRORED, [life(3600, 50000, (8, None))])


@case
def ike1_kilobytes_of_64_bits(cap):
    """A offers 2^40 kB, B 2^41 kB, both in eight bytes"""
    frames = quick_by_both(cap, [life(3600, 1 << 40, (4, 8))], [life(3600, 1 << 41, (4, 8))], LONG)
    cap.expect("phase2_lifetime_mismatch", frames[0], "1099511627776 kB", "2199023255552 kB")


def main_by_both(cap, life_a, life_b):
    first, second = Ike1(cap), Ike1(cap, B, A)
    first.main_mode(0, [life_a])
    first.delete_ike(LONG, 0)
    return second.main_mode(LONG + S, [life_b])


@case
def ike1_phase1_32_bits(cap):
    """Phase 1: A offers 2^32-1 s, B one less"""
    frames = main_by_both(cap, life(2**32 - 1, phase=1), life(2**32 - 2, phase=1))
    cap.expect("phase1_lifetime_mismatch", frames[0], A, B, "4294967295 s", "4294967294 s")


@case
def ike1_phase1_64_bits(cap):
    """Phase 1: A offers 2^33 s in eight bytes, B 28800 s in the basic form"""
    frames = main_by_both(cap, life(2**33, phase=1, sizes=(8, 4)), life(28800, phase=1, sizes=(None, 4)))
    cap.expect("phase1_lifetime_mismatch", frames[0], "8589934592 s", "28800 s")


@case
def ike1_phase1_equal_limits(cap):
    """Phase 1: both offer 2^32-1 s and 2^32-1 kB"""
    main_by_both(cap, life(2**32 - 1, 2**32 - 1, phase=1), life(2**32 - 1, 2**32 - 1, phase=1))


@case
def ike1_zero(cap):
    """A offers 0 s and 0 kB, which says nothing; B 3600 s and 4608000 kB"""
    quick_by_both(cap, [life(0, 0)], [life(3600, 4608000)], LONG)


@case
def ike1_one_without_kilobytes(cap):
    """A offers kilobytes too, B only seconds"""
    quick_by_both(cap, [life(3600, 4608000)], [life(3600)], LONG)


# --- RESPONDER-LIFETIME -----------------------------------------------------------------------------------------------

@variants(ike1_responder_lifetime_s=(life(3600, sizes=(None, 4)), "28800 s", "3600 s"),
          ike1_responder_lifetime_s_tlv=(life(3600), "28800 s", "3600 s"),
          ike1_responder_lifetime_s_8_bytes=(life(3600, sizes=(8, 4)), "28800 s", "3600 s"),
          ike1_responder_lifetime_s_3_bytes=(life(3600, sizes=(3, 4)), "28800 s", "3600 s"),
          ike1_responder_lifetime_kb=(life(28800, 1000000), "4608000 kB", "1000000 kB"),
          ike1_responder_lifetime_same=(life(28800, 4608000),))
def responder_lifetime(cap, announced, *texts):
    """A offers 28800 s and 4608000 kB; B answers with the same, and RESPONDER-LIFETIME in message 2"""
    sa = Ike1(cap)
    sa.main_mode(0)
    notify = ike.notify1(ike.N1_RESPONDER_LIFETIME, struct.pack(">I", 0xC2000001), ike.ESP_ID, announced)
    _, frames = sa.quick_mode(S, 0, lives=[life(28800, 4608000)], second=[notify])
    if texts:
        cap.expect("phase2_lifetime_mismatch", frames[1], A, B, "RESPONDER-LIFETIME", *texts)


@variants(ike1_responder_lifetime_main=("main", 3600), ike1_responder_lifetime_main_same=("main", 86400),
          ike1_responder_lifetime_info=("info", 3600), ike1_responder_lifetime_info_same=("info", 86400))
def responder_lifetime_phase1(cap, where, seconds):
    """RESPONDER-LIFETIME about phase 1, whose offer is 86400 s, in message 6 of main mode or in an Informational"""
    sa = Ike1(cap)
    notify = ike.notify1(ike.N1_RESPONDER_LIFETIME, sa.cookie_bytes(), ike.IKE, life(seconds, phase=1))
    frame = sa.main_mode(0, sixth=[notify] if where == "main" else [])[5]
    sa.quick_mode(S, 0)
    if where == "info":
        frame = sa.informational(2 * S, 1, [sa.hash(), notify])
    if seconds != 86400:
        cap.expect("phase1_lifetime_mismatch", frame, A, B, "86400 s", f"{seconds} s", "RESPONDER-LIFETIME")


# --- alternatives, selectors, preferences, order ----------------------------------------------------------------------

@case
def ike1_alternatives_overlap(cap):
    """A offers 3600 s or 28800 s, B 28800 s or 86400 s: alternatives, one of which both have; phase 1 too"""
    first = Ike1(cap)
    first.main_mode(0, [life(n, phase=1) for n in (86400, 28800)])
    first.quick_mode(S, 0, lives=[life(3600), life(28800)])
    first.quick_mode(LONG, 1, MIRRORED, [life(28800), life(86400)])
    first.delete_ike(2 * LONG, 1)
    Ike1(cap, B, A).main_mode(2 * LONG + S, [life(n, phase=1) for n in (28800, 3600)])


@case
def ike1_alternatives_disjoint(cap):
    """A offers 3600 s or 7200 s, B 28800 s or 86400 s"""
    frames = quick_by_both(cap, [life(3600), life(7200)], [life(28800), life(86400)], LONG)
    cap.expect("phase2_lifetime_mismatch", frames[0], A, B, "3600 s", "28800 s")


@case
def ike1_several_proposals(cap):
    """One offer of two proposals with one transform each: 3600 s or 28800 s. B offers 28800 s"""
    sa = Ike1(cap)
    sa.main_mode(0)
    spi, answer = cap.new_spi(), cap.new_spi()
    items = [(ike.ESP_ID, spi.to_bytes(4, "big"), *ike.transforms1(2, [life(seconds)])) for seconds in (3600, 28800)]
    first = sa.say(S, 0, ike.QUICK, 77, [sa.hash(), ike.sa1(items, (spi,)), ike.Payload(ike.NONCE1, sa.nonce()),
                                         ike.id1(NET_A), ike.id1(NET_B)])
    sa.say(S + REPLY, 1, ike.QUICK, 77, [sa.hash(), ike.sa1_phase2(answer, [life(3600)]), ike.Payload(ike.NONCE1, sa.nonce()),
                                         ike.id1(NET_A), ike.id1(NET_B)], (first,))
    sa.say(S + 2 * REPLY, 0, ike.QUICK, 77, [sa.hash()])
    sa.quick_mode(LONG, 1, MIRRORED, [life(28800)])


NET_A2, NET_B2 = "10.3.0.0/24", "10.4.0.0/24"


@case
def ike1_other_selectors_other_lifetimes(cap):
    """Two pairs of networks with lifetimes of their own, the same on both peers; A begins with each, then B"""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0, (NET_A, NET_B), [life(3600)])
    sa.quick_mode(2 * S, 0, (NET_A2, NET_B2), [life(7200)])
    sa.quick_mode(3400 * S, 1, (NET_B, NET_A), [life(3600)])
    sa.quick_mode(6800 * S, 1, (NET_B2, NET_A2), [life(7200)])


@case
def ike1_mirrored_selectors_other_lifetime(cap):
    """Two pairs of networks; for the second one the peers' lifetimes differ, and only there"""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0, (NET_A, NET_B), [life(3600)])
    sa.quick_mode(2 * S, 0, (NET_A2, NET_B2), [life(7200)])
    sa.quick_mode(3400 * S, 1, (NET_B, NET_A), [life(3600)])
    _, frames = sa.quick_mode(6800 * S, 1, (NET_B2, NET_A2), [life(28800)])
    cap.expect("phase2_lifetime_mismatch", frames[0], A, B, "7200 s", "28800 s")


@variants(ike1_expected_lifetimes_differ=(3600, 7200), ike1_expected_lifetimes_met=(86400, 28800))
def expected_lifetimes(cap, phase1, phase2):
    """A offers 3600 s and 7200 s; the preferences expect 86400 s and 28800 s. Or it offers just these"""
    cap.options = ("spiscope.expected_phase1_lifetime:86400", "spiscope.expected_phase2_lifetime:28800")
    sa = Ike1(cap)
    first = sa.main_mode(0, [life(phase1, phase=1)])[0]
    child, frames = sa.quick_mode(S, 0, lives=[life(phase2)])
    cap.negotiated = {spi: phase2 for spi in child.inbound.values()}
    child.send_every(2 * S, 10 * S, (A, B))
    if phase1 != 86400:
        cap.expect("phase1_lifetime_mismatch", first, A, "3600 s", "86400 s", "preferences")
        cap.expect("phase2_lifetime_mismatch", frames[0], A, "7200 s", "28800 s", "preferences")
        cap.expect("lifetime_order", frames[1], "3600 s", "7200 s")


@variants(ike1_phase1_shorter=(1800, 3600), ike1_phase1_as_long=(3600, 3600), ike1_phase1_longer=(86400, 3600))
def lifetime_order(cap, phase1, phase2):
    """Phase 1 shorter than phase 2, as long, longer; two Quick Modes"""
    sa = Ike1(cap)
    sa.main_mode(0, [life(phase1, phase=1)])
    _, frames = sa.quick_mode(S, 0, lives=[life(phase2)])
    sa.quick_mode(2 * S, 0, (NET_A2, NET_B2), lives=[life(phase2)])
    if phase1 < phase2:
        cap.expect("lifetime_order", frames[1], f"{phase1} s", f"{phase2} s")
