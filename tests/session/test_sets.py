"""Sets by the session: files that come back exactly, differences of inventories, and stores that are not reached."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.form import Form, Shape
from restoretui.commands.output import Output
from restoretui.commands.sets.differing import diff
from restoretui.commands.sets.keeping import export, import_, save
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.filter.parser import parse_filter
from restoretui.core.model import Entry
from restoretui.core.rows import Rows
from restoretui.ledger.records import CloudId, Query
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.world.inventory import write_inventory
from restoretui.sandbox.world.odd_names import ODD_KEYS
from restoretui.session.session import open_session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock

Reach = Callable[[RunningSandbox], Settings]


@pytest.fixture
def reach(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Reach:
    def settings(running: RunningSandbox) -> Settings:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        return Settings(state_dir=state_dir, endpoint_url=running.url, clock=running.clock)

    return settings


def printing(shape: Shape, command: str) -> tuple[Output, io.StringIO]:
    out = io.StringIO()
    return Output(Form(shape), out, io.StringIO(), command), out


async def differences(settings: Settings, *operands: str, inventories: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    output, out = printing("jsonl", "set diff")
    code = await diff(settings, output, operands, inventories)
    found = {(row["diff"], row["key"]) for row in map(json.loads, out.getvalue().splitlines())}
    assert code == (ExitCode.SOME_FAILED if found else ExitCode.DONE)
    return found


async def test_hostile_keys_and_versions_come_back_from_a_file_exactly(
    sandbox: StartSandbox, reach: Reach, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("odd")
    running.cloud.add_bucket("kept", versioning=True)
    for key in ODD_KEYS:
        running.cloud.put("odd", key, size=7, storage_class="GLACIER")
        running.cloud.put("kept", key, size=1, storage_class="STANDARD")
        running.cloud.put("kept", key, size=2, storage_class="DEEP_ARCHIVE")
    settings = reach(running)
    quiet, _ = printing("table", "set save")
    await save(settings, quiet, "one", Choice(("s3://odd",)))
    await save(settings, quiet, "two", Choice(("s3://kept",), versions=True))
    await save(settings, quiet, "both", Choice(("@one", "@two")))
    shapes: tuple[Shape, ...] = ("csv", "jsonl")
    for shape in shapes:
        output, out = printing(shape, "set export")
        await export(settings, output, "both")
        output.flush()
        file = tmp_path / f"both.{shape}"
        file.write_bytes(out.getvalue().encode())
        there = replace(settings, state_dir=tmp_path / shape)
        await import_(there, quiet, "again", str(file), None, None, replace=False, dry_run=False)
        async with open_session(settings) as session, open_session(there) as other:
            one, again = session.sets.named("both"), other.sets.named("again")
            assert (again.objects, again.size_bytes) == (one.objects, one.size_bytes) == (
                3 * len(ODD_KEYS), 10 * len(ODD_KEYS)
            )  # fmt: skip
            parts, parts_again = await session.sets.parts(one), await other.sets.parts(again)
            assert [part[:5] for part in parts] == [part[:5] for part in parts_again]
            for part, part_again in zip(parts, parts_again, strict=True):
                rows = await session.sets.page(one, part, ("", ""), 1000)
                assert rows == await other.sets.page(again, part_again, ("", ""), 1000)
    async with open_session(there) as other:
        # What a file told is never taken for what is there now: a plan looks at each.
        sel = await other.ledger.selections.create()
        for listing in await other.sets.listings("again"):
            await other.selecting.listed(sel, listing, Query(parse_filter("plain.txt state:archived")))
        running.stats.reset()
        await other.selecting.look(sel)
        assert running.stats.as_dict()["requests"]["HeadObject"] == 2


async def test_two_inventories_and_what_is_there_now_are_held_against_each_other(
    sandbox: StartSandbox, reach: Reach
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "inv"):
        running.cloud.add_bucket(name)
    cloud, now = running.cloud, running.cloud.now()
    for key in ("gone", "grown", "same", "back"):
        cloud.put("cold", key, size=5, storage_class="GLACIER")
    monday = write_inventory(cloud, "cold", "inv", prefix="mon/", at=now - 86_400).manifest
    cloud.delete("cold", "gone")
    cloud.delete("cold", "back")
    cloud.put("cold", "grown", size=6, storage_class="GLACIER")
    cloud.put("cold", "born", size=1)
    tuesday = write_inventory(cloud, "cold", "inv", prefix="tue/", at=now).manifest
    cloud.put("cold", "back", size=5, storage_class="GLACIER")
    settings = reach(running)
    lists = (f"s3://inv/{monday}", f"s3://inv/{tuesday}")
    assert await differences(settings, "s3://cold", inventories=lists) == {
        ("missing", "gone"), ("missing", "back"), ("changed", "grown"), ("new", "born"),
    }  # fmt: skip
    assert await differences(settings, "s3://cold", "s3://cold", inventories=lists[1:]) == {("new", "back")}, (
        "the inventory is of the first, and the second is what is there now"
    )
    quiet, _ = printing("table", "set save")
    await save(settings, quiet, "monday", Choice(("s3://cold",), from_inventory=lists[0]))
    changed = {("missing", "gone"), ("changed", "grown"), ("changed", "back")}
    assert await differences(settings, "@monday") == changed
    assert await differences(settings, "@monday", "s3://cold") == changed | {("new", "born")}
    assert not await differences(settings, "@monday", "@monday")


async def test_a_set_of_another_store_asks_nothing_of_this_one(sandbox: StartSandbox, reach: Reach) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=5, storage_class="GLACIER")
    settings = reach(running)
    async with open_session(settings) as session:
        sel = await session.ledger.selections.create()
        rows, seen_at = Rows.of([Entry("a", None, 5, None, "GLACIER")]), [session.clock.now().timestamp()]
        elsewhere = CloudId("s3", "https://elsewhere.example")
        await session.ledger.selections.add_listed(sel, elsewhere, "cold", rows, seen_at)
        await session.sets.keep("theirs", sel, replace=False)
        running.stats.reset()
        one = session.sets.named("theirs")
        with pytest.raises(UsageError, match=r"at https://elsewhere\.example, which these settings do not reach"):
            await session.sets.reached(one)
        with pytest.raises(UsageError, match="do not reach"):
            await session.sets.listings("theirs")
        assert not running.stats.as_dict()["requests"]


async def test_a_set_that_changed_is_shown_as_it_is_and_an_older_listing_of_it_is_not(
    sandbox: StartSandbox, reach: Reach
) -> None:
    clock = TurnedClock()
    running = await sandbox(empty=True, clock=clock)
    running.cloud.add_bucket("cold")
    for key in ("a/1", "a/2", "b/1"):
        running.cloud.put("cold", key, size=5, storage_class="GLACIER")
    settings = reach(running)
    quiet, _ = printing("table", "set save")
    await save(settings, quiet, "some", Choice(("s3://cold/a/",)))
    async with open_session(settings) as session:
        place, (listing,) = await session.sets.listing_in("some")
        assert (str(place), listing.objects, listing.is_complete) == ("s3://cold", 2, True)
        assert [one.id for one in await session.sets.listings("@some")] == [listing.id], "it is read but once"
        cloud = listing.scope.cloud
        assert session.ledger.totals.covering(cloud, "cold", "") is None, "it is no total of the bucket"
        await clock.advance(3600)
        await save(settings, quiet, "some", Choice(("s3://cold",)), replace=True)
        _, (newer,) = await session.sets.listing_in("some", "cold")
        assert newer.objects == 3
        with pytest.raises(UsageError, match="has nothing in 'other'"):
            await session.sets.listing_in("some", "other")
