"""``M``: what is marked, by bucket and prefix, with sums and costs; rows and groups are dropped here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from restoretui.core.errors import CloudError, RestoreTuiError, UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.records import CloudId, Query
from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.ledger.selections.marks_view import MarkRow, MarksView
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.prompts import TextPrompt
from restoretui.tui.keys import DROPPING, MARKED
from restoretui.tui.marks.costs import LONG, TierCosts
from restoretui.tui.marks.keys_prompt import KeysPrompt
from restoretui.tui.marks.rows import MarksBoard, Row, SetRow, mark_columns
from restoretui.tui.own.facts import of_marks, of_object
from restoretui.tui.shell import Owner
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.notice import Level
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import MARK, Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

SETTLE_S = 0.25
"""Debounce: seconds without another key after which costs are reckoned, and groups added up again."""
MANY = 100_000
"""From so many marks on adding them up takes so long that they are shown before."""


class Wanted(Struct, frozen=True):
    """What is to be done once the marks were looked at."""

    restore: bool = False
    cloud: CloudId | None = None
    ref: ObjectRef | None = None
    """An object to be shown in Browse."""


class ComingFrom(Struct, frozen=True):
    """Where Browse stands."""

    place: Location
    cursor: tuple[CloudId, ObjectRef] | None
    """The object under its cursor: if that is marked, the cursor begins there."""
    days_for: Callable[[str], int]
    """By scheme, what costs are reckoned with."""


class MarkedTable(LiveTable[Row]):
    """What is in it is marked: the key that marks elsewhere drops."""

    BINDINGS = DROPPING.bindings()


class MarksScreen(Owner, Dialog[Wanted]):
    """Over the whole screen. What it changes, it changes at once; ``undo`` takes it back."""

    BINDINGS = MARKED.bindings()
    FITS_ITSELF = True

    def __init__(self, coming: ComingFrom) -> None:
        super().__init__("Marks")
        self._coming = coming
        self._board: MarksBoard | None = None
        self._plans: list[RestorePlan] = []
        self._costs: dict[PartOfPlace, RestorePlan] = {}
        self._sums = (0, 0)
        """Objects and bytes that are marked, as last added up."""
        self._counted = (-1, 0)
        """The marks that the groups were added up of, or brought up to date with."""

    def body(self) -> ComposeResult:
        self.table = MarkedTable(
            mark_columns(lambda: self.session.clock.now()),
            self.shell.pacer, marking=True, placeholder="reading …", id="marked",
        )  # fmt: skip
        yield self.table
        self._here = Bar(id="marked-here")
        yield self._here
        self._whole = Bar(id="marked-whole")
        yield self._whole

    def giving(self) -> Sequence[Widget]:
        return []  # The table takes the whole screen, and scrolls by itself.

    def on_mount(self) -> None:
        self.table.focus()
        for at, command in enumerate(self.shell.own_commands):
            if command.key and not self._bindings.key_to_bindings.get(command.key):
                self._bindings.bind(command.key, f"app.own({at})", command.name, show=False)
        self.shell.feed.listen(self._told)
        self._release = self.shell.key_queue.hold()  # Until there are rows for them to act on.
        self.attempt(self._read, "marks")

    def on_unmount(self) -> None:
        self._release()
        self.shell.feed.forget(self._told)

    # --- what is shown

    def _told(self, topics: frozenset[str]) -> bool:
        if any(topic.startswith("selection:") for topic in topics) and self.is_attached:
            self.attempt(self._soon, "marks")
        return False

    async def _soon(self) -> None:
        await self.session.clock.pause(SETTLE_S)
        board = self._board
        if board is None or not board.marks.added_up or self._counted != await self._revision():
            await self._read()
        else:
            self._costs.clear()
            await self._say_whole()
            self._say_here()

    async def _revision(self) -> tuple[int, int]:
        """What tells the marks as they are from those before."""
        sel = self.session.ledger.mark_sets.shown
        return sel, await self.session.ledger.selections.revision(sel)

    async def _read(self) -> None:
        sets, old = self.session.ledger.mark_sets, self._board
        counted = await self._revision()
        summary = await self.session.ledger.selections.summary(sets.shown)
        self._sums = summary.objects, summary.size_bytes
        if summary.objects >= MANY and (old is None or not old.marks.added_up or not old.marks.count):
            # The whole of each bucket first: its objects are there to be looked at while they are added up.
            self._show(await sets.by_bucket(None if old is None else old.marks), ())
        like = None if self._board is None else self._board.marks
        marks = await sets.by_prefix(like, partial(self._say_adding, summary.objects))
        self._show(marks, await sets.left())
        self._counted = counted  # Not before: whoever gives this up half-way has it begin anew.
        await self._say_whole()
        self._say_here()

    def _show(self, marks: MarksView, left: Sequence[MarkSet]) -> None:
        sets, old = self.session.ledger.mark_sets, self._board
        board = self._board = MarksBoard(left, marks, sets.saved())
        at = None
        if old is None:  # However often reading began before: marks that change begin it anew.
            at = board.first_mark()
            if self._coming.cursor is not None:
                found = marks.find(*self._coming.cursor)
                at = at if found is None else board.below_left(found)
        self._costs.clear()
        self.table.placeholder = (
            f"nothing is marked · space and a mark in Browse · {self._key('read_keys')} reads keys"
        )
        self.table.set_view(board, at=at)
        self.refresh_bindings()
        self._release()

    def _say_adding(self, objects: int, counted: int) -> None:
        if objects >= MANY:
            self._say_busy(f"adding up … {counted:,}", objects)

    def _say_doing(self, what: str, objects: int, done: int = 0) -> None:
        if objects >= MANY:
            self._say_busy(f"{what} … {done:,}" if done else f"{what} …", self._sums[0])

    def _say_busy(self, what: str, marked: int) -> None:
        busy: Part = (what, "busy")
        self._whole.show(said(busy), longer=[said((f"{MARK} {marked:,} marked", "mark"), " · ", busy)])

    def _key(self, command: str) -> str:
        return self.shell.key_for(command)

    async def _say_whole(self) -> None:
        session, sel = self.session, self.session.ledger.mark_sets.shown
        summary = await session.ledger.selections.summary(sel)
        self._sums = summary.objects, summary.size_bytes
        left: list[Part] = [
            (f"{MARK} ", "mark"), (f"{summary.objects:,} marked", "mark"), f" · {fmt.size(summary.size_bytes)}",
        ]  # fmt: skip
        if len(summary.by_bucket) > 1:
            left.append((f" · {len(summary.by_bucket)} buckets", "dim"))
        self._whole.show(said(*left))
        if not summary.objects:
            return
        try:
            plans = await session.plans(sel, self._coming.days_for)
        except CloudError:
            return  # The sums stand; the restore dialog says why there is no price.
        if len(plans) == 1:
            days: Part = (f"{plans[0].days} days: ", "dim")
            costs = TierCosts(plans[0])
            self._whole.show(said(*left), said(days, *costs.all(LONG)), *costs.shorter_and_shorter())

    def _part(self, row: Row | None) -> PartOfPlace | None:
        if row is None or isinstance(row, SetRow):
            return None
        return PartOfPlace(row.cloud, row.bucket, row.prefix, row.whole)

    def _say_here(self) -> None:
        """What the group under the cursor, or that of the object there, would cost."""
        row = self.table.row
        part = self._part(row)
        if part is None:
            self._here.show(said((row.title if isinstance(row, SetRow) else "", "dim")))
            return
        plan = self._costs.get(part)
        where = f"{part.prefix or part.bucket}"
        if plan is None:
            self._here.show(said((f"{where} …", "dim")))
            self.attempt(partial(self._cost_of, part), "cost")
        else:
            self._here.show(said((where, "prefix")), *TierCosts(plan).shorter_and_shorter())

    async def _cost_of(self, part: PartOfPlace) -> None:
        await self.session.clock.pause(SETTLE_S)
        try:
            self._costs[part] = await self.session.plan_part(part, self._coming.days_for(part.cloud.scheme))
        except CloudError:
            return
        if self._part(self.table.row) == part:
            self._say_here()

    @on(table_events.Moved)
    def _moved(self) -> None:
        self._say_here()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Until the marks are read nothing but leaving works."""
        if self.shell.session is None or self._board is None:
            return action in ("cancel", "scroll_text") and super().check_action(action, parameters)
        selections = self.session.ledger.selections
        needed = {
            "undo": selections.can_undo, "redo": selections.can_redo, "restore": bool(self._board.marks.count),
            "save": bool(self._board.marks.count), "read_keys": bool(self._coming.place.bucket),
        }  # fmt: skip
        return needed.get(action, super().check_action(action, parameters))

    # --- the user's own commands

    def about(self, scope: str) -> Mapping[str, object] | None:
        """The object under the cursor, or all that is marked."""
        row = self.table.row
        if scope == "marks":
            return of_marks(*self._sums)
        if scope != "object" or row is None or isinstance(row, SetRow) or row.ref is None:
            return None
        return of_object(row.cloud.scheme, row.ref, row.size, row.storage_class, "")

    async def marked(self) -> int:
        """What is marked."""
        return self.session.ledger.mark_sets.shown

    def tell(self, level: Level, text: str, hint: str = "") -> None:
        """Over the whole screen the app's own line is out of view."""
        self.shell.say(level, text, hint)
        if self.is_attached and level != "error":
            self._here.show(
                said((text, "warn" if level == "warning" else "ok"), (f" — {hint}" if hint else "", "dim"))
            )
        elif self.is_attached:
            self.complain(RestoreTuiError(text, hint))

    # --- what keys do

    @on(table_events.Opened)
    def _opened(self, event: table_events.Opened) -> None:
        row, board = event.row, self._board
        if isinstance(row, SetRow):
            self._do(partial(self._of_set, partial(self._take, row)))
        elif row.ref is not None:
            self.dismiss(Wanted(cloud=row.cloud, ref=row.ref))
        elif board is not None:
            board.marks.fold(row)
            self.table.set_view(board)

    async def _of_set(self, work: Callable[[], Awaitable[object]]) -> None:
        """Other sets than before stand beside the marks after it, whatever is marked."""
        await work()
        self._counted = (-1, 0)

    async def _take(self, row: SetRow) -> None:
        if row.set.name:
            selections, shown = self.session.ledger.selections, self.session.ledger.mark_sets.shown
            await selections.add_selection(shown, row.set.sel)
        else:
            await self.session.ledger.mark_sets.keep(row.set.sel)

    @on(table_events.MarkToggled)
    def _toggled(self, event: table_events.MarkToggled) -> None:
        row = event.row
        if isinstance(row, SetRow):
            self._do(partial(self._of_set, partial(self.session.ledger.mark_sets.drop, row.set.sel)))
        else:
            self._do(partial(self._drop, row), "dropping" if row.objects >= MANY else "")

    async def _drop(self, row: MarkRow) -> None:
        selections, sel = self.session.ledger.selections, self.session.ledger.mark_sets.shown
        if row.ref is None:
            part = PartOfPlace(row.cloud, row.bucket, row.prefix, row.whole)
            await selections.remove_under(sel, part, partial(self._say_doing, "dropping", row.objects))
        else:
            await self._drop_all([row])

    @on(table_events.RangeMarked)
    def _range(self, event: table_events.RangeMarked) -> None:
        board = self._board
        if board is not None:
            rows = board.rows(event.first, event.last - event.first + 1)
            self._do(partial(self._drop_all, [row for row in rows if not isinstance(row, SetRow) and row.ref]))

    async def _drop_all(self, rows: list[MarkRow]) -> None:
        selections, sel = self.session.ledger.selections, self.session.ledger.mark_sets.shown
        places: dict[tuple[CloudId, str], list[MarkRow]] = {}
        for row in rows:
            places.setdefault((row.cloud, row.bucket), []).append(row)
        is_current = self._counted == await self._revision()
        for (cloud, _), there in places.items():
            await selections.remove_refs(sel, cloud, [row.ref for row in there if row.ref is not None])
        if self._board is not None:
            for row in rows:
                self._board.marks.left(row)
            self.table.look_again()
            if is_current:
                self._counted = await self._revision()  # Of a million marks nothing is added up again for one row.

    def _do(self, work: Callable[[], Awaitable[object]], doing: str = "") -> None:
        """One change after the other, as the keys came; what it is doing is said where much is marked."""
        self.no_complaint()
        self.attempt(partial(self._changing, work, doing), "change", exclusive=False, hold_keys=True)

    async def _changing(self, work: Callable[[], Awaitable[object]], doing: str) -> None:
        if doing:
            self._say_doing(doing, self._sums[0])
        try:
            await work()
        finally:
            if self.is_attached:
                self.attempt(self._soon, "marks")

    def action_undo(self) -> None:
        self._do(self.session.ledger.selections.undo, "undoing")

    def action_redo(self) -> None:
        self._do(self.session.ledger.selections.redo, "doing it again")

    def action_restore(self) -> None:
        self.dismiss(Wanted(restore=True))

    def action_save(self) -> None:
        self.attempt(self._save, "save")

    async def _save(self) -> None:
        question = "a name: @NAME stands for the set wherever a location goes"
        name = await self.shell.push_screen_wait(TextPrompt("Save the marks", question))
        if name:
            saved = await self.session.ledger.mark_sets.save(name)
            await self._read()
            self.shell.say("done", f"{fmt.plural(saved.objects, 'mark')} saved as @{saved.name}")

    def action_read_keys(self) -> None:
        self.attempt(self._read_keys, "keys")

    async def _read_keys(self) -> None:
        place = Location(self._coming.place.scheme, self._coming.place.bucket)
        named = await self.shell.push_screen_wait(KeysPrompt(place))
        if named is None:
            return
        self._here.show(said((f"looking at {fmt.plural(len(named.entries), 'key')} …", "busy")))
        missing: list[tuple[ObjectRef, RestoreTuiError]] = []
        by_cloud: dict[str, list[ObjectRef]] = {}
        for scheme, bucket, key, version_id in named.entries:
            ref = ObjectRef(bucket or place.bucket, key, version_id)
            by_cloud.setdefault(scheme or place.scheme, []).append(ref)
        for scheme, refs in by_cloud.items():
            await self.session.selecting.named(
                self.session.ledger.mark_sets.shown, refs, Query(),
                lambda ref, error: missing.append((ref, error)), scheme,
            )  # fmt: skip
        await self._read()
        if missing:
            ref, error = missing[0]
            more = f", and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            raise UsageError(f"not marked: {ref.key}{more}: {error}")
