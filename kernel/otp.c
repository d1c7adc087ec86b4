// SPDX-License-Identifier: GPL-2.0-only
/*
 * One-time pad and one-time authenticator: docs/protocol.md section 4.
 *
 * Poly1305 (RFC 8439, 2.5) under a key that is used once is a Wegman-Carter
 * authenticator: its bound (docs/protocol.md section 7) holds against unlimited
 * computing power. The kernel's library does the arithmetic; what is ours is
 * that the key comes from a stream and is never used again.
 */
#include <crypto/algapi.h>
#include <crypto/poly1305.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "otp.h"

/**
 * qn_otp_tag - compute the one-time tag of a frame
 * @tag: 16 octets out
 * @key: 32 octets of stream, *r* and *s*; the caller erases them
 * @head: first part
 * @head_len: its octets
 * @body: second part, may be NULL if @body_len is 0
 * @body_len: its octets
 *
 * Context: any; may use the FPU where the context allows it.
 */
void qn_otp_tag(u8 *tag, const u8 *key, const void *head, size_t head_len,
		const void *body, size_t body_len)
{
	struct poly1305_desc_ctx desc;

	poly1305_init(&desc, key);
	poly1305_update(&desc, head, head_len);
	if (body_len)
		poly1305_update(&desc, body, body_len);
	poly1305_final(&desc, tag);	/* wipes desc */
}

/**
 * qn_otp_verify - check a tag in constant time
 * @tag: the tag to check
 * @key: its key
 * @head: first part
 * @head_len: its octets
 * @body: second part, may be NULL
 * @body_len: its octets
 *
 * Parameters as qn_otp_tag(). With r = s = 0 every tag is 0: callers make sure,
 * by the claim bits, that the key is not an erased range.
 *
 * Return: true if @tag is right.
 */
bool qn_otp_verify(const u8 *tag, const u8 *key, const void *head,
		   size_t head_len, const void *body, size_t body_len)
{
	u8 own[16];
	bool same;

	qn_otp_tag(own, key, head, head_len, body, body_len);
	same = !crypto_memneq(own, tag, sizeof(own));
	memzero_explicit(own, sizeof(own));
	return same;
}

/*
 * Words at any address; the compiler makes one instruction of each. By the name
 * of the built-in, since some architectures are built with -fno-builtin, where
 * memcpy() is a call for each word.
 */
static inline u64 load(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store(u8 *p, u64 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

/**
 * qn_otp_xor - dst = src XOR pad
 * @dst: out, may be @src
 * @src: in
 * @pad: key
 * @len: octets
 */
void qn_otp_xor(u8 *dst, const u8 *src, const u8 *pad, size_t len)
{
	/* Four words at a time, as in qn_otp_fold(). */
	for (; len >= 32; len -= 32, dst += 32, src += 32, pad += 32) {
		u64 a = load(src) ^ load(pad);
		u64 b = load(src + 8) ^ load(pad + 8);
		u64 c = load(src + 16) ^ load(pad + 16);
		u64 d = load(src + 24) ^ load(pad + 24);

		store(dst, a);
		store(dst + 8, b);
		store(dst + 16, c);
		store(dst + 24, d);
	}
	for (; len >= 8; len -= 8, dst += 8, src += 8, pad += 8)
		store(dst, load(src) ^ load(pad));
	while (len--)
		*dst++ = *src++ ^ *pad++;
}

/**
 * qn_otp_fold - one relay hop: dst = src XOR (pad_in XOR pad_out)
 * @dst: out, may be @src
 * @src: ciphertext that came in, or NULL for zeros (a KEYED frame)
 * @pad_in: pad of the link it came from
 * @pad_out: pad of the link it goes to
 * @len: octets
 *
 * The two pads are combined first and the combination is hidden from the
 * optimiser, so that src XOR pad_in, which is the end-to-end key, is never
 * formed, in memory or in a register.
 */
void qn_otp_fold(u8 *dst, const u8 *src, const u8 *pad_in, const u8 *pad_out,
		 size_t len)
{
	/* Four words at a time: 992 octets are 31 turns. */
	for (; len >= 32; len -= 32, dst += 32, pad_in += 32, pad_out += 32) {
		u64 a = load(pad_in) ^ load(pad_out);
		u64 b = load(pad_in + 8) ^ load(pad_out + 8);
		u64 c = load(pad_in + 16) ^ load(pad_out + 16);
		u64 d = load(pad_in + 24) ^ load(pad_out + 24);

		OPTIMIZER_HIDE_VAR(a);
		OPTIMIZER_HIDE_VAR(b);
		OPTIMIZER_HIDE_VAR(c);
		OPTIMIZER_HIDE_VAR(d);
		if (src) {
			a ^= load(src);
			b ^= load(src + 8);
			c ^= load(src + 16);
			d ^= load(src + 24);
			src += 32;
		}
		store(dst, a);
		store(dst + 8, b);
		store(dst + 16, c);
		store(dst + 24, d);
	}
	while (len--) {
		u8 d = *pad_in++ ^ *pad_out++;

		OPTIMIZER_HIDE_VAR(d);
		*dst++ = src ? *src++ ^ d : d;
	}
}

/* RFC 8439, 2.5.2. */
static const u8 kat_key[32] = {
	0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33,
	0x7f, 0x44, 0x52, 0xfe, 0x42, 0xd5, 0x06, 0xa8,
	0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d, 0xb2, 0xfd,
	0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b,
};

static const u8 kat_msg[34] = "Cryptographic Forum Research Group";

static const u8 kat_tag[16] = {
	0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6,
	0xc2, 0x2b, 0x8b, 0xaf, 0x0c, 0x01, 0x27, 0xa9,
};

/**
 * qn_otp_selftest - known-answer test, run before the module offers anything
 *
 * Return: 0, or -EBADMSG if the authenticator or the pad is wrong on this
 * machine; the module then refuses to load.
 */
int qn_otp_selftest(void)
{
	u8 in[37], out[37], a[37], b[37];
	u8 tag[16];
	size_t cut, i;

	for (cut = 0; cut <= sizeof(kat_msg); cut++) {
		qn_otp_tag(tag, kat_key, kat_msg, cut, kat_msg + cut,
			   sizeof(kat_msg) - cut);
		if (memcmp(tag, kat_tag, sizeof(tag)))
			return -EBADMSG;
	}
	tag[15] ^= 0x80;
	if (qn_otp_verify(tag, kat_key, kat_msg, sizeof(kat_msg), NULL, 0))
		return -EBADMSG;
	tag[15] ^= 0x80;
	if (!qn_otp_verify(tag, kat_key, kat_msg, sizeof(kat_msg), NULL, 0))
		return -EBADMSG;

	/* An odd length, so that word and octet loops both run. */
	for (i = 0; i < sizeof(in); i++) {
		in[i] = 3 * i + 1;
		a[i] = 7 * i + 5;
		b[i] = 29 * i + 11;
	}
	qn_otp_fold(out, in, a, b, sizeof(in));
	for (i = 0; i < sizeof(in); i++)
		if (out[i] != (u8)(in[i] ^ a[i] ^ b[i]))
			return -EBADMSG;
	qn_otp_fold(out, NULL, a, b, sizeof(in));
	qn_otp_xor(out, out, b, sizeof(in));
	if (memcmp(out, a, sizeof(a)))
		return -EBADMSG;
	return 0;
}
