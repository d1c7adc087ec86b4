/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the native benchmarks of the kernel's own files share: kernel services for
 * one thread, preloaded streams, and figures.
 */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

#include <stdbool.h>

#include <linux/types.h>

#include "stream.h"

#define SHIFT 16
#define SEGMENTS 1024			/* that a stream holds: 64 MiB */
#define LANE (SEGMENTS / 2)		/* of them the lane that is walked */
#define BATCH 2048			/* packets between two looks at the clock */
#define RUNS_MAX 99

struct figure {
	const char *name, *unit;
	double value, min, max;
};

/* struct native - what the command line says; -h and the like end the program */
struct native {
	int runs;
	const char *output;		/* file for the figures, or NULL */
};

void die(const char *what) __attribute__((noreturn));

/**
 * native_begin() - memory for segments of two streams, and the self-tests
 * @argc: of main()
 * @argv: of main()
 * @n: out
 */
void native_begin(int argc, char **argv, struct native *n);

/* Memory in large pages, as the kernel maps its own. */
u8 *large_pages(size_t size);
/* Between batches, when nobody reads. */
void grace_period(void);
/* Processor time of this thread: others share the machine. */
double now_ns(void);
void random_fill(u8 *p, size_t n, u64 state);

/**
 * preloaded() - a paired stream that holds SEGMENTS segments, all shown
 * @lane: parity of this end's own ones
 * @key: SEGMENTS segments of key
 */
struct qn_stream *preloaded(u8 lane, const u8 *key);

/* Exactly so much was spent, and the books balance. */
void check_books(struct qn_stream *s, u64 spent);

void progress(int run, int runs, double ratio);
/* Median and range of one value for each run. */
void summarise(struct figure *f, const char *name, const char *unit, double *values, int runs);
/* Print the figures, and write them if the command line says so. */
void report(const struct native *n, const struct figure *f, int count, const char *against);

#endif
