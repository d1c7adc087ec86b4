#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way to spell a request wrong, for every attribute of every operation.

Runs in a network namespace without a node, with the module loaded. The cases
are made from the specification. Each must be refused with a text, with the
place of the attribute where one is at fault, and must change nothing.
"""
import errno
import itertools
import os
import random
import struct
import sys

import nltest
from nltest import attr, equal, failed, node, passed, verdict, Refusal, NlError

A1, A2, A3 = node(64512, 1), node(64512, 2), node(64512, 3)
B1 = node(64513, 1)
FORMAT = {'u8': 'B', 'u16': 'H', 'u32': 'I', 'u64': 'Q', 's32': 'i'}
NESTED = 0x8000

# Before 6.6 the core has no place for the text and the attribute when the start
# of a dump is refused by other than the policy.
MUTE_DUMPS = tuple(int(n) for n in os.uname().release.split('.')[:2]) < (6, 6)

fam = nltest.family()
raw = nltest.Raw(fam)

# A request of each operation that would be taken if nothing were wrong with
# it, and what it cannot do without.
GOOD = {
    'node-get': ({}, []),
    'node-set': ({'mem-max': 1 << 24}, []),
    'node-del': ({}, []),
    'peer-get': ({'id': A2}, ['id']),
    'peer-new': ({'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1'},
                 ['id', 'kind']),
    'peer-set': ({'id': A2, 'weight': 1}, ['id']),
    'peer-del': ({'id': A2}, ['id']),
    'source-get': ({'peer': A2}, ['peer']),
    'source-new': ({'peer': A2, 'kind': 1}, ['peer', 'kind']),
    'source-del': ({'peer': A2}, ['peer']),
    'route-get': ({'destination': B1}, ['destination']),
    'route-new': ({'destination': node(64513, 9), 'via': A2},
                  ['destination', 'via']),
    'route-del': ({'destination': B1}, ['destination']),
    'contract-get': ({'peer': A2, 'id': 7, 'direction': 0},
                     ['peer', 'id', 'direction']),
    'contract-new': ({'peer': A2, 'id': 8, 'direction': 0, 'source': B1,
                      'destination': A1, 'rate': 1000},
                     ['peer', 'id', 'direction', 'source', 'destination',
                      'rate']),
    'contract-set': ({'peer': A2, 'id': 7, 'direction': 0, 'rate': 2000},
                     ['peer', 'id', 'direction']),
    'contract-del': ({'peer': A2, 'id': 7, 'direction': 0},
                     ['peer', 'id', 'direction']),
    'contract-mark': ({'peer': A2, 'id': 7, 'direction': 0, 'mark': 1},
                      ['peer', 'id', 'direction', 'mark']),
    'relay-get': ({'peer': B1}, ['peer']),
    'stats-get': ({}, []),
    'binding-get': ({'reqid': 7}, ['reqid']),
    'binding-new': ({'reqid': 8, 'peer': A2, 'addr4': b'\x7f\0\0\2',
                     'local-addr4': b'\x7f\0\0\1'},
                    ['reqid', 'peer', 'addr4', 'local-addr4']),
    'binding-del': ({'reqid': 7}, ['reqid']),
    'binding-rekey': ({'reqid': 7}, ['reqid']),
    'binding-move': ({'reqid': 7, 'local-addr4': b'\x7f\0\0\7'}, ['reqid']),
    # dumps only
    'flow-get': ({}, []),
    'supply-get': ({}, []),
}


def spec_attr(op, name):
    return fam.ops[op].attr_set[name]


def encode(op, name, value):
    a = spec_attr(op, name)
    kind = a.yaml['type']
    if kind == 'flag':
        return b'' if not value else attr(a.value, b'')
    if isinstance(value, bytes):
        return attr(a.value, value)
    if kind == 'string':
        return attr(a.value, value.encode() + b'\0')
    return attr(a.value, struct.pack(FORMAT[kind], value))


def request(op, values, without=()):
    return b''.join(encode(op, n, v) for n, v in values.items()
                    if n not in without)


def limits(op, name):
    a = spec_attr(op, name).yaml
    checks = {k: fam.consts[v]['value'] if isinstance(v, str) else v
              for k, v in a.get('checks', {}).items()}
    if 'enum' in a:
        checks['max'] = len(fam.consts[a['enum']].entries) - 1
    return checks


def wrong_values(op, name):
    """(what, raw attribute) that the policy must refuse."""
    a = spec_attr(op, name)
    kind, num, c = a.yaml['type'], a.value, limits(op, name)
    if kind in FORMAT:
        size = struct.calcsize(FORMAT[kind])
        for n in sorted({0, 1, size - 1, size + 1, size * 2} - {size}):
            yield f'{n} octets', attr(num, b'\1' * n)
        top = (1 << (8 * size - (1 if kind[0] == 's' else 0))) - 1
        if c.get('min', 0) > 0:
            yield 'below the least', attr(
                num, struct.pack(FORMAT[kind], c['min'] - 1))
            yield 'zero', attr(num, b'\0' * size)
        if kind[0] == 's' and 'min' in c:
            yield 'negative', attr(num, struct.pack(FORMAT[kind], -1))
        if 'max' in c and c['max'] < top:
            yield 'above the most', attr(
                num, struct.pack(FORMAT[kind], c['max'] + 1))
            yield 'all ones', attr(num, struct.pack(FORMAT[kind], top))
        good = struct.pack(FORMAT[kind], c.get('min', 0))
    elif kind == 'string':
        n = c['max-len']
        yield 'no end', attr(num, b'x' * 8)
        yield 'too long', attr(num, b'x' * (n + 1) + b'\0')
        yield 'empty attribute', attr(num, b'')
        good = b'x\0'
    elif kind == 'binary':
        n = c['exact-len']
        for bad in (0, n - 1, n + 1):
            yield f'{bad} octets', attr(num, b'\1' * bad)
        good = b'\1' * n
    else:
        yield 'a flag with a payload', attr(num, b'\0\0\0\0')
        good = b''
    yield 'flagged as nested', attr(num | NESTED, good)


def refused(op, form, body, want_place=None, want_miss=None, **how):
    """What is wrong with the answer to a wrong request, or None."""
    cmd = fam.ops[op].req_value
    try:
        if form == 'dump':
            raw.dump(cmd, body)
        else:
            raw.do(cmd, body, **how)
    except Refusal as r:
        if r.errno not in (errno.EINVAL, errno.ERANGE, errno.EOPNOTSUPP):
            return f'refused with {errno.errorcode.get(r.errno, r.errno)}'
        if form == 'dump' and MUTE_DUMPS and not r.msg:
            return None
        if not r.msg:
            return 'refused without a text'
        if want_place is not None and r.offset != 20 + want_place:
            return f'place is {r.offset}, should be {20 + want_place} ' \
                   f'({r.msg})'
        if want_miss is not None and r.miss != want_miss:
            return f'missing is {r.miss}, should be {want_miss} ({r.msg})'
        return None
    return 'taken'


def form_attrs(op, form):
    return fam.ops[op].yaml.get(form, {}).get('request', {}) \
        .get('attributes', [])


def forms():
    for op, spec in fam.ops.items():
        for form in ('do', 'dump'):
            if form in spec.yaml:
                yield op, form


def base(op, form):
    return GOOD[op][0] if form == 'do' else {}


def snapshot():
    """What configuration there is: refusals must not change it."""
    volatile = {'incarnation', 'last-heard-ms', 'counters', 'books', 'state',
                'start-time', 'last-block-ms', 'rx-frames', 'mem-used',
                'held', 'segments', 'horizon'}
    out = {'node': fam.do('node-get', {})}
    for op in ('peer-get', 'source-get', 'route-get', 'contract-get',
               'relay-get'):
        out[op] = fam.dump(op, {})
    return {k: [{n: x for n, x in o.items() if n not in volatile}
                for o in (v if isinstance(v, list) else [v])]
            for k, v in out.items()}


def each_attribute():
    for op, form in forms():
        errors = []
        values = base(op, form)
        for name in form_attrs(op, form):
            rest = request(op, values, without=(name,))
            for what, bad in wrong_values(op, name):
                # first and last, since a parser may stop at the first
                for body, place in ((bad + rest, 0), (rest + bad, len(rest))):
                    why = refused(op, form, body, want_place=place)
                    if why:
                        errors.append(f'{name}, {what}: {why}')
        if form_attrs(op, form):
            verdict(f'wrong-values-{op}-{form}', errors)


def doubled():
    errors = []
    for op, form in forms():
        for name in form_attrs(op, form):
            values = base(op, form)
            a = spec_attr(op, name)
            value = values.get(name)
            if value is None:
                kind, c = a.yaml['type'], limits(op, name)
                value = True if kind == 'flag' else \
                    'x' if kind == 'string' else \
                    b'\1' * c.get('exact-len', 0) if kind == 'binary' else \
                    c.get('min', 0)
            one = encode(op, name, value)
            rest = request(op, values, without=(name,))
            why = refused(op, form, one + rest + one,
                          want_place=len(one + rest))
            if why:
                errors.append(f'{op} {form} {name}: {why}')
    verdict('attribute-twice', errors)


def missing():
    errors = []
    for op, form in forms():
        if form != 'do':
            continue
        values, needed = GOOD[op]
        for name in needed:
            why = refused(op, form, request(op, values, without=(name,)),
                          want_miss=spec_attr(op, name).value)
            if why:
                errors.append(f'{op} {name}: {why}')
    verdict('attribute-missing', errors)


def foreign():
    """Attributes of the object that this operation does not take."""
    errors = []
    for op, form in forms():
        takes = form_attrs(op, form)
        rest = request(op, base(op, form))
        top = max(a.value for _, a in fam.ops[op].attr_set.items())
        for name, a in fam.ops[op].attr_set.items():
            if name in takes:
                continue
            size = {'u8': 1, 'u16': 2, 'u32': 4, 's32': 4, 'u64': 8}.get(
                a.yaml['type'], 0)
            why = refused(op, form, rest + attr(a.value, b'\1' * size))
            if why:
                errors.append(f'{op} {form} {name}: {why}')
        for kind in (0, top + 1, 200, 0x3fff):
            why = refused(op, form, rest + attr(kind, b'\0\0\0\0'))
            if why:
                errors.append(f'{op} {form} type {kind}: {why}')
    verdict('attribute-unknown', errors)


def framing():
    errors = []
    for op, form in forms():
        rest = request(op, base(op, form))
        for what, tail in (('three stray octets', b'\0\0\0'),
                           ('a length of 0', struct.pack('HH', 0, 1)),
                           ('a length of 3', struct.pack('HH', 3, 1)),
                           ('a length beyond the message',
                            struct.pack('HH', 400, 1) + b'\0' * 8)):
            why = refused(op, form, rest + tail)
            if why:
                errors.append(f'{op} {form}, {what}: {why}')
    verdict('attribute-framing', errors)
    errors = []
    for op, form in forms():
        if form == 'do' and op != 'node-del':
            why = refused(op, form, request(op, base(op, form)), reserved=1)
            if why:
                errors.append(f'{op}: {why}')
    verdict('header-reserved-field', errors)
    for cmd in (0, fam.msgs['event-ntf'].value, 99, 255):
        try:
            raw.do(cmd, b'')
            failed(f'operation-{cmd}', 'taken')
        except Refusal as r:
            equal(f'operation-{cmd}', errno.EOPNOTSUPP, r.errno)


# (name, operation, request, errno, attribute that is at fault)
MEANING = [
    ('node-another-id', 'node-set', {'id': A2}, errno.EOPNOTSUPP, 'id'),
    ('node-another-port', 'node-set', {'port': 4}, errno.EOPNOTSUPP, 'port'),
    ('peer-is-self', 'peer-new',
     {'id': A1, 'kind': 0, 'addr4': b'\x7f\0\0\1'}, errno.EINVAL, 'id'),
    ('peer-of-no-provider', 'peer-new',
     {'id': 7, 'kind': 0, 'addr4': b'\x7f\0\0\1'}, errno.EINVAL, 'id'),
    ('peer-of-no-number', 'peer-new',
     {'id': 7 << 32, 'kind': 0, 'addr4': b'\x7f\0\0\1'}, errno.EINVAL, 'id'),
    ('peer-exists', 'peer-new',
     {'id': A2, 'kind': 0, 'addr4': b'\x7f\0\0\1'}, errno.EEXIST, 'id'),
    ('peer-link-without-address', 'peer-new', {'id': A3, 'kind': 0},
     errno.EINVAL, None),
    ('peer-two-addresses', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'addr6': b'\1' * 16},
     errno.EINVAL, 'addr6'),
    ('peer-address-mixed', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'local-addr6': b'\1' * 16},
     errno.EINVAL, 'local-addr6'),
    ('peer-address-any', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\0\0\0\0'}, errno.EINVAL, 'addr4'),
    ('peer-address-multicast', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\xe0\0\0\1'}, errno.EINVAL, 'addr4'),
    ('peer-address6-any', 'peer-new',
     {'id': A3, 'kind': 0, 'addr6': b'\0' * 16}, errno.EINVAL, 'addr6'),
    ('peer-address6-multicast', 'peer-new',
     {'id': A3, 'kind': 0, 'addr6': b'\xff\2' + b'\0' * 13 + b'\1'},
     errno.EINVAL, 'addr6'),
    ('peer-name-control-character', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'name': 'a\x1bb'},
     errno.EINVAL, 'name'),
    ('peer-low-above-high', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'low': 300000,
      'high': 200000}, errno.EINVAL, None),
    ('peer-high-above-pool', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'seg-shift': 12,
      'pool-max': 65536, 'high': 200000}, errno.EINVAL, 'high'),
    ('peer-pool-too-small-for-segments', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'seg-shift': 16,
      'pool-max': 65536}, errno.EINVAL, 'pool-max'),
    ('peer-pool-too-large-for-segments', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'seg-shift': 12,
      'pool-max': 8 << 20}, errno.EINVAL, 'pool-max'),
    ('peer-link-with-shares', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'shares': 2},
     errno.EINVAL, 'shares'),
    ('peer-link-with-scheme', 'peer-new',
     {'id': A3, 'kind': 0, 'addr4': b'\x7f\0\0\1', 'scheme': 1},
     errno.EINVAL, 'scheme'),
    ('peer-remote-with-border', 'peer-new',
     {'id': A3, 'kind': 1, 'border': 1}, errno.EINVAL, 'border'),
    ('peer-set-unknown', 'peer-set', {'id': A3, 'hello-ms': 500},
     errno.ENOENT, 'id'),
    ('peer-get-unknown', 'peer-get', {'id': A3}, errno.ENOENT, 'id'),
    ('peer-del-unknown', 'peer-del', {'id': A3}, errno.ENOENT, 'id'),
    ('source-of-unknown-peer', 'source-new', {'peer': A3, 'kind': 1},
     errno.ENOENT, 'peer'),
    ('source-for-remote', 'source-new', {'peer': B1, 'kind': 1},
     errno.EINVAL, 'peer'),
    ('source-relay', 'source-new', {'peer': A2, 'kind': 2}, errno.EINVAL,
     'kind'),
    ('source-fd-without-fd', 'source-new', {'peer': A2, 'kind': 0},
     errno.EINVAL, None),
    ('source-push-with-fd', 'source-new', {'peer': A2, 'kind': 1, 'fd': 0},
     errno.EINVAL, 'fd'),
    ('source-fd-closed', 'source-new', {'peer': A2, 'kind': 0, 'fd': 987},
     errno.EBADF, 'fd'),
    ('source-fd-regular-file', 'source-new',
     {'peer': A2, 'kind': 0, 'fd': 'regular'}, errno.ENOTTY, 'fd'),
    ('source-fd-socket', 'source-new',
     {'peer': A2, 'kind': 0, 'fd': 'socket'}, errno.ENOTTY, 'fd'),
    ('source-fd-write-only', 'source-new',
     {'peer': A2, 'kind': 0, 'fd': 'write-only'}, errno.EBADF, 'fd'),
    ('source-get-none', 'source-get', {'peer': A2}, errno.ENOENT, 'peer'),
    ('source-del-none', 'source-del', {'peer': A2}, errno.ENOENT, 'peer'),
    ('route-to-self', 'route-new', {'destination': A1, 'via': A2},
     errno.EINVAL, 'destination'),
    ('route-exists', 'route-new', {'destination': B1, 'via': A2},
     errno.EEXIST, 'destination'),
    ('route-via-unknown', 'route-new',
     {'destination': node(64513, 9), 'via': A3}, errno.ENOENT, 'via'),
    ('route-via-remote', 'route-new',
     {'destination': node(64513, 9), 'via': B1}, errno.EINVAL, 'via'),
    ('route-backup-unknown', 'route-new',
     {'destination': node(64513, 9), 'via': A2, 'backup': A3}, errno.ENOENT,
     'backup'),
    ('route-backup-is-via', 'route-new',
     {'destination': node(64513, 9), 'via': A2, 'backup': A2}, errno.EINVAL,
     'backup'),
    ('route-wide-with-node', 'route-new',
     {'destination': B1, 'provider-wide': True, 'via': A2}, errno.EINVAL,
     'destination'),
    ('route-node-without-number', 'route-new',
     {'destination': 64513 << 32, 'via': A2}, errno.EINVAL, 'destination'),
    ('route-del-unknown', 'route-del', {'destination': node(64513, 9)},
     errno.ENOENT, 'destination'),
    ('route-get-unknown', 'route-get', {'destination': node(64999, 9)},
     errno.ENOENT, 'destination'),
    ('contract-exists', 'contract-new',
     {'peer': A2, 'id': 7, 'direction': 0, 'source': B1, 'destination': A1,
      'rate': 1000}, errno.EEXIST, 'id'),
    ('contract-peer-unknown', 'contract-new',
     {'peer': A3, 'id': 8, 'direction': 0, 'source': B1, 'destination': A1,
      'rate': 1000}, errno.ENOENT, 'peer'),
    ('contract-peer-remote', 'contract-new',
     {'peer': B1, 'id': 8, 'direction': 0, 'source': B1, 'destination': A1,
      'rate': 1000}, errno.EINVAL, 'peer'),
    ('contract-out-with-out-id', 'contract-new',
     {'peer': A2, 'id': 8, 'direction': 1, 'source': B1, 'destination': A1,
      'rate': 1000, 'out-id': 9}, errno.EINVAL, 'out-id'),
    ('contract-wide-with-node', 'contract-new',
     {'peer': A2, 'id': 8, 'direction': 0, 'source': B1, 'source-wide': True,
      'destination': A1, 'rate': 1000}, errno.EINVAL, 'source'),
    ('contract-expired', 'contract-new',
     {'peer': A2, 'id': 8, 'direction': 0, 'source': B1, 'destination': A1,
      'rate': 1000, 'expiry': 1000}, errno.EINVAL, 'expiry'),
    ('contract-unknown', 'contract-set',
     {'peer': A2, 'id': 99, 'direction': 0, 'rate': 5}, errno.ENOENT, 'id'),
    ('contract-other-direction', 'contract-get',
     {'peer': A2, 'id': 7, 'direction': 1}, errno.ENOENT, 'id'),
    ('contract-mark-skips', 'contract-mark',
     {'peer': A2, 'id': 7, 'direction': 0, 'mark': 3}, errno.ERANGE, 'mark'),
    ('relay-of-link', 'relay-get', {'peer': A2}, errno.EINVAL, 'peer'),
]


def meaning():
    fds = {'regular': os.open('/etc/hostname', os.O_RDONLY),
           'socket': raw.sock.fileno(),
           'write-only': os.open('/dev/null', os.O_WRONLY)}
    for name, op, values, want, fault in MEANING:
        values = {k: fds.get(v, v) if k == 'fd' else v
                  for k, v in values.items()}
        place = None
        if fault:
            place = 20
            for n, v in values.items():
                if n == fault:
                    break
                place += len(encode(op, n, v))
        try:
            raw.do(fam.ops[op].req_value, request(op, values))
            failed(name, 'taken')
        except Refusal as r:
            if r.errno != want:
                failed(name, f'{r}, expected {os.strerror(want)}')
            elif not r.msg:
                failed(name, 'refused without a text')
            elif fault and r.offset != place:
                failed(name, f'{r}: place should be {place}')
            else:
                passed(name)
    for fd in ('regular', 'write-only'):
        os.close(fds[fd])


def no_node():
    """All operations but two say that there is no node."""
    errors = []
    for op, form in forms():
        if op == 'node-set':
            continue
        body = request(op, base(op, form))
        try:
            if form == 'do':
                raw.do(fam.ops[op].req_value, body)
            else:
                raw.dump(fam.ops[op].req_value, body)
            errors.append(f'{op} {form}: taken')
        except Refusal as r:
            if r.errno != errno.ENODEV or \
                    not (r.msg or (form == 'dump' and MUTE_DUMPS)):
                errors.append(f'{op} {form}: {r}')
    verdict('without-a-node', errors)
    try:
        raw.do(fam.ops['node-set'].req_value, b'')
        failed('node-without-id', 'taken')
    except Refusal as r:
        equal('node-without-id', (errno.EINVAL, fam.ops[
            'node-set'].attr_set['id'].value), (r.errno, r.miss))
    for name, ident in (('provider', 5), ('number', 5 << 32)):
        try:
            raw.do(fam.ops['node-set'].req_value,
                   encode('node-set', 'id', ident))
            failed(f'node-of-no-{name}', 'taken')
        except Refusal as r:
            equal(f'node-of-no-{name}', (errno.EINVAL, 20),
                  (r.errno, r.offset))


def no_privilege():
    """An ordinary user may ask for the node, nothing else."""
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            mine = nltest.Raw(fam)
            errors = []
            for op, form in forms():
                open_to_all = op == 'node-get'
                try:
                    cmd, body = fam.ops[op].req_value, \
                        request(op, base(op, form))
                    if form == 'do':
                        mine.do(cmd, body)
                    else:
                        mine.dump(cmd, body)
                    if not open_to_all:
                        errors.append(f'{op} {form}: taken')
                except Refusal as r:
                    if open_to_all or r.errno != errno.EPERM:
                        errors.append(f'{op} {form}: {r}')
            verdict('without-privilege', errors)
            status = 1 if errors else 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        nltest.failures += 1


def fuzz(rounds):
    """Anything at all. The seed is told so that a failure can be had again."""
    seed = int(os.environ.get('QKDNF_SEED', '0')) or random.randrange(1 << 32)
    rng = random.Random(seed)
    print(f'# fuzz: seed {seed}, {rounds} requests', flush=True)
    all_forms = [f for f in forms() if f[0] != 'node-del']
    taken = 0
    for _ in range(rounds):
        op, form = rng.choice(all_forms)
        parts = [encode(op, n, v) for n, v in base(op, form).items()
                 if rng.random() < 0.9]
        names = form_attrs(op, form)
        for _ in range(rng.randrange(4)):
            if names and rng.random() < 0.8:
                name = rng.choice(names)
                kind = spec_attr(op, name).yaml['type']
                if kind in FORMAT and rng.random() < 0.7:
                    size = struct.calcsize(FORMAT[kind])
                    value = rng.choice([0, 1, 2, 4096, 65535,
                                        rng.getrandbits(8 * size)])
                    payload = value.to_bytes(16, 'little')[:size]
                else:
                    payload = rng.randbytes(rng.randrange(24))
                parts.append(attr(spec_attr(op, name).value, payload))
            else:
                parts.append(attr(rng.randrange(1 << 16),
                                  rng.randbytes(rng.randrange(40))))
        rng.shuffle(parts)
        try:
            if form == 'do':
                flags = rng.choice([0, 0, nltest.NLM_F_REPLACE,
                                    nltest.NLM_F_EXCL, nltest.NLM_F_CREATE])
                raw.do(fam.ops[op].req_value, b''.join(parts), flags=flags)
            else:
                raw.dump(fam.ops[op].req_value, b''.join(parts))
            taken += 1
        except Refusal as r:
            if not r.msg and not (form == 'dump' and MUTE_DUMPS):
                failed('fuzz', f'{op} {form}: refused without a text: {r} '
                       f'(seed {seed})')
                return
    print(f'# fuzz: {taken} taken')
    try:
        fam.do('node-get', {})
        passed('fuzz')
    except NlError as e:
        failed('fuzz', f'no answer after it: {e} (seed {seed})')


def main():
    no_node()
    fam.do('node-set', {'id': A1, 'port': 17717})
    fam.do('peer-new', {'id': A2, 'kind': 'link', 'addr4': '7f000001',
                        'port': 17718})
    fam.do('peer-new', {'id': B1, 'kind': 'remote'})
    fam.do('route-new', {'destination': B1, 'via': A2})
    fam.do('contract-new', {'peer': A2, 'id': 7, 'direction': 'in',
                            'source': B1, 'destination': A1, 'rate': 1000})
    before = snapshot()
    for part in (each_attribute, doubled, missing, foreign, framing, meaning,
                 no_privilege):
        part()
    after = snapshot()
    errors = [f'{k}: was {a}, is {b}' for k in before for a, b in
              itertools.zip_longest(before[k], after[k]) if a != b]
    verdict('refusals-change-nothing', errors)
    fuzz(int(os.environ.get('QKDNF_FUZZ_ROUNDS', '3000')))
    fam.do('node-del', {})
    return 1 if nltest.failures else 0


if __name__ == '__main__':
    sys.exit(main())
