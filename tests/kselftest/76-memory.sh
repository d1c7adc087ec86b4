#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Who is not privileged pays for the streams that he makes: a peer made by root of a
# user namespace is filled by workers of the kernel, and its memory is that of the
# control group of who made it. A pool that does not fit in there is not filled
# further, which is told, and nobody is killed for it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

need_module qkdnf
need_module qkdemu

b=1:2 group=/sys/fs/cgroup/pays limit=$((6 << 20))

grep -qw memory /sys/fs/cgroup/cgroup.controllers ||
	bail memory-controller "the kernel has no memory controller"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir "$group" || bail memory-group "cannot make $group"
at_end rmdir "$group"
echo $limit >"$group/memory.max"
current() { cat "$group/memory.current"; }
event_count() { sed -n "s/^$1 //p" "$group/memory.events"; }

# The user namespace, and its network namespace by the name of a.
unshare -Urn sleep 600 &
holder=$!
at_end stop $holder
other_user_ns() { [ "$(readlink /proc/$holder/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
wait_for 10 other_user_ns || bail memory-user-namespace "unshare did not make one"
ip netns attach a $holder || bail memory-netns "cannot name it"
ns_list+=(a)

echo Y >/sys/module/qkdnf/parameters/unprivileged_ns
at_end sh -c 'echo N >/sys/module/qkdnf/parameters/unprivileged_ns'
ctl a node set 1:1
check memory-made-by-unprivileged sh -c "echo \$\$ >$group/cgroup.procs &&
	exec nsenter --preserve-credentials --user --net -t $holder \
		qkdnfctl peer add $b address 192.0.2.2 segment 64Ki pool 16Mi"
before=$(current)
note "the group's memory before key comes: $before"

events_begin a
qkdnfctl emu add ab rate 40M block 16384
ctl a source add $b fd /dev/qkdemu/ab.a
full() { [ "$(event_count max)" -gt 0 ]; }
check memory-limit-of-group-is-met wait_for 60 full
saw memory-limit-is-told 30 a memory-limit
held=$(member a $b .held)
note "held $held; the group's memory $(current), limit $limit"
# Most of what is held is in the group, and as much as fits was held.
check_range memory-is-the-groups $((held / 4 * 3)) $limit "$(current)"
check_range memory-holds-what-fits $((limit / 3)) $limit "$held"
check_equal memory-nobody-is-killed 0 "$(event_count oom_kill)"
check memory-counted is a $b '.counters.drop_memory > 0'
books a

# It is given back with the peer.
ctl a peer del $b
given_back() { [ "$(current)" -le $((before + (1 << 20))) ]; }
check memory-given-back wait_for 30 given_back

# Of a privileged maker nobody's group pays: its pools are the machine's.
check memory-made-by-privileged sh -c "echo \$\$ >$group/cgroup.procs &&
	exec qkdnfctl -n a peer add $b address 192.0.2.2 segment 64Ki pool 16Mi"
ctl a source add $b fd /dev/qkdemu/ab.a
more() { is a $b ".held > $limit"; }
check memory-privileged-is-not-bound wait_for 60 more
check_equal memory-still-nobody-is-killed 0 "$(event_count oom_kill)"
books a
