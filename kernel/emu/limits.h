/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits and defaults of the emulated links, all in one place. */
#ifndef _QKDEMU_LIMITS_H
#define _QKDEMU_LIMITS_H

#include <linux/qkd_block.h>

enum emu_limits {
	EMU_LINKS_MAX = 4096,
	EMU_PAST_MAX = 16384,		/* deleted links remembered */
	EMU_ERAS_MAX = 64,		/* changes of a link kept for slow readers */
	EMU_OUTAGES_MAX = 32,
	EMU_RATE_MAX = 1000000000,	/* bit/s */
	EMU_DEPTH_MAX = 1 << 20,	/* blocks */
	EMU_DEPTH_DEFAULT = 1024,	/* blocks */
	EMU_BLOCK_SIZE_DEFAULT = 4096,	/* octets */
	EMU_PPM = 1000000,
	EMU_QBER_MAX = 500000,		/* 1e-6: a coin does no worse */
	EMU_QBER_LIMIT_DEFAULT = 110000, /* 1e-6: BB84 yields no key above */
	EMU_READ_MAX = 1 << 20,		/* octets that one read delivers at most */
	EMU_SETTLE_MAX = 256,		/* losses looked at with a link locked */
};

/* The highest index whose offset in the key stream stays below 2^63 octets. */
#define EMU_INDEX_MAX	((1ULL << 47) - 1)

/* A reader that waits is woken at most once in this time. */
#define EMU_WAKE_NS	(1000ULL * 1000)

#endif
