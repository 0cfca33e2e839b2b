"""Files that are pipes: whoever waits for one is told for what, and can leave."""

import asyncio
import gzip
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from restoretui.commands.acting.literal import LiteralSaid
from restoretui.config.secret_file import read_secret
from restoretui.config.toml_file import read_toml
from restoretui.core import blocking
from restoretui.core.errors import UsageError
from restoretui.demo import serve_sandbox
from restoretui.sandbox import load_scenario
from restoretui.session.price_updates import read_files

READERS = {
    "settings": read_toml,
    "the scenario": load_scenario,
    "the key": lambda path: read_secret(str(path), path.parent, "the key"),
    "the restore request": lambda path: asyncio.run(LiteralSaid(str(path)).read("direct", then=False)),
    "a price list": lambda path: asyncio.run(read_files([path])),
}


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(blocking, "TOLD_AFTER_S", 0.0)
    os.mkfifo(tmp_path / "pipe.toml")
    return tmp_path / "pipe.toml"


@pytest.mark.parametrize("what", READERS)
async def test_what_a_pipe_is_waited_for_is_said(pipe: Path, caplog: pytest.LogCaptureFixture, what: str) -> None:
    def read(reader: Callable[[Path], object] = READERS[what]) -> None:
        with suppress(UsageError):  # of those that take no empty file
            reader(pipe)

    reading = asyncio.create_task(asyncio.to_thread(read))
    while not caplog.messages:
        await asyncio.sleep(0.001)
    assert caplog.messages == [f"waiting for {what} to be written to {pipe} to its end"]
    await asyncio.to_thread(pipe.write_bytes, b"")
    await reading


def test_of_what_is_no_pipe_nothing_is_said(pipe: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = pipe.with_name("file")
    file.write_text("x = 1")
    with blocking.told_of_pipe(file, "settings"), blocking.told_of_pipe(pipe.with_name("none"), "settings"):
        assert read_toml(file) == {"x": 1}
    assert caplog.messages == []


async def test_a_price_list_may_come_by_a_pipe_packed_or_not(pipe: Path) -> None:
    for data in (b"{}", gzip.compress(b"{}")):
        writing = asyncio.create_task(asyncio.to_thread(pipe.write_bytes, data))
        with pytest.raises(UsageError, match="offerCode is None"):
            await read_files([pipe])
        await writing


async def test_a_sandbox_that_waits_for_its_scenario_can_be_ended(
    pipe: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serving = asyncio.create_task(serve_sandbox(port=0, objects=None, speed=1.0, seed=1, scenario=str(pipe)))
    while not caplog.messages:
        await asyncio.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)
    assert await serving == 130
    await asyncio.to_thread(pipe.write_bytes, b"")  # Lets the thread go.
