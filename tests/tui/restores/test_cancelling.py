"""A run that is given up on screen: what is said of it is what the ledger has in the end."""

from textual.command import CommandPalette

from restoretui.core.model import State
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_restoring import confirm, dialog


async def test_what_was_claimed_to_be_sent_counts_as_given_up(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive/radio/berlin/", size=(80, 24), rate=20.0) as on:
        await on.settled()
        await on.press("a")
        await on.sees("marked")
        await dialog(on)
        await confirm(on)
        await on.sees("◌ sending")
        await on.until(on.posts)
        await on.press("X")
        await on.sees("Cancel unsent", "Give them up")
        await on.press("left", "enter")
        await on.until(lambda: any("given up" in text and "waiting" not in text for text in on.told))
        run = on.session.ledger.runs.peek_all()[0]
        assert not run.counts.get(State.PLANNED), run.counts
        assert f"run {run.id}: {run.counts[State.CANCELLED]} requests given up" in on.notice, on.told


async def test_the_palette_finds_how_to_cancel(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive/radio/berlin/", size=(80, 24), rate=20.0) as on:
        await on.settled()
        await on.press("a")
        await on.sees("marked")
        await dialog(on)
        await confirm(on)
        await on.sees("◌ sending")
        await on.press("ctrl+p")
        await on.until(lambda: isinstance(on.app.screen, CommandPalette))
        await on.press(*"cancel")
        await on.sees("Cancel unsent", "cancel the requests not sent yet")
        assert "close the" not in on.text
