// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages: what is encoded decodes as the same, and what is wrong is refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/qkdemu.h>
#include <linux/qkdnf.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "nl.h"
#include "output.h"

static struct nlmsghdr *message(char *buf, size_t size)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, size);
	nlh = mnl_nlmsg_put_header(buf);
	mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
	return nlh;
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 16;
}

/* Values of all kinds in each attribute of a set, by chance absent. */
static struct qn_rec *random_rec(const struct qn_set *set, uint64_t *seed, unsigned int depth)
{
	static const uint64_t masks[] = { [QN_U8] = 0xff, [QN_U16] = 0xffff,
					  [QN_U32] = 0xffffffff, [QN_U64] = ~0ULL };
	struct qn_rec *rec = qn_rec_new(set);
	uint8_t octets[64];
	unsigned int i, n;

	for (i = 1; i <= set->max; i++) {
		const struct qn_attr *def = &set->attrs[i];

		if (!def->name || next(seed) % 4 == 0)
			continue;
		for (n = 0; n < sizeof(octets); n++)
			octets[n] = (uint8_t)(1 + next(seed) % 255);
		switch (def->type) {
		case QN_FLAG:
			qn_set(rec, i, 1);
			break;
		case QN_S32:
			qn_set(rec, i, (uint64_t)(int64_t)(int32_t)next(seed));
			break;
		case QN_STRING:
			qn_set_bin(rec, i, octets, next(seed) % 32);
			break;
		case QN_BINARY:
			if (def->format == QN_FMT_ADDR || def->max)
				qn_set_bin(rec, i, octets, def->min);
			else
				qn_set_bin(rec, i, octets, next(seed) % 65);
			break;
		case QN_NEST:
			for (n = 0; n < (def->multi ? 3 : 1) && depth; n++)
				qn_set_nest(rec, i, random_rec(def->nest, seed, depth - 1));
			break;
		default:
			qn_set(rec, i, (next(seed) << 32 ^ next(seed)) & masks[def->type]);
		}
	}
	return rec;
}

static bool equal(const struct qn_rec *a, const struct qn_rec *b)
{
	unsigned int i;

	for (i = 1; i <= a->set->max; i++)
		if (!qn_rec_equal(a, b, i))
			return false;
	return true;
}

static const struct qn_set *const sets[] = {
	&qn_set_node, &qn_set_peer, &qn_set_source, &qn_set_route, &qn_set_contract, &qn_set_flow,
	&qn_set_relay, &qn_set_supply, &qn_set_stats, &qn_set_event, &qn_set_emu_link,
};

static void there_and_back(void)
{
	struct qn_error err = { 0 };
	uint64_t seed = 1;
	unsigned int i;
	char buf[8192];

	test_begin("codec-round-trip");
	for (i = 0; i < 200 * QN_ARRAY_SIZE(sets); i++) {
		const struct qn_set *set = sets[i % QN_ARRAY_SIZE(sets)];
		struct qn_rec *a = random_rec(set, &seed, 3), *b;
		struct nlmsghdr *nlh = message(buf, sizeof(buf));

		if (qn_encode(nlh, sizeof(buf), a)) {
			test_fail(__FILE__, __LINE__, "%s does not fit", set->name);
		} else {
			b = qn_decode(nlh, GENL_HDRLEN, set, &err);
			if (!b)
				test_fail(__FILE__, __LINE__, "%s: %s", set->name, err.text);
			else if (!equal(a, b))
				test_fail(__FILE__, __LINE__, "a %s came back as another one",
					  set->name);
			qn_rec_free(b);
		}
		qn_rec_free(a);
	}
}

/* Truncated and damaged messages: refused or taken, but never read past their end. */
static void damage(void)
{
	struct qn_error err = { 0 };
	unsigned int i, refused = 0;
	uint64_t seed = 2;
	char buf[8192];

	test_begin("codec-damage");
	for (i = 0; i < 20000; i++) {
		const struct qn_set *set = sets[i % QN_ARRAY_SIZE(sets)];
		struct nlmsghdr *nlh = message(buf, sizeof(buf)), *copy;
		struct qn_rec *a = random_rec(set, &seed, 2), *b;
		size_t at;

		CHECK(!qn_encode(nlh, sizeof(buf), a));
		qn_rec_free(a);
		if (nlh->nlmsg_len > MNL_NLMSG_HDRLEN + GENL_HDRLEN) {
			at = MNL_NLMSG_HDRLEN + GENL_HDRLEN +
			     next(&seed) % (nlh->nlmsg_len - MNL_NLMSG_HDRLEN - GENL_HDRLEN);
			buf[at] ^= (char)(1 << next(&seed) % 8);
			if (next(&seed) % 2)
				nlh->nlmsg_len = (uint32_t)at;
		}
		/* in memory of its own, for the sanitizer to watch its end */
		copy = malloc(nlh->nlmsg_len);
		memcpy(copy, nlh, nlh->nlmsg_len);
		b = qn_decode(copy, GENL_HDRLEN, set, &err);
		refused += !b;
		qn_rec_free(b);
		free(copy);
	}
	CHECK(refused > 100);
}

static void too_long(void)
{
	struct qn_rec *rec = qn_rec_new(&qn_set_emu_link), *nest = qn_rec_new(&qn_set_emu_outages);
	char buf[512];
	int i;

	test_begin("codec-too-long");
	for (i = 0; i < 100; i++) {
		struct qn_rec *outage = qn_rec_new(&qn_set_emu_outage);

		qn_set(outage, QKDEMU_A_OUTAGE_START, 1);
		qn_set_nest(nest, QKDEMU_A_OUTAGES_OUTAGE, outage);
	}
	qn_set_nest(rec, QKDEMU_A_OUTAGES, nest);
	CHECK(qn_encode(message(buf, sizeof(buf)), sizeof(buf), rec));
	qn_rec_free(rec);
}

/* --- refusals ------------------------------------------------------------------ */

/* A refusal as the kernel makes it: the request's header, then what it adds. */
static struct nlmsghdr *refusal(char *buf, size_t size, const struct nlmsghdr *request, int code,
				const char *text, int offset, int missing)
{
	struct nlmsghdr *nlh;
	struct nlmsgerr *e;

	memset(buf, 0, size);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -code;
	e->msg = *request;
	if (text)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
	if (offset >= 0)
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, (uint32_t)offset);
	if (missing >= 0)
		mnl_attr_put_u32(nlh, 5, (uint32_t)missing);
	return nlh;
}

/* Where an attribute of a message begins. */
static int offset_of(const struct nlmsghdr *nlh, unsigned int type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(a) == type)
			return (int)((const char *)a - (const char *)nlh);
	}
	return -1;
}

static void refusals(void)
{
	const struct qn_op *op = &qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_NEW];
	struct qn_rec *rec = qn_rec_new(&qn_set_route), *link, *end;
	struct qn_error err = { 0 };
	char req[512], buf[1024];
	struct nlmsghdr *nlh = message(req, sizeof(req));
	int at;

	test_begin("refusals");
	qn_set(rec, QKDNF_A_ROUTE_DESTINATION, 1ULL << 32 | 1);
	qn_set(rec, QKDNF_A_ROUTE_VIA, 1ULL << 32 | 2);
	CHECK(!qn_encode(nlh, sizeof(req), rec));
	qn_rec_free(rec);
	CHECK(qn_decode_error(refusal(buf, sizeof(buf), nlh, ENOENT, "no such peer",
				      offset_of(nlh, QKDNF_A_ROUTE_VIA), -1),
			      nlh, op, "qkdnf", &err));
	CHECK_STR(err.text, "no such peer (via)");
	CHECK(err.code == ENOENT);
	qn_decode_error(refusal(buf, sizeof(buf), nlh, EINVAL, NULL, -1, QKDNF_A_ROUTE_VIA), nlh,
			op, "qkdnf", &err);
	CHECK_HAS(err.text, "(via is missing)");
	qn_decode_error(refusal(buf, sizeof(buf), nlh, ENODEV, NULL, -1, -1), nlh, op, "qkdnf",
			&err);
	CHECK_HAS(err.text, "node set");
	qn_decode_error(refusal(buf, sizeof(buf), nlh, EPERM, NULL, -1, -1), nlh, op, "qkdnf",
			&err);
	CHECK_HAS(err.text, "root");
	/* An offset outside of the request names nothing, and hurts nobody. */
	qn_decode_error(refusal(buf, sizeof(buf), nlh, EINVAL, "bad", 100000, -1), nlh, op,
			"qkdnf", &err);
	CHECK_STR(err.text, "bad");
	CHECK(!qn_decode_error(refusal(buf, sizeof(buf), nlh, 0, NULL, -1, -1), nlh, op, "qkdnf",
			       &err));

	/* In a nest, the way to it is named. */
	nlh = message(req, sizeof(req));
	link = qn_rec_new(&qn_set_emu_link);
	end = qn_rec_new(&qn_set_emu_end);
	qn_set(end, QKDEMU_A_END_LOSS, 5);
	qn_set_nest(link, QKDEMU_A_END_A, end);
	CHECK(!qn_encode(nlh, sizeof(req), link));
	qn_rec_free(link);
	at = offset_of(nlh, QKDEMU_A_END_A) + MNL_ATTR_HDRLEN;
	qn_decode_error(refusal(buf, sizeof(buf), nlh, EINVAL, "too much", at, -1), nlh,
			&qn_family_qkdemu.ops[QKDEMU_CMD_LINK_SET], "qkdemu", &err);
	CHECK_STR(err.text, "too much (end-a.loss)");
}

void test_codec(void)
{
	there_and_back();
	damage();
	too_long();
	refusals();
}
