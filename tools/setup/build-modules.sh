#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build the kernel modules against a kernel's headers, with every object under
# build/<kernel release>/: a mirror of links to the sources, as the external
# module build of older kernels knows no other place for objects.
#
#   tools/setup/build-modules.sh KDIR [TARGET] [make arguments...]
#
# QKDNF_SOURCES, QKDNF_OUTPUT: build another directory's modules (tests do).

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() { printf 'modules: error: %s\n' "$*" >&2; exit 1; }

[ $# -ge 1 ] && [ -n "$1" ] || die "which kernel? say KDIR=DIR"
kdir=$(realpath -e "$1" 2>/dev/null) || die "KDIR=$1 does not exist"
target=${2:-modules}
shift; [ $# -eq 0 ] || shift

release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h" 2>/dev/null) || :
[ -n "$release" ] ||
	die "$kdir is not a prepared kernel tree: install the kernel's headers, or run 'make modules_prepare' there"

if [ -n "${QKDNF_SOURCES:-}" ]; then
	sources=(.)
	from=$(realpath "$QKDNF_SOURCES")
	mirror=$top/build/${QKDNF_OUTPUT:?}/$release
else
	sources=(Kbuild kernel include)
	from=$top
	mirror=$top/build/$release
fi
mkdir -p "$mirror"
exec 9>"$mirror/.lock"
flock 9

# New links for new files, none for those that are gone.
(
	cd "$from"
	find "${sources[@]}" -type f \( -name '*.[chS]' -o -name 'Kbuild*' \) -not -name '*.mod.c'
) | sed 's,^\./,,' | LC_ALL=C sort >"$mirror/.files"
while IFS= read -r file; do
	case $file in */*) mkdir -p "$mirror/${file%/*}" ;; esac
	[ -L "$mirror/$file" ] || ln -s "$from/$file" "$mirror/$file"
done <"$mirror/.files"
find "$mirror" -type l -not -name '*.ko' | while IFS= read -r link; do
	[ -e "$link" ] || rm -f "$link"
done

# Under a parallel make its job server is used, else as many jobs as processors.
case " ${MAKEFLAGS:-}" in
*" -j"* | *jobserver*) jobs=() ;;
*) jobs=("-j$(nproc)") ;;
esac

# No BTF: it takes the whole kernel's, and nothing here reads ours.
make "${jobs[@]}" -C "$kdir" M="$mirror" ${ARCH:+ARCH="$ARCH"} QKDNF_WERROR="${QKDNF_WERROR:-}" \
	CONFIG_DEBUG_INFO_BTF_MODULES= "$@" "$target"

find "$mirror" -mindepth 2 -name '*.ko' -type f | while IFS= read -r module; do
	ln -sf "${module#"$mirror"/}" "$mirror/${module##*/}"
done
