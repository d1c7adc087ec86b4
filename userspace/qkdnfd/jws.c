// SPDX-License-Identifier: GPL-2.0-or-later
/* Signed messages. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "clock.h"
#include "jws.h"

#define HEADER_MAX     512 /* octets of JSON */
#define SIGNATURE_TEXT QF_B64_LEN(QF_SIGNATURE_OCTETS)

struct header {
	char alg[16];
	char kid[QF_KID_TEXT];
	char typ[65];
};

static const struct qf_field header_fields[] = {
	{ .name = "alg", .kind = QF_STRING, .alphabet = QF_ASCII, QF_AT(struct header, alg) },
	{ .name = "kid",
	  .kind = QF_STRING,
	  .alphabet = QF_B64,
	  QF_AT(struct header, kid),
	  .optional = true,
	  .min = QF_KID_TEXT - 1 },
	{ .name = "typ",
	  .kind = QF_STRING,
	  .alphabet = QF_ASCII,
	  QF_AT(struct header, typ),
	  .optional = true },
};

static const struct qf_table header_table = QF_TABLE(struct header, header_fields, QF_REFUSE);

static const struct qf_field claims_fields[] = {
	{ .name = "iss", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct qf_claims, iss) },
	{ .name = "aud", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct qf_claims, aud) },
	{ .name = "jti", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct qf_claims, jti) },
	{ .name = "iat", .kind = QF_SECONDS, QF_AT(struct qf_claims, iat) },
	{ .name = "exp", .kind = QF_SECONDS, QF_AT(struct qf_claims, exp) },
};

const struct qf_table qf_claims_table = QF_TABLE(struct qf_claims, claims_fields, QF_REFUSE);

static int refused(struct qf_problem *problem, const char *why)
{
	return qf_problem(problem, QF_BAD_SIGNATURE, "a signed message: %s", why);
}

static int read_header(struct header *header, const char *text, size_t len, const char *typ,
		       struct qf_problem *problem)
{
	static const struct qf_limits limits = { .octets = HEADER_MAX, .depth = 1, .values = 8 };
	char data[HEADER_MAX];
	ssize_t n = qf_b64_decode(data, sizeof(data), text, len);
	struct qf_problem within;
	struct qn_error err;
	json_t *value;
	int ret;

	if (n < 0)
		return refused(problem, "its header is too long, or not base64url");
	value = qf_doc_parse(data, (size_t)n, &limits, &within);
	ret = value ? qf_doc_read(&header_table, value, header, &within) : -1;
	json_decref(value);
	if (ret) {
		qf_problem_error(&within, &err);
		return qf_problem(problem, QF_BAD_SIGNATURE,
				  "the header of a signed message, which has alg, kid and typ: %s",
				  err.text);
	}
	if (strcmp(header->alg, "EdDSA"))
		return qf_problem(problem, QF_BAD_SIGNATURE,
				  "a signed message: alg is EdDSA and nothing else, not %s",
				  header->alg);
	if (!typ)
		return 0;
	if (strcmp(header->typ, typ))
		return qf_problem(problem, QF_BAD_SIGNATURE,
				  "a signed message of type %s was expected, not %s", typ,
				  header->typ[0] ? header->typ : "one without type");
	if (!header->kid[0])
		return refused(problem, "kid has to name the key");
	return 0;
}

int qf_jws_open(struct qf_jws *jws, const char *token, size_t len, const char *typ,
		struct qf_problem *problem)
{
	const char *end = token + len, *first, *second;
	struct header header;
	ssize_t n;

	memset(jws, 0, sizeof(*jws));
	first = memchr(token, '.', len);
	second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
	if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
		return refused(problem, "header, payload and one signature, with dots between");
	if (read_header(&header, token, (size_t)(first - token), typ, problem))
		return -1;
	if ((size_t)(end - second - 1) != SIGNATURE_TEXT ||
	    qf_b64_decode(jws->signature, sizeof(jws->signature), second + 1, SIGNATURE_TEXT) !=
		    QF_SIGNATURE_OCTETS)
		return refused(problem, "its signature is not 64 octets in base64url");
	jws->payload = qn_alloc(len);
	n = qf_b64_decode(jws->payload, len, first + 1, (size_t)(second - first - 1));
	if (n < 0) {
		qf_jws_close(jws);
		return refused(problem, "its payload is not base64url without padding");
	}
	jws->payload_len = (size_t)n;
	jws->token = token;
	jws->signed_len = (size_t)(second - token);
	memcpy(jws->kid, header.kid, sizeof(jws->kid));
	return 0;
}

void qf_jws_close(struct qf_jws *jws)
{
	free(jws->payload);
	jws->payload = NULL;
}

int qf_jws_verify(const struct qf_jws *jws, const uint8_t public[QF_PUBLIC_OCTETS],
		  struct qf_problem *problem)
{
	char kid[QF_KID_TEXT];

	qf_public_kid(kid, public);
	if (jws->kid[0] && strcmp(kid, jws->kid))
		return refused(problem, "kid is not the thumbprint of the key");
	if (!qf_signature_good(public, jws->token, jws->signed_len, jws->signature))
		return refused(problem, "the signature does not fit");
	return 0;
}

char *qf_jws_sign(const struct qf_signer *signer, const char *typ, const char *payload, size_t len,
		  struct qn_error *err)
{
	struct header header = { .alg = "EdDSA" };
	uint8_t signature[QF_SIGNATURE_OCTETS];
	struct qf_problem problem;
	char *token, *text;
	size_t used, n;
	json_t *value;

	if (typ) {
		if (strlen(typ) >= sizeof(header.typ)) {
			qn_fail(err, "the type of a message is too long: %s", typ);
			return NULL;
		}
		strcpy(header.typ, typ);
		qf_public_kid(header.kid, qf_signer_public(signer));
	}
	value = qf_doc_write(&header_table, &header, &problem);
	if (!value) {
		qf_problem_error(&problem, err);
		return NULL;
	}
	text = json_dumps(value, JSON_COMPACT);
	json_decref(value);
	n = strlen(text);
	token = qn_alloc(QF_B64_LEN(n) + 1 + QF_B64_LEN(len) + 1 + SIGNATURE_TEXT + 1);
	qf_b64_encode(token, text, n);
	free(text);
	used = strlen(token);
	token[used++] = '.';
	qf_b64_encode(token + used, payload, len);
	used += QF_B64_LEN(len);
	if (qf_sign(signer, token, used, signature, err)) {
		free(token);
		return NULL;
	}
	token[used++] = '.';
	qf_b64_encode(token + used, signature, sizeof(signature));
	return token;
}

json_t *qf_jws_read(const struct qf_table *table, void *to, const char *token, size_t len,
		    const char *typ, const uint8_t public[QF_PUBLIC_OCTETS],
		    struct qf_problem *problem)
{
	json_t *value = NULL;
	struct qf_jws jws;

	if (qf_jws_open(&jws, token, len, typ, problem))
		return NULL;
	if (!qf_jws_verify(&jws, public, problem))
		value = qf_doc_parse(jws.payload, jws.payload_len, &qf_limits_message, problem);
	qf_jws_close(&jws);
	if (value && qf_doc_read(table, value, to, problem)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

char *qf_jws_write(const struct qf_table *table, const void *from, const char *typ,
		   const struct qf_signer *signer, struct qn_error *err)
{
	struct qf_problem problem;
	json_t *value = qf_doc_write(table, from, &problem);
	char *text, *token;

	if (!value) {
		qf_problem_error(&problem, err);
		return NULL;
	}
	text = json_dumps(value, JSON_COMPACT);
	json_decref(value);
	token = qf_jws_sign(signer, typ, text, strlen(text), err);
	free(text);
	return token;
}

int qf_claims_check(const struct qf_claims *claims, const struct qf_expect *expect,
		    struct qf_problem *problem)
{
	if (strcmp(claims->iss, expect->iss))
		return qf_problem_at(problem, QF_FORBIDDEN, "/iss", "signed for %s by %s",
				     claims->iss, expect->iss);
	if (strcmp(claims->aud, expect->aud))
		return qf_problem_at(problem, QF_REFUSED, "/aud", "made for %s and not for %s",
				     claims->aud, expect->aud);
	if (claims->exp <= claims->iat)
		return qf_problem_at(problem, QF_REFUSED, "/exp", "not after iat");
	if (expect->life && claims->exp - claims->iat > expect->life)
		return qf_problem_at(problem, QF_REFUSED, "/exp", "at most %" PRId64 " s after iat",
				     expect->life / QF_SECOND);
	if (claims->iat > expect->now + expect->skew)
		return qf_problem_at(problem, QF_REFUSED, "/iat",
				     "made %" PRId64 " s from now: are the clocks right?",
				     (claims->iat - expect->now) / QF_SECOND);
	if (claims->exp <= expect->now - expect->skew)
		return qf_problem_at(problem, QF_REFUSED, "/exp", "expired %" PRId64 " s ago",
				     (expect->now - claims->exp) / QF_SECOND);
	return 0;
}
