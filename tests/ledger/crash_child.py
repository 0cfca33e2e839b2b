"""Confirms, claims, sends and records for ever, until it is killed. Run by ``test_crashes``.

Tells on stdout what the ledger has promised. "Sending" appends the object's key to a file, which a kill cannot undo.
"""

import asyncio
import os
import sys
from pathlib import Path

from restoretui.core.clock import SystemClock
from restoretui.core.model import State, Tier
from restoretui.core.plan.plan import make_plan
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange, RestoreJob
from restoretui.ledger.runs.create_run import ConfirmedPlan
from tests.ledger.helpers import CLOUD, PRICES, entry, jobs_in, listed

OBJECTS = 12


def tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Sender:
    """Stands for the cloud: what was sent is sent."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sent"
        self._file = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def send(self, job: RestoreJob) -> None:
        os.write(self._file, f"{job.ref.bucket}/{job.ref.key}\n".encode())

    def was_sent(self, job: RestoreJob) -> bool:
        return f"{job.ref.bucket}/{job.ref.key}" in self._path.read_text().splitlines()


async def confirm(ledger: Ledger) -> None:
    bucket = f"bucket-{len(ledger.runs.peek_all())}"
    listing = await listed(ledger, [entry(f"key-{number}") for number in range(OBJECTS)], bucket=bucket)
    sel = await ledger.selections.create()
    await ledger.selections.add_under(sel, listing.id)
    groups = (await ledger.selections.facts(sel))[CLOUD]
    plan = make_plan(CLOUDS["s3"].rules, groups, 2, SystemClock().now(), (PRICES, True))
    run = await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))
    tell("confirmed", run.id)
    await ledger.selections.drop(sel)


async def submit(ledger: Ledger, run_id: int, sender: Sender) -> None:
    while jobs := await ledger.runs.claim(run_id, 3):
        tell("claimed", *(job.id for job in jobs))
        now = SystemClock().now().timestamp()
        for job in jobs:
            sender.send(job)
        answers = [
            JobChange(job.id, State.REQUESTED, now, outcome="accepted", request_id=f"R{job.id}") for job in jobs
        ]
        await ledger.runs.apply(answers)
        tell("applied", *(job.id for job in jobs))


async def settle(ledger: Ledger, run_id: int, sender: Sender) -> None:
    await ledger.runs.recover(run_id)
    now = SystemClock().now().timestamp()
    looked = [
        JobChange(job.id, State.REQUESTED if sender.was_sent(job) else State.PLANNED, now)
        for job in await jobs_in(ledger, run_id, {State.UNKNOWN})
    ]
    await ledger.runs.apply(looked)
    tell("settled", run_id)


async def main(folder: Path, runs: int) -> None:
    sender = Sender(folder)
    async with await Ledger.open(folder / "state", SystemClock()) as ledger:
        tell("open")
        for run in await ledger.runs.open_runs():
            await settle(ledger, run.id, sender)
            await submit(ledger, run.id, sender)
        while len(ledger.runs.peek_all()) < runs:
            await confirm(ledger)
            (newest, *_) = ledger.runs.peek_all()
            await submit(ledger, newest.id, sender)
        tell("done")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
