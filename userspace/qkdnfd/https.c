// SPDX-License-Identifier: GPL-2.0-or-later
/* A server begins and ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "https-parts.h"

/* Descriptors that the rest of the process needs. */
#define OTHER_DESCRIPTORS 64

/*
 * Forward secrecy and authenticated encryption only. No tickets: a ticket would
 * let somebody in whose certificate was not shown on this connection.
 */
#define PRIORITIES_13 "SECURE128:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS:%SERVER_PRECEDENCE"
#define PRIORITIES_12                                                                    \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:" \
	"-MAC-ALL:+AEAD:"                                                                \
	"%NO_TICKETS:%SERVER_PRECEDENCE:%DISABLE_SAFE_RENEGOTIATION"

static void defaults(struct qf_https_limits *limits)
{
	static const struct qf_https_limits usual = {
		.threads = 2,
		.connections = 1024,
		.per_address = 64,
		.per_member = 32,
		.requests_per_s = 200,
		.burst = 400,
		.handshake_ms = 5000,
		.header_ms = 5000,
		.body_ms = 10000,
		.answer_ms = 30000,
		.send_ms = 10000,
		.idle_ms = 60000,
		.header_size = 16384,
	};
	const unsigned int *from = (const unsigned int *)&usual;
	unsigned int *to = (unsigned int *)limits;
	size_t i;

	_Static_assert(sizeof(usual) % sizeof(*from) == 0, "all limits are of one type");
	for (i = 0; i < sizeof(usual) / sizeof(*from); i++)
		if (!to[i])
			to[i] = from[i];
}

/* Paths are split before they are decoded, so that %2F is no "/": nothing is done here. */
static size_t leave_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

static int start(struct qf_https *server, struct qn_error *err)
{
	const struct qf_https_limits *limits = &server->config.limits;
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files) &&
	    files.rlim_cur < limits->connections + OTHER_DESCRIPTORS)
		return qn_fail(err,
			       "%u connections need %u descriptors and %llu are allowed: raise LimitNOFILE, or take fewer connections",
			       limits->connections, limits->connections + OTHER_DESCRIPTORS,
			       (unsigned long long)files.rlim_cur);
	server->daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS |
					 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
				 0, qf_conn_welcome, server, qf_request_come, server,
				 MHD_OPTION_LISTEN_SOCKET, server->config.listen,
				 MHD_OPTION_THREAD_POOL_SIZE, limits->threads,
				 MHD_OPTION_CONNECTION_LIMIT, limits->connections,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)limits->header_size,
				 MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				 MHD_OPTION_NOTIFY_CONNECTION, qf_conn_notify, server,
				 MHD_OPTION_NOTIFY_COMPLETED, qf_request_ended, server,
				 MHD_OPTION_URI_LOG_CALLBACK, qf_request_line, server,
				 MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
				 MHD_OPTION_HTTPS_CERT_CALLBACK2, qf_names_choose,
				 MHD_OPTION_HTTPS_PRIORITIES,
				 server->config.tls12 ? PRIORITIES_12 : PRIORITIES_13,
				 MHD_OPTION_END);
	if (!server->daemon)
		return qn_fail_errno(err, errno, "the HTTPS server does not start: %s",
				     errno ? strerror(errno) : "libmicrohttpd says no more");
	return 0;
}

struct qf_https *qf_https_open(const struct qf_https_config *config,
			       const struct qf_https_identity *identities, size_t n,
			       struct qn_error *err)
{
	struct qf_https *server = qn_alloc(sizeof(*server));
	const struct qf_https_limits *limits = &server->config.limits;
	pthread_condattr_t attr;
	int ret;

	server->config = *config;
	defaults(&server->config.limits);
	server->trust = 1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&server->wake, &attr);
	pthread_condattr_destroy(&attr);
	server->addresses = qf_turnstile_new(limits->per_address, 0, 0);
	server->members =
		qf_turnstile_new(limits->per_member, limits->requests_per_s, limits->burst);
	server->names = qf_names_new(identities, n, err);
	if (!server->names)
		goto fail;
	server->watching = true;
	ret = pthread_create(&server->watch, NULL, qf_watch, server);
	if (ret) {
		server->watching = false;
		qn_fail_errno(err, ret, "no thread to watch deadlines: %s", strerror(ret));
		goto fail;
	}
	if (start(server, err) < 0)
		goto fail;
	return server;
fail:
	qf_https_close(server, 0);
	return NULL;
}

/* Is anything under way that a client may still get? */
static bool busy(struct qf_https *server)
{
	struct qf_conn *conn;
	bool any = false;
	int phase;

	pthread_mutex_lock(&server->lock);
	for (conn = server->conns; conn && !any; conn = conn->next) {
		phase = atomic_load(&conn->phase);
		any = phase == QF_ANSWER || phase == QF_SEND;
	}
	pthread_mutex_unlock(&server->lock);
	return any;
}

void qf_https_close(struct qf_https *server, unsigned int grace_ms)
{
	struct timespec tick = { .tv_nsec = 5000000 };
	struct qf_conn *conn;
	int64_t until;

	if (!server)
		return;
	if (server->daemon) {
		/* Or libmicrohttpd would close the socket, which is not ours. */
		MHD_quiesce_daemon(server->daemon);
		atomic_store(&server->closing, true);
		pthread_mutex_lock(&server->lock);
		for (conn = server->conns; conn; conn = conn->next)
			qf_request_overdue(conn);
		pthread_mutex_unlock(&server->lock);
		until = qf_monotonic_ms() + grace_ms;
		while (busy(server) && qf_monotonic_ms() < until)
			nanosleep(&tick, NULL);
		MHD_stop_daemon(server->daemon);
	}
	pthread_mutex_lock(&server->lock);
	if (server->watching) {
		server->watching = false;
		pthread_cond_signal(&server->wake);
		pthread_mutex_unlock(&server->lock);
		pthread_join(server->watch, NULL);
	} else {
		pthread_mutex_unlock(&server->lock);
	}
	qf_names_free(server->names);
	qf_names_expire(server, INT64_MAX);
	qf_turnstile_free(server->addresses);
	qf_turnstile_free(server->members);
	pthread_cond_destroy(&server->wake);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

void qf_https_judge_again(struct qf_https *server)
{
	atomic_fetch_add(&server->trust, 1);
}

void qf_https_stats(struct qf_https *server, struct qf_https_stats *stats)
{
	stats->connections = server->connections;
	stats->requests = server->requests;
	stats->served = server->served;
	stats->overdue = server->overdue;
	stats->refused = server->refused;
}
