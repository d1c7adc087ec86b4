#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the netlink specifications into tables for libqkdnf.

    gen-spec.py [--check]

Writes spec-qkdnf.c, spec-qkdemu.c and spec-tables.h beside itself from
tools/netlink/*.yaml. With --check nothing is written, and a file that differs
is an error. What an attribute means beyond its type (is this u64 a node id, a
time, a rate?) stands in FORMATS below: the specification has no word for it.
"""
import os
import re
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
FAMILIES = ('qkdnf', 'qkdemu')
LIMIT = {'u8': 2**8 - 1, 'u16': 2**16 - 1, 'u32': 2**32 - 1, 'u64': 2**64 - 1,
         's32': 2**31 - 1}

# set.attribute, or attribute for every set: how people read and write it
FORMATS = {
    'node.id': 'NODE', 'peer.id': 'NODE', 'peer': 'NODE', 'via': 'NODE',
    'backup': 'NODE', 'destination': 'NODE', 'contract.source': 'NODE',
    'origin': 'NODE', 'nak-node': 'NODE',
    'incarnation': 'HEX', 'peer-incarnation': 'HEX', 'link-id': 'HEX',
    'mem-max': 'OCTETS', 'mem-used': 'OCTETS', 'pool-max': 'OCTETS',
    'low': 'OCTETS', 'high': 'OCTETS', 'own-level': 'OCTETS',
    'other-level': 'OCTETS', 'held': 'OCTETS', 'volume': 'OCTETS',
    'burst': 'OCTETS', 'accepted': 'OCTETS', 'sent': 'OCTETS',
    'peer-accepted': 'OCTETS', 'mark-accepted': 'OCTETS',
    'mark-sent': 'OCTETS', 'mark-peer-accepted': 'OCTETS',
    'octets': 'OCTETS', 'block': 'OCTETS', 'block-size': 'OCTETS',
    'relay.sent': 'PLAIN', 'control-octets': 'OCTETS', 'rx-octets': 'OCTETS',
    'tx-octets': 'OCTETS', 'books.in': 'OCTETS', 'books.spent': 'OCTETS',
    'books.erased': 'OCTETS',
    'max-rate': 'RATE', 'income': 'RATE', 'contract.rate': 'RATE',
    'flow.rate': 'RATE', 'allowed': 'RATE', 'demand': 'RATE',
    'allowed-rate': 'RATE', 'link.rate': 'BITRATE',
    'hello-ms': 'MS', 'last-heard-ms': 'MS', 'last-block-ms': 'MS',
    'last-ms': 'MS', 'rtt-us': 'US', 'ttl': 'SECONDS',
    'node.start-time': 'TIME', 'expiry': 'TIME', 'time-ns': 'TIME_NS',
    'link.start-time': 'TIME_NS', 'base-time': 'TIME_NS',
    'outage.start': 'TIME_NS', 'duration': 'NS',
    'qber-ppm': 'PPM', 'qber': 'PPM', 'qber-limit': 'PPM',
    'qber-now': 'PPM', 'eavesdrop': 'PPM', 'loss': 'PPM', 'error': 'PPM',
    'soft-octets': 'OCTETS', 'hard-octets': 'OCTETS', 'key-octets': 'OCTETS',
    'out-octets': 'OCTETS', 'in-octets': 'OCTETS', 'out-spi': 'HEX',
    'in-spi': 'HEX', 'out-age-ms': 'MS', 'in-age-ms': 'MS',
    'soft-seconds': 'SECONDS', 'hard-seconds': 'SECONDS', 'esn': 'BOOL', 'mapped': 'BOOL',
    'border': 'BOOL', 'open': 'BOOL', 'label': 'LABEL',
}


def ident(text):
    return text.replace('-', '_')


def quoted(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


class Family:
    def __init__(self, name):
        self.spec_path = f'tools/netlink/{name}.yaml'
        with open(os.path.join(ROOT, self.spec_path), encoding='utf-8') as f:
            y = yaml.safe_load(f)
        self.name = y['name']
        self.version = y.get('version', 1)
        self.group = y['mcast-groups']['list'][0]['name']
        self.sets = y['attribute-sets']
        self.ops = y['operations']['list']
        self.consts = {d['name']: d['value'] for d in y['definitions']
                       if d['type'] == 'const'}
        self.enums = [d for d in y['definitions'] if d['type'] != 'const']
        # The tables of the main family have short names.
        self.prefix = '' if name == 'qkdnf' else re.sub('^qkd', '', name) + '_'

    def sym(self, kind, name):
        return f'qn_{kind}_{self.prefix}{ident(name)}'

    def set_of(self, name):
        return next(s for s in self.sets if s['name'] == name)

    def macro(self, aset, attr):
        if 'name-prefix' in aset:
            return ident(aset['name-prefix'] + attr).upper()
        return ident(f"{self.name}-a-{aset['name']}-{attr}").upper()

    def max_macro(self, aset):
        if 'name-prefix' in aset:
            return ident(aset['name-prefix'] + 'max').upper()
        return ident(f"{self.name}-a-{aset['name']}-max").upper()

    def number(self, value):
        return self.consts[value] if isinstance(value, str) else value

    def format_of(self, aset, attr):
        for key in (f"{aset['name']}.{attr['name']}", attr['name']):
            if key in FORMATS and not ('enum' in attr):
                return FORMATS[key]
        if attr.get('display-hint') in ('ipv4', 'ipv6'):
            return 'ADDR'
        return 'PLAIN'

    def attr_entry(self, aset, a):
        f = [f'.name = {quoted(a["name"])}', f'.type = QN_{a["type"].upper()}']
        fmt = self.format_of(aset, a)
        if fmt != 'PLAIN':
            f.append(f'.format = QN_FMT_{fmt}')
        if a.get('multi-attr'):
            f.append('.multi = true')
        if 'enum' in a:
            f.append(f'.values = &{self.sym("enum", a["enum"])}')
        if a['type'] == 'nest':
            f.append(f'.nest = &{self.sym("set", a["nested-attributes"])}')
        c = a.get('checks', {})
        if 'min' in c:
            f.append(f'.min = {self.number(c["min"])}ULL')
        if a['type'] in LIMIT:
            top = self.number(c.get('max', LIMIT[a['type']]))
            if 'enum' in a and not 'max' in c:
                top = 0
            if top:
                f.append(f'.max = {top}ULL')
        if 'max-len' in c:
            f.append(f'.max = {self.number(c["max-len"])}')
        if 'exact-len' in c:
            n = self.number(c['exact-len'])
            f += [f'.min = {n}', f'.max = {n}']
        lines, line = [], '\t\t'
        for i, part in enumerate(f):
            part += ',' if i < len(f) - 1 else ''
            if len(line.expandtabs(8)) + len(part) > 96:
                lines.append(line.rstrip())
                line = '\t\t'
            line += part + ' '
        lines.append(line.rstrip())
        return [f'\t[{self.macro(aset, a["name"])}] = {{'] + lines + ['\t},']

    def mask(self, op, form, side):
        part = op.get(form)
        names = ((part or {}).get(side) or {}).get('attributes', [])
        aset = self.set_of(op['attribute-set'])
        return [f'QN_BIT({self.macro(aset, n)})' for n in names]

    def source(self):
        o = ['// SPDX-License-Identifier: GPL-2.0-or-later', '/*',
             f' * Generated from {self.spec_path} by userspace/lib/gen-spec.py.',
             ' */', f'#include <linux/{self.name}.h>', '',
             '#include "spec.h"', '']
        for e in self.enums:
            names = [v if isinstance(v, str) else v['name']
                     for v in e['entries']]
            o += [f'static const char *const {self.prefix}{ident(e["name"])}_names[] = {{']
            o += [f'\t{quoted(n)},' for n in names]
            o += ['};', '',
                  f'const struct qn_enum {self.sym("enum", e["name"])} = {{',
                  f'\t.name = {quoted(e["name"])},',
                  f'\t.names = {self.prefix}{ident(e["name"])}_names,',
                  f'\t.count = {len(names)},']
            if e['type'] == 'flags':
                o += ['\t.flags = true,']
            o += ['};', '']
        for s in self.sets:
            o += [f'static const struct qn_attr {self.prefix}{ident(s["name"])}_attrs[] = {{']
            for a in s['attributes']:
                if a['type'] != 'pad':
                    o += self.attr_entry(s, a)
            o += ['};', '',
                  f'const struct qn_set {self.sym("set", s["name"])} = {{',
                  f'\t.name = {quoted(s["name"])},',
                  f'\t.attrs = {self.prefix}{ident(s["name"])}_attrs,',
                  f'\t.max = {self.max_macro(s)},', '};', '',
                  f'_Static_assert({self.max_macro(s)} < 64, "presence is 64 bits");', '']
        o += [f'static const struct qn_op {self.name}_ops[] = {{']
        for op in self.ops:
            cmd = ident(f"{self.name}-cmd-{op['name']}").upper()
            o += [f'\t[{cmd}] = {{', f'\t\t.name = {quoted(op["name"])},',
                  f'\t\t.set = &{self.sym("set", op["attribute-set"])},']
            for field, form in (('request', 'do'), ('dump_request', 'dump')):
                bits = self.mask(op, form, 'request')
                if bits:
                    o += [f'\t\t.{field} =']
                    o += ['\t\t\t' + b + (' |' if i < len(bits) - 1 else ',')
                          for i, b in enumerate(bits)]
            o += ['\t},']
        top = ident(f'{self.name}-cmd-max').upper()
        o += ['};', '', f'const struct qn_family qn_family_{self.name} = {{',
              f'\t.name = {quoted(self.name)},',
              f'\t.version = {self.version},',
              f'\t.group = {quoted(self.group)},',
              f'\t.ops = {self.name}_ops,', f'\t.max = {top},', '};', '']
        return '\n'.join(o)

    def declarations(self):
        o = [f'/* {self.spec_path} */']
        o += [f'extern const struct qn_enum {self.sym("enum", e["name"])};'
              for e in self.enums]
        o += [f'extern const struct qn_set {self.sym("set", s["name"])};'
              for s in self.sets]
        o += [f'extern const struct qn_family qn_family_{self.name};', '']
        return o


def main():
    check = sys.argv[1:] == ['--check']
    if sys.argv[1:] and not check:
        sys.exit('usage: gen-spec.py [--check]')
    files = {}
    header = ['/* SPDX-License-Identifier: GPL-2.0-or-later */',
              '/* Generated by userspace/lib/gen-spec.py; included by spec.h. */',
              '#ifndef QN_SPEC_TABLES_H', '#define QN_SPEC_TABLES_H', '']
    for name in FAMILIES:
        family = Family(name)
        files[f'spec-{name}.c'] = family.source()
        header += family.declarations()
    files['spec-tables.h'] = '\n'.join(header + ['#endif', ''])
    stale = []
    for name, text in files.items():
        path = os.path.join(HERE, name)
        try:
            with open(path, encoding='utf-8') as f:
                same = f.read() == text
        except FileNotFoundError:
            same = False
        if same:
            continue
        if check:
            stale.append(name)
            continue
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    if stale:
        sys.exit(f"gen-spec.py: error: {', '.join(stale)} out of date: run "
                 'userspace/lib/gen-spec.py')


if __name__ == '__main__':
    main()
