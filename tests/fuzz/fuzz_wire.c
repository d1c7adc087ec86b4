// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzing of the frame parser. Under libFuzzer (make libfuzzer, needs clang) it
 * is guided by coverage; the program of its own (make check) changes valid
 * frames at random, a bounded number of times: fuzz_wire [ITERATIONS [SEED]].
 *
 * The sanitizers find reads beyond the packet; what is accepted must also keep
 * the promises of wire.h, and every list must end inside the packet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define MUST(c)								\
	do {								\
		if (!(c)) {						\
			printf("not ok fuzz_wire - %s\n", #c);		\
			abort();					\
		}							\
	} while (0)

static unsigned long accepted[__QN_TYPES];

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *packet = malloc(len ? len : 1), *copy;
	struct qn_frame f, g;
	const u8 *end;
	size_t n;

	memcpy(packet, data, len);
	if (qn_wire_parse(packet, len, &f) != QN_WIRE_OK) {
		free(packet);
		return 0;
	}
	MUST(!memcmp(packet, data, len));
	accepted[f.type]++;
	end = packet + len;
	MUST(f.hdr == (void *)packet && f.payload == packet + QN_HDR_OCTETS);
	MUST(f.payload + f.present == end);
	MUST(f.length >= 1 && f.length <= QN_CHUNK && f.hop_limit);
	MUST(f.span >= QN_KEY_OCTETS && f.span <= QN_WORD_OCTETS &&
	     !(f.span % QN_GRANULE) && !(f.offset % QN_GRANULE));
	MUST(f.share < f.shares && f.shares <= QN_SHARES_MAX);
	MUST(f.shift >= QN_SHIFT_MIN && f.shift <= QN_SHIFT_MAX);
	MUST(f.incarnation && f.origin != f.destination);

	/* What handlers read without looking at the length again. */
	switch (f.type) {
	case QN_HELLO: {
		const struct qn_wire_hello *h = (void *)f.payload;

		n = be16_to_cpu(h->bits) / 8;
		MUST(h->maps + 2 * n + be16_to_cpu(h->readings) *
					       sizeof(struct qn_wire_reading) == end);
		break;
	}
	case QN_GRANT: {
		const struct qn_wire_grant *w = (void *)f.payload;

		n = be16_to_cpu(w->count) * (f.flags & QN_F_REPLY ? 2 : 1);
		MUST((u8 *)&w->entry[n] == end);
		break;
	}
	case QN_RELAY_ACK: {
		const struct qn_wire_ack *w = (void *)f.payload;

		for (n = 0; n < be16_to_cpu(w->entries); n++)
			MUST(w->entry[n].share < QN_SHARES_MAX);
		MUST((u8 *)&w->entry[n] == end);
		break;
	}
	default:
		break;
	}

	/* What was parsed is what is built again, to the octet. */
	copy = malloc(len);
	memcpy(copy, packet, len);
	memset(copy, 0xa5, QN_AUTH_OCTETS);
	qn_wire_build((void *)copy, &f);
	MUST(!memcmp(copy, packet, len));
	MUST(qn_wire_parse(copy, len, &g) == QN_WIRE_OK);
	free(copy);
	free(packet);
	return 0;
}

#ifndef QN_LIBFUZZER

static u64 state;

static u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Frames of each type that are right, to change. */
static size_t seed_frame(u8 *data, u8 type)
{
	struct qn_frame f = {
		.type = type, .hop_limit = 1 + rnd() % 255, .shares = 1,
		.shift = 12 + rnd() % 5, .sender = rnd(), .offset = rnd() << 4,
		.incarnation = rnd() | 1, .contract = rnd(),
	};
	u8 *body = data + QN_HDR_OCTETS;
	u32 n = rnd() % 9, m = rnd() % 5, i;

	memset(data, 0, QN_FRAME_MAX);
	f.origin = f.sender;
	f.destination = ~f.sender;
	switch (type) {
	case QN_PROBE:
		f.length = 40;
		break;
	case QN_HELLO:
		f.length = 88 + 2 * n + 24 * m;
		body[50] = n * 8 >> 8;
		body[51] = n * 8;
		body[53] = m;
		break;
	case QN_GRANT:
		f.flags = m & 1 ? QN_F_REPLY : 0;
		f.length = 8 + (n + 1) * (m & 1 ? 16 : 8);
		body[1] = n + 1;
		for (i = 0; m & 1 && i <= n; i++)
			body[8 + 16 * i + 15] = 1 + (rnd() & 1);
		break;
	case QN_SUPPLY:
		f.flags = QN_F_PADDED;
		f.length = 112;
		break;
	case QN_RELAY:
		f.flags = m ? QN_F_PADDED : QN_F_KEYED;
		f.length = 1 + rnd() % QN_CHUNK;
		f.weight = 1;
		f.shares = 1 + m % 4;
		break;
	case QN_RELAY_ACK:
		f.length = 32 + 32 * n;
		body[21] = n;
		for (i = 0; i < n; i++)
			body[32 + 32 * i] = 1 + (rnd() & 1);
		break;
	case QN_RELAY_NAK:
		f.length = 24;
		body[0] = 1 + rnd() % 6;
		break;
	}
	qn_wire_build((void *)data, &f);
	return QN_HDR_OCTETS + (f.flags & QN_F_KEYED ? 0 : f.length);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000, i;
	static u8 data[QN_FRAME_MAX + 64] __aligned(8);
	size_t len;
	int type;
	u32 k;

	state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15 | 1;
	for (i = 0; i < n; i++) {
		len = seed_frame(data, QN_PROBE + i % 7);
		for (k = rnd() % 4; k; k--) {
			size_t at = rnd() % (rnd() % 3 || !len ? QN_AUTH_OCTETS : len);

			switch (rnd() % 4) {
			case 0:
				data[at] ^= 1u << rnd() % 8;
				break;
			case 1:
				data[at] = rnd();
				break;
			case 2:
				data[at] = 0xff;
				break;
			case 3:
				len = rnd() % 8 ? len : rnd() % sizeof(data);
				break;
			}
		}
		LLVMFuzzerTestOneInput(data, len);
	}
	for (type = QN_PROBE; type <= QN_RELAY_NAK; type++) {
		if (accepted[type] < n / 100) {
			printf("not ok fuzz_wire - type %d was accepted %lu times only: this tests too little\n",
			       type, accepted[type]);
			return 1;
		}
	}
	printf("ok fuzz_wire\n");
	return 0;
}

#endif
