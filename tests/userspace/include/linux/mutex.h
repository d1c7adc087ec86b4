/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_MUTEX_H
#define _SHIM_LINUX_MUTEX_H

#include <linux/spinlock.h>

struct mutex {
	spinlock_t lock;
};

#define mutex_init(m) shim_lock_init(&(m)->lock)
#define mutex_lock(m) shim_lock(&(m)->lock)
#define mutex_unlock(m) shim_unlock(&(m)->lock)
#define mutex_destroy(m) pthread_mutex_destroy(&(m)->lock.mutex)

#endif
