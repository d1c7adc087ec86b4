// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core of a relay hop against decrypting and encrypting with AES-256-GCM.
 *
 * The hop is the kernel's: kernel/wire.c, otp.c, segment.c and stream.c as they
 * are, built without vector instructions as the kernel is, around OpenSSL's
 * vectorised Poly1305 (the same assembly as the kernel's for x86). One hop:
 * parse, look at the key the frame names, verify the tag, claim, allocate key of
 * the next link, fold both pads into the payload, write header and tag, erase
 * both keys. Frames have 992 octets of payload and spend 1,024 octets of each
 * link's key, which comes from memory: 32 MiB are walked on each side, of 64
 * that each stream holds.
 *
 * The other side decrypts and encrypts the same 992 octets with OpenSSL's EVP
 * and authenticates the same 64 of the header, which change from link to link;
 * its two key schedules are made once and each packet has a fresh IV.
 *
 * Both take their packets in turn from the same memory, in batches that follow
 * each other, so that whatever else the machine does falls on both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <linux/rcupdate.h>

#include "hash.h"
#include "native.h"
#include "otp.h"
#include "wire.h"

#define FRAMES (LANE * 64)		/* of 1,024 octets of key */
#define HOPS (FRAMES - 64)		/* the last segment is control's */
#define STRIDE 1088			/* from packet to packet */
#define FRAME_OCTETS (QN_HDR_OCTETS + QN_CHUNK)

static EVP_CIPHER_CTX *opener, *sealer;	/* of AES-256-GCM */

/* --- the hop ---------------------------------------------------------------------- */

static struct qn_stream *in, *out;	/* the relay node's, lane 0 on both links */
static u8 *key_in, *key_out;		/* what the sources deliver; the neighbours' */
static u8 *packets;			/* worked on in place */
static u8 *plain;

enum { NODE_A = 1, NODE_RELAY = 2, NODE_B = 3 };

static struct qn_hash hash_in, hash_out;

static bool hop(u8 *packet, size_t len)
{
	struct qn_range pad_in, pad_out;
	struct qn_frame f;
	bool ok = false;

	rcu_read_lock();
	if (qn_wire_parse(packet, len, &f) != QN_WIRE_OK)
		goto drop;
	if (qn_stream_peek(in, f.offset, f.span, false, &pad_in))
		goto drop;
	if (!qn_hash_verify(f.hdr->tag, pad_in.key, &hash_in, f.hdr, f.payload,
			    f.present))
		goto drop;
	if (!qn_stream_claim(in, &pad_in))
		goto drop;
	if (qn_stream_alloc(out, f.span, QN_ALLOC_DATA, &pad_out))
		goto erase;
	qn_otp_fold(f.payload, f.payload, pad_in.key + QN_KEY_OCTETS,
		    pad_out.key + QN_KEY_OCTETS, f.length);
	f.hop_limit--;
	f.sender = NODE_RELAY;
	f.offset = pad_out.offset;
	qn_wire_build(f.hdr, &f);
	qn_hash_tag(f.hdr->tag, pad_out.key, &hash_out, f.hdr, f.payload, f.present);
	qn_range_erase(&pad_out);
	ok = true;
erase:
	qn_range_erase(&pad_in);
drop:
	rcu_read_unlock();
	return ok;
}

/* --- AES-256-GCM ------------------------------------------------------------------ */

static void gcm_setup(void)
{
	static const u8 key[2][32] = { "the key of the link it came from",
				       "the key of the link it goes to.." };

	opener = EVP_CIPHER_CTX_new();
	sealer = EVP_CIPHER_CTX_new();
	if (!EVP_DecryptInit_ex(opener, EVP_aes_256_gcm(), NULL, key[0], NULL) ||
	    !EVP_EncryptInit_ex(sealer, EVP_aes_256_gcm(), NULL, key[1], NULL))
		die("OpenSSL has no AES-256-GCM");
}

static void iv_of(u8 *iv, u64 number)
{
	memset(iv, 0, 4);
	memcpy(iv + 4, &number, 8);
}

/* A packet as the neighbour encrypted it; the tag lies where the frame's does. */
static void gcm_make(u8 *packet, u64 number, const u8 *text)
{
	static EVP_CIPHER_CTX *ctx;
	u8 iv[12];
	int n;

	if (!ctx) {
		static const u8 key[32] = "the key of the link it came from";

		ctx = EVP_CIPHER_CTX_new();
		EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, NULL);
	}
	iv_of(iv, number);
	if (!EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) ||
	    !EVP_EncryptUpdate(ctx, NULL, &n, packet, QN_AUTH_OCTETS) ||
	    !EVP_EncryptUpdate(ctx, packet + QN_HDR_OCTETS, &n, text, QN_CHUNK) ||
	    !EVP_EncryptFinal_ex(ctx, packet + QN_HDR_OCTETS + n, &n) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16,
				 packet + QN_AUTH_OCTETS))
		die("OpenSSL fails");
}

static bool gcm_hop(u8 *packet, u64 number)
{
	u8 *text = packet + QN_HDR_OCTETS, *tag = packet + QN_AUTH_OCTETS, iv[12];
	int n;

	iv_of(iv, number);
	return EVP_DecryptInit_ex(opener, NULL, NULL, NULL, iv) &&
	       EVP_DecryptUpdate(opener, NULL, &n, packet, QN_AUTH_OCTETS) &&
	       EVP_DecryptUpdate(opener, text, &n, text, QN_CHUNK) &&
	       EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_GCM_SET_TAG, 16, tag) &&
	       EVP_DecryptFinal_ex(opener, text + n, &n) &&
	       EVP_EncryptInit_ex(sealer, NULL, NULL, NULL, iv) &&
	       EVP_EncryptUpdate(sealer, NULL, &n, packet, QN_AUTH_OCTETS) &&
	       EVP_EncryptUpdate(sealer, text, &n, text, QN_CHUNK) &&
	       EVP_EncryptFinal_ex(sealer, text + n, &n) &&
	       EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_GCM_GET_TAG, 16, tag);
}

/* --- one run ---------------------------------------------------------------------- */

/* What the neighbour sends: payload padded and sealed with odd segments. */
static void make_frame(u32 i, u8 *packet)
{
	u64 offset = ((u64)(i / 64 * 2 + 1) << SHIFT) + i % 64 * QN_WORD_OCTETS;
	struct qn_frame f = {
		.type = QN_RELAY, .flags = QN_F_PADDED, .hop_limit = 9,
		.length = QN_CHUNK, .shares = 1, .shift = SHIFT,
		.sender = NODE_A, .origin = NODE_A, .destination = NODE_B,
		.incarnation = 1, .remote_offset = (u64)i * QN_CHUNK, .weight = 1,
		.offset = offset,
	};

	qn_wire_build((void *)packet, &f);
	qn_otp_xor(packet + QN_HDR_OCTETS, plain, key_in + offset + QN_KEY_OCTETS,
		   QN_CHUNK);
	qn_hash_tag(packet + QN_AUTH_OCTETS, key_in + offset, &hash_in, packet,
		    packet + QN_HDR_OCTETS, QN_CHUNK);
}

/* What the next node makes of it must be the plaintext, under the right tag. */
static void check_frame(u8 *packet)
{
	u8 text[QN_CHUNK];
	struct qn_frame f;
	const u8 *key;

	if (qn_wire_parse(packet, FRAME_OCTETS, &f) != QN_WIRE_OK)
		die("the hop's frame has no form");
	key = key_out + f.offset;
	if (!qn_hash_verify(f.hdr->tag, key, &hash_out, f.hdr, f.payload, f.present))
		die("the hop's tag is wrong");
	qn_otp_xor(text, f.payload, key + QN_KEY_OCTETS, QN_CHUNK);
	if (memcmp(text, plain, QN_CHUNK))
		die("the hop's key is wrong");
}

struct result {
	double hop, gcm;	/* nanoseconds each */
};

static struct result run(void)
{
	struct result r = { 0 };
	double start;
	u32 i, j, n;

	in = preloaded(0, key_in);
	out = preloaded(0, key_out);
	for (i = 0; i < HOPS; i++)
		make_frame(i, packets + (size_t)i * STRIDE);
	for (i = 0; i < HOPS; i += BATCH) {
		n = min_t(u32, BATCH, HOPS - i);
		start = now_ns();
		for (j = i; j < i + n; j++)
			if (!hop(packets + (size_t)j * STRIDE, FRAME_OCTETS))
				die("a frame was dropped");
		r.hop += now_ns() - start;
		grace_period();
		for (j = i; j < i + n; j++)
			check_frame(packets + (size_t)j * STRIDE);
	}
	r.hop /= HOPS;
	check_books(in, (u64)HOPS * QN_WORD_OCTETS);
	check_books(out, (u64)HOPS * QN_WORD_OCTETS);
	qn_stream_free(in);
	qn_stream_free(out);
	grace_period();

	for (i = 0; i < HOPS; i++)
		gcm_make(packets + (size_t)i * STRIDE, i, plain);
	for (i = 0; i < HOPS; i += BATCH) {
		n = min_t(u32, BATCH, HOPS - i);
		start = now_ns();
		for (j = i; j < i + n; j++)
			if (!gcm_hop(packets + (size_t)j * STRIDE, j))
				die("a packet was refused");
		r.gcm += now_ns() - start;
	}
	r.gcm /= HOPS;
	return r;
}

int main(int argc, char **argv)
{
	double hops[RUNS_MAX], gcms[RUNS_MAX], ratios[RUNS_MAX];
	struct figure f[3];
	char against[256];
	struct native n;
	int i;

	native_begin(argc, argv, &n);
	key_in = large_pages((size_t)SEGMENTS << SHIFT);
	key_out = large_pages((size_t)SEGMENTS << SHIFT);
	packets = large_pages((size_t)FRAMES * STRIDE);
	plain = calloc(1, QN_CHUNK);
	random_fill(key_in, (size_t)SEGMENTS << SHIFT, 1);
	random_fill(key_out, (size_t)SEGMENTS << SHIFT, 2);
	random_fill(plain, QN_CHUNK, 3);
	random_fill((u8 *)hash_in.key, QN_HASH_OCTETS, 4);
	random_fill((u8 *)hash_out.key, QN_HASH_OCTETS, 5);
	gcm_setup();

	run();	/* pages in, clock up */
	for (i = 0; i < n.runs; i++) {
		struct result r = run();

		hops[i] = r.hop;
		gcms[i] = r.gcm;
		ratios[i] = r.gcm / r.hop;
		progress(i + 1, n.runs, ratios[i]);
	}
	summarise(&f[0], "relay_core_vs_aes_gcm", "x", ratios, n.runs);
	summarise(&f[1], "relay_core_ns", "ns", hops, n.runs);
	summarise(&f[2], "aes_gcm_ns", "ns", gcms, n.runs);
	snprintf(against, sizeof(against),
		 "AES-256-GCM open and seal of 992 octets and 64 of header by %s (EVP); hop with OpenSSL's Poly1305; key and packets from memory; streams preloaded; one core",
		 OpenSSL_version(OPENSSL_VERSION));
	report(&n, f, 3, against);
	return 0;
}
