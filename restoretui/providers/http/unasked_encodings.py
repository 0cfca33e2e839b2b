"""Answers that are compressed although nobody asked for that: some proxies and gateways do it to whatever is XML.

Requests say ``Accept-Encoding: identity``. What is gzip or deflate all the same is unpacked within the bounds of a
body; what an object itself says of its contents (``Content-Encoding`` of what was uploaded) is never touched.
"""

import zlib
from collections.abc import Mapping

from restoretui.providers.http.response_limits import MOST_BODY
from restoretui.providers.wire.refusals import printable
from restoretui.providers.wire.xml_trees import Unreadable

_OF_CONTENTS = frozenset({"GetObject", "HeadObject"})
"""Operations whose answers are an object, or tell of one."""
_ANY_WRAP = 32 + zlib.MAX_WBITS
"""gzip, or zlib's own, whichever stands there."""
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})


def unpacked(operation: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The body as it was before; ``Unreadable`` where that cannot be had."""
    told = headers.get("content-encoding", "").strip().lower()
    if not told or told == "identity" or not body or operation in _OF_CONTENTS:
        return body
    if body.lstrip()[:1] == b"<":
        return body  # It says so, and is plain: whoever unpacked it left the header, or it never was packed.
    if told not in _KNOWN:
        raise Unreadable(_said(told))
    unzip = zlib.decompressobj(_ANY_WRAP)
    try:
        plain = unzip.decompress(body, MOST_BODY + 1)
    except zlib.error:
        raise Unreadable(_said(told)) from None
    if len(plain) > MOST_BODY:
        raise Unreadable(f"unpacked, it is longer than {MOST_BODY >> 20} MiB")
    if not unzip.eof:
        raise Unreadable(f"it is compressed ({told}), and cut off")
    return plain


def _said(encoding: str) -> str:
    return (
        f"it is compressed ({printable(encoding, 40)}) although nobody asked for that, as a proxy or gateway may do"
    )
