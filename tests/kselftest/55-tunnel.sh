#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# The one-time-pad tunnel: over a QKD link, and over a remote stream.
#
#	    a 1:1 -------- b 1:2 -------- c 1:3
#	       10.0.1.0/24      fd00:2::/64
#	a-b: tunnel t0 over the link, IPv4 outside
#	a-c: tunnel r0 over a stream that b relays, IPv6 outside, forwarded by b

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

decode=$top/tools/decode/qkdnf_decode.py
ns_add a b c
veth a b 10.0.1.1/24 10.0.1.2/24
veth b c fd00:2::1/64 fd00:2::2/64
addr a to-b fd00:1::1/64
addr b to-a fd00:1::2/64
ip -n a -6 route add fd00:2::/64 via fd00:1::2
ip -n c -6 route add fd00:1::/64 via fd00:2::1
in_ns b sysctl -qw net.ipv6.conf.all.forwarding=1

start=$(date +%s)000000000
emu() { # NAME
	qkdnfctl emu seed "$work/$1.seed"
	emu_link "$1" rate 2M block 4096 seed-file "$work/$1.seed" start "$start"
}
emu ab
emu bc
node a 1:1
node b 1:2
node c 1:3
settings="segment 16Ki pool 1Mi hello 500ms"
# shellcheck disable=SC2086
link_ends a 1:1 10.0.1.1 b 1:2 10.0.1.2 $settings
# shellcheck disable=SC2086
link_ends b 1:2 fd00:2::1 c 1:3 fd00:2::2 $settings

# --- what is refused ----------------------------------------------------------------

ip -n a link add x0 type dummy
check_fails no-peer 'no such peer' ctl a tunnel add t0 1:9
check_fails no-peer-said 'to which peer' ip -n a link add t0 type qkdnf
check_fails ecn-in-tos 'ECN' ctl a tunnel add t0 1:2 tos 3
check_fails high-below-low 'high must be more' ctl a tunnel add t0 1:2 low 64Ki high 32Ki
check_fails marks-too-high "a quarter of the peer's pool" ctl a tunnel add t0 1:2 high 1Mi
check_fails mtu-too-high 'mtu' ctl a tunnel add t0 1:2 mtu 3000
check_fails name-taken 'device of this name' ctl a tunnel add x0 1:2
check_fails name-too-long 'cannot name a device' ctl a tunnel add abcdefghijklmnop 1:2
ctl a peer add 1:7 kind remote
check_fails no-address 'has no address' ctl a tunnel add t0 1:7
ctl a peer del 1:7
ctl a peer add 1:7 kind remote scheme otp address 10.0.1.7
check_fails rng-key 'random number generator' ctl a tunnel add t0 1:7
check rng-key-allowed ctl a tunnel add t7 1:7 allow-rng yes
ctl a peer del 1:7
check_fails goes-with-its-peer 'does not exist' ip -n a link show t7
check_fails delete-another-kind "no tunnel 'x0'" ctl a tunnel del x0
ip -n a link del x0

# --- a tunnel over a link -------------------------------------------------------------

tunnel() { # NAMESPACE NAME PEER ADDRESS4 ADDRESS6 [SETTING VALUE]...
	local ns=$1 name=$2 peer=$3 four=$4 six=$5
	shift 5
	ctl "$ns" tunnel add "$name" "$peer" "$@" && addr "$ns" "$name" "$four" &&
		addr "$ns" "$name" "$six" && ip -n "$ns" link set "$name" up
}
of() { ctl "$1" -j tunnel show "$2" | jq -r ".$3"; }
state() { [ "$(of "$1" "$2" state)" = "$3" ]; }
carried() { # NAME NAMESPACE TUNNEL
	if wait_for 60 state "$2" "$3" up; then pass "$1"; else fail "$1" "$(ctl "$2" -j tunnel show "$3" | tr -d '\n ') $(member "$2" "$(of "$2" "$3" peer)" '{state, own_level} | tostring')"; fi
}
pings() { # NAMESPACE ADDRESS [OPTION]...
	local ns=$1 to=$2
	shift 2
	# All at once, and the interval is how long the last answer may take.
	in_ns "$ns" ping -n -l 5 -i 30 -c 5 -W 30 "$@" "$to" >"$work/ping" 2>&1
	grep ' 0% packet loss' "$work/ping" || { cat "$work/ping"; return 1; }
}

check tunnel-a tunnel a t0 1:2 10.8.0.1/24 fd00:8::1/64
check tunnel-b tunnel b t0 1:1 10.8.0.2/24 fd00:8::2/64
check_fails one-per-peer 'has a tunnel already' ctl a tunnel add t1 1:2
check no-carrier-without-key grep -q NO-CARRIER <(ip -n a link show t0)
check_equal unpaired unpaired "$(of a t0 state)"

ip netns exec a tcpdump -Z root -q -U -s 0 -B 4096 -i to-b -w "$work/ab.pcap" ip 2>"$work/dump.log" &
dump=$!
at_end stop $dump
wait_for 30 grep -q 'listening on' "$work/dump.log" || bail capture "$(head -n 1 "$work/dump.log")"
source_on a 1:2 ab.a
source_on b 1:1 ab.b
carried link-tunnel-up a t0
carried link-tunnel-up-b b t0
check_equal mtu-less-overhead 1392 "$(of a t0 mtu)"
check shown-by-ip grep -q 'qkdnf' <(ip -n a -d link show t0)

check ping-4 pings a 10.8.0.2
check ping-4-back pings b 10.8.0.1
check ping-6 pings a fd00:8::2
check ping-6-back pings b fd00:8::1
check ping-largest pings a 10.8.0.2 -s 1364 -M 'do'
check ping-in-fragments pings a 10.8.0.2 -s 4000
check ping-pattern pings a 10.8.0.2 -s 200 -p 716b646e66

# --- TCP: bursts that the stack cuts for the device -----------------------------------

head -c 200000 /dev/urandom >"$work/file"
sum=$(sha256sum <"$work/file")
transfer() { # NAME FROM TO ADDRESS
	local got server

	in_ns "$3" timeout 300 socat -u "TCP-LISTEN:5000,reuseaddr$([[ $4 = *:* ]] && echo ,pf=ip6)" "CREATE:$work/got" &
	server=$!
	wait_for 20 listens "$3"
	in_ns "$2" timeout 300 socat -u "FILE:$work/file" "TCP:${5:-$4}:5000"
	wait $server
	got=$(sha256sum <"$work/got")
	check_equal "$1" "$sum" "$got"
	rm -f "$work/got"
}
listens() { in_ns "$1" ss -ltnH | grep -q :5000; }
transfer tcp-over-4 a b 10.8.0.2
transfer tcp-over-6 b a fd00:8::1 '[fd00:8::1]'
check_range packets-counted 150 100000 "$(of a t0 tx_packets)"
check_range octets-counted 200000 4000000 "$(of a t0 tx_octets)"
check_equal none-wrong '0 0 0' "$(of a t0 tx_errors) $(of a t0 rx_errors) $(of b t0 rx_errors)"

# --- what was on the wire -------------------------------------------------------------

captured a 10.0.1.255 "$work/ab.pcap"
stop $dump
dump=
check none-in-clear [ "$(grep -c qkdnf "$work/ab.pcap")" = 0 ]
/usr/bin/python3 "$decode" verify -j --link "ab,$work/ab.seed,$start,4096" --pair 1:1-1:2=ab \
	--packets "$work/inner.pcap" "$work/ab.pcap" >"$work/report" 2>"$work/why"
[ $? != 2 ] || bail decode "$(cat "$work/why")"
check_equal as-the-protocol-says '' "$(jq -r '.findings[] | "\(.count) \(.meaning): \(.examples[0])"' "$work/report")"
check_equal all-verified '0 0' "$(jq -r '.types.DATA | "\(.bad) \(.unknown)"' "$work/report")"
check_range data-frames 300 100000 "$(jq .types.DATA.verified "$work/report")"
inner() { tcpdump -nr "$work/inner.pcap" "$@" 2>/dev/null | wc -l; }
check_range ping-is-what-was-padded 10 10 "$(inner 'icmp and ip[2:2] = 228')"
check pattern-is-what-was-padded [ "$(tcpdump -Anr "$work/inner.pcap" icmp 2>/dev/null | grep -c qkdnfqkdnf)" -ge 1 ]
check_range tcp-is-what-was-padded 150 100000 "$(inner ip and tcp port 5000)"

# --- what a stranger may do -----------------------------------------------------------

counter() { member "$1" "$2" ".counters.$3"; }
check forged-and-replayed /usr/bin/python3 "$top/tests/guest/strange.py" a to-b 10.0.1.1 1:2 b 10.8.0.1
check still-good pings b 10.8.0.1

# --- outer headers --------------------------------------------------------------------

outer() { # PING'S OPTIONS...: the IP header of one datagram on the wire
	local pid

	ip netns exec a timeout 60 tcpdump -Z root -nvl -c 1 -i to-b \
		'udp port 17717 and udp[9] = 16 and src 10.0.1.1' >"$work/outer" 2>"$work/outer.log" &
	pid=$!
	wait_for 20 grep -q 'listening on' "$work/outer.log"
	in_ns a ping -nq -c 3 -i 0.3 -W 1 "$@" 10.8.0.2 >/dev/null
	wait $pid
	head -n 1 "$work/outer"
}
check tunnel-set ctl a tunnel set t0 ttl 33 tos 184
check_equal tunnel-shows '33 184' "$(of a t0 ttl) $(of a t0 tos)"
line=$(outer -s 100 -Q 0)
check ttl-and-tos grep -q 'tos 0xb8, ttl 33' <<<"$line"
check tunnel-inherit ctl a tunnel set t0 tos-inherit yes ttl-inherit yes
line=$(outer -s 100 -Q 0x2a -t 7)
check ttl-and-tos-inherited grep -q 'tos 0x2a,.*ttl 7' <<<"$line"
ip -n a link set to-b mtu 1300
ip -n b link set to-a mtu 1300
check_fails path-mtu 'rag needed|too long' in_ns a ping -n -c 2 -W 2 -s 1200 -M 'do' 10.8.0.2
check path-mtu-cuts pings a 10.8.0.2 -s 1200 -M dont
ip -n a link set to-b mtu 1500
ip -n b link set to-a mtu 1500
ip -n a route flush cache

# --- no key ----------------------------------------------------------------------------

ctl a source del 1:2
ctl b source del 1:1
ip netns exec a tcpdump -Z root -q -U -s 0 -B 4096 -i to-b -w "$work/dry.pcap" ip 2>"$work/dry.log" &
dump=$!
wait_for 30 grep -q 'listening on' "$work/dry.log"
# From both ends, as the richer one grants to the poorer.
floods=()
stop_floods() { [ ${#floods[@]} = 0 ] || { kill "${floods[@]}" 2>/dev/null; wait "${floods[@]}" 2>/dev/null; floods=(); }; }
ip netns exec a ping -nqf -s 1300 10.8.0.2 >/dev/null 2>&1 &
floods+=($!)
ip netns exec b ping -nqf -s 1300 10.8.0.1 >/dev/null 2>&1 &
floods+=($!)
at_end stop_floods
# Both, and for a while: what one of them still has it may grant.
sent() { of a t0 tx_packets; of b t0 tx_packets; }
dry() { state a t0 out-of-key && state b t0 out-of-key && settled 2 sent && state a t0 out-of-key && state b t0 out-of-key; }
if wait_for 90 dry; then pass out-of-key; else fail out-of-key "$(ctl a -j tunnel show t0 | tr -d '\n ') $(ctl b -j tunnel show t0 | tr -d '\n ')"; fi
sent=$(of a t0 tx_packets)
check_fails nothing-gets-through 'packet loss|unreachable|100%' in_ns a ping -nq -c 2 -W 1 10.8.0.2
check_equal nothing-was-sent "$sent" "$(of a t0 tx_packets)"
carrier_gone() { ip -n a link show t0 | grep -q NO-CARRIER; }
check carrier-goes wait_for 20 carrier_gone
check_range control-has-its-reserve 1 100000000 "$(member a 1:2 .own_level)"
becomes link-still-up 20 a 1:2 '.state == "up"'
stop_floods
source_on a 1:2 ab.a
source_on b 1:1 ab.b
carried resumes a t0
carried resumes-back b t0
check ping-after pings a 10.8.0.2
check_range waits-counted 1 1000 "$(of a t0 waits)"
captured a 10.0.1.255 "$work/dry.pcap"
stop $dump
dump=
check_equal never-in-clear 0 "$(tcpdump -nr "$work/dry.pcap" not udp port 17717 and not udp port 9 and not icmp6 2>/dev/null | wc -l)"

# --- over a remote stream ----------------------------------------------------------------

source_on b 1:3 bc.a
source_on c 1:2 bc.b
ctl a route add 1:3 via 1:2
ctl b route add 1:3 via 1:3
ctl b route add 1:1 via 1:1
ctl c route add 1:1 via 1:2
ctl a peer add 1:3 kind remote address fd00:2::2 segment 16Ki pool 1Mi
ctl c peer add 1:1 kind remote address fd00:1::1 segment 16Ki pool 1Mi
check tunnel-remote-a tunnel a r0 1:3 10.7.0.1/24 fd00:7::1/64
check tunnel-remote-c tunnel c r0 1:1 10.7.0.2/24 fd00:7::2/64
check_equal mtu-less-overhead-6 1372 "$(of a r0 mtu)"
carried remote-tunnel-up a r0
carried remote-tunnel-up-c c r0
check remote-ping-4 pings a 10.7.0.2
check remote-ping-6 pings c fd00:7::1
check remote-ping-largest pings a 10.7.0.2 -s 1344 -M 'do'
note 'one end of the remote stream starts anew'
ctl c peer del 1:1
ctl c peer add 1:1 kind remote address fd00:1::1 segment 16Ki pool 1Mi
check tunnel-remote-again tunnel c r0 1:1 10.7.0.2/24 fd00:7::2/64
# a keeps the old pairing, and its tunnel's word of it, for three silent periods
check remote-paired-again wait_for 60 met a 1:3 c 1:1
carried remote-tunnel-again c r0
carried remote-tunnel-again-a a r0
check remote-ping-again pings c 10.7.0.1

# --- going away under traffic ------------------------------------------------------------

ns_add away
ip -n a link set t0 netns away
check moved addr away t0 10.8.0.1/24
ip -n away link set t0 up
carried moved-tunnel-up away t0
carried moved-tunnel-up-b b t0
check moved-ping pings away 10.8.0.2
books a b c
ip netns exec away ping -nqf -c 100000 -s 1000 10.8.0.2 >/dev/null 2>&1 &
at_end stop $!
ip netns exec c ping -nqf -c 100000 -s 1000 10.7.0.1 >/dev/null 2>&1 &
at_end stop $!
pause 1
check tunnel-del ctl c tunnel del r0
check tunnel-made-again tunnel c r0 1:1 10.7.0.2/24 fd00:7::2/64
check peer-del ctl b peer del 1:1
check_fails device-went-with-peer 'does not exist' ip -n b link show t0
check node-del ctl a node del
check_fails moved-device-went-with-node 'does not exist' ip -n away link show t0
check unloaded drop_module qkdnf
check_fails devices-went-with-module 'does not exist' ip -n c link show r0
