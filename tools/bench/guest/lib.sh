# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced by the parts of benchmarks that run in User-mode Linux.

set -uo pipefail

top=$QKDNF_TOP
bin=$top/build/bench/bin
export PATH="$top/build/user:$bin:$PATH"

die() { printf 'bench: error: %s\n' "$*" >&2; exit 1; }

note() { printf '# %s\n' "$*"; }

load_modules() {
	local module

	for module in "$@"; do
		insmod "$top/build/$(uname -r)/$module.ko" || die "$module.ko does not load: make modules-uml"
	done
}

# km NETNS ARGUMENTS...: qkdnfctl, or the end of the benchmark.
km() {
	local ns=$1
	shift
	qkdnfctl -n "$ns" "$@" || die "qkdnfctl -n $ns $*"
}

# namespaces NAME...
namespaces() {
	local ns

	for ns in "$@"; do
		ip netns add "$ns" || die "cannot make namespace $ns"
		ip -n "$ns" link set lo up
	done
}

# cable A B NUMBER: veth a-b and b-a, 10.0.NUMBER.1/24 and .2/24, no frame is
# held up by offloads that a wire would not have.
cable() {
	local a=$1 b=$2 n=$3

	ip link add "$a-$b" netns "$a" type veth peer name "$b-$a" netns "$b" || die "cannot make $a-$b"
	ip -n "$a" addr add "10.0.$n.1/24" dev "$a-$b"
	ip -n "$b" addr add "10.0.$n.2/24" dev "$b-$a"
	ip -n "$a" link set "$a-$b" up
	ip -n "$b" link set "$b-$a" up
}

# gateways: users u1 and u2 behind gateways n1 and n2, all namespaces. What u1 sends
# to 10.8.0.0/16 goes to n1, whose routes say how on, and n2 gives it to u2. The path
# between n1 and n2 takes what any way adds to 1,500 octets.
gateways() {
	namespaces u1 n1 n2 u2
	cable u1 n1 1
	cable n1 n2 2
	cable n2 u2 3
	ip -n n1 link set n1-n2 mtu 1600
	ip -n n2 link set n2-n1 mtu 1600
	ip netns exec n1 sysctl -qw net.ipv4.ip_forward=1
	ip netns exec n2 sysctl -qw net.ipv4.ip_forward=1
	ip -n u1 route add 10.8.0.0/16 via 10.0.1.2
	ip -n n2 route add 10.8.0.0/16 via 10.0.3.2
	# A burst is longer than the queue between softirqs usually is.
	sysctl -qw net.core.netdev_max_backlog=200000
	sysctl -qw net.core.message_cost=0
}

# link_n1_n2 POOL: a link between the gateways 1:1 and 1:2, to be preloaded
link_n1_n2() {
	km n1 peer add 1:2 address 10.0.2.2 pool "$1"
	km n2 peer add 1:1 address 10.0.2.1 pool "$1"
	km n1 source add 1:2 push
	km n2 source add 1:1 push
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.3
	done
}

# peer_is NETNS PEER JQ-CONDITION
peer_is() { qkdnfctl -j -n "$1" peer show "$2" | jq -e "$3" >/dev/null; }

# link_up NETNS PEER: paired, and heard.
link_up() { peer_is "$1" "$2" '.state == "up"'; }

# meet LINK...: let links pair, which takes key from time to time: what a stream
# holds when it is paired is erased. LINK is five words, as preload takes them;
# the next block to push is left in $next.
next=0
meet() {
	local links=("$@") i tries

	for ((tries = 0; tries < 40; tries++)); do
		preload $next 2 "${links[@]}" || die "blocks were refused"
		next=$((next + 2))
		sleep 0.5
		for ((i = 0; i < ${#links[@]}; i += 5)); do
			link_up "${links[i + 1]}" "${links[i + 2]}" || continue 2
			link_up "${links[i + 3]}" "${links[i + 4]}" || continue 2
		done
		return
	done
	die "links do not meet: $(qkdnfctl -n "${links[1]}" peer show)"
}

# fill_links LINK...: let links meet, then fill three quarters of pools of 1,024
# segments of 64 KiB, half for each lane: so much an end promises to keep.
fill_links() {
	local from=$next

	meet "$@"
	preload $next $((760 - (next - from))) "$@" || die "blocks were refused"
	next=$((from + 760))
}

# pool_has NETNS PEER OCTETS: so many can be allocated.
pool_has() { peer_is "$1" "$2" ".own_level >= $3"; }

# Nothing but its own may be read of a node whose books do not balance.
books() {
	local ns

	for ns in "$@"; do
		qkdnfctl -j -n "$ns" pool show |
			jq -e 'all(.[]; .books | .in == .spent + .held + .erased)' >/dev/null ||
			die "the books of $ns do not balance"
	done
}

# Bursts: packets are held by a plug where they are sent, and let go at once; the time
# is measured until the device that they leave the measured nodes by has sent them all,
# and behind it they are dropped. Each of the three is a namespace and a device in it:
held_at=() left_by=() dropped_at=()

plug() {
	ip netns exec "${held_at[0]}" tc qdisc add dev "${held_at[1]}" root plug limit $((512 << 20)) ||
		die "no plug"
	ip netns exec "${dropped_at[0]}" tc qdisc add dev "${dropped_at[1]}" clsact
	ip netns exec "${dropped_at[0]}" tc filter add dev "${dropped_at[1]}" ingress protocol ip \
		matchall action drop || die "no drop"
}

unplug() {
	ip netns exec "${held_at[0]}" tc qdisc del dev "${held_at[1]}" root
	ip netns exec "${dropped_at[0]}" tc qdisc del dev "${dropped_at[1]}" clsact
}

# burst WAY COUNT COMMAND...: the command sends packets, which are held; let them
# go. A line "WAY PACKETS NANOSECONDS".
burst() {
	local way=$1 count=$2 got time held
	shift 2

	ip netns exec "${held_at[0]}" tc qdisc change dev "${held_at[1]}" root plug block ||
		die "the plug does not hold"
	ip netns exec "${held_at[0]}" "$@" || die "$way: no packets"
	held=$(ip netns exec "${held_at[0]}" tc -s -j qdisc show dev "${held_at[1]}" | jq '.[0].qlen')
	[ "$held" -ge "$count" ] || die "$way: $held packets are held, of $count"
	read -r got time < <(release "${held_at[@]}" "${left_by[@]}" "$count")
	[ "${got:-0}" -ge "$count" ] || die "$way: ${got:-0} packets of $count came through"
	echo "$way $count $time" >>"$QKDNF_RESULTS/runs"
}
