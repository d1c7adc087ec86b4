#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
#
# Emulated QKD links: what readers get (tests/emu/test_link.py), and what the
# netlink family takes and refuses (tests/emu/test_netlink.py). Both speak to the
# kernel through its own ynl client and tools/netlink/qkdemu.yaml.

. "$(dirname "$0")/lib.sh"

# not a version manager's python, which an emulated guest waits for
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PYTHONDONTWRITEBYTECODE=1

ynl() {
	python3 "$top/build/linux-source-6.12/tools/net/ynl/cli.py" --no-schema \
		--spec "$top/tools/netlink/qkdemu.yaml" "$@"
}

seed=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

# new NAME: ask for a link; anybody may, the kernel decides
new() { ynl --do link-new --json "{\"name\": \"$1\", \"seed\": \"$seed\", \"rate\": 100000}"; }
del() { ynl --do link-del --json "{\"name\": \"$1\"}"; }

need_module qkdemu

# Their own lines are the verdicts; an exception without one is a failure too.
for part in link netlink; do
	python3 "$top/tests/emu/test_$part.py" || tests_failed=$((tests_failed + 1))
done

# the client's command line, and a module that goes away with its links
check emu-ynl-new new cli
check emu-ynl-get grep -q "'name': 'cli'" <(ynl --dump link-get)
check_fails emu-ynl-refused 'exists' new cli
check emu-unload-with-links drop_module qkdemu
check_fails emu-unload-removes-devices . ls /dev/qkdemu/cli.a

# links of other user namespaces, where the administrator allows them
need_module qkdemu userns=1
export -f ynl new del
export top seed
own='new mine && del root-s; test -r /dev/qkdemu/mine.a'
new root-s >/dev/null
check_fails emu-userns-not-others 'another user namespace' \
	setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urn bash -c "$own; false"
check_equal emu-userns-owner 65534 "$(stat -c %u /dev/qkdemu/mine.a 2>&1)"
check_fails emu-userns-not-another-s 'another user namespace' \
	setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urn bash -c 'del mine'
check emu-userns-root-may del mine
