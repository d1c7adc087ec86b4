#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""IPsec in UDP, with a NAT between the ends who says in a file what he is to do.

	nat.py FILE INSIDE: in namespace m, amid a and b. FILE names where a's packets shall
	come from at b, as ADDRESS:PORT, or is empty; it may change. INSIDE is where they
	come from at a.

At his end he prints, as JSON, how many packets of each kind he saw.
"""
import collections
import json
import os
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from middle import Middle  # noqa: E402

FILE, INSIDE = sys.argv[1:]
AT = {0: (26, 34), 1: (30, 36)}		# what to change: address and port of side 0


def place(text):
    address, port = text.split(":")
    return socket.inet_aton(address) + struct.pack(">H", int(port))


def rewritten(packet, at, there):
    p = bytearray(packet)
    p[at[0]:at[0] + 4], p[at[1]:at[1] + 2] = there[:4], there[4:]
    p[40:42] = p[24:26] = b"\0\0"
    words = sum(struct.unpack(">10H", p[14:34]))
    words = (words & 0xffff) + (words >> 16)
    p[24:26] = struct.pack(">H", ~(words + (words >> 16)) & 0xffff)
    return bytes(p)


class Nat(Middle):
    inside, outside = place(INSIDE), None

    def take(self, packet, side):
        kind = self.kind(packet)
        if kind:
            seen[kind] += 1
        here, there = (self.inside, self.outside)[::1 if side == 0 else -1]
        at = AT[side]
        if self.outside and kind in ("esp-in-udp", "keepalive") and \
                packet[at[0]:at[0] + 4] + packet[at[1]:at[1] + 2] == here:
            packet = rewritten(packet, at, there)
            seen["mapped"] += 1
        super().take(packet, side)

    def kind(self, packet):
        if packet[12:14] == b"\x86\xdd":
            protocol, at = packet[20], 54
        elif packet[12:14] == b"\x08\x00":
            protocol, at = packet[23], 34
        else:
            return None
        if protocol == socket.IPPROTO_ESP:
            return "esp"
        ports = struct.unpack(">HH", packet[at:at + 4])
        if protocol != socket.IPPROTO_UDP or not set(ports) & {4500, 4600}:
            return None
        length, = struct.unpack(">H", packet[at + 4:at + 6])
        data = packet[at + 8:at + length]
        if data == b"\xff":
            return "keepalive"
        if len(data) > 8 and data[:4] != bytes(4):
            return "esp-in-udp6" if at == 54 else "esp-in-udp"
        return "other"


seen = collections.Counter()
nat = Nat("to-a", "to-b")
nat.start()
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
while not ended:
    text = ""
    if os.path.exists(FILE):
        with open(FILE) as f:
            text = f.read().strip()
    nat.outside = place(text) if text else None
    time.sleep(0.1)
print(json.dumps(seen))
