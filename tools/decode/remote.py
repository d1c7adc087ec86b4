# SPDX-License-Identifier: GPL-2.0-or-later
"""Remote streams as a capture of all hops gives them back: shares of chunks from
RELAY frames, chunks, segments, and their confirmation.
"""
import struct
from collections import defaultdict, namedtuple

import frame as wire
from seal import poly1305

# What an end generated in one incarnation. The two lanes of a remote stream are
# two of these, and so are two lives of one lane.
Lane = namedtuple('Lane', 'generator far incarnation')
Passage = namedtuple('Passage', 'sender receiver hops pad number')


def pair_of(one, other):
    return (one, other) if one < other else (other, one)


def stream_text(lane):
    low, high = pair_of(lane.generator, lane.far)
    return f'{wire.node_text(low)}-{wire.node_text(high)}'


class Share:
    """One share of one chunk: its key, as each frame that carried it says."""

    __slots__ = ('key', 'passages', 'same')

    def __init__(self, key):
        self.key, self.passages, self.same = key, [], True

    def edges(self):
        return {(passage.sender, passage.receiver) for passage in self.passages}

    def hop_limits_fall(self, origin):
        """Did each relay node send it with a hop limit one below what it got? What
        it got may be missing in the capture.
        """
        got = defaultdict(set)
        for passage in self.passages:
            got[passage.receiver].add(passage.hops)
        return all(passage.sender == origin or passage.sender not in got
                   or passage.hops + 1 in got[passage.sender] for passage in self.passages)

    def arrives(self, origin, destination):
        """Do the frames seen lead from the origin to the destination without a gap?"""
        reached, edges = {origin}, self.edges()
        while True:
            more = {receiver for sender, receiver in edges
                    if sender in reached and receiver not in reached}
            if not more:
                return destination in reached
            reached |= more


class RemoteStreams:
    """All remote streams of a capture."""

    def __init__(self):
        self.shares = defaultdict(dict)     # Lane: {(offset, count, index): Share}
        self.shifts = {}                    # Lane: log2 of the segment size
        self.fixed = {}                     # share: header fields that no hop changes
        self.chunks = defaultdict(dict)     # Lane: {offset: key}
        self.confirmed = defaultdict(dict)  # Lane: {segment: verdict}
        self.whole = {}                     # (Lane, segment): octets or None

    def add(self, frame, receiver, pad):
        """Take a verified RELAY frame and the pad octets of its range. Returns
        what contradicts earlier frames: a list of sentences.
        """
        lane = Lane(frame.origin, frame.destination, frame.incarnation)
        place = (frame.remote_offset, frame.shares, frame.share)
        text = int.from_bytes(frame.payload, 'big')
        key = (text ^ int.from_bytes(pad, 'big')).to_bytes(len(pad), 'big')
        faults = []

        share = self.shares[lane].get(place)
        if share is None:
            share = self.shares[lane][place] = Share(key)
        what = (f'chunk {frame.remote_offset} share {frame.share + 1}/{frame.shares} of '
                f'{stream_text(lane)}')
        if key != share.key:
            share.same = False
            faults.append(('key', f'{what}: another key than in frame '
                           f'{share.passages[0].number}'))
        for earlier in share.passages:
            if earlier.pad == pad:
                faults.append(('pad', f'{what}: the pad of frame {earlier.number} again'))
        share.passages.append(Passage(frame.sender, receiver, frame.hops, pad, frame.number))

        if self.shifts.setdefault(lane, frame.shift) != frame.shift:
            faults.append(('form', f'{what}: another shift than before'))
        fixed = (frame.flags & wire.RNG, frame.weight, frame.length)
        known = self.fixed.setdefault((lane, place), fixed)
        if (known[0], known[2]) != (fixed[0], fixed[2]):
            faults.append(('form', f'{what}: flag RNG or length differ between hops'))
        return faults

    def assemble(self):
        """Chunks from their shares. Returns faults as add() does."""
        faults = []
        for lane, shares in self.shares.items():
            faults += [('form', f'chunk {place[0]} of {stream_text(lane)}: the hop limit does '
                        'not fall by one at each relay node')
                       for place, share in shares.items()
                       if not share.hop_limits_fall(lane.generator)]
            counts = defaultdict(set)
            for offset, count, _ in shares:
                counts[offset].add(count)
            for offset, sizes in counts.items():
                for count in sizes:
                    parts = [shares.get((offset, count, index)) for index in range(count)]
                    if None in parts:
                        continue
                    total = 0
                    for part in parts:
                        total ^= int.from_bytes(part.key, 'big')
                    key = total.to_bytes(len(parts[0].key), 'big')
                    if self.chunks[lane].setdefault(offset, key) != key:
                        faults.append(('key', f'chunk {offset} of {stream_text(lane)}: agreed '
                                       f'twice, by {" and ".join(map(str, sizes))} shares'))
                    for index, part in enumerate(parts):
                        if any(part.key == other.key for other in parts[:index]):
                            faults.append(('pad', f'chunk {offset} of {stream_text(lane)}: two '
                                           'shares are the same'))
        return faults

    def read(self, lane, offset, length):
        """Octets of the stream, or None if the capture does not hold them all."""
        chunks, shift = self.chunks.get(lane), self.shifts.get(lane)
        if not chunks or length <= 0:
            return None
        parts, end = [], offset + length
        while offset < end:
            start = offset >> shift << shift
            within = (offset - start) // wire.CHUNK * wire.CHUNK
            chunk = chunks.get(start + within)
            if chunk is None:
                return None
            part = chunk[offset - start - within:][:end - offset]
            if not part:
                return None
            parts.append(part)
            offset += len(part)
        return b''.join(parts)

    def segment(self, lane, index):
        """All octets of a segment, or None."""
        if (lane, index) not in self.whole:
            shift = self.shifts.get(lane, 0)
            self.whole[lane, index] = self.read(lane, index << shift, 1 << shift)
        return self.whole[lane, index]

    def segments(self, lane):
        """Indexes of the segments of which any chunk was seen, in order."""
        shift = self.shifts[lane]
        return sorted({offset >> shift for offset, _, _ in self.shares[lane]})

    def confirm(self, lane, far_incarnation, index, tag):
        """Hold a CONFIRMED entry of an acknowledgement against the segment: True,
        False, or None if the segment is not known whole.
        """
        octets = self.segment(lane, index)
        if octets is None:
            self.confirmed[lane].setdefault(index, None)
            return None
        message = struct.pack('>QQQQQ', lane.generator, lane.far, lane.incarnation,
                              far_incarnation, index) + bytes(24) + octets[wire.KEY_LEN:]
        right = poly1305(octets[:wire.KEY_LEN], message) == tag
        # Once wrong stays wrong.
        if self.confirmed[lane].get(index) is not False:
            self.confirmed[lane][index] = right
        return right

    def lanes_of(self, one, other):
        pair = pair_of(one, other)
        return [lane for lane in self.chunks if pair_of(lane.generator, lane.far) == pair]
