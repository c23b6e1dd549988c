#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-captures.py DIR [NAME..]: does each capture agree with its truth?  One line a capture, then what is odd.
- IKE: messages with an encrypted payload, how many of them decrypt with NAME.keys; ESP: ICV good
- every SPI of a 'CHILD_SA established' line is in the capture: in IKE, and in ESP/AH if it carried traffic
- clocks: the first ESP/AH packet of an SPI minus its 'established' line, smallest and largest
(A SPI may start late because there was no traffic: late ones are listed, early ones would be a wrong clock.)"""
import glob, os, re, subprocess, sys
d = sys.argv[1]; names = sys.argv[2:] or sorted(os.path.basename(f)[:-5] for f in glob.glob(d + '/*.pcap'))
def fields(n, flt, *f):
    c = ['tshark', '-r', f'{d}/{n}.pcap', '-Y', flt, '-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=a'] + [x for y in f for x in ('-e', y)]
    out = subprocess.run(c, capture_output=True, text=True, env=dict(os.environ, WIRESHARK_CONFIG_DIR=f'{d}/{n}.keys')).stdout
    return [l.split('|') for l in out.splitlines()]
num = lambda s: int(s, 0)
for n in names:
    enc = len(fields(n, 'isakmp.enc.data || isakmp.flag_e==1', 'frame.number'))
    dec = len(fields(n, 'isakmp.enc.decrypted || (isakmp.flag_e==1 && (isakmp.typepayload==8 || isakmp.typepayload==5))', 'frame.number'))
    pk = fields(n, '(esp || ah) && !icmp.type==3', 'frame.time_epoch', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'esp.spi', 'ah.spi', 'esp.icv_good', 'ip.proto', 'udp.port')
    ike = {num('0x' + x.replace(':', '')) for r in fields(n, 'isakmp.spi', 'isakmp.spi') for x in r[0].replace('0x', '').split(',') if len(x.replace(':', '')) == 8}
    first, count, good, kinds = {}, {}, 0, set()
    for t, s4, d4, s6, d6, e, a, g, proto, udp in pk:
        spi = num((e or a).split(',')[0]); first.setdefault(spi, float(t)); count[spi] = count.get(spi, 0) + 1; good += g.startswith('1') or g.startswith('True')
        kinds.add(('ESP' if e else 'AH') + ('-in-UDP' if udp and e else '') + ('/IPv6' if s6 and s6.count(',') == 0 and not s4 else ''))
    est, notes = {}, []
    for l in open(f'{d}/{n}.truth.txt'):
        m = re.match(r'(\w+) ([\d.]+) .*CHILD_SA \S+ established with SPIs (\w{8})_i (\w{8})_o', l)
        if m:
            for x in (3, 4): est.setdefault(num('0x' + m[x]), float(m[2]))
    dt = {s: first[s] - t for s, t in est.items() if s in first}
    missing = [s for s in est if s not in ike and s not in first]
    silent = [s for s in est if s not in first]
    unknown = [s for s in first if s not in est]
    late = {s: x for s, x in dt.items() if x > 1}
    print(f'{n:24} {os.path.getsize(f"{d}/{n}.pcap"):7} B  {",".join(sorted(kinds)) or "no ESP":12} IKE {len(fields(n, "isakmp", "frame.number"))} (encrypted {enc}, decrypted {dec})'
          f'  ESP/AH {len(pk)} (ICV good {good})  SPIs in truth {len(est)}, missing {len(missing)}, without traffic {len(silent)}, in capture only {len(unknown)}'
          + (f'  first packet {min(dt.values()):+.3f}..{max(dt.values()):+.3f} s' if dt else ''))
    for s in missing: print(f'    MISSING 0x{s:08x}')
    for s in unknown: print(f'    in capture only 0x{s:08x}, {count[s]} packets')
    if late: print('    later than 1 s: ' + ' '.join(f'0x{s:08x}:{x:+.1f}' for s, x in late.items()))
