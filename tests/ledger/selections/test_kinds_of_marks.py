"""Marks of which nothing else is known are counted by kind: with the groups that judging each one gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from restoretui.ledger import Ledger
from restoretui.ledger.catalog.observations import place_id
from restoretui.ledger.marks import fact_groups, marked_places, marking
from restoretui.ledger.marks.doubts import Doubt, unlooked
from restoretui.ledger.marks.fact_groups import MarkedGroup
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.records import CloudId, Observation
from tests.ledger.helpers import CLOUD, ELSEWHERE, ledger_for_examples, now_of

CLASSES = ["GLACIER", "DEEP_ARCHIVE", "STANDARD", "INTELLIGENT_TIERING", "", "TAPE"]
LOOK = st.tuples(
    st.sampled_from(CLASSES),
    st.sampled_from([None, 0, 5, 200_000, 400 * 1024**2]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, -5, 10**6]),
    st.booleans(),
    st.sampled_from([None, "ARCHIVE_ACCESS"]),
)


@settings(max_examples=60, deadline=None)
@given(
    looks=st.lists(LOOK, min_size=1, max_size=30), cloud=st.sampled_from([CLOUD, ELSEWHERE]),
    part=st.booleans(), most=st.sampled_from([0, 500]),
)  # fmt: skip
def test_counted_by_kind_is_counted_one_by_one(looks: list[tuple], cloud: CloudId, part: bool, most: int) -> None:  # type: ignore[type-arg]
    with ledger_for_examples() as (runner, ledger), pytest.MonkeyPatch.context() as patch:
        now = now_of(ledger)
        seen = [
            Observation(
                f"{'ab'[number % 2]}/{number}", None, name, size, None, archive, looked, status,
                None if expiry is None else int(now) + expiry, now - number,
            )
            for number, (name, size, status, expiry, looked, archive) in enumerate(looks)
        ]  # fmt: skip
        by_kind, doubts = runner.run(groups(ledger, cloud, seen, part=part, bare=True))
        patch.setattr(fact_groups, "MOST_KINDS", most)
        one_by_one, others = runner.run(groups(ledger, cloud, seen, part=part, bare=False))
        assert sorted(by_kind, key=repr) == sorted(one_by_one, key=repr)
        assert doubts == others


async def groups(
    ledger: Ledger, cloud: CloudId, seen: list[Observation], *, part: bool, bare: bool
) -> tuple[list[MarkedGroup], list[list[tuple[str, str]]]]:
    """The groups and doubts of these marks; without ``bare`` as if there might be jobs of ours."""
    sel = await ledger.selections.create()
    await ledger._writer.do(lambda tx: marking.add_looks(tx, sel, place_id(tx, cloud, "b"), seen))

    def read(connection: object) -> tuple[list[MarkedGroup], list[list[tuple[str, str]]]]:
        (place,) = marked_places.marked_places(connection, sel, now_of(ledger), 0.0)  # type: ignore[arg-type]
        place = replace(
            place,
            part=PartOfPlace(cloud, "b", "a/") if part else None,
            has_looks=not bare,
        )
        doubts = [unlooked(connection, place, 100, doubt) for doubt in Doubt]  # type: ignore[arg-type]
        return fact_groups.group_facts(connection, place), doubts  # type: ignore[arg-type]

    try:
        return await ledger._reader.run(read)
    finally:
        await ledger.selections.drop(sel)
