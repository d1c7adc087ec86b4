/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of a TLS connection.
 *
 * TLS shows that the other end owns the key of the certificate that it sent; who
 * that is, and whether this federation knows it, a call-back of this type says.
 */
#ifndef QF_PEER_H
#define QF_PEER_H

#include <stdint.h>

#include <gnutls/gnutls.h>

#include "problem.h"

#define QF_MEMBER_SIZE	    64
#define QF_FINGERPRINT_SIZE 65

/**
 * struct qf_peer - the other end of a connection
 * @member: its name within the federation, empty for one that is not known
 * @fingerprint: SHA-256 of its certificate, in lower-case hexadecimal
 * @until: when to ask again at the latest, in microseconds UTC: the end of the
 *	certificate, of the revocation list, or sooner
 */
struct qf_peer {
	char member[QF_MEMBER_SIZE];
	char fingerprint[QF_FINGERPRINT_SIZE];
	int64_t until;
};

/**
 * typedef qf_verify - judge a chain of certificates
 * @arg: as given beside the function
 * @name: at a server: the name that the client asked for, which says under which
 *	of our identities, so in which federation; at a client: the host's name,
 *	which the certificate must bear
 * @chain: the certificates, DER, the end one first
 * @n: how many, at least one
 * @peer: where to put member and until; fingerprint is there already
 * @problem: what is wrong with it, for the one who sent it
 *
 * Context: a server calls it in any of its threads, several at a time; a client
 * in its event loop's. It must not block.
 *
 * Return: 0, or -1 with @problem.
 */
typedef int (*qf_verify)(void *arg, const char *name, const gnutls_datum_t *chain, unsigned int n,
			 struct qf_peer *peer, struct qf_problem *problem);

/**
 * qf_peer_judge() - ask who is at the other end of a session
 * @session: one whose handshake is done
 * @verify: who knows
 * @arg: for @verify
 * @name: for @verify
 * @peer: the answer; its fingerprint is right even if it is refused
 * @problem: why it is refused
 *
 * Return: 0, or -1 with @problem.
 */
int qf_peer_judge(gnutls_session_t session, qf_verify verify, void *arg, const char *name,
		  struct qf_peer *peer, struct qf_problem *problem);

#endif
