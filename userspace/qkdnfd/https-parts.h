/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the HTTPS server share. Nobody else includes this.
 *
 * Locks, outer first: qf_https.lock, qf_conn.lock, qf_request.lock, then those of
 * libmicrohttpd, which calls us with none held.
 */
#ifndef QF_HTTPS_PARTS_H
#define QF_HTTPS_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "https.h"
#include "turnstile.h"

#define QF_PARTS_MAX	4
#define QF_HEADERS_MAX	8
#define QF_PATH_MAX	1024
#define QF_ADDRESS_SIZE 64
#define QF_WHO_SIZE	336

/* A refused body up to this is read, so that the refusal is: closing would reset. */
#define QF_SWALLOW_MAX 65536

/* What a connection is waited for to do; each has its deadline. */
enum qf_phase {
	QF_HANDSHAKE,
	QF_HEADER,
	QF_BODY,
	QF_ANSWER, /* for us to do */
	QF_SEND,
	QF_IDLE,
	QF_DOOMED, /* shut down: its worker will find out */
	QF_PHASES,
};

/**
 * struct qf_conn - a connection
 * @next: in qf_https.conns
 * @prev: likewise
 * @server: whose
 * @mhd: libmicrohttpd's
 * @session: of TLS
 * @fd: socket; open as long as this is in the list
 * @address: of the client, as far as it counts as one
 * @entered: it counts for @address
 * @entered_as: it counts for this member; empty if for none
 * @crowded: the member has too many others
 * @name: that we were called by
 * @phase: enum qf_phase
 * @deadline: of the phase, monotonic ms
 * @judged: qf_https.trust as it was when @peer was found; 0: never
 * @stranger: nobody known
 * @peer: who it is
 * @problem: why it is a stranger
 * @lock: protects @late
 * @late: request whose handler has not answered yet, while suspended
 *
 * But for @phase, @deadline and @late it belongs to its worker.
 */
struct qf_conn {
	struct qf_conn *next, *prev;
	struct qf_https *server;
	struct MHD_Connection *mhd;
	gnutls_session_t session;
	int fd;
	char address[QF_ADDRESS_SIZE];
	bool entered;
	char entered_as[QF_WHO_SIZE];
	bool crowded;
	char name[256];
	atomic_int phase;
	atomic_llong deadline;
	unsigned long judged;
	bool stranger;
	struct qf_peer peer;
	struct qf_problem problem;
	pthread_mutex_t lock;
	struct qf_request *late;
};

struct qf_header {
	char *name, *value;
};

/* How far a request is. */
enum qf_state {
	QF_READING,  /* its body comes */
	QF_RUNNING,  /* its handler runs */
	QF_LATE,     /* its handler has returned, connection suspended */
	QF_ANSWERED, /* what to send is in it */
	QF_OVER,     /* sent, or nobody is there any more */
};

/**
 * struct qf_request - a request
 * @refs: one of its connection, one of whoever is to answer
 * @server: whose
 * @conn: connection, NULL outside of its worker
 * @route: who answers
 * @peer: who asks
 * @name: what it called us
 * @refusal: what to answer once the body is swallowed
 * @wait_ms: for the Retry-After of it
 * @path: decoded segments, one after the other
 * @parts: where in it the "{}" are
 * @body: what came
 * @len: of it
 * @room: of it
 * @expected: its length as announced
 * @lock: protects what follows
 * @state: enum qf_state
 * @mhd: connection to resume in QF_LATE
 * @headers: of the answer
 * @n_headers: of these
 * @status: of the answer
 * @type: of the answer
 * @answer: its body
 * @answer_len: of it
 */
struct qf_request {
	atomic_uint refs;
	struct qf_https *server;
	struct qf_conn *conn;
	const struct qf_https_route *route;
	struct qf_peer peer;
	char name[256];
	struct qf_problem refusal;
	unsigned int wait_ms;
	char path[QF_PATH_MAX];
	const char *parts[QF_PARTS_MAX];
	char *body;
	size_t len, room, expected;
	pthread_mutex_t lock;
	enum qf_state state;
	struct MHD_Connection *mhd;
	struct qf_header headers[QF_HEADERS_MAX];
	unsigned int n_headers;
	unsigned int status;
	const char *type;
	void *answer;
	size_t answer_len;
};

struct qf_names;

/**
 * struct qf_https - a server
 * @config: as given, defaults filled in
 * @daemon: libmicrohttpd's
 * @closing: no handler is called any more
 * @trust: number of the verdicts that hold
 * @addresses: connections of each
 * @members: connections and requests of each
 * @lock: protects @conns, @names and @retired
 * @wake: of the watch: there are connections, or it shall end
 * @watch: thread that watches deadlines
 * @watching: it shall
 * @conns: all connections
 * @names: what new handshakes choose from
 * @retired: what handshakes under way may still use
 */
struct qf_https {
	struct qf_https_config config;
	struct MHD_Daemon *daemon;
	atomic_bool closing;
	atomic_ulong trust;
	struct qf_turnstile *addresses, *members;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t watch;
	bool watching;
	struct qf_conn *conns;
	struct qf_names *names, *retired;
	atomic_ulong connections, requests, served, overdue, refused;
};

/* --- https-watch.c ------------------------------------------------------------ */

int64_t qf_monotonic_ms(void);
void qf_conn_phase_ms(struct qf_conn *conn, enum qf_phase phase, unsigned int ms);
void qf_conn_phase(struct qf_conn *conn, enum qf_phase phase);
struct qf_conn *qf_conn_of(struct MHD_Connection *mhd);
void qf_conn_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code);
enum MHD_Result qf_conn_welcome(void *arg, const struct sockaddr *address, socklen_t len);
void *qf_watch(void *arg);

/* --- https-names.c ------------------------------------------------------------ */

struct qf_names *qf_names_new(const struct qf_https_identity *identities, size_t n,
			      struct qn_error *err);
void qf_names_free(struct qf_names *names);
void qf_names_expire(struct qf_https *server, int64_t now);
int qf_names_choose(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
		    gnutls_pcert_st **certs, unsigned int *n, gnutls_ocsp_data_st **ocsp,
		    unsigned int *n_ocsp, gnutls_privkey_t *key, unsigned int *flags);

/* --- https-route.c ------------------------------------------------------------ */

/* The route of a method and a path; @problem and NULL if there is none. */
const struct qf_https_route *qf_https_find(const struct qf_https_config *config, const char *method,
					   const char *path, struct qf_request *req,
					   struct qf_problem *problem);

/* May strangers come to a path, whatever the method? */
bool qf_https_strangers(const struct qf_https_config *config, const char *path);

/* Decode %XX; -1 if it is bad, or hides a control character, or is too long. */
int qf_decode(const char *text, size_t len, char *out, size_t size);

/* --- https-request.c ---------------------------------------------------------- */

enum MHD_Result qf_request_come(void *arg, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **context);
void *qf_request_line(void *arg, const char *uri, struct MHD_Connection *mhd);
void qf_request_ended(void *arg, struct MHD_Connection *mhd, void **context,
		      enum MHD_RequestTerminationCode code);
void qf_request_overdue(struct qf_conn *conn);

#endif
