/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_JIFFIES_H
#define _SHIM_LINUX_JIFFIES_H

#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)

#endif
