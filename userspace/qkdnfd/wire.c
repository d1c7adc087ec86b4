// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of objects between the two processes. */
#include <inttypes.h>
#include <string.h>

#include "wire.h"

struct head {
	uint16_t number;
	uint16_t len;
};

/* Octets of an integer; 0: the type is none. */
static size_t width(enum qn_type type)
{
	switch (type) {
	case QN_U8:
		return 1;
	case QN_U16:
		return 2;
	case QN_U32:
	case QN_S32:
		return 4;
	case QN_U64:
		return 8;
	default:
		return 0;
	}
}

static bool travels(const struct qn_attr *attr)
{
	return attr->name && attr->type != QN_PAD && attr->type != QN_NEST;
}

int qf_wire_put(uint8_t *buffer, size_t size, const struct qn_rec *rec, uint64_t allowed)
{
	size_t used = 0;
	unsigned int i;

	for (i = 1; i <= rec->set->max; i++) {
		const struct qn_attr *attr = &rec->set->attrs[i];
		struct head head = { .number = (uint16_t)i };
		const void *data;
		uint64_t value;

		if (!qn_has(rec, i) || !(allowed & QN_BIT(i)) || !travels(attr))
			continue;
		if (attr->type == QN_STRING || attr->type == QN_BINARY) {
			if (rec->v[i].b.len > UINT16_MAX)
				return -1;
			head.len = (uint16_t)rec->v[i].b.len;
			data = rec->v[i].b.data;
		} else {
			/* All integers as eight octets: width is the reader's to check. */
			value = rec->v[i].u;
			head.len = attr->type == QN_FLAG ? 0 : sizeof(value);
			data = &value;
		}
		if (size - used < sizeof(head) + head.len)
			return -1;
		memcpy(buffer + used, &head, sizeof(head));
		if (head.len)
			memcpy(buffer + used + sizeof(head), data, head.len);
		used += sizeof(head) + head.len;
	}
	return (int)used;
}

static int get_integer(struct qn_rec *rec, unsigned int number, const uint8_t *data, size_t len,
		       struct qn_error *err)
{
	const struct qn_attr *attr = &rec->set->attrs[number];
	size_t octets = width(attr->type);
	uint64_t value, low, high;

	if (len != sizeof(value))
		return qn_fail(err, "%s has %zu octets", attr->name, len);
	memcpy(&value, data, sizeof(value));
	if (attr->type == QN_S32) {
		if ((int64_t)value != (int32_t)value)
			return qn_fail(err, "%s is out of range", attr->name);
		qn_set(rec, number, value);
		return 0;
	}
	low = attr->min;
	high = octets < 8 ? (1ULL << 8 * octets) - 1 : UINT64_MAX;
	if (attr->max && attr->max < high)
		high = attr->max;
	if (attr->values && !attr->values->flags && attr->values->count - 1 < high)
		high = attr->values->count - 1;
	if (value < low || value > high)
		return qn_fail(err, "%s is %" PRIu64 ", %" PRIu64 " to %" PRIu64 " may be",
			       attr->name, value, low, high);
	qn_set(rec, number, value);
	return 0;
}

static int get_one(struct qn_rec *rec, unsigned int number, const uint8_t *data, size_t len,
		   struct qn_error *err)
{
	const struct qn_attr *attr = &rec->set->attrs[number];

	switch (attr->type) {
	case QN_FLAG:
		if (len)
			return qn_fail(err, "%s has %zu octets", attr->name, len);
		qn_set(rec, number, 1);
		return 0;
	case QN_STRING:
		if (attr->max && len > attr->max)
			return qn_fail(err, "%s is longer than %" PRIu64 " octets", attr->name,
				       attr->max);
		if (len && memchr(data, 0, len))
			return qn_fail(err, "%s holds a NUL", attr->name);
		qn_set_bin(rec, number, data, len);
		return 0;
	case QN_BINARY:
		if (len < attr->min || (attr->max && len > attr->max) ||
		    (attr->format == QN_FMT_ADDR && len != 4 && len != 16))
			return qn_fail(err, "%s has %zu octets", attr->name, len);
		qn_set_bin(rec, number, data, len);
		return 0;
	default:
		return get_integer(rec, number, data, len, err);
	}
}

struct qn_rec *qf_wire_get(const uint8_t *data, size_t len, const struct qn_set *set,
			   uint64_t allowed, struct qn_error *err)
{
	struct qn_rec *rec = qn_rec_new(set);
	unsigned int last = 0;

	while (len) {
		struct head head;

		if (len < sizeof(head)) {
			qn_fail(err, "a %s is cut short", set->name);
			goto bad;
		}
		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		len -= sizeof(head);
		if (head.len > len) {
			qn_fail(err, "a %s is cut short", set->name);
			goto bad;
		}
		if (head.number <= last || head.number > set->max) {
			qn_fail(err, "a %s has attribute %u after %u", set->name, head.number,
				last);
			goto bad;
		}
		if (!(allowed & QN_BIT(head.number)) || !travels(&set->attrs[head.number])) {
			qn_fail(err, "a %s may not hold attribute %u", set->name, head.number);
			goto bad;
		}
		if (get_one(rec, head.number, data, head.len, err))
			goto bad;
		last = head.number;
		data += head.len;
		len -= head.len;
	}
	return rec;
bad:
	qn_rec_free(rec);
	return NULL;
}
