// SPDX-License-Identifier: GPL-2.0-or-later
/* Membership: records, rotation of keys, member lists, contradictions. */
#define _GNU_SOURCE
#include <unistd.h>

#include <gnutls/crypto.h>

#include "base64url.h"
#include "fed/fed_test.h"
#include "memberlist.h"

#define SECOND	INT64_C(1000000)
#define DAY	(86400 * SECOND)
#define NOW	(1795359845 * SECOND)
#define ADMIN	qf_signer_public(admin)

static struct qf_signer *admin, *keys[5];
static const struct qf_expect expect = { .iss = "admin", .aud = "fed", .now = NOW,
					 .skew = 30 * SECOND };

static void add_key(struct qf_member *m, unsigned int which, int64_t begins, int64_t ends)
{
	struct qf_member_key *key = &m->keys[m->key_count++];

	memcpy(key->public, qf_signer_public(keys[which]), sizeof(key->public));
	key->begins = begins;
	key->ends = ends;
}

static struct qf_member record(void)
{
	struct qf_member m = {
		.claims = { .iss = "admin", .aud = "fed", .jti = "r1", .iat = NOW,
			    .exp = NOW + 365 * DAY },
		.name = "a", .provider = 64496, .version = 1, .roles = { QF_CARRIER, QF_ORDERER },
		.role_count = 2, .url = "https://a.example/ff/v1",
		.contact = { .name = "N\xc3\xb6. of A", .email = "noc@a.example" },
		.certs = { "Zm9vYmFy" }, .cert_count = 1,
	};

	add_key(&m, 0, NOW - DAY, NOW + 30 * DAY);
	return m;
}

/* The next version, with one more key that the others endorse. */
static struct qf_member rotated(char **endorsement)
{
	struct qf_member m = record();
	struct qn_error err;

	m.version = 2;
	add_key(&m, 1, NOW + 20 * DAY, NOW + 60 * DAY);
	*endorsement = qf_member_endorse(keys[0], &m, &m.keys[1], NOW, &err);
	m.keys[1].endorsement = *endorsement;
	return m;
}

static void records(void)
{
	struct qf_member m = record(), back;
	struct qf_problem problem;
	struct qn_error err;
	uint8_t print[32];
	char kid[QF_KID_TEXT], *token = qf_member_sign(&m, admin, &err);
	json_t *doc;

	REQUIRE(token);
	REQUIRE(!qf_member_open(&back, &doc, token, strlen(token), qf_signer_public(admin), &expect,
				&problem));
	CHECK_STR(back.name, "a");
	CHECK_STR(back.contact.name, "N\xc3\xb6. of A");
	CHECK(back.provider == 64496 && back.key_count == 1 && back.keys[0].ends == NOW + 30 * DAY);
	CHECK(qf_member_may(&back, QF_CARRIER) && !qf_member_may(&back, QF_BROKER));
	qf_public_kid(kid, qf_signer_public(keys[0]));
	CHECK(qf_member_key(&back, kid, NOW) == &back.keys[0]);
	CHECK(!qf_member_key(&back, kid, NOW + 31 * DAY));
	CHECK(!qf_member_key(&back, kid, NOW - 2 * DAY));
	CHECK(!qf_member_key(&back, "x", NOW));
	gnutls_hash_fast(GNUTLS_DIG_SHA256, "foobar", 6, print);
	CHECK(qf_member_shows(&back, print));
	print[0] ^= 1;
	CHECK(!qf_member_shows(&back, print));
	json_decref(doc);
	/* Signed by another; for another federation; too late. */
	CHECK(qf_member_open(&back, &doc, token, strlen(token), qf_signer_public(keys[0]), &expect,
			     &problem) && !doc);
	CHECK(problem.kind == QF_BAD_SIGNATURE);
	{
		struct qf_expect other = expect;

		other.aud = "other";
		CHECK(qf_member_open(&back, &doc, token, strlen(token), qf_signer_public(admin),
				     &other, &problem) && !doc);
		CHECK_STR(problem.pointer, "/aud");
		other = expect;
		other.now = NOW + 366 * DAY;
		CHECK(qf_member_open(&back, &doc, token, strlen(token), qf_signer_public(admin),
				     &other, &problem));
		CHECK_STR(problem.pointer, "/exp");
	}
	/* A record is no list. */
	{
		struct qf_list *list = qn_alloc(sizeof(*list));

		CHECK(qf_list_open(list, token, strlen(token), qf_signer_public(admin), &expect,
				   &problem));
		CHECK_HAS(problem.detail, "of type qkdnf-members+jws");
		free(list);
	}
	free(token);
}

/* What must not be signed, and is refused if somebody did. */
static void refused(void)
{
	struct qf_problem problem;
	struct qn_error err;
	struct qf_member m;
	char *token;
	json_t *doc;

#define WRONG(change, where)								\
	do {										\
		m = record();								\
		change;									\
		token = qf_member_sign(&m, admin, &err);				\
		CHECK(!token);								\
		CHECK_HAS(err.text, where);						\
		free(token);								\
	} while (0)
	WRONG(m.provider = 0, "/provider");
	WRONG(m.provider = INT64_C(4294967296), "/provider");
	WRONG(m.version = 0, "/version");
	WRONG(m.roles[1] = m.roles[0], "/roles/1");
	WRONG(m.role_count = 0, "/roles");
	WRONG(strcpy(m.url, "http://a.example"), "/url");
	WRONG(strcpy(m.url, "https://"), "/url");
	WRONG(strcpy(m.url, "https://u@a.example"), "/url");
	WRONG(strcpy(m.url, "https://a.example/?x"), "/url");
	WRONG(m.certs[0] = "a b", "/certificates/0");
	WRONG(m.certs[0] = "AB", "/certificates/0");
	WRONG(m.cert_count = 0, "/certificates");
	WRONG(m.key_count = 0, "/keys");
	WRONG(m.keys[0].ends = m.keys[0].begins, "/keys/0");
	WRONG(memset(m.keys[0].public, 0, 32), "/keys/0");
	WRONG(add_key(&m, 0, NOW, NOW + DAY), "/keys/1");
	WRONG(m.name[0] = 0, "/name");
	WRONG(m.claims.iat++, "/iat");
	/* Signed all the same: a member that is not known, and one too many of the name. */
#define RAW(text) qf_jws_sign(admin, QF_MEMBER_TYP, text, strlen(text), &err)
	token = RAW("{\"iss\":\"admin\",\"aud\":\"fed\",\"price\":1}");
	CHECK(qf_member_open(&m, &doc, token, strlen(token), qf_signer_public(admin), &expect,
			     &problem));
	CHECK(problem.kind == QF_MALFORMED);
	free(token);
	token = RAW("{\"iss\":\"admin\",\"iss\":\"admin\"}");
	CHECK(qf_member_open(&m, &doc, token, strlen(token), qf_signer_public(admin), &expect,
			     &problem));
	CHECK_HAS(problem.detail, "twice");
	free(token);
}

static void rotation(void)
{
	struct qf_member old = record(), next, third;
	struct qf_problem problem;
	struct qn_error err;
	char *e, *e2;

#define FOLLOWS() CHECK(!qf_member_follows(&old, &next, &problem))
#define NOT(part)									\
	do {										\
		if (!qf_member_follows(&old, &next, &problem))				\
			test_fail(__FILE__, __LINE__, "taken");				\
		else if (!strstr(problem.detail, part))					\
			test_fail(__FILE__, __LINE__, "'%s' has no '%s'", problem.detail, part); \
		free(e);								\
		next = rotated(&e);							\
	} while (0)
	next = rotated(&e);
	FOLLOWS();
	next.version = 1;
	NOT("known already");
	next.provider = 64497;
	NOT("keeps its number");
	strcpy(next.name, "b");
	NOT("another member");
	next.keys[1].endorsement = NULL;
	NOT("no older one endorses");
	next.keys[0] = next.keys[1];
	next.key_count = 1;
	NOT("is gone");
	next.keys[0].ends += SECOND;
	NOT("may end earlier");
	next.keys[0].begins -= SECOND;
	NOT("may end earlier");
	next.keys[0].ends = NOW + 27 * DAY;
	FOLLOWS();
	next.keys[0].ends--;
	NOT("overlap by 7 days");
	/* Another time than the one endorsed, another key, another's name. */
	next.keys[1].begins -= SECOND;
	NOT("another key or time");
	next.keys[1].ends += SECOND;
	NOT("another key or time");
	next.keys[1].ends -= SECOND;
	FOLLOWS();
	memcpy(next.keys[1].public, qf_signer_public(keys[2]), 32);
	NOT("another key or time");
	/* By the new key itself, by a stranger, by a key that signs no longer. */
	e2 = qf_member_endorse(keys[1], &next, &next.keys[1], NOW, &err);
	next.keys[1].endorsement = e2;
	NOT("not the member's");
	free(e2);
	e2 = qf_member_endorse(admin, &next, &next.keys[1], NOW, &err);
	next.keys[1].endorsement = e2;
	NOT("not the member's");
	free(e2);
	e2 = qf_member_endorse(keys[0], &next, &next.keys[1], NOW + 31 * DAY, &err);
	next.keys[1].endorsement = e2;
	NOT("did not sign");
	free(e2);
	/* One of another federation, or of another member, does not count here. */
	third = next;
	strcpy(third.claims.aud, "other");
	e2 = qf_member_endorse(keys[0], &third, &next.keys[1], NOW, &err);
	next.keys[1].endorsement = e2;
	NOT("made for other");
	free(e2);
	third = next;
	strcpy(third.name, "b");
	e2 = qf_member_endorse(keys[0], &third, &next.keys[1], NOW, &err);
	next.keys[1].endorsement = e2;
	NOT("signed for b");
	free(e2);
	/* A version was missed: the newest key is endorsed by one that came in between. */
	add_key(&next, 2, NOW + 50 * DAY, NOW + 90 * DAY);
	e2 = qf_member_endorse(keys[1], &next, &next.keys[2], NOW + 40 * DAY, &err);
	next.keys[2].endorsement = e2;
	next.version = 7;
	FOLLOWS();
	/* In whatever order they stand. */
	third = next;
	next.keys[1] = third.keys[2];
	next.keys[2] = third.keys[1];
	FOLLOWS();
	/* Two that vouch for one another are nobody's. */
	free(e);
	free(e2);
	next = record();
	next.version = 2;
	add_key(&next, 1, NOW - DAY, NOW + 60 * DAY);
	add_key(&next, 2, NOW - DAY, NOW + 60 * DAY);
	e = qf_member_endorse(keys[1], &next, &next.keys[2], NOW, &err);
	e2 = qf_member_endorse(keys[2], &next, &next.keys[1], NOW, &err);
	next.keys[2].endorsement = e;
	next.keys[1].endorsement = e2;
	CHECK(qf_member_follows(&old, &next, &problem));
	free(e);
	free(e2);
}

static struct qf_list *list_of(int64_t version)
{
	struct qf_list *list = qn_alloc(sizeof(*list));

	list->claims = (struct qf_claims){ .iss = "admin", .aud = "fed", .jti = "l1", .iat = NOW,
					   .exp = NOW + 365 * DAY };
	list->version = version;
	list->next_update = NOW + DAY;
	list->member_count = 2;
	list->members[0] = (struct qf_list_entry){ "a", 64496, QF_ACTIVE, { 1 } };
	list->members[1] = (struct qf_list_entry){ "b", 64497, QF_SUSPENDED, { 2 } };
	list->revoked_count = 1;
	memset(list->revoked[0].print, 7, QF_PRINT_OCTETS);
	return list;
}

static void lists(void)
{
	struct qf_list *old = list_of(1), *next = list_of(2), *back = qn_alloc(sizeof(*back));
	struct qf_problem problem;
	struct qn_error err;
	char *token = qf_list_sign(old, admin, &err);

	REQUIRE(token);
	CHECK(!qf_list_open(back, token, strlen(token), ADMIN, &expect, &problem));
	CHECK(back->version == 1 && back->member_count == 2 && back->revoked_count == 1 &&
	      back->revoked[0].print[5] == 7 && back->members[1].state == QF_SUSPENDED);
	CHECK(qf_list_find(back, 64497) == &back->members[1] && !qf_list_find(back, 64498));
	CHECK(!qf_list_stale(back, NOW + DAY) && qf_list_stale(back, NOW + DAY + 1));
	CHECK(qf_list_open(back, token, strlen(token), qf_signer_public(keys[0]), &expect,
			   &problem));
	free(token);

	CHECK(!qf_list_follows(old, next, &problem));
	CHECK(qf_list_follows(next, old, &problem) && strstr(problem.detail, "known already"));
	CHECK(qf_list_follows(old, old, &problem));
	strcpy(next->members[0].name, "c");
	CHECK(qf_list_follows(old, next, &problem) && strstr(problem.detail, "keeps its name"));
	strcpy(next->members[0].name, "a");
	next->member_count = 1;
	CHECK(qf_list_follows(old, next, &problem) && strstr(problem.detail, "b is gone"));
	next->member_count = 2;
	next->revoked_count = 0;
	CHECK(qf_list_follows(old, next, &problem) && strstr(problem.detail, "stays revoked"));
	next->revoked_count = 1;
	/* A number, or a name, of two. */
	next->members[1].provider = 64496;
	CHECK(!qf_list_sign(next, admin, &err));
	CHECK_HAS(err.text, "/members/1");
	next->members[1].provider = 64497;
	strcpy(next->members[1].name, "a");
	CHECK(!qf_list_sign(next, admin, &err));
	strcpy(next->members[1].name, "b");
	next->next_update = NOW;
	CHECK(!qf_list_sign(next, admin, &err));
	CHECK_HAS(err.text, "/next_update");
	free(old);
	free(next);
	free(back);
}

/* As many members as there can be fit what a message may be. */
static void large(void)
{
	struct qf_list *list = list_of(1), *back = qn_alloc(sizeof(*back));
	struct qf_problem problem;
	struct qn_error err;
	char *token;
	size_t i;

	list->member_count = QF_LIST_MEMBERS;
	list->revoked_count = QF_LIST_REVOKED;
	for (i = 0; i < QF_LIST_MEMBERS; i++) {
		snprintf(list->members[i].name, QF_MEMBER_NAME, "member-of-the-federation-%zu", i);
		list->members[i].provider = 4200000000 + (int64_t)i;
		list->members[i].state = QF_WITHDRAWING;
	}
	token = qf_list_sign(list, admin, &err);
	REQUIRE(token);
	if (qf_list_open(back, token, strlen(token), qf_signer_public(admin), &expect, &problem))
		test_fail(__FILE__, __LINE__, "%s", problem.detail);
	CHECK(back->member_count == QF_LIST_MEMBERS);
	free(token);
	free(list);
	free(back);
}

/* What a list revokes, the trust refuses: see fed-cert-revoked for what that means. */
static void contradictions(void)
{
	struct qf_member m = record();
	struct qf_problem problem;
	struct qf_signed one, other;
	struct qn_error err;
	char *a, *b;

#define SIGNED(to, text, by) (to = (struct qf_signed){ text, strlen(text), qf_signer_public(by) })
	a = qf_member_sign(&m, admin, &err);
	SIGNED(one, a, admin);
	CHECK(qf_contradiction(&one, &one, QF_MEMBER_TYP, &problem) == 0);
#define TONGUES(change, by, want)							\
	do {										\
		m = record();								\
		change;									\
		b = qf_member_sign(&m, by, &err);					\
		SIGNED(other, b, by);							\
		CHECK(qf_contradiction(&one, &other, QF_MEMBER_TYP, &problem) == (want)); \
		CHECK(qf_contradiction(&other, &one, QF_MEMBER_TYP, &problem) == (want)); \
		free(b);								\
	} while (0)
	TONGUES((void)0, admin, 0);
	TONGUES(m.role_count = 1, admin, 1);
	TONGUES(m.claims.exp += SECOND, admin, 1);
	TONGUES(m.keys[0].ends += SECOND, admin, 1);
	/* With another of its keys, it is still the same maker. */
	TONGUES(m.role_count = 1, keys[3], 1);
	/* Another version, member, federation or maker may say something else. */
	TONGUES(m.version = 2, admin, 0);
	TONGUES(strcpy(m.name, "b"), admin, 0);
	TONGUES(strcpy(m.claims.aud, "other"), admin, 0);
	TONGUES(strcpy(m.claims.iss, "other"), admin, 0);
	/* Nobody is accused by what he did not sign. */
	m.version = 1;
	b = qf_member_sign(&m, keys[3], &err);
	SIGNED(other, b, admin);
	CHECK(qf_contradiction(&one, &other, QF_MEMBER_TYP, &problem) == -1);
	CHECK(problem.kind == QF_BAD_SIGNATURE);
	CHECK(qf_contradiction(&one, &one, QF_LIST_TYP, &problem) == -1);
	free(a);
	free(b);
	{
		struct qf_list *list = list_of(3);

		a = qf_list_sign(list, admin, &err);
		list->members[1].state = QF_ACTIVE;
		b = qf_list_sign(list, admin, &err);
		SIGNED(one, a, admin);
		SIGNED(other, b, admin);
		CHECK(qf_contradiction(&one, &other, QF_LIST_TYP, &problem) == 1);
		free(a);
		free(b);
		free(list);
	}
}

int main(void)
{
	struct qn_error err;
	size_t i;

	admin = qf_signer_make(&err);
	for (i = 0; i < QN_ARRAY_SIZE(keys); i++)
		keys[i] = qf_signer_make(&err);
	test_run("member-records", records);
	test_run("member-refused", refused);
	test_run("member-rotation", rotation);
	test_run("member-lists", lists);
	test_run("member-large", large);
	test_run("member-contradictions", contradictions);
	qf_signer_free(admin);
	for (i = 0; i < QN_ARRAY_SIZE(keys); i++)
		qf_signer_free(keys[i]);
	return test_status;
}
