"""Point-in-time reads: the version of each key that was current at an instant, out of its history (FACTS 9)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from restoretui.core.model import MARKER_CLASS, Entry

NULL_VERSION = "null"


class Amiss(StrEnum):
    """Why it cannot be told what was there."""

    SAME_SECOND = "a version and a delete marker are of the same second, and which came last is not told"
    UNVERSIONED = "it was written or deleted since while versioning was off or suspended, which leaves no trace"
    UNDATED = "the store tells no date of one of its versions"


class PastWish(NamedTuple):
    """What is asked for. Seconds since the epoch; a second counts as a whole, what happened within it included."""

    at: int | None = None
    """As of then; None: the newest version there is."""
    deleted_since: int | None = None
    """Only keys that are deleted now, and were not before then."""


class PastFound(NamedTuple):
    """What became of one key."""

    entry: Entry | None = None
    """The version that is meant; None where there was nothing, or nobody can tell."""
    amiss: Amiss | None = None
    marker: Entry | None = None
    """The current delete marker, where the version lies right beneath: without it, that is current again."""
    deleted: Entry | None = None
    """The delete marker that was current then."""


NOTHING = PastFound()


def is_marker(entry: Entry) -> bool:
    """It is a delete marker, and no version."""
    return entry.storage_class == MARKER_CLASS


def look_back(entries: Sequence[Entry], wish: PastWish) -> PastFound:
    """``entries`` are all versions and markers of one key, as a listing has them: newest first."""
    if any(entry.modified is None for entry in entries):
        return PastFound(amiss=Amiss.UNDATED)
    newest_first = sorted(entries, key=lambda entry: (entry.is_latest, entry.modified or 0), reverse=True)
    current = newest_first[0]
    if wish.deleted_since is not None and not _deleted_since(current, wish.deleted_since):
        return NOTHING
    if wish.at is None:
        version = next((entry for entry in newest_first if not is_marker(entry)), None)
        if version is None:
            return NOTHING
        found: Entry | Amiss | None = version
        others = [entry for entry in newest_first if is_marker(entry) and not entry.is_latest]
        if any(entry.modified == version.modified for entry in others):
            found = Amiss.SAME_SECOND
    else:
        found = _at(newest_first, wish.at)
    if isinstance(found, Amiss):
        return PastFound(amiss=found)
    if found is None or is_marker(found):
        return PastFound(deleted=found)
    beneath = newest_first[1] if is_marker(current) and len(newest_first) > 1 else None
    return PastFound(found, marker=current if beneath is found else None)


def _deleted_since(current: Entry, since: int) -> bool:
    return is_marker(current) and (current.modified or 0) >= since


def _at(newest_first: Sequence[Entry], at: int) -> Entry | Amiss | None:
    # What the null version held before it was written over is gone; nobody can tell whether there was anything.
    if any(
        (entry.version_id or NULL_VERSION) == NULL_VERSION and (entry.modified or 0) > at for entry in newest_first
    ):
        return Amiss.UNVERSIONED
    before = [entry for entry in newest_first if (entry.modified or 0) <= at]
    if not before:
        return None
    last = max(entry.modified or 0 for entry in before)
    tied = [entry for entry in before if entry.modified == last]
    if len({is_marker(entry) for entry in tied}) > 1 and not tied[0].is_latest:
        return Amiss.SAME_SECOND
    return tied[0]
