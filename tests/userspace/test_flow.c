// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How links are shared: the water-filling, the token bucket, and the whole
 * loop over several links, run frame by frame on the kernel's own arithmetic.
 *
 * The simulated network is a chain. Each link gains key in whole segments and
 * keeps a stock; each stream is paced by its origin at the rate that the last
 * acknowledgement allowed, policed at each hop, and dropped where a link is
 * out of key. What a dropped frame spent on earlier links is lost, as in truth.
 */
#include <math.h>

#include "bucket.h"
#include "maxmin.h"
#include "test.h"

/* --- water-filling ------------------------------------------------------------ */

static void maxmin_known(void)
{
	/* capacity 10000: 1000 and 2000 are satisfied, the rest is halved */
	struct qn_claim c[] = {
		{ 1, 1000, 0 },
		{ 1, QN_RATE_UNLIMITED, 0 },
		{ 1, 2000, 0 },
		{ 1, QN_RATE_UNLIMITED, 0 },
	};

	qn_maxmin(c, 4, 10000);
	CHECK(c[1].share == 3500 && c[3].share == 3500, "%u %u", c[1].share, c[3].share);
	/* everybody is told the level, so that he may grow up to it */
	CHECK(c[0].share == 3500 && c[2].share == 3500);

	/* weights 1 and 3 */
	struct qn_claim w[] = {
		{ 1, QN_RATE_UNLIMITED, 0 },
		{ 3, QN_RATE_UNLIMITED, 0 },
	};

	qn_maxmin(w, 2, 8000);
	CHECK(w[0].share == 2000 && w[1].share == 6000);

	/* room for all: the neediest gets what nobody wants */
	struct qn_claim r[] = { { 1, 1000, 0 }, { 1, 3000, 0 } };

	qn_maxmin(r, 2, 10000);
	CHECK(r[0].share == 6000 && r[1].share == 6000, "%u", r[0].share);

	/* nobody starves, and nobody is told more than the link has */
	struct qn_claim s[] = { { 1, QN_RATE_UNLIMITED, 0 }, { 65535, QN_RATE_UNLIMITED, 0 } };

	qn_maxmin(s, 2, 60000);
	CHECK(s[0].share == QN_CHUNK && s[1].share <= 60000);
	qn_maxmin(s, 0, 1000);
	qn_maxmin(s, 2, 0);
	CHECK(s[0].share == 0 && s[1].share == 0);
	qn_maxmin(s, 2, QN_RATE_UNLIMITED - 1);
	CHECK(s[1].share > 4000000000U && s[0].share >= QN_CHUNK);
}

/*
 * The definition: what is used fits, and nobody's share can grow but at the
 * cost of somebody who has no more for his weight.
 */
static void maxmin_is_maxmin(void)
{
	u64 r = test_seed, used, least;
	struct qn_claim c[64];
	u32 i, n, round, capacity, strict = 0;
	bool open, lifted;

	for (round = 0; round < 20000; round++) {
		n = 1 + below(&r, 64);
		capacity = 1000000 + below(&r, 1000000000);
		for (i = 0; i < n; i++) {
			c[i].weight = 1 + below(&r, chance(&r, 50) ? 4 : 100);
			c[i].demand = chance(&r, 40) ? QN_RATE_UNLIMITED :
						       below(&r, 3ULL * capacity / n + 1);
		}
		qn_maxmin(c, n, capacity);
		least = min_t(u64, QN_CHUNK, capacity / n);
		used = 0;
		open = false;
		lifted = false;
		for (i = 0; i < n; i++) {
			used += min(c[i].demand, c[i].share);
			open |= c[i].demand > c[i].share;
			lifted |= c[i].share == least;
			REQUIRE(c[i].share >= least && c[i].share <= capacity);
		}
		/* next to giants the least that everybody gets comes on top */
		REQUIRE(used <= capacity + (lifted ? n * least : 0), "used %llu of %u",
			(unsigned long long)used, capacity);
		/* somebody wants more: then nothing is left but rounding */
		if (open)
			REQUIRE(used + 2 * n >= capacity, "used only %llu of %u",
				(unsigned long long)used, capacity);
		strict += open && !lifted;
		for (i = 1; i < n; i++) {
			u64 a = (u64)c[i].share * c[0].weight;
			u64 b = (u64)c[0].share * c[i].weight;

			if (c[i].share > least && c[0].share > least && c[i].share < capacity &&
			    c[0].share < capacity)
				REQUIRE((a > b ? a - b : b - a) <= c[0].weight + c[i].weight,
					"unequal level");
		}
	}
	CHECK(strict > 5000, "only %u rounds said anything", strict);
}

/* --- token bucket --------------------------------------------------------------- */

static void bucket_rates(void)
{
	static const u64 rates[] = { 1, 991, 1000, 123457, 125000000, 4294967294ULL };
	u64 r = test_seed, now, passed, start, want;
	struct qn_bucket b;
	u32 i;

	for (i = 0; i < 6; i++) {
		u64 burst = max_t(u64, rates[i], QN_CHUNK);
		u64 step = 992 * NSEC_PER_SEC / rates[i] / 64 + 1;

		now = 1000 * NSEC_PER_SEC;
		start = now;
		passed = 0;
		qn_bucket_fill(&b, burst, now);
		while (passed < burst + 2000ULL * QN_CHUNK) {
			if (qn_bucket_has(&b, QN_CHUNK, rates[i], burst, now)) {
				qn_bucket_take(&b, QN_CHUNK);
				passed += QN_CHUNK;
				/* drain the burst first: at once */
				if (passed <= burst)
					continue;
			}
			now += 1 + below(&r, 2 * step);
		}
		want = burst + (now - start) / NSEC_PER_SEC * rates[i] +
		       (now - start) % NSEC_PER_SEC * rates[i] / NSEC_PER_SEC;
		/* never more than rate and burst, and no rate lost by rounding */
		CHECK(passed <= want, "rate %llu: %llu passed of %llu",
		      (unsigned long long)rates[i], (unsigned long long)passed,
		      (unsigned long long)want);
		CHECK(passed + passed / 100 + 2 * QN_CHUNK >= want,
		      "rate %llu: only %llu passed of %llu", (unsigned long long)rates[i],
		      (unsigned long long)passed, (unsigned long long)want);
	}
	/* a century of silence fills the bucket, no more */
	qn_bucket_fill(&b, 0, 0);
	CHECK(qn_bucket_has(&b, 992, 4294967294ULL, 5000, 3000000000ULL * NSEC_PER_SEC));
	CHECK(b.tokens == 5000);
	/* a clock that goes back gives nothing */
	CHECK(!qn_bucket_has(&b, 5001, 1000, 5000, 0));
}

/* --- the loop ------------------------------------------------------------------- */

#define TICK_MS	    20
#define LINKS_MAX   4
#define STREAMS_MAX 64
#define ACK_TICKS   3

struct link {
	/* as made */
	u32 income; /* octets of link key per second, own lane */
	u32 segment;
	u64 lane; /* octets when full */
	/* state */
	double fraction;
	u64 stock, gained, carried, missed;
	struct qn_gain gain;
	bool short_of;
	u32 phase;
	u64 shared_ms;
};

struct stream {
	/* as made */
	u32 first, last; /* links */
	u32 weight;
	double most; /* its own limit, octets/s; 0: none */
	u64 from_ms, to_ms;
	/* state */
	double tokens;
	u32 allowed, under_way[ACK_TICKS];
	u64 delivered;
	struct {
		struct qn_usage use;
		struct qn_bucket bucket;
		u32 allowed, elsewhere;
		u64 octets;
		bool known;
	} at[LINKS_MAX];
};

struct net {
	struct link link[LINKS_MAX];
	struct stream stream[STREAMS_MAX];
	u32 links, streams;
	u64 now_ms;
	u64 random;
};

static u64 now_ns(const struct net *n)
{
	return (n->now_ms + 1000) * NSEC_PER_MSEC;
}

static bool active(const struct net *n, const struct stream *s)
{
	return n->now_ms >= s->from_ms && n->now_ms < s->to_ms;
}

/* As flow.c does it. */
static bool admit(struct net *n, struct stream *s, u32 l)
{
	u32 a;

	if (!s->at[l].known) {
		s->at[l].known = true;
		s->at[l].elsewhere = QN_RATE_UNLIMITED;
		a = QN_RATE_UNLIMITED;
		s->at[l].allowed = a;
		qn_usage_begin(&s->at[l].use, a);
	}
	a = s->at[l].allowed;
	if (a != QN_RATE_UNLIMITED) {
		if (!qn_bucket_has(&s->at[l].bucket, QN_CHUNK, a + a / 4, a / 2 + 16 * QN_CHUNK,
				   now_ns(n)))
			return false;
		qn_bucket_take(&s->at[l].bucket, QN_CHUNK);
	}
	s->at[l].octets += QN_CHUNK;
	return true;
}

static void share_out(struct net *n, u32 l)
{
	struct link *k = &n->link[l];
	struct qn_claim c[STREAMS_MAX];
	struct stream *of[STREAMS_MAX];
	u32 i, count = 0, capacity, a, ms;

	ms = k->shared_ms ? n->now_ms - k->shared_ms : 1000;
	k->shared_ms = n->now_ms;
	if (!k->gain.begun)
		k->gain.income = k->income;
	qn_gain_measure(&k->gain, k->gained, k->segment, n->now_ms);
	for (i = 0; i < n->streams; i++) {
		struct stream *s = &n->stream[i];

		if (!s->at[l].known || l < s->first || l > s->last)
			continue;
		if (n->now_ms > s->to_ms + 10000)
			continue; /* forgotten */
		qn_usage_measure(&s->at[l].use, s->at[l].octets, ms);
		s->at[l].octets = 0;
		c[count].weight = s->weight;
		c[count].demand = qn_usage_demand(&s->at[l].use, s->at[l].elsewhere, ms);
		of[count++] = s;
	}
	capacity = qn_capacity(k->gain.income, k->stock, k->lane, k->segment, &k->short_of);
	if (capacity != QN_RATE_UNLIMITED)
		qn_maxmin(c, count, capacity);
	for (i = 0; i < count; i++) {
		a = capacity == QN_RATE_UNLIMITED ? capacity : c[i].share;
		qn_usage_allow(&of[i]->at[l].use, a);
		if (of[i]->at[l].allowed == QN_RATE_UNLIMITED)
			qn_bucket_fill(&of[i]->at[l].bucket, a / 2 + 16 * QN_CHUNK, now_ns(n));
		of[i]->at[l].allowed = a;
	}
}

static void acknowledge(struct stream *s, u64 tick)
{
	u32 rate = QN_RATE_UNLIMITED, l;

	for (l = s->last + 1; l-- > s->first;) {
		if (!s->at[l].known)
			continue;
		s->at[l].elsewhere = rate;
		rate = min(rate, s->at[l].allowed);
	}
	s->allowed = s->under_way[tick % ACK_TICKS];
	s->under_way[tick % ACK_TICKS] = rate;
}

static void send_frame(struct net *n, struct stream *s)
{
	u32 l;

	for (l = s->first; l <= s->last; l++) {
		if (!admit(n, s, l))
			return;
		if (n->link[l].stock < QN_WORD_OCTETS) {
			n->link[l].missed++;
			return;
		}
		n->link[l].stock -= QN_WORD_OCTETS;
		n->link[l].carried += QN_CHUNK;
	}
	s->delivered += QN_CHUNK;
}

static void fill(struct link *k)
{
	k->fraction += (double)k->income * TICK_MS / 1000;
	while (k->fraction >= k->segment) {
		k->fraction -= k->segment;
		if (k->stock + k->segment > k->lane)
			continue;
		k->stock += k->segment;
		k->gained += k->segment;
	}
}

static void tick(struct net *n)
{
	u32 order[STREAMS_MAX] = { 0 }, i, j, l;
	u64 t = n->now_ms / TICK_MS;
	bool busy = true;

	for (l = 0; l < n->links; l++) {
		fill(&n->link[l]);
		if (n->now_ms % 1000 == n->link[l].phase)
			share_out(n, l);
	}
	for (i = 0; i < n->streams; i++) {
		struct stream *s = &n->stream[i];
		double rate;

		order[i] = i;
		if (!active(n, s))
			continue;
		acknowledge(s, t);
		/* what an origin can do at the most: 64 MB/s */
		rate = s->allowed == QN_RATE_UNLIMITED ? 64e6 : s->allowed;
		if (s->most)
			rate = fmin(rate, s->most);
		s->tokens = fmin(s->tokens + rate * TICK_MS / 1000, fmax(rate / 10, 8 * QN_CHUNK));
		s->tokens = fmin(s->tokens, 8 * 65536);
	}
	for (i = n->streams; i > 1; i--) {
		j = below(&n->random, i);
		l = order[i - 1];
		order[i - 1] = order[j];
		order[j] = l;
	}
	while (busy) {
		busy = false;
		for (i = 0; i < n->streams; i++) {
			struct stream *s = &n->stream[order[i]];

			if (!active(n, s) || s->tokens < QN_CHUNK)
				continue;
			s->tokens -= QN_CHUNK;
			send_frame(n, s);
			busy = true;
		}
	}
	n->now_ms += TICK_MS;
}

static void start(struct net *n, u32 links, u32 income, u32 segment, u64 lane)
{
	u32 l;

	memset(n, 0, sizeof(*n));
	n->random = test_seed;
	n->links = links;
	for (l = 0; l < links; l++) {
		n->link[l].income = income;
		n->link[l].segment = segment;
		n->link[l].lane = lane;
		n->link[l].stock = lane / 2;
		n->link[l].phase = l * 340 % 1000 / TICK_MS * TICK_MS;
	}
}

static struct stream *add(struct net *n, u32 first, u32 last, u32 weight)
{
	struct stream *s = &n->stream[n->streams++];
	u32 i;

	s->first = first;
	s->last = last;
	s->weight = weight;
	s->to_ms = ~0ULL >> 1;
	for (i = 0; i < ACK_TICKS; i++)
		s->under_way[i] = QN_RATE_UNLIMITED;
	return s;
}

static double key_rate(const struct link *k)
{
	return k->income * 0.99 * QN_CHUNK / QN_WORD_OCTETS;
}

/* The shares by definition, all links known: the highest level that fits. */
static void ideal(const struct net *n, double *share)
{
	bool fixed[STREAMS_MAX] = { false };
	double left, weights, level, best;
	u32 i, l, done = 0, total = 0;

	for (i = 0; i < n->streams; i++) {
		share[i] = 0;
		fixed[i] = !active(n, &n->stream[i]);
		total += !fixed[i];
	}
	while (done < total) {
		const struct stream *s;
		u32 tightest = 0;

		best = 1e300;
		for (l = 0; l < n->links; l++) {
			left = key_rate(&n->link[l]);
			weights = 0;
			for (i = 0; i < n->streams; i++) {
				s = &n->stream[i];
				if (l < s->first || l > s->last)
					continue;
				if (fixed[i])
					left -= share[i];
				else
					weights += s->weight;
			}
			level = weights ? left / weights : 1e300;
			if (level < best) {
				best = level;
				tightest = l;
			}
		}
		/* a stream that wants less than the level comes first */
		for (i = 0; i < n->streams; i++) {
			s = &n->stream[i];
			if (!fixed[i] && s->most && s->most <= best * s->weight) {
				share[i] = s->most;
				fixed[i] = true;
				done++;
				break;
			}
		}
		if (i < n->streams)
			continue;
		for (i = 0; i < n->streams; i++) {
			s = &n->stream[i];
			if (fixed[i] || tightest < s->first || tightest > s->last)
				continue;
			share[i] = best * s->weight;
			fixed[i] = true;
			done++;
		}
	}
}

struct outcome {
	double jain;
	double used[LINKS_MAX];
	double worst; /* share over the ideal one */
	u64 missed;
};

/* Run for a while and compare what came through with the ideal. */
static struct outcome observe(struct net *n, u32 seconds)
{
	u64 before[STREAMS_MAX], carried[LINKS_MAX], missed[LINKS_MAX];
	u64 end = n->now_ms + seconds * 1000ULL;
	double share[STREAMS_MAX], x, sum = 0, squares = 0;
	struct outcome o = { .worst = 1e300 };
	u32 i, l, count = 0;

	for (i = 0; i < n->streams; i++)
		before[i] = n->stream[i].delivered;
	for (l = 0; l < n->links; l++) {
		carried[l] = n->link[l].carried;
		missed[l] = n->link[l].missed;
	}
	while (n->now_ms < end)
		tick(n);
	ideal(n, share);
	for (i = 0; i < n->streams; i++) {
		if (!active(n, &n->stream[i]))
			continue;
		x = (n->stream[i].delivered - before[i]) / (double)seconds / share[i];
		sum += x;
		squares += x * x;
		o.worst = fmin(o.worst, x);
		count++;
	}
	o.jain = squares ? sum * sum / (count * squares) : 0;
	for (l = 0; l < n->links; l++) {
		o.used[l] =
			(n->link[l].carried - carried[l]) / (double)seconds / key_rate(&n->link[l]);
		o.missed += n->link[l].missed - missed[l];
	}
	return o;
}

static void show(const char *what, const struct net *n, const struct outcome *o)
{
	u32 l;

	if (!getenv("VERBOSE"))
		return;
	fprintf(stderr, "%-24s t=%4llus jain %.4f worst %.3f missed %llu", what,
		(unsigned long long)n->now_ms / 1000, o->jain, o->worst,
		(unsigned long long)o->missed);
	for (l = 0; l < n->links; l++)
		fprintf(stderr, "  [%.3f stock %.2f C %u]", o->used[l],
			(double)n->link[l].stock / n->link[l].lane, n->link[l].gain.income);
	fprintf(stderr, "\n");
}

/* Streams over 1, 2 and 3 hops, 50 in all. */
static void parking_lot(struct net *n, u32 income, u32 segment, u64 lane, bool weighted)
{
	u32 i, first, hops;

	start(n, 3, income, segment, lane);
	for (i = 0; i < 50; i++) {
		hops = 1 + i % 3;
		first = i / 3 % (4 - hops);
		add(n, first, first + hops - 1, weighted ? 1 + i % 4 : 1);
	}
}

/* After so many seconds it is fair, and stays so. */
static void fair(const char *what, struct net *n, u32 settle, u32 seconds, double jain, double used,
		 int bottleneck)
{
	struct outcome o;

	observe(n, settle);
	o = observe(n, seconds);
	show(what, n, &o);
	CHECK(o.jain >= jain, "%s: Jain's index %.4f", what, o.jain);
	CHECK(o.worst >= 0.8, "%s: a stream has %.3f of its share", what, o.worst);
	CHECK(o.used[bottleneck] >= used, "%s: bottleneck used %.3f", what, o.used[bottleneck]);
}

static struct net net;

static void fairness_parking_lot(void)
{
	/* links of 1, 10 and 100 Mb/s, half of it each way; measured after 10 s */
	parking_lot(&net, 62500, 65536, 2 << 20, false);
	fair("1 Mb/s", &net, 10, 60, 0.99, 0.95, 1);
	parking_lot(&net, 625000, 65536, 2 << 20, false);
	fair("10 Mb/s", &net, 10, 60, 0.99, 0.95, 1);
	parking_lot(&net, 6250000, 65536, 32 << 20, false);
	fair("100 Mb/s", &net, 10, 60, 0.99, 0.95, 1);
	parking_lot(&net, 625000, 65536, 2 << 20, true);
	fair("10 Mb/s, weights 1 to 4", &net, 10, 60, 0.99, 0.95, 1);
}

static void fairness_unequal_links(void)
{
	parking_lot(&net, 625000, 65536, 2 << 20, false);
	net.link[0].income = 250000;
	fair("narrow first", &net, 10, 60, 0.99, 0.90, 0);
	parking_lot(&net, 625000, 65536, 2 << 20, false);
	net.link[2].income = 250000;
	fair("narrow last", &net, 10, 60, 0.99, 0.90, 2);
	parking_lot(&net, 625000, 65536, 2 << 20, true);
	net.link[1].income = 125000;
	fair("narrow middle, weights", &net, 10, 60, 0.99, 0.90, 1);
}

/* Half of the streams want little: the others get what they leave. */
static void fairness_small_streams(void)
{
	u32 i;

	parking_lot(&net, 625000, 65536, 2 << 20, false);
	for (i = 0; i < 50; i += 2)
		net.stream[i].most = 8000;
	fair("small streams", &net, 10, 60, 0.99, 0.93, 1);
}

/* Slow links with small segments: a frame or two each second and stream. */
static void fairness_slow_links(void)
{
	parking_lot(&net, 37500, 4096, 128 << 10, false);
	fair("600 kb/s, 4 KiB segments", &net, 20, 120, 0.98, 0.95, 1);
}

/* Streams come and go: fair again within ten periods. */
static void fairness_after_change(void)
{
	struct outcome o;
	u32 i;

	parking_lot(&net, 625000, 65536, 2 << 20, false);
	for (i = 0; i < 50; i += 2)
		net.stream[i].from_ms = 40000;
	observe(&net, 40);
	observe(&net, 10);
	o = observe(&net, 10);
	show("25 came", &net, &o);
	CHECK(o.jain >= 0.98, "Jain's index %.4f after streams came", o.jain);
	for (i = 1; i < 50; i += 2)
		net.stream[i].to_ms = net.now_ms;
	observe(&net, 10);
	o = observe(&net, 10);
	show("25 went", &net, &o);
	CHECK(o.jain >= 0.98, "Jain's index %.4f after streams went", o.jain);
	CHECK(o.used[1] >= 0.90, "used %.3f after streams went", o.used[1]);
}

/* A source that delivers half of what it did: no storm of drops. */
static void fairness_after_outage(void)
{
	struct outcome o;
	u32 l;

	parking_lot(&net, 625000, 65536, 2 << 20, false);
	observe(&net, 30);
	for (l = 0; l < 3; l++)
		net.link[l].income /= 2;
	observe(&net, 10);
	o = observe(&net, 20);
	show("half the income", &net, &o);
	CHECK(o.jain >= 0.98, "Jain's index %.4f at half the income", o.jain);
	CHECK(o.used[1] >= 0.90, "used %.3f", o.used[1]);
}

/* Chains of any links, streams of any weight and length. */
static void fairness_any_chain(void)
{
	u64 r = test_seed;
	struct outcome o;
	u32 i, k, first;

	for (k = 0; k < 20; k++) {
		start(&net, 2 + below(&r, 3), 0, 65536, 4 << 20);
		for (i = 0; i < net.links; i++)
			net.link[i].income = 125000 << below(&r, 5);
		for (i = 4 + below(&r, 57); i; i--) {
			first = below(&r, net.links);
			add(&net, first, first + below(&r, net.links - first),
			    1 + below(&r, chance(&r, 50) ? 1 : 5));
		}
		net.random = test_random(&r);
		observe(&net, 20);
		o = observe(&net, 40);
		show("any chain", &net, &o);
		CHECK(o.jain >= 0.95, "chain %u: Jain's index %.4f", k, o.jain);
	}
}

/* Nobody is held back by a link that has plenty, whatever its income. */
static void plenty_is_not_throttled(void)
{
	bool short_of = false;

	CHECK(qn_capacity(0, 32 << 20, 32 << 20, 65536, &short_of) == QN_RATE_UNLIMITED);
	CHECK(qn_capacity(1000, 13 << 20, 32 << 20, 65536, &short_of) == QN_RATE_UNLIMITED);
	CHECK(!short_of);
	CHECK(qn_capacity(1000, 11 << 20, 32 << 20, 65536, &short_of) < 4 << 20);
	CHECK(short_of);
	/* not before it is half full again */
	CHECK(qn_capacity(1000, 15 << 20, 32 << 20, 65536, &short_of) != QN_RATE_UNLIMITED);
	CHECK(qn_capacity(1000, 17 << 20, 32 << 20, 65536, &short_of) == QN_RATE_UNLIMITED);
	/* an income that is there is never throttled away */
	short_of = true;
	CHECK(qn_capacity(100000, 0, 2 << 20, 65536, &short_of) >= 20000);
}

TEST_MAIN(TEST(maxmin_known), TEST(maxmin_is_maxmin), TEST(bucket_rates),
	  TEST(plenty_is_not_throttled), TEST(fairness_parking_lot), TEST(fairness_unequal_links),
	  TEST(fairness_small_streams), TEST(fairness_slow_links), TEST(fairness_after_change),
	  TEST(fairness_after_outage), TEST(fairness_any_chain))
