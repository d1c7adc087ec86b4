// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of fq: it serves ff's requests, and stands between ff and systemd.
 *
 * One thread. What systemd is told of (readiness, reloads, the watchdog) is what ff says
 * and does: fq feeds the watchdog only while ff answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "channel.h"
#include "fq.h"
#include "log.h"
#include "process.h"
#include "role.h"
#include "sandbox.h"

#define SECOND 1000000ULL
/* How often ff is asked whether it is there, and how long it may take to say so. */
#define PING_EVERY (2 * SECOND)
#define PONG_LIMIT (30 * SECOND)
/* How long ff may take to end. */
#define STOP_LIMIT (10 * SECOND)

/**
 * struct keeper - fq
 * @settings: what the daemon was started with
 * @event: the loop
 * @channel: to ff
 * @fq: requests
 * @timer: next ping, or the end of patience while it stops
 * @asked: since when an answer to a ping is awaited; 0: none is
 * @fed: when the watchdog was fed last
 * @reloading: descriptors of settings on their way, not answered yet
 * @ready: systemd knows that the daemon serves
 * @stopping: somebody asked for the end
 * @gone: ff has closed its end
 */
struct keeper {
	const struct qf_settings *settings;
	sd_event *event;
	struct qf_channel *channel;
	struct qf_fq *fq;
	sd_event_source *timer;
	uint64_t asked;
	uint64_t fed;
	unsigned int reloading;
	bool ready;
	bool stopping;
	bool gone;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec / 1000;
}

static void quit(struct keeper *k, int status)
{
	sd_event_exit(k->event, status);
}

/* Long work of fq's own is no reason for the watchdog to bite. */
static void alive(void *arg)
{
	struct keeper *k = arg;
	uint64_t t = now();

	if (t - k->fed < SECOND)
		return;
	k->fed = t;
	sd_notify(0, "WATCHDOG=1");
}

/* --- settings -------------------------------------------------------------------- */

static void send_settings(struct keeper *k)
{
	int fd = open(k->settings->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && !k->ready) {
		qf_log(LOG_ERR, "%s: %s: let user %u read it", k->settings->file, strerror(errno),
		       geteuid());
		quit(k, 1);
		return;
	}
	if (fd < 0) {
		qf_log(LOG_ERR, "%s: %s: the settings stay as they were", k->settings->file,
		       strerror(errno));
		sd_notify(0, "READY=1");
		return;
	}
	k->reloading++;
	qf_channel_send_file(k->channel, fd, k->settings->file);
}

static void reload(struct keeper *k)
{
	if (k->stopping || !k->ready)
		return;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now());
	send_settings(k);
}

static void settings_done(struct keeper *k, const struct qf_message *m)
{
	if (k->reloading)
		k->reloading--;
	if (!k->ready) {
		if (!m->fixed.result.ok) {
			qf_log(LOG_ERR, "%.*s", (int)m->tail_len, (const char *)m->tail);
			quit(k, 1);
		}
		return;
	}
	if (m->fixed.result.ok)
		qf_log(LOG_NOTICE, "%s: reloaded", k->settings->file);
	else
		qf_log(LOG_ERR, "%.*s: the settings stay as they were", (int)m->tail_len,
		       (const char *)m->tail);
	if (!k->reloading)
		sd_notify(0, "READY=1");
}

/* --- ff ---------------------------------------------------------------------------- */

static void on_message(void *arg, struct qf_message *m)
{
	struct keeper *k = arg;
	struct qn_error err;
	int ret;

	switch (m->head.type) {
	case QF_SETTINGS_DONE:
		settings_done(k, m);
		return;
	case QF_READY:
		if (!k->ready)
			qf_log(LOG_NOTICE, "ready: %.*s", (int)m->tail_len, (const char *)m->tail);
		sd_notifyf(0, "%sSTATUS=%.*s", k->ready ? "" : "READY=1\n", (int)m->tail_len,
			   (const char *)m->tail);
		k->ready = true;
		return;
	case QF_PONG:
		k->asked = 0;
		alive(k);
		return;
	case QF_RELOAD:
		reload(k);
		return;
	}
	ret = qf_fq_request(k->fq, k->channel, m, &err);
	if (!ret)
		return;
	qf_log(LOG_ERR, "ff is broken, so the daemon ends: %s",
	       ret < 0 ? err.text : "it sends what is no request");
	quit(k, 1);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct keeper *k = arg;

	(void)usec;
	if (k->stopping || k->gone) {
		qf_log(LOG_ERR, "ff does not end: it is killed");
		quit(k, 1);
		return 0;
	}
	if (k->asked && now() - k->asked > PONG_LIMIT) {
		qf_log(LOG_ERR, "ff did not answer for %d s, so the daemon ends",
		       (int)(PONG_LIMIT / SECOND));
		quit(k, 1);
		return 0;
	}
	if (!k->asked) {
		k->asked = now();
		qf_channel_send(k->channel, QF_PING, 0, NULL, NULL, 0);
	}
	sd_event_source_set_time_relative(source, PING_EVERY);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* Either way ff is gone; how it ended is told by on_child(), unless it hangs. */
static void on_end(void *arg, const struct qn_error *why)
{
	struct keeper *k = arg;

	if (why) {
		qf_log(LOG_ERR, "ff is broken, so the daemon ends: %s", why->text);
		quit(k, 1);
		return;
	}
	k->gone = true;
	sd_event_source_set_time_relative(k->timer, STOP_LIMIT);
	sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct keeper *k = arg;

	(void)source;
	if (info->si_code == CLD_EXITED && !info->si_status && k->stopping) {
		quit(k, 0);
		return 0;
	}
	if (info->si_code == CLD_EXITED)
		qf_log(LOG_ERR, "ff ended with status %d, so the daemon ends", info->si_status);
	else
		qf_log(LOG_ERR, "ff was killed by signal %d%s, so the daemon ends", info->si_status,
		       info->si_status == SIGSYS ? " (a system call that it may not make)" : "");
	quit(k, 1);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct keeper *k = arg;

	(void)source;
	if (info->ssi_signo == SIGHUP) {
		reload(k);
		return 0;
	}
	if (k->stopping)
		return 0;
	k->stopping = true;
	sd_notify(0, "STOPPING=1\nSTATUS=ending");
	qf_log(LOG_NOTICE, "ending");
	qf_channel_send(k->channel, QF_STOP, 0, NULL, NULL, 0);
	sd_event_source_set_time_relative(k->timer, STOP_LIMIT);
	sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
	return 0;
}

/* --- the process -------------------------------------------------------------------- */

static int sources(struct keeper *k, int channel, pid_t ff, struct qn_error *err)
{
	static const struct qf_channel_ops ops = { .message = on_message, .end = on_end };
	int ret = sd_event_new(&k->event);

	if (ret >= 0)
		ret = sd_event_add_signal(k->event, NULL, SIGTERM, on_signal, k);
	if (ret >= 0)
		ret = sd_event_add_signal(k->event, NULL, SIGINT, on_signal, k);
	if (ret >= 0)
		ret = sd_event_add_signal(k->event, NULL, SIGHUP, on_signal, k);
	if (ret >= 0)
		ret = sd_event_add_child(k->event, NULL, ff, WEXITED, on_child, k);
	if (ret >= 0)
		ret = sd_event_add_time_relative(k->event, &k->timer, CLOCK_MONOTONIC, PING_EVERY,
						 0, on_timer, k);
	if (ret < 0)
		return qn_fail_errno(err, -ret, "cannot make the event loop");
	return qf_channel_new(&k->channel, k->event, channel, true, &ops, k, err);
}

/*
 * Sources of key, and the settings for reloads: nothing else is ever opened. A rule is
 * about what is there now, and in /dev even directories come and go with their devices:
 * so it is all of /dev, of which permissions and fq.c leave the devices that are named.
 */
static int files(const struct qf_settings *s, struct qn_error *err)
{
	const char *read[QF_DEVICES_MAX + 2];
	char *file = qn_strdup(s->file);
	struct qf_files files = { .read = read };
	unsigned int i;
	int ret;

	for (i = 0; i < s->device_count; i++)
		read[i] = strncmp(s->devices[i], "/dev/", 5) ? s->devices[i] : "/dev";
	read[i++] = dirname(file);
	read[i] = NULL;
	ret = qf_sandbox_files(&files, err);
	free(file);
	return ret;
}

int qf_fq_process(const struct qf_settings *settings, int channel, pid_t ff, bool name_refused)
{
	struct keeper k = { .settings = settings };
	struct qn_error err;
	int ret = 1;

	if (sources(&k, channel, ff, &err) || qf_role_drop(settings, true, &err))
		goto bad;
	ret = files(settings, &err);
	if (ret < 0 || qf_sandbox_calls(true, name_refused, &err)) {
		ret = 1;
		goto bad;
	}
	if (ret)
		qf_log(LOG_WARNING,
		       "this kernel has no Landlock: permissions alone bound what files are opened");
	k.fq = qf_fq_new(settings, alive, &k);
	send_settings(&k);
	ret = sd_event_loop(k.event);
	if (ret < 0) {
		qn_fail_errno(&err, -ret, "event loop");
		ret = 1;
		goto bad;
	}
	goto out;
bad:
	qf_log(LOG_ERR, "%s", err.text);
out:
	qf_fq_free(k.fq);
	qf_channel_free(k.channel);
	sd_event_source_unref(k.timer);
	sd_event_unref(k.event);
	return ret;
}
