# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink without a process for each request, and namespaces that no name keeps: what
a program needs that makes and asks thousands of times. The numbers of family qkdnf are
read from its header.
"""
import ctypes
import os
import re
import socket
import struct

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

ROUTE, XFRM, GENERIC = 0, 6, 16
REQUEST, ACK, DUMP, EXCL, CREATE = 1, 4, 0x300, 0x200, 0x400
ERROR, DONE = 2, 3


def numbers(path):
    """Names and values of the enums of a header."""
    found, value = {}, -1
    for line in open(os.path.join(TOP, path)):
        if line.startswith("enum"):
            value = -1
        match = re.match(r"\t(\w+)(?: = (\d+))?,?$", line)
        if match:
            value = int(match[2]) if match[2] else value + 1
            found[match[1]] = value
    return found


QKDNF = numbers("include/uapi/linux/qkdnf.h")


def attr(kind, payload):
    if isinstance(payload, str):
        payload = payload.encode() + b"\0"
    return struct.pack("HH", len(payload) + 4, kind) + payload + bytes(-len(payload) % 4)


def attrs(data):
    """(kind, payload) of each attribute."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("HH", data, at)
        yield kind & 0x3fff, data[at + 4:at + size]
        at += (size + 3) & ~3


def enter(net):
    """Into the namespace of that descriptor."""
    if libc.setns(net, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def here():
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def named(name):
    return os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)


def fresh():
    """A new namespace, entered; it lives as long as its descriptor and what is in it."""
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    return here()


class Netlink:
    """A socket in the namespace in which it is made."""

    def __init__(self, protocol):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.settimeout(120)
        self.seq = 0

    def close(self):
        self.sock.close()

    def message(self, kind, body, flags=0):
        self.seq += 1
        return struct.pack("IHHII", 16 + len(body), kind, REQUEST | flags, self.seq, 0) + body

    def received(self):
        data, at = self.sock.recv(1 << 16), 0
        while at + 16 <= len(data):
            size, kind, _, seq, _ = struct.unpack_from("IHHII", data, at)
            yield kind, seq, data[at + 16:at + size]
            at += (size + 3) & ~3

    def ask(self, *requests):
        """Requests (kind, body) in one datagram: the kernel does one right after the other.
        Return: the error numbers of all, in order; 0 where it worked.
        """
        sent = b"".join(self.message(kind, body, ACK | (rest[0] if rest else 0))
                        for kind, body, *rest in requests)
        said = [0] * len(requests)
        self.sock.send(sent)
        first, left = self.seq - len(requests) + 1, len(requests)
        while left:
            for kind, seq, body in self.received():
                if kind == ERROR and seq >= first:
                    said[seq - first] = -struct.unpack_from("i", body)[0]
                    left -= 1
        return said

    def must(self, *requests):
        for request, error in zip(requests, self.ask(*requests)):
            if error:
                raise OSError(error, f"request {request[0]}: {os.strerror(error)}")

    def dump(self, kind, body):
        """The bodies of all answers."""
        self.sock.send(self.message(kind, body, DUMP))
        answers = []
        while True:
            for kind, seq, body in self.received():
                if seq != self.seq:
                    continue
                if kind == DONE:
                    return answers
                if kind == ERROR:
                    error = -struct.unpack_from("i", body)[0]
                    raise OSError(error, os.strerror(error))
                answers.append(body)


class Family(Netlink):
    """Family qkdnf. A request is ("peer-new", {"id": 5, ...}): numbers are packed as the
    attribute wants them, by WIDE; octets are taken as they are.
    """
    WIDE = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
    TYPES = {
        "node": {"id": "u64"},
        "peer": {"id": "u64", "kind": "u32", "seg-shift": "u8", "pool-max": "u64",
                 "hello-ms": "u32"},
        "source": {"peer": "u64", "kind": "u32"},
        "binding": {"reqid": "u32", "peer": "u64", "algorithm": "u32", "soft-packets": "u64",
                    "hard-packets": "u64", "soft-octets": "u64", "hard-octets": "u64",
                    "soft-seconds": "u32", "hard-seconds": "u32"},
    }
    number = None

    def __init__(self):
        super().__init__(GENERIC)
        if Family.number is None:
            get = struct.pack("BBH", 3, 1, 0) + attr(2, "qkdnf")
            self.sock.send(self.message(16, get))
            for _, _, body in self.received():
                Family.number = struct.unpack("H", dict(attrs(body[4:]))[1])[0]

    def request(self, operation, values=None):
        noun = operation.rsplit("-", 1)[0]
        body = struct.pack("BBH", QKDNF["QKDNF_CMD_" + operation.upper().replace("-", "_")], 1, 0)
        for name, value in (values or {}).items():
            kind = QKDNF[f"QKDNF_A_{noun.upper()}_{name.upper().replace('-', '_')}"]
            if not isinstance(value, bytes):
                value = struct.pack(self.WIDE[self.TYPES[noun][name]], value)
            body += attr(kind, value)
        return Family.number, body

    def do(self, *requests):
        return self.ask(*(self.request(*one) for one in requests))

    def needs(self, *requests):
        for one, error in zip(requests, self.do(*requests)):
            if error:
                raise OSError(error, f"{one}: {os.strerror(error)}")

    def bindings(self):
        """All of them: {name of attribute: octets; "association": a list of such}."""
        said = []
        for body in self.dump(*self.request("binding-get")):
            one = {"association": []}
            for kind, payload in attrs(body[4:]):
                name = BINDING.get(kind)
                if name == "association":
                    one[name].append({ASSOCIATION.get(k): v for k, v in attrs(payload)})
                else:
                    one[name] = int.from_bytes(payload, "little") if len(payload) <= 8 else payload
            said.append(one)
        return said


def names(prefix):
    return {value: name[len(prefix):].lower() for name, value in QKDNF.items()
            if name.startswith(prefix)}


BINDING, ASSOCIATION = names("QKDNF_A_BINDING_"), names("QKDNF_A_ASSOCIATION_")


# --- rtnetlink -------------------------------------------------------------------

def ip(text):
    return socket.inet_aton(text)


def veth(route, name, index, peer, peer_index, peer_net):
    """A cable from here to the namespace of that descriptor."""
    far = struct.pack("BBHiII", 0, 0, 0, peer_index, 0, 0) + attr(3, peer) + \
        attr(28, struct.pack("I", peer_net))
    route.must((16, struct.pack("BBHiII", 0, 0, 0, index, 0, 0) + attr(3, name) +
                attr(18, attr(1, "veth") + attr(2, attr(1, far))), EXCL | CREATE))


def link_up(route, index):
    route.must((16, struct.pack("BBHiII", 0, 0, 0, index, 1, 1)))


def address(route, index, text, prefix):
    route.must((20, struct.pack("BBBBI", 2, prefix, 0, 0, index) + attr(2, ip(text)) +
                attr(1, ip(text)), EXCL | CREATE))


def way(route, text, prefix, via, index):
    route.must((24, struct.pack("BBBBBBBBI", 2, prefix, 0, 0, 254, 4, 0, 1, 0) +
                attr(1, ip(text)) + attr(5, ip(via)) + attr(4, struct.pack("I", index)),
                0x100 | CREATE))


# --- xfrm ------------------------------------------------------------------------

FLUSH = 0x1c, b"\x32"


def policy(direction, source, target, reqid, own, far, prefix=32):
    """A request for a policy, between two inner addresses, to a tunnel of ESP."""
    selector = ip(target).ljust(16, b"\0") + ip(source).ljust(16, b"\0") + bytes(8) + \
        struct.pack("HBBB3xiI", 2, prefix, prefix if source != "0.0.0.0" else 0, 0, 0, 0)
    limits = struct.pack("8Q", *[(1 << 64) - 1] * 4, 0, 0, 0, 0)
    info = selector + limits + bytes(32) + struct.pack("IIBBBB4x", 0, 0, direction, 0, 0, 0)
    template = ip(far).ljust(16, b"\0") + struct.pack("IB3x", 0, 50) + struct.pack("H2x", 2) + \
        ip(own).ljust(16, b"\0") + struct.pack("IBBBxIII", reqid, 1, 0, 0, *[0xffffffff] * 3)
    return 0x13, info + attr(5, template), EXCL | CREATE


def states(xfrm):
    """(SPI, packets whose key or tag was wrong, what names it in a request) of each state;
    SPI 0: traffic waits for one.
    """
    return [(int.from_bytes(s[72:76], "big"), *struct.unpack_from("I", s, 200),
             s[56:76] + s[212:214] + s[76:77]) for s in xfrm.dump(0x12, b"")]


def delete(name):
    """A request that deletes a state."""
    return 0x11, name + bytes(1)


def counters(net):
    """/proc/net/xfrm_stat of a namespace, which is entered; some kernels have none."""
    enter(net)
    try:
        with open("/proc/thread-self/net/xfrm_stat") as file:
            return {line.split()[0]: int(line.split()[1]) for line in file}
    except FileNotFoundError:
        return {}
