"""A bucket's inventory becomes a listing that browsing, totals, filters, marks and plans work on, and is never newer
than what was looked at since."""

import gzip
import json
import os
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.errors import InventoryUnreadable, RestoreTuiError, UsageError
from restoretui.core.filter.parser import parse_filter
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import Query
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.world.inventory import write_inventory
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession

PLACE = parse_location("s3://cold")


@pytest.fixture
async def world(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.add_bucket("inv")
    for number in range(3000):
        name = "GLACIER" if number % 3 else "STANDARD"
        running.cloud.put("cold", f"p{number % 7}/a b+{number:05d}", size=10, storage_class=name)
    return running


async def imported(session: Session, named: str = "s3://inv/", place: str = "s3://cold", **more: Any) -> Any:
    return await session.inventories.at(parse_location(place), named, **more)


async def keys_in(session: Session, listing_id: int, where: str = "") -> list[str]:
    view = await session.ledger.catalog.browse(listing_id, Query(parse_filter(where) if where else None))
    await view.wait()
    found = [row.ref.key for row in view.rows(0, 10_000)]
    await view.aclose()
    return found


async def test_it_is_a_listing_in_key_order_with_totals_and_filters(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    write_inventory(world.cloud, "cold", "inv", rows_a_file=700)
    session = await session_on(world)
    found = await imported(session)
    keys = await keys_in(session, found.listing.id)
    assert keys == sorted(keys)
    assert len(keys) == found.listing.objects == found.seen == 3000
    assert all("a b+" in key for key in keys)
    assert len(await keys_in(session, found.listing.id, "state:archived")) == 2000
    assert found.listing.started_at <= session.clock.now()
    totals = session.ledger.totals.of(found.listing)
    assert totals is not None
    assert (totals.archived.objects, totals.whole.size_bytes) == (2000, 30_000)
    assert [one.prefix for one in await session.ledger.totals.below(found.listing)] == [f"p{at}/" for at in range(7)]


async def test_the_newest_whole_one_is_taken_and_read_but_once(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    now = world.cloud.now()
    write_inventory(world.cloud, "cold", "inv", at=now - 172_800)
    world.cloud.put("cold", "since", size=1, storage_class="GLACIER")
    newest = write_inventory(world.cloud, "cold", "inv", at=now - 86_400)
    half = write_inventory(world.cloud, "cold", "inv", at=now)
    world.cloud.delete("inv", half.manifest.replace("manifest.json", "manifest.checksum"))
    session = await session_on(world)
    found = await imported(session)
    assert found.listing.objects == 3001
    again = await imported(session, f"s3://inv/{newest.manifest}")
    assert (again.listing.id, again.seen) == (found.listing.id, 0)
    assert (await imported(session, "imported")).listing.id == found.listing.id


async def test_it_is_found_by_the_configuration_of_its_bucket(world: RunningSandbox, session_on: OpenSession) -> None:
    session, now = await session_on(world), world.cloud.now()
    with pytest.raises(UsageError, match="cold has no inventory configured that lists all of this"):
        await imported(session, "configured")
    for name, at in (("daily", now - 86_400), ("weekly", now - 90_000), ("logs", now)):
        write_inventory(world.cloud, "cold", "inv", prefix="mon/", name=name, at=at)
    rules = world.cloud.bucket("cold").inventory_rules
    rules["logs"] += "<Filter><Prefix>logs/</Prefix></Filter>"
    # One says where the next one will be: there is none so far, and the newest of the others is taken.
    rules["daily"] = rules["daily"].replace("<Prefix>mon</Prefix>", "<Prefix>tue</Prefix>")
    found = await imported(session, "configured")
    assert found.listing.started_at.timestamp() == pytest.approx(now - 90_000, abs=1)
    del rules["weekly"]
    with pytest.raises(UsageError, match="there is no inventory in s3://inv/tue/cold/daily/"):
        await imported(session, "configured")
    part = await session.inventories.configured(parse_location("s3://cold/logs/2020/"))
    assert part is not None
    assert "/logs/" in part.called


async def test_below_a_prefix_and_by_a_filter_only_that_is_kept(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    write_inventory(world.cloud, "cold", "inv")
    session = await session_on(world)
    part = await imported(session, place="s3://cold/p3/", where=parse_filter("class:glacier state:archived"))
    listed = await keys_in(session, part.listing.id)
    assert part.listing.origin.only == "class:glacier"
    assert part.seen == 3000
    assert 0 < len(listed) < 400
    assert {key[:3] for key in listed} == {"p3/"}
    assert session.ledger.totals.covering(part.listing.scope.cloud, "cold", "p3/") is None, "it is no total of p3/"
    whole = await imported(session)
    cut = await imported(session, "imported", place="s3://cold/p4/")
    assert await keys_in(session, cut.listing.id) == [
        key for key in await keys_in(session, whole.listing.id) if key.startswith("p4/")
    ]


async def test_versions_are_those_of_the_cloud(sandbox: StartSandbox, session_on: OpenSession) -> None:
    world = await sandbox(empty=True, clock=TurnedClock())
    world.cloud.add_bucket("cold", versioning=True)
    world.cloud.add_bucket("inv")
    for key in ("a", "b", "b", "c"):
        world.cloud.put("cold", key, size=1, storage_class="GLACIER")
    world.cloud.delete("cold", "c")
    write_inventory(world.cloud, "cold", "inv")
    session = await session_on(world)
    assert await keys_in(session, (await imported(session)).listing.id) == ["a", "b"]
    every = (await imported(session, versions=True)).listing
    told = await session.listed(await session.open_listing(PLACE, recursive=True, versions=True))

    async def ids(listing_id: int) -> list[tuple[str, str | None]]:
        view = await session.ledger.catalog.browse(listing_id)
        return [(row.ref.key, row.ref.version_id) for row in view.rows(0, 10)]

    assert await ids(every.id) == await ids(told.id)


async def test_a_plan_looks_at_what_is_chosen_by_the_cheaper_way(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    write_inventory(world.cloud, "cold", "inv")
    restored = "p1/a b+00001"
    bucket = world.cloud.bucket("cold")
    world.cloud.begin_restore(bucket, bucket.current(restored)[1], Tier.EXPEDITED, 3, world.cloud.now() - 86_400)
    session = await session_on(world)
    found = await imported(session)
    world.stats.reset()
    sel = await session.ledger.selections.create()
    # All of p1/ is dense: pages. Of each other prefix a few: HEADs.
    await session.selecting.listed(sel, found.listing, Query(parse_filter("p1/* | *00[0-9]5 | *0[0-9]10")))
    assert not world.stats.as_dict()["requests"], "nothing is asked before the plan"
    await session.selecting.look(sel)
    looks, asked = session.selecting.looks, world.stats.as_dict()["requests"]
    assert (asked["ListObjectsV2"], asked["HeadObject"]) == (looks.pages, looks.heads)
    chosen = (await session.ledger.selections.summary(sel)).objects
    assert 0 < looks.pages <= 2
    assert looks.heads + 12.5 * looks.pages < chosen
    plan = await session.plan(sel, 1)
    reasons = {line.verdict.reason for line in plan.tiers[Tier.STANDARD].lines}
    assert any("restored until" in reason for reason in reasons), "the copy that no inventory tells of was seen"


async def test_what_is_deleted_since_is_found_out_and_a_newer_look_wins(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    write_inventory(world.cloud, "cold", "inv", at=world.cloud.now() - 86_400)
    world.cloud.delete("cold", "p1/a b+00001")
    session = await session_on(world)
    found = await imported(session)
    sel = await session.ledger.selections.create()
    await session.selecting.listed(sel, found.listing, Query(parse_filter("p1/*")))
    await session.selecting.look(sel)
    facts = (await session.ledger.selections.facts(sel))[found.listing.scope.cloud]
    archived = sum(group.objects for group in facts if group.facts.storage_class == "GLACIER")
    expected = sum(1 for number in range(1, 3000, 7) if number % 3) - 1
    assert archived == expected
    again = await imported(session, "imported")
    view = await session.ledger.catalog.browse(again.listing.id, Query(parse_filter("p1/*00001")))
    assert [(row.gone, row.state) for row in view.rows(0, 1)] == [(True, State.UNKNOWN)]


async def test_local_copies_are_read_too(world: RunningSandbox, session_on: OpenSession, tmp_path: Path) -> None:
    written = write_inventory(world.cloud, "cold", "inv", rows_a_file=900)
    for row in world.cloud.bucket("inv").rows():
        there = tmp_path / "copy" / row.key
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(b"".join(map(bytes, world.cloud.bucket("inv").body(row))))
    session = await session_on(world)
    for named in (str(tmp_path / "copy"), str(tmp_path / "copy" / written.manifest)):
        assert (await imported(session, named)).listing.objects == 3000


def written_here(folder: Path, rows: str, schema: str, *keys: str) -> str:
    """An inventory on this machine, of one file of rows unless it names others."""
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text(rows)
    told = {
        "sourceBucket": "cold", "destinationBucket": "arn:aws:s3:::inv", "version": "2016-11-30",
        "creationTimestamp": "1768435200000", "fileFormat": "CSV", "fileSchema": schema,
        "files": [{"key": key} for key in keys or ("rows.csv",)],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(told))
    return f"{folder}/"


async def test_what_is_named_twice_is_there_once(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    (await sandbox(empty=True)).cloud.add_bucket("cold")
    session = await session_on(await sandbox(empty=True))
    rows = "".join(
        f"cold,{key:05},{size},2026-01-0{size}T00:00:00Z,GLACIER\n" for size in (1, 2) for key in range(1500)
    )
    schema = "Bucket, Key, Size, LastModifiedDate, StorageClass"
    found = await imported(session, written_here(tmp_path, rows + rows, schema))
    assert (found.listing.objects, found.listing.size_bytes, found.seen, found.repeated) == (1500, 3000, 6000, 4500)
    versions = "".join(f"cold,k,{at // 2},{at < 2},2026-01-01T00:00:00Z,GLACIER\n" for at in range(4))
    schema = "Bucket, Key, VersionId, IsLatest, LastModifiedDate, StorageClass"
    found = await imported(session, written_here(tmp_path / "v", versions, schema), versions=True)
    assert (found.listing.objects, found.repeated) == (2, 2)
    with pytest.raises(UsageError, match="which versions are current cannot be told"):
        await imported(session, written_here(tmp_path / "w", versions, schema.replace("IsLatest", "X")))


@pytest.mark.parametrize(
    ("key", "words"),
    [("/etc/passwd", "is not there"), ("x/../../secret", "outside of its folder"), ("data/pipe", "is not there")],
)
async def test_files_lie_around_their_manifest_whatever_it_says(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, key: str, words: str
) -> None:
    session = await session_on(await sandbox(empty=True))
    named = written_here(tmp_path, "", "Bucket, Key, StorageClass", key)
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "pipe")
    with pytest.raises(InventoryUnreadable, match=words):
        await imported(session, named)


def rewritten(world: RunningSandbox, key: str, change: Callable[[bytes], bytes], *, told: bool = True) -> None:
    """Change a file of the inventory; ``told``: the manifest knows."""
    bucket = world.cloud.bucket("inv")
    body = change(b"".join(map(bytes, bucket.body(bucket.current(key)[1]))))
    world.cloud.put("inv", key, body)
    if told:
        folder = key[: key.rindex("/") + 1]
        if not key.endswith("manifest.json"):
            manifest = next(row.key for row in bucket.rows() if row.key.endswith("manifest.json"))
            digest = md5(body, usedforsecurity=False).hexdigest()

            def noted(data: bytes) -> bytes:
                whole = json.loads(data)
                whole["files"][0]["MD5checksum"] = digest
                return json.dumps(whole).encode()

            rewritten(world, manifest, noted)
        else:
            world.cloud.put(
                "inv", f"{folder}manifest.checksum", md5(body, usedforsecurity=False).hexdigest().encode()
            )


async def test_half_a_file_is_told_by_its_size_where_the_manifest_has_no_checksum(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    written = write_inventory(world.cloud, "cold", "inv")
    key = next(row.key for row in world.cloud.bucket("inv").rows() if row.key.endswith(".csv.gz"))

    def half(data: bytes) -> bytes:
        lines = gzip.decompress(data).splitlines(keepends=True)
        return gzip.compress(b"".join(lines[: len(lines) // 2]))

    def unsummed(data: bytes) -> bytes:
        told = json.loads(data)
        for file in told["files"]:
            del file["MD5checksum"]
        return json.dumps(told).encode()

    rewritten(world, key, half, told=False)
    rewritten(world, written.manifest, unsummed)
    session = await session_on(world)
    with pytest.raises(InventoryUnreadable, match="bytes, and by the manifest"):
        await imported(session)


async def test_a_plus_that_turns_out_to_be_a_blank_is_one_in_all_files(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    written = write_inventory(world.cloud, "cold", "inv", rows_a_file=1500)
    manifest = json.loads(b"".join(map(bytes, world.cloud.bucket("inv").body(
        world.cloud.bucket("inv").current(written.manifest)[1]
    ))))  # fmt: skip
    first = manifest["files"][0]["key"]
    rewritten(world, first, lambda data: gzip.compress(gzip.decompress(data).replace(b"%2B", b"-")))
    rewritten(world, written.manifest, of("version", "2019-09-01"))
    session = await session_on(world)
    found = await imported(session)
    keys = await keys_in(session, found.listing.id)
    assert {key[3:7] for key in keys} == {"a b-", "a b+"}
    assert (found.seen, len(keys)) == (3000, 3000)


def of(field: str, value: Any) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), field: value}).encode()


@pytest.mark.parametrize(
    ("which", "change", "told", "error", "words"),
    [
        ("manifest.json", of("sourceBucket", "other"), True, UsageError, "of the bucket 'other', and not of 'cold'"),
        ("manifest.json", of("version", "x"), False, InventoryUnreadable, "not what its checksum says"),
        ("manifest.json", of("fileFormat", "Avro"), True, InventoryUnreadable, "Avro"),
        ("manifest.json", of("fileSchema", "Bucket, Key"), True, UsageError, "no column StorageClass"),
        ("manifest.json", lambda _: b"{}", True, InventoryUnreadable, "is no manifest"),
        (".csv.gz", lambda data: data[:-10], False, InventoryUnreadable, "half-fetched, or changed"),
        (".csv.gz", lambda data: data[:-10], True, InventoryUnreadable, "cut off"),
        (".csv.gz", lambda _: gzip.compress(b'"cold","k"\n'), True, InventoryUnreadable, "2 columns"),
        (".csv.gz", lambda data: gzip.compress(gzip.decompress(data).replace(b'"cold"', b'"x"')), True, UsageError,
         "holds objects of 'x'"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_it_is_one_sentence_and_nothing_of_it_is_kept(
    world: RunningSandbox,
    session_on: OpenSession,
    which: str,
    change: Callable[[bytes], bytes],
    told: bool,
    error: type[RestoreTuiError],
    words: str,
) -> None:
    write_inventory(world.cloud, "cold", "inv")
    key = next(row.key for row in world.cloud.bucket("inv").rows() if row.key.endswith(which))
    rewritten(world, key, change, told=told)
    session = await session_on(world)
    with pytest.raises(error, match=words):
        await imported(session)
    assert session.inventories.kept(PLACE) is None


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("s3://cold/", "several folders"),
        ("s3://inv/nothing/", "there is no inventory"),
        ("s3://inv/x/manifest.json", "there is no s3://inv/x/manifest.json"),
        ("/nowhere", "there is no inventory in /nowhere/"),
        ("rows.csv.gz", "name that manifest.json|stands in the manifest.json"),
        ("imported", "no inventory of cold was imported"),
    ],
)
async def test_what_is_no_inventory_is_said(
    world: RunningSandbox, session_on: OpenSession, named: str, words: str
) -> None:
    session = await session_on(world)
    with pytest.raises(UsageError, match=words):
        await imported(session, named)


@pytest.mark.parametrize(
    ("spelt", "days", "heads"), [("FREQUENT", 1, 4), ("Frequent_Access", 1, 4), ("HOT", 1, 24), ("FREQUENT", 61, 24)]
)
async def test_a_tier_that_cannot_be_an_archive_by_now_spares_a_head(
    sandbox: StartSandbox, session_on: OpenSession, spelt: str, days: int, heads: int
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.add_bucket("inv")
    for number in range(24):
        status = "ARCHIVE_ACCESS" if number % 6 == 0 else None
        running.cloud.put(
            "cold", f"t/{number:02d}", size=10, storage_class="INTELLIGENT_TIERING", archive_status=status
        )
    written = write_inventory(running.cloud, "cold", "inv", at=running.cloud.now() - days * 86_400)
    first = json.loads(
        b"".join(
            map(bytes, running.cloud.bucket("inv").body(running.cloud.bucket("inv").current(written.manifest)[1]))
        )
    )["files"][0]["key"]
    rewritten(running, first, lambda data: gzip.compress(gzip.decompress(data).replace(b"FREQUENT", spelt.encode())))
    session = await session_on(running)
    found = await imported(session)
    sel = await session.ledger.selections.create()
    await session.selecting.listed(sel, found.listing)
    await session.selecting.look(sel)
    plan = await session.plan(sel, 1)
    assert (session.selecting.looks.heads, running.stats.requests["HeadObject"]) == (heads, heads)
    assert plan.tiers[Tier.STANDARD].requests == 4
    assert plan.tiers[Tier.STANDARD].counts[Action.NOTHING] == 20
