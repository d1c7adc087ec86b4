#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo shows, in the guest; tools/demo/run.sh starts it.

Each step says what it shows, shows it, and checks it; the first claim that does
not hold ends the demo with exit status 1.
"""
import json
import os
import pty
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import network                                          # noqa: E402
from consumers import Consumers                         # noqa: E402
from say import COLOUR, START, Step, Wrong, check, out, paint, proven, table, wait  # noqa: E402

TOP = os.environ['QKDNF_TOP']
HERE = os.path.join(TOP, 'tools/demo')
RESULTS = os.environ['QKDNF_RESULTS']
BUILD = os.path.join(TOP, 'build', os.environ['QKDNF_RELEASE'])
CTL = os.path.join(TOP, 'build/user/qkdnfctl')
SCRATCH = '/tmp/qkdnf-demo'

RATE, BLOCK = '500k', 4096         # of each emulated link
EPOCH = '2026-01-01'                # when block 0 of each began
OCTETS = 2048                       # that an application asks for
PROVIDERS = {'a': 64496, 'b': 64497, 'c': 64498}
# (border, sender, carrier, contract): who pays whom for which frames
CONTRACTS = [
    ('A|B', 'ag1', 'bg1', 101), ('A|B', 'ag2', 'bg2', 101),
    ('B|C', 'bg3', 'cg1', 102), ('B|C', 'bg4', 'cg2', 102),
    ('C|B', 'cg1', 'bg3', 201), ('C|B', 'cg2', 'bg4', 201),
    ('B|A', 'bg1', 'ag1', 202), ('B|A', 'bg2', 'ag2', 202),
]


def ctl(*words, node=None):
    """qkdnfctl -j: what it prints, as Python has it."""
    where = ['-n', node] if node else []
    text = network.run(CTL, '-j', *where, *words)
    return json.loads(text) if text.strip() else None


def one(answer):
    """The only record of an answer."""
    return answer[0] if isinstance(answer, list) else answer


class Demo:
    def __init__(self):
        self.links = network.read_links(os.path.join(HERE, 'links'))
        self.link = {link.name: link for link in self.links}
        self.nodes = network.nodes_of(self.links)
        self.ids = {node: self.id_of(node) for node in self.nodes}
        self.captures = None
        self.taken = 0
        self.top = TOP
        self.consumers = Consumers(self, ctl, one, SCRATCH)

    @staticmethod
    def id_of(node):
        with open(os.path.join(HERE, 'nodes', node + '.yaml'), encoding='ascii') as file:
            return next(line.split()[1] for line in file if line.startswith('  id: '))

    def peer(self, node, other):
        return one(ctl('peer', 'show', self.ids[other], node=node))

    def relay(self, node, other):
        return one(ctl('relay', 'show', self.ids[other], node=node))

    def source(self, node, other):
        return one(ctl('source', 'show', self.ids[other], node=node))

    # --- steps ----------------------------------------------------------------------

    def build_network(self):
        with Step('Three providers, fourteen nodes, sixteen QKD links',
                  'Each node is a network namespace with a key manager of its own, each QKD link\n'
                  'an emulated one, each KM link a cable with IPv4 (upper path) or IPv6.'):
            out()
            out(network.PICTURE)
            for module in ('qkdemu', 'qkdnf'):
                file = os.path.join(BUILD, module + '.ko')
                for name in network.run('modinfo', '-F', 'depends', file).strip().split(','):
                    if name and name != 'qkdemu':
                        network.run('modprobe', name)
                network.run('insmod', file)
            network.make(self.links)
            self.consumers.set_up()
            network.run('ip', 'netns', 'exec', 'a1', 'ping', '-q', '-c', '1', '-W', '5',
                        '-I', network.FAR['a1'], network.FAR['c2'])
            proven('a1 reaches c2 by IP, which shares no QKD link with it')

    def make_links(self):
        seeds = os.path.join(RESULTS, 'seeds')
        os.makedirs(seeds)
        for link in self.links:
            seed = os.path.join(seeds, link.name)
            with open(seed, 'w', encoding='ascii') as file:
                file.write(os.urandom(32).hex() + '\n')
            os.chmod(seed, 0o600)
            network.run(CTL, 'emu', 'add', link.name, 'rate', RATE, 'block', str(BLOCK),
                        'seed-file', seed, 'start', EPOCH)

    def links_fill(self):
        with Step('The links fill',
                  f'qkdnfctl apply tools/demo/nodes/NODE.yaml configures each node. Its links\n'
                  f'deliver {RATE}bit/s, and the ends meet under key that only they have.'):
            self.make_links()
            self.captures = network.Captures(self.nodes, SCRATCH)
            for node in self.nodes:
                network.run(CTL, '-n', node, 'apply', os.path.join(HERE, 'nodes', node + '.yaml'))
            wait('links up:', 60, self.links_up)
            rows, low = [], []
            state = {node: self.peers(node) for node in self.nodes}
            for link in self.links:
                (a, address), (b, _) = link.ends
                pa, pb = state[a][self.ids[b]], state[b][self.ids[a]]
                rows.append([link.name, 'IPv6' if ':' in address else 'IPv4', pa['state'],
                             pa['own_level'], pb['own_level'],
                             pa['books']['in'], pb['books']['in'], f"{pa['rtt_us'] / 1000:.1f} ms"])
                low += [p for p in (pa, pb) if not p['books']['in']]
            table(['LINK', 'KM LINK', 'STATE', 'FIRST END', 'OTHER END', 'IN', 'IN', 'RTT'], rows)
            out('   FIRST END, OTHER END: octets that this end can use now; IN: octets of key that '
                'the link\n   delivered to each end')
            check(not low, 'every link delivers key at both ends')

    def peers(self, node):
        return {peer['id']: peer for peer in ctl('peer', 'show', node=node)}

    def links_up(self):
        up = 0
        for node in self.nodes:
            peers = self.peers(node).values()
            up += sum(peer['state'] == 'up' and peer['own_level'] > 0
                      for peer in peers if peer['kind'] == 'link')
        return up == 2 * len(self.links), f'{up} of {2 * len(self.links)} ends'

    def segment(self, node, other):
        """Octets of a stream's segment that can be taken: the first 32 confirm it."""
        return (1 << self.peer(node, other)['seg_shift']) - 32

    def spend(self, node, other, octets):
        """Take key at one end and fetch it at the other; their digests must be equal.
        None if there is none at the moment.
        """
        self.taken += 1
        words = ['--octets', str(octets), '--label', f'demo-{self.taken}', '--digest', 'sha256']
        try:
            taken = one(ctl('key', 'take', self.ids[other], *words, node=node))
        except RuntimeError as error:
            if 'no key to give' in str(error):
                return None
            raise
        fetched = self.fetch(other, node, taken['offset'], words)
        if taken['sha256'] != fetched['sha256']:
            raise Wrong(f"{node} has {taken['sha256']}, {other} has {fetched['sha256']}")
        return taken, fetched

    def take(self, node, other, octets=OCTETS, least=0):
        """The same, shown. least: lowest segment that it may come from."""
        shift = self.peer(node, other)['seg_shift']

        def ask():
            both = self.spend(node, other, octets)
            if not both:
                return False, 'none at the moment'
            index = both[0]['offset'] >> shift
            return (True, both) if index >= least else (False, f'of segment {index}')
        taken, fetched = wait(f'key between {node} and {other}:', 60, ask,
                              every=0.1 if least else 0.5)[1]
        out(f"   {node}: qkdnfctl key take {self.ids[other]} --octets {octets}: offset "
            f"{taken['offset']}")
        out(f"      sha256 {paint(taken['sha256'], '36')}")
        out(f"   {other}: qkdnfctl key fetch {self.ids[node]} --offset {taken['offset']} "
            f'--octets {octets}')
        out(f"      sha256 {paint(fetched['sha256'], '36')}")
        proven(f'{node} and {other} hold the same key')
        return taken

    def fetch(self, node, other, offset, words):
        """The word that it was taken travels beside: it may come a moment later."""
        said = []

        def ask():
            try:
                return one(ctl('key', 'fetch', self.ids[other], '--offset', str(offset), *words,
                               node=node))
            except RuntimeError as error:
                said.append(str(error))
                return False, f'first {said[0]}, last {said[-1]}'
        return wait(f'{node} hears of it', 10, ask)

    def end_to_end(self):
        with Step('Key between the first node of A and the last of C',
                  'Seven links and three providers apart. Frames are padded and tagged anew on\n'
                  'each hop; no relay writes the key to memory.'):
            self.first = self.take('a1', 'c2')
        with Step('Key in two shares over two disjoint ways',
                  'a2 and c1 agree theirs over both paths at once and XOR the shares: whoever\n'
                  'controls one path learns nothing.'):
            self.take('c1', 'a2')

    def ends(self):
        """The far ends of streams that are agreed by relay."""
        return (('a1', 'c2'), ('c2', 'a1'), ('a2', 'c1'), ('c1', 'a2'))

    def idle(self):
        """Nothing under way on a stream: all of them are full."""
        busy = 0
        for node, other in self.ends():
            relay = self.relay(node, other)
            busy += relay['state'] != 'idle' or relay['in_flight'] > 0
        return not busy, f'{busy} ends still agree key'

    def capture(self):
        """Stop capturing, and have the machine outside verify what was captured: it has
        the seeds of the emulated links, and time.
        """
        wait('streams full:', 60, self.idle)
        self.captures.stop()
        directory = os.path.join(RESULTS, 'capture')
        os.makedirs(directory)
        words = ['--complete']
        for link in self.links:
            (a, _), (b, _) = link.ends
            words += ['--link', f'{link.name},{RESULTS}/seeds/{link.name},{EPOCH},{BLOCK}',
                      '--pair', f'{self.ids[a]}-{self.ids[b]}={link.name}']
        for file in self.captures.files:
            words.append(shutil.copy(file, directory))
        self.captures = None
        facts = self.consumers.facts
        facts['esp']['capture'] = shutil.copy(facts['esp']['capture'], directory)
        facts.update(decode=words, stream=f"{self.ids['a1']}-{self.ids['c2']}", key=self.first)
        with open(os.path.join(RESULTS, 'wire.json.new'), 'w', encoding='ascii') as file:
            json.dump(facts, file)
        os.rename(os.path.join(RESULTS, 'wire.json.new'), os.path.join(RESULTS, 'wire.json'))

    def settle(self):
        with Step('Settlement: the meters at both sides of each border',
                  'Each carrier sets mark 1 and its sealed HELLO takes it to the sender. ACCEPTED\n'
                  'is what the carrier counted, SENT what the sender did, TOLD what it was told.'):
            for _, sender, carrier, number in CONTRACTS:
                network.run(CTL, '-n', carrier, 'contract', 'mark', self.ids[sender], str(number),
                            'in', '1')
            rows, wrong, idle = [], [], []
            for border, sender, carrier, number in CONTRACTS:
                here = self.contract(carrier, sender, number, 'in')
                wait(f'{sender} hears of the mark', 10, lambda: self.contract(
                    sender, carrier, number, 'out').get('mark') == 1)
                there = self.contract(sender, carrier, number, 'out')
                counts = (here['mark_accepted'], there['mark_sent'], there['mark_peer_accepted'])
                rows.append([border, number, carrier, sender, *counts])
                if len(set(counts)) != 1:
                    wrong.append(f'{carrier}-{sender}: {counts}')
                if not counts[0]:
                    idle.append(f'{carrier}-{sender}')
            table(['BORDER', 'CONTRACT', 'CARRIER', 'SENDER', 'ACCEPTED', 'SENT', 'TOLD'], rows)
            check(not wrong, 'carrier and sender agree to the octet at each border'
                  if not wrong else 'the meters differ: ' + '; '.join(wrong))
            check(not idle, 'and each border was used' if not idle else
                  'nothing was metered at ' + ', '.join(idle))

    def contract(self, node, other, number, direction):
        return one(ctl('contract', 'show', self.ids[other], str(number), direction, node=node))

    def read_wire(self):
        with Step('What the wire shows',
                  'Every frame of every hop was captured. tools/decode recomputes the key of the\n'
                  'emulated links from their seeds, verifies each tag, compares pads and recovers\n'
                  'the key between a1 and c2, from docs/protocol.md alone. With it tshark reads\n'
                  'ESP, and the pads of the tunnel are held against the file: outside of the guest.'):
            claims = os.path.join(RESULTS, 'wire.claims')
            wait('decoding', 180, lambda: os.path.exists(claims))
            with open(os.path.join(RESULTS, 'wire.report'), encoding='utf-8') as file:
                for line in file.read().splitlines():
                    out('   ' + line)
            with open(claims, encoding='utf-8') as file:
                for holds, text in json.load(file):
                    check(holds, text)

    def route(self, node, to):
        return next(route for route in ctl('route', 'show', node=node)
                    if route['destination'] == to)

    @staticmethod
    def cut_link(link):
        """Fibre and KM link."""
        network.run(CTL, 'emu', 'down', link.name)
        network.cable(link, 'down')

    @staticmethod
    def mend_link(link):
        network.cable(link, 'up')
        network.run(CTL, 'emu', 'up', link.name)

    def cut(self):
        link = self.link['ag1-bg1']
        wide = f"{PROVIDERS['c']}:*"
        with Step('A link is cut, and the backup takes over',
                  'The main link over the border A|B goes: fibre and KM link. ag1 sends by ag2\n'
                  'from the next frame on, bg1 by bg2: nobody configures anything.'):
            self.cut_link(link)
            wait('ag1 notices', 30, lambda: self.peer('ag1', 'bg1')['state'] != 'up')
            wait('bg1 notices', 30, lambda: self.peer('bg1', 'ag1')['state'] != 'up')
            fresh, self.all_of_one = self.relay('a1', 'c2')['next_segment'], self.segment('a1', 'c2')
            wait('key goes on:', 90, lambda: self.on_the_backup(fresh))
            route = self.route('ag1', wide)
            table(['AT', 'TO', 'VIA', 'BACKUP', 'ACTIVE', 'SWITCHED'],
                  [['ag1', wide, 'bg1', 'ag2', route['active'], route['switched']]])
            check(route['active'] == 'backup', 'ag1 uses its backup')
            self.take('a1', 'c2', self.all_of_one, least=fresh)
            proven(f'that is segment {fresh} or later: agreed after the cut')
        with Step('And back', 'The link is repaired.'):
            self.mend_link(link)
            wait('ag1 and bg1 meet again', 60, lambda: self.peer('ag1', 'bg1')['state'] == 'up'
                 and self.peer('bg1', 'ag1')['state'] == 'up')
            wait('ag1 goes back:', 60, self.on_the_primary)
            check(self.route('ag1', wide)['active'] == 'primary', 'ag1 uses the link again')

    def on_the_backup(self, fresh):
        relay = self.relay('a1', 'c2')
        if relay['next_segment'] <= fresh + 2:
            for _ in range(3):
                self.spend('a1', 'c2', self.all_of_one)
        return (relay['next_segment'] > fresh + 2 and relay['in_flight'] == 0,
                f"{relay['confirmed']} segments confirmed, {relay['in_flight']} under way")

    def on_the_primary(self):
        active = self.route('ag1', f"{PROVIDERS['c']}:*")['active']
        if active != 'primary':
            self.spend('a1', 'c2', self.all_of_one)
        return active == 'primary', active

    def eavesdrop(self):
        node, other, link = 'b2', 'bg4', 'b2-bg4'
        with Step('Somebody listens',
                  f'An eavesdropper intercepts and resends the pulses of link {link}. That\n'
                  'disturbs them: the error rate passes the limit; the link stops and says why.'):
            before = self.source(node, other)
            network.run(CTL, 'emu', 'eavesdrop', link, 'on')
            wait(f'{link} stops', 30, lambda: self.source(node, other)['state'] == 'stopped')
            source = self.source(node, other)
            table(['AT', 'LINK', 'STATE', 'QBER', 'WHY'],
                  [[node, link, source['state'], f"{source['qber_ppm'] / 10000:.1f} %",
                    source.get('reason', '')]])
            check(source['qber_ppm'] > 110000 > before['qber_ppm'],
                  f"the error rate went from {before['qber_ppm'] / 10000:.1f} % past 11 %")
            check(bool(source.get('reason')), 'the node says why')
            time.sleep(2)       # two seconds in which nothing must happen
            check(self.source(node, other)['octets'] == source['octets'],
                  'no key came in the two seconds after')
        with Step('Nobody listens any more', 'The link goes on by itself.'):
            network.run(CTL, 'emu', 'eavesdrop', link, 'off')
            wait(f'{link} goes on', 30, lambda: self.source(node, other)['octets']
                 > source['octets'])
            check(self.source(node, other)['state'] == 'running', f'{link} delivers key again')

    def page(self):
        with Step('How a node is, on one page', 'qkdnfctl -n a1 show'):
            out()
            sys.stdout.flush()
            words = [CTL, '-n', 'a1', 'show']
            if COLOUR:          # it is coloured on a terminal
                pty.spawn(words)
            else:
                subprocess.run(words, check=True)
            out()
            wrong = []
            for node in self.nodes:
                books = one(ctl('stats', node=node))['books']
                if books['in'] != books['spent'] + books['held'] + books['erased']:
                    wrong.append(f'{node}: {books}')
            check(not wrong, 'the books of all fourteen nodes balance: octets in = spent + held + '
                  'erased' if not wrong else 'books do not balance: ' + '; '.join(wrong))

    def main(self):
        self.build_network()
        self.links_fill()
        self.end_to_end()
        self.consumers.protect()
        self.consumers.pad()
        self.capture()
        self.settle()
        self.read_wire()
        self.cut()
        self.consumers.starve()
        self.consumers.resume()
        self.eavesdrop()
        self.page()

    def end(self):
        self.consumers.end()
        if self.captures:
            self.captures.kill()

    def tear_down(self):
        """Leave nothing, so that the modules can go."""
        self.consumers.tear_down()
        for node in self.nodes:
            subprocess.run(['ip', 'netns', 'del', node], check=False, capture_output=True)
        for link in self.links:
            subprocess.run([CTL, 'emu', 'del', link.name], check=False, capture_output=True)


def main():
    demo = Demo()
    keep = '--keep' in sys.argv[1:]
    status = 1
    try:
        demo.main()
        status = 0
    except (Wrong, RuntimeError) as error:
        out()
        out(paint(f'demo: failed: {error}', '31'))
    finally:
        demo.end()
    if not keep:
        demo.tear_down()
    if not status:
        out()
        out(paint(f'Everything held, in {time.monotonic() - START:.0f} s.', '32'))
    return status


if __name__ == '__main__':
    sys.exit(main())
