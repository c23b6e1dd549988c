/* outputs.h
 * tshark -z spiscope,report, -z spiscope,json[,FILE] and -z spiscope,timeline,FILE.svg: written when the capture has been read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OUTPUTS_H
#define SPISCOPE_OUTPUTS_H

#include "report.h"

/** What there is to write about when the capture has been read; false where nothing was opened. */
typedef bool outputs_source(struct capture_facts *facts, const struct tracker **tracker, const struct judge **judge);

/** Registers the options. */
void outputs_register(outputs_source *outputs);

#endif /* SPISCOPE_OUTPUTS_H */
