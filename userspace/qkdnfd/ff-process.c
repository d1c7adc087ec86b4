// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of ff. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ff.h"
#include "log.h"
#include "process.h"
#include "role.h"
#include "sandbox.h"
#include "text.h"

/* --- the node ---------------------------------------------------------------------- */

void qf_ff_tell(struct qf_ff *ff)
{
	char text[QF_TEXT_MAX];
	int len;

	len = snprintf(text, sizeof(text), "provider %s (%" PRIu64 ")", ff->settings->name,
		       ff->settings->number);
	if (!ff->desired.number)
		len += snprintf(text + len, sizeof(text) - (size_t)len, ", no state is desired");
	else if (*ff->trouble)
		len += snprintf(text + len, sizeof(text) - (size_t)len, ", state %" PRIu64 ": %s",
				ff->desired.number, ff->trouble);
	else if (ff->wanting)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				", the node lacks %u steps of state %" PRIu64, ff->wanting,
				ff->desired.number);
	else
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				", the node is in state %" PRIu64, ff->desired.number);
	if ((size_t)len > sizeof(text) - 1)
		len = sizeof(text) - 1;
	qf_channel_send(ff->channel, QF_READY, 0, NULL, text, (size_t)len);
	ff->ready = true;
}

void qf_ff_note(struct qf_ff *ff, const struct qf_answer *a, bool changed)
{
	uint32_t wanting = a->done.steps - (changed ? a->done.done : 0);
	unsigned int i;

	ff->checked = time(NULL);
	if (strcmp(ff->trouble, a->error)) {
		memcpy(ff->trouble, a->error, sizeof(ff->trouble));
		if (*ff->trouble)
			qf_log(LOG_ERR, "state %" PRIu64 ": %s", ff->desired.number, ff->trouble);
	}
	/* The same lack is told once, not at each look. */
	if (changed || wanting != ff->wanting)
		for (i = 0; i < a->step_count; i++)
			qf_log(LOG_NOTICE, "node: %s %c %s",
			       changed && i < a->done.done ? "done:" : "wanting:",
			       (char)a->steps[i].head.sign, a->steps[i].text);
	if (a->done.ok)
		ff->wanting = wanting;
	if (ff->ready)
		qf_ff_tell(ff);
}

static void begin_serving(struct qf_ff *ff)
{
	if (!ff->ready)
		qf_ff_tell(ff);
}

/* The state of before the start, or one that fq could not take then. */
static void resubmitted(void *arg, const struct qf_answer *a)
{
	struct qf_ff *ff = arg;

	ff->applying = false;
	ff->taken = a->done.number == ff->desired.number;
	qf_ff_note(ff, a, true);
	begin_serving(ff);
}

static void resubmit(struct qf_ff *ff)
{
	struct qn_conf conf;
	struct qn_error err;
	int ret;

	ret = qn_conf_parse(&conf, "desired-state", ff->desired.text, ff->desired.len, &err);
	if (!ret)
		ret = qf_ask_state(ff->ask, &conf, ff->desired.number, 0, resubmitted, ff, &err);
	qn_conf_free(&conf);
	if (!ret) {
		ff->applying = true;
		return;
	}
	if (strcmp(ff->trouble, err.text))
		qf_log(LOG_ERR, "%s", err.text);
	snprintf(ff->trouble, sizeof(ff->trouble), "%.*s", QF_TEXT_MAX, err.text);
	begin_serving(ff);
}

static void looked(void *arg, const struct qf_answer *a)
{
	struct qf_ff *ff = arg;

	ff->looking = false;
	qf_ff_note(ff, a, false);
}

static void mended(void *arg, const struct qf_answer *a)
{
	struct qf_ff *ff = arg;

	ff->looking = false;
	ff->mended += a->done.done;
	qf_ff_note(ff, a, true);
}

static void look(struct qf_ff *ff)
{
	bool mend = ff->settings->drift == QF_DRIFT_MEND;

	if (!ff->desired.number || ff->applying || ff->looking)
		return;
	if (!ff->taken) {
		resubmit(ff);
		return;
	}
	/* Requests of others go on meanwhile: fq does one after the other. */
	ff->looking = true;
	qf_ask_check(ff->ask, mend ? QF_STATE_MEND : 0, mend ? mended : looked, ff);
}

static void set_check(struct qf_ff *ff)
{
	uint64_t every = ff->settings->drift_check;

	if (every)
		sd_event_source_set_time_relative(ff->check, every);
	sd_event_source_set_enabled(ff->check, every ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_check(sd_event_source *source, uint64_t usec, void *arg)
{
	struct qf_ff *ff = arg;

	(void)source;
	(void)usec;
	look(ff);
	set_check(ff);
	return 0;
}

/* --- settings ------------------------------------------------------------------------ */

/* What the libraries of this process read, and its own directory. */
static int files(const struct qf_settings *s, struct qn_error *err)
{
	static const char *const read[] = { "/etc",	 "/usr/lib",	 "/usr/share", "/run",
					    "/dev/null", "/dev/urandom", "/proc",      NULL };
	const struct qf_files files = { .read = read, .write = s->state_directory };

	return qf_sandbox_files(&files, err);
}

static int start(struct qf_ff *ff, struct qf_settings *settings, struct qn_error *err)
{
	int ret = files(settings, err);

	if (ret < 0)
		return -1;
	ret = sd_event_add_time_relative(ff->event, &ff->check, CLOCK_MONOTONIC, 0, 0, on_check,
					 ff);
	if (ret < 0)
		return qn_fail_errno(err, -ret, "cannot make a timer");
	if (qf_control_new(&ff->control, ff->event, QF_FD_CONTROL, settings, qf_verbs, ff, err) ||
	    qf_desired_load(&ff->desired, settings->state_directory, err))
		return -1;
	return 0;
}

static void answer_reload(struct qf_ff *ff, const struct qn_error *err)
{
	struct qf_control_request *request = ff->reload;

	ff->reload = NULL;
	if (!request)
		return;
	if (err)
		qf_control_refuse(request, 422, err->text);
	else
		qf_control_reply(request, json_pack("{s:b}", "reloaded", 1));
}

static int read_settings(int fd, const char *path, struct qf_settings *settings,
			 struct qn_error *err)
{
	struct stat st;
	FILE *file = fdopen(fd, "r");
	int ret;

	if (!file) {
		close(fd);
		memset(settings, 0, sizeof(*settings));
		return qn_fail_errno(err, errno, "cannot read the settings");
	}
	/* A device or a pipe might never end. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		memset(settings, 0, sizeof(*settings));
		ret = qn_fail(err, "%s is no plain file", path);
	} else {
		ret = qf_settings_read(settings, file, path, err);
	}
	fclose(file);
	return ret;
}

static void new_settings(struct qf_ff *ff, const struct qf_message *m)
{
	struct qf_settings *settings = qn_alloc(sizeof(*settings)), *old = ff->settings;
	struct qf_result result = { 0 };
	char path[QF_MESSAGE_MAX];
	struct qn_error err = { 0 };
	int ret;

	memcpy(path, m->tail, m->tail_len);
	path[m->tail_len] = 0;
	ret = read_settings(m->fd, path, settings, &err);

	if (!ret && old)
		ret = qf_settings_fixed(old, settings, &err);
	else if (!ret)
		ret = start(ff, settings, &err);
	if (ret) {
		qf_settings_free(settings);
		free(settings);
		qf_channel_send(ff->channel, QF_SETTINGS_DONE, 0, &result, err.text,
				strnlen(err.text, QF_TEXT_MAX));
		answer_reload(ff, &err);
		return;
	}
	ff->settings = settings;
	qf_control_settings(ff->control, settings);
	result.ok = 1;
	qf_channel_send(ff->channel, QF_SETTINGS_DONE, 0, &result, NULL, 0);
	answer_reload(ff, NULL);
	set_check(ff);
	if (old) {
		qf_settings_free(old);
		free(old);
		qf_ff_tell(ff);
	} else if (ff->desired.number) {
		resubmit(ff);
	} else {
		begin_serving(ff);
	}
}

/* --- the process ---------------------------------------------------------------------- */

static void on_message(void *arg, struct qf_message *m)
{
	struct qf_ff *ff = arg;
	struct qn_error err;
	int ret;

	switch (m->head.type) {
	case QF_SETTINGS:
		new_settings(ff, m);
		return;
	case QF_PING:
		qf_channel_send(ff->channel, QF_PONG, 0, NULL, NULL, 0);
		return;
	case QF_STOP:
		sd_event_exit(ff->event, 0);
		return;
	}
	ret = qf_ask_message(ff->ask, m, &err);
	if (!ret)
		return;
	qf_log(LOG_ERR, "fq is broken: %s", ret < 0 ? err.text : "it sends what is no answer");
	sd_event_exit(ff->event, 1);
}

static void on_end(void *arg, const struct qn_error *why)
{
	struct qf_ff *ff = arg;

	if (why)
		qf_log(LOG_ERR, "fq is broken: %s", why->text);
	sd_event_exit(ff->event, 1);
}

/* Is this process what fq starts, and not what somebody tries by hand? */
static int check_start(struct qn_error *err)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(QF_FD_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_SEQPACKET)
		return qn_fail(err, "this is a part of qkdnfd, which starts it: run qkdnfd");
	/* fq's end must be this one's, even if this one hangs. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return qn_fail_errno(err, errno, "cannot ask for a signal");
	return 0;
}

int qf_ff_process(bool name_refused)
{
	static const struct qf_channel_ops ops = { .message = on_message, .end = on_end };
	struct qf_ff ff = { .started = time(NULL) };
	struct qn_error err;
	int ret = 1;

	if (check_start(&err) || qf_role_drop(NULL, false, &err) ||
	    qf_sandbox_calls(false, name_refused, &err))
		goto bad;
	ret = sd_event_new(&ff.event);
	if (ret < 0) {
		qn_fail_errno(&err, -ret, "cannot make the event loop");
		goto bad;
	}
	ret = 1;
	if (qf_channel_new(&ff.channel, ff.event, QF_FD_CHANNEL, false, &ops, &ff, &err))
		goto bad;
	ff.ask = qf_ask_new(ff.channel);
	ret = sd_event_loop(ff.event);
	if (ret >= 0)
		goto out;
	qn_fail_errno(&err, -ret, "event loop");
	ret = 1;
bad:
	qf_log(LOG_ERR, "%s", err.text);
out:
	qf_control_free(ff.control);
	qf_ask_free(ff.ask);
	qf_channel_free(ff.channel);
	sd_event_source_unref(ff.check);
	sd_event_unref(ff.event);
	qf_desired_free(&ff.desired);
	if (ff.settings) {
		qf_settings_free(ff.settings);
		free(ff.settings);
	}
	return ret;
}
