# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of family qkdnf share: verdicts, the kernel's own client as
a library, and a raw client that can say what no decent client would.
"""
import os
import socket
import struct
import sys
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
YNL = os.environ.get('QKDNF_YNL', os.path.join(
    TOP, 'build/linux-source-6.12/tools/net/ynl'))
SPEC = os.path.join(TOP, 'tools/netlink/qkdnf.yaml')
sys.path.insert(0, YNL)
from lib import YnlFamily, NlError, Netlink     # noqa: E402, F401

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLM_F_DUMP_INTR = 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NETLINK_GET_STRICT_CHK = 12

failures = 0


def passed(name):
    print(f'ok {name}', flush=True)


def failed(name, why):
    global failures
    failures += 1
    print(f'not ok {name} - {why}', flush=True)


def equal(name, want, have):
    if want == have:
        passed(name)
    else:
        failed(name, f'expected {want!r}, got {have!r}')


def verdict(name, errors):
    """Passes if there are no errors; shows ten of them if there are."""
    for e in errors[:10]:
        print(f'#   {e}')
    if errors:
        failed(name, f'{len(errors)} wrong, the first: {errors[0]}')
    else:
        passed(name)


def node(provider, number):
    return provider << 32 | number


def family():
    # Without the schema, whose check takes a minute in an emulated guest and
    # was done on the host.
    return YnlFamily(SPEC, schema='', process_unknown=True)


class Refusal(Exception):
    """errno, text and place of a request that the kernel refused."""

    def __init__(self, errno, msg=None, offset=None, miss=None):
        super().__init__(errno, msg, offset, miss)
        self.errno, self.msg, self.offset, self.miss = \
            errno, msg, offset, miss

    def __str__(self):
        return f'{os.strerror(self.errno)}: {self.msg} ' \
               f'(offset {self.offset}, missing {self.miss})'


def attr(kind, payload):
    """One attribute, padded."""
    pad = b'\0' * (-len(payload) % 4)
    return struct.pack('HH', len(payload) + 4, kind) + payload + pad


class Raw:
    """A generic netlink socket that sends what it is told to."""

    def __init__(self, fam):
        self.id = fam.nlproto.family_id
        self.seq = 0
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        self.sock.settimeout(120)

    def message(self, cmd, attrs, flags=0, reserved=0, version=1, ack=True):
        self.seq += 1
        body = struct.pack('BBH', cmd, version, reserved) + attrs
        return struct.pack('IHHII', 16 + len(body), self.id,
                           NLM_F_REQUEST | (NLM_F_ACK if ack else 0) | flags,
                           self.seq, 0) + body

    def parse_error(self, flags, body):
        err = -struct.unpack_from('i', body)[0]
        if not err:
            return
        refusal = Refusal(err)
        at = 20 if flags & NLM_F_CAPPED else None
        if flags & NLM_F_ACK_TLVS and at:
            while at + 4 <= len(body):
                size, kind = struct.unpack_from('HH', body, at)
                data = body[at + 4:at + size]
                if kind == 1:
                    refusal.msg = data.rstrip(b'\0').decode()
                elif kind == 2:
                    refusal.offset = struct.unpack('I', data)[0]
                elif kind == 5:
                    refusal.miss = struct.unpack('I', data)[0]
                at += (size + 3) & ~3
        raise refusal

    def receive(self, size=65536):
        """Messages of one datagram: (type, flags, seq, body)."""
        data = self.sock.recv(size)
        out, at = [], 0
        while at + 16 <= len(data):
            n, kind, flags, seq, _ = struct.unpack_from('IHHII', data, at)
            out.append((kind, flags, seq, data[at + 16:at + n]))
            at += (n + 3) & ~3
        return out

    def do(self, cmd, attrs, **how):
        """One request; its answers' attributes, or Refusal."""
        self.sock.send(self.message(cmd, attrs, **how))
        answers = []
        while True:
            for kind, flags, seq, body in self.receive():
                if seq != self.seq:
                    continue
                if kind == NLMSG_ERROR:
                    self.parse_error(flags, body)
                    return answers
                answers.append(body[4:])

    def dump(self, cmd, attrs=b'', size=65536, each=None):
        """All answers of a dump; `each` is called between two reads."""
        self.sock.send(self.message(cmd, attrs, flags=NLM_F_DUMP, ack=False))
        answers = []
        while True:
            for kind, flags, seq, body in self.receive(size):
                if seq != self.seq:
                    continue
                if flags & NLM_F_DUMP_INTR:
                    self.interrupted = True
                if kind == NLMSG_ERROR:
                    self.parse_error(flags, body)
                    raise Refusal(0, 'an acknowledgement for a dump')
                if kind == NLMSG_DONE:
                    err = -struct.unpack_from('i', body)[0]
                    if err:
                        raise Refusal(err)
                    return answers
                answers.append(body[4:])
            if each:
                each(len(answers))

    def dump_times(self, cmd, attrs=b'', size=1 << 18):
        """(answers, when each piece had come), keeping nothing."""
        buf = bytearray(size)
        view = memoryview(buf)
        header = struct.Struct('IHHII')
        self.sock.send(self.message(cmd, attrs, flags=NLM_F_DUMP, ack=False))
        count, times = 0, [time.monotonic()]
        while True:
            got, at = self.sock.recv_into(buf), 0
            while at < got:
                n, kind, flags, _, _ = header.unpack_from(buf, at)
                if kind == NLMSG_DONE:
                    return count, times
                if kind == NLMSG_ERROR:
                    self.parse_error(flags, bytes(view[at + 16:at + n]))
                count += 1
                at += (n + 3) & ~3
            times.append(time.monotonic())

    interrupted = False


def attributes(body):
    """{type: payload} of a message; a type that repeats is an error."""
    out, at = {}, 0
    while at + 4 <= len(body):
        size, kind = struct.unpack_from('HH', body, at)
        kind &= 0x3fff
        if kind in out:
            raise ValueError(f'attribute {kind} twice in an answer')
        out[kind] = body[at + 4:at + size]
        at += (size + 3) & ~3
    return out
