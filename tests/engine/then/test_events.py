"""Somebody is told of what comes to pass in a run, once each; and nobody waits for what does not."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from restoretui.commands.summary import tell_ends
from restoretui.config.hooks import check_hooks, check_notify, url_of
from restoretui.core.errors import UsageError
from restoretui.core.then.said import read_steps, words_of
from restoretui.core.then.steps import ThenEvent, ThenStep
from restoretui.ledger.then_records import TaskState
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.engine.then.doing import GLACIER, finished, planned
from tests.engine.then.test_commands_and_calls import Receiver, ready


async def test_each_event_is_told_once_and_what_does_not_come_is_not_waited_for(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await ready(sandbox, "a", "b")
    hooks = check_hooks([{"on": ["failed", "expiring"], "webhook": "team"}], "config.toml")
    session = await session_on(running, webhooks={"team": {"url": "https://hooks.example/T0K3N"}}, hooks=hooks)
    receiver = Receiver(503, 200, 200)
    receiver.on(session)
    note = tmp_path / "note.sh"
    says = f'echo "$RESTORETUI_EVENT $RESTORETUI_ID $1" >> {tmp_path}/events'
    note.write_text(f"#!/bin/sh\ncat >> {tmp_path}/told\n{says}\n")
    note.chmod(0o755)
    on = [f"readable=exec:{note} {{run}}", f"done=exec:{note} x"]
    run = await planned(session, ["exec:sh -c 'test $RESTORETUI_KEY = a'"], days=3, on=on)
    assert [(step.step.event, step.step.configured) for step in run.then] == [
        (None, False), ("readable", False), ("done", False), ("failed", True), ("expiring", True),
    ]  # fmt: skip
    session.start_engine()
    run = await finished(session, run)
    each, first, done, failed, expiring = run.then
    assert (each.done, each.failed, first.done, done.done, failed.done) == (1, 1, 1, 1, 1)
    assert expiring.tasks == {TaskState.WAITING: 1}
    assert (expiring.is_news, failed.told) == (False, "webhook on failed 1 of 1")
    assert run.id not in {one.id for one in await session.ledger.runs.open_runs()}
    at, end = run.id, await session.ledger.then.first_end(run.id)
    assert end is not None
    assert (tmp_path / "events").read_text().splitlines() == [
        f"readable {at}-0-{first.id} {at}", f"done {at}-0-{done.id} x",
    ]  # fmt: skip
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert [one["event"] for one in told] == ["readable", "done"]
    assert told[1]["then"] == [{"step": "exec", "done": 1, "failed": 1}]
    assert told[1]["counts"] == {"available": 2}

    def soon() -> bool:
        return len(receiver.calls) == 3

    await turn(session.clock, lambda: session.clock.now().timestamp() > end - 86_400 - 7200, step=3600)
    assert not soon()
    await turn(session.clock, soon, step=300)
    assert end - 86_400 <= session.clock.now().timestamp() < end - 65_000
    types = [json.loads(body)["type"] for _, _, body in receiver.calls]
    assert types == ["restore.run.failed", "restore.run.failed", "restore.run.expiring"]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.calls}) == 2
    assert json.loads(receiver.calls[2][2])["data"]["first_expiry"].endswith("T00:00:00Z")
    since = session.clock.now()
    await turn(session.clock, lambda: session.clock.now() > since + timedelta(days=2), step=7200)
    assert len(receiver.calls) == 3
    assert words_of([step.step for step in run.then]) == [
        "--then", str(each.step), "--on", f"readable={first.step}", "--on", f"done={done.step}",
    ]  # fmt: skip
    assert ThenStep.from_mapping(failed.step.kind, failed.step.target, failed.step.to_mapping()) == failed.step


async def test_who_looks_now_and_then_is_told_of_ends_too(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await ready(sandbox, "a")
    session = await session_on(running, webhooks={"team": {"url": "https://hooks.example/x"}})
    run = await planned(session, [], days=3, on=["expiring=webhook:team"])
    session.start_engine()
    run = await finished(session, run)
    await session.stop()
    await session.then.look_at_ends()
    assert await session.run_views.ending(run, 86_400) == (0, None)
    assert run.id not in {one.id for one in await session.ledger.runs.open_runs()}
    await hands(session.clock).advance(2.5 * 86_400)
    said: list[str] = []
    output: Any = SimpleNamespace(say=said.append)
    await tell_ends(session, output, await session.ledger.runs.get(run.id))
    assert said == [
        (
            f"run {run.id}: 1 copy ends within 24 h, the first 2026-01-19 00:00 UTC; the same restore with more days"
            " extends them, as the screens do"
        )
    ]
    await session.then.look_at_ends()
    assert run.id in {one.id for one in await session.ledger.runs.open_runs()}


async def test_a_notice_goes_where_the_config_says_and_its_url_nowhere_else(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise", reason="the extra notify is not installed")
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        got.append(await reader.readexactly(size))
        status = b"500 Oh" if len(got) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    monkeypatch.setenv("OPS_URL", f"json://user:S3CR3T@127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    running = await ready(sandbox, "a")
    session = await session_on(running, notify={"ops": {"url_env": "OPS_URL"}})
    run = await planned(session, ["copy", "notify:ops"])
    session.start_engine()
    run = await finished(session, run)
    server.close()
    assert [step.done for step in run.then] == [1, 1]
    told: dict[str, Any] = json.loads(got[-1])
    assert told["title"] == f"restoretui: run {run.id} is done"
    assert told["message"] == "1 available\ncopy: 1 done, 0 failed"
    assert len(got) == 2
    with pytest.raises(UsageError, match="there is no notice 'nobody'"):
        await planned(session, ["notify:nobody"])
    await session.aclose()
    for file in session.settings.state_dir.glob("*.db*"):
        assert b"S3CR3T" not in file.read_bytes()


async def test_a_command_of_the_config_that_is_missing_is_said_before_anything_is_planned(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", body=b"a", **GLACIER)
    session = await session_on(running, hooks=check_hooks([{"on": ["done"], "exec": ["no-such-one"]}], "c.toml"))
    with pytest.raises(UsageError, match=r"\[\[hooks\]\] of the config, exec:no-such-one: there is no command"):
        await planned(session, [])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("failed", "no event of a run"), ("late=exec:true", "no event of a run"), ("done=copy", "sets off a command"),
        ("done=exec", "which command"), ("failed=notify:mailto://x", "takes the name of a notice"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_event_is_said(said: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        read_steps([], on=[said])
    assert raised.value.hint
    with pytest.raises(UsageError, match="is said twice"):
        read_steps([], on=["done=exec:true", "done=exec:true"])


@pytest.mark.parametrize(
    "hooks",
    [
        {"on": ["done"]}, [{"on": ["done"]}], [{"on": ["late"], "webhook": "x"}], [{"on": [], "webhook": "x"}],
        [{"on": ["done"], "exec": "rm -rf x"}], [{"on": ["done"], "exec": []}], [{"on": ["done"], "webhook": ""}],
        [{"on": ["done"], "webhook": "x", "notify": "y"}], [{"on": ["done"], "webhook": "https://x/?T0K3N=1"}],
        [{"on": ["done"], "webhook": "x", "colour": "red"}],
    ],
)  # fmt: skip
def test_hooks_that_cannot_be_meant_are_refused(hooks: object) -> None:
    with pytest.raises(UsageError) as raised:
        check_hooks(hooks, "config.toml")
    assert "T0K3N" not in str(raised.value)


def test_the_words_of_a_command_stay_words_and_where_notices_go_is_in_one_place(tmp_path: Path) -> None:
    (step,) = check_hooks([{"on": ["done", "done"], "exec": ["say", "it is {run}", "{run}"]}], "config.toml")
    assert (step.argv, step.event) == (["say", "it is {run}", "{run}"], ThenEvent.DONE)
    (tmp_path / "url").write_text("ntfy://x\n")
    assert url_of("n", {"url_file": "url"}, {}, tmp_path) == "ntfy://x"
    with pytest.raises(UsageError, match=r"\$GONE is not set"):
        url_of("n", {"url_env": "GONE"}, {}, tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        url_of("n", {"url_file": "gone"}, {}, tmp_path)
    wrongs: tuple[object, ...] = (
        [],
        {"n": {}},
        {"n": {"url": "a", "url_env": "B"}},
        {"n": {"url": 5}},
        {"n": {"uri": "a"}},
    )
    for wrong in wrongs:
        with pytest.raises(UsageError):
            check_notify(wrong, "config.toml")
