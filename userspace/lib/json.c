// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records as JSON and back.
 *
 * Members are named as the attributes, with _ for -, which jq takes without
 * quotes. Node ids, incarnations, addresses and labels are strings: node ids as
 * people write them, and the others since readers of JSON lose what is above
 * 2^53. Amounts are plain numbers in the unit of the specification.
 */
#define _GNU_SOURCE
#include <string.h>

#include "output.h"
#include "text.h"

static void member_name(char *buf, size_t size, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < size && name[i]; i++)
		buf[i] = name[i] == '-' ? '_' : name[i];
	buf[i] = 0;
}

static bool as_text(const struct qn_attr *def)
{
	return def->values || def->type == QN_STRING || def->type == QN_BINARY ||
	       def->format == QN_FMT_NODE || def->format == QN_FMT_HEX;
}

static json_t *value_to_json(const struct qn_rec *rec, unsigned int attr)
{
	const struct qn_attr *def = &rec->set->attrs[attr];
	const union qn_val *v = &rec->v[attr];
	char buf[512];
	json_t *text;

	if (as_text(def)) {
		text = json_string(qn_format_value(buf, sizeof(buf), rec, attr, true));
		/* A name that is not UTF-8 must not make the whole line vanish. */
		return text ? text : json_string("?");
	}
	if (def->type == QN_NEST)
		return def->multi ? qn_rec_list_to_json(v->nest) : qn_rec_to_json(v->nest);
	if (def->type == QN_FLAG)
		return json_true();
	if (def->format == QN_FMT_BOOL)
		return json_boolean(v->u != 0);
	return json_integer((json_int_t)v->u);
}

json_t *qn_rec_to_json(const struct qn_rec *rec)
{
	json_t *object = json_object();
	char name[64];
	unsigned int i;

	if (!rec)
		return object;
	for (i = 1; i <= rec->set->max; i++) {
		if (!qn_has(rec, i))
			continue;
		member_name(name, sizeof(name), rec->set->attrs[i].name);
		json_object_set_new(object, name, value_to_json(rec, i));
	}
	return object;
}

json_t *qn_rec_list_to_json(const struct qn_rec *list)
{
	json_t *array = json_array();

	for (; list; list = list->next)
		json_array_append_new(array, qn_rec_to_json(list));
	return array;
}

static int value_from_json(struct qn_rec *rec, unsigned int attr, const json_t *value,
			   struct qn_error *err)
{
	const struct qn_attr *def = &rec->set->attrs[attr];
	struct qn_rec *nest;
	char text[512];
	bool wide;
	uint64_t u;
	size_t i;

	if (def->type == QN_NEST) {
		size_t count = json_is_array(value) ? json_array_size(value) : 1;

		for (i = 0; i < count; i++) {
			nest = qn_rec_from_json(def->nest,
						json_is_array(value) ? json_array_get(value, i) :
								       value,
						err);
			if (!nest)
				return -1;
			qn_set_nest(rec, attr, nest);
		}
		return 0;
	}
	if (json_is_boolean(value)) {
		if (def->type != QN_FLAG || json_is_true(value))
			qn_set(rec, attr, json_is_true(value));
		return 0;
	}
	if (json_is_integer(value) && def->type != QN_STRING && def->type != QN_BINARY) {
		qn_set(rec, attr, (uint64_t)json_integer_value(value));
		return 0;
	}
	if (!json_is_string(value))
		return qn_fail(err, "%s has a value of the wrong kind", def->name);
	snprintf(text, sizeof(text), "%s", json_string_value(value));
	if (def->format == QN_FMT_NODE) {
		if (qn_parse_scope(text, &u, &wide, err))
			return -1;
		qn_set(rec, attr, u);
		return 0;
	}
	if (qn_parse_value(text, rec, attr, err))
		return qn_fail_prefix(err, "%s", def->name);
	return 0;
}

struct qn_rec *qn_rec_from_json(const struct qn_set *set, const json_t *object,
				struct qn_error *err)
{
	struct qn_rec *rec;
	const char *name;
	json_t *value;

	if (!json_is_object(object)) {
		qn_fail(err, "%s: an object is wanted", set->name);
		return NULL;
	}
	rec = qn_rec_new(set);
	json_object_foreach((json_t *)object, name, value) {
		unsigned int attr = qn_set_find(set, name);

		if (attr && value_from_json(rec, attr, value, err)) {
			qn_rec_free(rec);
			return NULL;
		}
	}
	return rec;
}
