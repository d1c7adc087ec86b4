#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# peer_bytes, dump_10k_s: 10,000 idle link peers in one node, User-mode Linux.
#
# peer_bytes is what the kernel's slab, vmalloc and per-CPU memory (/proc/meminfo)
# grew by, for each peer, with all that belongs to it; but of its key stream the
# ring and the answers to GRANTs, two and two words for each segment that its pool
# may hold, are taken off: 256 octets for the smallest pool of eight segments.
#
# dump_10k_s is the time of one full netlink dump of them, read by libqkdnf's
# client and thrown away. RUNS=N.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s modules-uml userspace
make -s -C tools/bench
results=build/bench/peers
tools/uml/run.sh --mem 2048 --timeout 300 --results "$results" tools/bench/guest/peers.sh "${RUNS:-5}"
jq -e 'type == "array" and length == 2' "$results/figures.json" >/dev/null
cp "$results/figures.json" build/bench/peers.json
