"""Rows that say what cannot be, on the screens: shown as unknown, marked, planned and restored like any other."""

import pytest

from restoretui.core.model import State
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from tests.narrowing import there
from tests.providers.odd_rows import KEYS, ODD, serving
from tests.tui.conftest import StartWalk


@pytest.mark.parametrize("odd", ODD)
async def test_an_absurd_row_is_browsed_planned_and_restored(walk: StartWalk, odd: str) -> None:
    size, date = ODD[odd]
    is_sized = size in ("5", "9007199254740991")
    with serving(size, date) as store:
        async with walk("s3://bkt", endpoint_url=store.url) as on:
            await on.settled()
            pane = on.app.main.query_one(BrowsePane)
            rows = {row.ref.key: row for row in there(pane.table.view).rows(0, 10)}
            assert list(rows) == list(KEYS)
            assert rows["odd"].size == (int(size) if is_sized else None)
            assert (rows["odd"].modified is not None) == date.startswith("2024")
            [line] = [line for line in on.lines() if "odd" in line and "archived" in line]
            assert ("?" in line) == (not is_sized or not date.startswith("2024")), line
            await on.press("a")
            await on.sees("3 marked")
            await on.press("r")
            await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
            await on.sees("3 objects", "Restore 3")
            assert ("?" in on.text) or is_sized
            await on.confirm()
            await on.until(lambda: len(store.restored) >= len(KEYS))
            assert sorted(store.restored) == list(KEYS)
            await on.until(lambda: sum(on.session.ledger.runs.peek_all()[0].counts.values()) == len(KEYS))
            assert State.FAILED not in on.session.ledger.runs.peek_all()[0].counts
