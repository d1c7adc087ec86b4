# SPDX-License-Identifier: GPL-2.0-or-later
"""A man in the middle of links: docs/protocol.md, from the network's side.

He sits in a namespace with one interface towards each end of a link, hands on what
he is told to, and may hold, drop, repeat, change and forge. He audits too: no octet
of a link's key stream may ever seal two different frames (invariant 1).
"""
import select
import socket
import struct
import threading

PORT = 17717
HEADER = 80
HASH = 1072
PROBE, HELLO, GRANT, SUPPLY, RELAY, ACK, NAK = range(1, 8)
REPLY, KEYED, RNG, PADDED = 1, 2, 4, 8


class Frame:
    """A qkdnf frame as it was caught: `packet` is the whole Ethernet frame."""

    def __init__(self, packet, side):
        self.packet, self.side = packet, side
        self.data = packet[42:42 + struct.unpack(">H", packet[38:40])[0] - 8]
        (self.version, self.type, self.flags, self.hops, self.length, self.share, self.shift,
         self.sender, self.offset, self.origin, self.destination, self.incarnation,
         self.remote_offset) = struct.unpack(">BBBBHBB6Q", self.data[:56])

    @staticmethod
    def caught(packet, side):
        """It, or None if the packet is something else."""
        if len(packet) < 42 + HEADER or packet[12:14] != b"\x08\x00" or packet[14] != 0x45 or \
                packet[23] != socket.IPPROTO_UDP or packet[36:38] != struct.pack(">H", PORT):
            return None
        return Frame(packet, side)

    def span(self):
        """The octets of key that it spends, as granules of 16."""
        pad = self.length if self.flags & (PADDED | KEYED) else 0
        return range(self.offset // 16, (self.offset + 32 + pad + 15) // 16)

    def hash_offset(self):
        """Where the hash key lies that a HELLO names, or None."""
        if self.type != HELLO or len(self.data) < HEADER + 80:
            return None
        offset, = struct.unpack(">Q", self.data[HEADER + 72:HEADER + 80])
        return None if offset == 2 ** 64 - 1 else offset

    def with_data(self, data, source=None):
        """The packet with another payload, from another address."""
        ip = bytearray(self.packet[14:34])
        ip[2:4] = struct.pack(">H", 28 + len(data))
        ip[10:12] = b"\0\0"
        if source:
            ip[12:16] = socket.inet_aton(source)
        words = sum(struct.unpack(">10H", ip))
        words = (words & 0xffff) + (words >> 16)
        ip[10:12] = struct.pack(">H", ~(words + (words >> 16)) & 0xffff)
        udp = self.packet[34:38] + struct.pack(">HH", 8 + len(data), 0)
        return self.packet[:14] + bytes(ip) + udp + data


class Middle(threading.Thread):
    """rule(frame) returns "pass", "drop" or "hold" for each frame. `names` are his
    interfaces: what comes by the first leaves by the second and the other way
    round, and so on, two for each link. frame.side says by which one it came.
    """

    def __init__(self, *names):
        super().__init__(daemon=True)
        self.sockets = []
        for name in names:
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((name, 0))
            self.sockets.append(s)
        self.lock = threading.Condition()
        self.rule = lambda frame: "pass"
        self.frames, self.held, self.violations = [], [], []
        self.spent = {}

    def run(self):
        while True:
            for s in select.select(self.sockets, [], [])[0]:
                packet, where = s.recvfrom(65536)
                if where[2] != socket.PACKET_OUTGOING:
                    self.take(packet, self.sockets.index(s))

    def take(self, packet, side):
        frame = Frame.caught(packet, side)
        if not frame:
            self.sockets[side ^ 1].send(packet)
            return
        with self.lock:
            self.audit(frame)
            verdict = self.rule(frame)
            if verdict == "hold":
                self.held.append(frame)
            elif verdict == "pass":
                self.send(frame)
            self.lock.notify_all()

    def audit(self, frame):
        link = frame.side // 2
        self.spend(link, frame.span(), frame.data)
        named = frame.hash_offset()
        if named is not None:
            # The hash key of a direction: a use of its own, named again and again.
            self.spend(link, range(named // 16, (named + HASH) // 16), b"hash key at %d" % named)

    def spend(self, link, granules, use):
        for granule in granules:
            before = self.spent.setdefault((link, granule), use)
            if before != use:
                self.violations.append((link, granule, before[:64].hex(), use[:64].hex()))
                return

    def send(self, frame, packet=None):
        """Hand a frame, or another packet in its place, to the other side."""
        if packet is None:
            self.frames.append(frame)
        # Checksums may have been left to an interface that does not exist.
        self.sockets[frame.side ^ 1].send(packet or frame.with_data(frame.data))

    def obey(self, rule):
        with self.lock:
            self.rule = rule

    def release(self):
        """Hand on all that was held; from now on all is handed on."""
        with self.lock:
            self.rule = lambda frame: "pass"
            held, self.held = self.held, []
            for frame in held:
                self.send(frame)
        return held

    def hold_after(self, count, wanted=lambda frame: True):
        """Let `count` more wanted frames pass, then hold everything."""
        left = [count]

        def rule(frame):
            if left[0] <= 0:
                return "hold"
            left[0] -= wanted(frame)
            return "pass"
        self.obey(rule)

    def wait(self, condition, seconds):
        with self.lock:
            return self.lock.wait_for(condition, seconds)
