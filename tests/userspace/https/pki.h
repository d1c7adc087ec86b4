/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorities and certificates, good and bad, made while a test runs. */
#ifndef TEST_PKI_H
#define TEST_PKI_H

#include <time.h>

#include <gnutls/x509.h>

struct authority {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

struct cert {
	gnutls_datum_t chain; /* PEM */
	gnutls_datum_t key;
};

/* A test goes no further without its certificates: these exit if they fail. */
void authority_new(struct authority *authority, const char *name);
void authority_free(struct authority *authority);

/* For NAME, as organisation and as DNS name, valid from and to seconds from now. */
void cert_new(struct cert *cert, const struct authority *authority, const char *name, long from,
	      long to);
void cert_free(struct cert *cert);

/* The common name in a DER certificate that AUTHORITY signed and that is valid now; or why not. */
const char *cert_check(const struct authority *authority, const gnutls_datum_t *der, char *name,
		       size_t size);

#endif
