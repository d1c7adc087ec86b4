// SPDX-License-Identifier: GPL-2.0-or-later
/* The arithmetic of sealing: RFC 8439's vectors, and OpenSSL as an oracle. */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "otp.h"
#include "test.h"

struct vector {
	const char *key;	/* r and s, hexadecimal */
	const char *text;
	const char *tag;
};

#define IETF \
	"416e79207375626d697373696f6e20746f20746865204945544620696e74656e" \
	"6465642062792074686520436f6e7472696275746f7220666f72207075626c69" \
	"636174696f6e20617320616c6c206f722070617274206f6620616e2049455446" \
	"20496e7465726e65742d4472616674206f722052464320616e6420616e792073" \
	"746174656d656e74206d6164652077697468696e2074686520636f6e74657874" \
	"206f6620616e204945544620616374697669747920697320636f6e7369646572" \
	"656420616e20224945544620436f6e747269627574696f6e222e205375636820" \
	"73746174656d656e747320696e636c756465206f72616c2073746174656d656e" \
	"747320696e20494554462073657373696f6e732c2061732077656c6c20617320" \
	"7772697474656e20616e6420656c656374726f6e696320636f6d6d756e696361" \
	"74696f6e73206d61646520617420616e792074696d65206f7220706c6163652c" \
	"207768696368206172652061646472657373656420746f"

#define Z16 "00000000000000000000000000000000"
#define F16 "ffffffffffffffffffffffffffffffff"

/* RFC 8439, 2.5.2, and the eleven of A.3. */
static const struct vector vectors[] = {
	{ "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
	  "43727970746f6772617068696320466f72756d205265736561726368204772"
	  "6f7570", "a8061dc1305136c6c22b8baf0c0127a9" },
	{ Z16 Z16, Z16 Z16 Z16 Z16, Z16 },
	{ Z16 "36e5f6b5c5e06070f0efca96227a863e", IETF,
	  "36e5f6b5c5e06070f0efca96227a863e" },
	{ "36e5f6b5c5e06070f0efca96227a863e" Z16, IETF,
	  "f3477e7cd95417af89a6b8794c310cf0" },
	{ "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
	  "2754776173206272696c6c69672c20616e642074686520736c6974687920746f"
	  "7665730a446964206779726520616e642067696d626c6520696e207468652077"
	  "6162653a0a416c6c206d696d737920776572652074686520626f726f676f7665"
	  "732c0a416e6420746865206d6f6d65207261746873206f757467726162652e",
	  "4541669a7eaaee61e708dc7cbcc5eb62" },
	{ "02000000000000000000000000000000" Z16, F16,
	  "03000000000000000000000000000000" },
	{ "02000000000000000000000000000000" F16,
	  "02000000000000000000000000000000",
	  "03000000000000000000000000000000" },
	{ "01000000000000000000000000000000" Z16,
	  F16 "f0ffffffffffffffffffffffffffffff"
	  "11000000000000000000000000000000",
	  "05000000000000000000000000000000" },
	{ "01000000000000000000000000000000" Z16,
	  F16 "fbfefefefefefefefefefefefefefefe"
	  "01010101010101010101010101010101", Z16 },
	{ "02000000000000000000000000000000" Z16,
	  "fdffffffffffffffffffffffffffffff",
	  "faffffffffffffffffffffffffffffff" },
	{ "01000000000000000400000000000000" Z16,
	  "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
	  Z16 "01000000000000000000000000000000",
	  "14000000000000005500000000000000" },
	{ "01000000000000000400000000000000" Z16,
	  "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
	  Z16, "13000000000000000000000000000000" },
};

static size_t unhex(u8 *out, const char *hex)
{
	size_t n;
	unsigned int octet;

	for (n = 0; hex[2 * n]; n++) {
		sscanf(hex + 2 * n, "%2x", &octet);
		out[n] = octet;
	}
	return n;
}

/* An octet range of exactly this size, so that the sanitizer sees its ends. */
static u8 *exact(const void *p, size_t n)
{
	u8 *q = malloc(n ? n : 1);

	memcpy(q, p, n);
	return q;
}

static void rfc_8439_vectors(void)
{
	u8 key[32], text[512], tag[16], out[16];
	size_t i, n, cut;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		unhex(key, vectors[i].key);
		n = unhex(text, vectors[i].text);
		unhex(tag, vectors[i].tag);
		for (cut = 0; cut <= n; cut++) {
			u8 *head = exact(text, cut), *body = exact(text + cut, n - cut);

			qn_otp_tag(out, key, head, cut, n - cut ? body : NULL, n - cut);
			CHECK(!memcmp(out, tag, 16), "vector %zu cut at %zu", i, cut);
			CHECK(qn_otp_verify(tag, key, head, cut, body, n - cut));
			free(head);
			free(body);
		}
	}
	CHECK(qn_otp_selftest() == 0);
}

static void oracle(u8 *tag, const u8 *key, const u8 *text, size_t n)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	size_t got = 0;

	if (!EVP_MAC_init(ctx, key, 32, NULL) || !EVP_MAC_update(ctx, text, n) ||
	    !EVP_MAC_final(ctx, tag, &got, 16) || got != 16)
		abort();
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

static void tag_as_openssl(void)
{
	u8 key[32], text[1100], want[16], got[16];
	u64 rnd = test_seed;
	size_t n, head;

	for (n = 0; n <= 1072; n += n < 200 ? 1 : 1 + below(&rnd, 9)) {
		random_octets(&rnd, key, 32);
		random_octets(&rnd, text, n);
		if (chance(&rnd, 20))
			memset(text, 0xff, n);	/* carries */
		if (chance(&rnd, 10))
			memset(key, 0xff, 32);
		oracle(want, key, text, n);
		head = n < 64 ? n : 64;
		qn_otp_tag(got, key, text, head, text + head, n - head);
		CHECK(!memcmp(want, got, 16), "length %zu", n);
	}
}

/* Every bit of tag, key r, s, head and body counts. */
static void verify_sees_every_bit(void)
{
	u8 key[32], text[96], tag[16];
	u64 rnd = test_seed + 1;
	u32 bit;

	random_octets(&rnd, key, sizeof(key));
	random_octets(&rnd, text, sizeof(text));
	qn_otp_tag(tag, key, text, 64, text + 64, 32);
	REQUIRE(qn_otp_verify(tag, key, text, 64, text + 64, 32));
	for (bit = 0; bit < 128; bit++) {
		tag[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_otp_verify(tag, key, text, 64, text + 64, 32), "bit %u", bit);
		tag[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 0; bit < 96 * 8; bit++) {
		text[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_otp_verify(tag, key, text, 64, text + 64, 32), "bit %u", bit);
		text[bit / 8] ^= 1 << bit % 8;
	}
	for (bit = 128; bit < 256; bit++) {
		key[bit / 8] ^= 1 << bit % 8;
		CHECK(!qn_otp_verify(tag, key, text, 64, text + 64, 32), "bit %u", bit);
		key[bit / 8] ^= 1 << bit % 8;
	}
	CHECK(!qn_otp_verify(tag, key, text, 64, text + 64, 31));
	CHECK(!qn_otp_verify(tag, key, text, 63, text + 64, 32));
}

/* All lengths to 130 and some larger, each of eight alignments of each buffer. */
static void fold_and_xor(void)
{
	static u8 in[1100], a[1100], b[1100], want[1100];
	u64 rnd = test_seed + 2;
	size_t n, i, round;

	random_octets(&rnd, in, sizeof(in));
	random_octets(&rnd, a, sizeof(a));
	random_octets(&rnd, b, sizeof(b));
	for (n = 0; n <= 1072; n = n < 130 ? n + 1 : n + 47) {
		for (round = 0; round < 32; round++) {
			size_t x = below(&rnd, 8), y = below(&rnd, 8);
			size_t z = below(&rnd, 8), w = below(&rnd, 8);
			u8 *src = malloc(n + x + 1), *p = malloc(n + y + 1);
			u8 *q = malloc(n + z + 1), *dst = malloc(n + w + 2);

			memcpy(src + x, in, n);
			memcpy(p + y, a, n);
			memcpy(q + z, b, n);
			for (i = 0; i < n; i++)
				want[i] = in[i] ^ a[i] ^ b[i];
			dst[w + n] = 0x77;
			qn_otp_fold(dst + w, src + x, p + y, q + z, n);
			CHECK(!memcmp(dst + w, want, n), "fold of %zu", n);
			CHECK(dst[w + n] == 0x77, "fold of %zu wrote too far", n);
			qn_otp_fold(src + x, src + x, p + y, q + z, n);
			CHECK(!memcmp(src + x, want, n), "fold in place of %zu", n);

			for (i = 0; i < n; i++)
				want[i] = a[i] ^ b[i];
			qn_otp_fold(dst + w, NULL, p + y, q + z, n);
			CHECK(!memcmp(dst + w, want, n), "fold of zeros, %zu", n);
			qn_otp_xor(dst + w, p + y, q + z, n);
			CHECK(!memcmp(dst + w, want, n), "xor of %zu", n);
			CHECK(dst[w + n] == 0x77, "xor of %zu wrote too far", n);
			qn_otp_xor(p + y, p + y, q + z, n);
			CHECK(!memcmp(p + y, want, n), "xor in place of %zu", n);
			free(src);
			free(p);
			free(q);
			free(dst);
		}
	}
}

TEST_MAIN(TEST(rfc_8439_vectors), TEST(tag_as_openssl), TEST(verify_sees_every_bit),
	  TEST(fold_and_xor))
