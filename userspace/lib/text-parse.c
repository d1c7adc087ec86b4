// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as people write them: reading. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define NS_PER_S 1000000000ULL

/* Decimal digits only, no sign and no white space, unlike strtoull(). */
static int parse_u64(const char *text, const char **end, uint64_t *value)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*end = text;
	*value = n;
	return 0;
}

static int bad_node(const char *text, struct qn_error *err)
{
	return qn_fail(err,
		       "'%s' is no node: write PROVIDER:NODE, both from 1 to 4294967295, as in 64496:1",
		       text);
}

int qn_parse_node(const char *text, uint64_t *id, struct qn_error *err)
{
	uint64_t provider, node;
	const char *end;

	if (parse_u64(text, &end, &provider))
		return bad_node(text, err);
	if (!*end) {
		node = provider & UINT32_MAX;
		provider >>= 32;
	} else if (*end != ':' || parse_u64(end + 1, &end, &node) || *end) {
		return bad_node(text, err);
	}
	if (!provider || provider > UINT32_MAX || !node || node > UINT32_MAX)
		return bad_node(text, err);
	*id = provider << 32 | node;
	return 0;
}

int qn_parse_scope(const char *text, uint64_t *id, bool *wide, struct qn_error *err)
{
	uint64_t provider;
	const char *end;

	*wide = false;
	if (!parse_u64(text, &end, &provider) && !strcmp(end, ":*")) {
		if (!provider || provider > UINT32_MAX)
			return bad_node(text, err);
		*id = provider << 32;
		*wide = true;
		return 0;
	}
	if (qn_parse_node(text, id, err))
		return qn_fail(err,
			       "'%s' is neither a node (PROVIDER:NODE) nor a whole provider (PROVIDER:*)",
			       text);
	return 0;
}

int qn_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value,
		    struct qn_error *err)
{
	const char *end = text;
	char *stop;

	if (!strncmp(text, "0x", 2) && isxdigit((unsigned char)text[2])) {
		errno = 0;
		*value = strtoull(text, &stop, 16);
		if (errno)
			return qn_fail(err, "'%s' is too large", text);
		end = stop;
	} else if (parse_u64(text, &end, value)) {
		return qn_fail(err, "'%s' is no number", text);
	}
	if (*end)
		return qn_fail(err, "'%s' is no number", text);
	if (*value < min || *value > max)
		return qn_fail(err, "%s is out of range: %llu to %llu", text,
			       (unsigned long long)min, (unsigned long long)max);
	return 0;
}

/*
 * A number with a fraction, exactly: @n whole parts and @frac in units of
 * 10^-18. A double would round what is billed.
 */
static int parse_decimal(const char *text, const char **end, uint64_t *n, uint64_t *frac)
{
	uint64_t unit = NS_PER_S * NS_PER_S;

	*frac = 0;
	if (parse_u64(text, end, n))
		return -1;
	if (**end != '.')
		return 0;
	text = *end + 1;
	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		unit /= 10;
		*frac += unit * (unsigned int)(*text - '0');
	}
	*end = text;
	return 0;
}

/* (n + frac / 10^18) * factor, rounded to the nearest; -1 if it does not fit. */
static int scale(uint64_t n, uint64_t frac, uint64_t factor, uint64_t *value)
{
	unsigned __int128 one = (unsigned __int128)NS_PER_S * NS_PER_S;
	unsigned __int128 v = (unsigned __int128)n * factor;

	v += ((unsigned __int128)frac * factor + one / 2) / one;
	if (v > UINT64_MAX)
		return -1;
	*value = (uint64_t)v;
	return 0;
}

/* The factor of a prefix at @text, which is moved past it. */
static uint64_t parse_prefix(const char **text)
{
	static const char letters[] = "kKMGTPE";
	static const unsigned int powers[] = { 1, 1, 2, 3, 4, 5, 6 };
	const char *at = **text ? strchr(letters, **text) : NULL;
	uint64_t base, factor = 1;
	unsigned int i;

	if (!at)
		return 1;
	base = (*text)[1] == 'i' ? 1024 : 1000;
	for (i = 0; i < powers[at - letters]; i++)
		factor *= base;
	*text += base == 1024 ? 2 : 1;
	return factor;
}

static int parse_scaled(const char *text, const char **unit, uint64_t *value)
{
	uint64_t n, frac, factor;

	if (parse_decimal(text, unit, &n, &frac))
		return -1;
	factor = parse_prefix(unit);
	if (frac && factor == 1)
		return -1;
	return scale(n, frac, factor, value);
}

int qn_parse_amount(const char *text, uint64_t *value, struct qn_error *err)
{
	const char *unit;

	if (parse_scaled(text, &unit, value) || *unit)
		return qn_fail(err,
			       "'%s' is no amount: write a number, with k M G (1000) or Ki Mi Gi (1024) after it",
			       text);
	return 0;
}

int qn_parse_octets(const char *text, uint64_t *value, struct qn_error *err)
{
	const char *unit;

	if (parse_scaled(text, &unit, value) || (*unit && strcmp(unit, "B")))
		return qn_fail(err,
			       "'%s' is no amount of octets: write a number, with k M G (1000) or Ki Mi Gi (1024) after it, as in 4Mi",
			       text);
	return 0;
}

int qn_parse_rate(const char *text, uint64_t *value, struct qn_error *err)
{
	const char *unit;
	uint64_t n;

	if (parse_scaled(text, &unit, &n))
		goto bad;
	if (!*unit || !strcmp(unit, "B/s")) {
		*value = n;
		return 0;
	}
	if (strcmp(unit, "bit") && strcmp(unit, "bit/s"))
		goto bad;
	if (n % 8)
		return qn_fail(err, "'%s' is not a whole number of octets per second", text);
	*value = n / 8;
	return 0;
bad:
	return qn_fail(err,
		       "'%s' is no rate: write octets per second as in 125k or 125kB/s, or bits as in 1Mbit",
		       text);
}

int qn_parse_bitrate(const char *text, uint64_t *value, struct qn_error *err)
{
	const char *unit;
	uint64_t n;

	if (!parse_scaled(text, &unit, &n)) {
		if (!*unit || !strcmp(unit, "bit") || !strcmp(unit, "bit/s")) {
			*value = n;
			return 0;
		}
		if (!strcmp(unit, "B/s") && n <= UINT64_MAX / 8) {
			*value = n * 8;
			return 0;
		}
	}
	return qn_fail(err,
		       "'%s' is no rate: write bits per second as in 10M or 10Mbit, or octets as in 1.25MB/s",
		       text);
}

/* A duration in nanoseconds, which ends with the text; -1 without words. */
static int parse_ns(const char *text, uint64_t unit, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", NS_PER_S },
		{ "m", 60 * NS_PER_S },
		{ "min", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
		{ "d", 86400 * NS_PER_S },
		{ "w", 7 * 86400 * NS_PER_S },
	};
	uint64_t n, frac;
	const char *end;
	size_t i;

	if (parse_decimal(text, &end, &n, &frac))
		return -1;
	if (!*end)
		return scale(n, frac, unit, ns);
	for (i = 0; i < QN_ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name))
			return scale(n, frac, units[i].ns, ns);
	return -1;
}

int qn_parse_duration(const char *text, uint64_t unit, uint64_t *value, struct qn_error *err)
{
	uint64_t ns;

	if (parse_ns(text, unit, &ns))
		return qn_fail(err,
			       "'%s' is no duration: write a number with ns, us, ms, s, m, h or d, as in 200ms",
			       text);
	if (ns && ns < unit)
		return qn_fail(err, "'%s' is shorter than the unit it is counted in", text);
	*value = ns / unit;
	return 0;
}

/* YYYY-MM-DD, optionally HH:MM or HH:MM:SS after a blank or T, optionally Z. */
static int parse_date(const char *text, uint64_t *seconds)
{
	static const char *const forms[] = {
		"%Y-%m-%d",	  "%Y-%m-%d %H:%M",    "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
	};
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(forms); i++) {
		struct tm tm = { 0 }, again;
		const char *end = strptime(text, forms[i], &tm);
		time_t t;

		if (!end || (*end && strcmp(end, "Z")))
			continue;
		again = tm;
		t = timegm(&again);
		/* A day that no month has would silently become another one. */
		if (t < 0 || again.tm_mday != tm.tm_mday)
			return -1;
		*seconds = (uint64_t)t;
		return 0;
	}
	return -1;
}

int qn_parse_time_ns(const char *text, uint64_t *value, struct qn_error *err)
{
	struct timespec now;
	const char *end;
	uint64_t n;

	if (!parse_u64(text, &end, value) && !*end)
		return 0;
	if (!parse_date(text, &n) && n <= UINT64_MAX / NS_PER_S) {
		*value = n * NS_PER_S;
		return 0;
	}
	if (*text == '+' && !parse_ns(text + 1, NS_PER_S, &n)) {
		clock_gettime(CLOCK_REALTIME, &now);
		*value = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
		if (!__builtin_add_overflow(*value, n, value))
			return 0;
	}
	return qn_fail(err,
		       "'%s' is no time: write YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS' (UTC), +DURATION, or Unix time in nanoseconds",
		       text);
}

int qn_parse_time(const char *text, uint64_t *value, struct qn_error *err)
{
	const char *end;

	if (!strcmp(text, "never")) {
		*value = 0;
		return 0;
	}
	if (!parse_u64(text, &end, value) && !*end)
		return 0;
	if (!parse_date(text, value))
		return 0;
	if (*text == '+' && !qn_parse_time_ns(text, value, err)) {
		*value /= NS_PER_S;
		return 0;
	}
	return qn_fail(err,
		       "'%s' is no time: write YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS' (UTC), +DURATION, Unix time in seconds, or never",
		       text);
}

int qn_parse_ppm(const char *text, uint64_t *value, struct qn_error *err)
{
	uint64_t n, frac;
	const char *end;

	if (!parse_decimal(text, &end, &n, &frac)) {
		if (!*end && !frac) {
			*value = n;
			return 0;
		}
		if (!strcmp(end, "%") && !scale(n, frac, 10000, value))
			return 0;
	}
	return qn_fail(err,
		       "'%s' is no fraction: write a percentage as in 3.5%%, or parts per million",
		       text);
}

int qn_parse_bool(const char *text, uint64_t *value, struct qn_error *err)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(yes); i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*value = !strcmp(text, yes[i]);
			return 0;
		}
	}
	return qn_fail(err, "'%s' is neither yes nor no", text);
}

int qn_parse_addr(const char *text, uint8_t *addr, size_t *len, struct qn_error *err)
{
	if (inet_pton(AF_INET, text, addr) == 1) {
		*len = 4;
		return 0;
	}
	if (inet_pton(AF_INET6, text, addr) == 1) {
		*len = 16;
		return 0;
	}
	return qn_fail(err, "'%s' is no IP address", text);
}

int qn_parse_hex(const char *text, size_t digits, uint8_t *octets)
{
	size_t i;

	if (digits % 2)
		return -1;
	for (i = 0; i < digits; i++) {
		int c = tolower((unsigned char)text[i]);

		if (!isxdigit(c))
			return -1;
		c = isdigit(c) ? c - '0' : c - 'a' + 10;
		octets[i / 2] = (uint8_t)(i % 2 ? octets[i / 2] | c : c << 4);
	}
	return 0;
}

int qn_parse_label(const char *text, uint8_t *label, size_t *len, struct qn_error *err)
{
	size_t n = strlen(text);

	if (!strncmp(text, "hex:", 4)) {
		n -= 4;
		if (n > 128 || !n || qn_parse_hex(text + 4, n, label))
			return qn_fail(err,
				       "'%s' is no label: hex: wants 1 to 64 octets as hexadecimal digits",
				       text);
		*len = n / 2;
		return 0;
	}
	if (!n || n > 64)
		return qn_fail(err, "a label has 1 to 64 octets, this one has %zu", n);
	memcpy(label, text, n);
	*len = n;
	return 0;
}

/* An enumeration's name; of flags, any of them with + or , between. */
static int parse_enum(const struct qn_enum *e, const char *text, uint64_t *value,
		      struct qn_error *err)
{
	char names[256] = "", copy[128], *save, *one;
	int64_t n = qn_enum_value(e, text);
	unsigned int i;

	if (e->flags) {
		*value = 0;
		snprintf(copy, sizeof(copy), "%s", text);
		for (one = strtok_r(copy, "+,", &save); one; one = strtok_r(NULL, "+,", &save)) {
			n = qn_enum_value(e, one);
			if (n < 0)
				break;
			*value |= 1ULL << n;
		}
		if (n >= 0 && *value)
			return 0;
	} else if (n >= 0) {
		*value = (uint64_t)n;
		return 0;
	}
	for (i = 0; i < e->count; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", e->names[i]);
	return qn_fail(err, "'%s' is not one of: %s", text, names);
}

static int parse_integer(const struct qn_attr *def, const char *text, uint64_t *value,
			 struct qn_error *err)
{
	switch (def->format) {
	case QN_FMT_NODE:
		return qn_parse_node(text, value, err);
	case QN_FMT_OCTETS:
		return qn_parse_octets(text, value, err);
	case QN_FMT_RATE:
		return qn_parse_rate(text, value, err);
	case QN_FMT_BITRATE:
		return qn_parse_bitrate(text, value, err);
	case QN_FMT_NS:
		return qn_parse_duration(text, 1, value, err);
	case QN_FMT_US:
		return qn_parse_duration(text, 1000, value, err);
	case QN_FMT_MS:
		return qn_parse_duration(text, 1000000, value, err);
	case QN_FMT_SECONDS:
		return qn_parse_duration(text, NS_PER_S, value, err);
	case QN_FMT_TIME:
		return qn_parse_time(text, value, err);
	case QN_FMT_TIME_NS:
		return qn_parse_time_ns(text, value, err);
	case QN_FMT_PPM:
		return qn_parse_ppm(text, value, err);
	case QN_FMT_BOOL:
		return qn_parse_bool(text, value, err);
	}
	return qn_parse_number(text, 0, UINT64_MAX, value, err);
}

int qn_parse_value(const char *text, struct qn_rec *rec, unsigned int attr, struct qn_error *err)
{
	const struct qn_attr *def = &rec->set->attrs[attr];
	uint8_t octets[64];
	uint64_t value;
	size_t len = 0;

	switch (def->type) {
	case QN_STRING:
		len = strlen(text);
		if (def->max && len > def->max)
			return qn_fail(err, "'%s' is too long: at most %llu characters", text,
				       (unsigned long long)def->max);
		for (; *text; text++)
			if (!isprint((unsigned char)*text))
				return qn_fail(err, "only printable ASCII is allowed here");
		qn_set_str(rec, attr, text - len);
		return 0;
	case QN_BINARY:
		if (def->format == QN_FMT_ADDR) {
			if (qn_parse_addr(text, octets, &len, err))
				return -1;
		} else if (def->format == QN_FMT_LABEL) {
			if (qn_parse_label(text, octets, &len, err))
				return -1;
		} else {
			len = strlen(text) / 2;
			if (len > sizeof(octets) || qn_parse_hex(text, strlen(text), octets))
				return qn_fail(err, "hexadecimal digits are wanted here");
		}
		if (len < def->min || (def->max && len > def->max))
			return qn_fail(err, "'%s' has %zu octets, %llu are wanted", text, len,
				       (unsigned long long)def->max);
		qn_set_bin(rec, attr, octets, len);
		explicit_bzero(octets, sizeof(octets));
		return 0;
	case QN_FLAG:
		if (qn_parse_bool(text, &value, err))
			return -1;
		if (value)
			qn_set(rec, attr, 1);
		return 0;
	case QN_NEST:
		return qn_fail(err, "%s cannot be written as one value", def->name);
	}
	if (def->values)
		return parse_enum(def->values, text, &value, err) ? -1 :
								    (qn_set(rec, attr, value), 0);
	if (parse_integer(def, text, &value, err))
		return -1;
	if (value < def->min || (def->max && value > def->max)) {
		char low[QN_TEXT_MAX], high[QN_TEXT_MAX];
		struct qn_rec *limit = qn_rec_new(rec->set);

		qn_set(limit, attr, def->min);
		qn_format_value(low, sizeof(low), limit, attr, true);
		qn_set(limit, attr, def->max);
		qn_format_value(high, sizeof(high), limit, attr, true);
		qn_rec_free(limit);
		return qn_fail(err, "%s is out of range: %s to %s", text, low, high);
	}
	qn_set(rec, attr, value);
	return 0;
}
