/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Membership records: who a member is, as the one who admitted it signed it.
 *
 * Nothing here keeps state: any thread.
 */
#ifndef QF_MEMBERSHIP_H
#define QF_MEMBERSHIP_H

#include "cert.h"
#include "jws.h"

#define QF_MEMBER_TYP	   "qkdnf-member+jws"
#define QF_MEMBER_KEY_TYP  "qkdnf-key+jws"
#define QF_MEMBER_NAME	   33	/* a member's name, with the 0 at the end */
#define QF_MEMBER_CERTS	   4	/* current one, next one, and as many again */
#define QF_MEMBER_KEYS	   16	/* those of the past stay */
#define QF_MEMBER_CERT_MAX 8192 /* base64url characters of a certificate */
#define QF_KEY_OVERLAP	   (INT64_C(7) * 86400 * 1000000) /* microseconds */

/* What a member may do. */
enum qf_role {
	QF_ORDERER, /* orders key for its users */
	QF_CARRIER, /* carries key for others */
	QF_OWNER,   /* registers resources; need not run a network */
	QF_BROKER,  /* coordinates orders and clears accounts */
	QF_ROLES,
};

/**
 * struct qf_member_key - a signing key
 * @public: of Ed25519
 * @begins: it signs from then on, in microseconds UTC
 * @ends: and until then; what it signed before stays signed
 * @endorsement: what qf_member_endorse() made with an older key; NULL for keys
 *	that the member was admitted with
 */
struct qf_member_key {
	uint8_t public[QF_PUBLIC_OCTETS];
	int64_t begins;
	int64_t ends;
	const char *endorsement;
};

/**
 * struct qf_member - a membership record
 * @claims: iss admitted it, to federation aud, for the time from iat to exp
 * @name: of the member, which is the iss of what it signs
 * @provider: its number, an AS number
 * @version: of the record, from 1 on
 * @roles: enum qf_role
 * @role_count: of @roles
 * @url: of its office's Ff
 * @contact: whom people turn to
 * @certs: TLS certificates of its office: DER in base64url
 * @cert_count: of @certs
 * @keys: signing keys of now, next, and the past
 * @key_count: of @keys
 *
 * What is a pointer points into the document that it was read from.
 */
struct qf_member {
	struct qf_claims claims;
	char name[QF_MEMBER_NAME];
	int64_t provider;
	int64_t version;
	int roles[QF_ROLES];
	size_t role_count;
	char url[201];
	struct {
		char name[101];
		char email[101];
		char phone[33];
	} contact;
	const char *certs[QF_MEMBER_CERTS];
	size_t cert_count;
	struct qf_member_key keys[QF_MEMBER_KEYS];
	size_t key_count;
};

/**
 * qf_member_open() - a record from a signed message
 * @member: filled in
 * @doc: the document that @member points into, for json_decref() after use
 * @token: the message
 * @len: octets of @token
 * @issuer: public key of the one who has to have signed it
 * @expect: what its claims have to be
 * @problem: what was wrong
 *
 * Return: 0, or -1 with @problem; *@doc is NULL then.
 */
int qf_member_open(struct qf_member *member, json_t **doc, const char *token, size_t len,
		   const uint8_t issuer[QF_PUBLIC_OCTETS], const struct qf_expect *expect,
		   struct qf_problem *problem);

/* The same signed, for free(); NULL with @err if qf_member_open() would refuse it. */
char *qf_member_sign(const struct qf_member *member, const struct qf_signer *signer,
		     struct qn_error *err);

/**
 * qf_member_follows() - may this record come after that one?
 * @old: the record that is known
 * @next: one of a higher version
 * @problem: why not
 *
 * A member keeps name and number. Keys that are known stay, and may end
 * earlier, not later. A new key is endorsed by one that the member has, at a
 * time at which that one signs, and both are good for QF_KEY_OVERLAP together,
 * so that whoever was away for a week does not lose the thread.
 *
 * Return: 0, or -1 with @problem.
 */
int qf_member_follows(const struct qf_member *old, const struct qf_member *next,
		      struct qf_problem *problem);

/**
 * qf_member_endorse() - vouch with a key for the next one
 * @signer: the older key
 * @member: whose keys they are
 * @key: the new one; its endorsement is not looked at
 * @now: microseconds UTC
 * @err: what went wrong
 *
 * Return: the endorsement, for free(); or NULL with @err.
 */
char *qf_member_endorse(const struct qf_signer *signer, const struct qf_member *member,
			const struct qf_member_key *key, int64_t now, struct qn_error *err);

/* The member's key of that name that signed at that time; NULL if there is none. */
const struct qf_member_key *qf_member_key(const struct qf_member *member, const char *kid,
					  int64_t at);

/* Is the certificate with this fingerprint one of the member's? */
bool qf_member_shows(const struct qf_member *member, const uint8_t print[QF_PRINT_OCTETS]);

bool qf_member_may(const struct qf_member *member, enum qf_role role);

#endif
