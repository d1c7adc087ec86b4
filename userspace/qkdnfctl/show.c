// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl show: how the node is, on one page. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"
#include "model.h"
#include "tunnel.h"
#include "xfrm.h"

#define PAGE_ROWS     20 /* rows of a table; the rest is counted */
#define PAGE_PROBLEMS 12
#define EXPIRY_SOON   86400 /* seconds */

/* Columns see one record; some of them need the others, too. */
static const struct qn_model *shown;

static const struct qn_rec *source_of(const struct qn_rec *peer)
{
	return qn_find(shown->sources, QKDNF_A_SOURCE_PEER, qn_get(peer, QKDNF_A_PEER_ID, 0));
}

static const struct qn_rec *relay_of(const struct qn_rec *peer)
{
	return qn_find(shown->relays, QKDNF_A_RELAY_PEER, qn_get(peer, QKDNF_A_PEER_ID, 0));
}

/* What fills the stream: a device, a process, or relays. */
static void peer_source(const struct qn_rec *peer, char *buf, size_t size)
{
	const struct qn_rec *source = source_of(peer), *relay = relay_of(peer);
	char kind[32], state[32];

	*buf = 0;
	if (relay) {
		qn_format_value(state, sizeof(state), relay, QKDNF_A_RELAY_STATE, false);
		snprintf(buf, size, "relay %s", state);
	} else if (source) {
		qn_format_value(kind, sizeof(kind), source, QKDNF_A_SOURCE_KIND, false);
		qn_format_value(state, sizeof(state), source, QKDNF_A_SOURCE_STATE, false);
		snprintf(buf, size, "%s %s", kind, state);
	}
}

static const char *peer_source_colour(const struct qn_rec *peer)
{
	const struct qn_rec *source = source_of(peer), *relay = relay_of(peer);

	if (relay)
		return col_relay_state_colour(relay);
	return source ? col_source_state_colour(source) : NULL;
}

static void peer_qber(const struct qn_rec *peer, char *buf, size_t size)
{
	const struct qn_rec *source = source_of(peer);

	*buf = 0;
	if (source)
		qn_format_value(buf, size, source, QKDNF_A_SOURCE_QBER_PPM, false);
}

static const struct qn_col peer_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_PEER_ID },
	{ .head = "NAME", .attr = QKDNF_A_PEER_NAME },
	{ .head = "STATE", .attr = QKDNF_A_PEER_STATE, .colour = col_peer_state_colour },
	{ .head = "LEVEL", .text = col_peer_bar },
	{ .head = "OWN",
	  .attr = QKDNF_A_PEER_OWN_LEVEL,
	  .right = true,
	  .colour = col_peer_level_colour },
	{ .head = "OTHER", .attr = QKDNF_A_PEER_OTHER_LEVEL, .right = true },
	{ .head = "INCOME", .attr = QKDNF_A_PEER_INCOME, .right = true },
	{ .head = "SOURCE", .text = peer_source, .colour = peer_source_colour },
	{ .head = "QBER", .text = peer_qber, .right = true },
};

static const struct qn_view view_page_peers = QN_VIEW(peer_cols, NULL);

/* --- problems ----------------------------------------------------------------- */

struct problems {
	struct ctl *ctl;
	unsigned int count;
	json_t *list; /* in place of printing */
};

static void problem(struct problems *p, const char *colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void problem(struct problems *p, const char *colour, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->count++;
	if (p->list) {
		json_array_append_new(p->list, json_string(text));
		return;
	}
	if (p->count == 1) {
		fputc('\n', p->ctl->out.file);
		qn_out_paint(&p->ctl->out, QN_BOLD, "PROBLEMS");
		fputc('\n', p->ctl->out.file);
	}
	if (p->count > PAGE_PROBLEMS)
		return;
	qn_out_paint(&p->ctl->out, colour, "!");
	fprintf(p->ctl->out.file, " %s\n", text);
}

static const char *peer_name(const struct qn_rec *peer)
{
	static char text[96];
	char id[32];

	qn_format_node(id, sizeof(id), qn_get(peer, QKDNF_A_PEER_ID, 0));
	if (*qn_get_str(peer, QKDNF_A_PEER_NAME))
		snprintf(text, sizeof(text), "%s (%s)", id, qn_get_str(peer, QKDNF_A_PEER_NAME));
	else
		snprintf(text, sizeof(text), "%s", id);
	return text;
}

static void peer_problems(struct problems *p, const struct qn_rec *peer)
{
	const struct qn_rec *counters = qn_get_nest(peer, QKDNF_A_PEER_COUNTERS);
	static const struct {
		unsigned int attr;
		const char *text;
	} counts[] = {
		{ QKDNF_A_COUNTERS_DROP_TAG, "frames whose tag does not verify" },
		{ QKDNF_A_COUNTERS_DROP_BINDING, "frames for origins that it may not speak for" },
		{ QKDNF_A_COUNTERS_DROP_OWNER, "frames with key that it does not own" },
		{ QKDNF_A_COUNTERS_CONFIRM_MISMATCH, "segments that differed at the ends" },
		{ QKDNF_A_COUNTERS_DROP_MEMORY, "frames or segments without memory" },
		{ QKDNF_A_COUNTERS_FLOW_REFUSED,
		  "frames of more streams than one neighbour may bring" },
	};
	uint64_t own = qn_get(peer, QKDNF_A_PEER_OWN_LEVEL, 0);
	char last[32];
	size_t i;

	switch (qn_get(peer, QKDNF_A_PEER_STATE, 0)) {
	case QKDNF_PEER_STATE_DOWN:
		qn_format_value(last, sizeof(last), peer, QKDNF_A_PEER_LAST_HEARD_MS, false);
		problem(p, QN_RED, "peer %s is down, last heard %s ago", peer_name(peer),
			*last ? last : "long");
		break;
	case QKDNF_PEER_STATE_PROBING:
		problem(p, QN_YELLOW, "peer %s does not answer probes", peer_name(peer));
		break;
	case QKDNF_PEER_STATE_UP:
		if (!own)
			problem(p, QN_RED, "stream of peer %s is empty", peer_name(peer));
		else if (own < qn_get(peer, QKDNF_A_PEER_LOW, 0) / 2)
			problem(p, QN_YELLOW, "stream of peer %s is low: %s can be spent here",
				peer_name(peer), qn_format_octets(last, sizeof(last), own));
		break;
	}
	for (i = 0; i < QN_ARRAY_SIZE(counts); i++)
		if (qn_get(counters, counts[i].attr, 0))
			problem(p, QN_RED, "peer %s: %" PRIu64 " %s so far", peer_name(peer),
				qn_get(counters, counts[i].attr, 0), counts[i].text);
}

static void source_problems(struct problems *p, const struct qn_rec *source)
{
	uint64_t state = qn_get(source, QKDNF_A_SOURCE_STATE, 0);
	const char *reason = qn_get_str(source, QKDNF_A_SOURCE_REASON);
	char id[32], text[32], last[32];

	qn_format_node(id, sizeof(id), qn_get(source, QKDNF_A_SOURCE_PEER, 0));
	qn_format_value(text, sizeof(text), source, QKDNF_A_SOURCE_STATE, false);
	qn_format_value(last, sizeof(last), source, QKDNF_A_SOURCE_LAST_BLOCK_MS, false);
	if (state == QKDNF_SOURCE_STATE_SILENT)
		problem(p, QN_YELLOW, "source of peer %s is silent%s%s", id, *last ? " for " : "",
			last);
	else if (state == QKDNF_SOURCE_STATE_STOPPED || state == QKDNF_SOURCE_STATE_REFUSED)
		problem(p, QN_RED, "source of peer %s is %s%s%s", id, text, *reason ? ": " : "",
			reason);
	if (qn_get(source, QKDNF_A_SOURCE_REPEATS, 0))
		problem(p, QN_RED,
			"source of peer %s repeated %" PRIu64 " blocks: it breaks its promise", id,
			qn_get(source, QKDNF_A_SOURCE_REPEATS, 0));
}

static void relay_problems(struct problems *p, const struct qn_rec *relay)
{
	uint64_t state = qn_get(relay, QKDNF_A_RELAY_STATE, 0);
	char id[32], text[32], nak[64];

	qn_format_node(id, sizeof(id), qn_get(relay, QKDNF_A_RELAY_PEER, 0));
	qn_format_value(text, sizeof(text), relay, QKDNF_A_RELAY_STATE, false);
	col_relay_nak(relay, nak, sizeof(nak));
	if (state == QKDNF_RELAY_STATE_PAUSED || state == QKDNF_RELAY_STATE_NO_ROUTE ||
	    state == QKDNF_RELAY_STATE_NO_KEY)
		problem(p, QN_YELLOW, "stream to %s is held up: %s%s%s", id, text, *nak ? ", " : "",
			nak);
	if (qn_get(relay, QKDNF_A_RELAY_MISMATCHED, 0))
		problem(p, QN_RED,
			"stream to %s: %" PRIu64
			" segments differed at the ends, somebody on the way changes key",
			id, qn_get(relay, QKDNF_A_RELAY_MISMATCHED, 0));
}

static void contract_problems(struct problems *p, const struct qn_rec *c)
{
	uint64_t volume = qn_get(c, QKDNF_A_CONTRACT_VOLUME, 0), used = contract_used(c);
	uint64_t expiry = qn_get(c, QKDNF_A_CONTRACT_EXPIRY, 0), now = (uint64_t)time(NULL);
	char id[32], ends[48];

	qn_format_node(id, sizeof(id), qn_get(c, QKDNF_A_CONTRACT_PEER, 0));
	col_contract_expiry(c, ends, sizeof(ends));
	if (volume && used >= volume)
		problem(p, QN_RED, "contract %" PRIu64 " with %s: its volume is used up",
			qn_get(c, QKDNF_A_CONTRACT_ID, 0), id);
	else if (volume && used >= volume - volume / 10)
		problem(p, QN_YELLOW,
			"contract %" PRIu64 " with %s: %" PRIu64 "%% of its volume is used",
			qn_get(c, QKDNF_A_CONTRACT_ID, 0), id,
			(uint64_t)((double)used / (double)volume * 100));
	if (expiry && expiry <= now)
		problem(p, QN_RED, "contract %" PRIu64 " with %s is over",
			qn_get(c, QKDNF_A_CONTRACT_ID, 0), id);
	else if (expiry && expiry - now < EXPIRY_SOON)
		problem(p, QN_YELLOW, "contract %" PRIu64 " with %s ends %s",
			qn_get(c, QKDNF_A_CONTRACT_ID, 0), id, ends);
}

/* What leads traffic to it: policies of its reqid, for its interface if there is one. */
static void binding_use_problems(struct problems *p, const struct qn_rec *b)
{
	uint64_t reqid = qn_get(b, QKDNF_A_BINDING_REQID, 0);
	uint64_t if_id = qn_get(b, QKDNF_A_BINDING_IF_ID, 0);
	unsigned int policies = 0, fit = 0, open = 0;
	const struct qn_rec *rec;

	for (rec = shown->policies; rec; rec = rec->next) {
		if (qn_get(rec, QN_POLICY_REQID, 0) != reqid)
			continue;
		policies++;
		fit += qn_get(rec, QN_POLICY_IF_ID, 0) == if_id;
		open += qn_get(rec, QN_POLICY_OPTIONAL, 1) != 0;
	}
	if (!policies)
		problem(p, QN_YELLOW,
			"IPsec of reqid %" PRIu64
			": no policy has this reqid, no traffic comes under it",
			reqid);
	else if (!fit)
		problem(p, QN_YELLOW,
			"IPsec of reqid %" PRIu64 ": policies have another if-id than %" PRIu64,
			reqid, if_id);
	else if (if_id && !qn_find(shown->interfaces, QN_XFRM_IF_ID, if_id))
		problem(p, QN_YELLOW,
			"IPsec of reqid %" PRIu64 ": there is no xfrm interface of if-id %" PRIu64,
			reqid, if_id);
	if (open)
		problem(p, QN_RED,
			"IPsec of reqid %" PRIu64
			": a policy with 'level use' lets clear traffic pass",
			reqid);
}

static void binding_problems(struct problems *p, const struct qn_rec *b)
{
	const char *reason = qn_get_str(b, QKDNF_A_BINDING_REASON);
	bool up = qn_get(b, QKDNF_A_BINDING_STATE, 0) == QKDNF_BINDING_STATE_UP;
	char id[32];

	if (up && !*reason)
		return;
	qn_format_node(id, sizeof(id), qn_get(b, QKDNF_A_BINDING_PEER, 0));
	problem(p, up ? QN_YELLOW : QN_RED, "IPsec of reqid %" PRIu64 " with %s %s%s%s",
		qn_get(b, QKDNF_A_BINDING_REQID, 0), id,
		up ? "gets no fresh key" : "has no associations", *reason ? ": " : "", reason);
}

static void tunnel_problems(struct problems *p, const struct qn_rec *tunnel)
{
	const char *name = qn_get_str(tunnel, QN_TUNNEL_NAME);

	switch (qn_get(tunnel, IFLA_QKDNF_STATE, QKDNF_TUNNEL_DOWN)) {
	case QKDNF_TUNNEL_UNPAIRED:
		problem(p, QN_RED, "tunnel %s: the two ends have not met", name);
		break;
	case QKDNF_TUNNEL_RNG:
		problem(p, QN_RED, "tunnel %s: key from a random number generator, see allow-rng",
			name);
		break;
	case QKDNF_TUNNEL_WAITING:
		problem(p, QN_YELLOW, "tunnel %s waits for key", name);
		break;
	}
}

static void node_problems(struct problems *p, const struct qn_model *model)
{
	uint64_t most = qn_get(model->node, QKDNF_A_NODE_MEM_MAX, 0);
	uint64_t used = qn_get(model->node, QKDNF_A_NODE_MEM_USED, 0);
	uint64_t dropped = qn_get(model->stats, QKDNF_A_STATS_EVENTS_DROPPED, 0);

	if (most && used >= most - most / 10)
		problem(p, QN_YELLOW, "nine tenths of the memory for streams are used");
	if (dropped)
		problem(p, QN_YELLOW,
			"%" PRIu64 " events were not told, by rate limit or for want of memory",
			dropped);
}

static void find_problems(struct problems *p, const struct qn_model *model)
{
	const struct qn_rec *rec;

	node_problems(p, model);
	for (rec = model->peers; rec; rec = rec->next)
		peer_problems(p, rec);
	for (rec = model->sources; rec; rec = rec->next)
		source_problems(p, rec);
	for (rec = model->relays; rec; rec = rec->next)
		relay_problems(p, rec);
	for (rec = model->routes; rec; rec = rec->next) {
		char to[64];

		if (qn_get(rec, QKDNF_A_ROUTE_ACTIVE, 0) == QKDNF_ROUTE_ACTIVE_PRIMARY)
			continue;
		qn_format_value(to, sizeof(to), rec, QKDNF_A_ROUTE_DESTINATION, false);
		if (qn_get(rec, QKDNF_A_ROUTE_ACTIVE, 0) == QKDNF_ROUTE_ACTIVE_BACKUP)
			problem(p, QN_YELLOW, "route to %s uses its backup", to);
		else if (qn_get(rec, QKDNF_A_ROUTE_SWITCHED, 0)) /* else not used yet */
			problem(p, QN_RED, "route to %s has no usable next hop", to);
	}
	for (rec = model->contracts; rec; rec = rec->next)
		contract_problems(p, rec);
	for (rec = model->bindings; rec; rec = rec->next) {
		binding_problems(p, rec);
		binding_use_problems(p, rec);
	}
	for (rec = model->tunnels; rec; rec = rec->next)
		tunnel_problems(p, rec);
}

/* --- the page ----------------------------------------------------------------- */

static void print_node(struct ctl *ctl, const struct qn_model *model)
{
	uint64_t most = qn_get(model->node, QKDNF_A_NODE_MEM_MAX, 0);
	uint64_t used = qn_get(model->node, QKDNF_A_NODE_MEM_USED, 0);
	uint64_t since = qn_get(model->node, QKDNF_A_NODE_START_TIME, 0);
	uint64_t now = (uint64_t)time(NULL);
	char id[32], text[64], bar[64], all[32];

	qn_format_node(id, sizeof(id), qn_get(model->node, QKDNF_A_NODE_ID, 0));
	qn_out_paint(&ctl->out, QN_BOLD, "node %s", id);
	fprintf(ctl->out.file, "  UDP port %" PRIu64, qn_get(model->node, QKDNF_A_NODE_PORT, 0));
	if (since)
		fprintf(ctl->out.file, "  up %s",
			qn_format_duration(text, sizeof(text),
					   now > since ? (now - since) * 1000000000 : 0));
	fprintf(ctl->out.file, "  peers %" PRIu64 ", %" PRIu64 " up",
		qn_get(model->stats, QKDNF_A_STATS_PEERS, 0),
		qn_get(model->stats, QKDNF_A_STATS_PEERS_UP, 0));
	if (most) {
		col_bar(bar, sizeof(bar), 10, used, most);
		fprintf(ctl->out.file, "  memory %s %s of %s", bar,
			qn_format_octets(text, sizeof(text), used),
			qn_format_octets(all, sizeof(all), most));
	} else {
		fprintf(ctl->out.file, "  memory %s", qn_format_octets(text, sizeof(text), used));
	}
	fputc('\n', ctl->out.file);
}

static bool in_trouble(const struct qn_rec *rec)
{
	if (rec->set == &qn_set_peer)
		return qn_get(rec, QKDNF_A_PEER_STATE, 0) != QKDNF_PEER_STATE_UP;
	if (rec->set == &qn_set_route)
		return qn_get(rec, QKDNF_A_ROUTE_ACTIVE, 0) != QKDNF_ROUTE_ACTIVE_PRIMARY;
	if (rec->set == &qn_set_contract)
		return !!col_contract_colour(rec);
	if (rec->set == &qn_set_binding)
		return qn_get(rec, QKDNF_A_BINDING_STATE, 0) != QKDNF_BINDING_STATE_UP;
	if (rec->set == &qn_set_tunnel)
		return qn_get(rec, IFLA_QKDNF_STATE, 0) != QKDNF_TUNNEL_UP;
	return false;
}

/* A table; of a long list those in trouble, then the first ones. */
static void print_table(struct ctl *ctl, const char *title, const char *object,
			const struct qn_rec *list, const struct qn_view *view)
{
	unsigned int total = 0, printed = 0;
	const struct qn_rec *rec;
	bool calm;

	for (rec = list; rec; rec = rec->next)
		total++;
	if (!total)
		return;
	fputc('\n', ctl->out.file);
	qn_out_paint(&ctl->out, QN_BOLD, "%s", title);
	fputc('\n', ctl->out.file);
	qn_out_list_begin(&ctl->out, view);
	if (total <= PAGE_ROWS) {
		for (rec = list; rec; rec = rec->next)
			qn_out_row(&ctl->out, rec);
	} else {
		for (calm = false;; calm = true) {
			for (rec = list; rec && printed < PAGE_ROWS; rec = rec->next) {
				if (in_trouble(rec) == calm)
					continue;
				qn_out_row(&ctl->out, rec);
				printed++;
			}
			if (calm)
				break;
		}
	}
	qn_out_list_end(&ctl->out);
	if (total > PAGE_ROWS)
		fprintf(ctl->out.file, "... and %u more: qkdnfctl %s show\n", total - PAGE_ROWS,
			object);
}

static int show(struct ctl *ctl, int argc, char **argv)
{
	struct problems problems = { .ctl = ctl };
	struct qn_model model;
	json_t *object;

	if (argc)
		return ctl_usage(ctl, "'%s' is too much", argv[0]);
	if (!ctl_km(ctl))
		return ctl_failed(ctl);
	/* Without the emulator there is one thing less to show. */
	ctl_emu(ctl);
	if (qn_model_load(&model, ctl->km, ctl->emu, false, &ctl->err) ||
	    (model.bindings && qn_model_load_xfrm(&model, &ctl->err))) {
		qn_model_free(&model);
		return ctl_failed(ctl);
	}
	qn_model_keep_bound(&model);
	shown = &model;
	ipsec_policies_known(model.policies);
	if (ctl->out.json) {
		object = qn_model_to_json(&model);
		problems.list = json_array();
		if (model.node)
			find_problems(&problems, &model);
		json_object_set_new(object, "problems", problems.list);
		qn_out_json(&ctl->out, object);
	} else if (!model.node) {
		qn_model_free(&model);
		return ctl_error(ctl,
				 "no node in this network namespace: make one with 'qkdnfctl node set NODE'");
	} else {
		print_node(ctl, &model);
		print_table(ctl, "PEERS", "peer", model.peers, &view_page_peers);
		print_table(ctl, "STREAMS TO AND FROM THIS NODE", "relay", model.relays,
			    &view_relays);
		print_table(ctl, "STREAMS ON LINKS OF THIS NODE", "flow", model.flows, &view_flows);
		print_table(ctl, "ROUTES", "route", model.routes, &view_routes);
		print_table(ctl, "CONTRACTS", "contract", model.contracts, &view_contracts);
		print_table(ctl, "IPSEC", "ipsec", model.bindings, &view_bindings);
		print_table(ctl, "IPSEC POLICIES", "ipsec", model.policies, &view_policies);
		print_table(ctl, "ONE-TIME-PAD TUNNELS", "tunnel", model.tunnels, &view_tunnels);
		find_problems(&problems, &model);
		if (problems.count > PAGE_PROBLEMS)
			fprintf(ctl->out.file, "... and %u more: qkdnfctl -j show\n",
				problems.count - PAGE_PROBLEMS);
		if (!problems.count) {
			fputc('\n', ctl->out.file);
			qn_out_paint(&ctl->out, QN_GREEN, "no problems");
			fputc('\n', ctl->out.file);
		}
	}
	ipsec_policies_known(NULL);
	qn_model_free(&model);
	return 0;
}

static const struct ctl_verb verbs[] = {
	{ .name = "",
	  .args = "",
	  .run = show,
	  .summary = "show how the node is, on one page",
	  .help = "  With -j it is all of it, as 'qkdnfctl apply --state' takes it.\n" },
	{ 0 }
};

int cmd_show(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
