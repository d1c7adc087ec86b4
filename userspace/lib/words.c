// SPDX-License-Identifier: GPL-2.0-or-later
/* Words: settings as the command line and configuration files spell them. */
#include <stdio.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "text.h"
#include "words.h"

#define VALUE(w, a, v, h)                                           \
	{                                                           \
		.word = (w), .attr = (a), .value = (v), .help = (h) \
	}

static const struct qn_word node_words[] = {
	VALUE("id", QKDNF_A_NODE_ID, "NODE", "node id, PROVIDER:NODE"),
	VALUE("port", QKDNF_A_NODE_PORT, "PORT",
	      "UDP port, 17717 by default; fixed once the node is there"),
	VALUE("memory", QKDNF_A_NODE_MEM_MAX, "OCTETS",
	      "most octets that all streams together hold; 0 is the module's default"),
	{ 0 }
};

const struct qn_words qn_words_node = { &qn_set_node, "node", node_words };

static const struct qn_word peer_words[] = {
	VALUE("id", QKDNF_A_PEER_ID, "NODE", "node id of the peer"),
	VALUE("kind", QKDNF_A_PEER_KIND, "link|remote",
	      "over a QKD link, or by relay; link by default if there is an address"),
	VALUE("name", QKDNF_A_PEER_NAME, "TEXT", "for people, at most 31 characters"),
	{ .word = "address",
	  .attr = QKDNF_A_PEER_ADDR4,
	  .attr2 = QKDNF_A_PEER_ADDR6,
	  .kind = QN_WORD_ADDR,
	  .value = "IP",
	  .help = "where the peer is heard; a remote one needs it to supply key" },
	VALUE("port", QKDNF_A_PEER_PORT, "PORT", "its UDP port, 17717 by default"),
	{ .word = "local",
	  .attr = QKDNF_A_PEER_LOCAL_ADDR4,
	  .attr2 = QKDNF_A_PEER_LOCAL_ADDR6,
	  .kind = QN_WORD_ADDR,
	  .value = "IP",
	  .help = "own address; what routing chooses by default" },
	{ .word = "segment",
	  .attr = QKDNF_A_PEER_SEG_SHIFT,
	  .kind = QN_WORD_SHIFT,
	  .value = "OCTETS",
	  .help = "segment size 4Ki to 64Ki, equal at both ends; 64Ki by default" },
	VALUE("pool", QKDNF_A_PEER_POOL_MAX, "OCTETS",
	      "most octets of key held, 8 to 1024 segments; 64 by default"),
	VALUE("low", QKDNF_A_PEER_LOW, "OCTETS", "low mark, a quarter of the pool by default"),
	VALUE("high", QKDNF_A_PEER_HIGH, "OCTETS",
	      "high mark: a remote stream is filled to it; three quarters of the pool by default"),
	VALUE("scheme", QKDNF_A_PEER_SCHEME, "xor|otp",
	      "remote: XOR relay (default), or hop-by-hop one-time pad"),
	VALUE("shares", QKDNF_A_PEER_SHARES, "1..4",
	      "remote: routes agreed over at once, 1 by default"),
	VALUE("weight", QKDNF_A_PEER_WEIGHT, "1..65535",
	      "remote: share of contended links, 1 by default"),
	VALUE("max-rate", QKDNF_A_PEER_MAX_RATE, "RATE",
	      "remote: most octets of key per second to generate; 0 (default) is no limit"),
	VALUE("hello", QKDNF_A_PEER_HELLO_MS, "DURATION",
	      "period of HELLO, 100ms to 60s; 1s by default"),
	VALUE("border", QKDNF_A_PEER_BORDER, "yes|no",
	      "contracts hold on this link; yes by default if the provider is another one"),
	{ 0 }
};

const struct qn_words qn_words_peer = { &qn_set_peer, "peer", peer_words };

static const struct qn_word route_words[] = {
	{ .word = "to",
	  .attr = QKDNF_A_ROUTE_DESTINATION,
	  .attr2 = QKDNF_A_ROUTE_PROVIDER_WIDE,
	  .kind = QN_WORD_SCOPE,
	  .value = "NODE|PROVIDER:*",
	  .help = "destination" },
	VALUE("share", QKDNF_A_ROUTE_SHARE, "0..3",
	      "for this share only; for any that has no route of its own by default"),
	VALUE("via", QKDNF_A_ROUTE_VIA, "PEER", "next hop, a link peer"),
	VALUE("backup", QKDNF_A_ROUTE_BACKUP, "PEER",
	      "next hop while via is down or out of key (not for streams of several shares)"),
	{ 0 }
};

const struct qn_words qn_words_route = { &qn_set_route, "route", route_words };

static const struct qn_word contract_words[] = {
	VALUE("peer", QKDNF_A_CONTRACT_PEER, "PEER", "link peer at the other side of the border"),
	VALUE("id", QKDNF_A_CONTRACT_ID, "NUMBER", "label of its frames on that border"),
	VALUE("direction", QKDNF_A_CONTRACT_DIRECTION, "in|out",
	      "in: this node carries for the peer; out: the peer carries for it"),
	VALUE("out-id", QKDNF_A_CONTRACT_OUT_ID, "NUMBER",
	      "in: label at the next border; 0 (default) if frames end in this network"),
	{ .word = "from",
	  .attr = QKDNF_A_CONTRACT_SOURCE,
	  .attr2 = QKDNF_A_CONTRACT_SOURCE_WIDE,
	  .kind = QN_WORD_SCOPE,
	  .value = "NODE|PROVIDER:*",
	  .help = "origin that it is for" },
	{ .word = "to",
	  .attr = QKDNF_A_CONTRACT_DESTINATION,
	  .attr2 = QKDNF_A_CONTRACT_DESTINATION_WIDE,
	  .kind = QN_WORD_SCOPE,
	  .value = "NODE|PROVIDER:*",
	  .help = "destination that it is for" },
	VALUE("rate", QKDNF_A_CONTRACT_RATE, "RATE", "octets of key per second"),
	VALUE("burst", QKDNF_A_CONTRACT_BURST, "OCTETS",
	      "octets at once above the rate, at least 992; one second of the rate by default"),
	VALUE("volume", QKDNF_A_CONTRACT_VOLUME, "OCTETS",
	      "octets in all; 0 (default) is no limit"),
	VALUE("expiry", QKDNF_A_CONTRACT_EXPIRY, "TIME",
	      "YYYY-MM-DD[ HH:MM[:SS]] UTC, +DURATION, Unix time; never by default"),
	VALUE("weight", QKDNF_A_CONTRACT_WEIGHT, "0..65535",
	      "cap on the weight of streams under it; 0 (default) is none"),
	{ 0 }
};

const struct qn_words qn_words_contract = { &qn_set_contract, "contract", contract_words };

static const struct qn_word binding_words[] = {
	VALUE("reqid", QKDNF_A_BINDING_REQID, "NUMBER",
	      "that of the policies; the same at both ends"),
	VALUE("peer", QKDNF_A_BINDING_PEER, "PEER", "node at the other end, link or remote"),
	{ .word = "address",
	  .attr = QKDNF_A_BINDING_ADDR4,
	  .attr2 = QKDNF_A_BINDING_ADDR6,
	  .kind = QN_WORD_ADDR,
	  .value = "IP",
	  .help = "outer address of the other end" },
	{ .word = "local",
	  .attr = QKDNF_A_BINDING_LOCAL_ADDR4,
	  .attr2 = QKDNF_A_BINDING_LOCAL_ADDR6,
	  .kind = QN_WORD_ADDR,
	  .value = "IP",
	  .help = "own outer address" },
	VALUE("mode", QKDNF_A_BINDING_MODE, "tunnel|transport", "tunnel by default"),
	VALUE("algorithm", QKDNF_A_BINDING_ALGORITHM, "aes-gcm|chacha20-poly1305",
	      "aes-gcm (256-bit key) by default"),
	VALUE("esn", QKDNF_A_BINDING_ESN, "yes|no",
	      "extended sequence numbers, the same at both ends; yes by default"),
	VALUE("window", QKDNF_A_BINDING_WINDOW, "PACKETS", "replay window, 128 by default"),
	VALUE("if-id", QKDNF_A_BINDING_IF_ID, "NUMBER",
	      "xfrm interface that the traffic passes; none by default"),
	VALUE("encap", QKDNF_A_BINDING_ENCAP, "PORT",
	      "ESP in UDP, from this own port, for NAT on the way; 0 (default) is none"),
	VALUE("encap-to", QKDNF_A_BINDING_ENCAP_TO, "PORT",
	      "UDP port of the other end; the same by default"),
	VALUE("soft-octets", QKDNF_A_BINDING_SOFT_OCTETS, "OCTETS",
	      "fresh keys after so much, 4Gi by default; 0 here and below is never"),
	VALUE("soft-packets", QKDNF_A_BINDING_SOFT_PACKETS, "NUMBER",
	      "fresh keys after so many packets"),
	VALUE("soft-seconds", QKDNF_A_BINDING_SOFT_SECONDS, "DURATION",
	      "fresh keys after so long, 60s by default"),
	VALUE("hard-octets", QKDNF_A_BINDING_HARD_OCTETS, "OCTETS",
	      "without fresh keys traffic stops after so much, 16Gi by default"),
	VALUE("hard-packets", QKDNF_A_BINDING_HARD_PACKETS, "NUMBER",
	      "without fresh keys traffic stops after so many packets"),
	VALUE("hard-seconds", QKDNF_A_BINDING_HARD_SECONDS, "DURATION",
	      "without fresh keys traffic stops after so long, 600s by default"),
	{ 0 }
};

const struct qn_words qn_words_binding = { &qn_set_binding, "binding", binding_words };

static const struct qn_word emu_words[] = {
	VALUE("name", QKDEMU_A_NAME, "NAME", "name of the link"),
	VALUE("ends", QKDEMU_A_ENDS, "a|b|a+b", "ends on this machine; both by default"),
	VALUE("seed", QKDEMU_A_SEED, "HEX", "64 hexadecimal digits that all bits come from"),
	VALUE("start", QKDEMU_A_START_TIME, "TIME", "when block 0 began; now by default"),
	VALUE("rate", QKDEMU_A_RATE, "BITRATE", "bits of key per second"),
	VALUE("block", QKDEMU_A_BLOCK_SIZE, "OCTETS", "octets of key in a block; 4096 by default"),
	VALUE("depth", QKDEMU_A_DEPTH, "BLOCKS", "blocks kept for a reader; 1024 by default"),
	VALUE("qber", QKDEMU_A_QBER, "PERCENT", "error rate of the undisturbed link, as in 2.5%"),
	VALUE("qber-limit", QKDEMU_A_QBER_LIMIT, "PERCENT",
	      "above it the link stops; 11% by default"),
	{ 0 }
};

const struct qn_words qn_words_emu = { &qn_set_emu_link, "emulated link", emu_words };

const struct qn_word *qn_word_find(const struct qn_words *words, const char *word)
{
	const struct qn_word *w;

	for (w = words->words; w->word; w++)
		if (!strcmp(w->word, word))
			return w;
	return NULL;
}

/* Levenshtein's distance; words here are short. */
unsigned int qn_word_distance(const char *a, const char *b)
{
	unsigned int row[64], i, j, n = (unsigned int)strlen(b);

	if (n >= QN_ARRAY_SIZE(row))
		return n;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; *a; a++, i++) {
		unsigned int corner = row[0];

		row[0] = i;
		for (j = 1; j <= n; j++) {
			unsigned int best = corner + (*a != b[j - 1]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

const char *qn_word_nearest(const struct qn_words *words, const char *word)
{
	unsigned int best = 3, d;
	const struct qn_word *w;
	const char *name = NULL;

	for (w = words->words; w->word; w++) {
		d = qn_word_distance(word, w->word);
		if (d < best && d < strlen(w->word)) {
			best = d;
			name = w->word;
		}
	}
	return name;
}

int qn_word_unknown(const struct qn_words *words, const char *word, struct qn_error *err)
{
	const char *near = qn_word_nearest(words, word);
	const struct qn_word *w;
	char all[256] = "";

	if (near)
		return qn_fail(err, "unknown setting '%s' of a %s: did you mean '%s'?", word,
			       words->what, near);
	for (w = words->words; w->word; w++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", *all ? ", " : "",
			 w->word);
	return qn_fail(err, "unknown setting '%s' of a %s: there are %s", word, words->what, all);
}

int qn_word_parse(const struct qn_words *words, const struct qn_word *word, const char *value,
		  struct qn_rec *rec, struct qn_error *err)
{
	uint8_t addr[16];
	uint64_t n;
	size_t len;
	bool wide;
	int ret = 0;

	if (qn_has(rec, word->attr) || (word->kind == QN_WORD_ADDR && qn_has(rec, word->attr2)))
		return qn_fail(err, "%s is given twice", word->word);
	switch (word->kind) {
	case QN_WORD_ADDR:
		ret = qn_parse_addr(value, addr, &len, err);
		if (!ret)
			qn_set_bin(rec, len == 4 ? word->attr : word->attr2, addr, len);
		break;
	case QN_WORD_SCOPE:
		ret = qn_parse_scope(value, &n, &wide, err);
		if (ret)
			break;
		qn_set(rec, word->attr, n);
		if (wide)
			qn_set(rec, word->attr2, 1);
		break;
	case QN_WORD_SHIFT:
		ret = qn_parse_octets(value, &n, err);
		if (ret)
			break;
		if (n < 1ULL << QKDNF_SEG_SHIFT_MIN || n > 1ULL << QKDNF_SEG_SHIFT_MAX ||
		    (n & (n - 1)))
			ret = qn_fail(err, "'%s' is no segment size: 4Ki, 8Ki, 16Ki, 32Ki or 64Ki",
				      value);
		else
			qn_set(rec, word->attr, (uint64_t)__builtin_ctzll(n));
		break;
	default:
		ret = qn_parse_value(value, rec, word->attr, err);
	}
	if (ret)
		qn_fail_prefix(err, "%s %s", words->what, word->word);
	return ret;
}
