#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Key supply: take at one end, fetch at the other, once each.

	keys.py NAME NS-A ID-A NS-B ID-B SEGMENT-OCTETS

NAME begins the names of the verdicts: "ok NAME-..." or "not ok NAME-... - why".
"""
import ctypes
import errno
import fcntl
import json
import os
import struct
import subprocess
import sys
import threading
import time

NAME, A, IDA, B, IDB, SEGMENT = sys.argv[1:]
SEGMENT = int(SEGMENT)
PATIENCE = 120		# seconds for what must come: the machine may be busy
TAKE = 3 << 30 | 96 << 16 | 0xb7 << 8 | 2
FETCH = 1 << 30 | 96 << 16 | 0xb7 << 8 | 3
NODE = {A: IDB, B: IDA}
libc = ctypes.CDLL(None, use_errno=True)
failed = 0


def verdict(name, good, why=""):
    global failed
    failed += not good
    print(f"ok {NAME}-{name}" if good else f"not ok {NAME}-{name} - {why}", flush=True)


def equal(name, expected, got):
    verdict(name, expected == got, f"expected {expected}, got {got}")


def number(node):
    provider, own = node.split(":")
    return int(provider) << 32 | int(own)


def opened(ns, flags=0):
    """A descriptor of /dev/qkdnf that belongs to a namespace."""
    with open(f"/run/netns/{ns}") as net:
        if libc.setns(net.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
        return os.open("/dev/qkdnf", os.O_RDWR | flags)


def ask(ns, what, octets, label=b"", offset=0, ttl=1200, node=None, length=None, reserved=0, fd=None,
        flags=0):
    """(descriptor, offset), or the name of the error."""
    mine = opened(ns, flags) if fd is None else fd
    arg = bytearray(struct.pack("=QQQIHH64s", number(node or NODE[ns]), octets, offset, ttl,
                                len(label) if length is None else length, reserved, label))
    try:
        fcntl.ioctl(mine, what, arg)
    except OSError as err:
        if fd is None:
            os.close(mine)
        return errno.errorcode[err.errno]
    return mine, struct.unpack("=Q", arg[16:24])[0]


def take(ns, octets, label=b"k", **more):
    """Take, waiting for key to come."""
    end = time.monotonic() + PATIENCE
    while (got := ask(ns, TAKE, octets, label, **more)) in ("EAGAIN", "ETIMEDOUT") and \
            time.monotonic() < end:
        time.sleep(0.3)
    return got


def fetch(ns, offset, octets, label=b"k"):
    """Fetch, waiting for the other end's word to come."""
    end = time.monotonic() + PATIENCE
    while (got := ask(ns, FETCH, octets, label, offset)) == "ENOENT" and time.monotonic() < end:
        time.sleep(0.3)
    return got


def drain(fd, pieces=()):
    key = b""
    for n in pieces:
        key += os.read(fd, n)
    while piece := os.read(fd, 65536):
        key += piece
    os.close(fd)
    return key


def peer(ns):
    done = subprocess.run(("qkdnfctl", "-n", ns, "-j", "peer", "show", NODE[ns]),
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def gone(ns):
    books = peer(ns)["books"]
    return books["spent"] + books["erased"]


# --- once each, either way -------------------------------------------------------------------

for here, there in ((A, B), (B, A)):
    got = take(here, 1000, b"first")
    if isinstance(got, str):
        verdict(f"take-{here}", False, got)
        sys.exit(1)
    fd, offset = got
    mine = drain(fd, (1, 16, 83, 0))
    got = fetch(there, offset, 1000, b"first")
    verdict(f"fetch-{there}", not isinstance(got, str), got)
    if isinstance(got, str):
        sys.exit(1)
    theirs = drain(got[0], (500, 3))
    verdict(f"same-{here}-{there}", len(mine) == 1000 and mine == theirs,
            f"{len(mine)} and {len(theirs)} octets differ")
    verdict(f"not-zeros-{here}", mine.count(0) < 30, "that is no key")
    equal(f"fetch-once-{there}", "ENOENT", ask(there, FETCH, 1000, b"first", offset))
    equal(f"fetch-not-at-taker-{here}", "ENOENT", ask(here, FETCH, 1000, b"first", offset))

# --- only what was taken, under its name --------------------------------------------------------

fd, offset = take(A, 64, b"name")
mine = drain(fd)
time.sleep(1)
for what, args in (("label", (64, b"nam")), ("long-label", (64, b"name\1")), ("no-label", (64, b"")),
                   ("less", (48, b"name")), ("more", (80, b"name"))):
    equal(f"refused-{what}", "ENOENT", ask(B, FETCH, *args, offset))
for what, at in (("offset", offset + 16), ("odd-offset", offset + 1), ("far-offset", 1 << 63)):
    equal(f"refused-{what}", "ENOENT", ask(B, FETCH, 64, b"name", at))
got = fetch(B, offset, 64, b"name")
verdict("refusals-spent-nothing", not isinstance(got, str) and drain(got[0]) == mine, got)

fd, offset = take(A, 16, b"\0\xff" * 32)
mine = drain(fd)
got = fetch(B, offset, 16, b"\0\xff" * 32)
verdict("label-of-any-octets", not isinstance(got, str) and drain(got[0]) == mine, got)

# --- what cannot be asked ------------------------------------------------------------------------

equal("take-nothing", "EMSGSIZE", ask(A, TAKE, 0))
equal("take-too-much", "EMSGSIZE", ask(A, TAKE, SEGMENT + 1))
equal("take-no-ttl", "EINVAL", ask(A, TAKE, 16, ttl=0))
equal("take-long-ttl", "EINVAL", ask(A, TAKE, 16, ttl=86401))
equal("take-long-label", "EINVAL", ask(A, TAKE, 16, length=65))
equal("take-label-not-ended", "EINVAL", ask(A, TAKE, 16, label=b"abc", length=2))
equal("take-reserved", "EINVAL", ask(A, TAKE, 16, reserved=1))
equal("take-unknown-peer", "ENOENT", ask(A, TAKE, 16, node="9:9"))
fd = opened(A)
try:
    os.read(fd, 16)
    verdict("read-without-purpose", False, "it read")
except OSError as err:
    equal("read-without-purpose", "EBADFD", errno.errorcode[err.errno])
os.close(fd)
fd, offset = take(A, 16)
equal("one-purpose", "EBUSY", ask(A, TAKE, 16, fd=fd))
os.close(fd)

# --- what is not read is erased ------------------------------------------------------------------

before = gone(A), gone(B)
fd, offset = take(A, 2048, b"closed", ttl=300)
os.read(fd, 32)
os.close(fd)
verdict("closed-early-erased-at-taker", gone(A) - before[0] >= 2048, f"{before[0]} to {gone(A)}")
got = fetch(B, offset, 2048, b"closed")
verdict("closed-early-still-there", not isinstance(got, str), got)
os.close(got[0])
verdict("closed-unread-erased", gone(B) - before[1] >= 2048, f"{before[1]} to {gone(B)}")
equal("closed-unread-not-again", "ENOENT", ask(B, FETCH, 2048, b"closed", offset))

before = gone(B)
fd, offset = take(A, 2048, b"short", ttl=1)
mine = drain(fd)
end = time.monotonic() + PATIENCE
time.sleep(3)
while gone(B) - before < 2048 and time.monotonic() < end:
    time.sleep(0.5)
verdict("expired-erased", gone(B) - before >= 2048, f"{before} to {gone(B)}")
equal("expired-refused", "ENOENT", ask(B, FETCH, 2048, b"short", offset))

# --- many at once ---------------------------------------------------------------------------------

results, lock = [], threading.Lock()


def many(ns, thread):
    fds = [(ns, opened(ns)) for _ in range(10)]  # setns is the thread's own
    for n, (_, fd) in enumerate(fds):
        label = f"{thread}-{n}".encode()
        end = time.monotonic() + PATIENCE
        while (got := ask(ns, TAKE, 48, label, fd=fd)) in ("EAGAIN", "ETIMEDOUT") and \
                time.monotonic() < end:
            time.sleep(0.2)
        with lock:
            results.append((ns, label, got if isinstance(got, str) else got[1],
                            None if isinstance(got, str) else drain(fd)))


threads = [threading.Thread(target=many, args=(ns, f"{ns}{n}")) for ns in (A, B) for n in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
taken = [r for r in results if r[3]]
verdict("many-taken", len(taken) == 60, str([r[2] for r in results if not r[3]][:3]))
verdict("many-apart", len({r[2] for r in taken}) == len(taken) and
        len({r[3] for r in taken}) == len(taken) and all(r[2] % 16 == 0 for r in taken) and
        all(b - a >= 48 for a, b in zip(sorted(r[2] for r in taken), sorted(r[2] for r in taken)[1:])),
        "two takes share octets")
wrong = 0
for ns, label, offset, key in taken:
    got = fetch(B if ns == A else A, offset, 48, label)
    wrong += isinstance(got, str) or drain(got[0]) != key
equal("many-same", 0, wrong)

# Of many who fetch the same one gets it.
fd, offset = take(A, 4000, b"race")
mine = drain(fd)
won = []
start = time.monotonic()


def race():
    # All of them ask from before the announcement comes, and once more when one has it.
    last = False
    while not last:
        last = won or time.monotonic() - start > PATIENCE
        got = ask(B, FETCH, 4000, b"race", offset)
        if not isinstance(got, str):
            won.append(drain(got[0]))
        elif got != "ENOENT":
            won.append(got)


threads = [threading.Thread(target=race) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
verdict("one-winner", won == [mine], f"{len(won)} got it")

# --- who may --------------------------------------------------------------------------------------

child = os.fork()
if not child:
    os.setuid(65534)
    try:
        os._exit(ask(A, TAKE, 16) not in ("EPERM", "EACCES"))
    except OSError as err:
        os._exit(err.errno not in (errno.EPERM, errno.EACCES))
equal("unprivileged-refused", 0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
sys.exit(failed != 0)
