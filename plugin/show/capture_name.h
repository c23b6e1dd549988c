/* capture_name.h
 * The name of the capture file that tshark reads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CAPTURE_NAME_H
#define SPISCOPE_CAPTURE_NAME_H

/** The file as it was given with -r, or NULL where that can't be told: epan does not tell plugins, so
 * that it is read from the process's own command line where the system shows that (Linux). Valid
 * until the next call. */
const char *capture_name(void);

#endif /* SPISCOPE_CAPTURE_NAME_H */
