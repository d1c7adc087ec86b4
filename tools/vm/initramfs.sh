#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make the initramfs of a guest kernel: a static busybox and the few modules
# that it takes to mount the host's root over 9p under an overlay.
#
#   tools/vm/initramfs.sh SERIES OUTPUT

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
series=$1
output=$2
kernel=$top/build/kernels/$series
release=$(cat "$kernel/release")
modules=$kernel/root/lib/modules/$release
wanted="virtio_pci virtio_console 9p 9pnet_virtio overlay virtio_rng"

die() { printf 'initramfs: error: %s\n' "$*" >&2; exit 1; }

[ -x /bin/busybox ] || die "/bin/busybox is missing: run tools/setup/setup.sh host"
! ldd /bin/busybox >/dev/null 2>&1 || die "/bin/busybox is not static: install busybox-static"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp"/{bin,dev,proc,sys,modules,lower,rw,root}
cp /bin/busybox "$tmp/bin/busybox"

# modprobe of kmod knows the order, and names what is built in as such.
# The guest loads them in the order of this list.
for module in $wanted; do
	PATH=$PATH:/sbin:/usr/sbin modprobe -d "$kernel/root" -S "$release" --show-depends "$module" ||
		die "kernel $release has no module $module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$tmp/list"

while IFS= read -r file; do
	name=$(basename "$file")
	name=${name%.xz}
	case $file in
	*.xz) xz -dc "$file" >"$tmp/modules/$name" ;;
	*) cp "$file" "$tmp/modules/$name" ;;
	esac
	echo "$name" >>"$tmp/modules/order"
done <"$tmp/list"
rm "$tmp/list"
[ -s "$tmp/modules/order" ] || die "no modules found under $modules"

sed "s,@RELEASE@,$release,g;s,@SERIES@,$series,g" "$here/initramfs-init" >"$tmp/init"
chmod +x "$tmp/init"
(cd "$tmp" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | gzip -1 >"$output.$$"
mv "$output.$$" "$output"
