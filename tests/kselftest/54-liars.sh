#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Neighbours that lie, in frames that they seal as they should: a carrier alters the
# share that it carries, or brings the other one; one claims to be another origin.
#
#	          m   b 1:2		share 0
#	   10.0.1   /     \  10.0.2
#	     a 1:1          d 1:4
#	   10.0.3   \     /  10.0.4
#	              c 1:3   m		share 1
#
# The man m in the middle of a-b and c-d knows all key of these two links.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

# wire NS INTERFACE ADDRESS INTERFACE-OF-M: a cable from a node to the man
wire() {
	ip link add "$4" netns m type veth peer name "$2" netns "$1" &&
		veth_end m "$4" && veth_end "$1" "$2" "$3" || bail "wire-$1-$4" "cannot make it"
}

ns_add a b c d m
wire a to-b 10.0.1.1/24 a-to-b
wire b to-a 10.0.1.2/24 b-to-a
veth b d 10.0.2.1/24 10.0.2.2/24
veth a c 10.0.3.1/24 10.0.3.2/24
wire c to-d 10.0.4.1/24 c-to-d
wire d to-c 10.0.4.2/24 d-to-c
veth a d 10.0.9.1/24 10.0.9.2/24

start=$(date +%s)000000000
for l in ab cd; do
	qkdnfctl emu seed "$work/$l.seed" || bail "seed-$l" "cannot make it"
	emu_link $l rate 500k block 4096 seed-file "$work/$l.seed" start "$start"
done
for l in bd ac; do emu_link $l rate 500k block 4096; done

settings="segment: 4Ki, hello: 300ms"
link="pool: 256Ki, $settings"
remote="kind: remote, shares: 2, pool: 1Mi, low: 16Ki, high: 24Ki, $settings"
cat >"$work/a.yaml" <<END
node: {id: 1:1}
peers:
  - {id: 1:2, address: 10.0.1.2, $link, source: /dev/qkdemu/ab.a}
  - {id: 1:3, address: 10.0.3.2, $link, source: /dev/qkdemu/ac.a}
  - {id: 1:4, address: 10.0.9.2, $remote}
routes:
  - {to: 1:4, share: 0, via: 1:2}
  - {to: 1:4, share: 1, via: 1:3}
END
cat >"$work/b.yaml" <<END
node: {id: 1:2}
peers:
  - {id: 1:1, address: 10.0.1.1, $link, source: /dev/qkdemu/ab.b}
  - {id: 1:4, address: 10.0.2.2, $link, source: /dev/qkdemu/bd.a}
routes:
  - {to: 1:1, via: 1:1}
  - {to: 1:4, via: 1:4}
  - {to: 1:3, via: 1:4}
END
cat >"$work/c.yaml" <<END
node: {id: 1:3}
peers:
  - {id: 1:1, address: 10.0.3.1, $link, source: /dev/qkdemu/ac.b}
  - {id: 1:4, address: 10.0.4.2, $link, source: /dev/qkdemu/cd.a}
routes:
  - {to: 1:1, via: 1:1}
  - {to: 1:4, via: 1:4}
END
cat >"$work/d.yaml" <<END
node: {id: 1:4}
peers:
  - {id: 1:2, address: 10.0.2.1, $link, source: /dev/qkdemu/bd.b}
  - {id: 1:3, address: 10.0.4.1, $link, source: /dev/qkdemu/cd.b}
  - {id: 1:1, address: 10.0.9.1, $remote}
routes:
  - {to: 1:1, share: 0, via: 1:2}
  - {to: 1:1, share: 1, via: 1:3}
  - {to: 1:2, via: 1:2}
END
for n in a b c d; do ctl $n apply "$work/$n.yaml" >/dev/null || bail "start-$n" "cannot make it"; done
events_begin a

in_ns m python3 "$top/tests/guest/liars.py" "$work" "$start" 2>"$work/err" | tee "$work/log"
status=${PIPESTATUS[0]}
tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/log")))
if [ -s "$work/err" ]; then
	sed 's/^/#   /' "$work/err"
	fail liars "$(tail -n 1 "$work/err")"
elif [ "$status" -gt 1 ]; then
	fail liars "exit status $status"
fi
books a b c d
