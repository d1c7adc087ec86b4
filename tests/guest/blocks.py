#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks that do not fit: what the push source of a peer takes and refuses.

	blocks.py PROVIDER:NODE

The peer is there and has no source. Each line printed is "ok NAME" or
"no NAME WHY".
"""
import errno
import fcntl
import json
import os
import struct
import subprocess
import sys

IOC_PUSH = 1 << 30 | 8 << 16 | 0xb7 << 8 | 1
PEER = sys.argv[1]
PROVIDER, NODE = (int(n) for n in PEER.split(":"))
SIZE = 4096
LINK = 0x1122334455667788


def block(index, size=SIZE, length=None, magic=0x514b4442, version=1, header=64, flags=8,
          link=LINK, reason=0, reserved=b"", key=None):
    length = size if length is None else length
    return struct.pack(">IBBHQQQIIII16s", magic, version, header, flags, link, index, 1,
                       length, size, 0, reason, reserved) + \
        (os.urandom(length) if key is None else key)


def ctl(*args):
    done = subprocess.run(("qkdnfctl", "-j") + args, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def source():
    return ctl("source", "show", PEER)


def books():
    return ctl("peer", "show", PEER)["books"]


class Push:
    """A push source anew, and the descriptor that feeds it."""

    def __enter__(self):
        ctl("source", "add", PEER, "push")
        self.fd = os.open("/dev/qkdnf", os.O_RDWR)
        fcntl.ioctl(self.fd, IOC_PUSH, struct.pack("Q", PROVIDER << 32 | NODE))
        return self

    def __exit__(self, *unused):
        os.close(self.fd)
        ctl("source", "del", PEER)

    def write(self, data):
        """Octets taken, or the name of the error."""
        try:
            return os.write(self.fd, data)
        except OSError as err:
            return errno.errorcode[err.errno]


def verdict(name, expected, got):
    print(f"ok {name}" if expected == got else f"no {name} expected {expected}, got {got}",
          flush=True)


def refused(name, first, bad):
    """Good blocks, then a bad one: refused, said so, nothing more is taken."""
    with Push() as push:
        for good in first:
            push.write(good)
        before = books()["in"]
        got = push.write(bad)
        after = push.write(block(start + 900))
        state = source()
        verdict(name, ("EPROTO", "EPROTO", "refused", before),
                (got, after, state["state"], books()["in"]))


start = 1000000

with Push() as push:
    verdict("push-takes", 64 + SIZE, push.write(block(start)))
    before = books()["in"]
    verdict("push-repeats", "ESTALE", push.write(block(start)))
    verdict("push-rewinds", "ESTALE", push.write(block(start - 1)))
    verdict("push-counts-them", (2, before), (source()["repeats"], books()["in"]))
    verdict("push-goes-on-after-a-gap", 64 + SIZE, push.write(block(start + 2)))
    verdict("push-counts-the-gap", 1, source()["gaps"])
    verdict("push-wants-whole-blocks", "EMSGSIZE", push.write(block(start + 3)[:-1]))
    verdict("push-takes-the-whole-ones", 2 * (64 + SIZE),
            push.write(block(start + 3) + block(start + 4) + block(start + 5)[:100]))
    other = os.open("/dev/qkdnf", os.O_RDWR)
    try:
        fcntl.ioctl(other, IOC_PUSH, struct.pack("Q", PROVIDER << 32 | NODE))
        verdict("push-one-writer", "EBUSY", 0)
    except OSError as err:
        verdict("push-one-writer", "EBUSY", errno.errorcode[err.errno])
    os.close(other)

# A new source of the same peer does not begin before the old one ended.
with Push() as push:
    verdict("push-anew-repeats", "ESTALE", push.write(block(start + 4)))
    verdict("push-anew-goes-on", 64 + SIZE, push.write(block(start + 5)))
    status = block(start + 6, length=0, flags=9, reason=1)
    verdict("push-stopped", (64, "stopped"), (push.write(status), source()["state"]))
    verdict("push-resumed", (64, "running"),
            (push.write(block(start + 6, length=0, flags=10)), source()["state"]))

start += 100
good = [block(start)]
refused("push-not-a-block", good, block(start + 1, magic=0x514b4443))
refused("push-other-version", good, block(start + 2, version=2))
refused("push-other-header", good, block(start + 2, header=60))
refused("push-unknown-flag", good, block(start + 2, flags=16))
refused("push-both-states", good, block(start + 2, flags=3, length=0))
refused("push-reserved", good, block(start + 2, reserved=b"x"))
refused("push-other-size", [block(start + 10)], block(2 * (start + 11), size=SIZE // 2))
refused("push-size-zero", [], block(start + 20, size=0))
refused("push-size-odd", [], block(start + 20, size=SIZE + 8))
refused("push-size-huge", [], block(1, size=65536 + 16, length=16))
refused("push-length-differs", [block(start + 20)], block(start + 21, length=SIZE - 16))
refused("push-other-link", [block(start + 30)], block(start + 31, link=LINK + 1))
refused("push-no-link", [], block(start + 40, link=0))
refused("push-index-huge", [], block(1 << 62))
