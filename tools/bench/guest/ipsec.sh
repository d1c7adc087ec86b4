#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of ipsec.sh that runs in User-mode Linux: ipsec.sh RUNS REKEYS

. "${BASH_SOURCE[0]%/*}/lib.sh"
. "$top/tools/vm/strongswan.sh"

runs=$1
rekeys=$2
pool=$((1024 * 65536))
bindings=1000
turns=40
pps=12000
each=50 # milliseconds

load_modules qkdnf
gateways
km n1 node set 1:1
km n2 node set 1:2
link_n1_n2 $pool
fill_links 1 n1 1:2 n2 1:1

# --- rate -----------------------------------------------------------------------

ip netns exec n1 "$bin/rekeys" add $bindings 1:2 10.0.2.1 10.0.2.2 0 || die "no bindings at n1"
ip netns exec n2 "$bin/rekeys" add $bindings 1:1 10.0.2.2 10.0.2.1 0 || die "no bindings at n2"

# Both ends have both directions of all, and are at rest.
alike() {
	local n out most_out in most_in

	read -r n out most_out in most_in _ < <(ip netns exec "$1" "$bin/rekeys" count)
	[ "$n" = $bindings ] && [ "$out" -ge 1 ] && [ "$out" = "$most_out" ] && [ "$in" = "$most_in" ] && [ "$in" = "$out" ]
}
settled() { alike n1 && alike n2; }

# by_hand COUNT: nanoseconds in which ip -batch adds so many states at each end
by_hand() {
	local i ns from to start n=$1

	for ns in n1 n2; do
		for ((i = 0; i < n; i++)); do
			[ $((i & 1)) = 0 ] && from=10.0.2.1 to=10.0.2.2 || from=10.0.2.2 to=10.0.2.1
			printf 'xfrm state add src %s dst %s proto esp spi 0x%x reqid %d mode tunnel flag af-unspec replay-window 128 flag esn aead rfc4106(gcm(aes)) 0x%064x%08x 128\n' \
				$from $to $((0x20000 + i)) $((100000 + i / 2)) $((i + 1)) $i
		done >"$QKDNF_RESULTS/batch.$ns"
	done
	start=$(date +%s%N)
	ip -n n1 -batch "$QKDNF_RESULTS/batch.n1" && ip -n n2 -batch "$QKDNF_RESULTS/batch.n2" || die "ip -batch fails"
	echo $(($(date +%s%N) - start))
	for ns in n1 n2; do
		sed -E 's/state add src (\S+) dst (\S+) proto esp spi (\S+) .*/state delete src \1 dst \2 proto esp spi \3/' \
			"$QKDNF_RESULTS/batch.$ns" >"$QKDNF_RESULTS/unbatch"
		ip -n $ns -batch "$QKDNF_RESULTS/unbatch" || die "ip -batch fails"
	done
}

wait_for 60 settled || die "bindings do not settle: $(ip netns exec n1 "$bin/rekeys" count), $(ip netns exec n2 "$bin/rekeys" count)"
: >"$QKDNF_RESULTS/rate"
for ((run = 0; run <= runs; run++)); do
	read -r n time < <("$bin/rekeys" ask $bindings $turns n1 n2)
	[ "${n:-0}" = $((bindings * turns)) ] || die "no rekeys"
	hand=$(by_hand $((2 * bindings))) || exit 1
	note "$((n * 1000000000 / time)) rekeys/s, ip -batch $((bindings * 1000000000 / hand))"
	preload $next 160 1 n1 1:2 n2 1:1 || die "blocks were refused"
	next=$((next + 160))
	# The first one finds the kernel's tables small.
	[ $run = 0 ] || echo "$n $time $bindings $hand" >>"$QKDNF_RESULTS/rate"
done
books n1 n2
km n1 peer del 1:2
km n2 peer del 1:1
km n1 node del
km n2 node del

# --- strongSwan -------------------------------------------------------------------

# CHILD_SAs between the same two, of ten IKE_SAs, since each of those does one thing
# at a time; without a Diffie-Hellman exchange of their own. Nothing is logged.
swan_log=-1
many=200
swan_begin "$(mktemp -d)" || die "no strongSwan"
children=() mirrored=() names=()
for ((i = 0; i < many / 10; i++)); do
	children+=("c@x$i=10.20.@.$i/32=10.21.@.$i/32")
	mirrored+=("c@x$i=10.21.@.$i/32=10.20.@.$i/32")
	for c in {0..9}; do
		names+=("c${c}x$i")
	done
done
swan_start=start swan_config n1 10.0.2.1 10.0.2.2 n2 10 "${children[@]}"
swan_config n2 10.0.2.2 10.0.2.1 n1 10 "${mirrored[@]}"
swan_start n2 && swan_start n1 || die "charon does not start"
vici() { python3 "${BASH_SOURCE[0]%/*}/vici.py" "$swan_dir/n1.vici" "$@"; }
all_installed() { [ "$(vici count)" = $many ]; }
wait_for 120 all_installed || die "$(vici count) CHILD_SAs of $many come up"
: >"$QKDNF_RESULTS/strongswan-rate"
for ((run = 0; run <= (runs < 3 ? runs : 3); run++)); do
	read -r n time < <(vici rekey "${names[@]}")
	[ "${n:-0}" = $many ] || die "charon does not rekey"
	note "strongSwan $((n * 1000000000 / time)) rekeys/s"
	[ $run = 0 ] || echo "$n $time" >>"$QKDNF_RESULTS/strongswan-rate"
	# what was replaced is kept for five seconds
	sleep 6
	wait_for 60 all_installed || die "$(vici count) CHILD_SAs of $many are there"
done
swan_end

# --- loss ------------------------------------------------------------------------

km n1 node set 1:1
km n2 node set 1:2
link_n1_n2 $pool
fill_links 1 n1 1:2 n2 1:1
gateway() { # NAMESPACE PEER OWN FAR
	local d

	ip -n "$1" link add ipsec7 type xfrm dev lo if_id 7 || die "no xfrm interface"
	ip -n "$1" link set ipsec7 up
	for d in in fwd; do
		ip -n "$1" xfrm policy add dir $d if_id 7 tmpl src "$4" dst "$3" proto esp mode tunnel reqid 7 || die "no policy"
	done
	ip -n "$1" xfrm policy add dir out if_id 7 tmpl src "$3" dst "$4" proto esp mode tunnel reqid 7 || die "no policy"
	km "$1" ipsec add 7 peer "$2" address "$4" local "$3" if-id 7 soft-seconds 0
}
gateway n1 1:2 10.0.2.1 10.0.2.2
gateway n2 1:1 10.0.2.2 10.0.2.1
is_up() { qkdnfctl -j -n "$1" ipsec show 7 | jq -e '.state == "up"' >/dev/null; }
for ns in n1 n2; do
	wait_for 20 is_up $ns || die "no associations: $(qkdnfctl -n $ns ipsec show 7)"
done
ip -n n1 route add 10.8.0.2 dev ipsec7
ip netns exec u1 ping -q -c 3 -i 0.2 -W 1 10.8.0.2 >/dev/null
ip netns exec u2 tc qdisc add dev u2-n2 clsact
ip netns exec u2 tc filter add dev u2-n2 ingress protocol ip matchall action drop || die "no drop"

generator() { # LINE...: to pktgen's file; the first word says which
	local file=/proc/net/pktgen/$1
	shift

	ip netns exec u1 sh -c "echo '$*' >$file" || die "pktgen refuses: $*"
}
mac=$(ip -n n1 -j link show n1-u1 | jq -r '.[0].address')
generator kpktgend_0 add_device u1-n1
for line in 'count 0' 'pkt_size 142' 'dst 10.8.0.2' "dst_mac $mac" 'udp_dst_min 9' 'udp_dst_max 9' "ratep $pps"; do
	generator u1-n1 "$line"
done
sent() { ip netns exec u1 sed -nE 's/.*pkts-sofar: ([0-9]+).*/\1/p' /proc/net/pktgen/u1-n1; }
got() { ip netns exec u2 tc -s -j filter show dev u2-n2 ingress | jq '[.[] | .options.actions // [] | .[].stats.packets] | add'; }

# It waits by spinning, and whoever shall agree keys meanwhile has to get his turn.
renice -n 19 -p "$(pgrep -x kpktgend_0 | tail -n 1)" >/dev/null || die "no pktgen"

before=$(got)
ip netns exec u1 sh -c 'echo start >/proc/net/pktgen/pgctrl' &
job=$!
sleep 1
read -r n time < <(ip netns exec n1 "$bin/rekeys" pace 7 "$rekeys" $each)
[ "${n:-0}" -ge "$rekeys" ] || die "${n:-0} rekeys of $rekeys took place"
sleep 1
ip netns exec u1 sh -c 'echo stop >/proc/net/pktgen/pgctrl'
wait $job
sleep 1
sent=$(sent)
lost=$((sent - $(got) + before))
rate=$(ip netns exec u1 sed -nE 's/.* ([0-9]+)pps .*/\1/p' /proc/net/pktgen/u1-n1)
note "$sent packets at $rate a second, $lost lost in $n rekeys, one each $((time / n / 1000)) us"
[ $((time / n)) -le $((each * 1100000)) ] || die "rekeys came each $((time / n / 1000)) us, not each $each ms"
[ "$rate" -ge 10000 ] || die "$rate packets a second are less than the 10,000 that there should be"
books n1 n2

jq -Rs --rawfile neighbour "$QKDNF_RESULTS/strongswan-rate" --argjson lost "$lost" --argjson sent "$sent" --argjson rate "$rate" --argjson n "$n" --argjson each $((time / n / 1000)) '
	def table: [split("\n")[] | select(. != "") | split(" ") | map(tonumber)];
	table |
	def middle: sort | .[length / 2 | floor];
	def figure($name; $unit; $values; $against):
		{name: $name, value: ($values | middle), unit: $unit, min: ($values | min), max: ($values | max),
		 runs: ($values | length), against: $against};
	"1,000 bindings, both ends on one processor, stream preloaded, AES-256-GCM, User-mode Linux" as $how |
	map(.[0] / .[1] * 1e9 | round) as $rates | map(.[2] / .[3] * 1e9 | round) as $hands |
	($neighbour | table | map(.[0] / .[1] * 1e9 | round)) as $swans |
	[figure("ipsec_rekeys_per_s"; "1/s"; $rates;
		"ip -batch adding four states for each, under keys from a file: \($hands | middle)/s; strongSwan\u0027s CHILD_SAs: \($swans | middle)/s; \($how)"),
	 figure("ip_batch_rekeys_per_s"; "1/s"; $hands; "four states added by ip -batch, no agreement; \($how)"),
	 figure("strongswan_rekeys_per_s"; "1/s"; $swans;
		"200 CHILD_SAs of strongSwan, AES-256-GCM without Diffie-Hellman, 10 IKE_SAs, asked for by vici, the same namespaces and guest"),
	 {name: "rekey_lost_packets", value: $lost, unit: "", min: $lost, max: $lost, runs: 1,
	  against: "\($sent) packets of 128 octets at \($rate)/s through an xfrm interface, \($n) rekeys, one each \($each) us, User-mode Linux"}]' \
	"$QKDNF_RESULTS/rate" >"$QKDNF_RESULTS/figures.json"
for ns in u1 n1 n2 u2; do
	ip netns del "$ns"
done
