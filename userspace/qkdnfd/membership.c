// SPDX-License-Identifier: GPL-2.0-or-later
/* Membership records. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "base64url.h"
#include "membership.h"

static const char *const role_words[] = {
	[QF_ORDERER] = "orderer", [QF_CARRIER] = "carrier", [QF_OWNER] = "owner",
	[QF_BROKER] = "broker",	  [QF_ROLES] = NULL,
};

static const struct qf_field role_item = {
	.kind = QF_ENUM,
	.size = sizeof(int),
	.words = role_words,
};

static const struct qf_field cert_item = {
	.kind = QF_REF,
	.alphabet = QF_B64,
	.size = sizeof(char *),
	.max = QF_MEMBER_CERT_MAX,
};

static const struct qf_field key_fields[] = {
	{ .name = "x", .kind = QF_OCTETS, QF_AT(struct qf_member_key, public) },
	{ .name = "begins", .kind = QF_TIME, QF_AT(struct qf_member_key, begins) },
	{ .name = "ends", .kind = QF_TIME, QF_AT(struct qf_member_key, ends) },
	{ .name = "endorsement",
	  .kind = QF_REF,
	  .alphabet = QF_ASCII,
	  QF_AT(struct qf_member_key, endorsement),
	  .optional = true,
	  .max = 1500 },
};

static const struct qf_table key_table = QF_TABLE(struct qf_member_key, key_fields, QF_BINDING);

static const struct qf_field key_item = {
	.kind = QF_OBJECT,
	.size = sizeof(struct qf_member_key),
	.table = &key_table,
};

static const struct qf_field fields[] = {
	QF_CLAIMS(struct qf_member, claims),
	{ .name = "name", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct qf_member, name) },
	{ .name = "provider",
	  .kind = QF_INTEGER,
	  QF_AT(struct qf_member, provider),
	  .min = 1,
	  .max = UINT32_MAX },
	{ .name = "version", .kind = QF_INTEGER, QF_AT(struct qf_member, version), .min = 1 },
	{ .name = "roles",
	  .kind = QF_ARRAY,
	  QF_AT(struct qf_member, roles),
	  QF_COUNT(struct qf_member, role_count),
	  .min = 1,
	  .max = QF_ROLES,
	  .item = &role_item },
	{ .name = "url", .kind = QF_STRING, .alphabet = QF_ASCII, QF_AT(struct qf_member, url) },
	{ .name = "contact", .kind = QF_STRING, QF_AT(struct qf_member, contact.name) },
	{ .name = "email",
	  .kind = QF_STRING,
	  .alphabet = QF_ASCII,
	  QF_AT(struct qf_member, contact.email) },
	{ .name = "phone",
	  .kind = QF_STRING,
	  QF_AT(struct qf_member, contact.phone),
	  .optional = true },
	{ .name = "certificates",
	  .kind = QF_ARRAY,
	  QF_AT(struct qf_member, certs),
	  QF_COUNT(struct qf_member, cert_count),
	  .min = 1,
	  .max = QF_MEMBER_CERTS,
	  .item = &cert_item },
	{ .name = "keys",
	  .kind = QF_ARRAY,
	  QF_AT(struct qf_member, keys),
	  QF_COUNT(struct qf_member, key_count),
	  .min = 1,
	  .max = QF_MEMBER_KEYS,
	  .item = &key_item },
};

static const struct qf_table table = QF_TABLE(struct qf_member, fields, QF_BINDING);

/* What an endorsement says: this member has this key, too. */
struct endorsement {
	struct qf_claims claims;
	uint8_t public[QF_PUBLIC_OCTETS];
	int64_t begins;
	int64_t ends;
};

static const struct qf_field endorsement_fields[] = {
	QF_CLAIMS(struct endorsement, claims),
	{ .name = "x", .kind = QF_OCTETS, QF_AT(struct endorsement, public) },
	{ .name = "begins", .kind = QF_TIME, QF_AT(struct endorsement, begins) },
	{ .name = "ends", .kind = QF_TIME, QF_AT(struct endorsement, ends) },
};

static const struct qf_table endorsement_table =
	QF_TABLE(struct endorsement, endorsement_fields, QF_BINDING);

__attribute__((format(printf, 4, 5))) static int at(struct qf_problem *problem, const char *list,
						    size_t index, const char *fmt, ...)
{
	char pointer[64], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(pointer, sizeof(pointer), "/%s/%zu", list, index);
	return qf_problem_at(problem, QF_REFUSED, pointer, "%s", text);
}

static int check_keys(const struct qf_member *member, struct qf_problem *problem)
{
	size_t i, j;

	for (i = 0; i < member->key_count; i++) {
		const struct qf_member_key *key = &member->keys[i];

		if (!qf_public_good(key->public))
			return at(problem, "keys", i,
				  "not a key that can be trusted: make another");
		if (key->ends <= key->begins)
			return at(problem, "keys", i, "a key that ends before it begins");
		for (j = 0; j < i; j++) {
			if (!memcmp(member->keys[j].public, key->public, QF_PUBLIC_OCTETS))
				return at(problem, "keys", i, "the same key twice");
		}
	}
	return 0;
}

/* A base that paths can be put behind, and that leads nowhere else. */
static bool url_good(const char *url)
{
	static const char scheme[] = "https://";

	return !strncmp(url, scheme, strlen(scheme)) && url[strlen(scheme)] &&
	       !strpbrk(url, "?#@\\\"<>^`{|}");
}

static int check(const struct qf_member *member, struct qf_problem *problem)
{
	size_t i, j;

	for (i = 0; i < member->role_count; i++) {
		for (j = 0; j < i; j++) {
			if (member->roles[i] == member->roles[j])
				return at(problem, "roles", i, "the same role twice");
		}
	}
	if (!url_good(member->url))
		return qf_problem_at(problem, QF_REFUSED, "/url",
				     "https:// and a host, without user, query and fragment");
	for (i = 0; i < member->cert_count; i++) {
		uint8_t der[QF_MEMBER_CERT_MAX];

		if (qf_b64_decode(der, sizeof(der), member->certs[i], strlen(member->certs[i])) < 0)
			return at(problem, "certificates", i, "not base64url without padding");
	}
	return check_keys(member, problem);
}

int qf_member_open(struct qf_member *member, json_t **doc, const char *token, size_t len,
		   const uint8_t issuer[QF_PUBLIC_OCTETS], const struct qf_expect *expect,
		   struct qf_problem *problem)
{
	*doc = qf_jws_read(&table, member, token, len, QF_MEMBER_TYP, issuer, problem);
	if (!*doc)
		return -1;
	if (!qf_claims_check(&member->claims, expect, problem) && !check(member, problem))
		return 0;
	json_decref(*doc);
	*doc = NULL;
	return -1;
}

char *qf_member_sign(const struct qf_member *member, const struct qf_signer *signer,
		     struct qn_error *err)
{
	struct qf_problem problem;

	if (check(member, &problem)) {
		qf_problem_error(&problem, err);
		return NULL;
	}
	return qf_jws_write(&table, member, QF_MEMBER_TYP, signer, err);
}

char *qf_member_endorse(const struct qf_signer *signer, const struct qf_member *member,
			const struct qf_member_key *key, int64_t now, struct qn_error *err)
{
	struct endorsement e = { .begins = key->begins, .ends = key->ends };

	memcpy(e.public, key->public, sizeof(e.public));
	strcpy(e.claims.iss, member->name);
	strcpy(e.claims.aud, member->claims.aud);
	/* One key is endorsed once: its name will do. */
	qf_public_kid(e.claims.jti, key->public);
	e.claims.iat = now - now % 1000000;
	e.claims.exp = key->ends - key->ends % 1000000;
	return qf_jws_write(&endorsement_table, &e, QF_MEMBER_KEY_TYP, signer, err);
}

/* Does this endorsement, by that key, vouch for the new one? */
static int endorsed_by(const struct qf_member *member, const struct qf_member_key *by,
		       const struct qf_member_key *key, struct qf_problem *problem)
{
	struct qf_expect expect = { .iss = member->name, .aud = member->claims.aud };
	struct endorsement e;
	json_t *doc = qf_jws_read(&endorsement_table, &e, key->endorsement,
				  strlen(key->endorsement), QF_MEMBER_KEY_TYP, by->public, problem);

	json_decref(doc);
	if (!doc)
		return -1;
	/* It counts when it was made, not when it is looked at. */
	expect.now = e.claims.iat;
	if (qf_claims_check(&e.claims, &expect, problem))
		return -1;
	if (memcmp(e.public, key->public, sizeof(e.public)) || e.begins != key->begins ||
	    key->ends > e.ends)
		return qf_problem(problem, QF_REFUSED,
				  "the endorsement is for another key or time");
	if (e.claims.iat < by->begins || e.claims.iat > by->ends)
		return qf_problem(problem, QF_REFUSED,
				  "the endorsement was made when the older key did not sign");
	if (key->begins > by->ends - QF_KEY_OVERLAP || key->ends - key->begins < QF_KEY_OVERLAP)
		return qf_problem(problem, QF_REFUSED,
				  "the older key and the new one have to overlap by 7 days");
	return 0;
}

static const struct qf_member_key *find_key(const struct qf_member *member,
					    const uint8_t public[QF_PUBLIC_OCTETS])
{
	size_t i;

	for (i = 0; i < member->key_count; i++) {
		if (!memcmp(member->keys[i].public, public, QF_PUBLIC_OCTETS))
			return &member->keys[i];
	}
	return NULL;
}

static int check_known(const struct qf_member *old, const struct qf_member *next,
		       struct qf_problem *problem)
{
	size_t i;

	for (i = 0; i < old->key_count; i++) {
		const struct qf_member_key *was = &old->keys[i];
		const struct qf_member_key *is = find_key(next, was->public);

		if (!is)
			return qf_problem_at(problem, QF_REFUSED, "/keys",
					     "a key of version %lld is gone: what it signed has to stay verifiable",
					     (long long)old->version);
		if (is->begins != was->begins || is->ends > was->ends)
			return at(problem, "keys", (size_t)(is - next->keys),
				  "a known key may end earlier, and change in nothing else");
	}
	return 0;
}

/* Is it endorsed by a key that is accepted already? */
static int check_new(const struct qf_member *next, const bool *accepted, size_t which,
		     struct qf_problem *problem)
{
	const struct qf_member_key *key = &next->keys[which];
	struct qf_problem why;
	char kid[QF_KID_TEXT];
	struct qf_jws jws;
	size_t i;

	if (!key->endorsement)
		return at(problem, "keys", which, "a new key that no older one endorses");
	if (qf_jws_open(&jws, key->endorsement, strlen(key->endorsement), QF_MEMBER_KEY_TYP, &why))
		return at(problem, "keys", which, "%s", why.detail);
	qf_jws_close(&jws);
	for (i = 0; i < next->key_count; i++) {
		qf_public_kid(kid, next->keys[i].public);
		if (accepted[i] && !strcmp(kid, jws.kid))
			break;
	}
	if (i == next->key_count)
		return at(problem, "keys", which, "endorsed by a key that is not the member's");
	if (endorsed_by(next, &next->keys[i], key, &why))
		return at(problem, "keys", which, "%s", why.detail);
	return 0;
}

/* A new key may vouch for a newer one, in whatever order they stand. */
static int check_chain(const struct qf_member *old, const struct qf_member *next,
		       struct qf_problem *problem)
{
	bool accepted[QF_MEMBER_KEYS], more = true;
	size_t i;

	for (i = 0; i < next->key_count; i++)
		accepted[i] = find_key(old, next->keys[i].public);
	while (more) {
		more = false;
		for (i = 0; i < next->key_count; i++) {
			if (accepted[i] || check_new(next, accepted, i, problem))
				continue;
			accepted[i] = true;
			more = true;
		}
	}
	for (i = 0; i < next->key_count; i++) {
		if (!accepted[i])
			return check_new(next, accepted, i, problem);
	}
	return 0;
}

int qf_member_follows(const struct qf_member *old, const struct qf_member *next,
		      struct qf_problem *problem)
{
	if (strcmp(old->name, next->name) || strcmp(old->claims.aud, next->claims.aud))
		return qf_problem_at(problem, QF_REFUSED, "/name", "another member");
	if (old->provider != next->provider)
		return qf_problem_at(problem, QF_REFUSED, "/provider",
				     "a member keeps its number, which is %lld",
				     (long long)old->provider);
	if (next->version <= old->version)
		return qf_problem_at(problem, QF_REFUSED, "/version",
				     "version %lld is known already", (long long)old->version);
	if (check_known(old, next, problem))
		return -1;
	return check_chain(old, next, problem);
}

const struct qf_member_key *qf_member_key(const struct qf_member *member, const char *kid,
					  int64_t at)
{
	char name[QF_KID_TEXT];
	size_t i;

	for (i = 0; i < member->key_count; i++) {
		qf_public_kid(name, member->keys[i].public);
		if (!strcmp(name, kid))
			return at >= member->keys[i].begins && at <= member->keys[i].ends ?
				       &member->keys[i] :
				       NULL;
	}
	return NULL;
}

bool qf_member_shows(const struct qf_member *member, const uint8_t print[QF_PRINT_OCTETS])
{
	uint8_t der[QF_MEMBER_CERT_MAX], hash[QF_PRINT_OCTETS];
	ssize_t len;
	size_t i;

	for (i = 0; i < member->cert_count; i++) {
		len = qf_b64_decode(der, sizeof(der), member->certs[i], strlen(member->certs[i]));
		if (len >= 0 && !gnutls_hash_fast(GNUTLS_DIG_SHA256, der, (size_t)len, hash) &&
		    !memcmp(hash, print, sizeof(hash)))
			return true;
	}
	return false;
}

bool qf_member_may(const struct qf_member *member, enum qf_role role)
{
	size_t i;

	for (i = 0; i < member->role_count; i++) {
		if (member->roles[i] == (int)role)
			return true;
	}
	return false;
}
