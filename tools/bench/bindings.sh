#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bindings_per_node: how many IPsec bindings a node keeps fresh.
#
# Bindings between two nodes, each of them rekeyed each minute by its soft limit, in
# an emulated guest of two processors with Debian's kernel. Both nodes are in it, so
# it does twice the work. They are made in five steps, so that their minutes do
# not end at once, and watched for two and a quarter: the figure is how many of them had
# both directions replaced twice in that time, at either end, with no attempt that
# failed. BINDINGS=N: so many (1000).

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s modules-6.12 userspace
make -s -C tools/bench
results=build/bench/bindings
tools/vm/run.sh --kernel 6.12 --timeout 600 --results "$results" tools/bench/guest/bindings.sh "${BINDINGS:-1000}"
jq -e 'type == "array" and length == 1' "$results/figures.json" >/dev/null
cp "$results/figures.json" build/bench/bindings.json
