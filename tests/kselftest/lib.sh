# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced first by every tests/kselftest/NN-name.sh. A test script runs as root
# in a guest and prints a line for each named test:
#
#	ok NAME
#	not ok NAME - why
#	skip NAME - why
#
# Its first lines may hold "# timeout: SECONDS" (120 otherwise). It must leave
# no network namespace and no process behind; the runner takes the modules out
# and reads the kernel log afterwards.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tests_failed=0
tests_script=$(basename "${0##*/}" .sh)
work=$(mktemp -d "/tmp/$tests_script.XXXXXX")
tests_cleanup=()
export PATH="$work/bin:$top/build/user:$PATH"

# Debian's jq compiles its library at each start, for which an emulated guest
# takes half a second; gojq speaks the same language and has it compiled in.
mkdir "$work/bin"
! gojq=$(command -v gojq) || ln -s "$gojq" "$work/bin/jq"

# pause SECONDS: sleep without a process for it
exec {pipe}<> <(:)
pause() { read -rt "$1" -u "$pipe" || :; }

# --- verdicts ---------------------------------------------------------------

pass() { printf 'ok %s\n' "$1"; }

fail() {
	tests_failed=$((tests_failed + 1))
	printf 'not ok %s - %s\n' "$1" "${2:-failed}" | tr -d '\r' | head -n 1
}

skip() { printf 'skip %s - %s\n' "$1" "${2:-not possible here}"; }

# note TEXT...: what a reader of the log wants to know.
note() { printf '# %s\n' "$*"; }

# check NAME COMMAND...: passes if the command does; shows what it said if not.
check() {
	local name=$1 output status=0
	shift

	output=$("$@" 2>&1) || status=$?
	if [ $status = 0 ]; then
		pass "$name"
		return 0
	fi
	printf '# %s\n' "$*"
	[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/#   /'
	fail "$name" "exit status $status from: $1"
	return 1
}

# check_fails NAME PATTERN COMMAND...: passes if the command fails and what it
# says matches the extended regular expression.
check_fails() {
	local name=$1 pattern=$2 output status=0
	shift 2

	output=$("$@" 2>&1) || status=$?
	if [ $status = 0 ]; then
		fail "$name" "it worked, and should have been refused: $*"
		return 1
	fi
	if ! grep -qE -- "$pattern" <<<"$output"; then
		printf '# %s\n' "$*"
		printf '%s\n' "$output" | sed 's/^/#   /'
		fail "$name" "refused, but not with '$pattern'"
		return 1
	fi
	pass "$name"
}

# check_equal NAME EXPECTED ACTUAL
check_equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "expected '$2', got '$3'"
		return 1
	fi
}

# check_range NAME LOW HIGH ACTUAL: integers.
check_range() {
	if [[ $4 =~ ^-?[0-9]+$ ]] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then
		pass "$1"
	else
		fail "$1" "expected $2 to $3, got '$4'"
		return 1
	fi
}

# settled SECONDS COMMAND...: wait until what the command says has been the same for
# so long; a minute or two of change is enough. Looks are counted, too: while the
# machine stands still, time goes on and nothing has settled.
settled() {
	local now same=0 looks=0 last='' still=$1 end=$((SECONDS + patience))
	shift

	while [ $SECONDS -lt $end ]; do
		now=$("$@")
		[ "$now" = "$last" ] || { last=$now same=$SECONDS looks=0; }
		looks=$((looks + 1))
		[ $((SECONDS - same)) -le "$still" ] || [ $looks -lt $((3 * still)) ] || return 0
		pause 0.3
	done
	return 1
}

# subscribed PID: qkdnfctl monitor catches SIGINT and SIGTERM once it has subscribed.
subscribed() { grep -q '^SigCgt:.*4002$' "/proc/$1/status"; }

# stop PID: of a child
stop() { kill "$1" 2>/dev/null; wait "$1" 2>/dev/null; }

# bail NAME WHY: nothing after this can work.
bail() {
	fail "$1" "$2"
	exit 1
}

# How long what must come may take at least: a busy machine is no fault of what is
# tested, and where all is well nobody waits.
patience=120

# wait_for SECONDS COMMAND...: until the command succeeds, asked some three times
# a second; after so long, or $patience if that is longer, it has failed.
wait_for() {
	local end=$((SECONDS + ($1 > patience ? $1 : patience)))
	shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		pause 0.3
	done
}

# --- modules ----------------------------------------------------------------

# need_module NAME [PARAMETER=VALUE...]: load build/<release>/NAME.ko and what
# it depends on; the script ends as failed if that does not work.
need_module() {
	local name=$1 file dependency
	shift

	[ ! -d "/sys/module/$name" ] || return 0
	file=$top/build/$(uname -r)/$name.ko
	[ -e "$file" ] || bail "load-$name" "$file is not built"
	for dependency in $(modinfo -F depends "$file" | tr ',' ' '); do
		case $dependency in
		qkdnf | qkdemu) need_module "$dependency" ;;
		*) modprobe "$dependency" || bail "load-$name" "cannot load $dependency" ;;
		esac
	done
	insmod "$file" "$@" || bail "load-$name" "insmod: see the kernel log"
}

# drop_module NAME: take it out.
drop_module() {
	[ -d "/sys/module/$1" ] || return 0
	wait_for 30 rmmod "$1"
}

have_module() { [ -e "$top/build/$(uname -r)/$1.ko" ]; }

# --- network namespaces -----------------------------------------------------
#
# Namespaces are named without ceremony and deleted when the script ends.
#
#	ns_add a b
#	veth a b 10.0.1.1/24 10.0.1.2/24
#
#	  a                                    b
#	  +-----------+            +-----------+
#	  | to-b      |------------|      to-a |
#	  | 10.0.1.1  |    veth    |  10.0.1.2 |
#	  +-----------+            +-----------+

ns_list=()

ns_add() {
	local ns

	for ns in "$@"; do
		ip netns add "$ns" || bail "netns-$ns" "cannot make it"
		ns_list+=("$ns")
		ip -n "$ns" link set lo up
	done
}

ns_del() {
	local ns

	for ns in "$@"; do
		ip netns del "$ns" || return
	done
}

# in_ns NAME COMMAND...
in_ns() {
	local ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# veth A B ADDRESS-A ADDRESS-B [MTU]: a cable between two namespaces; the ends
# are named to-b and to-a. IPv6 addresses need no duplicate detection here.
veth() {
	local a=$1 b=$2 mtu=${5:-1500}

	ip link add "to-$b" netns "$a" mtu "$mtu" type veth peer name "to-$a" netns "$b" mtu "$mtu" &&
		veth_end "$a" "to-$b" "${3:-}" && veth_end "$b" "to-$a" "${4:-}" ||
		bail "veth-$a-$b" "cannot make it"
}

# veth_end NAMESPACE INTERFACE [ADDRESS]
veth_end() {
	local nodad=

	case ${3:-} in *:*) nodad=nodad ;; esac
	ip -n "$1" -batch - <<-END
		link set $2 up
		${3:+addr add $3 dev $2 $nodad}
	END
}

# addr NAMESPACE INTERFACE ADDRESS
addr() {
	case $3 in
	*:*) ip -n "$1" addr add "$3" dev "$2" nodad ;;
	*) ip -n "$1" addr add "$3" dev "$2" ;;
	esac
}

# chain PREFIX NAME...: cable the namespaces in a row, in order:
#
#	NAME1 --- NAME2 --- NAME3 ...
#	   PREFIX.1.0/24   PREFIX.2.0/24      left end .1, right end .2
chain() {
	local prefix=$1 i=1
	shift

	while [ $# -ge 2 ]; do
		veth "$1" "$2" "$prefix.$i.1/24" "$prefix.$i.2/24"
		i=$((i + 1))
		shift
	done
}

# impair NAMESPACE INTERFACE NETEM...: for example loss 5% duplicate 5% reorder 5% delay 2ms
impair() {
	local ns=$1 interface=$2
	shift 2
	modprobe sch_netem 2>/dev/null
	ip netns exec "$ns" tc qdisc replace dev "$interface" root netem "$@"
}

# captured NAMESPACE ADDRESS FILE...: captures have taken in all that was sent so far on
# the way from that namespace to that address: a datagram to the port "discard" comes
# after it, and is in them. Nobody answers to what comes to a broadcast address.
captured() {
	local ns=$1 address=$2 file mark=last-of-all-$RANDOM$RANDOM
	shift 2

	marked() {
		in_ns "$ns" socat -u STDIN "UDP-DATAGRAM:$address:9,broadcast" <<<"$mark"
		grep -qa "$mark" "$file"
	}
	for file in "$@"; do
		wait_for 60 marked || bail capture "the end of $file does not come"
	done
}

# --- the end ----------------------------------------------------------------

# at_end COMMAND...: run when the script ends, last come first served.
at_end() { tests_cleanup+=("$(printf '%q ' "$@")"); }

tests_end() {
	local status=$? i ns

	trap - EXIT
	for ((i = ${#tests_cleanup[@]} - 1; i >= 0; i--)); do
		eval "${tests_cleanup[i]}" || :
	done
	for ns in "${ns_list[@]}"; do
		[ ! -e "/run/netns/$ns" ] || ip netns del "$ns"
	done
	rm -rf "$work"
	[ $status != 0 ] || [ $tests_failed = 0 ] || status=1
	# The runner takes a script without this line for one that broke off.
	printf '# end of %s\n' "$tests_script"
	exit $status
}
trap tests_end EXIT
