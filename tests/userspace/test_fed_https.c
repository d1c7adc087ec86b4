// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTTPS server on loopback: clients that are welcome, strange, slow, rude, many. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fed/fed_test.h"
#include "https.h"
#include "https/pki.h"
#include "https/raw.h"

#define NAME "office.a.example"
#define HEAD " HTTP/1.1\r\nHost: " NAME "\r\n"
#define GET(path) "GET " path HEAD "\r\n"

/* Deadlines in the tests that wait for them, and how late they may be on a busy machine. */
#define SOON 500
#define LATE 10000

static struct authority ours, theirs;
static struct cert office, other_office, member, another, foreign, expired, early;
static atomic_int handled, outstanding;
static atomic_bool revoked;

/* --- the server's side ---------------------------------------------------------- */

static int verify(void *arg, const char *name, const gnutls_datum_t *chain, unsigned int n,
		  struct qf_peer *peer, struct qf_problem *problem)
{
	const char *why = cert_check(arg, &chain[0], peer->member, sizeof(peer->member));

	(void)n;
	if (strcmp(name, NAME) != 0 && strcmp(name, "office.b.example") != 0)
		return qf_problem(problem, QF_INTERNAL, "called by the name %s", name);
	if (!why && revoked && !strcmp(peer->member, "member"))
		why = "revoked";
	if (why)
		return qf_problem(problem, QF_UNAUTHENTICATED, "the certificate is %s", why);
	peer->until = qf_now() + 3600 * QF_SECOND;
	return 0;
}

static void reply_text(struct qf_request *req, const char *text)
{
	qf_reply(req, 200, "text/plain", strdup(text), strlen(text));
}

static void hello(struct qf_request *req, void *arg)
{
	const struct qf_peer *peer = qf_request_peer(req);
	char text[200];

	(void)arg;
	handled++;
	snprintf(text, sizeof(text), "hello %s at %s, %zu", *peer->member ? peer->member : "stranger",
		 qf_request_name(req), strlen(peer->fingerprint));
	reply_text(req, text);
}

static void echo(struct qf_request *req, void *arg)
{
	size_t len;
	const char *body = qf_request_body(req, &len);
	char *copy = malloc(len + 1);

	(void)arg;
	handled++;
	memcpy(copy, body, len + 1);
	qf_reply_header(req, "ETag", "\"7\"");
	qf_reply_header(req, "X-Bad", "a\r\nX-Injected: b");
	qf_reply(req, 201, "text/plain", copy, len);
}

static void parts(struct qf_request *req, void *arg)
{
	const char *match = qf_request_header(req, "If-Match");
	char value[16], text[256];
	int ret = qf_request_query(req, "region", value, sizeof(value));

	(void)arg;
	snprintf(text, sizeof(text), "%s|%s|%s|%d|%s", qf_request_part(req, 0),
		 qf_request_part(req, 1), match ? match : "-", ret, ret > 0 ? value : "");
	reply_text(req, text);
}

static void big(struct qf_request *req, void *arg)
{
	size_t len = 16 << 20;
	char *body = malloc(len);

	(void)arg;
	memset(body, 'x', len);
	qf_reply(req, 200, "text/plain", body, len);
}

static void *later(void *arg)
{
	struct qf_request *req = arg;

	wait_ms(atoi(qf_request_part(req, 0)));
	reply_text(req, qf_request_part(req, 0));
	outstanding--;
	return NULL;
}

/* /late/MS */
static void late(struct qf_request *req, void *arg)
{
	pthread_t thread;

	(void)arg;
	handled++;
	outstanding++;
	if (pthread_create(&thread, NULL, later, req))
		abort();
	pthread_detach(thread);
}

static void refuse(struct qf_request *req, void *arg)
{
	struct qf_problem problem = { 0 };

	(void)arg;
	qf_problem_at(&problem, QF_CONFLICT, "/a/b", "not \"now\"");
	qf_reply_problem(req, &problem);
}

static const struct qf_https_route routes[] = {
	{ .method = "GET", .path = "/hello", .handle = hello },
	{ .method = "POST", .path = "/applications", .max_body = 1000, .strangers = true,
	  .handle = hello },
	{ .method = "POST", .path = "/echo", .max_body = 20000, .handle = echo },
	{ .method = "GET", .path = "/orders/{}/legs/{}", .handle = parts },
	{ .method = "GET", .path = "/big", .handle = big },
	{ .method = "GET", .path = "/late/{}", .handle = late },
	{ .method = "GET", .path = "/overdue/{}", .handle = late, .answer_ms = 300 },
	{ .method = "GET", .path = "/refuse", .handle = refuse },
};

struct place {
	struct qf_https *server;
	int fd, port;
};

static bool start(struct place *place, const struct qf_https_limits *limits, bool tls12)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct qf_https_identity identities[] = {
		{ NAME, office.chain, office.key },
		{ "office.b.example", other_office.chain, other_office.key },
	};
	struct qf_https_config config = {
		.routes = routes,
		.n_routes = QN_ARRAY_SIZE(routes),
		.verify = verify,
		.verify_arg = &ours,
		.tls12 = tls12,
	};
	socklen_t len = sizeof(at);
	struct qn_error err;

	handled = 0;
	revoked = false;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	place->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(place->fd, (void *)&at, sizeof(at)) < 0 || listen(place->fd, 512) < 0 ||
	    getsockname(place->fd, (void *)&at, &len) < 0)
		return false;
	place->port = ntohs(at.sin_port);
	config.listen = place->fd;
	if (limits)
		config.limits = *limits;
	place->server = qf_https_open(&config, identities, 2, &err);
	if (!place->server)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return place->server;
}

static void stop(struct place *place)
{
	qf_https_close(place->server, 200);
	while (outstanding)
		wait_ms(5);
	/* The socket is still ours. */
	CHECK(!listen(place->fd, 5));
	close(place->fd);
}

static struct raw_how come(const struct place *place)
{
	return (struct raw_how){ .port = place->port, .name = NAME, .cert = &member };
}

static struct qf_https_stats stats(const struct place *place)
{
	struct qf_https_stats stats;

	qf_https_stats(place->server, &stats);
	return stats;
}

/* Whatever was opened is closed, and every request has ended. */
static bool quiet(const struct place *place)
{
	long until = now_ms() + 5000;
	struct qf_https_stats now;

	do {
		now = stats(place);
		if (!now.connections && !now.requests)
			return true;
		wait_ms(10);
	} while (now_ms() < until);
	return false;
}

/* Wait until the other end closes; what it says meanwhile is of no interest. */
static void closed(int fd)
{
	char data[4096];

	while (recv(fd, data, sizeof(data), 0) > 0)
		;
}

/* --- who comes ------------------------------------------------------------------ */

static void welcome(void)
{
	struct place place;
	struct raw_how how;
	struct answer answer;
	struct raw raw;
	int i;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	CHECK(!raw_open(&raw, &how));
	CHECK(gnutls_protocol_get_version(raw.session) == GNUTLS_TLS1_3);
	/* Kept alive. */
	for (i = 0; i < 50; i++) {
		CHECK(!raw_say(&raw, GET("/hello")));
		answer = raw_answer(&raw, 5000);
		CHECK(answer.status == 200 && !answer.close);
		CHECK(answer.body && !strcmp(answer.body, "hello member at " NAME ", 64"));
		free(answer.body);
	}
	CHECK(handled == 50);
	CHECK(!(gnutls_session_get_flags(raw.session) & GNUTLS_SFLAGS_SESSION_TICKET));
	CHECK(!raw_say(&raw, "POST /echo" HEAD "Content-Length: 5\r\n\r\n12345"));
	answer = raw_answer(&raw, 5000);
	CHECK(answer.status == 201 && answer.body && !strcmp(answer.body, "12345"));
	CHECK(strstr(answer.header, "\r\nETag: \"7\"\r\n"));
	CHECK(strstr(answer.header, "\r\nCache-Control: no-store\r\n"));
	CHECK(!strstr(answer.header, "Injected"));
	free(answer.body);
	CHECK(raw_ask(&raw, GET("/late/50")) == 200);
	CHECK(!raw_say(&raw, GET("/refuse")));
	answer = raw_answer(&raw, 5000);
	CHECK(answer.status == 409 && !strcmp(answer.type, "application/problem+json"));
	CHECK(answer.body && strstr(answer.body, "\"pointer\":\"/a/b\""));
	free(answer.body);
	raw_close(&raw);

	/* The other name, and its certificate. */
	how.name = "office.b.example";
	CHECK(!raw_open(&raw, &how));
	CHECK(!raw_say(&raw, GET("/hello")));
	answer = raw_answer(&raw, 5000);
	CHECK(answer.body && strstr(answer.body, "at office.b.example"));
	free(answer.body);
	raw_close(&raw);
	CHECK(quiet(&place));
	stop(&place);
}

/* The handshake, or the first answer, fails; no handler has seen anything. */
static bool shut_out(const struct raw_how *how)
{
	struct raw raw;
	bool out = raw_open(&raw, how) < 0 || !raw_ask(&raw, GET("/hello"));

	raw_close(&raw);
	return out && !handled;
}

static void shut_out_all(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	how.cert = NULL;
	CHECK(shut_out(&how));
	how = come(&place);
	how.name = "office.x.example";
	CHECK(shut_out(&how));
	how.name = NULL;
	CHECK(shut_out(&how));
	how = come(&place);
	how.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	CHECK(shut_out(&how));
	how = come(&place);
	CHECK(!raw_open(&raw, &how) && raw_ask(&raw, GET("/hello")) == 200);
	raw_close(&raw);
	stop(&place);

	/* Where 1.2 is let in, certificates are asked for as well, and 1.1 is not. */
	REQUIRE(start(&place, NULL, true));
	how = come(&place);
	how.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	how.cert = NULL;
	CHECK(shut_out(&how));
	how.cert = &member;
	CHECK(!raw_open(&raw, &how));
	CHECK(gnutls_protocol_get_version(raw.session) == GNUTLS_TLS1_2);
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	CHECK(!(gnutls_session_get_flags(raw.session) & GNUTLS_SFLAGS_SESSION_TICKET));
	raw_close(&raw);
	handled = 0;
	how.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%UNSAFE_RENEGOTIATION";
	CHECK(shut_out(&how));
	CHECK(quiet(&place));
	stop(&place);
}

static void stranger(const struct place *place, const struct cert *cert, const char *why)
{
	struct raw_how how = come(place);
	struct answer answer;
	struct raw raw;

	how.cert = cert;
	REQUIRE(!raw_open(&raw, &how));
	CHECK(!raw_say(&raw, GET("/hello")));
	answer = raw_answer(&raw, 5000);
	CHECK(answer.status == 401 && !strcmp(answer.type, "application/problem+json"));
	CHECK(answer.body && strstr(answer.body, why));
	free(answer.body);
	/* What there is, is nobody's business. */
	CHECK(raw_ask(&raw, GET("/nothing")) == 401);
	CHECK(raw_ask(&raw, "PUT /hello" HEAD "Content-Length: 0\r\n\r\n") == 401);
	CHECK(!handled);
	CHECK(!raw_say(&raw, "POST /applications" HEAD "Content-Length: 2\r\n\r\n{}"));
	answer = raw_answer(&raw, 5000);
	CHECK(answer.status == 200 && answer.body && strstr(answer.body, "hello stranger"));
	CHECK(answer.body && strstr(answer.body, ", 64"));
	free(answer.body);
	CHECK(raw_ask(&raw, GET("/applications")) == 405 ||
	      raw_ask(&raw, GET("/applications")) == 401);
	raw_close(&raw);
	handled = 0;
}

static void strangers(void)
{
	struct place place;

	REQUIRE(start(&place, NULL, false));
	stranger(&place, &foreign, "of another federation");
	stranger(&place, &expired, "expired");
	stranger(&place, &early, "not valid yet");
	CHECK(quiet(&place));
	stop(&place);
}

static void judged_again(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	revoked = true;
	/* The verdict holds until somebody says that trust has changed. */
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	qf_https_judge_again(place.server);
	CHECK(raw_ask(&raw, GET("/hello")) == 401);
	revoked = false;
	qf_https_judge_again(place.server);
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	/* Or until its own time is over. */
	revoked = true;
	qf_clock_set(qf_now() + 3601 * QF_SECOND);
	CHECK(raw_ask(&raw, GET("/hello")) == 401);
	qf_clock_set(0);
	raw_close(&raw);
	stop(&place);
}

static bool shows(struct raw *raw, const struct cert *cert)
{
	const gnutls_datum_t *peers;
	gnutls_datum_t pem;
	unsigned int n;
	bool same;

	peers = gnutls_certificate_get_peers(raw->session, &n);
	if (!peers || gnutls_pem_base64_encode2("CERTIFICATE", &peers[0], &pem) < 0)
		return false;
	same = pem.size == cert->chain.size && !memcmp(pem.data, cert->chain.data, pem.size);
	gnutls_free(pem.data);
	return same;
}

static void identities(void)
{
	struct qf_https_identity fresh = { NAME, other_office.chain, other_office.key };
	struct qf_https_identity twice[2] = { fresh, fresh };
	struct qf_https_limits limits = { .handshake_ms = 100 };
	struct raw_how how;
	struct raw old, raw;
	struct place place;
	struct qn_error err;

	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	REQUIRE(!raw_open(&old, &how));
	CHECK(shows(&old, &office));
	CHECK(!qf_https_identify(place.server, &fresh, 1, &err));
	REQUIRE(!raw_open(&raw, &how));
	CHECK(shows(&raw, &other_office));
	raw_close(&raw);
	/* What is bad changes nothing. */
	fresh.key = office.key;
	CHECK(qf_https_identify(place.server, &fresh, 1, &err) < 0);
	CHECK(strstr(err.text, "not the one of its first certificate"));
	fresh.chain.size = 10;
	CHECK(qf_https_identify(place.server, &fresh, 1, &err) < 0);
	CHECK(qf_https_identify(place.server, twice, 2, &err) < 0);
	CHECK(strstr(err.text, "two federations"));
	CHECK(qf_https_identify(place.server, twice, 0, &err) < 0);
	/* The watch drops the old ones; who came under them stays. */
	wait_ms(1500);
	CHECK(raw_ask(&old, GET("/hello")) == 200);
	raw_close(&old);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(shows(&raw, &other_office));
	raw_close(&raw);
	stop(&place);
}

/* --- what they ask for ----------------------------------------------------------- */

static bool says(struct raw *raw, const char *request, int status, const char *body)
{
	struct answer answer;
	bool right;

	if (raw_say(raw, request) < 0)
		return false;
	answer = raw_answer(raw, 5000);
	right = answer.status == status && (!body || (answer.body && strstr(answer.body, body)));
	if (!right)
		test_fail(__FILE__, __LINE__, "%s: %d %s", request, answer.status,
			  answer.body ? answer.body : "");
	free(answer.body);
	return right;
}

static void paths(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	says(&raw, GET("/orders/a/legs/b"), 200, "a|b|-|0|");
	says(&raw, "GET /orders/a%2Fx/legs/%41?region=n&x=1" HEAD "If-Match: \"3\"\r\n\r\n", 200,
	     "a/x|A|\"3\"|1|n");
	says(&raw, GET("/orders/a/legs/b?region"), 200, "a|b|-|1|");
	says(&raw, GET("/orders/a/legs/b?region=a&region=a"), 200, "a|b|-|-1|");
	says(&raw, GET("/orders/a/legs/b?region=%zz"), 200, "a|b|-|-1|");
	says(&raw, GET("/orders/a/legs/b?region=12345678901234567"), 200, "a|b|-|-1|");
	says(&raw, GET("/orders/a%00b/legs/b"), 400, "cannot be decoded");
	says(&raw, GET("/orders/a%2/legs/b"), 400, "cannot be decoded");
	says(&raw, GET("/orders/a%0a/legs/b"), 400, NULL);
	says(&raw, GET("/orders//legs/b"), 404, NULL);
	says(&raw, GET("/orders/a/legs"), 404, NULL);
	says(&raw, GET("/orders/a/legs/b/"), 404, NULL);
	says(&raw, GET("/orders/a/../legs/b"), 404, NULL);
	says(&raw, GET("/%68ello"), 404, NULL);
	says(&raw, "DELETE /hello" HEAD "\r\n", 405, "DELETE is no method");
	says(&raw, "OPTIONS *" HEAD "\r\n", 404, NULL);
	raw_close(&raw);
	CHECK(quiet(&place));
	stop(&place);
}

static char *long_request(const char *head, size_t n)
{
	char *text = malloc(strlen(head) + n + 5);

	sprintf(text, "%s", head);
	memset(text + strlen(head), 'a', n);
	strcpy(text + strlen(head) + n, "\r\n\r\n");
	return text;
}

static void bodies(void)
{
	struct place place;
	struct raw_how how;
	struct answer answer;
	struct raw raw;
	char *text;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	/* As much as is taken, and one more; a small excess leaves the connection. */
	text = long_request("POST /echo" HEAD "Content-Length: 20000\r\n\r\n", 20000);
	text[strlen(text) - 4] = 0;
	CHECK(raw_ask(&raw, text) == 201);
	free(text);
	text = long_request("POST /echo" HEAD "Content-Length: 20001\r\n\r\n", 20001);
	text[strlen(text) - 4] = 0;
	CHECK(raw_ask(&raw, text) == 413);
	free(text);
	says(&raw, "GET /hello" HEAD "Content-Length: 1\r\n\r\nx", 413, "0 at most");
	says(&raw, GET("/hello"), 200, "hello");
	/* A great one is not waited for. */
	says(&raw, "POST /echo" HEAD "Content-Length: 99999999999\r\n\r\n", 413, "20000 at most");
	raw_close(&raw);

	REQUIRE(!raw_open(&raw, &how));
	says(&raw, "POST /echo" HEAD "Transfer-Encoding: chunked\r\n\r\n", 400, "Content-Length");
	raw_close(&raw);
	REQUIRE(!raw_open(&raw, &how));
	says(&raw, "POST /echo" HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
	     NULL);
	raw_close(&raw);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, "POST /echo" HEAD "Content-Length: -1\r\n\r\n") == 400);
	raw_close(&raw);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, "\001\002\003 nonsense\r\n\r\n") != 200);
	raw_close(&raw);

	/* A header beyond its size. */
	text = long_request("GET /hello" HEAD "X: ", 40000);
	REQUIRE(!raw_open(&raw, &how));
	raw_say(&raw, text);
	answer = raw_answer(&raw, 5000);
	CHECK(answer.status == 0 || answer.status == 431 || answer.status == 400);
	free(answer.body);
	raw_close(&raw);
	free(text);

	/* Half sent, then gone: nobody handles it. */
	handled = 0;
	REQUIRE(!raw_open(&raw, &how));
	CHECK(!raw_say(&raw, "POST /echo" HEAD "Content-Length: 5000\r\n\r\n123"));
	raw_close(&raw);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(!raw_say(&raw, "POST /echo" HEAD "Content-Le"));
	raw_abort(&raw);
	CHECK(quiet(&place));
	CHECK(!handled);
	stop(&place);
}

static void pipelined(void)
{
	struct place place;
	char text[8192] = "", part[32];
	struct raw_how how;
	struct answer answer;
	struct raw raw;
	int i;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	for (i = 0; i < 20; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "GET /late/%d" HEAD "\r\n",
			 (20 - i) % 7);
		strcat(text, "POST /echo" HEAD "Content-Length: 2\r\n\r\nxy");
	}
	CHECK(!raw_say(&raw, text));
	for (i = 0; i < 20; i++) {
		snprintf(part, sizeof(part), "%d", (20 - i) % 7);
		answer = raw_answer(&raw, 5000);
		CHECK(answer.status == 200 && answer.body && !strcmp(answer.body, part));
		free(answer.body);
		answer = raw_answer(&raw, 5000);
		CHECK(answer.status == 201 && answer.body && !strcmp(answer.body, "xy"));
		free(answer.body);
	}
	raw_close(&raw);
	CHECK(quiet(&place));
	stop(&place);
}

/* --- who is slow ------------------------------------------------------------------ */

/* The one deadline that a test is about is short, the others are not. */
#define LONG_LIMITS                                                                                \
	.handshake_ms = 60000, .header_ms = 60000, .body_ms = 60000, .answer_ms = 60000,           \
	.send_ms = 60000, .idle_ms = 60000

static void in_time(long since)
{
	long ms = now_ms() - since;

	if (ms < SOON - 50 || ms > SOON + LATE)
		test_fail(__FILE__, __LINE__, "closed after %ld ms, not %d", ms, SOON);
}

static void slow_handshake(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;
	int fd;

	limits.handshake_ms = SOON;
	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	/* Nothing at all; half a record; a dripped one. */
	since = now_ms();
	fd = raw_socket(&how);
	closed(fd);
	in_time(since);
	close(fd);
	since = now_ms();
	fd = raw_socket(&how);
	CHECK(send(fd, "\026\003\001\002\000\001", 6, MSG_NOSIGNAL) == 6);
	closed(fd);
	in_time(since);
	close(fd);
	since = now_ms();
	how.drip_ms = 20;
	CHECK(raw_open(&raw, &how) < 0);
	in_time(since);
	raw_abort(&raw);
	CHECK(stats(&place).overdue == 3);
	CHECK(quiet(&place));
	stop(&place);
}

static void slow_header(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;
	char c;

	limits.header_ms = SOON;
	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	/* Nothing, after the handshake. */
	since = now_ms();
	REQUIRE(!raw_open(&raw, &how));
	CHECK(gnutls_record_recv(raw.session, &c, 1) <= 0);
	in_time(since);
	raw_abort(&raw);
	/* Dripped; then likewise in a later request, once its line is there. */
	since = now_ms();
	REQUIRE(!raw_open(&raw, &how));
	raw.drip_ms = 2;
	CHECK(raw_say(&raw, GET("/this-is-longer-than-half-a-second-at-this-rate")) < 0);
	in_time(since);
	raw_abort(&raw);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	wait_ms(SOON + 300);
	since = now_ms();
	CHECK(!raw_say(&raw, "GET /hello HTTP/1.1\r\n"));
	raw.drip_ms = 2;
	CHECK(raw_say(&raw, "Host: office.a.example\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") < 0);
	in_time(since);
	raw_abort(&raw);
	CHECK(stats(&place).overdue == 3);
	CHECK(quiet(&place));
	stop(&place);
}

static void slow_body(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;
	char c;

	limits.body_ms = SOON;
	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	since = now_ms();
	CHECK(!raw_say(&raw, "POST /echo" HEAD "Content-Length: 100\r\n\r\n"));
	raw.drip_ms = 2;
	CHECK(raw_say(&raw, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") < 0);
	in_time(since);
	raw_abort(&raw);
	/* A refused one is waited for no longer. */
	REQUIRE(!raw_open(&raw, &how));
	since = now_ms();
	CHECK(!raw_say(&raw, "POST /nothing" HEAD "Content-Length: 100\r\n\r\n"));
	CHECK(gnutls_record_recv(raw.session, &c, 1) <= 0);
	in_time(since);
	raw_abort(&raw);
	CHECK(!handled && stats(&place).overdue == 2);
	CHECK(quiet(&place));
	stop(&place);
}

static void slow_reader(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;
	char data[1000];

	limits.send_ms = SOON;
	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	since = now_ms();
	CHECK(!raw_say(&raw, GET("/big")));
	/* A little now and then: the connection is never idle. */
	while (stats(&place).connections && now_ms() < since + 10000) {
		wait_ms(20);
		gnutls_record_recv(raw.session, data, sizeof(data));
	}
	in_time(since);
	raw_abort(&raw);
	CHECK(stats(&place).overdue == 1);
	CHECK(quiet(&place));
	/* One who reads gets all of it. */
	stop(&place);
	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, GET("/big")) == 200);
	raw_close(&raw);
	stop(&place);
}

static void idle(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;
	char c;

	limits.idle_ms = SOON;
	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	REQUIRE(!raw_open(&raw, &how));
	since = now_ms();
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	CHECK(gnutls_record_recv(raw.session, &c, 1) <= 0);
	in_time(since);
	raw_abort(&raw);
	CHECK(!stats(&place).overdue);
	stop(&place);
}

/* --- who takes too much ------------------------------------------------------------ */

static void crowd(void)
{
	struct qf_https_limits limits = { LONG_LIMITS };
	struct place place;
	struct raw_how how;
	struct raw raw;
	int fds[300], i;
	long since;

	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	for (i = 0; i < 300; i++) {
		fds[i] = raw_socket(&how);
		CHECK(fds[i] >= 0);
	}
	since = now_ms();
	how.from = "127.0.0.2";
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	CHECK(now_ms() - since < LATE);
	/* The crowd has what one address may have, and what it leaves is there again. */
	for (i = 0; i < 500 && stats(&place).refused < 300 - 64; i++)
		wait_ms(10);
	CHECK(stats(&place).connections == 64 + 1);
	CHECK(stats(&place).refused == 300 - 64);
	for (i = 0; i < 300; i++)
		close(fds[i]);
	raw_close(&raw);
	CHECK(quiet(&place));
	how.from = NULL;
	REQUIRE(!raw_open(&raw, &how));
	CHECK(raw_ask(&raw, GET("/hello")) == 200);
	raw_close(&raw);
	stop(&place);
}

static void shares(void)
{
	struct qf_https_limits limits = { .requests_per_s = 10, .burst = 5, .per_member = 3 };
	struct raw_how how;
	struct place place;
	struct answer answer;
	struct raw raw[4], more;
	int i, passed = 3, refused = 0;
	long since = now_ms();

	REQUIRE(start(&place, &limits, false));
	how = come(&place);
	for (i = 0; i < 4; i++) {
		REQUIRE(!raw_open(&raw[i], &how));
		CHECK(!raw_say(&raw[i], GET("/hello")));
		answer = raw_answer(&raw[i], 5000);
		CHECK(answer.status == (i < 3 ? 200 : 429) && answer.close == (i == 3));
		free(answer.body);
	}
	/* Another member is not concerned by either. */
	how.cert = &another;
	REQUIRE(!raw_open(&more, &how));
	for (i = 0; i < 100 && !refused; i++) {
		CHECK(!raw_say(&raw[0], GET("/hello")));
		answer = raw_answer(&raw[0], 5000);
		passed += answer.status == 200;
		refused += answer.status == 429 && strstr(answer.header, "Retry-After: 1");
		free(answer.body);
	}
	CHECK(refused);
	CHECK(passed >= 5 && passed <= 5 + (now_ms() - since) / 100 + 1);
	CHECK(raw_ask(&more, GET("/hello")) == 200);
	wait_ms(400);
	CHECK(raw_ask(&raw[1], GET("/hello")) == 200);
	for (i = 0; i < 4; i++)
		raw_close(&raw[i]);
	raw_close(&more);
	CHECK(quiet(&place));
	how.cert = &member;
	REQUIRE(!raw_open(&more, &how));
	wait_ms(200);
	CHECK(raw_ask(&more, GET("/hello")) == 200);
	raw_close(&more);
	stop(&place);
}

/* --- who is gone -------------------------------------------------------------------- */

static void gone_client(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw;
	int i;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	for (i = 0; i < 10; i++) {
		REQUIRE(!raw_open(&raw, &how));
		CHECK(!raw_say(&raw, GET("/late/150")));
		while (handled <= i)
			wait_ms(2);
		if (i & 1)
			raw_abort(&raw);
		else
			raw_close(&raw);
	}
	CHECK(quiet(&place));
	stop(&place);
}

static void overdue(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw;
	long since;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	since = now_ms();
	REQUIRE(!raw_open(&raw, &how));
	says(&raw, GET("/overdue/1000"), 503, "no answer yet");
	CHECK(now_ms() - since >= 250 && now_ms() - since < 1000 + LATE);
	CHECK(raw_ask(&raw, GET("/overdue/10")) == 200);
	raw_close(&raw);
	CHECK(stats(&place).overdue == 1);
	stop(&place);
}

static void gone_server(void)
{
	struct place place;
	struct raw_how how;
	struct raw raw[5];
	struct answer answer;
	int i;

	REQUIRE(start(&place, NULL, false));
	how = come(&place);
	for (i = 0; i < 5; i++) {
		REQUIRE(!raw_open(&raw[i], &how));
		CHECK(!raw_say(&raw[i], GET("/late/700")));
	}
	while (handled < 5)
		wait_ms(2);
	qf_https_close(place.server, 1000);
	CHECK(outstanding == 5);
	for (i = 0; i < 5; i++) {
		answer = raw_answer(&raw[i], 5000);
		CHECK(answer.status == 503 && answer.close);
		free(answer.body);
		raw_close(&raw[i]);
	}
	/* The five replies come to nobody. */
	while (outstanding)
		wait_ms(5);
	close(place.fd);
}

static atomic_int answered;

static void *guest(void *arg)
{
	const struct place *place = arg;
	unsigned int seed = (uintptr_t)pthread_self(), n;
	char text[200];
	struct raw_how how = come(place);
	struct raw raw;
	int i, j;

	for (i = 0; i < 12; i++) {
		how.cert = rand_r(&seed) % 3 ? &member : &another;
		if (raw_open(&raw, &how) < 0) {
			raw_abort(&raw);
			continue;
		}
		n = rand_r(&seed) % 8;
		for (j = 0; j < (int)n; j++) {
			snprintf(text, sizeof(text), "GET /%s/%d" HEAD "\r\n",
				 rand_r(&seed) % 2 ? "late" : "hello", rand_r(&seed) % 30);
			if (raw_ask(&raw, rand_r(&seed) % 2 ? text : GET("/hello")) == 200)
				answered++;
		}
		if (rand_r(&seed) % 2)
			raw_say(&raw, GET("/late/20"));
		if (rand_r(&seed) % 2)
			raw_close(&raw);
		else
			raw_abort(&raw);
	}
	return NULL;
}

static void all_at_once(void)
{
	struct qf_https_limits limits = { .requests_per_s = 100000, .burst = 100000 };
	pthread_t threads[8];
	struct place place;
	int i;

	answered = 0;
	REQUIRE(start(&place, &limits, false));
	for (i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, guest, &place);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	CHECK(answered > 30);
	CHECK(quiet(&place));
	stop(&place);

	/* And once more, with the server gone in the middle of it. */
	REQUIRE(start(&place, &limits, false));
	for (i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, guest, &place);
	wait_ms(150);
	qf_https_close(place.server, 20);
	close(place.fd);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	while (outstanding)
		wait_ms(5);
}

static void few_descriptors(void)
{
	struct qf_https_config config = { .routes = routes, .n_routes = 1, .verify = verify };
	struct qf_https_identity identity = { NAME, office.chain, office.key };
	struct rlimit was, few;
	struct qn_error err;

	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	few.rlim_cur = 256;
	setrlimit(RLIMIT_NOFILE, &few);
	CHECK(!qf_https_open(&config, &identity, 1, &err));
	CHECK(strstr(err.text, "raise LimitNOFILE"));
	setrlimit(RLIMIT_NOFILE, &was);
	config.listen = -1;
	CHECK(!qf_https_open(&config, &identity, 0, &err));
	CHECK(strstr(err.text, "no name to answer to"));
}

int main(void)
{
	struct rlimit files = { 4096, 4096 };

	setrlimit(RLIMIT_NOFILE, &files);
	authority_new(&ours, "federation");
	authority_new(&theirs, "other federation");
	cert_new(&office, &ours, NAME, -1000, 10000);
	cert_new(&other_office, &ours, "office.b.example", -1000, 10000);
	cert_new(&member, &ours, "member", -1000, 10000);
	cert_new(&another, &ours, "another", -1000, 10000);
	cert_new(&foreign, &theirs, "member", -1000, 10000);
	cert_new(&expired, &ours, "member", -1000, -10);
	cert_new(&early, &ours, "member", 1000, 10000);

	test_run("https-welcome", welcome);
	test_run("https-shut-out", shut_out_all);
	test_run("https-strangers", strangers);
	test_run("https-judged-again", judged_again);
	test_run("https-identities", identities);
	test_run("https-paths", paths);
	test_run("https-bodies", bodies);
	test_run("https-pipelined", pipelined);
	test_run("https-slow-handshake", slow_handshake);
	test_run("https-slow-header", slow_header);
	test_run("https-slow-body", slow_body);
	test_run("https-slow-reader", slow_reader);
	test_run("https-idle", idle);
	test_run("https-crowd", crowd);
	test_run("https-shares", shares);
	test_run("https-gone-client", gone_client);
	test_run("https-overdue", overdue);
	test_run("https-gone-server", gone_server);
	test_run("https-all-at-once", all_at_once);
	test_run("https-few-descriptors", few_descriptors);

	cert_free(&office);
	cert_free(&other_office);
	cert_free(&member);
	cert_free(&another);
	cert_free(&foreign);
	cert_free(&expired);
	cert_free(&early);
	authority_free(&ours);
	authority_free(&theirs);
	return test_status;
}
