# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests and responses, and the frames that name an SPI, against what stock tshark reads with the same keys."""
import pytest
from harness import LAB, quoted

V1_MAIN, V1_AGGRESSIVE, V1_INFORMATIONAL, V1_QUICK = 2, 4, 5, 32
V2_EXCHANGES = range(34, 38)
PAIRS = ("spiscope.ike.request_in", "spiscope.ike.response_in", "spiscope.ike.response_time")


class Message:
    def __init__(self, row):
        def last(name):
            return row[name][0]
        self.frame, self.time = int(last("frame.number")), float(last("frame.time_epoch"))
        self.source = ((row["ip.src"] + row["ipv6.src"])[0], *row["udp.srcport"])
        self.bytes, self.ike = last("udp.payload"), last("isakmp.ispi")
        self.exchange, self.id = int(last("isakmp.exchangetype")), last("isakmp.messageid")
        self.is_v2 = self.exchange in V2_EXCHANGES
        self.response = self.is_v2 and last("isakmp.flag_r") in ("1", "True")
        self.from_initiator = self.is_v2 and last("isakmp.flag_i") in ("1", "True")


def messages(spiscope, capture):
    return [Message(row) for row in spiscope.isakmp(capture) if row["isakmp.ispi"] and not quoted(row)]


def pairs(spiscope, capture):
    """(request frames, response frames), each the copies of one message, the first one first.

    IKEv2, RFC 7296 section 2.2: IKE SA, message ID, and whether its initiator asks. IKEv1, RFC 2408 section 3.1: the
    messages of one message ID take turns, so that Main Mode has three pairs and message 3 of Quick Mode none.
    An Informational of IKEv1 stands alone, unless it answers what got no other answer: see refusal()."""
    exchanges = {}
    for message in messages(spiscope, capture):
        key = (message.ike, message.id, message.exchange, message.is_v2 and message.from_initiator != message.response)
        turns = exchanges.setdefault(key, [])
        for turn in turns:
            if (turn[0].source[0], turn[0].bytes) == (message.source[0], message.bytes):
                turn.append(message)
                break
        else:
            turns.append([message])
    found = []
    for (_, _, exchange, _), turns in exchanges.items():
        if exchange in (*V2_EXCHANGES, V1_MAIN, V1_AGGRESSIVE, V1_QUICK):
            turns += [[]] * (len(turns) % 2)
            found += list(zip(turns[::2], turns[1::2]))
    return found


def refusal_of(request, informationals):
    """The peer's next Informational in the IKE SA: a link to it, and back, is right, though it has a message ID of its own."""
    return next((m for m in informationals if m.frame > request.frame and m.ike == request.ike and m.source[0] != request.source[0]), None)


def test_the_pairing_itself(spiscope):
    """v2_healthy: IKE_SA_INIT and IKE_AUTH are the first four frames; v1_healthy: Main Mode, then Quick Mode."""
    def first(capture, count):
        return [[[message.frame for message in turn] for turn in pair] for pair in pairs(spiscope, capture)[:count]]
    assert first("v2_healthy", 2) == [[[1], [2]], [[3], [4]]]
    assert first("v1_healthy", 5) == [[[1], [2]], [[3], [4]], [[5], [6]], [[7], [8]], [[9], []]]


@pytest.mark.parametrize("capture", LAB)
def test_requests_and_responses_are_linked(spiscope, capture):
    found = {int(row["frame.number"][0]): [row[name] for name in PAIRS] for row in spiscope.judged(capture)}
    times = {message.frame: message.time for message in messages(spiscope, capture)}
    wrong, paired, informationals = [], set(), [m for m in messages(spiscope, capture) if m.exchange == V1_INFORMATIONAL]
    for requests, responses in pairs(spiscope, capture):
        refusal = refusal_of(requests[-1], informationals)
        if not responses and refusal and found[requests[-1].frame][1] == [str(refusal.frame)]:
            responses = [refusal]
        for i, request in enumerate(requests):
            expected = [[], [str(responses[0].frame)] if responses else [], []]
            paired.add(request.frame)
            if found[request.frame] != expected:
                wrong.append((request.frame, found[request.frame], expected))
        copies = {str(message.frame) for message in requests}
        for response in responses:
            request_in, response_in, response_time = found[response.frame]
            paired.add(response.frame)
            if response_in or len(request_in) != 1 or request_in[0] not in copies or len(response_time) != 1 \
                    or abs(float(response_time[0]) - (response.time - times[int(request_in[0])])) > 2e-6:
                wrong.append((response.frame, found[response.frame], f"request in one of {sorted(copies)}"))
    assert not wrong, f"(frame, [request_in, response_in, response_time], expected): {wrong}"
    others = {frame: fields for frame, fields in found.items() if frame not in paired and any(fields)}
    assert not others, f"linked, though no half of an exchange: {others}"


@pytest.mark.parametrize("capture", LAB)
def test_a_response_is_never_before_its_request(spiscope, capture):
    for row in spiscope.judged(capture):
        frame = int(row["frame.number"][0])
        if row["spiscope.ike.retransmission_of"]:
            continue                # the response may be there already, and have been lost
        assert all(int(value) < frame for value in row["spiscope.ike.request_in"]), f"frame {frame}: {row['spiscope.ike.request_in']}"
        assert all(int(value) > frame for value in row["spiscope.ike.response_in"]), f"frame {frame}: {row['spiscope.ike.response_in']}"


# --- spiscope.sa.spi ----------------------------------------------------------------------------------------------------

def frames_naming(spiscope, capture):
    """SPI -> the frames of its negotiation (SA payloads, REKEY_SA), its packets and its Delete. An SPI of 8 bytes is an IKE SA's."""
    named = {}
    for row in spiscope.isakmp(capture):
        if quoted(row):
            continue
        spis = {int(value, 16) for name in ("isakmp.spi", "isakmp.delete.spi") for value in row[name] if len(value) == 8}
        spis.discard(0)             # of a notify about no SA in particular; reserved, RFC 4303 section 2.1
        for spi in spis | {int(value, 16) for name in ("esp.spi", "ah.spi") for value in row[name]}:
            named.setdefault(spi, []).append(int(row["frame.number"][0]))
    return named


# with A's key, tshark reads gibberish from what B encrypted with its own
READABLE = [name for name in LAB if name != "v1_psk_mismatch"]


@pytest.mark.parametrize("capture", READABLE)
def test_one_spi_shows_birth_traffic_and_death(spiscope, capture):
    found = {}
    for row in spiscope.judged(capture):
        for spi in {int(value, 0) for value in row["spiscope.sa.spi"]}:
            found.setdefault(spi, []).append(int(row["frame.number"][0]))
    expected = frames_naming(spiscope, capture)
    assert found == expected, {f"{spi:#010x}": (found.get(spi), expected.get(spi)) for spi in {*found, *expected}
                               if found.get(spi) != expected.get(spi)}


@pytest.mark.parametrize("capture, at_least", [("v2_flap", 24), ("v1_healthy", 14), ("v2_dup", 24), ("k_v2_ah", 6)])
def test_the_spi_filter_lists_them(spiscope, capture, at_least):
    """As a user types it: tshark -2 -Y "spiscope.sa.spi == 0x…"."""
    named = frames_naming(spiscope, capture)
    assert len(named) >= at_least
    for spi in (*list(named)[:2], list(named)[-1]):
        rows = spiscope.rows(capture, ("frame.number",), (), 2, f"spiscope.sa.spi == {spi:#010x}", True)
        assert [int(row["frame.number"][0]) for row in rows] == named[spi], f"{spi:#010x}"
