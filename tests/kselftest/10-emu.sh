#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
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

# qkdnfctl emu: NAME's member of "show", as JSON
shown() { qkdnfctl -j emu show "$1" | python3 -c "import json, sys; print(json.load(sys.stdin)$2)"; }

check emu-ctl-add qkdnfctl emu add far distance 50
check_range emu-ctl-model-rate 900000 960000 "$(shown far '["rate"]')"
check_equal emu-ctl-model-block 4096 "$(shown far '["block_size"]')"
check emu-ctl-add-slow qkdnfctl emu add farther --distance 160 --detector apd
check_equal emu-ctl-model-slow-block 256 "$(shown farther '["block_size"]')"
check_fails emu-ctl-too-far 'no key over 500 km .* ends at' qkdnfctl emu add x distance 500
check_fails emu-ctl-no-rate 'rate BITRATE, or distance KM' qkdnfctl emu add x
check_fails emu-ctl-taken 'name exists' qkdnfctl emu add far rate 1k
check_fails emu-ctl-no-link 'no such link' qkdnfctl emu up nowhere
check emu-ctl-eavesdrop qkdnfctl emu eavesdrop far on
check emu-ctl-list-says-why grep -qE '^far +stopped \(qber\)' <(qkdnfctl emu list)
check emu-ctl-eavesdrop-off qkdnfctl emu eavesdrop far off
check emu-ctl-down qkdnfctl emu down far
check_equal emu-ctl-state down "$(shown far '["state"]')"
check emu-ctl-up qkdnfctl emu up far
check emu-ctl-set qkdnfctl emu set far loss-b 5% error-b 10 rate 2M
check_equal emu-ctl-set-read '50000 10 2000000' \
	"$(shown far '["end_b"]["loss"]') $(shown far '["end_b"]["error"]') $(shown far '["rate"]')"
check emu-ctl-outage qkdnfctl emu outage far +60s 10s +2m 1s
check_equal emu-ctl-outages 2 "$(qkdnfctl -j emu show far | grep -o '"duration"' | wc -l)"
check emu-ctl-outage-none qkdnfctl emu outage far
check emu-ctl-del qkdnfctl emu del far
check_fails emu-ctl-gone 'no such link' qkdnfctl emu show far

# two machines: one seed file, one start
check emu-ctl-seed qkdnfctl emu seed "$work/seed"
check_equal emu-ctl-seed-mode 600 "$(stat -c %a "$work/seed")"
check_fails emu-ctl-seed-kept 'File exists' qkdnfctl emu seed "$work/seed"
for end in a b; do
	check emu-ctl-end-$end qkdnfctl emu add "one-$end" ends $end seed-file "$work/seed" \
		start '2026-01-01' rate 1M
done
check_equal emu-ctl-one-link "$(shown one-a '["link_id"]')" "$(shown one-b '["link_id"]')"
check_fails emu-ctl-bad-seed 'holds no seed' qkdnfctl emu add x rate 1k seed-file /etc/passwd
check_equal emu-ctl-read "64 + 4096" "$(timeout 200 head -c 4160 /dev/qkdemu/one-b.b | wc -c | sed 's/^4160$/64 + 4096/')"

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
