/* points.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "points.h"

#include "../compat.h"

struct points {
    wmem_allocator_t *pool;
    unsigned count;
    bool was_opened;                /* interfaces that the file names are known */
    const char *name[POINTS_AT_MOST]; /* or NULL */
};

struct points *
points_create(wmem_allocator_t *pool)
{
    struct points *points = wmem_new0(pool, struct points);

    points->pool = pool;
    return points;
}

/* Wireshark names an interface of which it knows nothing. */
static const char *
name_of(const packet_info *pinfo, uint32_t id)
{
    static const char unknown[] = "unknown";
    const char *name = compat_interface_name(pinfo, id);

    if (name && *name && strcmp(name, unknown) != 0)
        return name;
    name = compat_interface_description(pinfo, id);
    return name && *name && strcmp(name, unknown) != 0 ? name : NULL;
}

/* Those that the file names, so that the first frame of the second one is awaited. */
static void
open_named(struct points *points, const packet_info *pinfo)
{
    points->was_opened = true;
    for (uint32_t id = 0; id < POINTS_AT_MOST; id++) {
        const char *name = name_of(pinfo, id);
        if (!name)
            continue;
        points->name[id] = wmem_strdup(points->pool, name);
        points->count = id + 1;
    }
}

uint8_t
points_interface(struct points *points, const packet_info *pinfo)
{
    uint32_t id = pinfo->rec->rec_header.packet_header.interface_id;

    if (!points->was_opened)
        open_named(points, pinfo);
    if (id >= POINTS_AT_MOST)
        return POINTS_AT_MOST;
    if (id >= points->count)
        points->count = id + 1;
    return (uint8_t)id;
}

unsigned
points_count(const struct points *points)
{
    return points->count;
}

const char *
points_name(const struct points *points, unsigned point)
{
    return point < points->count ? points->name[point] : NULL;
}
