"""Parsers of OSS's XML answers, from their bytes: the SDK's models take ten times as long for a page (FACTS 4.2)."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from restoretui.core.model import Bucket, Entry, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.checked_values import believed_epochs, believed_sizes
from restoretui.providers.wire.listings.listing_frame import after, page_of, versions_token
from restoretui.providers.wire.listings.listing_tree import refuse
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.restore_header import parse_instant, parse_restore
from restoretui.providers.wire.xml_trees import Unreadable, refuse_document_type, tree_of

Decode = Callable[[str, str, str], str]
"""A name out of its encoding: by its field, what stands there, and the key before it, which a refusal names."""


def read_listing(body: bytes, *, versions: bool) -> Page:
    """One answer to ListObjectsV2 or ListObjectVersions, delete markers left out."""
    root = read_document(body, "ListVersionsResult" if versions else "ListBucketResult")
    is_encoded = (root.findtext("EncodingType") or "").strip().lower() == "url"
    decode: Decode = _decode_url if is_encoded else _decode_nothing
    rows: list[tuple[Any, ...]] = []
    for row in root.iterfind("Version" if versions else "Contents"):
        rows.append(_row(row, decode, rows[-1][0] if rows else ""))
    prefixes = [decode("Prefix", row.findtext("Prefix") or "", "") for row in root.iterfind("CommonPrefixes")]
    if "" in prefixes:
        raise Unreadable("a common prefix of the listing is empty")
    return _page(root, _entries(rows), prefixes, decode, versions=versions)


def read_buckets(body: bytes) -> tuple[list[Bucket], str, str]:
    """One answer to ListBuckets: buckets, the owner's id, and the marker of the next page."""
    root = read_document(body, "ListAllMyBucketsResult")
    buckets = [
        Bucket(
            row.findtext("Name") or "",
            row.findtext("Region") or (row.findtext("Location") or "").removeprefix("oss-"),
            parse_instant(row.findtext("CreationDate")),
        )
        for row in root.iterfind("Buckets/Bucket")
    ]
    more = root.findtext("IsTruncated") == "true"
    return buckets, root.findtext("Owner/ID") or "", (root.findtext("NextMarker") or "") if more else ""


def read_document(body: bytes, name: str) -> ET.Element:
    """The root element, without namespaces; ``Unreadable`` when it is no ``name``."""
    refuse_document_type(body)
    try:
        root = tree_of(body)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise refuse(body, error, "XML") from None
    if root.tag.startswith("{"):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
    if root.tag != name:
        raise Unreadable(f"the answer is a <{root.tag}> document, not a <{name}>")
    return root


def _entries(rows: list[tuple[Any, ...]]) -> Sequence[Entry]:
    """Sizes and dates are read by column, which stays in C."""
    if not rows:
        return []
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    columns[_SIZE], columns[_MODIFIED] = believed_sizes(columns[_SIZE]), believed_epochs(columns[_MODIFIED])
    return Rows(columns)


_SIZE, _MODIFIED = map(Entry._fields.index, ("size", "modified"))


def _row(row: ET.Element, decode: Decode, before: str) -> tuple[Any, ...]:
    """As ``Entry`` has it, but size and date as they are told; empty where they are not."""
    text = {leaf.tag: leaf.text or "" for leaf in row}
    restore = parse_restore(text["RestoreInfo"]) if "RestoreInfo" in text else None
    key = decode("Key", text.get("Key", ""), before)
    if not key:
        raise Unreadable(f"a row of the listing has no key{after(before)}")
    return (
        key,
        text.get("VersionId") or None,
        text.get("Size", ""),
        text.get("LastModified", ""),
        text.get("StorageClass") or "Standard",
        restore.in_progress if restore else None,
        int(restore.expiry.timestamp()) if restore and restore.expiry else None,
        text.get("ETag", "").removeprefix('"').removesuffix('"'),
        text.get("IsLatest", "") != "false",
    )


def _page(
    root: ET.Element, entries: Sequence[Entry], prefixes: Sequence[str], decode: Decode, *, versions: bool
) -> Page:
    token = root.findtext("NextContinuationToken") or ""
    if versions:
        marker = decode("NextKeyMarker", root.findtext("NextKeyMarker") or "", "")
        token = versions_token(marker, root.findtext("NextVersionIdMarker") or "") if marker else ""
    return page_of(entries, prefixes, root.findtext("IsTruncated") or "", token, by_markers=versions)


def _decode_url(field: str, text: str, before: str) -> str:
    try:
        return unquote(text, errors="strict")
    except ValueError:
        raise Unreadable(f"{field} {printable(text, 100)!r}{after(before)} is no UTF-8 once decoded") from None


def _decode_nothing(_field: str, text: str, _before: str) -> str:
    return text
