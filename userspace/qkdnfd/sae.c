// SPDX-License-Identifier: GPL-2.0-or-later
/* The application that a certificate is of. */
#include <string.h>

#include <gnutls/x509.h>

#include "sae.h"

#define NAME_MAX_OCTETS 2048

const char *const qf_sae_places[] = { "cn", "dns", "uri", "serial", NULL };

static const char *const called[] = { "common name", "DNS name", "URI", "serial number" };

static int refused(const struct qf_sae_rule *rule, const char *why, struct qf_problem *problem)
{
	return qf_problem(problem, QF_UNAUTHENTICATED,
			  "the certificate's %s, which has to be the id of the application, %s",
			  called[rule->place], why);
}

/* The @n-th name of the subject. Returns octets, 0 if there is none, -1 if it is too long. */
static int of_subject(gnutls_x509_crt_t crt, const char *oid, unsigned int n, char *name)
{
	size_t size = NAME_MAX_OCTETS;
	int ret = gnutls_x509_crt_get_dn_by_oid(crt, oid, n, 0, name, &size);

	if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	return ret < 0 ? -1 : (int)size;
}

/* The @n-th alternative name of a type, likewise. */
static int of_alternatives(gnutls_x509_crt_t crt, unsigned int type, unsigned int n, char *name)
{
	unsigned int i, critical;

	for (i = 0;; i++) {
		size_t size = NAME_MAX_OCTETS;
		int ret = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, &critical);

		if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (ret == GNUTLS_E_SHORT_MEMORY_BUFFER) {
			/* Of which type, it does not say: it may be ours. */
			return -1;
		}
		if (ret < 0)
			return -1;
		if ((unsigned int)ret == type && !n--)
			return (int)size;
	}
}

static int name_of(gnutls_x509_crt_t crt, enum qf_sae_place place, unsigned int n, char *name)
{
	switch (place) {
	case QF_SAE_CN:
		return of_subject(crt, GNUTLS_OID_X520_COMMON_NAME, n, name);
	case QF_SAE_DNS:
		return of_alternatives(crt, GNUTLS_SAN_DNSNAME, n, name);
	case QF_SAE_URI:
		return of_alternatives(crt, GNUTLS_SAN_URI, n, name);
	case QF_SAE_SERIAL:
		return of_subject(crt, "2.5.4.5", n, name);
	}
	return -1;
}

static int read_id(gnutls_x509_crt_t crt, const struct qf_sae_rule *rule, char *id,
		   struct qf_problem *problem)
{
	char name[NAME_MAX_OCTETS + 1], other[NAME_MAX_OCTETS + 1];
	size_t prefix = strlen(rule->prefix);
	int len = name_of(crt, rule->place, 0, name);

	if (!len)
		return refused(rule, "is not there", problem);
	if (len < 0)
		return refused(rule, "is too long, or cannot be read", problem);
	if (name_of(crt, rule->place, 1, other))
		return refused(rule, "is there twice", problem);
	name[len] = 0;
	if (memchr(name, 0, len))
		return refused(rule, "has a zero octet in it", problem);
	if (strncmp(name, rule->prefix, prefix))
		return refused(rule, "does not begin as is configured", problem);
	if (!qf_014_sae_id(name + prefix))
		return refused(rule, "is no id: 1 to 64 letters, digits and -._~:@", problem);
	strcpy(id, name + prefix);
	return 0;
}

int qf_sae_of(const gnutls_datum_t *der, const struct qf_sae_rule *rule,
	      char id[QF_014_SAE_MAX + 1], struct qf_problem *problem)
{
	gnutls_x509_crt_t crt;
	int ret = -1;

	if (gnutls_x509_crt_init(&crt) < 0)
		return qf_problem(problem, QF_INTERNAL, "out of memory");
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0)
		qf_problem(problem, QF_UNAUTHENTICATED, "the certificate cannot be read");
	else
		ret = read_id(crt, rule, id, problem);
	gnutls_x509_crt_deinit(crt);
	return ret;
}
