// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests as they come, and their answers as they go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "https-parts.h"

/* For how long somebody unknown is taken to be so, in microseconds. */
#define STRANGER_FOR (2 * QF_SECOND)

static void request_put(struct qf_request *req)
{
	unsigned int i;

	if (atomic_fetch_sub(&req->refs, 1) != 1)
		return;
	if (req->answer) {
		gnutls_memset(req->answer, 0, req->answer_len);
		free(req->answer);
	}
	if (req->body) {
		gnutls_memset(req->body, 0, req->room);
		free(req->body);
	}
	for (i = 0; i < req->n_headers; i++) {
		free(req->headers[i].name);
		free(req->headers[i].value);
	}
	pthread_mutex_destroy(&req->lock);
	free(req);
}

/* --- who ---------------------------------------------------------------------- */

static void who(const struct qf_conn *conn, char text[QF_WHO_SIZE])
{
	if (conn->stranger)
		snprintf(text, QF_WHO_SIZE, "@%s", conn->address);
	else
		snprintf(text, QF_WHO_SIZE, "%s/%s", conn->name, conn->peer.member);
}

static void judge(struct qf_conn *conn)
{
	struct qf_https *server = conn->server;
	unsigned long trust = atomic_load(&server->trust);
	char now_as[QF_WHO_SIZE];

	if (conn->judged == trust && qf_now() < conn->peer.until)
		return;
	memset(&conn->problem, 0, sizeof(conn->problem));
	conn->stranger = qf_peer_judge(conn->session, server->config.verify,
				       server->config.verify_arg, conn->name, &conn->peer,
				       &conn->problem) < 0;
	if (conn->stranger)
		conn->peer.until = qf_now() + STRANGER_FOR;
	conn->judged = trust;

	who(conn, now_as);
	if (!conn->crowded && !strcmp(now_as, conn->entered_as))
		return;
	if (*conn->entered_as)
		qf_turnstile_leave(server->members, conn->entered_as);
	conn->crowded = !qf_turnstile_enter(server->members, now_as);
	snprintf(conn->entered_as, sizeof(conn->entered_as), "%s", conn->crowded ? "" : now_as);
}

/* Is whoever asks welcome, here and now? */
static int welcome(struct qf_conn *conn, struct qf_request *req, const char *path)
{
	struct qf_https *server = conn->server;
	char text[QF_WHO_SIZE];

	if (atomic_load(&server->closing))
		return qf_problem(&req->refusal, QF_UNAVAILABLE,
				  "this office is about to stop: try again in a minute");
	judge(conn);
	if (conn->crowded)
		return qf_problem(&req->refusal, QF_TOO_MANY,
				  "more than %u connections: close some, or keep to fewer",
				  server->config.limits.per_member);
	who(conn, text);
	req->wait_ms = qf_turnstile_pass(server->members, text, qf_monotonic_ms());
	if (req->wait_ms)
		return qf_problem(&req->refusal, QF_TOO_MANY,
				  "more than %u requests a second: try again in %u ms",
				  server->config.limits.requests_per_s, req->wait_ms);
	if (conn->stranger && !qf_https_strangers(&server->config, path)) {
		req->refusal = conn->problem;
		return -1;
	}
	return 0;
}

/* --- what comes --------------------------------------------------------------- */

static const char *header(struct MHD_Connection *mhd, const char *name)
{
	return MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name);
}

/* How long the body will be, which has to be said beforehand. */
static int body_length(struct MHD_Connection *mhd, struct qf_request *req)
{
	const char *text = header(mhd, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long len;
	char *end;

	if (header(mhd, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		req->expected = SIZE_MAX;
		return qf_problem(&req->refusal, QF_MALFORMED,
				  "Transfer-Encoding is not taken: send Content-Length");
	}
	if (!text)
		return 0;
	errno = 0;
	len = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno) {
		req->expected = SIZE_MAX;
		return qf_problem(&req->refusal, QF_MALFORMED, "Content-Length is no number");
	}
	req->expected = len;
	return 0;
}

static int acceptable(struct qf_conn *conn, struct qf_request *req, const char *method,
		      const char *path)
{
	int length = body_length(conn->mhd, req);

	if (welcome(conn, req, path) < 0) {
		conn->server->refused++;
		return -1;
	}
	if (length < 0)
		return -1;
	req->route = qf_https_find(&conn->server->config, method, path, req, &req->refusal);
	if (!req->route)
		return -1;
	if (conn->stranger && !req->route->strangers) {
		req->refusal = conn->problem;
		conn->server->refused++;
		return -1;
	}
	if (req->expected > req->route->max_body)
		return qf_problem(&req->refusal, QF_TOO_LARGE,
				  "the body has %zu octets, %zu at most are taken", req->expected,
				  req->route->max_body);
	return 0;
}

static struct qf_request *request_new(struct qf_conn *conn)
{
	struct qf_request *req = qn_alloc(sizeof(*req));

	pthread_mutex_init(&req->lock, NULL);
	req->refs = 1;
	req->server = conn->server;
	req->conn = conn;
	return req;
}

/* Room for a body grows as it comes: who announces much and sends nothing has none. */
static int take(struct qf_request *req, const char *data, size_t len)
{
	size_t room = req->room ? req->room : 2048;
	char *body;

	if (len > req->expected - req->len)
		return -1;
	while (room < req->len + len + 1)
		room *= 2;
	if (room != req->room) {
		/* Not realloc(), which leaves what was in the old place. */
		body = qn_alloc(room);
		if (req->body) {
			memcpy(body, req->body, req->len);
			gnutls_memset(req->body, 0, req->room);
			free(req->body);
		}
		req->body = body;
		req->room = room;
	}
	memcpy(req->body + req->len, data, len);
	req->len += len;
	return 0;
}

/* --- what goes ---------------------------------------------------------------- */

static void sent(void *arg)
{
	request_put(arg);
}

static const char *const reason_closing = "close";

/* Hand the answer over. The worker only, state QF_ANSWERED. */
static enum MHD_Result send_answer(struct qf_conn *conn, struct qf_request *req, bool last)
{
	struct MHD_Response *response;
	enum MHD_Result ret;
	char text[16];
	unsigned int i;

	/* The response lives as long as libmicrohttpd sends it, the request as long. */
	atomic_fetch_add(&req->refs, 1);
	response = MHD_create_response_from_buffer_with_free_callback_cls(req->answer_len,
									  req->answer ?
										  req->answer :
										  "",
									  sent, req);
	if (!response) {
		request_put(req);
		return MHD_NO;
	}
	if (req->type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, req->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	for (i = 0; i < req->n_headers; i++)
		MHD_add_response_header(response, req->headers[i].name, req->headers[i].value);
	if (req->wait_ms) {
		snprintf(text, sizeof(text), "%u", (req->wait_ms + 999) / 1000);
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, text);
	}
	if (last || conn->crowded || atomic_load(&conn->server->closing))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, reason_closing);
	qf_conn_phase(conn, QF_SEND);
	ret = MHD_queue_response(conn->mhd, req->status, response);
	MHD_destroy_response(response);
	return ret;
}

/* Keep an answer; false if it comes too late. Under qf_request.lock. */
static bool keep_answer(struct qf_request *req, unsigned int status, const char *type, void *body,
			size_t len)
{
	enum qf_state was = req->state;

	if (was == QF_ANSWERED || was == QF_OVER)
		return false;
	if (was != QF_READING)
		req->server->requests--;
	req->status = status;
	req->type = type;
	req->answer = body;
	req->answer_len = body ? len : 0;
	req->state = QF_ANSWERED;
	if (was == QF_LATE)
		MHD_resume_connection(req->mhd);
	return true;
}

static void answer_problem(struct qf_request *req, const struct qf_problem *problem)
{
	json_t *document = qf_problem_json(problem);
	char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	if (!keep_answer(req, qf_problem_status(problem), QF_PROBLEM_MEDIA, text,
			 text ? strlen(text) : 0))
		free(text);
}

/* --- what libmicrohttpd calls ------------------------------------------------- */

/* The line of a request has come: from here on its header must. */
void *qf_request_line(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	struct qf_conn *conn = qf_conn_of(mhd);

	(void)arg;
	(void)uri;
	if (conn && atomic_load(&conn->phase) == QF_IDLE)
		qf_conn_phase(conn, QF_HEADER);
	return NULL;
}

static enum MHD_Result refuse(struct qf_conn *conn, struct qf_request *req, bool last)
{
	pthread_mutex_lock(&req->lock);
	answer_problem(req, &req->refusal);
	pthread_mutex_unlock(&req->lock);
	return send_answer(conn, req, last);
}

/* All of it is here. */
static enum MHD_Result run(struct qf_conn *conn, struct qf_request *req)
{
	enum MHD_Result ret = MHD_YES;
	bool answered;

	if (req->refusal.kind)
		return refuse(conn, req, false);
	req->peer = conn->peer;
	memcpy(req->name, conn->name, sizeof(req->name));
	if (!req->body)
		req->body = qn_alloc(req->room = 1);
	atomic_fetch_add(&req->refs, 1);
	req->server->requests++;
	req->state = QF_RUNNING;
	qf_conn_phase(conn, QF_ANSWER);
	req->route->handle(req, req->route->arg);

	pthread_mutex_lock(&conn->lock);
	pthread_mutex_lock(&req->lock);
	req->conn = NULL;
	if (req->state != QF_ANSWERED && atomic_load(&req->server->closing)) {
		qf_problem(&req->refusal, QF_UNAVAILABLE,
			   "this office is about to stop: try again in a minute");
		answer_problem(req, &req->refusal);
	}
	answered = req->state == QF_ANSWERED;
	if (!answered) {
		req->mhd = conn->mhd;
		req->state = QF_LATE;
		conn->late = req;
		qf_conn_phase_ms(conn, QF_ANSWER, req->route->answer_ms);
		MHD_suspend_connection(conn->mhd);
	}
	pthread_mutex_unlock(&req->lock);
	pthread_mutex_unlock(&conn->lock);
	if (answered)
		ret = send_answer(conn, req, false);
	return ret;
}

/* The header has come, then pieces of the body, then its end, then a late answer. */
enum MHD_Result qf_request_come(void *arg, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **context)
{
	struct qf_conn *conn = qf_conn_of(mhd);
	struct qf_request *req = *context;

	(void)arg;
	(void)version;
	if (!req) {
		req = request_new(conn);
		*context = req;
		qf_conn_phase(conn, QF_BODY);
		if (acceptable(conn, req, method, url) < 0 && req->expected > QF_SWALLOW_MAX)
			return refuse(conn, req, true);
		return MHD_YES;
	}
	if (*size) {
		if (!req->refusal.kind && take(req, data, *size) < 0)
			return MHD_NO;
		*size = 0;
		return MHD_YES;
	}
	if (req->state == QF_READING)
		return run(conn, req);
	pthread_mutex_lock(&conn->lock);
	conn->late = NULL;
	pthread_mutex_unlock(&conn->lock);
	return send_answer(conn, req, false);
}

/* Sent, or given up. */
void qf_request_ended(void *arg, struct MHD_Connection *mhd, void **context,
		      enum MHD_RequestTerminationCode code)
{
	struct qf_conn *conn = qf_conn_of(mhd);
	struct qf_request *req = *context;

	(void)arg;
	if (!req)
		return;
	*context = NULL;
	pthread_mutex_lock(&conn->lock);
	conn->late = NULL;
	pthread_mutex_unlock(&conn->lock);
	pthread_mutex_lock(&req->lock);
	if (req->state == QF_RUNNING || req->state == QF_LATE)
		req->server->requests--;
	req->state = QF_OVER;
	req->conn = NULL;
	pthread_mutex_unlock(&req->lock);
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
		conn->server->served++;
		qf_conn_phase(conn, QF_IDLE);
	}
	request_put(req);
}

/* No answer came in time, or the server stops: it is ours. The watch, or who closes. */
void qf_request_overdue(struct qf_conn *conn)
{
	bool closing = atomic_load(&conn->server->closing);
	struct qf_problem problem = { 0 };
	struct qf_request *req;

	pthread_mutex_lock(&conn->lock);
	req = conn->late;
	conn->late = NULL;
	if (req) {
		qf_problem(&problem, QF_UNAVAILABLE,
			   closing ?
				   "this office is about to stop: try again in a minute" :
				   "there is no answer yet: ask again, what was asked may be done");
		if (!closing)
			conn->server->overdue++;
		pthread_mutex_lock(&req->lock);
		answer_problem(req, &problem);
		pthread_mutex_unlock(&req->lock);
	}
	pthread_mutex_unlock(&conn->lock);
}

/* --- what handlers call ------------------------------------------------------- */

const struct qf_peer *qf_request_peer(const struct qf_request *req)
{
	return &req->peer;
}

const char *qf_request_name(const struct qf_request *req)
{
	return req->name;
}

const char *qf_request_body(const struct qf_request *req, size_t *len)
{
	*len = req->len;
	return req->body;
}

const char *qf_request_header(const struct qf_request *req, const char *name)
{
	return req->conn ? header(req->conn->mhd, name) : NULL;
}

void qf_reply_header(struct qf_request *req, const char *name, const char *value)
{
	const char *c;

	for (c = value; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return;
	pthread_mutex_lock(&req->lock);
	if ((req->state == QF_RUNNING || req->state == QF_LATE) &&
	    req->n_headers < QF_HEADERS_MAX) {
		req->headers[req->n_headers].name = qn_strdup(name);
		req->headers[req->n_headers++].value = qn_strdup(value);
	}
	pthread_mutex_unlock(&req->lock);
}

void qf_reply(struct qf_request *req, unsigned int status, const char *type, void *body, size_t len)
{
	bool kept;

	pthread_mutex_lock(&req->lock);
	kept = keep_answer(req, status, type, body, len);
	pthread_mutex_unlock(&req->lock);
	if (!kept && body) {
		gnutls_memset(body, 0, len);
		free(body);
	}
	request_put(req);
}

void qf_reply_json(struct qf_request *req, unsigned int status, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	qf_reply(req, status, "application/json", text, text ? strlen(text) : 0);
}

void qf_reply_problem(struct qf_request *req, const struct qf_problem *problem)
{
	pthread_mutex_lock(&req->lock);
	answer_problem(req, problem);
	pthread_mutex_unlock(&req->lock);
	request_put(req);
}
