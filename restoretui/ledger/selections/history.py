"""Undo and redo of what one session marks and unmarks.

Each change has a number, which what it adds carries, and a set of its own into which it puts what it takes away: to
undo it costs the work of the change, not that of all that is marked. Unmarking everything only sets the whole set
aside. Steps are undone from the last to the first, so each finds what it left.
"""

from msgspec import Struct

from restoretui.ledger.marks.spans import COLUMNS, has_spans
from restoretui.ledger.marks.stored_marks import recount
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK

MOST_STEPS = 50
"""Changes that can be undone; the oldest are forgotten."""
_FORMS = {
    "selection": f"place_id, key, version_id, {', '.join(FACTS_OF_LOOK)}, silent, step",
    "selection_span": COLUMNS,
}
"""The tables of single marks and of marks by span, with their columns."""


class Step(Struct, frozen=True):
    """One change of the marks."""

    before: int
    """The set of marks it was made in."""
    after: int
    """The one that holds the marks since; another than ``before`` after all was unmarked."""
    number: int = 0
    taken: int = 0
    """The set of what it took away."""


class History:
    """What can be undone and done again; in memory, of one session. Its methods take the writer's transaction."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[tuple[Step, int]] = []
        """With the set of what the change had added."""

    @staticmethod
    def begin(tx: Tx, sel: int, now: float) -> Step:
        """A change of ``sel`` begins, in the transaction that makes it."""
        taken = new_set(tx, "undo", now, owner_of=sel)
        tx.run("UPDATE selection_set SET step = step + 1, trash = ? WHERE id = ?", (taken, sel))
        row = tx.row("SELECT step FROM selection_set WHERE id = ?", (sel,))
        return Step(sel, sel, int(row[0]) if row else 0, taken)

    @staticmethod
    def put_aside(tx: Tx, sel: int, now: float) -> Step:
        """All is unmarked: a new, empty set takes the place of ``sel``, which stays as it is."""
        after = new_set(tx, "marks", now, owner_of=sel)
        tx.run("UPDATE selection_set SET kind = 'undo' WHERE id = ?", (sel,))
        tx.run("UPDATE selection_set SET revision = (SELECT revision + 1 FROM selection_set WHERE id = ?),"
               " step = (SELECT step FROM selection_set WHERE id = ?) WHERE id = ?", (sel, sel, after))  # fmt: skip
        return Step(sel, after)

    @staticmethod
    def end(tx: Tx, step: Step) -> bool:
        """What changes the marks from now on is no part of the step; whether that took anything away."""
        tx.run("UPDATE selection_set SET trash = NULL WHERE id = ?", (step.before,))
        return has_spans(tx, step.taken) or (
            tx.row("SELECT 1 FROM selection WHERE sel = ? LIMIT 1", (step.taken,)) is not None
        )

    def note(self, step: Step) -> list[int]:
        """A change was made; the sets that nobody will ask for any more."""
        forgotten = [added for _, added in self.undone if added]
        forgotten += [undone.taken or undone.after for undone, _ in self.undone]
        self.undone.clear()
        self.done.append(step)
        if len(self.done) > MOST_STEPS:
            oldest = self.done.pop(0)
            forgotten.append(oldest.taken or oldest.before)
        return [sel for sel in forgotten if sel]

    @staticmethod
    def undo(tx: Tx, step: Step, now: float) -> int:
        """Take a change back; the set of what it had added."""
        if step.after != step.before:
            _swap(tx, step.after, step.before)
            return 0
        sel = step.before
        places = _places(tx, sel, step.taken)
        added = new_set(tx, "undo", now, owner_of=sel)
        _copy(tx, sel, added, " AND step = :step", step.number)
        for table in _FORMS:
            tx.run(f"DELETE FROM {table} WHERE sel = ? AND step = ?", (sel, step.number))
        _copy(tx, step.taken, sel)
        _recount(tx, sel, places)
        return added

    @staticmethod
    def redo(tx: Tx, step: Step, added: int) -> None:
        """Make it again."""
        if step.after != step.before:
            _swap(tx, step.before, step.after)
            return
        sel = step.before
        places = _places(tx, sel, added)
        tx.run(
            "DELETE FROM selection WHERE sel = :sel AND (place_id, key, version_id) IN"
            " (SELECT place_id, key, version_id FROM selection WHERE sel = :taken)",
            {"sel": sel, "taken": step.taken},
        )
        # Between the ends of a span there is nothing but what it marked, in whatever form that is by now.
        for table, first, last in (("selection", "key", "key"), ("selection_span", "first_key", "last_key")):
            tx.run(
                f"DELETE FROM {table} WHERE sel = :sel AND EXISTS (SELECT 1 FROM selection_span t WHERE"
                f" t.sel = :taken AND t.place_id = {table}.place_id AND t.first_key <= {table}.{first}"
                f" AND t.last_key >= {table}.{last})",
                {"sel": sel, "taken": step.taken},
            )
        _copy(tx, added, sel)
        forget_sets(tx, [added])
        _recount(tx, sel, places)


def new_set(tx: Tx, kind: str, now: float, *, owner: str = "", name: str = "", owner_of: int | None = None) -> int:
    """An empty set; of the owner named, or of that of another set."""
    row = tx.row("SELECT owner FROM selection_set WHERE id = ?", (owner_of,)) if owner_of is not None else (owner,)
    return tx.insert(
        "INSERT INTO selection_set (created_at, changed_at, kind, owner, name) VALUES (?, ?, ?, ?, ?)",
        (now, now, kind, row[0] if row else "", name),
    )


def live_of(tx: Tx, sel: int) -> int:
    """Itself, or where it was put aside the set that holds its session's marks now.

    Keys go on while marks are changed: what was meant for the marks before they were all removed is for those after.
    """
    row = tx.row(
        "SELECT n.id FROM selection_set o JOIN selection_set n ON n.owner = o.owner AND n.kind = 'marks'"
        " WHERE o.id = ? AND o.kind = 'undo' AND o.owner <> ''",
        (sel,),
    )
    return sel if row is None else int(row[0])


def is_kept(tx: Tx, sel: int) -> bool:
    """Its changes can be undone: it is what a session has on screen."""
    return tx.row("SELECT 1 FROM selection_set WHERE id = ? AND kind = 'marks' AND owner <> ''", (sel,)) is not None


def forget_sets(tx: Tx, sets: list[int]) -> None:
    """With all that is in them."""
    for sel in sets:
        for table in _FORMS:
            tx.run(f"DELETE FROM {table} WHERE sel = ?", (sel,))
        tx.run("DELETE FROM selection_total WHERE sel = ?", (sel,))
        tx.run("DELETE FROM selection_set WHERE id = ? AND id <> 1", (sel,))


def forget_some(tx: Tx, sel: int, rows: int) -> bool:
    """With so many of its marks, and if there are no more, with the set: a step, and whether anything is left."""
    tx.run("DELETE FROM selection_total WHERE sel = ?", (sel,))
    # ``rows`` from the first on: the table is in the order of its key.
    last = tx.row(
        "SELECT place_id, key, version_id FROM selection WHERE sel = ? ORDER BY place_id, key, version_id"
        " LIMIT 1 OFFSET ?",
        (sel, rows),
    )
    if last is not None:
        tx.run("DELETE FROM selection WHERE sel = ? AND (place_id, key, version_id) < (?, ?, ?)", (sel, *last))
        return True
    forget_sets(tx, [sel])
    return False


def _swap(tx: Tx, old: int, new: int) -> None:
    tx.run("UPDATE selection_set SET kind = 'undo' WHERE id = ?", (old,))
    # Higher than either was: a plan of the marks before is not one of these.
    tx.run(
        "UPDATE selection_set SET kind = 'marks', revision ="
        " (SELECT max(revision) + 1 FROM selection_set WHERE id IN (?, ?)) WHERE id = ?",
        (old, new, new),
    )


def _copy(tx: Tx, source: int, target: int, more: str = "", step: int = 0) -> None:
    for table, columns in _FORMS.items():
        tx.run(
            f"INSERT OR IGNORE INTO {table} (sel, {columns}) SELECT :target, {columns} FROM {table}"
            f" WHERE sel = :source{more}",
            {"source": source, "target": target, "step": step},
        )


def _places(tx: Tx, *sets: int) -> set[int]:
    found: set[int] = set()
    for sel in sets:
        for table in _FORMS:
            at = -1
            least = f"SELECT min(place_id) FROM {table} WHERE sel = ? AND place_id > ?"
            while (row := tx.row(least, (sel, at))) and row[0] is not None:
                at = int(row[0])
                found.add(at)
    return found


def _recount(tx: Tx, sel: int, places: set[int]) -> None:
    for place in places:
        recount(tx, sel, place)
