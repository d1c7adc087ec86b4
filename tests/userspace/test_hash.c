// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The linear hash and the tags of bulk frames, against OpenSSL: big numbers for
 * the hash, its own Poly1305 for the tag. Both ways of multiplying are tested:
 * this file compiles the one by halves into itself.
 */
#include "hash.h"

#define QN_HASH_BY_HALVES
#define qn_hash_load halves_load
#define qn_hash_digest halves_digest
#define qn_hash_tag halves_tag
#define qn_hash_verify halves_verify
#define qn_hash_selftest halves_selftest
#include "../../kernel/hash.c"
#undef qn_hash_load
#undef qn_hash_digest
#undef qn_hash_tag
#undef qn_hash_verify
#undef qn_hash_selftest

#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "test.h"

/* --- oracles -------------------------------------------------------------------- */

static struct bignum_ctx *numbers;
static BIGNUM *two_64;
static BIGNUM *two_128;

/* (word + key word) modulo 2^64 */
static void plus(BIGNUM *sum, const u8 *a, const u8 *b)
{
	BIGNUM *x = BN_lebin2bn(a, 8, NULL), *y = BN_lebin2bn(b, 8, NULL);

	if (!x || !y || !BN_mod_add(sum, x, y, two_64, numbers))
		abort();
	BN_free(x);
	BN_free(y);
}

/* One instance over whole granules. */
static void nh(u8 *out, const u8 *key, const u8 *text, size_t len)
{
	BIGNUM *sum = BN_new(), *x = BN_new(), *y = BN_new();
	size_t i;

	BN_zero(sum);
	for (i = 0; i < len; i += 16) {
		plus(x, text + i, key + i);
		plus(y, text + i + 8, key + i + 8);
		if (!BN_mul(x, x, y, numbers) ||
		    !BN_mod_add(sum, sum, x, two_128, numbers))
			abort();
	}
	if (BN_bn2lebinpad(sum, out, 16) != 16)
		abort();
	BN_free(sum);
	BN_free(x);
	BN_free(y);
}

static void digest_of(u8 *digest, const u8 *key, const u8 *text, size_t len)
{
	u8 padded[QN_HASH_BLOCK] = {};

	memcpy(padded, text, len);
	len = (len + 15) / 16 * 16;
	nh(digest, key, padded, len);
	nh(digest + 16, key + 16, padded, len);
}

static void tag_of(u8 *tag, const u8 *key, const u8 *hash, const u8 *text, size_t len)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	u8 digest[32];
	size_t n, got;

	if (!ctx || !EVP_MAC_init(ctx, key, 32, NULL))
		abort();
	do {
		n = len < QN_HASH_BLOCK ? len : QN_HASH_BLOCK;
		digest_of(digest, hash, text, n);
		if (!EVP_MAC_update(ctx, digest, 32))
			abort();
		text += n;
		len -= n;
	} while (len);
	if (!EVP_MAC_final(ctx, tag, &got, 16) || got != 16)
		abort();
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

static void oracles(void)
{
	if (numbers)
		return;
	numbers = BN_CTX_new();
	two_64 = BN_new();
	two_128 = BN_new();
	if (!numbers || !BN_set_bit(two_64, 64) || !BN_set_bit(two_128, 128))
		abort();
}

/* --- tests ---------------------------------------------------------------------- */

static void self_tests(void)
{
	CHECK(qn_hash_selftest() == 0);
	CHECK(halves_selftest() == 0);
}

/* Every length of a frame, and some of more blocks; zeros and ones for carries. */
static void tag_as_openssl(void)
{
	static u8 text[4 * QN_HASH_BLOCK], octets[QN_HASH_OCTETS];
	u8 key[32], want[16], got[16];
	u64 rnd = test_seed;
	struct qn_hash h;
	size_t n;

	oracles();
	for (n = 0; n <= sizeof(text) - 64; n += n < 1100 ? 1 : 1 + below(&rnd, 97)) {
		random_octets(&rnd, key, sizeof(key));
		random_octets(&rnd, octets, sizeof(octets));
		random_octets(&rnd, text, sizeof(text));
		if (chance(&rnd, 20))
			memset(text, chance(&rnd, 50) ? 0xff : 0, sizeof(text));
		if (chance(&rnd, 20))
			memset(octets, chance(&rnd, 50) ? 0xff : 0, sizeof(octets));
		if (chance(&rnd, 10))
			memset(key, 0xff, sizeof(key));
		qn_hash_load(&h, octets);
		tag_of(want, key, octets, text, 64 + n);
		qn_hash_tag(got, key, &h, text, text + 64, n);
		CHECK(!memcmp(want, got, 16), "length %zu", n);
		CHECK(qn_hash_verify(want, key, &h, text, text + 64, n), "length %zu", n);
		halves_tag(got, key, &h, text, text + 64, n);
		CHECK(!memcmp(want, got, 16), "by halves, length %zu", n);
	}
}

/* Poly1305 of 32 octets at its edges: residues around 2^130 - 5. */
static void second_stage_at_its_edges(void)
{
	static const u8 edge[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0xfa, 0xfb,
				   0xfc, 0xfd, 0xfe, 0xff };
	u8 key[32], digest[32], want[16];
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	u64 rnd = test_seed + 3;
	struct qn_hash h = {};
	u32 i, kind;

	for (i = 0; i < 20000; i++) {
		u8 head[64] = {}, got[16];
		EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
		size_t n;

		kind = below(&rnd, 4);
		memset(key, 0, sizeof(key));
		if (kind < 2)
			key[0] = below(&rnd, 4);
		else
			random_octets(&rnd, key, 16);
		if (kind & 1)
			memset(key + 16, 0xff, 16);
		memset(h.key, 0, sizeof(h.key));
		memset(&h.key[0], chance(&rnd, 50) ? 0xff : 0, 48);
		((u8 *)h.key)[0] = edge[below(&rnd, sizeof(edge))];
		((u8 *)h.key)[8] = edge[below(&rnd, sizeof(edge))];
		((u8 *)h.key)[16] = edge[below(&rnd, sizeof(edge))];
		qn_hash_digest(digest, h.key, head, 64, NULL, 0);
		if (!EVP_MAC_init(ctx, key, 32, NULL) ||
		    !EVP_MAC_update(ctx, digest, 32) ||
		    !EVP_MAC_final(ctx, want, &n, 16))
			abort();
		EVP_MAC_CTX_free(ctx);
		qn_hash_tag(got, key, &h, head, NULL, 0);
		CHECK(!memcmp(want, got, 16), "turn %u", i);
	}
	EVP_MAC_free(mac);
}

/* Every bit of tag, one-time key, header and payload counts, and of the hash key. */
static void verify_sees_every_bit(void)
{
	static u8 text[64 + QN_CHUNK];
	u8 key[32], tag[16], octets[QN_HASH_OCTETS];
	u64 rnd = test_seed + 1;
	struct qn_hash h;
	u32 bit;

	random_octets(&rnd, key, sizeof(key));
	random_octets(&rnd, octets, sizeof(octets));
	random_octets(&rnd, text, sizeof(text));
	qn_hash_load(&h, octets);
	qn_hash_tag(tag, key, &h, text, text + 64, QN_CHUNK);
	REQUIRE(qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK));
	for (bit = 0; bit < 128; bit++) {
		tag[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK), "bit %u", bit);
		tag[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 0; bit < sizeof(text) * 8; bit++) {
		text[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK), "bit %u", bit);
		text[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 128; bit < 256; bit++) {
		key[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK), "bit %u", bit);
		key[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 0; bit < QN_HASH_OCTETS * 8; bit++) {
		h.key[bit / 64] ^= 1ULL << bit % 64;
		CHECK(!qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK), "bit %u", bit);
		h.key[bit / 64] ^= 1ULL << bit % 64;
	}
	CHECK(qn_hash_verify(tag, key, &h, text, text + 64, QN_CHUNK));
}

TEST_MAIN(TEST(self_tests), TEST(tag_as_openssl), TEST(second_stage_at_its_edges),
	  TEST(verify_sees_every_bit))
