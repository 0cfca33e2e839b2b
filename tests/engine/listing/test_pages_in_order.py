"""Pages handed on in the order of their keys while a listing runs: each row once, whatever the store, in few MB."""

import asyncio
import errno
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.errors import RestoreTuiError
from restoretui.core.rows import Rows
from restoretui.engine.listing import pages_in_order
from restoretui.engine.listing.lister import Lister, Source
from restoretui.engine.listing.pages_in_order import PagesInOrder
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.ledger.records import CloudId, Scope
from tests.engine.listing.test_lister import (
    KEY,
    MARKER,
    ODD,
    Bucket,
    Exact,
    Ignoring,
    Inclusive,
    Late,
    Repeating,
    Unordered,
    Utf16,
    read,
)  # fmt: skip

Taken = list[tuple[str, str | None]]


def taken(
    bucket: Bucket, folder: Path, *, versions: bool = False, known: bool = False, turns: int = 0
) -> tuple[Taken, PagesInOrder]:
    """All rows as they are handed on to one who needs some ``turns`` of the loop for each page."""

    async def go() -> tuple[Taken, PagesInOrder]:
        traits = ListingTraits(known=known)
        pages = PagesInOrder(folder, may_restart=lambda: not traits.known)
        scope = Scope(CloudId("s3"), "b", recursive=True, versions=versions)
        lister = Lister(Source(bucket, read, traits), scope, pages, 8, lambda: 0.0)  # type: ignore[arg-type]
        task = asyncio.create_task(lister.list_all())
        rows: Taken = []
        try:
            async for page in pages.taken(task):
                assert isinstance(page, Rows)
                rows += zip(page.keys, page.version_ids, strict=True)
                for _turn in range(turns):
                    await asyncio.sleep(0)
        finally:
            pages.close()
        return rows, pages

    return asyncio.run(go())


@settings(max_examples=150, deadline=None)
@given(
    keys=st.sets(KEY, max_size=250), page=st.integers(1, 9), seed=st.integers(0, 99), known=st.booleans(),
    turns=st.integers(0, 9),
)  # fmt: skip
def test_rows_come_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str], page: int, seed: int, known: bool, turns: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows, _ = taken(Bucket([(key, None) for key in keys], page, seed), folder, known=known, turns=turns)
    assert rows == [(key, None) for key in sorted(keys)]


@pytest.mark.parametrize(
    "kind", [Bucket, Utf16, Unordered, Inclusive, Ignoring, Exact, Repeating, Late], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("page", [2, 7, 300])
@pytest.mark.parametrize("turns", [0, 5])
def test_whatever_a_store_does_to_its_order_each_row_comes_once(
    tmp_path: Path, kind: type[Bucket], page: int, turns: int
) -> None:
    keys = sorted({*ODD, *(f"p/{number:04}" for number in range(280))})
    rows, _ = taken(kind([(key, None) for key in keys], page), tmp_path, turns=turns)
    assert sorted(rows) == [(key, None) for key in keys]


@pytest.mark.parametrize("known", [True, False])
def test_versions_stay_together_over_pages(tmp_path: Path, known: bool) -> None:
    rows: Taken = [(f"a{number:02}", MARKER) for number in range(20)]
    rows += [("b", f"v{number}" if number % 3 else MARKER) for number in range(40)]
    rows += [(f"c{number:03}", f"v{number}") for number in range(60)]
    got, _ = taken(Bucket(rows, 5), tmp_path, versions=True, known=known)
    assert got == [row for row in rows if row[1] != MARKER]


def test_what_comes_early_waits_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_in_order, "AHEAD", 4)
    kept = []
    keep = PagesInOrder._kept

    def noted(pages: PagesInOrder, waiting: pages_in_order._Waiting) -> pages_in_order._Waiting:
        kept.append(waiting.rows is not None)
        return keep(pages, waiting)

    monkeypatch.setattr(PagesInOrder, "_kept", noted)
    keys = [f"d/{number // 100:04}/{number % 100:02}" for number in range(20_000)]
    rows, pages = taken(Bucket([(key, None) for key in keys], 100), tmp_path, known=True)
    assert rows == [(key, None) for key in keys]
    assert sum(kept) > 50
    assert list(tmp_path.iterdir()) == []
    assert pages.objects == len(keys)


def test_what_was_listed_before_an_error_is_handed_on_and_then_the_error(tmp_path: Path) -> None:
    bucket = Bucket([(f"k{number:03}", None) for number in range(100)], 5)
    bucket.fail_after = 6

    async def go() -> int:
        pages = PagesInOrder(tmp_path, may_restart=lambda: False)
        scope = Scope(CloudId("s3"), "b", recursive=True)
        lister = Lister(Source(bucket, read, ListingTraits()), scope, pages, 1, lambda: 0.0)  # type: ignore[arg-type]
        task = asyncio.create_task(lister.list_all())
        got = []

        async def take() -> None:
            async for page in pages.taken(task):
                got.append(len(page))

        with pytest.raises(RestoreTuiError, match="the line dropped"):
            await take()
        return sum(got)

    assert asyncio.run(go()) >= 25


def test_a_disk_that_is_full_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_in_order, "AHEAD", 2)

    class Full:
        def seek(self, at: int, whence: int = 0) -> int:
            return at

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    keys = [f"d/{number // 100:04}/{number % 100:02}" for number in range(20_000)]
    with pytest.raises(RestoreTuiError, match="the disk is full"):
        taken(Bucket([(key, None) for key in keys], 100), tmp_path, known=True)
