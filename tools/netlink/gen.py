#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Generates what follows from the netlink specification.

    gen.py [--check]

Writes include/uapi/linux/qkdnf.h, kernel/netlink_policy.[ch] and
docs/netlink.md from tools/netlink/qkdnf.yaml. With --check nothing is
written, and a file that differs is an error. The names and numbers are those
that the kernel's own ynl tools derive from the same file; a test compares.
"""
import argparse
import os
import sys
import textwrap

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
SPEC = 'tools/netlink/qkdnf.yaml'
NLA = {'u8': 'NLA_U8', 'u16': 'NLA_U16', 'u32': 'NLA_U32', 'u64': 'NLA_U64',
       's32': 'NLA_S32', 'flag': 'NLA_FLAG'}
WIDTH = {'u8': 8, 'u16': 16, 'u32': 32, 'u64': 64, 's32': 31}
S16_MAX = 32767             # the widest limit that a policy holds in place


class Spec:
    """The specification, with numbers given to everything."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as f:
            y = yaml.safe_load(f)
        self.name = y['name']
        self.version = y['version']
        self.doc = y['doc']
        self.consts = {d['name']: d for d in y['definitions']
                       if d['type'] == 'const'}
        self.enums = {d['name']: d for d in y['definitions']
                      if d['type'] == 'enum'}
        self.sets = {s['name']: s for s in y['attribute-sets']}
        for s in self.sets.values():
            for number, a in enumerate(s['attributes'], 1):
                a['number'] = number
        self.ops = y['operations']['list']
        for number, op in enumerate(self.ops, 1):
            op['number'] = number
        self.groups = [g['name'] for g in y['mcast-groups']['list']]

    def c(self, *parts):
        return '_'.join((self.name,) + parts).replace('-', '_').upper()

    def attr(self, aset, name):
        for a in self.sets[aset]['attributes']:
            if a['name'] == name:
                return a
        raise SystemExit(f"{SPEC}: no attribute {name} in {aset}")

    def limit(self, value):
        """(number, C text) of a limit: a literal or the name of a const."""
        if isinstance(value, int):
            return value, str(value)
        return self.consts[value]['value'], self.c(value)


def wrap(text, first, rest):
    return textwrap.fill(' '.join(text.split()), 79, initial_indent=first,
                         subsequent_indent=rest, break_on_hyphens=False)


def tab_fill(text, tabs):
    """Pads with tabs so that the next column starts at 8 * tabs."""
    n = max(1, tabs - len(text.expandtabs(8)) // 8)
    return text + '\t' * n


def attr_type(spec, a):
    t = a['type']
    if t == 'nest':
        return f"nest of {spec.c('a', a['nested-attributes'])}_*"
    if 'enum' in a:
        return f"{t}, enum {spec.c(a['enum']).lower()}"
    return t


def limits_text(spec, a):
    c = a.get('checks', {})
    out = []
    if 'min' in c and 'max' in c:
        out.append(f"{spec.limit(c['min'])[0]} to {spec.limit(c['max'])[0]}")
    elif 'min' in c:
        out.append(f"at least {spec.limit(c['min'])[0]}")
    elif 'max' in c:
        out.append(f"at most {spec.limit(c['max'])[0]}")
    if 'exact-len' in c:
        out.append(f"{c['exact-len']} octets")
    if 'max-len' in c:
        out.append(f"at most {spec.limit(c['max-len'])[0]} characters")
    return ', '.join(out)


def gen_uapi(spec):
    o = ['/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */',
         '/*', f' * Generated from {SPEC} by tools/netlink/gen.py.', ' *']
    for para in spec.doc.split('\n\n'):
        o += [wrap(para, ' * ', ' * '), ' *']
    o[-1] = ' */'
    guard = f'_UAPI_LINUX_{spec.name.upper()}_H'
    o += [f'#ifndef {guard}', f'#define {guard}', '',
          tab_fill(f'#define {spec.c("family-name")}', 4) +
          f'"{spec.name}"',
          tab_fill(f'#define {spec.c("family-version")}', 4) +
          str(spec.version), '']
    for g in spec.groups:
        o += [tab_fill(f'#define {spec.c("mcgrp", g)}', 4) + f'"{g}"']
    o += ['']
    for d in spec.consts.values():
        o += [tab_fill(f'#define {spec.c(d["name"])}', 4) + str(d['value'])]
    o += ['']
    for e in spec.enums.values():
        cname = spec.c(e['name'])
        o += ['/**', wrap(f"enum {cname.lower()} - {e['doc'].rstrip('.')}",
                          ' * ', ' *\t')]
        for v in e['entries']:
            o += [wrap(f"@{cname}_{v['name'].replace('-', '_').upper()}: "
                       f"{v['doc']}", ' * ', ' *\t')]
        o += [' */', f'enum {cname.lower()} {{']
        o += [f"\t{cname}_{v['name'].replace('-', '_').upper()},"
              for v in e['entries']]
        o += ['', '\t/* private: */', f'\t__{cname}_MAX,',
              f'\t{cname}_MAX = (__{cname}_MAX - 1)', '};', '']
    for s in spec.sets.values():
        cname = spec.c('a', s['name'])
        o += ['/*', f" * Attributes: {s['name']}"]
        if 'doc' in s:
            o += [wrap(s['doc'], ' * ', ' * ')]
        o += [' *']
        for a in s['attributes']:
            if a['type'] == 'pad':
                continue
            text = f"{a['name'].replace('-', '_').upper()} " \
                   f"({attr_type(spec, a)})"
            if 'doc' in a:
                text += f": {a['doc']}"
            lim = limits_text(spec, a)
            if lim:
                text += f" [{lim}]"
            o += [wrap(text, ' * ', ' *\t')]
        o += [' */', 'enum {']
        for a in s['attributes']:
            first = ' = 1' if a['number'] == 1 else ''
            o += [f"\t{cname}_{a['name'].replace('-', '_').upper()}{first},"]
        o += ['', f'\t__{cname}_MAX,', f'\t{cname}_MAX = (__{cname}_MAX - 1)',
              '};', '']
    o += ['/*', ' * Operations', ' *']
    for op in spec.ops:
        o += [wrap(f"{op['name'].replace('-', '_').upper()}: {op['doc']}",
                   ' * ', ' *\t')]
    o += [' */', 'enum {']
    for op in spec.ops:
        first = ' = 1' if op['number'] == 1 else ''
        o += [f"\t{spec.c('cmd', op['name'])}{first},"]
    o += ['', f"\t__{spec.c('cmd-max')},",
          f"\t{spec.c('cmd-max')} = (__{spec.c('cmd-max')} - 1)", '};', '',
          f'#endif /* {guard} */', '']
    return '\n'.join(o)


def request_attrs(op):
    """Attributes that any request form of an operation may carry."""
    names = []
    for form in ('do', 'dump'):
        for n in op.get(form, {}).get('request', {}).get('attributes', []):
            if n not in names:
                names.append(n)
    return names


def policy_entry(spec, aset, a, ranges):
    c = dict(a.get('checks', {}))
    t = a['type']
    if 'enum' in a:
        c['max'] = len(spec.enums[a['enum']]['entries']) - 1
        text = f"NLA_POLICY_MAX({NLA[t]}, {spec.c(a['enum'])}_MAX)"
        return text
    if t == 'binary':
        return f"NLA_POLICY_EXACT_LEN({c['exact-len']})"
    if t == 'string':
        return '{ .type = NLA_NUL_STRING, ' \
               f".len = {spec.limit(c['max-len'])[1]} }}"
    if t not in NLA:
        raise SystemExit(f"{SPEC}: {aset} {a['name']}: {t} in a request")
    if not c:
        return f'{{ .type = {NLA[t]} }}'
    lo = spec.limit(c['min']) if 'min' in c else None
    hi = spec.limit(c['max']) if 'max' in c else None
    if max(lo[0] if lo else 0, hi[0] if hi else 0) > S16_MAX:
        name = f"{aset}_{a['name']}_range".replace('-', '_')
        body = ([f'\t.min = {lo[1]},'] if lo else []) + \
            [f"\t.max = {hi[1] if hi else f'U{WIDTH[t]}_MAX'},"]
        ranges[name] = body
        return f'NLA_POLICY_FULL_RANGE({NLA[t]}, &{name})'
    if lo and hi:
        return f'NLA_POLICY_RANGE({NLA[t]}, {lo[1]}, {hi[1]})'
    if lo:
        return f'NLA_POLICY_MIN({NLA[t]}, {lo[1]})'
    return f'NLA_POLICY_MAX({NLA[t]}, {hi[1]})'


def policies(spec):
    """(name, size, [(C attribute, entry)]) of each operation, and ranges."""
    out, ranges = [], {}
    for op in spec.ops:
        if 'do' not in op and 'dump' not in op:
            continue
        names = request_attrs(op)
        if not names:
            # without a policy of its own the core refuses any attribute
            continue
        attrs = sorted((spec.attr(op['attribute-set'], n) for n in names),
                       key=lambda a: a['number'])
        out.append((f"qn_{op['name'].replace('-', '_')}_policy",
                    [(spec.c('a', op['attribute-set'], a['name']),
                      policy_entry(spec, op['attribute-set'], a, ranges))
                     for a in attrs]))
    return out, ranges


def c_head(text):
    return ['/* SPDX-License-Identifier: GPL-2.0-only */' if text == 'h' else
            '// SPDX-License-Identifier: GPL-2.0-only',
            f'/* Generated from {SPEC} by tools/netlink/gen.py. */']


def gen_policy_h(spec):
    o = c_head('h') + ['#ifndef _QN_NETLINK_POLICY_H',
                       '#define _QN_NETLINK_POLICY_H', '',
                       '#include <net/netlink.h>', '#include <linux/qkdnf.h>',
                       '']
    for name, attrs in policies(spec)[0]:
        size = f'{attrs[-1][0]} + 1'
        line = f'extern const struct nla_policy {name}[{size}];'
        if len(line) > 80:
            line = f'extern const struct nla_policy\n{name}[{size}];'
        o += [line]
    return '\n'.join(o + ['', '#endif /* _QN_NETLINK_POLICY_H */', ''])


def gen_policy_c(spec):
    pols, ranges = policies(spec)
    o = c_head('c') + ['#include "netlink_policy.h"', '',
                       "/* Not const: the pointer in Linux 6.1's policies "
                       "is not. */"]
    for name, body in ranges.items():
        o += [f'static struct netlink_range_validation {name} = {{'] + \
            body + ['};', '']
    for name, attrs in pols:
        size = f'{attrs[-1][0]} + 1'
        line = f'const struct nla_policy {name}[{size}] = {{'
        if len(line) > 80:
            line = f'const struct nla_policy\n{name}[{size}] = {{'
        o += [line]
        for cattr, entry in attrs:
            line = f'\t[{cattr}] = {entry},'
            if len(line.expandtabs(8)) > 80:
                line = f'\t[{cattr}] =\n\t\t{entry},'
            o += [line]
        o += ['};', '']
    return '\n'.join(o[:-1] + [''])


def gen_doc(spec):
    o = ['<!-- SPDX-License-Identifier: GPL-2.0-or-later -->',
         f'<!-- Generated from {SPEC} by tools/netlink/gen.py. -->',
         f'# Generic netlink family `{spec.name}`, '
         f'version {spec.version}', '', spec.doc, '', '## Operations', '']
    for op in spec.ops:
        perm = 'CAP_NET_ADMIN' if op.get('flags') else 'no privilege'
        if 'mcgrp' in op:
            perm = f"multicast group `{op['mcgrp']}`"
        o += [f"### {op['name']} ({op['number']})", '',
              ' '.join(op['doc'].split()), '', f"- {perm}"]
        for form in ('do', 'dump'):
            if form not in op:
                continue
            for way in ('request', 'reply'):
                names = op[form].get(way, {}).get('attributes', [])
                if names:
                    o += [textwrap.fill(f"- {form} {way}: " + ', '.join(
                        f'`{n}`' for n in names), 79, subsequent_indent='  ',
                        break_on_hyphens=False)]
                elif way == 'request':
                    o += [f"- {form} request: no attributes"]
        o += ['']
    o += ['## Attributes', '']
    for s in spec.sets.values():
        o += [f"### {s['name']}", '']
        if 'doc' in s:
            o += [' '.join(s['doc'].split()), '']
        o += ['| number | name | type | limits | meaning |',
              '|---|---|---|---|---|']
        for a in s['attributes']:
            if a['type'] == 'pad':
                continue
            t = a['type']
            if 'enum' in a:
                t = f"{t}, {a['enum']}"
            elif t == 'nest':
                t = f"nest, {a['nested-attributes']}"
            o += [f"| {a['number']} | `{a['name']}` | {t} | "
                  f"{limits_text(spec, a)} | "
                  f"{' '.join(a.get('doc', '').split())} |"]
        o += ['']
    o += ['## Values', '']
    for e in spec.enums.values():
        o += [f"### {e['name']}", '', e['doc'], '',
              '| value | name | meaning |', '|---|---|---|']
        o += [f"| {i} | `{v['name']}` | {' '.join(v['doc'].split())} |"
              for i, v in enumerate(e['entries'])]
        o += ['']
    return '\n'.join(o)


TARGETS = {
    'include/uapi/linux/qkdnf.h': gen_uapi,
    'kernel/netlink_policy.h': gen_policy_h,
    'kernel/netlink_policy.c': gen_policy_c,
    'docs/netlink.md': gen_doc,
}


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    p.add_argument('--check', action='store_true',
                   help='write nothing, fail if a file is not up to date')
    args = p.parse_args()
    spec = Spec(os.path.join(ROOT, SPEC))
    stale = 0
    for path, gen in TARGETS.items():
        text = gen(spec)
        full = os.path.join(ROOT, path)
        try:
            with open(full, encoding='utf-8') as f:
                same = f.read() == text
        except FileNotFoundError:
            same = False
        if same:
            continue
        if args.check:
            print(f'{path}: differs from {SPEC}: run tools/netlink/gen.py',
                  file=sys.stderr)
            stale = 1
            continue
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as f:
            f.write(text)
        print(f'wrote {path}')
    return stale


if __name__ == '__main__':
    sys.exit(main())
