"""A page read for what is being restored: keys, status and where it goes on are as any other reader has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from restoretui.core.model import UNTOLD_CLASS, Page
from restoretui.providers.wire.listings.listing_xml import ErrorInside, Unreadable, read_page
from restoretui.providers.wire.listings.restoring_xml import read_restores
from tests.providers.wire.listings.test_listing_xml import SPELLINGS, any_text, stock, tag

RESTORING = tag("RestoreStatus", tag("IsRestoreInProgress", "true"))
RESTORED = tag(
    "RestoreStatus",
    tag("IsRestoreInProgress", "false") + tag("RestoreExpiryDate", "2026-01-20T00:00:00.000Z"),
)


def row(key: str, status: str = RESTORING) -> str:
    fields = {"Key": key, "LastModified": "2024-01-01T00:00:00.000Z", "ETag": '"e"', "Size": "1"}
    fields["StorageClass"] = "GLACIER"
    return tag("Contents", "".join(tag(name, text) for name, text in fields.items()) + status)


def page_of(rows: str, goes_on: bool = False) -> bytes:
    told = "<IsTruncated>true</IsTruncated><NextContinuationToken>t/=</NextContinuationToken>"
    said = told if goes_on else "<IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult><EncodingType>url</EncodingType>{said}{rows}</ListBucketResult>".encode()


def told(page: Page) -> object:
    return [(entry.key, entry.in_progress) for entry in page.entries], page.prefixes, page.next_token


@settings(max_examples=80, deadline=None)
@given(st.lists(any_text, max_size=6), st.sampled_from(SPELLINGS), st.booleans(), st.data())
def test_keys_are_read_as_by_the_other_readers_whatever_happens_to_the_page(
    keys: list[str], spell: object, goes_on: bool, data: DataObject
) -> None:
    assert callable(spell)
    body = page_of("".join(row(spell(key)) for key in keys), goes_on)
    assert told(read_restores(body, stock)) == told(read_page(body, stock))
    at = data.draw(st.integers(0, len(body) - 1))
    damaged = body[:at] + data.draw(st.binary(max_size=4)) + body[at + data.draw(st.integers(0, 20)) :]
    try:
        expected = told(read_page(damaged, stock))
        found = told(read_restores(damaged, stock))
    except (Unreadable, ErrorInside):
        return
    assert found == expected


def test_of_what_is_restoring_nothing_but_the_key_is_told() -> None:
    body = page_of(row("a") + row("b"))
    (first, _) = read_restores(body, stock).entries
    assert (first.key, first.in_progress, first.size, first.storage_class) == ("a", True, None, UNTOLD_CLASS)


@pytest.mark.parametrize("other", [row("b", RESTORED), row("b", "")], ids=["a copy", "no status"])
def test_any_other_page_is_read_whole(other: str) -> None:
    for rows in (row("a") + other + row("c"), other + row("c"), row("a") + other):
        body = page_of(rows)
        assert read_restores(body, stock) == read_page(body, stock)


def test_what_stands_between_rows_hides_nothing() -> None:
    comment = f"<!-- {row('x')} -->"
    for body in (page_of(row("a") + comment + row("b")), page_of(comment + row("a")), page_of(row("a") + comment)):
        assert [entry.key for entry in read_restores(body, stock).entries if entry.key == "x"] == []
