// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wait_ms(unsigned int ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&pause, NULL);
}

int raw_socket(const struct raw_how *how)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(how->port) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct timeval patience = { .tv_sec = 15 };

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	inet_pton(AF_INET, how->from ? how->from : "127.0.0.1", &from.sin_addr);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (bind(fd, (void *)&from, sizeof(from)) < 0 || connect(fd, (void *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static ssize_t drip(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct raw *raw = arg;
	const char *at = data;
	size_t i;

	if (!raw->drip_ms)
		return send(raw->fd, data, len, MSG_NOSIGNAL);
	for (i = 0; i < len; i++) {
		if (send(raw->fd, at + i, 1, MSG_NOSIGNAL) != 1)
			return i ? (ssize_t)i : -1;
		wait_ms(raw->drip_ms);
	}
	return len;
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *data, size_t len)
{
	struct raw *raw = arg;

	return recv(raw->fd, data, len, 0);
}

int raw_open(struct raw *raw, const struct raw_how *how)
{
	int ret;

	memset(raw, 0, sizeof(*raw));
	raw->fd = raw_socket(how);
	if (raw->fd < 0)
		return GNUTLS_E_PUSH_ERROR;
	raw->drip_ms = how->drip_ms;
	gnutls_certificate_allocate_credentials(&raw->credentials);
	if (how->cert)
		gnutls_certificate_set_x509_key_mem(raw->credentials, &how->cert->chain,
						    &how->cert->key, GNUTLS_X509_FMT_PEM);
	gnutls_init(&raw->session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
	if (how->priorities)
		gnutls_priority_set_direct(raw->session, how->priorities, NULL);
	else
		gnutls_set_default_priority(raw->session);
	gnutls_credentials_set(raw->session, GNUTLS_CRD_CERTIFICATE, raw->credentials);
	if (how->name)
		gnutls_server_name_set(raw->session, GNUTLS_NAME_DNS, how->name,
				       strlen(how->name));
	gnutls_transport_set_ptr(raw->session, raw);
	gnutls_transport_set_push_function(raw->session, drip);
	gnutls_transport_set_pull_function(raw->session, pull);
	gnutls_handshake_set_timeout(raw->session, GNUTLS_INDEFINITE_TIMEOUT);
	do
		ret = gnutls_handshake(raw->session);
	while (ret < 0 && !gnutls_error_is_fatal(ret) && ret != GNUTLS_E_AGAIN);
	return ret;
}

void raw_abort(struct raw *raw)
{
	struct linger reset = { .l_onoff = 1 };

	if (raw->fd >= 0) {
		setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(raw->fd);
		raw->fd = -1;
	}
	raw_close(raw);
}

void raw_close(struct raw *raw)
{
	raw->drip_ms = 0;
	if (raw->session) {
		if (raw->fd >= 0)
			gnutls_bye(raw->session, GNUTLS_SHUT_WR);
		gnutls_deinit(raw->session);
	}
	if (raw->credentials)
		gnutls_certificate_free_credentials(raw->credentials);
	if (raw->fd >= 0)
		close(raw->fd);
	free(raw->kept);
	memset(raw, 0, sizeof(*raw));
	raw->fd = -1;
}

int raw_send(struct raw *raw, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len) {
		/* A dripped record would have a deadline of its own: an octet each. */
		n = gnutls_record_send(raw->session, at, raw->drip_ms ? 1 : len);
		if (n < 0 && n != GNUTLS_E_INTERRUPTED)
			return -1;
		if (n > 0) {
			at += n;
			len -= n;
		}
	}
	return 0;
}

int raw_say(struct raw *raw, const char *text)
{
	return raw_send(raw, text, strlen(text));
}

static bool more(struct raw *raw, long until)
{
	struct timeval patience;
	long left = until - now_ms();
	char data[16384];
	ssize_t n;

	if (left < 1)
		left = 1;
	patience.tv_sec = left / 1000;
	patience.tv_usec = left % 1000 * 1000;
	setsockopt(raw->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	do
		n = gnutls_record_recv(raw->session, data, sizeof(data));
	while (n == GNUTLS_E_INTERRUPTED);
	if (n <= 0)
		return false;
	if (raw->n_kept + n + 1 > raw->room) {
		raw->room = 2 * (raw->n_kept + n + 1);
		raw->kept = realloc(raw->kept, raw->room);
	}
	memcpy(raw->kept + raw->n_kept, data, n);
	raw->n_kept += n;
	raw->kept[raw->n_kept] = 0;
	return true;
}

static const char *field(const char *header, const char *name)
{
	const char *line = header;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncasecmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			return line + strlen(name) + 1 + strspn(line + strlen(name) + 1, " ");
	}
	return NULL;
}

struct answer raw_answer(struct raw *raw, unsigned int ms)
{
	struct answer answer = { 0 };
	long until = now_ms() + ms;
	const char *value;
	size_t head, len;
	char *end;

	while (!raw->kept || !(end = strstr(raw->kept, "\r\n\r\n")))
		if (!more(raw, until))
			return answer;
	head = end + 4 - raw->kept;
	snprintf(answer.header, sizeof(answer.header), "%.*s", (int)head, raw->kept);
	value = field(answer.header, "Content-Length");
	len = value ? strtoul(value, NULL, 10) : 0;
	while (raw->n_kept < head + len)
		if (!more(raw, until))
			return answer;
	answer.body = malloc(len + 1);
	memcpy(answer.body, raw->kept + head, len);
	answer.body[len] = 0;
	answer.len = len;
	raw->n_kept -= head + len;
	memmove(raw->kept, raw->kept + head + len, raw->n_kept + 1);
	answer.status = atoi(answer.header + strlen("HTTP/1.1 "));
	value = field(answer.header, "Content-Type");
	if (value)
		snprintf(answer.type, sizeof(answer.type), "%.*s", (int)strcspn(value, "\r;"),
			 value);
	value = field(answer.header, "Connection");
	answer.close = value && !strncasecmp(value, "close", 5);
	return answer;
}

int raw_ask(struct raw *raw, const char *text)
{
	struct answer answer;

	if (raw_say(raw, text) < 0)
		return 0;
	answer = raw_answer(raw, 15000);
	free(answer.body);
	return answer.status;
}
