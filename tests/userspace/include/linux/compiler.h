/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User-space stand-in for the kernel's header: what the pure files need of it. */
#ifndef _SHIM_LINUX_COMPILER_H
#define _SHIM_LINUX_COMPILER_H

#define __packed __attribute__((packed))
#define __aligned(x) __attribute__((aligned(x)))
#define __rcu
#define __must_check __attribute__((warn_unused_result))
#define fallthrough __attribute__((__fallthrough__))
#define noinline __attribute__((noinline))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Relaxed atomics: what the kernel's volatile access means to a sanitizer. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "=r"(var) : "0"(var))
#define barrier() __asm__ __volatile__("" : : : "memory")

#if defined(__SANITIZE_THREAD__)
/* The thread sanitizer knows no fences; what it needs is on the atomics. */
#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#else
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define min(a, b) \
	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) \
	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b) \
	({ t _a = (a); t _b = (b); _a < _b ? _a : _b; })
#define max_t(t, a, b) \
	({ t _a = (a); t _b = (b); _a > _b ? _a : _b; })

/* A warning is a failed test: see shim.c. */
void shim_warn(const char *what, const char *file, int line);
#define WARN_ON_ONCE(c) \
	({ bool _c = !!(c); if (_c) shim_warn(#c, __FILE__, __LINE__); _c; })
#define WARN_ON(c) WARN_ON_ONCE(c)

#endif
