# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams out of capture files: pcap and pcapng, as tcpdump and dumpcap write
them, down to the payload of UDP over IPv4 and IPv6.
"""
import ipaddress
import struct
from collections import namedtuple
from functools import lru_cache

# time_ns is of the capture's clock; src and dst are (address, port); cut says
# that the capture kept less than was on the wire.
Datagram = namedtuple('Datagram', 'time_ns src dst data cut')

LINKTYPE_NULL, LINKTYPE_ETHERNET, LINKTYPE_LOOP = 0, 1, 108
LINKTYPE_RAW, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 = (12, 14, 101), 113, 276
LINKTYPE_IPV4, LINKTYPE_IPV6 = 228, 229
ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86dd
ETHERTYPE_VLAN = (0x8100, 0x88a8, 0x9100)
IPPROTO_UDP, IPPROTO_FRAGMENT = 17, 44
IPV6_EXTENSION = (0, 43, 60, 135)

PCAP_MAGIC = {
    b'\xa1\xb2\xc3\xd4': ('>', 1000), b'\xd4\xc3\xb2\xa1': ('<', 1000),
    b'\xa1\xb2\x3c\x4d': ('>', 1), b'\x4d\x3c\xb2\xa1': ('<', 1),
}
PCAPNG_SHB = b'\x0a\x0d\x0d\x0a'
PCAPNG_IDB, PCAPNG_PB, PCAPNG_SPB, PCAPNG_EPB = 1, 2, 3, 6
PCAPNG_BYTE_ORDER = 0x1a2b3c4d


class CaptureError(Exception):
    """A file that is no capture, or breaks off in an impossible place."""


def datagrams(path, stats):
    """Yield each UDP datagram of the file. stats is a Counter: what was passed
    over, by reason.
    """
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        raise CaptureError(f'{path}: {error.strerror}') from error
    if data[:4] in PCAP_MAGIC:
        packets = pcap_packets(path, data, stats)
    elif data[:4] == PCAPNG_SHB:
        packets = pcapng_packets(path, data, stats)
    else:
        raise CaptureError(f'{path}: neither pcap nor pcapng: give a file that '
                           'tcpdump -w or dumpcap -w wrote')
    for time_ns, linktype, packet, wire_len in packets:
        protocol, packet = network_layer(path, linktype, packet)
        if protocol == ETHERTYPE_IPV4:
            found = ipv4(packet, stats)
        elif protocol == ETHERTYPE_IPV6:
            found = ipv6(packet, stats)
        else:
            stats['not IP'] += 1
            continue
        if found is None:
            continue
        source, destination, segment = found
        if len(segment) < 8:
            stats['cut short' if wire_len else 'broken UDP'] += 1
            continue
        sport, dport, length = struct.unpack_from('>HHH', segment)
        if length < 8:
            stats['broken UDP'] += 1
            continue
        yield Datagram(time_ns, (source, sport), (destination, dport),
                       segment[8:length], len(segment) < length)


def pcap_packets(path, data, stats):
    """Classic pcap: (time, link type, octets, octets that were on the wire)."""
    order, tick = PCAP_MAGIC[data[:4]]
    if len(data) < 24:
        raise CaptureError(f'{path}: the file header is cut: capture again')
    # The upper bits say whether an FCS follows each packet; the IP length
    # field cuts it off.
    linktype = struct.unpack_from(order + 'I', data, 20)[0] & 0xffff
    record, at = struct.Struct(order + 'IIII'), 24
    while at < len(data):
        if at + 16 > len(data):
            stats['record cut at the end of the file'] += 1
            return
        seconds, fraction, kept, wire_len = record.unpack_from(data, at)
        at += 16
        if at + kept > len(data):
            # tcpdump was killed, or writes still: what is whole is good.
            stats['record cut at the end of the file'] += 1
            return
        yield (seconds * 10**9 + fraction * tick, linktype,
               data[at:at + kept], wire_len)
        at += kept


def pcapng_packets(path, data, stats):
    """pcapng: as pcap_packets(), from any mixture of interfaces and sections."""
    order, interfaces, at = '<', [], 0
    while at < len(data):
        if at + 12 > len(data):
            stats['record cut at the end of the file'] += 1
            return
        if data[at:at + 4] == PCAPNG_SHB:
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
            if struct.unpack_from(order + 'I', data, at + 8)[0] != PCAPNG_BYTE_ORDER:
                raise CaptureError(f'{path}: broken section header at octet {at}')
            interfaces = []
        kind, total = struct.unpack_from(order + 'II', data, at)
        if total < 12 or total % 4:
            raise CaptureError(f'{path}: block of impossible length {total} at octet {at}')
        if at + total > len(data):
            stats['record cut at the end of the file'] += 1
            return
        body = data[at + 8:at + total - 4]
        at += total
        try:
            if kind == PCAPNG_IDB:
                interfaces.append(pcapng_interface(order, body))
            elif kind in (PCAPNG_EPB, PCAPNG_PB):
                fields = 'IIIII' if kind == PCAPNG_EPB else 'HHIIII'
                values = struct.unpack_from(order + fields, body)
                high, low, kept, wire_len = values[-4:]
                linktype, ticks, offset_s, _ = interfaces[values[0]]
                time_ns = ((high << 32 | low) * 10**9 // ticks) + offset_s * 10**9
                yield time_ns, linktype, body[20:20 + kept], wire_len
            elif kind == PCAPNG_SPB:
                wire_len = struct.unpack_from(order + 'I', body)[0]
                linktype, _, _, snaplen = interfaces[0]
                kept = min(wire_len, snaplen or wire_len)
                yield 0, linktype, body[4:4 + kept], wire_len
        except (struct.error, IndexError) as error:
            raise CaptureError(f'{path}: broken block of type {kind} before octet '
                               f'{at}') from error


def pcapng_interface(order, body):
    """(link type, ticks per second, offset in seconds, snap length)."""
    linktype, _, snaplen = struct.unpack_from(order + 'HHI', body)
    ticks, offset, at = 10**6, 0, 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + 'HH', body, at)
        value = body[at + 4:at + 4 + length]
        if code == 0:
            break
        if code == 9 and length == 1:
            ticks = 1 << (value[0] & 0x7f) if value[0] & 0x80 else 10**value[0]
        elif code == 14 and length == 8:
            offset = struct.unpack(order + 'q', value)[0]
        at += 4 + (length + 3) // 4 * 4
    return linktype, ticks, offset, snaplen


def network_layer(path, linktype, packet):
    """(ether type or None, network packet) of a captured packet."""
    if linktype in LINKTYPE_RAW or linktype in (LINKTYPE_IPV4, LINKTYPE_IPV6):
        return by_ip_version(packet)
    if linktype in (LINKTYPE_NULL, LINKTYPE_LOOP):
        return by_ip_version(packet[4:])
    if linktype == LINKTYPE_ETHERNET:
        at = 12
    elif linktype == LINKTYPE_LINUX_SLL:
        at = 14
    elif linktype == LINKTYPE_LINUX_SLL2:
        return int.from_bytes(packet[:2], 'big'), packet[20:]
    else:
        raise CaptureError(f'{path}: link type {linktype} is not known here: capture on '
                           'an Ethernet interface, or on any')
    protocol, at = int.from_bytes(packet[at:at + 2], 'big'), at + 2
    while protocol in ETHERTYPE_VLAN:
        protocol, at = int.from_bytes(packet[at + 2:at + 4], 'big'), at + 4
    return protocol, packet[at:]


def by_ip_version(packet):
    version = packet[0] >> 4 if packet else 0
    return {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(version), packet


@lru_cache(maxsize=1024)
def address(octets):
    return str(ipaddress.ip_address(octets))


def ipv4(packet, stats):
    """(source, destination, UDP datagram), or None and a count."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        stats['broken IP'] += 1
        return None
    header, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], 'big')
    if packet[9] != IPPROTO_UDP:
        stats['not UDP'] += 1
        return None
    # More fragments, or an offset: no frame is so large that it needs them.
    if int.from_bytes(packet[6:8], 'big') & 0x3fff:
        stats['IP fragment'] += 1
        return None
    if header < 20:
        stats['broken IP'] += 1
        return None
    return (address(packet[12:16]), address(packet[16:20]),
            packet[header:total] if total else packet[header:])


def ipv6(packet, stats):
    """As ipv4()."""
    if len(packet) < 40 or packet[0] >> 4 != 6:
        stats['broken IP'] += 1
        return None
    at, following = 40, packet[6]
    end = 40 + int.from_bytes(packet[4:6], 'big')
    while following in IPV6_EXTENSION and at + 8 <= len(packet):
        following, at = packet[at], at + 8 + 8 * packet[at + 1]
    if following == IPPROTO_FRAGMENT:
        stats['IP fragment'] += 1
        return None
    if following != IPPROTO_UDP:
        stats['not UDP'] += 1
        return None
    return address(packet[8:24]), address(packet[24:40]), packet[at:end]
