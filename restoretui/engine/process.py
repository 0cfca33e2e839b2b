"""Runs one program: no shell, no terminal, a process group of its own, a time limit, the end of its output kept."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

GRACE_S = 10.0
"""Machine seconds from SIGTERM to SIGKILL."""


class ProcessEnd(NamedTuple):
    """What became of it."""

    code: int | None
    """None where it took too long and was ended; negative for a signal."""
    output: str
    """The end of what it said, on stdout and stderr."""

    @property
    def how(self) -> str:
        """``exit code 3``, ``signal SIGTERM``, in words."""
        if self.code is None:
            return "it was not done in time and was ended"
        return f"signal {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"


def environment_of(facts: Mapping[str, object]) -> dict[str, str]:
    """Ours, and ``RESTORETUI_KEY`` and its likes."""
    return os.environ | {f"RESTORETUI_{name.upper()}": _said(value) for name, value in facts.items()}


def _said(value: object) -> str:
    """In a variable: as it is, or as JSON where it has parts."""
    text = json.dumps(value) if isinstance(value, dict | list) else "" if value is None else str(value)
    return text.replace("\0", "")


async def run_program(
    argv: Sequence[str], told: bytes, environment: Mapping[str, str], folder: Path | None, longest_s: float, kept: int
) -> ProcessEnd:
    """Run it, with ``told`` on its standard input, ``kept`` bytes of output; ``OSError`` where it cannot be begun."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=environment, cwd=folder, start_new_session=True,
    )  # fmt: skip
    said = bytearray()

    async def listen() -> None:
        stdin, stdout = process.stdin, process.stdout
        if stdin is not None:
            try:
                stdin.write(told)
                await stdin.drain()
                stdin.close()
            except (BrokenPipeError, ConnectionResetError):
                pass  # It does not want to know.
        while stdout is not None and (piece := await stdout.read(65_536)):
            said.extend(piece)
            del said[:-kept]

    listening = asyncio.create_task(listen())
    waiting = asyncio.create_task(process.wait())
    try:
        # Not by our clock, which may be turned: a process lives in the machine's own time.
        await asyncio.wait({waiting}, timeout=longest_s)
        is_late = not waiting.done()
    finally:
        if process.returncode is None:
            await asyncio.shield(_end(process, waiting))
        await asyncio.wait({listening}, timeout=1.0)  # What it left running may hold the pipe.
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return ProcessEnd(None if is_late else process.returncode, bytes(said).decode("utf-8", "replace"))


async def _end(process: asyncio.subprocess.Process, waiting: "asyncio.Task[int]") -> None:
    _signal(process.pid, signal.SIGTERM)
    await asyncio.wait({waiting}, timeout=GRACE_S)
    _signal(process.pid, signal.SIGKILL)
    await waiting


def _signal(group: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sign)
