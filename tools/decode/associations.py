# SPDX-License-Identifier: GPL-2.0-or-later
"""IPsec associations as SA_REQ, SA_ACK and SA_END agree them (docs/protocol.md, 5.5),
and their keys, as Wireshark takes them.
"""
import hashlib
from collections import namedtuple

import frame as wire
from frame import node_text

# A direction's association: who sends under it, and in which life of a stream it was
# asked for. A binding's ids rise in an incarnation.
Name = namedtuple('Name', 'sender receiver incarnation reqid id')

# What Wireshark's table of security associations calls them.
WIRESHARK = {'aes-gcm': 'AES-GCM with 16 octet ICV [RFC4106]',
             'chacha20-poly1305': 'ChaCha20 with Poly1305 [RFC7634]'}


class Association:
    """What was asked for, and what was said of it."""

    __slots__ = ('name', 'request', 'stream', 'fields', 'spi', 'ended', 'key')

    def __init__(self, name, sighting):
        self.name, self.request, self.stream = name, sighting, sighting.stream
        self.fields = sighting.fields
        self.spi, self.ended, self.key = None, False, None

    @property
    def end(self):
        """End of the range that the key spends."""
        octets = self.fields['octets']
        granules = (octets + wire.GRANULE - 1) // wire.GRANULE
        return self.fields['key_offset'] + wire.GRANULE * granules


class Associations:
    """All that a capture's verified frames speak of."""

    def __init__(self):
        self.known = {}         # Name: Association
        self.spis = {}          # (receiver, SPI): Name of who has it
        self.highest = {}       # Name without its id: the highest id that was asked for
        self.unasked = 0        # answers to requests that the capture does not hold

    def take(self, sighting):
        """Take a verified frame, in order of time. Returns what contradicts the page: a
        list of sentences.
        """
        frame, fields = sighting.frame, sighting.fields
        if frame.kind == wire.SA_REQ:
            return self.take_request(sighting)
        if frame.kind == wire.SA_MOVE or \
                frame.kind == wire.SA_END and fields['status'] == 'gone':
            return []
        if frame.kind == wire.SA_ACK:
            # The request's incarnation is not in it: it was asked for in this pairing.
            ends = (frame.destination, frame.sender)
        else:
            ends = (frame.sender, frame.destination)
        one = self.asked(ends, fields['reqid'], fields['id'])
        if not one:
            self.unasked += 1
            return []
        if frame.kind == wire.SA_END:
            one.ended = True
            return ([] if one.spi in (None, fields['spi']) else
                    [f'ends SPI {fields["spi"]:08x}, the answer said {one.spi:08x}'])
        return self.take_answer(one, fields)

    def asked(self, ends, reqid, number):
        """The latest request of this id. Ids rise with the clock, so two incarnations
        hardly ever share one.
        """
        found = [one for name, one in self.known.items()
                 if (name.sender, name.receiver) == ends
                 and (name.reqid, name.id) == (reqid, number)]
        return found[-1] if found else None

    def take_request(self, sighting):
        frame, fields = sighting.frame, sighting.fields
        name = Name(frame.sender, frame.destination, frame.incarnation, fields['reqid'],
                    fields['id'])
        known, faults = self.known.get(name), []
        if known:
            if known.request.frame.payload != frame.payload:
                faults.append(f'id {name.id} of reqid {name.reqid} was asked for before, with '
                              'something else')
            return faults
        if self.highest.get(name[:4], 0) > name.id:
            faults.append(f'id {name.id} of reqid {name.reqid} is below one asked for before')
        self.highest[name[:4]] = max(self.highest.get(name[:4], 0), name.id)
        self.known[name] = Association(name, sighting)
        return faults

    def take_answer(self, one, fields):
        if fields['status'] != 'installed':
            return ([] if one.spi is None else
                    [f'{fields["status"]}, said to be installed as {one.spi:08x} before'])
        spi, place = fields['spi'], (one.name.receiver, fields['spi'])
        if one.spi not in (None, spi):
            return [f'SPI {spi:08x} for what had {one.spi:08x}']
        if self.spis.setdefault(place, one.name) != one.name:
            return [f'SPI {spi:08x}, which another association of this receiver has']
        one.spi = spi
        return []

    def installed(self):
        """Those that both ends know of and whose key is known, in order."""
        return [one for one in self.known.values() if one.spi is not None and one.key]

    def report(self):
        """As JSON takes it; no key."""
        return [{'reqid': one.name.reqid, 'sender': node_text(one.name.sender),
                 'receiver': node_text(one.name.receiver), 'id': one.name.id,
                 'incarnation': f'{one.name.incarnation:016x}',
                 'algorithm': one.fields['algorithm'], 'mode': one.fields['mode'],
                 'esn': 'esn' in one.fields['flags'], 'offset': one.fields['key_offset'],
                 'octets': one.fields['octets'],
                 'spi': None if one.spi is None else f'{one.spi:08x}', 'ended': one.ended,
                 'sha256': hashlib.sha256(one.key).hexdigest() if one.key else None}
                for one in self.known.values()]

    def wireshark(self):
        """Lines of Wireshark's file esp_sa. Outer addresses are not in the frames, so
        the SPI alone tells: for both families.
        """
        return [f'"{family}","*","*","0x{one.spi:08x}","{WIRESHARK[one.fields["algorithm"]]}",'
                f'"0x{one.key.hex()}","NULL",""\n'
                for one in self.installed() for family in ('IPv4', 'IPv6')]
