# SPDX-License-Identifier: GPL-2.0-or-later
"""Poly1305 and ChaCha20 (RFC 8439), the linear hash of bulk frames, and what
docs/emulator.md builds: the key of an emulated QKD link, from its seed.
"""
import struct
from array import array
from operator import mul

POLY_PRIME = (1 << 130) - 5
POLY_CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffff


def poly1305(key, message):
    """The 16 octets of the tag of message under the 32 octets of key."""
    r = int.from_bytes(key[:16], 'little') & POLY_CLAMP
    total, load, prime = 0, int.from_bytes, POLY_PRIME
    whole = len(message) & ~15
    for at in range(0, whole, 16):
        total = (total + load(message[at:at + 16], 'little') + (1 << 128)) * r % prime
    if whole < len(message):
        total = (total + load(message[whole:] + b'\1', 'little')) * r % prime
    total += load(key[16:32], 'little')
    return (total & ((1 << 128) - 1)).to_bytes(16, 'little')


# --- the linear hash (docs/protocol.md, 4.1) --------------------------------------

#
# Words are added modulo 2^64 all at once, as one long integer: the lower 63 bits
# of each, which cannot reach the next one, and then the highest, by XOR.

HASH_KEY_LEN, HASH_BLOCK = 1072, 1056
HASH_WORDS = struct.Struct(f'<{HASH_BLOCK // 8}Q')
HIGHEST = int.from_bytes(HASH_WORDS.pack(*[1 << 63] * (HASH_BLOCK // 8)), 'little')
LOWER = (1 << 8 * HASH_BLOCK) - 1 - HIGHEST
TWO_WORDS = (1 << 128) - 1


def hash_words(key):
    """A hash key as linear_hash() takes it: the words of the number a, and those of
    b, which begin 16 octets later; lower bits and highest of each.
    """
    words = [int.from_bytes(key[at:at + HASH_BLOCK], 'little') for at in (0, 16)]
    return [(word & LOWER, word & HIGHEST) for word in words]


def linear_hash(words, message):
    """Digests of all blocks of the message. words: from hash_words()."""
    digests = b''
    for at in range(0, len(message), HASH_BLOCK):
        block = message[at:at + HASH_BLOCK]
        end = (len(block) + 15) // 16 * 2
        block = int.from_bytes(block, 'little')
        lower, highest = block & LOWER, block & HIGHEST
        for key_lower, key_highest in words:
            total = (lower + key_lower) ^ highest ^ key_highest
            sums = HASH_WORDS.unpack(total.to_bytes(HASH_BLOCK, 'little'))
            number = sum(map(mul, sums[:end:2], sums[1:end:2])) & TWO_WORDS
            digests += number.to_bytes(16, 'little')
    return digests


# --- ChaCha20 --------------------------------------------------------------------
#
# An IV here is the state's words 12 to 15 as 16 octets, as OpenSSL has it.

CELL = 64                       # octets that one run of ChaCha20 gives
LANES = 512                     # so many at once: integers of 4 KiB


def chacha20_lanes(key, words):
    """The ChaCha20 blocks whose states end in each of the given 4-tuples. Each
    word of the state is one long integer with a lane of 64 bits for every block,
    so that Python's integers do all blocks at once.
    """
    count = len(words)
    ones = int.from_bytes(b'\1\0\0\0\0\0\0\0' * count, 'little')
    mask = ones * 0xffffffff

    def lanes(values):
        return int.from_bytes(struct.pack(f'<{count}Q', *values), 'little')

    first = [ones * word for word in
             struct.unpack('<4I', b'expand 32-byte k') + struct.unpack('<8I', key)]
    first += [lanes(column) for column in zip(*words)]
    x = list(first)

    def quarter(a, b, c, d):
        x[a] = (x[a] + x[b]) & mask
        t = x[d] ^ x[a]
        x[d] = ((t << 16) | (t >> 16)) & mask
        x[c] = (x[c] + x[d]) & mask
        t = x[b] ^ x[c]
        x[b] = ((t << 12) | (t >> 20)) & mask
        x[a] = (x[a] + x[b]) & mask
        t = x[d] ^ x[a]
        x[d] = ((t << 8) | (t >> 24)) & mask
        x[c] = (x[c] + x[d]) & mask
        t = x[b] ^ x[c]
        x[b] = ((t << 7) | (t >> 25)) & mask

    for _ in range(10):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for diagonal in range(4):
            quarter(diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4,
                    12 + (diagonal + 3) % 4)
    out = array('Q', bytes(64 * count))
    for pair in range(8):
        low = (x[2 * pair] + first[2 * pair]) & mask
        high = (x[2 * pair + 1] + first[2 * pair + 1]) & mask
        column = array('Q')
        column.frombytes((low | high << 32).to_bytes(8 * count, 'little'))
        out[pair::8] = column
    return out.tobytes()


def chacha20(key, ivs):
    """The 64 octets of key stream that belong to each IV."""
    words = [struct.unpack('<4I', iv) for iv in ivs]
    stream = b''.join(chacha20_lanes(key, words[at:at + LANES])
                      for at in range(0, len(words), LANES))
    return [stream[at:at + CELL] for at in range(0, len(stream), CELL)]


def self_test():
    """RFC 8439 2.5.2 and 2.3.2; whoever judges others' tags shows his own first."""
    tag = poly1305(bytes.fromhex('85d6be7857556d337f4452fe42d506a8'
                                 '0103808afb0db2fd4abff6af4149f51b'),
                   b'Cryptographic Forum Research Group')
    if tag.hex() != 'a8061dc1305136c6c22b8baf0c0127a9':
        raise AssertionError('Poly1305 does not give the tag of RFC 8439, 2.5.2')
    iv = bytes.fromhex('01000000' '00000009' '0000004a' '00000000')
    expected = ('10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e'
                'd2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e')
    if chacha20(bytes(range(32)), [iv])[0].hex() != expected:
        raise AssertionError('ChaCha20 does not give the block of RFC 8439, 2.3.2')
    # (2 + 1) * (3 + 2^64 - 1) and (2 + 3) * (3 + 4), brackets modulo 2^64.
    key = struct.pack('<4Q1040x', 1, (1 << 64) - 1, 3, 4)
    if (linear_hash(hash_words(key), struct.pack('<QQ', 2, 3))
            != struct.pack('<QQQQ', 6, 0, 35, 0)):
        raise AssertionError('the linear hash is not that of docs/protocol.md, 4.1')


# --- an emulated link ----------------------------------------------------------------

class EmulatedLink:
    """The key stream of an emulated QKD link, computed in cells of 64 octets as it
    is asked for: most frames need few of a block.

    seed: 32 octets; start_ns: start time in ns since 1970; block: octets.
    """

    def __init__(self, seed, start_ns, block):
        self.block = block
        self.key = self.stream(seed, block, [(start_ns, 0)])[0][:32]
        ident = self.stream(self.key, 1, [(0, 0)])[0][:8]
        self.link_id = int.from_bytes(ident, 'little') or 1
        self.cells = {}

    @staticmethod
    def stream(key, use, cells):
        """Of stream(key, use, index) of the page, cell number n, for each (index, n)."""
        return chacha20(key, [struct.pack('<IIQ', cell, use, index) for index, cell in cells])

    def cells_of(self, offset, end):
        """(block, cell, its first octet in the stream, the one behind its last)."""
        while offset < end:
            index, within = divmod(offset, self.block)
            cell = within // CELL
            first = index * self.block + cell * CELL
            offset = min(first + CELL, (index + 1) * self.block)
            yield index, cell, first, offset

    def prepare_ranges(self, ranges):
        """Compute what reads of these (offset, end) will need, in one go."""
        missing = sorted({(index, cell) for offset, end in ranges
                          for index, cell, _, _ in self.cells_of(offset, end)}
                         - self.cells.keys())
        self.cells.update(zip(missing, self.stream(self.key, 0, missing)))

    def read(self, offset, length):
        """Octets [offset, offset + length) of the link's key stream."""
        end, parts = offset + length, []
        for index, cell, first, after in self.cells_of(offset, end):
            octets = self.cells.get((index, cell))
            if octets is None:
                self.prepare_ranges([(first, end)])
                octets = self.cells[index, cell]
            parts.append(octets[max(offset - first, 0):min(after, end) - first])
        return b''.join(parts)
