#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Emulated links as their readers see them. Run in a guest, module loaded."""
import ctypes
import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time

import emutest as emu
from emutest import End, EMULATED, GAP, NSEC, RESUMED, STOPPED, now_ns
import nltest
from nltest import equal, failed, passed, verdict

SEED = bytes(range(32))


def keys(blocks):
    return {b.index: b.key for b in blocks if b.size == len(b.key)}


# A machine that others use stands still now and then, for seconds. So what a clock
# says is compared with two looks at the clock, one before and one after; and what
# holds only while nothing stands still has a few turns to hold in.
TURNS = 10


def timed(seconds, end):
    """What an end delivers in so long; the shortest and the longest that this took."""
    before = time.monotonic()
    end.drain()
    begin = time.monotonic()
    blocks = end.drain(seconds)
    last = time.monotonic()
    blocks += end.drain()
    return blocks, last - begin, time.monotonic() - before


def paced(blocks, shortest, longest, rate):
    """Are these as many as come in that time, at so many a second?"""
    return [] if shortest * rate - 2 <= len(blocks) <= longest * rate + 2 else \
        [f'{len(blocks)} blocks in {shortest:.2f} to {longest:.2f} s, at {rate} a second']


def consecutive(blocks):
    return all(y.index == x.index + 1 for x, y in zip(blocks, blocks[1:]))


def test_streams():
    """Both ends the same blocks, those that OpenSSL computes."""
    start = now_ns() - 3600 * NSEC
    emu.new('s', SEED, start_time=start)
    with End('s', 'a') as a, End('s', 'b') as b:
        time.sleep(1.5)
        at_a, at_b = a.drain(), b.drain()
    link = emu.get('s')
    both = sorted(keys(at_a).keys() & keys(at_b).keys())
    verdict('emu-streams-equal',
            [] if len(both) > 50 else [f'only {len(both)} blocks at both'])
    verdict('emu-streams-bits', [
        f'block {i} differs' for i in both if keys(at_a)[i] != keys(at_b)[i]])
    verdict('emu-streams-order', [] if consecutive(at_a) and
            consecutive(at_b) and len(keys(at_a)) == len(at_a) else
            ['a gap or a repetition'])
    lkey = emu.link_key(SEED, start, 1024)
    verdict('emu-openssl', [
        f'block {i} is not what OpenSSL computes' for i in both[:2] + both[-2:]
        if keys(at_a)[i] != emu.key_of(lkey, i, 1024)])
    ident = int.from_bytes(emu.openssl(lkey, 0, 1, 0, 8), 'little')
    equal('emu-link-id', (ident, ident), (at_a[0].link, link['link-id']))
    verdict('emu-block-time', [
        f'block {b.index} at {b.time_ns}' for b in at_a + at_b
        if b.time_ns != emu.due(b.index, 0, start, 409600, 1024) or
        b.time_ns > now_ns()])
    equal('emu-first-block', (EMULATED, 0, 1024),
          (at_a[0].flags, at_a[0].reason, at_a[0].size))
    low, index, high = now_ns(), emu.get('s')['index'], now_ns()
    verdict('emu-index-follows-clock', [] if
            (low - start) * 50 // NSEC <= index <= (high - start) * 50 // NSEC
            else [f'index {index}'])

    # another machine: one end only, under another name
    emu.new('s2', SEED, start_time=start, ends=1)
    with End('s2', 'a') as c, End('s', 'b') as b:
        time.sleep(0.5)
        at_c, at_b = keys(c.drain()), keys(b.drain())
    both = at_c.keys() & at_b.keys()
    equal('emu-two-machines', (True, True),
          (len(both) > 5, all(at_c[i] == at_b[i] for i in both)))
    equal('emu-one-end-only', False, os.path.exists('/dev/qkdemu/s2.b'))
    emu.new('s3', SEED, start_time=start, block_size=512)
    emu.new('s4', SEED, start_time=start + 1)
    equal('emu-other-size-other-bits', 3,
          len({emu.get(n)['link-id'] for n in ('s', 's3', 's4')}))
    for name in ('s', 's2', 's3', 's4'):
        emu.delete(name)


def test_rate():
    emu.new('r', rate=819200)
    with End('r', 'a') as a:
        verdict('emu-rate', paced(*timed(4, a), 100))
    emu.change('r', rate=81920)
    with End('r', 'a') as a:
        blocks, *times = timed(4, a)
    verdict('emu-rate-changed', paced(blocks, *times, 10) +
            ([] if consecutive(blocks) else ['a gap']))
    emu.delete('r')


def test_overflow():
    emu.new('o', rate=32768, depth=8)
    time.sleep(3.5)
    emu.change('o', admin='down')
    with End('o', 'a') as a:
        a.drain()
    equal('emu-overflow-before-open-is-no-news', (True, []),
          (emu.get_end('o', 'a')['overflow'] > 0, events('overflow-ntf')))
    emu.delete('o')
    # a reads all the time, b not at all: two seconds are held for each
    for _ in range(TURNS):
        emu.new('o', rate=163840, depth=40)
        with End('o', 'a') as a, End('o', 'b') as b:
            at_a, reads, end = [], [time.monotonic()], time.monotonic() + 5
            while time.monotonic() < end:
                at_a += a.read(64)
                reads.append(time.monotonic())
                time.sleep(0.02)
            emu.change('o', admin='down')
            at_a += a.drain()
            reads.append(time.monotonic())
            at_b = b.drain()
            event = [n['msg'] for n in events('overflow-ntf')]
        if max(y - x for x, y in zip(reads, reads[1:])) < 1.5:
            break
        emu.delete('o')     # a could not read for so long
    a_end, b_end = emu.get_end('o', 'a'), emu.get_end('o', 'b')
    equal('emu-overflow-other-end', (0, True),
          (a_end['overflow'], consecutive(at_a)))
    equal('emu-overflow-drops-oldest', (True, True),
          (len(at_b) in (40, 41), at_b[0].index >= at_a[-1].index - 40))
    equal('emu-overflow-counted', at_b[0].index, b_end['overflow'])
    equal('emu-overflow-gap-flag', (GAP, 0),
          (at_b[0].flags & GAP, at_b[1].flags & GAP))
    equal('emu-overflow-event', [('o', True, False)],
          [(e['name'], 'end-b' in e, 'end-a' in e) for e in event])
    # next-index passes over what would come while the link is down, too
    equal('emu-overflow-books', (at_b[-1].index + 1, True),
          (b_end['overflow'] + b_end['delivered'],
           b_end['next-index'] > at_b[-1].index))
    emu.delete('o')


def test_loss():
    start = now_ns() - NSEC
    emu.new('l', SEED, start_time=start, rate=819200,
            end_b={'loss': 300000})
    with End('l', 'a') as a, End('l', 'b') as b:
        time.sleep(3)
        at_a, at_b = a.drain(), b.drain()
    first, last = at_a[0].index, min(at_a[-1].index, at_b[-1].index)
    span = last - first + 1
    have = {i for i in keys(at_b) if i <= last}
    share = 1 - len(have) / span
    verdict('emu-loss-share', [] if span > 200 and 0.2 < share < 0.4 else
            [f'{share:.2f} of {span} lost'])
    verdict('emu-loss-same-bits', [
        f'block {i}' for i in have if keys(at_a)[i] != keys(at_b)[i]])
    lkey = emu.link_key(SEED, start, 1024)
    verdict('emu-loss-as-documented', [
        f'block {i}' for i in range(first, first + 6)
        if emu.lost(lkey, 1, i, 300000) == (i in have)])
    end = emu.get_end('l', 'b')
    equal('emu-loss-books', end['next-index'] - at_a[0].index,
          end['lost'] + end['delivered'] + end['overflow'])
    emu.change('l', end_b={'loss': 1000000})
    with End('l', 'b') as b:
        b.drain()
        time.sleep(0.5)
        equal('emu-loss-total', [], b.drain())
    emu.delete('l')


def test_errors():
    start = now_ns() - NSEC
    emu.new('e', SEED, start_time=start, rate=819200, end_b={'error': 1000})
    with End('e', 'a') as a, End('e', 'b') as b:
        time.sleep(0.7)
        at_a, at_b = keys(a.drain()), keys(b.drain())
    both = sorted(at_a.keys() & at_b.keys())[:60]
    wrong = sum(bin(x ^ y).count('1') for i in both
                for x, y in zip(at_a[i], at_b[i]))
    share = wrong / (len(both) * 8192)
    verdict('emu-errors-share', [] if len(both) > 30 and
            0.0007 < share < 0.0013 else [f'{share:.5f} of {len(both)}'])
    lkey = emu.link_key(SEED, start, 1024)
    equal('emu-errors-other-end-clean', emu.key_of(lkey, both[0], 1024),
          at_a[both[0]])
    emu.delete('e')


def test_outages():
    emu.new('d')
    with End('d', 'a') as a, End('d', 'b') as b:
        time.sleep(0.3)
        moments = [now_ns()]
        emu.change('d', admin='down')
        moments.append(now_ns())
        state = emu.get('d')['state']
        time.sleep(1)
        moments.append(now_ns())
        emu.change('d', admin='up')
        moments.append(now_ns())
        time.sleep(0.5)
        at_a, at_b = a.drain(), b.drain()
    equal('emu-down-state', 'down', state)
    last = min(at_a[-1].index, at_b[-1].index)
    equal('emu-down-same-at-both', [i for i in keys(at_a) if i <= last],
          [i for i in keys(at_b) if i <= last])
    gaps = [(x, y) for x, y in zip(at_a, at_a[1:]) if y.index != x.index + 1]
    equal('emu-down-one-gap', (1, [GAP]),
          (len(gaps), [y.flags & GAP for _, y in gaps]))
    skipped = gaps[0][1].index - gaps[0][0].index - 1 if gaps else 0
    least = (moments[2] - moments[1]) * 50 // NSEC - 1
    most = (moments[3] - moments[0]) * 50 // NSEC + 1
    verdict('emu-down-skips-by-clock', [] if least <= skipped <= most else
            [f'{skipped} blocks skipped, not {least} to {most}'])

    for _ in range(TURNS):
        with End('d', 'a') as a:
            a.drain()
        start = now_ns() + NSEC
        plan = [{'start': start, 'duration': NSEC},
                {'start': start + 2 * NSEC, 'duration': NSEC // 2}]
        emu.change('d', outages={'outage': plan})
        in_time = now_ns() < start
        dumped = emu.get('d')['outages']['outage']
        with End('d', 'a') as a:
            emu.sleep_until(start + NSEC // 4)
            state = emu.get('d')['state']
            in_time &= now_ns() < start + NSEC
            emu.sleep_until(start + 3 * NSEC)
            blocks = a.drain()
        if in_time:
            break
    equal('emu-outages-dumped', plan, dumped)
    equal('emu-outage-state', 'outage', state)
    verdict('emu-outage-no-blocks', [
        f'block {b.index}' for b in blocks for o in plan
        if o['start'] <= b.time_ns < o['start'] + o['duration']])
    outside = [i for i in range(blocks[0].index, blocks[-1].index + 1)
               if i not in keys(blocks)]
    verdict('emu-outage-blocks-around', [] if 70 <= len(outside) <= 80 else
            [f'{len(outside)} blocks missing, expected 75'])
    emu.change('d', outages={})
    equal('emu-outages-cleared', {}, emu.get('d')['outages'] or {})
    emu.delete('d')


def listened(name):
    """Events of a kind since the last events() of it."""
    listener.check_ntf()
    return [n for n in listener.async_msg_queue if n['name'] == name]


def events(name):
    """The same, for the last time."""
    out = listened(name)
    listener.async_msg_queue = [
        n for n in listener.async_msg_queue if n['name'] != name]
    return out


def test_eavesdropper():
    emu.new('q', qber=20000)
    with End('q', 'a') as a, End('q', 'b', block=True) as b:
        emu.change('q', eavesdrop=200000)
        time.sleep(0.3)
        blocks = a.drain()
        equal('emu-eavesdrop-a-little', (70000, 0, 'up'),
              (blocks[-1].qber, blocks[-1].reason, emu.get('q')['state']))
        before = now_ns()
        emu.change('q', eavesdrop=1000000)
        after = now_ns()
        link = emu.get('q')
        equal('emu-eavesdrop-state', ('stopped', 'qber', 270000),
              (link['state'], link['reason'], link['qber-now']))
        stop = a.drain()[-1]
        equal('emu-eavesdrop-told', (STOPPED | EMULATED, 1, 270000, b''),
              (stop.flags, stop.reason, stop.qber, stop.key))
        verdict('emu-eavesdrop-told-when', [] if
                before <= stop.time_ns <= after else
                [f'{stop.time_ns}, not {before} to {after}'])
        time.sleep(0.5)
        equal('emu-eavesdrop-nothing-more', [], a.drain())
        poll = select.poll()
        poll.register(a.fd, select.POLLIN)
        equal('emu-eavesdrop-no-poll', [], poll.poll(300))
        a.close()
        with End('q', 'a') as again:
            equal('emu-eavesdrop-told-again', [STOPPED | EMULATED],
                  [x.flags for x in again.drain()])
            emu.change('q', eavesdrop=0)
            time.sleep(0.3)
            resumed = again.drain()
        equal('emu-eavesdrop-resumed',
              (RESUMED | EMULATED, 20000, True, True),
              (resumed[0].flags, resumed[0].qber, len(resumed) > 1,
               all(x.index >= resumed[0].index and x.key and x.flags & GAP ==
                   (GAP if x is resumed[1] else 0) for x in resumed[1:])))
        # The other end read nothing meanwhile, and finds both in their place.
        at_b = []
        while not any(x.flags & RESUMED for x in at_b):
            at_b += b.read(64)
        at = [i for i, x in enumerate(at_b) if x.flags & (STOPPED | RESUMED)]
        equal('emu-eavesdrop-late-reader', (2, [STOPPED, RESUMED], stop.index),
              (len(at), [at_b[i].flags & 3 for i in at], at_b[at[0]].index))
    # Down while stopped is no news; up without the eavesdropper is.
    emu.change('q', eavesdrop=1000000)
    emu.change('q', admin='down')
    emu.change('q', eavesdrop=0)
    equal('emu-eavesdrop-down-silent', 1, len(listened('link-resumed-ntf')))
    emu.change('q', admin='up')
    equal('emu-eavesdrop-up-says', 2, len(listened('link-resumed-ntf')))
    stopped = listened('link-stopped-ntf')
    equal('emu-eavesdrop-events', (['q'] * 2, ['qber'] * 2, ['q'] * 2),
          ([n['msg']['name'] for n in events('link-stopped-ntf')],
           [n['msg']['reason'] for n in stopped],
           [n['msg']['name'] for n in events('link-resumed-ntf')]))
    emu.delete('q')


def errno_of(call, *args):
    try:
        call(*args)
    except OSError as e:
        return e.errno
    return 0


def test_file():
    emu.new('f', rate=8192)
    with End('f', 'a') as a:
        equal('emu-one-reader', errno.EBUSY,
              errno_of(os.open, '/dev/qkdemu/f.a', os.O_RDONLY))
        equal('emu-short-buffer', errno.EMSGSIZE,
              errno_of(os.read, a.fd, 64 + 1023))
        time.sleep(1.2)
        before = emu.get_end('f', 'a')
        errno_of(os.read, a.fd, 64 + 1023)
        equal('emu-short-buffer-consumes-nothing',
              (before['next-index'], before['delivered']),
              (emu.get_end('f', 'a')['next-index'],
               emu.get_end('f', 'a')['delivered']))
        first = a.drain()
        # a block may just have come
        again = [errno_of(os.read, a.fd, 64 + 1024) for _ in range(TURNS)]
        verdict('emu-nonblocking', [] if errno.EAGAIN in again and
                set(again) <= {0, errno.EAGAIN} else [f'{again}'])
        equal('emu-no-module-unload', True, subprocess.run(
            ['rmmod', 'qkdemu'], capture_output=True,
            check=False).returncode != 0)
    equal('emu-no-writer', errno.EACCES,
          errno_of(os.open, '/dev/qkdemu/f.a', os.O_RDWR))
    equal('emu-mode', 0o20600, os.stat('/dev/qkdemu/f.a').st_mode)
    with End('f', 'a') as a:
        equal('emu-open-again-no-repeat', True,
              all(x.index > first[-1].index for x in a.drain(1.2)))

    # poll sleeps until a block is due, and not longer
    with End('f', 'b') as b:
        poll = select.poll()
        poll.register(b.fd, select.POLLIN)
        early, late, usage = [], [], []
        for _ in range(TURNS):
            b.drain()
            used = os.times().system
            if not poll.poll(60000):
                early.append('it never woke')
                break
            woke = now_ns()
            usage.append(os.times().system - used)
            got = b.read(64)
            if not got or woke < got[0].time_ns:
                early.append('it woke for nothing')
            else:
                late.append((woke - got[0].time_ns) / NSEC)
            if len(late) >= 3 and min(late) < 0.3 and min(usage) < 0.3:
                break
        verdict('emu-poll-wakes', early or ([] if min(late) < 0.3 else
                [f'late by {late} s']))
        verdict('emu-poll-sleeps', [] if min(usage) < 0.3 else
                [f'it spins: {usage}'])
        e = select.epoll()
        e.register(b.fd, select.EPOLLIN | select.EPOLLET)
        wakes = [bool(e.poll(60)) and len(b.drain()) for _ in range(3)]
        verdict('emu-epoll-edge', [] if all(x is not False for x in wakes) and
                sum(wakes) >= 2 else [f'{wakes}'])
        e.close()
    emu.delete('f')

    # a blocking read sleeps, and whole blocks come back as many as fit
    emu.new('g')
    with End('g', 'a', block=True) as a:
        blocks, times = [], []
        for _ in range(50):
            blocks += a.read()
            times.append(now_ns())
        late = [(t - b.time_ns) / NSEC for t, b in zip(times, blocks)]
        verdict('emu-blocking-read', [] if consecutive(blocks) and
                min(late) >= 0 and min(late) < 0.3 else
                [f'50 blocks were late by {min(late):.2f} to {max(late):.2f} s'])
        time.sleep(0.5)
        equal('emu-many-in-one-read', (4, True),
              (len(got := a.read(4)), consecutive(got)))
        equal('emu-no-seek', errno.ESPIPE,
              errno_of(os.lseek, a.fd, 0, os.SEEK_SET))

        # a buffer that cannot be written: the block is gone, never repeated
        before = emu.get_end('g', 'a')['delivered']
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        page = libc.mmap(None, 4096, 0, 0x22, -1, 0)
        ret = libc.read(a.fd, ctypes.c_void_p(page), 4096)
        equal('emu-fault', (-1, errno.EFAULT, 1),
              (ret, ctypes.get_errno(),
               emu.get_end('g', 'a')['delivered'] - before))
        after = a.read()[0]
        equal('emu-fault-gap', got[-1].index + 2, after.index)

    # a signal ends the wait
    emu.change('g', rate=1)
    with End('g', 'b', block=True) as b:
        fcntl.fcntl(b.fd, fcntl.F_SETFL, os.O_NONBLOCK)
        b.drain()
        fcntl.fcntl(b.fd, fcntl.F_SETFL, 0)
        signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            b.read()
            failed('emu-signal', 'it read something')
        except InterruptedError:
            passed('emu-signal')
    emu.delete('g')


def interrupt(*_):
    raise InterruptedError


def test_future():
    for _ in range(TURNS):
        start = now_ns() + 2 * NSEC
        emu.new('w', start_time=start)
        link = emu.get('w')
        if now_ns() < start:
            break
        emu.delete('w')
    equal('emu-future-waits', ('waiting', 0), (link['state'], link['index']))
    with End('w', 'a', block=True) as a:
        block = a.read()[0]
        equal('emu-future-begins', (0, start + NSEC // 50, True),
              (block.index, block.time_ns, now_ns() >= block.time_ns))
    equal('emu-future-up', 'up', emu.get('w')['state'])
    emu.delete('w')


def test_delete():
    emu.new('x', rate=1)
    a = End('x', 'a', block=True)
    result = []
    thread = threading.Thread(target=lambda: result.append(
        errno_of(os.read, a.fd, 4096)))
    thread.start()
    time.sleep(0.5)
    emu.delete('x')
    thread.join(120)
    equal('emu-delete-wakes-reader', [errno.ENODEV], result)
    poll = select.poll()
    poll.register(a.fd, select.POLLIN)
    equal('emu-delete-hangs-up', True,
          bool(poll.poll(0)[0][1] & select.POLLHUP))
    equal('emu-delete-node-gone', False, os.path.exists('/dev/qkdemu/x.a'))

    # the name is free at once, though the old file is still open
    emu.new('x')
    with End('x', 'a', block=True) as fresh:
        equal('emu-name-again', True, len(fresh.read()[0].key) == 1024)
        equal('emu-old-file-stays-dead', errno.ENODEV,
              errno_of(os.read, a.fd, 4096))
    a.close()
    emu.delete('x')


def test_restart():
    """A link that is deleted and created again repeats nothing."""
    seed, start = os.urandom(32), now_ns() - 60 * NSEC
    emu.new('t', seed, start_time=start)
    with End('t', 'a') as a:
        time.sleep(0.5)
        last = a.drain()[-1].index
    emu.delete('t')
    emu.new('t', seed, start_time=start)
    with End('t', 'a', block=True) as a:
        first = a.read()[0].index
        equal('emu-restart-goes-on', True, last < first < last + 5000)
    # the same with a rate that had been higher: by the clock it would rewind
    # (so far ahead of the clock that this takes 20 s and more to come there)
    emu.change('t', rate=409600 * 20)
    with End('t', 'a') as a:
        time.sleep(1)
        last = a.drain()[-1].index
    emu.delete('t')
    emu.new('t', seed, start_time=start)
    link = emu.get('t')
    equal('emu-restart-no-rewind', (True, True, True),
          (link['end-a']['next-index'] > last,
           link['end-b']['next-index'] > last, link['index'] < last))
    with End('t', 'a') as a:
        equal('emu-restart-silent-until-then', [], a.drain(0.3))
    emu.delete('t')


def test_rebase():
    start = now_ns() - 60 * NSEC
    emu.new('b', start_time=start)
    asked, index = now_ns(), emu.get('b')['index']
    base = now_ns()
    emu.change('b', base_time=base, base_index=index + 5000, rate=819200)
    changed = now_ns()
    link = emu.get('b')
    equal('emu-rebase', (base, index + 5000, True),
          (link['base-time'], link['base-index'],
           index + 5000 <= link['index'] <=
           index + 5000 + (now_ns() - base) * 100 // NSEC))
    with End('b', 'a') as a:
        time.sleep(0.3)
        blocks = a.drain()
    jumped = [x.index for x in blocks if x.index >= index + 5000]
    verdict('emu-rebase-jump', [] if len(jumped) > 10 and
            not [x for x in blocks if index + 50 * (changed - asked) // NSEC + 1 <
                 x.index < index + 5000]
            else ['blocks out of nowhere'])
    verdict('emu-rebase-times', [
        f'block {x.index}' for x in blocks if x.index in jumped and
        x.time_ns != emu.due(x.index, index + 5000, base, 819200, 1024)])

    # more changes than are kept: what was left unread goes, order stays
    with End('b', 'a') as a:
        for i in range(150):
            emu.change('b', qber=i)
        time.sleep(0.3)
        blocks = a.drain()
    verdict('emu-many-changes', [] if
            all(x.index < y.index for x, y in zip(blocks, blocks[1:])) and
            blocks[-1].qber == 149 else ['out of order'])
    end = emu.get_end('b', 'b')
    with End('b', 'b') as b:
        blocks = b.drain()
    verdict('emu-many-changes-late-reader', [] if blocks and
            blocks[0].index >= end['next-index'] else ['nothing left'])
    emu.delete('b')


def worker(work, seconds):
    """A process that does work() over and over; its errors come back."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    problem = ''
    emu.fam = emu.family()      # a netlink socket of its own
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            work()
    except Exception as e:      # pylint: disable=broad-except
        problem = f'{work.__name__}: {e!r}'
    os.write(write, problem.encode()[:4000])
    os._exit(0)


def tolerate(call, *args, **more):
    """What goes wrong because somebody else deleted or made the link."""
    try:
        call(*args, **more)
    except emu.NlError as e:
        if e.error not in (errno.ENOENT, errno.EEXIST):
            raise
    except OSError as e:
        if e.errno not in (errno.ENOENT, errno.ENODEV, errno.EBUSY,
                           errno.ENXIO):
            raise


def test_stress():
    """Links come and go under readers, changes and dumps, on all processors."""
    seen = {}

    def come_and_go():
        tolerate(emu.new, 'z', rate=10**8)
        time.sleep(0.01)
        tolerate(emu.delete, 'z')

    def read_a(end='a'):
        with End('z', end) as reader:
            for block in reader.drain(0.03):
                if block.index <= seen.get(block.link, -1):
                    raise ValueError(f'block {block.index} repeated')
                # A status block stands before the key block of its index.
                if block.key:
                    seen[block.link] = block.index

    def reader():
        tolerate(read_a)

    def other_reader():
        tolerate(read_a, 'b')

    def changer():
        tolerate(emu.change, 'z', rate=10**7, eavesdrop=10**6)
        tolerate(emu.change, 'z', eavesdrop=0, depth=5)

    def dumper():
        emu.names()

    errors = []
    for pid, read in [worker(w, 10) for w in (come_and_go, reader,
                                              other_reader, changer, dumper)]:
        problem = os.read(read, 4096).decode()
        os.waitpid(pid, 0)
        os.close(read)
        if problem:
            errors.append(problem)
    verdict('emu-stress', errors)
    tolerate(emu.delete, 'z')


if __name__ == '__main__':
    listener = emu.family()
    listener.ntf_subscribe('events')
    wanted = sys.argv[1:]
    for test in (test_streams, test_rate, test_overflow, test_loss,
                 test_errors, test_outages, test_eavesdropper, test_file,
                 test_future, test_delete, test_restart, test_rebase,
                 test_stress):
        if wanted and test.__name__[5:] not in wanted:
            continue
        try:
            test()
        except Exception as e:      # pylint: disable=broad-except
            failed('emu-' + test.__name__[5:], repr(e).replace('\n', ' '))
            for name in emu.names():
                emu.delete(name)
    equal('emu-none-left', [], emu.names())
    sys.exit(1 if nltest.failures else 0)
