// SPDX-License-Identifier: GPL-2.0-or-later
/* The names that we answer to, and our certificate under each. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "https-parts.h"

#define CHAIN_MAX 8

struct name {
	char *name;
	gnutls_pcert_st certs[CHAIN_MAX];
	unsigned int n_certs;
	gnutls_privkey_t key;
};

struct qf_names {
	struct qf_names *older;
	int64_t until; /* once retired: when no handshake can use it any more */
	size_t n;
	struct name names[];
};

void qf_names_free(struct qf_names *names)
{
	unsigned int j;
	size_t i;

	if (!names)
		return;
	for (i = 0; i < names->n; i++) {
		for (j = 0; j < names->names[i].n_certs; j++)
			gnutls_pcert_deinit(&names->names[i].certs[j]);
		if (names->names[i].key)
			gnutls_privkey_deinit(names->names[i].key);
		free(names->names[i].name);
	}
	free(names);
}

/* Does the key fit the certificate? */
static bool fits(const struct name *name)
{
	unsigned char mine[64], theirs[64];
	size_t n_mine = sizeof(mine), n_theirs = sizeof(theirs);
	gnutls_pubkey_t public;
	bool same = false;

	if (gnutls_pubkey_init(&public) < 0)
		return false;
	if (!gnutls_pubkey_import_privkey(public, name->key, 0, 0) &&
	    !gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, mine, &n_mine) &&
	    !gnutls_pubkey_get_key_id(name->certs[0].pubkey, GNUTLS_KEYID_USE_SHA256, theirs,
				      &n_theirs))
		same = n_mine == n_theirs && !memcmp(mine, theirs, n_mine);
	gnutls_pubkey_deinit(public);
	return same;
}

static int read_name(struct name *name, const struct qf_https_identity *identity,
		     struct qn_error *err)
{
	int ret;

	name->name = qn_strdup(identity->name);
	name->n_certs = CHAIN_MAX;
	ret = gnutls_pcert_list_import_x509_raw(name->certs, &name->n_certs, &identity->chain,
						GNUTLS_X509_FMT_PEM,
						GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	if (ret < 0) {
		name->n_certs = 0;
		return qn_fail(err,
			       "certificates of %s: %s: they have to be PEM, the one of the name first, each signed by the next, %d at most",
			       identity->name, gnutls_strerror(ret), CHAIN_MAX);
	}
	ret = gnutls_privkey_init(&name->key);
	if (ret >= 0)
		ret = gnutls_privkey_import_x509_raw(name->key, &identity->key, GNUTLS_X509_FMT_PEM,
						     NULL, 0);
	if (ret < 0)
		return qn_fail(err, "private key of %s: %s: it has to be PEM, without a passphrase",
			       identity->name, gnutls_strerror(ret));
	if (!fits(name))
		return qn_fail(err, "private key of %s: it is not the one of its first certificate",
			       identity->name);
	return 0;
}

/* All of them, or NULL with @err. */
struct qf_names *qf_names_new(const struct qf_https_identity *identities, size_t n,
			      struct qn_error *err)
{
	struct qf_names *names;
	size_t i, j;

	if (!n) {
		qn_fail(err, "no name to answer to: give at least one");
		return NULL;
	}
	names = qn_alloc(sizeof(*names) + n * sizeof(*names->names));
	for (i = 0; i < n; i++) {
		names->n++;
		if (read_name(&names->names[i], &identities[i], err) < 0)
			goto fail;
		for (j = 0; j < i; j++) {
			if (strcasecmp(names->names[j].name, names->names[i].name) != 0)
				continue;
			qn_fail(err,
				"%s is the name in two federations: a client's choice of name tells them apart, so give each its own",
				names->names[i].name);
			goto fail;
		}
	}
	return names;
fail:
	qf_names_free(names);
	return NULL;
}

int qf_https_identify(struct qf_https *server, const struct qf_https_identity *identities, size_t n,
		      struct qn_error *err)
{
	struct qf_names *names = qf_names_new(identities, n, err);

	if (!names)
		return -1;
	pthread_mutex_lock(&server->lock);
	server->names->until = qf_monotonic_ms() + 2ll * server->config.limits.handshake_ms + 1000;
	server->names->older = server->retired;
	server->retired = server->names;
	server->names = names;
	pthread_cond_signal(&server->wake);
	pthread_mutex_unlock(&server->lock);
	return 0;
}

/* Drop what no handshake can use any more. Under qf_https.lock. */
void qf_names_expire(struct qf_https *server, int64_t now)
{
	struct qf_names **at = &server->retired, *names;

	while ((names = *at)) {
		if (now < names->until) {
			at = &names->older;
			continue;
		}
		*at = names->older;
		qf_names_free(names);
	}
}

/*
 * GnuTLS wants a certificate: of the name that the client asks for, and of no
 * other, lest somebody be judged by the trust of a federation that it did not mean.
 */
int qf_names_choose(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		    gnutls_pcert_st **certs, unsigned int *n, gnutls_ocsp_data_st **ocsp,
		    unsigned int *n_ocsp, gnutls_privkey_t *key, unsigned int *flags)
{
	struct qf_conn *conn = gnutls_session_get_ptr(session);
	size_t size = sizeof(conn->name) - 1;
	struct qf_https *server = conn->server;
	struct qf_names *names;
	unsigned int type;
	int found = -1;
	size_t i;

	(void)info;
	*ocsp = NULL;
	*n_ocsp = 0;
	*flags = 0;
	memset(conn->name, 0, sizeof(conn->name));
	if (gnutls_server_name_get(session, conn->name, &size, &type, 0) < 0 ||
	    type != GNUTLS_NAME_DNS)
		return -1;
	pthread_mutex_lock(&server->lock);
	names = server->names;
	for (i = 0; found < 0 && i < names->n; i++) {
		if (strcasecmp(names->names[i].name, conn->name) != 0)
			continue;
		*certs = names->names[i].certs;
		*n = names->names[i].n_certs;
		*key = names->names[i].key;
		/* As configured, not as the client spells it. */
		strncpy(conn->name, names->names[i].name, sizeof(conn->name) - 1);
		found = 0;
	}
	pthread_mutex_unlock(&server->lock);
	return found;
}
