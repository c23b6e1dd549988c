/* invalid_spi.h
 * What verdicts ask of a finding invalid_spi.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_INVALID_SPI_H
#define SPISCOPE_INVALID_SPI_H

#include "findings.h"

/** The direction in which it was said: from the peer who does not know the SPI. */
const struct flow *invalid_spi_flow(const struct finding *finding);

#endif /* SPISCOPE_INVALID_SPI_H */
