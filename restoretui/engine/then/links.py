"""Writes presigned links that read a run's objects without credentials: a secret file, whole or not at all."""

import asyncio
import csv
import io
from datetime import UTC, timedelta
from pathlib import Path
from typing import cast

from restoretui.core.provider import Presigns
from restoretui.core.then.steps import ThenStep
from restoretui.engine.then.work import GivenUp, ThenWork
from restoretui.ledger.then_records import ThenTask

WINDOW = 500
LONGEST_S = 604_800.0
"""Seven days: no signature lasts longer (FACTS 7.2)."""


class Links:
    """Of one step: one file for the run."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._step = step

    async def do(self, task: ThenTask) -> str:
        """Sign them all, and write the file."""
        context, save = self._work.context, self._work.tools.save
        if save is None:
            raise GivenUp("this program writes no files")
        if not context.provider.capabilities.presigns:
            raise GivenUp(f"{context.provider.scheme}:// has no links that read an object")
        signer = cast("Presigns", context.provider)
        text, rows, after = io.StringIO(), 0, 0
        table = csv.writer(text)
        table.writerow(["key", "version_id", "ends_at", "url"])
        while objects := await context.ledger.then.readable(task.run_id, after, WINDOW):
            after = objects[-1][0]
            for _, ref, expiry in objects:
                now = context.clock.now()
                left = LONGEST_S if expiry is None else min(LONGEST_S, expiry - now.timestamp())
                if left < 1:
                    continue
                read = self._work.reads(ref)
                link = await read(lambda ref=ref, left=left: signer.presigned_get(ref, left))  # type: ignore[misc]
                ends = now.astimezone(UTC) + timedelta(seconds=link.seconds)
                table.writerow([ref.key, ref.version_id or "", f"{ends:%Y-%m-%dT%H:%M:%SZ}", link.url])
                rows += 1
            await asyncio.sleep(0)
        if not rows:
            raise GivenUp("nothing can be read any more, so there is nothing to link to")
        folder = self._work.tools.folder or Path.cwd()
        target = Path(self._step.target) if self._step.target else folder / f"links-run-{task.run_id}.csv"
        await self._work.turn()
        await save(target, text.getvalue())
        return f"{rows:,} links written to {target}; each line says when it ends"

    async def abandon(self, task: ThenTask) -> None:
        """Nothing is left behind: the file is written at once."""
