"""Objects come to a folder whole, under names that are safe, whatever their keys; and nothing else is touched."""

import csv
import os
from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.then.parts import READ_SIZE
from restoretui.engine.then import folder
from restoretui.engine.then.bandwidth import Bandwidth
from restoretui.engine.then.downloader import part_of
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.engine.then.doing import GLACIER, done, finished, planned, sent, tasks

HOSTILE = [
    "../../up", "..", "/etc/passwd", "a//b", "sp ace/and ümlaut", "line\nfeed", "\x1b[31mred", "%41", "back\\slash",
    "x" * 300, "A/case", "a/Case", "file", "file/below", ".restoretui-1-1.part", "\u202eexe.txt",
    "restoretui-names.csv", "RestoreTUI-names.CSV",
]  # fmt: skip


async def test_hostile_keys_stay_in_the_folder_and_can_be_told_from_the_list(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in HOSTILE:
        running.cloud.put("cold", key, body=key.encode(), **GLACIER)
    running.cloud.put("cold", "folder/", body=b"")
    session = await session_on(running)
    target = tmp_path / "in" / "here"
    run = await done(session, [f"download:{target}"])
    assert (run.then[0].done, run.then[0].failed) == (len(HOSTILE) + 1, 0)
    found = {key: row.path for (_, key), row in (await tasks(session, run)).items()}
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == ["in"]
    for key in HOSTILE:
        assert (target / found[key]).read_bytes() == key.encode()
    assert found["sp ace/and ümlaut"] == "sp ace/and ümlaut"
    assert (target / "folder").is_dir()
    listed = names_of(target)
    assert listed == {path: key for key, path in found.items() if path and path != key}
    assert not list(target.rglob(".restoretui-*"))
    running.cloud.put("cold", "la\rter", body=b"", **GLACIER)
    await done(session, [f"download:{target}"], "s3://cold/la*")
    assert names_of(target) == {**listed, "la%0Dter": "la\rter"}


async def test_two_who_download_into_one_folder_do_not_share_a_part(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", body=b"", **GLACIER)
    parts = set()
    for person in ("one", "other"):
        session = await session_on(running, state_dir=tmp_path / person)
        run = await planned(session, [f"download:{tmp_path}"])
        parts.add(part_of(run, 1, ("x", "a")))
        await session.aclose()
        await hands(running.clock).advance(1)
    assert len(parts) == 2
    assert all(name.startswith(".restoretui-") for _, name in parts)


def names_of(folder: Path) -> dict[str, str]:
    with (folder / "restoretui-names.csv").open(encoding="utf-8", newline="") as file:
        return {row["path"]: row["key"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("kind", ["text", "pipe"])
async def test_a_file_of_somebody_else_that_is_called_as_the_list_stays(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, kind: str
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a\rb", body=b"", **GLACIER)
    session = await session_on(running)
    (tmp_path / "d").mkdir()
    listed = tmp_path / "d" / "restoretui-names.csv"
    listed.write_text("mine,\r\n") if kind == "text" else os.mkfifo(listed)
    run = await done(session, [f"download:{tmp_path / 'd'}"])
    assert "another file is at restoretui-names.csv" in (await tasks(session, run))["download", "a\rb"].reason
    assert listed.read_text() == "mine,\n" if kind == "text" else listed.is_fifo()


async def test_it_goes_on_where_it_stopped_and_is_proven(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restoretui.engine.then.downloader.NOTED_EVERY", READ_SIZE)
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    content = os.urandom(1 << 20) * 40
    running.cloud.put("cold", "film", body=content, **GLACIER)
    running.faults.set([{"kind": "outage", "operations": ["GetObject"], "skip": 3}], running.cloud.now())
    session = await session_on(running)
    run = await planned(session, [f"download:{tmp_path / 'd'}"])
    session.start_engine()
    await turn(running.clock, lambda: sent(running).get("GetObject", 0) > 8)
    await session.aclose()
    running.faults.clear()
    assert not (tmp_path / "d" / "film").exists()
    before = sent(running)["GetObject"]
    session = await session_on(running)
    session.start_engine()
    run = await finished(session, run)
    assert run.then[0].done == 1
    assert sent(running)["GetObject"] - before < 5
    assert (tmp_path / "d" / "film").read_bytes() == content
    assert (await tasks(session, run))["download", "film"].reason == "downloaded, MD5 proven"


async def test_what_stands_there_is_not_replaced(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in ("other", "same", "link", "fine"):
        running.cloud.put("cold", key, body=b"0123", **GLACIER)
    (tmp_path / "other").write_bytes(b"mine")
    (tmp_path / "same").write_bytes(b"0123")
    (tmp_path / "link").symlink_to("/etc/hostname")
    session = await session_on(running)
    run = await done(session, [f"download:{tmp_path}"])
    found = {key: row for (_, key), row in (await tasks(session, run)).items()}
    assert {key: row.state.value for key, row in found.items()} == {
        "other": "failed", "same": "done", "link": "failed", "fine": "done",
    }  # fmt: skip
    assert "not replaced" in found["other"].reason
    assert (tmp_path / "other").read_bytes() == b"mine"
    assert (tmp_path / "fine").read_bytes() == b"0123"


async def test_a_file_that_is_not_what_the_store_has_is_not_kept(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "spoilt", body=b"0123", **GLACIER)
    bucket = running.cloud.bucket("cold")
    _, row = bucket.find("spoilt", None)
    bucket.extras[row.tag].etag = "0" * 32
    session = await session_on(running)
    run = await done(session, [f"download:{tmp_path / 'd'}"])
    assert run.then_failed == 1
    assert "checksum" in (await tasks(session, run))["download", "spoilt"].reason
    assert not list((tmp_path / "d").iterdir())


async def test_what_cannot_be_proven_is_said(sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "secret", body=b"0123", **GLACIER)
    bucket = running.cloud.bucket("cold")
    _, row = bucket.find("secret", None)
    bucket.extras[row.tag].headers["x-amz-server-side-encryption"] = "aws:kms"
    session = await session_on(running)
    run = await done(session, [f"download:{tmp_path / 'd'}"])
    assert (await tasks(session, run))["download", "secret"].reason.startswith("downloaded, not proven: the store")


async def test_a_full_disk_fails_what_has_no_room_and_the_rest_goes_on(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder.Folder, "free_bytes", lambda _self: 1_000_000)
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "large", size=2_000_000, **GLACIER)
    running.cloud.put("cold", "larger", size=3_000_000, **GLACIER)
    running.cloud.put("cold", "small", body=b"0123", **GLACIER)
    session = await session_on(running)
    run = await done(session, [f"download:{tmp_path / 'd'}"])
    found = {key: row for (_, key), row in (await tasks(session, run)).items()}
    assert found["small"].state.value == "done"
    assert found["large"].state.value == "failed"
    assert "no room" in found["large"].reason
    assert found["large"].reason == found["larger"].reason, "a thousand of such are one cause"
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["small"]


async def test_several_buckets_have_folders_of_their_own(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "colder"):
        running.cloud.add_bucket(name)
        running.cloud.put(name, "a/b", body=name.encode(), **GLACIER)
    session = await session_on(running)
    await done(session, [f"download:{tmp_path / 'd'}"], "s3://cold", "s3://colder")
    assert (tmp_path / "d" / "cold" / "a" / "b").read_bytes() == b"cold"
    assert (tmp_path / "d" / "colder" / "a" / "b").read_bytes() == b"colder"


async def test_a_folder_that_cannot_be_is_said_before_anything_is_planned(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=1000, **GLACIER)
    (tmp_path / "file").write_text("")
    session = await session_on(running)
    with pytest.raises(UsageError, match="is a file, not a folder"):
        await planned(session, [f"download:{tmp_path / 'file' / 'below'}"])


async def test_bandwidth_is_kept(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for number in range(5):
        running.cloud.put("cold", f"{number}", body=b"x" * 1000, **GLACIER)
    session = await session_on(running)
    run = await planned(session, [f"download:{tmp_path / 'd'}"], bandwidth=100)
    taken: list[tuple[int | None, int]] = []
    take = Bandwidth.take

    async def counted(limiter: Bandwidth, size: int) -> None:
        taken.append((limiter._per_second, size))
        await take(limiter, size)

    monkeypatch.setattr(Bandwidth, "take", counted)
    session.start_engine()
    run = await finished(session, run)
    assert run.then[0].done == 5
    assert taken == [(100, 1000)] * 5, "every byte passes the limiter"
