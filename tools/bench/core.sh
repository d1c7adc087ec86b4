#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build and run the benchmarks of the cores, natively: of the relay hop (core.c) and
# of what the one-time-pad tunnel sends (tunnel_core.c); figures go into
# build/bench/core.json. RUNS=N: how many runs. KERNEL=DIR: other kernel files.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
kernel=${KERNEL:-kernel}
out=build/bench
mkdir -p "$out/core-obj"

crypto=$(pkg-config --variable=libdir libcrypto)/libcrypto.a
[ -f "$crypto" ] || {
	echo "bench: error: $crypto is not there: install libssl-dev" >&2
	exit 1
}

flags="-std=gnu11 -O2 -g -fno-strict-aliasing -Wall -Wextra -Werror -Wno-sign-compare
	-Wno-unused-parameter -Wno-missing-field-initializers
	-Itests/userspace/include -iquote $kernel -DSHIM_FAST -DSHIM_POLY1305_OPENSSL"

# As the kernel is built: no vector registers but in the library.
for file in wire otp hash segment stream fill books window; do
	# shellcheck disable=SC2086
	gcc $flags -mgeneral-regs-only -c -o "$out/core-obj/$file.o" "$kernel/$file.c"
done
for program in core tunnel_core; do
	# shellcheck disable=SC2086
	gcc $flags -o "$out/$program" "tools/bench/$program.c" tools/bench/native.c \
		"$out"/core-obj/*.o "$crypto" -lpthread -ldl
	"$out/$program" -r "${RUNS:-11}" -o "$out/core-obj/$program.json"
done
jq -s add "$out"/core-obj/core.json "$out"/core-obj/tunnel_core.json >"$out/core.json"
