// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core of what the one-time-pad tunnel does to a packet it sends, against
 * encrypting it with ChaCha20-Poly1305.
 *
 * The packet of 1,400 octets is padded and tagged as kernel/tunnel_tx.c does, with
 * kernel/wire.c, otp.c, hash.c, segment.c and stream.c as they are, built without
 * vector instructions as the kernel is: allocate key, xor it over the packet in
 * place, write the header, tag, erase the key. Key comes from memory: 32 MiB of it
 * are walked, of 64 that the stream holds.
 *
 * The other side encrypts the same 1,400 octets in place with OpenSSL's EVP, with
 * no header to authenticate; its key is set once and each packet has a fresh IV.
 *
 * Batches of both follow each other, so that whatever else the machine does falls
 * on both.
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

#define OCTETS 1400			/* of a packet */
#define KEY ((QN_KEY_OCTETS + OCTETS + QN_GRANULE - 1) / QN_GRANULE * QN_GRANULE)
/* Packets that a lane has key for; the last segments are control's. */
#define PACKETS ((LANE - 2) * ((1 << SHIFT) / KEY))
#define STRIDE 1536			/* from packet to packet */

enum { NODE_A = 1, NODE_B = 2 };

static struct qn_stream *out;
static struct qn_hash hash;
static u8 *key;				/* what the source delivers; the other end's */
static u8 *padded, *encrypted;		/* packets, worked on in place */
static u8 plain[OCTETS];
static EVP_CIPHER_CTX *sealer, *opener;

/* --- the tunnel ------------------------------------------------------------------ */

static bool seal(u8 *packet)
{
	struct qn_frame f = {
		.type = QN_DATA, .flags = QN_F_PADDED, .hop_limit = QN_HOP_LIMIT,
		.length = OCTETS, .shares = 1, .shift = SHIFT, .sender = NODE_A,
		.origin = NODE_A, .destination = NODE_B, .incarnation = 1,
		.present = OCTETS,
	};
	u8 *body = packet + QN_HDR_OCTETS;
	struct qn_range pad;
	bool ok = false;

	rcu_read_lock();
	if (!qn_stream_alloc(out, QN_KEY_OCTETS + OCTETS, QN_ALLOC_DATA, &pad)) {
		qn_otp_xor(body, body, pad.key + QN_KEY_OCTETS, OCTETS);
		f.offset = pad.offset;
		qn_wire_build((void *)packet, &f);
		qn_hash_tag(packet + QN_AUTH_OCTETS, pad.key, &hash, packet, body, OCTETS);
		qn_range_erase(&pad);
		ok = true;
	}
	rcu_read_unlock();
	return ok;
}

/* The other end takes it for what it was. */
static void check_padded(u8 *packet)
{
	struct qn_frame f;
	u8 text[OCTETS];

	if (qn_wire_parse(packet, QN_HDR_OCTETS + OCTETS, &f) != QN_WIRE_OK)
		die("a padded packet has no form");
	if (!qn_hash_verify(f.hdr->tag, key + f.offset, &hash, f.hdr, f.payload, f.present))
		die("a tag is wrong");
	qn_otp_xor(text, f.payload, key + f.offset + QN_KEY_OCTETS, OCTETS);
	if (memcmp(text, plain, OCTETS))
		die("a pad is wrong");
}

/* --- ChaCha20-Poly1305 ------------------------------------------------------------ */

static void chacha_setup(void)
{
	static const u8 k[32] = "a key for hours and gigabytes...";

	sealer = EVP_CIPHER_CTX_new();
	opener = EVP_CIPHER_CTX_new();
	if (!EVP_EncryptInit_ex(sealer, EVP_chacha20_poly1305(), NULL, k, NULL) ||
	    !EVP_DecryptInit_ex(opener, EVP_chacha20_poly1305(), NULL, k, NULL))
		die("OpenSSL has no ChaCha20-Poly1305");
}

static void iv_of(u8 *iv, u64 number)
{
	memset(iv, 0, 4);
	memcpy(iv + 4, &number, 8);
}

static bool encrypt(u8 *packet, u64 number)
{
	u8 *body = packet + QN_HDR_OCTETS, *tag = packet + QN_AUTH_OCTETS, iv[12];
	int n;

	iv_of(iv, number);
	return EVP_EncryptInit_ex(sealer, NULL, NULL, NULL, iv) &&
	       EVP_EncryptUpdate(sealer, body, &n, body, OCTETS) &&
	       EVP_EncryptFinal_ex(sealer, body + n, &n) &&
	       EVP_CIPHER_CTX_ctrl(sealer, EVP_CTRL_AEAD_GET_TAG, 16, tag);
}

static void check_encrypted(u8 *packet, u64 number)
{
	u8 *body = packet + QN_HDR_OCTETS, *tag = packet + QN_AUTH_OCTETS, iv[12];
	u8 text[OCTETS];
	int n;

	iv_of(iv, number);
	if (!EVP_DecryptInit_ex(opener, NULL, NULL, NULL, iv) ||
	    !EVP_CIPHER_CTX_ctrl(opener, EVP_CTRL_AEAD_SET_TAG, 16, tag) ||
	    !EVP_DecryptUpdate(opener, text, &n, body, OCTETS) ||
	    !EVP_DecryptFinal_ex(opener, text + n, &n) || memcmp(text, plain, OCTETS))
		die("OpenSSL does not open what it sealed");
}

/* --- one run ---------------------------------------------------------------------- */

struct result {
	double tunnel, chacha;		/* nanoseconds each */
};

static u8 *packet(u8 *packets, u32 i)
{
	return packets + (size_t)i * STRIDE;
}

static double pad_batch(u32 from, u32 to)
{
	double start = now_ns();

	for (; from < to; from++)
		if (!seal(packet(padded, from)))
			die("there is no key");
	return now_ns() - start;
}

static double encrypt_batch(u32 from, u32 to)
{
	double start = now_ns();

	for (; from < to; from++)
		if (!encrypt(packet(encrypted, from), from))
			die("OpenSSL fails");
	return now_ns() - start;
}

static struct result run(void)
{
	struct result r = { 0 };
	u32 i, n;

	out = preloaded(0, key);
	for (i = 0; i < PACKETS; i++) {
		memcpy(packet(padded, i) + QN_HDR_OCTETS, plain, OCTETS);
		memcpy(packet(encrypted, i) + QN_HDR_OCTETS, plain, OCTETS);
	}
	for (i = 0; i < PACKETS; i += n) {
		n = min_t(u32, BATCH, PACKETS - i);
		r.tunnel += pad_batch(i, i + n);
		grace_period();
		r.chacha += encrypt_batch(i, i + n);
	}
	r.tunnel /= PACKETS;
	r.chacha /= PACKETS;
	for (i = 0; i < PACKETS; i++) {
		check_padded(packet(padded, i));
		check_encrypted(packet(encrypted, i), i);
	}
	check_books(out, (u64)PACKETS * KEY);
	qn_stream_free(out);
	grace_period();
	return r;
}

int main(int argc, char **argv)
{
	double ours[RUNS_MAX], theirs[RUNS_MAX], ratios[RUNS_MAX];
	struct figure f[3];
	char against[256];
	struct native n;
	int i;

	native_begin(argc, argv, &n);
	key = large_pages((size_t)SEGMENTS << SHIFT);
	padded = large_pages((size_t)PACKETS * STRIDE);
	encrypted = large_pages((size_t)PACKETS * STRIDE);
	random_fill(key, (size_t)SEGMENTS << SHIFT, 1);
	random_fill(plain, OCTETS, 2);
	random_fill((u8 *)hash.key, QN_HASH_OCTETS, 3);
	chacha_setup();

	run();	/* pages in, clock up */
	for (i = 0; i < n.runs; i++) {
		struct result r = run();

		ours[i] = r.tunnel;
		theirs[i] = r.chacha;
		ratios[i] = r.chacha / r.tunnel;
		progress(i + 1, n.runs, ratios[i]);
	}
	summarise(&f[0], "tunnel_core_vs_chacha", "x", ratios, n.runs);
	summarise(&f[1], "tunnel_core_ns", "ns", ours, n.runs);
	summarise(&f[2], "chacha_ns", "ns", theirs, n.runs);
	snprintf(against, sizeof(against),
		 "ChaCha20-Poly1305 seal of 1,400 octets by %s (EVP); pad, tag and erasure by the kernel's files; key and packets from memory; stream preloaded; one core",
		 OpenSSL_version(OPENSSL_VERSION));
	report(&n, f, 3, against);
	return 0;
}
