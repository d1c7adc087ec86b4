/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_BITS_H
#define _SHIM_LINUX_BITS_H

#include <linux/types.h>

#define BITS_PER_LONG 64
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))

#define hweight64(w) ((u32)__builtin_popcountll(w))
#define __ffs64(w) ((u32)__builtin_ctzll(w))

static inline bool test_bit(long nr, const unsigned long *addr)
{
	return __atomic_load_n(addr + nr / BITS_PER_LONG, __ATOMIC_RELAXED) >>
		       (nr % BITS_PER_LONG) & 1;
}

static inline void set_bit(long nr, unsigned long *addr)
{
	__atomic_fetch_or(addr + nr / BITS_PER_LONG, 1UL << nr % BITS_PER_LONG,
			  __ATOMIC_RELAXED);
}

static inline void clear_bit(long nr, unsigned long *addr)
{
	__atomic_fetch_and(addr + nr / BITS_PER_LONG,
			   ~(1UL << nr % BITS_PER_LONG), __ATOMIC_RELAXED);
}

static inline bool test_and_clear_bit(long nr, unsigned long *addr)
{
	unsigned long bit = 1UL << nr % BITS_PER_LONG;

	return __atomic_fetch_and(addr + nr / BITS_PER_LONG, ~bit,
				  __ATOMIC_SEQ_CST) & bit;
}

static inline bool test_and_set_bit(long nr, unsigned long *addr)
{
	unsigned long bit = 1UL << nr % BITS_PER_LONG;

	return __atomic_fetch_or(addr + nr / BITS_PER_LONG, bit,
				 __ATOMIC_SEQ_CST) & bit;
}

#endif
