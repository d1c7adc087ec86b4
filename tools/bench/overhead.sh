#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# key_overhead: link key used for an octet of end-to-end key and hop,
#
#	(octets delivered by links - octets held) / (allocatable octets * hops)
#
# over three hops of emulated links of 2 Mb/s, streams in both directions that
# want more than there is, 200 s after the first 20: what HELLOs, acknowledgements,
# tags, tails and holes take is all in it. Four nodes in one User-mode Linux,
# whose time goes on when all of them wait.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s modules-uml userspace
results=build/bench/overhead
tools/uml/run.sh --mem 1024 --timeout 600 --append time-travel --results "$results" \
	tools/bench/guest/overhead.sh
jq -e 'type == "array" and length == 1' "$results/figures.json" >/dev/null
cp "$results/figures.json" build/bench/overhead.json
