// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prepared frames of a preloaded link, as its lower node would relay them.
 *
 *	frames SEED HASH-OFFSET FROM-SEGMENT COUNT SENDER RELAY-ADDRESS DESTINATION
 *
 * Seals COUNT padded RELAY frames of 992 octets with key of SENDER's lane (that
 * of the lower node: even segments), from FROM-SEGMENT on, each with its own
 * aligned 1,024 octets, and sends them to the relay's UDP port from a socket of
 * this namespace: the relay judges the address, and the tag. The payload is
 * whatever; a relay cannot tell. HASH-OFFSET is where the sender's hash key lies.
 * What holds the packets is the device's queue.
 *
 * frames plain COUNT ADDRESS [OCTETS]: UDP packets, of the same size or of that
 * much payload.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "wire.h"

#include "key.h"
#include "packets.h"

#define SHIFT 16

static uint64_t node_id(const char *text)
{
	unsigned int provider, node;

	if (sscanf(text, "%u:%u", &provider, &node) != 2) {
		fprintf(stderr, "frames: error: '%s' is not PROVIDER:NODE\n", text);
		exit(2);
	}
	return (uint64_t)provider << 32 | node;
}

static struct qn_hash hash;

static void seal(uint8_t *at, struct qn_frame *f, uint64_t seed, uint64_t offset)
{
	uint8_t key[QN_KEY_OCTETS];

	f->hdr = (void *)at;
	f->payload = at + QN_HDR_OCTETS;
	f->offset = offset;
	bench_key(f->payload, ~seed, offset, QN_CHUNK);
	bench_key(key, seed, offset, sizeof(key));
	qn_wire_build(f->hdr, f);
	qn_hash_tag(f->hdr->tag, key, &hash, f->hdr, f->payload, QN_CHUNK);
}

static int sealed(char **arg)
{
	uint64_t seed = strtoull(arg[0], NULL, 0), segment = strtoull(arg[2], NULL, 0);
	uint32_t count = strtoul(arg[3], NULL, 0), words = 1 << SHIFT >> 10, i;
	uint8_t octets[QN_HASH_OCTETS];
	struct qn_frame f = {
		.type = QN_RELAY,
		.flags = QN_F_PADDED,
		.hop_limit = QN_HOP_LIMIT,
		.length = QN_CHUNK,
		.shares = 1,
		.shift = SHIFT,
		.sender = node_id(arg[4]),
		.origin = node_id(arg[4]),
		.destination = node_id(arg[6]),
		.incarnation = 1,
		.weight = 1,
	};
	uint8_t *frames = malloc((size_t)count * QN_FRAME_MAX);

	if (!frames) {
		fputs("frames: error: no memory\n", stderr);
		return 1;
	}
	bench_key(octets, seed, strtoull(arg[1], NULL, 0), sizeof(octets));
	qn_hash_load(&hash, octets);
	segment += segment & 1;
	for (i = 0; i < count; i++) {
		f.remote_offset = ((uint64_t)(i / 64) << (SHIFT + 1)) + i % 64 * QN_CHUNK;
		seal(frames + (size_t)i * QN_FRAME_MAX, &f, seed,
		     ((segment + 2 * (i / words)) << SHIFT) + i % words * QN_WORD_OCTETS);
	}
	return packets_send(arg[5], QN_UDP_PORT, frames, QN_FRAME_MAX, count);
}

int main(int argc, char **argv)
{
	uint32_t count, octets = QN_FRAME_MAX;
	uint8_t *body;

	if (argc == 8)
		return sealed(argv + 1);
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "plain")) {
		count = strtoul(argv[2], NULL, 0);
		if (argc == 5)
			octets = strtoul(argv[4], NULL, 0);
		body = calloc(count, octets);
		return body ? packets_send(argv[3], 9, body, octets, count) : 1;
	}
	fputs("usage: frames SEED HASH-OFFSET SEGMENT COUNT SENDER ADDRESS DESTINATION, or frames plain COUNT ADDRESS [OCTETS]\n",
	      stderr);
	return 2;
}
