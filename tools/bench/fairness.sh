#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fairness: Jain's index over what each of fifty streams got, divided by what it
# should have got: 1 if each has its weighted max-min share, 1/50 if one has all.
#
#	e11 e12 e13    e21 e22 e23    e31 e32 e33    e41 e42 e43
#	   \ | /          \ | /          \ | /          \ | /
#	    c1 ------------ c2 ------------ c3 ------------ c4
#	         2 Mb/s         1.5 Mb/s         2.5 Mb/s
#
# Streams go eastward over one, two or three of the links c1 to c4, want all that
# they can get (three of them are held to little by themselves), and have weights
# 1 to 4. The ends' own links are wide. The shares that are right are worked out
# by tools/bench/guest/fairness.py, by another algorithm than the kernel's, from
# the links' nominal rates. Each of the three links must be used by nine tenths:
# to hand out little to everybody is fair, too. A minute to settle, then four
# are measured, in one User-mode Linux, in which work takes no time and waiting none.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s modules-uml userspace
results=build/bench/fairness
tools/uml/run.sh --mem 6144 --timeout 600 --append time-travel=inf-cpu --results "$results" \
	tools/bench/guest/fairness.sh
jq -e 'type == "array" and length == 1' "$results/figures.json" >/dev/null
cp "$results/figures.json" build/bench/fairness.json
