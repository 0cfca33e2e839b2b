"""Named objects looked at by pages: each is told of once or left to a HEAD, whatever the store and the keys."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import SystemClock
from restoretui.core.errors import AccessDenied
from restoretui.core.model import Entry, ObjectRef, Page
from restoretui.core.provider import Capabilities
from restoretui.core.rows import Refs
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.watching.key_pages import KeyPages
from restoretui.engine.watching.looks import DENSE
from restoretui.ledger.records import CloudId
from tests.engine.listing import test_lister as stores
from tests.engine.listing.test_lister import KEY, Bucket, read

S3 = CloudId("s3").rules
ELSEWHERE = CloudId("s3", "http://store").rules


def looked(
    bucket: Bucket, refs: Sequence[ObjectRef], rules: CloudRules = S3, **can: Any
) -> tuple[list[Entry], list[ObjectRef]]:
    bucket.capabilities = Capabilities(1000, **can)  # type: ignore[attr-defined]
    pages = KeyPages(bucket, read, rules, SystemClock(), "b")  # type: ignore[arg-type]
    seen, left = asyncio.run(pages.look(Refs.of(sorted(refs, key=lambda ref: ref.key))))
    assert len(seen.seen_at) == len(seen.rows)
    return list(seen.rows), left


def named(keys: Sequence[str]) -> list[ObjectRef]:
    return [ObjectRef("b", key) for key in keys]


@settings(max_examples=150, deadline=None)
@given(
    there=st.sets(KEY, max_size=200), others=st.sets(KEY, max_size=60), page=st.integers(1, 90),
    kind=st.sampled_from(["Bucket", "Utf16", "Unordered", "Inclusive", "Ignoring", "Exact", "Late"]), data=st.data(),
)  # fmt: skip
def test_each_object_is_told_of_or_left_and_none_is_made_up(
    there: set[str], others: set[str], page: int, kind: str, data: st.DataObject
) -> None:
    some = data.draw(st.sets(st.sampled_from(sorted(there)), max_size=len(there))) if there else set()
    refs = named(sorted(some | others))
    bucket = getattr(stores, kind)([(key, None) for key in there], page)
    seen, left = looked(bucket, refs)
    assert sorted([look.key for look in seen] + [ref.key for ref in left]) == [ref.key for ref in refs]
    assert {look.key for look in seen} <= there
    assert bucket.requests <= max(1, len(refs))


def test_dense_keys_take_a_page_a_thousand_and_sparse_ones_few_pages() -> None:
    bucket = Bucket([(f"d/{number:06}", None) for number in range(40_000)], 1000)
    seen, left = looked(bucket, named([f"d/{number:06}" for number in range(20_000)]))
    assert (len(seen), left, bucket.requests) == (20_000, [], 20)
    bucket.requests = 0
    seen, left = looked(bucket, named([f"d/{number:06}" for number in range(0, 40_000, 500)]))
    assert len(seen) + len(left) == 80
    assert bucket.requests <= 2, "where two named keys lie in a page, their HEADs cost less"


def test_the_change_from_sparse_to_dense_is_found() -> None:
    bucket = Bucket([(f"d/{number:06}", None) for number in range(60_000)], 1000)
    keys = [*range(0, 40_000, 400), *range(40_000, 60_000)]
    seen, _ = looked(bucket, named([f"d/{number:06}" for number in keys]))
    assert len(seen) > 19_000
    assert bucket.requests <= 30


class Denied(Bucket):
    async def list_page(self, *_: Any, **__: Any) -> Page:
        self.requests += 1
        raise AccessDenied("no")


@pytest.mark.parametrize("can", [{}, {"restore_status_in_list": False}])
def test_where_nothing_may_be_listed_all_are_left_to_heads(can: dict[str, Any]) -> None:
    bucket = Denied([])
    refs = named([f"k{number}" for number in range(100)])
    seen, left = looked(bucket, refs, **can)
    assert (seen, sorted(left)) == ([], sorted(refs))
    assert bucket.requests == (0 if can else 1)


class Telling(Bucket):
    """A page tells of a restore."""

    async def list_page(self, *args: Any, **more: Any) -> Page:
        page = await super().list_page(*args, **more)
        return page._replace(entries=[Entry(*entry[:5], True) for entry in page.entries])


def test_a_store_that_may_list_no_restores_is_not_believed_until_it_does() -> None:
    keys: list[tuple[str, str | None]] = [(f"k{number:03}", None) for number in range(100)]
    refs = named([key for key, _ in keys])
    assert looked(Bucket(keys, 1000), refs, ELSEWHERE) == ([], refs)
    assert len(looked(Telling(keys, 1000), refs, ELSEWHERE)[0]) == 100
    assert len(looked(Bucket(keys, 1000), refs, ELSEWHERE, says_vendor=True)[0]) == 100


def test_few_keys_are_not_listed() -> None:
    bucket = Bucket([("a", None)])
    refs = named([f"a{number:02}" for number in range(DENSE - 1)])
    assert looked(bucket, refs) == ([], refs)
    assert bucket.requests == 0
