// SPDX-License-Identifier: GPL-2.0-or-later
/* Ed25519 keys that sign. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "base64url.h"
#include "signer.h"

#define FILE_MAX 16384

/**
 * struct qf_signer - a key that signs
 * @private: the secret, which the library erases
 * @public: what others know it by
 */
struct qf_signer {
	gnutls_privkey_t private;
	uint8_t public[QF_PUBLIC_OCTETS];
};

static int library(struct qn_error *err, const char *what, int ret)
{
	return qn_fail(err, "%s: %s", what, gnutls_strerror(ret));
}

/* Learn the public key, and see that it is Ed25519. Takes @private over. */
static struct qf_signer *from_private(gnutls_privkey_t private, struct qn_error *err)
{
	struct qf_signer *signer = qn_alloc(sizeof(*signer));
	gnutls_datum_t x = { 0 };
	gnutls_ecc_curve_t curve;
	gnutls_pubkey_t public = NULL;
	int ret;

	signer->private = private;
	if (gnutls_privkey_get_pk_algorithm(private, NULL) != GNUTLS_PK_EDDSA_ED25519) {
		qn_fail(err, "not an Ed25519 key: 'openssl genpkey -algorithm ed25519' makes one");
		goto failed;
	}
	ret = gnutls_pubkey_init(&public);
	if (!ret)
		ret = gnutls_pubkey_import_privkey(public, private, 0, 0);
	if (!ret)
		ret = gnutls_pubkey_export_ecc_raw2(public, &curve, &x, NULL, 0);
	if (ret < 0 || x.size != QF_PUBLIC_OCTETS) {
		library(err, "cannot derive the public key", ret);
		goto failed;
	}
	memcpy(signer->public, x.data, QF_PUBLIC_OCTETS);
	gnutls_free(x.data);
	gnutls_pubkey_deinit(public);
	return signer;
failed:
	gnutls_free(x.data);
	if (public)
		gnutls_pubkey_deinit(public);
	qf_signer_free(signer);
	return NULL;
}

struct qf_signer *qf_signer_make(struct qn_error *err)
{
	gnutls_privkey_t private;
	int ret = gnutls_privkey_init(&private);

	if (ret < 0) {
		library(err, "cannot make a key", ret);
		return NULL;
	}
	ret = gnutls_privkey_generate(private, GNUTLS_PK_EDDSA_ED25519, 0, 0);
	if (ret < 0) {
		library(err, "cannot make a key", ret);
		gnutls_privkey_deinit(private);
		return NULL;
	}
	return from_private(private, err);
}

/* Seed and public key belong together, so the public one is derived from a PKCS #8 wrapping. */
struct qf_signer *qf_signer_from_seed(const uint8_t seed[32], struct qn_error *err)
{
	/* RFC 8410, section 7: version, algorithm 1.3.101.112, an octet string in another. */
	static const uint8_t head[] = { 0x30, 0x2e, 2,	  1,	0, 0x30, 5, 6,
					3,    0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20 };
	uint8_t der[sizeof(head) + 32];
	const gnutls_datum_t wrapped = { .data = der, .size = sizeof(der) };
	gnutls_privkey_t private;
	int ret = gnutls_privkey_init(&private);

	if (ret < 0) {
		library(err, "cannot make a key", ret);
		return NULL;
	}
	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), seed, 32);
	ret = gnutls_privkey_import_x509_raw(private, &wrapped, GNUTLS_X509_FMT_DER, NULL,
					     GNUTLS_PKCS_PLAIN);
	gnutls_memset(der, 0, sizeof(der));
	if (ret < 0) {
		library(err, "cannot take the key", ret);
		gnutls_privkey_deinit(private);
		return NULL;
	}
	return from_private(private, err);
}

static ssize_t read_secret(int fd, uint8_t *data, const char *path, struct qn_error *err)
{
	struct stat st;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st))
		return qn_fail_errno(err, errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return qn_fail(err, "%s is not a file", path);
	if (st.st_mode & 077)
		return qn_fail(err,
			       "others may read or write %s, which holds a secret: chmod 600 it",
			       path);
	while (len < FILE_MAX) {
		n = read(fd, data + len, FILE_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qn_fail_errno(err, errno, "cannot read %s", path);
		if (!n)
			return (ssize_t)len;
		len += (size_t)n;
	}
	return qn_fail(err, "%s is too long to be a key", path);
}

struct qf_signer *qf_signer_load(const char *path, struct qn_error *err)
{
	struct qf_signer *signer = NULL;
	gnutls_privkey_t private;
	uint8_t text[FILE_MAX];
	gnutls_datum_t pem = { .data = text };
	ssize_t len;
	int ret, fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		qn_fail_errno(err, errno, "cannot open %s", path);
		return NULL;
	}
	len = read_secret(fd, text, path, err);
	close(fd);
	if (len < 0)
		goto out;
	pem.size = (unsigned int)len;
	ret = gnutls_privkey_init(&private);
	if (ret < 0) {
		library(err, path, ret);
		goto out;
	}
	ret = gnutls_privkey_import_x509_raw(private, &pem, GNUTLS_X509_FMT_PEM, NULL,
					     GNUTLS_PKCS_PLAIN);
	if (ret < 0) {
		qn_fail(err, "%s holds no private key in PEM without password: %s", path,
			gnutls_strerror(ret));
		gnutls_privkey_deinit(private);
		goto out;
	}
	signer = from_private(private, err);
	if (!signer)
		qn_fail_prefix(err, "%s", path);
out:
	gnutls_memset(text, 0, sizeof(text));
	return signer;
}

void qf_signer_free(struct qf_signer *signer)
{
	if (!signer)
		return;
	gnutls_privkey_deinit(signer->private);
	free(signer);
}

char *qf_signer_pem(const struct qf_signer *signer, struct qn_error *err)
{
	gnutls_x509_privkey_t x509;
	gnutls_datum_t pem = { 0 };
	char *text;
	int ret = gnutls_privkey_export_x509(signer->private, &x509);

	if (ret < 0) {
		library(err, "cannot write the key", ret);
		return NULL;
	}
	ret = gnutls_x509_privkey_export2_pkcs8(x509, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
						&pem);
	gnutls_x509_privkey_deinit(x509);
	if (ret < 0) {
		library(err, "cannot write the key", ret);
		return NULL;
	}
	text = qn_alloc(pem.size + 1);
	memcpy(text, pem.data, pem.size);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return text;
}

void qf_secret_free(char *text)
{
	if (text)
		gnutls_memset(text, 0, strlen(text));
	free(text);
}

char *qf_public_pem(const uint8_t public[QF_PUBLIC_OCTETS], struct qn_error *err)
{
	const gnutls_datum_t x = { .data = (void *)public, .size = QF_PUBLIC_OCTETS };
	gnutls_datum_t pem = { 0 };
	gnutls_pubkey_t key;
	char *text = NULL;
	int ret = gnutls_pubkey_init(&key);

	if (ret >= 0) {
		ret = gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
		if (ret >= 0)
			ret = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
		gnutls_pubkey_deinit(key);
	}
	if (ret < 0) {
		library(err, "cannot write the public key", ret);
		return NULL;
	}
	text = qn_alloc(pem.size + 1);
	memcpy(text, pem.data, pem.size);
	gnutls_free(pem.data);
	return text;
}

const uint8_t *qf_signer_public(const struct qf_signer *signer)
{
	return signer->public;
}

void qf_public_kid(char kid[QF_KID_TEXT], const uint8_t public[QF_PUBLIC_OCTETS])
{
	char x[QF_B64_LEN(QF_PUBLIC_OCTETS) + 1], jwk[128];
	uint8_t hash[32];
	int len;

	qf_b64_encode(x, public, QF_PUBLIC_OCTETS);
	/* Members in this order, and no white space: the thumbprint is of these octets. */
	len = snprintf(jwk, sizeof(jwk), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
	/* Cannot fail: SHA-256 is always there. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, jwk, (size_t)len, hash))
		abort();
	qf_b64_encode(kid, hash, sizeof(hash));
}

int qf_sign(const struct qf_signer *signer, const void *data, size_t len,
	    uint8_t signature[QF_SIGNATURE_OCTETS], struct qn_error *err)
{
	const gnutls_datum_t what = { .data = (void *)data, .size = (unsigned int)len };
	gnutls_datum_t sig = { 0 };
	int ret = gnutls_privkey_sign_data2(signer->private, GNUTLS_SIGN_EDDSA_ED25519, 0, &what,
					    &sig);

	if (ret < 0)
		return library(err, "cannot sign", ret);
	if (sig.size != QF_SIGNATURE_OCTETS) {
		gnutls_free(sig.data);
		return qn_fail(err, "cannot sign: a signature of %u octets", sig.size);
	}
	memcpy(signature, sig.data, QF_SIGNATURE_OCTETS);
	gnutls_free(sig.data);
	return 0;
}

/*
 * Points whose order divides 8, in each spelling, without the bit of the sign.
 * Under such a "key" one signature fits many messages: whoever could register
 * it could deny what he signed.
 */
static bool small_order(const uint8_t public[QF_PUBLIC_OCTETS])
{
	static const uint8_t points[][QF_PUBLIC_OCTETS] = {
		{ 0 },
		{ 1 },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
		  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
		  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
		  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
		  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	uint8_t y[QF_PUBLIC_OCTETS];
	size_t i;

	memcpy(y, public, sizeof(y));
	y[31] &= 0x7f;
	for (i = 0; i < QN_ARRAY_SIZE(points); i++) {
		if (!memcmp(y, points[i], sizeof(y)))
			return true;
	}
	/* The prime 2^255 - 19, one less, and one more. */
	for (i = 1; i < 31 && y[i] == 0xff; i++)
		;
	return i == 31 && y[31] == 0x7f && y[0] >= 0xec && y[0] <= 0xee;
}

bool qf_public_good(const uint8_t public[QF_PUBLIC_OCTETS])
{
	return !small_order(public);
}

bool qf_signature_good(const uint8_t public[QF_PUBLIC_OCTETS], const void *data, size_t len,
		       const uint8_t signature[QF_SIGNATURE_OCTETS])
{
	const gnutls_datum_t x = { .data = (void *)public, .size = QF_PUBLIC_OCTETS };
	const gnutls_datum_t what = { .data = (void *)data, .size = (unsigned int)len };
	const gnutls_datum_t sig = { .data = (void *)signature, .size = QF_SIGNATURE_OCTETS };
	gnutls_pubkey_t key;
	bool good;

	if (!qf_public_good(public) || gnutls_pubkey_init(&key) < 0)
		return false;
	good = !gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL) &&
	       gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &what, &sig) >= 0;
	gnutls_pubkey_deinit(key);
	return good;
}
