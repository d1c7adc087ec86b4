#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Say whether guests run under KVM here: "kvm" or "tcg". A /dev/kvm that opens
# is no proof, so a guest is booted to its first process, and given two seconds.
#
#   tools/vm/accel.sh KERNEL INITRAMFS

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$top/build/vm/accel
# Another boot of the host may be another machine.
host=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || uname -a)

exec 8>"$cache.lock"
flock 8

if [ "$(sed -n 1p "$cache" 2>/dev/null)" = "$host" ]; then
	sed -n 2p "$cache"
	exit
fi

answer=tcg
if [ -w /dev/kvm ]; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	# A guest that spins is killed; the shell need not tell anybody.
	( timeout -k 1 2 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
		-display none -monitor none -M q35 -m 512 -accel kvm -cpu host \
		-kernel "$1" -initrd "$2" -serial "file:$log" \
		-append "console=ttyS0 panic=-1 qkdnf.probe=1"  </dev/null || : ) >/dev/null 2>&1
	! grep -q 'guest: probe reached user space' "$log" || answer=kvm
fi
printf '%s\n%s\n' "$host" "$answer" >"$cache"
echo "$answer"
