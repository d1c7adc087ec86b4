/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ed25519 keys that sign what binds somebody.
 *
 * A signer holds a secret and is only read after it was made: any thread.
 */
#ifndef QF_SIGNER_H
#define QF_SIGNER_H

#include <stdint.h>

#include "base.h"

#define QF_PUBLIC_OCTETS    32
#define QF_SIGNATURE_OCTETS 64
#define QF_KID_TEXT	    44 /* a thumbprint, with the 0 at the end */

struct qf_signer;

/* A new key. NULL with @err if the library cannot. */
struct qf_signer *qf_signer_make(struct qn_error *err);

/**
 * qf_signer_load() - a key from a file
 * @path: PEM, PKCS #8 without password, as "openssl genpkey -algorithm ed25519" makes it
 * @err: what went wrong
 *
 * A file that others than its owner may read is refused.
 *
 * Return: the key, for qf_signer_free(); or NULL with @err.
 */
struct qf_signer *qf_signer_load(const char *path, struct qn_error *err);

/* From the 32 octets that RFC 8032 calls the private key. */
struct qf_signer *qf_signer_from_seed(const uint8_t seed[32], struct qn_error *err);

/* Erases the secret. NULL is fine. */
void qf_signer_free(struct qf_signer *signer);

/* PEM as qf_signer_load() takes it, to be erased by qf_secret_free(). */
char *qf_signer_pem(const struct qf_signer *signer, struct qn_error *err);
void qf_secret_free(char *text);

/* PEM of a public key, for free(). */
char *qf_public_pem(const uint8_t public[QF_PUBLIC_OCTETS], struct qn_error *err);

/* The public key. */
const uint8_t *qf_signer_public(const struct qf_signer *signer);

/* How a public key is called: its JWK thumbprint (RFC 7638, RFC 8037). */
void qf_public_kid(char kid[QF_KID_TEXT], const uint8_t public[QF_PUBLIC_OCTETS]);

/* False for keys under which one signature fits many messages (points of small order). */
bool qf_public_good(const uint8_t public[QF_PUBLIC_OCTETS]);

/* Sign @len octets. 0, or -1 with @err. */
int qf_sign(const struct qf_signer *signer, const void *data, size_t len,
	    uint8_t signature[QF_SIGNATURE_OCTETS], struct qn_error *err);

/* Whether @signature is that of @data under @public, which is a good key. */
bool qf_signature_good(const uint8_t public[QF_PUBLIC_OCTETS], const void *data, size_t len,
		       const uint8_t signature[QF_SIGNATURE_OCTETS]);

#endif
