# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # top is whose sources this
#
# Sourced in guests: strongSwan's charon in network namespaces, one in each, from the
# tree that tools/setup unpacks (part "strongswan"). Nothing of it is installed.

swan_dir=      # configuration, sockets, logs
swan_pids=()

# swan_begin DIRECTORY: charon's paths are compiled in, so its tree goes there.
swan_begin() {
	local tree=$top/build/daemons/strongswan/usr

	swan_dir=$1
	[ -x "$tree/lib/ipsec/charon" ] || {
		echo "no strongSwan in $top/build/daemons: tools/setup/setup.sh strongswan" >&2
		return 1
	}
	mkdir -p "$swan_dir" /usr/lib/ipsec &&
		mount --bind "$tree/lib/ipsec" /usr/lib/ipsec || return
	modprobe -a xfrm_user esp4 gcm seqiv echainiv 2>/dev/null
	(umask 077 && printf '0x%s\n' "$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')" >"$swan_dir/secret")
}

# swan_config NS OWN FAR FAR-NS CONNECTIONS CHILD...: IKE with a pre-shared key between
# two outer addresses. CHILD is NAME=OWN-SELECTOR=FAR-SELECTOR[=REQID], begun as
# $swan_start says but for one with a reqid, which waits to be told; with more than one
# connection each of them has all of them, CHILD's @ being the connection's number.
swan_config() {
	local ns=$1 own=$2 far=$3 other=$4 connections=$5 i child name from to reqid start
	shift 5

	cat >"$swan_dir/$ns.strongswan.conf" <<-END
		charon {
		  load = random nonce openssl kdf kernel-netlink socket-default vici
		  plugins {
		    vici { socket = unix://$swan_dir/$ns.vici }
		  }
		  filelog {
		    all { path = $swan_dir/$ns.log
		      default = ${swan_log:-1}
		      flush_line = yes
		    }
		  }
		  syslog { daemon { default = -1
		    } auth { default = -1
		    } }
		}
		swanctl { load = random nonce openssl }
	END
	(
		umask 077
		{
			echo 'connections {'
			for ((i = 0; i < connections; i++)); do
				cat <<-END
					site$i {
					  version = 2
					  local_addrs = $own
					  remote_addrs = $far
					  proposals = aes256gcm16-prfsha256-x25519
					  rekey_time = 0
					  local { auth = psk
					    id = $ns$i }
					  remote { auth = psk
					    id = $other$i }
					  children {
				END
				for child in "$@"; do
					IFS='=' read -r name from to reqid <<<"${child//@/$i}"
					start=${swan_start:-none}
					[ -z "$reqid" ] || start=none
					printf '%s { local_ts = %s\n remote_ts = %s\n esp_proposals = aes256gcm16\n' \
						"$name" "$from" "$to"
					printf 'rekey_time = 0\n start_action = %s\n %s }\n' \
						"$start" "${reqid:+reqid = $reqid}"
				done
				echo '} }'
			done
			echo '}'
			echo 'secrets { ike { secret = '"$(cat "$swan_dir/secret")"' } }'
		} >"$swan_dir/$ns.swanctl.conf"
	)
}

# swan NS ARGUMENT...: swanctl
swan() {
	local ns=$1
	shift

	STRONGSWAN_CONF=$swan_dir/$ns.strongswan.conf timeout 60 "$top/build/daemons/strongswan/usr/sbin/swanctl" "$@" \
		--uri "unix://$swan_dir/$ns.vici"
}

# swan_start NS: charon, with its configuration. Where it notes its process is compiled
# in, too, so it gets a /run of its own.
swan_start() {
	# shellcheck disable=SC2016 # the inner shell's
	STRONGSWAN_CONF=$swan_dir/$1.strongswan.conf ip netns exec "$1" sh -c \
		'mount -t tmpfs tmpfs /run && exec /usr/lib/ipsec/charon' >"$swan_dir/$1.out" 2>&1 &
	swan_pids+=($!)
	eval "swan_pid_$1=\$!"
	wait_for 60 swan "$1" --stats || {
		swan "$1" --stats
		tail "$swan_dir/$1.out" "$swan_dir/$1.log" >&2
		return 1
	}
	swan "$1" --load-all --clear --file "$swan_dir/$1.swanctl.conf" >"$swan_dir/$1.loaded" 2>&1 || {
		tail "$swan_dir/$1.loaded" >&2
		return 1
	}
}

# swan_stop NS: it takes its associations and policies with it
swan_stop() {
	local pid

	eval "pid=\${swan_pid_$1:-}"
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	eval "swan_pid_$1="
}

# swan_end: all of it
swan_end() {
	local pid

	for pid in "${swan_pids[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	umount -l /usr/lib/ipsec 2>/dev/null
}
