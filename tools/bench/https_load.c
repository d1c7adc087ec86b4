// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load for an HTTPS server: connections with mutual TLS, kept alive, on each of
 * which one request after the other is made.
 *
 *	https_load PORT NAME PATH CERTIFICATE KEY AUTHORITY SECONDS THREADS CONNECTIONS
 *
 * Each thread has CONNECTIONS of its own and asks on all of them before it reads the
 * answers. Every answer must be 200, and as long as the first one. Prints answers per
 * second and the octets of a body.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *name;
static char request[512];
static int port, connections;
static double seconds;
static SSL_CTX *context;
static atomic_long answers, length = -1;
static pthread_barrier_t together;

static void die(const char *what)
{
	fprintf(stderr, "https_load: error: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static SSL *go_there(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	SSL *ssl = SSL_new(context);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (void *)&at, sizeof(at)) < 0)
		die("nobody listens");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, name);
	if (SSL_connect(ssl) != 1)
		die("the handshake fails");
	return ssl;
}

static void read_answer(SSL *ssl)
{
	char data[65536], *end = NULL, *value;
	long len = 0, body, any = -1;
	int n;

	do {
		n = SSL_read(ssl, data + len, sizeof(data) - 1 - len);
		if (n <= 0)
			die("the server closes");
		len += n;
		data[len] = 0;
		end = strstr(data, "\r\n\r\n");
	} while (!end);
	value = strcasestr(data, "\r\nContent-Length: ");
	if (strncmp(data, "HTTP/1.1 200 ", 13) != 0 || !value || value > end)
		die("an answer is not 200, or without Content-Length");
	body = strtol(value + strlen("\r\nContent-Length: "), NULL, 10);
	if (body + 4096 > (long)sizeof(data))
		die("an answer is too long for this program");
	while (len < end + 4 - data + body) {
		n = SSL_read(ssl, data + len, sizeof(data) - 1 - len);
		if (n <= 0)
			die("the server closes");
		len += n;
	}
	if (len != end + 4 - data + body)
		die("more comes than was asked for");
	if (!atomic_compare_exchange_strong(&length, &any, body) && any != body)
		die("answers differ in length");
}

static void *load(void *arg)
{
	SSL **all = calloc(connections, sizeof(*all));
	size_t len = strlen(request);
	long done = 0;
	double until;
	int i;

	(void)arg;
	for (i = 0; i < connections; i++)
		all[i] = go_there();
	pthread_barrier_wait(&together);
	until = now() + seconds;
	while (now() < until) {
		for (i = 0; i < connections; i++)
			if (SSL_write(all[i], request, len) != (int)len)
				die("a request cannot be sent");
		for (i = 0; i < connections; i++)
			read_answer(all[i]);
		done += connections;
	}
	answers += done;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	double begin;
	int n, i;

	if (argc != 10) {
		fprintf(stderr, "usage: https_load PORT NAME PATH CERTIFICATE KEY AUTHORITY SECONDS THREADS CONNECTIONS\n");
		return 2;
	}
	port = atoi(argv[1]);
	name = argv[2];
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", argv[3], name);
	seconds = atof(argv[7]);
	n = atoi(argv[8]);
	connections = atoi(argv[9]);
	if (n < 1 || n > 64 || connections < 1 || seconds <= 0)
		die("THREADS is 1 to 64, CONNECTIONS and SECONDS more than 0");
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	/* One cipher, so that all servers use the same. */
	if (!SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") ||
	    SSL_CTX_use_certificate_chain_file(context, argv[4]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[5], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(context, argv[6], NULL) != 1)
		die("certificates");
	pthread_barrier_init(&together, NULL, n + 1);
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, load, NULL))
			die("no threads");
	pthread_barrier_wait(&together);
	begin = now();
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("%.0f %ld\n", answers / (now() - begin), (long)length);
	return 0;
}
