// SPDX-License-Identifier: GPL-2.0-or-later
/* Strict JSON, documents by tables, problems: hostile input, and what comes back. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base64url.h"
#include "doc.h"
#include "fed/fed_test.h"
#include "utf8.h"

enum colour { RED, GREEN };

struct port {
	char name[9];
	int64_t speed;
};

struct thing {
	char name[17];
	const char *note;
	int64_t octets;
	int64_t count;
	bool on;
	bool has_on;
	int64_t when;
	int64_t seconds;
	int colour;
	uint8_t key[32];
	struct port ports[3];
	size_t port_count;
	char tags[2][9];
	size_t tag_count;
	json_t *any;
};

static const struct qf_field port_fields[] = {
	{ .name = "name", .kind = QF_STRING, .alphabet = QF_ID, QF_AT(struct port, name) },
	{ .name = "speed", .kind = QF_INTEGER, QF_AT(struct port, speed), .min = 1, .max = 100 },
};

static const struct qf_table port_table = QF_TABLE(struct port, port_fields, QF_IGNORE);

static const struct qf_field port_item = { .kind = QF_OBJECT, .size = sizeof(struct port),
					   .table = &port_table };

static const struct qf_field tag_item = { .kind = QF_STRING, .alphabet = QF_ID, .size = 9 };

static const char *const colours[] = { "red", "green", NULL };

static const struct qf_field thing_fields[] = {
	{ .name = "name", .kind = QF_STRING, QF_AT(struct thing, name) },
	{ .name = "note", .kind = QF_REF, QF_AT(struct thing, note), .max = 40, .min = -1,
	  .optional = true },
	{ .name = "octets", .kind = QF_DECIMAL, QF_AT(struct thing, octets), .min = INT64_MIN,
	  .optional = true },
	{ .name = "count", .kind = QF_INTEGER, QF_AT(struct thing, count), .min = INT64_MIN,
	  .optional = true },
	{ .name = "on", .kind = QF_BOOLEAN, QF_AT(struct thing, on), QF_HAS(struct thing, has_on) },
	{ .name = "when", .kind = QF_TIME, QF_AT(struct thing, when), .optional = true },
	{ .name = "seconds", .kind = QF_SECONDS, QF_AT(struct thing, seconds), .optional = true },
	{ .name = "colour", .kind = QF_ENUM, QF_AT(struct thing, colour), .words = colours,
	  .optional = true },
	{ .name = "key", .kind = QF_OCTETS, QF_AT(struct thing, key), .optional = true },
	{ .name = "ports", .kind = QF_ARRAY, QF_AT(struct thing, ports),
	  QF_COUNT(struct thing, port_count), .item = &port_item, .min = 1, .max = 3,
	  .optional = true },
	{ .name = "tags", .kind = QF_ARRAY, QF_AT(struct thing, tags),
	  QF_COUNT(struct thing, tag_count), .item = &tag_item, .max = 2, .optional = true },
	{ .name = "a/b~c", .kind = QF_VALUE, QF_AT(struct thing, any), .optional = true },
};

static const struct qf_table thing_table = QF_TABLE(struct thing, thing_fields, QF_BINDING);

/* The problem that a text makes, as "KIND POINTER DETAIL"; "" for none. */
static const char *fate(const char *text, size_t len, struct thing *thing)
{
	static char line[640];
	struct qf_problem problem = { 0 };
	json_t *value = qf_doc_parse(text, len, &qf_limits_message, &problem);

	line[0] = 0;
	if (!value || qf_doc_read(&thing_table, value, thing, &problem))
		snprintf(line, sizeof(line), "%d %s %s", qf_problem_status(&problem),
			 problem.has_pointer ? problem.pointer : "-", problem.detail);
	json_decref(value);
	return line;
}

static void refuses(const char *text, const char *part)
{
	struct thing thing;
	const char *line = fate(text, strlen(text), &thing);

	if (!strstr(line, part))
		test_fail(__FILE__, __LINE__, "%s: '%s' has no '%s'", text, line, part);
}

static void takes(const char *text, struct thing *thing)
{
	const char *line = fate(text, strlen(text), thing);

	if (*line)
		test_fail(__FILE__, __LINE__, "%s: %s", text, line);
}

static void syntax(void)
{
	static const char *const bad[] = {
		"", " ", "{", "{}}", "{} {}", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "nul",
		"\"\t\"", "\"\\x\"", "01", "+1", "1.", ".5", "NaN", "Infinity", "{\"a\" 1}",
		"// c\n{}", "\xef\xbb\xbf{}", "\"\\ud800\"", "\"\\udc00x\"", "\"\\u0000\"",
		"{\"\\u0000\":1}", "\"a", "[1 2]",
	};
	static const char *const not_utf8[] = {
		"\"\x80\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"", "\"\xff\"", "{\"\xc3\":1}",
	};
	struct qf_problem problem;
	json_t *value;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(bad); i++) {
		value = qf_doc_parse(bad[i], strlen(bad[i]), &qf_limits_message, &problem);
		if (value || qf_problem_status(&problem) != 400)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
		json_decref(value);
	}
	for (i = 0; i < QN_ARRAY_SIZE(not_utf8); i++) {
		value = qf_doc_parse(not_utf8[i], strlen(not_utf8[i]), &qf_limits_message,
				     &problem);
		CHECK(!value);
		json_decref(value);
	}
	/* A 0 in the text is not its end. */
	CHECK(!qf_doc_parse("{}\0{}", 5, &qf_limits_message, &problem));
	/* Nor does the text need one. */
	value = qf_doc_parse("{}xx", 2, &qf_limits_message, &problem);
	CHECK(json_is_object(value));
	json_decref(value);
	refuses("{\"name\":\"a\",\"name\":\"b\"}", "the same member twice");
	refuses("{\"name\":\"a\",\"n\\u0061me\":\"b\"}", "the same member twice");
	refuses("{\"name\":\"a\",\"optional\":{\"x\":{\"y\":1,\"y\":1}}}", "the same member twice");
	refuses("[]", "400  an object");
	refuses("{\"name\":\"a\",\"count\":9223372036854775808}", "too large");
	refuses("{\"name\":\"a\",\"count\":-9223372036854775809}", "too large");
	refuses("{\"name\":\"a\",\"count\":1e999}", "too large");
}

static void bombs(void)
{
	const size_t deep = 1000 * 1000, wide = 200 * 1000;
	struct qf_limits limits = qf_limits_message;
	struct qf_problem problem = { 0 };
	char *text = malloc(deep + 64);
	clock_t begin = clock();
	json_t *value;
	size_t i;

	memset(text, '[', deep);
	limits.octets = deep;
	CHECK(!qf_doc_parse(text, deep, &limits, &problem));
	CHECK_HAS(problem.detail, "16 deep");
	CHECK(!qf_doc_parse(text, deep, &qf_limits_message, &problem));
	CHECK(problem.kind == QF_TOO_LARGE);
	/* Sixteen deep is taken, seventeen is not. */
	for (i = 15; i <= 17; i++) {
		memset(text, '[', i);
		memset(text + i, ']', i);
		value = qf_doc_parse(text, 2 * i, &limits, &problem);
		CHECK(!value == (i == 17));
		json_decref(value);
	}
	for (i = 0; i < 17; i++)
		memcpy(text + 5 * i, "{\"a\":", 5);
	CHECK(!qf_doc_parse(text, 85, &limits, &problem));
	CHECK_HAS(problem.detail, "16 deep");
	/* Wide. */
	text[0] = '[';
	for (i = 0; i < wide; i++)
		memcpy(text + 1 + 2 * i, "1,", 2);
	CHECK(!qf_doc_parse(text, 2 * wide, &limits, &problem));
	CHECK(problem.kind == QF_TOO_LARGE);
	CHECK_HAS(problem.detail, "8192 values");
	/* 8192 are taken, one more is not; strings are no more than numbers. */
	for (i = 0; i < 8193; i++)
		memcpy(text + 1 + 4 * i, "\"a\",", 4);
	text[4 * 8192] = ']';
	value = qf_doc_parse(text, 4 * 8192 + 1, &limits, &problem);
	CHECK(json_array_size(value) == 8192);
	json_decref(value);
	text[4 * 8192] = ',';
	text[4 * 8193] = ']';
	CHECK(!qf_doc_parse(text, 4 * 8193 + 1, &limits, &problem));
	CHECK_HAS(problem.detail, "8192 values");
	/* Brackets and commas in strings count for nothing, however strings are quoted. */
	strcpy(text, "{\"name\":\"[[[[[[[[[[[[[\",\"note\":\"\\\"{{{{{{{{{{{{{{{{{{{{{{\\\\\"}");
	value = qf_doc_parse(text, strlen(text), &qf_limits_message, &problem);
	CHECK(value);
	json_decref(value);
	/* Whatever it is, it is soon refused. */
	CHECK(clock() - begin < 2 * CLOCKS_PER_SEC);
	free(text);
}

static void numbers(void)
{
	struct thing t;

	takes("{\"name\":\"a\",\"octets\":\"9223372036854775807\","
	      "\"count\":9223372036854775807}", &t);
	CHECK(t.octets == INT64_MAX && t.count == INT64_MAX);
	takes("{\"name\":\"a\",\"octets\":\"-9223372036854775808\",\"count\":-9223372036854775808}",
	      &t);
	CHECK(t.octets == INT64_MIN && t.count == INT64_MIN);
	takes("{\"name\":\"a\",\"octets\":\"0\",\"count\":0}", &t);
	CHECK(!t.octets && !t.count);
	refuses("{\"name\":\"a\",\"octets\":\"9223372036854775808\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"-9223372036854775809\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"18446744073709551616\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"99999999999999999999999999\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"-\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"-0\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"007\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"+7\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\" 7\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"7.0\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":\"0x7\"}", "400 /octets");
	refuses("{\"name\":\"a\",\"octets\":7}", "400 /octets");
	refuses("{\"name\":\"a\",\"count\":\"7\"}", "400 /count");
	refuses("{\"name\":\"a\",\"count\":7.0}", "400 /count");
	refuses("{\"name\":\"a\",\"count\":1e3}", "400 /count");
	refuses("{\"name\":\"a\",\"on\":1}", "400 /on");
	refuses("{\"name\":\"a\",\"on\":null}", "400 /on");
	refuses("{\"name\":\"a\",\"seconds\":-1}", "400 /seconds");
	refuses("{\"name\":\"a\",\"seconds\":9223372036854775}", "400 /seconds");
	refuses("{\"name\":\"a\",\"seconds\":1.5}", "400 /seconds");
	refuses("{\"name\":\"a\",\"ports\":[{\"name\":\"p\",\"speed\":0}]}", "400 /ports/0/speed");
	refuses("{\"name\":\"a\",\"ports\":[{\"name\":\"p\",\"speed\":101}]}", "1 to 100");
}

static void members(void)
{
#define KEY_IS(text) "{\"name\":\"a\",\"key\":\"" text "\"}"
	struct thing t;

	takes("{\"name\":\"caf\xc3\xa9\",\"colour\":\"green\",\"tags\":[\"a\",\"b\"],"
	      "\"ports\":[{\"name\":\"p\",\"speed\":100,\"later\":[]}],\"optional\":{\"x\":[1]}}",
	      &t);
	CHECK_STR(t.name, "caf\xc3\xa9");
	CHECK(t.colour == GREEN && t.tag_count == 2 && t.port_count == 1);
	CHECK(t.ports[0].speed == 100);
	CHECK_STR(t.tags[1], "b");
	CHECK(!t.has_on && !t.note);
	takes("{\"name\":\"a\",\"on\":false}", &t);
	CHECK(t.has_on && !t.on);
	refuses("{}", "400 /name it is missing");
	refuses("{\"name\":7}", "400 /name a string");
	refuses("{\"name\":\"\"}", "400 /name at least 1");
	refuses("{\"name\":\"12345678901234567\"}", "400 /name at most 16");
	takes("{\"name\":\"1234567890123456\"}", &t);
	refuses("{\"name\":\"a\",\"note\":\"12345678901234567890123456789012345678901\"}",
		"400 /note at most 40");
	refuses("{\"name\":\"a\\nb\"}", "400 /name");
	refuses("{\"name\":\"a\\u001b[31m\"}", "400 /name");
	refuses("{\"name\":\"a\\u202eb\"}", "400 /name");
	refuses("{\"name\":\"a\\u200bb\"}", "400 /name");
	refuses("{\"name\":\"a\",\"tags\":[\"a b\"]}", "400 /tags/0");
	refuses("{\"name\":\"a\",\"tags\":[\"a\",\"b\",\"c\"]}", "400 /tags at most 2");
	refuses("{\"name\":\"a\",\"tags\":{\"0\":\"a\"}}", "400 /tags an array");
	refuses("{\"name\":\"a\",\"ports\":[]}", "400 /ports at least 1");
	refuses("{\"name\":\"a\",\"ports\":[[]]}", "400 /ports/0 an object");
	refuses("{\"name\":\"a\",\"colour\":\"blue\"}", "one of: red, green");
	refuses("{\"name\":\"a\",\"colour\":\"Red\"}", "400 /colour");
	refuses("{\"name\":\"a\",\"price\":1}", "400 /price");
	refuses("{\"name\":\"a\",\"x/y~z\":1}", "400 /x~1y~0z");
	refuses("{\"name\":\"a\",\"optional\":1}", "400 /optional an object");
	refuses(KEY_IS("AAAA"), "400 /key 32 octets");
	refuses(KEY_IS("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "400 /key");
	refuses(KEY_IS("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"), "400 /key");
	refuses(KEY_IS("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "400 /key");
	takes("{\"name\":\"a\",\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}", &t);
	CHECK(t.key[31] == 1);
}

static void times(void)
{
	static const struct {
		const char *text;
		int64_t usec; /* as date(1) has it; -1: refused */
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-22T15:04:05.123456Z", 1795359845123456 },
		{ "2026-11-22T15:04:05.1Z", 1795359845100000 },
		{ "2024-02-29T23:59:59Z", 1709251199000000 },
		{ "9999-12-31T23:59:59.999999Z", 253402300799999999 },
		{ "2023-02-29T00:00:00Z", -1 }, { "2100-02-29T00:00:00Z", -1 },
		{ "1969-12-31T23:59:59Z", -1 }, { "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 }, { "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 }, { "2026-12-31T23:59:60Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 }, { "2026-01-01T00:00:00", -1 },
		{ "2026-01-01T00:00:00+00:00", -1 }, { "2026-01-01 00:00:00Z", -1 },
		{ "2026-01-01t00:00:00z", -1 }, { "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00.1234567Z", -1 }, { "2026-01-01T00:00:00Zx", -1 },
		{ "2026-1-01T00:00:00Z", -1 }, { "10000-01-01T00:00:00Z", -1 },
		{ "", -1 }, { "2026", -1 }, { "2026-01-01T00:00:00.5", -1 },
	};
	char text[QF_TIME_TEXT];
	int64_t usec, back;
	unsigned int seed = 1;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		usec = -1;
		if (qf_time_parse(cases[i].text, &usec))
			usec = -1;
		if (usec != cases[i].usec)
			test_fail(__FILE__, __LINE__, "%s: %" PRId64, cases[i].text, usec);
	}
	for (i = 0; i < 20000; i++) {
		usec = (int64_t)((uint64_t)rand_r(&seed) << 31 ^ rand_r(&seed));
		usec %= 253402300800000000;
		CHECK(!qf_time_format(text, usec) && !qf_time_parse(text, &back) && back == usec);
	}
	CHECK(qf_time_format(text, -1) && qf_time_format(text, 253402300800000000));
}

/* What is written is read again, and what would not be read is not written. */
static void round_trip(void)
{
	struct thing t = { .name = "n\xc3\xa9", .note = "", .octets = INT64_MIN, .count = 7,
			   .has_on = true, .when = 1795359845123456, .seconds = 1795359845000000,
			   .colour = GREEN, .ports = { { "p1", 1 }, { "p2", 100 } },
			   .port_count = 2, .tags = { "x" }, .tag_count = 1 };
	struct qf_problem problem;
	struct thing back;
	json_t *value, *again;
	char *text;

	memset(t.key, 0xa5, sizeof(t.key));
	t.any = json_pack("[i, n]", 1);
	value = qf_doc_write(&thing_table, &t, &problem);
	REQUIRE(value);
	text = json_dumps(value, JSON_COMPACT);
	json_decref(value);
	value = qf_doc_parse(text, strlen(text), &qf_limits_message, &problem);
	REQUIRE(value && !qf_doc_read(&thing_table, value, &back, &problem));
	CHECK(back.octets == t.octets && back.when == t.when && back.seconds == t.seconds &&
	      back.has_on && !back.on && back.colour == GREEN && back.port_count == 2 &&
	      !memcmp(back.key, t.key, 32) && json_equal(back.any, t.any));
	CHECK_STR(back.note, "");
	CHECK_STR(back.ports[1].name, "p2");
	again = qf_doc_write(&thing_table, &back, &problem);
	CHECK(json_equal(value, again));
	json_decref(again);
	json_decref(value);
	free(text);

	strcpy(t.ports[1].name, "p 2");
	CHECK(!qf_doc_write(&thing_table, &t, &problem));
	CHECK_STR(problem.pointer, "/ports/1/name");
	strcpy(t.ports[1].name, "p2");
	t.seconds++;
	CHECK(!qf_doc_write(&thing_table, &t, &problem));
	t.seconds--;
	t.colour = 2;
	CHECK(!qf_doc_write(&thing_table, &t, &problem));
	t.colour = RED;
	t.port_count = 4;
	CHECK(!qf_doc_write(&thing_table, &t, &problem));
	json_decref(t.any);
}

static void base64(void)
{
	/* RFC 4648, section 10, without padding; and both characters of its own alphabet. */
	static const struct {
		const char *data, *text;
	} cases[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "-_-_" },
	};
	static const char *const bad[] = { "Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9v\n",
					   " Zm9v", "Zm9vY", "Zm9v.", "Zm9=" };
	char text[16], data[16];
	size_t i, len;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		len = strlen(cases[i].data);
		qf_b64_encode(text, cases[i].data, len);
		CHECK_STR(text, cases[i].text);
		CHECK(strlen(text) == QF_B64_LEN(len));
		CHECK(qf_b64_decode(data, len, text, strlen(text)) == (ssize_t)len &&
		      !memcmp(data, cases[i].data, len));
		if (len)
			CHECK(qf_b64_decode(data, len - 1, text, strlen(text)) == -1);
	}
	for (i = 0; i < QN_ARRAY_SIZE(bad); i++) {
		if (qf_b64_decode(data, sizeof(data), bad[i], strlen(bad[i])) != -1)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

static void problems(void)
{
	struct qf_problem p, q;
	struct qn_error err;
	json_t *value;
	char *text;
	int kind;

	for (kind = QF_MALFORMED; kind < QF_PROBLEM_KINDS; kind++) {
		qf_problem_at(&p, kind, "/a/b", "say it %d", kind);
		value = qf_problem_json(&p);
		text = json_dumps(value, 0);
		qf_problem_read(&q, qf_problem_status(&p), text, strlen(text));
		CHECK((int)q.kind == kind);
		CHECK_STR(q.detail, p.detail);
		CHECK_STR(q.pointer, "/a/b");
		free(text);
		json_decref(value);
	}
	qf_problem_error(&p, &err);
	CHECK_HAS(err.text, "(at /a/b)");
	/* What a hostile partner answers. */
	qf_problem_read(&q, 409, "<html>", 6);
	CHECK(q.kind == QF_CONFLICT && strstr(q.detail, "409"));
	qf_problem_read(&q, 499, "{\"detail\":7}", 12);
	CHECK(q.kind == QF_REFUSED);
	qf_problem_read(&q, 599, "[[[[[[[[[[[", 11);
	CHECK(q.kind == QF_UNAVAILABLE);
	text = "{\"type\":\"urn:qkdnf:problem:gone\",\"detail\":\"a\\u001b[2Jb\\u202e\"}";
	qf_problem_read(&q, 400, text, strlen(text));
	CHECK(q.kind == QF_MALFORMED);
	CHECK_STR(q.detail, "a?[2Jb?");
	/* Too long: cut between characters. */
	text = malloc(1001);
	for (kind = 0; kind < 500; kind++)
		memcpy(text + 2 * kind, "\xc3\xa9", 2);
	text[1000] = 0;
	qf_problem(&p, QF_REFUSED, "x%s", text);
	CHECK(strlen(p.detail) == 255);
	value = qf_problem_json(&p);
	CHECK(json_is_string(json_object_get(value, "detail")));
	json_decref(value);
	qf_problem(&p, QF_REFUSED, "%s", text);
	CHECK(strlen(p.detail) == 254);
	free(text);
}

/* RFC 9457's own words as a schema, judged by python3-jsonschema. */
static void problem_schema(void)
{
	static const char script[] =
		"import json, sys, jsonschema\n"
		"schema = {'type': 'object', 'required': ['type', 'title', 'status', 'detail'],\n"
		"  'properties': {'type': {'type': 'string', 'format': 'uri', 'pattern': '^urn:'},\n"
		"    'title': {'type': 'string'}, 'detail': {'type': 'string'},\n"
		"    'status': {'type': 'integer', 'minimum': 400, 'maximum': 599},\n"
		"    'pointer': {'type': 'string', 'pattern': '^(/([^/~]|~[01])*)*$'}},\n"
		"  'additionalProperties': False}\n"
		"lines = [json.loads(line) for line in sys.stdin]\n"
		"for line in lines: jsonschema.validate(line, schema)\n"
		"assert len(lines) == 18 and len({line['type'] for line in lines}) == 18\n"
		"assert all('a~0~1b' in line['pointer'] for line in lines)\n";
	char path[] = "/tmp/qkdnf-test-XXXXXX";
	struct qf_problem problem;
	char command[64];
	FILE *to;
	int fd = mkstemp(path), kind;

	REQUIRE(fd >= 0);
	CHECK(write(fd, script, strlen(script)) == (ssize_t)strlen(script));
	close(fd);
	snprintf(command, sizeof(command), "/usr/bin/python3 %s", path);
	to = popen(command, "w");
	REQUIRE(to);
	for (kind = QF_MALFORMED; kind < QF_PROBLEM_KINDS; kind++) {
		json_t *value;

		qf_problem_at(&problem, kind, "/a~0~1b/0", "d\xc3\xa9tail \"%c\"", 1);
		value = qf_problem_json(&problem);
		json_dumpf(value, to, JSON_COMPACT);
		fputc('\n', to);
		json_decref(value);
	}
	CHECK(!pclose(to));
	unlink(path);
}

static void utf8(void)
{
	int32_t code;

	/* Each code point by jansson's own writer, and each lone octet. */
	for (code = 1; code < 0x11000 + 0x400; code++) {
		char quoted[16], escape[24];
		json_t *value;
		const char *at, *end;

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		if (code < 0x10000)
			snprintf(escape, sizeof(escape), "\"\\u%04x\"", (unsigned int)code);
		else
			snprintf(escape, sizeof(escape), "\"\\u%04x\\u%04x\"",
				 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff));
		value = json_loads(escape, JSON_DECODE_ANY, NULL);
		REQUIRE(value);
		at = json_string_value(value);
		end = at + json_string_length(value);
		snprintf(quoted, sizeof(quoted), "%s", at);
		CHECK(qf_utf8_next(&at, end) == code && at == end);
		/* Cut short it is nothing, and one octet is left behind. */
		at = quoted;
		end = quoted + strlen(quoted) - 1;
		if (end > at)
			CHECK(qf_utf8_next(&at, end) == -1 && at == quoted + 1);
		json_decref(value);
	}
}

int main(void)
{
	test_run("doc-syntax", syntax);
	test_run("doc-bombs", bombs);
	test_run("doc-numbers", numbers);
	test_run("doc-members", members);
	test_run("doc-times", times);
	test_run("doc-round-trip", round_trip);
	test_run("base64url", base64);
	test_run("utf8", utf8);
	test_run("problem", problems);
	test_run("problem-schema", problem_schema);
	return test_status;
}
