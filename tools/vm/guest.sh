#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# First process of a guest once the host's root is its own: makes the machine
# ready, runs the script, decides, powers off.
#
# shellcheck disable=SC2154 # variables of guest.conf

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8
cd /

power_off() {
	sync
	echo o >/proc/sysrq-trigger
	sleep 60
}

lost() {
	echo "guest: error: $*" >/dev/kmsg
	power_off
}

option() { sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline; }

results_at=$(option qkdnf.results)
plan9=rw,trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$plan9,cache=none" results "$results_at" || lost "cannot mount the results directory"
# shellcheck source=/dev/null
. "$results_at/guest.conf" || lost "no guest.conf"

# State of the host's own programs is not the guest's. (/tmp stays what it is:
# the overlay keeps what is written, and scripts may live there.)
for dir in /run /dev/shm; do
	mkdir -p "$dir"
	mount -t tmpfs -o mode=755 tmpfs "$dir"
done
chmod 1777 /dev/shm
mkdir -p /dev/pts /run/netns /run/lock
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname "qkdnf-${series//./-}"
ip link set lo up
ulimit -c 0

for i in "${!shares[@]}"; do
	mkdir -p "${shares[i]}"
	mount -t 9p -o "$plan9,cache=none" "share$i" "${shares[i]}" || lost "cannot mount ${shares[i]}"
done

export QKDNF_TOP=$top QKDNF_RESULTS=$results QKDNF_KERNEL=$series
QKDNF_RELEASE=$(uname -r)
export QKDNF_RELEASE
cd "$directory" 2>/dev/null || cd "$top" || cd /

# The kernel came up on one processor: see run.sh.
for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
	[ ! -e "$cpu" ] || echo 1 >"$cpu" || lost "cannot bring up $cpu"
done
echo "guest: ready" >/dev/kmsg

# shellcheck source=tools/vm/verdict.sh
. "$top/tools/vm/verdict.sh"
verdict_begin

if [ "$interactive" = 1 ]; then
	stty -F /dev/hvc0 rows "${LINES:-24}" cols "${COLUMNS:-80}" sane 2>/dev/null
	setsid -c -w "${command[@]}" </dev/hvc0 >/dev/hvc0 2>&1
	status=$?
else
	# A port can be opened once only, and scripts like to open /dev/stderr.
	if [ -x "${command[0]}" ]; then
		"${command[@]}"
	else
		bash "${command[@]}"
	fi </dev/null 2>&1 | cat >/dev/vport?p1
	status=${PIPESTATUS[0]}
fi

# The verdict is decided last: a script that passed on a kernel that complains
# has not passed.
if [ "$status" = 0 ] && [ "$verdict" = 1 ]; then
	if ! verdict >/tmp/verdict 2>&1; then
		cp /tmp/verdict "$results/reason"
		status=97
	fi
fi
dmesg >"$results/dmesg"
echo "$status" >"$results/status"
power_off
