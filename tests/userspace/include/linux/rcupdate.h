/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RCU for threads: shim.c runs a callback only after every reader that was
 * under way has left. A reader outside rcu_read_lock() is a failed test.
 */
#ifndef _SHIM_LINUX_RCUPDATE_H
#define _SHIM_LINUX_RCUPDATE_H

#include <linux/spinlock.h>
#include <linux/types.h>

#ifdef SHIM_FAST
/* Benchmarks of one thread: a reader costs what it costs in the kernel. */
#define rcu_read_lock() barrier()
#define rcu_read_unlock() barrier()
#define rcu_read_lock_held() true
#else
void rcu_read_lock(void);
void rcu_read_unlock(void);
bool rcu_read_lock_held(void);
#endif
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void rcu_barrier(void);

#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
#define rcu_access_pointer(p) __atomic_load_n(&(p), __ATOMIC_RELAXED)
#define rcu_dereference(p) \
	((void)WARN_ON(!rcu_read_lock_held()), __atomic_load_n(&(p), __ATOMIC_ACQUIRE))
#define rcu_dereference_protected(p, c) \
	((void)WARN_ON(!(c)), __atomic_load_n(&(p), __ATOMIC_RELAXED))
#define RCU_LOCKDEP_WARN(c, s) ((void)WARN_ON(c))

#endif
