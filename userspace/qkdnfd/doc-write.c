// SPDX-License-Identifier: GPL-2.0-or-later
/* Documents from structures. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "base64url.h"
#include "clock.h"
#include "doc-value.h"

static json_t *write_object(const struct qf_table *table, const void *from,
			    const struct qf_place *place, struct qf_problem *problem);
static json_t *write_value(const struct qf_field *field, const void *from,
			   const struct qf_place *place, struct qf_problem *problem);

static json_t *write_text(const struct qf_field *field, const void *from,
			  const struct qf_place *place, struct qf_problem *problem)
{
	const char *text = field->kind == QF_REF ? *(const char *const *)from : from;
	size_t most = field->kind == QF_REF ? (size_t)field->max : field->size - 1;
	size_t len = !text ? 0 : field->kind == QF_REF ? strlen(text) : strnlen(text, field->size);

	if (qf_doc_text(field, text ? text : "", len, most, place, problem))
		return NULL;
	return json_stringn(text ? text : "", len);
}

static json_t *write_number(const struct qf_field *field, int64_t number,
			    const struct qf_place *place, struct qf_problem *problem)
{
	char text[QF_TIME_TEXT];

	switch (field->kind) {
	case QF_TIME:
		if (!qf_time_format(text, number))
			return json_string(text);
		qf_doc_fail(problem, place, "a time from 1970 to 9999");
		return NULL;
	case QF_SECONDS:
		/* A fraction would be lost on the way, and with it what was signed. */
		if (number >= 0 && !(number % QF_SECOND) && !qf_time_format(text, number))
			return json_integer(number / QF_SECOND);
		qf_doc_fail(problem, place, "whole seconds from 1970 to 9999");
		return NULL;
	default:
		if (qf_doc_number(field, number, place, problem))
			return NULL;
		if (field->kind == QF_INTEGER)
			return json_integer(number);
		snprintf(text, sizeof(text), "%" PRId64, number);
		return json_string(text);
	}
}

static json_t *write_enum(const struct qf_field *field, int place_of, const struct qf_place *place,
			  struct qf_problem *problem)
{
	int i;

	for (i = 0; field->words[i]; i++) {
		if (i == place_of)
			return json_string(field->words[i]);
	}
	qf_doc_fail(problem, place, "there is no word for %d", place_of);
	return NULL;
}

static json_t *write_octets(const struct qf_field *field, const void *from)
{
	char *text = qn_alloc(QF_B64_LEN(field->size) + 1);
	json_t *value;

	qf_b64_encode(text, from, field->size);
	value = json_string(text);
	free(text);
	return value;
}

static json_t *write_array(const struct qf_field *field, const void *from, size_t count,
			   const struct qf_place *place, struct qf_problem *problem)
{
	struct qf_place within = { .above = place };
	json_t *array, *value;

	if (qf_doc_elements(field, count, place, problem))
		return NULL;
	array = json_array();
	for (; within.index < count; within.index++) {
		value = write_value(field->item,
				    (const char *)from + within.index * field->item->size, &within,
				    problem);
		if (!value) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, value);
	}
	return array;
}

static json_t *write_value(const struct qf_field *field, const void *from,
			   const struct qf_place *place, struct qf_problem *problem)
{
	switch (field->kind) {
	case QF_STRING:
	case QF_REF:
		return write_text(field, from, place, problem);
	case QF_DECIMAL:
	case QF_INTEGER:
	case QF_SECONDS:
	case QF_TIME:
		return write_number(field, *(const int64_t *)from, place, problem);
	case QF_BOOLEAN:
		return json_boolean(*(const bool *)from);
	case QF_ENUM:
		return write_enum(field, *(const int *)from, place, problem);
	case QF_OCTETS:
		return write_octets(field, from);
	case QF_OBJECT:
		return write_object(field->table, from, place, problem);
	default:
		if (*(json_t *const *)from)
			return json_incref(*(json_t *const *)from);
		qf_doc_fail(problem, place, "there is none");
		return NULL;
	}
}

static bool all_zero(const void *from, size_t size)
{
	const char *at = from;

	while (size && !*at)
		at++, size--;
	return !size;
}

static bool absent(const struct qf_field *field, const void *from)
{
	const char *has = field->has ? (const char *)from + field->has - 1 : NULL;

	if (!field->optional)
		return false;
	if (field->kind == QF_ARRAY)
		return !*(const size_t *)has;
	if (has)
		return !*(const bool *)has;
	return all_zero((const char *)from + field->offset, field->size);
}

static int write_members(json_t *object, const struct qf_table *table, const void *from,
			 const struct qf_place *above, struct qf_problem *problem)
{
	json_t *value;
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct qf_field *field = &table->fields[i];
		struct qf_place place = { .above = above, .member = field->name };
		const char *at = (const char *)from + field->offset;

		if (field->kind == QF_INLINE) {
			if (write_members(object, field->table, at, above, problem))
				return -1;
			continue;
		}
		if (absent(field, from))
			continue;
		if (field->kind == QF_ARRAY)
			value = write_array(field, at,
					    *(const size_t *)((const char *)from + field->has - 1),
					    &place, problem);
		else
			value = write_value(field, at, &place, problem);
		if (!value)
			return -1;
		json_object_set_new(object, field->name, value);
	}
	return 0;
}

static json_t *write_object(const struct qf_table *table, const void *from,
			    const struct qf_place *place, struct qf_problem *problem)
{
	json_t *object = json_object();

	if (!write_members(object, table, from, place, problem))
		return object;
	json_decref(object);
	return NULL;
}

json_t *qf_doc_write(const struct qf_table *table, const void *from, struct qf_problem *problem)
{
	return write_object(table, from, NULL, problem);
}
