// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki.h"

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "no certificates: %s\n", gnutls_strerror(ret));
	exit(1);
}

static void make(gnutls_x509_crt_t *crt, gnutls_x509_privkey_t *key, const char *name, long from,
		 long to)
{
	static unsigned int serial;
	unsigned char number[4] = { 1, ++serial >> 16, serial >> 8, serial };

	must(gnutls_x509_privkey_init(key));
	must(gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA,
					  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(crt));
	must(gnutls_x509_crt_set_version(*crt, 3));
	must(gnutls_x509_crt_set_serial(*crt, number, sizeof(number)));
	must(gnutls_x509_crt_set_activation_time(*crt, time(NULL) + from));
	must(gnutls_x509_crt_set_expiration_time(*crt, time(NULL) + to));
	must(gnutls_x509_crt_set_dn_by_oid(*crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					   strlen(name)));
	must(gnutls_x509_crt_set_key(*crt, *key));
}

void authority_new(struct authority *authority, const char *name)
{
	gnutls_datum_t der;

	make(&authority->crt, &authority->key, name, -100000, 100000);
	must(gnutls_x509_crt_set_basic_constraints(authority->crt, 1, -1));
	must(gnutls_x509_crt_set_key_usage(authority->crt, GNUTLS_KEY_KEY_CERT_SIGN));
	must(gnutls_x509_crt_sign2(authority->crt, authority->crt, authority->key,
				   GNUTLS_DIG_SHA256, 0));
	/* GnuTLS compares names as they were read, and this one was not. */
	must(gnutls_x509_crt_export2(authority->crt, GNUTLS_X509_FMT_DER, &der));
	gnutls_x509_crt_deinit(authority->crt);
	must(gnutls_x509_crt_init(&authority->crt));
	must(gnutls_x509_crt_import(authority->crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
}

void authority_free(struct authority *authority)
{
	gnutls_x509_crt_deinit(authority->crt);
	gnutls_x509_privkey_deinit(authority->key);
}

void cert_new(struct cert *cert, const struct authority *authority, const char *name, long from,
	      long to)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;

	make(&crt, &key, name, from, to);
	must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, strlen(name),
						  GNUTLS_FSAN_SET));
	must(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE));
	must(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0));
	must(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0));
	must(gnutls_x509_crt_sign2(crt, authority->crt, authority->key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert->chain));
	must(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &cert->key));
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

void cert_free(struct cert *cert)
{
	gnutls_free(cert->chain.data);
	gnutls_free(cert->key.data);
}

const char *cert_check(const struct authority *authority, const gnutls_datum_t *der, char *name,
		       size_t size)
{
	gnutls_x509_crt_t crt, anchor = authority->crt;
	const char *why = NULL;
	unsigned int status;

	if (gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0)
		return "no certificate";
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) < 0)
		why = "without a name";
	else if (gnutls_x509_crt_list_verify(&crt, 1, &anchor, 1, NULL, 0, 0, &status) < 0)
		why = "cannot be verified";
	else if (status & GNUTLS_CERT_EXPIRED)
		why = "expired";
	else if (status & GNUTLS_CERT_NOT_ACTIVATED)
		why = "not valid yet";
	else if (status)
		why = "of another federation";
	gnutls_x509_crt_deinit(crt);
	return why;
}
