"""Pages of a listing as they are to be shown, by column: as they come, or from the ledger."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from restoretui.core.model import MARKER_CLASS, UNTOLD_CLASS, ObjectFacts, ObjectRef, State
from restoretui.core.rows import Rows
from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.records import BrowseRow, View

WINDOW = 1000
"""Rows read from the ledger at a time."""


class ListedPage(Struct, frozen=True):
    """Some rows of one bucket, by column; those of ``BrowseRow`` that commands show."""

    bucket: str
    keys: Sequence[str]
    version_ids: Sequence[str | None]
    sizes: Sequence[int | None]
    modified: Sequence[int | None]
    states: Sequence[State]
    expiries: Sequence[int | None]
    kinds: Sequence[tuple[object, ...]]
    """Of each row: state, storage class, archive status, tier and run."""

    def row(self, at: int) -> BrowseRow:
        """One of them."""
        ref = ObjectRef(self.bucket, self.keys[at], self.version_ids[at])
        return row_of(self.kinds[at], ref, self.sizes[at], self.modified[at], self.expiries[at])

    def of_version(self, version_id: str) -> "ListedPage":
        """The rows of one version."""
        kept = [at for at, own in enumerate(self.version_ids) if own == version_id]
        columns = (self.keys, self.version_ids, self.sizes, self.modified, self.states, self.expiries, self.kinds)
        return ListedPage(self.bucket, *([column[at] for at in kept] for column in columns))  # type: ignore[arg-type]

    @property
    def by_state(self) -> Counter[State]:
        """How many objects are in each state."""
        return Counter(self.states)

    @property
    def markers(self) -> int:
        """How many are delete markers, which are no objects."""
        return sum(kind[1] == MARKER_CLASS for kind in self.kinds) if State.UNKNOWN in self.states else 0

    @property
    def unnamed(self) -> int:
        """How many are unknown for want of a storage class."""
        if State.UNKNOWN not in self.states:
            return 0
        return sum(kind[:2] == (State.UNKNOWN, UNTOLD_CLASS) for kind in self.kinds)


def row_of(
    kind: tuple[object, ...], ref: ObjectRef, size: int | None, modified: int | None, expiry: int | None
) -> BrowseRow:
    """A row of a ``ListedPage``."""
    state, storage_class, archive_status, tier, run_id = kind
    return BrowseRow(
        0, False, ref, size, modified, storage_class, archive_status, state, expiry, False,  # type: ignore[arg-type]
        tier, run_id, "", True, False,  # type: ignore[arg-type]
    )  # fmt: skip


async def as_they_come(
    pages: AsyncIterator[Rows], bucket: str, rules: CloudRules, now: datetime
) -> AsyncIterator[ListedPage]:
    """Pages of a cloud's listing of which nothing else is known, judged by its rules."""
    judge = _Judge(rules, now)
    async for rows in pages:
        _, _, sizes, modified, classes, in_progress, expiries, *_ = rows.columns
        kinds = judge.kinds(classes, in_progress, expiries)
        states: list[State] = [kind[0] for kind in kinds]
        yield ListedPage(bucket, rows.keys, rows.version_ids, sizes, modified, states, expiries, kinds)


class _Judge:
    def __init__(self, rules: CloudRules, now: datetime) -> None:
        self._rules = rules
        self._now = now
        self._epoch = now.timestamp()
        self._known: dict[tuple[str, bool | None, bool | None], tuple[State, str, None, None, None]] = {}

    def kinds(
        self, classes: Sequence[str], in_progress: Sequence[bool | None], expiries: Sequence[int | None]
    ) -> list[tuple[State, str, None, None, None]]:
        """Of rows that nobody looked at."""
        if classes and in_progress.count(None) == len(classes) and classes.count(classes[0]) == len(classes):
            return [self._kind(classes[0], None, None)] * len(classes)
        return [
            self._kind(name, status, None if expiry is None else expiry > self._epoch, expiry)
            for name, status, expiry in zip(classes, in_progress, expiries, strict=True)
        ]

    def _kind(
        self, name: str, status: bool | None, lasts: bool | None, expiry: int | None = None
    ) -> tuple[State, str, None, None, None]:
        """Of copies that end, all that counts is whether they did."""
        found = self._known.get((name, status, lasts))
        if found is None:
            ends = None if expiry is None else datetime.fromtimestamp(expiry, UTC)
            state = self._rules.state_of(ObjectFacts(name, in_progress=status, expiry=ends), self._now)
            found = self._known[name, status, lasts] = (state, name, None, None, None)
        return found


async def from_ledger(view: View[BrowseRow], bucket: str) -> AsyncIterator[ListedPage]:
    """The objects of a view of a flat listing."""
    from asyncio import sleep

    at = 0
    while rows := view.rows(at, WINDOW):
        at += len(rows)
        yield ListedPage(
            bucket,
            [row.ref.key for row in rows],
            [row.ref.version_id for row in rows],
            [row.size for row in rows],
            [row.modified for row in rows],
            [row.state for row in rows],
            [row.expiry for row in rows],
            [(row.state, row.storage_class, row.archive_status, row.tier, row.run_id) for row in rows],
        )
        await sleep(0)
