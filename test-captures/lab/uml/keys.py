#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keys.py FOLDER OUT NAME     the keys of a run as a Wireshark profile: IKE's from strongSwan's logs (../keys2uat.py; libreswan and OpenIKED log none),
ESP's from what the kernels had, whoever negotiated them."""
import subprocess
import sys
from pathlib import Path
import re

from truth import sa_events

KEYS2UAT = Path(__file__).resolve().parent.parent / "keys2uat.py"
CIPHERS = {"cbc(aes)": "AES-CBC [RFC3602]", "rfc4106(gcm(aes))": "AES-GCM with 16 octet ICV [RFC4106]"}
HASHES = {("hmac(sha1)", "96"): "HMAC-SHA-1-96 [RFC2404]", ("hmac(sha256)", "128"): "HMAC-SHA-256-128 [RFC4868]"}


def esp_rows(out, name):
    """(source, destination, SPI) -> a row of Wireshark's table esp_sa."""
    rows = {}
    for path in sorted(out.glob(f"{name}.?.xfrm")):
        for _, deleted, source, destination, spi, block in sa_events(path):
            cipher = re.search(r"(?:enc|aead) (\S+) (0x\w+)", block)
            integrity = re.search(r"auth-trunc (\S+) (0x\w+) (\d+)", block)
            if deleted or not cipher:
                continue
            authenticated = [HASHES[integrity[1], integrity[3]], integrity[2]] if integrity else ["NULL", ""]
            columns = ["IPv6" if ":" in source else "IPv4", source, destination, spi, CIPHERS[cipher[1]], cipher[2], *authenticated]
            rows[source, destination, spi] = ",".join(f'"{column}"' for column in columns)
    return rows


def main(folder, out, name):
    folder, out = Path(folder), Path(out)
    subprocess.run([sys.executable, KEYS2UAT, folder, *sorted(out.glob(f"{name}.?.charon.log"))], check=True, stdout=subprocess.DEVNULL)
    (folder / "esp_sa").write_text("".join(f"{row}\n" for row in esp_rows(out, name).values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
