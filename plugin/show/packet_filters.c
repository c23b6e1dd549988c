/* packet_filters.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "packet_filters.h"

#include <epan/packet.h>

#include <epan/conversation_filter.h>

#include "../compat.h"
#include "filters.h"

static shown_lookup *find_shown;

static compat_filter_valid
has_tunnel(COMPAT_FILTER_ARGS)
{
    const struct tunnel *tunnel;
    const struct sa *sa;

    return find_shown(pinfo->num, &tunnel, &sa);
}

static char *
tunnel_filter(COMPAT_FILTER_ARGS)
{
    const struct tunnel *tunnel;
    const struct sa *sa;

    return find_shown(pinfo->num, &tunnel, &sa) ? filter_tunnel(tunnel->id) : NULL;
}

static compat_filter_valid
has_sa(COMPAT_FILTER_ARGS)
{
    const struct tunnel *tunnel;
    const struct sa *sa;

    return find_shown(pinfo->num, &tunnel, &sa) && sa != NULL;
}

static char *
sa_filter(COMPAT_FILTER_ARGS)
{
    const struct tunnel *tunnel;
    const struct sa *sa;

    return find_shown(pinfo->num, &tunnel, &sa) && sa ? filter_sa(sa) : NULL;
}

void
packet_filters_register(shown_lookup *lookup)
{
    find_shown = lookup;
    COMPAT_FILTER_REGISTER("spiscope", "SPIscope SA", has_sa, sa_filter);
    COMPAT_FILTER_REGISTER("spiscope", "SPIscope tunnel", has_tunnel, tunnel_filter);
}
