"""The columns of Browse: what lives stands leftmost, and what matters least drops out first."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from restoretui.core.model import DEFAULT_SCHEME, State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger.queries import BELOW
from restoretui.tui.widgets.table.columns import Column, Spans, cell, glyph_cell
from restoretui.tui.widgets.table.shared_folder import SharedFolder
from restoretui.tui.words import BECOMING, MARK, PREFIX_MARK, STATE_CELLS, STATES, class_text, class_word, state_word
from restoretui.wording import format as fmt

if TYPE_CHECKING:  # no row is there before the first paint
    from restoretui.ledger.records import BrowseRow
    from restoretui.ledger.volumes import PrefixTotals, Volume

CLASS_LEAST = 8
"""Cells of the column of classes where there is little room: long names have short ones."""


class BucketRow(NamedTuple):
    """One bucket of the account."""

    id: int
    name: str
    region: str
    created: int | None
    scheme: str = DEFAULT_SCHEME
    archived: str = ""
    """How much of it is archived, and how old that is, where the ledger knows."""
    style: str = "prefix"


def bucket_columns(*, clouds: bool = False, totals: bool = False) -> list[Column[Any]]:
    """For the list of buckets; with their cloud where there is more than one, with what is archived where known."""
    return [
        *([Column("cloud", "Cloud", 5, _cloud, keep=8)] if clouds else []),
        Column(
            "bucket",
            "Bucket",
            24,
            lambda row, n: cell(row.name, n, row.style, prose=row.id < 0),
            keep=9,
            grows=True,
            value=lambda row: row.name,
        ),
        *(
            [Column("archived", "Archived", 20, _archived_there, keep=7, right=True, value=lambda row: row.archived)]
            if totals
            else []
        ),
        Column(
            "region", "Region", 16, lambda row, n: cell(row.region, n, "dim"), keep=5, value=lambda row: row.region
        ),
        Column("created", "Created", 10, lambda row, n: cell(_created(row), n, "dim"), value=_created),
    ]


def _created(row: BucketRow) -> str:
    return fmt.day(row.created) if row.created else ""


def _archived_there(row: BucketRow, cells: int) -> Spans:
    return cell(row.archived, cells, "cold", right=True)


def _cloud(row: BucketRow, cells: int) -> Spans:
    return cell(row.scheme.upper(), cells, "dim")


def _mark(row: "BrowseRow", cells: int) -> Spans:
    if row.marking is not None and row.marking is not row.marked:
        return cell(BECOMING, cells, "mark" if row.marking else "dim")
    if not row.marked:
        return cell("", cells)
    return cell(PREFIX_MARK if row.is_prefix else MARK, cells, "mark")


DIRECT = f"{STATES[State.ARCHIVED][0]} direct"
"""Archived, and read as it is."""


def prefix_state(row: "BrowseRow", cells: int) -> Spans:
    """Of a prefix what its objects are, as far as that is known; of an object its own state."""
    below = row.below
    if not row.is_prefix or below is None:
        return _state(row, cells)
    whole, archived = below.whole, below.archived
    text, style = "", "cold"
    if archived.objects:
        share = archived.objects / whole.objects
        text = f"{STATES[State.ARCHIVED][0]} {100 if share == 1 else min(99, max(1, round(share * 100)))}%"
    if below.restoring.objects:
        text, style = f"{text} {STATES[State.RESTORING][0]} {fmt.compact(below.restoring.objects)}".strip(), "busy"
    if text:
        return glyph_cell(text, cells, style)
    if below.readable.objects and below.readable.objects == whole.objects:
        return glyph_cell(f"{STATES[State.ONLINE][0]} readable", cells, "dim")
    return cell("", cells)


def _state(row: "BrowseRow", cells: int) -> Spans:
    if row.is_prefix:
        return prefix_state(row, cells) if row.below is not None else cell("", cells)
    if row.gone:
        return glyph_cell("✗ gone", cells, "bad")
    if row.state is State.UNKNOWN and row.run_id is None:
        return glyph_cell("? not seen", cells, "dim")
    return glyph_cell(state_word(row.state), cells, STATES[row.state][1])


def _class_of(row: "BrowseRow") -> str:
    if not row.is_prefix:
        return class_word(row)
    classes = list(row.below.by_class()) if row.below is not None else []
    return classes[0] if len(classes) == 1 else ""


def _size_of(row: "BrowseRow") -> str:
    if not row.is_prefix:
        return fmt.size(row.size)
    whole = row.below.whole if row.below is not None else None
    return "" if whole is None else fmt.sizes(whole.size_bytes, whole.unsized)


def _modified_of(row: "BrowseRow") -> str:
    return "" if row.is_prefix else fmt.day(row.modified)


def _tier_of(row: "BrowseRow") -> str:
    return row.tier or ""


def _run_of(row: "BrowseRow") -> str:
    return f"#{row.run_id}" if row.run_id is not None else ""


def _version_of(row: "BrowseRow") -> str:
    return "" if row.is_prefix else row.ref.version_id or ""


def _which_of(row: "BrowseRow") -> str:
    if row.is_prefix:
        return ""
    if row.deleted:
        return "deleted" if row.number == 1 else f"#{row.number} del" if row.number < 100 else "deleted"
    return "latest" if row.is_latest else f"#{row.number}" if row.number else ""


def mark_column() -> "Column[BrowseRow]":
    """Whether it is marked."""
    return Column("mark", "", 1, _mark, keep=99, pinned=True)


def size_column() -> "Column[BrowseRow]":
    """The size, of a prefix that of all below it where it is known."""
    return Column(
        "size", "Size", 8, lambda row, n: cell(_size_of(row), n, right=True), keep=80, right=True, sort="size",
        value=_size_of,
    )  # fmt: skip


def key_column(prefix: Callable[[], str], *, least: int = 26, most: int = 0) -> "Column[BrowseRow]":
    """The key, without what all have in common; of that, ``prefix`` is said elsewhere."""
    shared = SharedFolder(prefix)

    def key(row: "BrowseRow", cells: int) -> Spans:
        return cell(shared.strip(row.ref.key), cells, "prefix" if row.is_prefix else "strong" if row.marked else "")

    return Column(
        "key", "Key", least, key, keep=100, grows=True, most=most, sort="key", value=lambda row: row.ref.key,
        shared=shared,
    )  # fmt: skip


def object_columns(
    prefix: Callable[[], str],
    now: Callable[[], float],
    *,
    versions: bool = False,
    class_cells: int = 13,
    direct: Callable[[], Collection[str]] = tuple,
) -> "list[Column[BrowseRow]]":
    """For objects and prefixes. Of versions, what tells them apart stands before their ids.

    ``direct`` are archives that are read as they are.
    """

    def state(row: "BrowseRow", cells: int) -> Spans:
        if row.state is State.ARCHIVED and not row.is_prefix and not row.gone and row.storage_class in direct():
            return glyph_cell(DIRECT, cells, "ok")
        return _state(row, cells)

    def expiry_of(row: "BrowseRow") -> str:
        if row.expiry is None or row.state is not State.AVAILABLE:
            return ""
        if fmt.is_untold(row.expiry):
            return fmt.UNTOLD
        left = row.expiry - now()
        return fmt.duration(left) if left > 0 else "over"

    def expiry(row: "BrowseRow", cells: int) -> Spans:
        ends = row.expiry is not None and not fmt.is_untold(row.expiry) and row.expiry - now() < fmt.DAY
        return cell(expiry_of(row), cells, "warn" if ends else "dim", right=True)

    def plain(value: "Callable[[BrowseRow], str]") -> "Callable[[BrowseRow, int], Spans]":
        return lambda row, cells: cell(value(row), cells, "dim")

    def which(row: "BrowseRow", cells: int) -> Spans:
        return cell(_which_of(row), cells, "bad" if row.deleted else "ok" if row.is_latest else "dim")

    def storage_class(row: "BrowseRow", cells: int) -> Spans:
        return cell(class_text(_class_of(row), cells), cells, "dim")

    modified = Column(
        "modified", "Modified", 10, plain(_modified_of), keep=75 if versions else 40, sort="modified",
        value=_modified_of,
    )  # fmt: skip
    classes = Column(
        "class", "Class", class_cells, storage_class, keep=70, sort="storage_class", least=CLASS_LEAST,
        value=_class_of,
    )  # fmt: skip
    ends = Column("expiry", "Expires", 7, expiry, keep=60, right=True, sort="expiry", value=expiry_of)
    first: list[Column[BrowseRow]] = [
        mark_column(),
        Column(
            "state",
            "State",
            STATE_CELLS,
            state,
            keep=90,
            sort="state",
            least=1,
            pinned=True,
            narrows=65 if versions else 0,
        ),
        key_column(prefix, least=24 if versions else 26),
    ]
    work: list[Column[BrowseRow]] = [
        Column("tier", "Tier", 9, plain(_tier_of), keep=30, value=_tier_of),
        Column("run", "Run", 5, plain(_run_of), keep=20, value=_run_of),
    ]
    if not versions:
        return [*first, size_column(), classes, ends, *work, modified]
    return [
        *first,
        Column("which", "Version", 7, which, keep=85, value=_which_of),
        modified,
        size_column(),
        classes,
        ends,
        *work,
        Column("version", "Id", 20, plain(_version_of), keep=35, value=_version_of),
    ]


def cells_for_classes(scheme: str) -> int:
    """How wide the column of storage classes is: every archive class of the cloud is to be read whole."""
    rules = CLOUDS[scheme].rules
    return max(13, *(len(name) for name, rule in rules.archives.items() if rule.takes_days))


# --- while prefixes are summed up

_NOTHING = "–"


def volume_text(volume: "Volume") -> str:
    """Its bytes; what is not told is said to be."""
    return fmt.sizes(volume.size_bytes, volume.unsized) if volume.objects else _NOTHING


def archived_share(totals: "PrefixTotals") -> float:
    """The part of the bytes, or of the objects where they have none, that is archived."""
    whole, archived = totals.whole, totals.archived
    if whole.size_bytes:
        return archived.size_bytes / whole.size_bytes
    return archived.objects / whole.objects if whole.objects else 0.0


def sum_columns(prefix: Callable[[], str]) -> "list[Column[BrowseRow]]":
    """For prefixes and the objects beside them."""

    def amount(part: str, style: str) -> "Callable[[BrowseRow, int], Spans]":
        def render(row: "BrowseRow", cells: int) -> Spans:
            if row.below is None:
                return cell("", cells)
            text = volume_text(getattr(row.below, part))
            return cell(text, cells, "dim" if text == _NOTHING else style, right=True)

        return render

    def amount_of(part: str) -> "Callable[[BrowseRow], str]":
        def value(row: "BrowseRow") -> str:
            volume: Volume | None = None if row.below is None else getattr(row.below, part)
            return volume_text(volume) if volume is not None and volume.objects else ""

        return value

    return [
        mark_column(),
        key_column(prefix, least=10, most=48),
        Column("objects", "Objects", 9, _objects, keep=75, right=True, sort=BELOW),
        size_column(),
        Column("share", "", 6, _share, keep=40, grows=True, most=24),
        Column("archived", "Archived", 8, amount("archived", "cold"), keep=90, right=True, sort="archived"),
        Column(
            "restoring",
            "Restoring",
            9,
            amount("restoring", "busy"),
            keep=60,
            right=True,
            sort="restoring",
            value=amount_of("restoring"),
        ),
        Column(
            "readable",
            "Readable",
            8,
            amount("readable", "ok"),
            keep=50,
            right=True,
            sort="readable",
            value=amount_of("readable"),
        ),
        Column("unseen", "Unseen", 8, amount("unseen", "dim"), keep=10, right=True, value=amount_of("unseen")),
        Column("classes", "Classes", 30, _classes, keep=5),
    ]


def _objects(row: "BrowseRow", cells: int) -> Spans:
    return cell("" if row.below is None else fmt.count(row.below.whole.objects), cells, right=True)


def _share(row: "BrowseRow", cells: int) -> Spans:
    if row.below is None:
        return cell("", cells) if row.is_prefix else prefix_state(row, cells)
    done, rest = fmt.bar(archived_share(row.below), cells)
    return ((done, "cold"), (rest, "dim"))


def _classes(row: "BrowseRow", cells: int) -> Spans:
    if row.below is None:
        return cell("" if row.is_prefix else row.storage_class, cells, "dim")
    named = (f"{name or '?'} {volume_text(volume)}" for name, volume in row.below.by_class().items())
    return cell(" · ".join(named), cells, "dim", prose=True)
