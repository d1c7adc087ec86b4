#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The netlink family of the emulator: what it refuses and how it says so, who
may use it, dumps that resume. Run in a guest, module loaded."""
import errno
import os
import re
import struct
import subprocess
import sys
import time

import emutest as emu
import nltest
from emutest import NSEC, now_ns
from nltest import Raw, Refusal, attr, equal, failed, passed, verdict

PATIENCE = 120          # seconds for what must come: the machine may be busy
SEED = os.urandom(32)
GOOD = {'name': 'good', 'seed': SEED, 'rate': 1000}
NEW, SET, DEL, GET = 1, 2, 3, 4
NESTED = 0x8000
raw = Raw(emu.fam)


def outage(start, duration):
    return {'start': start, 'duration': duration}


def outages(*rows):
    return {'outages': {'outage': [outage(*r) for r in rows]}}


# operation, what differs from a good request (None: left out), error, and what
# the text and the place of the error say
REFUSED = [
    ('link-new', {'name': None}, errno.EINVAL, r'needed.*\[name\]'),
    ('link-new', {'seed': None}, errno.EINVAL, r'needs a seed.*\[seed\]'),
    ('link-new', {'rate': None}, errno.EINVAL, r'needs .*rate.*\[rate\]'),
    ('link-new', {'name': ''}, errno.EINVAL, r'1 to 31 .*\[\.name\]'),
    ('link-new', {'name': 'x' * 32}, errno.EINVAL, r'\[\.name\]'),
    ('link-new', {'name': 'Upper'}, errno.EINVAL, r'a-z.*\[\.name\]'),
    ('link-new', {'name': 'a/b'}, errno.EINVAL, r'a-z.*\[\.name\]'),
    ('link-new', {'name': '..'}, errno.EINVAL, r'a-z.*\[\.name\]'),
    ('link-new', {'name': '-a'}, errno.EINVAL, r'a-z.*\[\.name\]'),
    ('link-new', {'name': 'a b'}, errno.EINVAL, r'a-z.*\[\.name\]'),
    ('link-new', {'name': 'here'}, errno.EEXIST, r'exists.*\[\.name\]'),
    ('link-new', {'seed': bytes(31)}, errno.ERANGE, r'\[\.seed\]'),
    ('link-new', {'seed': bytes(33)}, errno.ERANGE, r'\[\.seed\]'),
    ('link-new', {'ends': 0}, errno.ERANGE, r'\[\.ends\]'),
    ('link-new', {'ends': 4}, errno.ERANGE, r'\[\.ends\]'),
    ('link-new', {'start-time': 0}, errno.ERANGE, r'\[\.start-time\]'),
    ('link-new', {'start-time': 2**62 + 1}, errno.ERANGE,
     r'\[\.start-time\]'),
    ('link-new', {'rate': 0}, errno.ERANGE, r'\[\.rate\]'),
    ('link-new', {'rate': 10**9 + 1}, errno.ERANGE, r'\[\.rate\]'),
    ('link-new', {'block-size': 16}, errno.ERANGE, r'\[\.block-size\]'),
    ('link-new', {'block-size': 65552}, errno.ERANGE, r'\[\.block-size\]'),
    ('link-new', {'block-size': 1000}, errno.EINVAL,
     r'multiple of 16.*\[\.block-size\]'),
    ('link-new', {'depth': 0}, errno.ERANGE, r'\[\.depth\]'),
    ('link-new', {'depth': 2**20 + 1}, errno.ERANGE, r'\[\.depth\]'),
    ('link-new', {'qber': 500001}, errno.ERANGE, r'\[\.qber\]'),
    ('link-new', {'qber-limit': 500001}, errno.ERANGE, r'\[\.qber-limit\]'),
    ('link-new', {'eavesdrop': 1000001}, errno.ERANGE, r'\[\.eavesdrop\]'),
    ('link-new', {'admin': 2}, errno.ERANGE, r'\[\.admin\]'),
    ('link-new', {'end-a': {'loss': 1000001}}, errno.ERANGE, r'loss'),
    ('link-new', {'end-b': {'error': 500001}}, errno.ERANGE, r'error'),
    ('link-new', {'end-b': {'open': 1}}, errno.EINVAL, r'open'),
    ('link-new', {'end-b': {'delivered': 1}}, errno.EINVAL, r'delivered'),
    ('link-new', {'ends': 1, 'end-b': {'loss': 1}}, errno.EINVAL,
     r'not on this machine.*end-b'),
    ('link-new', {'base-index': 2**47, 'base-time': 1}, errno.ERANGE,
     r'base-index'),
    ('link-new', {'base-index': 1}, errno.EINVAL, r'go together.*base-time'),
    ('link-new', {'base-time': 1}, errno.EINVAL, r'go together.*base-index'),
    ('link-new', {'base-time': 0, 'base-index': 1}, errno.ERANGE,
     r'base-time'),
    ('link-new', outages((0, 1)), errno.ERANGE, r'start'),
    ('link-new', outages((1, 0)), errno.ERANGE, r'duration'),
    ('link-new', outages((5, 5), (9, 1)), errno.EINVAL, r'ascending'),
    ('link-new', outages(*((i * 10, 1) for i in range(1, 34))), errno.E2BIG,
     r'at most 32'),
    ('link-new', {'link-id': 5}, errno.EINVAL, r'link-id'),
    ('link-new', {'index': 5}, errno.EINVAL, r'index'),
    ('link-new', {'state': 1}, errno.EINVAL, r'state'),
    ('link-set', {'name': 'nowhere', 'seed': None}, errno.ENOENT,
     r'no such link.*\[\.name\]'),
    ('link-set', {'name': 'here'}, errno.EINVAL, r"link's life.*\[\.seed\]"),
    ('link-set', {'name': 'here', 'seed': None, 'block-size': 32},
     errno.EINVAL, r"link's life.*\[\.block-size\]"),
    ('link-set', {'name': 'here', 'seed': None, 'start-time': 1},
     errno.EINVAL, r"link's life.*\[\.start-time\]"),
    ('link-set', {'name': 'here', 'seed': None, 'ends': 1}, errno.EINVAL,
     r"link's life.*\[\.ends\]"),
    ('link-set', {'name': 'here', 'seed': None, 'base-index': 0,
                  'base-time': 1 << 61}, errno.ERANGE,
     r'future or would rewind.*base-time'),
    ('link-set', {'name': 'here', 'seed': None, 'base-index': 0,
                  'base-time': now_ns()}, errno.ERANGE,
     r'would rewind.*base-time'),
    ('link-del', {'name': 'nowhere', 'seed': None, 'rate': None},
     errno.ENOENT, r'no such link'),
    ('link-del', {'name': 'here', 'seed': None}, errno.EINVAL, r'rate'),
    ('link-del', {'name': None, 'seed': None, 'rate': None}, errno.EINVAL,
     r'\[name\]'),
    ('link-get', {'name': 'nowhere', 'seed': None, 'rate': None},
     errno.ENOENT, r'no such link'),
    ('link-get', {'name': None, 'seed': None, 'rate': None}, errno.EINVAL,
     r'\[name\]'),
]


def still():
    """Everything about links that does not change by itself."""
    out = []
    for link in emu.fam.dump('link-get', {}):
        for name in ('index', 'end-a', 'end-b'):
            link.pop(name, None)
        out.append(link)
    return out


def test_refused():
    emu.fam.do('link-new', {**GOOD, 'name': 'here', 'rate': 10**6,
                            'start-time': now_ns() - 3600 * NSEC})
    before, errors = still(), []
    for op, differs, want, pattern in REFUSED:
        vals = {k: v for k, v in {**GOOD, **differs}.items() if v is not None}
        have, text = emu.refusal(op, vals)
        if have != want:
            errors.append(f'{op} {differs}: error {have}, not {want}: {text}')
        elif not re.search(pattern, text):
            errors.append(f"{op} {differs}: '{text}' lacks '{pattern}'")
    verdict('emu-refused', errors)
    equal('emu-refused-changed-nothing', before, still())


def numbers():
    return {name: a.value for name, a in emu.fam.attr_sets['link'].items()}


def refused_raw(cmd, attrs, **how):
    try:
        raw.do(cmd, attrs, **how)
    except Refusal as e:
        return e
    return None


def test_malformed():
    """What no client that reads the specification would send."""
    n = numbers()
    name = attr(n['name'], b'here\0')
    rate = attr(n['rate'], struct.pack('Q', 1000))
    end = attr(4 | NESTED, b'')
    cases = {
        'twice': (SET, name + rate + rate, n['rate']),
        'name twice': (GET, name + name, n['name']),
        'nested twice': (SET, name + attr(
            n['end-a'] | NESTED, attr(2, b'\1\0\0\0') * 2), 2),
        'not flagged as nested': (SET, name + attr(
            n['end-a'], attr(2, b'\1\0\0\0')), n['end-a']),
        'flagged as nested': (SET, name + attr(
            n['rate'] | NESTED, struct.pack('Q', 1)), n['rate']),
        'u64 of 4 octets': (SET, name + attr(n['rate'], b'\1\0\0\0'),
                            n['rate']),
        'u32 of 8 octets': (SET, name + attr(n['depth'], bytes(8)),
                            n['depth']),
        'name without end': (GET, attr(n['name'], b'here'), n['name']),
        'name in Latin-1': (NEW, attr(n['name'], b'caf\xe9\0') + rate +
                            attr(n['seed'], SEED), n['name']),
        'unknown attribute': (SET, name + attr(99, b''), 99),
        'cut attribute': (SET, name + struct.pack('HH', 40, n['rate']), None),
        'outage without start': (SET, name + attr(
            n['outages'] | NESTED, attr(1 | NESTED, attr(
                3, struct.pack('Q', 5)))), None),
        'outages hold something else': (SET, name + attr(
            n['outages'] | NESTED, end), 4),
    }
    before, errors = still(), []
    for what, (cmd, attrs, place) in cases.items():
        e = refused_raw(cmd, attrs)
        if e is None:
            errors.append(f'{what}: it was taken')
        elif e.errno not in (errno.EINVAL, errno.ERANGE) or \
                not (e.msg or e.miss is not None):
            errors.append(f'{what}: {e}')
        elif place is not None and e.offset is not None:
            sent = raw.message(cmd, attrs)
            at, = struct.unpack_from('H', sent, e.offset + 2)
            if at & 0x3fff != place:
                errors.append(f'{what}: the place is attribute {at & 0x3fff}')
        elif place is not None:
            errors.append(f'{what}: no place')
    try:
        emu.fam.dump('link-get', {'name': 'here'})
        errors.append('dump with a name: it was taken')
    except nltest.NlError as e:
        if 'no attribute' not in (e.nl_msg.extack or {}).get('msg', ''):
            errors.append(f'dump with a name: {e}')
    e = refused_raw(8, b'')
    if e is None or e.errno != errno.EOPNOTSUPP:
        errors.append(f'unknown operation: {e}')
    for cmd in (5, 6, 7):
        if refused_raw(cmd, name) is None:
            errors.append(f'event {cmd} was taken as a request')
    verdict('emu-malformed', errors)
    equal('emu-malformed-changed-nothing', before, still())


def test_settings():
    """What was set is what is read."""
    start = now_ns() + 3600 * NSEC
    want = {'name': 'full', 'ends': {'a', 'b'}, 'start-time': start,
            'rate': 10**9, 'block-size': 65536, 'depth': 1 << 20,
            'qber': 1, 'qber-limit': 500000, 'eavesdrop': 999999,
            'admin': 'down', 'base-time': start + 1, 'base-index': 2**47 - 1,
            'outages': {'outage': [outage(i * 10, 9)
                                   for i in range(1, 33)]}}
    ask = {**want, 'seed': SEED, 'ends': 3, 'admin': 0,
           'end-a': {'loss': 1000000, 'error': 1},
           'end-b': {'loss': 1, 'error': 500000}}
    emu.fam.do('link-new', ask)
    have = emu.get('full')
    for name, value in want.items():
        if name == 'ends':
            have[name] = set(have[name])
        if have[name] != value:
            failed('emu-settings', f'{name}: {have[name]}, not {value}')
            break
    else:
        passed('emu-settings')
    equal('emu-settings-ends', [(1000000, 1), (1, 500000)],
          [(have[e]['loss'], have[e]['error']) for e in ('end-a', 'end-b')])
    emu.change('full', depth=7)
    again = emu.get('full')
    again['ends'] = set(again['ends'])
    equal('emu-set-changes-only-that', {**have, 'depth': 7}, again)
    dumps = b''.join(raw.dump(GET)) + b''.join(
        raw.do(GET, attr(numbers()['name'], b'full\0')))
    equal('emu-seed-never-dumped', (True, False),
          (b'full' in dumps, SEED[:8] in dumps))
    emu.delete('full')


def run_as(prefix, code):
    return subprocess.run(
        prefix + [sys.executable, '-c', 'import sys; sys.path[:0] = '
                  f'{[os.path.dirname(__file__)]!r}\nimport emutest as emu\n'
                  + code], capture_output=True, text=True, check=False)


def test_permission():
    ask = "print(*emu.refusal('link-new', {'name': 'y', 'seed': bytes(32), " \
          "'rate': 1}), *emu.refusal('link-del', {'name': 'here'}), " \
          "emu.get('here')['name'])"
    nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    done = run_as(nobody, ask)
    verdict('emu-permission', [] if re.match(
        rf'{errno.EPERM} .*{errno.EPERM} .*here$', done.stdout.strip()) else
        [done.stdout + done.stderr])
    done = run_as(['unshare', '-Urn'], ask)
    verdict('emu-permission-userns', [] if re.match(
        rf'{errno.EPERM} .*initial user namespace.*{errno.EPERM} .*here$',
        done.stdout.strip()) else [done.stdout + done.stderr])
    done = run_as(['unshare', '-n'], "emu.new('other'); emu.delete('other')")
    verdict('emu-other-network-namespace',
            [done.stderr] if done.returncode else [])


def slab_kib():
    with open('/proc/meminfo', encoding='ascii') as f:
        return int(re.search(r'SUnreclaim:\s+(\d+)', f.read()).group(1))


def test_thousand():
    """Dumps that resume; creation and deletion without a leak."""
    many = [f'm{i}' for i in range(1000)]
    used = []
    for turn in range(3):
        for name in many:
            emu.fam.do('link-new', {**GOOD, 'name': name})
        if turn == 0:
            have = emu.names()
            equal('emu-dump-1000', sorted(many + ['here']), sorted(have))
            # Sockets of their own: the kernel fits its pieces to what a
            # socket ever asked for.
            small = Raw(emu.fam)
            equal('emu-dump-in-pieces', (1001, False),
                  (len(small.dump(GET, size=8192)), small.interrupted))
            gone, spoilt = [], Raw(emu.fam)

            def spoil(count):
                if not gone and count > 20:
                    gone.append('m999')
                    emu.delete('m999')
            spoilt.dump(GET, size=8192, each=spoil)
            equal('emu-dump-interrupted', (['m999'], True),
                  (gone, spoilt.interrupted))
            emu.fam.do('link-new', {**GOOD, 'name': 'm999'})
            equal('emu-thousand-devices', 2000, len(
                [n for n in os.listdir('/dev/qkdemu') if n[0] == 'm']))
        for name in many:
            emu.delete(name)
        used.append(slab_kib())
    # What was deleted is freed when the processors come to it.
    end = time.monotonic() + PATIENCE
    while used[2] - used[1] >= 1024 and time.monotonic() < end:
        time.sleep(0.3)
        used[2] = slab_kib()
    equal('emu-thousand-gone', (['here'], ['here.a', 'here.b']),
          (emu.names(), sorted(os.listdir('/dev/qkdemu'))))
    # A thousand links that leaked would be above a megabyte.
    verdict('emu-thousand-no-leak',
            [] if used[2] - used[1] < 1024 else [f'KiB of slab: {used}'])


if __name__ == '__main__':
    wanted = sys.argv[1:]
    for test in (test_refused, test_malformed, test_settings,
                 test_permission, test_thousand):
        if wanted and test.__name__[5:] not in wanted + ['refused']:
            continue
        try:
            test()
        except Exception as e:      # pylint: disable=broad-except
            failed('emu-' + test.__name__[5:], repr(e).replace('\n', ' '))
    for name in emu.names():
        emu.delete(name)
    sys.exit(1 if nltest.failures else 0)
