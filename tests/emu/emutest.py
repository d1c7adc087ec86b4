# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the emulator share: links through the kernel's own netlink
client, blocks through their devices, and OpenSSL as the judge of their bits.
"""
import os
import struct
import subprocess
import sys
import time
from collections import namedtuple

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tests/netlink'))
import nltest                                           # noqa: E402
from nltest import NlError, YnlFamily                   # noqa: E402

SPEC = os.path.join(TOP, 'tools/netlink/qkdemu.yaml')
HDR = struct.Struct('>IBBHQQQIIII16s')
MAGIC, VERSION, HDR_LEN = 0x514b4442, 1, 64
STOPPED, RESUMED, GAP, EMULATED = 1, 2, 4, 8
NSEC = 10**9
ENDS = {'a': 1, 'b': 2}
USE_KEY, USE_LOSS = 0, 2

Block = namedtuple('Block', 'flags link index time_ns size qber reason key')


def family():
    # Without the schema: checking it takes long in an emulated guest, and is
    # done on the host.
    return YnlFamily(SPEC, schema='')


fam = family()


def now_ns():
    return time.time_ns()


def sleep_until(ns):
    while now_ns() < ns:
        time.sleep(max(0.001, (ns - now_ns()) / NSEC))


def new(name, seed=None, rate=409600, **more):
    """A link of 1024-octet blocks, 50 of them a second unless told otherwise."""
    vals = {'name': name, 'seed': seed or os.urandom(32), 'rate': rate,
            'block-size': 1024}
    vals.update((k.replace('_', '-'), v) for k, v in more.items())
    fam.do('link-new', vals)


def change(name, **more):
    vals = {'name': name}
    vals.update((k.replace('_', '-'), v) for k, v in more.items())
    fam.do('link-set', vals)


def delete(name):
    fam.do('link-del', {'name': name})


def get(name):
    return fam.do('link-get', {'name': name})


def get_end(name, end):
    return get(name)[f'end-{end}']


def names():
    return [link['name'] for link in fam.dump('link-get', {})]


def parse(data):
    """Blocks of what one read returned; a wrong framing is an exception."""
    out, at = [], 0
    while at < len(data):
        (magic, version, hdr_len, flags, link, index, time_ns, length, size,
         qber, reason, reserved) = HDR.unpack_from(data, at)
        if (magic, version, hdr_len, reserved) != \
                (MAGIC, VERSION, HDR_LEN, bytes(16)):
            raise ValueError(f'no block header at octet {at}')
        if not flags & EMULATED or flags & ~15:
            raise ValueError(f'flags {flags:#x}')
        if length != (0 if flags & (STOPPED | RESUMED) else size):
            raise ValueError(f'{length} octets of key with flags {flags:#x}')
        at += HDR_LEN + length
        if at > len(data):
            raise ValueError('a read ended inside a block')
        out.append(Block(flags, link, index, time_ns, size, qber, reason,
                         data[at - length:at]))
    return out


class End:
    """A reader of one end."""

    def __init__(self, name, end, block=False, size=1024):
        self.path = f'/dev/qkdemu/{name}.{end}'
        self.size = size
        self.fd = os.open(self.path,
                          os.O_RDONLY | (0 if block else os.O_NONBLOCK))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def read(self, blocks=1):
        """One read; [] if there is nothing yet."""
        try:
            data = os.read(self.fd, blocks * (HDR_LEN + self.size))
        except BlockingIOError:
            return []
        return parse(data)

    def drain(self, seconds=0, until=None):
        """All there is, and what comes for so long or until one matches."""
        out, end = [], time.monotonic() + seconds
        while True:
            got = self.read(64)
            out += got
            if until and any(until(b) for b in got):
                return out
            if not got:
                if time.monotonic() >= end:
                    return out
                time.sleep(0.02)


def openssl(key, counter_word, word13, word14, length):
    """ChaCha20 key stream, made by OpenSSL."""
    iv = struct.pack('<IIQ', counter_word, word13, word14)
    return subprocess.run(
        ['openssl', 'enc', '-chacha20', '-K', key.hex(), '-iv', iv.hex()],
        input=bytes(length), capture_output=True, check=True).stdout


def link_key(seed, start_ns, size):
    return openssl(seed, 0, size, start_ns, 32)


def key_of(lkey, index, size):
    return openssl(lkey, 0, USE_KEY, index, size)


def lost(lkey, end, index, ppm):
    word, = struct.unpack('<I', openssl(lkey, 0, USE_LOSS + end, index, 4))
    return (10**6 * word >> 32) < ppm


def due(index, base_index, base_ns, rate, size):
    """When a block is complete, by docs/emulator.md."""
    bits = (index - base_index + 1) * size * 8
    return base_ns - (-bits * NSEC // rate)


def refusal(op, vals):
    """(errno, text and place) of a request that must be refused."""
    try:
        fam.do(op, vals)
    except NlError as e:
        extack = e.nl_msg.extack or {}
        place = extack.get('bad-attr') or extack.get('miss-type') or ''
        return e.error, f"{extack.get('msg', '')} [{place}]"
    return 0, 'it was taken'
