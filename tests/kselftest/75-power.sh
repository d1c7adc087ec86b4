#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Invariant 1 across suspend: allocation stops and all streams are erased before,
# and each end begins a new incarnation after. The kernel's own test mode goes
# through every notifier and wakes up again by itself.
#
#	  a  64496:1 -- link ab -- b  64496:2

. "$(dirname "$0")/lib.sh"

need_module qkdemu
need_module qkdnf

a=64496:1 b=64496:2

ctl() { qkdnfctl -n "$@"; }
member() { ctl "$1" -j peer show "$2" | jq -r ".$3"; }
up() { [ "$(member a $b state)" = up ] && [ "$(member b $a state)" = up ]; }
has_key() { [ "$(member a $b own_level)" -ge 65536 ]; }
balanced() {
	ctl "$1" -j stats | jq -e '.books | .in == .spent + .held + .erased' >/dev/null
}

ns_add a b
veth a b 10.0.1.1/24 10.0.1.2/24
qkdnfctl emu add ab rate 2000000 block 4096
ctl a node set $a
ctl b node set $b
ctl a peer add $b address 10.0.1.2 segment 16Ki pool 1Mi
ctl b peer add $a address 10.0.1.1 segment 16Ki pool 1Mi
ctl a source add $b fd /dev/qkdemu/ab.a
ctl b source add $a fd /dev/qkdemu/ab.b
check power-link-up wait_for 60 up
check power-link-has-key wait_for 60 has_key

before=$(member a $b incarnation)
erased=$(ctl a -j stats | jq .books.erased)
held=$(ctl a -j stats | jq .books.held)
barrier=$(member a $b barrier)
qkdnfctl -n a monitor count 1 type suspended for 300s >"$work/events" 2>&1 &
monitor=$!
wait_for 60 subscribed $monitor || bail power-monitor "$(cat "$work/events")"

echo freezer >/sys/power/pm_test || bail power-test-mode "no /sys/power/pm_test"
# A busy machine takes long to freeze its processes, and need not stay frozen for long.
echo 120000 >/sys/power/pm_freeze_timeout
echo 1 >/sys/module/suspend/parameters/pm_test_delay
check invariant_1_suspend_and_resume sh -c 'echo freeze >/sys/power/state'
echo none >/sys/power/pm_test

wait $monitor
check power-event grep -q suspended "$work/events"
check_range invariant_1_suspend_erases_all $((erased + held)) $((1 << 40)) \
	"$(ctl a -j stats | jq .books.erased)"
if [ "$(member a $b incarnation)" != "$before" ]; then
	pass invariant_1_resume_is_a_new_incarnation
else
	fail invariant_1_resume_is_a_new_incarnation "it is still $before"
fi
check power-up-again wait_for 90 up
check power-key-again wait_for 60 has_key
check_range invariant_1_barrier_above_all_before $((barrier + 1)) $((1 << 40)) \
	"$(member a $b barrier)"
check invariant_9_a wait_for 10 balanced a
check invariant_9_b wait_for 10 balanced b
