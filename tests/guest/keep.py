#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep key that nobody may keep: a leak for the search of memory to find.

    keep.py SEED START BLOCK COUNT

Computes the first COUNT blocks that an emulated link delivered, as octets in this
process's memory, says so, and stays until it is killed. The seed is in a file.
"""
import os
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'leak'))

from search import OpensslLink          # noqa: E402


def main():
    path, start, block, count = sys.argv[1], *map(int, sys.argv[2:])
    with open(path, encoding='ascii') as file:
        link = OpensslLink(bytes.fromhex(file.read().strip()), start, block)
    key = link.read(0, count * block)
    print(f'kept {len(key)} octets', flush=True)
    while True:
        signal.pause()


if __name__ == '__main__':
    main()
