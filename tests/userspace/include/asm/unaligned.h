/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_ASM_UNALIGNED_H
#define _SHIM_ASM_UNALIGNED_H

#include <linux/types.h>

#define get_unaligned(ptr)						\
	(((const struct { __typeof__(*(ptr)) x; } __packed *)(const void *)(ptr))->x)
#define put_unaligned(val, ptr)						\
	((void)(((struct { __typeof__(*(ptr)) x; } __packed *)(void *)(ptr))->x = (val)))

#endif
