#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Read the configuration of a kernel and say what our modules would miss in it.
#
#	tools/setup/check-config.sh KDIR
#
# Exit status 1 if something is missing without which they do not load.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { printf 'check-config: error: %s\n' "$*" >&2; exit 2; }

kdir=${1:-}
[ -n "$kdir" ] || die "which kernel? say KDIR=DIR"
release=$(sed -n "s/^#define UTS_RELEASE \"\(.*\)\"/\1/p" "$kdir/include/generated/utsrelease.h" 2>/dev/null) || :
release=${release:-$(basename "$kdir")}

found=''
for file in "$kdir/.config" "$kdir/include/config/auto.conf" "/boot/config-$(uname -r)"; do
	[ -r "$file" ] || continue
	# The running kernel's only for the running kernel.
	case $file in /boot/*) [ "$(realpath "$kdir")" = "$(realpath -m "/lib/modules/$(uname -r)/build")" ] || continue ;; esac
	found=$file
	break
done
[ -n "$found" ] || die "no configuration in $kdir (.config): is it a prepared kernel tree?"

missing=0 idle=0
while read -r option class purpose; do
	case $option in '' | '#'*) continue ;; esac
	value=$(sed -n "s/^CONFIG_$option=//p" "$found")
	case $value in
	y | m) continue ;;
	esac
	if [ "$class" = need ]; then
		missing=$((missing + 1))
		printf 'missing   CONFIG_%-28s %s\n' "$option" "$purpose"
	else
		idle=$((idle + 1))
		printf 'not there CONFIG_%-28s %s\n' "$option" "$purpose"
	fi
done <"$here/options.txt"

printf 'check-config: %s: ' "$release"
if [ $missing -gt 0 ]; then
	printf '%s options missing that the modules need\n' "$missing"
	exit 1
fi
if [ $idle -gt 0 ]; then
	printf 'the modules load; %s features lack something\n' "$idle"
else
	printf 'all there\n'
fi
