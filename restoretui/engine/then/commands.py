"""Runs a subprocess for each object, or at an event of a run: no shell, a group of its own, a time limit.

The command learns what it is about from its environment and from one JSON object on its standard input. It may run
twice for one object when we are killed in between: ``RESTORETUI_ID`` is the same then.
"""

import json
from pathlib import Path

from restoretui.core.location import Location
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.engine.process import environment_of, run_program
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater
from restoretui.ledger.then_records import ThenTask

LONGEST_S = 300.0
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
        told = json.dumps(facts).encode() + b"\n"
        await self._work.turn()
        try:
            ended = await run_program(argv, told, environment_of(facts), self._work.tools.folder, LONGEST_S, KEPT)
        except FileNotFoundError:
            raise GivenUp(f"there is no command {argv[0]!r} here", "NoCommand") from None
        except PermissionError:
            raise GivenUp(f"{argv[0]!r} may not be run: it is not executable", "NoCommand") from None
        code, output = ended
        self._output[task.id] = output
        if code is None:
            raise GivenUp(f"{argv[0]} was not done in {LONGEST_S:.0f} s and was ended", "TimedOut")
        if code == TEMPORARY:
            raise TryLater(f"{argv[0]} asks to be run again (exit code {TEMPORARY})", AGAIN_S, "75")
        if code:
            last = output.strip().splitlines()[-1:] or [""]
            raise GivenUp(f"{argv[0]} failed: {ended.how}{f': {last[0]}' if last[0] else ''}", str(code))
        return f"{argv[0]} done"

    async def abandon(self, task: ThenTask) -> None:
        """It has ended."""

    async def _of_event(self, task: ThenTask) -> dict[str, object]:
        """What the run is like when the event comes to pass."""
        return await self._work.told(self._event) | {"id": f"{task.run_id}-0-{task.step_id}"}

    def _facts(self, task: ThenTask) -> dict[str, object]:
        run, ref = self._work.context.run, task.ref
        if ref is None:
            raise GivenUp("this step is about objects")
        place = Location(run.cloud.scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
        return {
            "event": "readable", "id": f"{run.id}-{task.job_id}-{task.step_id}", "run": run.id,
            "bucket": ref.bucket, "key": ref.key, "version_id": ref.version_id or "",
            "location": str(place), "size": task.size,
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
