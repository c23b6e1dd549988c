/* spiscope.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_H
#define SPISCOPE_H

/** Registers the protocol, its fields, expert items, tables and preferences. */
void proto_register_spiscope(void);

/** Registers the post-dissector, once all protocols are known. */
void proto_reg_handoff_spiscope(void);

#endif /* SPISCOPE_H */
