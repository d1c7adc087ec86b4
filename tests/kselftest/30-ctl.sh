#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# qkdnfctl against the module: files applied, objects shown, events, key taken at
# one end and fetched at the other, and what a person is told when it is wrong.
#
#	  a                     b                     c
#	  64496:1 -- link ab -- 64496:2 -- link bc -- 64497:1
#	  10.0.1.1     10.0.1.2   10.0.2.1     10.0.2.2

. "$(dirname "$0")/lib.sh"

need_module qkdemu
need_module qkdnf

a=64496:1 b=64496:2 c=64497:1

ctl() { qkdnfctl -n "$@"; }

# status EXPECTED NAME PATTERN COMMAND...: refused with this exit status and words
status() {
	local want=$1 name=$2 pattern=$3 output got=0
	shift 3

	output=$("$@" 2>&1) || got=$?
	if [ $got != "$want" ]; then
		fail "$name" "exit status $got, expected $want: $*: $output"
	elif ! grep -qE -- "$pattern" <<<"$output"; then
		fail "$name" "'$output' has no '$pattern'"
	else
		pass "$name"
	fi
}

# member NS PEER NAME: a member of a peer
member() { ctl "$1" -j peer show "$2" | jq -r ".$3"; }
state_is() { [ "$(member "$1" "$2" state)" = "$3" ]; }
has_key() { [ "$(member "$1" "$2" own_level)" -ge 65536 ]; }

# --- before there is a node -------------------------------------------------------

ns_add a b c
chain 10.0 a b c

status 1 ctl-no-node "qkdnfctl node set" ctl a node show
status 1 ctl-no-netns "no network namespace 'nonesuch'" qkdnfctl -n nonesuch node show
status 2 ctl-unknown-object "did you mean 'peer'" qkdnfctl pear
status 2 ctl-unknown-verb "did you mean 'show'" qkdnfctl peer shwo
status 2 ctl-unknown-setting "did you mean 'via'" qkdnfctl route add $b vai $a
status 2 ctl-no-argument "which peer" qkdnfctl peer del
check_equal ctl-monitor-in-time 1 "$(ctl a monitor count 1 for 1s >/dev/null 2>&1; echo $?)"

# --- files -------------------------------------------------------------------------

emu() {
	cat <<-END
		emu:
		  - {name: ab, rate: 4M, block: 4Ki}
		  - {name: bc, rate: 4M, block: 4Ki}
	END
}

cat >"$work/a.yaml" <<END
node: {id: $a, memory: 64Mi}
peers:
  - {id: $b, name: bee, address: 10.0.1.2, hello: 500ms, source: /dev/qkdemu/ab.a}
  - {id: $c, name: sea}
routes:
  - {to: "64497:*", via: $b}
$(emu)
END
cat >"$work/b.yaml" <<END
node: {id: $b}
peers:
  - {id: $a, name: ay, address: 10.0.1.1, hello: 500ms, source: /dev/qkdemu/ab.b}
  - {id: $c, name: sea, address: 10.0.2.2, hello: 500ms, border: no, source: /dev/qkdemu/bc.a}
routes:
  - {to: $a, via: $a}
  - {to: $c, via: $c}
$(emu)
END
cat >"$work/c.yaml" <<END
node: {id: $c}
peers:
  - {id: $b, name: bee, address: 10.0.2.1, hello: 500ms, border: no, source: /dev/qkdemu/bc.b}
  - {id: $a, name: ay}
routes:
  - {to: "64496:*", via: $b}
$(emu)
END

cat >"$work/bad.yaml" <<END
node: {id: $a}
peers:
  - {id: $b, adress: 10.0.1.2}
END
status 1 ctl-apply-bad "bad.yaml:3:19: .*did you mean 'address'" ctl a apply "$work/bad.yaml"
sed "s,/dev/qkdemu/ab.a,/dev/nonesuch," "$work/a.yaml" >"$work/nodev.yaml"
status 1 ctl-apply-no-device "nodev.yaml:3: /dev/nonesuch: No such file" ctl a apply "$work/nodev.yaml"
check ctl-apply-dry-run ctl a apply --dry-run "$work/a.yaml"
status 1 ctl-dry-run-did-nothing "no node" ctl a node show

for ns in a b c; do
	check ctl-apply-$ns ctl $ns apply "$work/$ns.yaml"
	check_equal ctl-apply-$ns-twice "nothing to do: what runs is what the file says" \
		"$(ctl $ns apply "$work/$ns.yaml")"
done

# What was recorded is as good as what runs.
ctl a -j show >"$work/a.json"
check_equal ctl-apply-recorded 0 \
	"$(qkdnfctl -j apply "$work/a.yaml" --dry-run --state "$work/a.json" | jq '.steps | length')"

if wait_for 60 state_is a $b up; then pass ctl-link-up; else
	fail ctl-link-up "state $(member a $b state)"
fi
if wait_for 60 has_key a $b; then pass ctl-link-key; else
	fail ctl-link-key "own level $(member a $b own_level)"
fi

# --- showing -----------------------------------------------------------------------

# has_object WORDS: shown as text, and as JSON that is JSON
has_object() { ctl a "$@" >/dev/null && ctl a -j "$@" | jq -e . >/dev/null; }
for object in show "node show" "peer show" "peer show $b" "source show" "source show $b" \
	"route show" "route show via $b" "route get $c" "contract show" "pool show" \
	"relay show" "flow show" "supply show" "stats show" "emu list"; do
	# shellcheck disable=SC2086
	check "ctl-${object// /-}" has_object $object
done
check_equal ctl-pipe-plain 0 "$(ctl a show | grep -c $'\e')"
# what is green, a link that is up, may for a moment be taken for down
check ctl-terminal-colour wait_for 60 sh -c \
	"TERM=xterm script -qec 'qkdnfctl -n a show' /dev/null | grep -q '$(printf '\033')\[32m'"
check_equal ctl-show-peer bee "$(ctl a -j show | jq -r '.peers[] | select(.id == "'$b'") | .name')"
# a source, too, for silent
check ctl-show-source wait_for 60 sh -c "qkdnfctl -n a show | grep -q '^$b .* fd running'"

# The books are read in one go under the stream's lock, traffic or not.
check ctl-books sh -c "qkdnfctl -n a -j peer show $b |
	jq -e '.books | .in > 0 and .in == .spent + .held + .erased'"

# --- refusals of the kernel -----------------------------------------------------------

status 1 ctl-refused-peer-there "peer" ctl a peer add $b address 10.0.1.2
status 1 ctl-refused-no-peer "no such peer.*\(id\)" ctl a peer set 64496:77 low 1Mi
status 1 ctl-refused-via "\(via\)" ctl a route add 64499:1 via 64496:77
status 1 ctl-refused-route-there "qkdnfctl route replace" ctl a route add "64497:*" via $b
status 1 ctl-refused-device "not a character device" ctl a source add $b fd /etc/passwd
status 1 ctl-refused-null "\(fd\)|source" ctl a source add $b fd /dev/null
status 1 ctl-refused-unprivileged "this needs root" \
	in_ns a setpriv --reuid 65534 --clear-groups "$top/build/user/qkdnfctl" peer show
check ctl-replace ctl a route replace "64497:*" via $b

# --- key ------------------------------------------------------------------------------

key_ready() { ctl a -j key take $b --octets 48 --label first --ttl 5m --digest sha256 >"$work/taken"; }
if wait_for 40 key_ready; then
	pass ctl-key-take
	offset=$(jq .offset "$work/taken")
	status 1 ctl-key-other-label "no such key" \
		ctl b key fetch $a --offset "$offset" --octets 48 --label other --digest sha256
	# The announcement is a frame of its own.
	fetched() {
		ctl b -j key fetch $a --offset "$offset" --octets 48 --label first --digest sha256 \
			--out "$work/key" >"$work/fetched" 2>"$work/err"
	}
	wait_for 60 fetched || cat "$work/err"
	check_equal ctl-key-digest "$(jq -r .sha256 "$work/taken")" "$(jq -r .sha256 "$work/fetched")"
	check_equal ctl-key-file "$(jq -r .sha256 "$work/taken")" \
		"$(sha256sum <"$work/key" | cut -d' ' -f1)"
	check_equal ctl-key-file-mode "600 48" "$(stat -c '%a %s' "$work/key")"
	status 1 ctl-key-once "no such key" \
		ctl b key fetch $a --offset "$offset" --octets 48 --label first --digest sha256
	status 1 ctl-key-no-overwrite "File exists" \
		ctl a key take $b --octets 16 --label x --out "$work/key"
	# There may be no segment to spare just now.
	hex() { ctl a key take $b --octets 16 --label hex --hex >"$work/hex"; }
	wait_for 60 hex
	check ctl-key-hex grep -qE '^[0-9a-f]{32}$' "$work/hex"
	status 2 ctl-key-terminal "not printed on a terminal" \
		script -qec "qkdnfctl -n a key take $b --octets 16 --label x --out -" /dev/null
else
	fail ctl-key-take "$(ctl a key take $b --octets 48 --label first --digest sha256 2>&1)"
fi
status 2 ctl-key-where "say where the key goes" ctl a key take $b --octets 16 --label x
status 2 ctl-key-digest-unknown "sha256 is" ctl a key take $b --octets 16 --label x --digest md5

# --- a process that pushes --------------------------------------------------------------

d=64496:4
# Deep enough that the first block waits: one inside a segment finds no place.
ctl a emu add pushed rate 4M depth 65536
ctl a peer add $d address 10.0.1.4
check ctl-push-add ctl a source add $d push
status 1 ctl-push-nonsense "not a block of key" \
	sh -c "head -c 200 /dev/zero | qkdnfctl -n a source feed $d"
read_blocks() {
	dd if=/dev/qkdemu/pushed.a of="$work/blocks" bs=16640 count=1 2>/dev/null &&
		[ "$(stat -c %s "$work/blocks")" -ge 8320 ]
}
wait_for 20 read_blocks
blocks=$(($(stat -c %s "$work/blocks") / 4160))
check_equal ctl-push-feed "$blocks blocks" "$(ctl a source feed $d "$work/blocks" 2>&1)"
check_equal ctl-push-taken "$((blocks * 4096))" "$(ctl a -j source show $d | jq .octets)"
status 1 ctl-push-repeat "never repeats or rewinds|came before" ctl a source feed $d "$work/blocks"
status 1 ctl-push-cut "ends within a block" sh -c "head -c 100 $work/blocks | qkdnfctl -n a source feed $d"

# --- events ---------------------------------------------------------------------------

qkdnfctl -n c -j monitor type peer-down type pairing-lost count 1 for 300s >"$work/events" 2>&1 &
monitor=$!
check ctl-monitor-subscribes wait_for 60 subscribed $monitor
check ctl-node-del ctl b node del
wait $monitor
check_equal ctl-monitor-status 0 $?
check_equal ctl-monitor-event "$b" "$(jq -r .peer "$work/events")"

# --- changing what runs -------------------------------------------------------------------

sed "s/name: bee,/name: bee, pool: 2Mi,/" "$work/a.yaml" >"$work/a2.yaml"
check_equal ctl-apply-change \
	"~ peer $b (bee): pool-max 4194304 -> 2097152, low 1048576 -> 524288, high 3145728 -> 1572864" \
	"$(ctl a apply "$work/a2.yaml" | grep '^~')"
check_equal ctl-apply-change-twice "nothing to do: what runs is what the file says" \
	"$(ctl a apply "$work/a2.yaml")"
sed "s/name: bee,/name: bee, pool: 32Mi,/" "$work/a.yaml" >"$work/a3.yaml"
status 1 ctl-apply-much-larger "apply --remake" ctl a apply "$work/a3.yaml"
# The device of a source that just went away may still be on its way out.
check ctl-apply-remake wait_for 60 ctl a apply --remake "$work/a3.yaml"
check_equal ctl-remade 33554432 "$(member a $b pool_max)"

# Tunnels are links, and part of what a file says.
tunnels() { cat "$work/a3.yaml"; echo "tunnels:"; printf '  - {%s}\n' "$@"; }
tunnels "name: t0, peer: $b, ttl: 9" >"$work/a4.yaml"
check_equal ctl-tunnel-dry "+ tunnel t0 to $b" "$(ctl a apply --dry-run "$work/a4.yaml")"
check_fails ctl-tunnel-none 'does not exist' ip -n a link show t0
check_equal ctl-tunnel "+ tunnel t0 to $b" "$(ctl a apply "$work/a4.yaml")"
check ctl-tunnel-there ip -n a link show t0
check_equal ctl-tunnel-shown 9 "$(ctl a -j show | jq '.tunnels[0].ttl')"
check ctl-tunnel-page eval "ctl a show | grep -A 2 'ONE-TIME-PAD TUNNELS' | grep -q 't0'"
nothing="nothing to do: what runs is what the file says"
check_equal ctl-tunnel-twice "$nothing" "$(ctl a apply "$work/a4.yaml")"
ctl a -j show >"$work/a4.json"
check_equal ctl-tunnel-recorded "$nothing" \
	"$(qkdnfctl apply "$work/a4.yaml" --dry-run --state "$work/a4.json")"
tunnels "name: t0, peer: $b, tos: 184" >"$work/a5.yaml"
check_equal ctl-tunnel-change "~ tunnel t0 to $b: ttl 9 -> 0, tos 0 -> 184" \
	"$(ctl a apply "$work/a5.yaml")"
check_equal ctl-tunnel-changed '0 184' "$(ctl a -j tunnel show t0 | jq -r '"\(.ttl) \(.tos)"')"
tunnels "name: t0, peer: $b, low: 70000, mtu: 1300" >"$work/a5.yaml"
check_equal ctl-tunnel-marks "~ tunnel t0 to $b: tos 184 -> 0, low 0 -> 70000, mtu 1392 -> 1300" \
	"$(ctl a apply "$work/a5.yaml")"
tunnels "name: t0, peer: $b" >"$work/a5.yaml"
check_equal ctl-tunnel-defaults "~ tunnel t0 to $b: low 70000 -> 0, mtu 1300 -> 1392" \
	"$(ctl a apply "$work/a5.yaml")"
check_equal ctl-tunnel-defaults-twice "$nothing" "$(ctl a apply "$work/a5.yaml")"
tunnels "name: t1, peer: $b" >"$work/a5.yaml"
check_equal ctl-tunnel-renamed "- tunnel t0 to $b, its peer gets another one + tunnel t1 to $b" \
	"$(ctl a apply "$work/a5.yaml" | paste -sd ' ')"
ip -n a link add other type dummy
check_equal ctl-tunnel-gone "- tunnel t1 to $b" "$(ctl a apply "$work/a3.yaml")"
check ctl-tunnel-not-others ip -n a link show other
# Bindings, and what leads traffic to them.
modprobe -a xfrm_user xfrm_interface esp4 seqiv gcm drbg 2>/dev/null
bound() {
	cat "$work/a3.yaml"
	printf 'ipsec:\n  - {reqid: 7, peer: %s, address: 10.0.1.2, local: 10.0.1.1%s}\n' "$b" "$1"
}
# policies: how many of the kernel's, each of one direction
policies() { ip -n a xfrm policy | grep -c '^src'; }
between="policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16"
pair='{own: 10.1.0.0/16, far: 10.2.0.0/16}'
made="+ binding of reqid 7 to 10.0.1.2 + xfrm interface x7 + $between"
bound ", if-id: 7, interface: x7, policies: [$pair]" >"$work/a6.yaml"
check_equal ctl-xfrm-dry "$made" "$(ctl a apply --dry-run "$work/a6.yaml" | paste -sd ' ')"
check_fails ctl-xfrm-none 'does not exist' ip -n a link show x7
# Others have an interface, a policy for it, and one for ports under our reqid.
ip -n a link add other7 type xfrm if_id 99
ip -n a xfrm policy add src 10.8.0.0/16 dst 10.9.0.0/16 dir out if_id 99 \
	tmpl src 10.0.1.1 dst 10.0.1.2 proto esp mode tunnel reqid 99
ip -n a xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 proto udp dport 53 dir out if_id 7 \
	tmpl src 10.0.1.1 dst 10.0.1.2 proto esp mode tunnel reqid 7
others_stay() {
	ip -n a link show other7 >/dev/null &&
		ip -n a xfrm policy | grep -A 3 'dport 53' | grep -q 'reqid 7 ' &&
		ip -n a xfrm policy | grep -q 'reqid 99 '
}
check_equal ctl-xfrm "$made" "$(ctl a apply "$work/a6.yaml" | paste -sd ' ')"
check_equal ctl-xfrm-made "5 UP" \
	"$(policies) $(ip -n a -d link show x7 | grep -q 'if_id 0x7' && ip -n a link show x7 | grep -o UP | head -n 1)"
check_equal ctl-xfrm-twice "$nothing" "$(ctl a apply "$work/a6.yaml")"
ctl a -j show >"$work/a6.json"
check_equal ctl-xfrm-shown 'x7 1 in+out+forward tunnel 10.0.1.2' "$(jq -r \
	'"\(.interfaces[0].name) \(.interfaces | length) \(.policies | map(select(.narrow | not))[0] | "\(.directions) \(.mode) \(.address)")"' \
	"$work/a6.json")"
check_equal ctl-xfrm-recorded "$nothing" \
	"$(qkdnfctl apply "$work/a6.yaml" --dry-run --state "$work/a6.json")"
check ctl-xfrm-page eval "ctl a show | grep -A 2 'IPSEC POLICIES' | grep -q '10.1.0.0/16'"
# What went away in one direction, or became optional, is mended.
ip -n a xfrm policy del src 10.2.0.0/16 dst 10.1.0.0/16 dir fwd if_id 7
ip -n a xfrm policy update src 10.2.0.0/16 dst 10.1.0.0/16 dir in if_id 7 \
	tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel reqid 7 level use
check ctl-xfrm-warned eval "ctl a show | grep -q \"reqid 7: a policy with 'level use'\""
check_equal ctl-xfrm-mended "~ $between: directions in+out -> in+out+forward, optional - -> no" \
	"$(ctl a apply "$work/a6.yaml")"
check_equal ctl-xfrm-mended-twice "5 $nothing" "$(policies) $(ctl a apply "$work/a6.yaml")"
# Another if-id: the device stays, and its routes; policies go to the new one first.
ip -n a route add 10.2.0.0/16 dev x7
bound ", if-id: 8, interface: x7, policies: [$pair]" >"$work/a7.yaml"
check_equal ctl-xfrm-other-if-id \
	"- binding of reqid 7, to be made anew: if-id 7 -> 8 + binding of reqid 7 to 10.0.1.2 ~ xfrm interface x7: if-id 7 -> 8 + $between - $between" \
	"$(ctl a apply "$work/a7.yaml" | paste -sd ' ')"
check ctl-xfrm-route-stays eval "ip -n a route show dev x7 | grep -q 10.2.0.0/16"
check_equal ctl-xfrm-other-if-id-twice "5 $nothing" "$(policies) $(ctl a apply "$work/a7.yaml")"
# Somebody else's is in the way: it stays, and the interface of another if-id does.
ip -n a xfrm policy add src 10.4.0.0/16 dst 10.1.0.0/16 dir in if_id 8 \
	tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel reqid 98
bound ", if-id: 8, policies: [$pair, {own: 10.1.0.0/16, far: 10.4.0.0/16}]" >"$work/a8.yaml"
status 1 ctl-xfrm-in-the-way "there is a policy for this traffic already: it stays" \
	ctl a apply "$work/a8.yaml"
check_equal ctl-xfrm-none-of-it 6 "$(policies)"
ip -n a xfrm policy del src 10.4.0.0/16 dst 10.1.0.0/16 dir in if_id 8
bound ", if-id: 8, interface: other7" >"$work/a8.yaml"
status 1 ctl-xfrm-not-its "other7 is the xfrm interface of if-id 99" ctl a apply "$work/a8.yaml"
# Without a word of them they stay; with an empty list policies go, and show says so.
bound ", if-id: 8" >"$work/a8.yaml"
check_equal ctl-xfrm-yours "$nothing" "$(ctl a apply "$work/a8.yaml")"
bound ", if-id: 8, interface: y7, policies: []" >"$work/a8.yaml"
check_equal ctl-xfrm-empty "- xfrm interface x7, its if-id gets another one + xfrm interface y7 - $between" \
	"$(ctl a apply "$work/a8.yaml" | paste -sd ' ')"
check ctl-xfrm-others-stay others_stay
ip -n a xfrm policy del src 10.1.0.0/16 dst 10.2.0.0/16 proto udp dport 53 dir out if_id 7
check ctl-xfrm-unused eval "ctl a show | grep -q 'no policy has this reqid' && ctl a ipsec show | grep -q none"
check ctl-xfrm-again ctl a apply "$work/a7.yaml"
check_equal ctl-xfrm-binding-gone "- binding of reqid 7, whose policies stay and let nothing through" \
	"$(ctl a apply "$work/a3.yaml")"
check_equal ctl-xfrm-stay 4 "$(policies)"
check ctl-xfrm-del ctl a ipsec policy 7 del 10.1.0.0/16 10.2.0.0/16
check_equal ctl-xfrm-left 1 "$(policies)"

echo "node: {id: $a}" >"$work/a3.yaml"
check ctl-apply-keep ctl a apply --keep "$work/a3.yaml"
check_equal ctl-kept 2 "$(ctl a -j peer show | jq length)"
check ctl-apply-empty ctl a apply "$work/a3.yaml"
check_equal ctl-emptied "0 0 0" \
	"$(ctl a -j show | jq -r '[.peers, .routes, .sources | length] | join(" ")')"
