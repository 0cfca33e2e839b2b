"""Makes the pictures in README from the real screens on the sandbox: ``python screenshots/generate.py``."""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from textual.pilot import Pilot

from restoretui.config.settings import Settings
from restoretui.core.clock import ScaledClock
from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.sandbox import SandboxOptions, serve
from restoretui.session.session import Session, open_session
from restoretui.tui.app import RestoreApp

FOLDER = Path(__file__).parent
SIZE = (100, 30)
BAMS = "runs/20230730_NB500_A004/bam/"


async def until(true: Callable[[], bool], pilot: Pilot[int], seconds: float = 30) -> None:
    """Let the app run until something holds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(true)
        await pilot.pause(0.05)


async def picture(app: RestoreApp, pilot: Pilot[int], name: str) -> None:
    """Save what is on screen."""
    await pilot.pause(0.5)
    app.refresh()
    await pilot.pause()
    (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="restoretui"), encoding="utf-8")


async def take(app: RestoreApp, pilot: Pilot[int]) -> None:
    """Walk through the demo as a person would."""
    await until(lambda: app.session is not None, pilot)
    session = cast("Session", app.session)
    browse, table = app.main.pane("browse"), app.main.query_one("#objects")

    def settled() -> bool:
        listing = browse.source.listing  # type: ignore[attr-defined]
        return listing is not None and listing.ended_at is not None and table.count > 0  # type: ignore[attr-defined]

    await until(settled, pilot)
    await restore(pilot, app, "v", "pagedown", "v")
    await pilot.press("1")
    await until(lambda: counts(session).get(State.AVAILABLE, 0) >= 3, pilot)
    await pilot.press("home", *("down",) * 22, *("space", "down") * 4)
    await pilot.pause(0.6)
    await picture(app, pilot, "browse")
    await pilot.press("r")
    await until(lambda: len(app.screen_stack) > 1, pilot)
    await pilot.pause(0.8)
    await picture(app, pilot, "restore-dialog")
    await pilot.press("down", "enter", "enter")
    await until(lambda: len(app.screen_stack) == 1, pilot)
    await until(lambda: counts(session).get(State.RESTORING, 0) >= 2, pilot)
    await pilot.press("1", "backspace", "d")
    await until(settled, pilot)
    await pilot.press("slash", *"fastq")
    await pilot.pause(0.5)
    await pilot.press("enter")
    await restore(pilot, app, "a")
    await pilot.pause(2.5)
    await pilot.press("backspace")
    await picture(app, pilot, "restores")


async def restore(pilot: Pilot[int], app: RestoreApp, *keys: str) -> None:
    """Mark with these keys, and confirm a restore of it."""
    await pilot.press(*keys)
    await pilot.pause(0.4)
    await pilot.press("r")
    await until(lambda: len(app.screen_stack) > 1, pilot)
    await pilot.pause(0.6)
    await pilot.press("enter", "enter")
    await until(lambda: len(app.screen_stack) == 1, pilot)


def counts(session: Session) -> dict[State, int]:
    """Objects by state over all runs."""
    total: dict[State, int] = {}
    for run in session.ledger.runs.peek_all():
        for state, number in run.counts.items():
            total[state] = total.get(state, 0) + number
    return total


async def main() -> None:
    """Serve the sandbox, run the app on it, save the pictures."""
    clock = ScaledClock(3600.0, datetime(2026, 1, 15, 9, tzinfo=UTC), time.time())
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(await serve(SandboxOptions(), clock=clock))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(_environment(sandbox.env))
        settings = Settings(
            endpoint_url=sandbox.url, region="us-east-1", state_dir=Path(folder) / "state", clock=clock
        )
        start = Location("s3", "acme-genomics-cold", BAMS)
        app = RestoreApp(lambda: open_session(settings), start, settings=settings)
        async with app.run_test(size=SIZE) as pilot:
            await take(app, pilot)


@contextlib.contextmanager
def _environment(variables: dict[str, str]):  # type: ignore[no-untyped-def]
    import os

    old = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
