// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl monitor: events, as they come. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "ctl.h"
#include "event.h"

#define NS_PER_S 1000000000ULL

struct monitor {
	struct ctl *ctl;
	uint64_t peer;	/* 0 is any */
	uint64_t left;	/* events to print; 0 is no limit */
	uint64_t until; /* on CLOCK_MONOTONIC, in ns; 0 is no limit */
	uint64_t types; /* one bit each; 0 is all */
	bool done;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signo)
{
	(void)signo;
	interrupted = 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Time of day with milliseconds, in front of each line. */
static void print_line(struct monitor *m, const struct qn_rec *event, uint64_t ns,
		       enum qn_severity severity, const char *text)
{
	static const char *const colours[] = {
		[QN_EVENT_INFO] = NULL,
		[QN_EVENT_GOOD] = QN_GREEN,
		[QN_EVENT_WARNING] = QN_YELLOW,
		[QN_EVENT_ERROR] = QN_RED,
	};
	struct qn_out *out = &m->ctl->out;
	char when[32], line[640];
	const char *colour = out->colour ? colours[severity] : NULL;

	qn_format_time(when, sizeof(when), ns / NS_PER_S);
	snprintf(line, sizeof(line), "%s.%03" PRIu64 " %s%s%s%s%s", when, ns / 1000000 % 1000,
		 colour ? "\033[" : "", colour ? colour : "", colour ? "m" : "", text,
		 colour ? "\033[0m" : "");
	qn_out_line(out, event, line);
}

static void count(struct monitor *m)
{
	if (m->left && !--m->left)
		m->done = true;
}

static int km_event(void *arg, struct qn_rec *event, struct qn_error *err)
{
	struct monitor *m = arg;
	uint64_t type = qn_get(event, QKDNF_A_EVENT_TYPE, 0);
	char text[512];

	(void)err;
	if (m->done || event->set != &qn_set_event)
		return 0;
	if (m->peer && qn_get(event, QKDNF_A_EVENT_PEER, 0) != m->peer &&
	    qn_get(event, QKDNF_A_EVENT_DESTINATION, 0) != m->peer)
		return 0;
	if (m->types && !(type < 64 && (m->types & 1ULL << type)))
		return 0;
	print_line(m, event, qn_get(event, QKDNF_A_EVENT_TIME_NS, clock_ns(CLOCK_REALTIME)),
		   qn_event_severity(event), qn_event_text(event, text, sizeof(text)));
	count(m);
	return 0;
}

static int emu_event(void *arg, struct qn_rec *event, struct qn_error *err)
{
	struct monitor *m = arg;
	uint64_t now = clock_ns(CLOCK_REALTIME);
	json_t *object;
	char text[512], name[64];

	(void)err;
	if (m->done || m->peer || m->types)
		return 0;
	if (!m->ctl->out.json) {
		print_line(m, event, now,
			   event->mark == QKDEMU_CMD_LINK_RESUMED_NTF ? QN_EVENT_GOOD :
									QN_EVENT_WARNING,
			   qn_emu_event_text(event, text, sizeof(text)));
	} else {
		/* Told apart from the node's own by the beginning of the type. */
		snprintf(name, sizeof(name), "emu-%s", qn_family_qkdemu.ops[event->mark].name);
		if (strlen(name) > 4 && !strcmp(name + strlen(name) - 4, "-ntf"))
			name[strlen(name) - 4] = 0;
		object = json_pack("{s:s, s:I}", "type", name, "time_ns", (json_int_t)now);
		json_object_update_missing_new(object, qn_rec_to_json(event));
		json_dumpf(object, m->ctl->out.file, JSON_COMPACT);
		fputc('\n', m->ctl->out.file);
		fflush(m->ctl->out.file);
		json_decref(object);
	}
	count(m);
	return 0;
}

static int read_events(struct monitor *m, struct qn_nl *nl, qn_nl_each each)
{
	struct ctl *ctl = m->ctl;

	if (!qn_nl_events(nl, each, m, &ctl->err))
		return 0;
	/* What is lost is lost; what comes next is still worth reading. */
	if (ctl->err.code == ENOBUFS) {
		ctl_warn(ctl, "%s", ctl->err.text);
		return 0;
	}
	return ctl_failed(ctl);
}

static int watch(struct monitor *m)
{
	struct ctl *ctl = m->ctl;
	struct pollfd fds[2] = { { .fd = -1 }, { .fd = -1 } };

	if (ctl->km)
		fds[0] = (struct pollfd){ .fd = qn_nl_fd(ctl->km), .events = POLLIN };
	if (ctl->emu)
		fds[1] = (struct pollfd){ .fd = qn_nl_fd(ctl->emu), .events = POLLIN };
	while (!m->done && !interrupted && !ferror(ctl->out.file)) {
		struct timespec left = { 0 };
		sigset_t none;
		int n;

		if (m->until) {
			uint64_t now = clock_ns(CLOCK_MONOTONIC);

			if (now >= m->until)
				break;
			left.tv_sec = (time_t)((m->until - now) / NS_PER_S);
			left.tv_nsec = (long)((m->until - now) % NS_PER_S);
		}
		sigemptyset(&none);
		n = ppoll(fds, QN_ARRAY_SIZE(fds), m->until ? &left : NULL, &none);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ctl_error(ctl, "cannot wait: %s", strerror(errno));
		if (fds[0].revents && read_events(m, ctl->km, km_event))
			return CTL_FAILED;
		if (fds[1].revents && read_events(m, ctl->emu, emu_event))
			return CTL_FAILED;
	}
	if (m->left)
		return ctl_error(ctl, "%" PRIu64 " of the events did not come in time", m->left);
	return 0;
}

static int arguments(struct monitor *m, int argc, char **argv)
{
	struct ctl *ctl = m->ctl;
	uint64_t n;

	for (; argc; argc -= 2, argv += 2) {
		int64_t type;

		if (argc < 2)
			return ctl_usage(ctl, "'%s' wants a value", argv[0]);
		if (!strcmp(argv[0], "peer")) {
			if (ctl_node(ctl, "peer", argv[1], &m->peer))
				return CTL_USAGE;
		} else if (!strcmp(argv[0], "type")) {
			type = qn_enum_value(&qn_enum_event_type, argv[1]);
			if (type < 0)
				return ctl_usage(ctl,
						 "unknown type of event '%s': 'qkdnfctl monitor help' lists them",
						 argv[1]);
			m->types |= 1ULL << type;
		} else if (!strcmp(argv[0], "count")) {
			if (qn_parse_number(argv[1], 1, UINT32_MAX, &m->left, &ctl->err))
				return ctl_usage(ctl, "count: %s", ctl->err.text);
		} else if (!strcmp(argv[0], "for")) {
			if (qn_parse_duration(argv[1], 1, &n, &ctl->err))
				return ctl_usage(ctl, "for: %s", ctl->err.text);
			m->until = clock_ns(CLOCK_MONOTONIC) + n;
		} else {
			return ctl_usage(ctl, "'%s' is not understood", argv[0]);
		}
	}
	return 0;
}

static int monitor(struct ctl *ctl, int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = interrupt };
	struct monitor m = { .ctl = ctl };
	struct qn_error why;
	sigset_t held;

	if (arguments(&m, argc, argv))
		return CTL_USAGE;
	/* Either module alone has something to tell. */
	if (!ctl_km(ctl) && ctl->err.code != ENOENT)
		return ctl_failed(ctl);
	why = ctl->err;
	if (!ctl_emu(ctl) && !ctl->km) {
		ctl->err = why;
		return ctl_failed(ctl);
	}
	if ((ctl->km && qn_nl_subscribe(ctl->km, &ctl->err)) ||
	    (ctl->emu && qn_nl_subscribe(ctl->emu, &ctl->err)))
		return ctl_failed(ctl);
	/* Held but while waiting, so that no signal is missed between. */
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return watch(&m);
}

static const struct ctl_verb verbs[] = {
	{ .name = "",
	  .args = "[peer NODE] [type TYPE]... [count N] [for DURATION]",
	  .run = monitor,
	  .summary = "print events as they come, one a line; with -j as JSON lines",
	  .help = "  count  end after N events, and fail if 'for' ends before that\n\n"
		  "  types: stream-low stream-ready stream-empty peer-up peer-down pairing-made\n"
		  "         pairing-lost route-switched sa-rekeyed sa-failed source-silent\n"
		  "         source-repeating source-stopped source-eavesdropping source-resumed\n"
		  "         source-refused tag-failures contract-exhausted contract-meter\n"
		  "         contract-mark nak confirm-mismatch segment-size-mismatch\n"
		  "         memory-limit suspended\n\n"
		  "  Events of emulated links come, too, unless a peer or a type is given.\n" },
	{ 0 }
};

int cmd_monitor(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
