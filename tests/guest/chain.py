#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A remote stream over one relay, one of whose nodes begins anew between any two
frames that carry a segment or acknowledge it.

	chain.py WHO DIRECTORY SECONDS: in namespace WHO-m, amid WHO-a (1:1), WHO-b (1:2)
	and WHO-d (1:4), whose files are in DIRECTORY; WHO is origin, relay or far

Prints "ok NAME" and "not ok NAME - why".
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ends import balanced, ctl, number, same_key, until, verdict  # noqa: E402
import ends  # noqa: E402
from middle import Middle, RELAY, ACK  # noqa: E402

WHO, DIRECTORY, ENOUGH = sys.argv[1:]
A, B, D = (f"{WHO}-{n}" for n in "abd")
IDS = {A: "1:1", B: "1:2", D: "1:4"}
ANEW = {"origin": A, "relay": B, "far": D}[WHO]
OTHER = {A: D, D: A}
SECONDS = 120		# for the ends to meet
AT_LEAST = 3		# points
SEGMENT, USABLE = 4096, 4096 - 32


def peer(ns):
    """The remote stream at one of its ends."""
    return ctl(ns, "peer", "show", IDS[OTHER[ns]])


def apply(ns, part=""):
    if not until(lambda: ctl(ns, "apply", f"{DIRECTORY}/{ns}{part}.yaml", may_fail=True), 20):
        raise RuntimeError(f"{ns} does not start")


def start(ns, meanwhile=lambda: None):
    """What its file says; an end's links first, as a PROBE of the remote stream that
    cannot go makes the next one wait longer.
    """
    if ns == B:
        apply(ns)
        return meanwhile()
    apply(ns, "-links")
    meanwhile()
    until(lambda: ctl(ns, "peer", "show", IDS[B])["state"] == "up", 20)
    return apply(ns)


def restart(ns, stream_only, meanwhile):
    """A new life of a node, or of its end of the remote stream alone. The sources of
    its links go on where they are.
    """
    if stream_only:
        ctl(ns, "peer", "del", IDS[OTHER[ns]])
        apply(ns)
        meanwhile()
    else:
        ctl(ns, "node", "del")
        start(ns, meanwhile)


def up(goal):
    """The ends have met, and the origin has so much key."""
    a = peer(A)
    if a["state"] != "up" or a["own_level"] < goal:
        return False
    d = peer(D)
    return d["state"] == "up" and a["barrier"] == d["barrier"] and \
        (a["incarnation"], a["peer_incarnation"]) == (d["peer_incarnation"], d["incarnation"])


def carries(frame):
    """It brings a segment of a's towards d, or d's word of one back."""
    ends_of = frame.origin, frame.destination
    return frame.type == RELAY and ends_of == (number(IDS[A]), number(IDS[D])) or \
        frame.type == ACK and ends_of == (number(IDS[D]), number(IDS[A]))


def stop_before(count, wanted):
    """Everything stays on the way from the wanted frame after `count` of them."""
    left = [count]

    def rule(frame):
        if middle.held:
            return "hold"
        if wanted(frame):
            if not left[0]:
                return "hold"
            left[0] -= 1
        return "pass"
    middle.obey(rule)


def compare(here, there):
    """All key that one end will give is the same at the other: (pieces, fault)."""
    for n in range(8):
        fault = same_key((here, IDS[there]), (there, IDS[here]), USABLE, b"%d" % n)
        if fault:
            return n, None if fault == "nothing" else fault
    return 8, None


def states():
    return str([{k: peer(n).get(k) for k in ("state", "own_level", "other_level", "barrier",
                                             "incarnation", "peer_incarnation")}
                for n in (A, D)] + [ctl(A, "relay", "show", IDS[D])])


def point(name, count, wanted, late, stream_only=False):
    goal = peer(A)["own_level"] + 2 * SEGMENT
    stop_before(count, wanted)
    ctl(A, "peer", "set", IDS[D], "low", str(2 * goal), "high", str(2 * goal))
    seen = middle.wait(lambda: middle.held, SECONDS)
    # What was held comes at once, or when all is over.
    restart(ANEW, stream_only, (lambda: middle.obey(lambda frame: "pass")) if late else
            middle.release)
    if not seen:
        middle.release()
        return verdict(name, False, f"no such frame came; {states()}")
    # What an end lost by beginning anew is gone; what a relay lost is sent again.
    if not until(lambda: up(goal if ANEW == B else 2 * SEGMENT), SECONDS):
        return verdict(name, False, f"not up again: {states()}")
    if late:
        middle.release()
    pieces, fault = compare(A, D)
    if not fault and not pieces:
        fault = "no key to compare"
    if not fault and middle.violations:
        fault = f"key used twice: {middle.violations[0]}"
    if not fault and not until(lambda: balanced(ANEW), 5):
        fault = "books do not balance"
    return verdict(name, not fault, f"{fault}; {states()}")


middle = Middle("to-a", "b-to-a", "b-to-d", "to-d", "direct-a", "direct-d")
middle.start()
for end in (B, A, D):
    start(end)
began = time.monotonic()
verdict(f"restarts-{WHO}-first", until(lambda: up(2 * SEGMENT), SECONDS), "not up")

# A segment is five frames on each of two hops.
points = [(f"after-{count}-frames", count, carries, count % 2, False) for count in range(11)]
points += [(f"after-{count}-acks{'-late' * late}", count,
            lambda frame: carries(frame) and frame.type == ACK, late, False)
           for count in range(2) for late in range(2)]
if ANEW != B:
    points += [(f"stream-after-{count}-frames", count, carries, count % 2, True)
               for count in (0, 3, 7)]
# An emulated guest has time for some of them: those far apart come first.
step = 7 if len(points) % 7 else 5
order = [points[n * step % len(points)] for n in range(len(points))]
done = 0
for name, *what in order:
    if done >= AT_LEAST and time.monotonic() - began > int(ENOUGH):
        break
    point(f"restarts-{WHO}-{name}", *what)
    done += 1
print(f"# {WHO}: {done} of {len(points)} points", flush=True)

for here, there in ((A, D), (D, A)):
    pieces, fault = compare(here, there)
    verdict(f"restarts-{WHO}-same-key-of-{here[-1]}", pieces and not fault, f"{pieces}: {fault}")
verdict(f"restarts-{WHO}-no-octet-twice", not middle.violations, str(middle.violations[:1]))
print(f"# {WHO}: {len(middle.frames)} frames under {len(middle.spent)} granules of key, "
      f"{time.monotonic() - began:.0f} s", flush=True)
sys.exit(ends.failed != 0)
