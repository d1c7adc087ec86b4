/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test prints "ok NAME" or "not ok NAME - why". Whatever a test checks
 * itself, it has also failed if a kernel warning fired, if it leaked, if
 * memory was freed with key in it, or if the books of a stream did not balance.
 */
#ifndef _TEST_H
#define _TEST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "mem.h"
#include "shim.h"
#include "stream.h"

struct test {
	const char *name;
	void (*run)(void);
};

void test_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool test_failed(void);

/* Go on after a failure, or leave the function. */
#define CHECK(c, ...) \
	do { if (!(c)) test_fail(__FILE__, __LINE__, #c, " " __VA_ARGS__); } while (0)
#define REQUIRE(c, ...) \
	do { if (!(c)) { test_fail(__FILE__, __LINE__, #c, " " __VA_ARGS__); return; } } while (0)

int test_main(const struct test *tests, size_t n);
#define TEST(f) { #f, f }
#define TEST_MAIN(...)							\
	int main(void)							\
	{								\
		static const struct test tests[] = { __VA_ARGS__ };	\
									\
		return test_main(tests, sizeof(tests) / sizeof(tests[0])); \
	}

/* --- random numbers, the same ones in each run unless QKDNF_SEED says else ---- */

extern u64 test_seed;
u64 test_random(u64 *state);

static inline u64 below(u64 *state, u64 n)
{
	return test_random(state) % n;
}

static inline bool chance(u64 *state, u32 percent)
{
	return below(state, 100) < percent;
}

void random_octets(u64 *state, void *p, size_t n);

/* --- recognisable key --------------------------------------------------------- */

/* Every aligned word of key begins with this mark: what is freed is searched. */
#define KEY_MARK 0x5aa5ULL

u64 key_word(u64 seed, u64 offset);
void key_make(u8 *key, u64 seed, u64 offset, u32 len);
bool key_is(const u8 *key, u64 seed, u64 offset, u32 len);
bool key_somewhere(const void *p, size_t n);

/* --- streams ------------------------------------------------------------------ */

struct qn_stream *stream_make(u8 shift, u8 lane, u32 max_segs, struct qn_mem *mem);
struct qn_stream *stream_make_remote(u8 shift, u8 lane, u32 max_segs,
				     struct qn_mem *mem);
int stream_fill(struct qn_stream *s, u64 seed, u64 offset, u32 len);
void stream_fill_segments(struct qn_stream *s, u64 seed, u64 first, u64 n);
void stream_show_all(struct qn_stream *s);
void stream_balanced(struct qn_stream *s, const char *file, int line);
#define BALANCED(s) stream_balanced(s, __FILE__, __LINE__)

#endif
