// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl route: next hops of relayed key. */
#include <string.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"

/* DESTINATION WORD VALUE..., with the destination put in as "to". */
static struct qn_rec *arguments(struct ctl *ctl, int argc, char **argv)
{
	const struct qn_word *to = qn_word_find(&qn_words_route, "to");
	struct qn_rec *req;

	if (!argc) {
		ctl_usage(ctl, "which destination?");
		return NULL;
	}
	req = qn_rec_new(&qn_set_route);
	/* Both "route add 1:2 via" and "route add to 1:2 via" read well. */
	if (strcmp(argv[0], "to")) {
		if (qn_word_parse(&qn_words_route, to, argv[0], req, &ctl->err)) {
			ctl_usage(ctl, "%s", ctl->err.text);
			goto bad;
		}
		argc--;
		argv++;
	}
	if (ctl_words(ctl, &qn_words_route, argc, argv, req))
		goto bad;
	return req;
bad:
	qn_rec_free(req);
	return NULL;
}

static int route_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = NULL;
	uint64_t via;

	if (argc == 2 && !strcmp(argv[0], "via")) {
		if (ctl_node(ctl, "via", argv[1], &via))
			return CTL_USAGE;
		req = qn_rec_new(&qn_set_route);
		qn_set(req, QKDNF_A_ROUTE_VIA, via);
	} else if (argc) {
		return ctl_usage(ctl,
				 "'%s' is not understood; one route shows 'qkdnfctl route get'",
				 argv[0]);
	}
	return ctl_list(ctl, ctl_km(ctl), QKDNF_CMD_ROUTE_GET, req, &view_routes);
}

static int route_get(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (req->present & ~(QN_BIT(QKDNF_A_ROUTE_DESTINATION) | QN_BIT(QKDNF_A_ROUTE_SHARE))) {
		qn_rec_free(req);
		return ctl_usage(ctl, "one node and, if need be, a share");
	}
	return ctl_object(ctl, ctl_km(ctl), QKDNF_CMD_ROUTE_GET, req);
}

static int put(struct ctl *ctl, int argc, char **argv, bool replace)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (!qn_has(req, QKDNF_A_ROUTE_VIA)) {
		qn_rec_free(req);
		return ctl_usage(ctl, "a route needs 'via PEER'");
	}
	if (replace)
		qn_set(req, QKDNF_A_ROUTE_REPLACE, 1);
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_ROUTE_NEW, 0, req);
}

static int route_add(struct ctl *ctl, int argc, char **argv)
{
	return put(ctl, argc, argv, false);
}

static int route_replace(struct ctl *ctl, int argc, char **argv)
{
	return put(ctl, argc, argv, true);
}

static int route_del(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (req->present & ~qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_DEL].request) {
		qn_rec_free(req);
		return ctl_usage(ctl, "destination and share name a route; via and backup do not");
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_ROUTE_DEL, 0, req);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[via PEER]",
	  .run = route_show,
	  .summary = "show the routes, or those that have a peer as next hop or backup" },
	{ .name = "get",
	  .args = "NODE [share 0..3]",
	  .run = route_get,
	  .summary = "show the route that frames to a node use" },
	{ .name = "add",
	  .args = "NODE|PROVIDER:* via PEER [backup PEER] [share 0..3]",
	  .run = route_add,
	  .words = &qn_words_route,
	  .summary = "make a route to a node, or to all nodes of a provider" },
	{ .name = "replace",
	  .args = "NODE|PROVIDER:* via PEER [backup PEER] [share 0..3]",
	  .run = route_replace,
	  .words = &qn_words_route,
	  .summary = "make a route, or change the one that is there without a gap" },
	{ .name = "del",
	  .args = "NODE|PROVIDER:* [share 0..3]",
	  .run = route_del,
	  .summary = "take a route away" },
	{ 0 }
};

int cmd_route(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
