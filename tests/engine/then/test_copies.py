"""Objects are kept for good, each copied once, whatever the cloud answers."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.errors import GuardStopped, UsageError
from restoretui.core.model import State, Tier
from restoretui.core.then.contents import CopyTarget
from restoretui.core.then.parts import GIB, part_size
from restoretui.core.then.said import read_steps
from restoretui.engine.then import runner
from restoretui.sandbox.state.bucket import Transition
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import GLACIER, done, finished, planned, sent, tasks
from tests.settling import settle


async def test_objects_are_kept_in_place_with_their_metadata_tags_and_key(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for number in range(40):
        running.cloud.put("cold", f"{number:02}", body=b"%d" % number, **GLACIER)
    bucket = running.cloud.bucket("cold")
    _, row = bucket.find("07", None)
    kept = {"x-amz-meta-from": "tape 7", "Content-Type": "image/tiff"}
    kms = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "arn:key"}
    bucket.extras[row.tag].headers.update(kept | kms)
    bucket.extras[row.tag].tags["project"] = "a b&c"
    session = await session_on(running)
    run = await done(session, ["copy"])
    (copies,) = run.then
    assert (copies.done, copies.failed, copies.total) == (40, 0, 40)
    assert {running.cloud.state("cold", f"{number:02}") for number in range(40)} == {State.ONLINE}
    assert set(bucket.copied.values()) == {1}
    assert sent(running)["CopyObject"] == 40
    _, row = bucket.find("07", None)
    extra = bucket.extras[row.tag]
    assert (kept | kms).items() <= extra.headers.items()
    assert extra.tags == {"project": "a b&c"}
    await turn(session.clock, lambda: session.clock.now() > run.created_at + timedelta(days=40), step=86_400)
    run = await session.ledger.runs.get(run.id)
    assert run.counts == {State.AVAILABLE: 40}
    assert "copies last" not in (await session.ledger.pruner.find(0)).staying


async def test_what_was_kept_when_we_were_told_to_end_stays_available(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GATHER_S", 1e5)  # what has ended is not written down before that
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", **GLACIER)
    session = await session_on(running)
    run = await planned(session, ["copy"])
    session.start_engine()
    await turn(session.clock, lambda: running.cloud.state("cold", "a") is State.ONLINE)
    await settle()
    assert session.ledger.then.of_run(run.id)[0].done == 0
    await session.aclose()
    session = await session_on(running)
    assert session.ledger.then.of_run(run.id)[0].done == 1
    session.start_engine()
    await turn(session.clock, lambda: session.clock.now() > run.created_at + timedelta(days=40), step=86_400)
    assert (await session.ledger.runs.get(run.id)).counts == {State.AVAILABLE: 1}


async def test_copies_go_elsewhere_and_replace_nothing(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "warm"):
        running.cloud.add_bucket(name)
    for key in ("a", "b", "same"):
        running.cloud.put("cold", f"in/{key}", body=key.encode(), **GLACIER)
    running.cloud.put("warm", "kept/in/b", body=b"somebody's")
    running.cloud.put("warm", "kept/in/same", body=b"same")
    session = await session_on(running)
    run = await done(session, ["copy:s3://warm/kept/"], "s3://cold/in/")
    found = await tasks(session, run)
    assert {key: row.state.value for (_, key), row in found.items()} == {
        "in/a": "done", "in/b": "failed", "in/same": "done",
    }  # fmt: skip
    assert "is not overwritten" in found["copy", "in/b"].reason
    assert "already" in found["copy", "in/same"].reason
    warm = running.cloud.bucket("warm")
    assert warm.copied == {"kept/in/a": 1}
    assert running.cloud.state("cold", "in/a") is State.AVAILABLE


async def test_above_five_gib_it_goes_in_parts(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    size = 7 * GIB + 5
    running.cloud.put("cold", "film", size=size, **GLACIER)
    bucket = running.cloud.bucket("cold")
    _, row = bucket.find("film", None)
    session = await session_on(running)
    run = await planned(session, ["copy"])
    from restoretui.sandbox.state.bucket import Extra

    bucket.extras[row.tag] = Extra(headers={"x-amz-meta-reel": "1"}, tags={"k": "v"})
    session.start_engine()
    run = await finished(session, run)
    assert run.then[0].done == 1
    requests = sent(running)
    assert requests["UploadPartCopy"] == -(-size // part_size(size))
    assert requests["CreateMultipartUpload"] == requests["CompleteMultipartUpload"] == 1
    assert not bucket.uploads
    _, row = bucket.find("film", None)
    assert row.size == size
    assert bucket.extras[row.tag].headers["x-amz-meta-reel"] == "1"
    assert bucket.extras[row.tag].tags == {"k": "v"}


async def test_parts_that_are_there_are_not_copied_again(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "film", size=8 * GIB, **GLACIER)
    running.faults.set([{"kind": "outage", "operations": ["UploadPartCopy"], "skip": 20}], running.cloud.now())
    session = await session_on(running)
    run = await planned(session, ["copy"])
    session.start_engine()
    await turn(running.clock, lambda: sent(running).get("UploadPartCopy", 0) > 20)
    await session.aclose()
    (upload,) = running.cloud.bucket("cold").uploads.values()
    have = len(upload.parts)
    assert 0 < have <= 20
    running.faults.clear()
    before = sent(running)["UploadPartCopy"]
    session = await session_on(running)
    session.start_engine()
    run = await finished(session, run)
    assert run.then[0].done == 1
    assert sent(running)["CreateMultipartUpload"] == 1
    assert sent(running)["UploadPartCopy"] - before == 32 - have
    assert running.cloud.bucket("cold").copied == {"film": 1}


async def test_what_is_refused_for_good_leaves_no_upload(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "film", size=6 * GIB, **GLACIER)
    running.faults.set([{"kind": "deny", "operations": ["UploadPartCopy"], "skip": 3}], running.cloud.now())
    session = await session_on(running)
    run = await done(session, ["copy"])
    assert run.then[0].failed == 1
    assert "denied" in (await tasks(session, run))["copy", "film"].reason
    assert not running.cloud.bucket("cold").uploads


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 200, "code": "SlowDown", "times": 3},
        {"kind": "error", "status": 200, "code": "InternalError", "times": 2},
        {"kind": "empty", "times": 2},
        {"kind": "truncate", "times": 2},
        {"kind": "drop", "when": "after", "times": 2},
        {"kind": "drop", "when": "before", "times": 2},
        {"kind": "error", "status": 503, "code": "SlowDown", "times": 3},
        {"kind": "error", "status": 409, "code": "ConditionalRequestConflict", "times": 1},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}{fault.get('when', '')} {fault.get('code', '')}",
)
async def test_whatever_is_answered_each_copy_is_made_once(
    sandbox: StartSandbox, session_on: OpenSession, fault: dict[str, Any]
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold", versioning=True)
    for number in range(3):
        running.cloud.put("cold", f"{number}", body=b"%d" % number, **GLACIER)
    running.faults.set([{"operations": ["CopyObject"], **fault}], running.cloud.now())
    session = await session_on(running)
    run = await done(session, ["copy"])
    assert run.then[0].done == 3
    assert running.cloud.bucket("cold").copied == {"0": 1, "1": 1, "2": 1}


async def test_what_was_overwritten_deleted_or_expired_meanwhile_is_said_and_the_rest_goes_on(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in ("deleted", "fine", "overwritten"):
        running.cloud.put("cold", key, size=1000, **GLACIER)
    session = await session_on(running)
    run = await planned(session, ["copy:s3://cold/kept/"])
    running.faults.set([{"kind": "outage", "operations": ["CopyObject"]}], running.cloud.now())
    session.start_engine()

    restores = running.cloud.bucket("cold").restores
    await turn(running.clock, lambda: len(restores) == 3, step=5)
    for tag, restore in list(restores.items()):
        restores[tag] = restore._replace(ready=running.cloud.now())  # All at once: none is given up before another.

    async def all_tried() -> bool:
        readable = (await session.ledger.runs.get(run.id)).counts.get(State.AVAILABLE)
        return readable == 3 and sent(running).get("CopyObject", 0) > 2

    await turn(running.clock, all_tried)
    await session.aclose()
    running.cloud.delete("cold", "deleted")
    running.cloud.put("cold", "overwritten", size=1001)
    running.faults.clear()
    session = await session_on(running)
    session.start_engine()
    run = await finished(session, run)
    found = {key: (row.state.value, row.reason) for (_, key), row in (await tasks(session, run)).items()}
    assert found["fine"][0] == "done"
    assert found["deleted"] == ("failed", "the object was deleted since it was planned")
    assert found["overwritten"][0] == "failed"
    assert "overwritten" in found["overwritten"][1]


async def test_a_copy_that_expired_before_it_was_kept_says_so_and_can_be_tried_again(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "late", size=1000, **GLACIER)
    session = await session_on(running)
    run = await planned(session, ["copy"], days=1)
    running.faults.set([{"kind": "outage", "operations": ["CopyObject"]}], running.cloud.now())
    session.start_engine()
    await turn(running.clock, lambda: sent(running).get("CopyObject", 0) > 0)
    await session.aclose()
    await running.clock.advance(5 * 86_400)  # type: ignore[attr-defined]
    running.faults.clear()
    session = await session_on(running)
    session.start_engine()
    run = await finished(session, run)
    assert run.then_failed == 1
    assert "restore it again" in (await tasks(session, run))["copy", "late"].reason
    running.cloud.restore("cold", "late", days=30, tier=Tier.EXPEDITED)
    await running.clock.advance(3600)  # type: ignore[attr-defined]
    offer = await session.spending.offer_then(run.id)
    assert (offer.objects, offer.size_bytes) == (1, 1000)
    consent = await session.spending.agree([offer])
    assert await session.spending.retry_then(consent, run.id) == 1
    run = await finished(session, run)
    assert (run.then[0].done, run.then_failed) == (1, 0)


async def test_a_version_that_is_not_current_is_not_laid_above_a_newer_one(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold", versioning=True)
    old = running.cloud.put("cold", "k", body=b"old", **GLACIER)
    running.cloud.put("cold", "k", body=b"newer")
    session = await session_on(running)
    run = await done(session, ["copy", "copy:s3://cold/elsewhere/"], f"s3://cold/k?versionId={old}")
    first, second = [row for _, row in await session.ledger.then.rows(run.id)]
    assert "not the current one" in first.reason
    assert second.reason == "not begun: the step before it failed"
    assert running.cloud.bucket("cold").copied == {}
    run = await done(session, ["copy:s3://cold/elsewhere/"], f"s3://cold/k?versionId={old}")
    assert run.then[0].done == 1
    assert running.cloud.bucket("cold").copied == {"elsewhere/k": 1}


async def test_a_target_that_is_missing_is_said_before_anything_is_planned(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=1000, **GLACIER)
    session = await session_on(running)
    with pytest.raises(UsageError, match="there is no bucket 'nowhere'"):
        await planned(session, ["copy:s3://nowhere/"])
    assert not await session.ledger.runs.list()


async def test_the_plan_has_what_copies_cost_and_names_what_would_undo_them(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.bucket("cold").transitions = (Transition("to-tape", "", 30, "GLACIER"),)
    for number in range(10):
        running.cloud.put("cold", f"{number}", size=GIB, **GLACIER)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    bare = await session.plan(sel, 30)
    plan = await session.then.planned(bare, read_steps(["copy", f"download:{tmp_path}"]))
    copies, downloads = plan.tiers[Tier.BULK].then
    assert copies.per_month == Decimal("0.23")
    assert Decimal("0.23") < copies.cost.then < Decimal("0.24")
    assert downloads.cost.then == Decimal("0.9")
    difference = plan.tiers[Tier.BULK].cost.total - bare.tiers[Tier.BULK].cost.total
    assert difference == copies.cost.then + downloads.cost.then
    assert plan.identity(Tier.BULK) != bare.identity(Tier.BULK)
    said = " ".join(await session.then.remarks(plan))
    assert "lifecycle rule 'to-tape' of cold archives the copies again, to GLACIER 30 days" in said
    assert "keeps no versions" in said
    with pytest.raises(GuardStopped, match="more than the"):
        await session.confirm(sel, plan, Tier.BULK, max_cost=bare.tiers[Tier.BULK].cost.total + 1)


async def test_nothing_is_done_by_a_read_only_session(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=1000, **GLACIER)
    session = await session_on(running)
    run = await planned(session, ["copy"])
    session.start_engine()
    await turn(running.clock, lambda: running.cloud.state("cold", "a") is State.RESTORING)
    await session.aclose()
    session = await session_on(running, read_only=True)
    session.start_engine()

    async def arrived() -> bool:
        return bool((await session.ledger.runs.get(run.id)).counts.get(State.AVAILABLE))

    await turn(running.clock, arrived)
    await running.clock.advance(3600)  # type: ignore[attr-defined]
    assert (await session.ledger.runs.get(run.id)).then_open
    assert "CopyObject" not in sent(running)
    with pytest.raises(GuardStopped, match="read-only"):
        await planned(session, ["copy"])
    provider = await session.provider()
    with pytest.raises(GuardStopped):
        provider.contents().copy(None, CopyTarget("a", "b", "STANDARD"))  # type: ignore[attr-defined]


async def test_what_was_not_begun_can_be_given_up(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=1000, **GLACIER)
    session = await session_on(running)
    running.cloud.restore("cold", "a", days=30, tier=Tier.EXPEDITED)
    await running.clock.advance(3600)  # type: ignore[attr-defined]
    run = await planned(session, ["copy"], days=1)
    assert run.then[0].open == 1
    await session.cancel(run.id)
    run = await session.ledger.runs.get(run.id)
    assert not run.then_open
    session.start_engine()
    await running.clock.advance(3600)  # type: ignore[attr-defined]
    assert "CopyObject" not in sent(running)
