# SPDX-License-Identifier: GPL-2.0-or-later
"""Hash keys of bulk frames (docs/protocol.md, 5.2.1), as the HELLOs of a capture
agree them: which octets, for which direction of which pairing, and from when.
"""
from collections import defaultdict, namedtuple

import frame as wire
import seal
from remote import pair_of

# The lower node's incarnation in a pairing of a link, and the higher node's.
Pairing = namedtuple('Pairing', 'pair low high')


def pairing_of(frame, echo):
    """The pairing that a PROBE or HELLO speaks of, or None if it names one end only."""
    if not echo:
        return None
    ends = (frame.incarnation, echo)
    return Pairing(pair_of(frame.sender, frame.destination),
                   *(ends if frame.sender < frame.destination else reversed(ends)))


class HashKey:
    """named, held: the first HELLOs seen that name it and that acknowledge it, or
    None.
    """

    __slots__ = ('pairing', 'sender', 'offset', 'words', 'named', 'held')

    def __init__(self, pairing, sender, offset, octets):
        self.pairing, self.sender, self.offset = pairing, sender, offset
        self.words = seal.hash_words(octets)
        self.named, self.held = None, None

    @property
    def end(self):
        return self.offset + seal.HASH_KEY_LEN

    def held_at(self, time_ns):
        return self.held is not None and self.held.time_ns <= time_ns


class HashKeys:
    """Of all links of a capture. take_probe() and take_hello() are to be called in
    the order in which the frames were sent.
    """

    def __init__(self):
        self.keys = {}                          # (Pairing, sender, offset): HashKey
        self.directions = defaultdict(list)     # (sender, receiver): [HashKey]
        self.barriers = defaultdict(dict)       # pair: {Pairing: barrier}
        self.probed = set()                     # pairings whose making was seen
        self.heard = set()                      # (Pairing, sender of a HELLO in it)

    def take_probe(self, sighting):
        pairing = pairing_of(sighting.frame, sighting.fields['echo'])
        # A PROBE that is seen later does not tell that nothing was missed before.
        if pairing and pairing not in self.barriers[pairing.pair]:
            self.probed.add(pairing)

    def take_hello(self, sighting, read):
        """read(offset, length): octets of the link's stream."""
        frame, fields = sighting.frame, sighting.fields
        pairing = pairing_of(frame, fields['echo'])
        if not pairing:
            return
        self.barriers[pairing.pair].setdefault(pairing, fields['barrier'])
        self.heard.add((pairing, frame.sender))
        if fields['hash'] is not None:
            key = self.key(pairing, frame.sender, frame.destination, fields['hash'], read)
            key.named = key.named or sighting
        if fields['hash_held'] is not None:
            key = self.key(pairing, frame.destination, frame.sender, fields['hash_held'], read)
            key.held = key.held or sighting

    def key(self, pairing, sender, receiver, offset, read):
        place = (pairing, sender, offset)
        if place not in self.keys:
            key = HashKey(pairing, sender, offset, read(offset, seal.HASH_KEY_LEN))
            self.keys[place] = key
            self.directions[sender, receiver].append(key)
        return self.keys[place]

    def pairings_at(self, pair, segment):
        """The pairing in which a frame of that segment was sent, from the header
        alone: a pairing spends nothing below its barrier, and its barrier is above
        all that those before it held. It is a set, since an end that starts twice
        before any new key comes has two pairings of one barrier.
        """
        barriers = {pairing: barrier for pairing, barrier in self.barriers[pair].items()
                    if barrier <= segment}
        newest = max(barriers.values(), default=None)
        return {pairing for pairing, barrier in barriers.items() if barrier == newest}

    def candidates(self, frame, receiver, shift, time_ns):
        """(hash keys that may be the frame's, is one of them of its own pairing). The
        first are those that ought to be it; others make a frame that was tagged
        under one nevertheless tell which.
        """
        own = self.pairings_at(pair_of(frame.sender, receiver), frame.offset >> shift)
        keys = self.directions.get((frame.sender, receiver), ())
        return (sorted(keys, key=lambda key: (key.pairing not in own,
                                              not key.held_at(time_ns), key.held is None)),
                any(key.pairing in own for key in keys))

    def fault(self, key, sighting, shift):
        """What is wrong with this key under that frame: a sentence, or None."""
        frame = sighting.frame
        if key.pairing not in self.pairings_at(key.pairing.pair, frame.offset >> shift):
            return f'hash key {key.offset} is of another pairing'
        if key.held is None and (key.pairing, sighting.receiver) not in self.heard:
            return None                 # nothing of the other end was captured
        if key.held is None:
            return f'the other end never said that it holds hash key {key.offset}'
        if key.pairing in self.probed and not key.held_at(sighting.time_ns):
            return (f'sent before the other end said, in frame {key.held.frame.number}, that '
                    f'it holds hash key {key.offset}')
        return None

    def key_faults(self, key, shift):
        """What is wrong with a hash key itself: a list of sentences."""
        faults = []
        if key.offset % wire.GRANULE:
            faults.append('is not aligned to 16')
        if key.offset >> shift != (key.end - 1) >> shift:
            faults.append('leaves its segment')
        if key.offset >> shift < self.barriers[key.pairing.pair][key.pairing]:
            faults.append('is below the barrier')
        if key.held and key.pairing in self.probed:
            if key.named and key.held.time_ns < key.named.time_ns:
                faults.append(f'is held before frame {key.named.frame.number} names it')
            elif not key.named and (key.pairing, key.sender) in self.heard:
                faults.append('is held and was never named')
        return faults


def hello_faults(hellos):
    """What the HELLOs of one end in one pairing, given in the order in which it sent
    them, say of hash keys against what those before it said: [(HELLO, sentence)].
    """
    faults = []
    for field, verb in (('hash', 'names'), ('hash_held', 'holds')):
        before, last = set(), None
        for sighting in hellos:
            offset = sighting.fields[field]
            if offset is None:
                # An end may find no key for another one, but none loses what it holds.
                if last is not None and field == 'hash_held':
                    faults.append((sighting, f'holds hash key {last} no longer'))
            elif offset in before:
                faults.append((sighting, f'{verb} hash key {offset} again after another one'))
            elif offset != last:
                before.add(last)
                last = offset
    return faults
