/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of ETSI GS QKD 014 V1.1.1: what an application (SAE) asks its key management
 * entity (KME) for, and what it is answered. The clauses named are that document's.
 *
 * Only the messages are here; whose certificate may ask for what, and where the key comes
 * from, is the caller's. Nothing here keeps state: any thread. Sizes of keys are in bits,
 * as in the document.
 */
#ifndef QF_ETSI014_H
#define QF_ETSI014_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base.h"

/* Of an id as it stands in a path or message; GS QKD 020 limits them to as much. */
#define QF_014_SAE_MAX 64
/* A UUID as text (RFC 9562), with the 0 at its end. */
#define QF_014_KEY_ID 37
/* What one request may ask for, whatever the offer says. */
#define QF_014_KEYS_MAX 1024
#define QF_014_SAES_MAX 64

/**
 * struct qf_014_offer - what a KME gives
 * @key_size: bits of a key unless the request says otherwise
 * @min_key_size: least
 * @max_key_size: greatest
 * @max_key_per_request: keys in one container; at most QF_014_KEYS_MAX
 * @max_sae_count: additional slaves; 0: none
 */
struct qf_014_offer {
	unsigned int key_size;
	unsigned int min_key_size;
	unsigned int max_key_size;
	unsigned int max_key_per_request;
	unsigned int max_sae_count;
};

/**
 * struct qf_014_refusal - why a request is answered by an error (clause 6.5)
 * @status: of HTTP: 400, 401 or 503
 * @message: what to do about it, or the words that the document demands
 * @parameter: which parameter is at fault, or an empty string
 */
struct qf_014_refusal {
	int status;
	char message[200];
	char parameter[200];
};

/* Fill in a refusal. Returns -1, so that callers can return it. */
int qf_014_refuse(struct qf_014_refusal *refusal, int status, const char *parameter,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The body of a refusal: {message, details?}; NULL for 401, which has none. */
json_t *qf_014_refusal_json(const struct qf_014_refusal *refusal);

/* --- ids ------------------------------------------------------------------------------- */

/* May it be the id of a SAE? 1 to QF_014_SAE_MAX characters that a URI takes as they are. */
bool qf_014_sae_id(const char *text);
/* Is it a UUID? Digits above 9 in lower or upper case. */
bool qf_014_key_id(const char *text);
/* Text of a UUID, version 4, of 16 random octets, whose version bits are set on the way. */
void qf_014_key_id_make(char text[QF_014_KEY_ID], const uint8_t random[16]);
/* The 16 octets of a UUID that qf_014_key_id() takes. */
void qf_014_key_id_octets(const char *text, uint8_t octets[16]);

/* --- enc_keys (clause 5.2) ------------------------------------------------------------- */

/**
 * struct qf_014_enc - what enc_keys asks for
 * @number: of keys
 * @size: of each
 * @additional: further slaves, in @body's memory
 * @additional_count: of them
 * @body: the document, for qf_014_enc_clear()
 */
struct qf_014_enc {
	unsigned int number;
	unsigned int size;
	const char *additional[QF_014_SAES_MAX];
	unsigned int additional_count;
	json_t *body;
};

/**
 * qf_014_enc_get() - GET
 * @number: value of that parameter of the query, NULL without
 * @size: likewise
 * @offer: what is given
 * @enc: the answer
 * @refusal: why not
 *
 * Return: 0, or -1 with @refusal.
 */
int qf_014_enc_get(const char *number, const char *size, const struct qf_014_offer *offer,
		   struct qf_014_enc *enc, struct qf_014_refusal *refusal);

/**
 * qf_014_enc_post() - POST
 * @body: of the request, which may be empty
 * @len: octets of it
 * @slave: the one in the path, who need not be named again
 * @offer: what is given
 * @enc: the answer, for qf_014_enc_clear()
 * @refusal: why not
 *
 * No extension is known here: a mandatory one is refused, an optional one is passed over,
 * as clause 6.2 has it.
 *
 * Return: 0, or -1 with @refusal.
 */
int qf_014_enc_post(const char *body, size_t len, const char *slave,
		    const struct qf_014_offer *offer, struct qf_014_enc *enc,
		    struct qf_014_refusal *refusal);
void qf_014_enc_clear(struct qf_014_enc *enc);

/* --- dec_keys (clause 5.3) ------------------------------------------------------------- */

/**
 * struct qf_014_dec - what dec_keys asks for
 * @ids: texts of the UUIDs, as the request wrote them, none twice; in @body's memory
 * @count: of them
 * @body: the document, for qf_014_dec_clear(); NULL for GET
 */
struct qf_014_dec {
	const char *ids[QF_014_KEYS_MAX];
	unsigned int count;
	json_t *body;
};

/* GET: @id is the parameter key_ID of the query, NULL without, and has to outlive @dec. */
int qf_014_dec_get(const char *id, struct qf_014_dec *dec, struct qf_014_refusal *refusal);
int qf_014_dec_post(const char *body, size_t len, const struct qf_014_offer *offer,
		    struct qf_014_dec *dec, struct qf_014_refusal *refusal);
void qf_014_dec_clear(struct qf_014_dec *dec);

/* --- answers --------------------------------------------------------------------------- */

/**
 * struct qf_014_status - answer to status (clause 6.1)
 * @kme: source KME
 * @target_kme: of the slave
 * @master: who asks
 * @slave: whom it names
 * @stored: keys of the default size that could be had now
 * @room: keys that the store has room for
 */
struct qf_014_status {
	const char *kme;
	const char *target_kme;
	const char *master;
	const char *slave;
	uint64_t stored;
	uint64_t room;
};

/* {source_KME_ID, ..., max_SAE_ID_count}; max_key_count is never below stored_key_count. */
json_t *qf_014_status_json(const struct qf_014_status *status, const struct qf_014_offer *offer);

/**
 * qf_014_container() - keys, for enc_keys and dec_keys (clause 6.3)
 * @ids: a UUID each
 * @keys: the keys, one behind the other; stay the caller's to erase
 * @count: of keys
 * @octets: of each
 * @len: out: octets of the answer
 *
 * Return: JSON, from malloc(), which the caller overwrites before it is freed; no copy of a
 * key is made but in it.
 */
char *qf_014_container(const char *const *ids, const uint8_t *keys, unsigned int count,
		       size_t octets, size_t *len);

#endif
