// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on sources.
 */
#include "netlink_parts.h"
#include "peer.h"
#include "setup.h"
#include "source.h"

#define TAKES_GET	BIT_ULL(QKDNF_A_SOURCE_PEER)
#define TAKES_DUMP	0

static int put64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, QKDNF_A_SOURCE_PAD);
}

static int source_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		       bool brief)
{
	struct qn_source *src = object;
	int err = -EMSGSIZE;

	/* one lock over all, so that state and reason fit each other */
	mutex_lock(&src->lock);
	if (put64(skb, QKDNF_A_SOURCE_PEER, src->peer->id) ||
	    nla_put_u32(skb, QKDNF_A_SOURCE_KIND, src->kind) ||
	    nla_put_u32(skb, QKDNF_A_SOURCE_STATE, READ_ONCE(src->state)) ||
	    (src->reason[0] &&
	     nla_put_string(skb, QKDNF_A_SOURCE_REASON, src->reason)) ||
	    (src->block &&
	     nla_put_u32(skb, QKDNF_A_SOURCE_BLOCK, src->block)) ||
	    put64(skb, QKDNF_A_SOURCE_BLOCKS, src->blocks) ||
	    put64(skb, QKDNF_A_SOURCE_OCTETS, src->octets) ||
	    put64(skb, QKDNF_A_SOURCE_DROPPED, src->dropped) ||
	    put64(skb, QKDNF_A_SOURCE_REPEATS, src->repeats) ||
	    put64(skb, QKDNF_A_SOURCE_GAPS, src->gaps) ||
	    put64(skb, QKDNF_A_SOURCE_NEXT_INDEX, src->next_index) ||
	    (src->block &&
	     nla_put_u32(skb, QKDNF_A_SOURCE_QBER_PPM, src->qber_ppm)) ||
	    (src->blocks && put64(skb, QKDNF_A_SOURCE_LAST_BLOCK_MS,
				  jiffies_to_msecs(jiffies - src->last))))
		goto out;
	err = 0;
out:
	mutex_unlock(&src->lock);
	return err;
}

/* The source of the peer that the request names. */
static struct qn_source *source_of(struct genl_info *info, struct qn_node *node)
{
	struct qn_peer *peer = qn_nl_peer(info, node, QKDNF_A_SOURCE_PEER);

	if (IS_ERR(peer))
		return ERR_CAST(peer);
	if (!peer->source) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[QKDNF_A_SOURCE_PEER],
				    "this peer has no source: make it with source-new");
		return ERR_PTR(-ENOENT);
	}
	return peer->source;
}

/* One source, or all. */
int qn_nl_source_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_source *src;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, TAKES_GET, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_SOURCE_PEER])
		return qn_nl_missing(info, QKDNF_A_SOURCE_PEER,
				     "the source of which peer?");
	mutex_lock(&node->lock);
	src = source_of(info, node);
	if (IS_ERR(src))
		err = PTR_ERR(src);
	else
		err = qn_nl_answer(info, QKDNF_CMD_SOURCE_GET, source_fill,
				   node, src);
	mutex_unlock(&node->lock);
	return err;
}

int qn_nl_source_start(struct netlink_callback *cb)
{
	return qn_nl_dump_begin(cb, TAKES_DUMP);
}

int qn_nl_source_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *at;

	if (!node)
		goto out;
	at = qn_cursor_seek(&d->cursor, &node->peer_list, struct qn_peer, list);
	for (at = at->next; at != &node->peer_list; at = at->next) {
		struct qn_peer *peer = list_entry(at, struct qn_peer, list);

		if (!peer->source)
			continue;
		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_SOURCE_GET, source_fill,
				    node, peer->source))
			break;
		qn_cursor_told(&d->cursor, at, peer->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

static int fd_fail(struct genl_info *info, int err)
{
	switch (err) {
	case -EBADF:
		return qn_nl_bad(info, QKDNF_A_SOURCE_FD, err,
				 "fd is not open for reading");
	case -ENOTTY:
		return qn_nl_bad(info, QKDNF_A_SOURCE_FD, err,
				 "fd is no key device: it must be a character device that can be read and polled");
	default:
		return qn_nl_bad(info, QKDNF_A_SOURCE_FD, err,
				 "the device could not be used");
	}
}

static int source_add(struct genl_info *info, struct qn_node *node)
{
	struct qn_peer *peer = qn_nl_peer(info, node, QKDNF_A_SOURCE_PEER);
	struct nlattr *fd = info->attrs[QKDNF_A_SOURCE_FD];
	struct qn_source *src;
	int err = -ENOMEM;

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	if (peer->remote)
		return qn_nl_bad(info, QKDNF_A_SOURCE_PEER, -EINVAL,
				 "a remote peer is filled by relay, it takes no other source");
	if (peer->source)
		return qn_nl_bad(info, QKDNF_A_SOURCE_PEER, -EEXIST,
				 "this peer has a source: take it away first");
	/* the file of the caller: a doit runs in the caller's context */
	if (fd)
		src = qn_source_new_fd(peer, nla_get_s32(fd), &err);
	else
		src = qn_source_new_push(peer);
	if (src) {
		peer->source = src;
		return 0;
	}
	if (err == -ENOMEM)
		return qn_nl_fail(info, err, "no memory for the source");
	return fd_fail(info, err);
}

/* Give a link peer its source. */
int qn_nl_source_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct qn_node *node;
	u32 kind;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = qn_nl_privileged(skb, info);
	if (err)
		return err;
	if (!a[QKDNF_A_SOURCE_PEER])
		return qn_nl_missing(info, QKDNF_A_SOURCE_PEER,
				     "a source for which peer?");
	if (!a[QKDNF_A_SOURCE_KIND])
		return qn_nl_missing(info, QKDNF_A_SOURCE_KIND,
				     "a source needs a kind: fd or push");
	kind = nla_get_u32(a[QKDNF_A_SOURCE_KIND]);
	if (kind == QKDNF_SOURCE_KIND_RELAY)
		return qn_nl_bad(info, QKDNF_A_SOURCE_KIND, -EINVAL,
				 "a relay source comes with its remote peer: make that with peer-new");
	if (kind == QKDNF_SOURCE_KIND_FD && !a[QKDNF_A_SOURCE_FD])
		return qn_nl_missing(info, QKDNF_A_SOURCE_FD,
				     "a source of kind fd needs an open descriptor: fd");
	if (kind == QKDNF_SOURCE_KIND_PUSH && a[QKDNF_A_SOURCE_FD])
		return qn_nl_bad(info, QKDNF_A_SOURCE_FD, -EINVAL,
				 "a source of kind push takes no fd");
	mutex_lock(&node->lock);
	err = source_add(info, node);
	mutex_unlock(&node->lock);
	return err;
}

/* Take the source of a link peer away. */
int qn_nl_source_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_source *src;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_SOURCE_PEER])
		return qn_nl_missing(info, QKDNF_A_SOURCE_PEER,
				     "the source of which peer?");
	mutex_lock(&node->lock);
	src = source_of(info, node);
	if (IS_ERR(src))
		err = PTR_ERR(src);
	else
		qn_source_teardown(src->peer);
	mutex_unlock(&node->lock);
	return err;
}
