#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in a guest for run.sh: the module tests as it is loaded.

insmod "$QKDNF_TOP/build/traffic-test/$(uname -r)/traffic_test.ko" || exit 1
dmesg | sed -n 's/^.*traffic: //p'
rmmod traffic_test
