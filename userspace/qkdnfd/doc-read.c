// SPDX-License-Identifier: GPL-2.0-or-later
/* Structures from documents. */
#define _GNU_SOURCE
#include <string.h>

#include "base64url.h"
#include "clock.h"
#include "doc-value.h"

#define SECONDS_LAST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static int read_object(const struct qf_table *table, const json_t *value, void *to,
		       const struct qf_place *place, struct qf_problem *problem);
static int read_value(const struct qf_field *field, const json_t *value, void *to,
		      const struct qf_place *place, struct qf_problem *problem);

static int read_text(const struct qf_field *field, const json_t *value, void *to,
		     const struct qf_place *place, struct qf_problem *problem)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text)
		return qf_doc_fail(problem, place, "a string");
	if (field->kind == QF_REF) {
		if (qf_doc_text(field, text, len, (size_t)field->max, place, problem))
			return -1;
		*(const char **)to = text;
		return 0;
	}
	if (qf_doc_text(field, text, len, field->size - 1, place, problem))
		return -1;
	memcpy(to, text, len + 1);
	return 0;
}

/* One spelling of each number: no sign +, no zeros in front, no -0. */
static int parse_decimal(const char *text, int64_t *number)
{
	bool minus = text[0] == '-';
	const char *at = text + minus;
	uint64_t n = 0, most = (uint64_t)INT64_MAX + minus;

	if (!*at || (*at == '0' && (at[1] || minus)))
		return -1;
	for (; *at; at++) {
		unsigned int digit = (unsigned int)(*at - '0');

		if (digit > 9 || n > (most - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*number = minus ? (int64_t)(0 - n) : (int64_t)n;
	return 0;
}

static int read_number(const struct qf_field *field, const json_t *value, int64_t *to,
		       const struct qf_place *place, struct qf_problem *problem)
{
	int64_t number;

	if (field->kind == QF_DECIMAL) {
		if (!json_is_string(value) || parse_decimal(json_string_value(value), &number))
			return qf_doc_fail(problem, place,
					   "a number of 64 bits, as a string of decimal digits");
	} else {
		if (!json_is_integer(value))
			return qf_doc_fail(problem, place, "an integer");
		number = json_integer_value(value);
	}
	if (field->kind == QF_SECONDS) {
		if (number < 0 || number > SECONDS_LAST)
			return qf_doc_fail(problem, place, "seconds since 1970");
		*to = number * QF_SECOND;
		return 0;
	}
	*to = number;
	return qf_doc_number(field, number, place, problem);
}

static int read_time(const json_t *value, int64_t *to, const struct qf_place *place,
		     struct qf_problem *problem)
{
	const char *text = json_string_value(value);

	if (!text || qf_time_parse(text, to))
		return qf_doc_fail(problem, place, "a time, as 2026-11-22T15:04:05.123456Z");
	return 0;
}

static int read_enum(const struct qf_field *field, const json_t *value, int *to,
		     const struct qf_place *place, struct qf_problem *problem)
{
	const char *text = json_string_value(value);
	char words[192] = "";
	int i;

	for (i = 0; field->words[i]; i++) {
		size_t used = strlen(words);

		if (text && !strcmp(text, field->words[i])) {
			*to = i;
			return 0;
		}
		snprintf(words + used, sizeof(words) - used, "%s%s", i ? ", " : "",
			 field->words[i]);
	}
	return qf_doc_fail(problem, place, "one of: %s", words);
}

static int read_octets(const struct qf_field *field, const json_t *value, uint8_t *to,
		       const struct qf_place *place, struct qf_problem *problem)
{
	const char *text = json_string_value(value);

	if (!text ||
	    qf_b64_decode(to, field->size, text, json_string_length(value)) != (ssize_t)field->size)
		return qf_doc_fail(problem, place, "%zu octets in base64url without padding",
				   field->size);
	return 0;
}

static int read_array(const struct qf_field *field, const json_t *value, void *to, size_t *count,
		      const struct qf_place *place, struct qf_problem *problem)
{
	struct qf_place within = { .above = place };
	size_t n = json_array_size(value);

	if (!json_is_array(value))
		return qf_doc_fail(problem, place, "an array");
	if (qf_doc_elements(field, n, place, problem))
		return -1;
	for (; within.index < n; within.index++) {
		if (read_value(field->item, json_array_get(value, within.index),
			       (char *)to + within.index * field->item->size, &within, problem))
			return -1;
	}
	*count = n;
	return 0;
}

/* One value, but for arrays, which need to know where to count. */
static int read_value(const struct qf_field *field, const json_t *value, void *to,
		      const struct qf_place *place, struct qf_problem *problem)
{
	switch (field->kind) {
	case QF_STRING:
	case QF_REF:
		return read_text(field, value, to, place, problem);
	case QF_DECIMAL:
	case QF_INTEGER:
	case QF_SECONDS:
		return read_number(field, value, to, place, problem);
	case QF_BOOLEAN:
		if (!json_is_boolean(value))
			return qf_doc_fail(problem, place, "true or false");
		*(bool *)to = json_is_true(value);
		return 0;
	case QF_TIME:
		return read_time(value, to, place, problem);
	case QF_ENUM:
		return read_enum(field, value, to, place, problem);
	case QF_OCTETS:
		return read_octets(field, value, to, place, problem);
	case QF_OBJECT:
		return read_object(field->table, value, to, place, problem);
	default:
		*(const json_t **)to = value;
		return 0;
	}
}

static int read_field(const struct qf_field *field, const json_t *value, void *to,
		      const struct qf_place *place, struct qf_problem *problem)
{
	char *at = (char *)to + field->offset;
	char *has = field->has ? (char *)to + field->has - 1 : NULL;

	if (field->kind == QF_ARRAY)
		return read_array(field, value, at, (size_t *)has, place, problem);
	if (has)
		*(bool *)has = true;
	return read_value(field, value, at, place, problem);
}

static const struct qf_field *find(const struct qf_table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct qf_field *field = &table->fields[i];

		if (field->kind == QF_INLINE)
			field = find(field->table, name);
		else if (strcmp(field->name, name))
			field = NULL;
		if (field)
			return field;
	}
	return NULL;
}

static int unknown(const struct qf_table *table, const json_t *value, const struct qf_place *above,
		   struct qf_problem *problem)
{
	const char *name;
	json_t *member;

	if (table->unknown == QF_IGNORE)
		return 0;
	json_object_foreach((json_t *)value, name, member) {
		struct qf_place place = { .above = above, .member = name };

		if (find(table, name))
			continue;
		if (table->unknown == QF_REFUSE)
			return qf_doc_fail(problem, &place, "a member that is not known here");
		if (strcmp(name, "optional"))
			return qf_doc_fail(problem, &place,
					   "a member that is not known here: what need not be understood goes into \"optional\"");
		if (!json_is_object(member))
			return qf_doc_fail(problem, &place, "an object");
	}
	return 0;
}

static int read_members(const struct qf_table *table, const json_t *value, void *to,
			const struct qf_place *above, struct qf_problem *problem)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct qf_field *field = &table->fields[i];
		struct qf_place place = { .above = above, .member = field->name };
		const json_t *member;

		if (field->kind == QF_INLINE) {
			if (read_members(field->table, value, (char *)to + field->offset, above,
					 problem))
				return -1;
			continue;
		}
		member = json_object_get(value, field->name);
		if (!member && field->optional)
			continue;
		if (!member)
			return qf_doc_fail(problem, &place, "it is missing");
		if (read_field(field, member, to, &place, problem))
			return -1;
	}
	return 0;
}

static int read_object(const struct qf_table *table, const json_t *value, void *to,
		       const struct qf_place *place, struct qf_problem *problem)
{
	if (!json_is_object(value))
		return qf_doc_fail(problem, place, "an object");
	if (unknown(table, value, place, problem))
		return -1;
	return read_members(table, value, to, place, problem);
}

int qf_doc_read(const struct qf_table *table, const json_t *value, void *to,
		struct qf_problem *problem)
{
	memset(to, 0, table->size);
	return read_object(table, value, to, NULL, problem);
}
