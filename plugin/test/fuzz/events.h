/* events.h
 * What libFuzzer calls, and replay.c in its place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FUZZ_EVENTS_H
#define SPISCOPE_FUZZ_EVENTS_H

#include <stddef.h>
#include <stdint.h>

/** Called once before all streams. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** Runs one stream (stream.h); aborts where something does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* SPISCOPE_FUZZ_EVENTS_H */
