"""Lifecycle rules: which are read, whom they hold for, and when (the next midnight after the days, FACTS 1.5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.model import Tier
from restoretui.core.plan.lifecycle import ExpirationRule, read_rules
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.providers.oss.lifecycle import read_lifecycle
from tests.core.plan.test_plans import GLACIER, plan

WRITTEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
DATE = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        ({"Filter": {"Prefix": "app/"}}, ExpirationRule("r", "app/", 10)),
        ({"Prefix": "old/"}, ExpirationRule("r", "old/", 10)),
        ({"Filter": {}}, ExpirationRule("r", "", 10)),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, ExpirationRule("r", "", 10, by_tags=True)),
        (
            {"Filter": {"And": {"Prefix": "p/", "Tags": [{}], "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 9}}},
            ExpirationRule("r", "p/", 10, larger_than=5, smaller_than=9, by_tags=True),
        ),
        ({"Filter": {"ObjectSizeGreaterThan": 100}}, ExpirationRule("r", "", 10, larger_than=100)),
        ({"Expiration": {"Date": DATE}}, ExpirationRule("r", "", None, DATE)),
        ({"Status": "Disabled"}, None),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, None),
        ({"Expiration": None, "NoncurrentVersionExpiration": {"NoncurrentDays": 3}}, None),
    ],
)
def test_rules_are_read(rule: dict[str, Any], read: ExpirationRule | None) -> None:
    whole = {"ID": "r", "Status": "Enabled", "Expiration": {"Days": 10}, **rule}
    assert read_rules([whole]) == ((read,) if read else ())


def test_an_object_ends_at_the_midnight_after_its_days() -> None:
    rule = ExpirationRule("r", days=3)
    assert rule.due(WRITTEN) == datetime(2026, 1, 19, tzinfo=UTC)
    assert rule.due(datetime(2026, 1, 15, tzinfo=UTC)) == datetime(2026, 1, 18, tzinfo=UTC)
    assert ExpirationRule("r", date=DATE).due(WRITTEN) == DATE


@given(st.integers(0, 10**8), st.integers(0, 10**7), st.integers(1, 900))
def test_whoever_was_written_by_then_is_due_before_the_end(written: int, later: int, days: int) -> None:
    at = datetime.fromtimestamp(written, UTC)
    end = at + timedelta(seconds=later)
    rule = ExpirationRule("r", days=days)
    until = rule.written_by(end)
    assert until is not None
    assert (at <= until) == (rule.due(at) < end)


def test_a_date_holds_for_all_or_none() -> None:
    rule = ExpirationRule("r", date=DATE)
    assert rule.written_by(DATE + timedelta(seconds=1)) is not None
    assert rule.written_by(DATE) is None


def test_what_oss_says_otherwise() -> None:
    document = b"""<?xml version="1.0"?><LifecycleConfiguration>
    <Rule><ID>a</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>30</Days></Expiration>
      <Filter><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><Not><Prefix>logs/keep/</Prefix></Not></Filter></Rule>
    <Rule><ID>b</ID><Prefix/><Status>Enabled</Status><Tag><Key>k</Key><Value>v</Value></Tag>
      <Expiration><CreatedBeforeDate>2027-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration></Rule>
    <Rule><ID>c</ID><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>
      <Filter><Not><Prefix>x</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Not></Filter></Rule>
    <Rule><ID>d</ID><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>
    <Rule><ID>e</ID><Status>Enabled</Status><Transition><Days>1</Days></Transition></Rule></LifecycleConfiguration>"""
    assert read_rules(read_lifecycle(document)) == (
        ExpirationRule("a", "logs/", 30, larger_than=500, spares=("logs/keep/",)),
        ExpirationRule("b", by_tags=True, created_before=DATE),
        ExpirationRule("c", "", 1, by_tags=True),
    )


def test_what_was_written_before_a_date_is_deleted_from_then_on() -> None:
    rule = ExpirationRule("r", created_before=DATE)
    assert rule.written_by(DATE) is None, "not before that date"
    assert rule.written_by(DATE + timedelta(days=1)) == DATE - timedelta(seconds=1)
    assert rule.due(WRITTEN) == DATE


@pytest.mark.parametrize(("tier", "objects", "many"), [
    (Tier.EXPEDITED, 300, 0), (Tier.EXPEDITED, 301, 301), (Tier.STANDARD, 9_000, 0),
])  # fmt: skip
def test_expedited_is_for_some_hundreds(tier: Tier, objects: int, many: int) -> None:
    assert plan(FactGroup("films", GLACIER, objects, 1)).many_expedited(tier) == many


def test_a_rule_is_due_within_the_calendar() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert ExpirationRule("r", "", 30).due(last) >= last
