// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is at the other end of a TLS connection. */
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "peer.h"

int qf_peer_judge(gnutls_session_t session, qf_verify verify, void *arg, const char *name,
		  struct qf_peer *peer, struct qf_problem *problem)
{
	const gnutls_datum_t *chain;
	unsigned char print[32];
	unsigned int n = 0, i;

	memset(peer, 0, sizeof(*peer));
	chain = gnutls_certificate_get_peers(session, &n);
	if (!chain || !n)
		return qf_problem(problem, QF_UNAUTHENTICATED, "no certificate came: send yours");
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, chain[0].data, chain[0].size, print) < 0)
		return qf_problem(problem, QF_INTERNAL, "the certificate cannot be hashed");
	for (i = 0; i < sizeof(print); i++)
		snprintf(peer->fingerprint + 2 * i, 3, "%02x", print[i]);
	if (verify(arg, name, chain, n, peer, problem) < 0) {
		peer->member[0] = 0;
		peer->until = 0;
		return -1;
	}
	return 0;
}
