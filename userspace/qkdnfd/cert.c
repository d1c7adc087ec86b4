// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates of offices. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "cert.h"
#include "clock.h"
#include "doc.h"
#include "utf8.h"

#define DER_MAX 16384

/* 128 bits: RSA of 3072 bits, P-256, Ed25519, SHA-256. What is less is weak. */
#define STRENGTH GNUTLS_SEC_PARAM_HIGH

/*
 * The time is ours to check, against a clock that the caller gives, of the
 * anchor too. Revocation is by the member list, not by lists of an authority.
 */
#define FLAGS                                                                                \
	(GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_HIGH) | GNUTLS_VERIFY_DISABLE_TIME_CHECKS | \
	 GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_CRL_CHECKS |      \
	 GNUTLS_VERIFY_DO_NOT_ALLOW_UNSORTED_CHAIN)

/**
 * struct qf_trust - what one federation trusts
 * @federation: its name, for errors
 * @anchors: the library's list of them
 * @revoked: keys that are not taken
 * @revoked_count: of them
 */
struct qf_trust {
	char *federation;
	gnutls_x509_trust_list_t anchors;
	uint8_t (*revoked)[QF_PRINT_OCTETS];
	size_t revoked_count;
};

/* A certificate and where it is in the chain, for errors. */
struct link {
	gnutls_x509_crt_t crt;
	const char *what;
};

static const char *const places[] = { "the certificate", "the authority's certificate" };

static int refused(struct qf_problem *problem, const struct link *link, const char *why)
{
	return qf_problem(problem, QF_UNAUTHENTICATED, "%s %s", link->what, why);
}

struct qf_trust *qf_trust_new(const char *federation)
{
	struct qf_trust *trust = qn_alloc(sizeof(*trust));

	trust->federation = qn_strdup(federation);
	if (gnutls_x509_trust_list_init(&trust->anchors, 0) < 0)
		abort(); /* out of memory */
	return trust;
}

void qf_trust_free(struct qf_trust *trust)
{
	if (!trust)
		return;
	gnutls_x509_trust_list_deinit(trust->anchors, 1);
	free(trust->revoked);
	free(trust->federation);
	free(trust);
}

static bool strong(gnutls_x509_crt_t crt)
{
	unsigned int bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	return algorithm >= 0 && gnutls_pk_bits_to_sec_param(algorithm, bits) >= STRENGTH;
}

static int anchor_good(gnutls_x509_crt_t crt, struct qn_error *err)
{
	unsigned int critical, usage = 0;

	if (gnutls_x509_crt_get_version(crt) != 3 ||
	    gnutls_x509_crt_get_ca_status(crt, &critical) <= 0 ||
	    gnutls_x509_crt_get_key_usage(crt, &usage, &critical) < 0 ||
	    !(usage & GNUTLS_KEY_KEY_CERT_SIGN))
		return qn_fail(err,
			       "an anchor has to be an authority's certificate (version 3, CA:TRUE, keyCertSign)");
	if (!strong(crt))
		return qn_fail(err,
			       "an anchor with a weak key: at least P-256, Ed25519 or RSA of 3072 bits");
	return 0;
}

int qf_trust_anchor(struct qf_trust *trust, const char *pem, size_t len, struct qn_error *err)
{
	const gnutls_datum_t text = { .data = (void *)pem, .size = (unsigned int)len };
	gnutls_x509_crt_t *crts = NULL;
	unsigned int count = 0, i;
	int ret;

	ret = gnutls_x509_crt_list_import2(&crts, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (ret < 0)
		return qn_fail(err, "no certificate in PEM: %s", gnutls_strerror(ret));
	for (i = 0; i < count; i++) {
		if (anchor_good(crts[i], err))
			goto refused;
	}
	/* The list takes each of them over, and drops what it has already. */
	ret = gnutls_x509_trust_list_add_cas(trust->anchors, crts, count, GNUTLS_TL_NO_DUPLICATES);
	gnutls_free(crts);
	if (ret < 0)
		return qn_fail(err, "cannot trust an anchor: %s", gnutls_strerror(ret));
	return 0;
refused:
	for (i = 0; i < count; i++)
		gnutls_x509_crt_deinit(crts[i]);
	gnutls_free(crts);
	return -1;
}

void qf_trust_revoke(struct qf_trust *trust, const uint8_t key[QF_PRINT_OCTETS])
{
	trust->revoked =
		qn_realloc(trust->revoked, (trust->revoked_count + 1) * sizeof(*trust->revoked));
	memcpy(trust->revoked[trust->revoked_count++], key, QF_PRINT_OCTETS);
}

static bool revoked(const struct qf_trust *trust, const uint8_t key[QF_PRINT_OCTETS])
{
	size_t i;

	for (i = 0; i < trust->revoked_count; i++) {
		if (!memcmp(trust->revoked[i], key, QF_PRINT_OCTETS))
			return true;
	}
	return false;
}

static int key_print(gnutls_x509_crt_t crt, uint8_t key[QF_PRINT_OCTETS])
{
	size_t size = QF_PRINT_OCTETS;

	return gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, key, &size) < 0 ? -1 : 0;
}

static bool marked(gnutls_x509_crt_t crt)
{
	char text[128];
	size_t size = sizeof(text);

	return gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, 0, text,
					     &size) >= 0 &&
	       size == strlen(QF_TEST_MARK) && !memcmp(text, QF_TEST_MARK, size);
}

static int import(const gnutls_datum_t *der, struct link *link, struct qf_problem *problem)
{
	int ret = GNUTLS_E_ASN1_DER_ERROR;

	link->crt = NULL;
	if (der->size <= DER_MAX && gnutls_x509_crt_init(&link->crt) >= 0) {
		ret = gnutls_x509_crt_import(link->crt, der, GNUTLS_X509_FMT_DER);
		if (ret >= 0)
			return 0;
		gnutls_x509_crt_deinit(link->crt);
		link->crt = NULL;
	}
	return refused(problem, link, "cannot be read");
}

/* Valid now? Narrows @cert's time to that of this one. */
static int in_time(const struct link *link, int64_t now, struct qf_cert *cert,
		   struct qf_problem *problem)
{
	int64_t begins = gnutls_x509_crt_get_activation_time(link->crt) * QF_SECOND;
	int64_t ends = gnutls_x509_crt_get_expiration_time(link->crt) * QF_SECOND;
	char text[QF_TIME_TEXT] = "the beginning of time";

	if (begins < 0 || ends < 0)
		return refused(problem, link, "has no time that can be read");
	if (now < begins) {
		qf_time_format(text, begins);
		return qf_problem(problem, QF_UNAUTHENTICATED, "%s is not valid before %s",
				  link->what, text);
	}
	if (now > ends) {
		qf_time_format(text, ends);
		return qf_problem(problem, QF_UNAUTHENTICATED, "%s expired at %s: renew it",
				  link->what, text);
	}
	if (begins > cert->begins)
		cert->begins = begins;
	if (!cert->ends || ends < cert->ends)
		cert->ends = ends;
	return 0;
}

static int describe(const struct link *link, const gnutls_datum_t *der, struct qf_cert *cert,
		    struct qf_problem *problem)
{
	gnutls_datum_t name = { 0 };

	memset(cert, 0, sizeof(*cert));
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, cert->print) < 0 ||
	    key_print(link->crt, cert->key) || gnutls_x509_crt_get_dn3(link->crt, &name, 0) < 0)
		return refused(problem, link, "cannot be read");
	qf_utf8_clean(cert->subject, sizeof(cert->subject), (char *)name.data, name.size);
	gnutls_free(name.data);
	return 0;
}

int qf_cert_describe(const gnutls_datum_t *der, int64_t now, struct qf_cert *cert,
		     struct qf_problem *problem)
{
	struct link link = { .what = places[0] };
	int ret = -1;

	if (import(der, &link, problem))
		return -1;
	if (describe(&link, der, cert, problem) || in_time(&link, now, cert, problem))
		goto out;
	cert->test = marked(link.crt);
	if (strong(link.crt))
		ret = 0;
	else
		refused(problem, &link,
			"has a weak key: at least P-256, Ed25519 or RSA of 3072 bits");
out:
	gnutls_x509_crt_deinit(link.crt);
	return ret;
}

/* What the library found, the most telling first. */
static int explain(const struct qf_trust *trust, unsigned int status, struct qf_problem *problem)
{
	static const struct {
		unsigned int bit;
		const char *why;
	} reasons[] = {
		{ GNUTLS_CERT_INSECURE_ALGORITHM,
		  "has a weak key or signature: P-256, Ed25519, RSA of 3072 bits, SHA-256" },
		{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
		  "has a critical extension that is not known" },
		{ GNUTLS_CERT_PURPOSE_MISMATCH, "is not for this end of a connection" },
		{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
		  "is outside what its authority may sign (path length, names)" },
		{ GNUTLS_CERT_SIGNER_NOT_CA, "is signed by one who is not an authority" },
		{ GNUTLS_CERT_SIGNATURE_FAILURE, "has a signature that does not fit" },
	};
	const struct link link = { .what = places[0] };
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(reasons); i++) {
		if (status & reasons[i].bit)
			return refused(problem, &link, reasons[i].why);
	}
	return qf_problem(problem, QF_UNAUTHENTICATED,
			  "the certificate is not signed by the authority of federation %s",
			  trust->federation);
}

static int check_purpose(const struct link *link, enum qf_cert_use use, struct qf_problem *problem)
{
	const char *want = use == QF_CLIENT ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER;
	unsigned int critical, usage = 0, i;
	char oid[64];
	size_t size;
	int ret;

	if (gnutls_x509_crt_get_version(link->crt) != 3)
		return refused(problem, link, "is not of version 3");
	if (gnutls_x509_crt_get_ca_status(link->crt, &critical) > 0)
		return refused(problem, link, "is an authority's: an office needs one of its own");
	if (gnutls_x509_crt_get_key_usage(link->crt, &usage, &critical) < 0 ||
	    !(usage & GNUTLS_KEY_DIGITAL_SIGNATURE))
		return refused(problem, link, "is not for signatures (key usage digitalSignature)");
	/* No list of purposes would mean any; "any" in it likewise: neither will do. */
	for (i = 0;; i++) {
		size = sizeof(oid);
		ret = gnutls_x509_crt_get_key_purpose_oid(link->crt, (int)i, oid, &size, &critical);
		if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (ret >= 0 && !strcmp(oid, want))
			return 0;
		if (ret < 0 && ret != GNUTLS_E_SHORT_MEMORY_BUFFER)
			break;
	}
	return refused(problem, link,
		       use == QF_CLIENT ? "is not for clients (extended key usage clientAuth)" :
					  "is not for servers (extended key usage serverAuth)");
}

static int check_host(const struct link *link, const char *host, struct qf_problem *problem)
{
	unsigned char name[256];
	size_t size = sizeof(name);
	int ret = gnutls_x509_crt_get_subject_alt_name(link->crt, 0, name, &size, NULL);

	/* Without alternative names the library would look at the common name. */
	if ((ret >= 0 || ret == GNUTLS_E_SHORT_MEMORY_BUFFER) &&
	    gnutls_x509_crt_check_hostname2(link->crt, host, GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS))
		return 0;
	return qf_problem(problem, QF_UNAUTHENTICATED,
			  "%s is not that of %s (subject alternative name)", link->what, host);
}

static int check_trust(const struct qf_trust *trust, gnutls_x509_crt_t *crts, unsigned int count,
		       enum qf_cert_use use, struct qf_problem *problem)
{
	const char *purpose = use == QF_CLIENT ? GNUTLS_KP_TLS_WWW_CLIENT :
						 GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st want = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)purpose,
	};
	unsigned int status = 0;
	int ret = gnutls_x509_trust_list_verify_crt2(trust->anchors, crts, count, &want, 1, FLAGS,
						     &status, NULL);

	if (ret < 0)
		return qf_problem(problem, QF_UNAUTHENTICATED,
				  "the certificate cannot be verified: %s", gnutls_strerror(ret));
	return status ? explain(trust, status, problem) : 0;
}

/* Time, revocation and mark of one of them, the anchor included. */
static int check_link(const struct qf_trust *trust, const struct link *link, int64_t now,
		      struct qf_cert *cert, struct qf_problem *problem)
{
	uint8_t key[QF_PRINT_OCTETS];

	if (key_print(link->crt, key))
		return refused(problem, link, "has a key that cannot be read");
	if (revoked(trust, key))
		return refused(problem, link, "is revoked");
	cert->test |= marked(link->crt);
	return in_time(link, now, cert, problem);
}

static int check_all(const struct qf_trust *trust, const struct qf_shown *shown,
		     const struct link *links, struct qf_cert *cert, struct qf_problem *problem)
{
	gnutls_x509_crt_t crts[QF_CHAIN_MAX];
	struct link anchor = { .what = places[1] };
	unsigned int i;
	int ret;

	for (i = 0; i < shown->count; i++)
		crts[i] = links[i].crt;
	/* The library may cut the list short: ours says what was shown. */
	if (describe(&links[0], &shown->chain[0], cert, problem) ||
	    check_trust(trust, crts, shown->count, shown->use, problem))
		return -1;
	for (i = 0; i < shown->count; i++) {
		if (check_link(trust, &links[i], shown->now, cert, problem))
			return -1;
	}
	/* An anchor need not be shown. The library found one, or we would not be here. */
	if (gnutls_x509_trust_list_get_issuer(trust->anchors, links[shown->count - 1].crt,
					      &anchor.crt, GNUTLS_TL_GET_COPY) < 0)
		return qf_problem(problem, QF_UNAUTHENTICATED,
				  "what follows the certificate does not end at the authority of federation %s",
				  trust->federation);
	ret = check_link(trust, &anchor, shown->now, cert, problem);
	gnutls_x509_crt_deinit(anchor.crt);
	if (ret || check_purpose(&links[0], shown->use, problem))
		return -1;
	if (shown->use == QF_SERVER && shown->host)
		return check_host(&links[0], shown->host, problem);
	return 0;
}

int qf_cert_verify(const struct qf_trust *trust, const struct qf_shown *shown, struct qf_cert *cert,
		   struct qf_problem *problem)
{
	struct link links[QF_CHAIN_MAX];
	unsigned int count = 0;
	int ret = -1;

	if (!shown->count)
		return qf_problem(problem, QF_UNAUTHENTICATED, "no certificate was shown");
	if (shown->count > QF_CHAIN_MAX)
		return qf_problem(problem, QF_UNAUTHENTICATED,
				  "a chain of more than %d certificates", QF_CHAIN_MAX);
	while (count < shown->count) {
		links[count].what = places[count > 0];
		if (import(&shown->chain[count], &links[count], problem))
			goto out;
		count++;
	}
	ret = check_all(trust, shown, links, cert, problem);
out:
	while (count)
		gnutls_x509_crt_deinit(links[--count].crt);
	return ret;
}

void qf_print_text(char text[QF_PRINT_TEXT], const uint8_t print[QF_PRINT_OCTETS])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < QF_PRINT_OCTETS; i++) {
		text[2 * i] = digits[print[i] >> 4];
		text[2 * i + 1] = digits[print[i] & 15];
	}
	text[2 * i] = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int qf_print_parse(uint8_t print[QF_PRINT_OCTETS], const char *text)
{
	size_t i;

	if (strlen(text) != 2 * QF_PRINT_OCTETS)
		return -1;
	for (i = 0; i < QF_PRINT_OCTETS; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		print[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
