#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of tunnel.sh that runs in User-mode Linux: tunnel.sh RUNS

. "${BASH_SOURCE[0]%/*}/lib.sh"

runs=$1
payload=$((1400 - 28)) # IP and UDP headers
segment=65536
pool=$((1024 * segment))
lane=$((3 * pool / 8))
rounds=8
ways=(none tunnel wireguard esp_gcm esp_chacha)

# Packets in a burst: what a stream holds, what WireGuard queues, and some tens
# of milliseconds where packets are slow.
declare -A packets=([none]=4000 [tunnel]=1500 [wireguard]=900 [esp_gcm]=300 [esp_chacha]=900)

load_modules qkdnf
gateways

# Way I leads to 10.8.I.2: u2's, by whatever n1 sends it through.
to() { # WAY
	local i

	for i in "${!ways[@]}"; do
		[ "${ways[i]}" != "$1" ] || echo "10.8.$i.2"
	done
}

# --- what is compared with ------------------------------------------------------

ip -n n1 route add "$(to none)" via 10.0.2.2

keys=$(mktemp -d)
for k in a b; do
	(umask 077 && wg genkey >"$keys/$k") || die "wg genkey"
done
wireguard() { # NAMESPACE KEY-FILE PEER-KEY-FILE PEER-ADDRESS
	ip -n "$1" link add wg0 type wireguard || die "no WireGuard"
	ip netns exec "$1" wg set wg0 listen-port 5001 private-key "$keys/$2" \
		peer "$(wg pubkey <"$keys/$3")" endpoint "$4:5001" allowed-ips 0.0.0.0/0 || die "wg set wg0"
	ip -n "$1" link set wg0 mtu 1500 up
}
wireguard n1 a b 10.0.2.2
wireguard n2 b a 10.0.2.1
rm -r "$keys"
ip -n n1 route add "$(to wireguard)" dev wg0

# esp WAY ID KEY-OCTETS ALGORITHM: an xfrm interface at each end, one direction
esp() {
	local ns d key

	key=0x$(head -c "$3" /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	for ns in n1 n2; do
		ip -n $ns link add "$1" type xfrm dev lo if_id "$2" || die "no xfrm interface"
		ip -n $ns link set "$1" mtu 1500 up
		ip -n $ns xfrm state add src 10.0.2.1 dst 10.0.2.2 proto esp spi "0x100$2" reqid "$2" \
			mode tunnel if_id "$2" flag af-unspec replay-window 128 flag esn \
			aead "$4" "$key" 128 || die "xfrm refuses $4"
	done
	ip -n n1 xfrm policy add dir out if_id "$2" \
		tmpl src 10.0.2.1 dst 10.0.2.2 proto esp mode tunnel reqid "$2" || die "no policy"
	for d in in fwd; do
		ip -n n2 xfrm policy add dir $d if_id "$2" \
			tmpl src 10.0.2.1 dst 10.0.2.2 proto esp mode tunnel reqid "$2" || die "no policy"
	done
	ip -n n1 route add "$(to "$1")" dev "$1"
}
esp esp_gcm 1 36 'rfc4106(gcm(aes))'
esp esp_chacha 2 36 'rfc7539esp(chacha20,poly1305)'

# --- the tunnel -------------------------------------------------------------------

km n1 node set 1:1
km n2 node set 1:2

tunnel() {
	link_n1_n2 $pool
	fill_links 1 n1 1:2 n2 1:1
	wait_for 20 pool_has n1 1:2 $((lane - lane / 16)) || die "n1 has not the key"
	km n1 tunnel add t0 1:2 mtu 1500
	km n2 tunnel add t0 1:1 mtu 1500
	for ns in n1 n2; do
		ip -n $ns link set t0 up
		wait_for 20 carries $ns || die "the tunnel has no key: $(qkdnfctl -n $ns tunnel show t0)"
	done
	ip -n n1 route add "$(to tunnel)" dev t0
}
carries() { qkdnfctl -j -n "$1" tunnel show t0 | jq -e '.state == "up"' >/dev/null; }
tunnel_is() { qkdnfctl -j -n "$1" tunnel show t0 | jq -e "$2" >/dev/null; }

# --- bursts -----------------------------------------------------------------------

# The first packets find neighbours and keys.
warm() {
	ip netns exec u1 ping -q -c 3 -i 0.2 -W 1 "$(to "$1")" >/dev/null
	[ "$(arrived)" -gt "$2" ] || die "$1 does not work"
}
arrived() { ip -n u2 -j -s link show u2-n2 | jq '.[0].stats64.rx.packets'; }

held_at=(u1 u1-n1) left_by=(n2 n2-u2) dropped_at=(u2 u2-n2)

: >"$QKDNF_RESULTS/runs"
for ((run = 1; run <= runs; run++)); do
	tunnel
	for way in "${ways[@]}"; do
		warm "$way" "$(arrived)"
	done
	plug
	for ((round = 0; round < rounds; round++)); do
		for way in "${ways[@]}"; do
			burst "$way" "${packets[$way]}" "$bin/frames" plain "${packets[$way]}" \
				"$(to "$way")" $payload
		done
	done
	unplug
	n=$((rounds * packets[tunnel]))
	tunnel_is n1 ".tx_packets >= $n and .tx_errors == 0 and .tx_dropped == 0" &&
		tunnel_is n2 ".rx_packets >= $n and .rx_errors == 0" ||
		die "the tunnel did not carry them: $(qkdnfctl -n n1 -j tunnel show t0)"
	books n1 n2
	km n1 peer del 1:2
	km n2 peer del 1:1
	note "run $run of $runs"
done

# Of the bursts of a run the third fastest stands for the way: what else the
# machine does only slows.
jq -Rs --argjson rounds $rounds '
	[split("\n")[] | select(. != "") | split(" ") | {way: .[0], pps: ((.[1] | tonumber) / (.[2] | tonumber) * 1e9)}] |
	($rounds * 5) as $each |
	[range(0; length; $each) as $i | .[$i:$i + $each] | group_by(.way) |
		map({(.[0].way): (map(.pps) | sort | .[-3])}) | add] as $runs |
	def middle: sort | .[length / 2 | floor];
	def pps($way): $runs | map(.[$way]) | middle | round;
	def figure($other; $what):
		[$runs[] | .tunnel / .[$other]] | sort | map(. * 1000 | round / 1000) |
		{name: "tunnel_vs_\($other)", value: middle, unit: "x", min: .[0], max: .[-1], runs: length,
		 against: "\($what), \(pps("tunnel")) packets/s against \(pps($other)); bursts of packets of 1,400 octets, both ends and forwarding on one processor, stream preloaded, User-mode Linux"};
	[figure("none"; "no tunnel"), figure("wireguard"; "WireGuard"),
	 figure("esp_gcm"; "ESP with AES-256-GCM, an xfrm interface"),
	 figure("esp_chacha"; "ESP with ChaCha20-Poly1305, an xfrm interface")]' \
	"$QKDNF_RESULTS/runs" >"$QKDNF_RESULTS/figures.json"
for ns in u1 n1 n2 u2; do
	ip netns del "$ns"
done
