/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed messages: JWS in its compact form (RFC 7515), EdDSA over Ed25519 only
 * (RFC 8037).
 *
 * The header may hold alg, kid and typ and nothing else: no key and no place
 * to fetch one from comes with a message, nothing is "critical", and a message
 * of one type is never taken for another. kid is the thumbprint of the key.
 *
 * Any thread.
 */
#ifndef QF_JWS_H
#define QF_JWS_H

#include "doc.h"
#include "signer.h"

#define QF_JWS_MEDIA "application/jose"

/**
 * struct qf_jws - a signed message that was taken apart
 * @kid: key that it says it is signed with; "" if @typ was not asked for and
 *	it says none
 * @payload: what is signed; believe nothing in it before qf_jws_verify()
 * @payload_len: octets of @payload
 * @token: the message (the caller's memory)
 * @signed_len: octets of @token that the signature covers
 * @signature: over them
 */
struct qf_jws {
	char kid[QF_KID_TEXT];
	char *payload;
	size_t payload_len;
	const char *token;
	size_t signed_len;
	uint8_t signature[QF_SIGNATURE_OCTETS];
};

/**
 * qf_jws_open() - take a signed message apart
 * @jws: filled in; for qf_jws_close() if 0 is returned
 * @token: the message, which has to stay where it is until qf_jws_close()
 * @len: octets of @token
 * @typ: type that its header has to name, as in "qkdnf-member+jws"; NULL asks for
 *	neither a type nor a key's name
 * @problem: what was wrong
 *
 * Return: 0, or -1 with @problem.
 */
int qf_jws_open(struct qf_jws *jws, const char *token, size_t len, const char *typ,
		struct qf_problem *problem);
void qf_jws_close(struct qf_jws *jws);

/**
 * qf_jws_verify() - is it signed with this key?
 * @jws: from qf_jws_open()
 * @public: the key that the caller knows by @jws->kid, of the one who has to
 *	have signed
 * @problem: QF_BAD_SIGNATURE
 *
 * Return: 0, or -1 with @problem.
 */
int qf_jws_verify(const struct qf_jws *jws, const uint8_t public[QF_PUBLIC_OCTETS],
		  struct qf_problem *problem);

/**
 * qf_jws_sign() - a signed message
 * @signer: who signs
 * @typ: type of the message; NULL for neither type nor key's name
 * @payload: what to sign
 * @len: octets of @payload
 * @err: what went wrong
 *
 * Return: the message, for free(); or NULL with @err.
 */
char *qf_jws_sign(const struct qf_signer *signer, const char *typ, const char *payload, size_t len,
		  struct qn_error *err);

/**
 * qf_jws_read() - a structure from a signed message
 * @table: what its payload has to be
 * @to: the structure, of @table->size octets
 * @token: the message
 * @len: octets of @token
 * @typ: type that it has to be of
 * @public: key of the one who has to have signed it
 * @problem: what was wrong
 *
 * The signature is looked at before the payload is.
 *
 * Return: the payload, which @to points into, for json_decref(); or NULL with
 * @problem.
 */
json_t *qf_jws_read(const struct qf_table *table, void *to, const char *token, size_t len,
		    const char *typ, const uint8_t public[QF_PUBLIC_OCTETS],
		    struct qf_problem *problem);

/* A structure as a signed message, for free(); NULL with @err, also if it would be refused. */
char *qf_jws_write(const struct qf_table *table, const void *from, const char *typ,
		   const struct qf_signer *signer, struct qn_error *err);

/**
 * struct qf_claims - what every message that binds says of itself
 * @iss: who binds himself: a member's name within the federation
 * @aud: to whom
 * @jti: identifier of the message
 * @iat: made at, in microseconds UTC, whole seconds in the message
 * @exp: not to be taken after that, the same
 */
struct qf_claims {
	char iss[65];
	char aud[65];
	char jti[65];
	int64_t iat;
	int64_t exp;
};

/* The first of the fields of a table whose structure has a struct qf_claims. */
#define QF_CLAIMS(type, member)                                                   \
	{                                                                         \
		.kind = QF_INLINE, .table = &qf_claims_table, QF_AT(type, member) \
	}

extern const struct qf_table qf_claims_table;

/**
 * struct qf_expect - what claims have to be
 * @iss: who has to have made it
 * @aud: who we are
 * @now: microseconds UTC
 * @skew: how far clocks may be apart, in microseconds
 * @life: longest time between iat and exp, in microseconds; 0 for any
 */
struct qf_expect {
	const char *iss;
	const char *aud;
	int64_t now;
	int64_t skew;
	int64_t life;
};

/* 0, or -1 with @problem: from another, for another, too early, too late, for too long. */
int qf_claims_check(const struct qf_claims *claims, const struct qf_expect *expect,
		    struct qf_problem *problem);

#endif
