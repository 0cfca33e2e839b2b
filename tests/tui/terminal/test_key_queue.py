"""Keys in a burst, as a slow line delivers them, do what they would do one by one."""

import asyncio

from textual import events

from restoretui.core.location import Location
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.terminal.key_queue import KeyQueue
from tests.narrowing import a, there
from tests.settling import has_acted
from tests.tui.conftest import StartWalk, Walk

NAMED = {"/": "slash", "-": "minus", "*": "asterisk", ".": "full_stop"}


def burst(on: Walk, *keys: str) -> None:
    """All at once, before the app has looked at any."""
    for key in keys:
        character = key if len(key) == 1 else {"space": " "}.get(key)
        on.app.post_message(events.Key(NAMED.get(key, key), character))


async def all_done(on: Walk) -> None:
    await on.until(lambda: has_acted(on.app.key_queue))


async def test_a_filter_and_marks_typed_in_one_burst(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        burst(on, "d", "/", *"index", "enter", "space", "space", "space")
        await on.sees("flat", "9 match index", "3 marked")
        pane = on.app.main.query_one(BrowsePane)
        marked = [row.ref.key for row in there(pane.table.view).rows(0, 9) if row.marked]
        assert marked == [f"catalog/index-00{number}.json" for number in range(3)]


async def test_going_down_and_marking_in_one_burst_marks_what_is_there(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        burst(on, *["down"] * 6, "enter", "down", "enter", "space", "down", "space")
        await on.sees("s3://acme-media-archive/catalog/", "2 marked")
        pane = on.app.main.query_one(BrowsePane)
        marked = [row.ref.key for row in there(pane.table.view).rows(0, 9) if row.marked]
        assert marked == ["catalog/index-000.json", "catalog/index-002.json"]


async def test_a_plan_confirmed_in_one_burst_is_sent_once(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive") as on:
        await on.settled()
        burst(on, "d", "space", "space", "r")
        await on.sees("account 123456789012", "Restore ")
        box = a(RestoreDialog, on.app.screen)
        await on.until(lambda: box.on_screen is not None)  # Only then does a key decide.
        burst(on, "enter", "enter", "enter", "enter")
        await on.until(lambda: on.posts() >= 1)
        await all_done(on)
        await on.hours(1)
        runs = on.session.ledger.runs.peek_all()
        assert len(runs) == 1
        assert on.posts() == sum(number for state, number in runs[0].counts.items() if state.value != "skipped")


async def test_dialogs_closed_while_they_work_leave_nothing_behind(walk: StartWalk) -> None:
    async with walk("s3://acme-backups-tiering") as on:
        await on.settled()
        await on.press("space")
        await on.sees("marked")
        for _ in range(5):
            burst(on, "r", "escape", "r")
            await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
            burst(on, "tab", "5", "escape")
            await on.until(lambda: len(on.app.screen_stack) == 1)
        burst(on, "enter", "down", "enter", "escape", "backspace")
        await all_done(on)
        assert on.posts() == 0


async def test_escape_does_not_wait_and_patience_ends() -> None:
    delivered: list[str] = []

    async def deliver(key: events.Key) -> None:
        delivered.append(key.key)

    line = KeyQueue(deliver, lambda: False)

    running = asyncio.create_task(line.run())
    line.hold()
    line.put(events.Key("escape", None))
    for _ in range(50):
        await asyncio.sleep(0)
    assert delivered == ["escape"]
    release = line.hold()
    line.put(events.Key("b", "b"))
    await asyncio.sleep(0.01)
    assert not has_acted(line)
    release()
    for _ in range(50):
        await asyncio.sleep(0)
    assert delivered[-1] == "b"
    assert has_acted(line)
    running.cancel()


async def test_what_is_given_up_before_it_began_holds_no_keys(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        pane = on.app.main.query_one(BrowsePane)
        for name in ("acme-media-archive", "acme-frankfurt-archive"):  # Two clicks that the app finds at once.
            pane.go(Location("s3", name))
        await on.settled()
        assert pane.location.bucket == "acme-frankfurt-archive"
        assert not on.app.key_queue.is_held
