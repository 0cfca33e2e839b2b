"""SQL over marks in both forms: as a table of marks, and whether a listing's row is among them."""

from collections.abc import Sequence
from typing import NamedTuple

from restoretui.ledger.views.fact_sql import FactColumns, of_listing
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK


class SpanListing(NamedTuple):
    """A listing that spans are of."""

    id: int
    started_at: float
    silent: bool

    @property
    def columns(self) -> FactColumns:
        """What is known of its rows, in SQL."""
        return of_listing(self.started_at, silent=self.silent)

    @property
    def values(self) -> str:
        """Key, version and ``FACTS_OF_LOOK`` of its rows with ``silent``, named as marks have them."""
        known = self.columns
        told = {name: getattr(known, name, "NULL") for name in FACTS_OF_LOOK}
        facts = ", ".join(f"{value} AS {name}" for name, value in told.items())
        return f"{known.key} AS key, {known.version_id} AS version_id, {facts}, {known.silent} AS silent"

    def between(self) -> str:
        """A source of marks, with alias: its rows from ``:first`` to ``:last``, with their ids as ``row``."""
        rows = f"FROM l{self.id} l WHERE l.id BETWEEN :first AND :last"
        return f"(SELECT :sel AS sel, :place AS place_id, {self.values}, l.id AS row {rows}) s"

    def rows(self, extra: str = "", more: str = "") -> str:
        """A SELECT of what spans mark of it in the set ``:sel`` and place ``:place``; ``more`` with its AND."""
        return (
            f"SELECT {extra}g.sel AS sel, g.place_id AS place_id, {self.values} FROM selection_span g"
            f" CROSS JOIN l{self.id} l ON l.id BETWEEN g.first_id AND g.last_id"
            f" WHERE g.sel = :sel AND g.place_id = :place AND g.listing_id = {self.id}{more}"
        )


_SINGLES = (
    f"SELECT sel, place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent FROM selection"
    " WHERE sel = :sel AND place_id = :place"
)


def source_of(listings: Sequence[SpanListing], *, singles: bool = True, more: str = "") -> str:
    """What is marked in the set ``:sel`` and place ``:place``, in both forms, as a table ``s`` with its columns.

    ``listings`` are those that spans there are of; ``singles``: there may be single marks. ``more``, with its AND,
    narrows the spans.
    """
    if not listings:
        return "selection s"
    parts = [_SINGLES] if singles else []
    return f"({' UNION ALL '.join([*parts, *(listing.rows('', more) for listing in listings)])}) s"


def is_marked(listing: int, others: Sequence[int]) -> str:
    """SQL for whether a row ``l`` of a listing is marked in ``:sel`` and ``:place``, in either form.

    ``others`` are listings beside it that spans there are of: in them the key is looked for by halving.
    """
    by_halves = "".join(
        f" WHEN {other} THEN l.key <= m.last_key AND coalesce((WITH RECURSIVE part (low, high) AS"
        " (SELECT m.first_id, m.last_id UNION ALL"
        f" SELECT CASE WHEN {_BEFORE.format(other)} THEN (low + high) / 2 + 1 ELSE low END,"
        f" CASE WHEN {_BEFORE.format(other)} THEN high ELSE (low + high) / 2 END FROM part WHERE low < high)"
        f" SELECT EXISTS (SELECT 1 FROM l{other} x WHERE x.id = part.low AND x.key = l.key"
        " AND coalesce(x.version_id, '') = coalesce(l.version_id, '')) FROM part WHERE low = high), 0)"
        for other in others
        if other != listing
    )
    in_span = f"CASE m.listing_id WHEN {listing} THEN l.id BETWEEN m.first_id AND m.last_id{by_halves} ELSE 0 END"
    return (
        f"({IS_SINGLE} OR coalesce((SELECT {in_span} FROM selection_span m WHERE m.sel = :sel"
        " AND m.place_id = :place AND m.first_key <= l.key ORDER BY m.first_key DESC LIMIT 1), 0))"
    )


_BEFORE = "(SELECT x.key FROM l{} x WHERE x.id = (low + high) / 2) < l.key"


IS_SINGLE = (
    "EXISTS (SELECT 1 FROM selection m WHERE m.sel = :sel AND m.place_id = :place AND m.key = l.key"
    " AND m.version_id = coalesce(l.version_id, ''))"
)
"""Of a listing's row: it is marked by itself."""


IS_IN_SPAN = (
    "coalesce((SELECT l.id BETWEEN m.first_id AND m.last_id FROM selection_span m WHERE m.sel = :sel"
    " AND m.place_id = :place AND m.first_key <= l.key ORDER BY m.first_key DESC LIMIT 1), 0)"
)
"""The same where all spans there are of that listing: it is marked by one."""
