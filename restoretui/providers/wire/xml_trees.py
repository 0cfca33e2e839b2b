"""A hardened XML parser: no entity bombs, and limits on tags, depth and size."""

from xml.etree import ElementTree as ET

MOST_TAGS = 250_000
"""Tags of a document; a LIST page of 1,000 rows has some 26,000."""
DEEPEST = 32
"""Elements inside each other; no cloud's answer has more than 8."""
LONGEST_ERROR = 1 << 16
"""Bytes of an ``<Error>`` document that are read; they are under 2 KiB."""


class Unreadable(Exception):
    """Not the document that was asked for, or not a whole one."""


def refuse_document_type(body: bytes) -> None:
    """Before an XML parser sees the answer: entity bombs end here, in UTF-16 too, which is full of zero bytes."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\x00" in body:
        raise Unreadable("the answer declares a document type or is not UTF-8, as no cloud's answer is")


def tree_of(text: bytes | str) -> ET.Element:
    """The root of a document that declares no type.

    Raises ``Unreadable`` beyond ``MOST_TAGS``; what ElementTree raises when it is no XML.
    """
    refuse_many_tags(text)
    return ET.fromstring(text)  # noqa: S314 - document types were refused


def refuse_nests(body: bytes) -> None:
    """Before a parser that calls itself for each level sees a document: ``Unreadable`` beyond ``DEEPEST`` levels."""
    refuse_document_type(body)
    try:
        level = [tree_of(body)]
    except (ET.ParseError, ValueError, LookupError):
        raise Unreadable("the answer is no XML") from None
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return
    raise Unreadable(f"the answer nests more than {DEEPEST} elements")


def refuse_many_tags(text: bytes | str) -> None:
    """``Unreadable`` beyond ``MOST_TAGS``."""
    # Three characters make a tag at least. What is short, as nearly all is, need not be counted.
    if len(text) <= 3 * MOST_TAGS:
        return
    if (text.count(b"<") if isinstance(text, bytes) else text.count("<")) > MOST_TAGS:
        raise Unreadable(f"the answer has more than {MOST_TAGS:,} tags")
