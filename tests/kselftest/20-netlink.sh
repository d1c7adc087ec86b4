#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# The generic netlink family: the kernel's own client with our specification,
# every object, every malformed request, dumps under change and at scale,
# events, user namespaces. The cases are in tests/netlink.
#
# No topology: each part has a network namespace to itself.

# shellcheck source=tests/kselftest/lib.sh
. "$(dirname "$0")/lib.sh"

ynl=$top/build/linux-source-6.12/tools/net/ynl
spec=$top/tools/netlink/qkdnf.yaml
export PYTHONDONTWRITEBYTECODE=1

need_module qkdnf
[ -e "$ynl/cli.py" ] || bail netlink-ynl "$ynl/cli.py is missing: tools/setup/setup.sh unpacks it"

# part NAMESPACE PROGRAM [ARGUMENT...]: its verdicts are ours; it must come to
# its own end.
part() {
	local ns=$1 log=$work/$1.log status=0
	shift

	ns_add "$ns"
	in_ns "$ns" python3 "$top/tests/netlink/$1" "${@:2}" 2>"$log.err" | tee "$log" || :
	status=${PIPESTATUS[0]}
	tests_failed=$((tests_failed + $(grep -c '^not ok ' "$log")))
	case $status in
	0 | 1) ;;
	*) fail "netlink-$ns" "exit status $status" ;;
	esac
	if grep -q Traceback "$log.err"; then
		sed 's/^/#   /' "$log.err"
		fail "netlink-$ns" "$(tail -n 1 "$log.err")"
	fi
	grep -q '^ok ' "$log" || fail "netlink-$ns" "tested nothing"
}

# --- the kernel's client, as a person would use it -----------------------------

ns_add nl-cli
cli() { in_ns nl-cli python3 "$ynl/cli.py" --spec "$spec" --no-schema --process-unknown "$@"; }

check ynl-node-set cli --do node-set --json '{"id": 277076930199553, "port": 4000}'
check ynl-peer-new cli --do peer-new --json \
	'{"id": 277076930199554, "kind": "link", "addr4": "7f000001", "name": "b"}'
check_equal ynl-peer-dump "link b 127.0.0.1 17717" "$(cli --output-json --dump peer-get --json '{"brief": true}' |
	python3 -c 'import json, sys
for p in json.load(sys.stdin):
    print(p["kind"], p["name"], p["addr4"], p["port"])')"
check_fails ynl-refusal-says-where 'no such peer.*bad-attr.*\.id' \
	cli --do peer-get --json '{"id": 277076930199555}'
check ynl-node-del cli --do node-del --json '{}'

# --- all of it ------------------------------------------------------------------

part nl-objects drive.py objects
part nl-malformed malformed.py
part nl-dumps drive.py dumps
part nl-events drive.py events
part nl-scale drive.py scale

# --- user namespaces --------------------------------------------------------------

parameter=/sys/module/qkdnf/parameters/unprivileged_ns
for value in N Y; do
	echo $value >$parameter
	unshare -Urn python3 "$top/tests/netlink/drive.py" namespace 2>&1 | tee "$work/userns-$value.log"
	tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/userns-$value.log")))
	grep -q '^ok ' "$work/userns-$value.log" || fail "netlink-userns-$value" "tested nothing"
done
echo N >$parameter

# --- a namespace goes away with a node in it, dump open -----------------------------

ns_add nl-gone
in_ns nl-gone python3 "$ynl/cli.py" --spec "$spec" --no-schema --do node-set \
	--json '{"id": 277076930199553}' >/dev/null
check netns-with-node-deleted ns_del nl-gone
