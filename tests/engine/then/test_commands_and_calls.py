"""Commands, links and webhooks: each is told what it is about, and what came of it is kept."""

import base64
import csv
import hmac
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from urllib.request import urlopen

import pytest
from msgspec.structs import replace

from restoretui.core.errors import GuardStopped, Unreachable, UsageError
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.plan.offers import check_guards, offer_of
from restoretui.core.then.said import read_steps
from restoretui.engine import process
from restoretui.engine.engine import Engine
from restoretui.engine.then import commands
from restoretui.ledger.store.leases import of_run
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import SetClock
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import GLACIER, done, finished, planned, tasks

SECRET = b"0123456789abcdef"


async def ready(sandbox: StartSandbox, *keys: str) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in keys:
        running.cloud.put("cold", key, body=key.encode(), **GLACIER)
    return running


async def test_a_command_runs_for_each_object_after_its_download(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await ready(sandbox, "a b", "-rf; $(x)", "c*")
    session = await session_on(running)
    script = tmp_path / "note.sh"
    script.write_text(
        f'#!/bin/sh\ncat "$RESTORETUI_PATH" >> {tmp_path}/said\ncat >> {tmp_path}/facts\nprintf "%s" "$1"\n'
    )
    script.chmod(0o755)
    run = await done(session, [f"download:{tmp_path / 'd'}", f"exec:{script} {{key}}"])
    assert [step.done for step in run.then] == [3, 3], await tasks(session, run)
    assert sorted((tmp_path / "said").read_text()) == sorted("a b" + "-rf; $(x)" + "c*")
    facts = {entry["key"]: entry for entry in map(json.loads, (tmp_path / "facts").read_text().splitlines())}
    assert facts["a b"]["location"] == "s3://cold/a b"
    assert parse_location(facts["c*"]["location"]).key == "c*"
    assert facts["a b"]["run"] == run.id
    assert facts["a b"]["path"] == str(tmp_path / "d" / "a b")
    assert (await tasks(session, run))["exec", "-rf; $(x)"].output == "-rf; $(x)"


@pytest.mark.parametrize(
    ("code", "state", "said"),
    [("exit 3", "failed", "exit code 3: no luck"), ("kill -9 $$", "failed", "signal SIGKILL: no luck")],
)
async def test_a_command_that_fails_says_how(
    sandbox: StartSandbox, session_on: OpenSession, code: str, state: str, said: str
) -> None:
    session = await session_on(await ready(sandbox, "a"))
    run = await done(session, [f"exec:sh -c 'echo no luck; {code}'"])
    row = (await tasks(session, run))["exec", "a"]
    assert row.state.value == state
    assert said in row.reason
    assert row.output == "no luck\n"


async def test_a_lease_renewed_between_two_looks_at_it_delays_no_step(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_on(await ready(sandbox, "a", "b"))
    looks, holds = count(), Engine._holds
    monkeypatch.setattr(Engine, "_holds", lambda self, run_id: next(looks) % 2 == 1 and holds(self, run_id))
    run = await done(session, ["exec:true"])
    assert run.then[0].done == 2, await tasks(session, run)


async def test_a_command_may_ask_to_be_run_again(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    session = await session_on(await ready(sandbox, "a"))
    run = await done(session, [f"exec:sh -c 'echo x >> {tmp_path}/n; test $(wc -l < {tmp_path}/n) -ge 3 || exit 75'"])
    assert run.then[0].done == 1
    assert (tmp_path / "n").read_text() == "x\n" * 3


async def test_a_command_that_hangs_is_ended_with_all_that_it_began(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "LONGEST_S", 1.0)
    monkeypatch.setattr(process, "GRACE_S", 0.2)
    session = await session_on(await ready(sandbox, "a"))
    hang = f"exec:sh -c 'trap : TERM; (sleep 600; touch {tmp_path}/late) & while :; do sleep 600; done'"
    run = await done(session, [hang])
    row = (await tasks(session, run))["exec", "a"]
    assert row.state.value == "failed"
    assert "was not done in 1 s" in row.reason


async def test_a_command_that_is_not_there_is_said_before_anything_is_planned(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    session = await session_on(await ready(sandbox, "a"))
    with pytest.raises(UsageError, match="there is no command 'no-such-command'"):
        await planned(session, ["exec:no-such-command {key}"])


async def test_links_read_the_objects_and_are_nowhere_but_in_their_file(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    session = await session_on(await ready(sandbox, "a", "b&c d"))
    target = tmp_path / "links.csv"
    run = await done(session, [f"presign:{target}"])
    assert run.then[0].done == 1
    assert target.stat().st_mode & 0o777 == 0o600
    with target.open(encoding="utf-8", newline="") as file:
        links = {row["key"]: row["url"] for row in csv.DictReader(file)}
    import asyncio

    for key, url in links.items():
        assert (await asyncio.to_thread(lambda url=url: urlopen(url).read())) == key.encode()  # type: ignore[misc]
    assert set(links) == {"a", "b&c d"}
    await session.aclose()
    for database in session.settings.state_dir.glob("*.db*"):
        assert b"X-Amz-Signature" not in database.read_bytes()


async def test_links_are_written_to_what_stands_there_and_to_nothing_beside_it(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    session = await session_on(await ready(sandbox, "a"))
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    os.mkfifo(tmp_path / ".link.csv.part")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a folder"):
        await planned(session, [f"presign:{tmp_path}"])
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    run = await done(session, [f"presign:{tmp_path / 'link.csv'}", f"presign:{tmp_path / 'pipe'}"])
    assert [step.done for step in run.then] == [1, 1], await tasks(session, run)
    assert (tmp_path / "link.csv").is_symlink()
    assert "X-Amz-Signature" in (tmp_path / "real.csv").read_text()
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o600
    assert b"X-Amz-Signature" in os.read(reader, 65536)
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / ".link.csv.part").is_fifo()
    os.close(reader)


async def test_what_can_be_read_already_is_linked_to_and_counts_against_a_limit_of_objects(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await ready(sandbox, "a")
    session = await session_on(running)
    await done(session, [])
    run = await done(session, [f"presign:{tmp_path / 'links.csv'}"], days=1)
    assert [step.done for step in run.then] == [1], await tasks(session, run)
    assert "/cold/a?" in (tmp_path / "links.csv").read_text()
    running.cloud.put("cold", "online", body=b"")
    running.cloud.put("cold", "new", body=b"", **GLACIER)
    sel = await choose(session, "s3://cold")
    plan = await session.then.planned(await session.plan(sel, 1), read_steps([f"download:{tmp_path}"]))
    with pytest.raises(GuardStopped, match="about 3 objects"):
        check_guards([offer_of(plan, Tier.BULK)], (), 2)


async def test_a_read_only_session_watches_until_something_is_to_be_done_and_leaves_that_to_others(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await ready(sandbox, "a")
    writer = await session_on(running)
    run = await planned(writer, ["exec:true"])
    writer.start_engine()
    await turn(running.clock, lambda: writer.ledger.runs.peek_all()[0].counts.get(State.RESTORING) == 1)
    await writer.aclose()
    onlooker = await session_on(running, read_only=True)
    onlooker.start_engine([run.id])
    await turn(running.clock, lambda: run.id in onlooker._engine.left_alone)
    assert (await onlooker.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 1
    assert "something is to be done with its objects" in next(onlooker.waiting.waits()).reason
    taken = (await onlooker.ledger.leases.find(of_run(run.id))) is not None
    assert not taken
    writer = await session_on(running)
    writer.start_engine()
    assert [step.done for step in (await finished(writer, run)).then] == [1]


async def test_what_rests_is_not_kept_from_its_next_try_by_a_clock_that_is_set_back(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    clock = SetClock()
    running = await sandbox(empty=True, clock=clock)
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", **GLACIER)
    session = await session_on(running)
    await done(session, [])
    script = tmp_path / "twice.sh"
    script.write_text(f"#!/bin/sh\ntest -f {tmp_path}/once && exit 0; touch {tmp_path}/once; exit 75\n")
    script.chmod(0o755)
    run = await planned(session, [f"exec:{script}"], days=1)
    session.start_engine()

    async def rests() -> bool:
        return await session.ledger.then.next_due(run.id) is not None

    await turn(clock, rests, step=6.0)
    clock.set_by(-3600)
    began = clock.monotonic()
    await turn(clock, lambda: session.ledger.then.of_run(run.id)[0].done == 1, step=30.0)
    assert clock.monotonic() - began < 600


class Receiver:
    """In the place of somebody's server."""

    def __init__(self, *answers: int) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, Mapping[str, str], bytes]] = []

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.calls.append((url, headers, body))
        answer = self._answers.pop(0)
        if not answer:
            raise Unreachable(f"cannot reach {url}")
        return answer

    def on(self, session: Session) -> None:
        engine = session._engine
        engine.tools = replace(engine.tools, post=self.post)


async def test_a_webhook_is_called_once_all_is_done_and_signed(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_SECRET", "whsec_" + base64.b64encode(SECRET).decode())
    hook = {"url": "https://hooks.example/T0K3N", "secret_env": "TEAM_SECRET"}
    running = await ready(sandbox, "a", "b")
    session = await session_on(running, webhooks={"team": hook})
    receiver = Receiver(503, 0, 204)
    receiver.on(session)
    run = await done(session, ["copy", "webhook:team"])
    assert [step.done for step in run.then] == [2, 1]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.calls}) == 1
    url, headers, body = receiver.calls[-1]
    assert url == hook["url"]
    told = json.loads(body)
    assert told["type"] == "restore.run.done"
    assert told["data"]["counts"] == {"available": 2}
    assert told["data"]["then"] == [{"step": "copy", "done": 2, "failed": 0}]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(SECRET, signed, sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    await session.aclose()
    for file in session.settings.state_dir.glob("*.db*"):
        content = file.read_bytes()
        assert b"T0K3N" not in content
        assert SECRET not in content


async def test_a_url_without_a_secret_is_called_as_it_was_said_unsigned(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    session = await session_on(await ready(sandbox, "a"))
    receiver = Receiver(204)
    receiver.on(session)
    run = await done(session, ["webhook:https://ci.example/restores/done"])
    assert run.then[0].done == 1
    ((url, headers, _),) = receiver.calls
    assert url == "https://ci.example/restores/done"
    assert "webhook-signature" not in headers
    assert headers["webhook-id"]


async def test_a_webhook_that_stays_away_fails_alone(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await ready(sandbox, "a")
    session = await session_on(running, webhooks={"team": {"url": "https://hooks.example/T0K3N"}})
    receiver = Receiver(*[0] * 10)
    receiver.on(session)
    run = await done(session, ["copy", "webhook:team"])
    assert [step.done for step in run.then] == [1, 0]
    (row,) = [row for (kind, _), row in (await tasks(session, run)).items() if kind == "webhook"]
    assert row.reason.startswith("given up after 6 tries: webhook team cannot be reached")
    assert "T0K3N" not in row.reason


async def test_a_webhook_without_a_name_in_the_config_or_without_its_secret_is_said(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    hook = {"url": "https://hooks.example", "secret_env": "NOT_SET_ANYWHERE"}
    session = await session_on(await ready(sandbox, "a"), webhooks={"team": hook})
    with pytest.raises(UsageError, match="there is no webhook 'other'"):
        await planned(session, ["webhook:other"])
    with pytest.raises(UsageError, match=r"\$NOT_SET_ANYWHERE is not set"):
        await planned(session, ["webhook:team"])
