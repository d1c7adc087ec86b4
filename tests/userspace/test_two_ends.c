// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A link's two ends in simulated time: each loses blocks of its own, messages
 * are lost, doubled and late, segments are granted both ways, ends restart.
 *
 * Checked: no octet is handed out twice at an end or allocated at both; what
 * one end allocates the other one has, unless the frame was lost or its pairing
 * ended; nothing of an earlier pairing is ever accepted; books balance; and once
 * all is quiet the ends hold the same segments.
 */
#include <linux/bitops.h>

#include "test.h"

#define SHIFT 12
#define SEG 4096u
#define GRACE_MS 2000
#define DELAY_MAX_MS 400
#define BLOCK_MS 20
#define MESSAGES 8192

enum kind { FRAME, HELLO, GRANT, GRANT_REPLY };

struct message {
	enum kind kind;
	u64 due, sent;		/* milliseconds */
	int to;
	bool copy;		/* a second one of it goes about */
	u32 pairing;
	u64 offset;		/* FRAME, HELLO: its key */
	u32 len;
	bool unshown;		/* HELLO may be keyed by what only one end has */
	u64 base, horizon;
	u32 bits;
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8];
	u32 n;
	u64 index[8];
	bool taken[8];
};

struct side {
	struct qn_stream *stream;
	u8 *used;
	u64 hello_at, hello_taken;
	struct message grant;	/* repeated until it is answered */
	bool granting;
	u64 allocated, claimed, starved;
};

struct shape {
	const char *name;
	u32 block;		/* octets that the source delivers at a time */
	u32 block_loss;		/* percent, at each end */
	u32 message_loss;
	u32 demand[2];		/* percent of ticks in which an end sends */
	u32 restart_ms;		/* mean time between restarts; 0: none */
	u32 max_segs;
};

static struct side sides[2];
static struct message *wire;	/* messages under way, in no order */
static u32 under_way, pairing;
static bool paired;
static u64 now, rnd, granules, granted, restarts, absent;
static u8 *spent_by;
static const struct shape *shape;

static void post(const struct message *m)
{
	int copies = chance(&rnd, shape->message_loss) ? 0 :
		     chance(&rnd, shape->message_loss) ? 2 : 1;
	int i;

	for (i = 0; i < copies; i++) {
		if (under_way == MESSAGES) {
			test_fail(__FILE__, __LINE__, "", "too many messages");
			return;
		}
		wire[under_way] = *m;
		wire[under_way].copy = copies == 2;
		wire[under_way].pairing = pairing;
		wire[under_way].sent = now;
		wire[under_way++].due = now + 1 + below(&rnd, DELAY_MAX_MS);
	}
}

static void handed_out(int who, const struct qn_range *r, bool allocated)
{
	u64 g;

	for (g = r->offset / 16; g < (r->offset + r->len) / 16; g++) {
		CHECK(g < granules);
		if (g >= granules)
			return;
		CHECK(!sides[who].used[g], "granule %llu twice at end %d",
		      (unsigned long long)g, who);
		sides[who].used[g] = 1;
		if (!allocated)
			continue;
		CHECK(!spent_by[g], "granule %llu allocated by %d and %d",
		      (unsigned long long)g, spent_by[g] - 1, who);
		spent_by[g] = 1 + who;
	}
	CHECK(key_is(r->key, 1, r->offset, r->len));
}

static bool spend(int who, u32 len, enum qn_alloc how, struct message *m)
{
	struct qn_range r;
	bool got;

	rcu_read_lock();
	got = !qn_stream_alloc(sides[who].stream, len, how, &r);
	if (got) {
		handed_out(who, &r, true);
		m->offset = r.offset;
		m->len = r.len;
		m->unshown = !test_bit(QN_SEG_SHOWN, &r.seg->flags);
		m->to = !who;
		qn_range_erase(&r);
		sides[who].allocated += r.len;
	}
	rcu_read_unlock();
	return got;
}

/* Peek, compare (a tag would), claim. */
static bool open_frame(struct message *m)
{
	struct side *e = &sides[m->to];
	struct qn_range r;
	bool ok = false;
	int err;

	rcu_read_lock();
	err = qn_stream_peek(e->stream, m->offset, m->len, false, &r);
	if (!err && key_is(r.key, 1, m->offset, m->len)) {
		ok = qn_stream_claim(e->stream, &r);
		if (ok) {
			handed_out(m->to, &r, false);
			qn_range_erase(&r);
			e->claimed += r.len;
		}
	}
	rcu_read_unlock();
	if (ok) {
		CHECK(m->pairing == pairing, "of an earlier pairing");
	} else if (!m->copy && !m->unshown && paired && m->pairing == pairing) {
		absent++;
		CHECK(false, "at %llu ms end %d lacks %llu + %u (%d), sent at %llu",
		      (unsigned long long)now, m->to, (unsigned long long)m->offset,
		      m->len, err, (unsigned long long)m->sent);
	}
	return ok;
}

static void deliver(struct message *m)
{
	struct side *e = &sides[m->to];
	struct message reply;
	u32 i;

	if (!open_frame(m))
		return;
	switch (m->kind) {
	case FRAME:
		break;
	case HELLO:
		if (m->sent <= e->hello_taken)
			break;
		e->hello_taken = m->sent;
		qn_stream_shown(e->stream, m->base, m->horizon, m->bits, m->held,
				m->done, now);
		break;
	case GRANT:
		reply = *m;
		reply.kind = GRANT_REPLY;
		for (i = 0; i < m->n; i++) {
			reply.taken[i] = qn_stream_adopt(e->stream, m->index[i]);
			granted += reply.taken[i];
		}
		if (spend(m->to, 32, QN_ALLOC_CONTROL, &reply))
			post(&reply);
		break;
	case GRANT_REPLY:
		if (!e->granting || m->index[0] != e->grant.index[0])
			break;
		e->granting = false;
		for (i = 0; i < m->n; i++)
			if (!m->taken[i])
				qn_stream_drop(e->stream, m->index[i]);
		break;
	}
}

static void deliver_due(void)
{
	static struct message m;
	u32 i;

	for (i = 0; i < under_way;) {
		if (wire[i].due > now) {
			i++;
			continue;
		}
		m = wire[i];
		wire[i] = wire[--under_way];
		deliver(&m);
	}
}

static void say_hello(int who)
{
	static struct message m;

	sides[who].hello_at = now + 1000;
	if (!spend(who, 32, QN_ALLOC_HELLO, &m))
		return;
	m.kind = HELLO;
	m.bits = qn_stream_window(sides[who].stream, 0, &m.base, &m.horizon, m.held,
				  m.done);
	post(&m);
}

static void say_grant(int who)
{
	struct side *e = &sides[who];

	if (!e->granting) {
		if (!chance(&rnd, 20) ||
		    qn_stream_level(sides[!who].stream) > 4 * SEG)
			return;
		e->grant.n = qn_stream_grant(e->stream, 1 + below(&rnd, 8),
					     e->grant.index);
		if (!e->grant.n)
			return;
		e->granting = true;
	}
	e->grant.kind = GRANT;
	if (spend(who, 64, QN_ALLOC_CONTROL, &e->grant))
		post(&e->grant);
}

static struct qn_stream *new_stream(int who)
{
	return stream_make(SHIFT, who, shape->max_segs, NULL);
}

/* What docs/protocol.md 5.1 comes to: one barrier, above all that was ever held. */
static void meet(void)
{
	u64 barrier = max(sides[0].stream->top, sides[1].stream->top);
	int i;

	pairing++;
	paired = true;
	for (i = 0; i < 2; i++) {
		qn_stream_pair(sides[i].stream, barrier);
		sides[i].hello_at = now;
		sides[i].granting = false;
	}
}

static void part(int restarted)
{
	int i;

	paired = false;
	for (i = 0; i < 2; i++)
		qn_stream_unpair(sides[i].stream);
	BALANCED(sides[restarted].stream);
	if (chance(&rnd, 50)) {
		qn_stream_free(sides[restarted].stream);
		sides[restarted].stream = new_stream(restarted);
	}
	restarts++;
}

static void run(const struct shape *what, u64 ms)
{
	u64 at = 0, meet_at, part_at = 0;
	struct message m;
	int i;

	shape = what;
	rnd = test_seed;
	under_way = 0;
	pairing = 0;
	paired = false;
	granted = 0;
	restarts = 0;
	absent = 0;
	now = 0;
	granules = (ms + 20000) * shape->block / 16 / BLOCK_MS + 65536;
	spent_by = calloc(granules, 1);
	wire = malloc(MESSAGES * sizeof(*wire));
	memset(sides, 0, sizeof(sides));
	for (i = 0; i < 2; i++) {
		sides[i].used = calloc(granules, 1);
		sides[i].stream = new_stream(i);
	}
	meet_at = 300;
	for (; now < ms && !test_failed(); now++) {
		if (now % BLOCK_MS == 0) {
			for (i = 0; i < 2; i++)
				if (!chance(&rnd, shape->block_loss))
					stream_fill(sides[i].stream, 1, at, shape->block);
			at += shape->block;
		}
		if (!paired && now >= meet_at) {
			meet();
			part_at = shape->restart_ms ?
				  now + 1 + below(&rnd, 2 * shape->restart_ms) : ~0ULL;
		}
		if (paired && now >= part_at) {
			part(below(&rnd, 2));
			meet_at = now + below(&rnd, 3000);
		}
		deliver_due();
		for (i = 0; i < 2; i++) {
			if (paired && now >= sides[i].hello_at)
				say_hello(i);
			if (paired && now % 250 == 0)
				say_grant(i);
			if (now % 500 == 0)
				qn_stream_expire(sides[i].stream, now, GRACE_MS);
			if (chance(&rnd, shape->demand[i])) {
				m.kind = FRAME;
				if (spend(i, chance(&rnd, 70) ? 1024 :
					     16 + below(&rnd, 900), QN_ALLOC_DATA, &m))
					post(&m);
				else
					sides[i].starved++;
			}
			if (now % 1000 == 999)
				BALANCED(sides[i].stream);
		}
	}

	/*
	 * No demand, and nothing is lost any more; after a while no new key
	 * either. The ends come to hold the same.
	 */
	if (!paired)
		meet();
	what = shape;
	shape = &(struct shape){ .max_segs = what->max_segs };
	for (ms = now + 20000; now < ms && !test_failed(); now++) {
		deliver_due();
		if (now % BLOCK_MS == 0 && now + 10000 < ms) {
			for (i = 0; i < 2; i++)
				stream_fill(sides[i].stream, 1, at, what->block);
			at += what->block;
		}
		for (i = 0; i < 2; i++) {
			if (now >= sides[i].hello_at)
				say_hello(i);
			if (now % 250 == 0 && sides[i].granting)
				say_grant(i);
			if (now % 500 == 0)
				qn_stream_expire(sides[i].stream, now, GRACE_MS);
		}
	}
	for (i = 0; i < 2; i++) {
		u64 other = qn_stream_level_other(sides[!i].stream), index;

		BALANCED(sides[i].stream);
		CHECK(other >= qn_stream_level(sides[i].stream),
		      "%s: end %d has %llu to spend, the other one %llu of that",
		      what->name, i, (unsigned long long)qn_stream_level(sides[i].stream),
		      (unsigned long long)other);
		rcu_read_lock();
		for (index = 0; index * SEG < at; index++) {
			struct qn_segment *x = qn_stream_segment(sides[i].stream, index);

			if (x && test_bit(QN_SEG_WHOLE, &x->flags))
				CHECK(qn_stream_segment(sides[!i].stream, index),
				      "%s: only end %d holds %llu", what->name, i,
				      (unsigned long long)index);
		}
		rcu_read_unlock();
		CHECK(sides[i].allocated > 100000 || !what->demand[i], "%s: %llu",
		      what->name, (unsigned long long)sides[i].allocated);
	}
	CHECK(!what->restart_ms || restarts > 1);
	for (i = 0; i < 2; i++) {
		qn_stream_free(sides[i].stream);
		free(sides[i].used);
	}
	free(spent_by);
	free(wire);
}

static void long_run(void)
{
	static const struct shape s = {
		.name = "long", .block = 4096, .block_loss = 1, .message_loss = 5,
		.demand = { 20, 20 }, .max_segs = 64,
	};

	run(&s, 120000);
}

static void one_direction_is_granted_the_others_key(void)
{
	static const struct shape s = {
		.name = "granted", .block = 4096, .block_loss = 1, .message_loss = 5,
		.demand = { 60, 1 }, .max_segs = 512,
	};

	run(&s, 120000);
	CHECK(granted > 100, "%llu", (unsigned long long)granted);
	/* More than its own half. */
	CHECK(sides[0].allocated > 120000ULL / BLOCK_MS * 4096 / 2 * 101 / 100, "%llu",
	      (unsigned long long)sides[0].allocated);
}

static void restarts_spend_nothing_old(void)
{
	static const struct shape s = {
		.name = "restarts", .block = 2048, .block_loss = 2, .message_loss = 5,
		.demand = { 30, 30 }, .restart_ms = 8000, .max_segs = 64,
	};

	run(&s, 120000);
}

static void odd_blocks_and_heavy_loss(void)
{
	static const struct shape s = {
		.name = "odd", .block = 5008, .block_loss = 10, .message_loss = 20,
		.demand = { 30, 30 }, .restart_ms = 10000, .max_segs = 64,
	};

	run(&s, 90000);
}

static void idle_ends_stay_together(void)
{
	static const struct shape s = {
		.name = "idle", .block = 1024, .block_loss = 5, .message_loss = 10,
		.demand = { 0, 0 }, .max_segs = 32,
	};

	run(&s, 60000);
}

TEST_MAIN(TEST(long_run), TEST(one_direction_is_granted_the_others_key),
	  TEST(restarts_spend_nothing_old), TEST(odd_blocks_and_heavy_loss),
	  TEST(idle_ends_stay_together))
