#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Key agreed over two routes at once: neither relay alone knows it, and when one
# route is cut nothing is agreed until it is back: shares never fail over.
#
#	            b 1:2		share 0
#	   10.0.1  /     \  10.0.2
#	     a 1:1         d 1:4
#	   10.0.3  \     /  10.0.4
#	            c 1:3		share 1

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a b c d
veth a b 10.0.1.1/24 10.0.1.2/24
veth b d 10.0.2.1/24 10.0.2.2/24
veth a c 10.0.3.1/24 10.0.3.2/24
veth c d 10.0.4.1/24 10.0.4.2/24
veth a d 10.0.9.1/24 10.0.9.2/24
i=0
for n in a b c d; do
	i=$((i + 1))
	node $n 1:$i
done
settings="pool 256Ki segment 4Ki hello 500ms"
# shellcheck disable=SC2086
{
	link a 1:1 10.0.1.1 b 1:2 10.0.1.2 1M $settings
	link b 1:2 10.0.2.1 d 1:4 10.0.2.2 1M $settings
	link a 1:1 10.0.3.1 c 1:3 10.0.3.2 1M $settings
	link c 1:3 10.0.4.1 d 1:4 10.0.4.2 1M $settings
}
# A backup for each share, which must never be used.
ctl a route add 1:4 share 0 via 1:2 backup 1:3
ctl a route add 1:4 share 1 via 1:3 backup 1:2
ctl d route add 1:1 share 0 via 1:2 backup 1:3
ctl d route add 1:1 share 1 via 1:3 backup 1:2
for n in b c; do
	ctl $n route add 1:4 via 1:4
	ctl $n route add 1:1 via 1:1
done
ends="kind remote shares 2 segment 4Ki pool 1Mi low 24Ki high 32Ki"
# shellcheck disable=SC2086
{
	ctl a peer add 1:4 address 10.0.9.2 $ends
	ctl d peer add 1:1 address 10.0.9.1 $ends
}

forwarded() { ctl "$1" -j stats | jq .counters.relay_forwarded; }

becomes shares-up 90 a 1:4 '.state == "up"'
becomes shares-key 90 a 1:4 '.own_level >= 8192'
becomes shares-key-other-end 60 d 1:1 '.own_level >= 8192'
same_key shares-same-key a 1:1 d 1:4
same_key shares-same-key-back d 1:4 a 1:1
check shares-over-b [ "$(forwarded b)" -gt 0 ]
check shares-over-c [ "$(forwarded c)" -gt 0 ]

# What each relay saw of the stream is as much as the stream itself, not half.
check shares-each-in-full sh -c "[ $(forwarded b) -ge 10 ] && [ $(forwarded c) -ge 10 ]"

# --- one route cut ------------------------------------------------------------------------

qkdnfctl emu set ab rate 1M
ip -n c link set to-d down
becomes shares-cut-noticed 30 c 1:4 '.state != "up"'
confirmed() { ctl a -j relay show 1:4 | jq .confirmed; }
# What was on its way before the cut may still be acknowledged.
settled 3 confirmed
before=$(confirmed)
carried=$(forwarded b)
ctl a peer set 1:4 low 240Ki high 256Ki
ctl d peer set 1:1 low 240Ki high 256Ki
sleep 8
check_equal shares-cut-nothing-agreed "$before" "$(confirmed)"
note "b carried $carried frames before the cut and $(forwarded b) after it"
ip -n c link set to-d up
own=$(member a 1:4 .own_level)
becomes shares-resumed 120 a 1:4 ".own_level >= $own + 8192"
same_key shares-resumed-same-key a 1:1 d 1:4
check_equal shares-no-failover "0 0" \
	"$(ctl a -j route show | jq -r '[.[] | select(.active == "backup")] | length') $(ctl d -j route show | jq -r '[.[] | select(.active == "backup")] | length')"

# --- ends that do not agree in the number of shares ---------------------------------------------

ctl d peer del 1:1
ctl d peer add 1:1 kind remote address 10.0.9.1 segment 4Ki pool 1Mi low 24Ki high 32Ki
sleep 5
check shares-mismatch-no-key is d 1:1 '.own_level == 0'
books a b c d
