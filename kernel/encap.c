// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP ports that encapsulated ESP comes to (RFC 3948).
 *
 * What comes to a port goes to xfrm only by a socket that says so. No daemon runs
 * here that could hold it, so the node does, one for each port and family, as long
 * as a binding uses it. A port that another program holds is refused, also that of
 * another key exchange: our traffic would pass as long as that one runs.
 */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/sockptr.h>
#include <linux/udp.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "encap.h"
#include "node.h"

/* struct qn_encap - a socket; all under node->lock */
struct qn_encap {
	struct list_head list;
	struct socket *sock;
	u16 family, port;
	u32 users;
};

static int set_up(struct socket *sock)
{
	int type = UDP_ENCAP_ESPINUDP;

	/* Nobody reads what is neither ESP nor keepalive: not more than one waits. */
	WRITE_ONCE(sock->sk->sk_rcvbuf, 0);
	return sock->ops->setsockopt(sock, SOL_UDP, UDP_ENCAP,
				     KERNEL_SOCKPTR(&type), sizeof(type));
}

static int open_port(struct qn_node *node, struct qn_encap *e)
{
	struct udp_port_cfg cfg = {
		.family = e->family,
		.local_udp_port = htons(e->port),
		.ipv6_v6only = e->family == AF_INET6,
	};
	int err = udp_sock_create(node->net, &cfg, &e->sock);

	if (err)
		return err;
	err = set_up(e->sock);
	if (err)
		udp_tunnel_sock_release(e->sock);
	return err;
}

/**
 * qn_encap_get - have ESP come to a UDP port
 * @node: the node
 * @list: of its ports
 * @family: AF_INET or AF_INET6
 * @port: the port
 *
 * Context: process, under node->lock. Return: what qn_encap_put() takes, or an
 * error: -EADDRINUSE if another program has the port.
 */
struct qn_encap *qn_encap_get(struct qn_node *node, struct list_head *list,
			      u16 family, u16 port)
{
	struct qn_encap *e;
	int err;

	list_for_each_entry(e, list, list) {
		if (e->family == family && e->port == port) {
			e->users++;
			return e;
		}
	}
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return ERR_PTR(-ENOMEM);
	e->family = family;
	e->port = port;
	e->users = 1;
	err = open_port(node, e);
	if (err) {
		kfree(e);
		return ERR_PTR(err);
	}
	list_add(&e->list, list);
	return e;
}

/**
 * qn_encap_put - a binding uses a port no more
 * @e: from qn_encap_get(), or NULL
 *
 * Context: process, under node->lock.
 */
void qn_encap_put(struct qn_encap *e)
{
	if (!e || --e->users)
		return;
	list_del(&e->list);
	udp_tunnel_sock_release(e->sock);
	kfree(e);
}

union source {
	struct cmsghdr header;
	u8 v4[CMSG_SPACE(sizeof(struct in_pktinfo))];
	u8 v6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void send(struct qn_encap *e, void *to, size_t len, union source *from,
		 size_t from_len)
{
	u8 keepalive = 0xff;
	struct kvec body = { .iov_base = &keepalive, .iov_len = sizeof(keepalive) };
	struct msghdr m = {
		.msg_name = to,
		.msg_namelen = len,
		.msg_control = from,
		.msg_controllen = from_len,
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
	};

	/* Without a route, say: the next one may get through. */
	kernel_sendmsg(e->sock, &m, &body, 1, sizeof(keepalive));
}

/**
 * qn_encap_keepalive - have a NAT on the way remember who is behind it
 * @e: of a binding, held
 * @local: own outer address, in the family of @e
 * @remote: the other end's
 * @port: the other end's
 *
 * One octet, which the other end passes over (RFC 3948, 2.3). Context: process.
 */
void qn_encap_keepalive(struct qn_encap *e, const xfrm_address_t *local,
			const xfrm_address_t *remote, u16 port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	union source from = {};
	struct in6_pktinfo *info6;
	struct in_pktinfo *info;

	if (e->family == AF_INET) {
		v4.sin_port = htons(port);
		v4.sin_addr.s_addr = remote->a4;
		from.header.cmsg_level = SOL_IP;
		from.header.cmsg_type = IP_PKTINFO;
		from.header.cmsg_len = CMSG_LEN(sizeof(*info));
		info = CMSG_DATA(&from.header);
		info->ipi_spec_dst.s_addr = local->a4;
		send(e, &v4, sizeof(v4), &from, sizeof(from.v4));
		return;
	}
	v6.sin6_port = htons(port);
	v6.sin6_addr = remote->in6;
	from.header.cmsg_level = SOL_IPV6;
	from.header.cmsg_type = IPV6_PKTINFO;
	from.header.cmsg_len = CMSG_LEN(sizeof(*info6));
	info6 = CMSG_DATA(&from.header);
	info6->ipi6_addr = local->in6;
	send(e, &v6, sizeof(v6), &from, sizeof(from.v6));
}
