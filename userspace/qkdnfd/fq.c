// SPDX-License-Identifier: GPL-2.0-or-later
/* What fq does for ff: the node's kernel, and nothing else. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/qkdnf.h>

#include "fq.h"
#include "objects.h"
#include "plan.h"
#include "wire.h"

/**
 * struct incoming - a desired state that comes
 * @conf: what came so far
 * @begin: how it began
 * @id: of the request; 0: none comes
 * @count: objects so far
 * @tails: where the next object of a kind goes
 * @sources: where the next source goes
 * @refused: @err says why it will be refused once it is whole
 * @err: see @refused
 */
struct incoming {
	struct qn_conf conf;
	struct qf_state_begin begin;
	uint32_t id;
	uint32_t count;
	struct qn_rec **tails[QF_OBJECTS];
	struct qn_conf_source **sources;
	bool refused;
	struct qn_error err;
};

/**
 * struct qf_fq - the node
 * @settings: devices that may be opened
 * @alive: see qf_fq_new()
 * @arg: for @alive
 * @kept: the desired state that is kept to
 * @number: of @kept; 0: none
 * @in: the one that comes
 * @channel: of the request at work
 * @id: of the request at work
 * @steps: of it, told or not
 */
struct qf_fq {
	const struct qf_settings *settings;
	void (*alive)(void *arg);
	void *arg;
	struct qn_conf kept;
	uint64_t number;
	struct incoming in;
	struct qf_channel *channel;
	uint32_t id;
	uint32_t steps;
};

/* --- answers ------------------------------------------------------------------ */

/* Text as it may go: short, and without control characters. Returns its length. */
static size_t plain(char *buffer, const char *text)
{
	size_t i, len = strnlen(text, QF_TEXT_MAX);

	for (i = 0; i < len; i++)
		buffer[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	return len;
}

static void answer(struct qf_fq *fq, struct qf_done *done, const struct qn_error *err)
{
	char text[QF_TEXT_MAX];
	size_t len = err ? plain(text, err->text) : 0;

	done->ok = !err;
	done->number = fq->number;
	qf_channel_send(fq->channel, QF_DONE, fq->id, done, text, len);
}

static void tell_step(struct qf_fq *fq, const struct qn_step *step)
{
	struct qf_step head = { .sign = (uint8_t)step->sign, .breaks = step->breaks };
	char text[QF_TEXT_MAX];

	if (fq->steps++ < QF_STEPS_TOLD)
		qf_channel_send(fq->channel, QF_STEP, fq->id, &head, text, plain(text, step->text));
}

static void step_done(void *arg, const struct qn_step *step)
{
	struct qf_fq *fq = arg;

	tell_step(fq, step);
	if (fq->alive)
		fq->alive(fq->arg);
}

/* --- what runs ------------------------------------------------------------------ */

/*
 * Connections live as long as a request: the module may be loaded, and taken out, while
 * the daemon runs.
 */
static void status(struct qf_fq *fq)
{
	struct qf_done done = { 0 };
	struct qn_rec *node = NULL;
	struct qn_error err;
	struct qn_nl *km = qn_nl_open(&qn_family_qkdnf, &err);
	bool ok = true;

	if (!km) {
		ok = err.code == ENOENT;
	} else {
		done.module = 1;
		if (!qn_nl_do(km, QKDNF_CMD_NODE_GET, 0, NULL, &node, &err))
			done.node = qn_get(node, QKDNF_A_NODE_ID, 0);
		else
			ok = err.code == ENODEV;
	}
	answer(fq, &done, ok ? NULL : &err);
	qn_rec_free(node);
	qn_nl_close(km);
}

static int tell_meter(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	uint8_t tail[QF_MESSAGE_MAX - sizeof(struct qf_head)];
	struct qf_fq *fq = arg;
	int len = qf_wire_put(tail, sizeof(tail), rec, UINT64_MAX);

	if (len < 0)
		return qn_fail(err, "a contract is too long for a message");
	qf_channel_send(fq->channel, QF_METER, fq->id, NULL, tail, (size_t)len);
	fq->steps++;
	return 0;
}

static void meters(struct qf_fq *fq)
{
	struct qf_done done = { 0 };
	struct qn_rec *list = NULL, *rec;
	struct qn_error err;
	struct qn_nl *km = qn_nl_open(&qn_family_qkdnf, &err);
	int ret = -1;

	/* As a list first: it is asked anew if contracts change meanwhile. */
	if (km) {
		done.module = 1;
		ret = qn_nl_list(km, QKDNF_CMD_CONTRACT_GET, NULL, &list, &err);
		for (rec = list; rec && !ret; rec = rec->next)
			ret = tell_meter(fq, rec, &err);
	}
	done.steps = fq->steps;
	done.done = fq->steps;
	answer(fq, &done, ret ? &err : NULL);
	qn_rec_list_free(list);
	qn_nl_close(km);
}

/* --- what is desired -------------------------------------------------------------- */

static bool device_allowed(const struct qf_settings *s, const char *path)
{
	unsigned int i;

	if (strstr(path, "/../") || strstr(path, "/./"))
		return false;
	for (i = 0; i < s->device_count; i++) {
		size_t len = strlen(s->devices[i]);

		if (!strncmp(path, s->devices[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static int check_devices(const struct qf_fq *fq, const struct qn_conf *conf, struct qn_error *err)
{
	const struct qn_conf_source *source;

	for (source = conf->sources; source; source = source->next) {
		if (!source->device || device_allowed(fq->settings, source->device))
			continue;
		qn_fail(err, "%s is not below node.devices of %s", source->device,
			fq->settings->file);
		return qn_fail_prefix(err, "%s:%u", conf->name, source->line);
	}
	return 0;
}

/* Devices that are to be opened should be there before the first change. */
static int check_access(const struct qn_plan *plan, struct qn_error *err)
{
	const struct qn_step *step;

	for (step = plan->steps; step; step = step->next)
		if (step->device && access(step->device, R_OK))
			return qn_fail_errno(err, errno, "the daemon cannot read %s", step->device);
	return 0;
}

/**
 * bring() - make what runs equal to a state, or say what that takes
 * @fq: the node
 * @conf: the state
 * @flags: QF_STATE_REMAKE, QF_STATE_DRY
 * @number: becomes the one that is kept to once the first change begins; 0: stays
 * @done: its counts are filled in
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err; 1: with @err, after the number was taken.
 */
static int bring(struct qf_fq *fq, const struct qn_conf *conf, uint32_t flags, uint64_t number,
		 struct qf_done *done, struct qn_error *err)
{
	struct qn_nl *km = qn_nl_open(&qn_family_qkdnf, err);
	struct qn_model have = { 0 };
	struct qn_plan plan = { 0 };
	const struct qn_step *step;
	int ret = -1;

	if (!km)
		return -1;
	done->module = 1;
	if (qn_model_load(&have, km, NULL, true, err) ||
	    qn_plan_make(&plan, conf, &have, flags & QF_STATE_REMAKE ? QN_PLAN_REMAKE : 0, err) ||
	    check_access(&plan, err))
		goto out;
	done->steps = plan.count;
	ret = 0;
	if (flags & QF_STATE_DRY) {
		for (step = plan.steps; step; step = step->next)
			tell_step(fq, step);
	} else {
		if (number)
			fq->number = number;
		if (qn_plan_run(&plan, km, NULL, step_done, fq, err))
			ret = 1;
		done->done = fq->steps;
	}
out:
	done->node = qn_get(conf->want.node, QKDNF_A_NODE_ID, 0);
	qn_plan_free(&plan);
	qn_model_free(&have);
	qn_nl_close(km);
	return ret;
}

static void forget_incoming(struct incoming *in)
{
	qn_conf_free(&in->conf);
	memset(in, 0, sizeof(*in));
}

static int state_begin(struct qf_fq *fq, const struct qf_message *m, struct qn_error *err)
{
	struct incoming *in = &fq->in;
	unsigned int i;

	if (in->id || !m->head.id)
		return qn_fail(err, "a state begins within another one, or without an id");
	in->id = m->head.id;
	in->begin = m->fixed.begin;
	in->conf.name = qn_asprintf("state %" PRIu64, in->begin.number);
	for (i = 0; i < QF_OBJECTS; i++)
		in->tails[i] = qf_object_list(&in->conf.want, i);
	in->sources = &in->conf.sources;
	return 0;
}

/* Is one more object in its place? */
static int one_more(struct incoming *in, const struct qf_message *m, struct qn_error *err)
{
	if (!in->id || m->head.id != in->id)
		return qn_fail(err, "an object belongs to no state");
	if (in->count++ == in->begin.count)
		return qn_fail(err, "more objects come than the %u announced", in->begin.count);
	return 0;
}

static int state_object(struct qf_fq *fq, const struct qf_message *m, struct qn_error *err)
{
	enum qf_object kind = m->fixed.object.kind;
	struct incoming *in = &fq->in;
	struct qn_rec *rec;

	if (one_more(in, m, err))
		return -1;
	if (in->refused)
		return 0;
	rec = qf_wire_get(m->tail, m->tail_len, qf_object_set(kind), qf_object_allowed(kind),
			  &in->err);
	if (!rec) {
		in->refused = true;
		qn_fail_prefix(&in->err, "%s:%u", in->conf.name, m->fixed.object.line);
		return 0;
	}
	rec->line = m->fixed.object.line;
	if (kind == QF_OBJECT_NODE && in->conf.want.node) {
		qn_rec_free(rec);
		in->refused = true;
		qn_fail(&in->err, "%s:%u: a second node", in->conf.name, m->fixed.object.line);
		return 0;
	}
	*in->tails[kind] = rec;
	in->tails[kind] = &rec->next;
	return 0;
}

static int state_source(struct qf_fq *fq, const struct qf_message *m, struct qn_error *err)
{
	struct incoming *in = &fq->in;
	struct qn_conf_source *source;

	if (one_more(in, m, err))
		return -1;
	if (in->refused)
		return 0;
	source = qn_alloc(sizeof(*source));
	source->peer = m->fixed.source.peer;
	source->line = m->fixed.source.line;
	if (m->tail_len) {
		source->device = qn_alloc(m->tail_len + 1);
		memcpy(source->device, m->tail, m->tail_len);
	}
	*in->sources = source;
	in->sources = &source->next;
	return 0;
}

static void apply(struct qf_fq *fq, struct qf_done *done)
{
	struct incoming *in = &fq->in;
	bool dry = in->begin.flags & QF_STATE_DRY;
	struct qn_error err;
	int ret;

	if (in->refused) {
		answer(fq, done, &in->err);
		return;
	}
	if (!dry && in->begin.number <= fq->number) {
		qn_fail(&err, "state %" PRIu64 " is kept to: a newer one has a higher number",
			fq->number);
		answer(fq, done, &err);
		return;
	}
	if (qn_conf_check(&in->conf, &err) || check_devices(fq, &in->conf, &err)) {
		answer(fq, done, &err);
		return;
	}
	ret = bring(fq, &in->conf, in->begin.flags, in->begin.number, done, &err);
	if (!dry && ret >= 0) {
		qn_conf_free(&fq->kept);
		fq->kept = in->conf;
		memset(&in->conf, 0, sizeof(in->conf));
	}
	answer(fq, done, ret ? &err : NULL);
}

static int state_end(struct qf_fq *fq, const struct qf_message *m, struct qn_error *err)
{
	struct incoming *in = &fq->in;
	struct qf_done done = { 0 };

	if (!in->id || m->head.id != in->id)
		return qn_fail(err, "a state ends that never began");
	if (in->count != in->begin.count)
		return qn_fail(err, "a state ends after %u of %u objects", in->count,
			       in->begin.count);
	apply(fq, &done);
	forget_incoming(in);
	return 0;
}

static void state_check(struct qf_fq *fq, const struct qf_message *m)
{
	uint32_t flags = m->fixed.check.flags;
	struct qf_done done = { 0 };
	struct qn_error err;
	int ret;

	if (!fq->number) {
		qn_fail(&err, "no state is desired yet");
		answer(fq, &done, &err);
		return;
	}
	ret = bring(fq, &fq->kept,
		    (flags & QF_STATE_REMAKE) | (flags & QF_STATE_MEND ? 0 : QF_STATE_DRY), 0,
		    &done, &err);
	answer(fq, &done, ret ? &err : NULL);
}

/* --- the table -------------------------------------------------------------------- */

int qf_fq_request(struct qf_fq *fq, struct qf_channel *channel, const struct qf_message *m,
		  struct qn_error *err)
{
	fq->channel = channel;
	fq->id = m->head.id;
	fq->steps = 0;
	switch (m->head.type) {
	case QF_STATUS:
		status(fq);
		return 0;
	case QF_METERS:
		meters(fq);
		return 0;
	case QF_STATE_BEGIN:
		return state_begin(fq, m, err);
	case QF_STATE_OBJECT:
		return state_object(fq, m, err);
	case QF_STATE_SOURCE:
		return state_source(fq, m, err);
	case QF_STATE_END:
		return state_end(fq, m, err);
	case QF_STATE_CHECK:
		state_check(fq, m);
		return 0;
	}
	return 1;
}

struct qf_fq *qf_fq_new(const struct qf_settings *settings, void (*alive)(void *arg), void *arg)
{
	struct qf_fq *fq = qn_alloc(sizeof(*fq));

	fq->settings = settings;
	fq->alive = alive;
	fq->arg = arg;
	return fq;
}

void qf_fq_free(struct qf_fq *fq)
{
	if (!fq)
		return;
	forget_incoming(&fq->in);
	qn_conf_free(&fq->kept);
	free(fq);
}
