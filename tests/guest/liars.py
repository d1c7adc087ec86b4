#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Neighbours that lie. They know all key of their own links and seal what they like:
the man in the middle of a link, who is told its seed, puts sealed lies in place of
their frames.

	liars.py DIRECTORY START-NS: in namespace m, amid a (1:1), b (1:2), c (1:3) and
	d (1:4); seeds of the links ab and cd, and a's events, are in DIRECTORY

Prints "ok NAME" and "not ok NAME - why".
"""
import json
import os
import random
import struct
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += [os.path.join(TOP, "tests/guest"), os.path.join(TOP, "tools/decode")]
from ends import ctl, number, same_key, until, verdict  # noqa: E402
import ends  # noqa: E402
from middle import Middle, HEADER, KEYED, PADDED, RELAY  # noqa: E402
from seal import EmulatedLink, HASH_KEY_LEN, hash_words, linear_hash, poly1305  # noqa: E402

DIRECTORY, START = sys.argv[1], int(sys.argv[2])
BLOCK, SEGMENT = 4096, 4096
FROM_A, FROM_C = 0, 2			# sides of the man, in the order of his interfaces
SECONDS = 120
dice = random.Random(1)


class Link:
    """All key of a link: its end that seals frames of `side` is the liar."""

    def __init__(self, name, side):
        with open(f"{DIRECTORY}/{name}.seed") as seed:
            self.key = EmulatedLink(bytes.fromhex(seed.read().strip()), START, BLOCK)
        self.name, self.side, self.named, self.words = name, side, None, None
        self.begun = {}

    def learn(self, frame):
        """Which hash key the liar's bulk frames go under: the last that it named. And
        of each segment of a's, which chunk came first.
        """
        if mine(frame, self.side):
            self.begun.setdefault(frame.remote_offset // SEGMENT, frame.remote_offset)
        offset = frame.hash_offset() if frame.side == self.side else None
        if offset is not None and offset != self.named:
            self.words = hash_words(self.key.read(offset, HASH_KEY_LEN))
            self.named = offset

    def sealed(self, frame, payload=None, **changes):
        """The frame of the liar's anew, as the liar himself would have sealed it."""
        data = bytearray(frame.data[:HEADER] + (frame.data[HEADER:] if payload is None else
                                                payload))
        for at, field in changes.items():
            place, form = FIELDS[at]
            struct.pack_into(form, data, place, field)
        message = bytes(data[:64] + data[HEADER:])
        data[64:80] = poly1305(self.key.read(frame.offset, 32), linear_hash(self.words, message))
        return frame.with_data(bytes(data))

    def honest(self, frame):
        """Does what the liar sent come out the same? Else its lies show nothing."""
        return self.sealed(frame) == frame.with_data(frame.data)


FIELDS = {"flags": (2, ">B"), "share": (6, ">B"), "origin": (24, ">Q")}


def peer(ns, node):
    return ctl(ns, "peer", "show", node)


def relay():
    return ctl("a", "relay", "show", "1:4")


def want(octets):
    """a wants so much more than it has; 0: no more than there is."""
    mark = str(2 * (peer("a", "1:4")["own_level"] + octets) if octets else 0)
    ctl("a", "peer", "set", "1:4", "low", mark, "high", mark)


def binding(ns, node):
    return peer(ns, node)["counters"]["drop_binding"]


def mine(frame, side):
    """A frame of the liar's that carries a chunk of a's towards d."""
    return frame.side == side and frame.type == RELAY and frame.origin == number("1:1")


def flipped(frame):
    at = dice.randrange(len(frame.data) - HEADER)
    payload = bytearray(frame.data[HEADER:])
    payload[at] ^= 1 << dice.randrange(8)
    return bytes(payload)


def replaced(link, lies):
    """In place of a's frames lies(frame, what was told before), or the frame where None."""
    told = []

    def rule(frame):
        for known in links:
            known.learn(frame)
        if mine(frame, link.side) and link.words:
            lie = lies(frame, told)
            if lie:
                told.append(frame)
                middle.send(frame, lie)
                return "drop"
        return "pass"
    middle.obey(rule)
    return told


def honest():
    """Nobody lies from now on."""
    def rule(frame):
        for known in links:
            known.learn(frame)
        return "pass"
    middle.obey(rule)


links = ab, cd = Link("ab", FROM_A), Link("cd", FROM_C)
middle = Middle("a-to-b", "b-to-a", "c-to-d", "d-to-c")
honest()
middle.start()
verdict("liars-first", until(lambda: peer("a", "1:4")["own_level"] >= 2 * SEGMENT and
                             ab.words and cd.words, SECONDS), f"{relay()}")
with middle.lock:
    seen = {link: [f for f in middle.frames if mine(f, link.side)][-5:] for link in links}
verdict("liars-seal-as-the-nodes-do", all(seen[link] and all(map(link.honest, seen[link]))
                                          for link in links),
        "tags of true frames are other ones")

# --- the carrier of a share alters it ----------------------------------------------------------

altered = set()


def alter(frame, told):
    """A bit of one chunk in each of three segments: of which none went before, and each
    time that the chunk goes, or the far end may have it as it was.
    """
    segment = frame.remote_offset // SEGMENT
    if segment not in gone and len(altered) < 3:
        altered.add(segment)
    if segment not in altered or frame.remote_offset != cd.begun[segment]:
        return None
    return cd.sealed(frame, flipped(frame))


before = relay()
with middle.lock:
    gone = set(cd.begun)
    told = replaced(cd, alter)
want(8 * SEGMENT)
found = until(lambda: relay()["mismatched"] - before["mismatched"] >= 3, SECONDS)
verdict("liars-altered-share-found", found and len(altered) == 3,
        f"{len(told)} altered, of {altered}; {relay()}")


def mismatches():
    with open(f"{DIRECTORY}/events-a") as lines:
        said = [json.loads(line) for line in lines if line.startswith("{")]
    return {e["segment"] for e in said if e.get("event", e.get("type")) == "confirm-mismatch"}


verdict("liars-altered-share-told", until(lambda: mismatches() == altered, 10),
        f"events of {mismatches()}, altered were {altered}")
verdict("liars-honest-segments-go-on",
        until(lambda: relay()["confirmed"] - before["confirmed"] >= 5, SECONDS), str(relay()))

# --- he forges the other share -----------------------------------------------------------------


def of_the_other(frame, told):
    return cd.sealed(frame, flipped(frame), share=0x02) if len(told) < 5 else None


before, drops = relay(), binding("d", "1:3")
told = replaced(cd, of_the_other)
want(4 * SEGMENT)
verdict("liars-other-share-dropped", until(lambda: len(told) == 5 and
                                           binding("d", "1:3") - drops == 5, SECONDS),
        f"{len(told)} forged, {binding('d', '1:3') - drops} dropped")
verdict("liars-other-share-harmless",
        until(lambda: relay()["confirmed"] - before["confirmed"] >= 4, SECONDS) and
        relay()["mismatched"] == before["mismatched"], f"{before} became {relay()}")

# --- a neighbour claims to be another origin -----------------------------------------------------


# What a node says, and hears on links where nobody lies, goes on by itself.
BY_ITSELF = ("rx_frames", "rx_octets", "tx_frames", "tx_octets", "control_octets", "hello_rx",
             "hello_tx", "probe_tx", "grant_in", "grant_out")


def state(ns, liar):
    """Counters, pairing and key spent of all peers, and of the others' key as much as
    HELLOs did not take.
    """
    state, others = {}, 0
    for p in ctl(ns, "peer", "show"):
        lies, counters = p["id"] == liar, p["counters"]
        state[p["id"]] = {k: v for k, v in counters.items() if v and (
            k not in (BY_ITSELF[2:] if lies else BY_ITSELF))}
        state[p["id"]]["pairing"] = [p["incarnation"], p.get("peer_incarnation"), p.get("barrier")]
        spent = p["books"]["spent"] - counters["control_octets"]
        if lies:
            state[p["id"]]["spent"] = spent
        else:
            others += spent - 32 * counters["hello_rx"]
    return state, others


def calm(look):
    """Wait until a few looks, one after the other, have all seen the same."""
    seen, same, end = None, 0, time.monotonic() + SECONDS
    while same < 6 and time.monotonic() < end:
        now = look()
        seen, same = now, same + 1 if now == seen else 0
        time.sleep(0.3)


def look_for(expected, look):
    """Look until it is there; what was seen last."""
    seen = []
    until(lambda: seen.append(look()) or seen[-1][0] == expected, SECONDS)
    return seen[-1]


def drained(link):
    """Has all that the link delivered been read, at both ends?"""
    shown = json.loads(subprocess.run(("qkdnfctl", "-j", "emu", "show", link.name), check=True,
                                      capture_output=True, text=True).stdout)
    shown = shown[0] if isinstance(shown, list) else shown
    return shown["end_a"]["buffered"] == shown["end_b"]["buffered"] == 0


def lies_of_origin(name, ns, liar, link):
    """A frame that ns never got, with another origin: a counted drop, at the price
    of the frame's own key.
    """
    # Nobody agrees anything, and the liar has key left to be caught with.
    want(0)
    until(lambda: relay()["state"] == ctl("d", "relay", "show", "1:1")["state"] == "idle", SECONDS)
    at, to = ("a", "1:2") if link is ab else ("c", "1:4")
    until(lambda: peer(at, to)["own_level"] >= 4 * SEGMENT, SECONDS)
    # No new key from now on, or the store lets go of what the frame lies in.
    subprocess.run(("qkdnfctl", "emu", "down", link.name), check=True)
    verdict(f"liars-origin-{name}-drained", until(lambda: drained(link), SECONDS), link.name)
    time.sleep(0.5)
    caught = []

    def catch(frame):
        """With the first of them all else of the liar's stops: his HELLOs would say
        that he is done with its segment, and two seconds later it were gone.
        """
        if mine(frame, link.side):
            caught.append(frame)
        return "hold" if caught and frame.side == link.side else "pass"
    middle.obey(catch)
    want(2 * SEGMENT)
    middle.wait(lambda: len(caught) >= 4, SECONDS)
    want(0)
    middle.obey(lambda frame: "hold")
    # The repetitions end, too: then nothing moves but what is sent here.
    ctl("a", "peer", "del", "1:4")
    if ns != "d":
        ctl("d", "peer", "del", "1:1")
    calm(lambda: state(ns, liar)[0])
    for lie, origin in (("neighbour", "1:3" if link is ab else "1:2"), ("stranger", "9:9")):
        if not caught:
            verdict(f"liars-origin-{name}-{lie}", False, "no frame to lie with")
            continue
        frame = caught.pop()
        payload = dice.randbytes(frame.length)
        base, others = state(ns, liar)
        middle.send(frame, link.sealed(frame, payload, origin=number(origin), share=0x01,
                                       flags=frame.flags & ~KEYED | PADDED))
        expected = json.loads(json.dumps(base))
        expected[liar]["spent"] += 32 + frame.length
        for counter in ("rx_frames", "relay_rx", "drop_binding"):
            expected[liar][counter] = base[liar].get(counter, 0) + 1
        expected[liar]["rx_octets"] += HEADER + frame.length
        # It comes to that, and stays so: again and again, as a look takes its time and
        # may see one counter before a HELLO and the next one after it.
        for _ in range(2):
            got, others_then = look_for(expected, lambda: state(ns, liar))
            time.sleep(0.3)
        # A GRANT may have come there; a frame of key would take 1,024.
        verdict(f"liars-origin-{name}-{lie}", got == expected and others_then - others < 512,
                str([(p, k, expected[p].get(k), got[p].get(k)) for p in got
                     for k in {**got[p], **expected[p]} if got[p].get(k) != expected[p].get(k)] +
                    [others_then - others]))
    subprocess.run(("qkdnfctl", "emu", "up", link.name), check=True)


# What was agreed is the same at both ends, and none of it is of an altered segment.
honest()
offsets, faults = [], []
for n in range(16):
    fault = same_key(("a", "1:4"), ("d", "1:1"), SEGMENT - 32, b"%d" % n, offsets=offsets)
    if fault:
        faults += [fault] * (fault != "nothing")
        break
verdict("liars-same-key", len(offsets) >= 4 and not faults, f"{len(offsets)} pieces, {faults}")
verdict("liars-altered-never-used", not altered & {at // SEGMENT for at in offsets},
        f"{altered} were altered, {offsets} were taken")

lies_of_origin("at-the-far-end", "d", "1:3", cd)
middle.release()
ctl("a", "apply", f"{DIRECTORY}/a.yaml")
honest()
verdict("liars-goes-on", until(lambda: peer("a", "1:4")["own_level"] >= SEGMENT, SECONDS),
        str(relay()))
lies_of_origin("at-a-relay", "b", "1:1", ab)
middle.release()
print(f"# {len(middle.frames)} frames", flush=True)
sys.exit(ends.failed != 0)
