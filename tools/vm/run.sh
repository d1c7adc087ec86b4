#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run a script as root in a guest with one of Debian's own kernels.
#
#   tools/vm/run.sh --kernel 6.1|6.12 [OPTION...] SCRIPT [ARGUMENT...]
#
#   --smp N        processors (2)
#   --mem MIB      memory (2048)
#   --timeout S    give up after S seconds (600; 0: never)
#   --share DIR    directory that the guest may write to, seen at its own path;
#                  may be given more than once
#   --results DIR  where logs go (build/vm/<kernel>-<script>-<pid>), also
#                  writable in the guest, there named by $QKDNF_RESULTS
#   --append ARGS  more words for the kernel's command line
#   --no-verdict   skip the checks after the script (log scan, unload)
#   --interactive  give the script the terminal
#
# The host's root is the guest's root, read-only under a memory overlay; so the
# repository is where it is here, and nothing that the script does stays, save
# in --results and --share. What the script prints appears here as it comes.
#
# With STALL=1 in the environment the guest stands still now and then: stall.sh.
#
# Exit status: the script's own; 96 bad usage, 97 the script passed but the log
# scan or the unload did not, 98 the guest died (panic, oops, warning), 124 time
# out. After 97, 98 and 124 the end of the kernel's log is printed.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=tools/vm/fault.sh
. "$here/fault.sh"
series='' smp=2 mem=2048 timeout=600 results='' append='' verdict=1 interactive=0
shares=()

die() { printf 'vm: error: %s\n' "$*" >&2; exit 96; }

usage() { sed -n '/^#   tools/,/^$/ { s/^# \{0,1\}//; p }' "${BASH_SOURCE[0]}"; }

while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --smp | --mem | --timeout | --share | --results | --append)
		[ $# -ge 2 ] || die "$1 wants a value" ;;
	esac
	case $1 in
	--kernel) series=$2; shift 2 ;;
	--smp) smp=$2; shift 2 ;;
	--mem) mem=$2; shift 2 ;;
	--timeout) timeout=$2; shift 2 ;;
	--share) shares+=("$2"); shift 2 ;;
	--results) results=$2; shift 2 ;;
	--append) append=$2; shift 2 ;;
	--no-verdict) verdict=0; shift ;;
	--interactive) interactive=1; shift ;;
	-h | --help) usage; exit 0 ;;
	-*) die "unknown option $1; see --help" ;;
	*) break ;;
	esac
done

case $series in
6.1 | 6.12) ;;
'') die "say which kernel: --kernel 6.1 or --kernel 6.12" ;;
*) die "no guest kernel $series (6.1, 6.12)" ;;
esac
for number in "$smp" "$mem" "$timeout"; do
	[[ $number =~ ^[0-9]+$ ]] || die "'$number' is not a number"
done
[ $# -ge 1 ] || die "which script? see --help"
script=$(realpath -e "$1" 2>/dev/null) || die "no such script: $1"
[ -f "$script" ] || die "not a file: $1"
shift

"$top/tools/setup/setup.sh" host "kernel-$series" >&2
kernel=$top/build/kernels/$series

mkdir -p "$top/build/vm"
[ -n "$results" ] || results=$top/build/vm/$series-$(basename "$script" .sh)-$$
mkdir -p "$results"
results=$(realpath "$results")
rm -rf "$results"/{status,reason,dmesg,console.log,output.log,qemu.pid,search}
for i in "${!shares[@]}"; do
	[ -d "${shares[i]}" ] || die "no such directory to share: ${shares[i]}"
	shares[i]=$(realpath "${shares[i]}")
done

# --- initramfs and accelerator, made once --------------------------------------

initrd=$top/build/vm/initramfs-$series.gz
(
	flock 8
	for input in "$here"/initramfs{.sh,-init} "$kernel/.complete"; do
		if [ ! "$initrd" -nt "$input" ]; then
			"$here/initramfs.sh" "$series" "$initrd"
			break
		fi
	done
) 8>"$top/build/vm/.lock"

accel=$("$here/accel.sh" "$kernel/vmlinuz" "$initrd")

# --- what the guest has to know -------------------------------------------------

{
	printf 'top=%q\n' "$top"
	printf 'series=%q\n' "$series"
	printf 'results=%q\n' "$results"
	printf 'directory=%q\n' "$PWD"
	printf 'verdict=%q\n' "$verdict"
	printf 'interactive=%q\n' "$interactive"
	printf 'shares=(%s)\n' "${shares[*]@Q}"
	printf 'command=(%q' "$script"
	[ $# -eq 0 ] || printf ' %q' "$@"
	printf ')\n'
	# The caller's wishes for the tests travel as variables of these names.
	for name in CI TERM COLUMNS LINES "${!QKDNF_@}"; do
		[ "$name" = QKDNF_RESULTS ] || [ -z "${!name:-}" ] ||
			printf 'export %s=%q\n' "$name" "${!name}"
	done
} >"$results/guest.conf"

# Tests share the machine with others: stall and lock-up detectors must not take
# a busy host for a bug, so they wait longer than they do by default.
cmdline="console=ttyS0 panic=-1 oops=panic panic_on_warn=1 log_buf_len=16M"
cmdline+=" rcupdate.rcu_cpu_stall_timeout=180 watchdog_thresh=60 mitigations=off"
cmdline+=" net.ifnames=0 printk.devkmsg=on qkdnf.top=$top qkdnf.results=$results $append"

# While it comes up the kernel patches its own code over and over, by way of a trap
# that the emulator's other processors may still meet when it is gone, which is fatal:
# they come up last, with guest.sh.
# So busy a machine may be that the timer seems not to tick when the kernel looks.
cmdline+=" maxcpus=1 no_timer_check"

# shellcheck disable=SC2054 # commas are QEMU's
args=(
	-nodefaults -no-user-config -no-reboot -display none -monitor none
	-M q35,memory-backend=memory -smp "$smp" -m "$mem"
	-object "memory-backend-memfd,id=memory,size=${mem}M,share=on"
	-pidfile "$results/qemu.pid"
	-kernel "$kernel/vmlinuz" -initrd "$initrd" -append "$cmdline"
	-serial "file:$results/console.log"
	-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
	-device virtio-9p-pci,fsdev=root,mount_tag=root
	-fsdev "local,id=results,path=$results,security_model=none,multidevs=remap"
	-device virtio-9p-pci,fsdev=results,mount_tag=results
	-device virtio-rng-pci
	-device virtio-serial-pci
	-chardev "stdio,id=out,signal=off,logfile=$results/output.log"
)
# shellcheck disable=SC2054
case $accel in
kvm) args+=(-accel kvm -cpu host) ;;
*) args+=(-accel tcg,thread=multi -cpu max) ;;
esac
# shellcheck disable=SC2054
if [ $interactive = 1 ]; then
	args+=(-device virtconsole,chardev=out,nr=1)
else
	args+=(-device virtserialport,chardev=out,nr=1,name=output)
fi
for i in "${!shares[@]}"; do
	args+=(
		-fsdev "local,id=share$i,path=${shares[i]},security_model=none,multidevs=remap"
		-device "virtio-9p-pci,fsdev=share$i,mount_tag=share$i"
	)
done

printf 'vm: %s, %s processors, %s MiB, %s; logs in %s\n' "$(cat "$kernel/release")" \
	"$smp" "$mem" "$accel" "${results#"$PWD"/}" >&2

# --- searches of the guest's memory ----------------------------------------------

# A script in the guest may ask for its memory to be searched, from out here, by
# writing search/request and waiting for search/answer in the results directory.
serve_searches() { # PROCESS
	local at=$results/search

	while kill -0 "$1" 2>/dev/null; do
		if [ -e "$at/request" ]; then
			mv "$at/request" "$at/request.taken"
			"$top/tests/leak/search.sh" "$(cat "$results/qemu.pid")" \
				"$at/request.taken" "$at/answer" >&2 || :
		fi
		sleep 0.3
	done
}

# --- run -----------------------------------------------------------------------

qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

run() {
	code=0
	if [ $interactive = 1 ]; then
		timeout --foreground "$timeout" qemu-system-x86_64 "${args[@]}" || code=$?
		return
	fi
	# An end of file on standard input would disconnect the guest's output.
	rm -f "$results/.stdin"
	mkfifo "$results/.stdin"
	timeout --foreground "$timeout" qemu-system-x86_64 "${args[@]}" <>"$results/.stdin" &
	qemu=$!
	serve_searches "$qemu" &
	searcher=$!
	if [ -n "${STALL:-}" ]; then "$here/stall.sh" "$qemu" "$results" & fi
	wait "$qemu" || code=$?
	qemu=
	wait "$searcher" || :
	rm -f "$results/.stdin"
}

# missed: did it die, before the script began, of such a trap?
missed() {
	[ ! -s "$results/status" ] && emulator_fault "$results/console.log" &&
		! grep -q 'guest: ready' "$results/console.log"
}

for ((faults = 0; faults <= emulator_faults_max; faults++)); do
	run
	missed || break
	printf 'vm: the emulator missed that code was patched, once more\n' >&2
done

# tail_log: the kernel's log from where it begins to be interesting.
tail_log() {
	local log=$results/console.log first last

	[ -s "$log" ] || { printf 'vm: no kernel log\n' >&2; return; }
	last=$(wc -l <"$log")
	first=$(grep -nE 'cut here|BUG|WARNING|KASAN|Oops|INFO: |Kernel panic|guest: error' "$log" |
		head -n 1 | cut -d: -f1) || :
	printf 'vm: from the kernel log (%s):\n' "${log#"$PWD"/}" >&2
	if [ -z "$first" ]; then
		tail -n 20 "$log"
	else
		sed -n "$((first > 3 ? first - 3 : 1)),$((first + 60))p" "$log"
		[ "$last" -le $((first + 60)) ] || printf '[...]\n'
	fi | tr -d '\r' >&2
}

if [ "${code:-0}" = 124 ]; then
	printf 'vm: time out after %s s\n' "$timeout" >&2
	tail_log
	exit 124
fi
if [ ! -s "$results/status" ]; then
	printf 'vm: the guest died before the script ended\n' >&2
	tail_log
	exit 98
fi
status=$(cat "$results/status")
if [ -s "$results/reason" ]; then
	printf 'vm: %s\n' "$(cat "$results/reason")" >&2
	tail_log
fi
exit "$status"
