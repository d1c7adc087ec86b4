/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _QKDNF_COMPAT_LINUX_PREFETCH_H
#define _QKDNF_COMPAT_LINUX_PREFETCH_H

#include_next <linux/prefetch.h>

/*
 * User-mode Linux on x86 has the compiler's built-in for prefetch(), of which
 * nothing is left where, as in a kernel, vector instructions are forbidden. The
 * instruction itself needs none; other x86 kernels write it as we do here.
 */
#if defined(CONFIG_UML) && defined(__x86_64__)
static inline void compat_prefetch(const void *p)
{
	asm volatile("prefetcht0 %0" : : "m"(*(const char *)p));
}

#undef prefetch
#define prefetch(p) compat_prefetch(p)
#endif

#endif
