#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does memsearch find what is there, and only that?

    selftest.py MEMSEARCH

Memory here is a file with holes, noise and pieces of key at places that we know.
"""
import os
import struct
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
SIZE = 64 << 20
failed = 0


def search(memory, keys, least=8):
    """[(piece, offset, octets, place)] and octets searched."""
    pieces = b''.join(struct.pack('<IIQ', number, least, len(key)) + key
                      for number, key in enumerate(keys))
    # What is stopped for the search is a process that has nothing to do.
    idle = subprocess.Popen(('sleep', '1000'))
    try:
        done = subprocess.run((PROGRAM, memory, str(idle.pid)), input=pieces,
                              capture_output=True, check=True)
    finally:
        idle.kill()
        idle.wait()
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert lines[-1][0] == 'end'
    return sorted(tuple(map(int, line)) for line in lines[:-1]), int(lines[-1][1])


def verdict(name, expected, got):
    global failed
    failed += expected != got
    print(f'ok {name}' if expected == got else
          f'not ok {name} - expected {expected}, got {got}', flush=True)


def main():
    keys = [os.urandom(4096) for _ in range(64)]
    with tempfile.NamedTemporaryFile() as file:
        def plant(place, octets):
            file.seek(place)
            file.write(octets)

        file.truncate(SIZE)
        plant(8 << 20, os.urandom(8 << 20))
        file.flush()
        verdict('search-noise', [], search(file.name, keys)[0])

        expected = []
        for alignment in range(8):
            place = (9 << 20) + 4097 * alignment
            plant(place, keys[alignment][100:115])
            expected.append((alignment, 100, 15, place))
        plant((10 << 20) + 3, keys[8])
        expected.append((8, 0, 4096, (10 << 20) + 3))
        # Two pieces in a row, a second copy, and one that a page border cuts.
        plant(11 << 20, keys[9] + keys[10])
        expected += [(9, 0, 4096, 11 << 20), (10, 0, 4096, (11 << 20) + 4096)]
        plant((12 << 20) + 40, keys[9])
        expected.append((9, 0, 4096, (12 << 20) + 40))
        # Behind a hole, and at the very end.
        plant(SIZE - 16, keys[11][:16])
        expected.append((11, 0, 16, SIZE - 16))
        # Seven octets are none, nor are eight where sixteen are asked for.
        plant(13 << 20, keys[12][:7])
        file.flush()
        found, searched = search(file.name, keys)
        verdict('search-finds-each-place', sorted(expected), found)
        verdict('search-passes-over-holes', True, 8 << 20 <= searched < 16 << 20)
        plant(14 << 20, keys[13][:8])
        file.flush()
        verdict('search-finds-a-word', [(13, 0, 8, 14 << 20)],
                [hit for hit in search(file.name, keys)[0] if hit[0] == 13])
        verdict('search-asks-for-more', [], [hit for hit in search(file.name, keys, 16)[0]
                                             if hit[0] in (12, 13)])
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
