// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl ipsec: IPsec associations under key of a stream. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"
#include "tunnel.h"
#include "xfrm.h"

static void spis(const struct qn_rec *b, char *buf, size_t size)
{
	char out[16] = "-", in[16] = "-";

	if (qn_has(b, QKDNF_A_BINDING_OUT_SPI))
		snprintf(out, sizeof(out), "%08" PRIx64, qn_get(b, QKDNF_A_BINDING_OUT_SPI, 0));
	if (qn_has(b, QKDNF_A_BINDING_IN_SPI))
		snprintf(in, sizeof(in), "%08" PRIx64, qn_get(b, QKDNF_A_BINDING_IN_SPI, 0));
	snprintf(buf, size, "%s %s", out, in);
}

static void rekeys(const struct qn_rec *b, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 "/%" PRIu64, qn_get(b, QKDNF_A_BINDING_REKEYS_OUT, 0),
		 qn_get(b, QKDNF_A_BINDING_REKEYS_IN, 0));
}

/* When time alone makes it due; traffic can make it so before. */
static void next_rekey(const struct qn_rec *b, char *buf, size_t size)
{
	uint64_t soft = qn_get(b, QKDNF_A_BINDING_SOFT_SECONDS, 0) * 1000;
	uint64_t age = qn_get(b, QKDNF_A_BINDING_OUT_AGE_MS, 0);

	*buf = 0;
	if (!soft || !qn_has(b, QKDNF_A_BINDING_OUT_SPI))
		return;
	if (age >= soft)
		snprintf(buf, size, "due");
	else
		qn_format_duration(buf, size, (soft - age + 999) / 1000 * 1000000000);
}

static const char *state_colour(const struct qn_rec *b)
{
	switch (qn_get(b, QKDNF_A_BINDING_STATE, 0)) {
	case QKDNF_BINDING_STATE_UP:
		return QN_GREEN;
	case QKDNF_BINDING_STATE_ONE_WAY:
		return QN_YELLOW;
	}
	return QN_RED;
}

/* Policies of this namespace, by which the column says who uses a binding. */
static const struct qn_rec *known;

void ipsec_policies_known(const struct qn_rec *list)
{
	known = list;
}

/* By how many pairs of networks traffic comes under it. */
static unsigned int used_by(const struct qn_rec *b)
{
	uint64_t reqid = qn_get(b, QKDNF_A_BINDING_REQID, 0);
	const struct qn_rec *policy;
	unsigned int n = 0;

	for (policy = known; policy; policy = policy->next)
		n += qn_get(policy, QN_POLICY_REQID, 0) == reqid;
	return n;
}

static void policies(const struct qn_rec *b, char *buf, size_t size)
{
	unsigned int n = used_by(b);

	snprintf(buf, size, n ? "%u" : "none", n);
}

static const char *policies_colour(const struct qn_rec *b)
{
	return used_by(b) ? NULL : QN_YELLOW;
}

static const struct qn_col cols[] = {
	{ .head = "REQID", .attr = QKDNF_A_BINDING_REQID, .right = true },
	{ .head = "PEER", .attr = QKDNF_A_BINDING_PEER },
	{ .head = "STATE", .attr = QKDNF_A_BINDING_STATE, .colour = state_colour },
	{ .head = "SPI OUT, IN", .text = spis },
	{ .head = "AGE", .attr = QKDNF_A_BINDING_OUT_AGE_MS, .right = true },
	{ .head = "OUT", .attr = QKDNF_A_BINDING_OUT_OCTETS, .right = true },
	{ .head = "IN", .attr = QKDNF_A_BINDING_IN_OCTETS, .right = true },
	{ .head = "REKEYS", .text = rekeys, .right = true },
	{ .head = "KEY", .attr = QKDNF_A_BINDING_KEY_OCTETS, .right = true },
	{ .head = "POLICIES", .text = policies, .colour = policies_colour, .right = true },
	{ .head = "NEXT", .text = next_rekey, .right = true },
	{ .head = "REASON", .attr = QKDNF_A_BINDING_REASON },
};

const struct qn_view view_bindings = QN_VIEW(cols, "no bindings: 'qkdnfctl ipsec add' makes one");

static const struct qn_col policy_cols[] = {
	{ .head = "REQID", .attr = QN_POLICY_REQID, .right = true },
	{ .head = "OWN NETWORK", .attr = QN_POLICY_OWN },
	{ .head = "FAR NETWORK", .attr = QN_POLICY_FAR },
	{ .head = "DIRECTIONS", .attr = QN_POLICY_DIRECTIONS },
	{ .head = "MODE", .attr = QN_POLICY_MODE },
	{ .head = "LOCAL", .attr = QN_POLICY_LOCAL },
	{ .head = "ADDRESS", .attr = QN_POLICY_ADDRESS },
	{ .head = "IF-ID", .attr = QN_POLICY_IF_ID, .right = true },
};

const struct qn_view view_policies =
	QN_VIEW(policy_cols, "no policy has this reqid: no traffic comes under it");

/* The reqid, which names a binding; NULL after saying what is wrong. */
static struct qn_rec *name_of(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t reqid;

	if (argc < 1) {
		ctl_usage(ctl, "which binding? REQID names it");
		return NULL;
	}
	if (qn_parse_number(argv[0], 1, UINT32_MAX, &reqid, &ctl->err)) {
		ctl_usage(ctl, "reqid: %s", ctl->err.text);
		return NULL;
	}
	req = qn_rec_new(&qn_set_binding);
	qn_set(req, QKDNF_A_BINDING_REQID, reqid);
	return req;
}

static int one(struct ctl *ctl, unsigned int cmd, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (argc > 1) {
		qn_rec_free(req);
		return ctl_usage(ctl, "'%s' is too much", argv[1]);
	}
	if (cmd == QKDNF_CMD_BINDING_GET)
		return ctl_object(ctl, ctl_km(ctl), cmd, req);
	return ctl_send(ctl, ctl_km(ctl), cmd, 0, req);
}

/* For people; programs have them in 'show'. */
static int print_policies(struct ctl *ctl, const char *reqid)
{
	struct qn_rec *list = NULL, *rec;
	uint64_t wanted = 0;

	if (qn_parse_number(reqid, 1, UINT32_MAX, &wanted, &ctl->err) ||
	    qn_policies(&list, &ctl->err))
		return ctl_failed(ctl);
	fputc('\n', ctl->out.file);
	qn_out_list_begin(&ctl->out, &view_policies);
	for (rec = list; rec; rec = rec->next)
		if (qn_get(rec, QN_POLICY_REQID, 0) == wanted)
			qn_out_row(&ctl->out, rec);
	qn_out_list_end(&ctl->out);
	qn_rec_list_free(list);
	return 0;
}

static int ipsec_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *list = NULL;
	int status;

	if (argc) {
		status = one(ctl, QKDNF_CMD_BINDING_GET, argc, argv);
		return status || ctl->out.json ? status : print_policies(ctl, argv[0]);
	}
	if (!ctl_km(ctl) || (!ctl->out.json && qn_policies(&list, &ctl->err)))
		return ctl_failed(ctl);
	ipsec_policies_known(list);
	status = ctl_list(ctl, ctl->km, QKDNF_CMD_BINDING_GET, NULL, &view_bindings);
	ipsec_policies_known(NULL);
	qn_rec_list_free(list);
	return status;
}

static int ipsec_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (ctl_words(ctl, &qn_words_binding, argc - 1, argv + 1, req)) {
		qn_rec_free(req);
		return CTL_USAGE;
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_BINDING_NEW, 0, req);
}

static int ipsec_rekey(struct ctl *ctl, int argc, char **argv)
{
	return one(ctl, QKDNF_CMD_BINDING_REKEY, argc, argv);
}

static int ipsec_move(struct ctl *ctl, int argc, char **argv)
{
	static const char *const takes[] = { "address", "local" };
	struct qn_rec *req = name_of(ctl, argc, argv);
	int i;

	if (!req)
		return CTL_USAGE;
	for (i = 1; i < argc; i += 2)
		if (strcmp(argv[i], takes[0]) && strcmp(argv[i], takes[1])) {
			qn_rec_free(req);
			return ctl_usage(ctl, "'%s' cannot move: there are %s and %s", argv[i],
					 takes[0], takes[1]);
		}
	if (ctl_words(ctl, &qn_words_binding, argc - 1, argv + 1, req)) {
		qn_rec_free(req);
		return CTL_USAGE;
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_BINDING_MOVE, 0, req);
}

static int ipsec_del(struct ctl *ctl, int argc, char **argv)
{
	return one(ctl, QKDNF_CMD_BINDING_DEL, argc, argv);
}

/* "add" or "del" as the second argument: 1, 0; else -1 after saying so. */
static int added(struct ctl *ctl, const char *what, int argc, char **argv, int needs)
{
	if (argc == needs && !strcmp(argv[1], "add"))
		return 1;
	if (argc == needs && !strcmp(argv[1], "del"))
		return 0;
	ctl_usage(ctl, "what of it? REQID, add or del, and %s", what);
	return -1;
}

/* The binding as the kernel tells it; NULL after saying what is wrong. */
static struct qn_rec *binding_named(struct ctl *ctl, char **argv, int *status)
{
	struct qn_rec *req = name_of(ctl, 1, argv), *binding = NULL;

	*status = CTL_USAGE;
	if (!req)
		return NULL;
	*status = 0;
	if (!ctl_km(ctl) || qn_nl_do(ctl->km, QKDNF_CMD_BINDING_GET, 0, req, &binding, &ctl->err))
		*status = ctl_failed(ctl);
	qn_rec_free(req);
	return binding;
}

static int ipsec_interface(struct ctl *ctl, int argc, char **argv)
{
	int add = added(ctl, "the name of the device", argc, argv, 3), status;
	struct qn_rec *binding, *req;

	if (add < 0)
		return CTL_USAGE;
	if (!qn_tunnel_name_fits(argv[2]))
		return ctl_usage(ctl, "'%s' cannot name a device", argv[2]);
	binding = binding_named(ctl, argv, &status);
	if (!binding)
		return status;
	req = qn_rec_new(&qn_set_xfrm_interface);
	qn_set_str(req, QN_XFRM_IF_NAME, argv[2]);
	qn_set(req, QN_XFRM_IF_ID, qn_get(binding, QKDNF_A_BINDING_IF_ID, 0));
	if (qn_xfrm_do(add ? QN_XFRM_IF_NEW : QN_XFRM_IF_DEL, req, &ctl->err))
		status = ctl_failed(ctl);
	qn_rec_free(req);
	qn_rec_free(binding);
	return status;
}

/* Whatever binding has the reqid, or none any more. */
static int policy_del(struct ctl *ctl, char **argv, struct qn_rec *policy)
{
	struct qn_rec *binding = name_of(ctl, 1, argv);

	if (!binding)
		return CTL_USAGE;
	qn_set(policy, QN_POLICY_REQID, qn_get(binding, QKDNF_A_BINDING_REQID, 0));
	qn_rec_free(binding);
	return qn_xfrm_do(QN_POLICY_DEL, policy, &ctl->err) ? ctl_failed(ctl) : 0;
}

static int policy_add(struct ctl *ctl, char **argv, struct qn_rec *policy)
{
	int status;
	struct qn_rec *binding = binding_named(ctl, argv, &status);

	if (!binding)
		return status;
	qn_policy_complete(policy, binding);
	qn_rec_free(binding);
	return qn_xfrm_do(QN_POLICY_NEW, policy, &ctl->err) ? ctl_failed(ctl) : 0;
}

static int ipsec_policy(struct ctl *ctl, int argc, char **argv)
{
	int add = added(ctl, "the networks at this end and at the other", argc, argv, 4), status;
	struct qn_rec *policy;

	if (add < 0)
		return CTL_USAGE;
	policy = qn_rec_new(&qn_set_policy);
	if (qn_network_parse(policy, QN_POLICY_OWN, argv[2], &ctl->err) ||
	    qn_network_parse(policy, QN_POLICY_FAR, argv[3], &ctl->err))
		status = ctl_usage(ctl, "%s", ctl->err.text);
	else if (qn_policy_check(policy, &ctl->err))
		status = ctl_failed(ctl);
	else
		status = add ? policy_add(ctl, argv, policy) : policy_del(ctl, argv, policy);
	qn_rec_free(policy);
	return status;
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[REQID]",
	  .run = ipsec_show,
	  .summary = "show the bindings, or one with its limits and associations" },
	{ .name = "add",
	  .args = "REQID peer PEER address IP local IP [SETTING VALUE]...",
	  .run = ipsec_add,
	  .words = &qn_words_binding,
	  .summary = "have associations agreed with a peer, for the policies of a reqid",
	  .help = "  qkdnfctl ipsec add 7 peer 64496:2 address 192.0.2.2 local 192.0.2.1 if-id 7\n"
		  "  qkdnfctl ipsec interface 7 add ipsec7\n"
		  "  qkdnfctl ipsec policy 7 add 10.1.0.0/16 10.2.0.0/16\n"
		  "  ip route add 10.2.0.0/16 dev ipsec7\n" },
	{ .name = "interface",
	  .args = "REQID add|del NAME",
	  .run = ipsec_interface,
	  .summary = "make the xfrm interface of a binding's if-id, or delete it",
	  .help = "  Traffic that is routed to it goes under the binding, or not at all.\n" },
	{ .name = "policy",
	  .args = "REQID add|del OWN-NETWORK FAR-NETWORK",
	  .run = ipsec_policy,
	  .summary = "make the policies for traffic between two networks, or delete them",
	  .help = "  Policies that are there are not replaced, nor are others' deleted: only such\n"
		  "  whose template has this reqid. They follow a binding that moves.\n" },
	{ .name = "rekey",
	  .args = "REQID",
	  .run = ipsec_rekey,
	  .summary = "agree fresh associations now, in both directions" },
	{ .name = "move",
	  .args = "REQID [local IP] [address IP]",
	  .run = ipsec_move,
	  .summary = "put a tunnel at other outer addresses, sessions in it live on",
	  .help = "  The other end is told of the own address: say it where it moves, with the new\n"
		  "  address in place already and the old one still there. Fresh associations are\n"
		  "  agreed before the old ones go, and policies with this reqid follow.\n" },
	{ .name = "del",
	  .args = "REQID",
	  .run = ipsec_del,
	  .summary = "take a binding away, and its associations at both ends" },
	{ 0 }
};

int cmd_ipsec(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
