"""The columns of Browse while prefixes are summed up: how much lies below each, and how much of it is archived."""

from collections.abc import Callable

from restoretui.ledger.records import BELOW, BrowseRow
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.tui.browse.columns import key_column, mark_column, prefix_state, size_column
from restoretui.tui.widgets.table.columns import Column, Spans, cell
from restoretui.tui.words import STATES, state_word
from restoretui.wording import format as fmt

_NONE = "–"


def volume_text(volume: Volume) -> str:
    """Its bytes; what is not told is said to be."""
    return fmt.sizes(volume.size_bytes, volume.unsized) if volume.objects else _NONE


def archived_share(totals: PrefixTotals) -> float:
    """The part of the bytes, or of the objects where they have none, that is archived."""
    whole, archived = totals.whole, totals.archived
    if whole.size_bytes:
        return archived.size_bytes / whole.size_bytes
    return archived.objects / whole.objects if whole.objects else 0.0


def sum_columns(prefix: Callable[[], str]) -> list[Column[BrowseRow]]:
    """For prefixes and the objects beside them."""

    def amount(part: str, style: str) -> Callable[[BrowseRow, int], Spans]:
        def render(row: BrowseRow, cells: int) -> Spans:
            if row.below is None:
                return cell("", cells)
            text = volume_text(getattr(row.below, part))
            return cell(text, cells, "dim" if text == _NONE else style, right=True)

        return render

    return [
        mark_column(),
        key_column(prefix, least=10, most=48),
        Column("objects", "Objects", 9, _objects, keep=75, right=True, sort=BELOW),
        size_column(),
        Column("share", "", 6, _share, keep=40, grows=True, most=24),
        Column("archived", "Archived", 8, amount("archived", "cold"), keep=90, right=True, sort="archived"),
        Column("restoring", "Restoring", 9, amount("restoring", "busy"), keep=60, right=True, sort="restoring"),
        Column("readable", "Readable", 8, amount("readable", "ok"), keep=50, right=True, sort="readable"),
        Column("unseen", "Unseen", 8, amount("unseen", "dim"), keep=10, right=True),
        Column("classes", "Classes", 30, _classes, keep=5),
    ]


def _objects(row: BrowseRow, cells: int) -> Spans:
    return cell("" if row.below is None else fmt.count(row.below.whole.objects), cells, right=True)


def _share(row: BrowseRow, cells: int) -> Spans:
    if row.below is None:
        if row.is_prefix:
            return cell("", cells)
        return prefix_state(row, cells) if row.gone else cell(state_word(row.state), cells, STATES[row.state][1])
    done, rest = fmt.bar(archived_share(row.below), cells)
    return ((done, "cold"), (rest, "dim"))


def _classes(row: BrowseRow, cells: int) -> Spans:
    if row.below is None:
        return cell("" if row.is_prefix else row.storage_class, cells, "dim")
    named = (f"{name or '?'} {volume_text(volume)}" for name, volume in row.below.by_class().items())
    return cell(" · ".join(named), cells, "dim", prose=True)
