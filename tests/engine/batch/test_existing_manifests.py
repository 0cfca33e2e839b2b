"""Jobs from manifests that exist: run from where they lie, or uploaded; what no job could run from is refused."""

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import GuardStopped, PlanChanged, RestoreTuiError
from restoretui.core.model import State, Tier
from restoretui.core.plan.money import Amount
from restoretui.core.plan.offers import offer_of
from restoretui.ledger.batches.batch_jobs import BatchJobs
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.session.batch.found_manifest import FoundManifest
from restoretui.session.session import Session
from tests.engine.agreeing import retry_jobs
from tests.engine.batch.confirming import OPTIONS, counts, jobs, until
from tests.engine.clock_control import turn
from tests.engine.conftest import OpenSession
from tests.narrowing import there

SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, StorageClass"


def rows_of(keys: Sequence[str], bucket: str = "cold") -> bytes:
    return "".join(f"{bucket},{quote(key, safe='/')}\n" for key in keys).encode()


FLEXIBLE = [f"g/{number:03d} ü" for number in range(30)]


def put(running: RunningSandbox, body: bytes, key: str = "lists/m.csv") -> str:
    if "lists" not in running.cloud.buckets:
        running.cloud.add_bucket("lists")
    running.cloud.put("lists", key, body)
    return f"s3://lists/{key}"


def put_inventory(
    running: RunningSandbox, lines: Sequence[str], *, cut: int = 0, schema: str = SCHEMA, wrong: bool = False
) -> str:
    data = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    data = data[: len(data) - cut]
    put(running, data, "inv/data/1.csv.gz")
    told = md5(b"another" if wrong else data).hexdigest()
    manifest = {
        "sourceBucket": "cold", "destinationBucket": "arn:aws:s3:::lists", "version": "2016-11-30",
        "creationTimestamp": "1768435200000", "fileFormat": "CSV", "fileSchema": schema,
        "files": [{"key": "inv/data/1.csv.gz", "size": len(data), "MD5checksum": told}],
    }  # fmt: skip
    return put(running, json.dumps(manifest).encode(), "inv/2026-01-15T00-00Z/manifest.json")


async def found_of(session: Session, named: str) -> FoundManifest:
    return await session.manifests.find(named, whole=True)


async def confirmed(session: Session, found: FoundManifest, options: BatchOptions = OPTIONS) -> int:
    options = BatchOptions(options.role_arn, existing=found.existing, file=str(found.path or ""))
    plan = await session.manifests.plan(found, await session.manifests.sample(found), 3)
    consent = await session.spending.agree([offer_of(plan, Tier.STANDARD)])
    run = await session.spending.restore_manifest(consent, session.manifests, found, plan, Tier.STANDARD, options)
    return run.id


async def test_a_manifest_in_a_bucket_is_run_from_where_it_lies(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    named = put(running, rows_of([*FLEXIBLE, "g/000 ü"]))
    session = await session_on(running)
    found = await found_of(session, named)
    assert (found.bucket, found.rows, found.versions, len(found.refs)) == ("cold", 31, False, 20)
    assert len(set(found.refs)) == 20
    assert found.refs[-1].key > FLEXIBLE[25]
    plan = await session.manifests.plan(found, await session.manifests.sample(found), 3)
    offer = offer_of(plan, Tier.STANDARD)
    assert (offer.objects, offer.unpriced, offer.size_bytes) == (31, 31, 0)
    assert float(offer.cost) == pytest.approx(0.250031)
    with pytest.raises(GuardStopped, match="the price of 31 objects is unknown"):
        await session.spending.agree([offer], limits=[Amount(1000)])  # type: ignore[arg-type]
    running.faults.set([{"kind": "task-failure", "prefix": "g/007", "status": 500, "code": "Oops"}], 0)
    run_id = await confirmed(session, found)
    assert await counts(session, run_id) == {State.PLANNED: 30}, "what stands there twice is one object"
    assert await until(session, run_id, State.AVAILABLE, State.FAILED, step=120) == {
        State.AVAILABLE: 29, State.FAILED: 1,
    }  # fmt: skip
    (batch,) = session.batch.ours(run_id)
    assert (batch.total, (await session.batch.job(batch.job_id)).manifest) == (31, named)
    assert running.stats.requests["PutObject"] == running.stats.requests["RestoreObject"] == 0
    run = await session.ledger.runs.get(run_id)
    assert (run.unpriced, run.told_bytes, run.by_jobs) == (31, None, True)
    running.faults.set([], 0)
    assert await retry_jobs(session, run_id, batch.options) == 1
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 30}
    assert running.stats.requests["PutObject"] == 1, "a retry writes a manifest of its own"
    await session.batch.clean(batch)
    assert running.cloud.state("lists", "lists/m.csv") is State.ONLINE, "it is not ours to delete"


@pytest.mark.parametrize("step", ["creating", "created"])
async def test_one_that_is_killed_makes_one_job_of_the_same_manifest(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, await found_of(session, put(running, rows_of(FLEXIBLE))))
    reached, original = asyncio.Event(), getattr(BatchJobs, step)

    async def stuck(self: BatchJobs, *args: Any) -> None:
        await original(self, *args)
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(BatchJobs, step, stuck)
    session.start_engine()
    await turn(session.clock, reached.is_set, step=5)
    await session.aclose()
    monkeypatch.setattr(BatchJobs, step, original)
    again = await session_on(running)
    assert await until(again, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 30}
    (job,) = await jobs(again)
    assert (await again.batch.job(job.job_id)).manifest == "s3://lists/lists/m.csv"
    assert {tuple(one["statuses"]) for one in running.control.restores("cold")} == {(202,)}


async def test_a_file_is_uploaded_with_its_versions(
    running: RunningSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    bucket = running.cloud.add_bucket("kept", versioning=True)
    ids = [there(running.cloud.put("kept", "a b+c", size=9, storage_class="GLACIER")) for _ in range(3)]
    del bucket
    path = tmp_path / "mine.csv"
    path.write_text("Bucket,Key,VersionId\n" + "".join(f"kept,a%20b%2Bc,{one}\n" for one in ids[:2]))
    session = await session_on(running)
    found = await found_of(session, str(path))
    assert (found.rows, found.versions, found.existing) == (2, True, None)
    run_id = await confirmed(session, found)
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 2}
    asked = {one["version_id"] for one in running.control.restores("kept")}
    assert asked == set(ids[:2])
    (batch,) = session.batch.ours(run_id)
    assert "kept/restoretui/manifests/" in (await session.batch.job(batch.job_id)).manifest


async def test_an_inventory_is_run_as_it_was_written(running: RunningSandbox, session_on: OpenSession) -> None:
    lines = [f'"cold","g/{n:03d}+%C3%BC","","true","false","10","GLACIER"' for n in range(20)]
    named = put_inventory(running, [*lines, '"cold","g/1","x","true","true","",""'])
    session = await session_on(running)
    found = await found_of(session, named)
    assert (found.rows, found.size_bytes) == (20, 200)
    assert any("1 of its rows are delete markers" in note for note in found.notes)
    assert any("20 of its rows are null versions" in note for note in found.notes)
    begun = put_inventory(
        running, [line.replace('"",', "", 1) for line in lines], schema=SCHEMA.replace(" VersionId,", "")
    )
    found = await found_of(session, begun)
    plan = await session.manifests.plan(found, await session.manifests.sample(found), 3)
    offer = offer_of(plan, Tier.BULK)
    assert offer.unpriced == 0
    assert float(offer.cost) == pytest.approx(0.25 + 20 * 0.000001 + 20 * 0.000025, rel=0.01)
    assert found.classes == {"GLACIER": (20, 200)}
    run_id = await confirmed(session, found)
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 20}
    (batch,) = session.batch.ours(run_id)
    assert (await session.batch.job(batch.job_id)).manifest == named


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"cold\n", "row 1 of s3://lists/lists/m.csv has 1 column, where two or three are meant"),
        (b"cold,g/1\nhot,g/2\n", "row 2 of s3://lists/lists/m.csv is in the bucket 'hot'"),
        (b"cold,g/1,v\ncold,g/2,\n", "row 2 of s3://lists/lists/m.csv has no version id, unlike others"),
        (b"Bucket,Key\ncold,g/1\n", "begins with headings, which a job takes for an object"),
        (b"", "names no object"),
        (b"cold,%ff\n", "row 1 of s3://lists/lists/m.csv names no key: it is not UTF-8"),
        (b"cold,no/such\n", "none of the 1 objects of the manifest that were looked at can be found"),
        (gzip.compress(b"cold,g/1\n", mtime=0), "is packed, and a job reads a CSV manifest as it is"),
        (b"nowhere,g/1\n", "there is no bucket 'nowhere'"),
    ],
)  # fmt: skip
async def test_what_no_job_could_run_from_is_told_in_a_sentence(
    running: RunningSandbox, session_on: OpenSession, body: bytes, says: str
) -> None:
    named = put(running, body)
    session = await session_on(running)
    with pytest.raises(RestoreTuiError) as refused:
        await session.manifests.sample(await found_of(session, named))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_damaged_inventories_are_told_in_a_sentence(running: RunningSandbox, session_on: OpenSession) -> None:
    lines = [f'"cold","g/{n:03d}+%C3%BC","","true","false","10","GLACIER"' for n in range(20)]
    session = await session_on(running)
    hot = [line.replace("cold", "hot") for line in lines]
    makes: list[tuple[Callable[[], str], str]] = [
        (partial(put_inventory, running, lines, cut=9), "the gzip stream is cut off"),
        (partial(put_inventory, running, lines, wrong=True), "is not what its checksum in the manifest says"),
        (partial(put_inventory, running, lines, schema="Bucket, Size"), "has no column Key"),
        (partial(put_inventory, running, hot), "holds objects of 'hot'"),
        (lambda: "s3://lists/inv/2020-01-01T00-00Z/manifest.json", "there is no manifest"),
    ]
    for make, says in makes:
        with pytest.raises(RestoreTuiError, match=says):
            await found_of(session, make())


async def test_a_manifest_that_changed_since_the_plan_sends_nothing(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    found = await found_of(session, put(running, rows_of(FLEXIBLE)))
    put(running, rows_of(FLEXIBLE[:5]))
    with pytest.raises(RestoreTuiError, match="changed meanwhile: it has another ETag"):
        await confirmed(session, found)
    found = await found_of(session, put(running, rows_of(FLEXIBLE)))
    plan = await session.manifests.plan(found, await session.manifests.sample(found), 3)
    other = await found_of(session, put(running, rows_of(FLEXIBLE[:5])))
    consent = await session.spending.agree([offer_of(plan, Tier.BULK)])
    with pytest.raises(PlanChanged, match="5 rows now, and not 30"):
        await session.spending.restore_manifest(
            consent, session.manifests, other, plan, Tier.BULK, BatchOptions(BATCH_ROLE_ARN, existing=other.existing)
        )
    assert not await session.ledger.runs.list()


async def test_a_plan_reads_no_more_than_the_beginning_of_a_long_one(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restoretui.session.batch.manifests.BEGUN", 1 << 20)
    named = put(running, rows_of(FLEXIBLE) * 12_000)
    session = await session_on(running)
    found = await session.manifests.find(named, whole=False)
    assert not found.is_whole
    assert found.rows == pytest.approx(360_000, rel=0.01)
