"""OSS's listing pages: what is left out is unknown, a token alone leads on, and what cannot be read is named."""

import pytest

from restoretui.core.model import GOES_ON
from restoretui.providers.oss.pages import read_listing
from restoretui.providers.wire.listings.listing_frame import split_token
from restoretui.providers.wire.listings.listing_xml import Unreadable


def page(inside: str, root: str = "ListBucketResult") -> bytes:
    return f"<{root}>{inside}</{root}>".encode()


ROW = "<Contents><Key>{}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"


@pytest.mark.parametrize("left_out", ["<Size>1</Size>", "<LastModified>2024-01-01T00:00:00.000Z</LastModified>"])
def test_what_is_left_out_is_unknown(left_out: str) -> None:
    body = page("<IsTruncated>false</IsTruncated>" + ROW.format("a") + ROW.format("b").replace(left_out, ""))
    entries = read_listing(body, versions=False).entries
    assert [entry.key for entry in entries] == ["a", "b"]
    assert (entries[1].size is None) is ("Size" in left_out)
    assert (entries[1].modified is None) is ("LastModified" in left_out)


def test_a_page_of_delete_markers_goes_on() -> None:
    body = page(
        "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
        "<DeleteMarker><Key>k</Key><VersionId>v</VersionId></DeleteMarker>",
        "ListVersionsResult",
    )
    read = read_listing(body, versions=True)
    assert list(read.entries) == []
    assert split_token(read.next_token or "") == ("k", "v")


@pytest.mark.parametrize(
    ("told", "token"),
    [
        ("<IsTruncated>true</IsTruncated>", GOES_ON),
        ("<IsTruncated>false</IsTruncated>", None),
        ("<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>", "t"),
        ("<NextContinuationToken>t</NextContinuationToken>", "t"),
        ("", None),
    ],
)
def test_a_token_leads_on_and_nothing_else_ends(told: str, token: str | None) -> None:
    assert read_listing(page(told + ROW.format("a")), versions=False).next_token == token


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (page("<IsTruncated>false</IsTruncated>" + ROW.format("a") + ROW.format("")), "no key after key 'a'"),
        (
            page("<EncodingType>url</EncodingType>" + ROW.format("a%2Fb") + ROW.format("%FF")),
            "Key '%FF' after key 'a/b' is no UTF-8",
        ),
        (page(ROW.format("a") + ROW.format("b").replace("<Size>", "<Size>&")), "no XML at <Size> after key 'b'"),
    ],
)
def test_what_cannot_be_read_is_named(body: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_listing(body, versions=False)
