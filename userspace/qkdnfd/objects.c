// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects of a desired state. */
#include <linux/qkdnf.h>

#include "objects.h"
#include "tunnel.h"

const struct qn_set *qf_object_set(enum qf_object kind)
{
	static const struct qn_set *const sets[QF_OBJECTS] = {
		[QF_OBJECT_NODE] = &qn_set_node,       [QF_OBJECT_PEER] = &qn_set_peer,
		[QF_OBJECT_ROUTE] = &qn_set_route,     [QF_OBJECT_CONTRACT] = &qn_set_contract,
		[QF_OBJECT_BINDING] = &qn_set_binding, [QF_OBJECT_TUNNEL] = &qn_set_tunnel,
	};

	return sets[kind];
}

/* What the kernel takes when it makes one is what a file may say of it. */
uint64_t qf_object_allowed(enum qf_object kind)
{
	switch (kind) {
	case QF_OBJECT_NODE:
		return qn_family_qkdnf.ops[QKDNF_CMD_NODE_SET].request;
	case QF_OBJECT_PEER:
		return qn_family_qkdnf.ops[QKDNF_CMD_PEER_NEW].request;
	case QF_OBJECT_ROUTE:
		return qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_NEW].request &
		       ~QN_BIT(QKDNF_A_ROUTE_REPLACE);
	case QF_OBJECT_CONTRACT:
		return qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_NEW].request;
	case QF_OBJECT_BINDING:
		return qn_family_qkdnf.ops[QKDNF_CMD_BINDING_NEW].request;
	case QF_OBJECT_TUNNEL:
		return qn_family_tunnel.ops[QN_TUNNEL_NEW].request;
	case QF_OBJECTS:
		break;
	}
	return 0;
}

struct qn_rec **qf_object_list(struct qn_model *model, enum qf_object kind)
{
	switch (kind) {
	case QF_OBJECT_NODE:
		return &model->node;
	case QF_OBJECT_PEER:
		return &model->peers;
	case QF_OBJECT_ROUTE:
		return &model->routes;
	case QF_OBJECT_CONTRACT:
		return &model->contracts;
	case QF_OBJECT_BINDING:
		return &model->bindings;
	case QF_OBJECT_TUNNEL:
		return &model->tunnels;
	case QF_OBJECTS:
		break;
	}
	return NULL;
}
