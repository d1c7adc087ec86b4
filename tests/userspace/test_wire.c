// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames: what is built is parsed, and nothing else is. */
#include "wire.h"
#include "test.h"

struct packet {
	size_t len;
	u8 *data;	/* exactly this long, so that the sanitizer sees its end */
};

static struct packet packet_of(const u8 *data, size_t len)
{
	struct packet p = { len, malloc(len ? len : 1) };

	memcpy(p.data, data, len);
	return p;
}

/* A valid frame of a type, its fields random. */
static size_t make_frame(u64 *rnd, u8 type, u8 *data, struct qn_frame *f)
{
	u8 *body = data + QN_HDR_OCTETS;
	u32 n = 0, m = 0, i;

	memset(data, 0, QN_FRAME_MAX);
	memset(f, 0, sizeof(*f));
	f->type = type;
	f->hop_limit = 1 + below(rnd, 255);
	f->shares = 1;
	f->shift = QN_SHIFT_MIN + below(rnd, 5);
	f->sender = test_random(rnd);
	f->offset = test_random(rnd) & ~15ULL;
	f->origin = f->sender;
	f->destination = f->sender + 1 + below(rnd, 1000);
	f->incarnation = test_random(rnd) | 1;
	f->contract = test_random(rnd);

	switch (type) {
	case QN_PROBE:
		f->shares = 1 + below(rnd, 4);
		f->share = below(rnd, f->shares);
		f->length = 40;
		random_octets(rnd, body, 32);
		break;
	case QN_HELLO: {
		struct qn_wire_hello *h = (void *)body;

		n = below(rnd, QN_WINDOW_BITS / 8 + 1) * 8;
		m = below(rnd, QN_READINGS_MAX + 1);
		f->length = sizeof(*h) + n / 4 + m * sizeof(struct qn_wire_reading);
		random_octets(rnd, body, f->length);
		h->bits = cpu_to_be16(n);
		h->readings = cpu_to_be16(m);
		h->reserved = 0;
		break;
	}
	case QN_GRANT: {
		struct qn_wire_grant *g = (void *)body;

		f->flags = chance(rnd, 50) ? QN_F_REPLY : 0;
		n = 1 + below(rnd, QN_GRANTS_MAX);
		f->length = sizeof(*g) + n * (f->flags ? 16 : 8);
		g->count = cpu_to_be16(n);
		for (i = 0; i < n; i++) {
			if (f->flags) {
				g->entry[2 * i] = test_random(rnd);
				g->entry[2 * i + 1] = cpu_to_be64(1 + below(rnd, 2));
			} else {
				g->entry[i] = test_random(rnd);
			}
		}
		break;
	}
	case QN_SUPPLY:
		f->flags = QN_F_PADDED | (chance(rnd, 50) ? QN_F_REPLY : 0);
		f->length = 112;
		random_octets(rnd, body, 112);
		break;
	case QN_RELAY:
		f->flags = chance(rnd, 30) ? QN_F_KEYED :
			   QN_F_PADDED | (chance(rnd, 50) ? QN_F_RNG : 0);
		f->shares = 1 + below(rnd, 4);
		f->share = below(rnd, f->shares);
		f->origin = test_random(rnd);
		f->destination = f->origin ^ (1 + below(rnd, 1000));
		f->length = 1 + below(rnd, QN_CHUNK);
		f->remote_offset = test_random(rnd);
		f->weight = 1 + below(rnd, 65535);
		random_octets(rnd, body, f->length);
		break;
	case QN_RELAY_ACK: {
		struct qn_wire_ack *a = (void *)body;

		f->shares = 1 + below(rnd, 4);
		f->share = below(rnd, f->shares);
		n = below(rnd, QN_ACK_ENTRIES_MAX + 1);
		f->length = sizeof(*a) + n * sizeof(a->entry[0]);
		random_octets(rnd, body, f->length);
		a->entries = cpu_to_be16(n);
		a->reserved = 0;
		for (i = 0; i < n; i++) {
			a->entry[i].kind = 1 + below(rnd, 2);
			a->entry[i].share = below(rnd, 4);
			memset(a->entry[i].reserved, 0, 6);
		}
		break;
	}
	case QN_RELAY_NAK: {
		struct qn_wire_nak *k = (void *)body;

		f->remote_offset = test_random(rnd);
		f->length = 24;
		random_octets(rnd, body, 24);
		k->code = 1 + below(rnd, 6);
		k->share = below(rnd, 4);
		memset(k->reserved, 0, 2);
		k->reserved2 = 0;
		break;
	}
	case QN_SA_REQ: {
		struct qn_wire_sa_req *r = (void *)body;

		f->length = 32;
		random_octets(rnd, body, 32);
		r->reqid |= cpu_to_be32(1);
		r->id |= cpu_to_be64(1);
		r->offset &= cpu_to_be64(~15ULL);
		r->algorithm = 1 + below(rnd, 2);
		r->mode = 1 + below(rnd, 2);
		r->flags &= QN_SA_FLAGS;
		r->reserved = 0;
		r->reserved2 = 0;
		break;
	}
	case QN_SA_ACK:
	case QN_SA_END: {
		struct qn_wire_sa_ack *a = (void *)body;

		f->length = 24;
		random_octets(rnd, body, 24);
		a->reqid |= cpu_to_be32(1);
		a->status = 1 + below(rnd, type == QN_SA_ACK ? 5 : 2);
		a->spi = a->status == 1 ? a->spi | cpu_to_be32(256) : 0;
		f->flags = type == QN_SA_END && a->status == 2 && chance(rnd, 50) ?
			QN_F_REPLY : 0;
		memset(a->reserved, 0, 3);
		a->reserved2 = 0;
		break;
	}
	case QN_SA_MOVE: {
		struct qn_wire_sa_move *m = (void *)body;

		f->length = 32;
		random_octets(rnd, body, 32);
		m->reqid |= cpu_to_be32(1);
		f->flags = chance(rnd, 50) ? QN_F_REPLY : 0;
		m->status = f->flags & QN_F_REPLY ? 1 + below(rnd, 5) : 0;
		m->family = below(rnd, 2) ? 4 : 6;
		m->id |= cpu_to_be64(1);
		m->address[0] |= 1;
		memset(m->reserved, 0, 2);
		if (m->family == 4)
			memset(m->address + 4, 0, 12);
		break;
	}
	}
	f->present = f->flags & QN_F_KEYED ? 0 : f->length;
	f->span = (32 + (f->flags & (QN_F_KEYED | QN_F_PADDED) ? f->length : 0) +
		   15) & ~15;
	random_octets(rnd, data, QN_HDR_OCTETS);	/* as an skb may be */
	qn_wire_build((void *)data, f);
	return QN_HDR_OCTETS + f->present;
}

static enum qn_wire_error parse(const u8 *data, size_t len, struct qn_frame *f)
{
	struct packet p = packet_of(data, len);
	enum qn_wire_error e = qn_wire_parse(p.data, len, f);

	if (e == QN_WIRE_OK) {
		/* Relative, since the packet goes away here. */
		if ((u8 *)f->hdr != p.data || f->payload != p.data + QN_HDR_OCTETS ||
		    f->payload + f->present != p.data + p.len)
			test_fail(__FILE__, __LINE__, "", "payload outside the packet");
		if (memcmp(p.data, data, len))
			test_fail(__FILE__, __LINE__, "", "parsing changed the packet");
	}
	free(p.data);
	return e;
}

static void round_trip(void)
{
	u8 data[QN_FRAME_MAX] __aligned(8);
	struct qn_frame f, g;
	u64 rnd = test_seed;
	int i, type;
	size_t len;

	for (i = 0; i < 3000; i++) {
		type = QN_PROBE + i % 7;
		len = make_frame(&rnd, type, data, &f);
		memset(&g, 0xee, sizeof(g));
		REQUIRE(parse(data, len, &g) == QN_WIRE_OK, "type %d", type);
#define SAME(field) CHECK((f.field) == (g.field), "type %d", type)
		SAME(sender); SAME(offset); SAME(origin); SAME(destination);
		SAME(incarnation); SAME(remote_offset); SAME(contract);
		SAME(length); SAME(present); SAME(span); SAME(weight); SAME(type);
		SAME(flags); SAME(hop_limit); SAME(share); SAME(shares); SAME(shift);
#undef SAME
	}
}

/* The fields where docs/protocol.md says that they are, independent of wire.h. */
static void offsets_of_the_document(void)
{
	static const u8 want[QN_HDR_OCTETS - 16] = {
		1, 5, 0x0c, 7, 0x03, 0xe0, 0x23, 16,
		0, 0, 0xfd, 0xe9, 0, 0, 0, 1,
		0, 0, 0, 1, 2, 3, 4, 0x10,
		0, 0, 0xfd, 0xea, 0, 0, 0, 2,
		0, 0, 0xfd, 0xeb, 0, 0, 0, 3,
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
		0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
		0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0, 0,
	};
	const struct qn_frame f = {
		.type = 5, .flags = 0x0c, .hop_limit = 7, .length = 992,
		.share = 2, .shares = 3, .shift = 16,
		.sender = 65001ULL << 32 | 1, .offset = 0x0000000102030410,
		.origin = 65002ULL << 32 | 2, .destination = 65003ULL << 32 | 3,
		.incarnation = 0x1112131415161718, .remote_offset = 0x2122232425262728,
		.contract = 0x31323334, .weight = 0x4142,
	};
	u8 data[QN_FRAME_MAX] __aligned(8);
	struct qn_frame g;

	memset(data, 0xaa, sizeof(data));
	qn_wire_build((void *)data, &f);
	CHECK(!memcmp(data, want, sizeof(want)));
	CHECK(data[64] == 0xaa && data[79] == 0xaa, "the tag is not the builder's");
	CHECK(parse(data, QN_FRAME_MAX, &g) == QN_WIRE_OK);
	CHECK(g.span == 1024 && g.present == 992);
}

static void every_truncation(void)
{
	u8 data[QN_FRAME_MAX + 8] __aligned(8);
	struct qn_frame f, g;
	u64 rnd = test_seed;
	size_t len, cut;
	int type, round;

	memset(data, 0, sizeof(data));
	for (type = QN_PROBE; type <= QN_SA_MOVE; type++) {
		for (round = 0; round < 4; round++) {
			len = make_frame(&rnd, type, data, &f);
			for (cut = 0; cut < len; cut++)
				CHECK(parse(data, cut, &g) != QN_WIRE_OK,
				      "type %d, %zu of %zu octets", type, cut, len);
			for (cut = len + 1; cut < len + 8 && cut <= sizeof(data); cut++)
				CHECK(parse(data, cut, &g) != QN_WIRE_OK,
				      "type %d, %zu octets too many", type, cut - len);
		}
	}
}

struct mutation {
	const char *what;
	u8 type;	/* 0: all */
	u16 at;		/* in the frame */
	u8 size;
	u64 value;
};

/* One field out of its range; everything else stays right. */
static const struct mutation mutations[] = {
	{ "version 0", 0, 0, 1, 0 },
	{ "version 2", 0, 0, 1, 2 },
	{ "type 0", 0, 1, 1, 0 },
	{ "type 12", 0, 1, 1, 12 },
	{ "type 15", 0, 1, 1, 15 },
	{ "type 17", 0, 1, 1, 17 },
	{ "type 255", 0, 1, 1, 255 },
	{ "flag 0x10", 0, 2, 1, 0x10 },
	{ "flag 0x80", 0, 2, 1, 0x80 },
	{ "padded probe", QN_PROBE, 2, 1, QN_F_PADDED },
	{ "keyed hello", QN_HELLO, 2, 1, QN_F_KEYED },
	{ "replying hello", QN_HELLO, 2, 1, QN_F_REPLY },
	{ "padded grant", QN_GRANT, 2, 1, QN_F_PADDED },
	{ "supply in clear", QN_SUPPLY, 2, 1, 0 },
	{ "keyed supply", QN_SUPPLY, 2, 1, QN_F_KEYED },
	{ "relay in clear", QN_RELAY, 2, 1, 0 },
	{ "relay in clear, RNG", QN_RELAY, 2, 1, QN_F_RNG },
	{ "relay keyed and padded", QN_RELAY, 2, 1, QN_F_KEYED | QN_F_PADDED },
	{ "relay keyed from RNG", QN_RELAY, 2, 1, QN_F_KEYED | QN_F_RNG },
	{ "replying relay", QN_RELAY, 2, 1, QN_F_PADDED | QN_F_REPLY },
	{ "padded ack", QN_RELAY_ACK, 2, 1, QN_F_PADDED },
	{ "padded nak", QN_RELAY_NAK, 2, 1, QN_F_PADDED },
	{ "hop limit 0", 0, 3, 1, 0 },
	{ "length 0", 0, 4, 2, 0 },
	{ "length 993", 0, 4, 2, 993 },
	{ "length 65535", 0, 4, 2, 65535 },
	{ "no shares", 0, 6, 1, 0x00 },
	{ "five shares", 0, 6, 1, 0x05 },
	{ "share 1 of 1", 0, 6, 1, 0x11 },
	{ "share 4 of 4", 0, 6, 1, 0x44 },
	{ "share 15 of 15", 0, 6, 1, 0xff },
	{ "hello in shares", QN_HELLO, 6, 1, 0x02 },
	{ "grant in shares", QN_GRANT, 6, 1, 0x02 },
	{ "supply in shares", QN_SUPPLY, 6, 1, 0x12 },
	{ "shift 11", 0, 7, 1, 11 },
	{ "shift 17", 0, 7, 1, 17 },
	{ "shift 255", 0, 7, 1, 255 },
	{ "offset 1", 0, 16, 8, 1 },
	{ "offset 8", 0, 16, 8, 0x7ffffff8 },
	{ "hello of another origin", QN_HELLO, 24, 8, 0x4242424242424242 },
	{ "grant of another origin", QN_GRANT, 24, 8, 0x4242424242424242 },
	{ "supply of another origin", QN_SUPPLY, 24, 8, 0x4242424242424242 },
	{ "incarnation 0", 0, 40, 8, 0 },
	{ "probe with remote offset", QN_PROBE, 48, 8, 1 },
	{ "hello with remote offset", QN_HELLO, 48, 8, 1 },
	{ "grant with remote offset", QN_GRANT, 48, 8, 1 },
	{ "supply with remote offset", QN_SUPPLY, 48, 8, 1 },
	{ "ack with remote offset", QN_RELAY_ACK, 48, 8, 1 },
	{ "weight 0", QN_RELAY, 60, 2, 0 },
	{ "probe with weight", QN_PROBE, 60, 2, 1 },
	{ "hello with weight", QN_HELLO, 60, 2, 1 },
	{ "grant with weight", QN_GRANT, 60, 2, 1 },
	{ "supply with weight", QN_SUPPLY, 60, 2, 1 },
	{ "ack with weight", QN_RELAY_ACK, 60, 2, 1 },
	{ "nak with weight", QN_RELAY_NAK, 60, 2, 1 },
	{ "reserved", 0, 62, 2, 1 },
	{ "reserved, high", 0, 62, 2, 0x8000 },
	{ "probe's reserved", QN_PROBE, 80 + 32, 8, 1 },
	{ "hello with 7 bits", QN_HELLO, 80 + 50, 2, 7 },
	{ "hello with 2056 bits", QN_HELLO, 80 + 50, 2, 2056 },
	{ "hello with 65528 bits", QN_HELLO, 80 + 50, 2, 65528 },
	{ "hello with 17 readings", QN_HELLO, 80 + 52, 2, 17 },
	{ "hello's reserved", QN_HELLO, 80 + 54, 2, 1 },
	{ "grant of none", QN_GRANT, 80, 2, 0 },
	{ "grant of 33", QN_GRANT, 80, 2, 33 },
	{ "grant of 65535", QN_GRANT, 80, 2, 65535 },
	{ "grant's reserved", QN_GRANT, 80 + 7, 1, 1 },
	{ "ack of 29", QN_RELAY_ACK, 80 + 20, 2, 29 },
	{ "ack of 65535", QN_RELAY_ACK, 80 + 20, 2, 65535 },
	{ "ack's reserved", QN_RELAY_ACK, 80 + 22, 2, 1 },
	{ "nak code 0", QN_RELAY_NAK, 80, 1, 0 },
	{ "nak code 7", QN_RELAY_NAK, 80, 1, 7 },
	{ "nak share 4", QN_RELAY_NAK, 80 + 1, 1, 4 },
	{ "nak's reserved", QN_RELAY_NAK, 80 + 2, 2, 1 },
	{ "nak's second reserved", QN_RELAY_NAK, 80 + 20, 4, 1 },
	{ "request without reqid", QN_SA_REQ, 80, 4, 0 },
	{ "algorithm 0", QN_SA_REQ, 80 + 4, 1, 0 },
	{ "algorithm 3", QN_SA_REQ, 80 + 4, 1, 3 },
	{ "mode 0", QN_SA_REQ, 80 + 5, 1, 0 },
	{ "mode 3", QN_SA_REQ, 80 + 5, 1, 3 },
	{ "unknown flag of a request", QN_SA_REQ, 80 + 6, 1, 8 },
	{ "request's reserved", QN_SA_REQ, 80 + 7, 1, 1 },
	{ "request without id", QN_SA_REQ, 80 + 8, 8, 0 },
	{ "key between granules", QN_SA_REQ, 80 + 23, 1, 8 },
	{ "request's second reserved", QN_SA_REQ, 80 + 28, 4, 1 },
	{ "answer without reqid", QN_SA_ACK, 80, 4, 0 },
	{ "answer's status 0", QN_SA_ACK, 80 + 4, 1, 0 },
	{ "answer's status 6", QN_SA_ACK, 80 + 4, 1, 6 },
	{ "answer's reserved", QN_SA_ACK, 80 + 5, 3, 1 },
	{ "reserved spi", QN_SA_ACK, 80 + 16, 4, 1 },
	{ "answer's second reserved", QN_SA_ACK, 80 + 20, 4, 1 },
	{ "end's reason 3", QN_SA_END, 80 + 4, 1, 3 },
	{ "move without reqid", QN_SA_MOVE, 80, 4, 0 },
	{ "move's status 6", QN_SA_MOVE, 80 + 4, 1, 6 },
	{ "move's family 5", QN_SA_MOVE, 80 + 5, 1, 5 },
	{ "move's reserved", QN_SA_MOVE, 80 + 6, 2, 1 },
	{ "move without id", QN_SA_MOVE, 80 + 8, 8, 0 },
};

static void put(u8 *at, u8 size, u64 value)
{
	while (size--) {
		at[size] = value;
		value >>= 8;
	}
}

static void every_field_out_of_range(void)
{
	u8 data[QN_FRAME_MAX] __aligned(8);
	struct qn_frame f, g;
	u64 rnd = test_seed;
	size_t len, i;
	int type, round;

	for (i = 0; i < ARRAY_SIZE(mutations); i++) {
		const struct mutation *m = &mutations[i];

		for (type = QN_PROBE; type <= QN_SA_MOVE; type++) {
			if (m->type && m->type != type)
				continue;
			for (round = 0; round < 8; round++) {
				len = make_frame(&rnd, type, data, &f);
				put(data + m->at, m->size, m->value);
				CHECK(parse(data, len, &g) != QN_WIRE_OK,
				      "%s, in type %d", m->what, type);
			}
		}
	}
	/* Origin and destination the same. */
	for (type = QN_PROBE; type <= QN_SA_MOVE; type++) {
		len = make_frame(&rnd, type, data, &f);
		memcpy(data + 32, data + 24, 8);
		CHECK(parse(data, len, &g) != QN_WIRE_OK, "type %d", type);
	}
}

/* Entries of lists have fields of their own. */
static void every_entry_out_of_range(void)
{
	u8 data[QN_FRAME_MAX] __aligned(8);
	struct qn_frame f, g;
	u64 rnd = test_seed;
	int round, n, at;
	size_t len;

	for (round = 0; round < 300; round++) {
		do {
			len = make_frame(&rnd, QN_RELAY_ACK, data, &f);
			n = (f.length - 32) / 32;
		} while (!n);
		at = 80 + 32 + below(&rnd, n) * 32;
		switch (round % 5) {
		case 0:
			data[at] = 0;
			break;
		case 1:
			data[at] = 3 + below(&rnd, 253);
			break;
		case 2:
			data[at + 1] = 4 + below(&rnd, 252);
			break;
		case 3:
			data[at + 2] = 1;
			break;
		case 4:
			data[at + 7] = 1;
			break;
		}
		CHECK(parse(data, len, &g) != QN_WIRE_OK, "ack, case %d", round % 5);
	}
	for (round = 0; round < 300; round++) {
		do {
			make_frame(&rnd, QN_GRANT, data, &f);
			n = (f.length - 8) / 16;
		} while (!(f.flags & QN_F_REPLY));
		at = 80 + 8 + below(&rnd, n) * 16 + 8;
		put(data + at, 8, round % 3 == 0 ? 0 : round % 3 == 1 ? 3 : 1ULL << 32 | 1);
		CHECK(parse(data, QN_HDR_OCTETS + f.length, &g) != QN_WIRE_OK,
		      "grant, case %d", round % 3);
	}
}

/* DATA is longer than any other, and has nothing that could be of use to others. */
static void data_frames(void)
{
	static const struct mutation wrong[] = {
		{ "in clear", QN_DATA, 2, 1, 0 },
		{ "a reply", QN_DATA, 2, 1, QN_F_PADDED | QN_F_REPLY },
		{ "keyed", QN_DATA, 2, 1, QN_F_KEYED },
		{ "from an RNG", QN_DATA, 2, 1, QN_F_PADDED | QN_F_RNG },
		{ "hop limit 0", QN_DATA, 3, 1, 0 },
		{ "length 0", QN_DATA, 4, 2, 0 },
		{ "length 2017", QN_DATA, 4, 2, 2017 },
		{ "two shares", QN_DATA, 6, 1, 0x02 },
		{ "no granule", QN_DATA, 16, 8, 8 },
		{ "another origin", QN_DATA, 24, 8, 9 },
		{ "no incarnation", QN_DATA, 40, 8, 0 },
		{ "remote offset", QN_DATA, 48, 8, 16 },
		{ "contract", QN_DATA, 56, 4, 1 },
		{ "weight", QN_DATA, 60, 2, 1 },
		{ "reserved", QN_DATA, 62, 2, 1 },
	};
	static const u16 lengths[] = { 1, 20, 992, 993, 1392, QN_DATA_MAX };
	u8 data[QN_DATAGRAM_MAX + 1] __aligned(8) = {};
	struct qn_frame f, g;
	size_t i, j, len;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		f = (struct qn_frame){
			.type = QN_DATA, .flags = QN_F_PADDED, .hop_limit = 64,
			.length = lengths[i], .shares = 1, .shift = 12,
			.sender = 1ULL << 32 | 1, .origin = 1ULL << 32 | 1,
			.destination = 1ULL << 32 | 2, .incarnation = 7,
			.offset = 4096,
		};
		len = QN_HDR_OCTETS + lengths[i];
		qn_wire_build((void *)data, &f);
		REQUIRE(parse(data, len, &g) == QN_WIRE_OK, "%u octets", lengths[i]);
		CHECK(g.present == lengths[i] && g.span == qn_span(lengths[i]) &&
		      g.span <= QN_ALLOC_MAX, "%u octets", lengths[i]);
		CHECK(parse(data, len - 1, &g) != QN_WIRE_OK);
		CHECK(parse(data, len + 1, &g) != QN_WIRE_OK);
		for (j = 0; j < ARRAY_SIZE(wrong); j++) {
			put(data + wrong[j].at, wrong[j].size, wrong[j].value);
			CHECK(parse(data, len, &g) != QN_WIRE_OK, "%s", wrong[j].what);
			qn_wire_build((void *)data, &f);
		}
	}
}

/* Whatever comes in: no read beyond the end, and what passes is in range. */
static void random_frames(void)
{
	u8 data[QN_FRAME_MAX + 16] __aligned(8);
	u64 rnd = test_seed, passed = 0;
	struct qn_frame f, g;
	size_t len;
	int i, n;

	memset(data, 0, sizeof(data));
	for (i = 0; i < 60000; i++) {
		if (chance(&rnd, 20)) {
			len = below(&rnd, sizeof(data));
			random_octets(&rnd, data, len < 100 ? len : 100);
			if (chance(&rnd, 80)) {
				data[0] = 1;
				data[1] = below(&rnd, 9);
			}
		} else {
			len = make_frame(&rnd, QN_PROBE + below(&rnd, 7), data, &f);
			for (n = below(&rnd, 4); n; n--)
				data[below(&rnd, chance(&rnd, 50) ? 80 : len)] =
					chance(&rnd, 50) ? test_random(&rnd) :
							   1u << below(&rnd, 8);
			if (chance(&rnd, 20))
				len = below(&rnd, sizeof(data));
		}
		if (parse(data, len, &g) != QN_WIRE_OK)
			continue;
		passed++;
		CHECK(g.length >= 1 && g.length <= QN_CHUNK);
		CHECK(g.present == (g.flags & QN_F_KEYED ? 0 : g.length));
		CHECK(QN_HDR_OCTETS + g.present == len);
		CHECK(g.span >= 32 && g.span <= 1024 && g.span % 16 == 0);
		CHECK(g.share < g.shares && g.shares <= 4);
		CHECK(g.shift >= 12 && g.shift <= 16 && g.offset % 16 == 0);
	}
	CHECK(passed > 5000, "%llu passed: this tests too little",
	      (unsigned long long)passed);
}

static void chunks_cover_a_segment(void)
{
	u32 c, sum;
	u8 shift;

	for (shift = QN_SHIFT_MIN; shift <= QN_SHIFT_MAX; shift++) {
		sum = 0;
		for (c = 0; c < qn_chunks(shift); c++) {
			CHECK(qn_chunk_len(shift, c) >= 1);
			CHECK(qn_chunk_len(shift, c) <= QN_CHUNK);
			CHECK(c + 1 == qn_chunks(shift) ||
			      qn_chunk_len(shift, c) == QN_CHUNK);
			sum += qn_chunk_len(shift, c);
		}
		CHECK(sum == 1u << shift);
	}
	for (c = 0; c <= QN_CHUNK; c++)
		CHECK(qn_span(c) >= 32 + c && qn_span(c) < 48 + c &&
		      qn_span(c) % 16 == 0);
}

TEST_MAIN(TEST(round_trip), TEST(offsets_of_the_document), TEST(every_truncation),
	  TEST(every_field_out_of_range), TEST(every_entry_out_of_range),
	  TEST(data_frames), TEST(random_frames), TEST(chunks_cover_a_segment))
