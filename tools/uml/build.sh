#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build User-mode Linux from the kernel source package into build/uml/, once.
# The tree stays, so that KDIR=build/uml ARCH=um builds our modules for it.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
source=$top/build/linux-source-6.12
out=$top/build/uml

die() { printf 'uml: error: %s\n' "$*" >&2; exit 1; }

"$top/tools/setup/setup.sh" host source
mkdir -p "$out"
exec 9>"$out/.lock"
flock -n 9 || { echo "uml: another build is at work, waiting for it"; flock 9; }

# The tree names its source by the path that it has without links.
made_from="$(cat "$source/.complete") $(sha256sum <"$here/config") $(realpath "$source")"
if [ "$(cat "$out/.made-from" 2>/dev/null)" = "$made_from" ] && [ -x "$out/linux" ]; then
	exit 0
fi

# The variables of a calling make are not the kernel's.
unset MAKEFLAGS MFLAGS MAKELEVEL KCONFIG_CONFIG K T M C V O
started=$SECONDS
echo "uml: building User-mode Linux in $out (some six minutes on two processors)"
rm -f "$out/.made-from"
mk() { make -s -C "$source" O="$out" ARCH=um "$@"; }

mk x86_64_defconfig
"$source/scripts/kconfig/merge_config.sh" -m -O "$out" "$out/.config" "$here/config" >"$out/merge.log" 2>&1 ||
	die "cannot merge tools/uml/config: see $out/merge.log"
mk olddefconfig

# Options that depend on something else vanish without a word.
missing=$(grep -E '^CONFIG_[A-Z0-9_]+=' "$here/config" | while IFS= read -r line; do
	grep -qxF "$line" "$out/.config" || echo "$line"
done)
[ -z "$missing" ] || die "the kernel did not take these lines of tools/uml/config: $missing"

mk -j"$(nproc)" >"$out/build.log" 2>&1 & make_pid=$!
trap 'kill "$make_pid" 2>/dev/null || :' EXIT
while kill -0 "$make_pid" 2>/dev/null; do
	sleep 5
	[ ! -t 1 ] || printf '\ruml: %s s, %s objects ' $((SECONDS - started)) \
		"$(find "$out" -name '*.o' 2>/dev/null | wc -l)"
done
[ ! -t 1 ] || echo
wait "$make_pid" || { tail -n 20 "$out/build.log" >&2; die "the build failed: see $out/build.log"; }
trap - EXIT

[ -x "$out/linux" ] || die "no kernel came out of the build: see $out/build.log"
echo "$made_from" >"$out/.made-from"
echo "uml: built in $((SECONDS - started)) s"
