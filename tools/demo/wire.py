#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo's captures prove, outside of the guest: wire.py RESULTS.

RESULTS/wire.json says what to look at. The decoder recomputes the key of the emulated
links from their seeds and, with the captured frames, the key between a1 and c2. With
that tshark, who knows nothing of qkdnf, reads ESP, and the pads of the tunnel are held
against the file that it carried. Writes what it found to RESULTS/wire.report and the
claims, each with whether it holds, to RESULTS/wire.claims.
"""
import contextlib
import hashlib
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tools/decode'))

import qkdnf_decode                     # noqa: E402

TSHARK_FIELDS = ('esp.spi', 'esp.icv_good', 'ip.src', 'ip.dst', 'tcp.dstport',
                 'tcp.flags.syn', 'tcp.seq_raw', 'tcp.payload')
PREFERENCES = '''\
esp.enable_encryption_decode: TRUE
esp.enable_authentication_check: TRUE
tcp.relative_sequence_numbers: FALSE
'''


def joined(segments):
    """Octets of one direction of a TCP connection, from (sequence number, is SYN,
    octets); None if some are missing.
    """
    start = next((number + 1 for number, syn, _ in segments if syn), None)
    if start is None:
        return None
    got = b''
    for at, part in sorted(((number - start) % (1 << 32), octets)
                           for number, syn, octets in segments if octets and not syn):
        if at > len(got):
            return None
        got = got[:at] + part + got[at + len(part):]
    return got


def sha256(octets):
    return hashlib.sha256(octets).hexdigest() if octets is not None else None


class Wire:
    def __init__(self, results):
        self.results = results
        with open(self.path('wire.json'), encoding='ascii') as file:
            self.facts = json.load(file)
        self.claims = []
        self.audit = None

    def path(self, name):
        return os.path.join(self.results, name)

    def claim(self, holds, text):
        self.claims.append([bool(holds), text])

    def frames(self):
        """The decoder's own verdict."""
        options = qkdnf_decode.arguments(['verify', *self.facts['decode']])
        self.audit = qkdnf_decode.audited(options)
        status = qkdnf_decode.conclude(self.audit, options)
        self.claim(status == 0, 'every tag verifies, no octet of key was used twice, no two hops '
                   'share a pad' if status == 0 else 'the decoder objects')
        ends = qkdnf_decode.parse_ends(self.facts['stream'])
        key = self.facts['key']
        found = [sha256(self.audit.remote.read(lane, key['offset'], key['octets']))
                 for lane in self.audit.remote.lanes_of(*ends)]
        self.claim(key['sha256'] in found,
                   'the key recovered from the wire is the one that both ends hold')

    def esp(self):
        """ESP, as tshark sees it with recomputed key."""
        facts = self.facts['esp']
        directory = self.path('wireshark')
        os.mkdir(directory, 0o700)
        qkdnf_decode.write_esp(os.path.join(directory, 'esp_sa'), self.audit)
        with open(os.path.join(directory, 'preferences'), 'w', encoding='ascii') as file:
            file.write(PREFERENCES)
        words = ['tshark', '-n', '-r', facts['capture'], '-Y', 'esp', '-T', 'fields',
                 '-E', 'separator=|', '-E', 'occurrence=f']
        for field in TSHARK_FIELDS:
            words += ['-e', field]
        done = subprocess.run(words, env={**os.environ, 'WIRESHARK_CONFIG_DIR': directory},
                              text=True, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f'tshark: {done.stderr.strip() or done.returncode}')
        rows = [line.split('|') for line in done.stdout.splitlines()]
        good = [row for row in rows if row[1] in ('1', 'True')
                and {row[2], row[3]} == set(facts['users'])]
        spis = {row[0] for row in good}
        by_spi = {f'0x{one.spi:08x}': one for one in self.audit.associations.installed()
                  if one.name.reqid == facts['reqid']}
        octets = joined([(int(row[6]), row[5] in ('1', 'True'), bytes.fromhex(row[7]))
                         for row in good if row[4] == str(facts['port'])])
        print()
        print(f'ESP in {os.path.basename(facts["capture"])}: {len(rows)} packets, {len(good)} of '
              f'them decrypted, under {len(spis)} SPIs')
        self.claim(rows and len(good) == len(rows),
                   f'tshark decrypts all {len(rows)} ESP packets with key recomputed from the seeds '
                   'and the relay frames' if len(good) == len(rows) else
                   f'tshark decrypts {len(good)} of {len(rows)} ESP packets')
        self.claim(spis <= by_spi.keys() and len(spis) >= facts['spis'],
                   f'under {len(spis)} keys of associations that the frames agreed')
        self.claim(sha256(octets) == facts['sha256'],
                   'and finds in them what the users sent each other, octet for octet')

    def pad(self):
        """DATA frames, held against the file that they carried."""
        facts = self.facts['pad']
        with open(facts['file'], 'rb') as file:
            carried = file.read()
        segments, parts = [], []
        for sighting, pad, packet in self.audit.opened():
            header = (packet[0] & 15) * 4
            if packet[0] >> 4 != 4 or packet[9] != 6:
                continue
            tcp = packet[header:]
            if int.from_bytes(tcp[2:4], 'big') != facts['port']:
                continue
            body, number = header + (tcp[12] >> 4) * 4, int.from_bytes(tcp[4:8], 'big')
            segments.append((number, bool(tcp[13] & 2), packet[body:]))
            if packet[body:]:
                parts.append((number, sighting.frame, pad, body))
        start = next((number + 1 for number, syn, _ in segments if syn), 0)
        right, sample = 0, None
        for number, frame, pad, body in parts:
            plain = carried[number - start:][:frame.length - body]
            cipher = frame.payload[body:]
            if bytes(a ^ b for a, b in zip(plain, pad[body:])) == cipher:
                right += 1
            if number == start:
                sample = (plain[:16], pad[body:][:16], cipher[:16])
        if sample:
            print()
            print(f'the first octets of {os.path.basename(facts["file"])}, its pad, and what the '
                  'wire had:')
            for name, octets in zip(('file', 'pad', 'wire'), sample):
                print(f'  {name:5s} {octets.hex(" ")}')
        self.claim(parts and right == len(parts),
                   f'in all {len(parts)} frames that carried the file, wire = file XOR pad')
        self.claim(sha256(joined(segments)) == sha256(carried),
                   f'and together they are the file, all {len(carried):,} octets of it')


def main():
    wire = Wire(sys.argv[1])
    with open(wire.path('wire.report'), 'w', encoding='utf-8') as file, \
            contextlib.redirect_stdout(file):
        try:
            wire.frames()
            wire.esp()
            wire.pad()
        except (qkdnf_decode.UsageError, qkdnf_decode.capture.CaptureError, RuntimeError,
                OSError, ValueError, KeyError, IndexError) as error:
            wire.claim(False, f'{type(error).__name__}: {error}')
    new = wire.path('wire.claims.new')
    with open(new, 'w', encoding='utf-8') as file:
        json.dump(wire.claims, file)
    os.rename(new, wire.path('wire.claims'))


if __name__ == '__main__':
    main()
