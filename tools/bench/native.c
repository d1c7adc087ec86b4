// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the native benchmarks share: native.h. The kernel's files are built
 * without vector instructions, as the kernel is, around OpenSSL's vectorised
 * Poly1305 (the same assembly as the kernel's for x86).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <crypto/poly1305.h>
#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "hash.h"
#include "native.h"
#include "otp.h"

/* --- kernel services, for one thread -------------------------------------------- */

static void *freed;		/* segments' storage, chained */
static u8 *arena, *arena_end;
static struct rcu_head *callbacks;

void die(const char *what)
{
	fprintf(stderr, "bench: error: %s\n", what);
	exit(1);
}

u8 *large_pages(size_t size)
{
	u8 *p = mmap(NULL, size + (2 << 20), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("out of memory: 512 MiB are needed");
	p = (u8 *)(((uintptr_t)p + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void *shim_zalloc(size_t n, size_t size)
{
	void *p;

	if (n * size != 1UL << SHIFT)
		return calloc(n, size);
	if (freed) {
		p = freed;
		freed = *(void **)p;
	} else {
		if (arena == arena_end)
			die("more segments than expected");
		p = arena;
		arena += 1 << SHIFT;
	}
	memset(p, 0, 1 << SHIFT);
	return p;
}

void shim_free(const void *p)
{
	if ((u8 *)p < arena_end && (u8 *)p >= arena_end - (2 * SEGMENTS << SHIFT)) {
		*(void **)p = freed;
		freed = (void *)p;
		return;
	}
	free((void *)p);
}

void shim_free_sensitive(const void *p)
{
	shim_free(p);
}

void shim_warn(const char *what, const char *file, int line)
{
	fprintf(stderr, "bench: error: %s:%d: %s\n", file, line, what);
	abort();
}

void shim_lock_init(spinlock_t *lock) { lock->held = false; }
void shim_lock(spinlock_t *lock) { lock->held = true; }
void shim_unlock(spinlock_t *lock) { lock->held = false; }
bool shim_lock_held(const spinlock_t *lock) { return lock->held; }

/* One thread, and no pairing while time is taken: nothing is left to work. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *work) { return true; }
bool cancel_work_sync(struct work_struct *work) { return false; }

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = callbacks;
	callbacks = head;
}

void grace_period(void)
{
	struct rcu_head *head;

	while ((head = callbacks)) {
		callbacks = head->next;
		head->func(head);
	}
}

/* --- measuring --------------------------------------------------------------- */

double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

void random_fill(u8 *p, size_t n, u64 state)
{
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		u64 z = state += 0x9e3779b97f4a7c15ULL;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		z ^= z >> 31;
		memcpy(p + i, &z, 8);
	}
}

struct qn_stream *preloaded(u8 lane, const u8 *key)
{
	static const struct qn_stream_params shape = {
		.shift = SHIFT, .max_segs = SEGMENTS,
	};
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8] = { 0 };
	struct qn_stream_params p = shape;
	struct qn_stream *s;
	u64 base, horizon;
	u32 bits, i;

	p.lane = lane;
	s = qn_stream_new(&p);
	if (!s)
		die("out of memory");
	qn_stream_pair(s, 0);
	for (i = 0; i < SEGMENTS; i++)
		if (qn_stream_fill(s, (u64)i << SHIFT, key + ((size_t)i << SHIFT),
				   1 << SHIFT) != 1 << SHIFT)
			die("the stream does not take its key");
	bits = qn_stream_window(s, 0, &base, &horizon, held, done);
	memset(done, 0, sizeof(done));
	qn_stream_shown(s, base, horizon, bits, held, done, 1);
	return s;
}

void check_books(struct qn_stream *s, u64 spent)
{
	struct qn_books b;

	qn_stream_books(s, &b);
	if (b.in != b.spent + b.held + b.erased || b.spent != spent)
		die("the books do not balance");
}

/* --- figures ----------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void summarise(struct figure *f, const char *name, const char *unit, double *values, int runs)
{
	qsort(values, runs, sizeof(*values), ascending);
	f->name = name;
	f->unit = unit;
	f->min = values[0];
	f->max = values[runs - 1];
	f->value = runs & 1 ? values[runs / 2] :
			      (values[runs / 2 - 1] + values[runs / 2]) / 2;
}

static void write_json(const struct native *n, const struct figure *f, int count,
		       const char *against)
{
	FILE *file = fopen(n->output, "w");
	int i;

	if (!file) {
		fprintf(stderr, "bench: error: %s: %s\n", n->output, strerror(errno));
		exit(1);
	}
	fprintf(file, "[\n");
	for (i = 0; i < count; i++) {
		fprintf(file, "  {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", ",
			f[i].name, f[i].value, f[i].unit);
		fprintf(file, "\"min\": %.3f, \"max\": %.3f, \"runs\": %d, \"against\": \"%s\"}%s\n",
			f[i].min, f[i].max, n->runs, against, i + 1 < count ? "," : "");
	}
	fprintf(file, "]\n");
	if (fclose(file)) {
		fprintf(stderr, "bench: error: %s: %s\n", n->output, strerror(errno));
		exit(1);
	}
}

void progress(int run, int runs, double ratio)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rrun %d of %d: %.2f ", run, runs, ratio);
	if (run == runs)
		fprintf(stderr, "\r\033[K");
}

void report(const struct native *n, const struct figure *f, int count, const char *against)
{
	int i;

	printf("%-24s %8s %8s %8s\n", "", "median", "min", "max");
	for (i = 0; i < count; i++)
		printf("%-24s %8.2f %8.2f %8.2f %s\n", f[i].name, f[i].value, f[i].min,
		       f[i].max, f[i].unit);
	if (n->output)
		write_json(n, f, count, against);
}

static void usage(const char *name)
{
	fprintf(stderr, "usage: %s [-r RUNS] [-o FILE.json]\n"
			"  -r RUNS  1 to %d, default 11\n", name, RUNS_MAX);
	exit(2);
}

void native_begin(int argc, char **argv, struct native *n)
{
	int c;

	n->runs = 11;
	n->output = NULL;
	while ((c = getopt(argc, argv, "r:o:")) != -1) {
		switch (c) {
		case 'r':
			n->runs = atoi(optarg);
			if (n->runs < 1 || n->runs > RUNS_MAX)
				usage(argv[0]);
			break;
		case 'o':
			n->output = optarg;
			break;
		default:
			usage(argv[0]);
		}
	}
	if (optind != argc)
		usage(argv[0]);
	if (Poly1305_ctx_size() > SHIM_POLY1305_STATE)
		die("OpenSSL's Poly1305 state has grown: mend crypto/poly1305.h");
	if (qn_otp_selftest() || qn_hash_selftest())
		die("the self-test of sealing fails");
	arena = large_pages(2UL * SEGMENTS << SHIFT);
	arena_end = arena + (2UL * SEGMENTS << SHIFT);
}
