# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's network: namespaces, cables, addresses, captures, emulated links."""
import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter, namedtuple

TRACE = os.environ.get('QKDNF_DEMO_TRACE') == '1'
CLONE_NEWNET = 0x40000000
LINUX_SLL2 = 276                # link type of pcap: its first two octets are the ether type
ETHERTYPES = {b'\x08\x00': 4, b'\x86\xdd': 6}
libc = ctypes.CDLL(None, use_errno=True)

# A QKD link and the KM link beside it: ends are (node, address/prefix).
Link = namedtuple('Link', 'name ends')

# Nodes that hold key with a node that they share no link with, and the address
# that the other one knows them by.
FAR = {'a1': '2001:db8:a::1', 'a2': '2001:db8:a::2',
       'c1': '2001:db8:c::1', 'c2': '2001:db8:c::2'}

# Ordinary IP routing between the far ends, over the lower path:
# (node, prefix, link that it leaves by).
IP_ROUTES = [
    ('a1', 'default', 'a1-a2'),
    ('a2', '2001:db8:a::1/128', 'a1-a2'), ('a2', '2001:db8:c::/48', 'a2-ag2'),
    ('ag2', '2001:db8:a::/64', 'a2-ag2'), ('ag2', '2001:db8:c::/48', 'ag2-bg2'),
    ('bg2', '2001:db8:a::/48', 'ag2-bg2'), ('bg2', '2001:db8:c::/48', 'bg2-b2'),
    ('b2', '2001:db8:a::/48', 'bg2-b2'), ('b2', '2001:db8:c::/48', 'b2-bg4'),
    ('bg4', '2001:db8:a::/48', 'b2-bg4'), ('bg4', '2001:db8:c::/48', 'bg4-cg2'),
    ('cg2', '2001:db8:a::/48', 'bg4-cg2'), ('cg2', '2001:db8:c::/64', 'cg2-c2'),
    ('c2', '2001:db8:a::/48', 'cg2-c2'), ('c2', '2001:db8:c::1/128', 'c1-c2'),
    ('c1', 'default', 'c1-c2'),
]

PICTURE = '''\
        provider A          |          provider B           |       provider C
                            |                               |
   a1 ------------- ag1 --------- bg1 ----- b1 ----- bg3 --------- cg1 ------ c1
   |                 |      |      |                        |                 |
   |                 |      |      |                        |                 |
   a2 ------------- ag2 --------- bg2 ----- b2 ----- bg4 --------- cg2 ------ c2
                            |                               |
'''


def read_links(path):
    links = []
    with open(path, encoding='ascii') as file:
        for line in file:
            words = line.split('#')[0].split()
            if words:
                name, a, a_address, b, b_address = words
                links.append(Link(name, ((a, a_address), (b, b_address))))
    return links


def nodes_of(links):
    """Names, in the order of the file."""
    return list(dict.fromkeys(node for link in links for node, _ in link.ends))


def run(*words, text=None):
    """Run a command; its error is ours."""
    begin = time.monotonic()
    done = subprocess.run(words, input=text, text=True, capture_output=True, check=False)
    if TRACE:
        print(f"{time.monotonic() - begin:6.2f} s  {' '.join(words)}", file=sys.stderr, flush=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


@contextlib.contextmanager
def inside_of(node):
    """This process in a node's namespace: cheaper than a process more."""
    def enter(file):
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise RuntimeError(f'namespace of {node}: {os.strerror(ctypes.get_errno())}')

    with open('/proc/self/ns/net', 'rb') as own, open('/run/netns/' + node, 'rb') as there:
        enter(there)
        try:
            yield
        finally:
            enter(own)


def interface(link, node):
    """Name of a cable's end: where it leads."""
    return 'to-' + next(other for other, _ in link.ends if other != node)


def make(links):
    """Namespaces and cables, up, with addresses and IP routes. Few processes: each
    costs much in an emulated guest.
    """
    by_name = {link.name: link for link in links}
    inside = {node: ['link set lo up'] for node in nodes_of(links)}
    outside = [f'netns add {node}' for node in inside]
    for link in links:
        (a, _), (b, _) = link.ends
        outside.append(f'link add {interface(link, a)} netns {a} type veth '
                       f'peer name {interface(link, b)} netns {b}')
        for node, address in link.ends:
            nodad = ' nodad' if ':' in address else ''
            inside[node] += [f'addr add {address} dev {interface(link, node)}{nodad}',
                             f'link set {interface(link, node)} up']
    for node, address in FAR.items():
        inside[node].append(f'addr add {address}/128 dev lo nodad')
    for node, prefix, name in IP_ROUTES:
        link = by_name[name]
        gateway = next(address for other, address in link.ends if other != node)
        inside[node].append(f"route add {prefix} via {gateway.split('/')[0]}")
    run('ip', '-batch', '-', text='\n'.join(outside) + '\n')
    for node, lines in inside.items():
        with inside_of(node):
            if any(node == router for router, _, _ in IP_ROUTES):
                with open('/proc/sys/net/ipv6/conf/all/forwarding', 'w', encoding='ascii') as file:
                    file.write('1')
            run('ip', '-batch', '-', text='\n'.join(lines) + '\n')


def cable(link, state):
    """Take a cable up or down, at both ends."""
    for node, _ in link.ends:
        run('ip', '-n', node, 'link', 'set', interface(link, node), state)
    if state == 'up':       # addresses of IPv6 went with it
        for node, address in link.ends:
            if ':' in address:
                run('ip', '-n', node, 'addr', 'replace', address, 'dev',
                    interface(link, node), 'nodad')


class Captures:
    """One tcpdump a node, for what comes in: frames, each of each hop once, if not said
    otherwise. name: of the files, behind the node's; live: they are read meanwhile.
    """

    def __init__(self, nodes, directory, what='udp port 17717', name='', live=False):
        os.makedirs(directory, exist_ok=True)
        self.files, self.processes = [], []
        for node in nodes:
            path = os.path.join(directory, node + name + '.pcap')
            self.files.append(path)
            with inside_of(node):
                self.processes.append(subprocess.Popen(
                    ['tcpdump', '-Z', 'root', '-n', '-i', 'any', '-Q', 'in', '-s', '0',
                     '-B', '4096', *(['-U'] if live else []), '-w', path, what],
                    stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        # It says so when it captures; what is sent before would be missed.
        for node, process in zip(nodes, self.processes):
            for line in process.stderr:
                if 'listening on' in line:
                    break
            else:
                raise RuntimeError(f'tcpdump at {node} ended: is it installed?')

    def stop(self):
        """End them, and see that none lost a frame. What came last waits a second for
        the rest of its buffer, and would be lost with it.
        """
        time.sleep(1.5)
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        for process in self.processes:
            said = process.communicate(timeout=30)[1]
            if '\n0 packets dropped by kernel' not in '\n' + said:
                raise RuntimeError('a capture lost frames: ' + said.strip().replace('\n', ', '))
        self.processes = []

    def versions(self):
        """How many packets of each version of IP came in, of all files."""
        seen = Counter()
        for file in self.files:
            with open(file, 'rb') as capture:
                data = capture.read()
            if struct.unpack_from('<I', data, 20)[0] != LINUX_SLL2:
                raise RuntimeError(f'{file} is not of the kind that tcpdump -i any writes')
            at = 24
            while at + 16 <= len(data):
                kept = struct.unpack_from('<I', data, at + 8)[0]
                if at + 16 + kept > len(data):
                    break
                seen[ETHERTYPES[data[at + 16:at + 18]]] += 1
                at += 16 + kept
        return seen

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []
