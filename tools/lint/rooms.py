#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold the direction of dependency among the kernel sources.

A file may include headers of its own room and of lower ones, never of upper
ones. The tables name every file, without its ending (name_* stands for the parts of
one noun): a file that is in none is an error, so that whoever adds a noun says
where it stands.
"""

import fnmatch
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# From the lowest room to the uppermost.
QKDNF = [
    ("ground", "limits wire mem cursor bucket maxmin route_table"),
    ("otp", "otp hash"),
    ("stream", "segment ring stream fill books window share_key"),
    ("node", "node event"),
    ("peer", "peer arrivals socket frame"),
    ("service", "source push relay remote generator assembly hops route nexthop contract "
                "border meter reading ingress flow pairing hello hashkey grant share"),
    ("consumer", "binding encap sa sa_* xfrm xfrm_* tunnel tunnel_* supply device"),
    ("life", "setup power"),
    ("top", "netlink netlink_* main"),
]

QKDEMU = [
    ("ground", "limits"),
    ("bits", "bits schedule"),
    ("link", "past end link event netlink netlink_*"),
    ("top", "main"),
]

MODULES = [("kernel", QKDNF), ("kernel/emu", QKDEMU)]

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def check(directory, rooms):
    """Yield what is wrong with the includes of one module's sources."""
    def room(stem):
        for number, (_, names) in enumerate(rooms):
            if any(fnmatch.fnmatchcase(stem, name) for name in names.split()):
                return number
        return None

    base = os.path.join(TOP, directory)
    files = sorted(f for f in os.listdir(base)
                   if f.endswith((".c", ".h")) and not f.endswith(".mod.c"))
    if not files:
        yield f"{directory}: no sources"
    for file in files:
        path = f"{directory}/{file}"
        stem = file[:-2]
        level = room(stem)
        if level is None:
            yield f"{path}: in no room; add '{stem}' where it belongs in tools/lint/rooms.py"
            continue
        with open(os.path.join(base, file), encoding="utf-8") as text:
            for number, line in enumerate(text, 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                header = match.group(1)
                if "/" in header:
                    yield f"{path}:{number}: includes {header} of another directory"
                    continue
                other = room(header[:-2])
                if other is None:
                    yield f"{path}:{number}: {header} is in no room"
                elif other > level:
                    yield (f"{path}:{number}: {rooms[level][0]} room includes {header} "
                           f"of the {rooms[other][0]} room above it")


def main():
    wrong = [text for directory, rooms in MODULES for text in check(directory, rooms)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
