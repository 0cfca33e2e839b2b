"""Reads marks in key order, from any place on: single ones, and between them those that a span marks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from restoretui.ledger.marks.spans import MarkedSpan, Reads, first_at, spans_between


class _Piece(NamedTuple):
    """Marks of one form without one of the other in between."""

    source: str
    where: str
    order: str
    args: dict[str, object]
    rows: int | None
    """How many, where that is known without going through them."""


class MarksInOrder(Struct, frozen=True):
    """What is marked of one bucket with keys from ``low`` up to ``high`` (not included)."""

    reads: Reads
    sel: int
    place: int
    low: str
    high: str
    whole: bool
    """Otherwise only what has no slash behind ``low``."""

    def some(self, after: tuple[str, str], skip: int, most: int) -> list[tuple[Any, ...]]:
        """Key, version, size, class and date of some, from ``after`` (a key and version, included) and so many on."""
        found: list[tuple[Any, ...]] = []
        for piece in self._pieces(after, (self.high, "")):
            if skip and piece.rows is not None and piece.rows <= skip:
                skip -= piece.rows
                continue
            args = {**piece.args, "most": most - len(found), "skip": skip}
            sql = (
                "SELECT key, coalesce(version_id, ''), size, storage_class, coalesce(modified, -1)"
                f" FROM {piece.source} WHERE {piece.where} ORDER BY {piece.order} LIMIT :most OFFSET :skip"
            )
            if skip and piece.rows is not None:
                # Ids are known: nothing has to be gone through.
                args["first"], args["skip"] = int(str(args["first"])) + skip, 0
            there = self.reads.rows(sql, args)
            if skip and not there:  # Only then is it worth a count of them all.
                skip -= self._count(piece)
                continue
            found += there
            skip = 0
            if len(found) >= most:
                break
        return found

    def count(self, after: tuple[str, str], until: tuple[str, str]) -> int:
        """How many from ``after`` (included) up to ``until`` (not included)."""
        return sum(self._count(piece) for piece in self._pieces(after, until))

    def milestones(self, every: int) -> Iterator[tuple[int, tuple[str, str]]]:
        """How many stand before it, key and version: of one in ``every`` single marks. Only of the whole.

        Those of a span need none: where they stand is told by their ids.
        """
        offset = 0
        for piece in self._pieces(("", ""), (self.high, "")):
            args = dict(piece.args)
            while piece.rows is None:
                sql = f"SELECT key, version_id FROM {piece.source} WHERE {piece.where} ORDER BY {piece.order}"
                there = self.reads.rows(f"{sql} LIMIT 1 OFFSET :every", {**args, "every": every})
                if not there:
                    break
                offset += every
                args["key"], args["version"] = there[0]
                yield offset, there[0]
            offset += self._count(piece._replace(args=args))

    def _count(self, piece: _Piece) -> int:
        if piece.rows is not None:
            return piece.rows
        return int(self.reads.rows(f"SELECT count(*) FROM {piece.source} WHERE {piece.where}", piece.args)[0][0])

    def _pieces(self, after: tuple[str, str], until: tuple[str, str]) -> Iterator[_Piece]:
        begin, end = max(after, (self.low, "")), min(until, (self.high, ""))
        for span in spans_between(self.reads, self.sel, self.place, begin[0], end[0]):
            here = self._of_span(span, begin, end)
            if here is None:
                continue
            yield self._singles(begin, (span.first_key, ""))
            yield here
            begin = max(begin, (span.last_key, ""))
        yield self._singles(begin, end)

    def _singles(self, begin: tuple[str, str], end: tuple[str, str]) -> _Piece:
        args: dict[str, object] = {
            "sel": self.sel, "place": self.place, "low": self.low,
            "key": begin[0], "version": begin[1], "end": end[0], "end_version": end[1],
        }  # fmt: skip
        where = (
            f"sel = :sel AND place_id = :place AND (key, version_id) >= (:key, :version)"
            f" AND (key, version_id) < (:end, :end_version){self._here}"
        )
        return _Piece("selection", where, "place_id, key, version_id", args, None)

    def _of_span(self, span: MarkedSpan, begin: tuple[str, str], end: tuple[str, str]) -> _Piece | None:
        first, last = span.first_id, span.last_id
        if span.first_key < begin[0]:
            first = first_at(self.reads, span.listing, first, last, begin[0])
        if span.last_key >= end[0]:
            last = first_at(self.reads, span.listing, first, last, end[0]) - 1
        if first > last:
            return None
        args: dict[str, object] = {"low": self.low, "first": first, "last": last}
        rows = last - first + 1 if self.whole else None
        return _Piece(f"l{span.listing}", f"id BETWEEN :first AND :last{self._here}", "id", args, rows)

    @property
    def _here(self) -> str:
        return "" if self.whole else " AND instr(substr(key, length(:low) + 1), '/') = 0"
