/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of offices, verified against the trust of one federation.
 *
 * Anchors of federations are never merged: whoever verifies says for which
 * federation. A struct qf_trust is only read once it is filled: any thread. To
 * change it, fill another one and put it in its place.
 */
#ifndef QF_CERT_H
#define QF_CERT_H

#include <gnutls/gnutls.h>

#include "problem.h"

#define QF_PRINT_OCTETS 32 /* SHA-256 of a certificate's DER */
#define QF_PRINT_TEXT	65 /* in hexadecimal, with the 0 at the end */
#define QF_CHAIN_MAX	4  /* certificates that an office may show */

/* Organisation in the subject of certificates that "qkdnfctl federation init" makes. */
#define QF_TEST_MARK "TEST FEDERATION - NOT FOR PRODUCTION"

/**
 * struct qf_cert - what is known of a certificate
 * @print: fingerprint, by which membership records name it
 * @key: SHA-256 of its public key (SubjectPublicKeyInfo), by which it is revoked
 * @subject: distinguished name (RFC 4514), for people
 * @begins: valid from, in microseconds UTC
 * @ends: valid to, the same, of the certificate in the chain that ends first
 * @test: made for tests: itself or one above it carries QF_TEST_MARK
 */
struct qf_cert {
	uint8_t print[QF_PRINT_OCTETS];
	uint8_t key[QF_PRINT_OCTETS];
	char subject[256];
	int64_t begins;
	int64_t ends;
	bool test;
};

/* What the certificate is shown as. */
enum qf_cert_use {
	QF_CLIENT,
	QF_SERVER,
};

struct qf_trust;

/* Trust of a federation that has no anchor yet. */
struct qf_trust *qf_trust_new(const char *federation);
void qf_trust_free(struct qf_trust *trust);

/**
 * qf_trust_anchor() - trust what this certificate signed
 * @trust: of one federation
 * @pem: one certificate or more, each an authority's
 * @len: octets of @pem
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err; nothing was added then.
 */
int qf_trust_anchor(struct qf_trust *trust, const char *pem, size_t len, struct qn_error *err);

/**
 * qf_trust_revoke() - take no certificate of this key, nor any that it signed
 * @trust: of one federation
 * @key: as in struct qf_cert, from the member list
 *
 * It is the key that is revoked: the signature on a certificate can be spelt in
 * more than one way by anybody, and its fingerprint changes with it.
 */
void qf_trust_revoke(struct qf_trust *trust, const uint8_t key[QF_PRINT_OCTETS]);

/**
 * struct qf_shown - a chain that somebody showed in a handshake
 * @chain: DER, the office's own certificate first, as gnutls_certificate_get_peers() has it
 * @count: of @chain
 * @use: what it was shown as
 * @host: QF_SERVER: name or address that was asked for; NULL for any
 * @now: microseconds UTC
 */
struct qf_shown {
	const gnutls_datum_t *chain;
	unsigned int count;
	enum qf_cert_use use;
	const char *host;
	int64_t now;
};

/**
 * qf_cert_verify() - is this a certificate of the federation, good now, for this?
 * @trust: of the federation
 * @shown: what somebody showed
 * @cert: filled in with what is known of the office's certificate
 * @problem: QF_UNAUTHENTICATED, and why
 *
 * That it is the certificate of a member is not known thereby: the caller
 * looks up @cert->print in the membership records.
 *
 * Return: 0, or -1 with @problem.
 */
int qf_cert_verify(const struct qf_trust *trust, const struct qf_shown *shown, struct qf_cert *cert,
		   struct qf_problem *problem);

/**
 * qf_cert_describe() - what a certificate says that nobody vouches for
 * @der: a certificate, of an applicant for instance
 * @now: microseconds UTC
 * @cert: filled in
 * @problem: QF_UNAUTHENTICATED: weak, not valid now, or no certificate
 *
 * Return: 0, or -1 with @problem.
 */
int qf_cert_describe(const gnutls_datum_t *der, int64_t now, struct qf_cert *cert,
		     struct qf_problem *problem);

/* Fingerprints as text, and back: 64 digits, a to f small. */
void qf_print_text(char text[QF_PRINT_TEXT], const uint8_t print[QF_PRINT_OCTETS]);
int qf_print_parse(uint8_t print[QF_PRINT_OCTETS], const char *text);

#endif
