# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemons logged, against what SPIscope finds with keys: child SAs and IKE SAs with their SPIs, initiators, births,
deaths and predecessors; Deletes, refusals and retransmissions. The logs are read here; nothing comes from the plugin."""
import functools
import re

import pytest
from harness import LAB, TEST_CAPTURES, epoch_of, quoted

NEAR = 1.0                     # seconds between a log line and what it says about the wire
NAT = "192.0.2.1"              # the address that gateways in 192.168.0.0/16 have on the captured side
VERSION_1 = [name for name in LAB if re.match("(k_)?v1_", name)]
VERSION_2 = [name for name in LAB if name not in VERSION_1]

LINE = re.compile(r"(?P<peer>A\d?|B) (?P<time>\d+\.\d+) \d\d\[\w+\] (?:<(?:[\w-]+\|)?(?P<ike>\d+)> )?(?P<text>.*)")
ESTABLISHED = re.compile(r"(?:inbound |outbound )?CHILD_SA (\w+)\{\d+\} established with SPIs (\w+)_i (\w+)_o and TS (\S+) === (\S+)")
CLOSING = re.compile(r"closing (?:expired )?CHILD_SA \w+\{\d+\} with SPIs (\w+)_i .*?(\w+)_o ")
REDUNDANT = "deleting redundant child"
DELETE = re.compile(r"sending DELETE for (ESP|AH) CHILD_SA with SPI (\w+)")
DELETE_IKE = re.compile(r"sending DELETE for IKE_SA \w+\[(\d+)\]")
CREATED = re.compile(r"IKE_SA (\(unnamed\)|\w+)\[(\d+)\] state change: CREATED => CONNECTING")
IKE_ESTABLISHED = re.compile(r"IKE_SA \w+\[(\d+)\] state change: CONNECTING => ESTABLISHED")
REKEYED = re.compile(r"IKE_SA \w+\[(\d+)\] rekeyed between")
REAUTHENTICATED = "detected reauth of existing IKE_SA"
REKEY_JOB = re.compile(r"creating rekey job for CHILD_SA \w+/0x0*(\w+)/(\S+)")
LIFETIME = re.compile(r"received (\d+)s lifetime, configured (\d+)s")
RETRANSMIT = re.compile(r"(?:sending )?retransmit (\d+) of request (?:with )?message ID|received retransmit of request with ID")


class Child:
    """One negotiation's two SAs. sas: (destination, SPI), the initiator's inbound SA first, once that is known."""
    def __init__(self, selectors):
        self.selectors, self.inbound, self.established, self.closed, self.ike = selectors, {}, {}, {}, {}
        self.redundant, self.deleted, self.predecessor = False, None, None

    def __repr__(self):
        return " ".join(f"{spi:#010x} to {address}" for address, spi in self.sas)

    @property
    def sas(self):
        return list(self.inbound.values())


class IkeSa:
    def __init__(self, peer, number, time):
        self.numbers, self.initiator, self.created = {peer: number}, peer, time
        self.established, self.deleted, self.predecessor = time, None, None


class Log:
    """One capture's truth file."""
    def __init__(self, name):
        lines = (TEST_CAPTURES / f"{name}.truth.txt").read_text().splitlines()
        self.address = {peer: NAT if address.startswith("192.168.") else address
                        for peer, address in re.findall(r"(A\d?|B) = ([\da-f.:]+)", lines[0])}
        self.version = 1 if name in VERSION_1 else 2
        self.lines = []
        for line in lines[1:]:
            match = LINE.match(line)
            assert match, line
            self.lines.append((float(match["time"]), match["peer"], int(match["ike"] or 0), match["text"].strip()))
        self.lines.sort(key=lambda line: line[0])          # stable: each daemon's own order stays
        self._read_children()
        self._read_ike_sas()
        self._link_children()

    def events(self, pattern):
        for time, peer, ike, text in self.lines:
            match = re.search(pattern, text)
            if match:
                yield time, peer, ike, match

    # --- child SAs ----------------------------------------------------------------------------------------------------

    def _read_children(self):
        """The same two SPIs, seen from either end, are one child."""
        self.by_spis = {}
        for time, peer, ike, match in self.events(ESTABLISHED):
            _, inbound, outbound, mine, other = match.groups()
            child = self.by_spis.setdefault(frozenset((inbound, outbound)), Child(frozenset((mine, other))))
            child.inbound[peer] = (self.address[peer], int(inbound, 16))
            child.established.setdefault(peer, time)
            child.ike.setdefault(peer, ike)
        self.children = list(self.by_spis.values())
        for child in self.children:
            assert len(child.inbound) == 2, f"only one end logged {child}"
        for time, peer, _, match in self.events(CLOSING):
            self.by_spis[frozenset(match.groups())].closed.setdefault(peer, time)
        self.by_inbound = {(peer, spi): child for child in self.children for peer, (_, spi) in child.inbound.items()}
        for time, peer, _, match in self.events(DELETE):
            child = self.by_inbound[peer, int(match[2], 16)]
            child.deleted = min(child.deleted or time, time)
        previous = {}
        for _, peer, _, text in self.lines:                # 'deleting redundant child' says which is closed next
            if CLOSING.search(text) and REDUNDANT in previous.get(peer, ""):
                self.by_spis[frozenset(CLOSING.search(text).groups())].redundant = True
            previous[peer] = text

    def initiator(self, child):
        """In IKEv2 the responder has a child first, as it answers; in IKEv1 the initiator, as it sends message 3."""
        first, last = sorted(child.established, key=child.established.get)
        assert child.established[first] < child.established[last], f"{child}: the log's clock is too coarse"
        return first if self.version == 1 else last

    def _link_children(self):
        """IKEv2: the old child is closed by whoever made the new one, right after. IKEv1: the old one stays until it
        expires; a rekey job that names one of its SPIs comes right before the new one."""
        by_sa = {sa: child for child in self.children for sa in child.sas}
        if self.version == 2:
            for old in self.children:
                for peer, closed in old.closed.items():
                    for new in self.children:
                        if new is not old and not new.redundant and not old.redundant and new.selectors == old.selectors \
                                and self.ike_number_now(peer, old, closed) == new.ike[peer] and 0 <= closed - new.established[peer] < 1:
                            new.predecessor = old
            return
        for time, _, _, match in self.events(REKEY_JOB):
            old = by_sa.get((match[2], int(match[1], 16)))
            for new in self.children:
                if old and new is not old and 0 <= min(new.established.values()) - time < 0.5:
                    new.predecessor = old

    def ike_number_now(self, peer, child, time):
        """The IKE SA that a child belongs to, after rekeys: they inherit it."""
        number = child.ike[peer]
        for rekeyed, who, old, match in self.events(REKEYED):
            if who == peer and old == number and rekeyed <= time:
                number = int(match[1])
        return number

    def death(self, child):
        """When a Delete for it, or else for its IKE SA (IKEv2), was sent; None: never."""
        if child.deleted or self.version == 1:
            return child.deleted
        return min((time for time, peer, _, match in self.events(DELETE_IKE)
                    if peer in child.ike and int(match[1]) == self.ike_number_now(peer, child, time)
                    and time >= child.established[peer]), default=None)

    # --- IKE SAs ------------------------------------------------------------------------------------------------------

    def _read_ike_sas(self):
        """Who starts one logs it under its connection's name, the responder as '(unnamed)'; a rekey has a name at both ends."""
        self.ike_sas, waiting = [], []
        for time, peer, ike, match in sorted(self.events(CREATED), key=lambda event: (event[0], event[3][1] == "(unnamed)")):
            named, number = match[1] != "(unnamed)", int(match[2])
            rekey = named and ike != number
            other_end = [(sa, was_rekey) for sa, was_rekey in waiting
                         if (sa.initiator == "B") != (peer == "B") and time - sa.created < 12 and (not named or (rekey and was_rekey))]
            if other_end:
                sa, was_rekey = other_end[-1]
                waiting.remove((sa, was_rekey))
                sa.numbers[peer] = number
            else:
                assert named, f"{peer} answered what nobody began, at {time}"
                sa = IkeSa(peer, number, time)
                self.ike_sas.append(sa)
                waiting.append((sa, rekey))
        for time, peer, _, match in self.events(IKE_ESTABLISHED):
            for sa in self._numbered(peer, int(match[1]), time):
                sa.established = max(sa.established, time)
        for time, peer, _, match in self.events(DELETE_IKE):
            for sa in self._numbered(peer, int(match[1]), time):
                sa.deleted = min(sa.deleted or time, time)
        for time, peer, old, match in self.events(REKEYED):
            self._numbered(peer, int(match[1]), time)[0].predecessor = self._numbered(peer, old, time)[0]
        for time, peer, old, _ in self.events(REAUTHENTICATED):
            new = max((sa for sa in self.ike_sas if sa.created <= time), key=lambda sa: sa.created)
            new.predecessor = self._numbered(peer, old, time)[0]

    def _numbered(self, peer, number, time):
        """A daemon that was restarted counts from 1 again, and one that tries again keeps the number: the latest counts."""
        return [sa for sa in self.ike_sas if sa.numbers.get(peer) == number and sa.created <= time][-1:]


@functools.cache
def log_of(name):
    return Log(name)


def number(text):
    return int(text, 0)


def sa_rows(spiscope, capture):
    """(destination, SPI) -> the row of `-z spiscope,sa`, with keys. Behind a NAT the table gives the port, too."""
    rows = {}
    for row in kept_sa_rows(spiscope, capture):
        key = (re.sub(r"^([\d.]+):\d+$", r"\1", row["destination"]), number(row["spi"]))
        assert key not in rows, f"{key} is there twice"
        rows[key] = row
    return rows


@functools.cache
def kept_sa_rows(spiscope, capture):
    return spiscope.stat_table(capture, passes=2, keys=True)


def near(time, *log_times):
    return min(log_times) - NEAR <= time <= max(log_times) + NEAR


# --- child SAs ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", LAB)
def test_every_child_sa_of_the_logs_and_no_other(spiscope, capture):
    """With the same SPIs, in both directions, under the right destinations, as ESP or as AH."""
    expected = {sa for child in log_of(capture).children for sa in child.sas}
    rows = sa_rows(spiscope, capture)
    assert {key: row["protocol"] for key, row in rows.items()} == dict.fromkeys(expected, "AH" if capture == "k_v2_ah" else "ESP")


@pytest.mark.parametrize("capture", [name for name in LAB if log_of(name).children])
def test_child_sas_are_born_when_the_logs_say(spiscope, capture):
    rows = sa_rows(spiscope, capture)
    for child in log_of(capture).children:
        for sa in child.sas:
            birth = epoch_of(rows[sa]["birth"])
            assert near(birth, *child.established.values()), f"{sa}: born {birth}, log {child.established}"


@pytest.mark.parametrize("capture", [name for name in LAB if log_of(name).children])
def test_child_sas_die_when_a_delete_is_sent(spiscope, capture):
    log, rows = log_of(capture), sa_rows(spiscope, capture)
    for child in log.children:
        for sa in child.sas:
            expected, death = log.death(child), rows[sa]["death"]
            if expected is not None:
                assert death and near(epoch_of(death), expected), f"{sa}: dead {death or 'never'}, log {expected}"
    if capture in ("v1_dpd", "v2_dpd"):
        assert any(log.death(child) is None for child in log.children), "no child of a killed daemon is in the log"


@pytest.mark.parametrize("capture", [name for name in LAB if log_of(name).children])
def test_age_counts_from_the_birth_in_the_logs(spiscope, capture):
    """spiscope.sa.age on the ESP packets, not only in the table."""
    log = log_of(capture)
    born = {spi: child.established.values() for child in log.children for _, spi in child.sas}
    seen = 0
    for row in spiscope.judged(capture):
        if len(row["spiscope.sa.age"]) != 1 or len(row["spiscope.sa.spi"]) != 1:
            continue
        spi = number(row["spiscope.sa.spi"][0])
        birth = float(row["frame.time_epoch"][0]) - float(row["spiscope.sa.age"][0])
        assert near(birth, *born[spi]), f"frame {row['frame.number'][0]}: {spi:#x} born {birth}, log {born[spi]}"
        seen += 1
    assert seen or capture == "v2_idle"


@pytest.mark.parametrize("capture", [name for name in LAB if log_of(name).children])
def test_the_initiator_of_a_child_names_its_inbound_spi_first(spiscope, capture):
    """The first frame with spiscope.sa.spi is the request: from whom the log says, and it names that peer's SPI."""
    log, first = log_of(capture), {}
    for row in spiscope.judged(capture):
        if row["spiscope.ike"]:
            for spi in row["spiscope.sa.spi"]:
                first.setdefault(number(spi), (int(row["frame.number"][0]), (row["ip.src"] + row["ipv6.src"])[0]))
    for child in log.children:
        initiator = log.initiator(child)
        responder = next(peer for peer in child.inbound if peer != initiator)
        request, response = first.get(child.inbound[initiator][1]), first.get(child.inbound[responder][1])
        assert request and response, f"{child}: named in no IKE message"
        assert request[1] == log.address[initiator] and response[1] == log.address[responder], f"{child}: {request}, {response}"
        assert request[0] < response[0], f"{child}: {request}, {response}"


REKEYING = [name for name in LAB if any(child.predecessor for child in log_of(name).children)]


@pytest.mark.parametrize("capture", REKEYING)
def test_rekeyed_child_sas_are_linked_as_in_the_logs(spiscope, capture):
    """Both directions; and whatever the plugin links otherwise is no rekey of the logs: its old child was gone before."""
    log, rows = log_of(capture), sa_rows(spiscope, capture)
    for child in log.children:
        for peer, sa in child.inbound.items():
            row = rows[sa]
            if child.predecessor:
                address, old = child.predecessor.inbound[peer]
                assert address == sa[0]
                assert row["replaces"] and number(row["replaces"]) == old, f"{sa} replaces {row['replaces'] or 'none'}, log {old:#010x}"
                back = rows[address, old]["replaced_by"]
                assert back and number(back) == sa[1], f"{old:#010x} is replaced by {back or 'none'}, log {sa[1]:#010x}"
            elif row["replaces"]:
                old = log.by_inbound[peer, number(row["replaces"])]
                assert old.selectors == child.selectors, f"{sa} replaces an SA of other selectors"
                gone = log.death(old) or 0
                assert gone < min(child.established.values()), f"{sa} replaces {row['replaces']}, which lived on until {gone}"


def test_there_are_as_many_rekeys_as_captures_md_says():
    """The log reader itself: so many rekeys does CAPTURES.md count."""
    counted = {name: sum(child.predecessor is not None for child in log_of(name).children) for name in LAB}
    said = {"k_v2_healthy": 7, "k_v2_parallel": 8, "k_v2_ipv6": 2, "k_v2_ah": 2, "k_v2_transport": 2, "k_v2_volume": 5, "k_v2_nat_rebind": 0,
            "v2_nat_rebind": 2, "v2_nat3": 9, "v2_life_short_responder": 5, "v1_life_short_responder": 5, "v2_pfs_flap": 0,
            "v2_one_way": 0, "v2_one_way_rekey": 4, "v2_volume": 6, "v2_idle": 0, "v1_dpd": 0}
    assert {name: counted[name] for name in said} == said


@pytest.mark.parametrize("capture", [name for name in VERSION_1 if log_of(name).children])
def test_ikev1_children_have_the_lifetime_that_was_negotiated(spiscope, capture):
    """The initiator's life_time, which the responder logs when it differs from its own."""
    log = log_of(capture)
    configured = {peer: life_time(capture, peer) for peer in log.address}
    told = {}
    for time, peer, _, match in log.events(LIFETIME):
        child = min(log.children, key=lambda child: abs(child.established[peer] - time))
        assert int(match[2]) == configured[peer] and peer != log.initiator(child)
        told[child] = int(match[1])
    expected = {spi: told.get(child, configured[log.initiator(child)]) for child in log.children for _, spi in child.sas}
    seen = set()
    for row in spiscope.judged(capture):
        if row["spiscope.sa.age"] and len(row["spiscope.sa.spi"]) == 1:
            spi = number(row["spiscope.sa.spi"][0])
            assert [float(value) for value in row["spiscope.sa.negotiated_lifetime"]] == [expected[spi]], f"frame {row['frame.number'][0]}"
            seen.add(spi)
    assert seen


def life_time(capture, peer):
    """life_time of the child, by strongSwan's default 110 % of rekey_time, and that by default 1 h."""
    child = (TEST_CAPTURES / f"{capture}.{peer}.conf").read_text().split("children", 1)[1]
    stated = re.search(r"life_time = (\d+)s", child)
    if stated:
        return int(stated[1])
    rekey = re.search(r"rekey_time = (\d+)(s|h)", child)
    return (int(rekey[1]) * {"s": 1, "h": 3600}[rekey[2]] if rekey else 3600) * 110 // 100


@pytest.mark.parametrize("capture", VERSION_2)
def test_ikev2_negotiates_no_lifetime(spiscope, capture):
    """RFC 7296 section 2.8."""
    assert not any(row["spiscope.sa.negotiated_lifetime"] for row in spiscope.judged(capture))


# --- IKE SAs ------------------------------------------------------------------------------------------------------------

def found_ike_sas(spiscope, capture):
    """IKE SAs by number -> {field: value}, as the fields of their frames tell them."""
    found = {}
    for row in spiscope.judged(capture):
        if not row["spiscope.ike"]:
            continue
        time, age = float(row["frame.time_epoch"][0]), float(row["spiscope.ike.age"][0])
        sa = found.setdefault(int(row["spiscope.ike"][0]), {"births": [], "first": time, "source": (row["ip.src"] + row["ipv6.src"])[0]})
        sa["births"].append(time - age)
        for name in ("replaces", "lifetime"):
            sa.setdefault(name, set()).update(row[f"spiscope.ike.{name}"])
    return found


@pytest.mark.parametrize("capture", LAB)
def test_as_many_ike_sas_as_in_the_logs(spiscope, capture):
    assert sorted(found_ike_sas(spiscope, capture)) == list(range(len(log_of(capture).ike_sas)))


@pytest.mark.parametrize("capture", LAB)
def test_an_ike_sa_is_its_pair_of_spis(spiscope, capture):
    """Every frame with the same initiator SPI, and none other, has the same number (the lab's daemons never use one twice)."""
    numbers = {}
    for ours, stock in zip(spiscope.judged(capture), spiscope.isakmp(capture), strict=True):
        if stock["isakmp.ispi"] and not quoted(stock):
            assert len(ours["spiscope.ike"]) == 1, f"frame {stock['frame.number'][0]}"
            numbers.setdefault(stock["isakmp.ispi"][0], set()).add(ours["spiscope.ike"][0])
        else:
            assert not ours["spiscope.ike"], f"frame {stock['frame.number'][0]}"
    assert all(len(each) == 1 for each in numbers.values()), numbers
    assert len(set.union(*numbers.values())) == len(numbers)


@pytest.mark.parametrize("capture", LAB)
def test_ike_sas_begin_with_whom_and_when_the_logs_say(spiscope, capture):
    log, found = log_of(capture), found_ike_sas(spiscope, capture)
    for i, sa in enumerate(sorted(log.ike_sas, key=lambda sa: sa.created)):
        if sa.predecessor is None or log.version == 1:
            assert found[i]["source"] == log.address[sa.initiator], f"IKE SA {i}"
        for birth in found[i]["births"]:
            assert near(birth, sa.created, sa.established), f"IKE SA {i}: born {birth}, log {sa.created} to {sa.established}"


@pytest.mark.parametrize("capture", [name for name in LAB if any(sa.deleted for sa in log_of(name).ike_sas)])
def test_ike_sas_end_when_a_delete_is_sent(spiscope, capture):
    log, found = log_of(capture), found_ike_sas(spiscope, capture)
    for i, sa in enumerate(sorted(log.ike_sas, key=lambda sa: sa.created)):
        if sa.deleted:
            assert len(found[i]["lifetime"]) == 1, f"IKE SA {i}: no lifetime, though deleted at {sa.deleted}"
            end = found[i]["births"][0] + float(*found[i]["lifetime"])
            assert near(end, sa.deleted), f"IKE SA {i}: ends {end}, log {sa.deleted}"


def test_the_ike_sa_of_a_killed_daemon_does_not_end_before_its_last_packet(spiscope):
    for capture in ("v1_dpd", "v2_dpd"):
        found = found_ike_sas(spiscope, capture)[0]
        last = max(float(row["frame.time_epoch"][0]) for row in spiscope.judged(capture) if row["spiscope.ike"] == ["0"])
        for lifetime in found["lifetime"]:
            assert found["births"][0] + float(lifetime) >= last - 0.001, f"{capture}: IKE SA 0 ends {lifetime} s after it began"


@pytest.mark.parametrize("capture", [name for name in LAB if any(sa.predecessor for sa in log_of(name).ike_sas)])
def test_rekeyed_and_reauthenticated_ike_sas_are_linked(spiscope, capture):
    """IKEv2 'rekeyed', IKEv1 'detected reauth of existing IKE_SA'."""
    log, found = log_of(capture), found_ike_sas(spiscope, capture)
    ordered = sorted(log.ike_sas, key=lambda sa: sa.created)
    expected = [{str(ordered.index(sa.predecessor))} if sa.predecessor else set() for sa in ordered]
    assert [found[i]["replaces"] for i in range(len(ordered))] == expected


def test_make_after_break_reauthentication_is_linked(spiscope):
    """v2_gcm_reauth: reauth_time = 30s; A deletes the IKE SA and starts the next within 2 ms."""
    found = found_ike_sas(spiscope, "v2_gcm_reauth")
    assert [found[i]["replaces"] for i in range(4)] == [set(), {"0"}, {"1"}, {"2"}]


# --- Deletes, retransmissions, refusals ---------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", [name for name in LAB if any(log_of(name).events(DELETE))])
def test_every_delete_of_the_logs_is_on_its_frame(spiscope, capture):
    """A frame of the sender within a second of the log, with spiscope.sa.spi naming the SPI."""
    log = log_of(capture)
    frames = [(float(row["frame.time_epoch"][0]), (row["ip.src"] + row["ipv6.src"])[0], {number(spi) for spi in row["spiscope.sa.spi"]})
              for row in spiscope.judged(capture) if row["spiscope.ike"]]
    deletes = {(row["frame.time_epoch"][0], spi) for row in spiscope.isakmp(capture) for spi in row["isakmp.delete.spi"] if len(spi) == 8}
    sent = 0
    for time, peer, _, match in log.events(DELETE):
        spi = int(match[2], 16)
        assert any(spi in spis and source == log.address[peer] and near(at, time) for at, source, spis in frames), f"{spi:#010x} at {time}"
        sent += 1
    assert sent == len(deletes), "the log reader and stock tshark count Deletes differently"


def retransmissions(spiscope, capture):
    return [(float(row["frame.time_epoch"][0]), (row["ip.src"] + row["ipv6.src"])[0], int(row["frame.number"][0]),
             int(row["spiscope.ike.retransmission_of"][0])) for row in spiscope.judged(capture) if row["spiscope.ike.retransmission_of"]]


@pytest.mark.parametrize("capture", LAB)
def test_every_retransmission_of_the_logs_is_on_its_frame(spiscope, capture):
    """One frame of that daemon for each line, and no other frame."""
    log, found = log_of(capture), retransmissions(spiscope, capture)
    for time, peer, _, match in log.events(RETRANSMIT):
        close = [each for each in found if each[1] == log.address[peer] and abs(each[0] - time) < NEAR]
        assert len(close) == 1, f"{peer} at {time}, {match[0]}: {close}"
        found.remove(close[0])
    assert not found, f"not in the log: {found}"


@pytest.mark.parametrize("capture", LAB)
def test_a_retransmission_repeats_an_earlier_message(spiscope, capture):
    """Independently: the first message of the same sender with the same bytes."""
    first, expected = {}, {}
    for row in spiscope.isakmp(capture):
        if row["isakmp.ispi"] and not quoted(row):
            message = ((row["ip.src"] + row["ipv6.src"])[0], row["udp.payload"][0])
            frame = int(row["frame.number"][0])
            if first.setdefault(message, frame) != frame:
                expected[frame] = first[message]
    assert {frame: original for _, _, frame, original in retransmissions(spiscope, capture)} == expected
    assert {f.frame for f in spiscope.findings(capture, lean=True, keys=True) if f.key == "ike_retransmission"} == set(expected)


def established_before(log, time, peer, ike):
    return any(at <= time and who == peer and int(match[1]) == ike for at, who, _, match in log.events(IKE_ESTABLISHED))


def refusals(log):
    """(time, findings) for each refusal that a daemon says it received."""
    for time, peer, ike, match in log.events(r"received (\w+) (?:error notify|notify error|notify, no CHILD_SA built)"):
        phase2 = "no CHILD_SA" in match[0] or established_before(log, time, peer, ike)
        yield time, {"TS_UNACCEPTABLE": {"proxy_id_mismatch", "child_refused"},
                     "INVALID_ID_INFORMATION": {"proxy_id_mismatch", "child_refused"},
                     "NO_PROPOSAL_CHOSEN": {"no_proposal", "child_refused"} if phase2 else {"no_proposal"},
                     "AUTHENTICATION_FAILED": {"auth_failed"}}[match[1]]


REFUSED = {"v2_ts_mismatch": 6, "v1_ts_mismatch": 6, "v2_esp_noprop": 5, "v1_esp_noprop": 5, "v1_pfs_mismatch": 4, "v2_pfs_flap": 12,
           "v2_ike_noprop": 5, "v1_ike_noprop": 5, "v2_psk_mismatch": 3}


@pytest.mark.parametrize("capture", LAB)
def test_every_refusal_of_the_logs_is_on_its_frame(spiscope, capture):
    """As many as in the logs, each within a second, each with the findings that its notify means."""
    said, time_of = {}, {}
    for row in spiscope.judged(capture):
        time_of[int(row["frame.number"][0])] = float(row["frame.time_epoch"][0])
        keys = {"proxy_id_mismatch", "child_refused", "no_proposal", "auth_failed"} & set(row["spiscope.finding"])
        if keys:
            said[int(row["frame.number"][0])] = keys
    expected = list(refusals(log_of(capture)))
    assert len(expected) == REFUSED.get(capture, 0)
    for time, keys in expected:
        frame = min(said, key=lambda frame: abs(time_of[frame] - time), default=None)
        assert frame and near(time_of[frame], time) and said[frame] == keys, f"{keys} at {time}: {frame} {said.get(frame)}"
        del said[frame]
    assert not said or capture == "v1_psk_mismatch", f"not in the log: {said}"
