# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge the frames of a capture: tags, ranges, pads, owners, end-to-end keys.

The verdict on a frame is one of
    verified  its tag is right under the key of its link or stream
    bad       the key is known, and the tag is wrong
    unknown   the key is not known: no such link was given, or the capture does not
              hold the end-to-end key that the frame is sealed under, or no HELLO that
              names the hash key of a bulk frame
Everything that contradicts docs/protocol.md is a finding, of a kind.
"""
import hashlib
from collections import Counter, defaultdict, namedtuple

import capture
import frame as wire
from associations import Associations
from frame import node_text
from hashkeys import HashKeys, hello_faults, pairing_of
from remote import Lane, RemoteStreams, pair_of
from seal import linear_hash, poly1305

KINDS = {
    'form': 'not as the page describes',
    'tag': 'tag is wrong',
    'reuse': 'octets of a stream used twice',
    'pad': 'same pad twice',
    'key': 'end-to-end key differs between hops or repetitions',
    'confirm': 'confirmed tag does not fit the segment',
    'owner': 'spent from a segment that the sender does not own',
    'hash': 'hash key not agreed as the page describes',
    'hello': 'HELLO contradicts itself or another',
    'sa': 'IPsec association not agreed as the page describes',
    'supply': 'key set aside for applications is used for something else, or lost',
}

# A link whose key we can compute, and what was seen of it.
Link = namedtuple('Link', 'name key')
Use = namedtuple('Use', 'start end number what')


class Sighting:
    """A frame, where and when it was first seen, and what became of it."""

    __slots__ = ('frame', 'time_ns', 'src', 'dst', 'copies', 'verdict', 'stream',
                 'receiver', 'fields', 'hash_key')

    def __init__(self, frame, datagram):
        self.frame, self.copies = frame, 0
        self.time_ns, self.src, self.dst = datagram.time_ns, datagram.src, datagram.dst
        self.verdict, self.stream, self.receiver, self.fields = 'unknown', None, None, {}
        self.hash_key = None            # of a bulk frame whose tag is right: its HashKey


class Audit:
    """links: {(lower node, higher node): Link}. progress: called with a line of
    text now and then.
    """

    def __init__(self, links, ports=(17717,), progress=lambda text: None):
        self.links, self.ports, self.progress = links, set(ports), progress
        self.sightings, self.skipped, self.files = [], Counter(), []
        self.by_raw, self.nodes_at = {}, defaultdict(set)
        self.finding_count, self.finding_text = Counter(), defaultdict(list)
        self.remote = RemoteStreams()
        self.hash_keys = HashKeys()
        self.associations = Associations()
        self.uses = defaultdict(list)       # stream: [Use]
        self.shifts = {}                    # link pair: shift
        self.malformed = 0

    def find(self, kind, text):
        self.finding_count[kind] += 1
        if len(self.finding_text[kind]) < 10:
            self.finding_text[kind].append(text)

    # --- reading ----------------------------------------------------------------

    def load(self, path):
        """Take the frames of a file. One that is octet for octet another's equal is
        that one, seen at another place, or repeated by the network.
        """
        taken = 0
        for datagram in capture.datagrams(path, self.skipped):
            if not self.ports & {datagram.src[1], datagram.dst[1]}:
                self.skipped['other ports'] += 1
                continue
            taken += 1
            self.take(datagram)
            if taken % 2000 == 0:
                self.progress(f'reading {path}: {taken} frames')
        self.files.append((path, taken))

    def take(self, datagram):
        if datagram.cut:
            self.skipped['cut by the capture'] += 1
            return
        earlier = self.by_raw.get(datagram.data)
        if earlier:
            earlier.copies += 1
            if datagram.time_ns < earlier.time_ns:
                earlier.time_ns = datagram.time_ns
                earlier.src, earlier.dst = datagram.src, datagram.dst
            return
        try:
            frame = wire.Frame(datagram.data)
            sighting = Sighting(frame, datagram)
            sighting.fields = wire.parse_clear(frame)
        except wire.FormError as error:
            self.malformed += 1
            self.find('form', f'datagram from {address_text(datagram.src)}: {error}')
            return
        self.by_raw[datagram.data] = sighting
        self.sightings.append(sighting)

    # --- judging ------------------------------------------------------------------

    def judge(self):
        """Everything. Once, after the last load()."""
        self.sightings.sort(key=lambda sighting: sighting.time_ns)
        for number, sighting in enumerate(self.sightings, 1):
            frame = sighting.frame
            frame.number = number
            self.nodes_at[sighting.src[0]].add(frame.sender)
            if frame.kind in wire.NEIGHBOUR:
                self.nodes_at[sighting.dst[0]].add(frame.destination)
        self.verify_links()
        for fault in self.remote.assemble():
            self.find(*fault)
        self.verify_remote()
        self.check_confirmations()
        self.check_associations()
        self.check_supply()
        self.check_hash_keys()
        self.check_owners()
        self.check_hellos()
        self.check_uses()

    def receivers(self, sighting):
        """Nodes that this frame may be sealed for. Its header names the sender; the
        receiver of a relayed frame follows from where the datagram goes.
        """
        frame = sighting.frame
        if frame.kind in wire.NEIGHBOUR:
            return {frame.destination}
        known = self.nodes_at[sighting.dst[0]] - {frame.sender}
        return known or {node for pair in self.links if frame.sender in pair
                         for node in pair if node != frame.sender}

    def verify_links(self):
        """Tags of frames sealed under link key; RELAY payloads to remote streams."""
        candidates, wanted = [], defaultdict(list)
        for sighting in self.sightings:
            frame, pairs = sighting.frame, []
            for receiver in sorted(self.receivers(sighting)):
                pair = pair_of(frame.sender, receiver)
                if pair in self.links:
                    pairs.append((pair, receiver))
                    wanted[pair].append((frame.offset, frame.end))
            candidates.append(pairs)
        for pair, ranges in wanted.items():
            self.progress(f'key of link {self.links[pair].name}: {len(ranges)} ranges')
            self.links[pair].key.prepare_ranges(ranges)

        # What HELLOs say first: bulk frames are tagged under what these name, and two
        # captures, or a network that reorders, may show a frame before its HELLO.
        bulk = []
        for sighting, pairs in zip(self.sightings, candidates):
            if sighting.frame.kind in wire.BULK:
                bulk.append((sighting, pairs))
            else:
                self.verify_under_link(sighting, pairs, self.control_tag)
        self.learn_hash_keys()
        for sighting, pairs in bulk:
            self.verify_under_link(sighting, pairs, self.bulk_tag)

    def verify_under_link(self, sighting, pairs, tag_fits):
        """Hold a frame against the key of each link that it may have come by.
        tag_fits(): True, False, or None if a hash key that it takes is not known.
        """
        frame, wrong = sighting.frame, None
        if frame.number % 1000 == 0:
            self.progress(f'tags: {frame.number} of {len(self.sightings)} frames')
        for pair, receiver in pairs:
            key = self.links[pair].key.read(frame.offset, wire.KEY_LEN)
            fits = tag_fits(sighting, pair, receiver, key)
            if fits:
                self.accept(sighting, pair, receiver)
                return
            if fits is False and not wrong:
                wrong = pair
        receivers = self.receivers(sighting)
        if wrong:
            sighting.verdict, sighting.stream = 'bad', wrong
            self.find('tag', describe(sighting))
        elif len(receivers) == 1 and (pairs or frame.kind not in wire.STRAIGHT):
            # Ranges tell of reuse even where the key is not known.
            sighting.receiver = next(iter(receivers))
            self.spend(sighting, pair_of(frame.sender, sighting.receiver))

    def control_tag(self, sighting, pair, receiver, key):
        return poly1305(key, sighting.frame.sealed) == sighting.frame.tag

    def bulk_tag(self, sighting, pair, receiver, key):
        frame = sighting.frame
        candidates, of_this_pairing = self.hash_keys.candidates(
            frame, receiver, self.shift_of(pair), sighting.time_ns)
        for hash_key in candidates:
            if poly1305(key, linear_hash(hash_key.words, frame.sealed)) == frame.tag:
                sighting.hash_key = hash_key
                return True
        return False if of_this_pairing else None

    def learn_hash_keys(self):
        """From the HELLOs of all links. Octets of a hash key are spent as a frame's
        are, once, however often they are named.
        """
        for sighting in self.verified(wire.PROBE, wire.HELLO):
            if sighting.stream not in self.links:
                continue
            if sighting.frame.kind == wire.HELLO:
                self.hash_keys.take_hello(sighting, self.links[sighting.stream].key.read)
            elif links_own_probe(sighting):
                self.hash_keys.take_probe(sighting)
        for key in self.hash_keys.keys.values():
            self.use_hash_key(key)

    def use_hash_key(self, key):
        stream = key.pairing.pair
        if stream not in self.links:
            other = stream[0] if key.sender == stream[1] else stream[1]
            own = key.pairing.low if key.sender == stream[0] else key.pairing.high
            stream = Lane(key.sender, other, own)
        self.uses[stream].append(Use(key.offset, key.end, (key.named or key.held).frame.number,
                                     f'hash key of {node_text(key.sender)}'))

    def accept(self, sighting, stream, receiver):
        """The tag is right."""
        frame = sighting.frame
        sighting.verdict, sighting.stream, sighting.receiver = 'verified', stream, receiver
        if frame.kind not in wire.DECODED:
            self.find('form', f'{describe(sighting)}: the page reserves this type')
        else:
            for fault in wire.header_faults(frame):
                self.find('form', f'{describe(sighting)}: {fault}')
        self.spend(sighting, stream)
        if stream not in self.links:
            return
        own_probe = links_own_probe(sighting)
        about_link = frame.kind in wire.NEIGHBOUR or own_probe
        if about_link and self.shifts.setdefault(stream, frame.shift) != frame.shift:
            self.find('form', f'{describe(sighting)}: another shift than this link had')
        if own_probe and sighting.fields['sent_us']:
            self.find('form', f"{describe(sighting)}: transmit time in a link's PROBE")
        if frame.kind == wire.RELAY and frame.flags & (wire.KEYED | wire.PADDED):
            pad = self.links[stream].key.read(frame.offset + wire.KEY_LEN, frame.length)
            for kind, text in self.remote.add(frame, receiver, pad):
                self.find(kind, f'frame {frame.number}: {text}')

    def spend(self, sighting, stream):
        frame = sighting.frame
        sighting.stream = stream
        self.uses[stream].append(Use(frame.offset, frame.end, frame.number, frame.name))

    def verify_remote(self):
        """Frames that go straight from end to end, sealed by the remote stream; the
        bulk ones last, as what HELLOs say of hash keys is asked of them.
        """
        straight = [sighting for sighting in self.sightings
                    if sighting.verdict == 'unknown' and sighting.frame.kind in wire.STRAIGHT
                    and self.straight_pair(sighting) not in self.links]
        for sighting in straight:
            if sighting.frame.kind not in wire.BULK:
                self.verify_straight(sighting)
        for sighting in self.verified(wire.HELLO):
            if sighting.stream not in self.links:
                self.shifts[self.straight_pair(sighting)] = sighting.frame.shift
                self.hash_keys.take_hello(sighting, self.reader_of(sighting))
        for key in self.hash_keys.keys.values():
            if key.pairing.pair not in self.links:
                self.use_hash_key(key)
        for sighting in straight:
            if sighting.frame.kind in wire.BULK:
                self.verify_straight(sighting)

    @staticmethod
    def straight_pair(sighting):
        return pair_of(sighting.frame.sender, sighting.frame.destination)

    def reader_of(self, sighting):
        """read(offset, length) of the remote stream that a HELLO speaks of: lanes of
        both of its ends.
        """
        frame, echo = sighting.frame, sighting.fields['echo']
        lanes = (Lane(frame.sender, frame.destination, frame.incarnation),
                 Lane(frame.destination, frame.sender, echo))

        def read(offset, length):
            index = offset >> frame.shift
            owner = wire.born_to(index, frame.sender, frame.destination)
            lane = lanes[0] if owner == frame.sender else lanes[1]
            return self.remote.read(lane, offset, length) or bytes(length)
        return read

    def verify_straight(self, sighting):
        frame = sighting.frame
        # It is sealed from a segment of its sender, who generated it.
        lane = Lane(frame.sender, frame.destination, frame.incarnation)
        key = self.remote.read(lane, frame.offset, wire.KEY_LEN)
        if key is None:
            return
        tag_fits = self.bulk_tag if frame.kind in wire.BULK else self.control_tag
        fits = tag_fits(sighting, self.straight_pair(sighting), frame.destination, key)
        if fits is None:
            return
        if not fits:
            sighting.verdict, sighting.stream = 'bad', lane
            self.find('tag', describe(sighting))
            return
        self.accept(sighting, lane, frame.destination)
        index = frame.offset >> self.remote.shifts[lane]
        if wire.born_to(index, frame.sender, frame.destination) != frame.sender:
            self.find('owner', f'{describe(sighting)}: segment {index}')
        if frame.offset & ((1 << self.remote.shifts[lane]) - 1) < wire.KEY_LEN:
            self.find('reuse', f'{describe(sighting)}: the confirmation key of '
                      f'segment {index}')

    def key_of(self, sighting, offset, length):
        if sighting.stream in self.links:
            return self.links[sighting.stream].key.read(offset, length)
        return self.remote.read(sighting.stream, offset, length)

    # --- what verified frames say -----------------------------------------------------

    def verified(self, *kinds):
        return (sighting for sighting in self.sightings
                if sighting.verdict == 'verified' and sighting.frame.kind in kinds)

    def check_confirmations(self):
        for sighting in self.verified(wire.RELAY_ACK):
            frame, fields = sighting.frame, sighting.fields
            lane = Lane(frame.destination, frame.origin, frame.incarnation)
            self.remote.shifts.setdefault(lane, frame.shift)
            for entry in fields['entries']:
                index = entry['segment']
                if wire.born_to(index, lane.generator, lane.far) != lane.generator:
                    self.find('form', f'{describe(sighting)}: segment {index} is its own')
                elif entry['kind'] == 'confirmed' and self.remote.confirm(
                        lane, fields['far_incarnation'], index,
                        bytes.fromhex(entry['value'])) is False:
                    self.find('confirm', f'{describe(sighting)}: segment {index}')

    def check_associations(self):
        """Whose key an association is: a range of the lane of who sends under it."""
        for sighting in self.verified(*wire.SA):
            for fault in self.associations.take(sighting):
                self.find('sa', f'{describe(sighting)}: {fault}')
        if self.associations.unasked:
            self.skipped['answer whose SA_REQ is not captured'] += self.associations.unasked
        for one in self.associations.known.values():
            sighting, offset = one.request, one.fields['key_offset']
            shift = self.shift_of(one.stream)
            if (one.end - 1) >> shift != offset >> shift:
                self.find('sa', f'{describe(sighting)}: key that leaves its segment')
            if isinstance(one.stream, Lane):
                index = offset >> shift
                if wire.born_to(index, *pair_of(*one.stream[:2])) != one.name.sender:
                    self.find('owner', f'{describe(sighting)}: key of segment {index}')
                if offset & ((1 << shift) - 1) < wire.KEY_LEN:
                    self.find('reuse', f'{describe(sighting)}: the confirmation key of '
                              f'segment {index}')
            one.key = self.key_of(sighting, offset, one.fields['octets'])
            self.uses[one.stream].append(Use(offset, one.end, sighting.frame.number,
                                             'key of an association'))

    def check_supply(self):
        """Decode SUPPLY. A range that an application took is a use like a frame's."""
        marked, taken, kept = defaultdict(set), {}, set()
        for sighting in self.verified(wire.SUPPLY):
            frame = sighting.frame
            pad = self.key_of(sighting, frame.offset + wire.KEY_LEN, frame.length)
            if pad is None:
                continue
            plain = (int.from_bytes(frame.payload, 'big') ^ int.from_bytes(pad, 'big'))
            reply = bool(frame.flags & wire.REPLY)
            try:
                fields = wire.parse_supply(plain.to_bytes(frame.length, 'big'), reply)
            except wire.FormError as error:
                self.find('form', f'{describe(sighting)}: {error}')
                continue
            sighting.fields = fields
            if reply:
                place = (sighting.stream, fields['stream_offset'] >> frame.shift)
                if fields['operation'] == 'mark' and fields['status'] == 1:
                    kept.add(place)
                elif fields['status'] == 2 and place in kept:
                    self.find('supply', f'{describe(sighting)}: {fields["octets"]} octets at '
                              f'{fields["stream_offset"]} not held, of a segment that it set '
                              'aside')
                continue
            start, length = fields['stream_offset'], fields['octets']
            if fields['operation'] == 'mark':
                marked[sighting.stream].add(start)
            else:
                taken.setdefault((sighting.stream, start, length, fields['label']),
                                 frame.number)
        for (stream, start, length, _), number in taken.items():
            end = start + (length + wire.GRANULE - 1) // wire.GRANULE * wire.GRANULE
            self.uses[stream].append(Use(start, end, number, 'taken by an application'))
        for stream, starts in marked.items():
            shift = self.shift_of(stream)
            for use in self.uses[stream]:
                if use.start >> shift << shift in starts and not use.what.startswith('taken'):
                    self.find('supply', f'frame {use.number} ({use.what}) at {use.start}, in a '
                              'segment that is set aside for applications')

    def shift_of(self, stream):
        if isinstance(stream, Lane):
            return self.remote.shifts[stream]
        return self.shifts.get(stream, 16)

    def check_hash_keys(self):
        """Hash keys themselves, who spoke of them, and what was tagged under them."""
        for key in self.hash_keys.keys.values():
            for fault in self.hash_keys.key_faults(key, self.shift_of(key.pairing.pair)):
                self.find('hash', f'{describe(key.named or key.held)}: hash key {key.offset} of '
                          f'{node_text(key.sender)} {fault}')
        spoken = defaultdict(list)      # (pairing, end): [its HELLOs]
        for sighting in self.hellos():
            fields = sighting.fields
            pairing = pairing_of(sighting.frame, fields['echo'])
            if pairing:
                spoken[pairing, sighting.frame.sender].append(sighting)
        for hellos in spoken.values():
            for sighting, fault in hello_faults(hellos):
                self.find('hash', f'{describe(sighting)}: {fault}')
        first = self.first_kinds()
        for sighting in self.sightings:
            pair = sighting.stream
            if sighting.frame.kind not in wire.BULK or pair not in self.links:
                continue
            if sighting.verdict == 'verified':
                fault = self.hash_keys.fault(sighting.hash_key, sighting, self.shift_of(pair))
                if fault:
                    self.find('hash', f'{describe(sighting)}: {fault}')
            elif sighting.verdict == 'unknown':
                if first.get(pair) == wire.PROBE:
                    self.find('hash', f'{describe(sighting)}: no HELLO named a hash key for it')
                else:
                    self.skipped['hash key not known: HELLO before the capture'] += 1

    def first_kinds(self):
        """{link pair: type of its first verified frame}. PROBE: the capture has it all."""
        first = {}
        for sighting in self.verified(*wire.DECODED):
            if sighting.stream in self.links:
                first.setdefault(sighting.stream, sighting.frame.kind)
        return first

    def check_owners(self):
        """On links: one's own parity, or granted; and one segment a frame."""
        granted = defaultdict(dict)     # pair: {segment: who gave it away}
        first = self.first_kinds()
        for sighting in self.verified(wire.GRANT):
            frame = sighting.frame
            giver = frame.destination if frame.flags & wire.REPLY else frame.sender
            for index in sighting.fields['segments']:
                granted[sighting.stream][index] = giver
                if wire.born_to(index, frame.sender, frame.destination) != giver:
                    self.find('owner', f'{describe(sighting)}: grants segment {index}, which '
                              'was not born to the giver')
        for sighting in self.verified(*wire.DECODED):
            frame, pair = sighting.frame, sighting.stream
            if pair not in self.shifts:
                continue
            shift = self.shifts[pair]
            index = frame.offset >> shift
            if (frame.end - 1) >> shift != index:
                self.find('form', f'{describe(sighting)}: its range leaves the segment')
            self.check_owner(describe(sighting), frame.sender, index, granted[pair],
                             pair, first[pair])
        for one in self.associations.known.values():
            if one.stream in self.shifts:
                self.check_owner(f'{describe(one.request)}: key of an association',
                                 one.name.sender,
                                 one.fields['key_offset'] >> self.shifts[one.stream],
                                 granted[one.stream], one.stream, first[one.stream])
        for key in self.hash_keys.keys.values():
            pair = key.pairing.pair
            if pair not in self.links:
                continue
            self.check_owner(f'{describe(key.named or key.held)}: hash key {key.offset}',
                             key.sender, key.offset >> self.shifts[pair], granted[pair],
                             pair, first[pair])

    def check_owner(self, what, spender, index, granted, pair, first):
        mine = wire.born_to(index, *pair) == spender
        if mine and granted.get(index) == spender:
            self.find('owner', f'{what}: segment {index} was given away')
        if not mine and index not in granted:
            # A capture that began later may lack the GRANT.
            if first == wire.PROBE:
                self.find('owner', f'{what}: segment {index}, no GRANT')
            else:
                self.skipped['owner not known: GRANT before the capture'] += 1

    def hellos(self):
        return sorted(self.verified(wire.HELLO), key=lambda sighting: sighting.fields['sent_us'])

    def check_hellos(self):
        """Sense of HELLO bodies, alone and one after the other."""
        barriers, last = {}, {}
        for sighting in self.hellos():
            frame, fields = sighting.frame, sighting.fields
            what = describe(sighting)
            pairing = (pair_of(frame.sender, frame.destination),
                       frozenset((frame.incarnation, fields['echo'])))
            if barriers.setdefault(pairing, fields['barrier']) != fields['barrier']:
                self.find('hello', f'{what}: barrier {fields["barrier"]}, other HELLOs of the '
                          f'pairing say {barriers[pairing]}')
            if not fields['echo']:
                self.find('hello', f'{what}: echo is 0, so there is no pairing')
            if fields['held'] and fields['held'][0] < fields['barrier']:
                self.find('hello', f'{what}: segment {fields["held"][0]} held below the barrier')
            if frame.offset >> self.shift_of(sighting.stream) < fields['barrier']:
                self.find('hello', f'{what}: sealed from below the barrier')
            key = (frame.sender, frame.destination, frame.incarnation)
            for reading in fields['readings']:
                number = reading['contract']
                if reading['at_mark'] > reading['accepted']:
                    self.find('hello', f'{what}: contract {number}: more at the mark than now')
                before = last.get((key, number))
                if before and (reading['accepted'] < before['accepted']
                               or reading['mark'] < before['mark']):
                    self.find('hello', f'{what}: contract {number}: reading goes back')
                last[key, number] = reading

    def check_uses(self):
        """No octet of a stream serves twice. Uses are sorted by start, so whoever
        begins before the highest end so far meets it.
        """
        for stream, uses in self.uses.items():
            uses.sort()
            top = None
            for use in uses:
                if top and use.start < top.end:
                    self.find('reuse', f'{self.stream_name(stream)}: frame {use.number} '
                              f'({use.what}) and frame {top.number} ({top.what}) at '
                              f'{use.start}')
                if not top or use.end > top.end:
                    top = use

    def opened(self):
        """(sighting, pad, packet) of each packet that a tunnel carried."""
        for sighting in self.verified(wire.DATA):
            frame = sighting.frame
            pad = self.key_of(sighting, frame.offset + wire.KEY_LEN, frame.length)
            if pad is not None:
                text = int.from_bytes(frame.payload, 'big') ^ int.from_bytes(pad, 'big')
                yield sighting, pad, text.to_bytes(frame.length, 'big')

    def packets(self):
        """(time, octets) of each packet that a tunnel carried."""
        for sighting, _, packet in self.opened():
            yield sighting.time_ns, packet

    # --- the outcome --------------------------------------------------------------------

    def stream_name(self, stream):
        if isinstance(stream, Lane):
            return f'{node_text(stream.generator)}-{node_text(stream.far)}'
        name = f'{node_text(stream[0])}-{node_text(stream[1])}'
        return f'{self.links[stream].name} ({name})' if stream in self.links else name

    def verdicts(self):
        return Counter(sighting.verdict for sighting in self.sightings)

    def report(self, digests=()):
        """All of it, as JSON takes it."""
        counts = self.verdicts()
        types = defaultdict(Counter)
        for sighting in self.sightings:
            types[sighting.frame.name][sighting.verdict] += 1
        return {
            'files': [{'file': path, 'frames': frames} for path, frames in self.files],
            'passed_over': dict(self.skipped),
            'frames': {'different': len(self.sightings),
                       'copies': sum(sighting.copies for sighting in self.sightings),
                       'verified': counts['verified'], 'bad': counts['bad'],
                       'unknown': counts['unknown'], 'malformed': self.malformed},
            'types': {name: {verdict: seen[verdict]
                             for verdict in ('verified', 'bad', 'unknown')}
                      for name, seen in sorted(types.items())},
            'hops': self.hops(),
            'streams': [self.lane_report(lane) for lane in sorted(self.remote.shares)],
            'associations': self.associations.report(),
            'digests': list(digests),
            'findings': [{'kind': kind, 'meaning': KINDS[kind], 'count': count,
                          'examples': self.finding_text[kind]}
                         for kind, count in sorted(self.finding_count.items())],
        }

    def hops(self):
        """Frames and octets of key by the stream that sealed them."""
        rows = defaultdict(Counter)

        def name_of(stream):
            if not isinstance(stream, Lane):
                return stream
            return ('end to end', *pair_of(stream.generator, stream.far))

        for sighting in self.sightings:
            stream = name_of(sighting.stream)
            rows[stream][sighting.verdict] += 1
            if sighting.verdict != 'bad':
                rows[stream]['octets'] += sighting.frame.end - sighting.frame.offset
        for key in self.hash_keys.keys.values():
            pair = key.pairing.pair
            remote = pair not in self.links and ('end to end', *pair) in rows
            rows[('end to end', *pair) if remote else pair]['octets'] += key.end - key.offset
        for one in self.associations.known.values():
            rows[name_of(one.stream)]['octets'] += one.end - one.fields['key_offset']
        hops = []
        for stream, row in sorted(rows.items(), key=lambda item: str(item[0])):
            if stream is None:
                name, nodes = '(not known)', []
            elif stream[0] == 'end to end':
                name, nodes = stream[0], stream[1:]
            else:
                name = self.links[stream].name if stream in self.links else '(no key given)'
                nodes = stream
            hops.append({'sealed_by': name, 'nodes': [node_text(node) for node in nodes],
                         'verified': row['verified'], 'bad': row['bad'],
                         'unknown': row['unknown'], 'key_octets': row['octets']})
        return hops

    def lane_report(self, lane):
        remote, shares = self.remote, self.remote.shares[lane]
        shift = remote.shifts[lane]
        confirmed = remote.confirmed[lane]
        segments = []
        for index in remote.segments(lane):
            octets = remote.segment(lane, index)
            segments.append({
                'segment': index, 'offset': index << shift,
                'octets': 1 << shift if octets else None,
                'sha256': hashlib.sha256(octets).hexdigest() if octets else None,
                'confirmed': confirmed.get(index)})
        edges = {edge for share in shares.values() for edge in share.edges()}
        return {
            'generator': node_text(lane.generator), 'far_end': node_text(lane.far),
            'incarnation': f'{lane.incarnation:016x}',
            'hops': sorted(f'{node_text(one)}>{node_text(other)}' for one, other in edges),
            'chunk_shares': len(shares),
            'frames': sum(len(share.passages) for share in shares.values()),
            'on_several_hops': sum(len(share.edges()) > 1 for share in shares.values()),
            'arrived': sum(share.arrives(lane.generator, lane.far)
                           for share in shares.values()),
            'same_key_everywhere': sum(share.same for share in shares.values()),
            'segments_whole': sum(bool(one['octets']) for one in segments),
            'segments_confirmed': sum(one['confirmed'] is True for one in segments),
            'segments': segments,
        }


def address_text(address):
    host, port = address
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def links_own_probe(sighting):
    """Is it a PROBE of a link about that link, not a relayed one that crosses it?"""
    frame = sighting.frame
    return (frame.kind == wire.PROBE and frame.origin == frame.sender
            and frame.destination == sighting.receiver)


def describe(sighting):
    frame = sighting.frame
    return (f'frame {frame.number} ({frame.name} from {node_text(frame.sender)} at '
            f'{frame.offset})')
