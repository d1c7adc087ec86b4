#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Search the memory of a guest: search.py, and the program that it needs.
#
#   tests/leak/search.sh PROCESS REQUEST ANSWER
#   tests/leak/search.sh self-test

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
program=$top/build/vm/memsearch

mkdir -p "$top/build/vm"
(
	flock 8
	if [ ! "$program" -nt "$here/memsearch.c" ]; then
		gcc -O2 -std=gnu11 -Wall -Wextra -Werror -o "$program.new" "$here/memsearch.c"
		mv "$program.new" "$program"
	fi
) 8>"$program.lock"
case ${1:-} in
self-test) exec /usr/bin/python3 "$here/selftest.py" "$program" ;;
[0-9]*) exec /usr/bin/python3 "$here/search.py" --guest "$1" --program "$program" "$2" "$3" ;;
*) echo "search: error: say whose memory to search: PROCESS REQUEST ANSWER" >&2; exit 2 ;;
esac
