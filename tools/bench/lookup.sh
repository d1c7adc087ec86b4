#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lookup_flatness: time to find the next hop among 100,000 routes over that among
# 100, from the room of routes as it is, by the module of tests/kunit/traffic in
# User-mode Linux: best of five rounds of 20,000 look-ups each. RUNS=N.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s uml
results=build/bench/lookup
mkdir -p "$results"
ARCH=um QKDNF_WERROR=y QKDNF_SOURCES=tests/kunit/traffic QKDNF_OUTPUT=traffic-test \
	tools/setup/build-modules.sh build/uml modules >"$results/build.log" 2>&1 ||
	{ tail -n 20 "$results/build.log" >&2; exit 1; }
tools/uml/run.sh --mem 1024 --timeout 300 --results "$results" tools/bench/guest/lookup.sh "${RUNS:-5}"
jq -Rs '[split("\n")[] | select(. != "") | split(" ") | map(tonumber) | .[1] / .[0]] | sort |
	map(. * 1000 | round / 1000) |
	[{name: "lookup_flatness", value: .[length / 2 | floor], unit: "x", min: .[0], max: .[-1], runs: length,
	  against: "100,000 routes against 100, 20,000 look-ups over all of them, User-mode Linux"}]' \
	"$results/runs" >build/bench/lookup.json
