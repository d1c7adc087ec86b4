/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _QKDNF_COMPAT_LINUX_UNALIGNED_H
#define _QKDNF_COMPAT_LINUX_UNALIGNED_H

/* The header moved from asm/ to linux/ after 6.1. */
#if __has_include_next(<linux/unaligned.h>)
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
