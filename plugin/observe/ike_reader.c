/* ike_reader.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_reader.h"

/* With more payloads, proposals and transforms it is no IKE message of any use. */
#define PAYLOADS_AT_MOST 4096

bool
ike_next_payload(struct ike_reader *reader, struct bytes *bytes, struct bytes *payload)
{
    unsigned length = get16(*bytes, PAYLOAD_LENGTH);

    if (length < GENERIC_HEADER || !holds(*bytes, 0, length) || reader->items++ == PAYLOADS_AT_MOST)
        return false;
    *payload = (struct bytes){ bytes->at, length };
    *bytes = rest(*bytes, length);
    return true;
}
