/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTPS server: routes, who calls them, and the answers.
 *
 * Threads: libmicrohttpd's workers do TLS and HTTP and call the handlers; one
 * thread of ours watches deadlines. A handler must not block: it answers at once,
 * or keeps the request and has any thread answer later.
 *
 * The client's certificate is required in the handshake and judged before a body
 * is read; again for each request once the verdict's time is over, or after
 * qf_https_judge_again().
 */
#ifndef QF_HTTPS_H
#define QF_HTTPS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base.h"
#include "peer.h"

struct qf_https;
struct qf_request;

/**
 * struct qf_https_route - a method and a path, and who answers
 * @method: "GET", "POST", ...
 * @path: of segments; "{}" stands for any one: "/ff/v1/orders/{}"
 * @max_body: octets of body accepted; 0: none at all
 * @answer_ms: how long an answer may take before the client gets 503; 0: the
 *	server's limit
 * @strangers: clients are let in whose certificate nobody knows; their
 *	qf_peer.member is empty
 * @handle: called with the complete request, which it must answer, now or later,
 *	by exactly one qf_reply*()
 * @arg: for @handle
 */
struct qf_https_route {
	const char *method;
	const char *path;
	size_t max_body;
	unsigned int answer_ms;
	bool strangers;
	void (*handle)(struct qf_request *req, void *arg);
	void *arg;
};

/**
 * struct qf_https_identity - one of the names under which we answer
 * @name: what a client must ask for (SNI)
 * @chain: our certificates, PEM, the end one first
 * @key: the private key, PEM
 */
struct qf_https_identity {
	const char *name;
	gnutls_datum_t chain;
	gnutls_datum_t key;
};

/**
 * struct qf_https_limits - what a client may use up; 0 stands for the default
 * @threads: workers (2)
 * @connections: of all (1024); each needs a descriptor
 * @per_address: connections of an IPv4 address or an IPv6 /64 (64)
 * @per_member: connections of a member, all its certificates together (32)
 * @requests_per_s: of a member, on the average (200); a stranger is counted by
 *	address
 * @burst: requests of a member at once (400)
 * @handshake_ms: from the connection to the end of the handshake (5,000)
 * @header_ms: from the end of the handshake, or from a request's first line, to the
 *	end of its header (5,000)
 * @body_ms: from the end of the header to that of the body (10,000)
 * @answer_ms: from the end of the body until the handler has answered (30,000)
 * @send_ms: for the client to take the answer (10,000)
 * @idle_ms: from an answer to the next request's first line (60,000)
 * @header_size: octets of a header, and of memory for a connection (16,384)
 *
 * Deadlines hold whatever comes meanwhile; they are kept to within 0.2 s.
 */
struct qf_https_limits {
	unsigned int threads;
	unsigned int connections;
	unsigned int per_address;
	unsigned int per_member;
	unsigned int requests_per_s;
	unsigned int burst;
	unsigned int handshake_ms;
	unsigned int header_ms;
	unsigned int body_ms;
	unsigned int answer_ms;
	unsigned int send_ms;
	unsigned int idle_ms;
	unsigned int header_size;
};

/**
 * struct qf_https_config - a server
 * @listen: a listening socket; stays the caller's, who closes it after the server
 * @tls12: TLS 1.2 too, for ETSI GS QKD 014; else 1.3 only
 * @routes: must outlive the server; the first that fits counts
 * @n_routes: how many
 * @verify: who judges clients
 * @verify_arg: for @verify
 * @limits: of use
 */
struct qf_https_config {
	int listen;
	bool tls12;
	const struct qf_https_route *routes;
	size_t n_routes;
	qf_verify verify;
	void *verify_arg;
	struct qf_https_limits limits;
};

/**
 * struct qf_https_stats - what happens at a server
 * @connections: open now
 * @requests: with an answer outstanding now
 * @served: requests answered since the start
 * @overdue: connections closed and requests answered by a deadline
 * @refused: connections and requests beyond their share, or of nobody known
 */
struct qf_https_stats {
	unsigned long connections;
	unsigned long requests;
	unsigned long served;
	unsigned long overdue;
	unsigned long refused;
};

/**
 * qf_https_open() - start a server
 * @config: copied, but for what it points at
 * @identities: at least one; copied
 * @n: how many
 * @err: what went wrong
 *
 * Context: starts threads, so after privilege is dropped and before it is
 * forbidden to start any.
 *
 * Return: a server for qf_https_close(), or NULL with @err.
 */
struct qf_https *qf_https_open(const struct qf_https_config *config,
			       const struct qf_https_identity *identities, size_t n,
			       struct qn_error *err);

/**
 * qf_https_close() - stop it
 * @server: server, or NULL
 * @grace_ms: how long clients have to take what is being sent to them
 *
 * Requests that nobody has answered are answered by 503 at once; what is later
 * replied to them is dropped. After this no handler runs. Not to be called by one.
 */
void qf_https_close(struct qf_https *server, unsigned int grace_ms);

/**
 * qf_https_identify() - other names and certificates from the next handshake on
 * @server: server
 * @identities: all that shall count
 * @n: how many, at least one
 * @err: which of them is bad; then nothing has changed
 *
 * Return: 0, or -1 with @err.
 */
int qf_https_identify(struct qf_https *server, const struct qf_https_identity *identities, size_t n,
		      struct qn_error *err);

/**
 * qf_https_judge_again() - forget all verdicts, after a change of trust
 * @server: server
 *
 * Connections stay; the next request of each is judged anew. Any thread.
 */
void qf_https_judge_again(struct qf_https *server);

/* What happens at a server. Any thread. */
void qf_https_stats(struct qf_https *server, struct qf_https_stats *stats);

/*
 * What a request says. The first three hold until it is answered. The others, up
 * to the end of the handler that was called with it: copy what is needed later.
 */

/* The one who asks; the name that it called us by. */
const struct qf_peer *qf_request_peer(const struct qf_request *req);
const char *qf_request_name(const struct qf_request *req);

/* The body, with a NUL behind it that does not count. */
const char *qf_request_body(const struct qf_request *req, size_t *len);

/* The segment in the I-th "{}" of the path, decoded; never NULL for a "{}" of the route. */
const char *qf_request_part(const struct qf_request *req, unsigned int i);

/* The value of a header, NULL without. */
const char *qf_request_header(const struct qf_request *req, const char *name);

/**
 * qf_request_query() - a parameter behind the "?" of the address
 * @req: request
 * @name: of the parameter
 * @value: its value, decoded; an empty string if it is there without one
 * @size: of @value; a longer one is as bad as one that cannot be decoded
 *
 * Return: 1; 0 if it is not there; -1 if it is bad or there twice.
 */
int qf_request_query(const struct qf_request *req, const char *name, char *value, size_t size);

/*
 * The answer. Any thread; the request is gone for the caller afterwards, and
 * whoever asked may be gone long since: then nothing happens.
 */

/**
 * qf_reply_header() - a header of the answer, before the answer itself
 * @req: request
 * @name: such as "ETag"
 * @value: of printable ASCII; anything else is left out with the header
 */
void qf_reply_header(struct qf_request *req, const char *name, const char *value);

/**
 * qf_reply() - answer a request
 * @req: request
 * @status: HTTP status
 * @type: of the content; static; NULL for none
 * @body: from malloc(), taken over, overwritten before it is freed; or NULL
 * @len: octets of @body
 */
void qf_reply(struct qf_request *req, unsigned int status, const char *type, void *body,
	      size_t len);

/* Answer by a JSON value, which is copied. */
void qf_reply_json(struct qf_request *req, unsigned int status, const json_t *value);

/* Answer by a problem document (RFC 9457). */
void qf_reply_problem(struct qf_request *req, const struct qf_problem *problem);

#endif
