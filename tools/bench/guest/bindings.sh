#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of bindings.sh that runs in an emulated guest: bindings.sh BINDINGS

. "${BASH_SOURCE[0]%/*}/lib.sh"

bindings=$1
steps=5
watch=135 # seconds: two rekeys of each, and a few to spare
pool=$((256 * 65536))

modprobe -a veth xfrm_user esp4 seqiv gcm drbg
modinfo -F depends "$top/build/$(uname -r)/qkdnf.ko" | tr ',' '\n' | xargs modprobe -a || die "qkdnf.ko wants other modules"
load_modules qkdnf
namespaces n1 n2
cable n1 n2 2
km n1 node set 1:1
km n2 node set 1:2
link_n1_n2 $pool
meet 1 n1 1:2 n2 1:1
preload $next $((192 - next)) 1 n1 1:2 n2 1:1 || die "blocks were refused"

tally() { ip netns exec "$1" "$bin/rekeys" "${@:2}"; }

# All of them have begun.
begun() {
	local ns n out in

	for ns in n1 n2; do
		read -r n out _ in _ < <(tally $ns count)
		[ "$n" = "$1" ] && [ "$out" -ge 1 ] && [ "$in" -ge 1 ] || return 1
	done
}

each=$((bindings / steps))
for ((i = 1; i <= steps; i++)); do
	tally n2 add $each 1:1 10.0.2.2 10.0.2.1 60 $(((i - 1) * each + 1)) || die "no bindings at n2"
	tally n1 add $each 1:2 10.0.2.1 10.0.2.2 60 $(((i - 1) * each + 1)) || die "no bindings at n1"
	sleep 3
done
wait_for 60 begun $((each * steps)) || die "bindings do not begin: $(tally n1 count), $(tally n2 count)"
for ns in n1 n2; do
	tally $ns list >"$QKDNF_RESULTS/$ns.before"
done
note "$((each * steps)) bindings after $SECONDS s"
idle() { awk '/^cpu / { print $5 }' /proc/stat; }
was=$(idle)
sleep $watch
busy=$((100 - ($(idle) - was) / watch / 2))
for ns in n1 n2; do
	tally $ns list >"$QKDNF_RESULTS/$ns.after"
	# Joined by reqid: rekeyed out and in twice at least, and never in vain.
	awk 'NR == FNR { out[$1] = $2; in_[$1] = $3; failed[$1] = $4; next }
		$2 >= out[$1] + 2 && $3 >= in_[$1] + 2 && $4 == failed[$1] { print $1 }' \
		"$QKDNF_RESULTS/$ns.before" "$QKDNF_RESULTS/$ns.after" | sort >"$QKDNF_RESULTS/$ns.kept"
done
kept=$(comm -12 "$QKDNF_RESULTS/n1.kept" "$QKDNF_RESULTS/n2.kept" | wc -l)
note "$kept of $((each * steps)) were rekeyed each minute, processors $busy % busy"
books n1 n2
jq -n --argjson n "$kept" --argjson of $((each * steps)) --argjson busy $busy --argjson s $watch \
	'[{name: "bindings_per_node", value: $n, unit: "", min: $n, max: $n, runs: 1,
	  against: "of \($of), each rekeyed each minute at both nodes, over \($s) s; an emulated guest of two processors, \($busy) % busy, with both nodes in it"}]' \
	>"$QKDNF_RESULTS/figures.json"
for ns in n1 n2; do
	ip netns del $ns
done
