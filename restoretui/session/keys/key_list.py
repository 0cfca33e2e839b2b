"""The lists of ``--keys-from``: bytes, always UTF-8, from a file or stdin; plain keys unless they say otherwise."""

import itertools
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from restoretui.core.blocking import beside
from restoretui.core.errors import UsageError
from restoretui.core.location import MAX_KEY_BYTES
from restoretui.core.os_errors import NO_FILES, refused_by_system
from restoretui.session.keys.entries import KeysFormat, NamedKeys
from restoretui.session.keys.formats import LONGEST_LINE, Reading, first_entry, guess, guess_in
from restoretui.session.keys.lines import Pieces, pieces_of

_LONGEST = {KeysFormat.PLAIN: MAX_KEY_BYTES, KeysFormat.URI: 8 * MAX_KEY_BYTES}


async def read_named(
    source: str,
    form: KeysFormat | None,
    prefix: str = "",
    *,
    nul: bool = False,
    has_bucket: bool = True,
    reading: Callable[[str, str], Reading] = Reading,
    reach: Callable[[int], None] = lambda _: None,
) -> NamedKeys:
    """A list of objects from a file or ``-``. Without a ``form`` it is plain, unless its first line can be no key.

    ``prefix`` is put before plain keys. ``nul``: they end in NUL, not in line ends, and so may hold those.
    ``has_bucket``: it was said which bucket plain keys are in. A byte order mark is no part of the first key, and
    empty lines are skipped. ``UsageError`` when the list cannot be read, and with the number of the line that cannot
    be a key. ``reading`` makes what takes the lines, and ``reach`` is told how many of them there were
    so far.
    """
    how = _How(form, prefix, nul, has_bucket, reading, reach)
    return await _beside(source, lambda: _read(source, how))


async def read_marks(source: str, bucket: str) -> NamedKeys:
    """What a file lists, to be marked: keys of ``bucket``, verbatim, unless its first line shows another form.

    Of a completion report the tasks that failed. Errors as ``read_named``.
    """

    def read() -> NamedKeys:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            name = f"the key list {source!r}"
            return _marks(name, bucket, pieces_of(descriptor, LONGEST_LINE, name))
        finally:
            os.close(descriptor)

    return await _beside(source, read)


def pasted_marks(text: str, bucket: str) -> NamedKeys:
    """The same of a text."""
    data = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _marks("what was pasted", bucket, iter([(1, data.split(b"\n"))]))


def _marks(name: str, bucket: str, pieces: Pieces) -> NamedKeys:
    head = list(itertools.islice(pieces, 1))
    form = guess_in(first_entry(head[0][1]), bucket) if head else None
    reading = Reading(name, failed_only=True)
    reading.read(form or KeysFormat.PLAIN, itertools.chain(head, pieces))
    return NamedKeys(name, form or KeysFormat.PLAIN, reading.entries, form is not None, reading.notes)


async def _beside(source: str, read: Callable[[], NamedKeys]) -> NamedKeys:
    try:
        # Whoever types the keys, or holds the pipe, may never end: that must not keep us from ending.
        return await beside(read, "restoretui-keys")
    except OSError as error:
        if error.errno in NO_FILES:
            raise refused_by_system(error) from None  # The list is well, and any other would fare no better.
        why = error.strerror or str(error)
        raise UsageError(f"the key list {source!r} cannot be read: {why}", "name a file with a key a line") from None


class _How(NamedTuple):
    form: KeysFormat | None
    prefix: str
    nul: bool
    has_bucket: bool
    reading: Callable[[str, str], Reading]
    reach: Callable[[int], None]


def _read(source: str, how: _How) -> NamedKeys:
    if source == "-":
        if sys.stdin is None:
            raise UsageError("the key list is to come from stdin, which is closed", "give --keys-from a file")
        return _from(0, "the key list on stdin", how)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _from(descriptor, f"the key list {source!r}", how)
    finally:
        os.close(descriptor)


def _from(descriptor: int, name: str, how: _How) -> NamedKeys:
    form = how.form
    longest = _LONGEST.get(form or KeysFormat.JSONL, LONGEST_LINE)
    pieces = pieces_of(descriptor, longest, name, end=b"\0" if how.nul else b"\n", reach=how.reach)
    is_guessed = False
    if form is None and not how.nul:
        head = list(itertools.islice(pieces, 1))
        form = guess(first_entry(head[0][1]), has_bucket=how.has_bucket) if head else None
        is_guessed = form is not None
        pieces = itertools.chain(head, pieces)
    if form is None and not how.has_bucket:
        raise UsageError(
            f"{name} holds keys, and no bucket was named",
            "name the bucket, or say how the list names buckets: --keys-format uri, jsonl, csv or manifest",
        )
    form = form or KeysFormat.PLAIN
    reading = how.reading(name, how.prefix)
    reading.read(form, pieces, keeps_returns=how.nul)
    return NamedKeys(name, form, reading.entries, is_guessed, reading.notes)
