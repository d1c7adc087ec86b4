/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_BUILD_BUG_H
#define _SHIM_LINUX_BUILD_BUG_H

#define __static_assert(c, msg, ...) _Static_assert(c, msg)
#define static_assert(c, ...) __static_assert(c, ##__VA_ARGS__, #c)
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)

#endif
