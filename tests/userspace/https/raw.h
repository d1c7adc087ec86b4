/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client by hand, which may be as ill-mannered as a test needs it. */
#ifndef TEST_RAW_H
#define TEST_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>

#include "pki.h"

/**
 * struct raw_how - how to come
 * @port: where, at 127.0.0.1
 * @from: own address, NULL for 127.0.0.1
 * @name: what to ask for; NULL: nothing
 * @cert: what to show; NULL: nothing
 * @priorities: NULL for GnuTLS' usual ones
 * @drip_ms: between any two octets sent, of the handshake too
 */
struct raw_how {
	int port;
	const char *from;
	const char *name;
	const struct cert *cert;
	const char *priorities;
	unsigned int drip_ms;
};

struct raw {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	unsigned int drip_ms;
	char *kept; /* read beyond an answer */
	size_t n_kept, room;
};

struct answer {
	int status; /* 0: none came */
	bool close;
	char type[64];
	char header[2048];
	char *body;
	size_t len;
};

long now_ms(void);
void wait_ms(unsigned int ms);

/* A connection only: a socket, or -1. */
int raw_socket(const struct raw_how *how);

/* With the handshake: 0 or a GnuTLS error. Both need raw_close(). */
int raw_open(struct raw *raw, const struct raw_how *how);
void raw_close(struct raw *raw);
/* Without a good-bye, the peer gets a reset. */
void raw_abort(struct raw *raw);

/* 0, or -1 if the connection is gone. */
int raw_send(struct raw *raw, const void *data, size_t len);
int raw_say(struct raw *raw, const char *text);
/* One answer, within MS; its status is 0 if the connection ends before. Free body. */
struct answer raw_answer(struct raw *raw, unsigned int ms);
/* Say and wait. Only the status. */
int raw_ask(struct raw *raw, const char *text);

#endif
