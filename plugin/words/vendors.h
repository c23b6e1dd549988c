/* vendors.h
 * What the major firewalls call a setting, and their commands, each once, as their documentation has it: lines for checks. A line
 * fits into a label of Wireshark's packet details.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_VENDORS_H
#define SPISCOPE_VENDORS_H

/* ---- settings */

#define VENDORS_PHASE1_LIFETIME \
    "Phase 1 lifetime: Cisco: lifetime in the IKE policy or profile; Palo Alto: Key Lifetime in IKE Crypto; FortiGate: keylife; " \
    "Juniper SRX: lifetime-seconds; strongSwan: rekey_time; libreswan: ikelifetime"
#define VENDORS_PHASE2_LIFETIME \
    "Phase 2 lifetime: Cisco: set security-association lifetime; Palo Alto: Lifetime in IPSec Crypto; FortiGate: keylifeseconds; " \
    "Juniper SRX: lifetime-seconds; strongSwan: rekey_time, life_time; libreswan: salifetime"
#define VENDORS_VOLUME \
    "Volume: Cisco: set security-association lifetime kilobytes; Palo Alto: Lifesize in IPSec Crypto; FortiGate: keylifekbs; " \
    "Juniper SRX: lifetime-kilobytes; strongSwan: rekey_bytes, life_bytes"
#define VENDORS_PROXY_IDS \
    "Proxy IDs: Cisco: access list of the crypto map; Palo Alto: Proxy IDs; FortiGate: src-subnet, dst-subnet; Juniper SRX: " \
    "proxy-identity, traffic-selector; strongSwan: local_ts, remote_ts; libreswan: leftsubnet, rightsubnet"
#define VENDORS_PFS \
    "PFS: Cisco: set pfs; Palo Alto: DH Group in IPSec Crypto; FortiGate: pfs, dhgrp in phase2-interface; Juniper SRX: " \
    "perfect-forward-secrecy; strongSwan: the group in esp_proposals; libreswan: pfs"
#define VENDORS_IDENTITIES \
    "Identities: Cisco ASA: tunnel-group, crypto isakmp identity; Palo Alto: Local and Peer Identification; FortiGate: localid, " \
    "peerid; Juniper SRX: local-identity, remote-identity; strongSwan: local.id, remote.id"
#define VENDORS_UNIQUENESS \
    "Uniqueness of identities: strongSwan: unique, uniqueids; libreswan: uniqueids; Cisco ASA: vpn-simultaneous-logins"
#define VENDORS_IDLE \
    "Idle timeout: Cisco ASA: vpn-idle-timeout; Cisco IOS: crypto ipsec security-association idle-time; FortiGate: idle-timeout; " \
    "Juniper SRX: idle-time; strongSwan: inactivity"
#define VENDORS_MONITOR \
    "Monitoring: Palo Alto: Tunnel Monitor; Juniper SRX: vpn-monitor; FortiGate: link-monitor; Cisco IOS: ip sla"
#define VENDORS_DPD \
    "DPD: Cisco: isakmp keepalive, dpd; Palo Alto: Dead Peer Detection, Liveness Check; FortiGate: dpd-retrycount, " \
    "dpd-retryinterval; Juniper SRX: dead-peer-detection; strongSwan: dpd_delay; libreswan: dpddelay"
#define VENDORS_REKEY_OFF \
    "No rekey: strongSwan, libreswan: rekey=no; swanctl.conf: rekey_time = 0; FortiGate: phase2-interface without keepalive"
#define VENDORS_REAUTH \
    "Re-authentication: strongSwan: reauth_time; FortiGate: reauth"
#define VENDORS_REKEY_SPREAD \
    "Spread of rekey times: strongSwan: rand_time; libreswan: rekeyfuzz"
#define VENDORS_RESPONDER \
    "To respond only: Cisco ASA: set connection-type answer-only; Palo Alto: Enable Passive Mode; FortiGate: passive-mode; " \
    "Juniper SRX: establish-tunnels responder-only; libreswan: auto=add"
#define VENDORS_NAT_KEEPALIVE \
    "NAT keepalive: Cisco ASA: crypto isakmp nat-traversal; Cisco IOS: crypto isakmp nat keepalive; FortiGate: keepalive in " \
    "phase1-interface; Juniper SRX: nat-keepalive; strongSwan: keep_alive; libreswan: keep-alive"
#define VENDORS_REPLAY_WINDOW \
    "Replay window: Cisco: crypto ipsec security-association replay window-size; Palo Alto: Anti Replay Window; Juniper SRX: " \
    "anti-replay-window-size; strongSwan: replay_window; libreswan: replay-window"
#define VENDORS_IKE_FRAGMENTATION \
    "IKE fragmentation (RFC 7383): Cisco: crypto ikev2 fragmentation; FortiGate: fragmentation; Juniper SRX: fragmentation; " \
    "strongSwan, libreswan: fragmentation"
#define VENDORS_MSS \
    "TCP MSS: Cisco ASA: sysopt connection tcpmss; Cisco IOS: ip tcp adjust-mss; Palo Alto: Adjust TCP MSS; FortiGate: tcp-mss; " \
    "Juniper SRX: set security flow tcp-mss ipsec-vpn"
#define VENDORS_COOKIES \
    "Cookies: Cisco: crypto ikev2 cookie-challenge; strongSwan: cookie_threshold"

/* ---- commands */

#define VENDORS_SHOW_SAS \
    "SPIs and lifetimes: Palo Alto: show vpn ipsec-sa; Cisco: show crypto ipsec sa; FortiGate: diagnose vpn tunnel list; " \
    "Juniper SRX: show security ipsec security-associations detail; strongSwan: swanctl --list-sas"
#define VENDORS_SHOW_IKE \
    "IKE SAs: Palo Alto: show vpn ike-sa; Cisco: show crypto ikev2 sa detail, show crypto isakmp sa detail; FortiGate: " \
    "diagnose vpn ike gateway list; Juniper SRX: show security ike sa detail; strongSwan: swanctl --list-sas"
#define VENDORS_SHOW_CONFIG \
    "Configuration: Palo Alto: show vpn tunnel; Cisco: show running-config crypto; FortiGate: show vpn ipsec " \
    "phase2-interface; Juniper SRX: show configuration security ipsec; strongSwan: swanctl --list-conns"
#define VENDORS_SHOW_LOG \
    "Log: Palo Alto: less mp-log ikemgr.log; Cisco ASA: debug crypto ikev2 protocol, debug crypto ikev1; FortiGate: diagnose debug " \
    "application ike -1; Juniper SRX: show log kmd; strongSwan: swanctl --log"

#endif /* SPISCOPE_VENDORS_H */
