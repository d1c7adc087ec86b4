// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The offices' HTTPS server as it is, with one route that answers by the octets of
 * a file: what https.sh measures.
 *
 *	https_server PORT NAME CERTIFICATE KEY AUTHORITY FILE
 *
 * Clients are verified against AUTHORITY, once for each connection and minute.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include "clock.h"
#include "https.h"

static gnutls_datum_t content;

static void answer(struct qf_request *req, void *arg)
{
	void *copy = malloc(content.size);

	(void)arg;
	memcpy(copy, content.data, content.size);
	qf_reply(req, 200, "application/json", copy, content.size);
}

static int verify(void *arg, const char *name, const gnutls_datum_t *chain, unsigned int n,
		  struct qf_peer *peer, struct qf_problem *problem)
{
	gnutls_x509_trust_list_t trust = arg;
	unsigned int status = ~0u;
	gnutls_x509_crt_t crt;

	(void)name;
	(void)n;
	if (!gnutls_x509_crt_init(&crt)) {
		if (!gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER))
			gnutls_x509_trust_list_verify_crt(trust, &crt, 1, 0, &status, NULL);
		gnutls_x509_crt_deinit(crt);
	}
	if (status)
		return qf_problem(problem, QF_UNAUTHENTICATED, "the certificate is not good");
	strcpy(peer->member, "load");
	peer->until = qf_now() + 60 * QF_SECOND;
	return 0;
}

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "https_server: error: %s: %s\n", what, gnutls_strerror(ret));
	exit(1);
}

int main(int argc, char **argv)
{
	static const struct qf_https_route routes[] = {
		{ .method = "GET", .path = "/ff/v1/services", .handle = answer },
	};
	struct qf_https_config config = {
		.routes = routes,
		.n_routes = 1,
		.verify = verify,
		.limits = { .threads = 2, .per_address = 512, .per_member = 512,
			    .requests_per_s = 1000000, .burst = 1000000 },
	};
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct qf_https_identity identity = { 0 };
	gnutls_x509_trust_list_t trust;
	gnutls_datum_t anchor;
	struct qf_https *server;
	struct qn_error err;
	sigset_t signals;
	int one = 1, got;

	if (argc != 7) {
		fprintf(stderr, "usage: https_server PORT NAME CERTIFICATE KEY AUTHORITY FILE\n");
		return 2;
	}
	identity.name = argv[2];
	must(gnutls_load_file(argv[3], &identity.chain), argv[3]);
	must(gnutls_load_file(argv[4], &identity.key), argv[4]);
	must(gnutls_load_file(argv[5], &anchor), argv[5]);
	must(gnutls_load_file(argv[6], &content), argv[6]);
	must(gnutls_x509_trust_list_init(&trust, 0), "trust");
	must(gnutls_x509_trust_list_add_trust_mem(trust, &anchor, NULL, GNUTLS_X509_FMT_PEM, 0, 0),
	     argv[5]);
	config.verify_arg = trust;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	at.sin_port = htons(atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	config.listen = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(config.listen, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(config.listen, (void *)&at, sizeof(at)) < 0 || listen(config.listen, 512) < 0) {
		perror("https_server: error: port");
		return 1;
	}
	server = qf_https_open(&config, &identity, 1, &err);
	if (!server) {
		fprintf(stderr, "https_server: error: %s\n", err.text);
		return 1;
	}
	sigwait(&signals, &got);
	qf_https_close(server, 100);
	return 0;
}
