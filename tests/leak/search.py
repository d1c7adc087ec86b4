#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Search a guest's physical memory, from outside, for key that was in it.

    search.py --guest PID --program MEMSEARCH REQUEST ANSWER

PID is QEMU's, whose guest has its memory in a memfd (tools/vm/run.sh); the guest
stands still while it is searched. Which key: all that the emulated links of
the request delivered, computed from their seeds (docs/emulator.md), and all that
relays agreed end to end, as the captures of every hop give it (tools/decode).
What became of each octet follows from the frames, too, so each is of a class.

REQUEST, JSON; paths are relative to it:

    time_ns   frames captured before this have been dealt with at both ends
    captures  files that tcpdump wrote
    links     name, seed (a file), start (ns), block (octets), ends ("1:1-1:2"),
              blocks ([[first, end], ...]: indexes that may have been delivered)
    ranges    class, stream or link ("1:1-1:4"), offset, octets: overrides what
              follows from the frames

ANSWER, JSON: for each class the octets searched for, those found (each copy
counts), those of them in whole granules (an octet beside key that was erased may
be zero by chance), and at how many places; hits: where, but for what is named
"unspent". It never holds key.
"""
import argparse
import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections import defaultdict

sys.dont_write_bytecode = True          # what is made belongs in build/
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tools', 'decode'))

import frame as wire                    # noqa: E402
import seal                             # noqa: E402
from audit import Audit, Link           # noqa: E402
from remote import pair_of, stream_text # noqa: E402

GRANULE = 16
LEAST = 8                               # octets in a row that count as found
SETTLE_NS = 200_000_000                 # a frame this young may be on its way
HITS_MAX = 100
NEVER = 'never sent'                    # no key that we know


class Wrong(Exception):
    """The search cannot be made; the text says why."""


# --- key -----------------------------------------------------------------------------

class OpensslLink(seal.EmulatedLink):
    """An emulated link whose blocks OpenSSL computes: megabytes of them."""

    crypto = None

    def __init__(self, *args):
        self.blocks = {}
        super().__init__(*args)

    @classmethod
    def openssl(cls):
        if not cls.crypto:
            crypto = ctypes.CDLL('libcrypto.so.3')
            for name in ('EVP_CIPHER_CTX_new', 'EVP_chacha20'):
                getattr(crypto, name).restype = ctypes.c_void_p
            crypto.context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
            crypto.cipher = ctypes.c_void_p(crypto.EVP_chacha20())
            cls.crypto = crypto
        return cls.crypto

    def block_at(self, index):
        octets = self.blocks.get(index)
        if octets is None:
            crypto, length = self.openssl(), ctypes.c_int()
            out = ctypes.create_string_buffer(self.block)
            if not (crypto.EVP_EncryptInit_ex(crypto.context, crypto.cipher, None, self.key,
                                              struct.pack('<IIQ', 0, 0, index))
                    and crypto.EVP_EncryptUpdate(crypto.context, out, ctypes.byref(length),
                                                 bytes(self.block), self.block)):
                raise Wrong('OpenSSL cannot compute ChaCha20')
            octets = self.blocks[index] = out.raw
        return octets

    def prepare_ranges(self, ranges):
        """Blocks are computed as they are read."""

    def read(self, offset, length):
        first, end = offset // self.block, (offset + length - 1) // self.block + 1
        skip = offset - first * self.block
        return b''.join(map(self.block_at, range(first, end)))[skip:skip + length]


def clamped(key):
    """The first half of a one-time key as Poly1305 keeps it."""
    return (int.from_bytes(key[:16], 'little') & seal.POLY_CLAMP).to_bytes(16, 'little')


# --- what became of it ------------------------------------------------------------------

class Fates:
    """Octets from an offset on, and the class that each granule is of."""

    classes = [NEVER]

    def __init__(self, name, start, octets, fate=NEVER):
        self.name, self.start = name, start
        self.granules = bytearray([self.number(fate)]) * (octets // GRANULE)

    @classmethod
    def number(cls, fate):
        if fate not in cls.classes:
            cls.classes.append(fate)
        return cls.classes.index(fate)

    def set(self, start, end, fate):
        low = max((start - self.start) // GRANULE, 0)
        high = min(-((self.start - end) // GRANULE), len(self.granules))
        if low < high:
            self.granules[low:high] = bytes([self.number(fate)]) * (high - low)

    def runs(self):
        """(class, first octet, end) of what is of one class."""
        for match in re.finditer(rb'(.)\1*', bytes(self.granules), re.DOTALL):
            fate = self.classes[match[1][0]]
            if fate != NEVER:
                yield (fate, self.start + match.start() * GRANULE,
                       self.start + match.end() * GRANULE)


class Pieces:
    """What memsearch looks for: numbered pieces of key."""

    def __init__(self):
        self.about, self.octets = [], []

    def add(self, fate, name, offset, key, least=LEAST):
        self.octets.append(struct.pack('<IIQ', len(self.about), least, len(key)) + key)
        self.about.append((fate, name, offset, len(key)))


def frame_fates(audit, settled_ns):
    """(stream, first octet, end, class) of what verified frames spent."""
    for sighting in audit.sightings:
        frame = sighting.frame
        if sighting.verdict != 'verified':
            continue
        late = sighting.time_ns >= settled_ns
        kind = 'link' if sighting.stream in audit.links else 'stream'
        yield (sighting.stream, frame.offset, frame.end,
               f'{kind} late' if late else f'{kind} {frame.name}')
        pad = (sighting.stream, frame.offset + wire.KEY_LEN, frame.end)
        if frame.kind == wire.RELAY and frame.flags & wire.KEYED:
            # It is no link key any more but a stream's, or a share of one.
            yield (*pad, NEVER)
        elif frame.kind == wire.SUPPLY:
            # Much of the body is zeros, whose ciphertext is the pad itself: it
            # is in every packet buffer that the frame passed, and secret no more.
            yield (*pad, 'on the wire')


def link_pieces(audit, request, pieces, settled_ns):
    """Key of links, but for that which became another stream's."""
    fates = defaultdict(list)
    for link, pair in zip(request['links'], audit.links):
        for first, end in link['blocks']:
            fates[pair].append(Fates(link['name'], first * link['block'],
                                     (end - first) * link['block'], 'link unspent'))
    for stream, start, end, fate in frame_fates(audit, settled_ns):
        for one in fates.get(stream, ()):
            one.set(start, end, fate)
    for given in request.get('ranges', ()):
        # Lower node first, as streams are named.
        for one in fates.get(pair_of(*map(wire.parse_node, given['stream'].split('-'))), ()):
            one.set(given['offset'], given['offset'] + given['octets'], given['class'])
    for pair, ones in fates.items():
        for one in ones:
            for fate, start, end in one.runs():
                pieces.add(fate, one.name, start, audit.links[pair].key.read(start, end - start))


def stream_pieces(audit, request, pieces, settled_ns):
    """Key that was agreed by relay, and the shares that it was agreed in."""
    used = defaultdict(list)
    for stream, start, end, fate in frame_fates(audit, settled_ns):
        used[stream].append((start, end, fate))
    for lane, shares in audit.remote.shares.items():
        for (offset, count, _), share in shares.items():
            if count > 1:
                pieces.add('shares', stream_text(lane), offset, share.key)
    for lane, chunks in audit.remote.chunks.items():
        name, size = stream_text(lane), 1 << audit.remote.shifts[lane]
        first, last = min(chunks), max(chunks)
        fates = Fates(name, first, last + len(chunks[last]) - first)
        for offset, key in chunks.items():
            fates.set(offset, offset + len(key), 'stream unspent')
        for segment in sorted({offset // size * size for offset in chunks}):
            if segment in chunks:
                fates.set(segment, segment + wire.KEY_LEN, 'confirmation')
                pieces.add('clamped', name, segment, clamped(chunks[segment]), GRANULE)
        for start, end, fate in used[lane]:
            fates.set(start, end, fate)
        for given in request.get('ranges', ()):
            # Both lanes have the stream's name; a segment is of one of them.
            if given['stream'] == name and given['offset'] // size * size in chunks:
                fates.set(given['offset'], given['offset'] + given['octets'], given['class'])
        for fate, start, end in fates.runs():
            key = audit.remote.read(lane, start, end - start)
            if key is None:
                raise Wrong(f'stream {name}: the capture does not hold [{start}, {end})')
            pieces.add(fate, name, start, key)


def tag_pieces(audit, pieces, settled_ns):
    """One-time keys of frames, as Poly1305 clamps them before it computes."""
    for sighting in audit.sightings:
        frame = sighting.frame
        if sighting.verdict == 'verified' and sighting.time_ns < settled_ns:
            key = audit.key_of(sighting, frame.offset, wire.KEY_LEN)
            pieces.add('clamped', frame.name, frame.offset, clamped(key), GRANULE)


def all_pieces(request, base):
    def path(name):
        return os.path.join(base, name)

    links = {}
    for link in request['links']:
        with open(path(link['seed']), encoding='ascii') as file:
            seed = bytes.fromhex(file.read().strip())
        ends = pair_of(*map(wire.parse_node, link['ends'].split('-')))
        links[ends] = Link(link['name'], OpensslLink(seed, link['start'], link['block']))
    audit, pieces = Audit(links), Pieces()
    for capture in request['captures']:
        audit.load(path(capture))
    audit.judge()
    settled_ns = request['time_ns'] - SETTLE_NS
    link_pieces(audit, request, pieces, settled_ns)
    stream_pieces(audit, request, pieces, settled_ns)
    tag_pieces(audit, pieces, settled_ns)
    unknown = sum(sighting.verdict != 'verified' for sighting in audit.sightings)
    return pieces, len(audit.sightings), unknown


# --- memory -------------------------------------------------------------------------------

def memory_of(pid):
    """The file that is the guest's memory."""
    fds = f'/proc/{pid}/fd'
    for fd in os.listdir(fds):
        if os.readlink(f'{fds}/{fd}').startswith('/memfd:memory-backend'):
            return f'{fds}/{fd}'
    raise Wrong('QEMU holds no memfd: is the guest one of tools/vm/run.sh?')


def address_of(place, size):
    """Physical address in a q35 machine, which has a hole below 4 GiB."""
    below = 0x80000000 if size >= 0xb0000000 else 0xb0000000
    return place if place < below else place - below + (1 << 32)


def search(program, pid, pieces):
    """Lines of memsearch, with the guest standing still."""
    memory = memory_of(pid)
    size = os.stat(memory).st_size
    try:
        done = subprocess.run((program, memory, str(pid)), input=b''.join(pieces.octets),
                              capture_output=True, check=False)
    finally:
        os.kill(pid, signal.SIGCONT)
    lines = done.stdout.decode().splitlines()
    if done.returncode or not lines or not lines[-1].startswith('end '):
        raise Wrong(done.stderr.decode().strip() or f'{program} broke off')
    return [tuple(map(int, line.split())) for line in lines[:-1]], int(lines[-1][4:]), size


def answer_to(request, base, program, pid):
    began = time.monotonic()
    pieces, frames, unknown = all_pieces(request, base)
    ready = time.monotonic()
    found, searched, size = search(program, pid, pieces)
    classes = defaultdict(lambda: {'searched': 0, 'found': 0, 'whole': 0, 'places': 0})
    hits = []
    for fate, _, _, octets in pieces.about:
        classes[fate]['searched'] += octets
    for number, offset, octets, place in found:
        fate, name, first, _ = pieces.about[number]
        classes[fate]['found'] += octets
        classes[fate]['whole'] += max((offset + octets) // GRANULE - -(-offset // GRANULE),
                                      0) * GRANULE
        classes[fate]['places'] += 1
        if not fate.endswith('unspent') and len(hits) < HITS_MAX:
            hits.append({'class': fate, 'name': name, 'offset': first + offset,
                         'octets': octets, 'address': f'{address_of(place, size):#x}'})
    return {'classes': classes, 'hits': hits, 'frames': frames, 'frames_unknown': unknown,
            'memory': searched, 'seconds': [round(ready - began, 1),
                                            round(time.monotonic() - ready, 1)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--guest', type=int, required=True, metavar='PID')
    parser.add_argument('--program', required=True, metavar='MEMSEARCH')
    parser.add_argument('request')
    parser.add_argument('answer')
    args = parser.parse_args()
    try:
        with open(args.request, encoding='utf-8') as file:
            request = json.load(file)
        answer = answer_to(request, os.path.dirname(args.request), args.program, args.guest)
    except (Wrong, OSError, ValueError, KeyError) as error:
        answer = {'error': f'{type(error).__name__}: {error}'}
    partial = args.answer + '.partial'
    with open(partial, 'w', encoding='utf-8') as file:
        json.dump(answer, file, indent=1)
        file.write('\n')
    os.rename(partial, args.answer)
    return 'error' in answer


if __name__ == '__main__':
    sys.exit(main())
