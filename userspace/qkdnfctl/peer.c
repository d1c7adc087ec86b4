// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl peer: nodes that this one shares key with. */
#include <string.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"

static int peer_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = qn_rec_new(&qn_set_peer);
	uint64_t id;

	if (!argc) {
		/* A table shows no counters; a program gets them all. */
		if (!ctl->out.json)
			qn_set(req, QKDNF_A_PEER_BRIEF, 1);
		return ctl_list(ctl, ctl_km(ctl), QKDNF_CMD_PEER_GET, req, &view_peers);
	}
	if (argc > 1 || ctl_node(ctl, "peer", argv[0], &id)) {
		qn_rec_free(req);
		return argc > 1 ? ctl_usage(ctl, "'%s' is too much", argv[1]) : CTL_USAGE;
	}
	qn_set(req, QKDNF_A_PEER_ID, id);
	return ctl_object(ctl, ctl_km(ctl), QKDNF_CMD_PEER_GET, req);
}

/* PEER WORD VALUE..., with the peer put in as id. */
static struct qn_rec *arguments(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t id;

	if (!argc) {
		ctl_usage(ctl, "which peer?");
		return NULL;
	}
	if (ctl_node(ctl, "peer", argv[0], &id))
		return NULL;
	req = qn_rec_new(&qn_set_peer);
	qn_set(req, QKDNF_A_PEER_ID, id);
	if (ctl_words(ctl, &qn_words_peer, argc - 1, argv + 1, req)) {
		qn_rec_free(req);
		return NULL;
	}
	return req;
}

static int peer_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);
	bool addressed;

	if (!req)
		return CTL_USAGE;
	addressed = qn_has(req, QKDNF_A_PEER_ADDR4) || qn_has(req, QKDNF_A_PEER_ADDR6);
	if (!qn_has(req, QKDNF_A_PEER_KIND))
		qn_set(req, QKDNF_A_PEER_KIND,
		       addressed ? QKDNF_PEER_KIND_LINK : QKDNF_PEER_KIND_REMOTE);
	else if (!addressed && qn_get(req, QKDNF_A_PEER_KIND, 0) == QKDNF_PEER_KIND_LINK) {
		qn_rec_free(req);
		return ctl_usage(ctl, "a link peer needs 'address IP'");
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_PEER_NEW, 0, req);
}

static int peer_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (req->present == QN_BIT(QKDNF_A_PEER_ID)) {
		qn_rec_free(req);
		return ctl_usage(ctl, "nothing to set");
	}
	if (req->present & ~qn_family_qkdnf.ops[QKDNF_CMD_PEER_SET].request) {
		qn_rec_free(req);
		return ctl_usage(ctl,
				 "kind, segment, scheme and shares are fixed: take the peer away and make it anew");
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_PEER_SET, 0, req);
}

static int peer_del(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t id;

	if (argc != 1)
		return ctl_usage(ctl, argc ? "one peer at a time" : "which peer?");
	if (ctl_node(ctl, "peer", argv[0], &id))
		return CTL_USAGE;
	req = qn_rec_new(&qn_set_peer);
	qn_set(req, QKDNF_A_PEER_ID, id);
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_PEER_DEL, 0, req);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = peer_show,
	  .summary = "show the peers, or one with its counters and books" },
	{ .name = "add",
	  .args = "PEER [SETTING VALUE]...",
	  .run = peer_add,
	  .words = &qn_words_peer,
	  .summary = "make a peer: a link with an address, else a remote one",
	  .help = "  qkdnfctl peer add 64496:2 address 192.0.2.2 name a2\n"
		  "  qkdnfctl peer add 64498:3 shares 2 max-rate 100k\n" },
	{ .name = "set",
	  .args = "PEER SETTING VALUE...",
	  .run = peer_set,
	  .words = &qn_words_peer,
	  .summary = "change a peer; what is not named stays" },
	{ .name = "del",
	  .args = "PEER",
	  .run = peer_del,
	  .summary = "erase its key and take it away, with its contracts and the routes via it" },
	{ 0 }
};

int cmd_peer(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
