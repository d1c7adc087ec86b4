#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# What nodes say to each other is what docs/protocol.md says: every frame of
# every hop is captured and handed to tools/decode, which knows nothing else.
#
#	      b 1:2
#	    /   |IPv4  \	a - d: two shares, by way of b and c, over a border
#	a 1:1           d 2:1	b - c: hop-by-hop one-time pad, by way of a
#	    \   |IPv6  /
#	      c 1:3
#
# Streams are restarted at one end, a contract runs dry, frames get lost.

. "$(dirname "$0")/lib.sh"
# not a version manager's python, which an emulated guest waits for
PATH=$work/bin:$top/build/user:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONDONTWRITEBYTECODE=1
decode=$top/tools/decode/qkdnf_decode.py
out=${QKDNF_RESULTS:-$work}/decode
mkdir -p "$out"
rm -f "$out"/*

ctl() { qkdnfctl -n "$@"; }
must() { "$@" || bail set-up "exit status $? from: $*"; }

need_module qkdemu
need_module qkdnf
ns_add a b c d
veth a b 10.0.1.1/24 10.0.1.2/24
veth b d 10.0.2.1/24 10.0.2.2/24
veth a c fd00:3::1/64 fd00:3::2/64
veth c d fd00:4::1/64 fd00:4::2/64
in_ns b sysctl -qw net.ipv4.ip_forward=1
ip -n a route add default via 10.0.1.2
ip -n d route add default via 10.0.2.1

# --- capture ------------------------------------------------------------------

captures=()
capture() { # NAMESPACE INTERFACE
	# the process itself, not a shell around it, is what gets the signal
	ip netns exec "$1" tcpdump -Z root -q -U -s 0 -B 16384 -i "$2" -w "$out/$1-$2.pcap" \
		udp port 17717 or udp port 9 2>"$work/$1-$2.log" &
	captures+=($!)
}
stop_captures() { [ ${#captures[@]} = 0 ] || { kill "${captures[@]}" 2>/dev/null; wait "${captures[@]}"; captures=(); }; }
at_end stop_captures
capture a to-b
capture b to-d
capture c to-a
capture c to-d
listening() { [ "$(grep -l 'listening on' "$work"/*.log | wc -l)" = 4 ]; }
wait_for 30 listening || bail capture "tcpdump did not begin: $(head -n 1 "$work"/*.log)"

# --- nodes ----------------------------------------------------------------------

start=$(date +%s)000000000
links=()
emu() { # NAME NODE NODE
	must qkdnfctl emu seed "$out/$1.seed"
	must qkdnfctl emu add "$1" rate 4000000 block 4096 seed-file "$out/$1.seed" start "$start"
	at_end qkdnfctl emu del "$1"
	links+=(--link "$1,$out/$1.seed,$start,4096" --pair "$2-$3=$1")
}
emu ab 1:1 1:2
emu ac 1:1 1:3
emu bd 1:2 2:1
emu cd 1:3 2:1

peer() { # NAMESPACE PEER ADDRESS SOURCE
	must ctl "$1" peer add "$2" address "$3" pool 512Ki segment 16Ki
	# who had it just now may not have let go
	must wait_for 60 ctl "$1" source add "$2" fd "/dev/qkdemu/$4"
}
must ctl a node set 1:1
must ctl b node set 1:2
must ctl c node set 1:3
must ctl d node set 2:1
peer a 1:2 10.0.1.2 ab.a
peer b 1:1 10.0.1.1 ab.b
peer a 1:3 fd00:3::2 ac.a
peer c 1:1 fd00:3::1 ac.b
peer b 2:1 10.0.2.2 bd.a
peer d 1:2 10.0.2.1 bd.b
peer c 2:1 fd00:4::2 cd.a
peer d 1:3 fd00:4::1 cd.b

echo "${links[*]}" >"$out/links"

for gateway in b c; do
	must ctl $gateway route add 2:1 via 2:1
	must ctl $gateway route add 1:1 via 1:1
	must ctl $gateway contract add 2:1 1 out from '1:*' to '2:*' rate 1M
	must ctl $gateway contract add 2:1 2 in from '2:*' to '1:*' rate 1M
done
for gateway in 1:2 1:3; do
	must ctl d contract add $gateway 1 in from '1:*' to '2:*' rate 1M
	must ctl d contract add $gateway 2 out from '2:*' to '1:*' rate 1M
done
share=0
for gateway in 1:2 1:3; do
	must ctl a route add 2:1 via $gateway share $share
	must ctl d route add 1:1 via $gateway share $share
	share=$((share + 1))
done
must ctl a route add 1:2 via 1:2
must ctl a route add 1:3 via 1:3
must ctl b route add 1:3 via 1:1
must ctl c route add 1:2 via 1:1

remote() { # NAMESPACE PEER SETTING VALUE...
	local ns=$1 peer=$2
	shift 2
	must ctl "$ns" peer add "$peer" kind remote pool 64Ki segment 4Ki "$@"
}
remote a 2:1 shares 2 address 10.0.2.2
remote d 1:1 shares 2 address 10.0.1.1
remote b 1:3 scheme otp
remote c 1:2 scheme otp

# --- traffic ----------------------------------------------------------------------

level() { ctl "$1" -j peer show "$2" | jq -e ".own_level >= $3" >/dev/null; }
filled() { # NAME NAMESPACE PEER OCTETS
	if wait_for 60 level "$2" "$3" "$4"; then pass "$1"; else fail "$1" "$(ctl "$2" -j peer show "$3" | jq -c '{state, own_level, other_level}')"; fi
}
filled two-shares a 2:1 8192
filled two-shares-back d 1:1 8192
filled one-time-pad b 1:3 8192

taken=()
same_key() { # NAME A PEER-OF-A B PEER-OF-B
	local one other offset

	# There may be no segment to spare just now.
	key_taken() { one=$(ctl "$2" -j key take "$3" --octets 1500 --label "$1" --ttl 20m --digest sha256 2>&1); }
	wait_for 40 key_taken "$@" || { fail "$1" "take: $one"; return; }
	offset=$(jq -r .offset <<<"$one")
	key_fetched() { other=$(ctl "$4" -j key fetch "$5" --offset "$offset" --octets 1500 --label "$1" --digest sha256 2>&1); }
	wait_for 40 key_fetched "$@"
	check_equal "$1" "$(jq -r .sha256 <<<"$one")" \
		"$(jq -r .sha256 2>/dev/null <<<"$other" || printf '%s' "$other")"
	taken+=("$offset $(jq -r .sha256 <<<"$one")")
}
same_key key-of-a a 2:1 d 1:1
same_key key-of-d d 1:1 a 2:1

note 'frames get lost, twins and out of order'
impair b to-d loss 5% duplicate 5% reorder 5% delay 2ms 2ms
same_key key-under-loss a 2:1 d 1:1

note 'a contract runs dry'
must ctl b contract set 2:1 2 in volume 4000
must ctl d peer set 1:1 low 60Ki high 64Ki
# d wants more, and has room for it, until it has been told.
refused() {
	ctl d -j peer show | jq -e 'any(.[]; .counters.nak_rx > 0)' && return
	ctl d key take 1:1 --octets 4000 --label dry --digest sha256
	false
}
check contract-refuses wait_for 60 refused
must ctl b contract set 2:1 2 in volume 0

note 'one end of a remote stream and one end of a link start anew'
must ctl d peer del 1:1
remote d 1:1 shares 2 address 10.0.1.1
must ctl c peer del 1:1
peer c 1:1 fd00:3::1 ac.b
must ctl c route add 1:1 via 1:1
must ctl c route add 1:2 via 1:1
filled after-restart d 1:1 8192
# Frames that are on their way when a capture ends are seen on some of their hops only.
agreed() { local n; for n in a b c d; do ctl $n -j relay show | jq -c '[.[].confirmed]'; done; }
settled 4 agreed
captured a 10.0.1.255 "$out/a-to-b.pcap"
captured b 10.0.2.255 "$out/b-to-d.pcap"
captured c '[ff02::1%to-a]' "$out/c-to-a.pcap"
captured c '[ff02::1%to-d]' "$out/c-to-d.pcap"
stop_captures

# --- verdict ----------------------------------------------------------------------

digests=()
for range in "${taken[@]}"; do digests+=(--digest "${range% *}:1500"); done
report=$out/report.json
/usr/bin/python3 "$decode" verify -j "${links[@]}" --stream 1:1-2:1 "${digests[@]}" "$out"/*.pcap >"$report" 2>"$work/why"
status=$?
[ $status != 2 ] || bail decode "$(cat "$work/why")"

ask() { jq -r "$1" "$report"; }
ask '"\(.frames)", (.types | to_entries[] | "\(.key) \(.value)")' | sed 's/^/# /'
check_equal no-finding '' "$(ask '.findings[] | "\(.count) \(.meaning): \(.examples[0])"' | head -n 1)"
check_equal none-unknown-under-link-key 0 "$(ask '[.hops[] | select(.sealed_by != "(not known)") | .unknown] | add')"
for kind in PROBE HELLO GRANT SUPPLY RELAY RELAY_ACK RELAY_NAK; do
	check_range "verified-$kind" 1 1000000 "$(ask ".types.$kind.verified // 0")"
done
check_equal same-key-on-every-hop "$(ask '[.streams[].chunk_shares] | add')" "$(ask '[.streams[].same_key_everywhere] | add')"
check_range confirmed-segments 10 1000000 "$(ask '[.streams[].segments_confirmed] | add')"
check_equal key-is-what-both-ends-hold "$(printf '%s\n' "${taken[@]#* }")" "$(ask '.digests[].sha256')"
