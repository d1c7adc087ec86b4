#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
#
# Under full traffic: objects, namespaces and the module itself go away; memory
# stays within what the node may have.
#
#	a 1:1 ===== b 1:2 ===== c 1:3		a-c: remote stream via b, kept hungry

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

build() {
	for n in a b c; do
		ip netns add $n && ip -n $n link set lo up
	done
	chain 10.0 a b c
	in_ns b sysctl -qw net.ipv4.ip_forward=1
	ip -n a route add default via 10.0.1.2
	ip -n c route add default via 10.0.2.1
	node a 1:1
	node b 1:2
	node c 1:3
	link_ends a 1:1 10.0.1.1 b 1:2 10.0.1.2 segment 4Ki pool 512Ki hello 200ms
	link_ends b 1:2 10.0.2.1 c 1:3 10.0.2.2 segment 4Ki pool 512Ki hello 200ms
	routes
	remotes
	sources
}

routes() {
	ctl a route add 1:3 via 1:2
	ctl c route add 1:1 via 1:2
	ctl b route add 1:1 via 1:1
	ctl b route add 1:3 via 1:3
}

remotes() {
	ctl a peer add 1:3 kind remote address 10.0.2.2 segment 4Ki pool 4Mi low 3Mi high 4Mi
	ctl c peer add 1:1 kind remote address 10.0.1.1 segment 4Ki pool 4Mi low 3Mi high 4Mi
}

# The file of a source that just went away may still be on its way out.
source_of() {
	for _ in 1 2 3 4 5; do
		ctl "$1" source add "$2" fd "/dev/qkdemu/$3" 2>"$work/err" && return
		sleep 0.5
	done
	bail life-source "$(cat "$work/err")"
}

sources() {
	source_of a 1:2 ab.a
	source_of b 1:1 ab.b
	source_of b 1:3 bc.a
	source_of c 1:2 bc.b
}

traffic() { is c 1:1 ".own_level >= ${1:-16384}"; }

del_all() {
	local pids=()

	for n in a b c; do
		ip netns del $n &
		pids+=($!)
	done
	wait "${pids[@]}"
}

none_left() { [ -z "$(ip netns list)" ]; }

emu_link ab rate 8M block 4096
emu_link bc rate 8M block 4096

# --- the module, then the namespaces, in the midst of it -----------------------------------------

for i in 1 2; do
	need_module qkdnf
	build
	check life-traffic-before-unload-$i wait_for 60 traffic
	check life-unload-under-traffic-$i drop_module qkdnf
	need_module qkdnf
	check_fails life-unloaded-forgot-$i 'qkdnfctl node set' ctl b node show
	del_all
done

for i in 1 2 3; do
	build
	check life-traffic-before-netns-$i wait_for 60 traffic
	check life-netns-under-traffic-$i del_all
	check life-netns-gone-$i wait_for 10 none_left
done
# Sources let go of their devices: others may have them.
check life-devices-free wait_for 10 sh -c 'for d in ab.a ab.b bc.a bc.b; do
	timeout 5 head -c 1 /dev/qkdemu/$d 2>&1 | grep -q "Invalid\|too long\|Message" || exec 3</dev/qkdemu/$d || exit 1; done'

# --- objects, in the midst of it ------------------------------------------------------------------

build
check life-traffic wait_for 60 traffic
for i in 1 2; do
	ctl b route del 1:3
	ctl b route del 1:1
	ctl b route add 1:3 via 1:3
	ctl b route add 1:1 via 1:1
	ctl a peer del 1:3
	ctl c peer del 1:1
	remotes
	check life-after-remotes-$i wait_for 90 traffic 8192
	ctl b source del 1:1
	ctl b source del 1:3
	source_of b 1:1 ab.b
	source_of b 1:3 bc.a
	ctl c node del
	node c 1:3
	ctl c peer add 1:2 address 10.0.2.1 segment 4Ki pool 512Ki hello 200ms
	ctl c peer add 1:1 kind remote address 10.0.1.1 segment 4Ki pool 4Mi low 3Mi high 4Mi
	ctl c route add 1:1 via 1:2
	source_of c 1:2 bc.b
	check life-after-node-$i wait_for 90 traffic 8192
	ctl b peer del 1:1
	ctl b peer add 1:1 address 10.0.1.1 segment 4Ki pool 512Ki hello 200ms
	ctl b route add 1:1 via 1:1
	source_of b 1:1 ab.b
	becomes life-after-relay-peer-$i 60 b 1:1 '.state == "up"'
done
books a b c

# --- memory ------------------------------------------------------------------------------------------

ctl a peer del 1:3
ctl a peer del 1:2
ctl a node set 1:1 memory 256Ki
ctl a peer add 1:2 address 10.0.1.2 segment 4Ki pool 2Mi hello 200ms
events_begin a
source_of a 1:2 ab.a
filled() { is a 1:2 '.held >= 131072'; }
wait_for 20 filled
sleep 2
check life-memory-bounded sh -c "qkdnfctl -n a -j stats | jq -e '.mem_max == 262144 and .mem_used <= .mem_max'"
saw life-memory-is-told 10 a memory-limit
check life-memory-still-fills is a 1:2 '.held > 0 and .held <= 262144'
books a

del_all
check life-end wait_for 10 none_left
