#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Key between nodes that share no link, over one of two relays.
#
#	            b 1:2
#	   10.0.1  /     \  fd00:2
#	     a 1:1         d 1:4        a-d: XOR relay, via b, backup c
#	   10.0.3  \     /  10.0.4      b-c: hop-by-hop OTP, via a
#	            c 1:3
#
# Loopback addresses 10.9.0.N, routed over c, carry what the two ends of a remote
# stream say to each other directly.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a b c d
veth a b 10.0.1.1/24 10.0.1.2/24
veth b d fd00:2::1/64 fd00:2::2/64
veth a c 10.0.3.1/24 10.0.3.2/24
veth c d 10.0.4.1/24 10.0.4.2/24
i=0
for n in a b c d; do
	i=$((i + 1))
	ip -n $n addr add 10.9.0.$i/32 dev lo
	in_ns $n sysctl -qw net.ipv4.ip_forward=1
done
ip -n a route add 10.9.0.2 via 10.0.1.2
ip -n a route add 10.9.0.0/16 via 10.0.3.2
ip -n b route add 10.9.0.0/16 via 10.0.1.1
ip -n c -batch - <<END
route add 10.9.0.1 via 10.0.3.1
route add 10.9.0.2 via 10.0.3.1
route add 10.9.0.4 via 10.0.4.2
END
ip -n d route add 10.9.0.0/16 via 10.0.4.1

for l in ab bd ac cd; do emu_link $l rate 2M block 4096; done

# start NS: the node, its links and its routes
start() { ctl "$1" apply "$work/$1.yaml" || bail "start-$1" "cannot make it"; }

ends="segment 4Ki pool 4Mi low 32Ki high 64Ki"
settings="pool: 256Ki, segment: 4Ki, hello: 500ms"
cat >"$work/a.yaml" <<END
node: {id: 1:1}
peers:
  - {id: 1:2, address: 10.0.1.2, $settings, source: /dev/qkdemu/ab.a}
  - {id: 1:3, address: 10.0.3.2, $settings, source: /dev/qkdemu/ac.a}
routes:
  - {to: 1:4, via: 1:2, backup: 1:3}
  - {to: 1:2, via: 1:2}
  - {to: 1:3, via: 1:3}
END
cat >"$work/b.yaml" <<END
node: {id: 1:2}
peers:
  - {id: 1:1, address: 10.0.1.1, $settings, source: /dev/qkdemu/ab.b}
  - {id: 1:4, address: "fd00:2::2", $settings, source: /dev/qkdemu/bd.a}
routes:
  - {to: 1:4, via: 1:4}
  - {to: 1:1, via: 1:1}
  - {to: 1:3, via: 1:1}
END
cat >"$work/c.yaml" <<END
node: {id: 1:3}
peers:
  - {id: 1:1, address: 10.0.3.1, $settings, source: /dev/qkdemu/ac.b}
  - {id: 1:4, address: 10.0.4.2, $settings, source: /dev/qkdemu/cd.a}
routes:
  - {to: 1:4, via: 1:4}
  - {to: 1:1, via: 1:1}
  - {to: 1:2, via: 1:1}
END
cat >"$work/d.yaml" <<END
node: {id: 1:4}
peers:
  - {id: 1:2, address: "fd00:2::1", $settings, source: /dev/qkdemu/bd.b}
  - {id: 1:3, address: 10.0.4.1, $settings, source: /dev/qkdemu/cd.b}
routes:
  - {to: 1:1, via: 1:2, backup: 1:3}
END
for n in a b c d; do start $n; done

# remote NS ID OWN-NUMBER [SETTING VALUE]...: to the node N of 1:N
remote() {
	local ns=$1 id=$2 own=$3
	shift 3
	# shellcheck disable=SC2086
	ctl "$ns" peer add "$id" kind remote address "10.9.0.${id#1:}" local "10.9.0.$own" $ends "$@"
}

events_begin a
check relay-remote-a remote a 1:4 1
check relay-remote-d remote d 1:1 4
check relay-remote-b remote b 1:3 2 scheme otp
check relay-remote-c remote c 1:2 3 scheme otp

# more NAME SECONDS: both ends of a-d want another 64 KiB each, and get some
mark=65536
more() {
	local own other

	# a margin below: segments under way may arrive meanwhile
	own=$(member a 1:4 .own_level)
	other=$(member d 1:1 .own_level)
	mark=$((mark + 131072))
	ctl a peer set 1:4 low $((mark - 8192)) high $mark
	ctl d peer set 1:1 low $((mark - 8192)) high $mark
	becomes "$1" "$2" a 1:4 ".own_level >= $own + 16384" || return
	# d cannot see a cut at a; that its frames take the other way is somebody's work.
	[ "${3:-}" != repair ] || ctl d route replace 1:1 via 1:3 backup 1:2
	becomes "$1-back" "$2" d 1:1 ".own_level >= $other + 16384"
}

# raise: a wants more, as long as the pool has room
raise() {
	[ "$mark" -le 4194304 ] || mark=4194304
	ctl a peer set 1:4 low $((mark - 8192)) high "$mark"
}

relayed() { ctl a -j relay show 1:4 | jq -r ".$1"; }
forwarded() { ctl "$1" -j stats | jq .counters.relay_forwarded; }

# demand: a wants more than it holds, whatever came meanwhile. The marks are those of
# both ends, each of which brings one half.
demand() {
	mark=$((2 * $(member a 1:4 .own_level) + 131072))
	raise
}

# comes NAME SECONDS COMMAND: what a does towards d leads to it
comes() {
	if wait_for "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$(ctl a -j relay show 1:4 | tr -d '\n') $(ctl a -j route show | tr -d '\n')"
	fi
}

# carries: a is back on its own route, and b forwards again. Which way a route goes
# is noted as frames take it, so more is asked for until one does; and what b forwards
# for d proves nothing of a.
carries() {
	[ "$(forwarded b)" -gt "$carried" ] &&
		ctl a -j route show | jq -e 'any(.[]; .destination == "1:4" and .active == "primary")' &&
		return
	demand
	false
}

# --- both schemes ---------------------------------------------------------------------

becomes relay-xor-up 60 a 1:4 '.state == "up"'
becomes relay-xor-key 60 a 1:4 '.own_level >= 16384'
becomes relay-xor-key-other-end 60 d 1:1 '.own_level >= 16384'
same_key relay-xor-same-key a 1:1 d 1:4
same_key relay-xor-same-key-back d 1:4 a 1:1
check relay-xor-not-computational is a 1:4 '.computational | not'
becomes relay-otp-key 60 b 1:3 '.own_level >= 16384'
same_key relay-otp-same-key b 1:2 c 1:3
same_key relay-otp-same-key-back c 1:3 b 1:2
check relay-otp-computational is b 1:3 .computational
check relay-otp-computational-other-end is c 1:2 .computational
check relay-forwarded [ "$(forwarded b)" -gt 0 ]

# The streams of the ends hold what came; of the relay only what its links spent.
check_equal relay-no-stream-at-relay "1:1 1:3 1:4" "$(ctl b -j peer show | jq -r '[.[].id] | sort | join(" ")')"

# --- failover and return ------------------------------------------------------------------

ip -n a link set to-b down
saw relay-link-cut-event 30 a peer-down
more relay-backup 60 repair
check relay-backup-active sh -c "qkdnfctl -n a -j route show | jq -e 'any(.[]; .destination == \"1:4\" and .active == \"backup\")'"
saw relay-switched-event 5 a route-switched
check relay-backup-carried [ "$(forwarded c)" -gt 0 ]
same_key relay-backup-same-key a 1:1 d 1:4
ip -n a link set to-b up
ip -n a route add 10.9.0.2 via 10.0.1.2
ctl d route replace 1:1 via 1:2 backup 1:3
becomes relay-link-back 60 a 1:2 '.state == "up"'
carried=$(forwarded b)
more relay-return 60
comes relay-return-carried 60 carries

# --- no route: said, and over by itself ----------------------------------------------------

: >"$work/events-a"
ctl b route del 1:4
# More is asked for until b has to answer: what was under way may be enough, and c may
# have had something to say of it.
refused() {
	grep -qa '"nak"' "$work/events-a" && [ "$(relayed nak_node)" = 1:2 ] && return
	demand
	false
}
comes relay-no-route-told 60 refused
ctl b route add 1:4 via 1:4
more relay-no-route-resumed 60

# --- no key: said, and over by itself --------------------------------------------------------

: >"$work/events-a"
ctl a route replace 1:4 via 1:2
qkdnfctl emu down bd
# What the link still holds is spent first.
dry() {
	demand
	grep -qa '"nak"' "$work/events-a"
}
comes relay-no-key-event 60 dry
before=$(relayed confirmed)
qkdnfctl emu up bd
# Something to agree even if all that was wanted came before the question.
resumed() {
	[ "$(relayed confirmed)" -gt $((before + 4)) ] && return
	demand
	false
}
comes relay-no-key-resumed 90 resumed
same_key relay-no-key-same-key a 1:1 d 1:4
ctl a route replace 1:4 via 1:2 backup 1:3

# --- a bad network ---------------------------------------------------------------------------

fresh() {
	ctl a peer del 1:4
	ctl d peer del 1:1
	mark=65536
	remote a 1:4 1
	remote d 1:1 4
}
fresh
for end in a:to-b b:to-a b:to-d d:to-b a:to-c c:to-a c:to-d d:to-c; do
	check relay-netem-$end impair ${end%:*} ${end#*:} loss 5% duplicate 5% delay 5ms reorder 5%
done
becomes relay-loss-key 90 a 1:4 '.own_level >= 32768'
becomes relay-loss-key-other-end 60 d 1:1 '.own_level >= 32768'
same_key relay-loss-same-key a 1:1 d 1:4
same_key relay-loss-same-key-back d 1:4 a 1:1
# A frame in ten is lost on two hops: key is asked for until one was.
repeated() {
	[ "$(relayed retransmits)" -gt 0 ] && return
	demand
	false
}
check relay-loss-repeated wait_for 60 repeated
# One frame in twenty comes twice: key is asked for until one did.
doubled() {
	is a 1:2 '.counters | .drop_claimed + .drop_segment > 0' && return
	demand
	false
}
check relay-loss-duplicates-dropped wait_for 60 doubled
check relay-loss-no-mismatch [ "$(relayed mismatched)" = 0 ]
books a b c d
for end in a:to-b b:to-a b:to-d d:to-b a:to-c c:to-a c:to-d d:to-c; do
	in_ns ${end%:*} tc qdisc del dev ${end#*:} root
done

# --- key that differs at the two ends of a link ------------------------------------------------

# One bit of 100,000: a third of the segments come with a fault, and the final
# acknowledgement finds it.
: >"$work/events-a"
qkdnfctl emu set bd error-b 10
found() {
	demand
	[ "$(relayed mismatched)" -gt 0 ]
}
check relay-fault-found wait_for 90 found
saw relay-fault-event 5 a confirm-mismatch
qkdnfctl emu set bd error-b 0
for i in 1 2 3 4; do
	same_key relay-fault-never-used-$i a 1:1 d 1:4 4064
done

# --- restarts -----------------------------------------------------------------------------------

fresh
becomes relay-origin-and-far-end-anew 90 a 1:4 '.own_level >= 8192'
ctl a peer del 1:4
remote a 1:4 1
becomes relay-origin-restart 90 a 1:4 '.own_level >= 8192'
same_key relay-origin-restart-same-key a 1:1 d 1:4
same_key relay-origin-restart-same-key-back d 1:4 a 1:1
ctl d peer del 1:1
remote d 1:1 4
# Until a hears of it, it is sure of a pairing that is no more.
becomes relay-far-end-restart 90 a 1:4 ".peer_incarnation == \"$(member d 1:1 .incarnation)\" and .own_level >= 8192"
same_key relay-far-end-restart-same-key a 1:1 d 1:4

ctl b node del
wait_for 10 ctl b apply "$work/b.yaml" || start b
becomes relay-relay-restart 90 a 1:2 '.state == "up"'
becomes relay-relay-restart-next 60 d 1:2 '.state == "up"'
carried=$(forwarded b)
more relay-after-restarts 90
check relay-relay-restart-carries wait_for 60 carries
same_key relay-after-restarts-same-key a 1:1 d 1:4
books a b c d
