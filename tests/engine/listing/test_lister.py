"""Listing in parallel ranges: every key once and in order, whatever the keys; liars are noticed; resumable."""

import asyncio
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.errors import MalformedAnswer, RestoreTuiError
from restoretui.core.model import GOES_ON, Entry, Page
from restoretui.engine.listing.lister import Left, Lister, Source
from restoretui.engine.listing.ranges import Alphabet, Range, split
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.ledger.records import CloudId, Scope

MARKER = "-"


class Bucket:
    """Sorted keys behind ``list_page``; answers come after a random number of loop turns."""

    def __init__(self, keys: list[tuple[str, str | None]], page: int = 7, seed: int = 0) -> None:
        self.rows = sorted(keys, key=lambda row: row[0])
        self.keys = [key for key, _ in self.rows]
        self.page = page
        self.requests = 0
        self.fail_after: int | None = None
        self._random = random.Random(seed)

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        **_: object,
    ) -> Page:
        self.requests += 1
        for _turn in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        if self.fail_after is not None and self.requests > self.fail_after:
            raise RestoreTuiError("the line dropped")
        at = int(token) if token else self.seek(start_after)
        return self.page_at(at, prefix)

    def seek(self, start_after: str) -> int:
        return bisect_right(self.keys, start_after)

    def page_at(self, at: int, prefix: str) -> Page:
        """``page`` keys that begin so, markers (of version ``-``) counted and left out."""
        found = [at for at in range(at, len(self.rows)) if self.rows[at][0].startswith(prefix)][: self.page + 1]
        rows = [self.rows[at] for at in found[: self.page]]
        return Page(
            [Entry(key, version, 1, 0, "GLACIER") for key, version in rows if version != MARKER],
            (),
            str(found[self.page]) if len(found) > self.page else None,
        )


class Pages:
    """A sink that keeps segments apart, as the ledger does."""

    def __init__(self) -> None:
        self.segments: dict[int, list[Entry]] = defaultdict(list)
        self.left = ""

    async def put(self, page: Page, segment: int, left: Left) -> None:
        self.segments[segment].extend(page.entries)
        self.left = str(left)

    async def restart(self) -> None:
        self.segments.clear()
        self.left = ""

    @property
    def rows(self) -> list[tuple[str, str | None]]:
        ordered = sorted((rows for rows in self.segments.values() if rows), key=lambda rows: rows[0].key)
        return [(entry.key, entry.version_id) for rows in ordered for entry in rows]


async def read(call: Callable[[], Awaitable[Page]]) -> Page:
    return await call()


def list_all(
    bucket: Bucket,
    *,
    prefix: str = "",
    versions: bool = False,
    left: str | None = None,
    traits: ListingTraits | None = None,
) -> Pages:
    pages = Pages()
    scope = Scope(CloudId("s3"), "b", prefix, recursive=True, versions=versions)
    asyncio.run(Lister(Source(bucket, read, traits or ListingTraits()), scope, pages, 8, lambda: 0.0).list_all(left))  # type: ignore[arg-type]
    return pages


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x00")
KEY = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=5),
    st.integers(0, 10**6).map(lambda n: f"data/{n // 1000:04}/{n % 1000:03}.bin"),
    st.integers(0, 40).map(lambda n: "a" * n + "b"),
    st.text("ab\U0010ffff\ud7ff\ue000", min_size=1, max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(keys=st.sets(KEY, max_size=250), page=st.integers(1, 9), seed=st.integers(0, 99))
def test_every_key_is_listed_once_and_in_order(keys: set[str], page: int, seed: int) -> None:
    bucket = Bucket([(key, None) for key in keys], page, seed)
    assert list_all(bucket).rows == [(key, None) for key in sorted(keys)]


@settings(max_examples=60, deadline=None)
@given(keys=st.sets(KEY, max_size=120), data=st.data())
def test_versions_of_one_key_stay_together(keys: set[str], data: st.DataObject) -> None:
    rows: list[tuple[str, str | None]] = [
        (key, f"v{n}") for key in sorted(keys) for n in range(data.draw(st.integers(1, 4)))
    ]
    assert list_all(Bucket(rows, page=6), versions=True).rows == rows


@settings(max_examples=60, deadline=None)
@given(keys=st.sets(KEY, min_size=20, max_size=200), fail_after=st.integers(1, 25))
def test_an_interrupted_listing_goes_on_where_it_stopped(keys: set[str], fail_after: int) -> None:
    bucket = Bucket([(key, None) for key in keys])
    bucket.fail_after = fail_after
    pages = Pages()
    lister = Lister(Source(bucket, read), Scope(CloudId("s3"), "b", recursive=True), pages, 8, lambda: 0.0)  # type: ignore[arg-type]
    try:
        asyncio.run(lister.list_all())
    except RestoreTuiError:
        bucket.fail_after = None
        if pages.left:
            rest = list_all(bucket, left=pages.left)
            got = sorted(pages.rows + rest.rows)
        else:
            got = list_all(bucket).rows
        assert got == [(key, None) for key in sorted(keys)]
    else:
        assert pages.rows == [(key, None) for key in sorted(keys)]


@pytest.mark.parametrize(
    "key",
    [
        lambda n: f"data/{n // 1000:06}/{n % 1000:06}-object.bin",
        lambda n: f"very/long/common/prefix/2021/03/cam-07/clip-{n:09}.mov",
        lambda n: f"archive/{2015 + n % 9}/{n % 12 + 1:02}/clip-{n:06}.mov",
        lambda n: f"{random.Random(n).getrandbits(64):016x}",
    ],
)
def test_usual_keys_are_split_well_with_few_requests_wasted(key: Callable[[int], str]) -> None:
    bucket = Bucket([(key(n), None) for n in range(40_000)], page=200)
    assert len(list_all(bucket).rows) == 40_000
    assert bucket.requests < 2 * 40_000 / 200


def test_a_small_bucket_costs_one_request() -> None:
    bucket = Bucket([("a", None), ("b", None)])
    list_all(bucket)
    assert bucket.requests == 1


class Liar(Bucket):
    """Ignores where to go on."""

    async def list_page(self, bucket: str, prefix: str = "", **_: object) -> Page:
        return await super().list_page(bucket, prefix)


def test_a_server_that_leads_over_the_same_page_is_reported_not_looped_on() -> None:
    bucket = Liar([(f"k{n}", None) for n in range(50)])
    with pytest.raises(MalformedAnswer):
        list_all(bucket)
    assert bucket.requests < 20


def test_a_split_keeps_the_lower_part_and_hands_out_the_upper() -> None:
    alphabet = Alphabet("p/")
    keys = [f"p/{n:04}" for n in range(1000)]
    alphabet.learn(keys)
    entry = Range("p/0999", None)
    entry.note([Entry(key, None, 1, 0, "GLACIER") for key in keys], alphabet)
    upper = split(alphabet, [entry], 5)
    assert upper is not None
    assert upper.segment == 5
    assert entry.after < (entry.stop or "") == upper.after
    assert upper.stop is None


# --- stores that list in ways of their own


ODD = ["p/Z", "p/\uff3a", "p/\U0001d655"]


class Utf16(Bucket):
    """In the order of UTF-16, where letters beyond the first plane come before U+E000 and up."""

    def __init__(self, keys: list[tuple[str, str | None]], page: int = 7, seed: int = 0) -> None:
        super().__init__(keys, page, seed)
        self.rows.sort(key=lambda row: row[0].encode("utf-16-be"))
        self.keys = [key for key, _ in self.rows]

    def seek(self, start_after: str) -> int:
        after = start_after.encode("utf-16-be")
        return sum(key.encode("utf-16-be") <= after for key in self.keys)


class Unordered(Bucket):
    """In no order at all, but the same each time."""

    def __init__(self, keys: list[tuple[str, str | None]], page: int = 7, seed: int = 0) -> None:
        super().__init__(keys, page, seed)
        self.keys = []
        random.Random(seed).shuffle(self.rows)


class Inclusive(Bucket):
    """Begins with the key it is to begin behind."""

    def seek(self, start_after: str) -> int:
        return bisect_left(self.keys, start_after)


class Ignoring(Bucket):
    """Begins at the beginning, wherever it is to begin; its tokens are good."""

    def seek(self, start_after: str) -> int:
        return 0


class Exact(Bucket):
    """Takes start-after for a key there is, and lists nothing behind any other."""

    def seek(self, start_after: str) -> int:
        return self.keys.index(start_after) + 1 if start_after in self.keys else len(self.keys) * bool(start_after)


class Repeating(Bucket):
    """The next page begins with the last row of the one before."""

    def page_at(self, at: int, prefix: str) -> Page:
        page = super().page_at(at, prefix)
        return page._replace(next_token=page.next_token and str(int(page.next_token) - 1))


class Late(Bucket):
    """In order for some pages, so that ranges are begun; then it is not."""

    def __init__(self, keys: list[tuple[str, str | None]], page: int = 7, seed: int = 0) -> None:
        super().__init__(keys, page, seed)
        far = len(self.rows) * 3 // 4
        self.rows[far : far + 3] = reversed(self.rows[far : far + 3])


SHOWN = {Bucket: True, Inclusive: True, Ignoring: False, Exact: False}


@pytest.mark.parametrize(
    "kind", [Bucket, Utf16, Unordered, Inclusive, Ignoring, Exact, Repeating, Late], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("page", [2, 7, 300])
def test_whatever_a_store_does_to_its_order_all_keys_are_listed_once(kind: type[Bucket], page: int) -> None:
    keys = sorted({*ODD, *(f"p/{number:04}" for number in range(280))})
    bucket, traits = kind([(key, None) for key in keys], page), ListingTraits()
    assert sorted(list_all(bucket, traits=traits).rows) == [(key, None) for key in keys]
    if kind in SHOWN and page < 280:
        assert traits.takes_ranges(versions=False) is SHOWN[kind]


@pytest.mark.parametrize("kind", [Bucket, Inclusive, Repeating], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("page", [2, 5, 6])
def test_versions_and_markers_go_on_over_pages(kind: type[Bucket], page: int) -> None:
    rows: list[tuple[str, str | None]] = [(f"a{number:02}", MARKER) for number in range(3 * page)]
    rows += [("b", f"v{number}" if number % 3 else MARKER) for number in range(4 * page)]
    rows += [(f"c{number:03}", f"v{number}") for number in range(40)]
    wanted = [row for row in rows if row[1] != MARKER]
    for traits in (ListingTraits(known=kind is Bucket), ListingTraits()):
        assert list_all(kind(rows, page), versions=True, traits=traits).rows == wanted


def test_a_page_without_rows_goes_on() -> None:
    rows: list[tuple[str, str | None]] = [(f"a{number:04}", MARKER) for number in range(50)]
    assert list_all(Bucket([*rows, ("z", None)])).rows == [("z", None)]


def test_what_a_server_does_is_found_out_once() -> None:
    keys: list[tuple[str, str | None]] = [(f"k{number:03}", None) for number in range(100)]
    traits = ListingTraits()
    list_all(Ignoring(keys), traits=traits)
    again = Ignoring(keys)
    list_all(again, traits=traits)
    assert again.requests == 15  # one a page, by their tokens


class Tokenless(Bucket):
    """Says that it goes on, and not where."""

    def page_at(self, at: int, prefix: str) -> Page:
        page = super().page_at(at, prefix)
        return page._replace(next_token=page.next_token and GOES_ON)


def test_without_a_token_a_listing_goes_on_behind_its_last_key() -> None:
    keys: list[tuple[str, str | None]] = [(f"k{number:03}", None) for number in range(100)]
    assert list_all(Tokenless(keys)).rows == keys
    versions: list[tuple[str, str | None]] = [(f"k{number:03}", f"v{n}") for number in range(40) for n in range(2)]
    assert list_all(Tokenless(versions), versions=True).rows == versions


def test_without_a_token_and_start_after_it_ends_in_a_sentence() -> None:
    class Neither(Tokenless, Ignoring):
        pass

    bucket = Neither([(f"k{number:03}", None) for number in range(100)])
    with pytest.raises(MalformedAnswer, match="behind 'k006', but the server names no token"):
        list_all(bucket)
    assert bucket.requests < 8


def test_a_store_that_says_end_and_names_a_token_all_the_same_is_not_looped_on() -> None:
    class Always(Bucket):
        def page_at(self, at: int, prefix: str) -> Page:
            page = super().page_at(at, prefix)
            return page if page.next_token else page._replace(next_token=str(at), told_end=True)

    keys: list[tuple[str, str | None]] = [(f"k{number:03}", None) for number in range(20)]
    assert list_all(Always(keys)).rows == keys
