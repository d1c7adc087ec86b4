// SPDX-License-Identifier: GPL-2.0-only
/*
 * All bits of an emulated link out of one seed.
 *
 * docs/emulator.md states the construction so that others can recompute it.
 * In short, with ChaCha20(key, w13, w14:15) for its key stream with words 13
 * and 14:15 of the state set so and the block counter (word 12) from 0:
 *
 *	link key    = ChaCha20(seed, block size, start time), 32 octets
 *	use u of i  = ChaCha20(link key, u, i)
 *
 * Block size and start time are in the link key so that a seed used again with
 * another of either gives other bits, never the same ones at other places.
 */
#include <crypto/chacha.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "bits.h"
#include "limits.h"

enum emu_use {
	EMU_USE_KEY,
	EMU_USE_LINK_ID,
	EMU_USE_LOSS,			/* + end */
	EMU_USE_ERROR = EMU_USE_LOSS + 2, /* + end */
};

/* a place in one key stream; holds secrets, wiped by its user */
struct emu_stream {
	u32 state[CHACHA_STATE_WORDS];
	u8 octets[CHACHA_BLOCK_SIZE];
	unsigned int used;
};

static void emu_stream_open(struct emu_stream *s, const u32 *key, u32 word,
			    u64 index)
{
	chacha_init_consts(s->state);
	memcpy(&s->state[4], key, 8 * sizeof(u32));
	s->state[12] = 0;
	s->state[13] = word;
	s->state[14] = lower_32_bits(index);
	s->state[15] = upper_32_bits(index);
	s->used = sizeof(s->octets);
}

static void emu_stream_next(struct emu_stream *s)
{
	chacha20_block(s->state, s->octets);
	s->used = 0;
}

static u32 emu_stream_u32(struct emu_stream *s)
{
	__le32 value;

	if (s->used == sizeof(s->octets))
		emu_stream_next(s);
	memcpy(&value, s->octets + s->used, sizeof(value));
	s->used += sizeof(value);
	return le32_to_cpu(value);
}

/**
 * emu_bits_init() - derive a link's key
 * @bits: where to
 * @seed: QKDEMU_SEED_LEN octets; the caller wipes them
 * @start_ns: start time of the link, in ns since 1970
 * @block_size: octets
 */
void emu_bits_init(struct emu_bits *bits, const u8 *seed, u64 start_ns,
		   u32 block_size)
{
	__le32 words[8];
	struct emu_stream s;
	unsigned int i;
	u32 key[8];

	memcpy(words, seed, sizeof(words));
	for (i = 0; i < ARRAY_SIZE(key); i++)
		key[i] = le32_to_cpu(words[i]);
	emu_stream_open(&s, key, block_size, start_ns);
	for (i = 0; i < ARRAY_SIZE(bits->key); i++)
		bits->key[i] = emu_stream_u32(&s);
	memzero_explicit(words, sizeof(words));
	memzero_explicit(key, sizeof(key));
	memzero_explicit(&s, sizeof(s));
}

void emu_bits_wipe(struct emu_bits *bits)
{
	memzero_explicit(bits, sizeof(*bits));
}

/* the link's identity: the same on every machine with its seed; never 0 */
u64 emu_bits_link_id(const struct emu_bits *bits)
{
	struct emu_stream s;
	u64 id;

	emu_stream_open(&s, bits->key, EMU_USE_LINK_ID, 0);
	id = emu_stream_u32(&s);
	id |= (u64)emu_stream_u32(&s) << 32;
	memzero_explicit(&s, sizeof(s));
	return id ?: 1;
}

/**
 * emu_bits_key() - the key of one block
 * @bits: of the link
 * @index: of the block
 * @out: where to
 * @len: octets, the block size
 */
void emu_bits_key(const struct emu_bits *bits, u64 index, u8 *out, u32 len)
{
	struct emu_stream s;
	u32 n;

	emu_stream_open(&s, bits->key, EMU_USE_KEY, index);
	for (; len; len -= n, out += n) {
		n = min_t(u32, len, sizeof(s.octets));
		emu_stream_next(&s);
		memcpy(out, s.octets, n);
	}
	memzero_explicit(&s, sizeof(s));
}

/* does a block get lost on its way to one end? The same answer every time. */
bool emu_bits_lost(const struct emu_bits *bits, unsigned int end, u64 index,
		   u32 ppm)
{
	struct emu_stream s;
	bool lost;

	if (!ppm)
		return false;
	emu_stream_open(&s, bits->key, EMU_USE_LOSS + end, index);
	lost = mul_u64_u32_shr(EMU_PPM, emu_stream_u32(&s), 32) < ppm;
	memzero_explicit(&s, sizeof(s));
	return lost;
}

/**
 * emu_bits_flip() - the errors that one end has in a block
 * @bits: of the link
 * @end: 0 or 1
 * @index: of the block
 * @ppm: share of wrong bits, in units of 1e-6
 * @block: key, changed in place
 * @len: octets
 *
 * As many bits as @ppm says on average, each at a place of its own drawing: two
 * may meet and cancel, which is rare at the rates that make sense here.
 */
void emu_bits_flip(const struct emu_bits *bits, unsigned int end, u64 index,
		   u32 ppm, u8 *block, u32 len)
{
	u64 expected = (u64)len * 8 * ppm;
	struct emu_stream s;
	u32 flips, rest, bit;

	if (!ppm)
		return;
	emu_stream_open(&s, bits->key, EMU_USE_ERROR + end, index);
	flips = div_u64_rem(expected, EMU_PPM, &rest);
	if (mul_u64_u32_shr(EMU_PPM, emu_stream_u32(&s), 32) < rest)
		flips++;
	while (flips--) {
		bit = mul_u64_u32_shr(len * 8, emu_stream_u32(&s), 32);
		block[bit / 8] ^= 1 << (bit % 8);
	}
	memzero_explicit(&s, sizeof(s));
}
