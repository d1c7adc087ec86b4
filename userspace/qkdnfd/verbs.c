// SPDX-License-Identifier: GPL-2.0-or-later
/* What may be asked on the control socket. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ff.h"
#include "log.h"
#include "output.h"
#include "text.h"

/* --- pieces of answers --------------------------------------------------------------- */

/* 64-bit numbers are strings: not every reader of JSON has so many bits. */
static json_t *number(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *moment(int64_t seconds)
{
	char text[32];
	time_t t = seconds;
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm))
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *steps(const struct qf_answer *a)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < a->step_count; i++) {
		char sign[2] = { (char)a->steps[i].head.sign, 0 };
		/* A name may hold octets that are no UTF-8. */
		json_t *text = json_string(a->steps[i].text);

		json_array_append_new(list, json_pack("{s:s, s:o, s:b}", "sign", sign, "text",
						      text ? text : json_string("?"), "erases_key",
						      (int)a->steps[i].head.breaks));
	}
	return list;
}

static json_t *state_answer(const struct qf_answer *a, uint64_t state)
{
	return json_pack("{s:o, s:o, s:I, s:I}", "number", number(state), "steps", steps(a),
			 "step_count", (json_int_t)a->done.steps, "done_count",
			 (json_int_t)a->done.done);
}

/* --- status ---------------------------------------------------------------------------- */

/* One request at work, for those that wait for fq. */
struct job {
	struct qf_ff *ff;
	struct qf_control_request *request;
	struct qf_desired desired;
	bool dry;
};

static struct job *new_job(struct qf_ff *ff, struct qf_control_request *request)
{
	struct job *job = qn_alloc(sizeof(*job));

	job->ff = ff;
	job->request = request;
	return job;
}

static void end_job(struct job *job)
{
	qf_desired_free(&job->desired);
	free(job);
}

static void status_done(void *arg, const struct qf_answer *a)
{
	struct job *job = arg;
	struct qf_ff *ff = job->ff;
	const struct qf_settings *s = ff->settings;
	json_t *answer, *state;
	char node[32];

	state = json_pack("{s:o, s:b, s:o, s:I, s:I, s:s, s:I, s:o}", "number",
			  ff->desired.number ? number(ff->desired.number) : json_null(), "taken",
			  (int)ff->taken, "checked", moment(ff->checked), "wanting",
			  (json_int_t)ff->wanting, "mended", (json_int_t)ff->mended, "drift",
			  s->drift == QF_DRIFT_MEND ? "mend" : "report", "drift_check_s",
			  (json_int_t)(s->drift_check / 1000000), "error",
			  *ff->trouble ? json_string(ff->trouble) : json_null());
	answer = json_pack("{s:{s:s, s:o}, s:o, s:I, s:b, s:o, s:o, s:o}", "provider", "name",
			   s->name, "number", number(s->number), "started", moment(ff->started),
			   "pid", (json_int_t)getppid(), "module", (int)a->done.module, "node",
			   a->done.node ?
				   json_string(qn_format_node(node, sizeof(node), a->done.node)) :
				   json_null(),
			   "node_error", a->done.ok ? json_null() : json_string(a->error), "state",
			   state);
	if (answer)
		qf_control_reply(job->request, answer);
	else
		qf_control_refuse(job->request, 500, "the answer cannot be made");
	end_job(job);
}

static void status(void *arg, struct qf_control_request *request, const json_t *body)
{
	struct qf_ff *ff = arg;

	(void)body;
	qf_ask_status(ff->ask, status_done, new_job(ff, request));
}

/* --- meters ------------------------------------------------------------------------------ */

static void meters_done(void *arg, const struct qf_answer *a)
{
	struct job *job = arg;

	if (a->done.ok)
		qf_control_reply(job->request,
				 json_pack("{s:o}", "contracts", qn_rec_list_to_json(a->meters)));
	else
		qf_control_refuse(job->request, 422, a->error);
	end_job(job);
}

static void meters(void *arg, struct qf_control_request *request, const json_t *body)
{
	struct qf_ff *ff = arg;

	(void)body;
	qf_ask_meters(ff->ask, meters_done, new_job(ff, request));
}

/* --- the desired state --------------------------------------------------------------------- */

static void state_show(void *arg, struct qf_control_request *request, const json_t *body)
{
	const struct qf_ff *ff = arg;

	(void)body;
	if (!ff->desired.number)
		qf_control_refuse(request, 404, "no state is desired yet");
	else
		qf_control_reply(request,
				 json_pack("{s:o, s:o}", "number", number(ff->desired.number),
					   "text",
					   json_stringn(ff->desired.text, ff->desired.len)));
}

static void check_done(void *arg, const struct qf_answer *a)
{
	struct job *job = arg;
	struct qf_ff *ff = job->ff;

	qf_ff_note(ff, a, false);
	if (a->done.ok)
		qf_control_reply(job->request, state_answer(a, ff->desired.number));
	else
		qf_control_refuse(job->request, 422, a->error);
	end_job(job);
}

static void state_check(void *arg, struct qf_control_request *request, const json_t *body)
{
	struct qf_ff *ff = arg;

	(void)body;
	if (!ff->desired.number)
		qf_control_refuse(request, 404, "no state is desired yet");
	else
		qf_ask_check(ff->ask, 0, check_done, new_job(ff, request));
}

static void apply_done(void *arg, const struct qf_answer *a)
{
	struct job *job = arg;
	struct qf_ff *ff = job->ff;
	uint64_t state = job->desired.number;
	bool kept = !job->dry && a->done.number == state;
	struct qn_error err;
	int saved = 0;

	ff->applying = false;
	if (kept) {
		/* From here on the node is to be so, even if a step failed. */
		saved = qf_desired_save(&job->desired, ff->settings->state_directory, &err);
		qf_desired_free(&ff->desired);
		ff->desired = job->desired;
		memset(&job->desired, 0, sizeof(job->desired));
		ff->taken = true;
		qf_ff_note(ff, a, true);
	}
	if (saved) {
		qf_log(LOG_ERR, "%s: after a restart the state before is back", err.text);
		qf_control_refuse(job->request, 500, err.text);
	} else if (a->done.ok) {
		qf_control_reply(job->request, state_answer(a, state));
	} else {
		qf_control_refuse(job->request, 422, a->error);
	}
	end_job(job);
}

/* The number that is asked for, or the next one. */
static int apply_number(const struct qf_ff *ff, const json_t *given, uint64_t *value,
			struct qn_error *err)
{
	const char *text = json_string_value(given);

	*value = ff->desired.number + 1;
	if (!given)
		return 0;
	if (!text || strspn(text, "0123456789") != strlen(text) ||
	    qn_parse_number(text, 1, INT64_MAX, value, err))
		return qn_fail(err, "\"number\" is a string with a number from 1");
	return 0;
}

static int flag(const json_t *body, const char *name, uint32_t bit, uint32_t *flags,
		struct qn_error *err)
{
	const json_t *value = json_object_get(body, name);

	if (value && !json_is_boolean(value))
		return qn_fail(err, "\"%s\" is true or false", name);
	if (json_is_true(value))
		*flags |= bit;
	return 0;
}

static void state_apply(void *arg, struct qf_control_request *request, const json_t *body)
{
	const json_t *text = json_object_get(body, "text");
	struct qf_ff *ff = arg;
	struct qn_conf conf = { 0 };
	uint32_t flags = 0;
	struct qn_error err;
	struct job *job;
	uint64_t state;

	if (!json_is_string(text)) {
		qf_control_refuse(request, 400,
				  "\"text\" is missing: the state, as for 'qkdnfctl apply'");
		return;
	}
	if (apply_number(ff, json_object_get(body, "number"), &state, &err) ||
	    flag(body, "dry_run", QF_STATE_DRY, &flags, &err) ||
	    flag(body, "remake", QF_STATE_REMAKE, &flags, &err)) {
		qf_control_refuse(request, 400, err.text);
		return;
	}
	if (ff->applying) {
		qf_control_refuse(request, 409, "another state is being applied: ask again");
		return;
	}
	if (!(flags & QF_STATE_DRY) && state <= ff->desired.number) {
		qf_control_refuse(request, 409,
				  "the number is not higher than that of the state that is kept to");
		return;
	}
	job = new_job(ff, request);
	job->dry = flags & QF_STATE_DRY;
	job->desired.number = state;
	job->desired.len = json_string_length(text);
	job->desired.text = qn_alloc(job->desired.len + 1);
	memcpy(job->desired.text, json_string_value(text), job->desired.len);
	/* Here, without privilege: fq never sees the text. */
	if (qn_conf_parse(&conf, "state", job->desired.text, job->desired.len, &err) ||
	    qf_ask_state(ff->ask, &conf, state, flags, apply_done, job, &err)) {
		qf_control_refuse(request, 422, err.text);
		end_job(job);
	} else {
		ff->applying = true;
	}
	qn_conf_free(&conf);
}

/* --- settings -------------------------------------------------------------------------------- */

static void reload(void *arg, struct qf_control_request *request, const json_t *body)
{
	struct qf_ff *ff = arg;

	(void)body;
	if (ff->reload) {
		qf_control_refuse(request, 409, "another reload is on its way");
		return;
	}
	ff->reload = request;
	qf_channel_send(ff->channel, QF_RELOAD, 0, NULL, NULL, 0);
}

static const char *const apply_members[] = { "text", "number", "remake", "dry_run", NULL };

const struct qf_control_verb qf_verbs[] = {
	{ .name = "status", .run = status },
	{ .name = "meters", .run = meters },
	{ .name = "state-show", .run = state_show },
	{ .name = "state-check", .run = state_check },
	{ .name = "state-apply", .writes = true, .members = apply_members, .run = state_apply },
	{ .name = "reload", .writes = true, .run = reload },
	{ 0 },
};
