"""Listing pages: the quickest reader takes a row only where the careful ones read the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from restoretui.core.model import Page
from restoretui.providers.wire.listings import listing_xml
from restoretui.providers.wire.listings.listing_xml import ErrorInside, Unreadable, read_page
from tests.providers.wire.listings.test_listing_xml import (
    A_USUAL_ROW,
    a_page,
    an_encoded_page,
    stock,
    tag,
    usual_rows,
)


def outcome(body: bytes) -> Page | str:
    try:
        return read_page(body, stock)
    except (Unreadable, ErrorInside) as error:
        return repr(error)


def carefully(body: bytes) -> Page | str:
    """What comes of a page that the quickest reader leaves to the others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing_xml, "_split", lambda _text: None)
        return outcome(body)


ENDED = (
    "<IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2024-01-01T00:00:00.000Z</RestoreExpiryDate>"
)
A_ROW_WITH_ALL = A_USUAL_ROW.replace("</Contents>", tag("RestoreStatus", ENDED) + "</Contents>")


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ("<Key>k<", "<Key>&#0;<"),
        ("<Key>k<", "<Key><"),
        ("&quot;e&quot;", "&quot;a<b&quot;"),
        ("&quot;e&quot;", "&quot;a<b/>&quot;"),
        ("&quot;e&quot;", '&quot;a"b&quot;'),
        ("&quot;e&quot;", "&quot;a&amp;b&quot;"),
        ("&quot;e&quot;", "&quot;e"),
        ("<Size>1<", "<Size>x<"),
        ("<Size>1<", "<Size>+1<"),
        ("<Size>1<", "<Size>1_0<"),
        ("<Size>1<", "<Size>\u0661<"),
        ("<Size>1<", "<Size>\u00b2<"),
        ("<Size>1<", "<Size> 1<"),
        ("<Size>1<", "<Size>1234567890123456<"),
        ("<Size>1<", "<Size><"),
        (">GLACIER<", ">GL&amp;R<"),
        (">GLACIER<", ">GL&R<"),
        (">GLACIER<", "> GLACIER<"),
        (">GLACIER<", "><"),
        (">false<", "><"),
        (">false<", ">False<"),
        (">false<", ">0<"),
        (">false<", ">perhaps<"),
        ("Date>2024-01-01T00:00:00.000Z<", "Date>2024-13-01T00:00:00.000Z<"),
        ("Date>2024-01-01T00:00:00.000Z<", "Date>2024-01-01T00:00:00.000+<"),
        ("Date>2024-01-01T00:00:00.000Z<", "Date>20240101T000000.0000000Z<"),
        ("Date>2024-01-01T00:00:00.000Z<", "Date>1924-01-01T00:00:00.000Z<"),
        ("Date>2024-01-01T00:00:00.000Z<", "Date>2024-01-01T00:00:00Z<"),
        ("Modified>2024-01-01T00:00:00.000Z<", "Modified>2024-01-01T00:00:00.00\u0660Z<"),
        ("Modified>2024-01-01T00:00:00.000Z<", "Modified>2024-01-01T00:00:00.000<x<"),
    ],
)
def test_what_a_usual_row_may_not_hold_is_left_to_who_reads_with_care(usual: str, odd: str) -> None:
    row = A_ROW_WITH_ALL.replace(usual, odd)
    assert row != A_ROW_WITH_ALL
    for rows in ((row,), (A_ROW_WITH_ALL, row), (row, A_USUAL_ROW), (A_USUAL_ROW, row, row, A_ROW_WITH_ALL)):
        for body in (a_page(*rows), an_encoded_page(*rows)):
            assert outcome(body) == carefully(body)


@settings(max_examples=300, deadline=None)
@given(st.booleans().flatmap(lambda encoded: st.lists(usual_rows(encoded), min_size=1, max_size=4)), st.data())
def test_damage_is_no_other_to_the_quickest_reader(rows: list[str], data: DataObject) -> None:
    body = a_page(*rows)
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(body) - 1))
        piece = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"<", b">", b"&", b'"', b"&quot;", b"0"]))
        )
        body = body[:at] + piece + body[at + data.draw(st.integers(0, 12)) :]
    assert outcome(body) == carefully(body)
