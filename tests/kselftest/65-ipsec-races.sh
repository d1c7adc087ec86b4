#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# IPsec: traffic without associations against rekeying, moving, deletion, flushes, limits,
# and namespaces that go away with all that is in them, all at once.
#
#	a 1:1 ---- b 1:2		twelve bindings
#	w ---- x 1:1 ---- y 1:2		x and y come and go, four bindings each
#
# 65-ipsec-races.sh [N]: N times as many of all.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"

ns_add a b w
veth a b 10.0.1.1/24 10.0.1.2/24
node a 1:1
node b 1:2
link a 1:1 10.0.1.1 b 1:2 10.0.1.2 8M segment 4Ki pool 1Mi hello 200ms
becomes link-ab 60 a 1:2 '.state == "up" and .own_level > 65536'
becomes link-ba 60 b 1:1 '.state == "up" and .own_level > 65536'

# More grace periods, more deletions.
expedited=/sys/kernel/rcu_expedited
[ ! -w $expedited ] || echo 1 >$expedited

races=${1:-1}
/usr/bin/python3 "$top/tests/guest/races.py" $((races * 400)) "$races" 2>"$work/err"
status=$?
[ ! -s "$work/err" ] || sed 's/^/#   /' "$work/err"
[ $status = 0 ] || fail races "exit status $status"

# All of those namespaces are gone: their cables are.
cables_gone() { [ "$(ip -n w -br link | wc -l)" = 1 ]; }
check namespaces-gone wait_for 30 cables_gone
books a b
