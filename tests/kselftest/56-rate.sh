#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# A contract's rate: what the carrier lets pass is that rate, neither more nor
# noticeably less, whatever is asked for; who wants more is told, and goes on by
# itself. Time is the nodes' own, so how fast the machine is changes nothing.
#
#	a 1:1 ==== c 2:1 ---- d 2:2
#	   id 7: 1:* to 2:*  (a out: ample; c in: 16,000 octets a second)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a c d
veth a c 10.0.1.1/24 10.0.1.2/24
veth c d 10.0.2.1/24 10.0.2.2/24
emu_link ac rate 1M block 4096
emu_link cd rate 1M block 4096
settings="segment: 4Ki, hello: 500ms"
link="pool: 256Ki, $settings"
remote="kind: remote, pool: 2Mi, high: 16Ki, $settings"
cat >"$work/a.yaml" <<END
node: {id: 1:1}
peers:
  - {id: 2:1, address: 10.0.1.2, $link, source: /dev/qkdemu/ac.a}
  - {id: 2:2, low: 12Ki, $remote}
routes:
  - {to: 2:2, via: 2:1}
END
cat >"$work/c.yaml" <<END
node: {id: 2:1}
peers:
  - {id: 1:1, address: 10.0.1.1, $link, source: /dev/qkdemu/ac.b}
  - {id: 2:2, address: 10.0.2.2, $link, source: /dev/qkdemu/cd.a}
routes:
  - {to: 1:1, via: 1:1}
  - {to: 2:2, via: 2:2}
END
cat >"$work/d.yaml" <<END
node: {id: 2:2}
peers:
  - {id: 2:1, address: 10.0.2.1, $link, source: /dev/qkdemu/cd.b}
  - {id: 1:1, low: 0, $remote}
routes:
  - {to: 1:1, via: 2:1}
END
for n in a c d; do ctl $n apply "$work/$n.yaml" >/dev/null || bail "start-$n" "cannot make it"; done

rate=16000 burst=32000
terms() { ctl "$1" contract add "$2" "$3" "$4" from "$5" to "$6" rate "$7"; }
check rate-contract-out terms a 2:1 7 out '1:*' '2:*' 1M
check rate-contract-back-out terms c 1:1 8 out '2:*' '1:*' 1M
check rate-contract-back-in terms a 2:1 8 in '2:*' '1:*' 1M
check rate-contract-in ctl c contract add 1:1 7 in from '1:*' to '2:*' rate $rate burst $burst
becomes rate-up 90 a 2:2 '.state == "up" and .own_level >= 4096'

in_ns c python3 "$top/tests/guest/meter.py" $rate $burst 2>"$work/err" | tee "$work/log"
status=${PIPESTATUS[0]}
tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/log")))
if [ -s "$work/err" ]; then
	sed 's/^/#   /' "$work/err"
	fail rate "$(tail -n 1 "$work/err")"
elif [ "$status" -gt 1 ]; then
	fail rate "exit status $status"
fi
books a c d
