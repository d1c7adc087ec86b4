// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls, by libcurl's multi interface in the event loop. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <curl/curl.h>

#include "client.h"

/* Below the time after which a server closes an idle connection. */
#define IDLE_S 50

#define HEADERS_MAX 32768

/* A socket of libcurl's. */
struct watched {
	struct watched *next;
	struct qf_client *client;
	sd_event_source *source;
};

struct qf_client {
	struct qf_client_config config;
	char *chain_file, *key_file;
	CURLM *multi;
	struct curl_slist *pinned;
	sd_event_source *timer;
	struct watched *watched;
	struct qf_call *calls;
};

struct qf_call {
	struct qf_call *next, **at;
	struct qf_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *url, *host, *method;
	char error[CURL_ERROR_SIZE];
	struct qn_error refusal; /* ours, if there is a text */
	qf_call_done done;
	void *arg;
	size_t room, max_answer, header_octets;
	char *body;
	struct qf_call_answer answer;
	struct qn_error err; /* of libcurl's, when it has ended */
};

/* --- the event loop ------------------------------------------------------------ */

static void end(struct qf_call *call)
{
	*call->at = call->next;
	if (call->next)
		call->next->at = call->at;
	curl_multi_remove_handle(call->client->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	if (call->body) {
		explicit_bzero(call->body, call->room);
		free(call->body);
	}
	free(call->url);
	free(call->host);
	free(call->method);
	free(call);
}

static void describe(struct qf_call *call, CURLcode code)
{
	struct qn_error *err = &call->err;

	if (*call->refusal.text) {
		qn_fail(err, "%s: %s", call->host, call->refusal.text);
		return;
	}
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		qn_fail_errno(err, ETIMEDOUT, "%s does not answer in time%s%s", call->host,
			      *call->error ? ": " : "", call->error);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		qn_fail(err, "%s: there is no such name, or no name server answers", call->host);
		break;
	default:
		qn_fail(err, "%s: %s", call->host,
			*call->error ? call->error : curl_easy_strerror(code));
	}
}

/* Tell of one that has ended: its function may end or begin others. */
static void tell(struct qf_client *client)
{
	struct qf_call *call;
	CURLMsg *message;
	CURLcode code;
	long status, fresh;
	char *type;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		status = 0;
		fresh = 1;
		type = NULL;
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &fresh);
		curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
		call->answer.reused = !fresh;
		if (code == CURLE_OK && !*call->refusal.text) {
			call->answer.status = status;
			call->answer.body = call->body ? call->body : "";
			snprintf(call->answer.type, sizeof(call->answer.type), "%s",
				 type ? type : "");
		} else {
			describe(call, code);
			call->answer.len = 0;
			call->answer.body = "";
		}
		call->done(call->arg, &call->answer, call->answer.status ? NULL : &call->err);
		end(call);
	}
}

static void act(struct qf_client *client, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(client->multi, fd, events, &running);
	tell(client);
}

static int ready(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct watched *watched = arg;
	int events = 0;

	(void)source;
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
		events |= CURL_CSELECT_IN;
	if (revents & EPOLLOUT)
		events |= CURL_CSELECT_OUT;
	if (revents & EPOLLERR)
		events |= CURL_CSELECT_ERR;
	act(watched->client, fd, events);
	return 0;
}

static int timed_out(sd_event_source *source, uint64_t when, void *arg)
{
	(void)source;
	(void)when;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static void unwatch(struct watched *watched)
{
	struct watched **at = &watched->client->watched;

	while (*at != watched)
		at = &(*at)->next;
	*at = watched->next;
	sd_event_source_disable_unref(watched->source);
	free(watched);
}

/* libcurl says what it waits for at a socket. */
static int watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct watched *watched = socket_arg;
	struct qf_client *client = arg;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			unwatch(watched);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (watched)
		return sd_event_source_set_io_events(watched->source, events) < 0 ? -1 : 0;
	watched = qn_alloc(sizeof(*watched));
	watched->client = client;
	if (sd_event_add_io(client->config.event, &watched->source, fd, events, ready, watched) <
	    0) {
		free(watched);
		return -1;
	}
	watched->next = client->watched;
	client->watched = watched;
	curl_multi_assign(client->multi, fd, watched);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct qf_client *client = arg;

	(void)multi;
	if (ms < 0)
		return sd_event_source_set_enabled(client->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(client->timer, ms * 1000ull) < 0 ||
	    sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

struct qf_client *qf_client_open(const struct qf_client_config *config, struct qn_error *err)
{
	struct qf_client *client;
	unsigned int i;

	if (access(config->chain_file, R_OK) < 0 || access(config->key_file, R_OK) < 0) {
		qn_fail_errno(err, errno, "%s or %s: %s", config->chain_file, config->key_file,
			      strerror(errno));
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		qn_fail(err, "libcurl does not start");
		return NULL;
	}
	client = qn_alloc(sizeof(*client));
	client->config = *config;
	client->chain_file = qn_strdup(config->chain_file);
	client->key_file = qn_strdup(config->key_file);
	for (i = 0; config->pinned && config->pinned[i]; i++)
		client->pinned = curl_slist_append(client->pinned, config->pinned[i]);
	client->config.pinned = NULL;
	if (!config->check)
		client->config.check = qf_address_global;
	sd_event_ref(client->config.event);
	client->multi = curl_multi_init();
	if (!client->multi ||
	    sd_event_add_time_relative(config->event, &client->timer, CLOCK_MONOTONIC, 0, 1,
				       timed_out, client) < 0 ||
	    sd_event_source_set_enabled(client->timer, SD_EVENT_OFF) < 0) {
		qn_fail(err, "no memory for an HTTPS client");
		qf_client_close(client);
		return NULL;
	}
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			  config->connections ? (long)config->connections : 4l);
	return client;
}

void qf_client_close(struct qf_client *client)
{
	if (!client)
		return;
	while (client->calls)
		end(client->calls);
	if (client->multi)
		curl_multi_cleanup(client->multi);
	while (client->watched)
		unwatch(client->watched);
	sd_event_source_disable_unref(client->timer);
	sd_event_unref(client->config.event);
	curl_slist_free_all(client->pinned);
	free(client->chain_file);
	free(client->key_file);
	free(client);
	curl_global_cleanup();
}

/* --- what libcurl asks ---------------------------------------------------------- */

/* May this address be called? */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct qf_call *call = arg;
	struct qf_client *client = call->client;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    client->config.check(client->config.check_arg, &address->addr, address->addrlen,
				 &call->refusal) < 0)
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      address->protocol);
}

/* TLS is up, nothing has been sent: who is it? Also on a connection that was there. */
static int judge(void *arg, char *address, char *local, int port, int local_port)
{
	struct qf_call *call = arg;
	const struct qf_client_config *config = &call->client->config;
	const struct curl_tlssessioninfo *tls = NULL;
	struct qf_problem problem = { 0 };

	(void)address;
	(void)local;
	(void)port;
	(void)local_port;
	call->answer.sent = false;
	/* An address was refused, and another one answered. */
	memset(&call->refusal, 0, sizeof(call->refusal));
	if (curl_easy_getinfo(call->easy, CURLINFO_TLS_SSL_PTR, &tls) || !tls ||
	    tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals) {
		qn_fail(&call->refusal,
			"no TLS session is there to look at: libcurl has to be the one built with GnuTLS");
		return CURL_PREREQFUNC_ABORT;
	}
	if (qf_peer_judge(tls->internals, config->verify, config->verify_arg, call->host,
			  &call->answer.peer, &problem) < 0) {
		qn_fail(&call->refusal, "its certificate is not taken: %s", problem.detail);
		return CURL_PREREQFUNC_ABORT;
	}
	call->answer.sent = true;
	return CURL_PREREQFUNC_OK;
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
	struct qf_call *call = arg;

	(void)data;
	call->header_octets += size * n;
	if (call->header_octets <= HEADERS_MAX)
		return size * n;
	qn_fail(&call->refusal, "the header of its answer is longer than %d octets", HEADERS_MAX);
	return 0;
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct qf_call *call = arg;
	size_t len = size * n, room = call->room ? call->room : 2048;
	char *body;

	if (len > call->max_answer - call->answer.len) {
		qn_fail(&call->refusal, "its answer is longer than %zu octets", call->max_answer);
		return 0;
	}
	while (room < call->answer.len + len + 1)
		room *= 2;
	if (room != call->room) {
		/* Not realloc(): an answer may hold key. */
		body = qn_alloc(room);
		if (call->body) {
			memcpy(body, call->body, call->answer.len);
			explicit_bzero(call->body, call->room);
			free(call->body);
		}
		call->body = body;
		call->room = room;
	}
	memcpy(call->body + call->answer.len, data, len);
	call->answer.len += len;
	call->body[call->answer.len] = 0;
	return len;
}

/* --- a call --------------------------------------------------------------------- */

/* The host of a base address; NULL with @err if it is not one to call. */
static char *host_of(const char *base, struct qn_error *err)
{
	char *part = NULL, *host = NULL;
	CURLU *url = curl_url();

	if (!url || curl_url_set(url, CURLUPART_URL, base, 0) ||
	    curl_url_get(url, CURLUPART_SCHEME, &part, 0) || strcmp(part, "https") != 0) {
		qn_fail(err,
			"%.200s is no address of an office: it has to be https://HOST[:PORT][/PATH]",
			base);
		goto out;
	}
	curl_free(part);
	part = NULL;
	if (!curl_url_get(url, CURLUPART_USER, &part, 0) ||
	    !curl_url_get(url, CURLUPART_QUERY, &part, 0) ||
	    !curl_url_get(url, CURLUPART_FRAGMENT, &part, 0)) {
		qn_fail(err, "%.200s: an office's address has no user, query or fragment", base);
		goto out;
	}
	if (!curl_url_get(url, CURLUPART_HOST, &part, 0))
		host = qn_strdup(part);
	else
		qn_fail(err, "%.200s: it names no host", base);
out:
	curl_free(part);
	curl_url_cleanup(url);
	return host;
}

/* A path that stays below the base, whoever puts its dots together. */
static int check_path(const char *path, struct qn_error *err)
{
	const char *at = path;
	size_t dots, len;

	if (*path != '/')
		return qn_fail(err, "%.100s: a path begins with '/'", path);
	for (; *at; at++)
		if (*at <= 0x20 || *at > 0x7e || *at == '#' || *at == '\\')
			return qn_fail(err,
				       "a path has a character that has to be written as %%XX");
	for (at = path; *at == '/'; at += len) {
		at++;
		len = strcspn(at, "/?");
		for (dots = 0; dots < len;) {
			if (at[dots] == '.')
				dots++;
			else if (!strncasecmp(at + dots, "%2e", 3))
				dots += 3;
			else
				break;
		}
		if (len && dots == len)
			return qn_fail(err, "%.100s: a path must not lead elsewhere by dots", path);
	}
	return 0;
}

static CURLcode set_all(struct qf_call *call, const struct qf_call_request *request)
{
	struct qf_client *client = call->client;
	CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(call->easy, option, value))
	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_ERRORBUFFER, call->error);
	SET(CURLOPT_NOSIGNAL, 1l);
	/* What the environment and files of users say does not count. */
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_FOLLOWLOCATION, 0l);
	SET(CURLOPT_PATH_AS_IS, 1l);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_RESOLVE, client->pinned);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, call);
	/*
	 * libcurl cannot verify against the trust of one federation and its list
	 * of revocations: judge() does, before anything is sent.
	 */
	SET(CURLOPT_SSL_VERIFYPEER, 0l);
	SET(CURLOPT_SSL_VERIFYHOST, 0l);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_PREREQFUNCTION, judge);
	SET(CURLOPT_PREREQDATA, call);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0l);
	SET(CURLOPT_SSLCERT, client->chain_file);
	SET(CURLOPT_SSLKEY, client->key_file);
	SET(CURLOPT_MAXAGE_CONN, (long)IDLE_S);
	SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_ms ? (long)request->connect_ms : 5000l);
	SET(CURLOPT_TIMEOUT_MS, request->total_ms ? (long)request->total_ms : 30000l);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, take);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_HTTPHEADER, call->headers);
	if (request->body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
		SET(CURLOPT_COPYPOSTFIELDS, (const char *)request->body);
	} else if (strcmp(call->method, "GET") != 0) {
		SET(CURLOPT_POSTFIELDS, "");
	}
	SET(CURLOPT_CUSTOMREQUEST, call->method);
#undef SET
	return bad;
}

struct qf_call *qf_call(struct qf_client *client, const struct qf_call_request *request,
			qf_call_done done, void *arg, struct qn_error *err)
{
	struct qf_call *call;
	char *host, *line;
	unsigned int i;
	size_t len;

	if (check_path(request->path, err) < 0)
		return NULL;
	host = host_of(request->base, err);
	if (!host)
		return NULL;
	call = qn_alloc(sizeof(*call));
	call->client = client;
	call->host = host;
	call->done = done;
	call->arg = arg;
	call->method = qn_strdup(request->method);
	call->max_answer = request->max_answer ? request->max_answer : 1 << 20;
	len = strlen(request->base);
	while (len && request->base[len - 1] == '/')
		len--;
	call->url = qn_asprintf("%.*s%s", (int)len, request->base, request->path);
	line = qn_asprintf("Content-Type: %s", request->type ? request->type : "application/json");
	if (request->body)
		call->headers = curl_slist_append(call->headers, line);
	free(line);
	/* Waiting for a leave to send costs a round trip, or a second. */
	call->headers = curl_slist_append(call->headers, "Expect:");
	for (i = 0; request->headers && request->headers[i]; i++)
		call->headers = curl_slist_append(call->headers, request->headers[i]);

	call->next = client->calls;
	if (call->next)
		call->next->at = &call->next;
	call->at = &client->calls;
	client->calls = call;
	call->easy = curl_easy_init();
	if (!call->easy || set_all(call, request) ||
	    curl_multi_add_handle(client->multi, call->easy)) {
		qn_fail(err, "libcurl does not take the call: it lacks memory or a feature");
		end(call);
		return NULL;
	}
	return call;
}

void qf_call_cancel(struct qf_call *call)
{
	end(call);
}
