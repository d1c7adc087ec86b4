// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of ETSI GS QKD 014: what is read, what is refused and how, what is written. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "etsi014.h"

static int failures;
static const struct qf_014_offer offer = {
	.key_size = 256,
	.min_key_size = 64,
	.max_key_size = 1024,
	.max_key_per_request = 128,
	.max_sae_count = 2,
};

__attribute__((format(printf, 3, 4))) static void check(const char *name, bool good,
							const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s - ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* --- enc_keys --------------------------------------------------------------------------- */

/* @message: NULL if it is to be taken; @parameter: what the refusal names */
struct enc_case {
	const char *name;
	const char *body;
	unsigned int number;
	unsigned int size;
	const char *message;
	const char *parameter;
};

static const struct enc_case enc_cases[] = {
	{ "empty-body", "", 1, 256 },
	{ "empty-object", "{}", 1, 256 },
	{ "number", "{\"number\":128}", 128, 256 },
	{ "size", "{\"size\":64}", 1, 64 },
	{ "both", "{\"number\":3,\"size\":1024}", 3, 1024 },
	{ "unknown-members-are-passed-over", "{\"number\":2,\"colour\":[1,{}]}", 2, 256 },
	{ "optional-extensions-are-passed-over", "{\"extension_optional\":[{\"a\":1},{\"b\":{}}]}",
	  1, 256 },
	{ "no-mandatory-extension", "{\"extension_mandatory\":[]}", 1, 256 },
	{ "two-more-slaves", "{\"additional_slave_SAE_IDs\":[\"sae-b\",\"sae-c\"]}", 1, 256 },
	{ "size-no-multiple-of-8", "{\"size\":257}", 0, 0, "size shall be a multiple of 8",
	  "size" },
	{ "size-below-and-no-multiple", "{\"size\":-1}", 0, 0, "size shall be a multiple of 8",
	  "size" },
	{ "size-too-small", "{\"size\":56}", 0, 0, "size shall be 64 to 1024", "size" },
	{ "size-too-great", "{\"size\":1032}", 0, 0, "size shall be 64 to 1024", "size" },
	{ "size-zero", "{\"size\":0}", 0, 0, "size shall be 64 to 1024", "size" },
	{ "number-zero", "{\"number\":0}", 0, 0, "number shall be 1 to 128", "number" },
	{ "number-negative", "{\"number\":-1}", 0, 0, "number shall be 1 to 128", "number" },
	{ "number-too-great", "{\"number\":129}", 0, 0, "number shall be 1 to 128", "number" },
	{ "number-of-64-bits", "{\"number\":4294967297}", 0, 0, "", "number" },
	{ "number-as-text", "{\"number\":\"3\"}", 0, 0, "", "number" },
	{ "number-as-fraction", "{\"number\":3.5}", 0, 0, "", "number" },
	{ "member-twice", "{\"number\":1,\"number\":2}", 0, 0, "", "" },
	{ "not-json", "{\"number\":", 0, 0, "", "" },
	{ "more-behind", "{} {}", 0, 0, "", "" },
	{ "array", "[]", 0, 0, "", "" },
	{ "mandatory-extension", "{\"extension_mandatory\":[{\"x\":1}]}", 0, 0,
	  "not all extension_mandatory parameters are supported", "extension_mandatory" },
	{ "mandatory-extension-no-object", "{\"extension_mandatory\":[1]}", 0, 0,
	  "extension_mandatory shall be an array of objects", "extension_mandatory" },
	{ "optional-extension-no-object", "{\"extension_optional\":[\"x\"]}", 0, 0,
	  "extension_optional shall be an array of objects", "extension_optional" },
	{ "three-more-slaves", "{\"additional_slave_SAE_IDs\":[\"b\",\"c\",\"d\"]}", 0, 0,
	  "no more than 2 additional slaves are served", "additional_slave_SAE_IDs" },
	{ "slave-of-the-path-again", "{\"additional_slave_SAE_IDs\":[\"sae-1\"]}", 0, 0,
	  "sae-1 is the slave in the path already", "additional_slave_SAE_IDs" },
	{ "slave-twice", "{\"additional_slave_SAE_IDs\":[\"b\",\"b\"]}", 0, 0, "b is there twice",
	  "additional_slave_SAE_IDs" },
	{ "slave-not-an-id", "{\"additional_slave_SAE_IDs\":[\"b\",\"a/b\"]}", 0, 0,
	  "element 2 is not the id of a SAE", "additional_slave_SAE_IDs" },
};

static void enc_post(void)
{
	char name[80];
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(enc_cases); i++) {
		const struct enc_case *c = &enc_cases[i];
		struct qf_014_refusal refusal = { 0 };
		struct qf_014_enc enc;
		int ret =
			qf_014_enc_post(c->body, strlen(c->body), "sae-1", &offer, &enc, &refusal);

		snprintf(name, sizeof(name), "014-enc-keys-%s", c->name);
		if (!c->message) {
			check(name, !ret && enc.number == c->number && enc.size == c->size,
			      "%d: %s; %u keys of %u", ret, refusal.message, enc.number, enc.size);
			qf_014_enc_clear(&enc);
			continue;
		}
		check(name,
		      ret && refusal.status == 400 && *refusal.message &&
			      (!*c->message || !strcmp(refusal.message, c->message)) &&
			      strstr(refusal.parameter, c->parameter),
		      "%d: %d %s, %s", ret, refusal.status, refusal.message, refusal.parameter);
	}
}

static void enc_get(void)
{
	static const struct {
		const char *name, *number, *size, *message;
		unsigned int keys, bits;
	} cases[] = {
		{ "nothing", NULL, NULL, NULL, 1, 256 },
		{ "number", "7", NULL, NULL, 7, 256 },
		{ "both", "2", "128", NULL, 2, 128 },
		{ "no-multiple", NULL, "100", "size shall be a multiple of 8" },
		{ "not-a-number", "x", NULL, "number shall be a number" },
		{ "empty", "", NULL, "number shall be a number" },
		{ "sign", "+1", NULL, "number shall be a number" },
		{ "behind", "1 ", NULL, "number shall be a number" },
		{ "too-long", "11111111111111111111", NULL, "number shall be a number" },
	};
	char name[80];
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		struct qf_014_refusal refusal = { 0 };
		struct qf_014_enc enc;
		int ret = qf_014_enc_get(cases[i].number, cases[i].size, &offer, &enc, &refusal);

		snprintf(name, sizeof(name), "014-enc-keys-get-%s", cases[i].name);
		if (cases[i].message)
			check(name, ret && !strcmp(refusal.message, cases[i].message), "%s",
			      refusal.message);
		else
			check(name,
			      !ret && enc.number == cases[i].keys && enc.size == cases[i].bits,
			      "%s; %u of %u", refusal.message, enc.number, enc.size);
	}
}

/* --- dec_keys --------------------------------------------------------------------------- */

#define ID1 "00112233-4455-4677-8899-aabbccddeeff"
#define ID2 "00112233-4455-4677-8899-aabbccddeefe"

static void dec(void)
{
	static const struct {
		const char *name, *body;
		unsigned int count;
	} cases[] = {
		{ "one", "{\"key_IDs\":[{\"key_ID\":\"" ID1 "\"}]}", 1 },
		{ "two", "{\"key_IDs\":[{\"key_ID\":\"" ID1 "\"},{\"key_ID\":\"" ID2 "\"}]}", 2 },
		{ "with-extensions",
		  "{\"key_IDs\":[{\"key_ID\":\"" ID1 "\",\"key_ID_extension\":{}}],"
		  "\"key_IDs_extension\":{}}",
		  1 },
		{ "none", "{\"key_IDs\":[]}", 0 },
		{ "missing", "{}", 0 },
		{ "empty", "", 0 },
		{ "plain-strings", "{\"key_IDs\":[\"" ID1 "\"]}", 0 },
		{ "no-uuid", "{\"key_IDs\":[{\"key_ID\":\"" ID1 "0\"}]}", 0 },
		{ "short", "{\"key_IDs\":[{\"key_ID\":\"00112233\"}]}", 0 },
		{ "twice", "{\"key_IDs\":[{\"key_ID\":\"" ID1 "\"},{\"key_ID\":\"" ID1 "\"}]}", 0 },
		{ "twice-in-capitals",
		  "{\"key_IDs\":[{\"key_ID\":\"" ID1 "\"},"
		  "{\"key_ID\":\"00112233-4455-4677-8899-AABBCCDDEEFF\"}]}",
		  0 },
	};
	struct qf_014_offer small = offer;
	struct qf_014_refusal refusal = { 0 };
	struct qf_014_dec dec;
	char name[80];
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		int ret = qf_014_dec_post(cases[i].body, strlen(cases[i].body), &offer, &dec,
					  &refusal);

		snprintf(name, sizeof(name), "014-dec-keys-%s", cases[i].name);
		if (cases[i].count)
			check(name, !ret && dec.count == cases[i].count, "%d: %s", ret,
			      refusal.message);
		else
			check(name, ret && refusal.status == 400 && *refusal.message, "%d: %s", ret,
			      refusal.message);
		if (!ret)
			qf_014_dec_clear(&dec);
	}
	small.max_key_per_request = 1;
	check("014-dec-keys-too-many",
	      qf_014_dec_post(cases[1].body, strlen(cases[1].body), &small, &dec, &refusal) &&
		      !strcmp(refusal.message, "no more than 1 keys at once"),
	      "%s", refusal.message);
	check("014-dec-keys-get", !qf_014_dec_get(ID1, &dec, &refusal) && dec.count == 1, "%s",
	      refusal.message);
	check("014-dec-keys-get-without",
	      qf_014_dec_get(NULL, &dec, &refusal) && !strcmp(refusal.parameter, "key_ID"), "%s",
	      refusal.message);
}

/* --- ids, answers ------------------------------------------------------------------------ */

static void ids(void)
{
	const uint8_t random[] = "\xff\1\2\3\4\5\xff\7\xff\x09\x0a\x0b\x0c\x0d\x0e\x0f";
	uint8_t back[16];
	char text[QF_014_KEY_ID], sae[QF_014_SAE_MAX + 2];

	qf_014_key_id_make(text, random);
	check("014-key-id-is-of-version-4", !strcmp(text, "ff010203-0405-4f07-bf09-0a0b0c0d0e0f"),
	      "%s", text);
	qf_014_key_id_octets(text, back);
	check("014-key-id-back",
	      qf_014_key_id(text) && back[0] == 0xff && back[6] == 0x4f && back[15] == 15, "%s",
	      text);
	memset(sae, 'a', sizeof(sae));
	sae[QF_014_SAE_MAX] = 0;
	check("014-sae-id",
	      qf_014_sae_id(sae) && qf_014_sae_id("urn:sae@a-1.b_2~") && !qf_014_sae_id("") &&
		      !qf_014_sae_id(".") && !qf_014_sae_id("..") && !qf_014_sae_id("a b") &&
		      !qf_014_sae_id("a/b") && !qf_014_sae_id("a%20"),
	      "-");
	sae[QF_014_SAE_MAX] = 'a';
	sae[QF_014_SAE_MAX + 1] = 0;
	check("014-sae-id-too-long", !qf_014_sae_id(sae), "-");
}

static void container(void)
{
	static const size_t sizes[] = { 8, 31, 32, 33, 128 };
	static const char *const names[] = { ID1, ID2, ID1 };
	uint8_t keys[3 * 128], out[256];
	bool good = true, length = true;
	size_t i, k, len;

	for (i = 0; i < sizeof(keys); i++)
		keys[i] = i * 37 + 11;
	for (i = 0; i < QN_ARRAY_SIZE(sizes); i++) {
		char *text = qf_014_container(names, keys, 3, sizes[i], &len);
		json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

		length = length && len == strlen(text);
		for (k = 0; k < 3; k++) {
			json_t *key = json_array_get(json_object_get(doc, "keys"), k);
			const char *b64 = json_string_value(json_object_get(key, "key"));
			const char *id = json_string_value(json_object_get(key, "key_ID"));
			int n = b64 ? EVP_DecodeBlock(out, (const uint8_t *)b64, strlen(b64)) : -1;

			good = good && id && !strcmp(id, names[k]) &&
			       n == (int)((sizes[i] + 2) / 3 * 3) &&
			       !memcmp(out, keys + k * sizes[i], sizes[i]);
		}
		good = good && json_array_size(json_object_get(doc, "keys")) == 3;
		json_decref(doc);
		free(text);
	}
	check("014-container-by-other-libraries", good, "a key or its id came out otherwise");
	check("014-container-length", length, "-");
}

static void answers(void)
{
	struct qf_014_status status = {
		.kme = "kme-a",
		.target_kme = "kme-b",
		.master = "sae-1",
		.slave = "sae-2",
		.stored = 10,
		.room = 4,
	};
	struct qf_014_refusal refusal;
	json_t *doc = qf_014_status_json(&status, &offer);

	check("014-status-never-fuller-than-full",
	      json_object_size(doc) == 11 &&
		      json_integer_value(json_object_get(doc, "max_key_count")) == 10 &&
		      json_integer_value(json_object_get(doc, "stored_key_count")) == 10 &&
		      json_integer_value(json_object_get(doc, "key_size")) == 256,
	      "-");
	json_decref(doc);
	qf_014_refuse(&refusal, 503, "", "no key is left: try again in %d s", 3);
	doc = qf_014_refusal_json(&refusal);
	check("014-refusal",
	      json_object_size(doc) == 1 &&
		      !strcmp(json_string_value(json_object_get(doc, "message")),
			      "no key is left: try again in 3 s"),
	      "-");
	json_decref(doc);
	qf_014_refuse(&refusal, 400, "size", "no");
	doc = qf_014_refusal_json(&refusal);
	check("014-refusal-with-details",
	      json_array_size(json_object_get(doc, "details")) == 1 &&
		      json_is_object(json_array_get(json_object_get(doc, "details"), 0)),
	      "-");
	json_decref(doc);
	qf_014_refuse(&refusal, 401, "", "who are you");
	check("014-refusal-401-has-no-body", !qf_014_refusal_json(&refusal), "-");
}

int main(void)
{
	enc_post();
	enc_get();
	dec();
	ids();
	container();
	answers();
	return failures ? 1 : 0;
}
