#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""IPsec associations while either end begins anew between any two frames that agree
them.

	rekeys.py DIRECTORY SECONDS: in namespace m, amid a (1:1) and b (1:2), whose files
	are in DIRECTORY

Prints "ok NAME" and "not ok NAME - why".
"""
import re
import subprocess
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from ends import balanced, ctl, until, verdict  # noqa: E402
import ends  # noqa: E402
from middle import HEADER, Middle  # noqa: E402

DIRECTORY, ENOUGH = sys.argv[1:]
SA = 8, 9, 10
INNER = {"a": "192.168.7.1", "b": "192.168.7.2"}
OTHER = {"a": "b", "b": "a"}
IDS = {"a": "1:1", "b": "1:2"}
SECONDS = 60		# for the ends to meet
AT_LEAST = 6		# points


def binding(ns):
    return ctl(ns, "ipsec", "show", "7", may_fail=True) or {}


def apply(ns):
    if not until(lambda: ctl(ns, "apply", f"{DIRECTORY}/{ns}.yaml", may_fail=True), 20):
        raise RuntimeError(f"{ns} does not start")


def restart(ns, what):
    if what == "node":
        ctl(ns, "node", "del")
    elif what == "peer":
        ctl(ns, "peer", "del", IDS[OTHER[ns]])
    else:
        ctl(ns, "ipsec", "del", "7")
    apply(ns)


def agreed():
    a, b = binding("a"), binding("b")
    return a.get("state") == b.get("state") == "up" and \
        (a["out_spi"], a["in_spi"]) == (b["in_spi"], b["out_spi"]) and \
        not a.get("reason") and not b.get("reason")


def pings(ns):
    return not subprocess.run(("ip", "netns", "exec", ns, "ping", "-q", "-c", "2", "-i", "0.2",
                               "-W", "2", INNER[OTHER[ns]]), capture_output=True).returncode


def forged():
    """Packets that met an association with another key."""
    said = "".join(subprocess.run(("ip", "-n", ns, "-s", "xfrm", "state"), capture_output=True,
                                  text=True).stdout for ns in "ab")
    return sum(int(n) for n in re.findall(r"failed (\d+)", said))


def states():
    keep = "state", "reason", "out_spi", "in_spi", "failed", "rekeys_out", "rekeys_in"
    return str([{k: binding(ns).get(k) for k in keep} for ns in "ab"])


def point(ns, what, count, late):
    name = f"rekeys-{ns}-{what}-after-{count}{'-late' * late}"
    left = [count]

    def rule(frame):
        if middle.held:
            return "hold"
        if frame.type in SA:
            if not left[0]:
                return "hold"
            left[0] -= 1
        return "pass"
    middle.obey(rule)
    ctl("a", "ipsec", "rekey", "7")
    seen = middle.wait(lambda: middle.held, 10)
    restart(ns, what)
    middle.obey(lambda frame: "pass")
    if not late:
        middle.release()
    if not until(agreed, SECONDS):
        middle.release()
        return verdict(name, False, f"not agreed again: {states()}")
    if late:
        middle.release()
    fault = None
    if not seen:
        fault = "no such frame came"
    elif not until(lambda: pings("a") and pings("b"), 20):
        fault = f"no pings; {states()}"
    elif not until(agreed, 20):
        fault = f"not agreed after frames of before: {states()}"
    elif forged():
        fault = "two keys for one SPI"
    elif middle.violations:
        fault = f"key used twice: {middle.violations[0]}"
    elif not until(lambda: balanced(ns), 5):
        fault = "books do not balance"
    return verdict(name, not fault, fault)


middle = Middle("to-a", "to-b")
middle.start()
began = time.monotonic()
for end in "ab":
    apply(end)
verdict("rekeys-first", until(agreed, SECONDS), states())

points = [(ns, what, count, (count + (what == "binding")) % 2) for count in range(5)
          for ns, what in (("a", "peer"), ("b", "binding"), ("b", "peer"), ("a", "node"),
                           ("a", "binding"), ("b", "node"))]
# An emulated guest has time for some of them: those far apart come first.
order = [points[n * 11 % len(points)] for n in range(len(points))]
done = 0
for one in order:
    if done >= AT_LEAST and time.monotonic() - began > int(ENOUGH):
        break
    point(*one)
    done += 1
print(f"# {done} of {len(points)} points, {len(middle.frames)} frames", flush=True)



# The end of a binding is told until it is heard, and no longer than it is true.
def gone(frame):
    return frame.type == SA[2] and not frame.flags and frame.data[HEADER + 4] == 2


lost = [2]


def lossy(frame):
    if gone(frame) and lost[0]:
        lost[0] -= 1
        return "drop"
    return "pass"


middle.obey(lossy)
ctl("a", "ipsec", "del", "7")
verdict("end-lost", until(lambda: binding("b").get("state") == "waiting", 20) and not lost[0],
        str(lost) + states())
apply("a")
verdict("end-lost-again", until(agreed, SECONDS), states())

middle.obey(lambda frame: "hold" if gone(frame) else "pass")
ctl("a", "ipsec", "del", "7")
heard = middle.wait(lambda: middle.held, 10)
apply("a")
verdict("end-late-again", heard and until(agreed, SECONDS), states())
before = binding("b")
middle.release()
ctl("a", "ipsec", "rekey", "7")
verdict("end-late", until(lambda: binding("b")["rekeys_in"] > before["rekeys_in"] and agreed(), 20)
        and binding("b")["failed"] == before["failed"], states())

# An address that the other end cannot take is said to be so.
ctl("a", "ipsec", "move", "7", "local", "10.0.1.2", "address", "10.0.1.9")
verdict("move-refused", until(lambda: "refuses the address" in binding("a").get("reason", ""), 20),
        str(binding("a")))
ctl("a", "ipsec", "move", "7", "local", "10.0.1.1", "address", "10.0.1.2")
verdict("move-mended", until(agreed, 20), states())
verdict("no-key-twice", not middle.violations, str(middle.violations[:1]))
sys.exit(ends.failed != 0)
