/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _QKDNF_COMPAT_LINUX_DEVICE_H
#define _QKDNF_COMPAT_LINUX_DEVICE_H

#include_next <linux/device.h>

/*
 * The device that struct device_type's devnode is called with became const
 * after 6.1. The type is taken from the header's own prototype.
 */
#define COMPAT_DEVNODE_CONST						\
	__builtin_types_compatible_p(typeof(((struct device_type *)0)->devnode), \
				     char *(*)(const struct device *, umode_t *, \
					       kuid_t *, kgid_t *))

typedef typeof(__builtin_choose_expr(COMPAT_DEVNODE_CONST,
				     (const struct device *)0,
				     (struct device *)0)) compat_devnode_dev_t;

#endif
