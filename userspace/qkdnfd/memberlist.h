/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Member lists: who is a member of a federation now, and which certificates'
 * keys nobody may take any more; signed by the one who admits, each list in
 * place of the one before.
 *
 * Nothing here keeps state: any thread.
 */
#ifndef QF_MEMBERLIST_H
#define QF_MEMBERLIST_H

#include "membership.h"

#define QF_LIST_TYP	"qkdnf-members+jws"
#define QF_LIST_MEMBERS 1024
#define QF_LIST_REVOKED 512

/* What a member is. Whoever comes back applies anew, and is admitted with a new record. */
enum qf_member_state {
	QF_ACTIVE,
	QF_SUSPENDED, /* no new orders */
	QF_WITHDRAWING,
	QF_WITHDRAWN,
	QF_EXPELLED,
};

/**
 * struct qf_list_entry - a member
 * @name: of the member
 * @provider: its number
 * @state: enum qf_member_state
 * @record: SHA-256 of its membership record, as signed
 */
struct qf_list_entry {
	char name[QF_MEMBER_NAME];
	int64_t provider;
	int state;
	uint8_t record[32];
};

/* A key of a certificate, as qf_trust_revoke() takes it. */
struct qf_list_key {
	uint8_t print[QF_PRINT_OCTETS];
};

/**
 * struct qf_list - a member list
 * @claims: by iss, for federation aud
 * @version: from 1 on
 * @next_update: a later list is there by then, in microseconds UTC
 * @policy: SHA-256 of the policy that all members have to run
 * @members: those that are members, and those that were: numbers are not given twice
 * @member_count: of @members
 * @revoked: keys of certificates
 * @revoked_count: of @revoked
 */
struct qf_list {
	struct qf_claims claims;
	int64_t version;
	int64_t next_update;
	uint8_t policy[32];
	struct qf_list_entry members[QF_LIST_MEMBERS];
	size_t member_count;
	struct qf_list_key revoked[QF_LIST_REVOKED];
	size_t revoked_count;
};

/**
 * qf_list_open() - a list from a signed message
 * @list: filled in; it is large: not for the stack of a thread
 * @token: the message
 * @len: octets of @token
 * @issuer: public key of the one who has to have signed it
 * @expect: what its claims have to be
 * @problem: what was wrong
 *
 * Return: 0, or -1 with @problem.
 */
int qf_list_open(struct qf_list *list, const char *token, size_t len,
		 const uint8_t issuer[QF_PUBLIC_OCTETS], const struct qf_expect *expect,
		 struct qf_problem *problem);

/* The same signed, for free(); NULL with @err if qf_list_open() would refuse it. */
char *qf_list_sign(const struct qf_list *list, const struct qf_signer *signer,
		   struct qn_error *err);

/**
 * qf_list_follows() - may this list take the place of that one?
 * @old: the list that is known
 * @next: another one
 * @problem: why not
 *
 * Its version is higher. Nobody vanishes or gets another name for the number, so
 * that a number is not given twice; what is revoked stays so.
 *
 * Return: 0, or -1 with @problem.
 */
int qf_list_follows(const struct qf_list *old, const struct qf_list *next,
		    struct qf_problem *problem);

/* Is a later one overdue? Then no new orders; those that run go on. */
bool qf_list_stale(const struct qf_list *list, int64_t now);

/* The entry of a number; NULL if there is none. */
const struct qf_list_entry *qf_list_find(const struct qf_list *list, int64_t provider);

/* Tell @trust of all that is revoked. */
void qf_list_revoke(const struct qf_list *list, struct qf_trust *trust);

/**
 * struct qf_signed - a message, and the key that it should be signed with
 * @token: the message
 * @len: octets of @token
 * @public: the key
 */
struct qf_signed {
	const char *token;
	size_t len;
	const uint8_t *public;
};

/**
 * qf_contradiction() - do two messages prove that their maker speaks with two tongues?
 * @one: a membership record or a member list
 * @other: another one
 * @typ: the type of both: QF_MEMBER_TYP or QF_LIST_TYP
 * @problem: what was wrong, if -1 is returned
 *
 * They do if both are signed by the same maker, for the same federation, about
 * the same member or list, with the same version, and differ in what they say:
 * each version is signed once, so another time or jti is a difference, too. They need not be in
 * time: proof does not expire. Keep both messages.
 *
 * Return: 1 if they do, 0 if not, -1 with @problem if one of them is not good.
 */
int qf_contradiction(const struct qf_signed *one, const struct qf_signed *other, const char *typ,
		     struct qf_problem *problem);

#endif
