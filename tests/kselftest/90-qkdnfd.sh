#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# The federation daemon's two processes: what each may still do, that neither lives
# without the other, settings and their reload, who may ask on the control socket, and a
# node that is brought to a desired state and back to it when somebody changed it.

. "$(dirname "$0")/lib.sh"

# not a version manager's python, which an emulated guest waits for
PATH=$work/bin:$top/build/user:/usr/sbin:/usr/bin:/sbin:/bin

need_module qkdemu
need_module qkdnf

ns_add a
user=nobody gid=$(id -g nobody)
chmod 755 "$work"
socket=$work/run/control
settings=$work/qkdnfd.yaml

write_settings() { # DRIFT [LINE]...
	printf '%s\n' "provider: {name: A, number: 64496}" "user: $user" \
		"state-directory: $work/state" \
		"control: {socket: $socket, read-group: games, write-group: users}" \
		"node: {drift: $1, drift-check: 1s, devices: [/dev/qkdemu]}" "${@:2}" >"$settings.new"
	mv "$settings.new" "$settings"
}

federation() { qkdnfctl "$@" socket "$socket"; }
status() { federation -j federation status; }
state() { status | jq -r ".state.$1"; }
serves() { status >/dev/null 2>&1; }

# A process of its own in namespace a; its log is a file.
start() {
	nsenter --net=/run/netns/a qkdnfd -c "$settings" --name-refused >>"$work/log" 2>&1 &
	daemon=$!
	wait_for 30 serves || bail qkdnfd-starts "$(tail -n 3 "$work/log")"
	ff=$(pgrep -P "$daemon")
}
logged() { grep -qE -- "$1" "$work/log"; }
at_end eval '[ -z "${daemon:-}" ] || stop $daemon'

# --- before it starts -----------------------------------------------------------------------

write_settings report
check qkdnfd-check qkdnfd --check "$settings"
check_fails qkdnfd-check-line "$settings:6:1: unknown setting 'contrl': did you mean 'control'" \
	sh -c "(cat $settings; echo 'contrl: {}') >$work/bad.yaml; qkdnfd --check $work/bad.yaml 2>&1 |
		sed s,bad.yaml,qkdnfd.yaml,; exit 1"
check_fails qkdnfd-unprivileged "CAP_NET_ADMIN is missing" \
	setpriv --reuid 65534 --clear-groups --bounding-set -all qkdnfd -c "$settings"
check_fails qkdnfd-ff-by-hand "a part of qkdnfd" bash -c "exec -a qkdnfd-ff qkdnfd"

# --- what each may still do ---------------------------------------------------------------------

start
field() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }
check_equal qkdnfd-fq-capabilities "0000000000001000 0000000000001000 0000000000000000" \
	"$(field "$daemon" CapPrm) $(field "$daemon" CapEff) $(field "$daemon" CapInh)"
check_equal qkdnfd-fq-bounding 0000000000001000 "$(field "$daemon" CapBnd)"
check_equal qkdnfd-ff-capabilities "0000000000000000 0000000000000000 0000000000000000" \
	"$(field "$ff" CapPrm) $(field "$ff" CapEff) $(field "$ff" CapBnd)"
for process in fq:$daemon ff:$ff; do
	name=${process%:*} pid=${process#*:}
	check_equal "qkdnfd-$name-seccomp" 2 "$(field "$pid" Seccomp)"
	check_equal "qkdnfd-$name-no-new-privileges" 1 "$(field "$pid" NoNewPrivs)"
	check_equal "qkdnfd-$name-user" "$(id -u $user)" "$(field "$pid" Uid)"
	check_equal "qkdnfd-$name-core" 0 "$(awk '/^Max core/ { print $6 }' "/proc/$pid/limits")"
	# what may not be dumped is root's in /proc
	check_equal "qkdnfd-$name-not-dumped" 0 "$(stat -c %u "/proc/$pid/maps")"
done
check_equal qkdnfd-second 1 "$(qkdnfd -c "$settings" >"$work/second" 2>&1; echo $?)"
check qkdnfd-second-says grep -q "another daemon runs on $work/state" "$work/second"

# --- who may ask -----------------------------------------------------------------------------------

as() { # GROUP COMMAND...
	local group=$1
	shift

	if [ "$group" = none ]; then set -- --clear-groups "$top/build/user/qkdnfctl" "$@"; else
		set -- --groups "$(getent group "$group" | cut -d: -f3)" "$top/build/user/qkdnfctl" "$@"
	fi
	setpriv --reuid 65534 --regid "$gid" "$@" socket "$socket"
}
check_fails qkdnfd-nobody-reads "control.read-group" as none federation status
check qkdnfd-readers-read as games federation status
check_fails qkdnfd-readers-do-not-write "control.write-group" as games federation reload
check qkdnfd-writers-write as users federation reload
check qkdnfd-audit logged "audit: control request reload by uid 65534, gid $gid, pid [0-9]+: 403"
check_equal qkdnfd-garbage '400 400 413' "$(python3 - "$socket" <<-'END'
	import json, socket, struct, sys
	def ask(data, length=None):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    s.sendall(struct.pack(">I", len(data) if length is None else length) + data)
	    answer = b""
	    while more := s.recv(65536):
	        answer += more
	    return json.loads(answer[4:])["status"]
	print(ask(b'{"request": "status", "request": "reload"}'), ask(b"[1]"), ask(b"", 0xffffffff))
	END
)"

# --- the node -------------------------------------------------------------------------------------------

check_fails qkdnfd-check-none "no state is desired yet" federation federation check
qkdnfctl emu add ab rate 4M block 4096 || bail emu-ab "cannot make it"
chgrp "$gid" /dev/qkdemu/ab.a && chmod g+r /dev/qkdemu/ab.a
cat >"$work/node.yaml" <<END
node: {id: 64496:1}
peers:
  - {id: 64496:2, name: bee, address: 192.0.2.2, source: /dev/qkdemu/ab.a}
routes:
  - {to: 64498:*, via: 64496:2}
contracts:
  - {peer: 64496:2, id: 7, direction: in, from: 64498:*, to: 64496:1, rate: 100k}
END
apply() { federation federation apply "$@"; }
check_fails qkdnfd-apply-bad "state:3:[0-9]+: .*did you mean 'address'" apply - \
	< <(sed s/address/adress/ "$work/node.yaml")
check_fails qkdnfd-apply-device "state 1:3: /dev/null is not below node.devices" apply - \
	< <(sed s,/dev/qkdemu/ab.a,/dev/null, "$work/node.yaml")
check_equal qkdnfd-apply-dry 5 "$(apply --dry-run "$work/node.yaml" | grep -c '^+')"
check_equal qkdnfd-dry-did-nothing null "$(status | jq .node)"
check_equal qkdnfd-apply 5 "$(apply "$work/node.yaml" | grep -c '^+')"
check_equal qkdnfd-node 64496:1 "$(status | jq -r .node)"
check_equal qkdnfd-source fd "$(qkdnfctl -n a -j source show 64496:2 | jq -r .kind)"
check_equal qkdnfd-meters "7 0" "$(federation -j federation meters |
	jq -r '.[0] | "\(.id) \(.accepted)"')"
check_fails qkdnfd-apply-old "not higher" apply "$work/node.yaml" number 1
check_equal qkdnfd-apply-twice "nothing to do: what runs is what the file says" \
	"$(apply "$work/node.yaml" number 5)"
check_equal qkdnfd-number 5 "$(state number)"
check qkdnfd-as-desired wait_for 30 eval '[ "$(state wanting)" = 0 ]'

# --- drift ------------------------------------------------------------------------------------------------

qkdnfctl -n a route del '64498:*'
check qkdnfd-drift-seen wait_for 30 eval '[ "$(state wanting)" = 1 ]'
check_equal qkdnfd-drift-told "+ route to 64498:* via 64496:2" "$(federation federation check)"
check_equal qkdnfd-drift-reported-only 0 "$(qkdnfctl -n a -j route show | jq length)"
write_settings mend
check qkdnfd-reload federation federation reload
check qkdnfd-drift-mended wait_for 30 eval '[ "$(state mended)" = 1 ]'
check_equal qkdnfd-route-back 1 "$(qkdnfctl -n a -j route show | jq length)"

# --- reload --------------------------------------------------------------------------------------------------

write_settings report "contrl: {}"
check_fails qkdnfd-reload-bad "$settings:6:1: unknown setting 'contrl'" federation federation reload
kill -HUP "$daemon"
check qkdnfd-reload-bad-logged wait_for 30 logged "$settings:6:1: .*: the settings stay as they were"
check_equal qkdnfd-reload-bad-goes-on mend "$(state drift)"
write_settings report
sed -i 's/64496/64497/' "$settings"
check_fails qkdnfd-reload-fixed "provider.number is fixed" federation federation reload
write_settings report
kill -HUP "$daemon"
check qkdnfd-reload-signal wait_for 30 eval '[ "$(state drift)" = report ]'

# --- the end, and another beginning ----------------------------------------------------------------------------

kill "$daemon"
wait "$daemon"
check_equal qkdnfd-ends-well 0 $?
check_equal qkdnfd-node-stays 64496:1 "$(qkdnfctl -n a -j node show | jq -r .id)"
qkdnfctl -n a node del
write_settings report
start
check qkdnfd-state-again wait_for 30 eval '[ "$(status | jq -r .node)" = 64496:1 ]'
check_equal qkdnfd-state-number 5 "$(state number)"

kill -KILL "$ff"
wait "$daemon"
check_equal qkdnfd-not-without-ff 1 $?
check qkdnfd-not-without-ff-says logged "ff was killed by signal 9, so the daemon ends"
start
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
check qkdnfd-ff-not-without-fq wait_for 30 sh -c "! kill -0 $ff 2>/dev/null"
start
kill "$daemon"
wait "$daemon"
check_equal qkdnfd-starts-after-all 0 $?
daemon=
check_equal qkdnfd-nothing-refused 0 "$(grep -c 'system call .* is refused' "$work/log")"
qkdnfctl -n a node del
qkdnfctl emu del ab
[ $tests_failed = 0 ] || sed 's/^/#   /' "$work/log" | tail -n 60
