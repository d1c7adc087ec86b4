# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames of the wire protocol, from docs/protocol.md: header, clear payloads,
and what the page says of their form.
"""
import socket
import struct

HEADER_LEN, TAG_AT, KEY_LEN, GRANULE = 80, 64, 32, 16
PAYLOAD_MAX, FULL_FRAME, CHUNK, DATA_MAX = 992, 1024, 992, 2016
VERSION = 1
HEADER = struct.Struct('>BBBBHBBQQQQQQIHH16s')

PROBE, HELLO, GRANT, SUPPLY, RELAY, RELAY_ACK, RELAY_NAK = range(1, 8)
TYPES = {PROBE: 'PROBE', HELLO: 'HELLO', GRANT: 'GRANT', SUPPLY: 'SUPPLY',
         RELAY: 'RELAY', RELAY_ACK: 'RELAY_ACK', RELAY_NAK: 'RELAY_NAK'}
SA_REQ, SA_ACK, SA_END, SA_MOVE = SA = range(8, 12)
TYPES.update({SA_REQ: 'SA_REQ', SA_ACK: 'SA_ACK', SA_END: 'SA_END', SA_MOVE: 'SA_MOVE'})
TYPES.update({kind: f'SA_{kind}' for kind in range(12, 16)})
DATA = 16
TYPES[DATA] = 'DATA'
DECODED = (*range(PROBE, SA_MOVE + 1), DATA)
STRAIGHT = (HELLO, SUPPLY, *SA, DATA)    # also sealed by a remote stream itself
NEIGHBOUR = (GRANT, *STRAIGHT)         # from the sender itself, to the receiver
BULK = (RELAY, DATA)                   # tagged by way of the linear hash
NO_OFFSET = (1 << 64) - 1

REPLY, KEYED, RNG, PADDED = 1, 2, 4, 8
FLAGS = {REPLY: 'REPLY', KEYED: 'KEYED', RNG: 'RNG', PADDED: 'PADDED'}
# What each type may carry; a RELAY carries exactly one of KEYED and PADDED.
FLAGS_ALLOWED = {PROBE: 0, HELLO: 0, GRANT: REPLY, SUPPLY: REPLY | PADDED,
                 RELAY: KEYED | RNG | PADDED, RELAY_ACK: 0, RELAY_NAK: 0,
                 SA_REQ: 0, SA_ACK: 0, SA_END: REPLY, SA_MOVE: REPLY, DATA: PADDED}

OPERATIONS = {1: 'mark', 2: 'taken'}
NAK_CODES = {1: 'no route', 2: 'no key', 3: 'contract exceeded',
             4: 'contract unknown or expired', 5: 'hop limit', 6: 'over its rate'}
SA_ALGORITHMS = {1: 'aes-gcm', 2: 'chacha20-poly1305'}
SA_MODES = {1: 'tunnel', 2: 'transport'}
SA_FLAGS = {1: 'esn', 2: 'together', 4: 'in-udp'}
SA_STATUS = {1: 'installed', 2: 'key not held', 3: 'no such binding', 4: 'differs',
             5: 'not installed'}
SA_ENDS = {1: 'left', 2: 'gone'}
SA_KEY, SPI_MIN = 36, 256
ENTRY_KINDS = {1: 'confirmed', 2: 'partial'}
PROBE_BODY = struct.Struct('>QQQQ8s')
HELLO_BODY = struct.Struct('>QQQQIIQHHHHQQQQ')
READING = struct.Struct('>IIQQ')
SUPPLY_BODY = struct.Struct('>BBHIQQQ16s64s')
ACK_BODY = struct.Struct('>QQIHHQ')
ACK_ENTRY = struct.Struct('>BB6sQ16s')
SA_REQ_BODY = struct.Struct('>IBBBBQQII')
SA_MOVE_BODY = struct.Struct('>IBB2sQ16s')
SA_ACK_BODY = struct.Struct('>IB3sQII')          # and SA_END
NAK_BODY = struct.Struct('>BBHIQII')


class FormError(Exception):
    """Octets that are no frame of this protocol."""


def node_text(node):
    return f'{node >> 32}:{node & 0xffffffff}'


def parse_node(text):
    """64-bit node id from PROVIDER:NODE."""
    provider, colon, node = text.partition(':')
    if not colon or not provider.isdigit() or not node.isdigit():
        raise ValueError(f"'{text}' is no node: write PROVIDER:NODE, as in 64496:1")
    if int(provider) > 0xffffffff or int(node) > 0xffffffff:
        raise ValueError(f"'{text}': provider and node have 32 bits each")
    return int(provider) << 32 | int(node)


class Frame:
    """One frame as it was on the wire. Names are those of the header's table."""

    __slots__ = ('raw', 'kind', 'flags', 'hops', 'length', 'share', 'shares', 'shift',
                 'sender', 'offset', 'origin', 'destination', 'incarnation',
                 'remote_offset', 'contract', 'weight', 'tag', 'number')

    def __init__(self, raw):
        if len(raw) < HEADER_LEN:
            raise FormError(f'{len(raw)} octets: shorter than the header')
        (version, self.kind, self.flags, self.hops, self.length, share, self.shift,
         self.sender, self.offset, self.origin, self.destination, self.incarnation,
         self.remote_offset, self.contract, self.weight, reserved,
         self.tag) = HEADER.unpack_from(raw)
        self.raw, self.number = raw, 0
        self.share, self.shares = share >> 4, share & 15
        if version != VERSION:
            raise FormError(f'version {version}')
        if self.kind not in TYPES:
            raise FormError(f'type {self.kind}')
        if reserved:
            raise FormError('reserved field of the header is not 0')
        follows = 0 if self.flags & KEYED else self.length
        if len(raw) != HEADER_LEN + follows:
            raise FormError(f'{len(raw) - HEADER_LEN} octets of payload where the header '
                            f'says {follows}')

    @property
    def payload(self):
        return self.raw[HEADER_LEN:]

    @property
    def name(self):
        return TYPES[self.kind]

    @property
    def end(self):
        """End of the range of the sealing stream that the frame spends, rounded up
        to whole granules.
        """
        used = KEY_LEN + (self.length if self.flags & (PADDED | KEYED) else 0)
        return self.offset + (used + GRANULE - 1) // GRANULE * GRANULE

    @property
    def sealed(self):
        """What the tag is over; of a bulk frame, what its digest is over."""
        return self.raw[:TAG_AT] + self.raw[HEADER_LEN:]

    @property
    def generator(self):
        """Of a relayed frame: whose incarnation its header carries."""
        return self.origin if self.kind == RELAY else self.destination

    def flag_text(self):
        words = [name for bit, name in FLAGS.items() if self.flags & bit]
        if self.flags & ~sum(FLAGS):
            words.append(f'0x{self.flags & ~sum(FLAGS):02x}')
        return ','.join(words) or '-'


def born_to(index, one, other):
    """Birth owner of a segment of the stream of two nodes."""
    return min(one, other) if index % 2 == 0 else max(one, other)


def chunk_length(shift, remote_offset):
    """Length of the chunk that begins there, or None if none does."""
    within = remote_offset & ((1 << shift) - 1)
    return min(CHUNK, (1 << shift) - within) if within % CHUNK == 0 else None


def header_faults(frame):
    """What contradicts the page in the header: a list of sentences."""
    kind, faults = frame.kind, []
    allowed = FLAGS_ALLOWED[kind]
    if frame.flags & ~allowed:
        faults.append(f'flags 0x{frame.flags:02x} on {frame.name}')
    if kind == RELAY and bool(frame.flags & KEYED) == bool(frame.flags & PADDED):
        faults.append('RELAY is neither KEYED nor PADDED, or both')
    if kind in (SUPPLY, DATA) and not frame.flags & PADDED:
        faults.append(f'{frame.name} in clear')
    longest = DATA_MAX if kind == DATA else PAYLOAD_MAX
    if frame.length > longest:
        faults.append(f'length {frame.length} is above {longest}')
    if kind == DATA and (not frame.length or frame.contract):
        faults.append(f'length {frame.length}, contract {frame.contract} on DATA')
    if frame.offset % GRANULE:
        faults.append(f'offset {frame.offset} is not a multiple of 16')
    if not 1 <= frame.shares <= 4 or frame.share >= frame.shares:
        faults.append(f'share {frame.share} of {frame.shares}')
    if not 12 <= frame.shift <= 16:
        faults.append(f'shift {frame.shift}')
    if kind in NEIGHBOUR and (frame.share, frame.shares) != (0, 1):
        faults.append(f'shares on {frame.name}')
    if kind in NEIGHBOUR and frame.origin != frame.sender:
        faults.append(f'{frame.name} whose origin is not its sender')
    if kind not in (RELAY, RELAY_NAK) and frame.remote_offset:
        faults.append(f'remote offset on {frame.name}')
    if (kind == RELAY) != bool(frame.weight):
        faults.append(f'weight {frame.weight} on {frame.name}')
    if not frame.incarnation:
        faults.append('incarnation 0')
    if frame.origin == frame.destination:
        faults.append('origin is destination')
    if kind == RELAY and not faults:
        faults += relay_faults(frame)
    return faults


def relay_faults(frame):
    faults = []
    index = frame.remote_offset >> frame.shift
    if born_to(index, frame.origin, frame.destination) != frame.origin:
        faults.append(f'RELAY of segment {index}, which the other end generates')
    due = chunk_length(frame.shift, frame.remote_offset)
    if due is None:
        faults.append(f'remote offset {frame.remote_offset} is no chunk boundary')
    elif due != frame.length:
        faults.append(f'chunk of {frame.length} octets where {due} are due')
    if frame.length == PAYLOAD_MAX and frame.offset % FULL_FRAME:
        faults.append(f'full RELAY at {frame.offset}, which is not aligned to 1024')
    if frame.flags & KEYED and frame.sender != frame.origin:
        faults.append('KEYED from a node that is not the origin')
    return faults


# --- payloads ---------------------------------------------------------------------

def need(condition, text):
    if not condition:
        raise FormError(text)


def bits(octets):
    """Indexes of the bits that are set."""
    return [8 * at + bit for at, octet in enumerate(octets) if octet
            for bit in range(8) if octet >> bit & 1]


def parse_probe(payload):
    need(len(payload) == PROBE_BODY.size, f'PROBE of {len(payload)} octets, not 40')
    echo, barrier, sent, echoed, reserved = PROBE_BODY.unpack(payload)
    need(not any(reserved), 'PROBE: reserved octets are not 0')
    return {'echo': echo, 'barrier': barrier, 'sent_us': sent, 'echoed_us': echoed}


def parse_hello(payload):
    need(len(payload) >= HELLO_BODY.size, f'HELLO of {len(payload)} octets, below 88')
    (echo, barrier, sent, echoed, period, income, level, want, count, readings,
     reserved, base, horizon, hash_key, hash_held) = HELLO_BODY.unpack_from(payload)
    need(reserved == 0, 'HELLO: reserved octets are not 0')
    need(count <= 2048 and count % 8 == 0, f'HELLO: {count} bits in a bitmap')
    need(readings <= 16, f'HELLO: {readings} readings')
    due = HELLO_BODY.size + count // 4 + READING.size * readings
    need(len(payload) == due, f'HELLO of {len(payload)} octets, {due} by its counts')
    middle = HELLO_BODY.size + count // 8
    after = middle + count // 8
    return {'echo': echo, 'barrier': barrier, 'sent_us': sent, 'echoed_us': echoed,
            'period_ms': period, 'income': income, 'level': level, 'want': want,
            'base': base, 'horizon': horizon, 'count': count,
            'hash': None if hash_key == NO_OFFSET else hash_key,
            'hash_held': None if hash_held == NO_OFFSET else hash_held,
            'held': [base + bit for bit in bits(payload[HELLO_BODY.size:middle])],
            'done': [base + bit for bit in bits(payload[middle:after])],
            'readings': [dict(zip(('contract', 'mark', 'accepted', 'at_mark'),
                                  READING.unpack_from(payload, at)))
                         for at in range(after, due, READING.size)]}


def parse_grant(payload, reply):
    need(len(payload) >= 8, f'GRANT of {len(payload)} octets')
    count, each = int.from_bytes(payload[:2], 'big'), 16 if reply else 8
    need(1 <= count <= 32, f'GRANT of {count} segments')
    need(not any(payload[2:8]), 'GRANT: reserved octets are not 0')
    need(len(payload) == 8 + each * count, f'GRANT of {len(payload)} octets for {count}')
    values = struct.unpack_from(f'>{each // 8 * count}Q', payload, 8)
    if not reply:
        return {'segments': list(values)}
    need(all(status in (1, 2) for status in values[1::2]), 'GRANT: unknown status')
    return {'segments': list(values[::2]), 'status': list(values[1::2])}


def parse_supply(plain, reply):
    need(len(plain) == SUPPLY_BODY.size, f'SUPPLY of {len(plain)} octets, not 112')
    (operation, status, label_length, ttl, number, offset, octets, reserved,
     label) = SUPPLY_BODY.unpack(plain)
    need(operation in OPERATIONS, f'SUPPLY: operation {operation}')
    need(status in ((1, 2) if reply else (0,)), f'SUPPLY: status {status}')
    need(label_length <= 64, f'SUPPLY: label of {label_length} octets')
    need(not any(reserved) and not any(label[label_length:]),
         'SUPPLY: reserved octets are not 0')
    return {'operation': OPERATIONS[operation], 'status': status, 'ttl_s': ttl,
            'number': number, 'stream_offset': offset, 'octets': octets,
            'label': label[:label_length].hex()}


def parse_ack(payload):
    need(len(payload) >= ACK_BODY.size, f'RELAY_ACK of {len(payload)} octets')
    far, cumulative, rate, count, reserved, echoed = ACK_BODY.unpack_from(payload)
    need(reserved == 0, 'RELAY_ACK: reserved octets are not 0')
    need(count <= 28, f'RELAY_ACK of {count} entries')
    need(len(payload) == ACK_BODY.size + ACK_ENTRY.size * count,
         f'RELAY_ACK of {len(payload)} octets for {count} entries')
    entries = []
    for at in range(ACK_BODY.size, len(payload), ACK_ENTRY.size):
        kind, share, reserved, segment, value = ACK_ENTRY.unpack_from(payload, at)
        need(kind in ENTRY_KINDS, f'RELAY_ACK: entry of kind {kind}')
        need(share < 4 and not any(reserved), 'RELAY_ACK: broken entry')
        entries.append({'kind': ENTRY_KINDS[kind], 'share': share, 'segment': segment,
                        'value': value.hex()})
    return {'far_incarnation': far, 'cumulative': cumulative, 'rate': rate,
            'echoed_us': echoed, 'entries': entries}


def parse_nak(payload):
    need(len(payload) == NAK_BODY.size, f'RELAY_NAK of {len(payload)} octets, not 24')
    code, share, reserved, wait, reporter, contract, more = NAK_BODY.unpack(payload)
    need(code in NAK_CODES, f'RELAY_NAK: code {code}')
    need(share < 4 and not reserved and not more, 'RELAY_NAK: broken')
    return {'code': NAK_CODES[code], 'nak_share': share, 'wait_ms': wait,
            'reporter': node_text(reporter), 'nak_contract': contract}


def parse_sa_req(payload):
    need(len(payload) == SA_REQ_BODY.size, f'SA_REQ of {len(payload)} octets, not 32')
    (reqid, algorithm, mode, flags, reserved, number, offset, octets,
     more) = SA_REQ_BODY.unpack(payload)
    need(not reserved and not more, 'SA_REQ: reserved octets are not 0')
    need(reqid and number, f'SA_REQ: reqid {reqid}, id {number}')
    need(algorithm in SA_ALGORITHMS, f'SA_REQ: algorithm {algorithm}')
    need(mode in SA_MODES, f'SA_REQ: mode {mode}')
    need(not flags & ~sum(SA_FLAGS), f'SA_REQ: flags 0x{flags:02x}')
    need(octets == SA_KEY, f'SA_REQ: {octets} octets of key, not {SA_KEY}')
    need(offset % GRANULE == 0, f'SA_REQ: key at {offset}, which is not a multiple of 16')
    return {'reqid': reqid, 'algorithm': SA_ALGORITHMS[algorithm], 'mode': SA_MODES[mode],
            'flags': [name for bit, name in SA_FLAGS.items() if flags & bit], 'id': number,
            'key_offset': offset, 'octets': octets}


def parse_sa_ack(payload, name, values):
    """SA_ACK and SA_END: values are what status says. An SPI is there with 1 only."""
    need(len(payload) == SA_ACK_BODY.size, f'{name} of {len(payload)} octets, not 24')
    reqid, status, reserved, number, spi, more = SA_ACK_BODY.unpack(payload)
    need(not any(reserved) and not more, f'{name}: reserved octets are not 0')
    need(status in values, f'{name}: status {status}')
    need(reqid and (number or values[status] == 'gone'), f'{name}: reqid {reqid}, id {number}')
    need(spi >= SPI_MIN if status == 1 else not spi, f'{name}: SPI {spi} with status {status}')
    return {'reqid': reqid, 'status': values[status], 'id': number, 'spi': spi}


def parse_sa_move(payload, reply):
    need(len(payload) == SA_MOVE_BODY.size, f'SA_MOVE of {len(payload)} octets, not 32')
    reqid, status, family, reserved, number, address = SA_MOVE_BODY.unpack(payload)
    need(not any(reserved), 'SA_MOVE: reserved octets are not 0')
    need(reqid and number, f'SA_MOVE: reqid {reqid}, id {number}')
    need(family in (4, 6), f'SA_MOVE: IPv{family}')
    need(status in SA_STATUS if reply else not status, f'SA_MOVE: status {status}')
    octets = 4 if family == 4 else 16
    need(any(address[:octets]) and not any(address[octets:]), 'SA_MOVE: no address')
    return {'reqid': reqid, 'id': number, 'status': SA_STATUS[status] if reply else 'moved',
            'address': socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6,
                                        address[:octets])}


def parse_clear(frame):
    """The fields of a payload that is in clear; empty for the padded ones."""
    reply = bool(frame.flags & REPLY)
    if frame.kind == PROBE:
        return parse_probe(frame.payload)
    if frame.kind == HELLO:
        return parse_hello(frame.payload)
    if frame.kind == GRANT:
        return parse_grant(frame.payload, reply)
    if frame.kind == RELAY_ACK:
        return parse_ack(frame.payload)
    if frame.kind == RELAY_NAK:
        return parse_nak(frame.payload)
    if frame.kind == SA_REQ:
        return parse_sa_req(frame.payload)
    if frame.kind == SA_ACK:
        return parse_sa_ack(frame.payload, 'SA_ACK', SA_STATUS)
    if frame.kind == SA_END:
        fields = parse_sa_ack(frame.payload, 'SA_END', SA_ENDS)
        need(not reply or fields['status'] == 'gone', 'SA_END: an answer to what has none')
        return fields
    if frame.kind == SA_MOVE:
        return parse_sa_move(frame.payload, reply)
    return {}
