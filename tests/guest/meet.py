#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two ends of a QKD link that meet again and again, with a man in the middle.

	meet.py: in namespace m, between a (1:1, 10.0.1.1) and b (1:2, 10.0.1.2)

Prints "ok NAME" and "not ok NAME - why".
"""
import json
import os
import random
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from middle import Middle, PROBE, HELLO, GRANT, SUPPLY  # noqa: E402

IDS = {"a": "1:1", "b": "1:2"}
OTHER = {"a": "b", "b": "a"}
ADDRESS = {"a": "10.0.1.1", "b": "10.0.1.2"}
NAMES = {PROBE: "probe", HELLO: "hello", GRANT: "grant", SUPPLY: "supply"}
SECONDS = 120		# for what must come: the machine may be busy
failed = 0


def verdict(name, good, why=""):
    global failed
    failed += not good
    print(f"ok {name}" if good else f"not ok {name} - {why}", flush=True)


def ctl(ns, *args, may_fail=False):
    done = subprocess.run(("qkdnfctl", "-n", ns, "-j") + args, capture_output=True, text=True)
    if done.returncode:
        if may_fail:
            return None
        raise RuntimeError(f"{args}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else True


def peer(ns):
    return ctl(ns, "peer", "show", IDS[OTHER[ns]])


def restart(ns):
    """A new life of one end; its source goes on where it is."""
    other = IDS[OTHER[ns]]
    ctl(ns, "peer", "del", other, may_fail=True)
    ctl(ns, "peer", "add", other, "address", ADDRESS[OTHER[ns]], "segment", "4Ki", "pool",
        "256Ki", "hello", "200ms", "low", "240Ki", "high", "256Ki")
    for _ in range(300):
        if ctl(ns, "source", "add", other, "fd", f"/dev/qkdemu/ab.{ns}", may_fail=True):
            return
        time.sleep(0.2)
    raise RuntimeError("the source cannot be had again")


def met():
    a, b = peer("a"), peer("b")
    return a["state"] == b["state"] == "up" and a["barrier"] == b["barrier"] and \
        (a["incarnation"], a["peer_incarnation"]) == (b["peer_incarnation"], b["incarnation"]) and \
        a["own_level"] > 8192 and b["own_level"] > 8192


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def meets(name):
    began = time.monotonic()
    good = until(met)
    states = "" if good else str([{k: peer(n).get(k) for k in (
        "state", "own_level", "held", "barrier", "incarnation", "counters")} for n in IDS])
    if good and middle.violations:
        good, states = False, f"key used twice: {middle.violations[0]}"
    verdict(name, good, states)
    return time.monotonic() - began


def state(ns):
    """What a frame of another may change: pairing, books, what was taken in. The
    node's own HELLOs and requests go on, at 32 octets or a known span each."""
    p = peer(ns)
    counters = {k: v for k, v in p["counters"].items() if k in (
        "probe_rx", "hello_rx", "grant_in", "grant_out", "supply_rx", "relay_rx", "ack_rx", "nak_rx")}
    own = p["counters"]["control_octets"]
    return p["incarnation"], p["peer_incarnation"], p["barrier"], p["books"]["spent"] - own, \
        p["books"]["in"], counters


def dropped(ns):
    c = peer(ns)["counters"]
    stats = ctl(ns, "stats")["unclaimed"]
    return sum(v for k, v in c.items() if k.startswith("drop_")) + \
        sum(v for k, v in stats.items() if k != "rx_frames")


def is_type(kind):
    return lambda frame: frame.type == kind


# --- restarts between any two frames ------------------------------------------------------

middle = Middle("to-a", "to-b")
middle.start()
for end in "ab":
    restart(end)
meets("pairing-first")

slowest = 0
for second in "ab":
    for count in range(6):
        # The first restart begins a meeting; after some frames of it everything
        # stays on the way, an end begins anew, and then what was held comes late.
        middle.hold_after(count)
        restart("a")
        middle.wait(lambda: middle.held, SECONDS)
        restart(second)
        middle.release()
        slowest = max(slowest, meets(f"pairing-restart-a-then-{second}-after-{count}-frames"))
print(f"# slowest meeting: {slowest:.1f} s", flush=True)

# Both at once, and everything lost for a while.
middle.obey(lambda frame: "drop")
restart("a")
restart("b")
time.sleep(3)
middle.release()
meets("pairing-both-after-silence")

# --- a dead life's barrier ------------------------------------------------------------------

# b's source lags. A new life of a pairs with b, at a barrier above all that b holds, and
# b dies before a hears it in the pairing. The next life of b gets what its source kept,
# and hears from a of that barrier: what it holds below is what a has erased. No more key
# comes, so they must meet by what both hold above. It comes so slowly meanwhile that a
# still has it, however busy the machine.
subprocess.run(("qkdnfctl", "emu", "set", "ab", "rate", "250k"), check=True)
middle.obey(lambda frame: "hold")
restart("a")
middle.wait(lambda: any(f.type == PROBE for f in middle.held), SECONDS)
ctl("b", "source", "del", IDS["a"])
time.sleep(0.5)  # a's store holds so many seconds of its source: then the link is cut
subprocess.run(("qkdnfctl", "emu", "down", "ab"), check=True)
middle.release()
middle.obey(lambda frame: "drop" if frame.side and frame.type == HELLO else "pass")
born = peer("b")["incarnation"]
paired = until(lambda: peer("a").get("peer_incarnation") == born and peer("a").get("barrier"))
middle.obey(lambda frame: "drop")
restart("b")
subprocess.run(("qkdnfctl", "emu", "up", "ab"), check=True)
time.sleep(1)
middle.obey(lambda frame: "drop" if frame.side else "pass")
told = until(lambda: peer("b")["counters"]["probe_rx"])
subprocess.run(("qkdnfctl", "emu", "down", "ab"), check=True)
middle.release()
verdict("pairing-stale-barrier", paired and told and
        until(lambda: peer("a").get("peer_incarnation") == peer("b")["incarnation"]),
        f"paired {paired}, told {told}, {peer('a')}, {peer('b')}")
subprocess.run(("qkdnfctl", "emu", "set", "ab", "rate", "1M"), check=True)
subprocess.run(("qkdnfctl", "emu", "up", "ab"), check=True)
meets("pairing-after-stale-barrier")

# --- restarts between any two frames of SUPPLY and of GRANT ----------------------------------


def ask(ns, label):
    """A take that may not get far."""
    return subprocess.Popen(("qkdnfctl", "-n", ns, "key", "take", IDS[OTHER[ns]], "--octets", "4Ki",
                             "--label", label, "--digest", "sha256"),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


for kind, counts in ((SUPPLY, range(4)), (GRANT, range(2))):
    for end in "ab":
        for count in counts:
            middle.hold_after(count, is_type(kind)) if count else \
                middle.obey(lambda frame, kind=kind: "hold" if frame.type == kind or
                            middle.held else "pass")
            takes = []
            # A take is SUPPLY at once; many on one side bring GRANT.
            for turn in range(8):
                takes += [ask("a", f"{turn}-{n}") for n in range(16 if kind == GRANT else 1)]
                if middle.wait(lambda: middle.held, 4 if turn < 4 else 10):
                    break
            seen = bool(middle.held)
            restart(end)
            middle.release()
            for take in takes:
                take.kill()
                take.wait()
            name = f"pairing-restart-{end}-after-{count}-frames-of-{NAMES[kind]}"
            if not seen:
                verdict(name, False, f"no {NAMES[kind]} was seen")
            else:
                meets(name)

# --- loss, repetition, reordering by the man himself -------------------------------------------

dice = random.Random(1)


def rough(frame):
    roll = dice.random()
    if roll < 0.1:
        return "drop"
    if roll < 0.3:
        middle.send(frame)  # and once more
    elif roll < 0.4:
        return "hold"
    elif roll < 0.8 and middle.held:
        middle.send(middle.held.pop())  # an old one first
    return "pass"


middle.obey(rough)
restart("b")
meets("pairing-rough")
middle.release()

# --- hash keys: no HELLO that names a's arrives, so a gives one up for another --------------------

named = {}


def unheard(frame):
    offset = frame.hash_offset() if frame.sender == 1 << 32 | 1 else None
    if offset is None:
        return "pass"
    named[offset] = named.get(offset, 0) + 1
    return "drop"


middle.obey(unheard)
restart("a")
verdict("hash-key-another", middle.wait(lambda: len(named) >= 3, SECONDS), f"a names {named}")
# An answer may only be slow: the second key is waited for longer than the first.
counts = list(named.values())
verdict("hash-key-patience", len(counts) >= 3 and counts[1] > counts[0], f"named {counts} times")
verdict("hash-key-unheard-not-up", peer("a")["state"] == "paired", f"a is {peer('a')['state']}")
middle.release()
meets("hash-key-heard")
held = [(peer(n).get("hash_offset"), peer(OTHER[n]).get("other_hash_offset")) for n in "ab"]
verdict("hash-keys-agree", all(own == other is not None for own, other in held), str(held))

# --- replay -----------------------------------------------------------------------------------

meets("replay-before")
for end in "ab":
    ctl(end, "peer", "set", IDS[OTHER[end]], "hello", "60s")
subprocess.run(("qkdnfctl", "emu", "down", "ab"), check=True)
time.sleep(2)

# Whatever the nodes say from now on stays on the way: only what came before is
# a repetition.
frames = list(middle.frames)
middle.obey(lambda frame: "hold")
time.sleep(1)


def replay():
    """All of it, to whom it was sent. Returns how many each end got."""
    sent = {"a": 0, "b": 0}
    for n, frame in enumerate(frames):
        middle.send(frame)
        sent["ba"[frame.side]] += 1
        if n % 50 == 49:
            time.sleep(0.05)
    # until they have dealt with it
    seen = None
    while seen != (seen := [(state(n), dropped(n)) for n in "ab"]):
        time.sleep(1)
    return sent


# Some may never have been taken: what a frame's key is, its reader may have got
# later than the frame, or he began anew just then. They come late, this time; from
# the second time on each is a repetition, which not even spends.
met_before = {n: state(n)[:3] for n in "ab"}
replay()
for n in "ab":
    verdict(f"replay-late-keeps-pairing-{n}", met_before[n] == state(n)[:3],
            f"{met_before[n]} became {state(n)[:3]}")
before = {n: state(n) for n in "ab"}
drops = {n: dropped(n) for n in "ab"}
sent = replay()
for n in "ab":
    verdict(f"replay-changes-nothing-{n}", until(lambda n=n: before[n] == state(n)),
            f"{before[n]} became {state(n)}")
    until(lambda n=n: dropped(n) - drops[n] >= sent[n])
    verdict(f"replay-dropped-{n}", dropped(n) - drops[n] == sent[n] and sent[n] > 0,
            f"{dropped(n) - drops[n]} of {sent[n]} were counted as dropped")

# --- forgery ----------------------------------------------------------------------------------

# A frame that b never got: whatever is made of it, b spends nothing, and takes the
# true one at the end.
take = ask("a", "forge")
verdict("forge-caught-one", middle.wait(lambda: any(f.type == SUPPLY for f in middle.held), SECONDS),
        "a says nothing")
take.kill()
take.wait()
with middle.lock:
    true = [f for f in middle.held if f.type == SUPPLY][0]

before = state("b")


def forge(name, packets):
    base, count = dropped("b"), 0
    for packet in packets:
        middle.send(true, packet)
        count += 1
        if count % 50 == 49:
            time.sleep(0.05)
    until(lambda: dropped("b") - base >= count)
    got = dropped("b") - base
    verdict(f"forge-{name}", until(lambda: state("b") == before) and got == count,
            f"{got} of {count} dropped; {before} became {state('b')}")


def flipped(at, bit=0):
    data = bytearray(true.data)
    data[at] ^= 1 << bit
    return true.with_data(bytes(data))


forge("truncated-at-every-length", (true.with_data(true.data[:n]) for n in range(len(true.data))))
forge("lengthened", (true.with_data(true.data + bytes(n)) for n in (1, 16, 1000)))
forge("every-header-octet", (flipped(at, bit) for at in range(64) for bit in (0, 7)))
forge("every-tag-bit", (flipped(at, bit) for at in range(64, 80) for bit in range(8)))
forge("every-payload-octet", (flipped(at) for at in range(80, len(true.data))))
forge("zero-tag", [true.with_data(true.data[:64] + bytes(16) + true.data[80:])])
forge("other-address", [true.with_data(true.data, source="10.0.1.3")])
forge("random", (true.with_data(true.data[:1] + dice.randbytes(n)) for n in range(79, 1072, 31)))
# A holed or unfilled range has no key: nothing verifies there, not even under zeros.
forge("far-offset", (true.with_data(true.data[:16] + struct.pack(">Q", n << 12) + true.data[24:])
                     for n in (0, 1, 1 << 30, (1 << 51) - 1)))
marks = peer("b")["counters"]["supply_rx"]
middle.send(true)
verdict("forge-true-one-still-good",
        until(lambda: peer("b")["counters"]["supply_rx"] == marks + 1),
        f"supply_rx {marks} became {peer('b')['counters']}")
middle.send(true)
time.sleep(0.5)
verdict("forge-true-one-only-once", peer("b")["counters"]["supply_rx"] == marks + 1, "taken twice")

verdict("pairing-no-octet-twice", not middle.violations, str(middle.violations[:1]))
print(f"# {len(middle.frames)} frames under {len(middle.spent)} granules of key", flush=True)
sys.exit(failed != 0)
