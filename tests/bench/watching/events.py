"""What a queue of events saves: objects that only a HEAD can watch, polled and told of, one after the other.

``python -m tests.bench.watching.events [OBJECTS] [SPEED]``: objects of GLACIER, and of an archive of
Intelligent-Tiering, in a bucket that may not be listed, at so many cloud seconds a second. Prints requests of each
kind, and how long after the cloud's event each object was known to be available, in seconds of the machine.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from restoretui import load_settings, open_session, parse_location
from restoretui.core.model import State, Tier
from restoretui.sandbox.server import SandboxOptions, serve
from tests.sandbox.queues import subscribed

LOOKS = ("HeadObject", "ListObjectsV2", "ReceiveMessage", "DeleteMessageBatch")


async def watched(objects: int, speed: float, kind: str, *, told: bool) -> None:
    """One run of the two."""
    async with await serve(SandboxOptions(empty=True, speed=speed)) as running:
        running.cloud.add_bucket("tiered")
        for number in range(objects):
            running.cloud.put(
                "tiered", f"k/{number:06}", size=1 << 30, storage_class=kind,
                archive_status="ARCHIVE_ACCESS" if kind != "GLACIER" else None,
            )  # fmt: skip
        os.environ.update(running.env)
        with tempfile.TemporaryDirectory() as folder:
            flags = {"state_dir": folder, "config": folder} | (
                {"events": [subscribed(running, "tiered")]} if told else {}
            )
            Path(folder, "config.toml").write_text("")
            async with open_session(load_settings(flags)) as session:
                sel = await session.ledger.selections.create()
                await session.selecting.under(sel, parse_location("s3://tiered/"), refresh=True)
                await session.selecting.look(sel)
                run = await session.confirm(sel, await session.plan(sel, 3), Tier.STANDARD)
                running.faults.set([{"kind": "deny", "operations": ["ListObjectsV2"]}], running.cloud.now())
                running.stats.reset()
                session.start_engine()
                await session.wait_for([run.id], lambda one: not one.is_open)
                view = await session.run_views.job_view(run.id)
                await view.wait()
                bucket = running.cloud.bucket("tiered")
                late: list[float] = []
                for row in view.rows(0, objects):
                    assert row.state is State.AVAILABLE
                    _, found = bucket.find(row.ref.key, None)
                    late.append((row.changed_at - bucket.restores[found.tag].ready) / speed)
                await view.aclose()
        late.sort()
        half, nearly, last = late[len(late) // 2], late[int(len(late) * 0.99)], late[-1]
        counts = {name: running.stats.requests.get(name, 0) for name in LOOKS}
        print(
            f"{kind:20} {'told of' if told else 'polled':8} {sum(counts.values()):7,} requests {counts}; known after"
            f" {half:.2f} s (half), {nearly:.2f} s (99 %), {last:.2f} s (all)"
        )


async def main() -> None:
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    speed = float(sys.argv[2]) if len(sys.argv) > 2 else 300.0
    for kind in ("GLACIER", "INTELLIGENT_TIERING"):
        for told in (False, True):
            await watched(objects, speed, kind, told=told)


if __name__ == "__main__":
    asyncio.run(main())
