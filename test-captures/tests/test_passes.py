# SPDX-License-Identifier: GPL-2.0-or-later
"""The same frames carry the same findings, however the capture is read: one pass, two, with a filter, with other fields
asked for; and keys change nothing of what ESP shows."""
import pytest
from harness import ALL, COUNTS, FINDING_FIELDS, LAB

SOME = ["churn", "clean_rekey", "stale", "loss", "too_old", "one_way", "nat_rebinding", "sequence_restart", "parallel_rekeyed",
        "nested_null_esp", "drop_and_return"]
WITH_KEYS = [(name, keys) for name in LAB for keys in (False, True)] + [(name, False) for name in SOME]
IDS = [f"{name}-{'keyed' if keys else 'keyless'}" for name, keys in WITH_KEYS]


FIELDS = ("frame.number", *FINDING_FIELDS)


def finding_rows(rows):
    return [row for row in rows if row["spiscope.finding"]]


@pytest.mark.parametrize("capture, keys", WITH_KEYS, ids=IDS)
def test_findings_are_the_same_with_one_pass_two_and_a_filter(spiscope, capture, keys):
    def read(passes, display_filter):
        return finding_rows(spiscope.rows(capture, FIELDS, (), passes, display_filter, keys))

    def read_all(passes):
        return [{name: row[name] for name in FIELDS} for row in finding_rows(spiscope.full(capture, passes=passes, keys=keys))]
    one_pass = read(1, None) if keys else read_all(1)
    assert read_all(2) == one_pass, "tshark -2"
    assert read(2, "spiscope.finding") == one_pass, "tshark -2 -Y spiscope.finding"
    if not keys:
        assert read(1, "spiscope.finding") == one_pass, "tshark -Y spiscope.finding"


@pytest.mark.parametrize("capture", SOME + [name for name in LAB if "flap" in name or "healthy" in name])
def test_findings_do_not_depend_on_the_fields_asked_for(spiscope, capture):
    lean = [(f.frame, f.key, f.confidence) for f in spiscope.findings(capture, lean=True)]
    assert [(f.frame, f.key, f.confidence) for f in spiscope.findings(capture)] == lean


# Made for links that are taken back when the older SA speaks again, as README says they may be
TAKEN_BACK = {"link_undone_in_its_frame", "parallel_in_turn"}


@pytest.mark.parametrize("capture", ALL)
def test_what_one_pass_knows_two_passes_repeat(spiscope, capture):
    """Numbers, ages and counts of a frame are those of that frame; only hindsight may be added."""
    stable = ["spiscope.tunnel", "spiscope.sa", "spiscope.sa.spi", "spiscope.sa.first_frame", *(f"spiscope.sa.{name}" for name in COUNTS)]
    if capture != "out_of_order":            # there a later frame can show that the SA is older than was known
        stable.append("spiscope.sa.age")
    for one, two in zip(spiscope.full(capture), spiscope.full(capture, passes=2), strict=True):
        for name in stable:
            assert one[name] == two[name], f"frame {one['frame.number']}: {name}"
        for name in ("spiscope.sa.replaces", "spiscope.sa.replaced_by"):
            assert capture in TAKEN_BACK or set(one[name]) <= set(two[name]), f"frame {one['frame.number']}: {name} was taken back"


@pytest.mark.parametrize("capture", LAB)
def test_keys_change_nothing_about_what_esp_shows(spiscope, capture):
    """Decrypted ESP shows inner addresses: the SAs stay under those of the outer header, with the same packets.

    The negotiation tells more of them: SAs that carried nothing, and so other numbers; ages, lifetimes, and who replaced whom."""
    seen = ("first_frame", "first_time", "last_seen_frame", "last_time", "tunnel", *COUNTS)
    with_keys, without = ({key: {name: sa[name] for name in seen} for key, sa in spiscope.sa_table(capture, keys=keys).items()}
                          for keys in (True, False))
    assert with_keys == without


@pytest.mark.parametrize("capture", ["churn", "v2_flap"])
def test_a_filter_hides_frames_but_not_their_effect(spiscope, capture):
    """Counts on the frames that a display filter leaves are those of the whole capture."""
    fields = ("frame.number", "spiscope.sa", "spiscope.sa.packets", "spiscope.sa.age")
    everything = {row["frame.number"][0]: row for row in spiscope.rows(capture, fields)}
    for passes in (1, 2):
        rows = spiscope.rows(capture, fields, passes=passes, display_filter="spiscope.sa == 1")
        assert rows
        for row in rows:
            assert row == everything[row["frame.number"][0]]


@pytest.mark.parametrize("capture", ["churn", "v1_flap"])
def test_verbose_output_has_one_subtree_per_sa_with_a_summary(spiscope, capture):
    text = spiscope.tshark("-n", "-r", spiscope.path(capture), "-V", "-O", "spiscope", "-Y", "spiscope.sa == 0").stdout
    heads = [line for line in text.splitlines() if "SPIscope" in line and not line.startswith(" ")]
    count = len(spiscope.rows(capture, ("frame.number",), display_filter="spiscope.sa == 0"))
    assert len(heads) >= count
    assert all(len(line) > len("SPIscope") for line in heads)
