#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Decode and verify captures of qkdnf frames, from docs/protocol.md and
docs/emulator.md alone. `qkdnf_decode.py dump --help`, `verify --help`.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import struct
import sys
import time
from collections import Counter

sys.dont_write_bytecode = True          # what is made belongs in build/

import capture                          # noqa: E402
import frame as wire                    # noqa: E402
import seal                             # noqa: E402
from audit import KINDS, Audit, Link, address_text          # noqa: E402
from frame import node_text             # noqa: E402
from remote import pair_of              # noqa: E402

PROGRAM = 'qkdnf_decode'
LINKTYPE_RAW = 101
EPILOG_VERIFY = '''
Example: three nodes, two emulated links (docs/emulator.md) made with a seed file
  qkdnf_decode.py verify --link ab,ab.seed,2026-01-01,4096 --pair 1:1-1:2=ab \\
      --link bc,bc.seed,2026-01-01,4096 --pair 1:2-1:3=bc \\
      --stream 1:1-1:3 --digest 32:4096 ab.pcap bc.pcap

Captures of several places must be of one clock, or bulk frames will seem to come
before what the other end said of their hash key.

Exit status: 0 all is as docs/protocol.md says, 1 something is not (or, with
--complete, not everything could be verified), 2 the question was wrong.
'''


class UsageError(Exception):
    """What the user asked cannot be done; the text says what to do."""


class Progress:
    """One line on the terminal that says how far it is."""

    def __init__(self, enabled):
        self.enabled, self.last = enabled, 0.0

    def __call__(self, text):
        now = time.monotonic()
        if self.enabled and now - self.last > 0.2:
            self.last = now
            sys.stderr.write(f'\r\033[K{text}')
            sys.stderr.flush()

    def done(self):
        if self.enabled and self.last:
            sys.stderr.write('\r\033[K')


# --- arguments ------------------------------------------------------------------------

def parse_start(text):
    """Nanoseconds since 1970; the forms that `qkdnfctl emu add … start` takes."""
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"start '{text}' is no time: write YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS' "
                         '(UTC), or Unix time in nanoseconds') from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000


def parse_link(text):
    """(name, EmulatedLink) from NAME,SEEDFILE,START[,BLOCK]."""
    parts = text.split(',')
    if not 3 <= len(parts) <= 4 or not all(parts):
        raise UsageError(f"--link '{text}': write NAME,SEEDFILE,START,BLOCK")
    name, path, start, block = (*parts, '4096')[:4]
    try:
        with open(path, encoding='ascii') as file:
            seed = bytes.fromhex(file.read(1000).strip())
    except OSError as error:
        raise UsageError(f'seed file {path}: {error.strerror}') from None
    except ValueError:
        seed = b''
    if len(seed) != 32:
        raise UsageError(f"seed file {path}: it must hold 64 hexadecimal digits, as "
                         "'qkdnfctl emu seed' writes them")
    if not block.isdigit() or not 32 <= int(block) <= 65536 or int(block) % 16:
        raise UsageError(f"--link '{text}': block is 32 to 65536 octets, a multiple of 16")
    start_ns = parse_start(start)
    if start_ns >= 1 << 64:
        raise UsageError(f"--link '{text}': start does not fit 64 bits")
    return name, seal.EmulatedLink(seed, start_ns, int(block))


def parse_node(text):
    try:
        return wire.parse_node(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def parse_ends(text):
    """Pair of nodes from NODE-NODE."""
    one, dash, other = text.partition('-')
    if not dash:
        raise UsageError(f"'{text}': write NODE-NODE, as in 64496:1-64497:1")
    one, other = parse_node(one), parse_node(other)
    if one == other:
        raise UsageError(f"'{text}': the two nodes are the same")
    return pair_of(one, other)


def parse_links(links, pairs):
    known, result = {}, {}
    for text in links:
        name, key = parse_link(text)
        if name in known:
            raise UsageError(f'--link {name} is given twice')
        known[name] = key
    for text in pairs:
        ends, equals, name = text.partition('=')
        if not equals:
            raise UsageError(f"--pair '{text}': write NODE-NODE=LINK")
        if name not in known:
            raise UsageError(f"--pair '{text}': no --link is named '{name}'")
        pair = parse_ends(ends)
        if pair in result:
            raise UsageError(f"--pair '{text}': these two nodes have a link already")
        result[pair] = Link(name, known[name])
    for name in known.keys() - {link.name for link in result.values()}:
        raise UsageError(f'--link {name} joins no two nodes: add --pair NODE-NODE={name}')
    return result


def parse_range(text):
    match = re.fullmatch(r'(\d+):(\d+)', text)
    if not match or not int(match[2]):
        raise UsageError(f"--digest '{text}': write OFFSET:OCTETS")
    return int(match[1]), int(match[2])


# --- dump -----------------------------------------------------------------------------

def offset_text(offset):
    return 'none' if offset is None else offset


def brief(kind, fields):
    """A payload in a few words."""
    if kind == wire.PROBE:
        return f"echo {fields['echo']:016x} barrier {fields['barrier']}"
    if kind == wire.HELLO:
        return (f"echo {fields['echo']:016x} barrier {fields['barrier']} base {fields['base']} "
                f"horizon {fields['horizon']} held {len(fields['held'])} "
                f"done {len(fields['done'])} level {fields['level']} want {fields['want']} "
                f"hash {offset_text(fields['hash'])} hash-held {offset_text(fields['hash_held'])}"
                + ''.join(f" contract {one['contract']}: {one['accepted']} "
                          f"(mark {one['mark']}: {one['at_mark']})"
                          for one in fields['readings']))
    if kind == wire.GRANT:
        status = fields.get('status')
        return 'segments ' + ' '.join(
            str(segment) + ('' if not status else ':taken' if status[at] == 1 else ':not-held')
            for at, segment in enumerate(fields['segments']))
    if kind == wire.RELAY_ACK:
        rate = 'no limit' if fields['rate'] == 0xffffffff else fields['rate']
        return (f"cumulative {fields['cumulative']} rate {rate}"
                + ''.join(f" {entry['kind']} {entry['segment']}/{entry['share']}"
                          for entry in fields['entries']))
    if kind == wire.RELAY_NAK:
        return (f"{fields['code']} share {fields['nak_share']} wait {fields['wait_ms']} ms by "
                f"{fields['reporter']}")
    if kind == wire.SA_REQ:
        return (f"reqid {fields['reqid']} id {fields['id']} {fields['algorithm']} "
                f"{' '.join((fields['mode'], *fields['flags']))} key "
                f"{fields['key_offset']}:{fields['octets']}")
    if kind == wire.SA_MOVE:
        return f"reqid {fields['reqid']} id {fields['id']} {fields['status']} {fields['address']}"
    if kind in (wire.SA_ACK, wire.SA_END):
        return (f"reqid {fields['reqid']} id {fields['id']} {fields['status']}"
                + (f" SPI {fields['spi']:08x}" if fields['spi'] else ''))
    return ''


def dump_text(datagram, frame, fields):
    moment = datetime.datetime.fromtimestamp(datagram.time_ns // 10**9, datetime.timezone.utc)
    words = [f'{moment:%H:%M:%S}.{datagram.time_ns % 10**9 // 1000:06d}',
             f'{address_text(datagram.src)} > {address_text(datagram.dst)}',
             frame.name, frame.flag_text(),
             f'by {node_text(frame.sender)} at {frame.offset}',
             f'{node_text(frame.origin)} > {node_text(frame.destination)}',
             f'hops {frame.hops}', f'length {frame.length}',
             f'incarnation {frame.incarnation:016x}']
    if frame.kind in (wire.RELAY, wire.RELAY_NAK):
        words.append(f'remote {frame.remote_offset}')
    if frame.kind in (wire.PROBE, wire.RELAY, wire.RELAY_ACK):
        words.append(f'share {frame.share + 1}/{frame.shares}')
    if frame.contract:
        words.append(f'contract {frame.contract}')
    if frame.weight:
        words.append(f'weight {frame.weight}')
    return '  '.join(words + ([brief(frame.kind, fields)] if fields else []))


def dump_json(path, datagram, frame, fields):
    def number(value):
        return f'{value:016x}'

    line = {
        'file': path, 'time_ns': datagram.time_ns, 'src': address_text(datagram.src),
        'dst': address_text(datagram.dst), 'type': frame.name,
        'flags': [name for bit, name in wire.FLAGS.items() if frame.flags & bit],
        'hop_limit': frame.hops, 'length': frame.length, 'share': frame.share,
        'shares': frame.shares, 'shift': frame.shift, 'sender': node_text(frame.sender),
        'offset': frame.offset, 'end': frame.end, 'origin': node_text(frame.origin),
        'destination': node_text(frame.destination),
        'incarnation': number(frame.incarnation), 'remote_offset': frame.remote_offset,
        'contract': frame.contract, 'weight': frame.weight, 'tag': frame.tag.hex(),
        'faults': wire.header_faults(frame) if frame.kind in wire.DECODED else [],
    }
    line.update((name, number(value) if name in ('echo', 'far_incarnation') else value)
                for name, value in fields.items())
    return json.dumps(line)


def dump(options):
    broken = False
    for path in options.files:
        skipped = Counter()
        for datagram in capture.datagrams(path, skipped):
            if not set(options.port) & {datagram.src[1], datagram.dst[1]}:
                continue
            try:
                if datagram.cut:
                    raise wire.FormError('cut by the capture: capture with -s 0')
                frame = wire.Frame(datagram.data)
                fields = wire.parse_clear(frame)
            except wire.FormError as error:
                broken = True
                if options.json:
                    print(json.dumps({'file': path, 'time_ns': datagram.time_ns,
                                      'src': address_text(datagram.src),
                                      'dst': address_text(datagram.dst),
                                      'error': str(error)}))
                else:
                    print(f'{address_text(datagram.src)} > {address_text(datagram.dst)}  '
                          f'no frame: {error}')
                continue
            print(dump_json(path, datagram, frame, fields) if options.json
                  else dump_text(datagram, frame, fields))
    return 1 if broken else 0


# --- verify ---------------------------------------------------------------------------

def digests(audit, options):
    """SHA-256 of ranges of recovered streams; a range that the capture does not hold
    is an error, not an omission.
    """
    if options.digest and not options.stream:
        raise UsageError('--digest needs --stream NODE-NODE')
    if not options.stream:
        return []
    ends = parse_ends(options.stream)
    results = []
    for text in options.digest:
        offset, octets = parse_range(text)
        found = {}
        for lane in audit.remote.lanes_of(*ends):
            index = offset >> audit.remote.shifts[lane]
            if wire.born_to(index, *ends) == lane.generator:
                key = audit.remote.read(lane, offset, octets)
                if key and options.incarnation in (None, lane.incarnation):
                    found[lane.incarnation] = key
        if not found:
            raise UsageError(f'--digest {text}: the captures do not hold all of this range of '
                             f'stream {options.stream}')
        if len(found) > 1:
            raise UsageError(f'--digest {text}: agreed in {len(found)} incarnations; add '
                             '--incarnation ' + ' or '.join(f'{one:016x}' for one in found))
        key = next(iter(found.values()))
        results.append({'stream': options.stream, 'offset': offset, 'octets': octets,
                        'sha256': hashlib.sha256(key).hexdigest()})
    return results


def table(rows, titles):
    """Columns, the numbers to the right."""
    cells = [titles] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    for number, row in enumerate(cells):
        right = number and [isinstance(cell, int) for cell in rows[number - 1]]
        print('  ' + '  '.join(
            cell.rjust(width) if (right and right[column]) or (not number and rows and
                                                               isinstance(rows[0][column], int))
            else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))).rstrip())


def coloured(text, good):
    if not sys.stdout.isatty():
        return text
    return f'\033[{32 if good else 31}m{text}\033[0m'


def show(report, good):
    frames = report['frames']
    print(f"{frames['different']} frames in {len(report['files'])} files: "
          f"{frames['verified']} verified, {frames['bad']} bad, {frames['unknown']} unknown, "
          f"{frames['malformed']} malformed ({frames['copies']} more copies of them)")
    passed = ', '.join(f'{count} {what}' for what, count in report['passed_over'].items())
    if passed:
        print(f'passed over: {passed}')
    print()
    table([[name, seen['verified'], seen['bad'], seen['unknown']]
           for name, seen in report['types'].items()],
          ['type', 'verified', 'bad', 'unknown'])
    print()
    table([[hop['sealed_by'], '-'.join(hop['nodes']), hop['verified'], hop['bad'],
            hop['unknown'], hop['key_octets']] for hop in report['hops']],
          ['sealed by', 'nodes', 'verified', 'bad', 'unknown', 'key octets'])
    if report['streams']:
        print()
        table([[f"{one['generator']} > {one['far_end']}", one['incarnation'],
                one['chunk_shares'], one['frames'], one['on_several_hops'], one['arrived'],
                one['same_key_everywhere'], one['segments_whole'], one['segments_confirmed']]
               for one in report['streams']],
              ['end to end', 'incarnation', 'chunks', 'frames', 'on 2+ hops', 'arrived',
               'same key', 'segments', 'confirmed'])
        print('  (chunks count once for each share; segments: all octets recovered)')
    if report['associations']:
        print()
        table([[one['reqid'], f"{one['sender']} > {one['receiver']}", one['algorithm'],
                one['spi'] or '-', one['offset'], 'yes' if one['sha256'] else 'no',
                'yes' if one['ended'] else 'no'] for one in report['associations']],
              ['reqid', 'association', 'algorithm', 'SPI', 'key at', 'key known', 'left'])
    for digest in report['digests']:
        print(f"digest {digest['stream']} {digest['offset']}:{digest['octets']} "
              f"{digest['sha256']}")
    for finding in report['findings']:
        print()
        print(coloured(f"{finding['count']} times: {finding['meaning']}", False))
        for text in finding['examples']:
            print(f'  {text}')
    print()
    if good:
        print(coloured('all of it as the protocol says', True))
    else:
        kinds = ', '.join(finding['kind'] for finding in report['findings'])
        print(coloured(f"NOT as the protocol says: {kinds or 'not everything verified'}", False))


def write_segments(path, report):
    lines = [f"{one['generator']} {one['far_end']} {one['incarnation']} {segment['segment']} "
             f"{segment['offset']} {segment['octets']} {segment['sha256']}\n"
             for one in report['streams'] for segment in one['segments'] if segment['octets']]
    try:
        with (open(path, 'w', encoding='ascii') if path != '-' else sys.stdout) as file:
            file.writelines(lines)
    except OSError as error:
        raise UsageError(f'--segments {path}: {error.strerror}') from None


def write_packets(path, audit):
    """What tunnels carried, as a capture of IP packets."""
    try:
        with open(path, 'wb') as file:
            file.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
            for time_ns, packet in audit.packets():
                file.write(struct.pack('<IIII', *divmod(time_ns, 10**9), len(packet),
                                       len(packet)) + packet)
    except OSError as error:
        raise UsageError(f'--packets {path}: {error.strerror}') from None


def write_esp(path, audit):
    """Key of IPsec associations, readable by its owner alone, as Wireshark and tshark
    take it: the file esp_sa of a configuration directory.
    """
    try:
        with open(path, 'w', encoding='ascii',
                  opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.writelines(audit.associations.wireshark())
    except OSError as error:
        raise UsageError(f'--esp {path}: {error.strerror}') from None


def audited(options):
    """The Audit of what the options name."""
    links = parse_links(options.link, options.pair)
    if not links:
        raise UsageError('nothing to verify with: give --link and --pair, or use dump')
    seal.self_test()
    progress = Progress(sys.stderr.isatty())
    audit = Audit(links, options.port, progress)
    for path in options.files:
        audit.load(path)
    audit.judge()
    progress.done()
    return audit


def verify(options):
    return conclude(audited(options), options)


def conclude(audit, options):
    """Say what the audit found, and write what was asked for. Returns the exit status."""
    report = audit.report(digests(audit, options))
    if not audit.sightings:
        raise UsageError('no frame in these captures: was the right interface captured, and '
                         f'are the ports ({", ".join(map(str, options.port))}) right?')
    frames = report['frames']
    good = not report['findings'] and not (
        options.complete and (frames['unknown'] or audit.skipped['cut by the capture']))
    report['good'] = good
    if options.segments:
        write_segments(options.segments, report)
    if options.packets:
        write_packets(options.packets, audit)
    if options.esp:
        write_esp(options.esp, audit)
    if options.json:
        print(json.dumps(report))
    else:
        show(report, good)
    return 0 if good else 1


def arguments(words=None):
    """Options from a command line."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    verbs = parser.add_subparsers(dest='verb', required=True)

    def common(verb):
        verb.add_argument('files', nargs='+', metavar='FILE', help='pcap or pcapng')
        verb.add_argument('-j', '--json', action='store_true', help='JSON')
        verb.add_argument('--port', type=int, action='append', metavar='N',
                          help='UDP port of the frames (17717), may be repeated')

    verb = verbs.add_parser('dump', help='one line for each frame')
    common(verb)
    verb = verbs.add_parser(
        'verify', help='recompute link key, judge every frame, recover end-to-end key',
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG_VERIFY,
        description='Findings: ' + '; '.join(f'{kind}: {what}' for kind, what in KINDS.items()))
    common(verb)
    verb.add_argument('--link', action='append', default=[], metavar='NAME,SEEDFILE,START,BLOCK',
                      help='an emulated link, as given to qkdnfctl emu add')
    verb.add_argument('--pair', action='append', default=[], metavar='NODE-NODE=NAME',
                      help='the nodes that a link joins')
    verb.add_argument('--complete', action='store_true',
                      help='fail too if a frame could not be verified for want of key')
    verb.add_argument('--stream', metavar='NODE-NODE', help='the remote stream of --digest')
    verb.add_argument('--digest', action='append', default=[], metavar='OFFSET:OCTETS',
                      help='print SHA-256 of that range of the recovered stream')
    verb.add_argument('--incarnation', type=lambda text: int(text, 16), metavar='HEX',
                      help='of the generator, where a range was agreed more than once')
    verb.add_argument('--segments', metavar='FILE',
                      help='write generator, far end, incarnation, segment, offset, octets and '
                      'SHA-256 of each recovered segment')
    verb.add_argument('--packets', metavar='FILE',
                      help='write the packets that tunnels carried, as a pcap file of IP')
    verb.add_argument('--esp', metavar='FILE',
                      help="write the key of IPsec associations as Wireshark's esp_sa has it")
    options = parser.parse_args(words)
    options.port = options.port or [17717]
    return options


def main():
    options = arguments()
    try:
        return dump(options) if options.verb == 'dump' else verify(options)
    except (UsageError, capture.CaptureError) as error:
        print(f'{PROGRAM}: error: {error}', file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == '__main__':
    sys.exit(main())
