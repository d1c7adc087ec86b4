#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# https_vs_nginx: requests per second that the offices' HTTPS server answers, over
# those of nginx: 2,000 octets by GET over 64 connections with mutual TLS 1.3, kept
# alive; two workers each, on this machine as it is, the load beside them. They take
# turns, RUNS=N times SECONDS_EACH=N. It says what the server by itself can do: a query of
# the federation does more.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tools/setup/setup.sh host nginx
make -s user-programs
make -s -C tools/bench https
runs=${RUNS:-5} seconds=${SECONDS_EACH:-3}
bin=build/bench/bin
work=$PWD/build/bench/https
rm -rf "$work"
mkdir -p "$work/www/ff/v1" "$work/temp"
name=office.a.example
pids=()
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || :' EXIT

# --- certificates and content ------------------------------------------------------

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key" 2>/dev/null; }
key ca
openssl req -x509 -key "$work/ca.key" -subj "/CN=bench" -days 2 -out "$work/ca.pem" 2>/dev/null
for who in server client; do
	key $who
	openssl req -new -key "$work/$who.key" -subj "/CN=$who" -out "$work/$who.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$name" >"$work/ext"
	openssl x509 -req -in "$work/$who.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
		-CAcreateserial -days 2 -extfile "$work/ext" -out "$work/$who.pem" 2>/dev/null
done
head -c 2000 < <(jq -cn '[range(100) | {region: "region-\(.)", service: "key", level: 3}]') \
	>"$work/www/ff/v1/services"

# --- both servers --------------------------------------------------------------------

port=$((20000 + $$ % 10000))
"$bin/https_server" $port $name "$work/server.pem" "$work/server.key" "$work/ca.pem" \
	"$work/www/ff/v1/services" &
pids+=($!)
cat >"$work/nginx.conf" <<END
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 2;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log warn;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path $work/temp/a; proxy_temp_path $work/temp/b; fastcgi_temp_path $work/temp/c;
	uwsgi_temp_path $work/temp/d; scgi_temp_path $work/temp/e;
	sendfile on;
	open_file_cache max=10;
	keepalive_requests 1000000000;
	default_type application/json;
	add_header Cache-Control no-store;
	server {
		listen 127.0.0.1:$((port + 1)) ssl backlog=512;
		server_name $name;
		ssl_protocols TLSv1.3;
		ssl_session_tickets off;
		ssl_session_cache off;
		ssl_certificate $work/server.pem;
		ssl_certificate_key $work/server.key;
		ssl_client_certificate $work/ca.pem;
		ssl_verify_client on;
		root $work/www;
	}
}
END
build/daemons/nginx/usr/sbin/nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.conf" 2>"$work/nginx.start" &
pids+=($!)

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for p in $port $((port + 1)); do
	for _ in $(seq 100); do
		if listens "$p"; then break; fi
		sleep 0.1
	done
	listens "$p" || { echo "https: error: no server at port $p: $(cat "$work/nginx.start" "$work/nginx.log" 2>/dev/null)" >&2; exit 1; }
done

# --- turns -----------------------------------------------------------------------------

load() { "$bin/https_load" "$1" $name /ff/v1/services "$work/client.pem" "$work/client.key" "$work/ca.pem" "$2" 2 32; }
load $port 1 >/dev/null
load $((port + 1)) 1 >/dev/null
for i in $(seq "$runs"); do
	read -r ours our_octets < <(load $port "$seconds")
	read -r theirs their_octets < <(load $((port + 1)) "$seconds")
	[ "$our_octets" = 2000 ] && [ "$their_octets" = 2000 ] ||
		{ echo "https: error: answers of '$our_octets' and '$their_octets' octets" >&2; exit 1; }
	echo "https: $i of $runs: $ours a second, nginx $theirs" >&2
	echo "$ours $theirs" >>"$work/runs"
done
jq -Rs --arg version "$(build/daemons/nginx/usr/sbin/nginx -v 2>&1 | sed 's/.*nginx\///')" '
	def middle: sort | .[length / 2 | floor];
	[split("\n")[] | select(. != "") | split(" ") | map(tonumber)] |
	map(.[0] / .[1] * 1000 | round / 1000) as $ratios |
	[{name: "https_vs_nginx", value: ($ratios | middle), unit: "x", min: ($ratios | min),
	  max: ($ratios | max), runs: length,
	  against: "nginx \($version), \(map(.[1]) | middle) a second: 2,000 octets, 64 connections, mutual TLS 1.3, two workers each"},
	 {name: "https_requests", value: (map(.[0]) | middle), unit: "1/s", min: (map(.[0]) | min),
	  max: (map(.[0]) | max), runs: length, against: "the same, the load on the same two processors"}]' \
	"$work/runs" >build/bench/https.json
