// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as people write them. */
#define _GNU_SOURCE
#include <linux/qkdnf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl_test.h"
#include "text.h"
#include "words.h"

typedef int (*parser)(const char *text, uint64_t *value, struct qn_error *err);

struct value {
	const char *text;
	uint64_t value;
};

static void good(parser parse, const struct value *values)
{
	struct qn_error err = { 0 };
	uint64_t n;

	for (; values->text; values++) {
		n = ~values->value;
		if (parse(values->text, &n, &err))
			test_fail(__FILE__, __LINE__, "%s: %s", values->text, err.text);
		else if (n != values->value)
			test_fail(__FILE__, __LINE__, "%s is %llu", values->text,
				  (unsigned long long)n);
	}
}

static void bad(parser parse, const char *const *texts)
{
	struct qn_error err;
	uint64_t n;

	for (; *texts; texts++) {
		err.text[0] = 0;
		if (!parse(*texts, &n, &err))
			test_fail(__FILE__, __LINE__, "'%s' was taken as %llu", *texts,
				  (unsigned long long)n);
		else if (!*err.text)
			test_fail(__FILE__, __LINE__, "'%s' was refused without a word", *texts);
	}
}

#define GOOD(parse, ...) \
	good(parse, (const struct value[]){ __VA_ARGS__, { NULL, 0 } })
#define BAD(parse, ...) bad(parse, (const char *const[]){ __VA_ARGS__, NULL })

static void amounts(void)
{
	test_begin("node-ids");
	GOOD(qn_parse_node, { "64496:1", 64496ULL << 32 | 1 }, { "1:4294967295", 0x1ffffffffULL },
	     { "4294967295:4294967295", UINT64_MAX }, { "4294967297", 1ULL << 32 | 1 });
	BAD(qn_parse_node, "", ":", "1:", ":1", "0:1", "1:0", "1", "-1:1", "1:-1", " 1:1", "1:1 ",
	    "1:4294967296", "4294967296:1", "1:2:3", "64496:*", "0x1:1", "18446744073709551616",
	    "1:1x", "+1:1");

	test_begin("amounts");
	GOOD(qn_parse_octets, { "0", 0 }, { "17", 17 }, { "1k", 1000 }, { "1K", 1000 },
	     { "1Ki", 1024 }, { "4Mi", 4 << 20 }, { "1.5k", 1500 }, { "1.5Ki", 1536 },
	     { "0.001k", 1 }, { "2GB", 2000000000 }, { "64KiB", 65536 },
	     { "18446744073709551615", UINT64_MAX });
	BAD(qn_parse_octets, "", "k", "-1", "1.5", "1 k", "1kk", "1.k", ".5k", "1e3",
	    "18446744073709551616", "19E", "16Ei", "1Bk", "0x10");

	test_begin("rates");
	GOOD(qn_parse_rate, { "125k", 125000 }, { "125kB/s", 125000 }, { "1Mbit", 125000 },
	     { "1Mbit/s", 125000 }, { "8bit", 1 }, { "0", 0 });
	BAD(qn_parse_rate, "1Mb", "7bit", "1Mbits", "1M/s", "fast");
	GOOD(qn_parse_bitrate, { "1M", 1000000 }, { "1Mbit", 1000000 }, { "125kB/s", 1000000 });
	BAD(qn_parse_bitrate, "1MB", "18446744073709551615B/s");

	test_begin("fractions");
	GOOD(qn_parse_ppm, { "3.5%", 35000 }, { "11%", 110000 }, { "20000", 20000 },
	     { "0.0001%", 1 }, { "0%", 0 });
	BAD(qn_parse_ppm, "3.5", "%", "-1%", "3%%", "lots");
}

static int parse_ms(const char *text, uint64_t *value, struct qn_error *err)
{
	return qn_parse_duration(text, 1000000, value, err);
}

static void times(void)
{
	struct qn_error err = { 0 };
	uint64_t n, now;

	test_begin("durations");
	GOOD(parse_ms, { "200", 200 }, { "200ms", 200 }, { "1.5s", 1500 }, { "2m", 120000 },
	     { "1d", 86400000 }, { "0", 0 });
	BAD(parse_ms, "", "ms", "1x", "1 s", "-1s", "10us", "1.s", "700000000000d");

	test_begin("times");
	GOOD(qn_parse_time, { "never", 0 }, { "0", 0 }, { "1893456000", 1893456000 },
	     { "2030-01-01", 1893456000 }, { "2030-01-01T00:00:00Z", 1893456000 },
	     { "2030-01-01 12:30", 1893501000 }, { "2028-02-29", 1835395200 });
	BAD(qn_parse_time, "", "2030-02-30", "2027-02-29", "2030-13-01", "tomorrow", "2030-01-01x",
	    "+", "+1y", "01.01.2030", "1969-01-01");
	now = (uint64_t)time(NULL);
	CHECK(!qn_parse_time("+1h", &n, &err) && n >= now + 3600 && n <= now + 3602);
	GOOD(qn_parse_time_ns, { "1893456000000000000", 1893456000000000000ULL },
	     { "2030-01-01", 1893456000000000000ULL });
}

static void octets(void)
{
	struct qn_error err = { 0 };
	uint8_t buf[64], addr[16];
	char text[200];
	size_t len;

	test_begin("addresses");
	CHECK(!qn_parse_addr("192.0.2.1", addr, &len, &err) && len == 4 && addr[0] == 192);
	CHECK(!qn_parse_addr("2001:db8::1", addr, &len, &err) && len == 16 && addr[15] == 1);
	CHECK(qn_parse_addr("192.0.2", addr, &len, &err));
	CHECK(qn_parse_addr("192.0.2.1/24", addr, &len, &err));
	CHECK(qn_parse_addr("node.example", addr, &len, &err));

	test_begin("labels");
	CHECK(!qn_parse_label("hello", buf, &len, &err) && len == 5);
	CHECK_STR(qn_format_label(text, sizeof(text), buf, len), "hello");
	CHECK(!qn_parse_label("hex:00fF", buf, &len, &err) && len == 2 && buf[1] == 255);
	CHECK_STR(qn_format_label(text, sizeof(text), buf, len), "hex:00ff");
	/* What looks like hex: but is text comes back as it went. */
	CHECK_STR(qn_format_label(text, sizeof(text), (const uint8_t *)"hex:zz", 6),
		  "hex:6865783a7a7a");
	CHECK(qn_parse_label("", buf, &len, &err));
	CHECK(qn_parse_label("hex:", buf, &len, &err));
	CHECK(qn_parse_label("hex:0", buf, &len, &err));
	CHECK(qn_parse_label("hex:zz", buf, &len, &err));
	memset(text, 'x', 65);
	text[65] = 0;
	CHECK(qn_parse_label(text, buf, &len, &err));
	text[64] = 0;
	CHECK(!qn_parse_label(text, buf, &len, &err) && len == 64);
}

static void formats(void)
{
	char b[64];

	test_begin("formats");
	CHECK_STR(qn_format_octets(b, sizeof(b), 0), "0B");
	CHECK_STR(qn_format_octets(b, sizeof(b), 1023), "1023B");
	CHECK_STR(qn_format_octets(b, sizeof(b), 1024), "1KiB");
	CHECK_STR(qn_format_octets(b, sizeof(b), 1536), "1.5KiB");
	CHECK_STR(qn_format_octets(b, sizeof(b), 1048575), "1.0MiB");
	CHECK_STR(qn_format_octets(b, sizeof(b), UINT64_MAX), "16EiB");
	CHECK_STR(qn_format_rate(b, sizeof(b), 999), "999B/s");
	CHECK_STR(qn_format_rate(b, sizeof(b), 125000), "125kB/s");
	CHECK_STR(qn_format_count(b, sizeof(b), 99999), "99999");
	CHECK_STR(qn_format_count(b, sizeof(b), 1500000), "1.5M");
	CHECK_STR(qn_format_duration(b, sizeof(b), 1500000), "1.5ms");
	CHECK_STR(qn_format_duration(b, sizeof(b), 61000000000ULL), "1m01s");
	CHECK_STR(qn_format_duration(b, sizeof(b), 90000000000000ULL), "1d01h");
	CHECK_STR(qn_format_node(b, sizeof(b), UINT64_MAX), "4294967295:4294967295");
	CHECK_STR(qn_format_node(b, sizeof(b), 64496ULL << 32), "64496:*");
	CHECK_STR(qn_format_time(b, sizeof(b), 1893456000), "2030-01-01 00:00:00");
}

/* Every integer of every object: what is written exactly reads as the same. */
static void round_trips(void)
{
	static const struct qn_set *const sets[] = {
		&qn_set_node, &qn_set_peer, &qn_set_source, &qn_set_route, &qn_set_contract,
		&qn_set_flow, &qn_set_relay, &qn_set_supply, &qn_set_stats, &qn_set_event,
		&qn_set_emu_link, &qn_set_emu_end,
	};
	static const uint64_t values[] = { 0, 1, 7, 999, 1000, 65535, 1ULL << 32 | 5,
					   1234567890123456789ULL };
	struct qn_error err = { 0 };
	char text[QN_TEXT_MAX];
	unsigned int i, j;
	size_t k;

	test_begin("round-trips");
	for (k = 0; k < QN_ARRAY_SIZE(sets); k++) {
		for (i = 1; i <= sets[k]->max; i++) {
			const struct qn_attr *def = &sets[k]->attrs[i];

			if (!def->name || def->type < QN_U8 || def->type > QN_U64 || def->values)
				continue;
			for (j = 0; j < QN_ARRAY_SIZE(values); j++) {
				struct qn_rec *a = qn_rec_new(sets[k]), *b = qn_rec_new(sets[k]);

				if (values[j] < def->min || values[j] > def->max ||
				    (def->format == QN_FMT_NODE && values[j] != values[6]) ||
				    (def->format == QN_FMT_BOOL && values[j] > 1) ||
				    (def->format == QN_FMT_PPM && values[j] > 1000000))
					goto next;
				/* 4 digits of a percentage are all that people read */
				if (def->format == QN_FMT_PPM && values[j] % 100)
					goto next;
				/* five hundred years are enough */
				if (def->format >= QN_FMT_NS && def->format <= QN_FMT_TIME &&
				    values[j] > 1ULL << 33)
					goto next;
				qn_set(a, i, values[j]);
				qn_format_value(text, sizeof(text), a, i, true);
				if (qn_parse_value(text, b, i, &err))
					test_fail(__FILE__, __LINE__, "%s.%s: %s", sets[k]->name,
						  def->name, err.text);
				else if (!qn_rec_equal(a, b, i))
					test_fail(__FILE__, __LINE__, "%s.%s: %llu became '%s'",
						  sets[k]->name, def->name,
						  (unsigned long long)values[j], text);
next:
				qn_rec_free(a);
				qn_rec_free(b);
			}
		}
	}
}

static int word(struct qn_rec *rec, const char *name, const char *value, struct qn_error *err)
{
	return qn_word_parse(&qn_words_peer, qn_word_find(&qn_words_peer, name), value, rec, err);
}

static void words(void)
{
	static const struct qn_words *const all[] = {
		&qn_words_node, &qn_words_peer, &qn_words_route, &qn_words_contract, &qn_words_emu,
	};
	struct qn_rec *rec = qn_rec_new(&qn_set_peer);
	struct qn_error err = { 0 };
	const struct qn_word *w;
	size_t i;

	test_begin("words");
	CHECK(!word(rec, "address", "192.0.2.1", &err) && qn_has(rec, QKDNF_A_PEER_ADDR4));
	CHECK(word(rec, "address", "2001:db8::1", &err));
	CHECK_HAS(err.text, "twice");
	CHECK(!word(rec, "segment", "64Ki", &err) && qn_get(rec, QKDNF_A_PEER_SEG_SHIFT, 0) == 16);
	qn_unset(rec, QKDNF_A_PEER_SEG_SHIFT);
	CHECK(word(rec, "segment", "64k", &err));
	CHECK(word(rec, "segment", "2Ki", &err));
	CHECK(word(rec, "weight", "0", &err));
	CHECK_HAS(err.text, "1 to 65535");
	CHECK(word(rec, "hello", "50ms", &err));
	CHECK(word(rec, "scheme", "bb84", &err));
	CHECK_HAS(err.text, "xor, otp");
	CHECK(word(rec, "name", "a name that is longer than thirty-one characters", &err));
	CHECK(word(rec, "name", "tab\there", &err));
	CHECK_STR(qn_word_nearest(&qn_words_peer, "adress") ?: "", "address");
	CHECK(!qn_word_nearest(&qn_words_peer, "zzzzzz"));
	for (i = 0; i < QN_ARRAY_SIZE(all); i++)
		for (w = all[i]->words; w->word; w++)
			CHECK(w->attr && all[i]->set->attrs[w->attr].name && w->help && w->value);
	qn_rec_free(rec);
}

void test_text(void)
{
	amounts();
	times();
	octets();
	formats();
	round_trips();
	words();
}
