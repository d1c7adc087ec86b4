#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a stranger can do to a tunnel who hears it and sends from the peer's address:
replay, change, invent. Each is counted for what it is, and nothing comes through.

	strange.py NS INTERFACE ADDRESS PEER NS-OF-PEER TUNNEL-ADDRESS

ADDRESS is that of NS, TUNNEL-ADDRESS its own in tunnel t0; frames are heard at
INTERFACE, while the peer pings.
"""
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tools", "decode"))

import frame as wire                    # noqa: E402

NS, INTERFACE, ADDRESS, PEER, FROM, INNER = sys.argv[1:]
ROUNDS = 40
PATIENCE = 120		# seconds for what must come: the machine may be busy
libc = ctypes.CDLL(None, use_errno=True)
sent = set()


def ctl(*words):
    return json.loads(subprocess.run(["qkdnfctl", "-n", NS, "-j", *words], check=True,
                                     capture_output=True, text=True).stdout)


def enter(ns):
    with open(f"/run/netns/{ns}") as net:
        if libc.setns(net.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def heard(listener, newest=None):
    """The newest DATA frame of the peer itself, behind Ethernet, IPv4 and UDP: from an
    older one on, key may have been spent meanwhile.
    """
    while not newest or select.select([listener], [], [], 0)[0]:
        packet = listener.recv(65536)
        if packet[12:14] != b"\x08\0" or packet[23] != 17:
            continue
        raw = packet[14 + 4 * (packet[14] & 15) + 8:]
        if raw not in sent and len(raw) > wire.HEADER_LEN and raw[1] == wire.DATA and \
                raw[8:16] == wire.parse_node(PEER).to_bytes(8, "big"):
            newest = wire.Frame(raw)
    return newest


def main():
    enter(NS)
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    listener.bind((INTERFACE, 0))
    listener.settimeout(PATIENCE)
    enter(FROM)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    before, device = ctl("peer", "show", PEER)["counters"], ctl("tunnel", "show", "t0")
    malformed = ctl("stats", "show")["unclaimed"]["form"]
    replayed = forged = broken = 0

    def send(raw):
        sent.add(bytes(raw))
        sock.sendto(bytes(raw), (ADDRESS, 17717))
        return 1

    def counted():
        """What was sent here and has been refused so far."""
        now = ctl("peer", "show", PEER)["counters"]
        return sum(now[name] - before[name] for name in ("drop_claimed", "drop_tag")) + \
            ctl("stats", "show")["unclaimed"]["form"] - malformed

    pings = subprocess.Popen(["ping", "-nq", "-i", "0.1", "-s", "300", INNER],
                             stdout=subprocess.DEVNULL)
    try:
        while forged < ROUNDS:
            pings.send_signal(signal.SIGCONT)
            frame = heard(listener)
            # The peer spends no more until this is said: what is ahead stays ahead.
            pings.send_signal(signal.SIGSTOP)
            frame = heard(listener, frame)
            # Octets a bit further on in the same segment: held, and not spent yet.
            ahead = frame.offset + 6144
            if ahead >> frame.shift != (ahead + 1024) >> frame.shift or \
                    ahead >> frame.shift != frame.offset >> frame.shift:
                continue
            replayed += send(frame.raw)
            raw = bytearray(frame.raw)
            if forged % 2:
                raw[16:24] = ahead.to_bytes(8, "big")
                forged += send(raw)
                continue
            raw[16:24] = (ahead + 512).to_bytes(8, "big")
            raw[64 + forged % (len(raw) - 64)] ^= 1 << forged % 8
            forged += send(raw)
        broken += send(frame.raw[:2] + b"\0" + frame.raw[3:])          # not padded
        broken += send(frame.raw[:56] + b"\0\0\0\1" + frame.raw[60:])  # in a contract
        end = time.monotonic() + PATIENCE
        while counted() < replayed + forged + broken and time.monotonic() < end:
            time.sleep(0.3)
    finally:
        pings.kill()
        pings.wait()

    after, got = ctl("peer", "show", PEER)["counters"], ctl("tunnel", "show", "t0")
    gone = {name: after[name] - before[name] for name in after if name.startswith("drop_")}
    wrong = []
    if gone["drop_claimed"] != replayed:
        wrong.append(f"{replayed} replayed, counted: {gone}")
    if gone["drop_tag"] != forged:
        wrong.append(f"{forged} forged, counted: {gone}")
    if ctl("stats", "show")["unclaimed"]["form"] - malformed != broken:
        wrong.append(f"{broken} malformed, otherwise counted")
    frames = after["rx_frames"] - before["rx_frames"] - replayed - forged
    if not 0 < got["rx_packets"] - device["rx_packets"] <= frames:
        wrong.append(f"{got['rx_packets'] - device['rx_packets']} packets came through, of "
                     f"{frames} true frames")
    if wrong:
        print("; ".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
