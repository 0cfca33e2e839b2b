"""A bucket in which one row says what cannot be: every command tells the others, and a restore comes to its end."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from restoretui.core.model import LARGEST_SIZE
from tests.cli.conftest import Run
from tests.providers.odd_rows import KEYS, ODD, OddStore, serving


class StartStore(Protocol):
    """What the fixture ``store`` is."""

    def __call__(self, size: str, date: str, ends: str = ..., keys: tuple[str, ...] = ...) -> OddStore: ...


@pytest.fixture
def store() -> Iterator[StartStore]:
    with ExitStack() as stack:

        def start(
            size: str, date: str, ends: str = "2036-01-01T00:00:00.000Z", keys: tuple[str, ...] = KEYS
        ) -> OddStore:
            return stack.enter_context(serving(size, date, ends, keys))

        yield start


RESTORE = ("restore", "s3://bkt", "--days", "3", "--tier", "bulk", "--yes", "--wait", "--json")


@pytest.mark.parametrize("odd", ODD)
def test_one_absurd_row_spoils_nothing(run: Run, store: StartStore, tmp_path: Path, odd: str) -> None:
    size, date = ODD[odd]
    served = store(size, date)
    is_sized, is_dated = size in ("5", "9007199254740991"), date.startswith("2024")
    listed = run(served, "ls", "s3://bkt", "--json")
    assert listed.code == 0, listed.err
    rows = {row["key"]: row for row in listed.of("object")}
    assert list(rows) == list(KEYS)
    assert rows["odd"].get("size") == (int(size) if is_sized else None)
    assert ("modified_at" in rows["odd"]) == is_dated
    shown = run(served, "ls", "s3://bkt")
    assert shown.code == 0
    assert ("?" in shown.out) == (not (is_sized and is_dated))
    planned = run(served, "plan", "s3://bkt", "--days", "3", "--json")
    assert [line["requests"] for line in planned.of("plan")] == [3, 3, 3]
    done = run(served, *RESTORE)
    assert done.code == 0, done.err
    assert (done.summary["available"], done.summary["objects"]) == (3, 3)
    assert sorted(served.restored) == list(KEYS), "each is asked for once"
    told = {row["key"]: row for row in run(served, "status", "last", "--json").of("object")}
    assert {row["state"] for row in told.values()} == {"available"}
    assert told["odd"].get("size") == (int(size) if is_sized else None)
    exported = run(served, "export", "last", "--format", "jsonl")
    assert [line["key"] for line in exported.of("object")] == list(KEYS)


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59.000-14:00", "yesterday"])
def test_copies_whose_end_cannot_be_read_are_there_and_are_not_asked_for_again(
    run: Run, store: StartStore, ends: str
) -> None:
    served = store("5", "2024-01-01T00:00:00.000Z", ends)
    done = run(served, *RESTORE)
    assert done.code == 0, done.err
    assert done.summary["available"] == 3
    rows = run(served, "ls", "s3://bkt", "--json").of("object")
    assert [(row["state"], row.get("expiry")) for row in rows] == [("available", None)] * 3
    assert "unknown" in run(served, "ls", "s3://bkt").out
    again = run(served, *RESTORE)
    assert again.code == 0, again.err
    assert "until a date that cannot be read" in again.err
    assert len(served.restored) == 3


def test_sums_that_no_column_holds_are_told_and_harm_nothing(run: Run, store: StartStore) -> None:
    keys = tuple(f"odd{number:04}" for number in range(1_030))
    served = store(str(LARGEST_SIZE), "2024-01-01T00:00:00.000Z", keys=keys)
    assert len(keys) * LARGEST_SIZE > 2**63
    listed = run(served, "ls", "s3://bkt", "--json")
    assert listed.code == 0, listed.err
    assert listed.summary["size"] == len(keys) * LARGEST_SIZE
    planned = run(served, "plan", "s3://bkt", "--days", "3", "--json")
    assert planned.code == 0, planned.err
    assert {line["requests"] for line in planned.of("plan")} == {len(keys)}
    done = run(served, "restore", "s3://bkt", "--days", "3", "--tier", "bulk", "--yes", "--json")
    assert done.code == 0, done.err
    [status] = run(served, "status", "--json").of("run")
    assert status["objects"] == len(keys)
    # Bytes beyond what SQLite keeps are counted as so many: 8 EiB.
    assert status["size"] == 2**63 - 1
    assert sorted(served.restored) == list(keys), "each is asked for once"
    shown = run(served, "status")
    assert "8.0 EiB" in shown.out, shown.out
