// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Invariant 1 under threads: whoever races with whomever, no octet of a stream
 * is handed out twice. Both ends of a stream are here, so that what one end
 * allocates can be compared with what the other does.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "test.h"

#define SHIFT 12
#define SEG 4096u
#define SEGS_TOTAL 6000u	/* delivered by the source, all in all */
#define GRANULES (SEGS_TOTAL * SEG / 16)
#define FRAMES 4096u		/* under way, per direction */

struct frame {
	u64 offset;
	u32 len;
};

struct end {
	struct qn_stream *stream;
	struct end *other;
	u8 *used;		/* by granule: handed out here, in any role */
	pthread_mutex_t mutex;
	struct frame frames[FRAMES];	/* that come in */
	u32 head, tail;
	u64 allocated, claimed, refused;
};

static struct end ends[2];
static u8 *spent_by;		/* by granule: 1 + the end that allocated it */
static bool stop;
static unsigned long clock_now;

static bool stopping(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED) || test_failed();
}

/* Verification comes before the claim, so it may race with an eraser. */
__attribute__((no_sanitize_thread))
static bool looks_right(const u8 *key, u64 offset, u32 len)
{
	u32 i;

	for (i = 0; i < len; i += 8)
		if (*(const volatile u64 *)(key + i) != key_word(1, offset + i))
			return false;
	return true;
}

static void handed_out(struct end *e, const struct qn_range *r, bool allocated)
{
	u64 g;

	for (g = r->offset / 16; g < (r->offset + r->len) / 16; g++) {
		if (__atomic_exchange_n(&e->used[g], 1, __ATOMIC_RELAXED))
			test_fail(__FILE__, __LINE__, "", "granule %llu twice at end %d",
				  (unsigned long long)g, (int)(e - ends));
		if (allocated && __atomic_exchange_n(&spent_by[g], 1 + (e - ends),
						     __ATOMIC_RELAXED))
			test_fail(__FILE__, __LINE__, "",
				  "granule %llu allocated at both ends or twice",
				  (unsigned long long)g);
	}
	CHECK(key_is(r->key, 1, r->offset, r->len), "wrong key at %llu",
	      (unsigned long long)r->offset);
	__atomic_fetch_add(allocated ? &e->allocated : &e->claimed, r->len,
			   __ATOMIC_RELAXED);
}

static void send_frame(struct end *to, u64 offset, u32 len, u64 *rnd)
{
	int copies = chance(rnd, 10) ? 0 : chance(rnd, 15) ? 2 : 1;

	pthread_mutex_lock(&to->mutex);
	while (copies--) {
		if (to->head - to->tail == FRAMES)
			to->tail++;	/* lost */
		to->frames[to->head++ % FRAMES] = (struct frame){ offset, len };
	}
	pthread_mutex_unlock(&to->mutex);
}

static bool receive_frame(struct end *e, struct frame *f, u64 *rnd)
{
	bool got = false;

	pthread_mutex_lock(&e->mutex);
	if (e->head != e->tail) {
		/* Any one of those under way, so that they are reordered. */
		u32 i = e->tail + below(rnd, e->head - e->tail);

		*f = e->frames[i % FRAMES];
		e->frames[i % FRAMES] = e->frames[e->tail++ % FRAMES];
		got = true;
	}
	pthread_mutex_unlock(&e->mutex);
	return got;
}

static void *allocator(void *arg)
{
	struct end *e = arg;
	u64 rnd = test_seed ^ (u64)pthread_self();
	struct qn_range r;
	bool got;

	while (!stopping()) {
		u32 len = chance(&rnd, 60) ? 1024 : 16 + below(&rnd, 700);
		enum qn_alloc how = below(&rnd, 3);

		rcu_read_lock();
		if (chance(&rnd, 3))
			got = !qn_stream_alloc_newest(e->stream, ~0ULL, 32, &r);
		else
			got = !qn_stream_alloc(e->stream, len, how, &r);
		if (got) {
			handed_out(e, &r, true);
			qn_range_erase(&r);
		}
		rcu_read_unlock();
		if (got)
			send_frame(e->other, r.offset, r.len, &rnd);
		else
			usleep(50);
	}
	return NULL;
}

static void *claimer(void *arg)
{
	struct end *e = arg;
	u64 rnd = test_seed ^ (u64)pthread_self();
	struct qn_range r;
	struct frame f;

	while (!stopping()) {
		if (!receive_frame(e, &f, &rnd)) {
			usleep(50);
			continue;
		}
		if (chance(&rnd, 5)) {	/* forged: it names something else */
			f.offset += (below(&rnd, 64) - 32) * 16;
			f.len = 16 + below(&rnd, 64) * 16;
		}
		rcu_read_lock();
		if (!qn_stream_peek(e->stream, f.offset, f.len, chance(&rnd, 5), &r) &&
		    looks_right(r.key, f.offset, f.len) &&
		    qn_stream_claim(e->stream, &r)) {
			handed_out(e, &r, false);
			qn_range_erase(&r);
		} else {
			__atomic_fetch_add(&e->refused, 1, __ATOMIC_RELAXED);
		}
		rcu_read_unlock();
	}
	return NULL;
}

static u32 segments_of(struct qn_stream *s, u64 *top)
{
	u32 count;

	spin_lock_bh(&s->lock);
	count = s->count;
	if (top)
		*top = s->top;
	spin_unlock_bh(&s->lock);
	return count;
}

static void *source(void *arg)
{
	u64 rnd = test_seed + 7, at, i;
	u32 n;

	for (at = 0; at + 65536 <= (u64)SEGS_TOTAL * SEG && !stopping(); at += n) {
		n = 512u << below(&rnd, 7);
		if (at % n)
			n = at & -at;
		for (i = 0; i < 2; i++)
			if (!chance(&rnd, 1))
				stream_fill(ends[i].stream, 1, at, n);
		/* No faster than it is spent: what is refused tests nothing. */
		while (segments_of(ends[0].stream, NULL) + 8 >
			       ends[0].stream->max_segs && !stopping())
			usleep(200);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return NULL;
}

static void show(struct end *from, struct end *to)
{
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8];
	u64 base, horizon;
	u32 bits;

	bits = qn_stream_window(from->stream, 0, &base, &horizon, held, done);
	qn_stream_shown(to->stream, base, horizon, bits, held, done,
			__atomic_add_fetch(&clock_now, 1, __ATOMIC_RELAXED));
}

/* HELLOs and the erasing that they bring: no grace at all, so that it races. */
static void *shower(void *arg)
{
	while (!stopping()) {
		show(&ends[0], &ends[1]);
		show(&ends[1], &ends[0]);
		qn_stream_expire(ends[0].stream, READ_ONCE(clock_now), 6);
		qn_stream_expire(ends[1].stream, READ_ONCE(clock_now), 6);
		qn_stream_level(ends[0].stream);
		qn_stream_level_other(ends[1].stream);
		usleep(300);
	}
	return NULL;
}

static u64 granted;

static void *granter(void *arg)
{
	u64 rnd = test_seed + 3, index[8];
	u32 n, i;

	while (!stopping()) {
		struct end *e = &ends[below(&rnd, 2)];

		n = qn_stream_grant(e->stream, 1 + below(&rnd, 8), index);
		for (i = 0; i < n; i++) {
			if (qn_stream_adopt(e->other->stream, index[i]))
				granted++;
			if (chance(&rnd, 50))
				qn_stream_adopt(e->other->stream, index[i]);
		}
		usleep(700);
	}
	return NULL;
}

static u64 supplied;

static void *supplier(void *arg)
{
	u64 rnd = test_seed + 4, offset, index;
	struct qn_segment *seg;
	struct qn_range r;
	int i;

	while (!stopping()) {
		struct end *e = &ends[below(&rnd, 2)];

		rcu_read_lock();
		seg = qn_stream_supply_own(e->stream);
		index = seg ? seg->index : 0;
		rcu_read_unlock();
		if (seg && qn_stream_supply_other(e->other->stream, index)) {
			for (i = 0; i < 2; i++) {
				for (offset = index * SEG; offset < (index + 1) * SEG;
				     offset += 256) {
					rcu_read_lock();
					if (!qn_stream_supply_range(ends[i].stream,
								    offset, 256, &r) &&
					    qn_stream_claim(ends[i].stream, &r)) {
						handed_out(&ends[i], &r, false);
						qn_range_erase(&r);
						supplied++;
					}
					rcu_read_unlock();
				}
			}
		}
		if (seg) {
			qn_stream_drop(ends[0].stream, index);
			qn_stream_drop(ends[1].stream, index);
		}
		usleep(3000);
	}
	return NULL;
}

static u64 pairings;

static void *meeter(void *arg)
{
	u64 top[2];

	while (!stopping()) {
		usleep(60000);
		qn_stream_unpair(ends[0].stream);
		qn_stream_unpair(ends[1].stream);
		segments_of(ends[0].stream, &top[0]);
		segments_of(ends[1].stream, &top[1]);
		if (pairings % 3 == 2) {
			qn_stream_stop(ends[0].stream);
			qn_stream_start(ends[0].stream);
		}
		qn_stream_pair(ends[0].stream, max(top[0], top[1]));
		qn_stream_pair(ends[1].stream, max(top[0], top[1]));
		pairings++;
	}
	return NULL;
}

static void *auditor(void *arg)
{
	struct qn_books b;
	u64 i = 0;

	while (!stopping()) {
		qn_stream_books(ends[i++ & 1].stream, &b);
		CHECK(b.spent <= b.in, "more spent than in");
		shim_work();
		usleep(5000);
	}
	return NULL;
}

static void invariant_1_no_octet_twice(void)
{
	static const struct {
		void *(*run)(void *arg);
		int end;
	} roles[] = {
		{ source, 0 }, { shower, 0 }, { granter, 0 }, { supplier, 0 },
		{ meeter, 0 }, { auditor, 0 },
		{ allocator, 0 }, { allocator, 0 }, { allocator, 1 }, { allocator, 1 },
		{ claimer, 0 }, { claimer, 0 }, { claimer, 1 }, { claimer, 1 },
	};
	pthread_t threads[ARRAY_SIZE(roles)];
	struct qn_mem mem;
	size_t i;

	qn_mem_init(&mem, 64 << 20, NULL);
	spent_by = calloc(GRANULES, 1);
	stop = false;
	for (i = 0; i < 2; i++) {
		ends[i].other = &ends[!i];
		ends[i].stream = stream_make(SHIFT, i, 64, &mem);
		ends[i].used = calloc(GRANULES, 1);
		pthread_mutex_init(&ends[i].mutex, NULL);
		qn_stream_pair(ends[i].stream, 0);
	}
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		pthread_create(&threads[i], NULL, roles[i].run, &ends[roles[i].end]);
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		pthread_join(threads[i], NULL);

	for (i = 0; i < 2; i++) {
		/* It must have tested something. */
		CHECK(ends[i].allocated > SEGS_TOTAL * SEG / 8, "%llu",
		      (unsigned long long)ends[i].allocated);
		CHECK(ends[i].claimed > ends[i].other->allocated / 8, "%llu",
		      (unsigned long long)ends[i].claimed);
		CHECK(ends[i].refused > 10);
		BALANCED(ends[i].stream);
	}
	CHECK(granted > 2 && supplied > 2 && pairings > 2, "%llu, %llu, %llu",
	      (unsigned long long)granted, (unsigned long long)supplied,
	      (unsigned long long)pairings);
	for (i = 0; i < 2; i++) {
		qn_stream_free(ends[i].stream);
		free(ends[i].used);
	}
	free(spent_by);
	CHECK(atomic_long_read(&mem.used) == 0, "%ld octets stay charged",
	      atomic_long_read(&mem.used));
}

/* --- two against each other on one segment, thousands of times ------------------- */

static struct qn_segment *arena;
static pthread_barrier_t start_line, finish_line;
static int racing;
static u64 wins[2];

enum { GRANT_TAKE, CLAIM_WIPE, CLAIM_CLAIM };

static void race_one(int who)
{
	bool whole;
	u32 at, won;

	switch (racing) {
	case GRANT_TAKE:
		wins[who] = who ? qn_segment_grant(arena) :
				  qn_segment_take(arena, 32, 16, SEG, &at);
		break;
	case CLAIM_WIPE:
		if (who) {
			wins[1] = qn_segment_wipe(arena);
			break;
		}
		/* fallthrough */
	case CLAIM_CLAIM:
		/* Granule by granule, so that they meet in each word often. */
		for (at = 0; at < qn_segment_size(arena); at += 16) {
			won = qn_segment_claim(arena, at, 16, &whole);
			wins[who] += won;
			if (!whole)
				continue;
			CHECK(key_is(arena->data + at, 1, at, 16));
			memset(arena->data + at, 0, 16);
		}
		break;
	}
}

static u32 rounds, gate;

/* Both awake, then each a little late, so that either may be first. */
static void line_up(int who, u32 round)
{
	u64 rnd = test_seed + 2 * round + who;
	volatile u32 n = below(&rnd, racing == CLAIM_WIPE && who ? 4096 : 256);

	pthread_barrier_wait(&start_line);
	__atomic_fetch_add(&gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) < 2 * (round + 1))
		sched_yield();
	while (n)
		n--;
}

static void *racer(void *arg)
{
	u32 i;

	for (i = 0; i < rounds; i++) {
		line_up(1, i);
		race_one(1);
		pthread_barrier_wait(&finish_line);
	}
	return NULL;
}

static void race(int what, u32 n, u64 tally[2][2])
{
	/* Long enough that both are at work, also on a busy machine. */
	u8 shift = what == CLAIM_CLAIM ? 16 : SHIFT;
	u32 size = 1u << shift, i;
	pthread_t thread;

	racing = what;
	rounds = n;
	gate = 0;
	pthread_barrier_init(&start_line, NULL, 2);
	pthread_barrier_init(&finish_line, NULL, 2);
	pthread_create(&thread, NULL, racer, NULL);
	for (i = 0; i < n; i++) {
		arena = qn_segment_new(i, shift, 0, NULL, GFP_KERNEL);
		key_make(arena->data, 1, 0, size);
		qn_segment_open(arena, 0, size);
		atomic64_set(&arena->cursor, 0);
		wins[0] = 0;
		wins[1] = 0;
		line_up(0, i);
		race_one(0);
		pthread_barrier_wait(&finish_line);
		switch (what) {
		case GRANT_TAKE:
			CHECK(wins[0] + wins[1] == 1, "round %u: %llu and %llu", i,
			      (unsigned long long)wins[0], (unsigned long long)wins[1]);
			break;
		case CLAIM_WIPE:
		case CLAIM_CLAIM:
			CHECK(wins[0] + wins[1] == size, "round %u: %llu and %llu", i,
			      (unsigned long long)wins[0], (unsigned long long)wins[1]);
			CHECK(!key_somewhere(arena->data, size), "key is left");
			CHECK(!qn_segment_held(arena), "a bit was lost");
			break;
		}
		tally[0][!!wins[0]]++;
		tally[1][!!wins[1]]++;
		qn_segment_wipe(arena);
		qn_segment_free(arena);
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&start_line);
	pthread_barrier_destroy(&finish_line);
}

static void grant_against_allocate(void)
{
	u64 tally[2][2] = { 0 };

	race(GRANT_TAKE, 20000, tally);
	CHECK(tally[0][1] > 20 && tally[1][1] > 20, "%llu to %llu: they do not race",
	      (unsigned long long)tally[0][1], (unsigned long long)tally[1][1]);
}

static void claim_against_erase(void)
{
	u64 tally[2][2] = { 0 };

	race(CLAIM_WIPE, 20000, tally);
	race(CLAIM_CLAIM, 1500, tally);
}

TEST_MAIN(TEST(invariant_1_no_octet_twice), TEST(grant_against_allocate),
	  TEST(claim_against_erase))
