#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a contract's rate what passes?

	meter.py RATE BURST: a (1:1) sends to d (2:2) by way of c (2:1), which carries
	it under contract 7, of RATE octets a second

Prints "ok NAME" and "not ok NAME - why".
"""
import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ends import ctl, until, verdict  # noqa: E402
import ends  # noqa: E402

RATE, BURST = map(int, sys.argv[1:])
SECONDS = 20		# of measuring, at least
CLEAR = 10		# of these without a standstill,
AT_MOST = 90		# unless that takes so long
STANDSTILL = 0.3	# as this machine may be kept from running for seconds, and then
RECOVERY = 2		# a has to find its pace again, with the bucket full
CHUNK = 992
events = {"a": [], "c": []}


def contract():
    return ctl("c", "contract", "show", "1:1", "7", "in")


def want(octets):
    """a wants so much more than it has; 0: nothing."""
    mark = str(2 * (ctl("a", "peer", "show", "2:2")["own_level"] + octets) if octets else 0)
    ctl("a", "peer", "set", "2:2", "low", mark, "high", mark)


def told(ns, kind, since=0):
    return [e for e in events[ns][since:] if kind in e.values()]


def listen(ns):
    monitor = subprocess.Popen(("qkdnfctl", "-n", ns, "-j", "monitor"), stdout=subprocess.PIPE,
                               text=True)

    def read():
        for line in monitor.stdout:
            events[ns].append(json.loads(line))
    threading.Thread(target=read, daemon=True).start()

    def subscribed():
        """It catches SIGINT and SIGTERM from when it has subscribed."""
        with open(f"/proc/{monitor.pid}/status") as status:
            return any(line.startswith("SigCgt:") and line.endswith("4002\n")
                       for line in status)
    if not until(subscribed, 60):
        raise RuntimeError(f"monitor of {ns} does not begin")
    return monitor


def reading():
    """Octets accepted just after a frame was refused, when the bucket is all but empty:
    when it was read, at the earliest and latest, and octets that may have been in it.
    """
    before = time.monotonic_ns()
    refused = contract()["refused_rate"]
    while True:
        again = time.monotonic_ns()
        now = contract()
        after = time.monotonic_ns()
        if now["refused_rate"] > refused:
            return again / 1e9, after / 1e9, now["accepted"], CHUNK + RATE * (after - before) / 1e9
        before, refused = again, now["refused_rate"]


class Standstills(threading.Thread):
    """Notes for how long nothing ran here: who sends then sends nothing either."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.lost, self.count = threading.Event(), 0, 0

    def run(self):
        before = time.monotonic()
        while not self.over.wait(0.05):
            now = time.monotonic()
            if now - before > STANDSTILL:
                self.count += 1
                self.lost += now - before + RECOVERY
            before = now


def rest():
    """Wait until a has sent nothing for so long that the bucket has filled again."""
    seen, since = None, time.monotonic()

    def quiet():
        nonlocal seen, since
        now = [contract()[member] for member in ("accepted", "refused_rate")]
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 1.5 * BURST / RATE
    return until(quiet, 60)


def told_again(since):
    """Is c told once more? What a gets may not be enough; then it wants more."""
    if told("c", "contract-exhausted", since):
        return True
    if ctl("a", "relay", "show", "2:2")["state"] == "idle":
        want(4 * BURST)
    return False


monitors = [listen(ns) for ns in events]
try:
    base = contract()
    want(1000000)
    verdict("rate-exhausted", until(lambda: contract()["refused_rate"] > base["refused_rate"], 60),
            f"{base} became {contract()}")
    verdict("rate-exhausted-event", until(lambda: told("c", "contract-exhausted"), 10),
            str(events["c"]))
    verdict("rate-nak-event", until(lambda: told("a", "nak"), 10), str(events["a"]))

    still = Standstills()
    still.start()
    first = reading()
    began = time.monotonic()
    while (took := time.monotonic() - began) < AT_MOST and \
            (took < SECONDS or took - still.lost < CLEAR):
        time.sleep(1)
    last = reading()
    still.over.set()
    still.join()
    accepted = last[2] - first[2]
    longest, shortest = last[1] - first[0], last[0] - first[1]
    clear = max(0, shortest - still.lost)
    print(f"# {still.count} standstills: {clear:.1f} s in which a could send")
    print(f"# {accepted} octets in {shortest:.3f} to {longest:.3f} s: "
          f"{accepted / longest / RATE:.3f} to {accepted / shortest / RATE:.3f} of the rate; "
          f"{contract()['refused_rate']} frames refused", flush=True)
    verdict("rate-not-more", accepted <= 1.01 * RATE * longest + first[3],
            f"{accepted} octets in {longest:.3f} s")
    verdict("rate-not-less", accepted >= 0.95 * RATE * clear - last[3],
            f"{accepted} octets in {shortest:.3f} s, {clear:.3f} of them clear: {ctl('a', 'relay', 'show', '2:2')}")
    verdict("rate-told-not-for-each-frame",
            len(told("c", "contract-exhausted")) * 4 <= contract()["refused_rate"],
            f"{len(told('c', 'contract-exhausted'))} events")

    # Enough for now; then more than the burst once more: told once more.
    want(0)
    verdict("rate-rests", rest(), str(ctl("a", "relay", "show", "2:2")))
    since = len(events["c"])
    before = contract()["accepted"]
    want(4 * BURST)
    verdict("rate-resumed", until(lambda: contract()["accepted"] - before >= 2 * BURST, 60),
            str(contract()))
    verdict("rate-exhausted-event-again",
            until(lambda: told_again(since), 60), f"{events['c'][since:]}, {contract()}")
finally:
    for monitor in monitors:
        monitor.terminate()
        monitor.wait()
sys.exit(ends.failed != 0)
