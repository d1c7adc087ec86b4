#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All that can happen to IPsec bindings happens at once, thousands of times.

	races.py SECONDS TIMES

In namespaces a (1:1) and b (1:2), which share a QKD link, processes of their own send
traffic without waiting for associations, rekey, move, delete and make again bindings,
delete and flush states, and read all of it, while associations reach short limits. Beside
them gateways are made, with live bindings, and go away whole, while traffic still comes to
them from namespace w.

All that is done TIMES the numbers of ENOUGH, which may take SECONDS. Prints "ok NAME" and
"not ok NAME - why".
"""
import errno
import fcntl
import mmap
import os
import random
import socket
import struct
import sys
import time
import traceback

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from ends import PATIENCE, until, verdict  # noqa: E402
import ends  # noqa: E402
import rawnet  # noqa: E402
from rawnet import Family, Netlink, XFRM, ROUTE, ip  # noqa: E402

SECONDS, TIMES = int(sys.argv[1]), float(sys.argv[2])
N = 12				# bindings of a and b
GATEWAYS = 2			# that come and go at once
LIVES = 4			# bindings of each
ENDS = "ab"
NET = {ns: rawnet.named(ns) for ns in "abw"}
ID = {"a": 1 << 32 | 1, "b": 1 << 32 | 2}
FAR = {"a": "b", "b": "a"}
OUTER = {"a": ("10.0.1.1", "10.0.1.11"), "b": ("10.0.1.2", "10.0.1.12")}
INNER = {"a": "192.168.7.", "b": "192.168.8."}
LIMITS = ({"soft-packets": 8, "hard-packets": 60}, {"soft-octets": 2000, "hard-octets": 20000},
          {"soft-seconds": 1, "hard-seconds": 3}, {})
NO_LIMIT = {f"{kind}-{what}": 0 for kind in ("soft", "hard")
            for what in ("packets", "octets", "seconds")}
COUNTED = ("sent", "acquired", "rekeys", "rekeyed", "moves", "replaced", "states-deleted",
           "dumps", "gateways", "gateways-live", "bindings-gone", "forged")
ENOUGH = {"acquired": 400, "rekeys": 2000, "rekeyed": 4000, "moves": 800, "replaced": 500,
          "states-deleted": 3000, "gateways": 30, "gateways-live": 5}
GROWN = 6 << 10			# KiB; the states that come and go are several times as much


class Counts:
    """Numbers that all processes share, each in a row of its own."""
    ROWS = 16

    def __init__(self):
        self.memory = mmap.mmap(-1, 8 * len(COUNTED) * self.ROWS + 8)
        self.row = 0

    def add(self, name, n=1):
        at = 8 * (self.row * len(COUNTED) + COUNTED.index(name))
        old, = struct.unpack_from("Q", self.memory, at)
        struct.pack_into("Q", self.memory, at, old + n)

    def all(self):
        values = struct.unpack_from(f"{len(COUNTED) * self.ROWS}Q", self.memory)
        return {name: sum(values[i::len(COUNTED)]) for i, name in enumerate(COUNTED)}

    def stop(self):
        self.memory[-1] = 1

    def going(self):
        return not self.memory[-1]


counts = Counts()


def within(ns, make):
    """What is made in a namespace stays there."""
    rawnet.enter(NET[ns])
    return make()


def good(said, *allowed):
    """The requests that worked; none fails for another reason than these."""
    for error in said:
        if error and error not in allowed:
            raise OSError(error, os.strerror(error))
    return sum(not error for error in said)


def nap(least, most):
    time.sleep(random.uniform(least, most))


# --- what is done to a and b -----------------------------------------------------

def binding(end, reqid, own, far):
    """The values of a new one; every second has the other algorithm."""
    return {"reqid": reqid, "peer": ID[FAR[end]], "addr4": ip(far), "local-addr4": ip(own),
            "algorithm": reqid % 2, **NO_LIMIT, **random.choice(LIMITS)}


def sender():
    """Traffic of all bindings, both ways, whatever becomes of it."""
    socks = []
    for end in ENDS:
        for r in range(1, N + 1):
            sock = within(end, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.setblocking(False)
            sock.bind((f"{INNER[end]}{r}", 0))
            socks.append((sock, (f"{INNER[FAR[end]]}{r}", 9)))
    while counts.going():
        for sock, to in socks:
            try:
                sock.sendto(b"x" * 100, to)
                counts.add("sent")
            except OSError:
                pass
        time.sleep(0.01)


def rekeyer():
    family = {end: within(end, Family) for end in ENDS}
    while counts.going():
        some = [("binding-rekey", {"reqid": random.randint(1, N)}) for _ in range(4)]
        counts.add("rekeys", good(family[random.choice(ENDS)].do(*some), errno.ENOENT))
        nap(0.01, 0.04)


def mover(where):
    """Moves, and deletes and makes again. Nobody else does, so that it knows where all are:
    one that is made again starts elsewhere, and moves there, since the other end was told.
    """
    family = {end: within(end, Family) for end in ENDS}
    while counts.going():
        end, r = random.choice(ENDS), random.randint(1, N)
        far = OUTER[FAR[end]][where[FAR[end]][r]]
        if random.random() < 0.5:
            where[end][r] ^= 1
            family[end].needs(("binding-move", {
                "reqid": r, "local-addr4": ip(OUTER[end][where[end][r]])}))
            counts.add("moves")
        else:
            now = where[end][r]
            begin, rest = [("binding-del", {"reqid": r})], [
                ("binding-new", binding(end, r, OUTER[end][1 - now], far)),
                ("binding-move", {"reqid": r, "local-addr4": ip(OUTER[end][now])})]
            if random.random() < 0.2:
                family[end].needs(*begin)
                nap(0, 0.1)
                family[end].needs(*rest)
            else:
                family[end].needs(*begin, *rest)
            counts.add("replaced")
            counts.add("moves")
        nap(0, 0.005)


def flusher():
    """States go, some of them or all."""
    xfrm = {end: within(end, lambda: Netlink(XFRM)) for end in ENDS}
    while counts.going():
        end = random.choice(ENDS)
        states = rawnet.states(xfrm[end])
        counts.add("forged", sum(failed for _, failed, _ in states))
        there = [name for spi, _, name in states if spi]
        if random.random() < 0.2:
            xfrm[end].must(rawnet.FLUSH)
            counts.add("states-deleted", len(there))
        elif there:
            some = random.sample(there, (len(there) + 3) // 4)
            counts.add("states-deleted",
                       good(xfrm[end].ask(*map(rawnet.delete, some)), errno.ESRCH))
        nap(0.1, 0.3)


class Watch:
    """What bindings have counted; each anew when it is made."""

    def __init__(self):
        self.seen = {}

    def look(self, who, bindings):
        for one in bindings:
            for name, counter in (("acquired", "acquired"), ("rekeyed", "rekeys_out")):
                key, now = (who, one["reqid"], name), one[counter]
                old = self.seen.get(key, 0)
                counts.add(name, now - old if now >= old else now)
                self.seen[key] = now


def reader():
    family = {end: within(end, Family) for end in ENDS}
    watch = Watch()
    while counts.going():
        for end in ENDS:
            watch.look(end, family[end].bindings())
            counts.add("dumps")
        nap(0.02, 0.05)


# --- gateways that come and go ---------------------------------------------------

PUSH = 1 << 30 | 8 << 16 | 0xb7 << 8 | 1
BLOCK = 4096


def blocks(link, first, count):
    """The same key for both ends of a link."""
    return b"".join(struct.pack(">IBBHQQQIIII16x", 0x514b4442, 1, 64, 0, link, index, 1, BLOCK,
                                BLOCK, 0, 0) + os.urandom(BLOCK)
                    for index in range(first, first + count))


class End:
    """One end of a gateway's tunnels, in a namespace that nothing but this holds."""

    def __init__(self, own, far):
        self.net = rawnet.fresh()
        self.own, self.far = own, far
        self.route, self.family, self.xfrm = Netlink(ROUTE), Family(), Netlink(XFRM)
        rawnet.link_up(self.route, 1)
        with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
        quick(1)

    def start(self, key):
        """A node with a peer that has key, and bindings."""
        self.family.needs(
            ("node-set", {"id": 1 << 32 | self.own}),
            ("peer-new", {"id": 1 << 32 | self.far, "kind": 0, "addr4": ip(f"10.9.0.{self.far}"),
                          "seg-shift": 12, "pool-max": 1 << 18, "hello-ms": 100}),
            ("source-new", {"peer": 1 << 32 | self.far, "kind": 1}))
        rawnet.enter(self.net)
        self.push = os.open("/dev/qkdnf", os.O_WRONLY | os.O_CLOEXEC)
        fcntl.ioctl(self.push, PUSH, struct.pack("Q", 1 << 32 | self.far))
        os.write(self.push, key)
        self.family.needs(*(self.new(r) for r in range(1, LIVES + 1)))

    def new(self, r):
        return "binding-new", {
            "reqid": r, "peer": 1 << 32 | self.far, "addr4": ip(f"10.9.0.{self.far}"),
            "local-addr4": ip(f"10.9.0.{self.own}"), "algorithm": r % 2, **NO_LIMIT,
            "soft-packets": 6, "hard-packets": 40}

    def disturb(self):
        r = random.randint(1, LIVES)
        what = random.randrange(4)
        if what == 0:
            self.xfrm.must(rawnet.FLUSH)
        elif what == 1:
            self.family.needs(("binding-del", {"reqid": r}), self.new(r))
            counts.add("replaced")
        else:
            counts.add("rekeys", good(self.family.do(*(
                ("binding-rekey", {"reqid": n}) for n in range(1, LIVES + 1)))))

    def leave(self):
        """Its last words; then the namespace goes, all of it but what happens in it."""
        bindings = self.family.bindings() if random.random() < 0.9 else []
        Watch().look(0, bindings)
        counts.add("forged", wrong(self.net, self.xfrm)[0])
        last = random.randrange(4)
        if last == 0:
            self.family.needs(("peer-del", {"id": 1 << 32 | self.far}))
        elif last == 1:
            self.family.needs(("node-del",))
        elif last == 2:
            self.family.needs(*(("binding-rekey", {"reqid": r}) for r in range(1, LIVES + 1)))
        for one in (self.route, self.family, self.xfrm):
            one.close()
        os.close(self.push)
        counts.add("bindings-gone", LIVES)
        return any(a["valid"] == b"\1" for one in bindings for a in one["association"])


def gateway(slot, route, sock, device):
    x, y = End(1, 2), End(2, 1)
    rawnet.veth(route, device, 100 + slot, "user", 10, x.net)
    rawnet.veth(x.route, "line", 11, "line", 11, y.net)
    rawnet.address(route, 100 + slot, f"10.8.{slot}.1", 24)
    rawnet.link_up(route, 100 + slot)
    inner = [f"10.10.{slot}.{r}" for r in range(1, LIVES + 1)]
    for end, index, own in ((x, 10, f"10.8.{slot}.2"), (x, 11, "10.9.0.1"), (y, 11, "10.9.0.2")):
        rawnet.address(end.route, index, own, 24)
        rawnet.link_up(end.route, index)
    rawnet.way(route, f"10.10.{slot}.0", 24, f"10.8.{slot}.2", 100 + slot)
    rawnet.way(x.route, f"10.10.{slot}.0", 24, "10.9.0.2", 11)
    for r, to in enumerate(inner, 1):
        rawnet.address(y.route, 1, to, 32)
        x.xfrm.must(rawnet.policy(1, f"10.8.{slot}.1", to, r, "10.9.0.1", "10.9.0.2"))
        y.xfrm.must(rawnet.policy(0, f"10.8.{slot}.1", to, r, "10.9.0.1", "10.9.0.2"))

    def send():
        for to in inner:
            try:
                sock.sendto(b"x" * 100, (to, 9))
                counts.add("sent")
            except OSError:
                return False
        return True

    send()
    link, told = random.getrandbits(63) | 1, 4
    key = blocks(link, 1, told)
    for end in random.sample((x, y), 2):
        end.start(key)
    end_at = time.monotonic() + random.choice((0, 0.3, 1, 2))
    while time.monotonic() < end_at and counts.going():
        send()
        random.choice((x, y)).disturb()
        nap(0, 0.1)
        # What came before they met is of no use to them.
        if told < 40:
            key = blocks(link, told + 1, 1)
            for end in (x, y):
                os.write(end.push, key)
            told += 1
    live = [end.leave() for end in (x, y)]
    counts.add("gateways-live", all(live))
    rawnet.enter(NET["w"])
    for end in random.sample((x, y), 2):
        os.close(end.net)
        send()
    # The cable goes last, so until then what comes still meets the gateway.
    end_at = time.monotonic() + PATIENCE
    while send():
        if time.monotonic() > end_at:
            raise RuntimeError(f"the namespace of gateway {device} does not go away")
        time.sleep(0.001)
    counts.add("gateways")


def gateways(slot):
    route = within("w", lambda: Netlink(ROUTE))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    n = 0
    while counts.going():
        gateway(slot, route, sock, f"to{slot}-{n}")
        n += 1


# --- what has to hold ------------------------------------------------------------

WRONG = ("XfrmInStateProtoError", "XfrmInStateModeError", "XfrmInError", "XfrmInHdrError",
         "XfrmInStateMismatch", "XfrmOutStateProtoError", "XfrmOutStateModeError")


def wrong(net, xfrm):
    """Packets that met another key, or anything else that cannot be; and what they met."""
    met = {name: n for name, n in rawnet.counters(net).items() if name in WRONG and n}
    failed = sum(n for _, n, _ in rawnet.states(xfrm))
    return sum(met.values()) + failed, f"{met}, {failed} under states there are"


class Look:
    """Both ends, as the module and as xfrm see them."""

    def __init__(self):
        self.family = {end: within(end, Family) for end in ENDS}
        self.xfrm = {end: within(end, lambda: Netlink(XFRM)) for end in ENDS}

    def bindings(self):
        return {end: {one["reqid"]: one for one in self.family[end].bindings()} for end in ENDS}

    def apart(self):
        """Bindings that are not up, or whose ends do not send under what the other hears."""
        up, now = rawnet.QKDNF["QKDNF_BINDING_STATE_UP"], self.bindings()
        keep = "state", "reason", "out_spi", "in_spi", "failed"

        def well(one, other):
            return one["state"] == up and "reason" not in one and one["out_spi"] == other["in_spi"]
        return [(end, r, {k: now[end][r].get(k) for k in keep}) for end in ENDS
                for r in range(1, N + 1) if not well(now[end][r], now[FAR[end]][r])]

    def strays(self, end):
        """States of xfrm that no binding has, and associations that xfrm has not."""
        there = {spi for spi, _, _ in rawnet.states(self.xfrm[end]) if spi}
        ours = {int.from_bytes(a["spi"], "little") for one in self.family[end].bindings()
                for a in one["association"] if a["valid"] == b"\1"}
        return there ^ ours


def answers(end, silent):
    """Those of these bindings whose other end does not answer to an echo."""
    sock = within(end, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    sock.settimeout(0.5)
    ident = os.getpid() & 0xffff
    for r in list(silent):
        head = struct.pack(">BBHHH", 8, 0, 0xffff - (0x800 + ident + r - 1) % 0xffff - 1, ident, r)
        total = sum(struct.unpack(">4H", head[:2] + b"\0\0" + head[4:]))
        total = (total >> 16) + (total & 0xffff)
        head = head[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + head[4:]
        sent = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        sent.bind((f"{INNER[end]}{r}", 0))
        try:
            sent.sendto(head, (f"{INNER[FAR[end]]}{r}", 0))
            while True:
                packet = sock.recv(2048)
                if packet[20:21] == b"\0" and struct.unpack_from(">HH", packet, 24) == (ident, r):
                    silent.discard(r)
                    break
        except OSError:
            pass
        sent.close()
    sock.close()
    return silent


def unreclaimable():
    """Kernel memory that does not go back by itself, in KiB."""
    meminfo = dict(line.split()[:2] for line in open("/proc/meminfo"))
    return int(meminfo["SUnreclaim:"]) + int(meminfo["Percpu:"])


def quick(seconds):
    """How long traffic waits for a state until it asks again, in the namespace entered."""
    with open("/proc/sys/net/core/xfrm_acq_expires", "w") as file:
        file.write(str(seconds))


def set_up():
    for end in ENDS:
        route = within(end, lambda: Netlink(ROUTE))
        xfrm, family = Netlink(XFRM), Family()
        own, far = OUTER[end][0], OUTER[FAR[end]][0]
        quick(1)
        index = socket.if_nametoindex(f"to-{FAR[end]}")
        rawnet.address(route, index, OUTER[end][1], 24)
        rawnet.way(route, INNER[FAR[end]] + "0", 24, far, index)
        for r in range(1, N + 1):
            rawnet.address(route, 1, f"{INNER[end]}{r}", 32)
            xfrm.must(rawnet.policy(1, f"{INNER[end]}{r}", f"{INNER[FAR[end]]}{r}", r, own, far),
                      rawnet.policy(0, f"{INNER[FAR[end]]}{r}", f"{INNER[end]}{r}", r, far, own))
            family.needs(("binding-new", binding(end, r, own, far)))


def worker(row, work, *args):
    pid = os.fork()
    if pid:
        return pid
    try:
        counts.row = row
        random.seed(row * 1000 + int(time.time()))
        work(*args)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def enough(now):
    return {name: n for name, n in ENOUGH.items() if now[name] < n * TIMES}


def main():
    set_up()
    look = Look()
    verdict("races-begin", until(lambda: not look.apart(), 60), str(look.apart()[:3]))
    before = unreclaimable()
    where = {end: [0] * (N + 1) for end in ENDS}
    jobs = [(sender,), (rekeyer,), (mover, where), (flusher,), (reader,)] + \
        [(gateways, slot) for slot in range(1, GATEWAYS + 1)]
    pids = [worker(row, *job) for row, job in enumerate(jobs, 1)]
    began, died = time.monotonic(), []
    while enough(counts.all()) and not died and time.monotonic() - began < SECONDS:
        time.sleep(0.5)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            died.append(pids.pop(pids.index(pid)))
    counts.stop()
    died += [pid for pid in pids if os.waitpid(pid, 0)[1]]
    done = counts.all()
    print(f"# in {time.monotonic() - began:.0f} s:", *(f"{n} {name}," for name, n in done.items()),
          flush=True)
    verdict("races-every-request-as-it-should", not died, f"{len(died)} broke off")
    verdict("races-enough", not enough(done), str(enough(done)))

    verdict("races-all-agreed-again", until(lambda: not look.apart(), 60), str(look.apart()[:3]))
    for end in ENDS:
        silent = set(range(1, N + 1))
        verdict(f"races-traffic-{end}", until(lambda: not answers(end, silent), 20), str(silent))
        verdict(f"races-states-are-those-of-bindings-{end}",
                until(lambda: not look.strays(end), 20), str(look.strays(end)))
        n, met = wrong(NET[end], look.xfrm[end])
        verdict(f"races-one-key-for-one-spi-{end}", not n, met)
    verdict("races-one-key-for-one-spi-meanwhile", not done["forged"], str(done["forged"]))
    verdict("races-memory-as-before", until(lambda: unreclaimable() - before < GROWN, 20),
            f"{unreclaimable() - before} KiB more are not given back")
    print(f"# kernel memory grew by {unreclaimable() - before} KiB", flush=True)
    sys.exit(ends.failed != 0)


if __name__ == "__main__":
    main()
