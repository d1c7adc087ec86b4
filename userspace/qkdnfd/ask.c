// SPDX-License-Identifier: GPL-2.0-or-later
/* What ff asks of fq, and what comes back. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "objects.h"
#include "wire.h"

struct pending {
	struct pending *next;
	uint32_t id;
	qf_ask_done done;
	void *arg;
	struct qf_answer answer;
	struct qn_rec **tail;
};

struct qf_ask {
	struct qf_channel *channel;
	struct pending *first, **last;
	uint32_t id;
};

struct qf_ask *qf_ask_new(struct qf_channel *channel)
{
	struct qf_ask *ask = qn_alloc(sizeof(*ask));

	ask->channel = channel;
	ask->last = &ask->first;
	return ask;
}

static void drop_first(struct qf_ask *ask)
{
	struct pending *p = ask->first;
	unsigned int i;

	ask->first = p->next;
	if (!ask->first)
		ask->last = &ask->first;
	for (i = 0; i < p->answer.step_count; i++)
		free(p->answer.steps[i].text);
	free(p->answer.steps);
	qn_rec_list_free(p->answer.meters);
	free(p);
}

void qf_ask_free(struct qf_ask *ask)
{
	if (!ask)
		return;
	while (ask->first)
		drop_first(ask);
	free(ask);
}

/* Returns the id of the request. */
static uint32_t expect(struct qf_ask *ask, qf_ask_done done, void *arg)
{
	struct pending *p = qn_alloc(sizeof(*p));

	/* 0 is no request. */
	if (!++ask->id)
		ask->id = 1;
	p->id = ask->id;
	p->done = done;
	p->arg = arg;
	p->tail = &p->answer.meters;
	*ask->last = p;
	ask->last = &p->next;
	return p->id;
}

void qf_ask_status(struct qf_ask *ask, qf_ask_done done, void *arg)
{
	qf_channel_send(ask->channel, QF_STATUS, expect(ask, done, arg), NULL, NULL, 0);
}

void qf_ask_meters(struct qf_ask *ask, qf_ask_done done, void *arg)
{
	qf_channel_send(ask->channel, QF_METERS, expect(ask, done, arg), NULL, NULL, 0);
}

void qf_ask_check(struct qf_ask *ask, uint32_t flags, qf_ask_done done, void *arg)
{
	struct qf_state_check check = { .flags = flags };

	qf_channel_send(ask->channel, QF_STATE_CHECK, expect(ask, done, arg), &check, NULL, 0);
}

/* --- desired states ---------------------------------------------------------------- */

static unsigned int count_all(const struct qn_conf *conf)
{
	struct qn_model *want = (struct qn_model *)&conf->want;
	const struct qn_conf_source *source;
	const struct qn_rec *rec;
	unsigned int kind, n = 0;

	for (kind = 0; kind < QF_OBJECTS; kind++)
		for (rec = *qf_object_list(want, kind); rec; rec = rec->next)
			n++;
	for (source = conf->sources; source; source = source->next)
		n++;
	return n;
}

static int send_object(struct qf_ask *ask, uint32_t id, enum qf_object kind,
		       const struct qn_rec *rec)
{
	struct qf_state_object head = { .kind = kind, .line = rec->line };
	uint8_t tail[QF_MESSAGE_MAX - sizeof(struct qf_head) - sizeof(head)];
	int len = qf_wire_put(tail, sizeof(tail), rec, qf_object_allowed(kind));

	if (len < 0)
		return -1;
	qf_channel_send(ask->channel, QF_STATE_OBJECT, id, &head, tail, (size_t)len);
	return 0;
}

/* All that can fail is looked at before the first message goes. */
static int sendable(const struct qn_conf *conf, unsigned int count, struct qn_error *err)
{
	const size_t room =
		QF_MESSAGE_MAX - sizeof(struct qf_head) - sizeof(struct qf_state_source);
	const struct qn_conf_source *source;

	if (conf->want.emu)
		return qn_fail(err,
			       "%s:%u: emulated links are the machine's: make them with 'qkdnfctl emu', not by the daemon",
			       conf->name, conf->want.emu->line);
	if (conf->want.interfaces || conf->want.policies)
		return qn_fail(err,
			       "%s:%u: xfrm interfaces and policies are the machine's: make them with 'qkdnfctl ipsec', not by the daemon",
			       conf->name,
			       (conf->want.interfaces ? conf->want.interfaces : conf->want.policies)
				       ->line);
	if (count > QF_STATE_OBJECTS)
		return qn_fail(err, "%s: more than %d objects", conf->name, QF_STATE_OBJECTS);
	for (source = conf->sources; source; source = source->next)
		if (source->device && strlen(source->device) > room)
			return qn_fail(err, "%s:%u: the path is too long", conf->name,
				       source->line);
	return 0;
}

int qf_ask_state(struct qf_ask *ask, const struct qn_conf *conf, uint64_t number, uint32_t flags,
		 qf_ask_done done, void *arg, struct qn_error *err)
{
	struct qf_state_begin begin = { .number = number, .flags = flags };
	struct qn_model *want = (struct qn_model *)&conf->want;
	const struct qn_conf_source *source;
	const struct qn_rec *rec;
	unsigned int kind;
	uint32_t id;

	begin.count = count_all(conf);
	if (sendable(conf, begin.count, err))
		return -1;
	id = expect(ask, done, arg);
	qf_channel_send(ask->channel, QF_STATE_BEGIN, id, &begin, NULL, 0);
	for (kind = 0; kind < QF_OBJECTS; kind++)
		for (rec = *qf_object_list(want, kind); rec; rec = rec->next)
			if (send_object(ask, id, kind, rec))
				abort(); /* values of a file are far shorter than a message */
	for (source = conf->sources; source; source = source->next) {
		struct qf_state_source head = { .peer = source->peer, .line = source->line };

		qf_channel_send(ask->channel, QF_STATE_SOURCE, id, &head, source->device,
				source->device ? strlen(source->device) : 0);
	}
	qf_channel_send(ask->channel, QF_STATE_END, id, NULL, NULL, 0);
	return 0;
}

/* --- answers ------------------------------------------------------------------------ */

static void add_step(struct qf_answer *a, const struct qf_message *m)
{
	struct qf_told *step;

	a->steps = qn_realloc(a->steps, (a->step_count + 1) * sizeof(*a->steps));
	step = &a->steps[a->step_count++];
	step->head = m->fixed.step;
	step->text = qn_alloc(m->tail_len + 1);
	memcpy(step->text, m->tail, m->tail_len);
}

int qf_ask_message(struct qf_ask *ask, const struct qf_message *m, struct qn_error *err)
{
	struct pending *p = ask->first;
	struct qn_rec *rec;

	if (m->head.type != QF_STEP && m->head.type != QF_METER && m->head.type != QF_DONE)
		return 1;
	/* fq does one after the other, so the oldest is the one that is answered. */
	if (!p || p->id != m->head.id)
		return qn_fail(err, "an answer to request %u, which was not asked", m->head.id);
	switch (m->head.type) {
	case QF_STEP:
		if (p->answer.step_count == QF_STEPS_TOLD)
			return qn_fail(err, "more than %d steps are told", QF_STEPS_TOLD);
		add_step(&p->answer, m);
		break;
	case QF_METER:
		rec = qf_wire_get(m->tail, m->tail_len, &qn_set_contract, UINT64_MAX, err);
		if (!rec)
			return -1;
		*p->tail = rec;
		p->tail = &rec->next;
		break;
	case QF_DONE:
		p->answer.done = m->fixed.done;
		memcpy(p->answer.error, m->tail, m->tail_len);
		p->done(p->arg, &p->answer);
		drop_first(ask);
		break;
	}
	return 0;
}
