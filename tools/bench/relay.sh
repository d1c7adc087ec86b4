#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# relay_pps_vs_forward, relay_pps_vs_wireguard: packets per second through one
# node, relayed, forwarded in clear, and through two WireGuard tunnels.
#
#	n1 ---------- n2 ---------- n3
#	packets held  the hop       packets dropped
#	by a plug
#
# Packets carry 1,072 octets of UDP payload, a full frame. They are prepared
# (sealed, encrypted) ahead, held by the plug qdisc of n1's device and let go at
# once, so that only the hop is measured: until the device of n2 towards n3 has
# sent them all. At n3 they are dropped by tc as they come in, in all three ways
# alike. The three ways take turns, twelve bursts of a millisecond or more each in a
# run: 36,000 packets forwarded, 12,000 relayed, 10,800 through WireGuard, whose queues
# drop what comes beyond a thousand. User-mode Linux, one processor, generic C
# arithmetic; streams of both links are preloaded at both ends. RUNS=N.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Others' work on the machine should not be measured, so go before it if we may.
first=()
! nice -n -15 true 2>/dev/null || first=(nice -n -15)

make -s modules-uml userspace
make -s -C tools/bench
results=build/bench/relay
"${first[@]}" tools/uml/run.sh --mem 4096 --timeout 600 --results "$results" tools/bench/guest/relay.sh \
	"${RUNS:-5}"
jq -e 'type == "array" and length == 2' "$results/figures.json" >/dev/null
cp "$results/figures.json" build/bench/relay.json
