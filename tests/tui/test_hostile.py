"""No key, name or message from outside can do anything to the terminal, the markup or another row."""

import re

from rich.cells import cell_len

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.terminal.desktop import NoticeForm, notice_sequence
from restoretui.tui.terminal.driver import TerminalDriver
from restoretui.tui.widgets.tab_bar import TabBar
from tests.narrowing import there
from tests.tui.conftest import StartWalk

OURS = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[\d+;\d+H|\x1b\[\?2026[hl]|\x1b\[\?25[hl]|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)|\x1b\]52;c;[A-Za-z0-9+/=]*\x07|\x1b\[[A-F]?\d*[A-H]"
)
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b1A\u202egnp\u200b[red]x[/blue][@click=app.quit]y[/]\r\n\x00\ud800"


def harmless(written: str) -> None:
    """Every control byte belongs to a sequence that Textual made."""
    rest = OURS.sub("", written)
    found = re.findall(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", rest
    )
    assert not found, [rest[max(0, rest.index(mark) - 30) : rest.index(mark) + 30] for mark in sorted(set(found))]


async def test_odd_names_are_shown_marked_inspected_and_restored_harmlessly(walk: StartWalk) -> None:
    async with walk("s3://acme-odd-names", taped=True, size=(90, 60)) as on:
        await on.settled()
        on.tape.take()
        await on.press("d")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        assert pane.table.count == 50
        rows = there(pane.table.view).rows(0, 50)
        assert any("\x1b" in row.ref.key for row in rows)
        assert all(cell_len(line) <= 90 for line in on.lines())
        await on.press("a")
        await on.sees("50 marked")
        for row in range(0, 50, 4):
            pane.table.goto(row)
            await on.press("enter")
            await on.sees("Headers")
            await on.press("escape")
        await on.press("r")
        await on.sees("estimate with prices of")
        await on.press("escape", "c", "4", "3", "2", "1")
        harmless(on.tape.take())


async def test_prefixes_that_look_like_markup_can_be_entered_and_marked(walk: StartWalk) -> None:
    async with walk("s3://acme-odd-names", taped=True) as on:
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        prefixes = [row.ref.key for row in there(pane.table.view).rows(0, 50) if row.is_prefix]
        assert "[@click=app.quit]press me[/" in prefixes
        for number, prefix in enumerate(prefixes):
            pane.table.goto(number)
            await on.press("enter")

            def is_open(prefix: str = prefix) -> bool:
                return pane.location.prefix == prefix

            await on.until(is_open)
            await on.settled()
            assert pane.table.count > 0
            await on.press("backspace")
            await on.until(lambda: pane.location.prefix == "")
            await on.settled()
            # The cursor goes back once the rows are there again.

            def is_on_it(prefix: str = prefix) -> bool:
                return pane.table.row is not None and pane.table.row.ref.key == prefix

            await on.until(is_on_it)
        harmless(on.tape.take())


async def test_messages_notes_and_names_from_outside(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", taped=True) as on:
        await on.settled()
        on.app.complain(RestoreTuiError(EVIL, hint=EVIL))
        on.app.say("warning", EVIL, EVIL)
        on.app.copy(EVIL.replace("\ud800", ""))
        identity = await on.session.identity()
        on.app.main.query_one(TabBar).identify(type(identity)(EVIL, EVIL, EVIL, EVIL))
        await on.press("slash", *"x]")
        await on.pilot.pause(0.2)
        on.app.title = EVIL
        await on.sees("␛[2J")
        harmless(on.tape.take())
        assert "[@click=app.quit]" in on.text, "markup is text"


def test_titles_and_desktop_notices_cannot_be_broken_out_of() -> None:
    class Spy(TerminalDriver):
        def __init__(self) -> None:
            self.written = ""

        def write(self, data: str) -> None:
            self.written += data

        def flush(self) -> None: ...

    spy = Spy()
    spy.set_title(EVIL)
    saved, title, rest = spy.written.partition("\x1b]2;")
    assert saved == "\x1b[22;2t"
    assert title
    assert rest.startswith("␛[2J")
    assert (rest.count("\x1b"), rest.count("\x07"), rest[-1]) == (0, 1, "\x07")
    spy.send(notice_sequence(EVIL, NoticeForm.OSC9, {"TERM": "xterm"}))
    notice = spy.written.rpartition("\x1b")[2]
    assert notice.startswith("]9;restoretui: ␛[2J")
    assert (notice.count("\x07"), notice[-1]) == (1, "\x07")
