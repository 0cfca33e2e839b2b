"""Parsers of S3's listing pages (ListObjectsV2, ListObjectVersions): fast ones first, each checked.

A page of 1,000 objects goes through the first of these readers that can account for all of it:

1. one regular expression for rows as AWS writes them, whose matches are counted against the rows there are;
2. one for rows whose elements come in any order, whose matches must tile the rows without a gap;
3. ElementTree, for servers that write rows in other ways (white space, attributes, more elements);
4. the SDK's own parser, which the caller passes in.

The first two read the rest of the page as XML.

Anything else is ``Unreadable``. Names are decoded as the SDK decodes them when the page says ``EncodingType`` url.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from restoretui.core.model import END_UNTOLD, Entry, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.checked_values import (
    believed_epoch,
    believed_epochs,
    believed_moment,
    believed_number,
    believed_sizes,
)
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.xml_trees import Unreadable as Unreadable
from restoretui.providers.wire.xml_trees import refuse_document_type, refuse_many_tags, tree_of

StockParser = Callable[[bytes], Mapping[str, Any]]
"""A page as the SDK's parser gives it: ``Contents`` or ``Versions``, ``CommonPrefixes``, markers; names undecoded."""


class ErrorInside(Exception):
    """The page is an ``<Error>`` document, which S3 may send with status 200."""


def read_page(body: bytes, stock: StockParser) -> Page:
    """One answer to ListObjectsV2."""
    return _read(body, stock, versions=False)


def read_versions(body: bytes, stock: StockParser) -> Page:
    """One answer to ListObjectVersions: versions only, delete markers left out."""
    return _read(body, stock, versions=True)


def versions_token(key_marker: str, version_marker: str) -> str:
    """Both markers of a versions listing as one opaque token."""
    return json.dumps([key_marker, version_marker])


def split_token(token: str) -> tuple[str, str]:
    """What ``versions_token`` joined; ValueError when it is no such token."""
    markers = json.loads(token)
    if not isinstance(markers, list) or [type(marker) for marker in markers] != [str, str]:
        raise ValueError(token)
    return markers[0], markers[1]


class _Unusual(Exception):
    """Not what this reader knows; the next one may."""


class _Absurd(_Unusual):
    """A row says what cannot be; no reader may believe it."""


def _read(body: bytes, stock: StockParser, *, versions: bool) -> Page:
    if not body.strip():
        raise Unreadable("the answer is empty")  # which the SDK's parser would read as an empty bucket
    if len(body) > _LONG:
        _refuse_long_text(body)
        refuse_many_tags(body)
    for reader in (_quick, _tree, partial(_stock, stock=stock)):
        try:
            return reader(body, versions=versions)
        except _Absurd:
            break
        except _UNKNOWN:
            refuse_document_type(body)
    try:
        return _tree(body, versions=versions, believes=False)
    except _UNKNOWN:
        raise Unreadable(f"the answer of {len(body)} bytes is not a listing") from None


_UNKNOWN = (_Unusual, ValueError, LookupError, OverflowError, RecursionError, ET.ParseError)
"""What a reader raises that does not know the page."""
_END_UNTOLD = int(END_UNTOLD.timestamp())
_NUL = "a key of the listing holds a NUL, which no XML can"
_LONG = 1 << 22
"""Bytes; pages are under a tenth of that, so only what is longer is looked through before it is decoded."""
_LONGEST_TEXT = 1 << 15
"""Bytes between two tags. A key of 1,024 bytes, url-encoded and then written in XML references, has 18,432."""


def _refuse_long_text(body: bytes) -> None:
    # Looked for where a text begins only: anywhere else, it would be looked for again from each byte of it.
    if re.search(rb"(?<![^<])[^<]{%d}" % (_LONGEST_TEXT + 1), body):
        raise Unreadable(f"a text of the answer is longer than {_LONGEST_TEXT:,} bytes, as no key is")


# ---- the frame: a page without its rows ----


class _Frame:
    """What a page says besides its rows."""

    def __init__(self, root: ET.Element) -> None:
        kind = _local(root)
        if kind == "Error":
            raise ErrorInside
        if not kind.startswith("List"):
            # So would it read a captive portal's HTML.
            raise Unreadable(f"the answer is a <{kind}> document, not a listing")
        self.fields: dict[str, str] = {}
        self.rows: list[ET.Element] = []
        prefixes: list[str] = []
        for child in root:
            name = _local(child)
            if name == "CommonPrefixes":
                prefixes.extend(leaf.text or "" for leaf in child if _local(leaf) == "Prefix")
            elif name in _ROWS:
                self.rows.append(child)
            else:
                self.fields[name] = child.text or ""
        self.decode = unquote_plus if self.fields.get("EncodingType") == "url" else str
        if "" in prefixes:
            raise Unreadable("a common prefix of the listing is empty")
        self.prefixes = [self.decode(prefix) for prefix in prefixes]

    def page(self, entries: Sequence[Entry], *, versions: bool) -> Page:
        return Page(entries, self.prefixes, self._next_token(versions=versions))

    def _next_token(self, *, versions: bool) -> str | None:
        said = self.fields.get("IsTruncated", "")
        truncated = said.strip().lower()
        if truncated not in ("true", "false"):
            if truncated:
                raise Unreadable(f"the listing says {printable(said, 40)!r} where it says whether it goes on")
            raise _Unusual
        if truncated == "false":
            return None
        if versions:
            key_marker = self.decode(self.fields.get("NextKeyMarker", ""))
            if key_marker:
                return versions_token(key_marker, self.fields.get("NextVersionIdMarker", ""))
        elif token := self.fields.get("NextContinuationToken", ""):
            return token
        raise Unreadable("the listing says it goes on, but not where")


_ROWS = frozenset({"Contents", "Version", "DeleteMarker"})


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


# ---- the quick way ----

_OWNER = r"<Owner>(?:<ID>[^<]*</ID>)?(?:<DisplayName>[^<]*</DisplayName>)?</Owner>"
_STATUS = (
    r"<RestoreStatus><IsRestoreInProgress>(true|false)</IsRestoreInProgress>"
    r"(?:<RestoreExpiryDate>([^<]*Z)</RestoreExpiryDate>)?</RestoreStatus>"
)
_COMMON = (
    r"<Key>([^<]*)</Key>|<LastModified>([^<]*Z)</LastModified>"
    r'|<ETag>(?:&quot;|"|&#34;)?([^<&"]*)(?:&quot;|"|&#34;)?</ETag>'
    rf"|<Size>([0-9]{{1,15}})</Size>|<StorageClass>([^<&]*)</StorageClass>|{_STATUS}"
    rf"|{_OWNER}|<Checksum(?:Algorithm|Type)>[^<]*</Checksum(?:Algorithm|Type)>|<Type>[^<]*</Type>"
)
_MARKER = "|".join(rf"<{name}>[^<]*</{name}>" for name in ("Key", "VersionId", "IsLatest", "LastModified"))
_OBJECT = re.compile(rf"<Contents>(?:{_COMMON})*</Contents>")
_OBJECT_IN_ORDER = re.compile(
    r"<Contents><Key>([^<]++)</Key><LastModified>([^<Z]*+Z)</LastModified>"
    r'<ETag>(?:&quot;|"|&#34;)?+([^<&"]*+)(?:&quot;|"|&#34;)?+</ETag>'
    r"(?:<ChecksumAlgorithm>[^<]*+</ChecksumAlgorithm>)*+(?:<ChecksumType>[^<]*+</ChecksumType>)?+"
    rf"<Size>([0-9]{{1,15}}+)</Size>(?:{_OWNER})?+(?:<StorageClass>([^<&]*+)</StorageClass>)?+(?:{_STATUS})?+</Contents>"
)
_VERSION = re.compile(
    rf"<Version>(?:{_COMMON}|<VersionId>([^<&]*)</VersionId>|<IsLatest>(true|false)</IsLatest>)*</Version>"
    rf"|<DeleteMarker>(?:{_OWNER}|{_MARKER})*</DeleteMarker>"
)
_FIRST_ROW = {False: re.compile("<Contents>"), True: re.compile("<(?:Version|DeleteMarker)>")}
_ENCODING = re.compile(r"""\s*<\?xml[^>]*encoding=["']([^"']*)""")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_ENTITIES = re.compile(r"(&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_BOOL = {"": None, "true": True, "false": False}


def _quick(body: bytes, *, versions: bool) -> Page:
    text = body.decode()
    declared = _ENCODING.match(text)
    if "\r" in text or (declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii")):
        raise _Unusual  # line ends and charsets are an XML parser's business, as are comments and CDATA
    rows, skeleton = _count(text) or _tile(text, versions=versions)
    if "<!" in skeleton:
        raise _Unusual
    frame = _Frame(tree_of(skeleton))
    if frame.rows:
        raise _Unusual
    return frame.page(_entries(rows, frame, versions=versions), versions=versions)


def _count(text: str) -> tuple[list[tuple[str, ...]], str] | None:
    """The rows of a page, one right after the other, and the page without them; None unless all are as AWS has them.

    A match is one whole row, since it holds no tag it does not name. When rows begin and end nowhere else, the
    matches are all the rows; and when there is a seam less than there are rows, nothing stands between them.
    """
    rows = _OBJECT_IN_ORDER.findall(text)
    found = len(rows)
    if not found or text.count("Contents>") != 2 * found or text.count("</Contents><Contents>") != found - 1:
        return None
    return rows, text[: text.index("<Contents>")] + text[text.rindex("</Contents>") + len("</Contents>") :]


def _tile(text: str, *, versions: bool) -> tuple[list[tuple[str, ...]], str]:
    """The same, whatever the order of elements; for versions, too."""
    if "<!" in text:
        raise _Unusual
    first = _FIRST_ROW[versions].search(text)
    if first is None:
        return [], text
    rows: list[tuple[str, ...]] = []
    start = at = first.start()
    for match in (_VERSION if versions else _OBJECT).finditer(text, start):
        if match.start() != at:
            raise _Unusual
        at = match.end()
        rows.append(match.groups(""))
    return rows, text[:start] + text[at:]


def _entries(rows: list[tuple[str, ...]], frame: _Frame, *, versions: bool) -> Sequence[Entry]:
    """Entries from the groups of the row patterns, column by column because that stays in C."""
    if versions:
        rows = [row for row in rows if row[1]]  # a delete marker leaves every group empty
    if not rows:
        return []
    keys, modified, etags, sizes, classes, progress, expiries, *more = zip(*rows, strict=True)
    if "" in keys:
        raise _Unusual
    nothing = [None] * len(keys)
    return Rows(
        [
            _names(keys, frame),
            [text or None for text in more[0]] if versions else nothing,
            list(map(int, sizes)),
            _epochs(modified),
            [text or "STANDARD" for text in classes] if "" in classes else classes,
            list(map(_BOOL.__getitem__, progress)) if any(progress) else nothing,
            [_epoch(text) if text else None for text in expiries] if any(expiries) else nothing,
            etags,
            [text != "false" for text in more[1]] if versions else [True] * len(keys),
        ]
    )


def _epochs(texts: Iterable[str]) -> list[int]:
    return list(map(int, map(datetime.timestamp, map(datetime.fromisoformat, texts))))


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _names(keys: Sequence[str], frame: _Frame) -> Sequence[str]:
    """Keys as they are, out of what XML and url encoding made of them."""
    every = "".join(keys)
    if "\0" in every:
        raise Unreadable(_NUL)
    if "&" in every:
        characters = _Characters()
        keys = [_unescape(key, characters) if "&" in key else key for key in keys]
    if frame.decode is unquote_plus and ("%" in every or "+" in every or "&" in every):
        keys = [unquote_plus(key) if "%" in key or "+" in key else key for key in keys]
    return keys


class _Characters(dict[str, str]):
    """What each reference of a page stands for, worked out once."""

    def __missing__(self, reference: str) -> str:
        character = self[reference] = _character(reference)
        return character


def _unescape(text: str, characters: _Characters) -> str:
    parts = _ENTITIES.split(text)
    if len(parts) // 2 != text.count("&"):
        raise _Unusual
    parts[1::2] = map(characters.__getitem__, parts[1::2])
    return "".join(parts)


def _character(reference: str) -> str:
    entity = _ENTITY.fullmatch(reference)
    if entity is None:
        raise _Unusual
    if entity[1]:
        return _NAMED[entity[1]]
    character = chr(int(entity[2]) if entity[2] else int(entity[3], 16))
    if character == "\0":
        raise Unreadable(_NUL)
    if "\ud800" <= character <= "\udfff":
        raise _Unusual
    return character


# ---- the careful ways ----


def _tree(body: bytes, *, versions: bool, believes: bool = True) -> Page:
    """Row by row. While it ``believes``, an unusual row is another reader's; after that, what it says is unknown."""
    frame = _Frame(tree_of(body))
    wanted = "Version" if versions else "Contents"
    rows = [_tree_row(row, frame) for row in frame.rows if _local(row) == wanted]
    return frame.page(_tree_entries(rows, believes=believes), versions=versions)


def _tree_row(row: ET.Element, frame: _Frame) -> tuple[Any, ...]:
    """As ``Entry`` has it, but with numbers, dates and status as they are told; None where size or date is not."""
    leaves = {_local(leaf): leaf for leaf in row}
    text = {name: leaf.text or "" for name, leaf in leaves.items()}
    key = frame.decode(text.get("Key", ""))
    if not key:
        raise Unreadable("a row of the listing has no key")
    ongoing = expiry = ""
    if "RestoreStatus" in leaves:
        status = {_local(leaf): leaf.text or "" for leaf in leaves["RestoreStatus"]}
        ongoing = status.get("IsRestoreInProgress", "").strip()
        expiry = status.get("RestoreExpiryDate", "").strip()
    return (
        key,
        text.get("VersionId") or None,
        text.get("Size"),
        text.get("LastModified"),
        text.get("StorageClass") or "STANDARD",
        ongoing,
        expiry,
        text.get("ETag", "").removeprefix('"').removesuffix('"'),
        text.get("IsLatest", "").strip() != "false",
    )


def _tree_entries(rows: list[tuple[Any, ...]], *, believes: bool) -> Sequence[Entry]:
    """Column by column, which stays in C where nothing is unusual."""
    if not rows:
        return []
    keys, versions, sizes, modified, classes, ongoing, expiries, etags, latest = zip(*rows, strict=True)
    if None in sizes or None in modified:
        if believes:
            raise _Unusual
        key = next(row[0] for row in rows if None in row[2:4])
        raise Unreadable(f"the listing does not tell both size and date of {printable(key, 100)!r}")
    columns = [
        keys,
        versions,
        believed_sizes(sizes),
        _aware_epochs(modified, believes=believes),
        classes,
        list(map(_BOOL.get, ongoing)),
        _ends(expiries, believes=believes) if any(expiries) else [None] * len(keys),
        etags,
        latest,
    ]
    if believes and (None in columns[2] or None in columns[3] or not _BOOL.keys() >= set(ongoing)):
        raise _Absurd
    return Rows(columns)


def _ends(texts: Sequence[str], *, believes: bool) -> list[int | None]:
    ends = [_aware_epoch(text, believes=believes) if text else None for text in texts]
    if not believes:
        # An end that cannot be read is not "for good".
        return [_END_UNTOLD if text and end is None else end for text, end in zip(texts, ends, strict=True)]
    if sum(end is not None for end in ends) < sum(map(bool, texts)):
        raise _Absurd
    return ends


def _aware_epochs(texts: Sequence[str], *, believes: bool) -> list[int | None]:
    if believes and not all(text[-1:] == "Z" for text in texts):
        return [_aware_epoch(text, believes=believes) for text in texts]
    return believed_epochs(texts)


def _aware_epoch(text: str, *, believes: bool) -> int | None:
    if not believes or text.endswith("Z"):
        return believed_epoch(text)
    instant = datetime.fromisoformat(text.strip())
    if instant.tzinfo is None:
        raise _Unusual
    return believed_moment(instant.timestamp())


def _stock(body: bytes, *, versions: bool, stock: StockParser) -> Page:
    parsed = stock(body)
    decode = unquote_plus if parsed.get("EncodingType") == "url" else str
    entries = []
    for row in parsed.get("Versions" if versions else "Contents", ()):
        status = row.get("RestoreStatus", {})
        expiry = status.get("RestoreExpiryDate")
        if row["LastModified"] is None or ("RestoreExpiryDate" in status and expiry is None):
            raise _Absurd
        size, modified = believed_number(int(row["Size"])), believed_moment(row["LastModified"].timestamp())
        if size is None or modified is None or not row["Key"]:
            raise _Absurd
        entries.append(
            Entry(
                decode(row["Key"]),
                row.get("VersionId") or None,
                size,
                modified,
                row.get("StorageClass") or "STANDARD",
                status.get("IsRestoreInProgress"),
                believed_moment(expiry.timestamp()) if expiry else None,
                row.get("ETag", "").removeprefix('"').removesuffix('"'),
                bool(row.get("IsLatest", True)),
            )
        )
    prefixes = [decode(common["Prefix"]) for common in parsed.get("CommonPrefixes", ())]
    token = None
    if versions and parsed.get("NextKeyMarker"):
        token = versions_token(decode(parsed["NextKeyMarker"]), parsed.get("NextVersionIdMarker", ""))
    elif not versions:
        token = parsed.get("NextContinuationToken") or None
    if parsed.get("IsTruncated") and token is None:
        raise Unreadable("the listing says it goes on, but not where")
    return Page(entries, prefixes, token if parsed.get("IsTruncated", token is not None) else None)
