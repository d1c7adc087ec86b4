/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_PREFETCH_H
#define _SHIM_LINUX_PREFETCH_H

/* Where vector registers are forbidden GCC's built-in is nothing at all. */
static inline void prefetch(const void *p)
{
#ifdef __x86_64__
	__asm__ __volatile__("prefetcht0 %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p);
#endif
}

#endif
