#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build and run the benchmark of routes across providers (route.c), natively; figures go
# into build/bench/route.json. RUNS=N: how many runs.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
out=build/bench
mkdir -p "$out"

gcc -std=gnu11 -O2 -g -Wall -Wextra -Werror -Iuserspace/lib -Iuserspace/qkdnfd \
	-o "$out/route" tools/bench/route.c userspace/qkdnfd/graph.c userspace/qkdnfd/route.c \
	userspace/qkdnfd/apart.c userspace/qkdnfd/flow.c userspace/lib/base.c -lm
"$out/route" "${RUNS:-5}" >"$out/route.json"
jq -r '.[] | "# \(.name): \(.value) \(.unit) (\(.min) to \(.max))"' "$out/route.json"
