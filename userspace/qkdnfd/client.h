/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTPS client: calls to partners, out of the event loop.
 *
 * Everything happens in the loop's thread, but for looking up names. A client is
 * one identity: what it sends never goes over a connection of another. The
 * partner's certificate is judged before the first octet of each request is sent.
 * Redirects, proxies and anything but HTTPS are refused.
 */
#ifndef QF_CLIENT_H
#define QF_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base.h"
#include "peer.h"

struct qf_client;
struct qf_call;

/**
 * typedef qf_address_check - may a client connect to this address?
 *
 * Asked for each address that a partner's name stands for, before a connection to
 * it. Return: 0, or -1 with @err.
 */
typedef int (*qf_address_check)(void *arg, const struct sockaddr *address, socklen_t len,
				struct qn_error *err);

/* One that takes global addresses only: not loopback, link-local, private, multicast. */
int qf_address_global(void *arg, const struct sockaddr *address, socklen_t len,
		      struct qn_error *err);

/**
 * struct qf_client_config - a client
 * @event: the loop
 * @chain_file: our certificates, PEM; a path that can be opened later too
 * @key_file: their private key, PEM; likewise
 * @verify: who judges servers; its name is the host's
 * @verify_arg: for @verify
 * @check: which addresses are fine; NULL: qf_address_global()
 * @check_arg: for @check
 * @pinned: addresses of hosts that are not looked up, "HOST:PORT:ADDRESS"; ends with
 *	NULL; or NULL
 * @connections: to one host at a time; 0: 4
 */
struct qf_client_config {
	sd_event *event;
	const char *chain_file;
	const char *key_file;
	qf_verify verify;
	void *verify_arg;
	qf_address_check check;
	void *check_arg;
	const char *const *pinned;
	unsigned int connections;
};

/**
 * struct qf_call_request - what to send
 * @method: "GET", "POST", ...
 * @base: address of the partner as configured, "https://HOST[:PORT]/..."
 * @path: behind @base, beginning with "/": nothing in it can lead elsewhere
 * @body: copied; NULL for none
 * @len: its octets
 * @type: of @body, "application/json" if NULL
 * @headers: further ones, "Name: value"; ends with NULL; or NULL
 * @max_answer: octets of answer that are accepted; 0: 1 MiB
 * @connect_ms: until the TLS handshake is done; 0: 5,000
 * @total_ms: until the answer is complete, whatever comes meanwhile; 0: 30,000
 */
struct qf_call_request {
	const char *method;
	const char *base;
	const char *path;
	const void *body;
	size_t len;
	const char *type;
	const char *const *headers;
	size_t max_answer;
	unsigned int connect_ms;
	unsigned int total_ms;
};

/**
 * struct qf_call_answer - what came
 * @status: HTTP status
 * @type: of the content, or an empty string
 * @body: with a NUL behind it that does not count
 * @len: its octets
 * @peer: who answered
 * @sent: the request may have reached the partner (also if there is no answer)
 * @reused: it went over a connection that was there
 */
struct qf_call_answer {
	unsigned int status;
	char type[128];
	const char *body;
	size_t len;
	struct qf_peer peer;
	bool sent;
	bool reused;
};

/**
 * typedef qf_call_done - a call has ended
 * @arg: as given
 * @answer: what came, up to the end of this function. Without an answer its
 *	status is 0
 * @err: NULL with an answer, be its status what it may; else what went wrong
 */
typedef void (*qf_call_done)(void *arg, const struct qf_call_answer *answer,
			     const struct qn_error *err);

/**
 * qf_client_open() - a client
 * @config: copied, strings too
 * @err: what went wrong
 *
 * Return: a client for qf_client_close(), or NULL with @err.
 */
struct qf_client *qf_client_open(const struct qf_client_config *config, struct qn_error *err);

/* Close it. Calls under way end without a word. Not to be called by a qf_call_done. */
void qf_client_close(struct qf_client *client);

/**
 * qf_call() - begin a call
 * @client: client
 * @request: copied
 * @done: called once, later, unless the call is cancelled
 * @arg: for @done
 * @err: what is wrong with @request
 *
 * Return: the call, good for qf_call_cancel() until @done, or NULL with @err.
 */
struct qf_call *qf_call(struct qf_client *client, const struct qf_call_request *request,
			qf_call_done done, void *arg, struct qn_error *err);

/* End a call without a word to its qf_call_done. */
void qf_call_cancel(struct qf_call *call);

#endif
