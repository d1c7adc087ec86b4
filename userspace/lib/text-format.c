// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as people write them: writing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define NS_PER_S 1000000000ULL

char *qn_format_node(char *buf, size_t size, uint64_t id)
{
	/* A node part of 0 stands for all nodes of the provider. */
	if (id && !(id & UINT32_MAX))
		snprintf(buf, size, "%" PRIu64 ":*", id >> 32);
	else
		snprintf(buf, size, "%" PRIu64 ":%" PRIu64, id >> 32, id & UINT32_MAX);
	return buf;
}

/* Three digits and a prefix: 0, 999, 1.5k, 15.2k, 152k. */
static char *scaled(char *buf, size_t size, uint64_t n, unsigned int base, const char *unit)
{
	static const char *const si[] = { "", "k", "M", "G", "T", "P", "E" };
	static const char *const iec[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
	unsigned int i = 0;
	double v = (double)n;

	while (v >= base - 0.5 && i < QN_ARRAY_SIZE(si) - 1) {
		v /= base;
		i++;
	}
	snprintf(buf, size, "%.*f%s%s", i && v < 99.95 && v != (double)(uint64_t)v ? 1 : 0, v,
		 base == 1024 ? iec[i] : si[i], unit);
	return buf;
}

char *qn_format_octets(char *buf, size_t size, uint64_t octets)
{
	return scaled(buf, size, octets, 1024, "B");
}

char *qn_format_rate(char *buf, size_t size, uint64_t octets)
{
	return scaled(buf, size, octets, 1000, "B/s");
}

char *qn_format_bitrate(char *buf, size_t size, uint64_t bits)
{
	return scaled(buf, size, bits, 1000, "bit/s");
}

char *qn_format_count(char *buf, size_t size, uint64_t count)
{
	return count < 100000 ? (snprintf(buf, size, "%" PRIu64, count), buf) :
				scaled(buf, size, count, 1000, "");
}

char *qn_format_duration(char *buf, size_t size, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S;

	if (ns < 1000)
		snprintf(buf, size, "%" PRIu64 "ns", ns);
	else if (ns < 1000000)
		snprintf(buf, size, "%" PRIu64 "us", ns / 1000);
	else if (ns < NS_PER_S)
		snprintf(buf, size, "%.3gms", (double)(ns / 1000) / 1000);
	else if (s < 60)
		snprintf(buf, size, "%.3gs", (double)(ns / 1000000) / 1000);
	else if (s < 3600)
		snprintf(buf, size, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
	return buf;
}

char *qn_format_time(char *buf, size_t size, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, size, "%" PRIu64, seconds);
	return buf;
}

char *qn_format_label(char *buf, size_t size, const uint8_t *label, size_t len)
{
	size_t i, used;

	for (i = 0; i < len && isprint(label[i]); i++)
		;
	if (i == len && (len < 4 || memcmp(label, "hex:", 4))) {
		snprintf(buf, size, "%.*s", (int)len, (const char *)label);
		return buf;
	}
	used = (size_t)snprintf(buf, size, "hex:");
	for (i = 0; i < len && used + 3 <= size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%02x", label[i]);
	return buf;
}

static char *format_ppm(char *buf, size_t size, uint64_t ppm)
{
	snprintf(buf, size, "%.4g%%", (double)ppm / 10000);
	return buf;
}

static char *format_enum(char *buf, size_t size, const struct qn_enum *e, uint64_t value)
{
	const char *name = qn_enum_name(e, value);
	unsigned int i;

	if (!e->flags) {
		if (name)
			snprintf(buf, size, "%s", name);
		else
			snprintf(buf, size, "%" PRIu64, value);
		return buf;
	}
	*buf = 0;
	for (i = 0; i < e->count; i++)
		if (value & 1ULL << i)
			snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", *buf ? "+" : "",
				 e->names[i]);
	return buf;
}

static char *format_exact(char *buf, size_t size, const char *fmt, uint64_t value)
{
	snprintf(buf, size, fmt, (unsigned long long)value);
	return buf;
}

static char *format_integer(char *buf, size_t size, const struct qn_attr *def, uint64_t v,
			    bool exact)
{
	switch (def->format) {
	case QN_FMT_NODE:
		return qn_format_node(buf, size, v);
	case QN_FMT_HEX:
		return format_exact(buf, size, "0x%016llx", v);
	case QN_FMT_OCTETS:
		return exact ? format_exact(buf, size, "%llu", v) : qn_format_octets(buf, size, v);
	case QN_FMT_RATE:
		return exact ? format_exact(buf, size, "%lluB/s", v) : qn_format_rate(buf, size, v);
	case QN_FMT_BITRATE:
		return exact ? format_exact(buf, size, "%llubit/s", v) :
			       qn_format_bitrate(buf, size, v);
	case QN_FMT_NS:
		return exact ? format_exact(buf, size, "%lluns", v) :
			       qn_format_duration(buf, size, v);
	case QN_FMT_US:
		return exact ? format_exact(buf, size, "%lluus", v) :
			       qn_format_duration(buf, size, v * 1000);
	case QN_FMT_MS:
		return exact ? format_exact(buf, size, "%llums", v) :
			       qn_format_duration(buf, size, v * 1000000);
	case QN_FMT_SECONDS:
		return exact ? format_exact(buf, size, "%llus", v) :
			       qn_format_duration(buf, size, v * NS_PER_S);
	case QN_FMT_TIME:
		return v ? qn_format_time(buf, size, v) : (snprintf(buf, size, "never"), buf);
	case QN_FMT_TIME_NS:
		return exact ? format_exact(buf, size, "%llu", v) :
			       qn_format_time(buf, size, v / NS_PER_S);
	case QN_FMT_PPM:
		return format_ppm(buf, size, v);
	case QN_FMT_BOOL:
		snprintf(buf, size, "%s", v ? "yes" : "no");
		return buf;
	}
	if (def->type == QN_S32)
		snprintf(buf, size, "%" PRId64, (int64_t)v);
	else if (exact)
		snprintf(buf, size, "%" PRIu64, v);
	else
		qn_format_count(buf, size, v);
	return buf;
}

char *qn_format_value(char *buf, size_t size, const struct qn_rec *rec, unsigned int attr,
		      bool exact)
{
	const struct qn_attr *def = &rec->set->attrs[attr];
	const union qn_val *v = &rec->v[attr];
	size_t i;

	*buf = 0;
	if (!qn_has(rec, attr))
		return buf;
	switch (def->type) {
	case QN_FLAG:
		snprintf(buf, size, "yes");
		return buf;
	case QN_STRING:
		snprintf(buf, size, "%s", (const char *)v->b.data);
		return buf;
	case QN_BINARY:
		if (def->format == QN_FMT_ADDR)
			inet_ntop(v->b.len == 4 ? AF_INET : AF_INET6, v->b.data, buf,
				  (socklen_t)size);
		else if (def->format == QN_FMT_LABEL)
			qn_format_label(buf, size, v->b.data, v->b.len);
		else
			for (i = 0; i < v->b.len && 2 * i + 3 <= size; i++)
				snprintf(buf + 2 * i, size - 2 * i, "%02x", v->b.data[i]);
		return buf;
	case QN_NEST:
		snprintf(buf, size, "...");
		return buf;
	}
	if (def->values)
		return format_enum(buf, size, def->values, v->u);
	return format_integer(buf, size, def, v->u, exact);
}
