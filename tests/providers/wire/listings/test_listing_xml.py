"""Listing pages: whichever reader takes one, it reads what the SDK's parser reads."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore.parsers import ResponseParserError, create_parser
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from restoretui.core.model import END_UNTOLD, GOES_ON, LARGEST_SIZE, Entry, Page
from restoretui.providers.wire.listings import listing_xml
from restoretui.providers.wire.listings.listing_frame import split_token
from restoretui.providers.wire.listings.listing_xml import (
    ErrorInside,
    Unreadable,
    read_page,
    read_versions,
    versions_token,
)

MODEL = botocore.session.get_session().get_service_model("s3")
NS = "http://s3.amazonaws.com/doc/2006-03-01/"

# What XML 1.0 can carry; everything else is only ever sent url-encoded.
xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=40
)
any_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
instants = st.integers(0, 253402300799999).map(
    lambda ms: datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"
)


def stock(body: bytes, versions: bool = False) -> dict[str, Any]:
    shape = MODEL.operation_model("ListObjectVersions" if versions else "ListObjectsV2").output_shape
    try:
        parsed: dict[str, Any] = create_parser("rest-xml").parse(
            {"headers": {}, "status_code": 200, "body": body}, shape
        )
    except ResponseParserError as error:
        raise ValueError(str(error)) from error
    return parsed


def forbidden(body: bytes) -> dict[str, Any]:
    raise AssertionError("the SDK's parser was asked")


def by_the_sdk(body: bytes, versions: bool = False) -> Page:
    """The page as the SDK's parser and its handlers give it."""
    parsed = stock(body, versions)
    decode = unquote_plus if parsed.get("EncodingType") == "url" else str
    entries = []
    for row in parsed.get("Versions" if versions else "Contents", []):
        status = row.get("RestoreStatus", {})
        expiry = status.get("RestoreExpiryDate")
        entries.append(
            Entry(
                key=decode(row["Key"]),
                version_id=row.get("VersionId"),
                size=row["Size"],
                modified=int(row["LastModified"].timestamp()),
                storage_class=row.get("StorageClass", ""),
                in_progress=status.get("IsRestoreInProgress"),
                expiry=int(expiry.timestamp()) if expiry else None,
                etag=row["ETag"].strip('"'),
                is_latest=row.get("IsLatest", True),
            )
        )
    token = None
    if parsed["IsTruncated"]:
        token = (
            versions_token(decode(parsed["NextKeyMarker"]), parsed["NextVersionIdMarker"])
            if versions
            else parsed["NextContinuationToken"]
        )
    return Page(entries, [decode(common["Prefix"]) for common in parsed.get("CommonPrefixes", [])], token)


def tag(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


def a_row(key: str = "k", modified: str = "2024-01-01T00:00:00Z") -> str:
    fields = {"Key": key, "LastModified": modified, "ETag": "e", "Size": "1"}
    return tag("Contents", "".join(tag(name, text) for name, text in fields.items()))


A_USUAL_ROW = tag(
    "Contents",
    "<Key>k</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size>"
    "<StorageClass>GLACIER</StorageClass>",
)
SPELLINGS: list[Callable[[str], str]] = [quote_plus, quote, lambda text: quote_plus(text, safe="/")]


@st.composite
def usual_rows(draw: st.DrawFn, encoded: bool) -> str:
    """As AWS writes them."""
    key = draw(any_text if encoded else xml_text.filter(bool))
    checksums = draw(
        st.sampled_from(["", tag("ChecksumAlgorithm", "CRC64NVME") + tag("ChecksumType", "FULL_OBJECT")])
    )
    ended = tag("IsRestoreInProgress", "false") + tag("RestoreExpiryDate", draw(instants))
    status = draw(st.sampled_from(["", tag("IsRestoreInProgress", "true"), ended]))
    return tag(
        "Contents",
        tag("Key", quote_plus(key) if encoded else escape(key))
        + tag("LastModified", draw(instants))
        + tag("ETag", "&quot;d41d8cd98f00b204-2&quot;")
        + checksums
        + tag("Size", str(draw(st.integers(0, 5 * 2**40))))
        + tag("StorageClass", draw(st.sampled_from(["STANDARD", "GLACIER", "DEEP_ARCHIVE"])))
        + (tag("RestoreStatus", status) if status else ""),
    )


@st.composite
def rows(draw: st.DrawFn, encoded: bool, kind: str) -> str:
    key = draw(any_text if encoded else xml_text.filter(bool))
    spell = draw(st.sampled_from(SPELLINGS))
    fields = [
        tag("Key", spell(key) if encoded else escape(key)),
        tag("LastModified", draw(instants)),
        tag("ETag", draw(st.sampled_from(["&quot;{}&quot;", '"{}"', "&#34;{}&#34;"])).format("d41d8cd98f00b204-2")),
        tag("Size", str(draw(st.integers(0, 5 * 2**40)))),
    ]
    if draw(st.booleans()):
        fields.append(tag("StorageClass", draw(st.sampled_from(["STANDARD", "GLACIER", "DEEP_ARCHIVE", "MY_TIER"]))))
    if kind == "Version":
        fields.append(tag("VersionId", draw(st.sampled_from(["null", "3HL4kqtJvjVBH40N.rm_", "v=="]))))
        fields.append(tag("IsLatest", draw(st.sampled_from(["true", "false"]))))
    if draw(st.booleans()):
        name = escape(draw(xml_text))
        fields.append(f"<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f</ID><DisplayName>{name}</DisplayName></Owner>")
    if draw(st.booleans()):
        fields.append("<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>")
    status = draw(st.sampled_from(["", "true", "false"]))
    if status:
        expiry = tag("RestoreExpiryDate", draw(instants)) if status == "false" else ""
        fields.append(tag("RestoreStatus", tag("IsRestoreInProgress", status) + expiry))
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    return tag(kind, "".join(fields))


@st.composite
def pages(draw: st.DrawFn, versions: bool = False) -> bytes:
    encoded = draw(st.booleans())
    are_usual = not versions and draw(st.booleans())
    a_part = usual_rows(encoded) if are_usual else rows(encoded, "Version" if versions else "Contents")
    parts = draw(st.lists(a_part, max_size=6))
    if versions and draw(st.booleans()):
        marker = "<Key>gone</Key><VersionId>m</VersionId><IsLatest>true</IsLatest>" + tag(
            "LastModified", draw(instants)
        )
        parts.insert(draw(st.integers(0, len(parts))), tag("DeleteMarker", marker))
    prefixes = draw(st.lists(any_text if encoded else xml_text.filter(bool), max_size=3))
    common = [tag("CommonPrefixes", tag("Prefix", quote_plus(p) if encoded else escape(p))) for p in prefixes]
    head = [tag("Name", "bkt"), tag("Prefix", ""), tag("MaxKeys", "1000")]
    if encoded:
        head.append(tag("EncodingType", "url"))
    truncated = draw(st.booleans())
    head.append(tag("IsTruncated", "true" if truncated else "false"))
    if truncated and versions:
        marker = draw(any_text if encoded else xml_text.filter(bool))
        head.append(tag("NextKeyMarker", quote_plus(marker) if encoded else escape(marker)))
        head.append(tag("NextVersionIdMarker", "nv"))
    elif truncated:
        head.append(tag("NextContinuationToken", escape(draw(xml_text.filter(bool)))))
    layout = draw(
        st.sampled_from(["head first", "head last", "prefixes first", "spaced", "spaced rows", "commented"])
    )
    between = {"spaced": "\n  ", "spaced rows": "\r\n"}.get(layout, "")
    inside = [*head, *parts, *common]
    if layout == "head last":
        inside = [*parts, *common, *head]
    elif layout == "prefixes first":
        inside = [*head, *common, *parts]
    elif layout == "commented":
        inside = [*head, "<!-- <Contents> -->", *parts, *common]
    root = "ListVersionsResult" if versions else "ListBucketResult"
    space = draw(st.sampled_from([f' xmlns="{NS}"', ""]))
    prolog = draw(st.sampled_from(['<?xml version="1.0" encoding="UTF-8"?>\n', ""]))
    return f"{prolog}<{root}{space}>{between.join(['', *inside, ''])}</{root}>".encode()


@settings(max_examples=300, deadline=None)
@given(pages())
def test_pages_are_read_as_the_sdk_reads_them(body: bytes) -> None:
    assert read_page(body, forbidden) == by_the_sdk(body)


@settings(max_examples=200, deadline=None)
@given(pages(versions=True))
def test_versions_are_read_as_the_sdk_reads_them(body: bytes) -> None:
    assert read_versions(body, forbidden) == by_the_sdk(body, versions=True)


@settings(max_examples=300, deadline=None)
@given(pages(), st.data())
def test_a_damaged_page_is_refused_or_read_as_the_sdk_reads_it(body: bytes, data: DataObject) -> None:
    at = data.draw(st.integers(0, max(0, len(body) - 1)))
    cut = data.draw(st.integers(0, 20))
    damaged = body[:at] + data.draw(st.binary(max_size=4)) + body[at + cut :]
    try:
        page = read_page(damaged, stock)
    except (Unreadable, ErrorInside):
        return
    for entry in page.entries:
        assert entry.size is None or 0 <= entry.size <= LARGEST_SIZE
        assert isinstance(entry.key, str)
        entry.key.encode()
    try:
        expected = by_the_sdk(damaged)
    except Exception:  # noqa: BLE001 - the SDK is stricter about control characters, and fails in many ways
        return
    if expected.next_token is None:  # Where IsTruncated is no word, the SDK ends, and we read on from the token.
        expected = expected._replace(next_token=page.next_token)
    assert page._replace(entries=[]) == expected._replace(entries=[])
    untold = int(END_UNTOLD.timestamp())  # What a copy's end becomes that cannot be read.
    for read, said in zip(page.entries, expected.entries, strict=True):
        assert said == read._replace(
            # What cannot be meant is unknown to us, whatever the SDK makes of it.
            size=said.size if read.size is None else read.size,
            modified=said.modified if read.modified is None else read.modified,
            in_progress=said.in_progress if read.in_progress is None else read.in_progress,
            expiry=said.expiry if read.expiry in (None, untold) or (said.expiry or 0) < 0 else read.expiry,
        )


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_anything_at_all_is_a_page_or_is_refused(body: bytes) -> None:
    for read in (read_page, read_versions):
        with pytest.raises((Unreadable, ErrorInside)):
            read(body, stock)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_page_cut_short_is_refused(cut: int) -> None:
    row = a_row()
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{row * 3}</ListBucketResult>".encode()
    assert len(read_page(body, stock).entries) == 3
    with pytest.raises(Unreadable):
        read_page(body[: -len(body) * cut // 40], stock)


@pytest.mark.parametrize("row", [a_row(), A_USUAL_ROW], ids=["short", "usual"])
def test_junk_between_rows_is_refused(row: str) -> None:
    for junk in ("</Contents>", "<Contents>", "&", "<Size>"):
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{row}{junk}{row}</ListBucketResult>".encode()
        with pytest.raises(Unreadable):
            read_page(body, stock)


def test_an_instant_in_another_form_is_left_to_the_sdk() -> None:
    row = tag(
        "Contents",
        "<Key>k</Key><LastModified>Fri, 21 Dec 2012 00:00:00 GMT</LastModified><ETag>e</ETag><Size>1</Size>",
    )
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{row}</ListBucketResult>".encode()
    (entry,) = read_page(body, stock).entries
    assert entry.modified == 1356048000


@pytest.mark.parametrize(
    "written",
    [
        "2024-W01-1T00:00:00.000Z",
        "2024-01-01 00:00:00.000Z",
        "2024-01-01T00:00:00,000Z",
        "\u0662024-01-01T00:00:00.000Z",
    ],
)
def test_of_what_python_reads_as_an_instant_only_the_usual_form_is_taken(written: str) -> None:
    odd = A_USUAL_ROW.replace("2024-01-01T00:00:00.000Z", written)
    assert len(written) == 24
    alone, beside = read_page(a_page(odd), stock), read_page(a_page(A_USUAL_ROW, odd), stock)
    assert beside.entries[0].modified == 1704067200
    assert beside.entries[1].modified == alone.entries[0].modified


def test_what_stands_beside_usual_rows_is_seen() -> None:
    """Rows are checked by their length: as much as is too much in one place may be lacking in another."""
    for odd in (A_USUAL_ROW.replace("<Size>1</Size>", "<Size>12</Siz>"), A_USUAL_ROW.replace("Contents", "Content")):
        for rows in ((A_USUAL_ROW, odd, A_USUAL_ROW), (odd, A_USUAL_ROW), (A_USUAL_ROW, odd)):
            body = a_page(*rows)
            try:
                found = len(by_the_sdk(body).entries)
            except ValueError:
                with pytest.raises(Unreadable):
                    read_page(body, stock)
            else:
                assert len(read_page(body, stock).entries) == found


def test_control_characters_that_a_server_failed_to_encode_are_still_read() -> None:
    row = a_row("\x1b[31m\x01")
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{row}</ListBucketResult>".encode()
    (entry,) = read_page(body, stock).entries
    assert entry.key == "\x1b[31m\x01"


ROWS = {
    "AWS": "<Key>a/b</Key><LastModified>{m}</LastModified><ETag>&quot;e&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>1</Size>"
    "<StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
    "<RestoreExpiryDate>{m}</RestoreExpiryDate></RestoreStatus>",
    "MinIO": '<Key>a/b</Key><LastModified>{m}</LastModified><ETag>"e"</ETag><Size>1</Size>'
    "<Owner><ID></ID><DisplayName></DisplayName></Owner><StorageClass>GLACIER</StorageClass>",
    "Ceph": "<Key>a/b</Key><LastModified>{m}</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size>"
    "<StorageClass>GLACIER</StorageClass><Owner><ID>u</ID><DisplayName>U</DisplayName></Owner><Type>Normal</Type>",
    "no class": "<Size>1</Size><ETag>e</ETag><LastModified>{m}</LastModified><Key>a/b</Key>",
}


@pytest.mark.parametrize("store", ROWS)
def test_known_stores_take_the_quick_way(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_xml, "by_tree", forbidden)
    row = tag("Contents", ROWS[store].format(m="2024-02-03T04:05:06.789Z"))
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{row * 2}</ListBucketResult>".encode()
    page = read_page(body, forbidden)
    assert page == by_the_sdk(body)
    assert page.entries[0].modified == 1706933106


def test_an_error_document_is_told_apart() -> None:
    with pytest.raises(ErrorInside):
        read_page(b"<Error><Code>SlowDown</Code></Error>", stock)


@given(any_text, st.text())
def test_both_markers_survive_in_one_token(key_marker: str, version_marker: str) -> None:
    assert split_token(versions_token(key_marker, version_marker)) == (key_marker, version_marker)


@pytest.mark.parametrize("token", ["", "x", "[]", '["a"]', "[1, 2]", "null", '{"a": 1}'])
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kind will do
        split_token(token)


# --- what cannot be meant


def a_page(*rows: str, truncated: str = "false") -> bytes:
    return f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{''.join(rows)}</ListBucketResult>".encode()


def an_encoded_page(*rows: str) -> bytes:
    return a_page(*rows).replace(b"<IsTruncated>", b"<EncodingType>url</EncodingType><IsTruncated>")


@pytest.mark.parametrize("left_out", ["Size", "LastModified", "ETag"])
def test_what_a_store_leaves_out_is_unknown(left_out: str) -> None:
    value = {"Size": "1", "LastModified": "2024-01-01T00:00:00Z", "ETag": "e"}[left_out]
    bare = a_row("b").replace(tag(left_out, value), "")
    entries = read_page(a_page(a_row("a"), bare), stock).entries
    assert [entry.key for entry in entries] == ["a", "b"]
    told = entries[1]._asdict()
    assert {name: told[name] for name in ("size", "modified", "etag")} == {
        "size": None if left_out == "Size" else 1,
        "modified": None if left_out == "LastModified" else 1704067200,
        "etag": "" if left_out == "ETag" else "e",
    }


@pytest.mark.parametrize(
    ("truncated", "token", "next_token", "told_end"),
    [
        ("true", "t", "t", False),
        ("TRUE", "t", "t", False),
        ("false", "t", "t", True),
        (None, "t", "t", False),
        ("perhaps", "t", "t", False),
        ("0", "", None, False),
        ("1", "", GOES_ON, False),
        ("true", "", GOES_ON, False),
        ("true", None, GOES_ON, False),
        ("false", "", None, False),
        ("false", None, None, False),
        (None, None, None, False),
    ],
)
def test_a_token_leads_on_and_nothing_else_ends(
    truncated: str | None, token: str | None, next_token: str | None, told_end: bool
) -> None:
    fields = [("IsTruncated", truncated), ("NextContinuationToken", token)]
    head = "".join(tag(name, text) for name, text in fields if text is not None)
    page = read_page(f"<ListBucketResult>{head}{a_row()}</ListBucketResult>".encode(), stock)
    assert (page.next_token, page.told_end) == (next_token, told_end)


@pytest.mark.parametrize("size", [str(2**53), str(2**63), "9" * 4300, "1.5", "-5", "many", "", "1e3"])
def test_a_size_that_no_object_has_is_unknown_and_spoils_no_other_row(size: str) -> None:
    odd = a_row("b").replace("<Size>1</Size>", f"<Size>{size}</Size>")
    entries = read_page(a_page(a_row("a"), odd, a_row("c")), stock).entries
    assert [(entry.key, entry.size) for entry in entries] == [("a", 1), ("b", None), ("c", 1)]


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "yesterday", "", "0"])
def test_a_date_that_no_calendar_has_is_unknown_and_spoils_no_other_row(date: str) -> None:
    entries = read_page(a_page(a_row("a"), a_row("b", date), a_row("c")), forbidden_dates).entries
    assert [entry.modified for entry in entries] == [1704067200, None, 1704067200]


def forbidden_dates(body: bytes) -> dict[str, Any]:
    raise ValueError("as the SDK says of such dates")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (a_page(a_row("a\0b")), "NUL"),
        (a_page(a_row("a&#0;b")), "NUL"),
        (a_page(a_row("a&#x0;b")), "NUL"),
        (a_page(a_row("")), "no key"),
        (a_page(a_row("a"), truncated="perhaps"), "perhaps"),
        (a_page(a_row("a"), a_row("")), "no key after key 'a'"),
        (an_encoded_page(a_row("a%20b"), a_row("%FF")), "Key '%FF' after key 'a b' is no UTF-8"),
        (a_page(a_row("a"), a_row("b").replace("<Size>1", "<Size>1&2")), "no XML at <Size> after key 'b'"),
        (a_page(a_row("a"), "<CommonPrefixes><Prefix></Prefix></CommonPrefixes>"), "common prefix"),
        (a_page("<Contents></Contents>" * 400_000), "more than 250,000 tags"),
        (a_page("<a>" * 500_000 + "</a>" * 500_000), "more than 250,000 tags"),
        (a_page(a_row("k" * 5_000_000)), "longer than 32,768 bytes"),
    ],
    ids=[
        "NUL",
        "decimal NUL",
        "hex NUL",
        "no key",
        "perhaps",
        "no key there",
        "no UTF-8",
        "no XML",
        "prefix",
        "rows",
        "nest",
        "long key",
    ],
)
def test_a_page_that_is_not_believed_is_refused_by_its_cause(body: bytes, named: str) -> None:
    with pytest.raises(Unreadable, match=named):
        read_page(body, stock)


@pytest.mark.parametrize("reader", [read_page, read_versions])
def test_a_nul_that_is_url_encoded_is_a_part_of_the_key(reader: Callable[..., Page]) -> None:
    """S3 takes such keys, and encodes names just because XML cannot hold them; only bare it is no key's."""
    row = a_row("a%00b")
    if reader is read_versions:
        row = row.replace("Contents>", "Version>").replace("</Key>", "</Key><VersionId>v</VersionId>")
    body = a_page(row).replace(b"<IsTr", b"<EncodingType>url</EncodingType><IsTr")
    (entry,) = reader(body, stock).entries
    assert entry.key == "a\0b"


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "yesterday", "0"])
def test_a_copy_whose_end_cannot_be_read_is_there(date: str) -> None:
    status = f"<IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>{date}</RestoreExpiryDate>"
    odd = a_row("b").replace("</Contents>", f"<RestoreStatus>{status}</RestoreStatus></Contents>")
    entries = read_page(a_page(a_row("a"), odd), forbidden_dates).entries
    assert [(entry.in_progress, entry.expiry) for entry in entries] == [
        (None, None), (False, int(END_UNTOLD.timestamp())),
    ]  # fmt: skip
