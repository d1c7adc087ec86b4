// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections, and their deadlines.
 *
 * libmicrohttpd's timeout begins anew with each octet that comes, so the watch
 * keeps deadlines of its own: a connection that misses one has its socket shut
 * down, which its worker then sees. A record is in the list as long as the socket
 * is open, so nobody else's is ever hit.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "https-parts.h"

#define TICK_MS 100

int64_t qf_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static unsigned int limit_ms(const struct qf_conn *conn, enum qf_phase phase)
{
	const struct qf_https_limits *limits = &conn->server->config.limits;

	switch (phase) {
	case QF_HANDSHAKE:
		return limits->handshake_ms;
	case QF_HEADER:
		return limits->header_ms;
	case QF_BODY:
		return limits->body_ms;
	case QF_SEND:
		return limits->send_ms;
	case QF_ANSWER:
		return limits->answer_ms;
	default:
		return limits->idle_ms;
	}
}

/* What a connection is waited for from now on, for so long; 0: the usual. Its worker only. */
void qf_conn_phase_ms(struct qf_conn *conn, enum qf_phase phase, unsigned int ms)
{
	atomic_store(&conn->deadline, qf_monotonic_ms() + (ms ? ms : limit_ms(conn, phase)));
	atomic_store(&conn->phase, phase);
}

void qf_conn_phase(struct qf_conn *conn, enum qf_phase phase)
{
	qf_conn_phase_ms(conn, phase, 0);
}

struct qf_conn *qf_conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* An IPv4 address counts by itself, an IPv6 one by its /64, which is one customer's. */
static void address_text(const struct sockaddr *address, char text[QF_ADDRESS_SIZE])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	struct in6_addr net;

	snprintf(text, QF_ADDRESS_SIZE, "?");
	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
			  QF_ADDRESS_SIZE);
	} else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text, QF_ADDRESS_SIZE);
	} else if (address->sa_family == AF_INET6) {
		net = six->sin6_addr;
		memset(&net.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &net, text, QF_ADDRESS_SIZE);
	}
}

/* Refuses before any memory is spent; who gets past in a race is refused below. */
enum MHD_Result qf_conn_welcome(void *arg, const struct sockaddr *address, socklen_t len)
{
	struct qf_https *server = arg;
	char text[QF_ADDRESS_SIZE];

	(void)len;
	address_text(address, text);
	if (qf_turnstile_open_for(server->addresses, text))
		return MHD_YES;
	server->refused++;
	return MHD_NO;
}

/* The client's Finished has come: TLS is up. */
static int shaken_hands(gnutls_session_t session, unsigned int type, unsigned int when,
			unsigned int incoming, const gnutls_datum_t *message)
{
	struct qf_conn *conn = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	(void)message;
	if (incoming && atomic_load(&conn->phase) == QF_HANDSHAKE)
		qf_conn_phase(conn, QF_HEADER);
	return 0;
}

static void begin(struct qf_https *server, struct MHD_Connection *mhd, void **context)
{
	struct qf_conn *conn = qn_alloc(sizeof(*conn));

	*context = conn;
	conn->server = server;
	conn->mhd = mhd;
	pthread_mutex_init(&conn->lock, NULL);
	conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	conn->session =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
	address_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
		     conn->address);

	/* libmicrohttpd asks for a certificate at most, and takes none for an answer. */
	gnutls_certificate_server_set_request(conn->session, GNUTLS_CERT_REQUIRE);
	/* It uses the pointer for pre-shared keys only, which we have none of. */
	gnutls_session_set_ptr(conn->session, conn);
	gnutls_handshake_set_hook_function(conn->session, GNUTLS_HANDSHAKE_FINISHED,
					   GNUTLS_HOOK_POST, shaken_hands);

	conn->entered = qf_turnstile_enter(server->addresses, conn->address);
	server->connections++;
	qf_conn_phase(conn, QF_HANDSHAKE);
	if (!conn->entered) {
		server->refused++;
		atomic_store(&conn->phase, QF_DOOMED);
		shutdown(conn->fd, SHUT_RDWR);
	}
	pthread_mutex_lock(&server->lock);
	conn->next = server->conns;
	if (conn->next)
		conn->next->prev = conn;
	else
		pthread_cond_signal(&server->wake);
	server->conns = conn;
	pthread_mutex_unlock(&server->lock);
}

/* The socket is closed after this only. */
static void end(struct qf_https *server, void **context)
{
	struct qf_conn *conn = *context;

	pthread_mutex_lock(&server->lock);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	pthread_mutex_unlock(&server->lock);
	if (conn->entered)
		qf_turnstile_leave(server->addresses, conn->address);
	if (*conn->entered_as)
		qf_turnstile_leave(server->members, conn->entered_as);
	server->connections--;
	pthread_mutex_destroy(&conn->lock);
	free(conn);
	*context = NULL;
}

/* libmicrohttpd says that a connection comes or goes: in its worker. */
void qf_conn_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin(arg, mhd, context);
	else if (*context)
		end(arg, context);
}

static void look(struct qf_conn *conn, int64_t now)
{
	if (now < atomic_load(&conn->deadline))
		return;
	switch (atomic_load(&conn->phase)) {
	case QF_DOOMED:
		return;
	case QF_ANSWER:
		qf_request_overdue(conn);
		break;
	default:
		/* Idle is no offence. */
		if (atomic_load(&conn->phase) != QF_IDLE)
			conn->server->overdue++;
		atomic_store(&conn->phase, QF_DOOMED);
		shutdown(conn->fd, SHUT_RDWR);
	}
}

/* The thread that watches. */
void *qf_watch(void *arg)
{
	struct qf_https *server = arg;
	struct timespec until;
	struct qf_conn *conn;
	int64_t now;

	pthread_mutex_lock(&server->lock);
	while (server->watching) {
		if (!server->conns && !server->retired) {
			pthread_cond_wait(&server->wake, &server->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000l;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		while (server->watching &&
		       !pthread_cond_timedwait(&server->wake, &server->lock, &until))
			;
		now = qf_monotonic_ms();
		for (conn = server->conns; conn; conn = conn->next)
			look(conn, now);
		qf_names_expire(server, now);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}
