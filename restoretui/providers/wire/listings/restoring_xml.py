"""The quickest parser of a listing page: of one that shows nothing but objects being restored.

Nearly every page that a watcher asks for is one, and of it the keys tell everything. Any other page goes through the
parsers of ``listing_xml``.
"""

import re

from restoretui.core.model import UNTOLD_CLASS, Page
from restoretui.core.rows import Rows
from restoretui.providers.wire.listings.listing_frame import Frame
from restoretui.providers.wire.listings.listing_tree import UNKNOWN, StockParser, Unusual
from restoretui.providers.wire.listings.listing_xml import names_of, read_page, usual_text
from restoretui.providers.wire.xml_trees import tree_of

_MOST = 1000
"""Rows that were asked for; a page of more is looked at with more care."""
_LONGEST = 1 << 22
_KEY = re.compile("<Contents><Key>([^<]++)</Key>")
_OPENS = "<Contents><Key>"
_CLOSES = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus></Contents>"


def read_restores(body: bytes, stock: StockParser) -> Page:
    """One answer to ListObjectsV2; where all it shows is being restored, nothing else is told but the keys."""
    try:
        return _all_restoring(body)
    except UNKNOWN:
        return read_page(body, stock)


def _all_restoring(body: bytes) -> Page:
    """Rows of which but key and status all is unknown; ``Unusual`` for any other page.

    Rows begin and end nowhere else than in the seams between them and at both ends, so these are all, and each that
    begins with a key ends with the status.
    """
    if len(body) > _LONGEST:
        raise Unusual
    text = usual_text(body)
    keys = _KEY.findall(text)
    found = len(keys)
    if not 0 < found <= _MOST or text.count(_CLOSES + _OPENS) != found - 1 or text.count("Contents>") != 2 * found:
        raise Unusual
    start, end = text.index(_OPENS), text.rindex(_CLOSES) + len(_CLOSES)
    if end <= start or ("!" in text and "<!" in text):
        raise Unusual
    frame = Frame(tree_of(text[:start] + text[end:]))
    if frame.rows:
        raise Unusual
    unknown = [None] * found
    rows = Rows([
        names_of(keys, frame), unknown, unknown, unknown, [UNTOLD_CLASS] * found, [True] * found, unknown,
        [""] * found, [True] * found,
    ])  # fmt: skip
    return frame.page(rows, versions=False)
