"""The state computed over a million rows in SQL is the state the rules give for one object."""

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from restoretui.core.model import ObjectFacts
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.s3 import FOREIGN
from restoretui.core.rules.stores import BUILT_IN
from restoretui.ledger.views.fact_sql import state_case

NOW = int(datetime(2026, 10, 15, 10, 30, tzinfo=UTC).timestamp())
CLASSES = ["GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "STANDARD", "GLACIER_IR", "MY-TIER"]
CLASSES += ["", "Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"]
TIERS_INSIDE = [None, "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS", "COLDER_ACCESS"]
UNTIERED = CloudRules("oss", CLOUDS["s3"].rules.archives)


def rows() -> Iterator[tuple[str, str | None, bool, bool | None, int | None]]:
    for row in itertools.product(CLASSES, TIERS_INSIDE, [False, True], [None, False, True], [None, -1, 0, 1]):
        storage_class, archive_status, looked, in_progress, expiry = row
        if archive_status is None or storage_class == "INTELLIGENT_TIERING":
            yield storage_class, archive_status, looked, in_progress, None if expiry is None else NOW + expiry


STORES = {name: store.rules for name, store in BUILT_IN.items()}


@pytest.mark.parametrize(
    "rules",
    [*(kind.rules for kind in CLOUDS.values()), FOREIGN, UNTIERED, *STORES.values()],
    ids=[*CLOUDS, "foreign", "no tiered class", *STORES],
)
def test_sql_and_rules_agree(rules: CloudRules) -> None:
    database = sqlite3.connect(":memory:")
    names = ("storage_class", "archive_status", "looked", "in_progress", "expiry")
    given = ", ".join(f":{name} AS {name}" for name in names)
    for row in rows():
        values = dict(zip(names, row, strict=True)) | {"now": NOW}
        query = f"SELECT {state_case(rules)} FROM (SELECT {given}, 0 AS gone)"
        (state,) = database.execute(query, values).fetchone()
        storage_class, archive_status, looked, in_progress, expiry = row
        ends = None if expiry is None else datetime.fromtimestamp(expiry, UTC)
        facts = ObjectFacts(storage_class, archive_status, looked, in_progress, ends)
        assert state == rules.state_of(facts, datetime.fromtimestamp(NOW, UTC)), row
    database.close()
