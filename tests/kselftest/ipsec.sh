# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # top is lib.sh's
#
# Sourced after km.sh by the tests of IPsec: what is asked of bindings and xfrm.

modprobe -a xfrm_user xfrm_interface esp4 esp6 seqiv gcm drbg 2>/dev/null

# of NS REQID FILTER; has NS REQID CONDITION: of a binding
of() { ctl "$1" -j ipsec show "$2" | jq -r "$3"; }
has() { ctl "$1" -j ipsec show "$2" | jq -e "$3" >/dev/null; }

# gets NAME SECONDS NS REQID CONDITION
gets() {
	if wait_for "$2" has "$3" "$4" "$5"; then
		pass "$1"
	else
		fail "$1" "after $2 s not $5 at $3: $(ctl "$3" -j ipsec show "$4" | jq -c '{state, reason, rekeys_out, rekeys_in, failed, old_out, old_in}')"
		return 1
	fi
}

# states NS: lines of xfrm's states; counted NS N
states() { ip -n "$1" xfrm state | grep -c '^src'; }
counted() { [ "$(states "$1")" = "$2" ]; }

# lossless NAME NS TARGET COUNT: each ping is answered
lossless() {
	check "$1" in_ns "$2" /usr/bin/python3 "$top/tests/guest/echo.py" "$3" "$4" 0.02
}

# agreed A REQID-A B REQID-B: each sends under what the other one receives under
agreed() {
	jq -en --argjson a "$(ctl "$1" -j ipsec show "$2")" --argjson b "$(ctl "$3" -j ipsec show "$4")" \
		'$a.out_spi and $a.out_spi == $b.in_spi and $b.out_spi == $a.in_spi' >/dev/null
}

# forged NS: packets that came under an association and whose key or tag was wrong
forged() { ip -n "$1" -s xfrm state | awk '/replay-window/ { for (i = 1; i < NF; i++) if ($i == "failed") n += $(i + 1) } END { print n + 0 }'; }
