"""Parsers of S3's listing pages (ListObjectsV2, ListObjectVersions): fast ones first, each checked.

A page of 1,000 objects goes through the first of these readers that can account for all of it:

1. one regular expression for rows as AWS writes them today, between whose matches nothing may stand;
2. one for rows with what others add to that, whose matches are counted against the rows there are;
3. one for rows whose elements come in any order, whose matches must tile the rows without a gap;
4. ElementTree, for servers that write rows in other ways (``listing_tree``);
5. the SDK's own parser, which the caller passes in.

The first three read the rest of the page as XML (``listing_frame``).

Anything else is ``Unreadable``. Names are decoded as the SDK decodes them when the page says ``EncodingType`` url.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from restoretui.core.model import Entry, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.checked_values import ISO_TEXT, USUAL_WIDTH, are_usual_instants
from restoretui.providers.wire.listings.listing_frame import ErrorInside as ErrorInside
from restoretui.providers.wire.listings.listing_frame import Frame, decoded
from restoretui.providers.wire.listings.listing_frame import versions_token as versions_token
from restoretui.providers.wire.listings.listing_tree import (
    FLAG,
    UNKNOWN,
    Absurd,
    StockParser,
    Unusual,
    by_sdk,
    by_tree,
    refuse,
)
from restoretui.providers.wire.xml_trees import Unreadable as Unreadable
from restoretui.providers.wire.xml_trees import refuse_document_type, refuse_many_tags, tree_of


def read_page(body: bytes, stock: StockParser) -> Page:
    """One answer to ListObjectsV2."""
    return _read(body, stock, versions=False)


def read_versions(body: bytes, stock: StockParser) -> Page:
    """One answer to ListObjectVersions: versions only, delete markers left out."""
    return _read(body, stock, versions=True)


def _read(body: bytes, stock: StockParser, *, versions: bool) -> Page:
    if not body.strip():
        raise Unreadable("the answer is empty")  # which the SDK's parser would read as an empty bucket
    if len(body) > _LONG:
        refuse_many_tags(body)
        _refuse_long_text(body)
    for reader in (_quick, by_tree, partial(by_sdk, stock=stock)):
        try:
            return reader(body, versions=versions)
        except Absurd:
            break
        except UNKNOWN:
            refuse_document_type(body)
    try:
        return by_tree(body, versions=versions, believes=False)
    except UNKNOWN as error:
        raise refuse(body, error) from None


_NUL = "a key of the listing holds a NUL, which no XML can"
_LONG = 1 << 22
"""Bytes; pages are under a tenth of that, so only what is longer is looked through before it is decoded."""
_LONGEST_TEXT = 1 << 15
"""Bytes between two tags. A key of 1,024 bytes, url-encoded and then written in XML references, has 18,432."""


def _refuse_long_text(body: bytes) -> None:
    # Looked for where a text begins only: anywhere else, it would be looked for again from each byte of it.
    if re.search(rb"(?<![^<])[^<]{%d}" % (_LONGEST_TEXT + 1), body):
        raise Unreadable(f"a text of the answer is longer than {_LONGEST_TEXT:,} bytes, as no key is")


# ---- the quick way ----

_OWNER = r"<Owner>(?:<ID>[^<]*</ID>)?(?:<DisplayName>[^<]*</DisplayName>)?</Owner>"
_STATUS = (
    r"<RestoreStatus><IsRestoreInProgress>(true|false)</IsRestoreInProgress>"
    rf"(?:<RestoreExpiryDate>({ISO_TEXT})</RestoreExpiryDate>)?</RestoreStatus>"
)
_COMMON = (
    rf"<Key>([^<]*)</Key>|<LastModified>({ISO_TEXT})</LastModified>"
    r'|<ETag>(?:&quot;|"|&#34;)?([^<&"]*)(?:&quot;|"|&#34;)?</ETag>'
    rf"|<Size>([0-9]{{1,15}})</Size>|<StorageClass>([^<&]*)</StorageClass>|{_STATUS}"
    rf"|{_OWNER}|<Checksum(?:Algorithm|Type)>[^<]*</Checksum(?:Algorithm|Type)>|<Type>[^<]*</Type>"
)
_MARKER = "|".join(rf"<{name}>[^<]*</{name}>" for name in ("Key", "VersionId", "IsLatest", "LastModified"))
_OBJECT = re.compile(rf"<Contents>(?:{_COMMON})*</Contents>")
_CHECKSUMS = r"(?:<ChecksumAlgorithm>[^<]*+</ChecksumAlgorithm>)*+(?:<ChecksumType>[^<]*+</ChecksumType>)?+"
_OBJECT_IN_ORDER = re.compile(
    rf"<Contents><Key>([^<]++)</Key><LastModified>({ISO_TEXT})</LastModified>"
    r'<ETag>(?:&quot;|"|&#34;)?+([^<&"]*+)(?:&quot;|"|&#34;)?+</ETag>'
    rf"{_CHECKSUMS}<Size>([0-9]{{1,15}}+)</Size>(?:{_OWNER})?+(?:<StorageClass>([^<&]*+)</StorageClass>)?+(?:{_STATUS})?+</Contents>"
)
_INSTANT = rf"((?s:.{{{USUAL_WIDTH}}}))"
_PLAIN = re.compile(
    rf"<Contents><Key>([^<]++)</Key><LastModified>{_INSTANT}</LastModified><ETag>&quot;([^&]*+)&quot;</ETag>"
    rf"{_CHECKSUMS}<Size>([^<]{{1,15}}+)</Size><StorageClass>([^<]*+)</StorageClass>"
    r"(?:<RestoreStatus><IsRestoreInProgress>(true|false)</IsRestoreInProgress>"
    rf"(?:<RestoreExpiryDate>{_INSTANT}</RestoreExpiryDate>)?+</RestoreStatus>)?+</Contents>"
)
"""What its groups hold is looked at for all rows together, which is quicker than character by character."""
_STRIDE = _PLAIN.groups + 1
_VERSION = re.compile(
    rf"<Version>(?:{_COMMON}|<VersionId>([^<&]*)</VersionId>|<IsLatest>(true|false)</IsLatest>)*</Version>"
    rf"|<DeleteMarker>(?:{_OWNER}|{_MARKER})*</DeleteMarker>"
)
_FIRST_ROW = {False: re.compile("<Contents>"), True: re.compile("<(?:Version|DeleteMarker)>")}
_ENCODING = re.compile(r"""\s*<\?xml[^>]*encoding=["']([^"']*)""")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_ENTITIES = re.compile(r"(&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def usual_text(body: bytes) -> str:
    """A page as text; ``Unusual`` where that takes more than its bytes being UTF-8."""
    text = body.decode()
    declared = _ENCODING.match(text)
    if "\r" in text or (declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii")):
        raise Unusual  # line ends and charsets are an XML parser's business, as are comments and CDATA
    return text


def _quick(body: bytes, *, versions: bool) -> Page:
    text = usual_text(body)
    columns, skeleton = _split(text) or _count(text) or _tile(text, versions=versions)
    if "<!" in skeleton:
        raise Unusual
    frame = Frame(tree_of(skeleton))
    if frame.rows or (versions and columns and frame.lacks_version_marker):
        raise Unusual
    return frame.page(_entries(columns, frame, versions=versions), versions=versions)


Columns = Sequence[Sequence[str]]
"""The groups of the row patterns, of which one that takes no part is empty or None; none where there are no rows."""


def _split(text: str) -> tuple[Columns, str] | None:
    """The rows of a page, one right after the other, and the page without them; None unless all are the usual ones.

    Together with the groups of each row comes what stands before it, and behind the last one: the page without rows,
    when nothing stands between two of them.
    """
    start = text.find("<Contents>")
    if start < 0 or _PLAIN.match(text, start) is None:
        return None
    parts = _PLAIN.split(text)
    columns, skeleton = [parts[at::_STRIDE] for at in range(1, _STRIDE)], parts[0] + parts[-1]
    if any(parts[_STRIDE:-1:_STRIDE]) or "Contents>" in skeleton or not _are_usual(columns):
        return None
    return columns, skeleton


def _are_usual(columns: Columns) -> bool:
    """Whether the groups of ``_PLAIN`` hold what they may."""
    _, modified, etags, sizes, classes, _, expiries = columns
    etag, digits = "".join(etags), "".join(sizes)
    return (
        are_usual_instants("".join(modified) + "".join(filter(None, expiries)))
        and not ("<" in etag or '"' in etag)
        and digits.isascii()
        and digits.isdecimal()
        and not any("&" in name for name in set(classes))
    )


def _count(text: str) -> tuple[Columns, str] | None:
    """The rows of a page, one right after the other, and the page without them; None unless all are as AWS has them.

    A match is one whole row, since it holds no tag it does not name. When rows begin and end nowhere else, the
    matches are all the rows; and when there is a seam less than there are rows, nothing stands between them.
    """
    rows = _OBJECT_IN_ORDER.findall(text)
    found = len(rows)
    if not found or text.count("Contents>") != 2 * found or text.count("</Contents><Contents>") != found - 1:
        return None
    skeleton = text[: text.index("<Contents>")] + text[text.rindex("</Contents>") + len("</Contents>") :]
    return list(zip(*rows, strict=True)), skeleton


def _tile(text: str, *, versions: bool) -> tuple[Columns, str]:
    """The same, whatever the order of elements; for versions, too."""
    if "<!" in text:
        raise Unusual
    first = _FIRST_ROW[versions].search(text)
    if first is None:
        return [], text
    rows: list[Sequence[str]] = []
    start = at = first.start()
    for match in (_VERSION if versions else _OBJECT).finditer(text, start):
        if match.start() != at:
            raise Unusual
        at = match.end()
        rows.append(match.groups(""))
    return list(zip(*rows, strict=True)), text[:start] + text[at:]


def _entries(columns: Columns, frame: Frame, *, versions: bool) -> Sequence[Entry]:
    """Entries from the groups of the row patterns, column by column because that stays in C."""
    if versions and columns and "" in columns[1]:
        columns = list(zip(*[row for row in zip(*columns, strict=True) if row[1]], strict=True))  # no delete markers
    if not columns:
        return []
    keys, modified, etags, sizes, classes, progress, expiries, *more = columns
    if "" in keys or any(name[-1:].isspace() or name[:1].isspace() for name in set(classes)):
        raise Unusual
    nothing = [None] * len(keys)
    ended = {text: _epoch(text) for text in set(expiries) if text}  # mostly at one midnight or another
    if any(end < 0 for end in ended.values()):
        raise Unusual  # No copy ended before there were clouds: whoever reads it with care says what it is.
    return Rows(
        [
            names_of(keys, frame),
            [text or None for text in more[0]] if versions else nothing,
            list(map(int, sizes)),
            _epochs(modified),
            classes,
            list(map(FLAG.get, progress)) if any(progress) else nothing,
            list(map(ended.get, expiries)) if ended else nothing,
            etags,
            [text != "false" for text in more[1]] if versions else [True] * len(keys),
        ]
    )


def _epochs(texts: Iterable[str]) -> list[int]:
    return list(map(int, map(datetime.timestamp, map(datetime.fromisoformat, texts))))


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def names_of(keys: Sequence[str], frame: Frame) -> Sequence[str]:
    """Keys as they are, out of what XML and url encoding made of them."""
    every = "".join(keys)
    if "\0" in every:
        raise Unreadable(_NUL)
    if "&" in every:
        characters = _Characters()
        keys = [_unescape(key, characters) if "&" in key else key for key in keys]
    if frame.is_encoded and ("%" in every or "+" in every or "&" in every):
        keys = [decoded(key) if "%" in key or "+" in key else key for key in keys]
    return keys


class _Characters(dict[str, str]):
    """What each reference of a page stands for, worked out once."""

    def __missing__(self, reference: str) -> str:
        character = self[reference] = _character(reference)
        return character


def _unescape(text: str, characters: _Characters) -> str:
    parts = _ENTITIES.split(text)
    if len(parts) // 2 != text.count("&"):
        raise Unusual
    parts[1::2] = map(characters.__getitem__, parts[1::2])
    return "".join(parts)


def _character(reference: str) -> str:
    entity = _ENTITY.fullmatch(reference)
    if entity is None:
        raise Unusual
    if entity[1]:
        return _NAMED[entity[1]]
    character = chr(int(entity[2]) if entity[2] else int(entity[3], 16))
    if character == "\0":
        raise Unreadable(_NUL)
    if "\ud800" <= character <= "\udfff":
        raise Unusual
    return character
