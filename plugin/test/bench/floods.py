# SPDX-License-Identifier: GPL-2.0-or-later
"""SPIs that fall into one bucket of a hash table: one family for each hash that is in common use and has no secret."""
import itertools

WORD = 2**32
BUCKETS = 2**16                             # in whose tables all SPIs of a family below collide
GLIB_PRIME, GLIB_FACTOR = 65521, 11         # GHashTable takes the remainder of hash * 11 by the prime while it has so many buckets
KNUTH = 2654435761                          # of multiplicative hashing, which keeps the upper bits


def unmixed(value):
    """The word that MurmurHash3's finalizer, which many tables use on integers, turns into the value."""
    for shift, factor in ((16, 0xC2B2AE35), (13, 0x85EBCA6B), (16, 1)):
        restored = value
        for _ in range(32 // shift):
            restored = value ^ restored >> shift
        value = restored * pow(factor, -1, WORD) % WORD
    return value


def equal_djb2():
    """Words whose four bytes, as a string, have the same h * 33 + byte (g_str_hash) but for a multiple of the buckets."""
    for high in itertools.product(range(1, 256), repeat=2):
        rest = -(high[0] * 33**3 + high[1] * 33**2) % BUCKETS
        for third in range(256):
            last = (rest - third * 33) % BUCKETS
            if last < 256:
                yield high[0] << 24 | high[1] << 16 | third << 8 | last


FLOODS = {
    "low bits": lambda: (number << 16 | 0x1234 for number in itertools.count(1)),
    "high bits": lambda: (0x77000000 + number for number in itertools.count()),
    "folded": lambda: (number << 16 | number ^ 0x1234 for number in itertools.count(1)),
    "GHashTable": lambda: (number * GLIB_PRIME * pow(GLIB_FACTOR, -1, WORD) % WORD for number in itertools.count(1)),
    "multiplicative": lambda: (number * pow(KNUTH, -1, WORD) % WORD for number in itertools.count(1)),
    "MurmurHash3": lambda: (unmixed(number << 16 | 0x1234) for number in itertools.count(1)),
    "g_str_hash": equal_djb2,
}
