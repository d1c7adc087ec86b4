#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in a guest for tools/vm/selftest/run.sh: one way to end.

module=$QKDNF_TOP/build/vm-selftest/$(uname -r)/planted.ko

case $1 in
pass) [ "$2" = "two words" ] && echo "out $3" && echo err >&2 ;;
status) exit 7 ;;
results) echo written >"$QKDNF_RESULTS/file" && ! touch "$QKDNF_TOP/build/vm-selftest/../../COPYING.selftest" 2>&1 || true ;;
share) echo shared >"$2/file" ;;
hang) sleep 1000 ;;
none) insmod "$module" && rmmod planted ;;
warn | oops | print) insmod "$module" fault="$1" ;;
leak) insmod "$module" fault=leak && rmmod planted ;;
esac
