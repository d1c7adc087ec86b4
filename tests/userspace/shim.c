// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stand-ins for kernel services: RCU, locks that know their owner, allocation
 * with fault injection, warnings that are counted.
 */
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "shim.h"

/* --- warnings ----------------------------------------------------------------- */

static unsigned long warnings;
static bool warnings_expected;

void shim_warn(const char *what, const char *file, int line)
{
	__atomic_fetch_add(&warnings, 1, __ATOMIC_RELAXED);
	if (!warnings_expected)
		fprintf(stderr, "WARNING: %s at %s:%d\n", what, file, line);
}

unsigned long shim_warnings(void)
{
	return __atomic_exchange_n(&warnings, 0, __ATOMIC_RELAXED);
}

void shim_expect_warnings(bool expect)
{
	warnings_expected = expect;
}

/* --- allocation --------------------------------------------------------------- */

void (*shim_free_hook)(const void *p, size_t size);
static long fail_after = -1, live;

void shim_fail_after(long allocations)
{
	__atomic_store_n(&fail_after, allocations, __ATOMIC_RELAXED);
}

long shim_allocations(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

void *shim_zalloc(size_t n, size_t size)
{
	void *p;

	if (__atomic_load_n(&fail_after, __ATOMIC_RELAXED) >= 0 &&
	    __atomic_fetch_sub(&fail_after, 1, __ATOMIC_RELAXED) == 0)
		return NULL;
	p = calloc(n, size);
	if (!p)
		abort();
	__atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
	return p;
}

void shim_free(const void *p)
{
	if (!p)
		return;
	if (shim_free_hook)
		shim_free_hook(p, malloc_usable_size((void *)p));
	__atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
	free((void *)p);
}

void shim_free_sensitive(const void *p)
{
	if (p)
		memzero_explicit((void *)p, malloc_usable_size((void *)p));
	shim_free(p);
}

/* --- locks -------------------------------------------------------------------- */

static unsigned long locks;

unsigned long shim_locks(void)
{
	return __atomic_load_n(&locks, __ATOMIC_RELAXED);
}

void shim_lock_init(spinlock_t *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	lock->held = false;
}

void shim_lock(spinlock_t *lock)
{
	pthread_mutex_lock(&lock->mutex);
	__atomic_fetch_add(&locks, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->owner, pthread_self(), __ATOMIC_RELAXED);
	__atomic_store_n(&lock->held, true, __ATOMIC_RELAXED);
}

void shim_unlock(spinlock_t *lock)
{
	if (!shim_lock_held(lock))
		shim_warn("unlock of a lock that is not held", __FILE__, __LINE__);
	__atomic_store_n(&lock->held, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock->mutex);
}

bool shim_lock_held(const spinlock_t *lock)
{
	return __atomic_load_n(&lock->held, __ATOMIC_RELAXED) &&
	       pthread_equal(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED),
			     pthread_self());
}

/* --- work --------------------------------------------------------------------- */

/* Work waits until a test has it run: so the test sees what was left to it. */
static pthread_mutex_t work_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t running_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct work_struct *works;

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	bool fresh;

	pthread_mutex_lock(&work_mutex);
	fresh = !work->pending;
	if (fresh) {
		work->pending = true;
		work->next = works;
		works = work;
	}
	pthread_mutex_unlock(&work_mutex);
	return fresh;
}

void shim_work(void)
{
	struct work_struct *work;

	pthread_mutex_lock(&running_mutex);
	for (;;) {
		pthread_mutex_lock(&work_mutex);
		work = works;
		if (work) {
			works = work->next;
			work->pending = false;
		}
		pthread_mutex_unlock(&work_mutex);
		if (!work)
			break;
		work->func(work);
	}
	pthread_mutex_unlock(&running_mutex);
}

bool cancel_work_sync(struct work_struct *work)
{
	struct work_struct **at;
	bool was;

	/* Whoever runs it has done with it then. */
	pthread_mutex_lock(&running_mutex);
	pthread_mutex_lock(&work_mutex);
	was = work->pending;
	for (at = &works; *at; at = &(*at)->next) {
		if (*at == work) {
			*at = work->next;
			break;
		}
	}
	work->pending = false;
	pthread_mutex_unlock(&work_mutex);
	pthread_mutex_unlock(&running_mutex);
	return was;
}

/* --- RCU ---------------------------------------------------------------------- */

/*
 * A reader writes down the period in which it began; a callback queued in
 * period P waits until no reader shows a period of P or before. The exchange in
 * rcu_read_lock() orders it before the reader's look-ups, and the fetch-add
 * that ends a period orders the unlinking before the look at the readers: a
 * reader that was seen idle finds nothing that was unlinked.
 */
struct reader {
	u64 period;		/* 0: not reading */
	u32 nest;
	bool used;
};

#define READERS_MAX 64

static struct reader readers[READERS_MAX];
static __thread struct reader *self;
static u64 period = 1;
static pthread_key_t reader_key;
static pthread_once_t reader_once = PTHREAD_ONCE_INIT;

static pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_cond = PTHREAD_COND_INITIALIZER;
static struct rcu_head *queue;
static u64 queued, called;
static bool reclaimer_runs;

static void reader_gone(void *p)
{
	struct reader *r = p;

	if (r->nest)
		shim_warn("thread ended inside rcu_read_lock()", __FILE__, __LINE__);
	__atomic_store_n(&r->used, false, __ATOMIC_RELEASE);
}

static void reader_setup(void)
{
	pthread_key_create(&reader_key, reader_gone);
}

static struct reader *reader(void)
{
	int i;

	if (self)
		return self;
	pthread_once(&reader_once, reader_setup);
	for (i = 0; i < READERS_MAX; i++) {
		bool unused = false;

		if (__atomic_compare_exchange_n(&readers[i].used, &unused, true,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			self = &readers[i];
			pthread_setspecific(reader_key, self);
			return self;
		}
	}
	fprintf(stderr, "shim: more than %d threads\n", READERS_MAX);
	abort();
}

void rcu_read_lock(void)
{
	struct reader *r = reader();

	if (!r->nest++)
		__atomic_exchange_n(&r->period,
				    __atomic_load_n(&period, __ATOMIC_SEQ_CST),
				    __ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	struct reader *r = reader();

	if (!--r->nest)
		__atomic_store_n(&r->period, 0, __ATOMIC_RELEASE);
}

bool rcu_read_lock_held(void)
{
	return reader()->nest != 0;
}

static void wait_for_readers(void)
{
	u64 ended = __atomic_fetch_add(&period, 1, __ATOMIC_SEQ_CST), seen;
	int i;

	for (i = 0; i < READERS_MAX; i++) {
		for (;;) {
			seen = __atomic_load_n(&readers[i].period, __ATOMIC_SEQ_CST);
			if (!seen || seen > ended)
				break;
			usleep(100);
		}
	}
}

static void *reclaim(void *unused)
{
	struct rcu_head *batch, *next;
	u64 n;

	(void)unused;
	for (;;) {
		pthread_mutex_lock(&queue_mutex);
		while (!queue)
			pthread_cond_wait(&queue_cond, &queue_mutex);
		batch = queue;
		queue = NULL;
		pthread_mutex_unlock(&queue_mutex);

		wait_for_readers();
		for (n = 0; batch; batch = next, n++) {
			next = batch->next;
			batch->func(batch);
		}

		pthread_mutex_lock(&queue_mutex);
		called += n;
		pthread_cond_broadcast(&queue_cond);
		pthread_mutex_unlock(&queue_mutex);
	}
	return NULL;
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	pthread_t thread;

	head->func = func;
	pthread_mutex_lock(&queue_mutex);
	if (!reclaimer_runs) {
		reclaimer_runs = true;
		pthread_create(&thread, NULL, reclaim, NULL);
		pthread_detach(thread);
	}
	head->next = queue;
	queue = head;
	queued++;
	pthread_cond_broadcast(&queue_cond);
	pthread_mutex_unlock(&queue_mutex);
}

void rcu_barrier(void)
{
	u64 until;

	if (reader()->nest)
		shim_warn("rcu_barrier() inside rcu_read_lock()", __FILE__, __LINE__);
	pthread_mutex_lock(&queue_mutex);
	until = queued;
	while (called < until)
		pthread_cond_wait(&queue_cond, &queue_mutex);
	pthread_mutex_unlock(&queue_mutex);
}
