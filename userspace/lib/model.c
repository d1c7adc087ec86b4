// SPDX-License-Identifier: GPL-2.0-or-later
/* All that a node is, at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "model.h"
#include "output.h"
#include "tunnel.h"
#include "xfrm.h"

int qn_model_load(struct qn_model *model, struct qn_nl *km, struct qn_nl *emu, bool brief,
		  struct qn_error *err)
{
	struct qn_rec *req;
	int ret;

	memset(model, 0, sizeof(*model));
	if (emu) {
		if (qn_nl_list(emu, QKDEMU_CMD_LINK_GET, NULL, &model->emu, err))
			return qn_fail_prefix(err, "emulated links");
		model->emu_known = true;
	}
	if (qn_nl_do(km, QKDNF_CMD_NODE_GET, 0, NULL, &model->node, err))
		return err->code == ENODEV ? 0 : -1;
	req = qn_rec_new(&qn_set_peer);
	if (brief)
		qn_set(req, QKDNF_A_PEER_BRIEF, 1);
	ret = qn_nl_list(km, QKDNF_CMD_PEER_GET, req, &model->peers, err);
	qn_rec_free(req);
	if (ret)
		return qn_fail_prefix(err, "peers");
	if (qn_nl_list(km, QKDNF_CMD_SOURCE_GET, NULL, &model->sources, err))
		return qn_fail_prefix(err, "sources");
	if (qn_nl_list(km, QKDNF_CMD_ROUTE_GET, NULL, &model->routes, err))
		return qn_fail_prefix(err, "routes");
	if (qn_nl_list(km, QKDNF_CMD_CONTRACT_GET, NULL, &model->contracts, err))
		return qn_fail_prefix(err, "contracts");
	if (qn_nl_list(km, QKDNF_CMD_BINDING_GET, NULL, &model->bindings, err))
		return qn_fail_prefix(err, "bindings");
	if (qn_tunnel_list(NULL, &model->tunnels, err))
		return qn_fail_prefix(err, "tunnels");
	if (brief)
		return 0;
	if (qn_nl_list(km, QKDNF_CMD_RELAY_GET, NULL, &model->relays, err))
		return qn_fail_prefix(err, "relays");
	if (qn_nl_list(km, QKDNF_CMD_FLOW_GET, NULL, &model->flows, err))
		return qn_fail_prefix(err, "flows");
	return qn_nl_do(km, QKDNF_CMD_STATS_GET, 0, NULL, &model->stats, err);
}

int qn_model_load_xfrm(struct qn_model *model, struct qn_error *err)
{
	if (qn_xfrm_interfaces(&model->interfaces, err))
		return qn_fail_prefix(err, "xfrm interfaces");
	return qn_policies(&model->policies, err) ? qn_fail_prefix(err, "IPsec policies") : 0;
}

static void keep(struct qn_rec **list, unsigned int attr, struct qn_rec *bindings,
		 unsigned int binding_attr)
{
	struct qn_rec *rec;

	while ((rec = *list)) {
		if (qn_find(bindings, binding_attr, qn_get(rec, attr, 0))) {
			list = &rec->next;
			continue;
		}
		*list = rec->next;
		rec->next = NULL;
		qn_rec_free(rec);
	}
}

void qn_model_keep_bound(struct qn_model *model)
{
	keep(&model->interfaces, QN_XFRM_IF_ID, model->bindings, QKDNF_A_BINDING_IF_ID);
	keep(&model->policies, QN_POLICY_REQID, model->bindings, QKDNF_A_BINDING_REQID);
}

void qn_model_free(struct qn_model *model)
{
	qn_rec_free(model->node);
	qn_rec_list_free(model->peers);
	qn_rec_list_free(model->sources);
	qn_rec_list_free(model->routes);
	qn_rec_list_free(model->contracts);
	qn_rec_list_free(model->bindings);
	qn_rec_list_free(model->tunnels);
	qn_rec_list_free(model->interfaces);
	qn_rec_list_free(model->policies);
	qn_rec_list_free(model->relays);
	qn_rec_list_free(model->flows);
	qn_rec_free(model->stats);
	qn_rec_list_free(model->emu);
	memset(model, 0, sizeof(*model));
}

json_t *qn_model_to_json(const struct qn_model *model)
{
	json_t *object = json_object();

	json_object_set_new(object, "node",
			    model->node ? qn_rec_to_json(model->node) : json_null());
	json_object_set_new(object, "peers", qn_rec_list_to_json(model->peers));
	json_object_set_new(object, "sources", qn_rec_list_to_json(model->sources));
	json_object_set_new(object, "routes", qn_rec_list_to_json(model->routes));
	json_object_set_new(object, "contracts", qn_rec_list_to_json(model->contracts));
	json_object_set_new(object, "bindings", qn_rec_list_to_json(model->bindings));
	json_object_set_new(object, "tunnels", qn_rec_list_to_json(model->tunnels));
	json_object_set_new(object, "interfaces", qn_rec_list_to_json(model->interfaces));
	json_object_set_new(object, "policies", qn_rec_list_to_json(model->policies));
	json_object_set_new(object, "relays", qn_rec_list_to_json(model->relays));
	json_object_set_new(object, "flows", qn_rec_list_to_json(model->flows));
	json_object_set_new(object, "stats", qn_rec_to_json(model->stats));
	if (model->emu_known)
		json_object_set_new(object, "emu", qn_rec_list_to_json(model->emu));
	return object;
}

static int list_from_json(const json_t *object, const char *name, const struct qn_set *set,
			  struct qn_rec **list, struct qn_error *err)
{
	const json_t *array = json_object_get(object, name);
	struct qn_rec **tail = list;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		*tail = qn_rec_from_json(set, json_array_get(array, i), err);
		if (!*tail)
			return qn_fail_prefix(err, "%s[%zu]", name, i);
		tail = &(*tail)->next;
	}
	return 0;
}

int qn_model_from_json(struct qn_model *model, const json_t *object, struct qn_error *err)
{
	const json_t *node = json_object_get(object, "node");

	memset(model, 0, sizeof(*model));
	if (!json_is_object(object) || !node)
		return qn_fail(err, "this is not what 'qkdnfctl -j show' prints");
	if (json_is_object(node)) {
		model->node = qn_rec_from_json(&qn_set_node, node, err);
		if (!model->node)
			return -1;
	}
	model->emu_known = json_is_array(json_object_get(object, "emu"));
	if (list_from_json(object, "peers", &qn_set_peer, &model->peers, err) ||
	    list_from_json(object, "sources", &qn_set_source, &model->sources, err) ||
	    list_from_json(object, "routes", &qn_set_route, &model->routes, err) ||
	    list_from_json(object, "contracts", &qn_set_contract, &model->contracts, err) ||
	    list_from_json(object, "bindings", &qn_set_binding, &model->bindings, err) ||
	    list_from_json(object, "tunnels", &qn_set_tunnel, &model->tunnels, err) ||
	    list_from_json(object, "interfaces", &qn_set_xfrm_interface, &model->interfaces, err) ||
	    list_from_json(object, "policies", &qn_set_policy, &model->policies, err) ||
	    list_from_json(object, "relays", &qn_set_relay, &model->relays, err) ||
	    list_from_json(object, "flows", &qn_set_flow, &model->flows, err) ||
	    list_from_json(object, "emu", &qn_set_emu_link, &model->emu, err))
		return -1;
	model->stats = qn_rec_from_json(&qn_set_stats, json_object_get(object, "stats"), err);
	if (!model->stats)
		model->stats = qn_rec_new(&qn_set_stats);
	return 0;
}

struct qn_rec *qn_find(struct qn_rec *list, unsigned int attr, uint64_t value)
{
	for (; list; list = list->next)
		if (qn_has(list, attr) && list->v[attr].u == value)
			return list;
	return NULL;
}
