#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Static checks, each a named test:
#
#	tools/lint/lint.sh [NAME...]	names below without "lint-"
#	tools/lint/lint.sh --format	let clang-format rewrite what it checks
#
# Environment: K="6.1 6.12", the kernels to build and check against.

set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 1
kernels=${K:-6.1 6.12}
source_tree=build/linux-source-6.12
out=build/check/lint
mkdir -p "$out"
failed=0

# --- what is left out, and why --------------------------------------------------

# checkpatch, everywhere:
#  TYPO_SPELLING	"acknowledgement" is how the standards spell it
#  MACRO_ARG_REUSE	a reminder, true of most macros of the kernel itself
#  CONSTANT_COMPARISON	static_assert() compares a constant with a constant
everywhere=TYPO_SPELLING,MACRO_ARG_REUSE,CONSTANT_COMPARISON

# checkpatch, kernel/compat: shims redefine what the kernel names, C11's
# _Generic included. tests/userspace/include, which does the same for the unit
# tests, is left out altogether.
compat=$everywhere,CAMELCASE,NEW_TYPEDEFS,CONST_STRUCT,LINUX_VERSION_CODE

# checkpatch, outside the kernel: its types, attribute macros and helpers are not
# there, C libraries name their functions as they like, a verb "show" is spelt
# like its function, ENOSYS is looked at where a system call may be missing, and a
# statement of SQL is several lines long.
user=$everywhere,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE,CONST_STRUCT
user=$user,SSCANF_TO_KSTRTO,ARRAY_SIZE,VOLATILE,USE_FUNC,PREFER_FALLTHROUGH,STRCPY,STRNCPY
user=$user,NEW_TYPEDEFS,LONG_LINE_STRING,EMBEDDED_FUNCTION_NAME,ENOSYS,SPLIT_STRING

# checkpatch, include/uapi: BIT() is not for user space.
uapi=$everywhere,BIT_MACRO

# checkpatch, tests: vectors are long strings, and a check that fails leaves the
# function.
tests=$user,MISSING_SPACE,MACRO_WITH_FLOW_CONTROL,NAKED_SSCANF

# -------------------------------------------------------------------------------

report() { # NAME STATUS LOG
	local lines

	if [ "$2" = 0 ]; then
		echo "ok lint-$1"
		return
	fi
	failed=1
	lines=$(wc -l <"$3")
	sed 's/^/#   /' "$3" | head -n 40
	[ "$lines" -le 40 ] || echo "#   [... $lines lines in $3]"
	echo "not ok lint-$1 - $(grep -c . "$3") lines of complaint, in $3"
}

# try NAME COMMAND...: fails if the command does, or if it prints anything.
try() {
	local name=$1 log=$out/$1.log status=0
	shift

	"$@" >"$log" 2>&1 || status=$?
	[ ! -s "$log" ] || status=1
	[ $status = 0 ] || [ -s "$log" ] || echo "exit status $status without a word" >"$log"
	report "$name" $status "$log"
}

sources() { git ls-files -co --exclude-standard -- "$@" 2>/dev/null | while IFS= read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

# Written by a program, which says so at the top.
hand_written() { while IFS= read -r f; do head -n 6 "$f" | grep -qiE 'generated (from|by)|do not edit' || echo "$f"; done; }

# --- kernel ---------------------------------------------------------------------

build_quietly() { # KERNEL ARGUMENT...
	local kernel=$1
	shift
	env -u MAKEFLAGS -u MFLAGS -u K -u T QKDNF_WERROR=y \
		tools/setup/build-modules.sh "build/kernels/$kernel/headers" modules W=1 "$@"
}

lint_warnings() {
	local kernel=$1 log=$out/raw-warnings-$1.log

	build_quietly "$kernel" >"$log" 2>&1 || { cat "$log"; return 1; }
	grep -E 'warning:|WARNING: modpost' "$log"
	[ "$(find "build/$(cat "build/kernels/$kernel/release")" -maxdepth 1 -name '*.ko' | wc -l)" -gt 0 ] || echo "no module was built"
}

lint_sparse() {
	local kernel=$1 log=$out/raw-sparse-$1.log release

	release=$(cat "build/kernels/$kernel/release")
	build_quietly "$kernel" C=2 CF=-D__CHECK_ENDIAN__ >"$log" 2>&1 || { cat "$log"; return 1; }
	# Headers of the kernel have findings of their own.
	grep -E "^(/[^ ]*)?/build/$release/[^ ]*: (warning|error)|^[^ /]*: (warning|error)" "$log"
	grep -q '^  CHECK ' "$log" || echo "sparse looked at nothing"
}

lint_checkpatch() {
	local ignore=$1
	shift
	# It leaves a file with what it knows where it is run.
	(cd "$out" && "$top/$source_tree/scripts/checkpatch.pl" --no-tree --root="$top/$source_tree" --strict --terse \
		--show-types --no-summary --max-line-length=100 --ignore "$ignore" \
		--file "${@/#/$top/}") | sed "s,^$top/,,"
}

# --- user space and scripts -----------------------------------------------------

lint_cppcheck() {
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem -Iuserspace/lib -Iinclude/uapi "$@"
}

# A name stands for one thing: whoever needs two headers can have both.
lint_headers() {
	local file

	# shellcheck disable=SC2046
	for file in "$@"; do
		printf '#include "%s"\n' "${file##*/}"
	done | gcc -fsyntax-only -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -Iuserspace/lib -Iuserspace/qkdnfd \
		-Iinclude/uapi $(pkg-config --cflags libpq) -x c - 2>&1
}

lint_format() {
	local file

	for file in "$@"; do
		clang-format --style=file "$file" | diff -u --label "$file" --label "$file (make format)" "$file" - || :
	done
}

lint_python() {
	local file

	for file in "$@"; do
		/usr/bin/python3 - "$file" <<-'END' || :
			import ast, sys
			try:
			    ast.parse(open(sys.argv[1], encoding="utf-8").read())
			except SyntaxError as error:
			    print(f"{sys.argv[1]}:{error.lineno}: {error.msg}")
		END
	done
}

# --- all of it ------------------------------------------------------------------

mapfile -t shell < <(sources '*.sh' '.ci/run' 'tools/vm/initramfs-init')
mapfile -t python < <(sources '*.py')
mapfile -t kernel_c < <(sources 'kernel/*.[ch]' | grep -v '^kernel/compat/' | hand_written)
mapfile -t compat_c < <(sources 'kernel/compat/*.h')
mapfile -t uapi_c < <(sources 'include/uapi/*.h' | hand_written)
mapfile -t user_c < <(sources 'userspace/*.[ch]' 'tools/*.[ch]' | hand_written)
mapfile -t tests_c < <(sources 'tests/*.[ch]' | grep -v '^tests/userspace/include/' | hand_written)
mapfile -t format_c < <(sources 'userspace/*.[ch]' | hand_written)
mapfile -t headers < <(sources 'userspace/lib/*.h' 'userspace/qkdnfd/*.h')
mapfile -t cppcheck_c < <(sources 'userspace/*.c' 'tests/userspace/*.c')

if [ "${1:-}" = --format ]; then
	[ ${#format_c[@]} = 0 ] || clang-format -i --style=file "${format_c[@]}"
	exit
fi

wanted() {
	local word
	[ ${#names[@]} -gt 0 ] || return 0
	for word in "${names[@]}"; do
		case $1 in "${word#lint-}"*) return 0 ;; esac
	done
	return 1
}
names=("$@")

for kernel in $kernels; do
	if wanted "warnings-$kernel"; then try "warnings-$kernel" lint_warnings "$kernel"; fi
	if wanted "sparse-$kernel"; then try "sparse-$kernel" lint_sparse "$kernel"; fi
done
checkpatch() { # NAME IGNORE FILE...
	local name=checkpatch-$1 ignore=$2
	shift 2
	if [ $# -gt 0 ] && wanted "$name"; then try "$name" lint_checkpatch "$ignore" "$@"; fi
}
checkpatch kernel "$everywhere" "${kernel_c[@]}"
checkpatch compat "$compat" "${compat_c[@]}"
checkpatch uapi "$uapi" "${uapi_c[@]}"
checkpatch userspace "$user" "${user_c[@]}"
checkpatch tests "$tests" "${tests_c[@]}"
if [ ${#format_c[@]} -gt 0 ] && wanted clang-format; then try clang-format lint_format "${format_c[@]}"; fi
if [ ${#cppcheck_c[@]} -gt 0 ] && wanted cppcheck; then try cppcheck lint_cppcheck "${cppcheck_c[@]}"; fi
if wanted headers; then try headers lint_headers "${headers[@]}"; fi
if wanted shellcheck; then try shellcheck shellcheck -x -S warning "${shell[@]}"; fi
if wanted python; then try python lint_python "${python[@]}"; fi
if wanted netlink; then tests/netlink/check_spec.py $source_tree/tools/net/ynl "$out/netlink" || failed=1; fi
if wanted rooms; then try rooms tools/lint/rooms.py; fi
if wanted spdx; then try spdx tools/lint/files.py spdx; fi
if wanted words; then try words tools/lint/files.py words; fi

exit $failed
