"""``T``: a place as it was at an instant, in the versions view, with what nobody can tell of it."""

import pytest

from restoretui.core.model import State
from restoretui.ledger.records import BrowseRow
from restoretui.sandbox import RunningSandbox
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.browse.place_acts import TimePrompt
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.tui.conftest import StartWalk, Walk


async def with_history(sandbox: StartSandbox) -> RunningSandbox:
    """Three keys of an hour ago, of which one was deleted then, and all were written over or deleted since."""
    running = await sandbox(empty=True)
    running.cloud.add_bucket("kept", versioning=True)
    for key in ("a/1", "a/2", "a/gone"):
        running.cloud.put("kept", key, size=10, storage_class="GLACIER")
    await running.advance(60)
    running.cloud.delete("kept", "a/gone")
    # Of one second, so that nobody can tell which came last.
    running.cloud.put("kept", "a/either", size=10, storage_class="GLACIER")
    running.cloud.delete("kept", "a/either")
    await running.advance(3600)
    running.cloud.put("kept", "a/1", size=99)
    running.cloud.put("kept", "a/new", size=99)
    running.cloud.put("kept", "a/either", size=99)
    running.cloud.delete("kept", "a/2")
    return running


def shown(browse: BrowsePane) -> dict[str, tuple[int | None, State]]:
    rows: list[BrowseRow] = list(there(browse.view).rows(0, 20)) if browse.view is not None else []
    return {row.ref.key: (row.size, row.state) for row in rows}


async def at(on: Walk, text: str) -> None:
    await on.press("T")
    await on.until(lambda: isinstance(on.app.screen, TimePrompt))
    await on.reads()
    await on.press(*text, "enter")
    await on.until(lambda: not isinstance(on.app.screen, TimePrompt))


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_place_is_shown_as_it_was_and_as_it_is_again(
    walk: StartWalk, sandbox: StartSandbox, size: tuple[int, int]
) -> None:
    running = await with_history(sandbox)
    async with walk("s3://kept/a/", size=size, running=running) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        assert set(shown(browse)) == {"a/1", "a/either", "a/new"}
        await at(on, "30m")
        await on.sees("◷ as of 2026-")
        await on.until(lambda: shown(browse).get("a/gone") == (0, State.UNKNOWN))
        assert {key: shown(browse)[key] for key in ("a/1", "a/2")} == dict.fromkeys(
            ("a/1", "a/2"), (10, State.ARCHIVED)
        )
        assert set(shown(browse)) == {"a/1", "a/2", "a/gone"}
        await on.sees("✗")
        assert browse.past is not None
        assert browse.past.deleted == 1
        assert any(text.startswith("a/either: a version and a delete marker are of the same") for text in on.told)
        if size[0] >= 80:
            await on.sees("1 key deleted then", "1 not told")
        # What is marked of it is the version of then.
        await on.press("home", "space")
        await on.until(lambda: browse.marking.summary.objects == 1)
        # The box tells again what cannot be told, and takes no time that is none.
        await on.press("T")
        await on.sees("a/either: a version and a")
        await on.press(*"soon", "enter")
        await on.sees("'soon' is no time")
        await on.press("escape")
        await on.until(lambda: not isinstance(on.app.screen, TimePrompt))
        await at(on, "")
        await on.until(lambda: len(shown(browse)) > 3)
        assert not browse.time_bar.display
        assert all(len(line) <= size[0] for line in on.lines())
