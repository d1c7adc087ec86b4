// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTTPS client on loopback: a good server, and servers by hand that are not. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "fed/fed_test.h"
#include "https.h"
#include "https/pki.h"
#include "https/raw.h"
#include "sandbox.h"

#define NAME "office.b.example"

/* How late a deadline may be on a busy machine. */
#define LATE 10000

static struct authority ours, theirs;
static struct cert office, foreign, expired, misnamed, member;
static char chain_file[32] = "/tmp/qkdnf-test-XXXXXX";
static char key_file[32] = "/tmp/qkdnf-test-XXXXXX";

/* --- a server by hand ------------------------------------------------------------- */

/**
 * struct bad - a server that answers every request by the same octets
 * @cert: what it shows
 * @answer: what it says
 * @repeat: how often it says the last four octets of it again
 * @drip_ms: between any two octets of the answer
 * @then_wait: it does not close after it
 * @shake_ms: it waits before its handshake
 * @heard: requests that reached it
 */
struct bad {
	const struct cert *cert;
	const char *answer;
	unsigned int repeat;
	unsigned int drip_ms;
	bool then_wait;
	unsigned int shake_ms;
	atomic_int heard, connections;
	int fd, port;
	atomic_bool stop;
	pthread_t thread;
};

static void pause_for(struct bad *bad, unsigned int ms)
{
	long until = now_ms() + ms;

	while (!bad->stop && now_ms() < until)
		wait_ms(5);
}

static int say(struct bad *bad, gnutls_session_t session, const char *text, size_t len)
{
	size_t i, step = bad->drip_ms ? 1 : len;

	for (i = 0; i < len && !bad->stop; i += step) {
		if (gnutls_record_send(session, text + i, step) < 0)
			return -1;
		pause_for(bad, bad->drip_ms);
	}
	return bad->stop ? -1 : 0;
}

static void serve(struct bad *bad, int fd, gnutls_certificate_credentials_t credentials)
{
	struct timeval patience = { .tv_sec = 5 };
	gnutls_session_t session;
	char data[4096] = "";
	size_t len = 0;
	unsigned int i;
	ssize_t n;
	int ret;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	pause_for(bad, bad->shake_ms);
	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_transport_set_int(session, fd);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret) && !bad->stop);
	while (!ret && len < sizeof(data) - 1 && !strstr(data, "\r\n\r\n")) {
		n = gnutls_record_recv(session, data + len, sizeof(data) - 1 - len);
		if (n <= 0)
			ret = -1;
		else
			len += n;
		data[len] = 0;
	}
	if (!ret) {
		bad->heard++;
		ret = say(bad, session, bad->answer, strlen(bad->answer));
		for (i = 0; !ret && i < bad->repeat; i++)
			ret = say(bad, session, bad->answer + strlen(bad->answer) - 4, 4);
		if (!ret && bad->then_wait)
			pause_for(bad, 30000);
	}
	gnutls_deinit(session);
}

static void *serve_all(void *arg)
{
	gnutls_certificate_credentials_t credentials;
	struct bad *bad = arg;
	int fd;

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_x509_key_mem(credentials, &bad->cert->chain, &bad->cert->key,
					    GNUTLS_X509_FMT_PEM);
	while ((fd = accept(bad->fd, NULL, NULL)) >= 0) {
		bad->connections++;
		serve(bad, fd, credentials);
		close(fd);
	}
	gnutls_certificate_free_credentials(credentials);
	return NULL;
}

static int listener(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (void *)&at, &len) < 0)
		abort();
	*port = ntohs(at.sin_port);
	return fd;
}

static void bad_start(struct bad *bad)
{
	bad->fd = listener(&bad->port);
	if (!bad->cert)
		bad->cert = &office;
	if (pthread_create(&bad->thread, NULL, serve_all, bad))
		abort();
}

static void bad_stop(struct bad *bad)
{
	bad->stop = true;
	shutdown(bad->fd, SHUT_RDWR);
	pthread_join(bad->thread, NULL);
	close(bad->fd);
}

/* --- the client ---------------------------------------------------------------------- */

static int verify(void *arg, const char *name, const gnutls_datum_t *chain, unsigned int n,
		  struct qf_peer *peer, struct qf_problem *problem)
{
	const char *why = cert_check(arg, &chain[0], peer->member, sizeof(peer->member));

	(void)n;
	if (!why && strcmp(name, peer->member) != 0)
		why = "for another name";
	if (why)
		return qf_problem(problem, QF_UNAUTHENTICATED, "it is %s", why);
	return 0;
}

static int any_address(void *arg, const struct sockaddr *address, socklen_t len,
		       struct qn_error *err)
{
	(void)arg;
	(void)address;
	(void)len;
	(void)err;
	return 0;
}

struct result {
	int done, status;
	struct qf_call_answer answer;
	char *body;
	struct qn_error err;
};

static void keep(void *arg, const struct qf_call_answer *answer, const struct qn_error *err)
{
	struct result *result = arg;

	result->done++;
	result->answer = *answer;
	result->status = answer->status;
	free(result->body);
	result->body = malloc(answer->len + 1);
	memcpy(result->body, answer->body, answer->len);
	result->body[answer->len] = 0;
	if (err)
		result->err = *err;
	if (!err == !answer->status)
		test_fail(__FILE__, __LINE__, "an answer and an error, or neither");
}

struct side {
	sd_event *event;
	struct qf_client *client;
	char base[64], pin[64];
};

static bool side_open(struct side *side, int port, qf_address_check check)
{
	const char *const pinned[] = { side->pin, NULL };
	struct qf_client_config config = {
		.chain_file = chain_file,
		.key_file = key_file,
		.verify = verify,
		.verify_arg = &ours,
		.check = check,
		.pinned = pinned,
	};
	struct qn_error err;

	snprintf(side->base, sizeof(side->base), "https://" NAME ":%d/ff/v1/", port);
	snprintf(side->pin, sizeof(side->pin), NAME ":%d:127.0.0.1", port);
	if (sd_event_new(&side->event) < 0)
		return false;
	config.event = side->event;
	side->client = qf_client_open(&config, &err);
	if (!side->client)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return side->client;
}

static void side_close(struct side *side)
{
	qf_client_close(side->client);
	sd_event_unref(side->event);
}

static void wait_for(struct side *side, const int *done, int n)
{
	long until = now_ms() + 60000;

	while (*done < n && now_ms() < until)
		sd_event_run(side->event, 100000);
	if (*done < n)
		test_fail(__FILE__, __LINE__, "a call does not end");
}

static struct result ask(struct side *side, struct qf_call_request request)
{
	struct result result = { 0 };

	if (!request.base)
		request.base = side->base;
	if (!request.path)
		request.path = "/hello";
	if (!request.method)
		request.method = "GET";
	if (!qf_call(side->client, &request, keep, &result, &result.err))
		return result;
	wait_for(side, &result.done, 1);
	return result;
}

/* --- a good server -------------------------------------------------------------------- */

static void echo(struct qf_request *req, void *arg)
{
	const char *id = qf_request_header(req, "X-Id");
	size_t len;
	const char *body = qf_request_body(req, &len);
	char *copy;

	(void)arg;
	copy = malloc(len + 200);
	len = sprintf(copy, "%s:%s:%.*s", qf_request_peer(req)->member, id ? id : "", (int)len,
		      body);
	qf_reply(req, 200, "text/plain", copy, len);
}

static int let_in(void *arg, const char *name, const gnutls_datum_t *chain, unsigned int n,
		  struct qf_peer *peer, struct qf_problem *problem)
{
	(void)name;
	(void)n;
	(void)problem;
	peer->until = INT64_MAX;
	cert_check(arg, &chain[0], peer->member, sizeof(peer->member));
	return 0;
}

static const struct qf_https_route routes[] = {
	{ .method = "GET", .path = "/ff/v1/hello", .handle = echo },
	{ .method = "POST", .path = "/ff/v1/hello", .max_body = 100000, .handle = echo },
	{ .method = "DELETE", .path = "/ff/v1/hello", .handle = echo },
};

static struct qf_https *good_start(int fd)
{
	struct qf_https_identity identity = { NAME, office.chain, office.key };
	struct qf_https_config config = {
		.listen = fd,
		.routes = routes,
		.n_routes = QN_ARRAY_SIZE(routes),
		.verify = let_in,
		.verify_arg = &ours,
		.limits = { .connections = 256, .requests_per_s = 10000, .burst = 10000 },
	};
	struct qf_https *server;
	struct qn_error err;

	server = qf_https_open(&config, &identity, 1, &err);
	if (!server)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return server;
}

static void good(void)
{
	const char *const headers[] = { "X-Id: 7", NULL };
	struct qf_call_request request = { .method = "POST" };
	struct qf_https *server;
	struct result result;
	struct side side;
	int fd, port, i;
	char body[50000];

	fd = listener(&port);
	server = good_start(fd);
	REQUIRE(server);
	REQUIRE(side_open(&side, port, any_address));
	for (i = 0; i < 20; i++) {
		result = ask(&side, (struct qf_call_request){ 0 });
		CHECK(result.status == 200 && !strcmp(result.body, "member::"));
		CHECK(result.answer.reused == (i > 0) && result.answer.sent);
		CHECK(!strcmp(result.answer.peer.member, NAME));
		CHECK(strlen(result.answer.peer.fingerprint) == 64);
		CHECK(!strcmp(result.answer.type, "text/plain"));
		free(result.body);
	}
	memset(body, 'x', sizeof(body));
	request.body = body;
	request.len = sizeof(body);
	request.headers = headers;
	result = ask(&side, request);
	CHECK(result.status == 200 && result.answer.len == sizeof(body) + strlen("member:7:"));
	free(result.body);
	result = ask(&side, (struct qf_call_request){ .method = "DELETE" });
	CHECK(result.status == 200);
	free(result.body);
	result = ask(&side, (struct qf_call_request){ .path = "/nothing" });
	CHECK(result.status == 404 && !strcmp(result.answer.type, "application/problem+json"));
	free(result.body);

	/* The server begins anew: the connection that was kept is dead, which is nobody's error. */
	qf_https_close(server, 100);
	server = good_start(fd);
	REQUIRE(server);
	result = ask(&side, (struct qf_call_request){ .method = "POST", .body = "{}", .len = 2 });
	CHECK(result.status == 200 && !result.answer.reused);
	free(result.body);
	side_close(&side);
	qf_https_close(server, 100);
	close(fd);
}

static void many(void)
{
	struct result results[100] = { 0 };
	struct qf_call_request request = { .method = "GET", .path = "/hello" };
	struct qf_call *calls[100];
	struct qf_https *server;
	struct side side;
	struct qn_error err;
	int fd, port, i;

	fd = listener(&port);
	server = good_start(fd);
	REQUIRE(server);
	REQUIRE(side_open(&side, port, any_address));
	request.base = side.base;
	for (i = 0; i < 100; i++) {
		calls[i] = qf_call(side.client, &request, keep, &results[i], &err);
		CHECK(calls[i]);
	}
	/* Half of them are given up, before and while they are under way. */
	for (i = 0; i < 100; i += 4)
		qf_call_cancel(calls[i]);
	wait_for(&side, &results[1].done, 1);
	for (i = 2; i < 100; i += 4)
		if (!results[i].done)
			qf_call_cancel(calls[i]);
	for (i = 1; i < 100; i += 2) {
		wait_for(&side, &results[i].done, 1);
		CHECK(results[i].done == 1 && results[i].status == 200);
	}
	for (i = 0; i < 100; i += 4)
		CHECK(!results[i].done);
	/* Closed with calls under way. */
	for (i = 0; i < 100; i += 4)
		CHECK(qf_call(side.client, &request, keep, &results[i], &err));
	sd_event_run(side.event, 1000);
	side_close(&side);
	for (i = 0; i < 100; i++)
		free(results[i].body);
	qf_https_close(server, 100);
	close(fd);
}

/* --- bad ones --------------------------------------------------------------------------- */

static void refused(struct bad *bad, const char *why)
{
	const struct qf_call_request request = { .method = "POST", .body = "{}", .len = 2 };
	struct result result;
	struct side side;
	int i;

	bad_start(bad);
	REQUIRE(side_open(&side, bad->port, any_address));
	for (i = 0; i < 2; i++) {
		result = ask(&side, request);
		CHECK(!result.status && !result.answer.sent);
		if (!strstr(result.err.text, why))
			test_fail(__FILE__, __LINE__, "'%s' has no '%s'", result.err.text, why);
		free(result.body);
	}
	side_close(&side);
	/* Not an octet of the request went out. */
	CHECK(!bad->heard);
	bad_stop(bad);
}

static void wrong_certificates(void)
{
	struct bad bad = { .cert = &foreign, .answer = "" };

	refused(&bad, "another federation");
	bad = (struct bad){ .cert = &expired, .answer = "" };
	refused(&bad, "expired");
	bad = (struct bad){ .cert = &misnamed, .answer = "" };
	refused(&bad, "for another name");
}

static void answers(void)
{
	static const struct {
		const char *answer;
		unsigned int repeat;
		int status;
		const char *why;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd", 0, 200,
		  NULL },
		{ "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0,
		  302, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\nabcd", 5000, 0,
		  "longer than 10000 octets" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\nabcd", 65536, 0,
		  "longer than 10000 octets" },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd", 5000, 0,
		  "longer than 10000 octets" },
		{ "HTTP/1.1 200 OK\r\nX: aaaa\r\nX: aaaa", 20000, 0, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nabcd", 0, 0, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Le", 0, 0, NULL },
		{ "", 0, 0, NULL },
		{ "nonsense\r\n\r\n", 0, 0, NULL },
	};
	struct result result;
	struct side side;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		struct bad bad = { .answer = cases[i].answer, .repeat = cases[i].repeat };

		bad_start(&bad);
		REQUIRE(side_open(&side, bad.port, any_address));
		result = ask(&side, (struct qf_call_request){ .max_answer = 10000 });
		if (result.status != cases[i].status ||
		    (cases[i].why && !strstr(result.err.text, cases[i].why)))
			test_fail(__FILE__, __LINE__, "%s: %d %s", cases[i].answer, result.status,
				  result.err.text);
		CHECK(result.answer.sent);
		CHECK(result.status || strstr(result.err.text, NAME));
		free(result.body);
		side_close(&side);
		/* A redirect is an answer like another: nobody goes there. */
		CHECK(bad.heard == 1 && bad.connections == 1);
		bad_stop(&bad);
	}
}

static void slow(struct bad *bad, unsigned int connect_ms, unsigned int total_ms)
{
	const struct qf_call_request request = { .connect_ms = connect_ms, .total_ms = total_ms };
	unsigned int least = connect_ms < total_ms ? connect_ms : total_ms;
	struct result result;
	struct side side;
	long since;

	bad_start(bad);
	REQUIRE(side_open(&side, bad->port, any_address));
	since = now_ms();
	result = ask(&side, request);
	CHECK(!result.status && result.err.code == ETIMEDOUT);
	CHECK(strstr(result.err.text, "does not answer in time"));
	since = now_ms() - since;
	if (since < (long)least - 20 || since > (long)least + LATE)
		test_fail(__FILE__, __LINE__, "ended after %ld ms, not %u", since, least);
	free(result.body);
	side_close(&side);
	bad_stop(bad);
}

static void slow_servers(void)
{
	struct bad bad = { .answer = "", .shake_ms = 30000 };

	slow(&bad, 300, 30000);
	CHECK(!bad.heard);
	bad = (struct bad){ .answer = "", .then_wait = true };
	slow(&bad, 20000, 400);
	bad = (struct bad){ .answer = "HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaaa", .repeat = 100000,
			    .drip_ms = 10 };
	slow(&bad, 20000, 400);
	bad = (struct bad){ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\naaaa",
			    .repeat = 100000, .drip_ms = 10 };
	slow(&bad, 20000, 400);
}

/* --- addresses --------------------------------------------------------------------------- */

static void addresses(void)
{
	static const struct {
		const char *text;
		bool fine;
	} cases[] = {
		{ "192.0.2.1", true },
		{ "8.8.8.8", true },
		{ "172.32.0.1", true },
		{ "100.128.0.1", true },
		{ "223.255.255.255", true },
		{ "0.0.0.0", false },
		{ "10.1.2.3", false },
		{ "127.0.0.1", false },
		{ "127.255.0.9", false },
		{ "100.64.0.1", false },
		{ "169.254.169.254", false },
		{ "172.16.0.1", false },
		{ "172.31.255.255", false },
		{ "192.168.0.1", false },
		{ "198.19.0.1", false },
		{ "224.0.0.1", false },
		{ "255.255.255.255", false },
		{ "2a00:1::1", true },
		{ "2001:db8::1", true },
		{ "2620:fe::fe", true },
		{ "::1", false },
		{ "::", false },
		{ "fe80::1", false },
		{ "febf::1", false },
		{ "fd00::1", false },
		{ "ff02::1", false },
		{ "::ffff:127.0.0.1", false },
		{ "::ffff:192.0.2.1", true },
		{ "64:ff9b::7f00:1", false },
		{ "2002:7f00:1::", false },
		{ "2001::1", false },
	};
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct qn_error err;
	size_t i;
	int ret;

	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		if (inet_pton(AF_INET, cases[i].text, &four.sin_addr) == 1)
			ret = qf_address_global(NULL, (void *)&four, sizeof(four), &err);
		else if (inet_pton(AF_INET6, cases[i].text, &six.sin6_addr) == 1)
			ret = qf_address_global(NULL, (void *)&six, sizeof(six), &err);
		else
			abort();
		if (!ret != cases[i].fine)
			test_fail(__FILE__, __LINE__, "%s: %d", cases[i].text, ret);
	}
}

static void elsewhere(void)
{
	static const struct {
		const char *base, *path, *why;
	} cases[] = {
		{ "http://" NAME "/", "/x", "has to be https" },
		{ "ftp://" NAME "/", "/x", "has to be https" },
		{ "file:///etc/passwd", "/x", "has to be https" },
		{ NAME, "/x", "has to be https" },
		{ "", "/x", "has to be https" },
		{ "https://a@" NAME "/", "/x", "no user" },
		{ "https://" NAME "/?a=b", "/x", "no user, query" },
		{ "https://" NAME "/#a", "/x", "no user, query" },
		{ "https://" NAME, "x", "begins with" },
		{ "https://" NAME, "@127.0.0.1/x", "begins with" },
		{ "https://" NAME, "/a/../b", "by dots" },
		{ "https://" NAME, "/%2e%2E/b", "by dots" },
		{ "https://" NAME, "/a/.", "by dots" },
		{ "https://" NAME, "/a b", "%XX" },
		{ "https://" NAME, "/a\r\nX: y", "%XX" },
		{ "https://" NAME, "/a#b", "%XX" },
	};
	struct qf_call_request request = { 0 };
	struct bad bad = { .answer = "" };
	struct result result;
	struct side side;
	size_t i;

	bad_start(&bad);
	/* The default: a name that stands for an address within. */
	REQUIRE(side_open(&side, bad.port, NULL));
	result = ask(&side, (struct qf_call_request){ 0 });
	CHECK(!result.status && strstr(result.err.text, "stands for 127.0.0.1, which is loopback"));
	free(result.body);
	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		request.base = cases[i].base;
		request.path = cases[i].path;
		result = ask(&side, request);
		if (result.done || !strstr(result.err.text, cases[i].why))
			test_fail(__FILE__, __LINE__, "%s %s: %s", cases[i].base, cases[i].path,
				  result.err.text);
	}
	side_close(&side);
	CHECK(!bad.connections);
	bad_stop(&bad);
	/* What the environment says of proxies does not count; nobody there is an error. */
	setenv("https_proxy", "http://127.0.0.1:1/", 1);
	bad = (struct bad){ .answer = "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n" };
	bad_start(&bad);
	REQUIRE(side_open(&side, bad.port, any_address));
	result = ask(&side, (struct qf_call_request){ 0 });
	CHECK(result.status == 204);
	free(result.body);
	bad_stop(&bad);
	result = ask(&side, (struct qf_call_request){ 0 });
	CHECK(!result.status && !result.answer.sent);
	free(result.body);
	side_close(&side);
	unsetenv("https_proxy");
}

/* --- in the sandbox of the process that does all this ------------------------------------ */

static int in_sandbox(void)
{
	struct qf_https *server;
	struct result result;
	struct side side;
	struct qn_error err;
	int fd, port;

	/* The files are read by libcurl, so only system calls are restricted here. */
	if (qf_sandbox_calls(false, true, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 10;
	}
	fd = listener(&port);
	server = good_start(fd);
	if (!server || !side_open(&side, port, any_address))
		return 11;
	result = ask(&side, (struct qf_call_request){ .method = "POST", .body = "{}", .len = 2 });
	if (result.status != 200)
		return 12;
	/* Another one, with a name to look up, which there is not. */
	result = ask(&side, (struct qf_call_request){ .base = "https://nobody.invalid" });
	if (result.status || !*result.err.text)
		return 13;
	side_close(&side);
	qf_https_close(server, 100);
	return 0;
}

static void sandboxed(void)
{
	pid_t child;
	int status = -1;

	fflush(NULL);
	child = fork();
	if (!child)
		_exit(in_sandbox());
	waitpid(child, &status, 0);
	if (status)
		test_fail(__FILE__, __LINE__, "in the sandbox it ends by %#x", status);
}

static void write_file(char *path, const gnutls_datum_t *what)
{
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, what->data, what->size) != (ssize_t)what->size)
		abort();
	close(fd);
}

int main(void)
{
	authority_new(&ours, "federation");
	authority_new(&theirs, "other federation");
	cert_new(&office, &ours, NAME, -1000, 10000);
	cert_new(&member, &ours, "member", -1000, 10000);
	cert_new(&foreign, &theirs, NAME, -1000, 10000);
	cert_new(&expired, &ours, NAME, -1000, -10);
	cert_new(&misnamed, &ours, "office.c.example", -1000, 10000);
	write_file(chain_file, &member.chain);
	write_file(key_file, &member.key);

	test_run("client-good", good);
	test_run("client-many", many);
	test_run("client-wrong-certificates", wrong_certificates);
	test_run("client-answers", answers);
	test_run("client-slow-servers", slow_servers);
	test_run("client-addresses", addresses);
	test_run("client-elsewhere", elsewhere);
	test_run("client-sandboxed", sandboxed);

	unlink(chain_file);
	unlink(key_file);
	cert_free(&office);
	cert_free(&member);
	cert_free(&foreign);
	cert_free(&expired);
	cert_free(&misnamed);
	authority_free(&ours);
	authority_free(&theirs);
	return test_status;
}
