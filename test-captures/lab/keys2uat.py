#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""charon log(s) at ike=4, chd=4, mgr=2, ike_name=yes -> Wireshark profile dir with the three UAT files.
usage: keys2uat.py PROFILEDIR charon.log [charon2.log ...]"""
import re, sys, os
LINE = re.compile(r'^(?P<ts>\S+) (?P<th>\d+)\[(?P<grp>\w+)\] (?:<(?:(?P<nm>[^|>]*)\|)?(?P<id>\d+)> )?(?P<msg>.*)$')
HEX = re.compile(r'^\s*\d+: ((?:[0-9A-F]{2} )+)')
IKE_ENC = {'AES_CBC_128':'AES-CBC-128 [RFC3602]','AES_CBC_192':'AES-CBC-192 [RFC3602]','AES_CBC_256':'AES-CBC-256 [RFC3602]',
 '3DES_CBC':'3DES [RFC2451]','AES_GCM_16_128':'AES-GCM-128 with 16 octet ICV [RFC5282]','AES_GCM_16_256':'AES-GCM-256 with 16 octet ICV [RFC5282]'}
IKE_INT = {'HMAC_SHA1_96':'HMAC_SHA1_96 [RFC2404]','HMAC_MD5_96':'HMAC_MD5_96 [RFC2403]','HMAC_SHA2_256_128':'HMAC_SHA2_256_128 [RFC4868]',
 'HMAC_SHA2_384_192':'HMAC_SHA2_384_192 [RFC4868]','HMAC_SHA2_512_256':'HMAC_SHA2_512_256 [RFC4868]', None:'NONE [RFC4306]'}
ESP_ENC = {'AES_CBC':'AES-CBC [RFC3602]','3DES_CBC':'TripleDES-CBC [RFC2451]','AES_GCM_16':'AES-GCM with 16 octet ICV [RFC4106]'   # plain 'AES-GCM [RFC4106]' with auth NULL leaves the ICV in the data: nothing decodes
 ,'NULL':'NULL','AES_CTR':'AES-CTR [RFC3686]'}
ESP_INT = {'HMAC_SHA1_96':'HMAC-SHA-1-96 [RFC2404]','HMAC_MD5_96':'HMAC-MD5-96 [RFC2403]','HMAC_SHA2_256_128':'HMAC-SHA-256-128 [RFC4868]',
 'HMAC_SHA2_384_192':'HMAC-SHA-384-192 [RFC4868]','HMAC_SHA2_512_256':'HMAC-SHA-512-256 [RFC4868]', None:'NULL'}
v1, v2, esp = {}, {}, {}
def parse(path):
    th = {}                      # per thread state
    spis = {}                    # unique id -> (spi_i, spi_r)
    keyed = {}                   # unique id -> dict of keys
    pend = {}                    # thread -> keys of a rekeyed IKE_SA waiting for its unique id
    cur = None                   # hexdump under collection: (target list)
    for raw in open(path, errors='replace'):
        m = LINE.match(raw.rstrip('\n'))
        if not m: continue
        t, uid, msg = m['th'], m['id'], m['msg']
        s = th.setdefault(t, {})
        h = HEX.match(msg)
        if h:
            if s.get('dump') is not None: s['dump'].append(h[1].replace(' ','').lower())
            continue
        s['dump'] = None
        x = re.match(r'checkout IKEv\d SA by message with SPIs ([0-9a-f]{16})_i ([0-9a-f]{16})_r', msg)
        if x: s['msgspi'] = (x[1], x[2]); continue
        x = re.match(r'IKE_SA \S+\[(\d+)\] successfully checked out', msg)
        if x:
            if s.get('msgspi') and s['msgspi'][1] != '0'*16: spis[x[1]] = s['msgspi']
            s['msgspi'] = None; continue
        if msg.startswith('checkout '): s['msgspi'] = None
        x = re.match(r'parsed \S+ (request|response)', msg)
        if x: s['role'] = x[1]
        x = re.match(r'selected proposal: IKE:(\S+)', msg)
        if x: s['prop'] = x[1]; keyed.setdefault(('prop', uid), x[1]); continue
        # --- IKE_SA keys
        x = re.match(r'(Sk_ei|Sk_er|Sk_ai|Sk_ar) secret => (\d+) bytes', msg)
        if x:
            k = s.setdefault('newkeys', {'prop': keyed.get(('prop', uid)) or s.get('prop'), 'uid': uid})
            s['dump'] = k[x[1]] = []; continue
        x = re.match(r'Sk_pr secret =>', msg)
        if x and 'newkeys' in s:
            k = s.pop('newkeys')
            if uid in keyed: pend[t] = k        # a second derivation in the same SA: IKE rekey
            else: keyed[uid] = k
            continue
        x = re.match(r'IKE_SA \S+\[(\d+)\] state change: CONNECTING => ESTABLISHED', msg)
        if x and t in pend: keyed[x[1]] = pend.pop(t)
        x = re.match(r'encryption key Ka => ', msg)
        if x: k = keyed.setdefault(uid, {'v1': []}); s['dump'] = k['v1']; continue
        x = re.match(r'initial IV => ', msg)          # belt and braces: stops the key dump
        # --- CHILD_SA keys
        x = re.match(r'\s+using (\S+) for (encryption|integrity)', msg)
        if x:
            if x[2] == 'encryption': s['c'] = {'enc': x[1], 'int': None}
            else: s.setdefault('c', {'enc': None})['int'] = x[1]
        x = re.match(r'(encryption|integrity) (initiator|responder) key => ', msg)
        if x: s.setdefault('c', {}); s['dump'] = s['c'][(x[1][:3], x[2])] = []; continue
        x = re.match(r'(?:adding|registering) (inbound|outbound) (\S+) SA', msg)
        if x: s['dir'] = x[1] if x[2] == 'ESP' else None; continue      # AH has nothing to decrypt
        x = re.match(r'\s+SPI 0x([0-9a-f]{8}), src (\S+) dst (\S+)', msg)
        if x and s.get('c') and s.get('dir'):
            ini = s.get('role') == 'response'        # we started this exchange
            who = 'initiator' if (s['dir'] == 'outbound') == ini else 'responder'
            c = s['c']; j = lambda k: ''.join(c.get(k, []))
            esp.setdefault((x[2], x[3], x[1]), (c['enc'], j(('enc', who)), c['int'], j(('int', who))))
    for uid, k in keyed.items():
        if isinstance(uid, tuple) or uid not in spis: continue
        si, sr = spis[uid]
        if 'v1' in k: v1.setdefault(si, ''.join(k['v1'])); continue   # first log wins (PSK mismatch: the two ends have different keys)
        p = (k['prop'] or '').split('/')
        integ = next((a for a in p if a in IKE_INT), None)
        j = lambda n: ''.join(k.get(n, []))
        v2[(si, sr)] = (j('Sk_ei'), j('Sk_er'), IKE_ENC.get(p[0], p[0]), j('Sk_ai'), j('Sk_ar'), IKE_INT[integ])
d = sys.argv[1]; os.makedirs(d, exist_ok=True)
for f in sys.argv[2:]: parse(f)
with open(f'{d}/ikev2_decryption_table', 'w') as o:
    for (a, b), (ei, er, e, ai, ar, i) in v2.items(): o.write(f'{a},{b},{ei},{er},"{e}",{ai},{ar},"{i}"\n')
with open(f'{d}/ikev1_decryption_table', 'w') as o:
    for a, k in v1.items(): o.write(f'{a},{k}\n')
with open(f'{d}/esp_sa', 'w') as o:
    for (s, t, spi), (e, ek, i, ik) in esp.items():
        o.write(f'"{"IPv6" if ":" in s else "IPv4"}","{s}","{t}","0x{spi}","{ESP_ENC.get(e, e)}","0x{ek}","{ESP_INT.get(i, i)}","{"0x"+ik if ik else ""}"\n')
with open(f'{d}/preferences', 'w') as o:
    o.write('esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n')
print(f'{d}: ikev2 {len(v2)}  ikev1 {len(v1)}  esp {len(esp)}')
