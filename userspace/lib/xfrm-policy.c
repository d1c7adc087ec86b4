// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies between two networks: one for each direction, told as one record. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/qkdnf.h>
#include <linux/xfrm.h>

#include "rtnl.h"
#include "text.h"
#include "xfrm-parts.h"

static const struct qn_rtnl policies = {
	.bus = NETLINK_XFRM,
	.type = XFRM_MSG_NEWPOLICY,
	.exists = "there is a policy for this traffic already: it stays",
};

static struct nlmsghdr *request(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return nlh;
}

/* --- what the kernel tells ------------------------------------------------------- */

/* One of the kernel's policies: for one direction, which is named by a number. */
struct policy {
	struct qn_rec *rec;
	struct xfrm_userpolicy_id id;
};

struct policies {
	struct policy *list;
	size_t count, room;
};

static void policies_free(struct policies *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		qn_rec_free(p->list[i].rec);
	free(p->list);
}

static void set_network(struct qn_rec *rec, unsigned int attr, uint16_t family, uint8_t len,
			const xfrm_address_t *addr)
{
	struct qn_network n = { .family = family, .len = len };
	char buf[QN_TEXT_MAX];

	memcpy(n.addr, addr, family == AF_INET ? 4 : 16);
	qn_set_str(rec, attr, qn_network_to_text(buf, sizeof(buf), &n));
}

/* An address that was not left open. */
static void set_address(struct qn_rec *rec, unsigned int attr, uint16_t family,
			const xfrm_address_t *addr)
{
	static const xfrm_address_t any;
	size_t len = family == AF_INET ? 4 : 16;

	if (memcmp(addr, &any, len))
		qn_set_bin(rec, attr, addr, len);
}

static void take_template(struct qn_rec *rec, const struct xfrm_user_tmpl *t, bool out)
{
	qn_set(rec, QN_POLICY_REQID, t->reqid);
	if (t->mode == XFRM_MODE_TUNNEL)
		qn_set(rec, QN_POLICY_MODE, QKDNF_IPSEC_MODE_TUNNEL);
	else if (t->mode == XFRM_MODE_TRANSPORT)
		qn_set(rec, QN_POLICY_MODE, QKDNF_IPSEC_MODE_TRANSPORT);
	qn_set(rec, QN_POLICY_OPTIONAL, !!t->optional);
	set_address(rec, QN_POLICY_LOCAL, t->family, out ? &t->saddr : &t->id.daddr);
	set_address(rec, QN_POLICY_ADDRESS, t->family, out ? &t->id.daddr : &t->saddr);
}

/* The template of ESP under a reqid, and what makes the policy more than one of ours. */
static const struct xfrm_user_tmpl *template_of(const struct nlmsghdr *nlh, uint32_t *if_id,
						bool *narrow)
{
	const struct xfrm_userpolicy_info *p = mnl_nlmsg_get_payload(nlh);
	const struct xfrm_user_tmpl *t, *found = NULL;
	const struct nlattr *a;
	size_t count, i;

	*if_id = 0;
	*narrow = p->sel.proto || p->sel.sport_mask || p->sel.dport_mask || p->sel.ifindex;
	mnl_attr_for_each(a, nlh, sizeof(*p)) {
		switch (mnl_attr_get_type(a)) {
		case XFRMA_IF_ID:
			*if_id = mnl_attr_get_u32(a);
			break;
		case XFRMA_MARK:
		case XFRMA_SEC_CTX:
			*narrow = true;
			break;
		case XFRMA_TMPL:
			t = mnl_attr_get_payload(a);
			count = mnl_attr_get_payload_len(a) / sizeof(*t);
			*narrow = *narrow || count != 1;
			for (i = 0; i < count; i++)
				if (t[i].id.proto == IPPROTO_ESP && t[i].reqid)
					found = &t[i];
			break;
		}
	}
	return found;
}

static void take_policy(void *arg, const struct nlmsghdr *nlh)
{
	const struct xfrm_userpolicy_info *p = mnl_nlmsg_get_payload(nlh);
	const struct xfrm_selector *s = &p->sel;
	bool out = p->dir == XFRM_POLICY_OUT, narrow;
	const struct xfrm_user_tmpl *t;
	struct policies *all = arg;
	struct policy *one;
	uint32_t if_id;

	/* Those above are of sockets. */
	if (p->dir > XFRM_POLICY_FWD || p->action != XFRM_POLICY_ALLOW ||
	    (s->family != AF_INET && s->family != AF_INET6))
		return;
	t = template_of(nlh, &if_id, &narrow);
	if (!t)
		return;
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->list = qn_realloc(all->list, all->room * sizeof(*all->list));
	}
	one = &all->list[all->count++];
	one->rec = qn_rec_new(&qn_set_policy);
	/* By its number: another policy may be for the same traffic. */
	one->id = (struct xfrm_userpolicy_id){ .sel = *s, .index = p->index, .dir = p->dir };
	set_network(one->rec, out ? QN_POLICY_OWN : QN_POLICY_FAR, s->family, s->prefixlen_s,
		    &s->saddr);
	set_network(one->rec, out ? QN_POLICY_FAR : QN_POLICY_OWN, s->family, s->prefixlen_d,
		    &s->daddr);
	qn_set(one->rec, QN_POLICY_IF_ID, if_id);
	qn_set(one->rec, QN_POLICY_DIRECTIONS, 1ULL << p->dir);
	qn_set(one->rec, QN_POLICY_NARROW, narrow);
	take_template(one->rec, t, out);
}

static int load(struct policies *all, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = request(buf, XFRM_MSG_GETPOLICY, NLM_F_DUMP);
	struct qn_error why = { 0 };

	memset(all, 0, sizeof(*all));
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct xfrm_userpolicy_id));
	if (!qn_rtnl_ask(&policies, nlh, take_policy, all, &why))
		return 0;
	policies_free(all);
	memset(all, 0, sizeof(*all));
	if (why.code == EPROTONOSUPPORT) /* a kernel without xfrm has none */
		return 0;
	*err = why;
	return -1;
}

/* --- one record for all directions ----------------------------------------------- */

static int compare(const struct qn_rec *a, const struct qn_rec *b)
{
	static const uint8_t numbers[] = { QN_POLICY_REQID, QN_POLICY_IF_ID, QN_POLICY_NARROW };
	size_t i;
	int diff;

	for (i = 0; i < QN_ARRAY_SIZE(numbers); i++) {
		uint64_t x = qn_get(a, numbers[i], 0), y = qn_get(b, numbers[i], 0);

		if (x != y)
			return x < y ? -1 : 1;
	}
	diff = strcmp(qn_get_str(a, QN_POLICY_OWN), qn_get_str(b, QN_POLICY_OWN));
	return diff ? diff : strcmp(qn_get_str(a, QN_POLICY_FAR), qn_get_str(b, QN_POLICY_FAR));
}

static int by_name(const void *a, const void *b)
{
	const struct policy *x = a, *y = b;

	return compare(x->rec, y->rec);
}

static void merge(struct qn_rec *rec, const struct qn_rec *other)
{
	static const uint8_t alike[] = { QN_POLICY_MODE, QN_POLICY_LOCAL, QN_POLICY_ADDRESS,
					 QN_POLICY_OPTIONAL };
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(alike); i++)
		if (!qn_rec_equal(rec, other, alike[i]))
			qn_unset(rec, alike[i]);
	qn_set(rec, QN_POLICY_DIRECTIONS,
	       qn_get(rec, QN_POLICY_DIRECTIONS, 0) | qn_get(other, QN_POLICY_DIRECTIONS, 0));
}

int qn_policies(struct qn_rec **list, struct qn_error *err)
{
	struct qn_rec *head = NULL;
	struct policies all;
	size_t i;

	if (load(&all, err))
		return -1;
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), by_name);
	for (i = 0; i < all.count; i++) {
		if (head && !compare(head, all.list[i].rec)) {
			merge(head, all.list[i].rec);
			continue;
		}
		all.list[i].rec->next = head;
		head = all.list[i].rec;
		all.list[i].rec = NULL;
	}
	policies_free(&all);
	*list = qn_rec_list_reverse(head);
	return 0;
}

/* --- making and deleting ----------------------------------------------------------- */

static void select_between(struct xfrm_selector *s, const struct qn_rec *rec, uint8_t dir)
{
	bool out = dir == XFRM_POLICY_OUT;
	struct qn_network from, to;
	struct qn_error ignored;

	/* They were made by qn_network_to_text(). */
	qn_network_from_text(&from, qn_get_str(rec, out ? QN_POLICY_OWN : QN_POLICY_FAR), &ignored);
	qn_network_from_text(&to, qn_get_str(rec, out ? QN_POLICY_FAR : QN_POLICY_OWN), &ignored);
	s->family = from.family;
	memcpy(&s->saddr, from.addr, sizeof(from.addr));
	memcpy(&s->daddr, to.addr, sizeof(to.addr));
	s->prefixlen_s = from.len;
	s->prefixlen_d = to.len;
}

static void put_template(struct nlmsghdr *nlh, const struct qn_rec *rec, bool out)
{
	struct xfrm_user_tmpl t = {
		.id.proto = IPPROTO_ESP,
		.reqid = (uint32_t)qn_get(rec, QN_POLICY_REQID, 0),
		.aalgos = ~0U,
		.ealgos = ~0U,
		.calgos = ~0U,
	};
	const uint8_t *far, *own;
	size_t len = 4;

	far = qn_get_bin(rec, QN_POLICY_ADDRESS, &len);
	if (far)
		memcpy(out ? &t.id.daddr : &t.saddr, far, len);
	own = qn_get_bin(rec, QN_POLICY_LOCAL, &len);
	if (own)
		memcpy(out ? &t.saddr : &t.id.daddr, own, len);
	t.family = len == 4 ? AF_INET : AF_INET6;
	t.mode = qn_get(rec, QN_POLICY_MODE, 0) == QKDNF_IPSEC_MODE_TUNNEL ? XFRM_MODE_TUNNEL :
									     XFRM_MODE_TRANSPORT;
	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(t), &t);
}

static void put_if_id(struct nlmsghdr *nlh, const struct qn_rec *rec)
{
	uint32_t if_id = (uint32_t)qn_get(rec, QN_POLICY_IF_ID, 0);

	if (if_id)
		mnl_attr_put_u32(nlh, XFRMA_IF_ID, if_id);
}

/* One direction: new, or in place of the one that is there. */
static int put_one(const struct qn_rec *rec, uint8_t dir, bool replace, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = replace ?
				       request(buf, XFRM_MSG_UPDPOLICY, NLM_F_REPLACE) :
				       request(buf, XFRM_MSG_NEWPOLICY, NLM_F_CREATE | NLM_F_EXCL);
	struct xfrm_userpolicy_info *p = mnl_nlmsg_put_extra_header(nlh, sizeof(*p));

	select_between(&p->sel, rec, dir);
	p->lft.soft_byte_limit = XFRM_INF;
	p->lft.hard_byte_limit = XFRM_INF;
	p->lft.soft_packet_limit = XFRM_INF;
	p->lft.hard_packet_limit = XFRM_INF;
	p->dir = dir;
	p->action = XFRM_POLICY_ALLOW;
	put_template(nlh, rec, dir == XFRM_POLICY_OUT);
	put_if_id(nlh, rec);
	return qn_rtnl_ask(&policies, nlh, NULL, NULL, err);
}

static int delete_one(const struct qn_rec *rec, const struct xfrm_userpolicy_id *id,
		      struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = request(buf, XFRM_MSG_DELPOLICY, 0);

	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(*id)), id, sizeof(*id));
	put_if_id(nlh, rec);
	return qn_rtnl_ask(&policies, nlh, NULL, NULL, err);
}

static int make(const struct qn_rec *rec, struct qn_error *err)
{
	static const uint8_t order[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD };
	uint64_t dirs = qn_get(rec, QN_POLICY_DIRECTIONS, 0);
	struct qn_error ignored = { 0 };
	size_t i, count = QN_ARRAY_SIZE(order);

	for (i = 0; i < count; i++)
		if ((dirs & 1 << order[i]) && put_one(rec, order[i], false, err))
			break;
	if (i == count)
		return 0;
	while (i--) {
		struct xfrm_userpolicy_id id = { .dir = order[i] };

		if (!(dirs & 1 << order[i]))
			continue;
		select_between(&id.sel, rec, order[i]);
		delete_one(rec, &id, &ignored);
	}
	return -1;
}

/* Those of @all that @rec names; what is not named is any. */
static bool is_named(const struct qn_rec *one, const struct qn_rec *rec)
{
	static const uint8_t names[] = { QN_POLICY_REQID, QN_POLICY_OWN, QN_POLICY_FAR,
					 QN_POLICY_IF_ID };
	size_t i;

	if (qn_get(one, QN_POLICY_NARROW, 0))
		return false;
	for (i = 0; i < QN_ARRAY_SIZE(names); i++)
		if (qn_has(rec, names[i]) && !qn_rec_equal(one, rec, names[i]))
			return false;
	return true;
}

static int change(const struct qn_rec *rec, struct qn_error *err)
{
	uint64_t want = qn_get(rec, QN_POLICY_DIRECTIONS, 0), there = 0;
	struct policies all;
	int ret = 0;
	uint8_t dir;
	size_t i;

	if (load(&all, err))
		return -1;
	for (i = 0; i < all.count; i++)
		if (is_named(all.list[i].rec, rec))
			there |= 1ULL << all.list[i].id.dir;
	/* Only what is there is replaced: somebody else's never is. */
	for (dir = 0; dir <= XFRM_POLICY_FWD && !ret; dir++)
		if (want & 1 << dir)
			ret = put_one(rec, dir, there & 1 << dir, err);
	for (i = 0; i < all.count && !ret; i++)
		if (is_named(all.list[i].rec, rec) && !(want & 1 << all.list[i].id.dir))
			ret = delete_one(all.list[i].rec, &all.list[i].id, err);
	policies_free(&all);
	return ret;
}

static int take_away(const struct qn_rec *rec, struct qn_error *err)
{
	struct policies all;
	size_t i, count = 0;
	int ret = 0;

	if (load(&all, err))
		return -1;
	for (i = 0; i < all.count && !ret; i++) {
		if (!is_named(all.list[i].rec, rec))
			continue;
		ret = delete_one(all.list[i].rec, &all.list[i].id, err);
		count++;
	}
	policies_free(&all);
	if (ret || count)
		return ret;
	return qn_fail(err, "no policy of reqid %u between these networks",
		       (uint32_t)qn_get(rec, QN_POLICY_REQID, 0));
}

int qn_policy_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err)
{
	switch (cmd) {
	case QN_POLICY_NEW:
		return make(req, err);
	case QN_POLICY_SET:
		return change(req, err);
	default:
		return take_away(req, err);
	}
}
