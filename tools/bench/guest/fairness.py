# SPDX-License-Identifier: GPL-2.0-or-later
"""The judgement of fairness.sh: fairness.py RESULTS SECONDS BIT-RATE...

Reads what the streams and the links counted before and after, works out the
weighted max-min share of each stream by progressive filling in rational
numbers, and writes figures.json: Jain's index over rate / share. Exits 1 with
the reason if a link is not used by nine tenths, or key was counted that was
not confirmed.
"""
import json
import sys
from fractions import Fraction

SEGMENT = 65536
CHUNK, WORD = 992, 1024         # key in a full frame, link key that it takes
CHUNKS = -(-SEGMENT // CHUNK)   # of a segment
USED = 0.9                      # of a link, at least


def fail(why):
    print(f"bench: error: fairness: {why}", file=sys.stderr)
    sys.exit(1)


def fill(capacity, paths, weights, limits):
    """Raise all streams together, each by its weight; a stream stops when a link
    on its way is full, or at its limit. Returns the shares."""
    share = [Fraction(0)] * len(paths)
    rising = set(range(len(paths)))
    left = [Fraction(c) for c in capacity]
    while rising:
        steps = []
        for link, rest in enumerate(left):
            weight = sum(weights[s] for s in rising if link in paths[s])
            if weight:
                steps.append(rest / weight)
        steps += [(limits[s] - share[s]) / weights[s] for s in rising if limits[s]]
        step = min(steps)
        for s in rising:
            share[s] += step * weights[s]
            for link in paths[s]:
                left[link] -= step * weights[s]
        rising = {s for s in rising
                  if all(left[link] > 0 for link in paths[s]) and
                  (not limits[s] or share[s] < limits[s])}
    return share


def lines(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


def main():
    results, seconds = sys.argv[1], int(sys.argv[2])
    rates = [int(r) / 8 for r in sys.argv[3:]]
    names, paths, weights, limits = [], [], [], []
    with open(f"{results}/streams", encoding="ascii") as file:
        for line in file:
            origin, far, first, last, weight, limit = line.split()
            names.append(f"{origin} {far}")
            paths.append(range(int(first) - 1, int(last) - 1))
            weights.append(int(weight))
            limits.append(int(limit))
    before, after = lines(f"{results}/before"), lines(f"{results}/after")
    if [r["stream"] for r in before] != names or [r["stream"] for r in after] != names:
        fail("a stream has no reading")

    def gained(what):
        return [b[what] - a[what] for a, b in zip(before, after)]

    # Chunks that arrived, for their finer grain; in the end they must have made
    # confirmed segments, but for what is under way.
    rate = [c * SEGMENT / CHUNKS / seconds for c in gained("chunks")]
    confirmed = sum(gained("confirmed")) * SEGMENT / seconds
    if abs(confirmed / sum(rate) - 1) > 0.03:
        fail(f"{sum(rate):.0f} octets/s arrived, {confirmed:.0f} were confirmed")

    share = fill([r * CHUNK / WORD for r in rates], paths, weights, limits)
    ratio = [r / float(s) for r, s in zip(rate, share)]
    jain = sum(ratio) ** 2 / len(ratio) / sum(x * x for x in ratio)

    print(f"# {'stream':8} hops weight  share B/s   rate B/s  ratio")
    for name, path, weight, s, r, x in zip(names, paths, weights, share, rate, ratio):
        print(f"# {name:8} {len(path):4} {weight:6} {float(s):10.0f} {r:10.0f} {x:6.3f}")

    links = list(zip(lines(f"{results}/before.links"), lines(f"{results}/after.links")))
    used = []
    for link, nominal in enumerate(rates):
        delivered = sum(b["in"] - a["in"] for a, b in links[2 * link:2 * link + 2]) / 2 / seconds
        if abs(delivered / nominal - 1) > 0.02:
            fail(f"link {link + 1} brought {delivered:.0f} octets/s and not {nominal:.0f}: "
                 "is the machine busy?")
        crossing = sum(r for r, p in zip(rate, paths) if link in p)
        used.append(crossing * WORD / CHUNK / delivered)
    print("# used of the links:", ", ".join(f"{u:.3f}" for u in used))
    print(f"# Jain's index {jain:.4f}; ratios {min(ratio):.3f} to {max(ratio):.3f}")
    for link, u in enumerate(used):
        if u < USED:
            fail(f"only {u:.3f} of link {link + 1} was used, {USED} should be")

    value = round(jain, 4)
    against = (f"{len(rate)} streams over 1 to 3 of three links of 1.5 to 2.5 Mb/s, "
               f"{min(used):.0%} or more of each used, {seconds} s, "
               "User-mode Linux with time travel")
    with open(f"{results}/figures.json", "w", encoding="ascii") as file:
        json.dump([{"name": "fairness", "value": value, "unit": "", "min": value,
                    "max": value, "runs": 1, "against": against}], file)


main()
