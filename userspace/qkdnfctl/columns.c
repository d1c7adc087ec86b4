// SPDX-License-Identifier: GPL-2.0-or-later
/* Columns that several tables have, and the tables of objects. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "text.h"

#define BAR_WIDTH   10
#define EXPIRY_SOON 86400 /* seconds before the end that are worth a colour */

/* --- peers ------------------------------------------------------------------ */

void col_bar(char *buf, size_t size, unsigned int width, uint64_t part, uint64_t whole)
{
	bool blocks = isatty(STDOUT_FILENO) && !strcmp(nl_langinfo(CODESET), "UTF-8");
	const char *full = blocks ? "█" : "#", *empty = blocks ? "░" : ".";
	unsigned int i, filled;
	double share = whole ? (double)part / (double)whole : 0;

	filled = share >= 1 ? width : (unsigned int)(share * width + 0.5);
	/* A little is not nothing, and not quite full is not full. */
	if (part && !filled)
		filled = 1;
	if (part < whole && filled == width)
		filled = width - 1;
	*buf = 0;
	for (i = 0; i < width; i++) {
		size_t used = strlen(buf);

		snprintf(buf + used, size - used, "%s", i < filled ? full : empty);
	}
}

void col_peer_address(const struct qn_rec *peer, char *buf, size_t size)
{
	uint64_t port = qn_get(peer, QKDNF_A_PEER_PORT, QKDNF_PORT_DEFAULT);
	bool v6 = qn_has(peer, QKDNF_A_PEER_ADDR6);
	char addr[64];

	*buf = 0;
	qn_format_value(addr, sizeof(addr), peer, v6 ? QKDNF_A_PEER_ADDR6 : QKDNF_A_PEER_ADDR4,
			false);
	if (!*addr)
		return;
	if (port == QKDNF_PORT_DEFAULT)
		snprintf(buf, size, "%s", addr);
	else
		snprintf(buf, size, v6 ? "[%s]:%" PRIu64 : "%s:%" PRIu64, addr, port);
}

void col_peer_bar(const struct qn_rec *peer, char *buf, size_t size)
{
	col_bar(buf, size, BAR_WIDTH,
		qn_get(peer, QKDNF_A_PEER_OWN_LEVEL, 0) + qn_get(peer, QKDNF_A_PEER_OTHER_LEVEL, 0),
		qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0));
}

const char *col_peer_state_colour(const struct qn_rec *peer)
{
	switch (qn_get(peer, QKDNF_A_PEER_STATE, QKDNF_PEER_STATE_NEW)) {
	case QKDNF_PEER_STATE_UP:
		return QN_GREEN;
	case QKDNF_PEER_STATE_DOWN:
		return QN_RED;
	case QKDNF_PEER_STATE_NEW:
		return QN_DIM;
	}
	return QN_YELLOW;
}

const char *col_peer_level_colour(const struct qn_rec *peer)
{
	uint64_t own = qn_get(peer, QKDNF_A_PEER_OWN_LEVEL, 0);

	if (!own)
		return QN_RED;
	return own < qn_get(peer, QKDNF_A_PEER_LOW, 0) ? QN_YELLOW : NULL;
}

static const struct qn_col peer_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_PEER_ID },
	{ .head = "NAME", .attr = QKDNF_A_PEER_NAME },
	{ .head = "KIND", .attr = QKDNF_A_PEER_KIND },
	{ .head = "STATE", .attr = QKDNF_A_PEER_STATE, .colour = col_peer_state_colour },
	{ .head = "ADDRESS", .text = col_peer_address },
	{ .head = "POOL", .text = col_peer_bar },
	{ .head = "OWN",
	  .attr = QKDNF_A_PEER_OWN_LEVEL,
	  .right = true,
	  .colour = col_peer_level_colour },
	{ .head = "OTHER", .attr = QKDNF_A_PEER_OTHER_LEVEL, .right = true },
	{ .head = "INCOME", .attr = QKDNF_A_PEER_INCOME, .right = true },
	{ .head = "RTT", .attr = QKDNF_A_PEER_RTT_US, .right = true },
	{ .head = "HEARD", .attr = QKDNF_A_PEER_LAST_HEARD_MS, .right = true },
};

const struct qn_view view_peers = QN_VIEW(peer_cols, "no peers: 'qkdnfctl peer add' makes one");

/* --- sources ---------------------------------------------------------------- */

const char *col_source_state_colour(const struct qn_rec *source)
{
	switch (qn_get(source, QKDNF_A_SOURCE_STATE, 0)) {
	case QKDNF_SOURCE_STATE_RUNNING:
		return QN_GREEN;
	case QKDNF_SOURCE_STATE_WAITING:
		return QN_DIM;
	case QKDNF_SOURCE_STATE_SILENT:
		return QN_YELLOW;
	}
	return QN_RED;
}

static const struct qn_col source_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_SOURCE_PEER },
	{ .head = "KIND", .attr = QKDNF_A_SOURCE_KIND },
	{ .head = "STATE", .attr = QKDNF_A_SOURCE_STATE, .colour = col_source_state_colour },
	{ .head = "OCTETS", .attr = QKDNF_A_SOURCE_OCTETS, .right = true },
	{ .head = "BLOCKS", .attr = QKDNF_A_SOURCE_BLOCKS, .right = true },
	{ .head = "DROPPED", .attr = QKDNF_A_SOURCE_DROPPED, .right = true },
	{ .head = "REPEATS", .attr = QKDNF_A_SOURCE_REPEATS, .right = true },
	{ .head = "GAPS", .attr = QKDNF_A_SOURCE_GAPS, .right = true },
	{ .head = "QBER", .attr = QKDNF_A_SOURCE_QBER_PPM, .right = true },
	{ .head = "LAST", .attr = QKDNF_A_SOURCE_LAST_BLOCK_MS, .right = true },
	{ .head = "REASON", .attr = QKDNF_A_SOURCE_REASON },
};

const struct qn_view view_sources =
	QN_VIEW(source_cols, "no sources: 'qkdnfctl source add' gives a link peer one");

/* --- routes ----------------------------------------------------------------- */

const char *col_route_active_colour(const struct qn_rec *route)
{
	switch (qn_get(route, QKDNF_A_ROUTE_ACTIVE, 0)) {
	case QKDNF_ROUTE_ACTIVE_PRIMARY:
		return QN_GREEN;
	case QKDNF_ROUTE_ACTIVE_BACKUP:
		return QN_YELLOW;
	}
	return QN_RED;
}

static const struct qn_col route_cols[] = {
	{ .head = "TO", .attr = QKDNF_A_ROUTE_DESTINATION },
	{ .head = "SHARE", .attr = QKDNF_A_ROUTE_SHARE, .right = true },
	{ .head = "VIA", .attr = QKDNF_A_ROUTE_VIA },
	{ .head = "BACKUP", .attr = QKDNF_A_ROUTE_BACKUP },
	{ .head = "ACTIVE", .attr = QKDNF_A_ROUTE_ACTIVE, .colour = col_route_active_colour },
	{ .head = "SWITCHED", .attr = QKDNF_A_ROUTE_SWITCHED, .right = true },
};

const struct qn_view view_routes = QN_VIEW(route_cols, "no routes: 'qkdnfctl route add' makes one");

/* --- contracts -------------------------------------------------------------- */

uint64_t contract_used(const struct qn_rec *contract)
{
	bool in = qn_get(contract, QKDNF_A_CONTRACT_DIRECTION, 0) == QKDNF_DIRECTION_IN;

	return qn_get(contract, in ? QKDNF_A_CONTRACT_ACCEPTED : QKDNF_A_CONTRACT_SENT, 0);
}

void col_contract_used(const struct qn_rec *contract, char *buf, size_t size)
{
	uint64_t volume = qn_get(contract, QKDNF_A_CONTRACT_VOLUME, 0);
	char used[32], all[32];

	qn_format_octets(used, sizeof(used), contract_used(contract));
	if (volume)
		snprintf(buf, size, "%s of %s", used, qn_format_octets(all, sizeof(all), volume));
	else
		snprintf(buf, size, "%s", used);
}

void col_contract_expiry(const struct qn_rec *contract, char *buf, size_t size)
{
	uint64_t expiry = qn_get(contract, QKDNF_A_CONTRACT_EXPIRY, 0), now = (uint64_t)time(NULL);
	char left[32];

	*buf = 0;
	if (!expiry)
		return;
	if (expiry <= now)
		snprintf(buf, size, "expired");
	else
		snprintf(buf, size, "in %s",
			 qn_format_duration(left, sizeof(left), (expiry - now) * 1000000000));
}

const char *col_contract_colour(const struct qn_rec *contract)
{
	uint64_t expiry = qn_get(contract, QKDNF_A_CONTRACT_EXPIRY, 0), now = (uint64_t)time(NULL);
	uint64_t volume = qn_get(contract, QKDNF_A_CONTRACT_VOLUME, 0);
	uint64_t used = contract_used(contract);

	if ((expiry && expiry <= now) || (volume && used >= volume))
		return QN_RED;
	if ((expiry && expiry - now < EXPIRY_SOON) || (volume && used >= volume - volume / 10))
		return QN_YELLOW;
	return NULL;
}

static void contract_refused(const struct qn_rec *c, char *buf, size_t size)
{
	qn_format_count(buf, size,
			qn_get(c, QKDNF_A_CONTRACT_REFUSED_RATE, 0) +
				qn_get(c, QKDNF_A_CONTRACT_REFUSED_VOLUME, 0) +
				qn_get(c, QKDNF_A_CONTRACT_REFUSED_EXPIRED, 0) +
				qn_get(c, QKDNF_A_CONTRACT_REFUSED_MISMATCH, 0));
}

static const struct qn_col contract_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_CONTRACT_PEER },
	{ .head = "ID", .attr = QKDNF_A_CONTRACT_ID, .right = true },
	{ .head = "DIR", .attr = QKDNF_A_CONTRACT_DIRECTION },
	{ .head = "FROM", .attr = QKDNF_A_CONTRACT_SOURCE },
	{ .head = "TO", .attr = QKDNF_A_CONTRACT_DESTINATION },
	{ .head = "RATE", .attr = QKDNF_A_CONTRACT_RATE, .right = true },
	{ .head = "USED", .text = col_contract_used, .right = true, .colour = col_contract_colour },
	{ .head = "PEER SAYS", .attr = QKDNF_A_CONTRACT_PEER_ACCEPTED, .right = true },
	{ .head = "REFUSED", .text = contract_refused, .right = true },
	{ .head = "MARK", .attr = QKDNF_A_CONTRACT_MARK, .right = true },
	{ .head = "ENDS", .text = col_contract_expiry, .colour = col_contract_colour },
};

const struct qn_view view_contracts =
	QN_VIEW(contract_cols, "no contracts: 'qkdnfctl contract add' makes one");

/* --- relayed streams -------------------------------------------------------- */

void col_relay_in_flight(const struct qn_rec *relay, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 "/%" PRIu64, qn_get(relay, QKDNF_A_RELAY_IN_FLIGHT, 0),
		 qn_get(relay, QKDNF_A_RELAY_WINDOW, 0));
}

void col_relay_nak(const struct qn_rec *relay, char *buf, size_t size)
{
	char node[48] = "";

	*buf = 0;
	if (!qn_get(relay, QKDNF_A_RELAY_NAK, QKDNF_NAK_CODE_NONE))
		return;
	qn_format_value(buf, size, relay, QKDNF_A_RELAY_NAK, false);
	qn_format_value(node, sizeof(node), relay, QKDNF_A_RELAY_NAK_NODE, false);
	if (*node)
		snprintf(buf + strlen(buf), size - strlen(buf), " at %s", node);
}

const char *col_relay_state_colour(const struct qn_rec *relay)
{
	switch (qn_get(relay, QKDNF_A_RELAY_STATE, 0)) {
	case QKDNF_RELAY_STATE_IDLE:
	case QKDNF_RELAY_STATE_FILLING:
		return QN_GREEN;
	case QKDNF_RELAY_STATE_PAUSED:
	case QKDNF_RELAY_STATE_PAIRING:
		return QN_YELLOW;
	case QKDNF_RELAY_STATE_UNPAIRED:
		return QN_DIM;
	}
	return QN_RED;
}

static const struct qn_col relay_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_RELAY_PEER },
	{ .head = "SCHEME", .attr = QKDNF_A_RELAY_SCHEME },
	{ .head = "SHARES", .attr = QKDNF_A_RELAY_SHARES, .right = true },
	{ .head = "STATE", .attr = QKDNF_A_RELAY_STATE, .colour = col_relay_state_colour },
	{ .head = "IN FLIGHT", .text = col_relay_in_flight, .right = true },
	{ .head = "OUT", .attr = QKDNF_A_RELAY_CONFIRMED, .right = true },
	{ .head = "IN", .attr = QKDNF_A_RELAY_CONFIRMED_IN, .right = true },
	{ .head = "AGAIN", .attr = QKDNF_A_RELAY_RETRANSMITS, .right = true },
	{ .head = "LOST", .attr = QKDNF_A_RELAY_GIVEN_UP, .right = true },
	{ .head = "BAD", .attr = QKDNF_A_RELAY_MISMATCHED, .right = true },
	{ .head = "ALLOWED", .attr = QKDNF_A_RELAY_ALLOWED_RATE, .right = true },
	{ .head = "RTT", .attr = QKDNF_A_RELAY_RTT_US, .right = true },
	{ .head = "LAST REFUSAL", .text = col_relay_nak },
};

const struct qn_view view_relays = QN_VIEW(relay_cols, "no remote peers");

/* The largest rates stand for no limit. */
static void rate_or_any(const struct qn_rec *flow, unsigned int attr, char *buf, size_t size)
{
	qn_format_value(buf, size, flow, attr, false);
	if (qn_get(flow, attr, 0) >= QKDNF_RATE_MAX)
		snprintf(buf, size, "any");
}

static void flow_allowed(const struct qn_rec *flow, char *buf, size_t size)
{
	rate_or_any(flow, QKDNF_A_FLOW_ALLOWED, buf, size);
}

static void flow_demand(const struct qn_rec *flow, char *buf, size_t size)
{
	rate_or_any(flow, QKDNF_A_FLOW_DEMAND, buf, size);
}

static const struct qn_col flow_cols[] = {
	{ .head = "LINK TO", .attr = QKDNF_A_FLOW_PEER },
	{ .head = "ORIGIN", .attr = QKDNF_A_FLOW_ORIGIN },
	{ .head = "DESTINATION", .attr = QKDNF_A_FLOW_DESTINATION },
	{ .head = "WEIGHT", .attr = QKDNF_A_FLOW_WEIGHT, .right = true },
	{ .head = "RATE", .attr = QKDNF_A_FLOW_RATE, .right = true },
	{ .head = "ALLOWED", .text = flow_allowed, .right = true },
	{ .head = "DEMAND", .text = flow_demand, .right = true },
	{ .head = "LAST", .attr = QKDNF_A_FLOW_LAST_MS, .right = true },
};

const struct qn_view view_flows = QN_VIEW(flow_cols, "no streams use link key of this node");
