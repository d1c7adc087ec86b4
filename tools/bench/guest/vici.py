#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CHILD_SAs of strongSwan's charon, rekeyed by its own protocol, vici.

	vici.py SOCKET count		how many are installed
	vici.py SOCKET rekey NAME...	each of them once, and wait until all are

rekey prints how many there were and in how many nanoseconds: from the first request
until charon has told that the last one is done.
"""
import socket
import struct
import sys
import time

REQUEST, RESPONSE, UNKNOWN, REGISTER, _, CONFIRM, EVENT_UNKNOWN, EVENT = range(8)
SECTION, END, VALUE, LIST, ITEM, LIST_END = range(1, 7)
PATIENCE = 300		# seconds


class Vici:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.events = []

    def send(self, kind, name, message=b""):
        packet = bytes([kind, len(name)]) + name.encode() + message
        self.sock.sendall(struct.pack(">I", len(packet)) + packet)

    def octets(self, count):
        got = b""
        while len(got) < count:
            more = self.sock.recv(count - len(got))
            if not more:
                raise EOFError("charon hung up")
            got += more
        return got

    def packet(self):
        """(kind, what follows)"""
        packet = self.octets(struct.unpack(">I", self.octets(4))[0])
        return packet[0], packet[1:]

    def answer(self):
        """The next packet that is no event; events are kept."""
        while True:
            kind, rest = self.packet()
            if kind != EVENT:
                return kind, rest
            self.events.append(event(rest))

    def listen(self, name):
        self.send(REGISTER, name)
        kind, _ = self.answer()
        if kind != CONFIRM:
            raise RuntimeError(f"charon knows no event {name}")

    def ask(self, name, **values):
        self.send(REQUEST, name, b"".join(
            bytes([VALUE, len(key)]) + key.encode() + struct.pack(">H", len(value)) + value.encode()
            for key, value in values.items()))
        kind, rest = self.answer()
        if kind != RESPONSE:
            raise RuntimeError(f"charon knows no command {name}")
        return dict(values_of(rest))

    def event(self):
        if not self.events:
            kind, rest = self.packet()
            if kind != EVENT:
                raise RuntimeError("an answer to nothing")
            return event(rest)
        return self.events.pop(0)


def event(rest):
    """(name, message)"""
    length = rest[0]
    return rest[1:1 + length].decode(), rest[1 + length:]


def values_of(message):
    """(key, value) of all sections, one after the other"""
    at = 0
    while at < len(message):
        kind, at = message[at], at + 1
        key = ""
        if kind in (SECTION, VALUE, LIST):
            length = message[at]
            key, at = message[at + 1:at + 1 + length].decode(), at + 1 + length
        if kind in (VALUE, ITEM):
            length = struct.unpack_from(">H", message, at)[0]
            yield key, message[at + 2:at + 2 + length].decode()
            at += 2 + length


def count(vici):
    vici.listen("list-sa")
    vici.ask("list-sas")
    return sum(value == "INSTALLED" for _, message in vici.events for key, value in values_of(message)
               if key == "state")


def rekey(vici, names):
    vici.listen("child-rekey")
    began = time.monotonic_ns()
    for name in names:
        answer = vici.ask("rekey", child=name)
        if answer.get("success") != "yes" or answer.get("matches") != "1":
            raise RuntimeError(f"charon does not rekey {name}: {answer}")
    for _ in names:
        vici.event()
    return time.monotonic_ns() - began


def main():
    path, what, *names = sys.argv[1:]
    vici = Vici(path)
    if what == "count":
        print(count(vici))
    else:
        print(len(names), rekey(vici, names))


if __name__ == "__main__":
    main()
