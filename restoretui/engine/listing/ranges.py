"""Splits one flat key space into ranges that are listed side by side, without knowing the keys beforehand.

A range is everything after one string, up to and including another. Splitting a range at *any* string between the
two gives two ranges that together hold the same keys, once each, so the choice of the string decides only how even
the work is, never whether a key is missed or doubled. It is chosen like a digit halfway between two numbers, with
the characters seen so far as digits, and each range's density so far tells which one has most left to share.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import inf
from operator import attrgetter

from msgspec import Struct, field

from restoretui.core.model import Entry

WORTH_SHARING = 1500.0
"""A range with fewer keys left than this takes one or two more pages: help would come too late."""
PRECISION = 1 << 48
"""How finely a way between two strings is divided: as many characters take part as that needs."""
LONGEST = 256
"""Characters of a key that are learned from."""
NUMERALS = "0123456789"


class Range(Struct):
    """Keys after ``after``, up to ``stop`` (None: to the end), listed as far as ``after`` by now."""

    after: str
    stop: str | None
    segment: int = 0
    """Its rows' place in the ledger: rows of one segment are in key order, and so are segments by their first key."""
    token: str | None = None
    """Where the server goes on; None at its beginning."""
    is_resumed: bool = False
    """The token is of an earlier session."""
    began_at: str = ""
    """The first key listed; what lay before it was empty, and tells nothing of how dense the rest is."""
    listed: int = 0
    left: float = 0.0
    """Keys it probably still holds, as its last page told; of one that is not listed from yet nothing is known."""

    def note(self, rows: Sequence[Entry], alphabet: "Alphabet") -> None:
        """These were listed."""
        if rows:
            self.began_at = self.began_at or rows[0].key
            self.listed += len(rows)
        self.left = remaining(alphabet, self)

    @property
    def is_worth_sharing(self) -> bool:
        """Whoever takes half of it is not too late."""
        return self.left >= WORTH_SHARING


class Alphabet(Struct):
    """Which characters keys were seen to hold at each place after ``prefix``: the digits of that place.

    Where one numeral was seen, all ten are expected: counters and dates come in order, so a page shows few of them.
    A place that always holds the same letter decides nothing, and takes no part.
    """

    prefix: str = ""
    _places: list[list[str]] = field(default_factory=list)

    def learn(self, keys: Iterable[str]) -> None:
        """Take note of the characters of these keys."""
        start = len(self.prefix)
        for key in keys:
            tail = key[start : start + LONGEST]
            while len(self._places) < len(tail):
                self._places.append([])
            for seen, character in zip(self._places, tail, strict=False):
                if character not in seen:
                    seen.extend(NUMERALS if character in NUMERALS else character)
                    seen.sort()

    def between(self, low: str, high: str | None) -> str | None:
        """A string halfway between ``low`` and ``high``, neither of them; None when none is found."""
        start, places = self._deciding(low, high)
        if not places:
            return None
        text = self._text((self._number(low, start, places) + self._number(high, start, places)) // 2, places)
        middle = (low[:start] or self.prefix) + text
        return middle if low < middle and (high is None or middle < high) else None

    def share(self, low: str, middle: str, high: str | None) -> float:
        """How much of the way from ``low`` to ``high`` lies between ``low`` and ``middle``: 0 to 1."""
        start, places = self._deciding(low, high)
        floor, ceiling = self._number(low, start, places), self._number(high, start, places)
        if ceiling <= floor:
            return 1.0
        return min(1.0, max(0.0, (self._number(middle, start, places) - floor) / (ceiling - floor)))

    def _deciding(self, low: str, high: str | None) -> tuple[int, list[list[str]]]:
        """Where the two differ, and the places from there on that make ``PRECISION``."""
        start = skip = len(self.prefix)
        if high is not None:
            for start, (a, b) in enumerate(zip(low, high, strict=False)):  # noqa: B007 - its last value is meant
                if a != b:
                    break
            else:
                start = min(len(low), len(high))
            start = max(start, skip) if low.startswith(self.prefix) else skip
        elif not low.startswith(self.prefix):
            low = self.prefix
        precision = 1
        places: list[list[str]] = []
        for seen in self._places[start - skip :]:
            places.append(seen)
            precision *= max(1, len(seen))
            if precision >= PRECISION:
                break
        return start, places

    def _number(self, text: str | None, start: int, places: list[list[str]]) -> int:
        number = 0
        outside = 0  # Once a character is none of the expected, the rest is all lowest or all highest.
        if text is None:
            outside = 1
        for offset, seen in enumerate(places):
            base = len(seen)
            at = start + offset
            if outside or text is None:
                digit = base - 1 if outside > 0 else 0
            elif at >= len(text):
                digit, outside = 0, -1
            else:
                digit = bisect_left(seen, text[at])
                if digit == base:
                    digit, outside = base - 1, 1
                elif seen[digit] != text[at]:
                    outside = -1
            number = number * base + digit
        return number

    def _text(self, number: int, places: list[list[str]]) -> str:
        characters: list[str] = []
        for seen in reversed(places):
            number, digit = divmod(number, len(seen))
            characters.append(seen[digit])
        return "".join(reversed(characters))


def remaining(alphabet: Alphabet, entry: Range) -> float:
    """Keys the range probably still holds: its density so far, carried on over what is left of it."""
    if not entry.listed:
        return 0.0
    done = alphabet.share(entry.began_at, entry.after, entry.stop)
    return entry.listed * (1.0 - done) / done if done > 0.0 else inf


def split(alphabet: Alphabet, ranges: Iterable[Range], segment: int) -> Range | None:
    """Halve the range with most left: it keeps the lower part, the upper one is returned as ``segment``.

    None when no range is known to be worth it: a range is first listed from, then shared.
    """
    for entry in sorted(filter(_is_worth_sharing, ranges), key=_left, reverse=True):
        middle = alphabet.between(entry.after, entry.stop)
        if middle is not None:
            upper = Range(middle, entry.stop, segment)
            entry.stop = middle
            entry.left = remaining(alphabet, entry)
            return upper
    return None


_left, _is_worth_sharing = attrgetter("left"), attrgetter("is_worth_sharing")
