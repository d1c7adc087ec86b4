// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl contract: what one provider carries for another. */
#include <string.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"

#define NAMES_IT                                                       \
	(QN_BIT(QKDNF_A_CONTRACT_PEER) | QN_BIT(QKDNF_A_CONTRACT_ID) | \
	 QN_BIT(QKDNF_A_CONTRACT_DIRECTION))

/*
 * PEER ID DIRECTION: what names a contract. Takes three arguments; NULL after
 * saying what is wrong.
 */
static struct qn_rec *name_of(struct ctl *ctl, int argc, char **argv)
{
	static const char *const words[] = { "peer", "id", "direction" };
	struct qn_rec *req;
	int i;

	if (argc < 3) {
		ctl_usage(ctl, "PEER, ID and direction (in or out) name a contract");
		return NULL;
	}
	req = qn_rec_new(&qn_set_contract);
	for (i = 0; i < 3; i++) {
		const struct qn_word *word = qn_word_find(&qn_words_contract, words[i]);

		if (qn_word_parse(&qn_words_contract, word, argv[i], req, &ctl->err)) {
			ctl_usage(ctl, "%s", ctl->err.text);
			qn_rec_free(req);
			return NULL;
		}
	}
	return req;
}

static struct qn_rec *arguments(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (req && ctl_words(ctl, &qn_words_contract, argc - 3, argv + 3, req)) {
		qn_rec_free(req);
		return NULL;
	}
	return req;
}

static int contract_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t peer;

	if (argc > 1) {
		if (argc > 3)
			return ctl_usage(ctl, "'%s' is too much", argv[3]);
		req = name_of(ctl, argc, argv);
		if (!req)
			return CTL_USAGE;
		return ctl_object(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_GET, req);
	}
	req = qn_rec_new(&qn_set_contract);
	if (argc) {
		if (ctl_node(ctl, "peer", argv[0], &peer)) {
			qn_rec_free(req);
			return CTL_USAGE;
		}
		qn_set(req, QKDNF_A_CONTRACT_PEER, peer);
	}
	return ctl_list(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_GET, req, &view_contracts);
}

static int contract_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (!qn_has(req, QKDNF_A_CONTRACT_SOURCE) || !qn_has(req, QKDNF_A_CONTRACT_DESTINATION) ||
	    !qn_has(req, QKDNF_A_CONTRACT_RATE)) {
		qn_rec_free(req);
		return ctl_usage(ctl, "a contract needs from, to and rate");
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_NEW, 0, req);
}

static int contract_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = arguments(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (req->present == NAMES_IT) {
		qn_rec_free(req);
		return ctl_usage(ctl, "nothing to set");
	}
	if (req->present & ~qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_SET].request) {
		qn_rec_free(req);
		return ctl_usage(ctl,
				 "from and to are fixed: take the contract away and make it anew");
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_SET, 0, req);
}

static int contract_del(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (argc > 3) {
		qn_rec_free(req);
		return ctl_usage(ctl, "'%s' is too much", argv[3]);
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_DEL, 0, req);
}

static int contract_mark(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);
	uint64_t mark;

	if (!req)
		return CTL_USAGE;
	if (argc != 4 || qn_parse_number(argv[3], 1, UINT32_MAX, &mark, &ctl->err)) {
		qn_rec_free(req);
		return ctl_usage(ctl, "the mark is a number, one more than the last");
	}
	qn_set(req, QKDNF_A_CONTRACT_MARK, mark);
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_CONTRACT_MARK, 0, req);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[PEER [ID in|out]]",
	  .run = contract_show,
	  .summary = "show the contracts, those at one border, or one with its meters" },
	{ .name = "add",
	  .args = "PEER ID in|out from SCOPE to SCOPE rate RATE [SETTING VALUE]...",
	  .run = contract_add,
	  .words = &qn_words_contract,
	  .summary = "make a contract",
	  .help = "  qkdnfctl contract add 64496:9 7 in from 64496:* to 64498:3 rate 100k \\\n"
		  "           volume 10G expiry 2027-01-01 out-id 3\n" },
	{ .name = "set",
	  .args = "PEER ID in|out SETTING VALUE...",
	  .run = contract_set,
	  .words = &qn_words_contract,
	  .summary = "change a contract; what is not named stays, and the meters go on" },
	{ .name = "mark",
	  .args = "PEER ID in|out NUMBER",
	  .run = contract_mark,
	  .summary = "set a settlement mark: freeze the meters under a number" },
	{ .name = "del",
	  .args = "PEER ID in|out",
	  .run = contract_del,
	  .summary = "take a contract away, with its meters: read them before" },
	{ 0 }
};

int cmd_contract(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
