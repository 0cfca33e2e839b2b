"""``M``: marks are looked at, dropped, undone, saved and read; those of an ended session are offered."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from restoretui.ledger.selections.mark_sets import MarkSets
from restoretui.ledger.selections.marks_view import MarkRow, MarksView
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.marks import screen as marks_screen
from restoretui.tui.marks.keys_prompt import KeysPrompt
from restoretui.tui.marks.screen import MarksScreen
from tests.conftest import StartSandbox
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk

PLACE = "s3://acme-media-archive/archive/2019/"


async def marks(on: Walk) -> int:
    return (await on.session.ledger.selections.summary(on.session.ledger.mark_sets.shown)).objects


async def mark_all_below(on: Walk) -> int:
    """Everything of the place shown, flat, is marked; how many."""
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.press("a")
    browse = on.app.main.query_one(BrowsePane)
    await on.until(lambda: browse.marking.summary.objects > 3)
    return browse.marking.summary.objects


async def look(on: Walk) -> MarksScreen:
    await on.press("M")
    await on.until(lambda: isinstance(on.app.screen, MarksScreen))
    screen = a(MarksScreen, on.app.screen)
    await on.until(lambda: screen.table.view is not None)
    await on.reads()
    return screen


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_three_of_many_are_dropped_by_four_keys_and_come_back_by_three(
    walk: StartWalk, size: tuple[int, int]
) -> None:
    async with walk("s3://acme-media-archive/archive/", size=size) as on:
        number = await mark_all_below(on)
        screen = await look(on)
        first = a(MarkRow, screen.table.row)
        assert there(first.ref).key == there(there(on.app.main.query_one(BrowsePane).table.row).ref).key
        await on.press("space", "space", "space")
        assert await marks(on) == number - 3
        await on.sees("▾", "Objects", f"{number - 3:,} marked", "std", "bulk")
        assert all(len(line) <= size[0] for line in on.lines())
        await on.press("z", "z", "z")
        assert await marks(on) == number
        await on.press("Z")
        assert await marks(on) == number - 1
        await on.press("escape")
        await on.until(lambda: not isinstance(on.app.screen, MarksScreen))
        await on.sees(f"{number - 1:,} marked")
        # All of it at once, and back again, in Browse.
        await on.press("u")
        assert await marks(on) == 0
        await on.press("z")
        assert await marks(on) == number - 1


async def test_a_group_is_folded_dropped_and_costs_what_it_costs(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, by_prefix = asyncio.Event(), MarkSets.by_prefix

    async def held(self: MarkSets, like: MarksView | None, told: Callable[[int], None]) -> MarksView:
        told(7)
        await go_on.wait()
        return await by_prefix(self, like, told)

    monkeypatch.setattr(MarkSets, "by_prefix", held)
    monkeypatch.setattr(marks_screen, "MANY", 1)
    async with walk("s3://acme-media-archive/archive/", size=(100, 30)) as on:
        number = await mark_all_below(on)
        await on.press("down", "down")
        screen = await look(on)
        # While they are added up the objects are there, the one that Browse stands on among them.
        await on.sees(f"{number:,} marked · adding up … 7")
        assert screen.table.count == number + 1
        ref = there(a(MarkRow, screen.table.row).ref)
        assert ref.key == there(there(on.app.main.query_one(BrowsePane).table.row).ref).key
        go_on.set()
        await on.until(lambda: screen.table.count > number + 1)
        assert a(MarkRow, screen.table.row).ref == ref
        rows = [row for row in there(screen.table.view).rows(0, 10_000) if isinstance(row, MarkRow)]
        group = next(at for at, row in enumerate(rows) if row.ref is None and not row.whole)
        await on.press("home", *("down",) * group)
        await on.sees("archive/2024/01/cam-01/ ", "expedited ")
        count = screen.table.count
        await on.press("enter")
        assert screen.table.count == count - rows[group].objects
        await on.sees("▸")
        before = await marks(on)
        await on.press("space")
        assert await marks(on) == before - rows[group].objects


async def test_keys_are_read_from_a_file_or_a_paste_and_a_set_gets_a_name(walk: StartWalk, tmp_path: Path) -> None:
    async with walk("s3://acme-media-archive/archive/", size=(80, 24)) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        names = [there(row.ref).key for row in there(browse.view).rows(0, 4)]
        await look(on)
        await on.press("p")
        await on.until(lambda: isinstance(on.app.screen, KeysPrompt))
        # Of a pipe that nobody writes to it is said what is waited for, and it can be left.
        os.mkfifo(tmp_path / "pipe")
        on.app.screen.query_one(Input).value = str(tmp_path / "pipe")
        await on.reads()
        await on.press("enter")
        await on.sees("waiting for the end of")
        await on.press("escape")
        await on.until(lambda: isinstance(on.app.screen, MarksScreen))
        os.close(os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK))  # Lets the thread go.
        await on.press("p")
        await on.until(lambda: isinstance(on.app.screen, KeysPrompt))
        on.app.screen.query_one(Input).post_message(events.Paste("\n".join([*names, "no/such/key"])))
        await on.sees("5 lines pasted")
        await on.reads()
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, MarksScreen))
        await on.sees("4 marked", "not marked: no/such/key")
        assert await marks(on) == 4
        # Somebody's completion report: what failed of it is marked, too.
        more = [there(row.ref).key for row in there(browse.view).rows(4, 3)]
        report = [f'acme-media-archive,{key},,failed,500,InternalError,"x"' for key in more]
        report.append(f'acme-media-archive,{there(there(browse.view).rows(8, 1)[0].ref).key},,succeeded,200,,"x"')
        await on.press("p")
        await on.until(lambda: isinstance(on.app.screen, KeysPrompt))
        on.app.screen.query_one(Input).post_message(events.Paste("\n".join(report)))
        await on.sees("4 lines pasted")
        await on.reads()
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, MarksScreen))
        await on.sees("7 marked")
        await on.press("w")
        await on.reads()
        await on.press(*"friday", "enter")
        await on.sees("@friday")
        assert [one.objects for one in on.session.ledger.mark_sets.saved()] == [7]


async def test_marks_that_change_while_they_are_read_leave_the_cursor_on_a_mark(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/archive/", size=(80, 24)) as on:
        await mark_all_below(on)
        await on.press("M")
        await on.until(lambda: isinstance(on.app.screen, MarksScreen))
        screen = a(MarksScreen, on.app.screen)
        screen._board = None
        for _ in range(2):  # One reading takes the place of another, before anything of it is shown.
            screen._told(frozenset({"selection:1"}))
        await on.until(lambda: screen._board is not None)
        assert a(MarkRow, screen.table.row).ref is not None, "space on a group would drop all of it"


async def test_marks_of_an_ended_session_are_offered_and_kept_or_dropped(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox()
    async with walk("s3://acme-media-archive/archive/", running=running) as on:
        number = await mark_all_below(on)
    async with walk("s3://acme-media-archive/archive/", running=running, size=(80, 24)) as on:
        await on.settled()
        await on.sees(f"{number:,} marks of 2026-", "M keeps or drops them")
        assert await marks(on) == 0
        screen = await look(on)
        await on.sees("of a session that ended")
        await on.press("home", "enter")
        await on.until(lambda: there(screen.table.view).count > 1)
        assert await marks(on) == number
    async with walk("s3://acme-media-archive/archive/", running=running, size=(80, 24)) as on:
        await on.settled()
        screen = await look(on)
        await on.sees("of a session that ended")
        await on.press("home", "space")
        await on.until(lambda: there(screen.table.view).count == 0)
        assert not await on.session.ledger.mark_sets.left()


async def test_mark_all_on_prefixes_offers_what_is_below(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/archive/", size=(80, 24)) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        assert there(browse.view).objects == 0
        await on.press("a")
        await on.sees("only prefixes here", "a again marks all below")
        assert await marks(on) == 0
        await on.press("a")
        await on.until(lambda: browse.marking.summary.objects > 100)
