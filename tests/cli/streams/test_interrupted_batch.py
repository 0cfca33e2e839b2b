"""A command about a batch job that is ended says what has become of it: nothing, perhaps something, or surely it."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from restoretui.commands import batch
from restoretui.commands.output import Output
from restoretui.config.settings import Settings

JOB = "0aea0ac7-b015-d625-0aea-0ac26ef93048"


class Hanging:
    """A session in which the step named ``at`` never ends; all before it do at once."""

    def __init__(self, at: str) -> None:
        self._at = at
        self.is_there = asyncio.Event()
        self.spending = SimpleNamespace(
            offer_job=self._step("offer"), offer_clone=self._step("offer"), confirm_job=self._step("request"),
            clone=self._step("request", "made-job"),
        )  # fmt: skip
        self.batch = SimpleNamespace(
            cancel=self._step("request"), priority=self._step("request"), job=self._step("look"),
            clean=self._step("request"),
        )  # fmt: skip
        self.ledger = SimpleNamespace(
            batches=SimpleNamespace(
                find=lambda _job: SimpleNamespace(run_id=1, cleaned_at=None, ended_at=None, options=None)
            )
        )

    def _step(self, name: str, result: Any = None) -> Callable[..., Awaitable[Any]]:
        async def step(*_: Any) -> Any:
            if name == self._at:
                self.is_there.set()
                await asyncio.Event().wait()
            return result

        return step

    async def to(self, *_: Any) -> str:
        """As whoever agrees."""
        return "consent"


Ends = Callable[[Hanging, Output], Awaitable[Any]]
COMMANDS: dict[str, Ends] = {
    "confirm": lambda session, output: batch.confirm(Settings(), output, JOB, session),  # type: ignore[arg-type]
    "cancel": lambda _, output: batch.cancel(Settings(), output, JOB),
    "priority": lambda _, output: batch.priority(Settings(), output, JOB, 7),
    "clone": lambda session, output: batch.clone(Settings(), output, JOB, session),  # type: ignore[arg-type]
    "clean-up": lambda _, output: batch.clean_up(Settings(), output, JOB),
}
LOOKS = f"cannot be told: `restoretui batch show {JOB}` looks"


@pytest.mark.parametrize(
    ("command", "at", "left"),
    [
        ("confirm", "offer", "nothing was sent"),
        ("confirm", "request", f"whether job {JOB} was let run {LOOKS}"),
        ("confirm", "look", f"job {JOB} was let run"),
        ("cancel", "request", f"whether job {JOB} was cancelled {LOOKS}"),
        ("cancel", "look", f"job {JOB} was cancelled"),
        ("priority", "request", f"whether job {JOB} has priority 7 {LOOKS}"),
        ("priority", "look", f"job {JOB} has priority 7"),
        ("clone", "offer", "nothing was sent"),
        ("clone", "request", "whether a job was made cannot be told: `restoretui batch ls` looks"),
        ("clone", "look", "job made-job was made, and waits to be let run"),
        (
            "clean-up",
            "request",
            f"some of what was written for job {JOB} may be deleted; say it again to delete the rest",
        ),
    ],
)
async def test_what_is_left_is_told(monkeypatch: pytest.MonkeyPatch, command: str, at: str, left: str) -> None:
    session = Hanging(at)

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[Hanging]:
        yield session

    monkeypatch.setattr(batch, "open_session", opened)
    output = Output(out=io.StringIO(), err=io.StringIO())
    working = asyncio.ensure_future(COMMANDS[command](session, output))
    there = asyncio.ensure_future(session.is_there.wait())
    await asyncio.wait({working, there}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        there.cancel()
        working.result()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert output.left == left
