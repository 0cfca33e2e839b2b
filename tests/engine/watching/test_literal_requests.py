"""Restore requests said literally: sent as they are, once each, and followed to what they make of it."""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from hashlib import md5, sha256
from typing import Any

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.literal.literal import Literal, read_request
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.run_records import Run
from restoretui.ledger.runs.runs import Runs
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3 import adapter
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.wire.call_reply import Call, Reply
from restoretui.session.batch.once_more import check_takes_jobs
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.batch.confirming import until
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession

SELECT = {
    "Type": "SELECT",
    "Tier": "Bulk",
    "Description": "rows of 2019",
    "SelectParameters": {
        "InputSerialization": {"CSV": {"FileHeaderInfo": "USE"}}, "ExpressionType": "SQL",
        "Expression": "SELECT * FROM object s WHERE s._1 > '5'", "OutputSerialization": {"CSV": {}},
    },
    "OutputLocation": {"S3": {"BucketName": "results", "Prefix": "out"}},
}  # fmt: skip


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    served = await sandbox(empty=True, clock=TurnedClock())
    served.cloud.add_bucket("cold")
    served.cloud.add_bucket("results")
    for number in range(12):
        served.cloud.put("cold", f"g/{number:02d}", size=10, storage_class="GLACIER")
    served.cloud.put("cold", "online", size=10)
    served.faults.set([{"kind": "quirk", "name": "select"}], 0)
    return served


async def confirmed(session: Session, said: Literal, days: int = 1) -> Run:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
    await session.check_literal("s3", said)
    session.say_literally(sel, said)
    return await session.confirm(sel, await session.plan(sel, days), said.tier)


def literal(body: dict[str, Any], **more: Any) -> Literal:
    return Literal(read_request(json.dumps(body), "it"), **more)


async def test_a_select_is_taken_as_it_was_said_and_followed_to_its_results(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    run = await confirmed(session, literal(SELECT))
    assert (run.objects, run.unpriced, run.days, run.tier) == (13, 12, 0, Tier.BULK)
    assert await until(session, run.id, State.REQUESTED, State.SKIPPED, step=1)
    came = json.loads(json.dumps(SELECT).replace("{}", '""'))  # An empty element has neither members nor text.
    assert [dict(one.members) for one in running.cloud.selects] == [came] * 12
    plan = await session.plan(await selected(session), 2)
    assert plan.tiers[Tier.BULK].counts[Action.START] == 12, "no copy of it is on its way"
    assert await until(session, run.id, State.AVAILABLE, State.SKIPPED, step=600) == {
        State.AVAILABLE: 12, State.SKIPPED: 1,
    }  # fmt: skip
    view = await session.run_views.job_view(run.id)
    rows = [row for row in view.rows(0, 20) if row.state is State.AVAILABLE]
    await view.aclose()
    paths = {one.path for one in running.cloud.selects}
    assert {row.output_path for row in rows} == paths
    assert {row.reason for row in rows} == {f"its results are at s3://results/{path}" for path in paths}
    assert {tuple(asked["statuses"]) for asked in running.control.restores("cold")} == {(202,)}
    looks = running.stats.requests["ListObjectsV2"]
    assert looks < 150, "one listing a look, and not one an object"
    listing = await session.open_listing(parse_location("s3://cold/g/"), recursive=True, refresh=True)
    shown = await session.ledger.catalog.browse((await session.listed(listing)).id)
    assert {row.state for row in shown.rows(0, 20)} == {State.ARCHIVED}
    await shown.aclose()


async def selected(session: Session) -> int:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold/g/"), refresh=True)
    return sel


@pytest.mark.parametrize("step", ["claim", "apply"])
async def test_one_that_was_killed_is_sent_once_or_left_to_a_person(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    session = await session_on(running)
    run = await confirmed(session, literal(SELECT))
    reached, original = asyncio.Event(), getattr(Runs, step)

    async def stuck(self: Runs, *args: Any, **named: Any) -> Any:
        if step == "apply" and args[0]:
            reached.set()
            await asyncio.Event().wait()
        found = await original(self, *args, **named)
        if step == "claim":
            reached.set()
            await asyncio.Event().wait()
        return found

    monkeypatch.setattr(Runs, step, stuck)
    session.start_engine()
    await turn(session.clock, reached.is_set, step=1)
    monkeypatch.setattr(Runs, step, original)
    await session.aclose()
    again = await session_on(running)
    found = await until(again, run.id, State.AVAILABLE, State.SKIPPED, State.FAILED, step=600)
    asked = Counter(len(one["statuses"]) for one in running.control.restores("cold"))
    assert set(asked) <= {1}, "nothing went out twice"
    assert found.get(State.FAILED, 0) + found.get(State.AVAILABLE, 0) == 12
    causes = [one.reason for one in await again.ledger.runs.causes(run.id) if one.state is State.FAILED]
    assert all("whether it was asked for cannot be seen" in reason for reason in causes)


async def test_where_select_is_closed_it_is_refused_and_an_archive_restore_is_as_ever(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.faults.set([], 0)
    session = await session_on(running)
    run = await confirmed(session, literal(SELECT))
    assert (await until(session, run.id, State.FAILED, State.SKIPPED, step=1))[State.FAILED] == 12
    (cause,) = [one for one in await session.ledger.runs.causes(run.id) if one.state is State.FAILED]
    assert cause.code == "MalformedXML"


async def test_checksums_go_along_and_who_is_charged_is_kept(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Call] = []
    answer = adapter._HANDLERS["RestoreObject"]

    def spy(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
        seen.append(call)
        return answer(cloud, bucket, call)

    monkeypatch.setitem(adapter._HANDLERS, "RestoreObject", spy)
    running.cloud.buckets["cold"].requester_pays = True
    session = await session_on(running)
    body = {"Days": 3, "GlacierJobParameters": {"Tier": "Expedited"}}
    run = await confirmed(session, literal(body, checksum="SHA256", md5=True), days=3)
    assert (await until(session, run.id, State.AVAILABLE, State.SKIPPED, step=60))[State.AVAILABLE] == 12
    assert run.days == 3
    for call in seen:
        assert call.headers["Content-MD5"] == b64encode(md5(call.body).digest()).decode()
        assert call.headers["x-amz-checksum-sha256"] == b64encode(sha256(call.body).digest()).decode()
        assert b"<Days>3</Days>" in call.body
    assert len(seen) == 12
    view = await session.run_views.job_view(run.id)
    assert {row.charged for row in view.rows(0, 20) if row.state is State.AVAILABLE} == {"requester"}
    await view.aclose()
    consent = await session.spending.agree([await session.spending.offer_retry(run.id)])
    assert not consent.offers[0].objects
    with pytest.raises(UsageError, match="its requests are said literally"):
        check_takes_jobs(await session.ledger.runs.get(run.id))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"Days": 1, "OutputLocation": SELECT["OutputLocation"]}, "says Days together with OutputLocation"),
        ({"GlacierJobParameters": {"Tier": "Bulk"}, "Type": "SELECT"}, "GlacierJobParameters together with Type"),
        ({"Dayz": 1}, 'Unknown parameter in input: "Dayz"'),
        ({"Days": "1"}, "Invalid type for parameter Days"),
        ({"GlacierJobParameters": {"Tier": "bulk"}}, "GlacierJobParameters.Tier is 'bulk', and may be Standard"),
        ({"Type": "SELECT", "OutputLocation": {"S3": {"BucketName": "b"}}}, 'Missing required parameter'),
    ],
)  # fmt: skip
async def test_what_the_documents_or_the_model_refuse_is_told_before_anything_is_listed(
    running: RunningSandbox, session_on: OpenSession, body: dict[str, Any], says: str
) -> None:
    session = await session_on(running)
    with pytest.raises(UsageError) as refused:
        await session.check_literal("s3", literal(body))
    assert says in str(refused.value)
    assert not running.stats.requests


async def test_other_clouds_do_not_take_them(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running, oss_endpoint=running.url)
    with pytest.raises(UsageError, match="oss:// takes no restore requests said literally"):
        await session.check_literal("oss", literal({"Days": 1}))
