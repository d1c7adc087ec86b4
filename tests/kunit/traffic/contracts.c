// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/delay.h>

#include "traffic_test.h"

static struct qn_peer *a;	/* across the border */
static const u64 src = ID(2, 5), dst = ID(3, 6);

static const struct qn_contract_terms wide = {
	.source = ID(2, 0), .source_wide = true,
	.destination = ID(3, 0), .destination_wide = true,
	.out_id = 44, .rate = 4000000000ULL, .burst = 4000000000ULL, .weight = 3,
};

static struct qn_contract_key key(u32 id, bool out)
{
	return (struct qn_contract_key){ .peer = a->id, .id = id, .out = out };
}

static int add(u32 id, bool out, const struct qn_contract_terms *t)
{
	struct qn_contract_key k = key(id, out);
	int err;

	mutex_lock(&node->lock);
	err = qn_contract_add(node, &k, t);
	mutex_unlock(&node->lock);
	return err;
}

static int set(u32 id, bool out, const struct qn_contract_terms *t)
{
	struct qn_contract_key k = key(id, out);
	int err;

	mutex_lock(&node->lock);
	err = qn_contract_set(node, &k, t);
	mutex_unlock(&node->lock);
	return err;
}

static int del(u32 id, bool out)
{
	struct qn_contract_key k = key(id, out);
	int err;

	mutex_lock(&node->lock);
	err = qn_contract_del(node, &k);
	mutex_unlock(&node->lock);
	return err;
}

static int mark(u32 id, bool out, u32 n)
{
	struct qn_contract_key k = key(id, out);
	int err;

	mutex_lock(&node->lock);
	err = qn_contract_mark(node, &k, n);
	mutex_unlock(&node->lock);
	return err;
}

/* Only one thread changes contracts here, so it stays beyond the RCU section. */
static struct qn_contract *find(u32 id, bool out)
{
	struct qn_contract_key k = key(id, out);
	struct qn_contract *c;

	rcu_read_lock();
	c = qn_contract_find(node, &k);
	rcu_read_unlock();
	return c;
}

/* Not inline: a dozen copies of a frame are more than a stack frame may hold. */
static noinline int accept(u32 id, struct qn_frame f, u32 *label, u16 *weight)
{
	int code;

	f.contract = id;
	IN_SOFTIRQ(code = qn_contract_accept(a, &f, label, weight));
	return code;
}

static noinline int leave(u32 inside, struct qn_frame f, u32 *label, bool sent)
{
	int code;

	f.contract = inside;
	IN_SOFTIRQ(code = qn_contract_label(a, &f, label));
	if (!code && sent)
		IN_SOFTIRQ(qn_contract_sent(a, &f, *label));
	return code;
}

void test_contract_border(void)
{
	struct qn_frame f = relay_frame(src, dst, 100, 0);
	struct qn_contract_terms t = wide;
	struct qn_contract *c;
	u32 label = 0;
	u16 weight = 0;

	a = peer_make(ID(2, 1));
	CHECK(accept(7, f, &label, &weight) == QN_NAK_CONTRACT_UNKNOWN);
	CHECK(add(7, false, &t) == 0 && add(7, false, &t) == -EEXIST);
	CHECK(accept(7, f, &label, &weight) == 0 && label == 44 && weight == 3);
	c = find(7, false);
	CHECK(c && c->metered == QN_CHUNK);
	CHECK(accept(7, f, &label, &weight) == 0 && c->metered == QN_CHUNK);
	f.remote_offset += QN_CHUNK;
	f.length = 100;
	f.weight = 2;
	CHECK(accept(7, f, &label, &weight) == 0 && weight == 2);
	CHECK(c->metered == QN_CHUNK + 100);

	f.origin = ID(9, 5);
	CHECK(accept(7, f, &label, &weight) == QN_NAK_CONTRACT_UNKNOWN);
	f.origin = src;
	f.destination = ID(9, 6);
	CHECK(accept(7, f, &label, &weight) == QN_NAK_CONTRACT_UNKNOWN);
	CHECK(c->refused_mismatch == 2 && c->metered == QN_CHUNK + 100);

	/* leaving: by label inside, or by whom it is for, the closest first */
	f = relay_frame(src, dst, 100, 0);
	CHECK(leave(0, f, &label, false) == QN_NAK_CONTRACT_UNKNOWN);
	CHECK(leave(7, f, &label, false) == QN_NAK_CONTRACT_UNKNOWN);
	CHECK(add(7, true, &t) == 0);
	CHECK(leave(0, f, &label, true) == 0 && label == 7);
	t.source = src;
	t.source_wide = false;
	t.destination = dst;
	t.destination_wide = false;
	CHECK(add(8, true, &t) == 0);
	CHECK(leave(0, f, &label, false) == 0 && label == 8);
	CHECK(leave(7, f, &label, true) == 0 && label == 7);
	c = find(7, true);
	CHECK(c && c->metered == QN_CHUNK);	/* sent twice, counted once */
	/* what is only labelled and not sent is not counted */
	c = find(8, true);
	CHECK(c && c->metered == 0);
	/* a contract that has expired yields to its successor */
	CHECK(add(9, true, &t) == 0);
	t.expiry = ktime_get_real_seconds() - 1;
	CHECK(set(8, true, &t) == 0);
	CHECK(leave(0, f, &label, false) == 0 && label == 9);
	CHECK(set(9, true, &t) == 0);
	CHECK(leave(0, f, &label, false) == QN_NAK_CONTRACT_UNKNOWN ||
	      label == 7);

	t.source = ID(2, 77);
	CHECK(set(8, true, &t) == -EOPNOTSUPP && set(99, true, &t) == -ENOENT);
	CHECK(del(8, true) == 0 && del(8, true) == -ENOENT);
	CHECK(qn_contracts_count(node) == 3);
	peer_free(a);
	CHECK(qn_contracts_count(node) == 0);
}

/* Chunks that a rate of 20 a second has brought since then. */
static int chunks_since(u64 began)
{
	return div_u64((ktime_get_ns() - began) * 20, NSEC_PER_SEC);
}

void test_contract_limits(void)
{
	struct qn_contract_terms t = wide;
	struct qn_contract *c;
	int i, passed, was, more;
	u64 began;
	u32 label;
	u16 weight;

	a = peer_make(ID(2, 1));
	/* volume: to the octet, and repetitions still pass */
	t.volume = 3 * QN_CHUNK + 10;
	CHECK(add(1, false, &t) == 0);
	c = find(1, false);
	was = atomic_read(&events);
	for (i = 0; i < 5; i++)
		CHECK(accept(1, relay_frame(src, dst, 100, i), &label, &weight) ==
		      (i < 3 ? 0 : QN_NAK_CONTRACT_EXCEEDED));
	CHECK(c->metered == 3 * QN_CHUNK && c->refused_volume == 2);
	CHECK(atomic_read(&events) == was + 1 && last_event.contract == 1);
	CHECK(last_type == QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED);
	CHECK(accept(1, relay_frame(src, dst, 100, 1), &label, &weight) == 0);
	t.volume = 4 * QN_CHUNK;
	CHECK(set(1, false, &t) == 0);
	CHECK(accept(1, relay_frame(src, dst, 100, 3), &label, &weight) == 0);

	/* rate and burst, repetitions counted; it resumes by itself */
	t = wide;
	t.rate = 20 * QN_CHUNK;
	t.burst = 10 * QN_CHUNK;
	CHECK(add(2, false, &t) == 0);
	was = atomic_read(&events);
	began = ktime_get_ns();
	for (i = passed = 0; i < 50; i++)
		passed += !accept(2, relay_frame(src, dst, 100, i % 5), &label, &weight);
	/* A busy machine may have let time for more of them pass. */
	more = chunks_since(began);
	CHECK(passed >= 10 && passed <= 11 + more);
	CHECK(atomic_read(&events) == was + 1 || more >= 10);
	was = atomic_read(&events);
	c = find(2, false);
	CHECK(c->metered == 5 * QN_CHUNK && c->refused_rate == 50 - passed);
	msleep(300);
	for (i = passed = 0; i < 50; i++)
		passed += !accept(2, relay_frame(src, dst, 102, i), &label, &weight);
	more = chunks_since(began);
	CHECK(passed >= 5 && passed <= 1 + more);
	/* the shortage is not over yet: told once */
	CHECK(atomic_read(&events) == was || more >= 10);

	/* expiry */
	t = wide;
	t.expiry = ktime_get_real_seconds() + 2;
	CHECK(add(3, false, &t) == 0);
	passed = !accept(3, relay_frame(src, dst, 100, 0), &label, &weight);
	CHECK(passed || ktime_get_real_seconds() >= t.expiry);
	msleep(2100);
	CHECK(accept(3, relay_frame(src, dst, 100, 0), &label, &weight) ==
	      QN_NAK_CONTRACT_UNKNOWN);
	CHECK(find(3, false)->refused_expired == 2 - passed);

	/* the sender holds itself to the same */
	t = wide;
	t.volume = 2 * QN_CHUNK;
	CHECK(add(4, true, &t) == 0);
	for (i = 0; i < 4; i++)
		CHECK(leave(4, relay_frame(src, dst, 100, i), &label, true) ==
		      (i < 2 ? 0 : QN_NAK_CONTRACT_EXCEEDED));
	CHECK(find(4, true)->metered == 2 * QN_CHUNK);

	/* without memory to meter nothing is carried */
	CHECK(add(5, false, &wide) == 0);
	node->mem.max = 0;
	CHECK(accept(5, relay_frame(src, dst, 100, 0), &label, &weight) ==
	      QN_NAK_CONTRACT_EXCEEDED);
	node->mem.max = 256L << 20;
	CHECK(accept(5, relay_frame(src, dst, 100, 0), &label, &weight) == 0);
	peer_free(a);
}

/* More contracts than fit a HELLO take turns. */
void test_contract_readings(void)
{
	struct qn_wire_reading r[QN_READINGS_MAX];
	u32 label, n, i, told[41] = {}, round;
	u16 weight;

	a = peer_make(ID(2, 1));
	IN_SOFTIRQ(n = qn_contract_readings(a, r, QN_READINGS_MAX));
	CHECK(n == 0);
	for (i = 1; i <= 40; i++) {
		CHECK(add(i, false, &wide) == 0 && add(i, true, &wide) == 0);
		CHECK(accept(i, relay_frame(src, dst, 100, i), &label, &weight) == 0);
	}
	for (round = 0; round < 5; round++) {
		IN_SOFTIRQ(n = qn_contract_readings(a, r, QN_READINGS_MAX));
		CHECK(n == QN_READINGS_MAX);
		while (n--) {
			i = be32_to_cpu(r[n].contract);
			CHECK(i >= 1 && i <= 40);
			CHECK(be64_to_cpu(r[n].accepted) == QN_CHUNK);
			if (i <= 40)
				told[i]++;
		}
	}
	for (i = 1; i <= 40; i++)
		CHECK(told[i] == 2);
	peer_free(a);
}

static void hear(u32 id, u64 accepted, u32 n, u64 at_mark, u64 incarnation)
{
	struct qn_wire_reading r = {
		.contract = cpu_to_be32(id),
		.mark = cpu_to_be32(n),
		.accepted = cpu_to_be64(accepted),
		.accepted_at_mark = cpu_to_be64(at_mark),
	};

	IN_SOFTIRQ(qn_contract_heard(a, &r, 1, incarnation));
}

/* What the two sides tell each other, and what is not believed. */
void test_contract_settlement(void)
{
	struct qn_wire_reading r;
	struct qn_contract *in, *out;
	u32 label, i, n;
	u16 weight;
	int was;

	a = peer_make(ID(2, 1));
	CHECK(add(1, false, &wide) == 0 && add(1, true, &wide) == 0);
	in = find(1, false);
	out = find(1, true);
	for (i = 0; i < 10; i++)
		CHECK(leave(1, relay_frame(src, dst, 100, i), &label, true) == 0);
	was = atomic_read(&events);
	hear(1, 5 * QN_CHUNK, 0, 0, 50);
	CHECK(out->peer_accepted == 5 * QN_CHUNK && out->incarnation == 50);
	CHECK(atomic_read(&events) == was);

	/* above what was sent; below an earlier one; neither is stored */
	hear(1, 10 * QN_CHUNK + 1, 0, 0, 50);
	CHECK(last_type == QKDNF_EVENT_TYPE_CONTRACT_METER &&
	      last_event.number == 10 * QN_CHUNK + 1);
	hear(1, 4 * QN_CHUNK, 0, 0, 50);
	hear(1, ~0ULL, 0, 0, 50);
	hear(1, ~0ULL, 0, 0, 51);
	CHECK(atomic_read(&events) == was + 4);
	CHECK(out->peer_accepted == 5 * QN_CHUNK && out->incarnation == 50);

	/* a mark, and one that contradicts its reading */
	hear(1, 8 * QN_CHUNK, 1, 6 * QN_CHUNK, 50);
	CHECK(atomic_read(&events) == was + 5 &&
	      last_type == QKDNF_EVENT_TYPE_CONTRACT_MARK && last_event.number == 1);
	CHECK(out->mark == 1 && out->mark_metered == 10 * QN_CHUNK &&
	      out->mark_peer_accepted == 6 * QN_CHUNK);
	hear(1, 8 * QN_CHUNK, 1, 6 * QN_CHUNK, 50);
	CHECK(atomic_read(&events) == was + 5);		/* told once */
	hear(1, 8 * QN_CHUNK, 2, 9 * QN_CHUNK, 50);
	hear(1, 8 * QN_CHUNK, 0, 0, 50);
	CHECK(atomic_read(&events) == was + 7 && out->mark == 1);
	CHECK(mark(1, true, 3) == -ERANGE && mark(1, true, 2) == 0);

	/* the carrier begins anew: nothing is lost, nothing counted twice */
	hear(1, QN_CHUNK, 0, 0, 60);
	CHECK(out->peer_accepted == 9 * QN_CHUNK && out->incarnation == 60);
	hear(1, 2 * QN_CHUNK, 0, 0, 60);
	CHECK(out->peer_accepted == 10 * QN_CHUNK);
	hear(1, 2 * QN_CHUNK + 1, 0, 0, 60);
	CHECK(last_type == QKDNF_EVENT_TYPE_CONTRACT_METER &&
	      out->peer_accepted == 10 * QN_CHUNK);

	/* this end begins anew: what was before is not its own */
	CHECK(del(1, true) == 0 && add(1, true, &wide) == 0);
	out = find(1, true);
	was = atomic_read(&events);
	hear(1, 2 * QN_CHUNK, 7, QN_CHUNK, 60);
	CHECK(out->peer_accepted == 0 && atomic_read(&events) == was);
	CHECK(leave(1, relay_frame(src, dst, 200, 0), &label, true) == 0);
	hear(1, 3 * QN_CHUNK, 7, QN_CHUNK, 60);
	CHECK(out->peer_accepted == QN_CHUNK && atomic_read(&events) == was);
	hear(1, 3 * QN_CHUNK + 1, 7, QN_CHUNK, 60);
	CHECK(out->peer_accepted == QN_CHUNK && atomic_read(&events) == was + 1);

	/* the carrier's side: readings count from its own incarnation */
	CHECK(mark(1, false, 2) == -ERANGE && mark(1, false, 0) == -ERANGE);
	CHECK(accept(1, relay_frame(src, dst, 100, 0), &label, &weight) == 0);
	CHECK(mark(1, false, 1) == 0);
	CHECK(accept(1, relay_frame(src, dst, 100, 1), &label, &weight) == 0);
	IN_SOFTIRQ(n = qn_contract_readings(a, &r, 1));
	CHECK(n == 1 && be64_to_cpu(r.accepted) == 2 * QN_CHUNK &&
	      be32_to_cpu(r.mark) == 1 &&
	      be64_to_cpu(r.accepted_at_mark) == QN_CHUNK);
	a->pairing.own = 78;
	CHECK(accept(1, relay_frame(src, dst, 100, 2), &label, &weight) == 0);
	IN_SOFTIRQ(n = qn_contract_readings(a, &r, 1));
	CHECK(n == 1 && be64_to_cpu(r.accepted) == QN_CHUNK &&
	      be64_to_cpu(r.accepted_at_mark) == 0);
	CHECK(in->metered == 3 * QN_CHUNK && in->incarnation == 78);
	peer_free(a);
}

static atomic_t refusals;

/* Both processors carry the same chunks; the second one's are repetitions. */
static void carry(int which)
{
	u32 label, i;
	u16 weight;
	struct qn_frame f;

	for (i = 0; i < 60 * 66; i++) {
		f = relay_frame(src, dst, 100 + 2 * (i / 66), i % 66);
		if (accept(1, f, &label, &weight))
			atomic_inc(&refusals);
		leave(1, f, &label, true);
		/* contracts come and go meanwhile */
		if (which && i % 40 == 0) {
			add(2, false, &wide);
			accept(2, f, &label, &weight);
		}
		if (!which && i % 40 == 20)
			del(2, false);
		if (!which)
			accept(2, f, &label, &weight);
		if (i % 16 == 0)
			cond_resched();
	}
}

void test_contract_races(void)
{
	a = peer_make(ID(2, 1));
	CHECK(add(1, false, &wide) == 0 && add(1, true, &wide) == 0);
	atomic_set(&refusals, 0);
	in_two_threads(carry);
	/*
	 * One may run far ahead of the other, so that chunks are older than the
	 * window for him; but never is one counted twice or refused.
	 */
	CHECK(atomic_read(&refusals) == 0);
	CHECK(find(1, false)->metered == 60ULL * 66 * QN_CHUNK);
	CHECK(find(1, true)->metered == 60ULL * 66 * QN_CHUNK);
	peer_free(a);
	CHECK(!atomic_long_read(&node->mem.used));
}
