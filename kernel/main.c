// SPDX-License-Identifier: GPL-2.0-only
/*
 * qkdnf: the key manager of a QKD node (ITU-T Y.3800) in the kernel.
 *
 * Start: the known-answer test of sealing, then the rooms from the ground up,
 * the control plane last. Stop: the other way round.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "arrivals.h"
#include "device.h"
#include "event.h"
#include "frame.h"
#include "grant.h"
#include "hash.h"
#include "hello.h"
#include "netlink.h"
#include "node.h"
#include "otp.h"
#include "pairing.h"
#include "peer.h"
#include "power.h"
#include "relay.h"
#include "remote.h"
#include "sa.h"
#include "setup.h"
#include "source.h"
#include "supply.h"
#include "tunnel.h"
#include "xfrm.h"

static void __init rooms_meet(void)
{
	qn_frame_on(QN_PROBE, qn_pairing_rx);
	qn_frame_on(QN_HELLO, qn_hello_rx);
	qn_frame_on(QN_GRANT, qn_grant_rx);
	qn_frame_on(QN_SUPPLY, qn_supply_rx);
	qn_frame_on(QN_RELAY, qn_relay_rx);
	qn_frame_on(QN_RELAY_ACK, qn_relay_ack_rx);
	qn_frame_on(QN_RELAY_NAK, qn_relay_nak_rx);
	qn_frame_on(QN_DATA, qn_tunnel_rx);
	qn_frame_on(QN_SA_REQ, qn_sa_req_rx);
	qn_frame_on(QN_SA_ACK, qn_sa_ack_rx);
	qn_frame_on(QN_SA_END, qn_sa_end_rx);
	qn_frame_on(QN_SA_MOVE, qn_sa_move_rx);

	qn_peer_on_tick(qn_source_tick);
	qn_peer_on_tick(qn_pairing_tick);
	qn_peer_on_tick(qn_hello_tick);
	qn_peer_on_tick(qn_grant_tick);
	qn_peer_on_tick(qn_remote_tick);
	qn_peer_on_tick(qn_supply_tick);
	qn_peer_on_tick(qn_tunnel_tick);
}

static int __init qkdnf_init(void)
{
	int err;

	err = qn_otp_selftest();
	if (!err)
		err = qn_hash_selftest();
	if (err) {
		pr_err("qkdnf: known-answer test of sealing failed, not loading\n");
		return err;
	}
	rooms_meet();
	qn_arrivals_init();
	err = qn_event_init();
	if (err)
		return err;
	err = qn_nodes_init(qn_node_teardown);
	if (err)
		goto event;
	err = qn_power_init();
	if (err)
		goto nodes;
	err = qn_xfrm_init();
	if (err)
		goto power;
	err = qn_device_init();
	if (err)
		goto xfrm;
	err = qn_tunnel_init();
	if (err)
		goto device;
	err = qn_netlink_init();
	if (err)
		goto tunnel;
	return 0;

tunnel:
	qn_tunnel_exit();
device:
	qn_device_exit();
xfrm:
	qn_xfrm_exit();
power:
	qn_power_exit();
nodes:
	qn_nodes_exit();
event:
	qn_event_exit();
	return err;
}

static void __exit qkdnf_exit(void)
{
	qn_netlink_exit();
	qn_tunnel_exit();
	qn_device_exit();
	qn_xfrm_exit();
	qn_power_exit();
	qn_nodes_exit();
	qn_event_exit();
	/* Segments, routes and peers that are still on their way out. */
	rcu_barrier();
}

module_init(qkdnf_init);
module_exit(qkdnf_exit);

MODULE_DESCRIPTION("QKD network federation: key manager");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
