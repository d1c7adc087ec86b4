#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The guest is the kernel it should be, and the modules load, unload and load
# again.

# shellcheck source=tests/kselftest/lib.sh
. "$(dirname "$0")/lib.sh"

case $(uname -r) in
"$QKDNF_KERNEL".*) pass kernel-is-the-one-asked-for ;;
*) fail kernel-is-the-one-asked-for "$(uname -r) is no $QKDNF_KERNEL" ;;
esac
check_equal panic-on-warn 1 "$(cat /proc/sys/kernel/panic_on_warn)"
check_range two-processors 2 64 "$(nproc)"

# Topology of the helpers: a row of three, the middle one forwards.
ns_add a b c
chain 10.9 a b c
in_ns b sysctl -q -w net.ipv4.ip_forward=1
ip -n a route add 10.9.2.0/24 via 10.9.1.2
ip -n c route add 10.9.1.0/24 via 10.9.2.1
check row-of-namespaces-forwards wait_for 60 in_ns a ping -q -c 1 -W 5 10.9.2.2

for module in qkdemu qkdnf; do
	if ! have_module $module; then
		skip "load-$module" "it is not built"
		continue
	fi
	need_module $module
	check_equal "load-$module" live "$(cat /sys/module/$module/initstate)"
	check "unload-$module" drop_module $module
	need_module $module
	check "load-again-$module" test -d /sys/module/$module
	# Only the taints of a module that is not part of the kernel's tree.
	check_equal "taint-$module" OE "$(cat /sys/module/$module/taint)"
done
