#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Specification, header, policies and the kernel's own tools agree.

    check_spec.py YNL-DIRECTORY WORK-DIRECTORY

YNL-DIRECTORY is tools/net/ynl of a Linux source tree. Runs on the host, since
it loads nothing. What is compared:

- the specification against the kernel's schema for such files,
- what tools/netlink/gen.py makes of it against the files in the tree,
- every number in include/uapi/linux/qkdnf.h, as the C compiler sees it, against
  the numbers that the kernel's client derives from the specification,
- every policy in kernel/netlink_policy.c against the one that the kernel's
  generator derives,
- every operation against the table in kernel/netlink.c: handlers, policy and
  permission.
"""
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
SPEC = os.path.join(TOP, 'tools/netlink/qkdnf.yaml')
failures = 0


def verdict(name, errors):
    global failures
    if errors:
        failures += 1
        for e in errors:
            print(f'# {e}')
        print(f'not ok {name} - {errors[0]}')
    else:
        print(f'ok {name}')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def kernel_copy(ynl_dir, work):
    """The specification where the kernel's tools look for one."""
    tree = os.path.join(work, 'netlink')
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(os.path.join(tree, 'specs'))
    schemas = os.path.join(ynl_dir, '../../../Documentation/netlink')
    for name in os.listdir(schemas):
        if name.endswith('.yaml'):
            shutil.copy(os.path.join(schemas, name), tree)
    # The generator walks up to a MAINTAINERS, and prints the licence it wants
    # and goes on if it is another than the kernel's.
    with open(os.path.join(tree, 'MAINTAINERS'), 'w', encoding='utf-8'):
        pass
    copy = os.path.join(tree, 'specs', 'qkdnf.yaml')
    text = read(SPEC).split('\n', 1)[1]
    with open(copy, 'w', encoding='utf-8') as f:
        f.write('# SPDX-License-Identifier: ((GPL-2.0 WITH '
                'Linux-syscall-note) OR BSD-3-Clause)\n' + text)
    return copy


def c_values(names, work):
    """What the C compiler makes of names in our header."""
    src = os.path.join(work, 'values.c')
    exe = os.path.join(work, 'values')
    with open(src, 'w', encoding='utf-8') as f:
        f.write('#include <stdio.h>\n#include <linux/qkdnf.h>\n'
                'int main(void)\n{\n')
        for n in names:
            f.write(f'\tprintf("{n} %lld\\n", (long long)({n}));\n')
        f.write('\treturn 0;\n}\n')
    subprocess.run(['cc', '-std=c99', '-Wall', '-Wextra', '-Werror', '-I',
                    os.path.join(TOP, 'include/uapi'), '-o', exe, src],
                   check=True, capture_output=True, text=True)
    out = subprocess.run([exe], check=True, capture_output=True, text=True)
    return {k: int(v) for k, v in
            (line.split() for line in out.stdout.splitlines())}


def check_numbers(family, work):
    def c(*parts):
        return '_'.join(('qkdnf',) + parts).replace('-', '_').upper()

    want = {}
    for aset in family.attr_sets.values():
        for name, attr in aset.items():
            want[c('a', aset.name, name)] = attr.value
        want[c('a', aset.name, 'max')] = max(a.value for _, a in aset.items())
    for name, op in family.msgs.items():
        want[c('cmd', name)] = op.value
    want[c('cmd-max')] = max(op.value for op in family.msgs.values())
    for name, const in family.consts.items():
        if const['type'] == 'const':
            want[c(name)] = const['value']
        elif const['type'] == 'enum':
            for entry in const.entries.values():
                want[c(name, entry.name)] = entry.value
    try:
        have = c_values(want, work)
    except subprocess.CalledProcessError as e:
        return [line for line in e.stderr.splitlines() if 'error:' in line]
    errors = [f'{n}: {have[n]} in the header, {v} by the specification'
              for n, v in want.items() if have[n] != v]
    # Nothing in the header that the specification does not know.
    header = read(os.path.join(TOP, 'include/uapi/linux/qkdnf.h'))
    header = re.sub(r'/\*.*?\*/', '', header, flags=re.S)
    known = set(want) | {c('family-name'), c('family-version'),
                         c('mcgrp-events'), '_UAPI_LINUX_QKDNF_H'}
    known |= {c(n, 'max') for n, e in family.consts.items()
              if e['type'] == 'enum'}
    for n in re.findall(r'\b_?_?QKDNF_[A-Z0-9_]+', header):
        if n not in known and n.lstrip('_') not in known:
            errors.append(f'{n}: in the header, not in the specification')
    return errors


def parse_policies(text, family):
    """{operation: {attribute: policy}} of generated C, do and dump as one."""
    names = {op.replace('-', '_') for op in family.msgs}
    out = {}
    for m in re.finditer(r'const struct nla_policy\s+(\w+)\[[^\]]*\] = \{'
                         r'\n(.*?)\n\};', text, flags=re.S):
        op = re.sub(r'^(qkdnf|qn)_', '', m.group(1))
        op = re.sub(r'(_nl)?_policy$', '', op)
        if op not in names:
            op = re.sub(r'_(do|dump)$', '', op)
        body = re.sub(r'\s+', ' ', m.group(2))
        entries = out.setdefault(op, {})
        for attr, policy in re.findall(
                r'\[(QKDNF_A_\w+)\] = (\{.*?\}|\w+\(.*?\)),(?= |$)', body):
            entries[attr] = policy
    return out


def normal(policy, ranges, numbers):
    """One spelling of a policy: names of limits become numbers."""
    policy = policy.replace(', }', ' }')
    policy = re.sub(r'&(\w+)', lambda m: ranges[m.group(1)], policy)
    return re.sub(r'QKDNF_[A-Z0-9_]+', lambda m: str(numbers[m.group(0)]),
                  policy)


def parse_ranges(text):
    out = {}
    for name, body in re.findall(
            r'struct netlink_range_validation (\w+) = \{(.*?)\};', text,
            flags=re.S):
        body = re.sub(r'\s+', '', body).replace('ULL', '')
        out[name] = f'<{body}>'
    return out


def check_policies(copy, ynl_dir, family, work):
    made = os.path.join(work, 'policy.c')
    if os.path.exists(made):
        os.unlink(made)
    # It writes all policies, then may stop at the table of operations, since
    # that of per-op families cannot have operations without attributes.
    subprocess.run([sys.executable, os.path.join(ynl_dir, 'ynl-gen-c.py'),
                    '--spec', copy, '--mode', 'kernel', '--source',
                    '-o', made], capture_output=True, check=False)
    theirs_text = read(made)
    ours_text = read(os.path.join(TOP, 'kernel/netlink_policy.c'))
    used = set(re.findall(r'QKDNF_[A-Z0-9_]+', theirs_text + ours_text))
    numbers = c_values(sorted(used - {'QKDNF_CMD'}), work)
    theirs = parse_policies(theirs_text, family)
    ours = parse_policies(ours_text, family)
    ranges = {**parse_ranges(theirs_text), **parse_ranges(ours_text)}
    errors = []
    want = [n.replace('-', '_') for n, op in family.ops.items()
            if op.get('do', {}).get('request') or
            op.get('dump', {}).get('request')]
    for op in want:
        if not theirs.get(op):
            errors.append(f'{op}: the kernel\'s generator made no policy')
        elif not ours.get(op):
            errors.append(f'{op}: no policy in kernel/netlink_policy.c')
        else:
            for attr in sorted(set(theirs[op]) | set(ours[op])):
                a = theirs[op].get(attr)
                b = ours[op].get(attr)
                a = a and normal(a, ranges, numbers)
                b = b and normal(b, ranges, numbers)
                if a != b:
                    errors.append(f'{op} {attr}: {b}, and {a} by the '
                                  f'specification')
    errors += [f'{op}: a policy for an operation without attributes'
               for op in ours if op not in want]
    return errors


def check_ops(family):
    """The table of operations in kernel/netlink.c, entry by entry."""
    path = os.path.join(TOP, 'kernel/netlink.c')
    if not os.path.exists(path):
        return ['kernel/netlink.c is missing']
    text = read(path)
    table = {}
    for m in re.finditer(r'\{\s*\.cmd = QKDNF_CMD_(\w+),(.*?)\n\t\}', text,
                         flags=re.S):
        table[m.group(1).lower()] = m.group(2)
    errors = []
    for name, op in family.ops.items():
        if 'do' not in op and 'dump' not in op:
            continue
        key = name.replace('-', '_')
        if key not in table:
            errors.append(f'{name}: not in the table of kernel/netlink.c')
            continue
        body = table.pop(key)
        for form, field in (('do', '.doit'), ('dump', '.dumpit')):
            if (form in op) != (field in body):
                errors.append(f'{name}: {form} in one of specification and '
                              f'table only')
        admin = 'uns-admin-perm' in op.get('flags', [])
        if admin != ('GENL_UNS_ADMIN_PERM' in body):
            errors.append(f'{name}: permission differs')
        has = any(op.get(f, {}).get('request') for f in ('do', 'dump'))
        if has != (f'POLICY({key})' in body):
            errors.append(f'{name}: policy differs')
        if 'GENL_DONT_VALIDATE' in body:
            errors.append(f'{name}: validation is relaxed')
    errors += [f'{n}: in the table, not in the specification' for n in table]
    return errors


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    ynl_dir, work = sys.argv[1:]
    if not os.path.exists(os.path.join(ynl_dir, 'ynl-gen-c.py')):
        print(f'{ynl_dir}: no ynl-gen-c.py: name tools/net/ynl of a Linux '
              'source tree, which tools/setup/setup.sh unpacks',
              file=sys.stderr)
        return 2
    os.makedirs(work, exist_ok=True)
    copy = kernel_copy(os.path.realpath(ynl_dir), os.path.realpath(work))
    sys.path.insert(0, ynl_dir)
    from lib import SpecFamily  # noqa: E402, the kernel's

    try:
        family = SpecFamily(copy)
        verdict('lint-netlink-schema', [])
    except Exception as e:      # pylint: disable=broad-except
        verdict('lint-netlink-schema', [str(e).split('\n', maxsplit=1)[0]])
        return 1
    gen = subprocess.run([sys.executable,
                          os.path.join(TOP, 'tools/netlink/gen.py'),
                          '--check'], capture_output=True, text=True,
                         check=False)
    verdict('lint-netlink-generated', gen.stderr.splitlines())
    verdict('lint-netlink-numbers', check_numbers(family, work))
    if not failures:    # names of the header stand in the policies
        verdict('lint-netlink-policies',
                check_policies(copy, ynl_dir, family, work))
    verdict('lint-netlink-operations', check_ops(family))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
