# SPDX-License-Identifier: GPL-2.0-or-later
"""Users of the demo's network: their hosts, their gateways, and what they send."""
import re
import select
import signal
import socket
import subprocess
import time

import network

# Host and the node in its building, which is its gateway: (network, gateway, host)
USERS = {'ua': ('a1', '10.65.0.0/24', '10.65.0.1', '10.65.0.2'),
         'uc': ('c2', '10.67.0.0/24', '10.67.0.1', '10.67.0.2')}
USERS_NET = '10.64.0.0/10'          # all of them, and the tunnel
MTU = 1400                      # room for ESP in tunnel mode over IPv6
REQID = 7
PAD = 'pad0'
PADS = {'a1': '10.66.0.1', 'c2': '10.66.0.2'}
PIECE = 8192


def far_gateway(node):
    return 'c2' if node == 'a1' else 'a1'


def user_of(node):
    return next(user for user, (gateway, *_) in USERS.items() if gateway == node)


def make_users():
    """Hosts, their cables to the gateways, and what gateways are set up with."""
    lines = [line for user, (node, *_) in USERS.items() for line in (
        f'netns add {user}',
        f'link add lan netns {user} type veth peer name users netns {node}')]
    network.run('ip', '-batch', '-', text='\n'.join(lines) + '\n')
    for user, (node, _, gateway, host) in USERS.items():
        # One packet is one at each interface, so that counts of both ends are the same.
        batch(user, 'link set lo up', f'addr add {host}/24 dev lan',
              'link set lan gso_max_segs 1 up',
              f'route add default via {gateway} mtu {MTU}')
        batch(node, f'addr add {gateway}/24 dev users', 'link set users up')
        with network.inside_of(node), \
                open('/proc/sys/net/ipv4/ip_forward', 'w', encoding='ascii') as file:
            file.write('1')


def batch(node, *lines):
    with network.inside_of(node):
        network.run('ip', '-batch', '-', text='\n'.join(lines) + '\n')


def make_gateway(node, ctl):
    """What leads traffic to the binding: an xfrm interface, which drops what finds no
    association, and the policies that belong to it. ctl: runs qkdnfctl.
    """
    own_net, far_net = (USERS[user_of(one)][1] for one in (node, far_gateway(node)))
    device = f'ipsec{REQID}'
    ctl('ipsec', 'interface', str(REQID), 'add', device, node=node)
    ctl('ipsec', 'policy', str(REQID), 'add', own_net, far_net, node=node)
    batch(node, f'link set {device} mtu {MTU}', f'route add {far_net} dev {device}')


def make_pad(node):
    """Address the one-time-pad tunnel."""
    batch(node, f'addr add {PADS[node]}/30 dev {PAD}', f'link set {PAD} up')


def counters(node, device):
    """Packets of a device: sent, received, dropped as they could not be sent."""
    with network.inside_of(node), open('/proc/thread-self/net/dev', encoding='ascii') as file:
        line = next(line for line in file if line.strip().startswith(device + ':'))
    words = [int(word) for word in line.split(':')[1].split()]
    return {'sent': words[9], 'received': words[1], 'refused': words[10] + words[11]}


def echoes(user):
    """Echo requests that came to a host."""
    with network.inside_of(user), open('/proc/thread-self/net/snmp', encoding='ascii') as file:
        names, values = [line.split() for line in file if line.startswith('Icmp:')]
    return int(values[names.index('InEchos')])


class Ping:
    """ping between two users, or the ends of the tunnel, beside what else goes on."""

    def __init__(self, node, address, *options):
        with network.inside_of(node):
            self.process = subprocess.Popen(
                ['ping', '-q', '-n', *options, address], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, stop=False):
        """(sent, answered), when it has ended; stop: now."""
        if stop:
            self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=60)[0]
        found = re.search(r'(\d+) packets transmitted, (\d+) received', said)
        if not found:
            raise RuntimeError('ping: ' + said.strip().replace('\n', ', '))
        return int(found[1]), int(found[2])

    def kill(self):
        self.process.kill()
        self.process.wait()


def transfer(sender, receiver, address, port, octets, seconds=0, meanwhile=lambda done: None):
    """Octets by TCP, spread over so many seconds. Returns what arrived. meanwhile:
    called now and then with how many arrived.
    """
    with network.inside_of(receiver):
        listening = socket.create_server((address, port))
    with network.inside_of(sender):
        out = socket.create_connection((address, port), timeout=30)
    listening.settimeout(30)
    come, _ = listening.accept()
    listening.close()
    begin, sent, got = time.monotonic(), 0, []
    arrived, heard = 0, begin
    pieces = (len(octets) + PIECE - 1) // PIECE
    out.setblocking(False)
    with out, come:
        while True:
            due = (time.monotonic() - begin) / (seconds / pieces) if seconds else pieces
            wanted = min(len(octets), int(due + 1) * PIECE)
            readable, writable, _ = select.select([come], [out] if sent < wanted else [], [],
                                                  0.05)
            if writable:
                sent += out.send(octets[sent:wanted])
                if sent == len(octets):
                    out.shutdown(socket.SHUT_WR)
            if readable:
                part = come.recv(65536)
                if not part:
                    return b''.join(got)
                got.append(part)
                arrived += len(part)
                heard = time.monotonic()
            if time.monotonic() - heard > 30:
                raise RuntimeError(f'TCP from {sender} to {receiver}: nothing came for 30 s, '
                                   f'{arrived} of {len(octets)} octets arrived')
            meanwhile(arrived)
