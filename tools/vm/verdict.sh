# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What is asked of a guest after a script said that it passed, in this order:
# kernel log, unload, kernel log again. Sourced by guest.sh and by the test runner.

verdict_mark=0

# What must not stand in a kernel log. Panic on warn catches most of these as
# they happen; this finds those that only print.
verdict_pattern='BUG:|WARNING:|KASAN|UBSAN|INFO: (possible|task|rcu|lockdep|trying|suspicious)|unreferenced object|Oops|rcu:.*stall|refcount_t:|list_(add|del) corruption|general protection fault|still has locks held|\bleaked\b|DEBUG_LOCKS'

# The emulated machine's own complaints, none of ours: every line with its reason.
#  - the virtual processor names no vulnerabilities that concern a test
#  - the out-of-tree module taints the kernel, which it has to say
verdict_known='Vulnerable: |loading out-of-tree module taints kernel|module verification failed'

# verdict_begin: from here on, what the log says counts.
verdict_begin() { verdict_mark=$(dmesg | wc -l); }

# verdict_log: print offending lines; false if there are any.
verdict_log() {
	local found

	found=$(dmesg | tail -n "+$((verdict_mark + 1))" |
		grep -E "$verdict_pattern" | grep -vE "$verdict_known")
	[ -z "$found" ] && return 0
	printf '%s\n' "$found"
	return 1
}

# verdict_unload: take our modules out; they must go within a minute.
verdict_unload() {
	local module _

	for module in qkdnf qkdemu; do
		for _ in {1..60}; do
			[ -d "/sys/module/$module" ] || break
			rmmod "$module" 2>/dev/null && break
			sleep 1
		done
		if [ -d "/sys/module/$module" ]; then
			echo "$module cannot be unloaded: $(rmmod "$module" 2>&1)"
			return 1
		fi
	done
}

# verdict: all of it; prints why not.
verdict() {
	local text

	text=$(verdict_log) || { printf 'kernel log: %s\n' "$text"; return 1; }
	text=$(verdict_unload) || { printf 'unload: %s\n' "$text"; return 1; }
	text=$(verdict_log) || { printf 'kernel log after unload: %s\n' "$text"; return 1; }
}
