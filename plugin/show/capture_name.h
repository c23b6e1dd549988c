/* capture_name.h
 * The name of the capture file that tshark reads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CAPTURE_NAME_H
#define SPISCOPE_CAPTURE_NAME_H

#include <stdbool.h>

/** The file as it was given with -r, or NULL where that can't be told: epan does not tell plugins, so
 * that it is read from the process's own command line where the system shows that (Linux). In the window only
 * while that one is open. Valid until the next call. */
const char *capture_name(void);

/** Whether tshark forgets all that it knows after so many packets (-M), and again: then no output can tell of the capture. False where that can't
 * be told. */
bool capture_is_in_sessions(void);

/** Whether both names lead to the same file, which exists. */
bool capture_is_file(const char *one, const char *other);

#endif /* SPISCOPE_CAPTURE_NAME_H */
