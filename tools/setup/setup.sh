#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian 12 set-up: host packages, guest kernels with their headers, kernel
# source, servers that tests run as they are. Everything but the host packages lands
# under build/; no kernel and no service is installed on the host.
#
#   tools/setup/setup.sh [PART...]
#
# Parts: host, kernel-6.1, kernel-6.12, source, postgresql, strongswan; nginx, for one benchmark.
# Without one: all of them but nginx.
# A part that is up to date costs a few milliseconds, so make calls this freely.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build
downloads=$build/download
stamps=$build/.setup

need_disk_gb=10
need_memory_gb=4
download_seconds=0

die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }
say() { printf 'setup: %s\n' "$*"; }

# --- the machine ------------------------------------------------------------

# A build directory that is already filled needs less than the whole; what
# counts is that a first run does not stop half way.
check_machine() {
	local free_kb memory_kb

	[ -r /etc/debian_version ] && command -v apt-get >/dev/null ||
		die "this script sets up Debian 12; on another system install what tools/setup/packages.txt names"
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "guest kernels are fetched for amd64 only, this machine is $(dpkg --print-architecture)"
	case $top in *[[:space:]]*)
		die "the path '$top' holds white space, which Kbuild cannot take; move the repository" ;;
	esac

	mkdir -p "$build"
	free_kb=$(df -Pk "$build" | awk 'NR == 2 { print $4 }')
	[ "$free_kb" -ge $((need_disk_gb * 1000 * 1000)) ] ||
		die "$build has $((free_kb / 1000000)) GB free; $need_disk_gb GB are needed: free some space"
	# 4 GB as machines are sold: the kernel keeps some for itself.
	memory_kb=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
	[ "$memory_kb" -ge $((need_memory_gb * 900 * 1000)) ] ||
		die "this machine has $((memory_kb / 1000000)) GB of memory; $need_memory_gb GB are needed"
}

# --- host packages ----------------------------------------------------------

packages() { sed 's/#.*//' "$here/packages.txt" | awk 'NF { print $1 }'; }

missing_packages() {
	local package

	for package in $(packages); do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

lists_present() { [ -n "$(apt-cache policy linux-image-6.12-amd64 2>/dev/null | sed -n 's/ *Candidate: //p' | grep -v none)" ]; }

# apt_install PACKAGE...: as root, or by sudo, or say what root has to run.
apt_install() {
	local script started=$SECONDS

	script="apt-get -q update && DEBIAN_FRONTEND=noninteractive"
	script+=" apt-get -q install -y --no-install-recommends $*"
	if [ "$(id -u)" = 0 ]; then
		sh -c "$script"
	elif command -v sudo >/dev/null; then
		say "installing host packages by sudo"
		sudo sh -c "$script"
	else
		printf 'setup: error: %s host packages are missing and this is not root. Have root run\n\n    %s\n\nthen start again.\n' \
			"$#" "$script" >&2
		exit 1
	fi || die "apt-get could not install the host packages, see above"
	download_seconds=$((download_seconds + SECONDS - started))
}

setup_host() {
	local missing

	mapfile -t missing < <(missing_packages)
	if [ ${#missing[@]} -eq 0 ] && lists_present; then
		return
	fi
	say "host packages to install: ${missing[*]:-none, only the package lists}"
	apt_install "${missing[@]}"
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -eq 0 ] || die "still not installed: ${missing[*]}"
}

# --- packages that are unpacked, never installed ----------------------------

# depends PACKAGE PREFIX: the one real dependency of PACKAGE that begins with
# PREFIX, which is how a metapackage names the kernel of the day.
depends() {
	apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null |
		awk -v prefix="$2" '$1 ~ /^\|?Depends:$/ && index($2, prefix) == 1 { print $2; exit }'
}

candidate() { apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

# unpack DIRECTORY PACKAGE...: download what is not there and unpack it.
unpack() {
	local root=$1 package version file started=$SECONDS
	local -a apt=(apt-get -q download)

	shift
	# Root's apt drops to a user that may not be able to write to build/.
	[ "$(id -u)" != 0 ] || apt+=(-o APT::Sandbox::User=root)
	mkdir -p "$downloads" "$root"
	for package in "$@"; do
		version=$(candidate "$package")
		[ -n "$version" ] || die "package $package is named by its metapackage but is not offered any more: run 'apt-get update' as root, then start again"
		file=$downloads/${package}_${version//:/%3a}_$(apt_arch "$package").deb
		if [ ! -f "$file" ]; then
			say "downloading $package $version"
			(cd "$downloads" && "${apt[@]}" "$package=$version") ||
				die "cannot download $package $version: if the server says 404 the package lists are old, run 'apt-get update' as root, then start again"
			[ -f "$file" ] || die "apt-get download did not leave $file"
		fi
	done
	download_seconds=$((download_seconds + SECONDS - started))
	for package in "$@"; do
		version=$(candidate "$package")
		file=$downloads/${package}_${version//:/%3a}_$(apt_arch "$package").deb
		say "unpacking $package"
		dpkg -x "$file" "$root"
	done
}

apt_arch() { apt-cache show --no-all-versions "$1" | awk '$1 == "Architecture:" { print $2; exit }'; }

# --- guest kernels ----------------------------------------------------------

image_metapackage() {
	case $1 in
	6.1) echo linux-image-amd64 ;;
	6.12) echo linux-image-6.12-amd64 ;;
	*) die "no such kernel series: $1 (6.1, 6.12)" ;;
	esac
}

# The unpacked headers name each other by absolute paths; point them at where
# they are, so that KDIR=build/kernels/<series>/headers builds modules with
# nothing in /usr/src or /usr/lib.
relocate_headers() {
	local root=$1 file link target

	while IFS= read -r file; do
		sed -i "s,\(^\|[^[:alnum:]._-]\)/usr/\(src/linux-headers\|lib/linux-kbuild\),\1$2/usr/\2,g" "$file"
	done < <(grep -rlE '/usr/(src/linux-headers|lib/linux-kbuild)' --include=Makefile --include='*.mk' \
		--include=.kernelvariables "$root"/usr/src/linux-headers-* 2>/dev/null || true)
	while IFS= read -r link; do
		target=$(readlink "$link")
		case $target in
		/usr/src/* | /usr/lib/*) ln -sfn "$2$target" "$link" ;;
		esac
	done < <(find "$root/usr/src" "$root"/lib/modules -type l)
}

setup_kernel() {
	local series=$1 dir=$build/kernels/$1 meta image headers release version
	local common kbuild tmp

	meta=$(image_metapackage "$series")
	lists_present || die "apt has no package lists: run 'apt-get update' as root, then start again"
	image=$(depends "$meta" linux-image-)
	headers=$(depends "${meta/image/headers}" linux-headers-)
	[ -n "$image" ] && [ -n "$headers" ] ||
		die "the metapackage $meta or ${meta/image/headers} is not in apt's lists: this needs Debian 12 with its main and security suites"
	[ "${image#linux-image-}" = "${headers#linux-headers-}" ] ||
		die "$meta names $image but ${meta/image/headers} names $headers: the package lists are in between two kernels, run 'apt-get update' as root later"
	release=${image#linux-image-}
	version=$(candidate "$image")
	[ -n "$version" ] || die "$meta names $image, which is not offered any more: run 'apt-get update' as root, then start again"

	if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$release $version $top" ]; then
		return
	fi
	say "guest kernel $series is $release ($version)"
	tmp=$dir.tmp
	rm -rf "$tmp"
	common=$(depends "$headers" linux-headers-)
	kbuild=$(depends "$headers" linux-kbuild-)
	unpack "$tmp/root" "$image" "$headers" "$common" "$kbuild"
	relocate_headers "$tmp/root" "$dir/root"

	ln -s "root/boot/vmlinuz-$release" "$tmp/vmlinuz"
	ln -s "root/boot/config-$release" "$tmp/config"
	ln -s "root/usr/src/linux-headers-$release" "$tmp/headers"
	echo "$release" >"$tmp/release"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$tmp/root" -F "$tmp/root/boot/System.map-$release" "$release"

	rm -rf "$dir"
	mv "$tmp" "$dir"
	# modpost and fixdep come ready in linux-kbuild; a build must find them.
	make -s -C "$dir/headers" kernelrelease >/dev/null ||
		die "the headers of $release do not work where they were unpacked ($dir/headers)"
	echo "$release $version $top" >"$dir/.complete"
}

# --- kernel source: checkpatch, ynl, User-mode Linux -------------------------

setup_source() {
	local package=linux-source-6.12 dir=$build/linux-source-6.12 version tmp

	lists_present || die "apt has no package lists: run 'apt-get update' as root, then start again"
	version=$(candidate "$package")
	[ -n "$version" ] || die "package $package is not offered: this needs Debian 12 with its security suite"
	if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$version" ]; then
		return
	fi
	tmp=$build/linux-source.tmp
	rm -rf "$tmp"
	unpack "$tmp" "$package"
	say "unpacking the source tree (1.5 GB)"
	tar -C "$tmp" -xf "$tmp/usr/src/$package.tar.xz"
	rm -rf "$dir"
	mv "$tmp/$package" "$dir"
	rm -rf "$tmp"
	echo "$version" >"$dir/.complete"
}

# --- servers for tests ------------------------------------------------------

postgresql_packages=(postgresql-15 postgresql-client-15)

# Libraries that they are linked with and that the host lacks; that of the
# just-in-time compiler, which is half of it all, is left out: it stays off.
postgresql_libraries() {
	local library

	apt-cache depends --no-recommends --no-suggests "${postgresql_packages[@]}" |
		awk '$1 == "Depends:" && $2 ~ /^lib/ && $2 !~ /^libllvm/ { print $2 }' | sort -u |
		while read -r library; do
			[ "$(dpkg-query -W -f '${db:Status-Status}' "$library" 2>/dev/null)" = installed ] ||
				echo "$library"
		done
}

setup_postgresql() {
	local dir=$build/daemons/postgresql tmp=$build/daemons/postgresql.tmp package version
	local made_from='' missing
	local -a packages

	lists_present || die "apt has no package lists: run 'apt-get update' as root, then start again"
	mapfile -t packages < <(printf '%s\n' "${postgresql_packages[@]}"; postgresql_libraries)
	for package in "${packages[@]}"; do
		version=$(candidate "$package")
		[ -n "$version" ] || die "package $package is not offered: this needs Debian 12 with its main suite"
		made_from+="$package $version "
	done
	if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$made_from" ]; then
		return
	fi
	rm -rf "$tmp"
	unpack "$tmp" "${packages[@]}"
	missing=$(LD_LIBRARY_PATH=$tmp/usr/lib/x86_64-linux-gnu \
		ldd "$tmp"/usr/lib/postgresql/15/bin/{postgres,initdb} | awk '/not found/ { print $1 }' | sort -u)
	[ -z "$missing" ] || die "PostgreSQL wants libraries that this machine lacks: ${missing//$'\n'/ }"
	rm -rf "$dir"
	mv "$tmp" "$dir"
	echo "$made_from" >"$dir/.complete"
}

# --- a neighbour in guests ------------------------------------------------------

strongswan_packages=(libstrongswan libstrongswan-standard-plugins strongswan-libcharon
	strongswan-charon strongswan-swanctl)

setup_strongswan() {
	local dir=$build/daemons/strongswan tmp=$build/daemons/strongswan.tmp package version
	local made_from='' missing

	lists_present || die "apt has no package lists: run 'apt-get update' as root, then start again"
	for package in "${strongswan_packages[@]}"; do
		version=$(candidate "$package")
		[ -n "$version" ] || die "package $package is not offered: this needs Debian 12 with its main suite"
		made_from+="$package $version "
	done
	if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$made_from" ]; then
		return
	fi
	rm -rf "$tmp"
	unpack "$tmp" "${strongswan_packages[@]}"
	# What they are linked with besides is the host's.
	missing=$(LD_LIBRARY_PATH=$tmp/usr/lib/ipsec ldd "$tmp"/usr/lib/ipsec/{charon,plugins/*.so} \
		"$tmp/usr/sbin/swanctl" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u)
	[ -z "$missing" ] || die "strongSwan wants libraries that this machine lacks: ${missing//$'\n'/ }"
	rm -rf "$dir"
	mv "$tmp" "$dir"
	echo "$made_from" >"$dir/.complete"
}

# --- a server to compare with --------------------------------------------------

setup_nginx() {
	local dir=$build/daemons/nginx tmp=$build/daemons/nginx.tmp version missing

	lists_present || die "apt has no package lists: run 'apt-get update' as root, then start again"
	version=$(candidate nginx)
	[ -n "$version" ] || die "package nginx is not offered: this needs Debian 12 with its main suite"
	if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$version" ]; then
		return
	fi
	rm -rf "$tmp"
	unpack "$tmp" nginx
	missing=$(ldd "$tmp/usr/sbin/nginx" | awk '/not found/ { print $1 }' | sort -u)
	[ -z "$missing" ] || die "nginx wants libraries that this machine lacks: ${missing//$'\n'/ }"
	rm -rf "$dir"
	mv "$tmp" "$dir"
	echo "$version" >"$dir/.complete"
}

# --- parts ------------------------------------------------------------------

# Fingerprint of what a part was made from; a new list or script runs it again.
fingerprint() { cat "$here/setup.sh" "$here/packages.txt" | sha256sum; }

run_part() {
	local part=$1

	case $part in
	host | source | kernel-6.1 | kernel-6.12 | postgresql | strongswan | nginx) ;;
	*) die "no such part: $part (host, kernel-6.1, kernel-6.12, source, postgresql, strongswan, nginx)" ;;
	esac
	if [ "$(cat "$stamps/$part" 2>/dev/null)" = "$(fingerprint)" ]; then
		return
	fi
	case $part in
	host) setup_host ;;
	source) setup_source ;;
	postgresql) setup_postgresql ;;
	strongswan) setup_strongswan ;;
	nginx) setup_nginx ;;
	kernel-*) setup_kernel "${part#kernel-}" ;;
	esac
	fingerprint >"$stamps/$part"
}

main() {
	local part changed=0
	local -a parts=("$@")

	[ ${#parts[@]} -gt 0 ] || parts=(host kernel-6.1 kernel-6.12 source postgresql strongswan)
	mkdir -p "$build" "$stamps" 2>/dev/null || die "cannot write to $build"
	for part in "${parts[@]}"; do
		[ "$(cat "$stamps/$part" 2>/dev/null)" = "$(fingerprint)" ] || changed=1
	done
	[ $changed = 1 ] || return 0

	check_machine
	exec 9>"$build/.setup.lock"
	flock -n 9 || { say "another set-up is at work, waiting for it"; flock 9; }
	for part in "${parts[@]}"; do
		run_part "$part"
	done
	if [ $download_seconds -gt 0 ]; then
		say "ready after $SECONDS s, of which $download_seconds s went into downloading packages"
	else
		say "ready"
	fi
}

main "$@"
