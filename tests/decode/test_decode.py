#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of tools/decode: frames made here from docs/protocol.md, in captures made
here, whole and then with one thing wrong. Prints `ok NAME` or `not ok NAME - why`.

The chain is 1:1 - 1:2 - 2:1, links "ab" and "bc"; the remote stream is 1:1 - 2:1.
"""
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
COMMAND = os.path.join(TOP, 'tools/decode/qkdnf_decode.py')
sys.path.insert(0, os.path.dirname(COMMAND))

import frame as wire                    # noqa: E402
import seal                             # noqa: E402
from audit import Audit, Link           # noqa: E402
from capture import Datagram            # noqa: E402
from remote import Lane                 # noqa: E402

A, B, C = 1 << 32 | 1, 1 << 32 | 2, 2 << 32 | 1
ADDRESS = {A: '10.0.0.1', B: '10.0.0.2', C: '10.0.0.3'}
INCARNATION = {A: 0xa1, B: 0xb1, C: 0xc1}
FAR = {A: 0xa2, C: 0xc2}                # incarnations in the remote stream
SHIFT, START = 12, 1767225600 * 10**9
SEEDS = {'ab': bytes(range(32)), 'bc': bytes(range(32, 64))}
PAIRS = {'ab': (A, B), 'bc': (B, C)}


def openssl(*arguments, data):
    return subprocess.run(['openssl', *arguments], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


NO_HASH = 2**64 - 1


def linear_hash(key, message):
    """Digests of the blocks, a word at a time as section 4.1 writes it down."""
    def word(octets, at):
        return int.from_bytes(octets[8 * at:8 * at + 8], 'little')

    out = b''
    while message:
        block, message = message[:1056], message[1056:]
        block += bytes(-len(block) % 16)
        for ahead in (0, 2):
            number = 0
            for at in range(0, len(block) // 8, 2):
                one = (word(block, at) + word(key, at + ahead)) % 2**64
                other = (word(block, at + 1) + word(key, at + 1 + ahead)) % 2**64
                number = (number + one * other) % 2**128
            out += number.to_bytes(16, 'little')
    return out


class Net:
    """An encoder: nodes that seal frames as the page says, onto one wire. Each
    frame takes the next range of a segment of its sender's parity.
    """

    def __init__(self):
        self.keys = {name: seal.EmulatedLink(seed, START, 4096) for name, seed in SEEDS.items()}
        self.next = {}
        self.sent = []                  # [source, destination, octets]
        self.hash = {}                  # (sender, receiver): offset that the sender names
        self.hash_held = {}             # (sender, receiver): offset that the receiver holds
        self.incarnation = dict(INCARNATION)
        self.barrier = {}               # link: of its pairing, if not 0

    def link(self, one, other):
        return 'ab' if A in (one, other) else 'bc'

    def take(self, sender, receiver, octets, aligned=16, segment=None):
        """Offset of a fresh range in a segment that the sender owns."""
        key = (self.link(sender, receiver), sender, segment)
        parity = 0 if sender == min(PAIRS[key[0]]) else 1
        at = self.next.get(key, (parity if segment is None else segment) << SHIFT)
        mine = (at - 1) >> SHIFT if key in self.next else at >> SHIFT
        at = (at + aligned - 1) // aligned * aligned
        if (at + octets - 1) >> SHIFT != mine:
            at = (mine + 2) << SHIFT
        self.next[key] = at + (octets + 15) // 16 * 16
        return at

    def send(self, sender, receiver, kind, payload=b'', *, flags=0, hops=64, share=1,
             origin=None, destination=None, incarnation=None, remote_offset=0, contract=0,
             weight=0, offset=None, key=None, length=None, segment=None, tamper=None,
             hash_key=None):
        """Seal and send. key: the stream, if it is not the link's. hash_key: offset of
        a bulk frame's hash key, if it is not the one that the sender named; NO_HASH
        tags it as other frames are.
        """
        spent = 32 + (len(payload) if length is None else length) * bool(flags & 10)
        if offset is None:
            offset = self.take(sender, receiver, spent, 1024 if spent == 1024 else 16, segment)
        stream = key or self.keys[self.link(sender, receiver)].read
        if flags & 8:
            payload = xor(payload, stream(offset + 32, len(payload)))
        header = struct.pack('>BBBBHBBQQQQQQIHH', 1, kind, flags, hops,
                             len(payload) if length is None else length, share, SHIFT, sender,
                             offset, origin or sender, destination or receiver,
                             incarnation or self.incarnation[sender], remote_offset, contract,
                             weight, 0)
        if tamper:
            header = tamper(header)
        sealed = header + payload
        if kind in (wire.RELAY, wire.DATA):
            at = self.hash[sender, receiver] if hash_key is None else hash_key
            sealed = sealed if at == NO_HASH else linear_hash(stream(at, 1072), sealed)
        tag = seal.poly1305(stream(offset, 32), sealed)
        self.sent.append([sender, receiver, header + tag + payload])
        return offset

    # Frames of a session.

    def probe(self, sender, receiver, echo, barrier=0, sent_us=0, **more):
        return self.send(sender, receiver, wire.PROBE,
                         struct.pack('>QQQQ8x', echo, barrier, sent_us, 0), **more)

    def hello(self, sender, receiver, sent_us, readings=(), echo=None, barrier=None, held=0x0f,
              done=0, named=None, hash_held=None, **more):
        """A HELLO, and what the receiver does with the hash key that it names. named,
        hash_held: what it says of hash keys, if not what is so.
        """
        if named is None:
            named = self.hash.get((sender, receiver), NO_HASH)
        if hash_held is None:
            hash_held = self.hash_held.get((receiver, sender), NO_HASH)
        base = self.barrier.get(self.link(sender, receiver), 0)
        if barrier is None:
            barrier = base
        body = struct.pack('>QQQQIIQHHHHQQQQ',
                           self.incarnation[receiver] if echo is None else echo,
                           barrier, sent_us, 0, 1000, 5000, 4096, 0, 8, len(readings), 0,
                           base, base + 4, named, hash_held)
        body += bytes([held, done]) + b''.join(struct.pack('>IIQQ', *one) for one in readings)
        offset = self.send(sender, receiver, wire.HELLO, body, **more)
        if named != NO_HASH:
            self.hash_held[sender, receiver] = named
        if (receiver, sender) not in self.hash:
            self.hash[receiver, sender] = self.take(receiver, sender, 1072)
        return offset

    def relay_first(self, chunk, share=1, link_key=None):
        """The origin's frame of a chunk, KEYED. Returns the share's key."""
        length = min(992, 4096 - 992 * chunk)
        offset = self.send(A, B, wire.RELAY, flags=2, length=length, destination=C,
                           incarnation=FAR[A], remote_offset=992 * chunk, weight=1, share=share)
        return self.keys['ab'].read(offset + 32, length)

    def relay_on(self, chunk, key, share=1, sender=B, receiver=C, **more):
        return self.send(sender, receiver, wire.RELAY, key, flags=8, origin=A, destination=C,
                         hops=63 if sender == B else 64, incarnation=FAR[A], weight=1,
                         remote_offset=992 * chunk, share=share, **more)

    def relay_segment(self, shares=1):
        """Segment 0 of 1:1's lane, every chunk. Returns its octets."""
        octets = b''
        for chunk in range(5):
            total = bytes(min(992, 4096 - 992 * chunk))
            for index in range(shares):
                key = self.relay_first(chunk, index << 4 | shares)
                self.relay_on(chunk, key, index << 4 | shares)
                total = xor(total, key)
            octets += total
        return octets

    def confirm(self, octets, wrong=False, **more):
        message = struct.pack('>QQQQQ', A, C, FAR[A], FAR[C], 0) + bytes(24) + octets[32:]
        tag = seal.poly1305(octets[:32], message)
        if wrong:
            tag = bytes([tag[0] ^ 1]) + tag[1:]
        body = struct.pack('>QQIHHQ', FAR[C], 1, 0xffffffff, 1, 0, 0)
        body += struct.pack('>BB6xQ', 1, 0, 0) + tag
        for sender, receiver in ((C, B), (B, A)):
            self.send(sender, receiver, wire.RELAY_ACK, body, origin=C, destination=A,
                      incarnation=FAR[A], hops=64 if sender == C else 63, **more)

    def session(self, shares=1):
        """What two links and a remote stream say to each other when all is well."""
        for one, other in PAIRS.values():
            self.probe(one, other, 0)
            self.sent.append(self.sent[-1])             # repeated octet for octet
            self.probe(other, one, self.incarnation[one])
            self.hello(one, other, 1000)
            self.hello(other, one, 1001, [(7, 0, 100, 0)])
            self.hello(one, other, 1002)
            self.hello(other, one, 2001, [(7, 1, 300, 200)])
        grant = struct.pack('>H6xQ', 1, 8)
        self.send(A, B, wire.GRANT, grant)
        self.send(B, A, wire.GRANT, grant + struct.pack('>Q', 1), flags=1)
        self.send(B, A, wire.PROBE, struct.pack('>QQQQ8x', INCARNATION[A], 0, 0, 0), segment=8)
        self.octets = octets = self.relay_segment(shares)
        repeat = octets[:992]
        if shares == 1:                                 # one chunk again, under fresh pad
            self.relay_on(0, repeat, sender=A, receiver=B)
            self.relay_on(0, repeat)
        self.confirm(octets)
        nak = struct.pack('>BBHIQII', 2, 0, 0, 500, B, 0, 0)
        self.send(B, A, wire.RELAY_NAK, nak, origin=C, destination=A, incarnation=FAR[A])
        self.supply(64, 48, 1)
        return octets

    def restart(self):
        """1:1 starts anew: another pairing of ab, above another barrier. Nobody has
        said HELLO in it.
        """
        self.incarnation[A], self.barrier['ab'] = 0xa9, 16
        for ends in ((A, B), (B, A)):
            self.hash.pop(ends)
            self.hash_held.pop(ends)
        self.probe(A, B, 0, segment=14)
        self.probe(B, A, self.incarnation[A], barrier=16, segment=15)
        self.probe(A, B, self.incarnation[B], barrier=16, segment=14)
        for node, segment in ((A, 16), (B, 17)):
            self.next['ab', node, None] = (segment << SHIFT) + 16

    def greet(self, **more):
        """The HELLOs on ab after which both ends have named a hash key. more: what the
        last one says, of 1:1.
        """
        self.hello(A, B, 8001)
        self.hello(B, A, 8002)
        self.hello(A, B, 8003, **more)

    def repeat_chunk(self, **more):
        """A bulk frame on ab."""
        return self.relay_on(0, self.octets[:992], sender=A, receiver=B, **more)

    def remote_key(self, offset, length):
        return self.octets[offset:offset + length]

    def supply(self, at, octets, number, offset=1024, operation=2):
        body = struct.pack('>BBHIQQQ16x64s', operation, 0, 3, 60, number, at, octets, b'one')
        self.send(A, C, wire.SUPPLY, body, flags=8, offset=offset, key=self.remote_key,
                  incarnation=FAR[A])

    # Associations, over a link or straight from 1:1 to 2:1, asked for by 1:1.

    def sa_frame(self, sender, receiver, kind, body, offset=None):
        if C not in (sender, receiver):
            self.send(sender, receiver, kind, body)
        elif sender == A:
            self.send(A, C, kind, body, offset=offset, key=self.remote_key, incarnation=FAR[A])

    def sa_request(self, receiver=B, number=70, key=20 << SHIFT, offset=2560, octets=36,
                   algorithm=1, flags=2, reserved=0):
        body = struct.pack('>IBBBBQQII', 7, algorithm, 1, flags, reserved, number, key, octets,
                           0)
        self.sa_frame(A, receiver, wire.SA_REQ, body, offset)

    def sa_answer(self, number=70, spi=0x1234, status=1):
        self.sa_frame(B, A, wire.SA_ACK, struct.pack('>IB3xQII', 7, status, number, spi, 0))

    def sa_end(self, receiver=B, number=70, spi=0x1234, status=1, offset=2624):
        self.sa_frame(A, receiver, wire.SA_END,
                      struct.pack('>IB3xQII', 7, status, number, spi, 0), offset)

    def sa_move(self, address=b'\xc0\0\2\1', family=4, offset=2960):
        self.sa_frame(A, B, wire.SA_MOVE,
                      struct.pack('>IBB2xQ16s', 7, 0, family, 9, address), offset)

    def associate(self):
        self.sa_request()
        self.sa_request()                       # repeated under fresh key
        self.sa_answer()
        self.sa_answer()
        self.sa_request(number=71, key=(20 << SHIFT) + 48, algorithm=2)
        self.sa_answer(number=71, spi=0x1235)
        self.sa_end()
        self.sa_move(offset=2944)
        self.sa_request(receiver=C, key=2816)

    def judged(self, links=('ab', 'bc'), backwards=False):
        """backwards: the captures are read so, their times being what they are."""
        audit = Audit({PAIRS[name]: Link(name, self.keys[name]) for name in links})
        for at, (source, destination, octets) in sorted(enumerate(self.sent),
                                                        reverse=backwards):
            audit.take(Datagram(at * 1000, (ADDRESS[source], 17717),
                                (ADDRESS[destination], 17717), octets, False))
        audit.judge()
        return audit


# --- verdicts ----------------------------------------------------------------------------

failures = 0


def verdict(name, problem):
    global failures
    if problem:
        failures += 1
        print(f'not ok {name} - {problem}', flush=True)
    else:
        print(f'ok {name}', flush=True)


def test(function):
    try:
        problem = function()
    except Exception as error:          # pylint: disable=broad-except
        problem = f'{type(error).__name__}: {error}'.splitlines()[0]
    verdict('decode-' + function.__name__.replace('_', '-'), problem)


def unequal(what, expected, found):
    return None if expected == found else f'{what}: expected {expected}, found {found}'


def expect(audit, kinds, **counts):
    """Problem, or None if exactly these kinds of findings and counts are there."""
    found = set(audit.finding_count)
    if found != set(kinds):
        texts = [text for several in audit.finding_text.values() for text in several]
        return f'findings {sorted(found)}, expected {sorted(kinds)}: {texts[:2]}'
    verdicts = audit.verdicts()
    for name, count in counts.items():
        if verdicts[name] != count:
            return f'{verdicts[name]} {name}, expected {count}'
    return None


# --- arithmetic ----------------------------------------------------------------------------

def rfc_vectors():
    seal.self_test()
    # RFC 8439 A.3: sums that pass 2^130 - 5 and 2^128.
    for key, message, tag in (
            ('02' + '00' * 31, 'ff' * 16, '03' + '00' * 15),
            ('02' + '00' * 15 + 'ff' * 16, '02' + '00' * 15, '03' + '00' * 15),
            ('01' + '00' * 31, 'ff' * 16 + 'f0' + 'ff' * 15 + '11' + '00' * 15,
             '05' + '00' * 15)):
        if seal.poly1305(bytes.fromhex(key), bytes.fromhex(message)).hex() != tag:
            return f'Poly1305 of {message[:8]}...'
    return None


def like_openssl():
    chance = random.Random(1)
    for length in (1, 15, 16, 17, 64, 72, 1056, 4096):
        key, data = chance.randbytes(32), chance.randbytes(length)
        tag = openssl('mac', '-macopt', f'hexkey:{key.hex()}', '-in', '-', 'POLY1305', data=data)
        if tag.decode().strip().lower() != seal.poly1305(key, data).hex():
            return f'Poly1305 of {length} octets'
        iv = bytes(4) + chance.randbytes(12)
        stream = openssl('enc', '-chacha20', '-K', key.hex(), '-iv', iv.hex(),
                         data=bytes(length))
        ivs = [struct.pack('<I', block) + iv[4:] for block in range((length + 63) // 64)]
        if stream != b''.join(seal.chacha20(key, ivs))[:length]:
            return f'ChaCha20 of {length} octets'
    return None


def hash_known_answer():
    """Against digests that a program in C gave, whose products are of 128 bits."""
    key = bytes((at * at * 7 + at * 3 + (at >> 8) * 13 + 1) & 255 for at in range(1072))
    message = bytes((at * at * 5 + at * 11 + (at >> 8) * 29 + 255) & 255 for at in range(1057))
    block = '00ddbb00034b45f46752a0df7088c3e07ce5dc87a4f62c3572a626c8e2622ed4'
    for length, digests in (
            (64, '00c437e6ff264739f66de25e721479c00014ed32201364bda805b2a04df9db20'),
            (72, '80334b43ef5b5419c4aa5e6e2d3a2fdc30f1f02f3002c16bacaf640047a4c892'),
            (1056, block),
            (1057, block + 'b4c2e60d81bdc28941b100f5b21270242488ad80a0e04e8715a440bdd524da7a')):
        for name, found in (
                ('encoder', linear_hash(key, message[:length])),
                ('decoder', seal.linear_hash(seal.hash_words(key), message[:length]))):
            problem = unequal(f'{name}, {length} octets', digests, found.hex())
            if problem:
                return problem
    return None


def hash_of_every_length():
    """Two implementations, written apart; sums that overflow in every place."""
    chance = random.Random(3)
    for length in [*range(64, 1057, 8), 1057, 2112, 2120, 4096]:
        for key, message in ((chance.randbytes(1072), chance.randbytes(length)),
                             (bytes([255]) * 1072, bytes([255]) * length),
                             (bytes(1072), bytes([255]) * length)):
            if linear_hash(key, message) != seal.linear_hash(seal.hash_words(key), message):
                return f'{length} octets, {message[:4].hex()}...'
    return None


def emulated_link():
    """The commands of docs/emulator.md, with 1024-octet blocks, block 7."""
    seed = random.Random(2).randbytes(32)
    key = openssl('enc', '-chacha20', '-K', seed.hex(), '-iv',
                  '00000000000400000000faed51728618', data=bytes(32))
    block = openssl('enc', '-chacha20', '-K', key.hex(), '-iv',
                    '00000000000000000700000000000000', data=bytes(1024))
    link = seal.EmulatedLink(seed, 0x18867251edfa0000, 1024)
    link.prepare_ranges([(7 * 1024 - 1, 7 * 1024 + 5)])
    if link.read(7 * 1024, 1024) != block:
        return 'block 7 is another'
    # Blocks that are no whole number of ChaCha20's, and reads across them.
    small = seal.EmulatedLink(seed, 0x18867251edfa0000, 80)
    whole = small.read(0, 400)
    for at in range(5):
        block = openssl('enc', '-chacha20', '-K', small.key.hex(), '-iv',
                        (bytes(8) + struct.pack('<Q', at)).hex(), data=bytes(80))
        if whole[80 * at:80 * at + 80] != block:
            return f'block {at} of 80 octets'
    return unequal('octets across blocks', whole[70:170], small.read(70, 100))


# --- sessions ------------------------------------------------------------------------------

def whole_session():
    net = Net()
    octets = net.session()
    audit = net.judged()
    frames = len({raw for _, _, raw in net.sent})
    problem = expect(audit, (), verified=frames, unknown=0, bad=0)
    lane = Lane(A, C, FAR[A])
    report = audit.report()['streams'][0]
    return (problem or unequal('segment', octets, audit.remote.segment(lane, 0))
            or unequal('confirmed', 1, report['segments_confirmed'])
            or unequal('arrived', 5, report['arrived'])
            or unequal('frames', 12, report['frames'])
            or unequal('on several hops', 5, report['on_several_hops'])
            or unequal('copies', 2, audit.report()['frames']['copies'])
            or unequal('hash keys', [4 * 1072], [sum(
                use.end - use.start for uses in audit.uses.values() for use in uses
                if use.what.startswith('hash key'))]))


def shares_are_joined():
    net = Net()
    octets = net.session(shares=3)
    audit = net.judged()
    return (expect(audit, (), unknown=0, bad=0)
            or unequal('segment', octets, audit.remote.segment(Lane(A, C, FAR[A]), 0)))


def a_missing_share_gives_nothing():
    net = Net()
    net.session(shares=2)
    net.sent = [one for one in net.sent if len(one[2]) < 70 or one[2][1] != wire.RELAY
                or one[2][6] != 0x12]
    audit = net.judged()
    return (unequal('segment', None, audit.remote.segment(Lane(A, C, FAR[A]), 0))
            or expect(audit, (), unknown=1))


def no_key_no_verdict():
    net = Net()
    net.session()
    audit = net.judged(links=('ab',))
    of_bc = sum(1 for one in net.sent if C in one[:2] and A not in one[:2]) - 1
    return expect(audit, (), unknown=of_bc, bad=0)


def hello_read_after_what_it_names():
    """Captures of several places are read one after the other."""
    net = Net()
    net.session()
    return expect(net.judged(backwards=True), (), unknown=0, bad=0)


def capture_begins_late():
    """What is tagged under a hash key that the capture names too late is as good; if
    it never does there is no verdict.
    """
    net = Net()
    net.session()
    kinds = [octets[1] for _, _, octets in net.sent]
    net.sent = net.sent[kinds.index(wire.RELAY):]
    relays = sum(octets[1] == wire.RELAY for _, _, octets in net.sent)
    problem = expect(net.judged(), (), unknown=relays + 1, bad=0)
    net.greet()
    for one, other in PAIRS.values():
        net.hello(one, other, 9001)
        net.hello(other, one, 9002)
    return problem or expect(net.judged(), (), unknown=0, bad=0)


def another_pairing():
    """A frame that was under way when an end started anew is of the old pairing."""
    net = Net()
    net.session()
    net.repeat_chunk()
    late = net.sent.pop()
    net.restart()
    net.greet()
    net.sent.append(late)
    net.hello(B, A, 9000)
    net.repeat_chunk()
    return (expect(net.judged(), (), unknown=0, bad=0)
            or unequal('hash keys', 6, len(net.judged().hash_keys.keys)))


def hash_key_given_up():
    """Named four times in vain, so another one is."""
    net = Net()
    net.session()
    net.restart()
    net.greet()
    for at in range(4):
        net.hello(A, B, 9000 + 2 * at)
        net.hello(B, A, 9001 + 2 * at, hash_held=NO_HASH)
    net.hash[A, B] = net.take(A, B, 1072)
    net.hello(A, B, 9100)
    net.hello(B, A, 9101)
    net.repeat_chunk()
    return (expect(net.judged(), (), unknown=0, bad=0)
            or unequal('hash keys', 7, len(net.judged().hash_keys.keys)))


def remote_hello_names_none():
    net = Net()
    net.session()
    remote_hello(net, NO_HASH)
    return expect(net.judged(), (), unknown=0, bad=0)


def remote_hello_names_one():
    net = Net()
    net.session()
    remote_hello(net, 20 << SHIFT)
    return expect(net.judged(), (), unknown=0, bad=0)


def data_is_read():
    """A tunnel's packets, of one block and of two."""
    net = Net()
    net.session()
    packets = [bytes(range(250)) * 3, bytes(range(7, 207)) * 7, b'E']
    for packet in packets:
        net.send(A, B, wire.DATA, packet, flags=8)
    judged = net.judged()
    return (expect(judged, (), unknown=0, bad=0)
            or unequal('packets', packets, [packet for _, packet in judged.packets()]))


def associations_are_read():
    net = Net()
    net.session()
    net.associate()
    judged = net.judged()
    key = net.keys['ab'].read(20 << SHIFT, 96)
    remote = net.octets[2816:2852]
    lines = [f'"{family}","*","*","0x{spi}","{name}","0x{octets.hex()}","NULL",""\n'
             for spi, name, octets in (
                 ('00001234', 'AES-GCM with 16 octet ICV [RFC4106]', key[:36]),
                 ('00001235', 'ChaCha20 with Poly1305 [RFC7634]', key[48:84]))
             for family in ('IPv4', 'IPv6')]
    report = judged.report()['associations']
    return (expect(judged, (), unknown=0, bad=0)
            or unequal('for Wireshark', lines, judged.associations.wireshark())
            or unequal('SPIs', ['00001234', '00001235', None], [one['spi'] for one in report])
            or unequal('key', [hashlib.sha256(one).hexdigest() for one in
                               (key[:36], key[48:84], remote)],
                       [one['sha256'] for one in report])
            or unequal('left', [True, False, False], [one['ended'] for one in report])
            or unequal('to', ['1:2', '1:2', '2:1'], [one['receiver'] for one in report]))


def answer_to_nothing_captured():
    net = Net()
    net.session()
    net.sa_answer()
    judged = net.judged()
    return (expect(judged, (), unknown=0, bad=0)
            or unequal('passed over', 1, judged.skipped['answer whose SA_REQ is not captured']))


def every_octet_counts():
    """Any bit of any frame: none of the tampered passes as verified."""
    net = Net()
    net.session()
    net.associate()
    hellos = {bytes(one[2]): one for one in net.sent if one[2][1] == wire.HELLO}.values()
    for at, (_, _, raw) in enumerate(net.sent):
        # A bulk frame cannot be judged without the HELLOs before it.
        before = list(hellos) if raw[1] == wire.RELAY else []
        for octet in [*range(80), *range(80, len(raw), 97)]:
            changed = bytearray(raw)
            changed[octet] ^= 1 << octet % 8
            one = Net()
            one.keys, one.octets = net.keys, net.octets
            one.sent = [*before, [*net.sent[at][:2], bytes(changed)]]
            if one.judged().verdicts()['verified'] != len(before):
                return f'frame {at}, octet {octet}'
    return None


def every_length():
    net = Net()
    net.session()
    net.associate()
    for at, (_, _, raw) in enumerate(net.sent):
        for length in [*range(min(len(raw), 130)), len(raw) - 1]:
            one = Net()
            one.keys = net.keys
            one.sent = [[*net.sent[at][:2], raw[:length]]]
            problem = expect(one.judged(), ('form',), verified=0)
            if problem:
                return f'frame {at} cut to {length}: {problem}'
    return None


def broken(change, *kinds, **counts):
    """A good session, one wrong thing, and the kinds of findings that it makes."""
    def run():
        net = Net()
        net.session()
        change(net)
        return expect(net.judged(), kinds, **counts)
    return run


def again_under_the_same_pad(net):
    """The two-time pad: another chunk's key over a range that was used."""
    used = net.relay_on(0, net.octets[:992])
    net.relay_on(1, net.octets[992:1984], offset=used)


def same_chunk_same_pad(net):
    used = net.relay_on(0, net.octets[:992])
    net.sent.pop()
    for hops in (63, 62):
        net.send(B, C, wire.RELAY, net.octets[:992], flags=8, origin=A, destination=C,
                 hops=hops, incarnation=FAR[A], weight=1, remote_offset=0, offset=used)


def half_overlap(net):
    used = net.hello(B, C, 9000)
    net.hello(B, C, 9001, offset=used + 16)


def keyed_with_payload(net):
    offset = net.take(A, B, 1024, 1024)
    net.send(A, B, wire.RELAY, bytes(992), flags=2, offset=offset, destination=C,
             incarnation=FAR[A], weight=1)


def keyed_from_a_relay_node(net):
    net.send(B, C, wire.RELAY, flags=2, length=992, origin=A, destination=C, hops=63,
             incarnation=FAR[A], weight=1)


def granted_away(net):
    net.hello(A, B, 9000, offset=(8 << SHIFT) + 1024)


def taken_twice(net):
    net.supply(64 + 32, 16, 2, offset=2048)
    net.supply(64 + 32, 32, 3, offset=3072)


def marked_and_used(net):
    net.supply(0, 4096, 2, offset=2048, operation=1)


def marked_and_lost(net):
    for operation, status, octets in ((1, 1, 4096), (2, 2, 64)):
        body = [operation, 0, 3, 60, operation, 20 << SHIFT, octets, b'one']
        net.send(A, B, wire.SUPPLY, struct.pack('>BBHIQQQ16x64s', *body), flags=8)
        body[1] = status
        net.send(B, A, wire.SUPPLY, struct.pack('>BBHIQQQ16x64s', *body), flags=9)


# Hash keys. 8 is the segment that 1:1 gave away, 3 is of 1:2, 20 to 24 are not in use.

def tagged_the_old_way(net):
    net.repeat_chunk(hash_key=NO_HASH)


def key_of_the_other_direction(net):
    net.repeat_chunk(hash_key=net.hash[B, A])


def key_of_the_old_pairing(net):
    old = net.hash[A, B]
    net.restart()
    net.greet()
    net.hello(B, A, 9000)
    net.repeat_chunk(hash_key=old)


def key_not_acknowledged(net):
    net.restart()
    net.greet()
    net.hello(B, A, 9000, hash_held=NO_HASH)
    net.repeat_chunk()


def key_acknowledged_late(net):
    net.restart()
    net.greet()
    net.repeat_chunk()
    net.hello(B, A, 9000)


def key_not_named(net):
    net.restart()
    net.greet(named=NO_HASH)
    net.repeat_chunk(hash_key=20 << SHIFT)


def key_below_the_barrier(net):
    net.restart()
    net.greet(named=4 << SHIFT)


def key_held_before_it_is_named(net):
    net.restart()
    net.hello(A, B, 8001)
    net.hello(B, A, 8002, hash_held=18 << SHIFT)
    net.hello(A, B, 8003, named=18 << SHIFT)


def key_of_both_directions(net):
    net.hello(B, A, 9000, named=net.hash[A, B])


def key_seals(net):
    net.hello(A, B, 9000, offset=net.hash[A, B] + 512)


def key_seals_a_bulk_frame(net):
    net.hash[A, B] = 20 << SHIFT
    net.hello(A, B, 9000)
    net.hello(B, A, 9001)
    net.repeat_chunk(offset=(20 << SHIFT) + 1024)


def keys_overlap(net):
    net.hello(A, B, 9000, named=net.hash[A, B] + 16)


def key_named_again(net):
    net.hello(A, B, 9000, named=20 << SHIFT)
    net.hello(A, B, 9001, named=net.hash[A, B])


def key_set_aside(net):
    net.hello(A, B, 9000, named=20 << SHIFT)
    body = struct.pack('>BBHIQQQ16x64s', 1, 0, 3, 60, 1, 20 << SHIFT, 4096, b'one')
    net.send(A, B, wire.SUPPLY, body, flags=8)


def names(offset):
    return lambda net: net.hello(A, B, 9000, named=offset)


def remote_hello(net, named):
    net.hello(A, C, 9000, echo=FAR[C], incarnation=FAR[A], offset=2048, key=net.remote_key,
              named=named)


def data(net, **more):
    net.send(A, B, wire.DATA, bytes(900), flags=8, **more)


def associated(*steps):
    """All is well with associations, then this: (method, settings)..."""
    def change(net):
        net.associate()
        for method, settings in steps:
            getattr(net, method)(**settings)
    return change


def later_hello(net, **more):
    net.hello(C, B, 9000, **more)


def set_octet(at, value):
    return lambda header: header[:at] + bytes([value]) + header[at + 1:]


BROKEN = {
    # name: (what is wrong, findings)
    'pad-reused-for-another-chunk': (again_under_the_same_pad, 'reuse'),
    'pad-reused-for-the-same-chunk': (same_chunk_same_pad, 'reuse', 'pad', 'form'),
    'ranges-overlap-by-a-granule': (half_overlap, 'reuse'),
    'repeated-probe-with-other-content':
        (lambda net: net.probe(A, B, 5, offset=0), 'reuse'),
    'relay-flips-a-bit':
        (lambda net: net.relay_on(2, xor(net.octets[1984:2976], bytes(991) + b'\1')), 'key'),
    'keyed-with-payload': (keyed_with_payload, 'form'),
    'keyed-from-a-relay-node': (keyed_from_a_relay_node, 'form', 'key'),
    'confirmed-tag-wrong': (lambda net: net.confirm(net.octets, wrong=True), 'confirm'),
    'segment-of-the-other-end': (lambda net: net.hello(A, B, 9000, segment=3), 'owner'),
    'segment-given-away': (granted_away, 'owner'),
    'supply-ranges-overlap': (taken_twice, 'reuse'),
    'supply-takes-a-spent-range': (lambda net: net.supply(1040, 16, 2, offset=2048), 'reuse'),
    'supply-of-a-segment-in-use': (marked_and_used, 'supply'),
    'supply-set-aside-and-lost': (marked_and_lost, 'supply'),
    'confirmation-key-seals': (lambda net: net.supply(512, 16, 2, offset=16), 'reuse'),
    'bulk-frame-tagged-the-old-way': (tagged_the_old_way, 'tag'),
    'bulk-frame-under-the-other-directions-hash-key': (key_of_the_other_direction, 'tag'),
    'bulk-frame-under-the-old-pairings-hash-key': (key_of_the_old_pairing, 'hash'),
    'hash-key-not-acknowledged': (key_not_acknowledged, 'hash'),
    'hash-key-acknowledged-late': (key_acknowledged_late, 'hash'),
    'hash-key-not-named': (key_not_named, 'hash'),
    'hash-key-below-the-barrier': (key_below_the_barrier, 'hash'),
    'hash-key-held-before-it-is-named': (key_held_before_it_is_named, 'hash'),
    'hash-key-held-and-never-named':
        (lambda net: net.hello(B, A, 9000, hash_held=20 << SHIFT), 'hash'),
    'hash-key-no-longer-held': (lambda net: net.hello(B, A, 9000, hash_held=NO_HASH), 'hash'),
    'hash-key-named-again': (key_named_again, 'hash'),
    'hash-key-of-both-directions': (key_of_both_directions, 'reuse', 'owner'),
    'hash-key-seals': (key_seals, 'reuse'),
    'hash-key-seals-a-bulk-frame': (key_seals_a_bulk_frame, 'reuse'),
    'hash-keys-overlap': (keys_overlap, 'reuse'),
    'hash-key-of-the-other-lane': (names(3 << SHIFT), 'owner'),
    'hash-key-given-away': (names((8 << SHIFT) + 1024), 'owner'),
    'hash-key-not-aligned': (names((20 << SHIFT) + 8), 'hash'),
    'hash-key-leaves-its-segment': (names((21 << SHIFT) - 1056), 'hash'),
    'hash-key-set-aside-for-applications': (key_set_aside, 'supply'),
    'data-in-a-contract': (lambda net: data(net, contract=7), 'form'),
    'data-in-shares': (lambda net: data(net, share=0x12), 'form'),
    'data-tagged-the-old-way': (lambda net: data(net, hash_key=NO_HASH), 'tag'),
    'association-key-named-again':
        (associated(('sa_request', {'number': 72})), 'reuse'),
    'association-keys-overlap':
        (associated(('sa_request', {'number': 72, 'key': (20 << SHIFT) + 80})), 'reuse'),
    'association-key-seals':
        (lambda net: (net.associate(), net.hello(A, B, 9000, offset=(20 << SHIFT) + 32)),
         'reuse'),
    'association-key-of-the-other-lane':
        (associated(('sa_request', {'number': 72, 'key': 3 << SHIFT})), 'owner'),
    'association-key-given-away':
        (associated(('sa_request', {'number': 72, 'key': (8 << SHIFT) + 1024})), 'owner'),
    'association-key-confirms-its-segment':
        (associated(('sa_request', {'receiver': C, 'number': 72, 'key': 16,
                                    'offset': 3328})), 'reuse'),
    'association-key-leaves-its-segment':
        (associated(('sa_request', {'number': 72, 'key': (21 << SHIFT) - 32})), 'sa'),
    'association-asked-for-otherwise':
        (associated(('sa_request', {'number': 71, 'key': 24 << SHIFT})), 'sa'),
    'association-with-a-lower-id':
        (associated(('sa_request', {'number': 69, 'key': 24 << SHIFT})), 'sa'),
    'association-with-another-spi': (associated(('sa_answer', {'spi': 0x1236})), 'sa'),
    'association-refused-after-all':
        (associated(('sa_answer', {'spi': 0, 'status': 2})), 'sa'),
    'spi-of-another-association':
        (associated(('sa_request', {'number': 72, 'key': 24 << SHIFT}),
                    ('sa_answer', {'number': 72})), 'sa'),
    'end-of-another-spi': (associated(('sa_end', {'number': 71})), 'sa'),
    'association-of-32-octets': (associated(('sa_request', {'octets': 32})), 'form'),
    'association-of-no-algorithm': (associated(('sa_request', {'algorithm': 3})), 'form'),
    'association-with-a-flag': (associated(('sa_request', {'flags': 8})), 'form'),
    'association-with-reserved-octets': (associated(('sa_request', {'reserved': 1})), 'form'),
    'association-key-not-aligned': (associated(('sa_request', {'key': 8})), 'form'),
    'refusal-with-an-spi': (associated(('sa_answer', {'status': 2})), 'form'),
    'spi-below-256': (associated(('sa_answer', {'spi': 255})), 'form'),
    'end-of-another-kind': (associated(('sa_end', {'status': 3})), 'form'),
    'move-without-an-address': (associated(('sa_move', {'address': bytes(4)})), 'form'),
    'move-with-a-long-address': (associated(('sa_move', {'family': 4, 'address': bytes([1] * 5)})),
                                 'form'),
    'hello-reading-goes-back':
        (lambda net: later_hello(net, readings=[(7, 1, 250, 200)]), 'hello'),
    'hello-more-at-the-mark':
        (lambda net: later_hello(net, readings=[(7, 1, 350, 400)]), 'hello'),
    'hello-other-barrier': (lambda net: later_hello(net, barrier=1, held=0x0e), 'hello'),
    'hello-without-pairing': (lambda net: later_hello(net, echo=0), 'hello'),
    'time-in-a-links-probe': (lambda net: net.probe(A, B, 0, sent_us=5), 'form'),
    'unknown-flag': (lambda net: later_hello(net, tamper=set_octet(2, 0x40)), 'form'),
    'share-count-of-5': (lambda net: later_hello(net, tamper=set_octet(6, 0x05)), 'form'),
    'reserved-field': (lambda net: later_hello(net, tamper=set_octet(63, 1)), 'form'),
    'version-2': (lambda net: later_hello(net, tamper=set_octet(0, 2)), 'form'),
    'chunk-boundary':
        (lambda net: net.send(A, B, wire.RELAY, bytes(992), flags=8, destination=C, weight=1,
                              incarnation=FAR[A], remote_offset=16), 'form'),
    'chunk-of-the-other-end':
        (lambda net: net.send(A, B, wire.RELAY, bytes(992), flags=8, destination=C, weight=1,
                              incarnation=FAR[A], remote_offset=4096), 'form'),
    'hop-limit-does-not-fall':
        (lambda net: net.send(B, C, wire.RELAY, net.octets[:992], flags=8, origin=A,
                              destination=C, hops=64, weight=1, incarnation=FAR[A]), 'form'),
}


# --- captures and the command ---------------------------------------------------------------

def udp_packet(source, destination, data, version=4, extension=False):
    udp = struct.pack('>HHHH', 17717, 17717, 8 + len(data), 0) + data
    if version == 4:
        return (struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
                + bytes(map(int, ADDRESS[source].split('.')))
                + bytes(map(int, ADDRESS[destination].split('.'))) + udp)
    options = struct.pack('>BB6x', 17, 0) if extension else b''
    return (struct.pack('>IHBB', 6 << 28, len(options + udp), 60 if extension else 17, 64)
            + bytes(15) + bytes([source & 255]) + bytes(15) + bytes([destination & 255])
            + options + udp)


def pcap(packets, linktype, order='<', nano=False):
    out = struct.pack(order + 'IHHiIII', 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0,
                      262144, linktype)
    for at, packet in enumerate(packets):
        out += struct.pack(order + 'IIII', 1000 + at, 500, len(packet), len(packet)) + packet
    return out


def pcapng(packets, linktype, order='<'):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return (struct.pack(order + 'II', kind, 12 + len(body)) + body
                + struct.pack(order + 'I', 12 + len(body)))

    resolution = struct.pack(order + 'HHB3xHH', 9, 1, 9, 0, 0)
    out = block(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1))
    out += block(5, b'statistics..')
    out += block(1, struct.pack(order + 'HHI', linktype, 0, 0) + resolution)
    for at, packet in enumerate(packets):
        moment = (1000 + at) * 10**9 + 500
        out += block(6, struct.pack(order + 'IIIII', 0, moment >> 32, moment & 0xffffffff,
                                    len(packet), len(packet)) + packet)
    return out


ETHERNET4, ETHERNET6 = bytes(12) + b'\x08\x00', bytes(12) + b'\x86\xdd'
VLAN = bytes(12) + b'\x81\x00\x00\x05\x08\x00'
SLL, SLL2 = bytes(14) + b'\x08\x00', b'\x08\x00' + bytes(18)
CAPTURES = {
    'ethernet': lambda v4, v6: pcap([ETHERNET4 + one for one in v4], 1),
    'ethernet-vlan-big-endian-ns': lambda v4, v6: pcap([VLAN + one for one in v4], 1, '>', True),
    'ethernet-ipv6': lambda v4, v6: pcap([ETHERNET6 + one for one in v6], 1),
    'ethernet-padded': lambda v4, v6: pcap([ETHERNET4 + one + bytes(9) for one in v4], 1),
    'cooked': lambda v4, v6: pcap([SLL + one for one in v4], 113),
    'cooked-2': lambda v4, v6: pcap([SLL2 + one for one in v4], 276),
    'raw': lambda v4, v6: pcap([one for pair in zip(v4, v6) for one in pair], 101),
    'pcapng': lambda v4, v6: pcapng([ETHERNET4 + one for one in v4], 1),
    'pcapng-big-endian': lambda v4, v6: pcapng([ETHERNET6 + one for one in v6], 1, '>'),
    'broken-off': lambda v4, v6: pcap([ETHERNET4 + one for one in v4 + v4[:1]], 1)[:-30],
}


class Command:
    """The program, as people run it, on files in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.net = Net()
        self.net.session()
        self.v4 = [udp_packet(*one) for one in self.net.sent]
        self.v6 = [udp_packet(*one, version=6, extension=True) for one in self.net.sent]
        self.links = []
        for name, seed in SEEDS.items():
            self.file(f'{name}.seed', (seed.hex() + '\n').encode())
            one, other = (wire.node_text(node) for node in PAIRS[name])
            self.links += ['--link', f'{name},{self.path(name + ".seed")},2026-01-01,4096',
                           '--pair', f'{one}-{other}={name}']

    def path(self, name):
        return os.path.join(self.directory, name)

    def file(self, name, octets):
        with open(self.path(name), 'wb') as file:
            file.write(octets)
        return self.path(name)

    def run(self, *arguments):
        return subprocess.run([sys.executable, COMMAND, *arguments], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def reads(self, form):
        path = self.file('capture', CAPTURES[form](self.v4, self.v6))
        result = self.run('verify', '-j', '--complete', *self.links, path)
        if result.returncode:
            return f'exit status {result.returncode}: {result.stderr or result.stdout[-300:]}'
        frames = json.loads(result.stdout)['frames']
        return unequal('verified', len({raw for _, _, raw in self.net.sent}),
                       frames['verified'])

    def digest(self):
        path = self.file('capture', pcap(self.v4, 101))
        result = self.run('verify', *self.links, '--stream', '1:1-2:1', '--digest', '1000:64',
                          '--segments', self.path('segments'), path)
        expected = hashlib.sha256(self.net.octets[1000:1064]).hexdigest()
        if result.returncode or f'digest 1:1-2:1 1000:64 {expected}\n' not in result.stdout:
            return f'exit status {result.returncode}, no line of the digest {result.stderr}'
        with open(self.path('segments'), encoding='ascii') as file:
            return unequal('segments', f'1:1 2:1 {FAR[A]:016x} 0 0 4096 '
                           f'{hashlib.sha256(self.net.octets).hexdigest()}\n', file.read())

    def dump(self):
        path = self.file('capture', pcap(self.v4, 101))
        lines = [json.loads(line) for line in self.run('dump', '-j', path).stdout.splitlines()]
        text = self.run('dump', path).stdout.splitlines()
        kinds = [line['type'] for line in lines]
        return (unequal('types', [wire.TYPES[one[2][1]] for one in self.net.sent], kinds)
                or unequal('lines', len(lines), len(text))
                or unequal('faults', [], [line for line in lines if line['faults']])
                or unequal('in text', [], [line for line, kind in zip(text, kinds)
                                           if f'  {kind}  ' not in line]))

    def esp(self):
        """Key of associations goes to a file that is its owner's alone, nowhere else."""
        net = Net()
        net.session()
        net.associate()
        path = self.file('capture', pcap([udp_packet(*one) for one in net.sent], 101))
        result = self.run('verify', *self.links, '--esp', self.path('esp_sa'), path)
        key = net.keys['ab'].read(20 << SHIFT, 36).hex()
        with open(self.path('esp_sa'), encoding='ascii') as file:
            lines = file.read().splitlines()
        return (unequal('exit status', 0, result.returncode)
                or unequal('lines', 4, len(lines)) or unequal('key', True, key in lines[0])
                or unequal('mode', 0o600, os.stat(self.path('esp_sa')).st_mode & 0o777)
                or unequal('key shown', False, key in result.stdout + result.stderr)
                or unequal('SPI shown', True, '00001234' in result.stdout))

    def exit_status(self):
        """1 for a finding, and what it was; --complete minds what is unknown."""
        path = self.file('capture', pcap(self.v4, 101))
        some = self.run('verify', *self.links[:4], path)
        strict = self.run('verify', '--complete', *self.links[:4], path)
        forged = bytearray(self.v4[0])
        forged[-20] ^= 1
        bad = self.run('verify', *self.links,
                       self.file('forged', pcap([*self.v4, bytes(forged)], 101)))
        return (unequal('unknown frames', 0, some.returncode)
                or unequal('--complete', 1, strict.returncode)
                or unequal('forged', 1, bad.returncode)
                or (None if 'tag is wrong' in bad.stdout else 'says nothing of the tag'))

    def refusals(self):
        """A wrong question gets one line that says what to do, and status 2."""
        path = self.file('capture', pcap(self.v4, 101))
        short = self.file('short.seed', b'1234\n')
        text = self.file('text', b'no capture at all\n')
        link = self.links[:4]
        for arguments, word in (
                (('verify', path), 'give --link'),
                (('verify', *link, self.path('missing')), 'No such file'),
                (('verify', *link, text), 'neither pcap nor pcapng'),
                (('verify', *link, self.file('empty', pcap([], 1))), 'no frame'),
                (('verify', *link, self.file('wifi', pcap([b'x' * 50], 105))), 'link type 105'),
                (('verify', '--link', 'x,' + short + ',2026-01-01', path), '64 hexadecimal'),
                (('verify', '--link', 'x', path), 'NAME,SEEDFILE'),
                (('verify', *link[:1], link[1].replace('2026-01-01', 'noon'), path), 'no time'),
                (('verify', *link[:1], link[1].replace('4096', '40'), path), 'multiple of 16'),
                (('verify', *link[:2], path), 'add --pair'),
                (('verify', *link[:2], '--pair', '1:1-1:2=zz', path), "named 'zz'"),
                (('verify', *link[:2], '--pair', '1-2=ab', path), 'PROVIDER:NODE'),
                (('verify', *link, '--digest', '0:16', path), '--stream'),
                (('verify', *self.links, '--stream', '1:1-2:1', '--digest', '4090:16', path),
                 'do not hold'),
                (('verify', *self.links, '--stream', '1:1-2:1', '--digest', '16', path),
                 'OFFSET:OCTETS')):
            result = self.run(*arguments)
            if (result.returncode != 2 or word not in result.stderr
                    or result.stderr.count('\n') != 1):
                return (f'{arguments}: status {result.returncode}, {result.stderr!r}, '
                        f'expected {word!r}')
        return None


def main():
    for function in (rfc_vectors, like_openssl, hash_known_answer, hash_of_every_length,
                     emulated_link, whole_session, shares_are_joined,
                     a_missing_share_gives_nothing, no_key_no_verdict,
                     hello_read_after_what_it_names, capture_begins_late, another_pairing,
                     hash_key_given_up, remote_hello_names_none,
                     remote_hello_names_one, data_is_read, associations_are_read,
                     answer_to_nothing_captured, every_octet_counts, every_length):
        test(function)
    for name, (change, *kinds) in BROKEN.items():
        run = broken(change, *kinds)
        run.__name__ = 'finds-' + name
        test(run)
    with tempfile.TemporaryDirectory(prefix='qkdnf-decode-') as directory:
        command = Command(directory)
        for form in CAPTURES:
            def run(form=form):
                return command.reads(form)
            run.__name__ = 'reads-' + form
            test(run)
        for function in (command.digest, command.dump, command.esp, command.exit_status,
                         command.refusals):
            def run(function=function):
                return function()
            run.__name__ = function.__name__
            test(run)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
