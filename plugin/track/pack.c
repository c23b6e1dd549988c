/* pack.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pack.h"

#include <stdint.h>
#include <string.h>

/* Taken of wmem at once; a larger piece is its own. At the end of each lies unused what the next piece does not fit into: of the largest, a
 * tunnel's 1.6 kB, no more than one in forty. */
#define CHUNK 65536

struct pack {
    wmem_allocator_t *pool;
    char *chunk;
    size_t left;                    /* of it, at its end */
};

struct pack *
pack_create(wmem_allocator_t *pool)
{
    struct pack *pack = wmem_new0(pool, struct pack);

    pack->pool = pool;
    return pack;
}

void *
pack_take(struct pack *pack, size_t size)
{
    size_t rounded = (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);

    if (rounded > CHUNK / 2)
        return wmem_alloc0(pack->pool, size);
    if (rounded > pack->left) {
        pack->chunk = wmem_alloc(pack->pool, CHUNK);
        pack->left = CHUNK;
    }
    void *piece = pack->chunk + (CHUNK - pack->left);
    pack->left -= rounded;
    return memset(piece, 0, size);
}
