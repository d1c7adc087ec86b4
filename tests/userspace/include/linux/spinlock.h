/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks are pthread's; what lockdep asserts is checked against the owner. */
#ifndef _SHIM_LINUX_SPINLOCK_H
#define _SHIM_LINUX_SPINLOCK_H

#include <pthread.h>
#include <linux/types.h>

typedef struct {
	pthread_mutex_t mutex;
	pthread_t owner;
	bool held;
} spinlock_t;

void shim_lock_init(spinlock_t *lock);
void shim_lock(spinlock_t *lock);
void shim_unlock(spinlock_t *lock);
bool shim_lock_held(const spinlock_t *lock);

#define spin_lock_init(l) shim_lock_init(l)
#define spin_lock(l) shim_lock(l)
#define spin_unlock(l) shim_unlock(l)
#define spin_lock_bh(l) shim_lock(l)
#define spin_unlock_bh(l) shim_unlock(l)
#define lockdep_is_held(l) shim_lock_held(l)
#define lockdep_assert_held(l) ((void)WARN_ON(!shim_lock_held(l)))

#endif
