# SPDX-License-Identifier: GPL-2.0-or-later
"""What key is for: steps of the demo in which users' traffic is protected by it."""
import hashlib
import json
import os
import subprocess
import time

import network
import traffic
from say import Step, check, out, proven, table, wait

NODES = ('a1', 'c2')
# Every other end of a gateway's cables: what leaves a gateway is seen there.
NEIGHBOURS = ('a2', 'ag1', 'c1', 'cg2')
ROLL_S, HARD_S = 2, 10              # fresh keys after; none: traffic stops after
PINGS, PING_EVERY = 80, 0.1
FILE_PORT, PAD_PORT = 5001, 5002
UPLOAD = 256 * 1024
CAPTURE_S = 1.5                 # until what was sent is in a capture's file
# Users have IPv4, and gateways send ESP by IPv6: on the cables of providers one is
# clear text and the other is not.
USERS_OR_ESP = f'net {traffic.USERS_NET} or ip6 proto 50'
CLEAR, ESP = 4, 6


def spi(text):
    return f'{int(text, 16):08x}'


class Consumers:
    """demo: the Demo, whose streams these use."""

    def __init__(self, demo, ctl, one, scratch):
        self.demo, self.ctl, self.one, self.scratch = demo, ctl, one, scratch
        self.facts = {}             # what the wire is to show, for wire.py
        self.captures, self.pings = None, []

    def ipsec(self, node):
        return self.one(self.ctl('ipsec', 'show', str(traffic.REQID), node=node))

    def tunnel(self, node):
        return self.one(self.ctl('tunnel', 'show', traffic.PAD, node=node))

    # --- IPsec ------------------------------------------------------------------------

    def set_up(self):
        """What the guest's kernel may have as modules, and users."""
        subprocess.run(['modprobe', '-a', 'xfrm_user', 'xfrm_interface', 'esp6', 'seqiv', 'gcm',
                        'drbg'], check=False, capture_output=True)
        traffic.make_users()

    def associations(self):
        """Up at both ends, each direction under one SPI."""
        a, c = (self.ipsec(node) for node in NODES)
        up = a['state'] == c['state'] == 'up'
        return (up and a['out_spi'] == c['in_spi'] and c['out_spi'] == a['in_spi'],
                f"a1 {a['state']}, c2 {c['state']}")

    def protect(self):
        with Step('IPsec between a user in A and one in C',
                  'ua, at a1, and uc, at c2, talk through xfrm interfaces of their gateways, as\n'
                  'qkdnfctl ipsec add, interface and policy make them: no association, no packet.\n'
                  f'Each direction takes fresh key from the stream each {ROLL_S} s; the way of the\n'
                  'packets is ordinary IP, another one than that of the key.'):
            # Plain sequence numbers, as tshark checks no others.
            for node in NODES:
                far = traffic.far_gateway(node)
                self.ctl('ipsec', 'add', str(traffic.REQID), 'peer', self.demo.ids[far],
                         'address', network.FAR[far], 'local', network.FAR[node],
                         'if-id', str(traffic.REQID), 'esn', 'no',
                         'soft-seconds', f'{ROLL_S}s', 'hard-seconds', f'{HARD_S}s', node=node)
                traffic.make_gateway(node, self.ctl)
            wait('associations:', 30, self.associations)
            proven('both ends name the same associations')
            self.captures = network.Captures(NEIGHBOURS, self.scratch, USERS_OR_ESP, '-esp')
            self.talk()
            self.captures.stop()
            seen = self.captures.versions()
            check(seen[ESP] and not seen[CLEAR],
                  'on the cables of both gateways there is ESP, and nothing of users in clear')
            self.facts['esp'] = {'capture': self.captures.files[0], 'reqid': traffic.REQID,
                                 'users': [host for *_, host in traffic.USERS.values()],
                                 'port': FILE_PORT, 'spis': 6,
                                 'sha256': hashlib.sha256(self.octets).hexdigest()}
            self.captures = None

    def talk(self):
        """Ping and TCP while keys roll."""
        device = f'ipsec{traffic.REQID}'
        before = {node: self.ipsec(node) for node in NODES}
        hosts = {user: host for user, (*_, host) in traffic.USERS.items()}
        self.octets = os.urandom(UPLOAD)
        ping = traffic.Ping('ua', hosts['uc'], '-i', str(PING_EVERY), '-c', str(PINGS), '-W', '5')
        self.pings.append(ping)
        seconds = PINGS * PING_EVERY
        begin, said = time.monotonic(), [0.0]

        def progress(arrived):
            if time.monotonic() - said[0] > 2:
                said[0] = time.monotonic()
                now = self.ipsec('a1')
                out(f"   {said[0] - begin:4.0f} s: {arrived:,} octets by TCP; a1 sends under SPI "
                    f"{spi(now['out_spi'])}, {now['out_age_ms'] / 1000:.1f} s old")
        got = traffic.transfer('ua', 'uc', hosts['uc'], FILE_PORT, self.octets, seconds, progress)
        sent, answered = ping.end()
        self.pings.remove(ping)
        rows, after = [], {node: self.ipsec(node) for node in NODES}
        for node in NODES:
            now, then = after[node], before[node]
            rows.append([node, now['rekeys_out'] - then['rekeys_out'],
                         now['rekeys_in'] - then['rekeys_in'],
                         now['key_octets'] - then['key_octets'], spi(now['out_spi']),
                         spi(now['in_spi'])])
        table(['AT', 'ROLLED OUT', 'ROLLED IN', 'OCTETS OF KEY', 'SPI OUT', 'SPI IN'], rows)
        check(min(min(row[1:3]) for row in rows) >= 3,
              f'keys rolled {sum(row[1] for row in rows)} times meanwhile, each direction by itself')
        check(sent == answered == PINGS, f'{answered} of {sent} pings were answered')
        check(got == self.octets, f'{len(got):,} octets arrived by TCP as they were sent')
        ends = [traffic.counters(node, device) for node in NODES]
        lost = [one['sent'] - other['received'] for one, other in (ends, ends[::-1])]
        check(lost == [0, 0] and not any(end['refused'] for end in ends),
              f"{ends[0]['sent'] + ends[1]['sent']:,} packets went into IPsec, and all came out"
              if not any(lost) else f'packets lost in IPsec: {lost}')

    # --- the one-time-pad tunnel ----------------------------------------------------------

    def carried(self):
        states = [self.tunnel(node)['state'] for node in NODES]
        return states == ['up', 'up'], ', '.join(states)

    def pad(self):
        path = os.path.join(self.demo.top, 'docs/protocol.md')
        with open(path, 'rb') as file:
            octets = file.read()
        with Step('A file through the one-time-pad tunnel',
                  'pad0 is an interface at a1 and c2 whose packets are XORed with key of their\n'
                  'stream, a bit of key for each bit: no computer, however fast, reads them.'):
            for node in NODES:
                far = traffic.far_gateway(node)
                self.ctl('tunnel', 'add', traffic.PAD, self.demo.ids[far], node=node)
                traffic.make_pad(node)
            wait('tunnel:', 60, self.carried)
            got = traffic.transfer('a1', 'c2', traffic.PADS['c2'], PAD_PORT, octets)
            rows = []
            for node in NODES:
                now = self.tunnel(node)
                rows.append([node, now['mtu'], now['tx_packets'], now['tx_octets'],
                             now['rx_packets'], now['rx_octets']])
            table(['AT', 'MTU', 'PACKETS OUT', 'OCTETS', 'PACKETS IN', 'OCTETS'], rows)
            check(got == octets, f'docs/protocol.md arrived, {len(got):,} octets, as it was sent')
            self.facts['pad'] = {'file': path, 'port': PAD_PORT}

    # --- out of key --------------------------------------------------------------------------

    def starve(self):
        link = self.demo.link['b1-bg3']
        with Step('Key runs out, and traffic stops',
                  f'{link.name}, which has no backup, is cut. The tunnel uses up what key a1 and c2\n'
                  f'have left; associations live {HARD_S} s. Then there is neither ESP nor clear text.'):
            self.demo.cut_link(link)
            host = traffic.USERS['uc'][3]
            self.pings = [traffic.Ping('ua', host, '-i', '0.2')]
            self.captures = network.Captures(NEIGHBOURS, self.scratch, USERS_OR_ESP, '-cut',
                                             live=True)
            for node in NODES:
                other = traffic.PADS[traffic.far_gateway(node)]
                self.pings.append(traffic.Ping(node, other, '-f', '-s', '200'))
            wait('key runs out:', 60, self.dry, every=0.1)
            for ping in self.pings[1:]:
                ping.end(stop=True)
            del self.pings[1:]
            proven('the tunnel is out of key, and has stopped at both ends')
            wait('associations end:', HARD_S + 60, self.stopped, every=0.1)
            table(['AT', 'STATE', 'WHY'], [[node, self.ipsec(node)['state'],
                                            self.ipsec(node)['reason']] for node in NODES])
            self.silence()

    def dry(self):
        """No key for the tunnel, nor for associations: these take what is too little for
        a packet, or kept back from it.
        """
        states = [self.tunnel(node)['state'] for node in NODES]
        reasons = [self.ipsec(node).get('reason') or '' for node in NODES]
        if states == ['out-of-key'] * 2:
            for node, reason in zip(NODES, reasons):
                if 'no key' not in reason:
                    self.ctl('ipsec', 'rekey', str(traffic.REQID), node=node)
        return (states == ['out-of-key'] * 2 and all('no key' in one for one in reasons),
                ', '.join(states))

    def stopped(self):
        """Nobody can send: the association that each one sent under has ended. A segment
        that frames of control began has some for associations: that goes, too.
        """
        now = [self.ipsec(node) for node in NODES]
        for node, one in zip(NODES, now):
            if one['state'] != 'waiting' and 'no key' not in (one.get('reason') or ''):
                self.ctl('ipsec', 'rekey', str(traffic.REQID), node=node)
        return (all(one['state'] == 'waiting' for one in now),
                f"{max(one['out_age_ms'] for one in now) / 1000:.0f} s old")

    def silence(self):
        """Users go on sending, and nothing leaves."""
        device = f'ipsec{traffic.REQID}'
        time.sleep(CAPTURE_S)
        before, refused = self.captures.versions(), traffic.counters('a1', device)['refused']
        check(before[ESP] and not before[CLEAR], 'to the last, what was sent was ESP')
        padded = self.tunnel('a1')['tx_packets']
        pad = traffic.Ping('a1', traffic.PADS['c2'], '-c', '3', '-W', '1')
        self.pings.append(pad)
        _, answered = pad.end()
        self.pings.remove(pad)
        refused = traffic.counters('a1', device)['refused'] - refused
        time.sleep(CAPTURE_S)
        check(refused > 0, f'ua goes on: a1 refuses {refused} packets')
        check(self.captures.versions() == before,
              'and no packet leaves, neither as ESP nor in clear')
        check(not answered and self.tunnel('a1')['tx_packets'] == padded,
              'nor does the tunnel send any')

    def resume(self):
        link = self.demo.link['b1-bg3']
        with Step('It resumes by itself', 'The link is repaired. Nobody touches a gateway.'):
            before = traffic.echoes('uc')
            self.demo.mend_link(link)
            wait('the stream fills, associations are agreed:', 90, self.associations)
            wait('ua reaches uc again', 30, lambda: traffic.echoes('uc') > before)
            proven('ua reaches uc again')
            wait('tunnel:', 60, self.carried)
            proven('and the tunnel carries again')
            self.pings.pop().end(stop=True)
            self.captures.stop()
            check(not self.captures.versions()[CLEAR], 'in all that time nothing left in clear')
            self.captures = None

    def end(self):
        if self.captures:
            self.captures.kill()
        for ping in self.pings:
            ping.kill()

    @staticmethod
    def tear_down():
        for user in traffic.USERS:
            subprocess.run(['ip', 'netns', 'del', user], check=False, capture_output=True)
