"""Answers to a GET with ``Range``: the bytes that were asked for, or none of them (RFC 9110 14.4)."""

from collections.abc import Mapping

from restoretui.providers.wire.xml_trees import Unreadable


def range_of(status: int, headers: Mapping[str, str], body: bytes, start: int, end: int) -> bytes:
    """The bytes from ``start`` up to ``end`` (not included); ``Unreadable`` where others, or not as many, came.

    ``headers`` are found by lower-case name.
    """
    told = headers.get("content-range", "")
    if status == 206 and not told.startswith(f"bytes {start}-{end - 1}/"):
        raise Unreadable(f"it has the range {told[:60]!r}")
    if len(body) != end - start:
        raise Unreadable(f"it has {len(body)} bytes, not {end - start}")
    return body
