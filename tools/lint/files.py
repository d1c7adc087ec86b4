#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Look at every tracked file: licence line, words that do not belong.

    files.py spdx     the right SPDX line among the first three lines
    files.py words    nothing that is true of one machine or one author only
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Files that cannot hold a comment, or are the licence itself.
NO_SPDX = re.compile(r"^(LICENSES/|COPYING$)|\.(json|png|svg|pcap|bin|asc|csv)$")

# Written so that this file does not match itself.
WORDS = re.compile("|".join([
    r"/wor[k]/", r"/far[m]/", r"/tmp/brie[f]", r"/hom[e]/\w",
    r"\bde[b]\.debian\.org", r"snapsho[t]\.debian", r"registr[y]\.npmjs",
    r"(?i:co-authored-b[y])", r"\bA[I]\b", r"\bL[L]Ms?\b", r"(?i:languag[e] model)",
    r"(?i:codin[g] agent)", r"(?i:chatbo[t])",
]))


def tracked():
    """Paths of the files that the repository holds, links left out."""
    try:
        names = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], check=True,
                               capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive: everything but what was built.
        names = []
        for base, directories, files in os.walk(TOP):
            directories[:] = [d for d in directories
                              if not (base == TOP and d in ("build", ".git")) and d != "__pycache__"]
            names += [os.path.relpath(os.path.join(base, f), TOP) for f in files]
    paths = [n for n in names if n and os.path.isfile(os.path.join(TOP, n))
             and not os.path.islink(os.path.join(TOP, n))]
    if not paths:
        sys.exit("files.py: error: no files found")
    return sorted(paths)


def licence(path):
    if path.startswith("include/uapi/"):
        return "GPL-2.0 WITH Linux-syscall-note"
    if path.startswith("kernel/"):
        return "GPL-2.0-only"
    return "GPL-2.0-or-later"


def spdx(path, lines):
    if NO_SPDX.search(path):
        return
    want = licence(path)
    for line in lines[:3]:
        match = re.search(r"SPDX-License-Identifier: (.*?)\s*(\*/|-->|--)?\s*$", line)
        if match:
            found = match.group(1).strip("() ")
            if found != want:
                yield f"{path}: licence is '{found}', should be '{want}'"
            return
    yield f"{path}: no SPDX-License-Identifier line at its beginning; should say {want}"


def words(path, lines):
    for number, line in enumerate(lines, 1):
        for match in WORDS.finditer(line):
            yield f"{path}:{number}: '{match.group(0)}' does not belong in the repository"


def main():
    checks = {"spdx": spdx, "words": words}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    wrong = 0
    for path in tracked():
        with open(os.path.join(TOP, path), "rb") as file:
            data = file.read()
        if b"\0" in data and not NO_SPDX.search(path):
            print(f"{path}: binary file")
            wrong += 1
            continue
        for text in checks[sys.argv[1]](path, data.decode("utf-8", "replace").splitlines()):
            print(text)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
