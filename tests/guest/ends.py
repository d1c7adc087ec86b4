# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs that play with nodes in namespaces ask of them: qkdnfctl, verdicts,
key by way of /dev/qkdnf. A descriptor of that device belongs to the namespace in
which it was opened, so who takes key leaves his own namespace for good: sockets
must be open before.
"""
import ctypes
import errno
import fcntl
import json
import os
import struct
import subprocess
import time

TAKE = 3 << 30 | 96 << 16 | 0xb7 << 8 | 2
FETCH = 1 << 30 | 96 << 16 | 0xb7 << 8 | 3
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
failed = 0


def verdict(name, good, why=""):
    global failed
    failed += not good
    print(f"ok {name}" if good else f"not ok {name} - {why}", flush=True)


PATIENCE = 120		# seconds for what must come, at least: the machine may be busy


def until(condition, seconds, pause=0.1):
    end = time.monotonic() + max(seconds, PATIENCE)
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def ctl(ns, *args, may_fail=False):
    """What qkdnfctl says of the node in a namespace, from JSON; None if it may fail
    and does.
    """
    done = subprocess.run(("qkdnfctl", "-n", ns, "-j") + args, capture_output=True, text=True)
    if done.returncode:
        if may_fail:
            return None
        raise RuntimeError(f"{ns}: {' '.join(args)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else True


def number(node):
    provider, own = node.split(":")
    return int(provider) << 32 | int(own)


def balanced(ns):
    """Invariant 9, of the node and of each peer."""
    books = [peer["books"] for peer in ctl(ns, "peer", "show")] + [ctl(ns, "stats")["books"]]
    return all(b["in"] == b["spent"] + b["held"] + b["erased"] for b in books)


def opened(ns):
    with open(f"/run/netns/{ns}") as net:
        if libc.setns(net.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    return os.open("/dev/qkdnf", os.O_RDWR)


def ask(ns, what, node, octets, label, offset=0, ttl=1200):
    """(key, offset), or the name of the error."""
    fd = opened(ns)
    try:
        arg = bytearray(struct.pack("=QQQIHH64s", number(node), octets, offset, ttl,
                                    len(label), 0, label))
        fcntl.ioctl(fd, what, arg)
        key = b""
        while piece := os.read(fd, 65536):
            key += piece
        return key, struct.unpack("=Q", arg[16:24])[0]
    except OSError as err:
        return errno.errorcode[err.errno]
    finally:
        os.close(fd)


def same_key(here, there, octets, label, patience=PATIENCE, offsets=None):
    """Key that one end takes is what the other fetches: None if so, or why not; or
    "nothing" if there is none to take. An end is (namespace, the other's node id).
    Where it lay is added to `offsets`.
    """
    took = ask(here[0], TAKE, here[1], octets, label)
    if isinstance(took, str):
        return "nothing" if took in ("EAGAIN", "ETIMEDOUT") else f"take: {took}"
    if offsets is not None:
        offsets.append(took[1])
    end = time.monotonic() + patience
    # The announcement is a frame of its own, repeated each second till heard.
    while (got := ask(there[0], FETCH, there[1], octets, label, took[1])) == "ENOENT" and \
            time.monotonic() < end:
        time.sleep(0.1)
    if isinstance(got, str):
        return f"fetch of {took[1]}: {got}"
    if got[0] != took[0] or len(got[0]) != octets:
        differ = sum(a != b for a, b in zip(got[0], took[0]))
        return f"{differ} of {octets} octets at {took[1]} differ"
    return None
