#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""truth.py OUT NAME > NAME.truth.txt     what happened in a run of guest/scenarios, by those who were there, in OUT (the lab's work/out):
- SA: what the kernels of all gateways had, from NAME.GATEWAY.xfrm (ip -ts xfrm monitor): source, destination, SPI, birth, first and last time that one
  of them deleted it (-: kept to the end);
- PING, SILENCE: what each user saw (NAME's ping.* logs): how many packets he sent and how many answers came; from when to when none came though he
  sent, that is, the last answer before and the first one after (-: none), where that took longer than one and a half of his intervals;
- S: what the scenario did; A, B, C: what the daemons logged, less what tells nothing of births, ends and refusals.
All times are seconds since 1970, by the clock of the capture."""
import calendar
import re
import sys
import time
from collections import Counter
from pathlib import Path

SINCE = re.compile(r"\[?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d+)\]?")
# what a line must hold, and must not, to be kept
STRONGSWAN = (re.compile(r"IKE_SA .* (established|rekeyed|reauthenticated|deleted) |IKE_SA .* state change: (?!CREATED|.*CREATED|.*CONNECTING => CONNECTING)"
                         r"|CHILD_SA .* (established|rekeyed) |closing (expired )?CHILD_SA |DELETE for|parsed CREATE_CHILD_SA request|(initiating|reauthenticating) IKE_SA"
                         r"|is initiating|collision|retransmit \d|giving up|received (?!.*(SUPPORTED|FRAGMENTATION|SIGNATURE_HASH|vendor ID|packet|end entity|issuer))[A-Z_]+ "
                         r"|unacceptable|MAC mismatched|could not decrypt|no (matching|acceptable)|authentication of .* (failed|succ)|sending (DPD|keep alive)|NAT mappings of|"
                         r"uniqueness|duplicate|endpoint changed|untrusted|no issuer|failed|expired"),
              re.compile(r"plugin |queueing|activating|loaded|loading|checkout|checkin|sending keep alive|parsed INFORMATIONAL|retransmit [2-9]"))
LIBRESWAN = (re.compile(r'"\w+"(\[\d+\] [\d.]+)? #\d+: '),
             re.compile(r"processing decrypted|: *(proposal )?\d:(IKE|ESP)|proposals \(|local proposals|retransmission; will wait (?!0\.5 )|sent IKE_SA_INIT|sent IKE_AUTH|sent Main|switched|Diffie|message id deadlock|constructed|local (IKE|ESP)|encrypted (chain|msg)|peer ID|Peer ID"))
NAMES_AN_SA = re.compile(r"0x[0-9a-f]{8}|SPI|Quick Mode|CREATE_CHILD_SA request")
ALIKE = 20
OPENIKED = (re.compile(r"send (IKE_SA_INIT|IKE_AUTH)|sa_state: .*-> (ESTABLISHED|CLOSED|CLOSING)|loaded SPIs|deleted CHILD|rekeying|sa_free:|established peer|retransmit 1 |"
                       r"notify: .*(?:NO_PROPOSAL|TS_UNACC|AUTHENTICATION_FAILED|INVALID|TEMPORARY|NO_ADDITIONAL)|expired|failed|unexpected|mismatch|flow not"), re.compile(r"ca_|NAT_DETECTION"))


def since_1970(text):
    match = SINCE.search(text)
    return calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")) + float(f"0.{match[2]}")


def sa_events(path):
    """(time, whether it was deleted, source, destination, SPI, its lines) of one kernel."""
    for block in re.split(r"^(?=\[\d{4}-)", path.read_text(), flags=re.M):
        match = re.match(r"\[\S+\]\s*(Deleted |Updated |Expired |)src (\S+) dst (\S+)\s+proto (?:esp|ah) spi (0x\w+)", block)
        ended = match and (match[1] == "Deleted " or match[1] == "Expired " and "hard 1" in block)
        if match and (ended or match[1] != "Expired "):
            yield since_1970(block), ended, match[2], match[3], f"0x{int(match[4], 16):08x}", block


def kernels(out, name):
    """(source, destination, SPI) -> [birth, deletes]; an SA of two kernels is one."""
    found = {}
    for path in sorted(out.glob(f"{name}.?.xfrm")):
        for when, deleted, *triple, _ in sa_events(path):
            birth_and_ends = found.setdefault(tuple(triple), [None, []])
            if deleted:
                birth_and_ends[1].append(when)
            else:
                birth_and_ends[0] = min(when, birth_and_ends[0] or when)
    return {triple: found[triple] for triple in found if found[triple][0]}     # the others are SPIs that were taken, and no SA came of it


def users(out, name):
    """A line for each user, and one for each silence of his."""
    for path in sorted(out.glob(f"ping.{name}.*")):
        match = re.fullmatch(rf"ping\.{name}\.(\w)\.(\d+\.\d+\.\d+\.\d+)\.(\d+\.\d+\.\d+\.\d+)\.([\d.]+)", path.name)
        every, who = float(match[4]), " ".join(match.groups()[:3])
        answers, unanswered = [], []
        for when, answered in re.findall(r"^\[(\d+\.\d+)\] (\d+ bytes from|no answer yet|From)", path.read_text(), re.M):
            (answers if answered.endswith("bytes from") else unanswered).append(float(when))
        yield f"PING {who} every {match[4]} s: {len(answers)} answers, {len(unanswered)} times none"
        for before, after in zip([None, *answers], [*answers, None]):
            missing = [when for when in unanswered if (not before or when > before) and (not after or when < after)]
            if missing and (not before or not after or after - before > 1.5 * every):
                yield f"SILENCE {who} {f'{before:.3f}' if before else '-'} {f'{after:.3f}' if after else '-'}"


def kept(text, words):
    return words[0].search(text) and not words[1].search(text)


def shape_of(text):
    return re.sub(r"[0-9a-f]*\d[0-9a-f]*", "", text)


def logged(out, name):
    """The lines that are kept; of those that name no SA, and are alike but for numbers, the first ALIKE of each gateway."""
    for path in sorted(out.glob(f"{name}.?.*.log")):
        gateway, daemon = path.name.split(".")[1:3]
        alike = Counter()
        for line in path.read_text(errors="replace").splitlines():
            if daemon == "charon":
                match = re.match(r"(\d+\.\d+) \d+\[\w+\] (.*)", line)
                when, text = (float(match[1]), match[2]) if match else (None, "")
                keep = kept(text, STRONGSWAN)
            elif daemon == "pluto":
                match = re.match(r"(\w{3} +\d+ [\d:]{8})\.(\d+): (.*)", line)
                when, text = None, ""
                if match:
                    year = time.gmtime(path.stat().st_mtime).tm_year
                    when, text = calendar.timegm(time.strptime(f"{year} {match[1]}", "%Y %b %d %H:%M:%S")) + float(f"0.{match[2]}"), match[3]
                keep = kept(text, LIBRESWAN)
            else:
                match = re.match(r"(\d+\.\d+) (.*)", line)
                when, text = (float(match[1]), match[2]) if match else (None, "")
                keep = kept(text, OPENIKED)
            if match and keep:
                alike[shape_of(text)] += 1
                if alike[shape_of(text)] > ALIKE and not NAMES_AN_SA.search(text):
                    continue
                yield f"{gateway} {when:.3f} {text[:180]}"


def main(out, name):
    out = Path(out)
    print(f"# {name}. SA: source, destination, SPI, birth, first and last delete. SILENCE: user, last answer before, first after. S: the scenario. A, B, C: logs")
    for triple, (birth, ends) in sorted(kernels(out, name).items(), key=lambda item: item[1][0]):
        print("SA", *triple, f"{birth:.3f}", *[f"{when:.3f}" if when else "-" for when in (min(ends, default=None), max(ends, default=None))])
    for line in users(out, name):
        print(line)
    for line in (out / f"{name}.done").read_text().splitlines():
        print("S", line)
    for line in logged(out, name):
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
