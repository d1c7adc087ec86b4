// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signed messages. The oracles are RFC 8037's vectors, the openssl command and
 * librhonabwy; what must be refused is made by hand and signed well.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <rhonabwy.h>

#include "base64url.h"
#include "fed/fed_test.h"
#include "jws.h"

#define TYP	"qkdnf-test+jws"
#define PAYLOAD "{\"hello\":\"world\"}"
#define SECOND	INT64_C(1000000)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct qf_signer *signer, *other;
static char dir[32];

static char *in_dir(const char *name)
{
	return qn_asprintf("%s/%s", dir, name);
}

static void put(const char *name, const void *data, size_t len)
{
	char *path = in_dir(name);
	FILE *file = fopen(path, "w");

	CHECK(file && fwrite(data, 1, len, file) == len);
	if (file)
		fclose(file);
	chmod(path, 0600);
	free(path);
}

static size_t get(const char *name, void *data, size_t room)
{
	char *path = in_dir(name);
	FILE *file = fopen(path, "r");
	size_t len = file ? fread(data, 1, room, file) : 0;

	if (file)
		fclose(file);
	free(path);
	return len;
}

/* A command in the directory: its exit status. */
__attribute__((format(printf, 1, 2))) static int command(const char *fmt, ...)
{
	char *text, *line;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	line = qn_asprintf("cd %s && %s >log 2>&1", dir, text);
	ret = system(line);
	free(line);
	free(text);
	return ret;
}

/* What becomes of a token: "" if it is taken, else why not. */
static const char *fate_len(const char *token, size_t len, const struct qf_signer *by,
			    const char *typ)
{
	static struct qf_problem problem;
	struct qf_jws jws;
	int ret;

	memset(&problem, 0, sizeof(problem));
	if (qf_jws_open(&jws, token, len, typ, &problem))
		return problem.detail;
	ret = qf_jws_verify(&jws, qf_signer_public(by), &problem);
	qf_jws_close(&jws);
	return ret ? problem.detail : "";
}

static const char *fate(const char *token)
{
	return fate_len(token, strlen(token), signer, TYP);
}

/* A token with this header, well signed. */
static char *forge(const char *header, const char *payload)
{
	char *token = qn_alloc(QF_B64_LEN(strlen(header)) + QF_B64_LEN(strlen(payload)) + 100);
	uint8_t signature[QF_SIGNATURE_OCTETS];
	struct qn_error err;

	qf_b64_encode(token, header, strlen(header));
	strcat(token, ".");
	qf_b64_encode(token + strlen(token), payload, strlen(payload));
	if (qf_sign(signer, token, strlen(token), signature, &err))
		abort();
	strcat(token, ".");
	qf_b64_encode(token + strlen(token), signature, sizeof(signature));
	return token;
}

static void refuses(const char *header, const char *part)
{
	char *token = forge(header, PAYLOAD);
	const char *why = fate(token);

	if (!strstr(why, part) || !*why)
		test_fail(__FILE__, __LINE__, "%s: '%s' has no '%s'", header, why, part);
	free(token);
}

/* RFC 8037, appendix A.1 to A.5. */
static void rfc8037(void)
{
	static const char token[] =
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
		"09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
	static const char text[] = "Example of Ed25519 signing";
	struct qf_problem problem;
	struct qf_signer *key;
	char kid[QF_KID_TEXT];
	struct qn_error err;
	uint8_t seed[32], x[32];
	struct qf_jws jws;
	char *made;

	CHECK(qf_b64_decode(seed, 32, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", 43) == 32);
	CHECK(qf_b64_decode(x, 32, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", 43) == 32);
	key = qf_signer_from_seed(seed, &err);
	REQUIRE(key);
	CHECK(!memcmp(qf_signer_public(key), x, 32));
	qf_public_kid(kid, x);
	CHECK_STR(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	made = qf_jws_sign(key, NULL, text, strlen(text), &err);
	CHECK_STR(made, token);
	free(made);
	REQUIRE(!qf_jws_open(&jws, token, strlen(token), NULL, &problem));
	CHECK(!qf_jws_verify(&jws, x, &problem));
	CHECK(jws.payload_len == strlen(text) && !memcmp(jws.payload, text, strlen(text)));
	qf_jws_close(&jws);
	/* Where a type is asked for, one without is not taken. */
	CHECK_HAS(fate_len(token, strlen(token), key, TYP), "without type");
	qf_signer_free(key);
}

/* What we sign, openssl and librhonabwy verify; what they sign, we do. */
static void openssl(void)
{
#define VERIFY "openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in input -sigfile signature"
	uint8_t der[128], signature[QF_SIGNATURE_OCTETS];
	char *token, *dot, *path, kid[QF_KID_TEXT], head[256], spelt[400];
	struct qf_signer *key;
	struct qn_error err;
	size_t len;

	CHECK(!command("openssl genpkey -algorithm ed25519 -out key.pem"));
	CHECK(!command("openssl pkey -in key.pem -pubout -out public.pem"));
	CHECK(!command("openssl pkey -in key.pem -pubout -outform DER -out public.der"));
	CHECK(!command("chmod 600 key.pem"));
	path = in_dir("key.pem");
	key = qf_signer_load(path, &err);
	free(path);
	REQUIRE(key);
	len = get("public.der", der, sizeof(der));
	CHECK(len == 44 && !memcmp(der + 12, qf_signer_public(key), 32));

	token = qf_jws_sign(key, TYP, PAYLOAD, strlen(PAYLOAD), &err);
	REQUIRE(token);
	CHECK_STR(fate_len(token, strlen(token), key, TYP), "");
	dot = strrchr(token, '.');
	put("input", token, (size_t)(dot - token));
	CHECK(qf_b64_decode(signature, 64, dot + 1, strlen(dot + 1)) == 64);
	put("signature", signature, 64);
	CHECK(!command(VERIFY));
	signature[63] ^= 1;
	put("signature", signature, 64);
	CHECK(command(VERIFY));
	free(token);

	qf_public_kid(kid, qf_signer_public(key));
	snprintf(head, sizeof(head), "{\"typ\":\"%s\",\"kid\":\"%s\",\"alg\":\"EdDSA\"}", TYP, kid);
	qf_b64_encode(spelt, head, strlen(head));
	strcat(spelt, ".");
	qf_b64_encode(spelt + strlen(spelt), PAYLOAD, strlen(PAYLOAD));
	put("input", spelt, strlen(spelt));
	CHECK(!command("openssl pkeyutl -sign -inkey key.pem -rawin -in input -out signature"));
	CHECK(get("signature", signature, 64) == 64);
	strcat(spelt, ".");
	qf_b64_encode(spelt + strlen(spelt), signature, 64);
	CHECK_STR(fate_len(spelt, strlen(spelt), key, TYP), "");
	qf_signer_free(key);
}

static void rhonabwy(void)
{
	char x[QF_B64_LEN(32) + 1], *jwk = NULL, *token, *theirs;
	struct qn_error err;
	uint8_t seed[32];
	struct qf_signer *key;
	jwk_t *rkey = NULL;
	jws_t *jws = NULL;
	json_t *crit;
	char d[QF_B64_LEN(32) + 1], kid[QF_KID_TEXT];

	memset(seed, 0x42, sizeof(seed));
	key = qf_signer_from_seed(seed, &err);
	REQUIRE(key);
	qf_b64_encode(d, seed, 32);
	qf_b64_encode(x, qf_signer_public(key), 32);
	qf_public_kid(kid, qf_signer_public(key));
	jwk = qn_asprintf("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"%s\",\"x\":\"%s\"}", d, x);
	CHECK(!r_jwk_init(&rkey) && !r_jwk_import_from_json_str(rkey, jwk));
	theirs = r_jwk_thumbprint(rkey, R_JWK_THUMB_SHA256, 0);
	CHECK_STR(theirs, kid);
	r_free(theirs);

	token = qf_jws_sign(key, TYP, PAYLOAD, strlen(PAYLOAD), &err);
	CHECK(!r_jws_init(&jws) && !r_jws_advanced_parse(jws, token, R_PARSE_NONE, 0));
	CHECK(!r_jws_verify_signature(jws, rkey, 0));
	r_jws_free(jws);
	free(token);

	CHECK(!r_jws_init(&jws) && !r_jws_set_alg(jws, R_JWA_ALG_EDDSA) &&
	      !r_jws_set_header_str_value(jws, "typ", TYP) &&
	      !r_jws_set_header_str_value(jws, "kid", kid) &&
	      !r_jws_set_payload(jws, (const unsigned char *)PAYLOAD, strlen(PAYLOAD)));
	theirs = r_jws_serialize(jws, rkey, 0);
	REQUIRE(theirs);
	CHECK_STR(fate_len(theirs, strlen(theirs), key, TYP), "");
	r_free(theirs);
	/* A critical header, which librhonabwy signs. */
	crit = json_pack("[s]", "exp");
	CHECK(!r_jws_set_header_json_t_value(jws, "crit", crit));
	json_decref(crit);
	theirs = r_jws_serialize(jws, rkey, 0);
	REQUIRE(theirs);
	CHECK_HAS(fate_len(theirs, strlen(theirs), key, TYP), "deep");
	r_free(theirs);
	r_jws_free(jws);
	r_jwk_free(rkey);
	free(jwk);
	qf_signer_free(key);
}

static void headers(void)
{
	char kid[QF_KID_TEXT], foreign[QF_KID_TEXT], *text, *token, mac[43 + 1];
	uint8_t hash[32];

	qf_public_kid(kid, qf_signer_public(signer));
	qf_public_kid(foreign, qf_signer_public(other));
#define HEAD(alg, rest)								\
	(text = qn_asprintf("{\"alg\":\"" alg "\",\"kid\":\"%s\",\"typ\":\"" TYP "\"" rest "}",	\
			    kid))
	token = forge(HEAD("EdDSA", ""), PAYLOAD);
	CHECK_STR(fate(token), "");
	free(token);
	free(text);
#define REFUSES(alg, rest, part) (refuses(HEAD(alg, rest), part), free(text))
	REFUSES("none", "", "not none");
	REFUSES("None", "", "not None");
	REFUSES("HS256", "", "not HS256");
	REFUSES("RS256", "", "not RS256");
	REFUSES("ES256", "", "not ES256");
	REFUSES("eddsa", "", "not eddsa");
	REFUSES("Ed448", "", "not Ed448");
	REFUSES("EdDSA", ",\"jku\":\"https://b.example/keys\"", "/jku");
	REFUSES("EdDSA", ",\"x5u\":\"https://b.example/cert\"", "/x5u");
	REFUSES("EdDSA", ",\"jwk\":\"x\"", "/jwk");
	REFUSES("EdDSA", ",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", "deep");
	REFUSES("EdDSA", ",\"x5c\":\"x\"", "/x5c");
	REFUSES("EdDSA", ",\"x5c\":[\"MIIB\"]", "deep");
	REFUSES("EdDSA", ",\"x5t#S256\":\"x\"", "/x5t#S256");
	REFUSES("EdDSA", ",\"crit\":[\"exp\"]", "deep");
	REFUSES("EdDSA", ",\"b64\":false", "/b64");
	REFUSES("EdDSA", ",\"zip\":\"DEF\"", "/zip");
	REFUSES("EdDSA", ",\"cty\":\"JWT\"", "/cty");
	REFUSES("EdDSA", ",\"alg\":\"none\"", "twice");
	REFUSES("EdDSA", ",\"a\\u006cg\":\"none\"", "twice");
	REFUSES("EdDSA", ",\"kid\":\"x\"", "twice");
#undef REFUSES
	/* A secret of HMAC that everybody knows: the public key. */
	token = forge(HEAD("HS256", ""), PAYLOAD);
	*strrchr(token, '.') = 0;
	gnutls_hmac_fast(GNUTLS_MAC_SHA256, qf_signer_public(signer), 32, token, strlen(token),
			 hash);
	qf_b64_encode(mac, hash, 32);
	strcat(token, ".");
	strcat(token, mac);
	CHECK_HAS(fate(token), "not HS256");
	free(token);
	free(text);
	/* "none" as it is meant: no signature at all. */
	token = forge(HEAD("none", ""), PAYLOAD);
	strrchr(token, '.')[1] = 0;
	CHECK_HAS(fate(token), "not none");
	free(token);
	free(text);
	token = forge(HEAD("EdDSA", ""), PAYLOAD);
	strrchr(token, '.')[1] = 0;
	CHECK_HAS(fate(token), "not 64 octets");
	free(token);
	free(text);
	/* Another's name for the key, another type, none of them. */
	text = qn_asprintf("{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"" TYP "\"}", foreign);
	refuses(text, "kid is not the thumbprint");
	free(text);
	text = qn_asprintf("{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"qkdnf-order+jws\"}", kid);
	refuses(text, "not qkdnf-order+jws");
	free(text);
	refuses("{\"alg\":\"EdDSA\",\"typ\":\"" TYP "\"}", "kid has to name");
	text = qn_asprintf("{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", kid);
	refuses(text, "without type");
	free(text);
	refuses("{}", "/alg");
	refuses("[]", "an object");
	refuses("{\"alg\":\"EdDSA\"} ", "without type");
	refuses("{\"alg\":\"EdDSA\"}x", "something follows");
	refuses("", "too early");
	text = qn_alloc(2000);
	memset(text, ' ', 1999);
	refuses(text, "too long");
	free(text);
}

static void shapes(void)
{
	struct qn_error err;
	char *token = qf_jws_sign(signer, TYP, PAYLOAD, strlen(PAYLOAD), &err), *text;
	const char *last;
	char *first = strchr(token, '.'), *second = strrchr(token, '.');
	size_t len = strlen(token), i;

	CHECK_STR(fate(token), "");
	CHECK_HAS(fate_len(token, len, other, TYP), "kid is not");
	/* Each beginning of it is refused. */
	for (i = 0; i < len; i++) {
		text = strndup(token, i);
		CHECK(*fate_len(text, i, signer, TYP));
		free(text);
	}
	/* Two signatures, in each form; the JSON forms are not taken at all. */
	text = qn_asprintf("%s%s", token, second);
	CHECK_HAS(fate(text), "one signature");
	free(text);
	text = qn_asprintf("{\"payload\":\"%.*s\",\"signatures\":[{\"protected\":\"%.*s\",\"signature\":\"%s\"},{\"protected\":\"%.*s\",\"signature\":\"%s\"}]}",
			   (int)(second - first - 1), first + 1, (int)(first - token), token,
			   second + 1, (int)(first - token), token, second + 1);
	CHECK(*fate(text));
	free(text);
	/* Another spelling of the same octets. */
	text = qn_asprintf("%s==", token);
	CHECK(*fate(text));
	free(text);
	text = qn_asprintf("%s\n", token);
	CHECK(*fate(text));
	free(text);
	text = qn_asprintf(" %s", token);
	CHECK(*fate(text));
	free(text);
	/* 64 octets leave four bits of the last character over: only one spelling counts. */
	for (last = digits; *last; last++) {
		if (token[len - 1] == *last)
			continue;
		text = strdup(token);
		text[len - 1] = *last;
		CHECK(*fate(text));
		free(text);
	}
	free(token);
}

/* Each character, changed to another one of the alphabet. */
static void alterations(void)
{
	struct qn_error err;
	char *token = qf_jws_sign(signer, TYP, PAYLOAD, strlen(PAYLOAD), &err);
	unsigned int step;
	size_t i;

	for (i = 0; token[i]; i++) {
		char was = token[i];
		const char *place = strchr(digits, was);

		for (step = 1; step < 64; step *= 2) {
			token[i] = place ? digits[(size_t)(place - digits) ^ step] : 'A';
			if (!*fate(token))
				test_fail(__FILE__, __LINE__, "character %zu may be %c", i,
					  token[i]);
		}
		token[i] = was;
	}
	CHECK_STR(fate(token), "");
	free(token);
}

static void keys(void)
{
	/* Points of small order, and the same with the sign: from their definition. */
	static const char *const weak[] = {
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
		"7P________________________________________8", "7f________________________________________8",
		"7v________________________________________8",
	};
	uint8_t public[32], zero[64] = { 1 };
	struct qn_error err;
	char *path, *pem, *again;
	struct qf_signer *key;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(weak); i++) {
		CHECK(qf_b64_decode(public, 32, weak[i], 43) == 32);
		public[31] &= 0x7f;
		CHECK(!qf_public_good(public) && !qf_signature_good(public, "a", 1, zero));
		public[31] |= 0x80;
		CHECK(!qf_public_good(public) && !qf_signature_good(public, "a", 1, zero));
	}
	CHECK(qf_public_good(qf_signer_public(signer)));
	/* Files. */
	pem = qf_signer_pem(signer, &err);
	REQUIRE(pem);
	put("ours.pem", pem, strlen(pem));
	CHECK(!command("openssl pkey -in ours.pem -noout -check"));
	path = in_dir("ours.pem");
	key = qf_signer_load(path, &err);
	REQUIRE(key);
	CHECK(!memcmp(qf_signer_public(key), qf_signer_public(signer), 32));
	again = qf_signer_pem(key, &err);
	CHECK_STR(again, pem);
	qf_secret_free(again);
	qf_secret_free(pem);
	qf_signer_free(key);
	chmod(path, 0640);
	CHECK(!qf_signer_load(path, &err));
	CHECK_HAS(err.text, "chmod 600");
	free(path);
	CHECK(!qf_signer_load(dir, &err));
	CHECK_HAS(err.text, "not a file");
	CHECK(!qf_signer_load("/nowhere/key.pem", &err));
	CHECK_HAS(err.text, "/nowhere/key.pem");
	put("junk.pem", "junk", 4);
	path = in_dir("junk.pem");
	CHECK(!qf_signer_load(path, &err));
	CHECK_HAS(err.text, "no private key");
	free(path);
	CHECK(!command("openssl ecparam -name prime256v1 -genkey -noout -out ec.pem"));
	CHECK(!command("chmod 600 ec.pem"));
	path = in_dir("ec.pem");
	CHECK(!qf_signer_load(path, &err));
	CHECK_HAS(err.text, "not an Ed25519 key");
	free(path);
}

static void claims(void)
{
	const int64_t now = 1795359845 * SECOND;
	const struct qf_expect expect = { .iss = "a", .aud = "b", .now = now,
					  .skew = 30 * SECOND, .life = 3600 * SECOND };
	const struct qf_claims good = { .iss = "a", .aud = "b", .jti = "1", .iat = now,
					.exp = now + 60 * SECOND };
	struct qf_problem problem;
	struct qf_claims c;

#define WRONG(member, value, want, part)                                                        \
	do {                                                                                    \
		c = good;                                                                       \
		member = value;                                                                 \
		CHECK(qf_claims_check(&c, &expect, &problem) && problem.kind == (want));        \
		CHECK_HAS(problem.detail, part);                                                \
	} while (0)
#define RIGHT(member, value)                                                                    \
	do {                                                                                    \
		c = good;                                                                       \
		member = value;                                                                 \
		CHECK(!qf_claims_check(&c, &expect, &problem));                                 \
	} while (0)
	c = good;
	CHECK(!qf_claims_check(&c, &expect, &problem));
	WRONG(c.iss[0], 'c', QF_FORBIDDEN, "signed for c by a");
	WRONG(c.aud[0], 'c', QF_REFUSED, "made for c");
	RIGHT(c.iat, now + 30 * SECOND);
	WRONG(c.iat, now + 31 * SECOND, QF_REFUSED, "clocks");
	c = good;
	c.iat = now - 120 * SECOND;
	c.exp = now - 29 * SECOND;
	CHECK(!qf_claims_check(&c, &expect, &problem));
	c.exp = now - 30 * SECOND;
	CHECK(qf_claims_check(&c, &expect, &problem));
	CHECK_HAS(problem.detail, "expired 30 s ago");
	WRONG(c.exp, now, QF_REFUSED, "not after iat");
	RIGHT(c.exp, now + 3600 * SECOND);
	WRONG(c.exp, now + 3601 * SECOND, QF_REFUSED, "at most 3600 s");
}

int main(void)
{
	struct qn_error err;

	strcpy(dir, "/tmp/qkdnf-test-XXXXXX");
	if (!mkdtemp(dir) || r_global_init())
		return 1;
	signer = qf_signer_make(&err);
	other = qf_signer_make(&err);
	if (!signer || !other)
		return 1;
	test_run("jws-rfc8037", rfc8037);
	test_run("jws-openssl", openssl);
	test_run("jws-rhonabwy", rhonabwy);
	test_run("jws-headers", headers);
	test_run("jws-shapes", shapes);
	test_run("jws-alterations", alterations);
	test_run("jws-keys", keys);
	test_run("jws-claims", claims);
	qf_signer_free(signer);
	qf_signer_free(other);
	r_global_close();
	command("rm -rf %s", dir);
	return test_status;
}
