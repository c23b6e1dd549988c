/* pack.h
 * Memory for what there is much of, without the bytes that wmem puts before each piece and rounds it up by: 16 and more of a piece of
 * 100. Pieces are never freed one by one, but with the pool.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PACK_H
#define SPISCOPE_PACK_H

#include <stddef.h>

#include <wsutil/wmem/wmem.h>

struct pack;

/** Owned by pool, as is all that is taken from it. */
struct pack *pack_create(wmem_allocator_t *pool);

/** So many bytes, all zero, aligned for pointers and 64 bits. */
void *pack_take(struct pack *pack, size_t size);

#endif /* SPISCOPE_PACK_H */
