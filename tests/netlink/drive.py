#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The control plane does what the specification says.

    drive.py objects | dumps | scale | events | namespace

Each runs in a network namespace of its own without a node, as root, and
leaves no node behind.
"""
import errno
import os
import select
import socket
import struct
import sys
import time

import nltest
from nltest import (attr, attributes, equal, failed, node, passed, verdict,
                    Raw, Refusal, NlError)

A1, A2, A3, A4 = (node(64512, n) for n in (1, 2, 3, 4))
B1, B2 = node(64513, 1), node(64513, 2)
B_ALL = 64513 << 32
LOOPBACK = '7f000001'
SO_RCVBUFFORCE = 33
PATIENCE = 120          # seconds for what must come: the machine may be busy


def refusal(fam, op, values):
    """errno of a request that must be refused, 0 if it was taken."""
    try:
        fam.do(op, values)
    except NlError as e:
        return e.error
    return 0


def subset(name, want, have):
    """Every item of `want` is in `have`."""
    verdict(name, [f'{k} is {have.get(k)!r}, should be {v!r}'
                   for k, v in want.items() if have.get(k) != v])


def absent(name, keys, have):
    verdict(name, [f'{k} is there: {have[k]!r}' for k in keys if k in have])


def the_node(fam):
    before = int(time.time())
    fam.do('node-set', {'id': A1, 'port': 4000, 'mem-max': 256 << 20})
    have = fam.do('node-get', {})
    subset('node-made', {'id': A1, 'port': 4000, 'mem-max': 256 << 20,
                         'peers': 0, 'routes': 0, 'contracts': 0}, have)
    if not before - 1 <= have['start-time'] <= time.time() + 1:
        failed('node-start-time', f"{have['start-time']}")
    else:
        passed('node-start-time')
    fam.do('node-set', {'mem-max': 128 << 20})
    subset('node-mem-max-changed', {'id': A1, 'mem-max': 128 << 20},
           fam.do('node-get', {}))
    fam.do('node-set', {'id': A1, 'port': 4000})
    passed('node-set-the-same')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind(('127.0.0.1', 4000))
            failed('node-holds-its-port', 'another socket could bind to it')
        except OSError:
            passed('node-holds-its-port')


def link_peers(fam):
    fam.do('peer-new', {'id': A2, 'kind': 'link', 'addr4': LOOPBACK})
    have = fam.do('peer-get', {'id': A2})
    subset('peer-defaults', {
        'id': A2, 'kind': 'link', 'addr4': '127.0.0.1', 'port': 17717,
        'seg-shift': 16, 'pool-max': 64 << 16, 'low': 16 << 16,
        'high': 48 << 16, 'hello-ms': 1000, 'border': 0, 'state': 'new',
        'own-level': 0, 'other-level': 0, 'held': 0, 'income': 0,
        'segments': 0}, have)
    absent('peer-without-what-it-has-not', [
        'name', 'addr6', 'local-addr4', 'scheme', 'shares', 'weight',
        'max-rate', 'peer-incarnation', 'barrier', 'rtt-us', 'last-heard-ms',
        'computational'], have)
    if have.get('incarnation'):
        passed('peer-incarnation')
    else:
        failed('peer-incarnation', 'none')
    counters = [n for n, _ in fam.attr_sets['counters'].items() if n != 'pad']
    equal('peer-counters-all-there', sorted(counters),
          sorted(have['counters']))
    equal('peer-books', {'in': 0, 'spent': 0, 'held': 0, 'erased': 0},
          have['books'])
    absent('peer-brief', ['counters', 'books'],
           fam.do('peer-get', {'id': A2, 'brief': True}))

    full = {'id': B1, 'kind': 'link', 'name': 'b one', 'port': 5000,
            'addr6': '20010db8000000000000000000000001',
            'local-addr6': '20010db8000000000000000000000002',
            'seg-shift': 12, 'pool-max': 1 << 20, 'low': 1000, 'high': 5000,
            'hello-ms': 250}
    fam.do('peer-new', full)
    full.update({'addr6': '2001:db8::1', 'local-addr6': '2001:db8::2',
                 'border': 1})
    subset('peer-all-attributes', full, fam.do('peer-get', {'id': B1}))
    fam.do('peer-set', {'id': B1, 'name': 'other', 'low': 4096})
    full.update({'name': 'other', 'low': 4096})
    subset('peer-set-keeps-the-rest', full, fam.do('peer-get', {'id': B1}))
    fam.do('peer-set', {'id': B1, 'addr4': '7f000009', 'border': 0})
    have = fam.do('peer-get', {'id': B1})
    subset('peer-address-family-changes',
           {'addr4': '127.0.0.9', 'port': 5000, 'border': 0}, have)
    absent('peer-old-address-gone', ['addr6', 'local-addr6'], have)
    fam.do('peer-set', {'id': B1, 'pool-max': 512 << 10})
    subset('peer-set-pool-keeps-marks',
           {'pool-max': 512 << 10, 'low': 4096, 'high': 5000},
           fam.do('peer-get', {'id': B1}))
    fam.do('peer-set', {'id': B1, 'pool-max': 1 << 20})
    equal('peer-set-pool-too-large-for-the-ring', errno.E2BIG,
          refusal(fam, 'peer-set', {'id': B1, 'pool-max': 4 << 20}))
    equal('peer-set-low-above-high', errno.EINVAL,
          refusal(fam, 'peer-set', {'id': B1, 'low': 6000}))


def remote_peers(fam):
    fam.do('peer-new', {'id': B2, 'kind': 'remote', 'scheme': 'otp',
                        'shares': 3, 'weight': 7, 'max-rate': 12345,
                        'seg-shift': 14})
    have = fam.do('peer-get', {'id': B2})
    subset('remote-peer', {'kind': 'remote', 'scheme': 'otp', 'shares': 3,
                           'weight': 7, 'max-rate': 12345, 'seg-shift': 14,
                           'computational': True}, have)
    absent('remote-peer-has-no-address', ['addr4', 'addr6', 'port', 'border',
                                          'local-addr4', 'local-addr6'], have)
    fam.do('peer-set', {'id': B2, 'weight': 9, 'max-rate': 0})
    subset('remote-peer-set', {'weight': 9, 'max-rate': 0, 'shares': 3},
           fam.do('peer-get', {'id': B2}))
    subset('relay-state', {'peer': B2, 'scheme': 'otp', 'shares': 3,
                           'in-flight': 0, 'sent': 0, 'confirmed': 0,
                           'assembling': 0, 'nak': 'none'},
           fam.do('relay-get', {'peer': B2}))
    equal('relay-dump', [B2], [r['peer'] for r in fam.dump('relay-get', {})])
    equal('flow-dump', [], fam.dump('flow-get', {}))
    equal('supply-dump', [], fam.dump('supply-get', {}))


def sources(fam):
    fam.do('source-new', {'peer': A2, 'kind': 'push'})
    have = fam.do('source-get', {'peer': A2})
    subset('source-push', {'peer': A2, 'kind': 'push', 'state': 'waiting',
                           'blocks': 0, 'octets': 0, 'dropped': 0,
                           'repeats': 0, 'gaps': 0}, have)
    absent('source-knows-nothing-yet', ['block', 'qber-ppm', 'last-block-ms',
                                        'reason'], have)
    equal('source-second', errno.EEXIST,
          refusal(fam, 'source-new', {'peer': A2, 'kind': 'push'}))
    equal('source-dump', [A2], [s['peer'] for s in fam.dump('source-get', {})])
    fam.do('source-del', {'peer': A2})
    equal('source-gone', errno.ENOENT,
          refusal(fam, 'source-get', {'peer': A2}))


def lookup(fam, destination, share=None):
    values = {'destination': destination}
    if share is not None:
        values['share'] = share
    try:
        r = fam.do('route-get', values)
    except NlError as e:
        return e.error
    return (r['destination'], r.get('provider-wide', False), r.get('share'),
            r['via'], r.get('backup'))


def routes(fam):
    fam.do('peer-new', {'id': A3, 'kind': 'link', 'addr4': LOOPBACK})
    fam.do('peer-new', {'id': A4, 'kind': 'link', 'addr4': LOOPBACK})
    fam.do('route-new', {'destination': B_ALL, 'provider-wide': True,
                         'via': A2, 'backup': A3})
    equal('route-provider', (B_ALL, True, None, A2, A3), lookup(fam, B2))
    fam.do('route-new', {'destination': B_ALL, 'provider-wide': True,
                         'share': 1, 'via': A3})
    equal('route-provider-share', (B_ALL, True, 1, A3, None),
          lookup(fam, B2, 1))
    fam.do('route-new', {'destination': B2, 'via': A4})
    equal('route-node-beats-provider-share', (B2, False, None, A4, None),
          lookup(fam, B2, 1))
    fam.do('route-new', {'destination': B2, 'share': 1, 'via': A3,
                         'backup': A4})
    equal('route-node-share-first', (B2, False, 1, A3, A4),
          lookup(fam, B2, 1))
    equal('route-other-share', (B2, False, None, A4, None),
          lookup(fam, B2, 2))
    equal('route-other-provider', errno.ENOENT,
          lookup(fam, node(64514, 1)))
    fam.do('route-new', {'destination': B2, 'share': 1, 'via': A2,
                         'replace': True})
    equal('route-replaced', (B2, False, 1, A2, None), lookup(fam, B2, 1))
    equal('route-not-replaced', errno.EEXIST,
          refusal(fam, 'route-new', {'destination': B2, 'via': A2}))
    equal('node-counts-routes', 4, fam.do('node-get', {})['routes'])

    def keys(via=None):
        got = fam.dump('route-get', {'via': via} if via else {})
        return sorted((r['destination'], r.get('share', -1)) for r in got)

    equal('route-dump', [(B_ALL, -1), (B_ALL, 1), (B2, -1), (B2, 1)], keys())
    equal('route-dump-by-hop', [(B_ALL, -1), (B_ALL, 1)], keys(A3))
    fam.do('route-del', {'destination': B2, 'share': 1})
    equal('route-deleted', [(B_ALL, -1), (B_ALL, 1), (B2, -1)], keys())
    equal('route-deleted-once', errno.ENOENT,
          refusal(fam, 'route-del', {'destination': B2, 'share': 1}))


def contracts(fam):
    terms = {'peer': A2, 'id': 7, 'direction': 'in', 'out-id': 70,
             'source': B_ALL, 'source-wide': True, 'destination': A1,
             'rate': 100000, 'burst': 50000, 'volume': 1 << 40,
             'expiry': int(time.time()) + 3600, 'weight': 4}
    fam.do('contract-new', terms)
    which = {'peer': A2, 'id': 7, 'direction': 'in'}
    have = fam.do('contract-get', which)
    subset('contract-in', terms, have)
    subset('contract-meters-start', {
        'accepted': 0, 'refused-rate': 0, 'refused-volume': 0,
        'refused-expired': 0, 'refused-mismatch': 0}, have)
    absent('contract-in-is-not-out', ['sent', 'peer-accepted', 'mark',
                                      'mark-sent', 'destination-wide'], have)
    fam.do('contract-new', {'peer': A2, 'id': 7, 'direction': 'out',
                            'source': A1, 'destination': B2, 'rate': 5000})
    have = fam.do('contract-get', dict(which, direction='out'))
    subset('contract-out-same-id', {
        'direction': 'out', 'rate': 5000, 'burst': 5000, 'volume': 0,
        'expiry': 0, 'weight': 0, 'sent': 0, 'peer-accepted': 0}, have)
    fam.do('contract-set', dict(which, rate=200000, expiry=0))
    terms.update({'rate': 200000, 'expiry': 0})
    subset('contract-set-keeps-the-rest', terms,
           fam.do('contract-get', which))
    equal('contract-mark-2-first', errno.ERANGE,
          refusal(fam, 'contract-mark', dict(which, mark=2)))
    fam.do('contract-mark', dict(which, mark=1))
    subset('contract-mark', {'mark': 1, 'mark-accepted': 0},
           fam.do('contract-get', which))
    equal('contract-mark-again', errno.ERANGE,
          refusal(fam, 'contract-mark', dict(which, mark=1)))
    fam.do('contract-mark', dict(which, mark=2))
    fam.do('contract-new', {'peer': A3, 'id': 1, 'direction': 'in',
                            'source': B1, 'destination': A1, 'rate': 5000})

    def keys(**filters):
        return sorted((c['peer'], c['id'], c['direction'])
                      for c in fam.dump('contract-get', filters))

    equal('contract-dump', [(A2, 7, 'in'), (A2, 7, 'out'), (A3, 1, 'in')],
          keys())
    equal('contract-dump-by-peer', [(A3, 1, 'in')], keys(peer=A3))
    fam.do('contract-del', dict(which, direction='out'))
    equal('contract-deleted', [(A2, 7, 'in'), (A3, 1, 'in')], keys())


def cascade(fam):
    """What goes with a peer."""
    fam.do('source-new', {'peer': A3, 'kind': 'push'})
    fam.do('peer-del', {'id': A3})
    equal('peer-del-takes-source', [],
          [s['peer'] for s in fam.dump('source-get', {})])
    equal('peer-del-takes-routes', [(B_ALL, A2, None), (B2, A4, None)],
          sorted((r['destination'], r['via'], r.get('backup'))
                 for r in fam.dump('route-get', {})))
    equal('peer-del-takes-contracts', [(A2, 7)],
          [(c['peer'], c['id']) for c in fam.dump('contract-get', {})])
    stats = fam.do('stats-get', {})
    subset('stats', {'peers': len(fam.dump('peer-get', {})), 'peers-up': 0,
                     'mem-max': 128 << 20}, stats)
    b = stats['books']
    equal('stats-books-balance', b['in'], b['spent'] + b['held'] + b['erased'])
    equal('stats-unclaimed-all-there',
          sorted(n for n, _ in fam.attr_sets['unclaimed'].items()
                 if n != 'pad'), sorted(stats['unclaimed']))


def unclaimed(fam):
    """Datagrams that are no frames are counted, each under its reason."""
    hdr = bytearray(80)
    hdr[0:4] = bytes([1, 2, 0, 64])
    hdr[6] = 1
    hdr[7] = 16
    for at in (8, 24):
        hdr[at:at + 8] = struct.pack('>Q', node(64599, 1))
    hdr[32:40] = struct.pack('>Q', A1)
    frames = {'short': hdr[:79], 'version': b'\2' + hdr[1:],
              'type': hdr[:1] + b'\x7f' + hdr[2:],
              'form': hdr[:62] + b'\1' + hdr[63:]}
    before = fam.do('stats-get', {})['unclaimed']
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n, f in enumerate(frames.values(), 1):
            for _ in range(n):
                s.sendto(bytes(f), ('127.0.0.1', 4000))
    end = time.monotonic() + PATIENCE
    while True:
        after = fam.do('stats-get', {})['unclaimed']
        if after['rx-frames'] - before['rx-frames'] >= 10 or \
                time.monotonic() > end:
            break
        time.sleep(0.2)
    verdict('unclaimed-counted', [
        f'{name}: {after[name] - before[name]}, should be {n}'
        for n, name in enumerate(frames, 1)
        if after[name] - before[name] != n])
    equal('unclaimed-all-heard', 10, after['rx-frames'] - before['rx-frames'])


def objects():
    fam = nltest.family()
    for part in (the_node, link_peers, remote_peers, sources, routes,
                 contracts, cascade, unclaimed):
        part(fam)
    fam.do('node-del', {})
    equal('node-gone', errno.ENODEV, refusal(fam, 'node-get', {}))
    fam.do('node-set', {'id': A2})
    subset('node-made-anew', {'id': A2, 'peers': 0, 'routes': 0,
                              'contracts': 0}, fam.do('node-get', {}))
    fam.do('node-del', {})


class Batch:
    """Requests without acknowledgement, many in one system call."""

    def __init__(self, fam, op):
        self.raw = Raw(fam)
        self.cmd = fam.ops[op].req_value
        self.attrs = {n: a.value for n, a in fam.ops[op].attr_set.items()}
        self.pending = []
        self.size = 0

    def add(self, *attrs):
        m = self.raw.message(self.cmd, b''.join(attrs), ack=False)
        self.pending.append(m)
        self.size += len(m)
        if self.size > 60000:
            self.flush()

    def flush(self):
        """A refusal is told even without acknowledgements."""
        self.raw.sock.send(b''.join(self.pending))
        self.pending, self.size = [], 0
        while select.select([self.raw.sock], [], [], 0)[0]:
            for kind, flags, _, body in self.raw.receive():
                if kind == nltest.NLMSG_ERROR:
                    self.raw.parse_error(flags, body)

    def u64(self, name, value):
        return attr(self.attrs[name], struct.pack('Q', value))

    def u32(self, name, value):
        return attr(self.attrs[name], struct.pack('I', value))

    def u8(self, name, value):
        return attr(self.attrs[name], struct.pack('B', value))


def make_peers(fam, first, count):
    b = Batch(fam, 'peer-new')
    same = b.u32('kind', 0) + attr(b.attrs['addr4'], b'\x7f\0\0\1') + \
        b.u8('seg-shift', 12) + b.u64('pool-max', 32768)
    for n in range(first, first + count):
        b.add(b.u64('id', node(64520, n)), same)
    b.flush()


def make_routes(fam, first, count, via):
    b = Batch(fam, 'route-new')
    hop = b.u64('via', via)
    for n in range(first, first + count):
        b.add(b.u64('destination', node(64530, n)), hop)
    b.flush()


def dump_u64(raw, fam, op, name, **how):
    number = fam.ops[op].attr_set[name].value
    return [struct.unpack('Q', attributes(a)[number])[0]
            for a in raw.dump(fam.ops[op].req_value, **how)]


def dumps():
    """A dump that is read slowly while the objects change."""
    fam = nltest.family()
    raw = Raw(fam)
    fam.do('node-set', {'id': A1})
    make_peers(fam, 1, 300)
    everybody = [node(64520, n) for n in range(1, 301)]
    equal('dump-order-of-creation', everybody,
          dump_u64(raw, fam, 'peer-get', 'id', size=4096))

    # Peers vanish in front of, at, and behind the place of the dump.
    other = nltest.family()
    gone = []

    def vanish(told):
        for n in (told - 5, told, told + 1, told + 20):
            if 1 <= n <= 300 and node(64520, n) not in gone:
                other.do('peer-del', {'id': node(64520, n)})
                gone.append(node(64520, n))

    got = dump_u64(raw, fam, 'peer-get', 'id', size=4096, each=vanish)
    stay = [p for p in everybody if p not in gone]
    equal('dump-removals-nothing-twice', len(got), len(set(got)))
    equal('dump-removals-nothing-lost', [], [p for p in stay if p not in got])
    equal('dump-removals-happened', True, len(gone) > 20)

    # Peers come: told or not, but nothing else is disturbed.
    fresh = iter(range(1000, 1100))

    def arrive(_):
        # fewer than a piece of the dump holds, or it would never end
        number = next(fresh, None)
        if number:
            other.do('peer-new', {'id': node(64520, number), 'kind': 'link',
                                  'addr4': LOOPBACK, 'seg-shift': 12,
                                  'pool-max': 32768})

    got = dump_u64(raw, fam, 'peer-get', 'id', size=4096, each=arrive)
    equal('dump-arrivals-nothing-twice', len(got), len(set(got)))
    equal('dump-arrivals-nothing-lost', stay, got[:len(stay)])

    # The node vanishes, and another takes its place, under an open dump.
    made = []

    def renew(_):
        if not made:
            made.append(True)
            other.do('node-del', {})
            other.do('node-set', {'id': A1})
            make_peers(other, 5000, 40)

    got = dump_u64(raw, fam, 'peer-get', 'id', size=4096, each=renew)
    old = [p for p in got if p < node(64520, 5000)]
    equal('dump-node-renewed', (True, len(set(got))),
          (len(old) < len(stay), len(got)))
    fam.do('node-del', {})

    fam.do('node-set', {'id': A1})
    make_peers(fam, 1, 300)

    def vanish_node(_):
        if refusal(other, 'node-get', {}) == 0:
            other.do('node-del', {})

    got = dump_u64(raw, fam, 'peer-get', 'id', size=4096, each=vanish_node)
    equal('dump-node-gone', True, 0 < len(got) < 300)

    # A dump that is given up holds nothing: the node can go.
    fam.do('node-set', {'id': A1})
    make_peers(fam, 1, 300)
    quitter = Raw(fam)
    quitter.sock.send(quitter.message(fam.ops['peer-get'].req_value, b'',
                                      flags=nltest.NLM_F_DUMP, ack=False))
    quitter.receive(4096)
    quitter.sock.close()
    fam.do('node-del', {})
    passed('dump-given-up')


def scale():
    """10,000 peers and 100,000 routes: all told, in linear time."""
    peers = int(os.environ.get('QKDNF_PEERS', '10000'))
    count = int(os.environ.get('QKDNF_ROUTES', '100000'))
    fam = nltest.family()
    raw = Raw(fam)
    raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    fam.do('node-set', {'id': A1, 'mem-max': 1 << 30})

    def timed(op, attrs=b'', **how):
        """Answers, the best time of some dumps, and of these the least ratio
        of the last fifth of the pieces to the second one."""
        best, slope = None, None
        for turn in range(12):
            # On a busy machine a piece may take long for no reason of its own.
            if turn >= 3 and (slope is None or slope < 1.5):
                break
            n, at = raw.dump_times(fam.ops[op].req_value, attrs, **how)
            took, fifth = at[-1] - at[0], len(at) // 5
            best = took if best is None else min(best, took)
            if fifth:
                ratio = (at[-1] - at[-1 - fifth]) / \
                    (at[2 * fifth] - at[fifth])
                slope = ratio if slope is None else min(slope, ratio)
        return n, best, slope

    start = time.monotonic()
    make_peers(fam, 1, peers)
    print(f'# {peers} peers made in {time.monotonic() - start:.2f} s',
          flush=True)
    brief = attr(fam.ops['peer-get'].attr_set['brief'].value, b'')
    n, took, _ = timed('peer-get', brief)
    equal('scale-peers-brief', peers, n)
    print(f'# dump of {n} peers, brief: {took:.3f} s', flush=True)
    n, took, _ = timed('peer-get')
    equal('scale-peers', peers, n)
    print(f'# dump of {n} peers: {took:.3f} s', flush=True)

    start = time.monotonic()
    make_routes(fam, 1, count, node(64520, 1))
    print(f'# {count} routes made in {time.monotonic() - start:.2f} s',
          flush=True)
    n, took, _ = timed('route-get')
    equal('scale-routes', count, n)
    print(f'# dump of {n} routes: {took:.3f} s', flush=True)
    # Small pieces, so that finding the place weighs more than telling.
    n, took, slope = timed('route-get', size=4096)
    print(f'# in small pieces: {took:.3f} s, the last fifth takes '
          f'{slope:.2f} times as long as the second', flush=True)
    # Going on where the piece before ended, both take as long; walking from the
    # start to each piece, the last takes twice as long and more.
    if slope < 1.5:
        passed('scale-dump-linear')
    else:
        failed('scale-dump-linear', f'the last pieces take {slope:.1f} times '
               'as long as the first')
    start = time.monotonic()
    fam.do('node-del', {})
    print(f'# node with all of it gone in {time.monotonic() - start:.2f} s')
    equal('scale-gone', errno.ENODEV, refusal(fam, 'node-get', {}))


def wait_event(fam, kind, seconds=PATIENCE):
    """The first event of a type; others before it are dropped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        select.select([fam.sock], [], [], 1)
        fam.check_ntf()
        while fam.async_msg_queue:
            m = fam.async_msg_queue.pop(0)
            if m['name'] == 'event-ntf' and m['msg']['type'] == kind:
                return m['msg']
    return None


def events():
    """A device that is no QKD source is refused, and told of."""
    fam = nltest.family()
    listener = nltest.family()
    # what is lost must be lost by the rate limit, not by a full buffer
    listener.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    listener.ntf_subscribe('events')
    fam.do('node-set', {'id': A1})
    fam.do('peer-new', {'id': A2, 'kind': 'link', 'addr4': LOOPBACK,
                        'name': 'noise'})
    fd = os.open('/dev/random', os.O_RDONLY | os.O_NONBLOCK)
    fam.do('source-new', {'peer': A2, 'kind': 'fd', 'fd': fd})
    os.close(fd)
    event = wait_event(listener, 'source-refused')
    if not event:
        failed('event-source-refused', f'not told within {PATIENCE} s')
        fam.do('node-del', {})
        return
    subset('event-source-refused', {'peer': A2, 'peer-name': 'noise'}, event)
    if not event.get('reason'):
        failed('event-reason', 'none')
    else:
        passed('event-reason')
    late = abs(time.time_ns() - event['time-ns'])
    equal('event-time', True, late < 60e9)
    have = fam.do('source-get', {'peer': A2})
    subset('source-refused', {'state': 'refused', 'blocks': 0,
                              'reason': event['reason']}, have)
    equal('source-refused-nothing-taken', 0,
          fam.do('peer-get', {'id': A2})['books']['in'])

    # The same over and over: 128 at once and 16 each second are told, the rest
    # is counted.
    start = time.monotonic()
    for _ in range(400):
        fam.do('source-del', {'peer': A2})
        fd = os.open('/dev/random', os.O_RDONLY | os.O_NONBLOCK)
        fam.do('source-new', {'peer': A2, 'kind': 'fd', 'fd': fd})
        os.close(fd)
        end = time.monotonic() + PATIENCE
        while fam.do('source-get', {'peer': A2})['state'] != 'refused' and \
                time.monotonic() < end:
            pass
    end = time.monotonic() + PATIENCE
    while True:
        listener.check_ntf()
        most = 128 + 16 * (time.monotonic() - start) + 2
        told = sum(m['msg']['type'] == 'source-refused'
                   for m in listener.async_msg_queue)
        dropped = fam.do('stats-get', {})['events-dropped']
        if told + dropped >= 400 or time.monotonic() > end:
            break
        time.sleep(0.2)
    print(f'# of 400 events {told} told, {dropped} dropped; '
          f'at most {most:.0f} may be told')
    equal('event-rate-limited', (True, 400), (told <= most, told + dropped))
    fam.do('node-del', {})


def namespace():
    """Root of a user namespace only: refused, unless the module allows it."""
    fam = nltest.family()
    parameter = '/sys/module/qkdnf/parameters/unprivileged_ns'
    with open(parameter, encoding='ascii') as f:
        allowed = f.read().strip() == 'Y'
    try:
        fam.do('node-set', {'id': A1})
        equal('userns-node', True, allowed)
        fam.do('peer-new', {'id': A2, 'kind': 'link', 'addr4': LOOPBACK})
        fam.do('source-new', {'peer': A2, 'kind': 'push'})
        fam.do('node-del', {})
        equal('userns-peer', True, allowed)
    except NlError as e:
        equal('userns-refused', (errno.EPERM, False), (e.error, allowed))
        if 'initial user namespace' in (e.nl_msg.extack or {}).get('msg', ''):
            passed('userns-refused-says-why')
        else:
            failed('userns-refused-says-why', str(e).replace('\n', ' '))


PARTS = {'objects': objects, 'dumps': dumps, 'scale': scale,
         'events': events, 'namespace': namespace}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        PARTS[sys.argv[1]]()
    except (NlError, Refusal) as e:
        failed(sys.argv[1], 'a request that should be taken was refused: ' +
               ' '.join(str(e).split()))
        raise
    return 1 if nltest.failures else 0


if __name__ == '__main__':
    sys.exit(main())
