/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_ALIGN_H
#define _SHIM_LINUX_ALIGN_H

#define PTR_ALIGN(p, a) \
	((__typeof__(p))(((unsigned long)(p) + (a) - 1) & ~((unsigned long)(a) - 1)))

#endif
