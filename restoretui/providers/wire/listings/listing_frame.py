"""What a listing page says besides its rows: common prefixes, how names are encoded, and where it goes on."""

import json
from collections.abc import Sequence
from functools import partial
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from restoretui.core.model import GOES_ON, Entry, Page
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.xml_trees import Unreadable


class ErrorInside(Exception):
    """The page is an ``<Error>`` document, which S3 may send with status 200."""


def versions_token(key_marker: str, version_marker: str) -> str:
    """Both markers of a versions listing as one opaque token."""
    return json.dumps([key_marker, version_marker])


def split_token(token: str) -> tuple[str, str]:
    """What ``versions_token`` joined; ValueError when it is no such token."""
    markers = json.loads(token)
    if not isinstance(markers, list) or [type(marker) for marker in markers] != [str, str]:
        raise ValueError(token)
    return markers[0], markers[1]


decoded = partial(unquote_plus, errors="strict")
"""A name out of url encoding; ValueError for bytes that are no UTF-8: what stood there is another key."""


def page_of(
    entries: Sequence[Entry], prefixes: Sequence[str], said: str, token: str, *, by_markers: bool = False
) -> Page:
    """A page that said ``said`` where it tells whether the listing goes on, and named ``token`` to go on at.

    A token leads on whatever was said, as the SDKs have it: some stores always say that nothing follows. Markers of
    versions do so only where nothing else was said, again as the SDKs have it. Raises ``Unreadable`` where neither
    tells.
    """
    said = said.strip()
    known = _TRUTH.get(said, said.lower())
    if token and not (by_markers and known == "false"):
        return Page(entries, prefixes, token, told_end=known == "false")
    if known not in ("", "true", "false"):
        raise Unreadable(f"the listing says {printable(said, 40)!r} where it says whether it goes on")
    holds = bool(entries or prefixes)
    if known == "false" or (known == "" and holds):
        return Page(entries, prefixes, None)
    if not holds:
        raise Unreadable(
            "the listing says it goes on, but not where" if known else "the listing does not say whether it goes on"
        )
    return Page(entries, prefixes, GOES_ON)


_TRUTH = {"1": "true", "0": "false"}
"""The other two ways in which XML writes a boolean (XML Schema 2, 3.2.2)."""


class Frame:
    """A page without its rows. ``Unreadable`` for what is no listing, ``ErrorInside`` for an error."""

    def __init__(self, root: ET.Element) -> None:
        kind = local(root)
        if kind == "Error":
            raise ErrorInside
        if not kind.startswith("List"):
            # So would it read a captive portal's HTML.
            raise Unreadable(f"the answer is a <{kind}> document, not a listing")
        self.fields: dict[str, str] = {}
        self.rows: list[ET.Element] = []
        prefixes: list[str] = []
        for child in root:
            name = local(child)
            if name == "CommonPrefixes":
                prefixes.extend(leaf.text or "" for leaf in child if local(leaf) == "Prefix")
            elif name in _ROWS:
                self.rows.append(child)
            else:
                self.fields[name] = child.text or ""
        self.is_encoded = self.fields.get("EncodingType", "").strip().lower() == "url"
        self.decode = decoded if self.is_encoded else str
        if "" in prefixes:
            raise Unreadable("a common prefix of the listing is empty")
        self.prefixes = [self.name("Prefix", prefix) for prefix in prefixes]

    def name(self, field: str, text: str, before: str = "") -> str:
        """A name out of its encoding; ``Unreadable`` names its ``field``, and the key ``before`` it."""
        try:
            return self.decode(text)
        except ValueError:
            raise Unreadable(f"{field} {printable(text, 100)!r}{after(before)} is no UTF-8 once decoded") from None

    def page(self, entries: Sequence[Entry], *, versions: bool) -> Page:
        """The page with these rows."""
        said, token = self.fields.get("IsTruncated", ""), self.fields.get("NextContinuationToken", "")
        if versions:
            marker = self.name("NextKeyMarker", self.fields.get("NextKeyMarker", ""))
            token = versions_token(marker, self._version_marker(marker)) if marker else ""
        return page_of(entries, self.prefixes, said, token, by_markers=versions)

    @property
    def lacks_version_marker(self) -> bool:
        """It goes on behind a key, without a word of behind which of its versions: the last row may tell."""
        return bool(self.fields.get("NextKeyMarker")) and not self.fields.get("NextVersionIdMarker")

    def _version_marker(self, marker: str) -> str:
        """Behind which version of the key; where that is not said, behind the page's last row, if it is of that key.

        Taken at its word, the server would skip the versions of the key that did not fit on the page.
        """
        told = self.fields.get("NextVersionIdMarker", "")
        if told or not self.rows:
            return told
        last = {local(leaf): leaf.text or "" for leaf in self.rows[-1]}
        return last.get("VersionId", "") if self.name("Key", last.get("Key", "")) == marker else ""


_ROWS = frozenset({"Contents", "Version", "DeleteMarker"})


def local(element: ET.Element) -> str:
    """Its name without the namespace."""
    return element.tag.rpartition("}")[2]


def after(key: str) -> str:
    """Where in a listing, by the key before it."""
    return f" after key {printable(key, 100)!r}" if key else ""
