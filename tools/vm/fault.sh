# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced by who runs a guest and wants to know what it died of.

# emulator_fault LOG: did the guest die of a trap that the kernel had put into its
# own code, and taken out, to switch a branch? An emulator with several processors
# may go on with what it translated in between; a processor does not. Worth another
# boot, a few times.
# shellcheck disable=SC2034 # who sources this reads it
emulator_faults_max=4
emulator_fault() { grep -q 'Oops: int3:' "$1" 2>/dev/null; }
