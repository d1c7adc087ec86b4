#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A root shell in a guest; leave it with exit.
#
#   tools/vm/shell.sh [6.1|6.12] [OPTION of run.sh...]

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
series=6.12

case ${1:-} in
6.*) series=$1; shift ;;
esac
[ -t 0 ] || { echo "vm: error: a shell needs a terminal; use tools/vm/run.sh for scripts" >&2; exit 96; }
read -r LINES COLUMNS < <(stty size)
export LINES COLUMNS
exec "$here/run.sh" --kernel "$series" --timeout 0 --no-verdict --interactive "$@" "$here/guest-shell.sh"
