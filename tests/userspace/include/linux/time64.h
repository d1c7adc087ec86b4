/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_TIME64_H
#define _SHIM_LINUX_TIME64_H
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL
#endif
