"""The model's few behaviours: order of speed, spelling, what is settled."""

import pytest

from restoretui.core.model import ObjectFacts, ObjectRef, State, Tier


@pytest.mark.parametrize(
    ("tier", "other", "faster"),
    [
        ("expedited", "expedited", False),
        ("expedited", "standard", True),
        ("expedited", "bulk", True),
        ("standard", "expedited", False),
        ("standard", "standard", False),
        ("standard", "bulk", True),
        ("bulk", "expedited", False),
        ("bulk", "standard", False),
        ("bulk", "bulk", False),
    ],
)
def test_faster(tier: str, other: str, faster: bool) -> None:
    assert Tier(tier).faster_than(Tier(other)) is faster


def test_tiers_on_the_wire() -> None:
    assert [tier.wire for tier in Tier] == ["Expedited", "Standard", "Bulk"]


def test_settled_states() -> None:
    going = {state for state in State if not state.is_settled}
    assert going == {State.ARCHIVED, State.RESTORING, State.UNKNOWN, State.PLANNED, State.REQUESTED}


def test_states_are_the_documented_words() -> None:
    words = "online archived planned requested restoring available expired skipped failed cancelled unknown"
    assert {state.value for state in State} == set(words.split())


def test_refs_and_facts_are_values() -> None:
    assert ObjectRef("b", "k") == ObjectRef("b", "k", None)
    assert len({ObjectFacts("GLACIER"), ObjectFacts("GLACIER"), ObjectFacts("GLACIER", looked=True)}) == 2
