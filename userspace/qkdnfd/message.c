// SPDX-License-Identifier: GPL-2.0-or-later
/* What the two processes say to each other: the door. */
#include <string.h>

#include "message.h"

#define TO_FQ 1
#define TO_FF 2

enum tail { TAIL_NONE, TAIL_TEXT, TAIL_PATH, TAIL_RECORD };

static const struct type {
	const char *name;
	uint8_t to;
	uint8_t tail;
	uint8_t fixed;
	bool fd;
} types[QF_TYPES] = {
	[QF_HELLO] = { "hello", TO_FQ | TO_FF, .fixed = sizeof(struct qf_hello) },
	[QF_SETTINGS] = { "settings", TO_FF, TAIL_PATH, .fd = true },
	[QF_SETTINGS_DONE] = { "settings-done", TO_FQ, TAIL_TEXT, sizeof(struct qf_result) },
	[QF_READY] = { "ready", TO_FQ, TAIL_TEXT },
	[QF_PING] = { "ping", TO_FF },
	[QF_PONG] = { "pong", TO_FQ },
	[QF_STOP] = { "stop", TO_FF },
	[QF_RELOAD] = { "reload", TO_FQ },
	[QF_STATUS] = { "status", TO_FQ },
	[QF_STATE_BEGIN] = { "state-begin", TO_FQ, .fixed = sizeof(struct qf_state_begin) },
	[QF_STATE_OBJECT] = { "state-object", TO_FQ, TAIL_RECORD, sizeof(struct qf_state_object) },
	[QF_STATE_SOURCE] = { "state-source", TO_FQ, TAIL_PATH, sizeof(struct qf_state_source) },
	[QF_STATE_END] = { "state-end", TO_FQ },
	[QF_STATE_CHECK] = { "state-check", TO_FQ, .fixed = sizeof(struct qf_state_check) },
	[QF_METERS] = { "meters", TO_FQ },
	[QF_STEP] = { "step", TO_FF, TAIL_TEXT, sizeof(struct qf_step) },
	[QF_METER] = { "meter", TO_FF, TAIL_RECORD },
	[QF_DONE] = { "done", TO_FF, TAIL_TEXT, sizeof(struct qf_done) },
};

const char *qf_message_name(unsigned int type)
{
	return type < QF_TYPES && types[type].name ? types[type].name : "unknown";
}

size_t qf_message_fixed(unsigned int type)
{
	return type < QF_TYPES ? types[type].fixed : 0;
}

static bool printable(const uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static int check_tail(const struct qf_message *m, enum tail kind, struct qn_error *err)
{
	switch (kind) {
	case TAIL_NONE:
		if (m->tail_len)
			return qn_fail(err, "it is %zu octets too long", m->tail_len);
		break;
	case TAIL_TEXT:
		if (m->tail_len > QF_TEXT_MAX)
			return qn_fail(err, "its text is longer than %d octets", QF_TEXT_MAX);
		if (!printable(m->tail, m->tail_len))
			return qn_fail(err, "its text holds control characters");
		break;
	case TAIL_PATH:
		if (!m->tail_len)
			break;
		if (m->tail[0] != '/' || !printable(m->tail, m->tail_len))
			return qn_fail(err, "its path is no path");
		break;
	case TAIL_RECORD:
		if (!m->tail_len)
			return qn_fail(err, "it holds no record");
		break;
	}
	return 0;
}

static int boolean(uint32_t value, struct qn_error *err)
{
	return value > 1 ? qn_fail(err, "a yes or no in it is %u", value) : 0;
}

static int known_flags(uint32_t flags, uint32_t known, struct qn_error *err)
{
	return flags & ~known ? qn_fail(err, "it has unknown flags 0x%x", flags & ~known) : 0;
}

static int zero(uint32_t value, struct qn_error *err)
{
	return value ? qn_fail(err, "what must be zero in it is %u", value) : 0;
}

static int check_fixed(const struct qf_message *m, struct qn_error *err)
{
	switch (m->head.type) {
	case QF_HELLO:
		return boolean(m->fixed.hello.role, err);
	case QF_SETTINGS_DONE:
		return boolean(m->fixed.result.ok, err);
	case QF_STATE_BEGIN:
		if (!m->fixed.begin.number)
			return qn_fail(err, "a state has a number from 1");
		if (!m->fixed.begin.count || m->fixed.begin.count > QF_STATE_OBJECTS)
			return qn_fail(err, "it announces %u objects, 1 to %d may be",
				       m->fixed.begin.count, QF_STATE_OBJECTS);
		return known_flags(m->fixed.begin.flags, QF_STATE_REMAKE | QF_STATE_DRY, err);
	case QF_STATE_OBJECT:
		return m->fixed.object.kind >= QF_OBJECTS ?
			       qn_fail(err, "there is no kind of object %u", m->fixed.object.kind) :
			       0;
	case QF_STATE_SOURCE:
		return zero(m->fixed.source.zero, err);
	case QF_STATE_CHECK:
		return known_flags(m->fixed.check.flags, QF_STATE_REMAKE | QF_STATE_MEND, err) ||
				       zero(m->fixed.check.zero, err) ?
			       -1 :
			       0;
	case QF_STEP:
		if (m->fixed.step.sign != '+' && m->fixed.step.sign != '~' &&
		    m->fixed.step.sign != '-')
			return qn_fail(err, "a step has no sign %u", m->fixed.step.sign);
		return boolean(m->fixed.step.breaks, err);
	case QF_DONE:
		return boolean(m->fixed.done.ok, err) || boolean(m->fixed.done.module, err) ? -1 :
											      0;
	}
	return 0;
}

int qf_message_check(struct qf_message *m, size_t len, bool to_fq, struct qn_error *err)
{
	const struct type *type;
	bool brings;

	if (len < sizeof(m->head) || len > sizeof(m->buffer))
		return qn_fail(err, "a message of %zu octets", len);
	memcpy(&m->head, m->buffer, sizeof(m->head));
	if (m->head.type >= QF_TYPES || !types[m->head.type].name)
		return qn_fail(err, "a message of unknown type %u", m->head.type);
	type = &types[m->head.type];
	if (!(type->to & (to_fq ? TO_FQ : TO_FF))) {
		qn_fail(err, "it goes the other way");
		goto bad;
	}
	if (m->head.length != len) {
		qn_fail(err, "it says %u octets and has %zu", m->head.length, len);
		goto bad;
	}
	if (zero(m->head.zero, err))
		goto bad;
	brings = m->fd >= 0;
	if (type->fd != brings) {
		qn_fail(err, type->fd ? "its descriptor is missing" : "it brings a descriptor");
		goto bad;
	}
	if (len < sizeof(m->head) + type->fixed) {
		qn_fail(err, "it is cut short");
		goto bad;
	}
	memset(&m->fixed, 0, sizeof(m->fixed));
	memcpy(&m->fixed, m->buffer + sizeof(m->head), type->fixed);
	m->tail = m->buffer + sizeof(m->head) + type->fixed;
	m->tail_len = len - sizeof(m->head) - type->fixed;
	if (check_fixed(m, err) || check_tail(m, type->tail, err))
		goto bad;
	return 0;
bad:
	return qn_fail_prefix(err, "message %s", type->name);
}
