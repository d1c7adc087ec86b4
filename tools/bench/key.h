/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key of benchmarks: octets of a stream by their offset, the same for
 * whoever knows the seed. Not random enough for anything else.
 */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include <stdint.h>
#include <string.h>

/**
 * bench_key() - key of a link
 * @out: where to
 * @seed: of the link
 * @offset: in the stream, a multiple of 8
 * @len: octets, a multiple of 8
 */
static inline void bench_key(void *out, uint64_t seed, uint64_t offset, size_t len)
{
	uint8_t *at = out;

	for (; len; len -= 8, offset += 8, at += 8) {
		uint64_t x = seed + (offset / 8 + 1) * 0x9e3779b97f4a7c15ULL;

		x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
		x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
		x ^= x >> 31;
		memcpy(at, &x, 8);
	}
}

#endif
