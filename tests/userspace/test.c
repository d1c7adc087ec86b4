// SPDX-License-Identifier: GPL-2.0-or-later
/* What the unit tests have in common. */
#include <stdarg.h>

#include "test.h"

u64 test_seed = 1;

static char why[512];
static bool failed;
static unsigned long freed_with_key;

void test_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	const char *slash = strrchr(file, '/');
	va_list ap;
	int n;

	/* The first reason is the one that counts; threads may race for it. */
	if (__atomic_exchange_n(&failed, true, __ATOMIC_SEQ_CST))
		return;
	n = snprintf(why, sizeof(why), "%s:%d: %s", slash ? slash + 1 : file, line,
		     what);
	va_start(ap, fmt);
	vsnprintf(why + n, sizeof(why) - n, fmt, ap);
	va_end(ap);
}

bool test_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

static void look_before_free(const void *p, size_t size)
{
	if (key_somewhere(p, size))
		__atomic_fetch_add(&freed_with_key, 1, __ATOMIC_RELAXED);
}

int test_main(const struct test *tests, size_t n)
{
	const char *only = getenv("T"), *seed = getenv("QKDNF_SEED");
	unsigned long warned;
	bool bad = false;
	long live;
	size_t i;

	if (seed)
		test_seed = strtoull(seed, NULL, 0);
	shim_free_hook = look_before_free;
	for (i = 0; i < n; i++) {
		if (only && !strstr(tests[i].name, only))
			continue;
		failed = false;
		freed_with_key = 0;
		live = shim_allocations();
		tests[i].run();
		rcu_barrier();
		warned = shim_warnings();
		if (warned)
			test_fail("shim.c", 0, "", "%lu kernel warnings", warned);
		if (freed_with_key)
			test_fail("shim.c", 0, "", "freed %lu times with key in it",
				  freed_with_key);
		if (shim_allocations() != live)
			test_fail("shim.c", 0, "", "%ld allocations leaked",
				  shim_allocations() - live);
		if (failed)
			printf("not ok %s - %s (QKDNF_SEED=%llu)\n", tests[i].name,
			       why, (unsigned long long)test_seed);
		else
			printf("ok %s\n", tests[i].name);
		fflush(stdout);
		bad |= failed;
	}
	return bad;
}

/* splitmix64 */
u64 test_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void random_octets(u64 *state, void *p, size_t n)
{
	u8 *at = p;

	while (n--)
		*at++ = test_random(state);
}

u64 key_word(u64 seed, u64 offset)
{
	u64 state = seed * 0x100000001b3ULL + offset / 8;

	return KEY_MARK << 48 | test_random(&state) >> 16;
}

void key_make(u8 *key, u64 seed, u64 offset, u32 len)
{
	u32 i;

	for (i = 0; i < len; i += 8) {
		u64 w = key_word(seed, offset + i);

		memcpy(key + i, &w, 8);
	}
}

bool key_is(const u8 *key, u64 seed, u64 offset, u32 len)
{
	u64 want, got;
	u32 i;

	for (i = 0; i < len; i += 8) {
		want = key_word(seed, offset + i);
		memcpy(&got, key + i, 8);
		if (want != got)
			return false;
	}
	return true;
}

bool key_somewhere(const void *p, size_t n)
{
	const u8 *at = p;
	u64 w;

	for (; n >= 8; at += 8, n -= 8) {
		memcpy(&w, at, 8);
		if (w >> 48 == KEY_MARK)
			return true;
	}
	return false;
}

static struct qn_stream *make(u8 shift, u8 lane, u32 max_segs, struct qn_mem *mem,
			      bool remote)
{
	const struct qn_stream_params p = {
		.shift = shift,
		.lane = lane,
		.remote = remote,
		.max_segs = max_segs,
		.mem = mem,
	};

	return qn_stream_new(&p);
}

struct qn_stream *stream_make(u8 shift, u8 lane, u32 max_segs, struct qn_mem *mem)
{
	return make(shift, lane, max_segs, mem, false);
}

struct qn_stream *stream_make_remote(u8 shift, u8 lane, u32 max_segs,
				     struct qn_mem *mem)
{
	return make(shift, lane, max_segs, mem, true);
}

/* Fill as a source does, with key that key_is() knows. */
int stream_fill(struct qn_stream *s, u64 seed, u64 offset, u32 len)
{
	u8 *key = malloc(len);
	int ret;

	key_make(key, seed, offset, len);
	ret = qn_stream_fill(s, offset, key, len);
	free(key);
	return ret;
}

void stream_fill_segments(struct qn_stream *s, u64 seed, u64 first, u64 n)
{
	u64 i;

	for (i = first; i < first + n; i++)
		CHECK(stream_fill(s, seed, i << s->shift, 1u << s->shift) ==
		      1 << s->shift, "segment %llu", (unsigned long long)i);
}

/* The other end holds everything that this one does. */
void stream_show_all(struct qn_stream *s)
{
	static __thread u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8];
	u64 base, horizon;
	u32 bits;

	bits = qn_stream_window(s, 0, &base, &horizon, held, done);
	memset(done, 0, sizeof(done));
	qn_stream_shown(s, base, horizon, bits, held, done, 1);
}

/* Invariant 9. */
void stream_balanced(struct qn_stream *s, const char *file, int line)
{
	struct qn_books b;

	qn_stream_books(s, &b);
	if (b.in != b.spent + b.held + b.erased)
		test_fail(file, line, "books",
			  ": in %llu, spent %llu, held %llu, erased %llu",
			  (unsigned long long)b.in, (unsigned long long)b.spent,
			  (unsigned long long)b.held, (unsigned long long)b.erased);
}
