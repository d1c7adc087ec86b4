#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run a script as root in User-mode Linux: native speed, one processor.
#
#   tools/uml/run.sh [--mem MIB] [--timeout S] [--results DIR] [--share DIR]
#                    [--append ARGS] SCRIPT [ARGUMENT...]
#
#   --mem MIB      memory (1024)
#   --timeout S    give up after S seconds (600; 0: never)
#   --results DIR  where logs go (build/uml-run/<script>-<pid>), writable inside
#                  and there named by $QKDNF_RESULTS
#   --share DIR    another directory that the script may write to
#   --append ARGS  more words for the kernel's command line, for example
#                  time-travel: waiting costs no time, an hour passes at once;
#                  time-travel=inf-cpu: nor does work, so that how busy the
#                  machine is changes nothing
#
# As tools/vm/run.sh: the host's root is the root, read-only under an overlay in
# memory; output appears as it comes; the exit status is the script's, or 96 bad
# usage, 97 the kernel's log or the unload complains, 98 the kernel died, 124
# time out. Needs no root: user 0 inside is the caller outside.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
mem=1024 timeout=600 results='' append='' verdict=1
shares=()

die() { printf 'uml: error: %s\n' "$*" >&2; exit 96; }

while [ $# -gt 0 ]; do
	case $1 in
	--mem | --timeout | --results | --share | --append)
		[ $# -ge 2 ] || die "$1 wants a value" ;;
	esac
	case $1 in
	--mem) mem=$2; shift 2 ;;
	--timeout) timeout=$2; shift 2 ;;
	--results) results=$2; shift 2 ;;
	--share) shares+=("$2"); shift 2 ;;
	--append) append=$2; shift 2 ;;
	--no-verdict) verdict=0; shift ;;
	-h | --help) sed -n '/^#   tools/,/^$/ { s/^# \{0,1\}//; p }' "${BASH_SOURCE[0]}"; exit 0 ;;
	-*) die "unknown option $1; see --help" ;;
	*) break ;;
	esac
done
for number in "$mem" "$timeout"; do
	[[ $number =~ ^[0-9]+$ ]] || die "'$number' is not a number"
done
[ $# -ge 1 ] || die "which script? see --help"
script=$(realpath -e "$1" 2>/dev/null) || die "no such script: $1"
shift

"$here/build.sh" >&2
linux=$top/build/uml/linux

[ -n "$results" ] || results=$top/build/uml-run/$(basename "$script" .sh)-$$
mkdir -p "$results"
results=$(realpath "$results")
rm -f "$results"/{status,reason,dmesg,console.log,output.log}
for i in "${!shares[@]}"; do
	[ -d "${shares[i]}" ] || die "no such directory to share: ${shares[i]}"
	shares[i]=$(realpath "${shares[i]}")
done

{
	printf 'top=%q\n' "$top"
	printf 'results=%q\n' "$results"
	printf 'directory=%q\n' "$PWD"
	printf 'verdict=%q\n' "$verdict"
	printf 'shares=(%s)\n' "${shares[*]@Q}"
	printf 'command=(%q' "$script"
	[ $# -eq 0 ] || printf ' %q' "$@"
	printf ')\n'
	for name in CI TERM COLUMNS LINES "${!QKDNF_@}"; do
		[ "$name" = QKDNF_RESULTS ] || [ -z "${!name:-}" ] ||
			printf 'export %s=%q\n' "$name" "${!name}"
	done
} >"$results/guest.conf"

# Standard error is the kernel's log, its second terminal the script's output.
# The directory of its control socket has a short name, as sockets want it.
sockets=$(mktemp -d)
# shellcheck disable=SC2054 # commas are the kernel's
args=(
	"mem=${mem}M" root=/dev/root rootfstype=hostfs ro "init=$here/init.sh"
	con=null con1=null,fd:1 ssl=null panic=-1 oops=panic panic_on_warn=1
	"uml_dir=$sockets/" umid=uml "qkdnf.results=$results"
)
# shellcheck disable=SC2206 # words are what is wanted
args+=($append)
# Entropy of the processor's jitter is looked for in vain where work takes no time.
case $append in *time-travel=inf-cpu*) args+=(initcall_blacklist=jent_mod_init) ;; esac

printf 'uml: %s MiB; logs in %s\n' "$mem" "${results#"$PWD"/}" >&2

pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$sockets"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

code=0
mkfifo "$sockets/output"
tee "$results/output.log" <"$sockets/output" &
tee_pid=$!
timeout --foreground -k 5 "$timeout" "$linux" "${args[@]}" \
	</dev/null >"$sockets/output" 2>"$results/console.log" &
pid=$!
wait "$pid" || code=$?
pid=
wait "$tee_pid" || :

tail_log() {
	printf 'uml: end of the kernel log (%s):\n' "${results#"$PWD"/}/console.log" >&2
	tail -n 40 "$results/console.log" | tr -d '\r' >&2 || :
}

if [ ! -s "$results/status" ]; then
	case $code in
	124 | 137) printf 'uml: time out after %s s\n' "$timeout" >&2; tail_log; exit 124 ;;
	*) printf 'uml: the kernel died before the script ended\n' >&2; tail_log; exit 98 ;;
	esac
fi
if [ -s "$results/reason" ]; then
	printf 'uml: %s\n' "$(cat "$results/reason")" >&2
	tail_log
fi
exit "$(cat "$results/status")"
