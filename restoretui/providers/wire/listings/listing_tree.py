"""The careful parsers of a listing page: row by row, for servers that write rows in ways of their own.

What cannot be meant, or is left out, is unknown (None). What cannot be read at all is refused in a sentence that
names the field and the key before it, so that a person finds the object that spoils the listing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from restoretui.core.model import END_UNTOLD, UNTOLD_CLASS, Entry, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.checked_values import (
    believed_epoch,
    believed_epochs,
    believed_moment,
    believed_number,
    believed_sizes,
)
from restoretui.providers.wire.listings.listing_frame import Frame, after, decoded, local, page_of, versions_token
from restoretui.providers.wire.restore_header import from_iso
from restoretui.providers.wire.xml_trees import Unreadable, tree_of

StockParser = Callable[[bytes], Mapping[str, Any]]
"""A page as the SDK's parser gives it: ``Contents`` or ``Versions``, ``CommonPrefixes``, markers; names undecoded."""


class Unusual(Exception):
    """Not what this reader knows; the next one may."""


class Absurd(Unusual):
    """A row says what cannot be, or too little; no reader may believe it."""


UNKNOWN = (Unusual, ValueError, LookupError, OverflowError, RecursionError, ET.ParseError)
"""What a reader raises that does not know the page."""
FLAG = {"": None, "true": True, "false": False, "1": True, "0": False}
"""What a flag says, or leaves out."""
_END_UNTOLD = int(END_UNTOLD.timestamp())
_KEYS = re.compile(rb"<Key>([^<]*)</Key>")
_TAGS = re.compile(rb"<([A-Za-z]+)>")


def by_tree(body: bytes, *, versions: bool, believes: bool = True) -> Page:
    """Row by row. While it ``believes``, an unusual row is another reader's; after that, what it says is unknown."""
    frame = Frame(tree_of(body))
    wanted = "Version" if versions else "Contents"
    rows: list[tuple[Any, ...]] = []
    for row in frame.rows:
        if local(row) == wanted:
            rows.append(_row(row, frame, rows[-1][0] if rows else ""))
    return frame.page(_entries(rows, believes=believes), versions=versions)


def _row(row: ET.Element, frame: Frame, before: str) -> tuple[Any, ...]:
    """As ``Entry`` has it, but with numbers, dates and status as they are told; None where size or date is not."""
    leaves = {local(leaf): leaf for leaf in row}
    text = {name: leaf.text or "" for name, leaf in leaves.items()}
    key = frame.name("Key", text.get("Key", ""), before)
    if not key:
        raise Unreadable(f"a row of the listing has no key{after(before)}")
    ongoing = expiry = ""
    if "RestoreStatus" in leaves:
        status = {local(leaf): leaf.text or "" for leaf in leaves["RestoreStatus"]}
        ongoing = status.get("IsRestoreInProgress", "").strip()
        expiry = status.get("RestoreExpiryDate", "").strip()
    return (
        key,
        text.get("VersionId") or None,
        text.get("Size"),
        text.get("LastModified"),
        text.get("StorageClass", "").strip() or UNTOLD_CLASS,
        ongoing,
        expiry,
        text.get("ETag", "").removeprefix('"').removesuffix('"'),
        FLAG.get(text.get("IsLatest", "").strip()) is not False,
    )


def _entries(rows: list[tuple[Any, ...]], *, believes: bool) -> Sequence[Entry]:
    """Column by column, which stays in C where nothing is unusual."""
    if not rows:
        return []
    keys, versions, sizes, modified, classes, ongoing, expiries, etags, latest = zip(*rows, strict=True)
    if None in sizes or None in modified:
        if believes:
            raise Absurd  # A store that leaves them out does so in every row.
        sizes, modified = tuple(size or "" for size in sizes), tuple(date or "" for date in modified)
    columns = [
        keys,
        versions,
        believed_sizes(sizes),
        _aware_epochs(modified, believes=believes),
        classes,
        list(map(FLAG.get, ongoing)),
        _ends(expiries, believes=believes) if any(expiries) else [None] * len(keys),
        etags,
        latest,
    ]
    if believes and (None in columns[2] or None in columns[3] or not FLAG.keys() >= set(ongoing)):
        raise Absurd
    return Rows(columns)


def _ends(texts: Sequence[str], *, believes: bool) -> list[int | None]:
    ends = [_aware_epoch(text, believes=believes) if text else None for text in texts]
    if not believes:
        # An end that cannot be read is not "for good".
        return [_END_UNTOLD if text and end is None else end for text, end in zip(texts, ends, strict=True)]
    if sum(end is not None for end in ends) < sum(map(bool, texts)):
        raise Absurd
    return ends


def _aware_epochs(texts: Sequence[str], *, believes: bool) -> list[int | None]:
    if believes and not all(text[-1:] == "Z" for text in texts):
        return [_aware_epoch(text, believes=believes) for text in texts]
    return believed_epochs(texts)


def _aware_epoch(text: str, *, believes: bool) -> int | None:
    if not believes or text.endswith("Z"):
        return believed_epoch(text)
    instant = from_iso(text.strip())
    if instant.tzinfo is None:
        raise Unusual
    return believed_moment(instant.timestamp())


def by_sdk(body: bytes, *, versions: bool, stock: StockParser) -> Page:
    """As the SDK's own parser reads it."""
    parsed = stock(body)
    decode = decoded if parsed.get("EncodingType") == "url" else str
    entries = []
    for row in parsed.get("Versions" if versions else "Contents", ()):
        status = row.get("RestoreStatus", {})
        expiry = status.get("RestoreExpiryDate")
        if row["LastModified"] is None or ("RestoreExpiryDate" in status and expiry is None):
            raise Absurd
        size, modified = believed_number(int(row["Size"])), believed_moment(row["LastModified"].timestamp())
        if size is None or modified is None or not row["Key"]:
            raise Absurd
        entries.append(
            Entry(
                decode(row["Key"]),
                row.get("VersionId") or None,
                size,
                modified,
                row.get("StorageClass", "").strip() or UNTOLD_CLASS,
                status.get("IsRestoreInProgress"),
                believed_moment(expiry.timestamp()) if expiry else None,
                row.get("ETag", "").removeprefix('"').removesuffix('"'),
                bool(row.get("IsLatest", True)),
            )
        )
    prefixes = [decode(common["Prefix"]) for common in parsed.get("CommonPrefixes", ())]
    token = parsed.get("NextContinuationToken") or ""
    if versions:
        marker = decode(parsed.get("NextKeyMarker") or "")
        if marker and entries and not parsed.get("NextVersionIdMarker"):
            raise Unusual  # Only the last row tells, be it a version or a delete marker.
        token = versions_token(marker, parsed.get("NextVersionIdMarker", "")) if marker else ""
    truncated = parsed.get("IsTruncated")
    said = "" if truncated is None else str(bool(truncated))
    return page_of(entries, prefixes, said, token, by_markers=versions)


def refuse(body: bytes, error: Exception, what: str = "a listing") -> Unreadable:
    """Why no reader could make anything of the page: in which field, and behind which key."""
    said = f"the answer of {len(body)} bytes is not {what}"
    if not isinstance(error, ET.ParseError):
        return Unreadable(said)
    line, column = error.position
    start = 0
    for _ in range(line - 1):
        start = body.find(b"\n", start) + 1
    before = body[: start + column + 1]
    keys, tags = _KEYS.findall(before), _TAGS.findall(before)
    if not keys:
        return Unreadable(said)
    field = f"<{tags[-1].decode()}>" if tags else "what stands there"
    return Unreadable(f"{said}: no XML at {field}{after(keys[-1].decode('utf-8', 'replace'))}")
