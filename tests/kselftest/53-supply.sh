#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Key for applications, over a QKD link and over a relayed stream: taken at one
# end, fetched at the other, once each, by who names it right, in time.
#
#	a 1:1 ----- b 1:2 ----- c 1:3		a-c: XOR relay via b

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a b c
chain 10.0 a b c
in_ns b sysctl -qw net.ipv4.ip_forward=1
ip -n a route add default via 10.0.1.2
ip -n c route add default via 10.0.2.1
node a 1:1
node b 1:2
node c 1:3
link a 1:1 10.0.1.1 b 1:2 10.0.1.2 2M segment 4Ki pool 512Ki hello 500ms
link b 1:2 10.0.2.1 c 1:3 10.0.2.2 2M segment 4Ki pool 512Ki hello 500ms
ctl a route add 1:3 via 1:2
ctl c route add 1:1 via 1:2
ctl b route add 1:1 via 1:1
ctl b route add 1:3 via 1:3
ctl a peer add 1:3 kind remote address 10.0.2.2 segment 8Ki pool 512Ki
ctl c peer add 1:1 kind remote address 10.0.1.1 segment 8Ki pool 512Ki
becomes supply-link-key 60 a 1:2 '.own_level >= 32768 and .other_level >= 32768'

# keys NAME A ID-A B ID-B SEGMENT
keys() {
	python3 "$top/tests/guest/keys.py" "$@" 2>"$work/err" | tee "$work/log"
	tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/log")))
	if [ -s "$work/err" ]; then
		sed 's/^/#   /' "$work/err"
		fail "$1" "$(tail -n 1 "$work/err")"
	elif ! grep -q '^ok .*unprivileged-refused\|^not ok' "$work/log"; then
		fail "$1" "broke off"
	fi
}
keys supply-link a 1:1 b 1:2 4096
becomes supply-remote-key 60 a 1:3 '.own_level >= 65536 and .other_level >= 65536'
keys supply-remote a 1:1 c 1:3 8160
books a b c
