"""Runs a subprocess for each object, or at an event of a run: no shell, a group of its own, a time limit.

The command learns what it is about from its environment and from one JSON object on its standard input. It may run
twice for one object when we are killed in between: ``RESTORETUI_ID`` is the same then.
"""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater
from restoretui.ledger.then_records import ThenTask

LONGEST_S = 300.0
GRACE_S = 10.0
"""Machine seconds from SIGTERM to SIGKILL."""
KEPT = 4096
"""Bytes of output that are kept, from its end."""
TEMPORARY = 75
"""``EX_TEMPFAIL``: to be tried again."""
AGAIN_S = 60.0
_PLACES = ("key", "bucket", "version_id", "location", "path", "run", "id", "size")


class Commands:
    """Of one step."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._argv = step.argv
        self._event = step.event
        self._output: dict[int, str] = {}

    def said(self) -> dict[int, str]:
        """What the commands said last, by task."""
        return self._output

    async def do(self, task: ThenTask) -> str:
        """Run it for one object; ``done, exit code 0``."""
        facts = self._facts(task) if self._event is None else await self._of_event(task)
        argv = [_filled(word, facts) for word in self._argv]
        environment = os.environ | {f"RESTORETUI_{name.upper()}": _said(value) for name, value in facts.items()}
        await self._work.turn()
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT, env=environment, cwd=self._work.tools.folder,
                start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise GivenUp(f"there is no command {argv[0]!r} here", "NoCommand") from None
        except PermissionError:
            raise GivenUp(f"{argv[0]!r} may not be run: it is not executable", "NoCommand") from None
        code, output = await self._ended(process, json.dumps(facts).encode() + b"\n")
        self._output[task.id] = output
        if code is None:
            raise GivenUp(f"{argv[0]} was not done in {LONGEST_S:.0f} s and was ended", "TimedOut")
        if code == TEMPORARY:
            raise TryLater(f"{argv[0]} asks to be run again (exit code {TEMPORARY})", AGAIN_S, "75")
        if code:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            last = output.strip().splitlines()[-1:] or [""]
            raise GivenUp(f"{argv[0]} failed: {how}{f': {last[0]}' if last[0] else ''}", str(code))
        return f"{argv[0]} done"

    async def abandon(self, task: ThenTask) -> None:
        """It has ended."""

    async def _ended(self, process: asyncio.subprocess.Process, told: bytes) -> tuple[int | None, str]:
        """Its exit code, None where it took too long; and the end of what it said."""
        kept = bytearray()

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
                kept.extend(piece)
                del kept[:-KEPT]

        listening = asyncio.create_task(listen())
        waiting = asyncio.create_task(process.wait())
        try:
            # Not by our clock, which may be turned: a process lives in the machine's own time.
            await asyncio.wait({waiting}, timeout=LONGEST_S)
            is_late = not waiting.done()
        finally:
            if process.returncode is None:
                await asyncio.shield(self._end(process, waiting))
            await asyncio.wait({listening}, timeout=1.0)  # What it left running may hold the pipe.
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return None if is_late else process.returncode, bytes(kept).decode("utf-8", "replace")

    async def _end(self, process: asyncio.subprocess.Process, waiting: "asyncio.Task[int]") -> None:
        _signal(process.pid, signal.SIGTERM)
        await asyncio.wait({waiting}, timeout=GRACE_S)
        _signal(process.pid, signal.SIGKILL)
        await waiting

    async def _of_event(self, task: ThenTask) -> dict[str, object]:
        """What the run is like when the event comes to pass."""
        return await self._work.told(self._event) | {"id": f"{task.run_id}-0-{task.step_id}"}

    def _facts(self, task: ThenTask) -> dict[str, object]:
        run, ref = self._work.context.run, task.ref
        if ref is None:
            raise GivenUp("this step is about objects")
        version = f"?versionId={ref.version_id}" if ref.version_id else ""
        return {
            "event": "readable", "id": f"{run.id}-{task.job_id}-{task.step_id}", "run": run.id,
            "bucket": ref.bucket, "key": ref.key, "version_id": ref.version_id or "",
            "location": f"{run.cloud.scheme}://{ref.bucket}/{ref.key}{version}", "size": task.size,
            "storage_class": task.storage_class, "state": str(task.job_state or ""), "expiry": task.expiry,
            "path": self._path(task),
        }  # fmt: skip

    def _path(self, task: ThenTask) -> str:
        """Where a download of the same run has put it."""
        ledger = self._work.context.ledger
        for count in ledger.then.of_run(task.run_id):
            if count.step.kind is ThenKind.DOWNLOAD and (path := ledger.then.path_of(count.id, task.job_id)):
                return str(Path(count.step.target, path))
        return ""


def _filled(word: str, facts: dict[str, object]) -> str:
    """A placeholder is a whole word: what it stands for can then be no other words."""
    if word[:1] == "{" and word[-1:] == "}" and word[1:-1] in _PLACES:
        value = facts.get(word[1:-1])
        return "" if value is None else str(value).replace("\0", "")
    return word


def _said(value: object) -> str:
    """In a variable: as it is, or as JSON where it has parts."""
    text = json.dumps(value) if isinstance(value, dict | list) else "" if value is None else str(value)
    return text.replace("\0", "")


def _signal(group: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sign)
