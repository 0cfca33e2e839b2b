"""A run whose requests make no copy: what the screens say of it, and what the inspector keeps of the answers."""

import json

from restoretui.core.literal.literal import Literal, read_request
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State
from restoretui.tui.dialogs.inspector import Inspector
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk

SELECT = {
    "Type": "SELECT", "Tier": "Expedited",
    "SelectParameters": {
        "InputSerialization": {"CSV": {}}, "ExpressionType": "SQL", "Expression": "SELECT * FROM object",
        "OutputSerialization": {"CSV": {}},
    },
    "OutputLocation": {"S3": {"BucketName": "results", "Prefix": "out"}},
}  # fmt: skip


async def test_results_are_shown_where_copies_would_be(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    for bucket in ("cold", "results"):
        running.cloud.add_bucket(bucket)
    running.cloud.buckets["cold"].requester_pays = True
    running.cloud.put("cold", "g/1.csv", size=9 << 20, storage_class="GLACIER")
    running.faults.set([{"kind": "quirk", "name": "select"}], 0)
    async with walk("s3://cold/g/", size=(80, 24), running=running) as on:
        await on.settled()
        session, said = on.session, Literal(read_request(json.dumps(SELECT), "it"))
        sel = await session.ledger.selections.create()
        await session.selecting.under(sel, parse_location("s3://cold/g/"))
        session.say_literally(sel, said)
        run = await session.confirm(sel, await session.plan(sel, 1), said.tier)
        await on.press("2")
        await on.sees("1 Browse", "Done")
        for _ in range(200):
            if (await session.ledger.runs.get(run.id)).counts.get(State.AVAILABLE):
                break
            await on.hours(0.5)
        path = running.cloud.selects[0].path
        await on.press("enter")
        await on.sees("results at out/", "1 object")
        assert not any("0 days" in line or "MiB back" in line for line in on.lines())
        on.app.push_screen(Inspector(ObjectRef("cold", "g/1.csv"), "s3"))
        await on.sees(f"{path} (run #{run.id})", "to the requester, as the cloud said", "no copy, and none asked for")
