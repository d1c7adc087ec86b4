#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# First process of User-mode Linux: puts an overlay in memory over the host's
# files, runs the script, decides, halts.
#
# shellcheck disable=SC2154 # variables of guest.conf

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8

halt() {
	sync
	busybox poweroff -f
	sleep 60
}

lost() {
	echo "guest: error: $*" >/dev/kmsg
	halt
}

if [ "${1:-}" != again ]; then
	mount -t proc proc /proc
	mount -t tmpfs -o size=75% rw /mnt || lost "cannot mount memory at /mnt"
	mkdir /mnt/upper /mnt/work /mnt/root
	mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work root /mnt/root ||
		lost "cannot mount the overlay"
	cd /mnt/root || lost "no root"
	mkdir -p .old
	umount /proc
	pivot_root . .old || lost "cannot change the root"
	exec chroot . /bin/bash "$0" again </dev/null
fi

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/kmsg 2>&1
# The host's own tree lives on below the overlay, out of sight.
umount -l /.old && rmdir /.old

results_at=$(sed -n 's/.*\bqkdnf.results=\([^ ]*\).*/\1/p' /proc/cmdline)
mount -t hostfs -o "$results_at" results "$results_at" || lost "cannot mount the results directory"
# shellcheck source=/dev/null
. "$results_at/guest.conf" || lost "no guest.conf"

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
mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox hostname qkdnf-uml
ip link set lo up
ulimit -c 0
for dir in "${shares[@]}"; do
	mount -t hostfs -o "$dir" share "$dir" || lost "cannot mount $dir"
done

QKDNF_RELEASE=$(uname -r)
export QKDNF_TOP=$top QKDNF_RESULTS=$results QKDNF_KERNEL=uml QKDNF_RELEASE
cd "$directory" 2>/dev/null || cd "$top" || cd /

# shellcheck source=tools/vm/verdict.sh
. "$top/tools/vm/verdict.sh"
verdict_begin

# The terminal is to hand on octets as they are.
stty -F /dev/tty1 raw -echo
if [ -x "${command[0]}" ]; then
	"${command[@]}"
else
	bash "${command[@]}"
fi </dev/null 2>&1 | cat >/dev/tty1
status=${PIPESTATUS[0]}

if [ "$status" = 0 ] && [ "$verdict" = 1 ] && ! verdict >/tmp/verdict 2>&1; then
	cp /tmp/verdict "$results/reason"
	status=97
fi
dmesg >"$results/dmesg"
echo "$status" >"$results/status"
halt
