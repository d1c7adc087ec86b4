// SPDX-License-Identifier: GPL-2.0-or-later
/* Test federations. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <jansson.h>

#include "testfed.h"

#define DAY	86400
#define EARLIER 300 /* seconds: clocks of members may be a little behind */

static const char notice[] =
	"This is a test federation, made by \"qkdnfctl federation init\". NOT FOR PRODUCTION.\n"
	"\n"
	"The secret keys of its authority and of all its members lie here together, so whoever\n"
	"reads this directory can speak for any of them. In production each provider makes its\n"
	"own keys and shows nobody the secret ones, and the authority's are kept off line.\n"
	"\n"
	"  anchor/anchor.pem     the authority's certificate: what members trust\n"
	"  anchor/anchor.key     its secret key\n"
	"  members/NAME/tls.pem  certificate of the office of NAME, for both ends of TLS\n"
	"  members/NAME/tls.key  its secret key\n"
	"  members/NAME/signing.key  Ed25519: signs what binds NAME\n"
	"  members/NAME/signing.pub  the same, public\n"
	"  federation.json       names, numbers, hosts and fingerprints of them\n";

/**
 * struct maker - what is being made
 * @fed: what was asked for
 * @dir: where it is made
 * @anchor: certificate of the authority
 * @anchor_key: its key
 * @begins: certificates are valid from
 * @err: what went wrong
 */
struct maker {
	struct testfed *fed;
	int dir;
	gnutls_x509_crt_t anchor;
	gnutls_x509_privkey_t anchor_key;
	time_t begins;
	struct qn_error *err;
};

static int library(struct maker *m, const char *what, int ret)
{
	return qn_fail(m->err, "cannot make %s: %s", what, gnutls_strerror(ret));
}

static int put(struct maker *m, const char *path, const void *data, size_t len)
{
	int fd = openat(m->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	const char *at = data;

	if (fd < 0)
		return qn_fail_errno(m->err, errno, "cannot make %s", path);
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			qn_fail_errno(m->err, n ? errno : ENOSPC, "cannot write %s", path);
			close(fd);
			return -1;
		}
		at += n;
		len -= (size_t)n;
	}
	if (close(fd))
		return qn_fail_errno(m->err, errno, "cannot write %s", path);
	return 0;
}

static int make_dir(struct maker *m, const char *path)
{
	if (mkdirat(m->dir, path, 0700))
		return qn_fail_errno(m->err, errno, "cannot make directory %s", path);
	return 0;
}

static int put_key(struct maker *m, const char *path, gnutls_x509_privkey_t key)
{
	gnutls_datum_t pem = { 0 };
	int ret = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						    GNUTLS_PKCS_PLAIN, &pem);

	if (ret < 0)
		return library(m, path, ret);
	ret = put(m, path, pem.data, pem.size);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return ret;
}

static int put_certificate(struct maker *m, const char *path, gnutls_x509_crt_t crt,
			   uint8_t print[QF_PRINT_OCTETS])
{
	size_t size = QF_PRINT_OCTETS;
	gnutls_datum_t pem = { 0 };
	int ret = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

	if (ret >= 0)
		ret = gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, print, &size);
	if (ret < 0) {
		gnutls_free(pem.data);
		return library(m, path, ret);
	}
	ret = put(m, path, pem.data, pem.size);
	gnutls_free(pem.data);
	return ret;
}

/* What the authority's and the members' have in common. */
static int fill(struct maker *m, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
		const char *common_name)
{
	uint8_t serial[16], id[64];
	size_t size = sizeof(id);
	int ret = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	/* Positive, and of the same length each time. */
	serial[0] = (serial[0] & 0x7f) | 0x40;
	if (ret >= 0)
		ret = gnutls_x509_crt_set_version(crt, 3);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (ret >= 0)
		ret = gnutls_x509_crt_set_activation_time(crt, m->begins);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_expiration_time(crt, m->begins + EARLIER +
								       (time_t)m->fed->days * DAY);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0,
						    QF_TEST_MARK, strlen(QF_TEST_MARK));
	if (ret >= 0)
		ret = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
						    common_name, (unsigned int)strlen(common_name));
	if (ret >= 0)
		ret = gnutls_x509_crt_set_key(crt, key);
	if (ret >= 0)
		ret = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_subject_key_id(crt, id, size);
	return ret;
}

static int name_hosts(gnutls_x509_crt_t crt, const struct testfed_member *member)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < member->host_count && ret >= 0; i++) {
		const char *host = member->hosts[i];
		gnutls_x509_subject_alt_name_t type = GNUTLS_SAN_IPADDRESS;
		unsigned char addr[16];
		const void *data = addr;
		unsigned int len;

		if (inet_pton(AF_INET, host, addr) == 1) {
			len = 4;
		} else if (inet_pton(AF_INET6, host, addr) == 1) {
			len = 16;
		} else {
			type = GNUTLS_SAN_DNSNAME;
			data = host;
			len = (unsigned int)strlen(host);
		}
		ret = gnutls_x509_crt_set_subject_alt_name(crt, type, data, len,
							   GNUTLS_FSAN_APPEND);
	}
	return ret;
}

static int sign_anchor(struct maker *m)
{
	int ret = gnutls_x509_crt_set_basic_constraints(m->anchor, 1, 0);

	if (ret >= 0)
		ret = gnutls_x509_crt_set_key_usage(m->anchor,
						    GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (ret >= 0)
		ret = gnutls_x509_crt_sign2(m->anchor, m->anchor, m->anchor_key, GNUTLS_DIG_SHA256,
					    0);
	return ret;
}

static int sign_member(struct maker *m, gnutls_x509_crt_t crt, const struct testfed_member *member)
{
	uint8_t id[64];
	size_t size = sizeof(id);
	int ret = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);

	if (ret >= 0)
		ret = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (ret >= 0)
		ret = name_hosts(crt, member);
	if (ret >= 0)
		ret = gnutls_x509_crt_get_subject_key_id(m->anchor, id, &size, NULL);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_authority_key_id(crt, id, size);
	if (ret >= 0)
		ret = gnutls_x509_crt_sign2(crt, m->anchor, m->anchor_key, GNUTLS_DIG_SHA256, 0);
	return ret;
}

static int new_pair(gnutls_x509_crt_t *crt, gnutls_x509_privkey_t *key)
{
	int ret = gnutls_x509_crt_init(crt);

	if (ret >= 0)
		ret = gnutls_x509_privkey_init(key);
	/* P-256, which every TLS library takes. */
	if (ret >= 0)
		ret = gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA,
						   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						   0);
	return ret;
}

static int make_anchor(struct maker *m)
{
	char name[TESTFED_NAME + 16];
	int ret = new_pair(&m->anchor, &m->anchor_key);

	snprintf(name, sizeof(name), "%s anchor", m->fed->name);
	if (ret >= 0)
		ret = fill(m, m->anchor, m->anchor_key, name);
	if (ret >= 0)
		ret = sign_anchor(m);
	if (ret < 0)
		return library(m, "the authority's certificate", ret);
	if (make_dir(m, "anchor") || put_key(m, "anchor/anchor.key", m->anchor_key))
		return -1;
	return put_certificate(m, "anchor/anchor.pem", m->anchor, m->fed->print);
}

static int make_tls(struct maker *m, struct testfed_member *member)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t key = NULL;
	char path[TESTFED_NAME + 32];
	int ret = new_pair(&crt, &key);

	if (ret >= 0)
		ret = fill(m, crt, key, member->name);
	if (ret >= 0)
		ret = sign_member(m, crt, member);
	if (ret < 0) {
		library(m, "a member's certificate", ret);
	} else {
		snprintf(path, sizeof(path), "members/%s/tls.key", member->name);
		ret = put_key(m, path, key);
		snprintf(path, sizeof(path), "members/%s/tls.pem", member->name);
		if (!ret)
			ret = put_certificate(m, path, crt, member->print);
	}
	if (key)
		gnutls_x509_privkey_deinit(key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return ret < 0 ? -1 : 0;
}

static int make_signing(struct maker *m, struct testfed_member *member)
{
	struct qf_signer *signer = qf_signer_make(m->err);
	char path[TESTFED_NAME + 32], *secret = NULL, *public = NULL;
	int ret = -1;

	if (!signer)
		return -1;
	secret = qf_signer_pem(signer, m->err);
	public = secret ? qf_public_pem(qf_signer_public(signer), m->err) : NULL;
	if (public) {
		snprintf(path, sizeof(path), "members/%s/signing.key", member->name);
		ret = put(m, path, secret, strlen(secret));
		snprintf(path, sizeof(path), "members/%s/signing.pub", member->name);
		if (!ret)
			ret = put(m, path, public, strlen(public));
		qf_public_kid(member->kid, qf_signer_public(signer));
	}
	qf_secret_free(secret);
	free(public);
	qf_signer_free(signer);
	return ret;
}

static int put_list(struct maker *m)
{
	struct testfed *fed = m->fed;
	json_t *members = json_array();
	char print[QF_PRINT_TEXT], *text;
	unsigned int i, j;
	int ret;

	for (i = 0; i < fed->count; i++) {
		const struct testfed_member *member = &fed->members[i];
		json_t *hosts = json_array();

		for (j = 0; j < member->host_count; j++)
			json_array_append_new(hosts, json_string(member->hosts[j]));
		qf_print_text(print, member->print);
		json_array_append_new(members,
				      json_pack("{s:s, s:I, s:o, s:s, s:s}", "name", member->name,
						"provider", (json_int_t)member->provider, "hosts",
						hosts, "certificate", print, "signing_key",
						member->kid));
	}
	qf_print_text(print, fed->print);
	fed->list = json_pack("{s:s, s:b, s:s, s:s, s:o}", "federation", fed->name, "test", 1,
			      "note", QF_TEST_MARK, "anchor", print, "members", members);
	text = json_dumps(fed->list, JSON_INDENT(2));
	ret = put(m, "federation.json", text, strlen(text));
	free(text);
	return ret;
}

static int make_all(struct maker *m)
{
	struct testfed *fed = m->fed;
	char path[TESTFED_NAME + 32];
	unsigned int i;

	if (put(m, "NOT-FOR-PRODUCTION", notice, strlen(notice)) || make_anchor(m) ||
	    make_dir(m, "members"))
		return -1;
	for (i = 0; i < fed->count; i++) {
		if (fed->progress)
			fed->progress(fed, i);
		snprintf(path, sizeof(path), "members/%s", fed->members[i].name);
		if (make_dir(m, path) || make_tls(m, &fed->members[i]) ||
		    make_signing(m, &fed->members[i]))
			return -1;
	}
	if (fed->progress)
		fed->progress(fed, fed->count);
	return put_list(m);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int put_in_place(const char *from, const char *directory, struct qn_error *err)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, directory, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return qn_fail(err, "%s is there already: name another directory, or remove it",
			       directory);
	return qn_fail_errno(err, errno, "cannot make %s", directory);
}

int testfed_make(struct testfed *fed, const char *directory, struct qn_error *err)
{
	struct maker m = { .fed = fed, .begins = time(NULL) - EARLIER, .err = err };
	char *work;
	struct stat st;
	int ret = -1;

	if (!lstat(directory, &st))
		return qn_fail(err, "%s is there already: name another directory, or remove it",
			       directory);
	work = qn_asprintf("%s.XXXXXX", directory);
	if (!mkdtemp(work)) {
		qn_fail_errno(err, errno, "cannot make a directory beside %s", directory);
		free(work);
		return -1;
	}
	m.dir = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (m.dir < 0)
		qn_fail_errno(err, errno, "cannot open %s", work);
	else if (!make_all(&m))
		ret = put_in_place(work, directory, err);
	if (ret)
		nftw(work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (m.anchor)
		gnutls_x509_crt_deinit(m.anchor);
	if (m.anchor_key)
		gnutls_x509_privkey_deinit(m.anchor_key);
	if (m.dir >= 0)
		close(m.dir);
	free(work);
	return ret;
}
