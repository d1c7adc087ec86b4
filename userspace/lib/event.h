/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as a person reads them. */
#ifndef QN_EVENT_H
#define QN_EVENT_H

#include "record.h"

/* How much an event matters. */
enum qn_severity {
	QN_EVENT_INFO,
	QN_EVENT_GOOD,
	QN_EVENT_WARNING,
	QN_EVENT_ERROR,
};

enum qn_severity qn_event_severity(const struct qn_rec *event);

/**
 * qn_event_text() - an event of family qkdnf on one line, time apart
 * @event: record of set qn_set_event
 * @buf: where to put it
 * @size: octets of @buf
 *
 * Return: @buf.
 */
char *qn_event_text(const struct qn_rec *event, char *buf, size_t size);

/* The same for an event of family qkdemu; the command is in @event->mark. */
char *qn_emu_event_text(const struct qn_rec *event, char *buf, size_t size);

#endif
