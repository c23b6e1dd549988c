/* cause.h
 * The causes: each says whether a trouble may be its effect, how sure that is, and by what. They are asked in the order of the
 * table in verdict.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CAUSE_H
#define SPISCOPE_CAUSE_H

#include "view.h"

/** @param claim  is filled in where it is true; all zero before, but for by, which is PEER_NOT_SEEN */
typedef bool explain_function(const struct view *view, const struct trouble *trouble, struct claim *claim);

/* cause_refused.c: what is refused, and in which words */
explain_function explain_authentication;
explain_function explain_proposal;
explain_function explain_proxy_id;
explain_function explain_pfs;
explain_function explain_refused;
explain_function explain_authentication_unread;

/* cause_setup.c: set-ups that lead to nothing */
explain_function explain_cookie_loop;
explain_function explain_fragments_lost;
explain_function explain_setup_abandoned;

/* cause_ended.c: who lets SAs end, and at which age */
explain_function explain_phase1_lifetime;
explain_function explain_phase2_lifetime;
explain_function explain_lifetime_expired;
explain_function explain_deleted_by_peer;

/* cause_rhythm.c: who lets SAs go, or renews them, in which rhythm, though nothing fails */
explain_function explain_idle_timeout;
explain_function explain_lifetime_too_short;
explain_function explain_phase2_rekeys;
explain_function explain_deletes_in_turn;
explain_function explain_early_reauth;

/** Whether the tunnel's last SAs were all deleted by one peer, in the midst of traffic, with no successor in place; claims that. */
bool claim_ended_in_turn(const struct view *view, struct claim *claim);

/* cause_silent.c: who is silent, and what went before */
explain_function explain_unreachable;
explain_function explain_unanswered;
explain_function explain_restart;
explain_function explain_identity_conflict;
explain_function explain_rekey_collision;
explain_function explain_rekey_race;
explain_function explain_spi_unknown;
explain_function explain_sequence_fallback;
explain_function explain_one_way;

/** The restart that the trouble begins with, or NULL. Its silence may show it only after the trouble was over: its new IKE SA lies in it. */
const struct finding *restart_of(const struct view *view, const struct trouble *trouble);

/* cause_churn.c: SPIs that do not last, though nothing fails */
explain_function explain_collisions;
explain_function explain_early_rekey;
explain_function explain_volume_rekey;
explain_function explain_volume_reached;
explain_function explain_churn;

/* cause_path.c: what happens on the way, and at the receiver's window */
explain_function explain_nat_mapping;
explain_function explain_path_mtu;
explain_function explain_no_way;
explain_function explain_nothing_listens;
explain_function explain_replay_drops;
explain_function explain_loss;
explain_function explain_cut;
explain_function explain_cut_for_esp;

#endif /* SPISCOPE_CAUSE_H */
