// SPDX-License-Identifier: GPL-2.0-only
/*
 * The linear hash under the tags of bulk frames: docs/protocol.md section 4.1.
 *
 * Poly1305 evaluates a polynomial: each block waits for the one before, and each
 * frame for the powers of its fresh key. A frame of 1,056 octets is therefore
 * first compressed to 32 by a hash whose products do not wait for one another,
 * NH (Black, Halevi, Krawczyk, Krovetz, Rogaway, CRYPTO '99) in two instances
 * under one Toeplitz key that lives as long as the pairing, and Poly1305 under
 * the frame's own one-time key tags those 32.
 *
 * Nobody sees a digest: the tag is masked by a key that is used once, so tags
 * tell nothing of the hash key, and what a forger learns is that an attempt
 * failed. Two messages collide with probability at most 2^-126, whatever
 * computing power chose them: docs/security.md has the sum.
 */
#include <crypto/algapi.h>
#include <crypto/poly1305.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "hash.h"

/* By the name of the built-in: see load() in otp.c. */
static inline u64 word(const u8 *p)
{
	__le64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return le64_to_cpu(v);
}

static inline void put_word(u8 *p, u64 word)
{
	__le64 v = cpu_to_le64(word);

	__builtin_memcpy(p, &v, sizeof(v));
}

/*
 * Sums modulo 2^128 of products of two words. The compiler's type where it has
 * one (a multiplication is one instruction then), else by halves.
 */
#if defined(__SIZEOF_INT128__) && !defined(QN_HASH_BY_HALVES)
struct sum {
	unsigned __int128 v;
};

static inline void add_product(struct sum *s, u64 x, u64 y)
{
	s->v += (unsigned __int128)x * y;
}

static inline void put_sum(u8 *p, const struct sum *s)
{
	put_word(p, (u64)s->v);
	put_word(p + 8, (u64)(s->v >> 64));
}
#else
struct sum {
	u64 low, high;
};

static inline void add_product(struct sum *s, u64 x, u64 y)
{
	u64 ll = (u64)(u32)x * (u32)y, lh = (u64)(u32)x * (u32)(y >> 32);
	u64 hl = (u64)(u32)(x >> 32) * (u32)y;
	u64 hh = (u64)(u32)(x >> 32) * (u32)(y >> 32);
	u64 middle = (ll >> 32) + (u32)lh + (u32)hl;
	u64 low = (middle << 32) | (u32)ll;

	s->low += low;
	s->high += hh + (lh >> 32) + (hl >> 32) + (middle >> 32) + (s->low < low);
}

static inline void put_sum(u8 *p, const struct sum *s)
{
	put_word(p, s->low);
	put_word(p + 8, s->high);
}
#endif

struct sums {
	struct sum one, two;
};

/*
 * Poly1305 of digests, two turns each, in registers. The library's set-up and
 * clearing for messages of any length take three times as long as the sum, on each
 * side of each hop; it is the oracle that the self-test asks.
 */
#if defined(__SIZEOF_INT128__) && !defined(QN_HASH_BY_HALVES)
struct tagging {
	u64 r0, r1;		/* the clamp leaves r1 a multiple of 4 */
	u64 h0, h1, h2;		/* modulo 2^130 - 5; h2 is small */
};

static __always_inline void turn(struct tagging *t, const u8 *block)
{
	/* As r1 is a multiple of 4, 2^130 = 5 makes r1 * 5 / 4 of it. */
	u64 r0 = t->r0, r1 = t->r1, s1 = r1 + (r1 >> 2), fold;
	unsigned __int128 d;
	u64 h0, h1, h2;

	d = (unsigned __int128)t->h0 + word(block);
	h0 = d;
	d = (d >> 64) + t->h1 + word(block + 8);
	h1 = d;
	h2 = t->h2 + (u64)(d >> 64) + 1;

	d = (unsigned __int128)h0 * r0 + (unsigned __int128)h1 * s1;
	t->h0 = d;
	d = (d >> 64) + (unsigned __int128)h0 * r1 +
	    (unsigned __int128)h1 * r0 + h2 * s1;
	t->h1 = d;
	h2 = h2 * r0 + (u64)(d >> 64);
	fold = (h2 >> 2) + (h2 & ~3ULL);
	d = (unsigned __int128)t->h0 + fold;
	t->h0 = d;
	d = (d >> 64) + t->h1;
	t->h1 = d;
	t->h2 = (h2 & 3) + (u64)(d >> 64);
}

static __always_inline void tagging_begin(struct tagging *t, const u8 *key)
{
	t->r0 = word(key) & 0x0ffffffc0fffffffULL;
	t->r1 = word(key + 8) & 0x0ffffffc0ffffffcULL;
	t->h0 = 0;
	t->h1 = 0;
	t->h2 = 0;
}

static __always_inline void tagging_add(struct tagging *t, const u8 *digest)
{
	turn(t, digest);
	turn(t, digest + 16);
}

static __always_inline void tagging_end(struct tagging *t, u8 *tag, const u8 *key)
{
	unsigned __int128 d;
	u64 g0, g1, over;

	/* The least residue, without a branch: is h + 5 at least 2^130? */
	d = (unsigned __int128)t->h0 + 5;
	g0 = d;
	d = (d >> 64) + t->h1;
	g1 = d;
	over = -((t->h2 + (u64)(d >> 64)) >> 2);
	OPTIMIZER_HIDE_VAR(over);
	d = (unsigned __int128)((t->h0 & ~over) | (g0 & over)) + word(key + 16);
	put_word(tag, d);
	put_word(tag + 8, (u64)(d >> 64) + ((t->h1 & ~over) | (g1 & over)) +
			  word(key + 24));
	memzero_explicit(t, sizeof(*t));
}
#else
struct tagging {
	struct poly1305_desc_ctx desc;
};

static void tagging_begin(struct tagging *t, const u8 *key)
{
	poly1305_init(&t->desc, key);
}

static void tagging_add(struct tagging *t, const u8 *digest)
{
	poly1305_update(&t->desc, digest, QN_DIGEST_OCTETS);
}

static void tagging_end(struct tagging *t, u8 *tag, const u8 *key)
{
	poly1305_final(&t->desc, tag);	/* wipes it */
}
#endif

/* Both instances over one granule; the second's key is one granule further. */
static __always_inline void add_one(struct sums *s, const u64 *key, const u8 *p)
{
	u64 x = word(p), y = word(p + 8);

	add_product(&s->one, x + key[0], y + key[1]);
	add_product(&s->two, x + key[2], y + key[3]);
}

/* ... over whole granules, two a turn: an eighth faster. Return: the key's next. */
static __always_inline const u64 *add(struct sums *to, const u64 *key,
				      const u8 *p, size_t granules)
{
	struct sums s = *to;

	for (; granules >= 2; granules -= 2, p += 2 * QN_GRANULE, key += 4) {
		add_one(&s, key, p);
		/*
		 * Else the words of both are loaded ahead, and of the sums one
		 * has to go to memory and back for each: a seventh slower.
		 */
		barrier();
		add_one(&s, key + 2, p + QN_GRANULE);
		barrier();
	}
	if (granules) {
		add_one(&s, key, p);
		key += 2;
	}
	*to = s;
	return key;
}

/**
 * qn_hash_load - take a hash key from octets of a stream
 * @h: where it goes
 * @octets: QN_HASH_OCTETS of key; the caller erases them
 */
void qn_hash_load(struct qn_hash *h, const u8 *octets)
{
	u32 i;

	for (i = 0; i < QN_HASH_WORDS; i++)
		h->key[i] = word(octets + 8 * i);
}

/**
 * qn_hash_digest - hash one block
 * @digest: QN_DIGEST_OCTETS out; as secret as the key
 * @key: QN_HASH_WORDS words
 * @head: first part
 * @head_len: its octets, whole granules
 * @body: second part
 * @body_len: its octets; both are at most QN_HASH_BLOCK
 *
 * The block is filled up with zeros to a whole granule; its length is told by
 * the header, which is part of the first block. Context: any.
 */
void qn_hash_digest(u8 *digest, const u64 *key, const u8 *head, size_t head_len,
		    const u8 *body, size_t body_len)
{
	size_t whole = body_len / QN_GRANULE, rest = body_len % QN_GRANULE;
	struct sums s = {};

	key = add(&s, key, head, head_len / QN_GRANULE);
	key = add(&s, key, body, whole);
	if (rest) {
		u8 last[QN_GRANULE] = {};

		memcpy(last, body + whole * QN_GRANULE, rest);
		add(&s, key, last, 1);
	}
	put_sum(digest, &s.one);
	put_sum(digest + QN_DIGEST_OCTETS / 2, &s.two);
	memzero_explicit(&s, sizeof(s));
}

/**
 * qn_hash_tag - compute the tag of a bulk frame
 * @tag: 16 octets out
 * @key: 32 octets of stream, used for this frame alone; the caller erases them
 * @h: hash key of the direction
 * @head: header, QN_AUTH_OCTETS
 * @body: payload as transmitted
 * @body_len: its octets, any number
 *
 * Context: any; may use the FPU where the context allows it.
 */
void qn_hash_tag(u8 *tag, const u8 *key, const struct qn_hash *h,
		 const void *head, const void *body, size_t body_len)
{
	size_t n = min_t(size_t, body_len, QN_HASH_BLOCK - QN_AUTH_OCTETS);
	u8 digest[QN_DIGEST_OCTETS];
	const u8 *p = body;
	struct tagging t;

	tagging_begin(&t, key);
	qn_hash_digest(digest, h->key, head, QN_AUTH_OCTETS, p, n);
	tagging_add(&t, digest);
	/* What does not fit one block: the digests one after the other. */
	while (unlikely(body_len -= n)) {
		p += n;
		n = min_t(size_t, body_len, QN_HASH_BLOCK);
		qn_hash_digest(digest, h->key, NULL, 0, p, n);
		tagging_add(&t, digest);
	}
	tagging_end(&t, tag, key);
	memzero_explicit(digest, sizeof(digest));
}

/**
 * qn_hash_verify - check the tag of a bulk frame in constant time
 * @tag: the tag to check
 * @key: its one-time key
 * @h: hash key of the direction
 * @head: header, QN_AUTH_OCTETS
 * @body: payload as transmitted
 * @body_len: its octets
 *
 * As with qn_otp_verify() the caller makes sure that @key is not an erased range.
 *
 * Return: true if @tag is right.
 */
bool qn_hash_verify(const u8 *tag, const u8 *key, const struct qn_hash *h,
		    const void *head, const void *body, size_t body_len)
{
	u8 own[QN_TAG_OCTETS];
	bool same;

	qn_hash_tag(own, key, h, head, body, body_len);
	same = !crypto_memneq(own, tag, sizeof(own));
	memzero_explicit(own, sizeof(own));
	return same;
}

/*
 * Known answer: key octet i is 7 i + 3, message octet i is 11 i + 5 (mod 256),
 * 64 octets of header and 39 of payload, by big-integer arithmetic.
 */
static const u8 kat_digest[QN_DIGEST_OCTETS] = {
	0x98, 0x85, 0xb6, 0xb8, 0xab, 0xad, 0x5c, 0xcb,
	0x57, 0x34, 0x6d, 0xe2, 0x75, 0x09, 0x93, 0x09,
	0xe8, 0x58, 0x35, 0x5c, 0xec, 0x03, 0x81, 0x96,
	0x82, 0xdb, 0x67, 0xb8, 0xae, 0x2c, 0x75, 0x46,
};

/**
 * qn_hash_selftest - known-answer test, run before the module offers anything
 *
 * Return: 0, or -EBADMSG if the hash is wrong on this machine; the module then
 * refuses to load.
 */
int qn_hash_selftest(void)
{
	u8 octets[112 + QN_GRANULE], message[103], digest[QN_DIGEST_OCTETS];
	u64 key[sizeof(octets) / 8];
	struct poly1305_desc_ctx desc;
	u8 tag[QN_TAG_OCTETS], own[QN_TAG_OCTETS];
	struct tagging t;
	u32 i, n;

	for (i = 0; i < sizeof(octets); i++)
		octets[i] = 7 * i + 3;
	for (i = 0; i < ARRAY_SIZE(key); i++)
		key[i] = word(octets + 8 * i);
	for (i = 0; i < sizeof(message); i++)
		message[i] = 11 * i + 5;
	qn_hash_digest(digest, key, message, QN_AUTH_OCTETS,
		       message + QN_AUTH_OCTETS, sizeof(message) - QN_AUTH_OCTETS);
	if (memcmp(digest, kat_digest, sizeof(digest)))
		return -EBADMSG;

	/* The second stage against the library, carries and all. */
	for (i = 0; i < 64; i++) {
		memset(digest, i & 1 ? 0xff : 7 * i, sizeof(digest));
		memset(octets, i & 2 ? 0xff : 31 * i, 32);
		octets[i % 32] ^= i;
		poly1305_init(&desc, octets);
		tagging_begin(&t, octets);
		for (n = 0; n <= i % 3; n++) {
			poly1305_update(&desc, digest, sizeof(digest));
			tagging_add(&t, digest);
		}
		poly1305_final(&desc, tag);
		tagging_end(&t, own, octets);
		if (memcmp(own, tag, sizeof(tag)))
			return -EBADMSG;
	}
	return 0;
}
