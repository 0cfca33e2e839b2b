"""Parsers of OSS's XML answers, from their bytes: the SDK's models take ten times as long for a page (FACTS 4.2)."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from restoretui.core.model import Bucket, Entry, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.checked_values import believed_epochs, believed_sizes
from restoretui.providers.wire.listing_xml import versions_token
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.restore_header import parse_instant, parse_restore
from restoretui.providers.wire.xml_trees import Unreadable, refuse_document_type, tree_of


def read_listing(body: bytes, *, versions: bool) -> Page:
    """One answer to ListObjectsV2 or ListObjectVersions, delete markers left out."""
    root = read_document(body, "ListVersionsResult" if versions else "ListBucketResult")
    decode: Callable[[str], str] = unquote if root.findtext("EncodingType") == "url" else str
    entries = _entries([_row(row, decode) for row in root.iterfind("Version" if versions else "Contents")])
    prefixes = [decode(row.findtext("Prefix") or "") for row in root.iterfind("CommonPrefixes")]
    if "" in prefixes:
        raise Unreadable("a common prefix of the listing is empty")
    return Page(entries, prefixes, _next_token(root, decode, versions=versions))


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
    except (ET.ParseError, ValueError, LookupError):
        raise Unreadable(f"the answer of {len(body)} bytes is not XML") from None
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


def _row(row: ET.Element, decode: Callable[[str], str]) -> tuple[Any, ...]:
    """As ``Entry`` has it, but size and date as they are told."""
    text = {leaf.tag: leaf.text or "" for leaf in row}
    restore = parse_restore(text["RestoreInfo"]) if "RestoreInfo" in text else None
    try:
        key, size, modified = decode(text["Key"]), text["Size"], text["LastModified"]
    except KeyError as error:
        name = printable(text.get("Key", ""), 100)
        raise Unreadable(f"the listing does not tell the {error.args[0]} of {name!r}") from None
    if not key:
        raise Unreadable("a row of the listing has no key")
    return (
        key,
        text.get("VersionId") or None,
        size,
        modified,
        text.get("StorageClass") or "Standard",
        restore.in_progress if restore else None,
        int(restore.expiry.timestamp()) if restore and restore.expiry else None,
        text.get("ETag", "").removeprefix('"').removesuffix('"'),
        text.get("IsLatest", "") != "false",
    )


def _next_token(root: ET.Element, decode: Callable[[str], str], *, versions: bool) -> str | None:
    truncated = root.findtext("IsTruncated")
    if truncated not in ("true", "false"):
        raise Unreadable("the listing does not say whether it goes on")
    if truncated == "false":
        return None
    token = root.findtext("NextContinuationToken") or ""
    if versions:
        marker = decode(root.findtext("NextKeyMarker") or "")
        token = versions_token(marker, root.findtext("NextVersionIdMarker") or "") if marker else ""
    if not token:
        raise Unreadable("the listing says it goes on, but not where")
    return token
