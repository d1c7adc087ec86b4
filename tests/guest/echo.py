#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is each of many echo requests answered?

	echo.py ADDRESS COUNT INTERVAL

Sends them in such intervals (seconds), and waits long for answers that are late:
ping takes for lost what is not there two round trips after the last request.
Prints which are lost; the exit status is 1 then.
"""
import os
import select
import socket
import struct
import sys
import time

ADDRESS, COUNT, INTERVAL = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
PATIENCE = 120		# seconds for what must come: the machine may be busy
V6 = ":" in ADDRESS
ECHO, REPLY = (128, 129) if V6 else (8, 0)


def checksum(data):
    words = sum(struct.unpack(f">{len(data) // 2}H", data))
    words = (words >> 16) + (words & 0xffff)
    return ~(words + (words >> 16)) & 0xffff


def request(ident, sequence):
    form = ">BBHHH56x"
    bare = struct.pack(form, ECHO, 0, 0, ident, sequence)
    return struct.pack(form, ECHO, 0, checksum(bare), ident, sequence)


def main():
    # The kernel puts ICMPv6's checksum in place of ours, and hands up no IPv6 header.
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) if V6 else \
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.connect((ADDRESS, 0))
    ident, missing, errors = os.getpid() & 0xffff, set(), {}
    sent, due = 0, time.monotonic()
    end = due + COUNT * INTERVAL + PATIENCE
    while (sent < COUNT or missing) and time.monotonic() < end:
        if sent < COUNT and time.monotonic() >= due:
            try:
                sock.send(request(ident, sent))
            except OSError as error:
                errors[sent] = error.strerror
            missing.add(sent)
            sent += 1
            due = time.monotonic() + INTERVAL
        wait = due - time.monotonic() if sent < COUNT else end - time.monotonic()
        if select.select([sock], [], [], max(0, wait))[0]:
            packet = sock.recv(65536)
            header = 0 if V6 else 4 * (packet[0] & 15)
            kind, _, _, whose, sequence = struct.unpack_from(">BBHHH", packet, header)
            if (kind, whose) == (REPLY, ident):
                missing.discard(sequence)
    if missing:
        print(f"{len(missing)} of {COUNT} were not answered: {sorted(missing)[:20]} {errors}")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
