# SPDX-License-Identifier: GPL-2.0-or-later
"""How the demo talks: steps with their time, tables, waiting that can be seen."""
import os
import sys
import time

COLOUR = os.environ.get('QKDNF_DEMO_TERMINAL') == '1'
START = time.monotonic()


class Wrong(Exception):
    """What the demo claims does not hold."""


def paint(text, code):
    return f'\033[{code}m{text}\033[0m' if COLOUR else text


def out(text=''):
    print(text, flush=True)


class Step:
    """A numbered step, and the time that it took."""

    count = 0

    def __init__(self, title, why):
        Step.count += 1
        self.begin = time.monotonic()
        out()
        out(paint(f'{Step.count}. {title}', '1') + paint(f'   [{self.begin - START:.0f} s]', '2'))
        for line in why.strip().splitlines():
            out('   ' + paint(line.strip(), '2'))

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is None:
            out(paint(f'   {time.monotonic() - self.begin:.1f} s', '2'))


def proven(text):
    """A claim that was checked and holds."""
    out('   ' + paint('ok', '32') + ' ' + text)


def check(holds, text):
    """Say what holds, or stop."""
    if not holds:
        raise Wrong(text)
    proven(text)


def wait(what, seconds, ask, every=0.5):
    """Until ask() is true, asked every so often; what it was is returned. It may be a
    pair: (false, how far it is), or (true, anything), and then the pair is returned.
    """
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        pair = isinstance(answer, tuple)
        if answer[0] if pair else answer:
            break
        far = answer[1] if pair else ''
        if time.monotonic() > end:
            raise Wrong(f'{what.rstrip(":")}: not within {seconds} s{": " + far if far else ""}')
        if COLOUR:
            sys.stdout.write(f'\r\033[K   {what} {far}'[:100])
            sys.stdout.flush()
        time.sleep(every)
    if COLOUR:
        sys.stdout.write('\r\033[K')
        sys.stdout.flush()
    return answer


def table(titles, rows):
    """Numbers to the right."""
    cells = [titles] + [[f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in row]
                        for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(titles))]
    for number, row in enumerate(cells):
        line = '  '.join(
            cell.rjust(width) if rows and isinstance(rows[0][at], int) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
        out('   ' + (line if number else paint(line, '1')))
