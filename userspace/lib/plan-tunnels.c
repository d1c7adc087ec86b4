// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: one-time-pad tunnels. A peer has one at the most, which goes away with it. */
#define _GNU_SOURCE
#include <string.h>

#include <linux/qkdnf.h>

#include "plan-parts.h"
#include "tunnel.h"

/* What the kernel takes as MTU if none is said: docs/operations.md. */
#define PATH_MTU    1500
#define IPV4_OCTETS 20
#define IPV6_OCTETS 40
#define OVERHEAD    (8 + 80) /* UDP, frame header */

static struct qn_rec *find(struct qn_rec *list, const char *name)
{
	for (; list; list = list->next)
		if (!strcmp(qn_get_str(list, QN_TUNNEL_NAME), name))
			return list;
	return NULL;
}

static void remove_tunnel(struct planner *p, struct qn_rec *tunnel, const char *why)
{
	qn_step_removal(p, QN_TUNNEL_DEL, tunnel, QN_BIT(QN_TUNNEL_NAME), why);
	tunnel->mark |= GONE;
}

/* What is not said is as 'tunnel add' has it; marks of 0 follow the peer's segments. */
static struct qn_rec *with_defaults(const struct planner *p, const struct qn_rec *given)
{
	static const uint8_t zero[] = { IFLA_QKDNF_TTL,	     IFLA_QKDNF_TTL_INHERIT,
					IFLA_QKDNF_TOS,	     IFLA_QKDNF_TOS_INHERIT,
					IFLA_QKDNF_LOW,	     IFLA_QKDNF_HIGH,
					IFLA_QKDNF_ALLOW_RNG };
	const struct qn_rec *peer =
		qn_find(p->conf->want.peers, QKDNF_A_PEER_ID, qn_get(given, IFLA_QKDNF_PEER, 0));
	struct qn_rec *tunnel = qn_rec_copy(given);
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(zero); i++)
		qn_step_default(tunnel, zero[i], 0);
	qn_step_default(tunnel, QN_TUNNEL_MTU,
			PATH_MTU - OVERHEAD -
				(qn_has(peer, QKDNF_A_PEER_ADDR6) ? IPV6_OCTETS : IPV4_OCTETS));
	return tunnel;
}

static void plan_tunnel(struct planner *p, const struct qn_rec *given)
{
	struct qn_rec *have = find(p->have->tunnels, qn_get_str(given, QN_TUNNEL_NAME));
	struct qn_rec *want, *req;
	char *text;

	if (!have || (have->mark & GONE)) {
		qn_step_new(p, QN_TUNNEL_NEW, given);
		return;
	}
	have->mark |= WANTED;
	want = with_defaults(p, given);
	req = qn_step_differences(want, have, qn_family_tunnel.ops[QN_TUNNEL_SET].request,
				  QN_BIT(QN_TUNNEL_NAME), &text);
	if (req)
		qn_step_add(p, '~', QN_TUNNEL_SET, req, text);
	qn_rec_free(want);
}

/* Before the new ones are made: those that stand where another one is wanted. */
static void make_room(struct planner *p, const struct qn_rec *given)
{
	struct qn_rec *rec;

	for (rec = p->have->tunnels; rec; rec = rec->next) {
		bool name =
			!strcmp(qn_get_str(rec, QN_TUNNEL_NAME), qn_get_str(given, QN_TUNNEL_NAME));
		bool peer = qn_rec_equal(rec, given, IFLA_QKDNF_PEER);

		if (name != peer && !(rec->mark & GONE))
			remove_tunnel(p, rec,
				      name ? ", to be made anew: its peer is fixed" :
					     ", its peer gets another one");
	}
}

void qn_plan_tunnels(struct planner *p)
{
	const struct qn_rec *tunnel;

	for (tunnel = p->conf->want.tunnels; tunnel; tunnel = tunnel->next)
		make_room(p, tunnel);
	for (tunnel = p->conf->want.tunnels; tunnel; tunnel = tunnel->next)
		plan_tunnel(p, tunnel);
}

void qn_plan_tunnel_removals(struct planner *p)
{
	struct qn_rec *rec;

	for (rec = p->have->tunnels; rec; rec = rec->next)
		if (!rec->mark)
			remove_tunnel(p, rec, "");
}
