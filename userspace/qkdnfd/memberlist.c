// SPDX-License-Identifier: GPL-2.0-or-later
/* Member lists. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memberlist.h"

static const char *const state_words[] = {
	[QF_ACTIVE] = "active",		  [QF_SUSPENDED] = "suspended",
	[QF_WITHDRAWING] = "withdrawing", [QF_WITHDRAWN] = "withdrawn",
	[QF_EXPELLED] = "expelled",	  NULL,
};

static const struct qf_field entry_fields[] = {
	{ .name = "name", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct qf_list_entry, name) },
	{ .name = "provider",
	  .kind = QF_INTEGER,
	  QF_AT(struct qf_list_entry, provider),
	  .min = 1,
	  .max = UINT32_MAX },
	{ .name = "state",
	  .kind = QF_ENUM,
	  QF_AT(struct qf_list_entry, state),
	  .words = state_words },
	{ .name = "record", .kind = QF_OCTETS, QF_AT(struct qf_list_entry, record) },
};

static const struct qf_table entry_table = QF_TABLE(struct qf_list_entry, entry_fields, QF_BINDING);

static const struct qf_field entry_item = {
	.kind = QF_OBJECT,
	.size = sizeof(struct qf_list_entry),
	.table = &entry_table,
};

static const struct qf_field revoked_item = { .kind = QF_OCTETS, .size = QF_PRINT_OCTETS };

static const struct qf_field fields[] = {
	QF_CLAIMS(struct qf_list, claims),
	{ .name = "version", .kind = QF_INTEGER, QF_AT(struct qf_list, version), .min = 1 },
	{ .name = "next_update", .kind = QF_TIME, QF_AT(struct qf_list, next_update) },
	{ .name = "policy", .kind = QF_OCTETS, QF_AT(struct qf_list, policy) },
	{ .name = "members",
	  .kind = QF_ARRAY,
	  QF_AT(struct qf_list, members),
	  QF_COUNT(struct qf_list, member_count),
	  .max = QF_LIST_MEMBERS,
	  .item = &entry_item },
	{ .name = "revoked",
	  .kind = QF_ARRAY,
	  QF_AT(struct qf_list, revoked),
	  QF_COUNT(struct qf_list, revoked_count),
	  .max = QF_LIST_REVOKED,
	  .item = &revoked_item },
};

static const struct qf_table table = QF_TABLE(struct qf_list, fields, QF_BINDING);

static int at(struct qf_problem *problem, size_t index, const char *why)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/members/%zu", index);
	return qf_problem_at(problem, QF_REFUSED, pointer, "%s", why);
}

static int check(const struct qf_list *list, struct qf_problem *problem)
{
	size_t i, j;

	if (list->next_update <= list->claims.iat)
		return qf_problem_at(problem, QF_REFUSED, "/next_update", "not after iat");
	for (i = 0; i < list->member_count; i++) {
		for (j = 0; j < i; j++) {
			if (list->members[i].provider == list->members[j].provider)
				return at(problem, i, "the number of another member");
			if (!strcmp(list->members[i].name, list->members[j].name))
				return at(problem, i, "the name of another member");
		}
	}
	return 0;
}

int qf_list_open(struct qf_list *list, const char *token, size_t len,
		 const uint8_t issuer[QF_PUBLIC_OCTETS], const struct qf_expect *expect,
		 struct qf_problem *problem)
{
	json_t *doc = qf_jws_read(&table, list, token, len, QF_LIST_TYP, issuer, problem);

	json_decref(doc);
	if (!doc || qf_claims_check(&list->claims, expect, problem))
		return -1;
	return check(list, problem);
}

char *qf_list_sign(const struct qf_list *list, const struct qf_signer *signer, struct qn_error *err)
{
	struct qf_problem problem;

	if (check(list, &problem)) {
		qf_problem_error(&problem, err);
		return NULL;
	}
	return qf_jws_write(&table, list, QF_LIST_TYP, signer, err);
}

const struct qf_list_entry *qf_list_find(const struct qf_list *list, int64_t provider)
{
	size_t i;

	for (i = 0; i < list->member_count; i++) {
		if (list->members[i].provider == provider)
			return &list->members[i];
	}
	return NULL;
}

static bool listed(const struct qf_list *list, const struct qf_list_key *key)
{
	size_t i;

	for (i = 0; i < list->revoked_count; i++) {
		if (!memcmp(&list->revoked[i], key, sizeof(*key)))
			return true;
	}
	return false;
}

static int entry_follows(const struct qf_list_entry *was, const struct qf_list *next,
			 struct qf_problem *problem)
{
	const struct qf_list_entry *is = qf_list_find(next, was->provider);

	if (!is)
		return qf_problem_at(problem, QF_REFUSED, "/members",
				     "%s is gone: whoever was a member stays on the list",
				     was->name);
	if (strcmp(was->name, is->name))
		return at(problem, (size_t)(is - next->members), "a member keeps its name");
	return 0;
}

int qf_list_follows(const struct qf_list *old, const struct qf_list *next,
		    struct qf_problem *problem)
{
	size_t i;

	if (strcmp(old->claims.aud, next->claims.aud))
		return qf_problem_at(problem, QF_REFUSED, "/aud", "another federation");
	if (next->version <= old->version)
		return qf_problem_at(problem, QF_REFUSED, "/version",
				     "version %lld is known already", (long long)old->version);
	for (i = 0; i < old->member_count; i++) {
		if (entry_follows(&old->members[i], next, problem))
			return -1;
	}
	for (i = 0; i < old->revoked_count; i++) {
		if (!listed(next, &old->revoked[i]))
			return qf_problem_at(problem, QF_REFUSED, "/revoked",
					     "what is revoked stays revoked");
	}
	return 0;
}

bool qf_list_stale(const struct qf_list *list, int64_t now)
{
	return now > list->next_update;
}

void qf_list_revoke(const struct qf_list *list, struct qf_trust *trust)
{
	size_t i;

	for (i = 0; i < list->revoked_count; i++)
		qf_trust_revoke(trust, list->revoked[i].print);
}

/* What two messages have in common if they are about the same. */
struct about {
	struct qf_claims claims;
	char name[QF_MEMBER_NAME];
	int64_t version;
};

static const struct qf_field about_fields[] = {
	QF_CLAIMS(struct about, claims),
	{ .name = "name",
	  .kind = QF_STRING,
	  .alphabet = QF_ID,
	  QF_AT(struct about, name),
	  .optional = true },
	{ .name = "version", .kind = QF_INTEGER, QF_AT(struct about, version), .min = 1 },
};

static const struct qf_table about_table = QF_TABLE(struct about, about_fields, QF_IGNORE);

int qf_contradiction(const struct qf_signed *one, const struct qf_signed *other, const char *typ,
		     struct qf_problem *problem)
{
	struct about first = { .version = 0 }, second = { .version = 0 };
	json_t *a, *b = NULL;
	int ret = -1;

	a = qf_jws_read(&about_table, &first, one->token, one->len, typ, one->public, problem);
	if (a)
		b = qf_jws_read(&about_table, &second, other->token, other->len, typ, other->public,
				problem);
	/* The same said twice, if only in another order, is no lie. */
	if (b)
		ret = !strcmp(first.claims.iss, second.claims.iss) &&
		      !strcmp(first.claims.aud, second.claims.aud) &&
		      !strcmp(first.name, second.name) && first.version == second.version &&
		      !json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return ret;
}
