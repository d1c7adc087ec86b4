// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl node: this QKD node. */
#include <string.h>

#include <linux/qkdnf.h>

#include "ctl.h"

static int node_show(struct ctl *ctl, int argc, char **argv)
{
	if (argc)
		return ctl_usage(ctl, "'%s' is too much", argv[0]);
	return ctl_object(ctl, ctl_km(ctl), QKDNF_CMD_NODE_GET, NULL);
}

static int node_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = qn_rec_new(&qn_set_node);
	uint64_t id;
	int status;

	/* The id is positional; a node that is there needs none. */
	if (argc && !qn_word_find(&qn_words_node, argv[0])) {
		status = ctl_node(ctl, "node", argv[0], &id);
		if (status)
			goto out;
		qn_set(req, QKDNF_A_NODE_ID, id);
		argc--;
		argv++;
	}
	status = ctl_words(ctl, &qn_words_node, argc, argv, req);
	if (!status && !req->present)
		status = ctl_usage(ctl, "nothing to set");
	if (!status)
		return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_NODE_SET, 0, req);
out:
	qn_rec_free(req);
	return status;
}

static int node_del(struct ctl *ctl, int argc, char **argv)
{
	if (argc)
		return ctl_usage(ctl, "'%s' is too much: a namespace holds one node", argv[0]);
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_NODE_DEL, 0, NULL);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "",
	  .run = node_show,
	  .summary = "show the node of this network namespace" },
	{ .name = "set",
	  .args = "[NODE] [port PORT] [memory OCTETS]",
	  .run = node_set,
	  .words = &qn_words_node,
	  .summary = "make the node of this network namespace, or change its limit of memory" },
	{ .name = "del",
	  .args = "",
	  .run = node_del,
	  .summary = "erase all key and take the node and all its objects away" },
	{ 0 }
};

int cmd_node(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
