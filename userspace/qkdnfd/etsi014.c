// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of ETSI GS QKD 014: requests read, refusals written. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "etsi014.h"

/* Words that the document demands (clause 5). */
#define BAD_SIZE      "size shall be a multiple of 8"
#define BAD_EXTENSION "not all extension_mandatory parameters are supported"

static const struct qf_limits limits = {
	.octets = 128 * 1024,
	.depth = 8,
	.values = 8 * QF_014_KEYS_MAX,
};

int qf_014_refuse(struct qf_014_refusal *refusal, int status, const char *parameter,
		  const char *fmt, ...)
{
	va_list ap;

	refusal->status = status;
	snprintf(refusal->parameter, sizeof(refusal->parameter), "%s", parameter);
	va_start(ap, fmt);
	vsnprintf(refusal->message, sizeof(refusal->message), fmt, ap);
	va_end(ap);
	return -1;
}

json_t *qf_014_refusal_json(const struct qf_014_refusal *refusal)
{
	if (refusal->status == 401)
		return NULL;
	if (!*refusal->parameter)
		return json_pack("{s:s}", "message", refusal->message);
	return json_pack("{s:s, s:[{s:s}]}", "message", refusal->message, "details", "parameter",
			 refusal->parameter);
}

/* --- ids ------------------------------------------------------------------------------- */

bool qf_014_sae_id(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:@";
	size_t len = strspn(text, allowed);

	/* What a path takes for itself or its parent would not arrive. */
	return len && len <= QF_014_SAE_MAX && !text[len] && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool qf_014_key_id(const char *text)
{
	size_t i;

	for (i = 0; i < QF_014_KEY_ID - 1; i++)
		if (dash_at(i) ? text[i] != '-' : hex(text[i]) < 0)
			return false;
	return !text[i];
}

void qf_014_key_id_make(char text[QF_014_KEY_ID], const uint8_t random[16])
{
	static const char digits[] = "0123456789abcdef";
	size_t i, place = 0;

	for (i = 0; i < 16; i++) {
		uint8_t octet = random[i];

		if (i == 6)
			octet = (octet & 0x0f) | 0x40;
		if (i == 8)
			octet = (octet & 0x3f) | 0x80;
		if (dash_at(place))
			text[place++] = '-';
		text[place++] = digits[octet >> 4];
		text[place++] = digits[octet & 15];
	}
	text[place] = 0;
}

void qf_014_key_id_octets(const char *text, uint8_t octets[16])
{
	size_t i, place = 0;

	for (i = 0; i < 16; i++) {
		if (dash_at(place))
			place++;
		octets[i] = hex(text[place]) << 4 | hex(text[place + 1]);
		place += 2;
	}
}

/* --- enc_keys ---------------------------------------------------------------------------- */

static int check_enc(const struct qf_014_enc *enc, int64_t number, int64_t size,
		     const struct qf_014_offer *offer, struct qf_014_refusal *refusal)
{
	if (number < 1 || number > offer->max_key_per_request)
		return qf_014_refuse(refusal, 400, "number", "number shall be 1 to %u",
				     offer->max_key_per_request);
	if (size % 8)
		return qf_014_refuse(refusal, 400, "size", BAD_SIZE);
	if (size < offer->min_key_size || size > offer->max_key_size)
		return qf_014_refuse(refusal, 400, "size", "size shall be %u to %u",
				     offer->min_key_size, offer->max_key_size);
	if (enc->additional_count > offer->max_sae_count)
		return qf_014_refuse(refusal, 400, "additional_slave_SAE_IDs",
				     offer->max_sae_count ?
					     "no more than %u additional slaves are served" :
					     "no additional slaves are served",
				     offer->max_sae_count);
	return 0;
}

static int check_saes(const struct qf_014_enc *enc, const char *slave,
		      struct qf_014_refusal *refusal)
{
	unsigned int i, j;

	for (i = 0; i < enc->additional_count; i++) {
		const char *id = enc->additional[i];

		if (!qf_014_sae_id(id))
			return qf_014_refuse(refusal, 400, "additional_slave_SAE_IDs",
					     "element %u is not the id of a SAE", i + 1);
		if (!strcmp(id, slave))
			return qf_014_refuse(refusal, 400, "additional_slave_SAE_IDs",
					     "%s is the slave in the path already", id);
		for (j = 0; j < i; j++)
			if (!strcmp(id, enc->additional[j]))
				return qf_014_refuse(refusal, 400, "additional_slave_SAE_IDs",
						     "%s is there twice", id);
	}
	return 0;
}

/* A parameter of a query: decimal digits and nothing else. */
static int digits(const char *text, const char *name, int64_t *value,
		  struct qf_014_refusal *refusal)
{
	size_t len = strspn(text, "0123456789"), i;

	if (!len || text[len] || len > 9)
		return qf_014_refuse(refusal, 400, name, "%s shall be a number", name);
	*value = 0;
	for (i = 0; i < len; i++)
		*value = *value * 10 + (text[i] - '0');
	return 0;
}

int qf_014_enc_get(const char *number, const char *size, const struct qf_014_offer *offer,
		   struct qf_014_enc *enc, struct qf_014_refusal *refusal)
{
	int64_t n = 1, bits = offer->key_size;

	memset(enc, 0, sizeof(*enc));
	if (number && digits(number, "number", &n, refusal))
		return -1;
	if (size && digits(size, "size", &bits, refusal))
		return -1;
	if (check_enc(enc, n, bits, offer, refusal))
		return -1;
	enc->number = n;
	enc->size = bits;
	return 0;
}

struct enc_body {
	int64_t number;
	bool has_number;
	int64_t size;
	bool has_size;
	const char *additional[QF_014_SAES_MAX];
	size_t additional_count;
	json_t *mandatory[QF_014_SAES_MAX];
	size_t mandatory_count;
	json_t *optional[QF_014_SAES_MAX];
	size_t optional_count;
};

static const struct qf_field sae_item = {
	.kind = QF_REF,
	.alphabet = QF_ASCII,
	.size = sizeof(char *),
	.max = QF_014_SAE_MAX,
};

static const struct qf_field extension_item = { .kind = QF_VALUE, .size = sizeof(json_t *) };

static const struct qf_field enc_fields[] = {
	{ .name = "number",
	  .kind = QF_INTEGER,
	  QF_AT(struct enc_body, number),
	  QF_HAS(struct enc_body, has_number),
	  .min = INT32_MIN,
	  .max = INT32_MAX },
	{ .name = "size",
	  .kind = QF_INTEGER,
	  QF_AT(struct enc_body, size),
	  QF_HAS(struct enc_body, has_size),
	  .min = INT32_MIN,
	  .max = INT32_MAX },
	{ .name = "additional_slave_SAE_IDs",
	  .kind = QF_ARRAY,
	  .item = &sae_item,
	  .optional = true,
	  QF_AT(struct enc_body, additional),
	  QF_COUNT(struct enc_body, additional_count),
	  .max = QF_014_SAES_MAX },
	{ .name = "extension_mandatory",
	  .kind = QF_ARRAY,
	  .item = &extension_item,
	  .optional = true,
	  QF_AT(struct enc_body, mandatory),
	  QF_COUNT(struct enc_body, mandatory_count),
	  .max = QF_014_SAES_MAX },
	{ .name = "extension_optional",
	  .kind = QF_ARRAY,
	  .item = &extension_item,
	  .optional = true,
	  QF_AT(struct enc_body, optional),
	  QF_COUNT(struct enc_body, optional_count),
	  .max = QF_014_SAES_MAX },
};

static const struct qf_table enc_table = QF_TABLE(struct enc_body, enc_fields, QF_IGNORE);

/* A document by its table; what is wrong with it becomes a refusal. */
static json_t *read_body(const char *text, size_t len, const struct qf_table *table, void *to,
			 struct qf_014_refusal *refusal)
{
	struct qf_problem problem = { 0 };
	json_t *body = qf_doc_parse(text, len, &limits, &problem);

	if (body && !qf_doc_read(table, body, to, &problem))
		return body;
	json_decref(body);
	qf_014_refuse(refusal, 400, problem.has_pointer ? problem.pointer : "", "%s",
		      problem.detail);
	return NULL;
}

int qf_014_enc_post(const char *text, size_t len, const char *slave,
		    const struct qf_014_offer *offer, struct qf_014_enc *enc,
		    struct qf_014_refusal *refusal)
{
	struct enc_body body = { 0 };
	size_t i;

	/* An empty body asks for one key of the default size. */
	if (!len)
		return qf_014_enc_get(NULL, NULL, offer, enc, refusal);
	memset(enc, 0, sizeof(*enc));
	enc->body = read_body(text, len, &enc_table, &body, refusal);
	if (!enc->body)
		return -1;
	for (i = 0; i < body.mandatory_count + body.optional_count; i++) {
		bool mandatory = i < body.mandatory_count;
		json_t *value = mandatory ? body.mandatory[i] :
					    body.optional[i - body.mandatory_count];
		const char *name = mandatory ? "extension_mandatory" : "extension_optional";

		if (!json_is_object(value)) {
			qf_014_refuse(refusal, 400, name, "%s shall be an array of objects", name);
			goto refused;
		}
	}
	if (body.mandatory_count) {
		qf_014_refuse(refusal, 400, "extension_mandatory", BAD_EXTENSION);
		goto refused;
	}
	if (!body.has_number)
		body.number = 1;
	if (!body.has_size)
		body.size = offer->key_size;
	memcpy(enc->additional, body.additional, sizeof(enc->additional));
	enc->additional_count = body.additional_count;
	if (check_enc(enc, body.number, body.size, offer, refusal) ||
	    check_saes(enc, slave, refusal))
		goto refused;
	enc->number = body.number;
	enc->size = body.size;
	return 0;
refused:
	qf_014_enc_clear(enc);
	return -1;
}

void qf_014_enc_clear(struct qf_014_enc *enc)
{
	json_decref(enc->body);
	memset(enc, 0, sizeof(*enc));
}

/* --- dec_keys ---------------------------------------------------------------------------- */

struct key_id {
	const char *id;
};

struct dec_body {
	struct key_id ids[QF_014_KEYS_MAX];
	size_t count;
};

static const struct qf_field key_id_fields[] = {
	{ .name = "key_ID",
	  .kind = QF_REF,
	  .alphabet = QF_ASCII,
	  QF_AT(struct key_id, id),
	  .max = QF_014_KEY_ID - 1 },
};

static const struct qf_table key_id_table = QF_TABLE(struct key_id, key_id_fields, QF_IGNORE);

static const struct qf_field key_id_item = {
	.kind = QF_OBJECT,
	.table = &key_id_table,
	.size = sizeof(struct key_id),
};

static const struct qf_field dec_fields[] = {
	{ .name = "key_IDs",
	  .kind = QF_ARRAY,
	  .item = &key_id_item,
	  .min = 1,
	  QF_AT(struct dec_body, ids),
	  QF_COUNT(struct dec_body, count),
	  .max = QF_014_KEYS_MAX },
};

static const struct qf_table dec_table = QF_TABLE(struct dec_body, dec_fields, QF_IGNORE);

int qf_014_dec_get(const char *id, struct qf_014_dec *dec, struct qf_014_refusal *refusal)
{
	memset(dec, 0, sizeof(*dec));
	if (!id || !qf_014_key_id(id))
		return qf_014_refuse(refusal, 400, "key_ID", "key_ID shall be one UUID");
	dec->ids[0] = id;
	dec->count = 1;
	return 0;
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Is one there twice, however it is written? */
static bool repeated(const struct qf_014_dec *dec)
{
	uint8_t octets[QF_014_KEYS_MAX][16];
	unsigned int i;

	for (i = 0; i < dec->count; i++)
		qf_014_key_id_octets(dec->ids[i], octets[i]);
	qsort(octets, dec->count, sizeof(octets[0]), by_octets);
	for (i = 1; i < dec->count; i++)
		if (!memcmp(octets[i - 1], octets[i], 16))
			return true;
	return false;
}

int qf_014_dec_post(const char *text, size_t len, const struct qf_014_offer *offer,
		    struct qf_014_dec *dec, struct qf_014_refusal *refusal)
{
	struct dec_body body = { 0 };
	unsigned int i;

	memset(dec, 0, sizeof(*dec));
	dec->body = read_body(text, len, &dec_table, &body, refusal);
	if (!dec->body)
		return -1;
	if (body.count > offer->max_key_per_request) {
		qf_014_refuse(refusal, 400, "key_IDs", "no more than %u keys at once",
			      offer->max_key_per_request);
		goto refused;
	}
	for (i = 0; i < body.count; i++) {
		dec->ids[i] = body.ids[i].id;
		if (qf_014_key_id(dec->ids[i]))
			continue;
		qf_014_refuse(refusal, 400, "key_IDs", "element %u is not a UUID", i + 1);
		goto refused;
	}
	dec->count = body.count;
	if (repeated(dec)) {
		qf_014_refuse(refusal, 400, "key_IDs", "a key is asked for twice");
		goto refused;
	}
	return 0;
refused:
	qf_014_dec_clear(dec);
	return -1;
}

void qf_014_dec_clear(struct qf_014_dec *dec)
{
	json_decref(dec->body);
	memset(dec, 0, sizeof(*dec));
}
