"""Each bad thing is one clear sentence with the next step, and the app goes on."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiobotocore.session import get_session

from restoretui.tui.browse.pane import BrowsePane

Start = Callable[..., Any]


async def still_usable(on: Any) -> None:
    """Help opens, tabs switch, another bucket can be tried."""
    await on.press("escape", "question_mark")
    await on.sees("plan a restore of the marked")
    await on.press("escape", "2")
    await on.sees("no restores yet")
    await on.press("1")


async def test_a_bucket_that_does_not_exist(walk: Start) -> None:
    async with walk("s3://no-such-bucket-here") as on:
        await on.sees("✗ there is no bucket 'no-such-bucket-here'")
        await on.sees("R tries again")
        await still_usable(on)
        await on.press("g", "ctrl+u", *"s3://acme-media-archive", "enter")
        await on.sees("README.txt")


async def test_no_credentials(walk: Start, monkeypatch: Any) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    async with walk(env=nothing) as on:
        await on.sees("✗", "credentials")
        await still_usable(on)


async def test_expired_credentials_then_good_ones(walk: Start) -> None:
    async with walk("s3://acme-media-archive", world={"scenario": "expired-credentials"}) as on:
        await on.settled()
        await on.sandbox.advance(3 * 3600)
        await on.press("R")
        await on.sees("expired")
        await still_usable(on)
        on.sandbox.faults.set([], on.sandbox.cloud.now())
        await on.press("R")
        await on.settled()
        await on.sees("README.txt")


async def test_an_endpoint_that_cannot_be_reached(walk: Start, sandbox: Any) -> None:
    running = await sandbox()
    await running.go_down()
    async with walk("s3://acme-media-archive", running=running) as on:
        await on.until(lambda: "✗ not listed" in on.text, rounds=3000)
        await on.sees("R tries again")
        await still_usable(on)


async def test_a_key_that_vanished_is_said_in_its_inspector(walk: Start) -> None:
    async with walk("s3://acme-media-archive/catalog/") as on:
        await on.settled()
        row = on.app.main.query_one(BrowsePane).table.row
        settings = on.sandbox.client_options
        async with get_session().create_client("s3", **settings) as client:
            await client.delete_object(Bucket="acme-media-archive", Key=row.ref.key)
        await on.press("enter")
        await on.sees("problem", "does not exist")
        await on.press("escape")
        await on.sees("✗ gone")


async def test_a_newer_ledger_is_refused_with_a_sentence(walk: Start, tmp_path: Path) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "ledger.db")) as db:
        db.execute("PRAGMA user_version = 9999")
    async with walk(opens=False) as on:
        await on.sees("newer")
        await on.sees("not open", "nothing to show")
        await on.press("question_mark", "escape")
        await on.pilot.press("q")
