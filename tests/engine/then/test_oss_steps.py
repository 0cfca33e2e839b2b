"""Objects of OSS are kept, fetched and linked to as those of S3 are, in OSS's own words."""

from pathlib import Path
from typing import Any

import pytest

from restoretui.core.errors import InvalidRequest, ObjectNotFound, UsageError
from restoretui.core.model import ObjectRef, State
from restoretui.core.then.contents import CopyTarget
from restoretui.core.then.parts import GIB, MIB
from restoretui.core.then.proofs import Proof, proof_of
from restoretui.core.then.said import read_steps
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.oss.objects import crc64
from restoretui.sandbox.state.bucket import Extra
from restoretui.sandbox.world.oss import REGION
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import done, planned, sent, tasks

COLD: dict[str, Any] = {"storage_class": "ColdArchive"}


async def films(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("films", "warm"):
        running.cloud.add_bucket(name, region=REGION, scheme="oss")
    return running


async def test_they_are_kept_in_place_each_once_whatever_is_answered(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await films(sandbox)
    for number in range(6):
        running.cloud.put("films", f"k/{number} &ü", body=b"%d" % number, **COLD)
    size = 7 * GIB + 5
    running.cloud.put("films", "k/film", size=size, **COLD)
    bucket = running.cloud.bucket("films")
    _, row = bucket.find("k/film", None)
    told = {"x-oss-meta-from": "tape 7", "Content-Type": "video/mp4"}
    bucket.extras[row.tag] = Extra(headers=told, tags={"project": "a b&c"})
    running.faults.set(
        [{"kind": "drop", "when": "after", "operations": ["CopyObject", "UploadPartCopy"], "chance": 0.2}], 0.0
    )
    session = await session_on(running, oss_endpoint=running.url)
    run = await done(session, ["copy"], "oss://films/k/")
    (copies,) = run.then
    assert (copies.done, copies.failed) == (7, 0), await tasks(session, run)
    assert copies.step.storage_class == "Standard"
    assert set(bucket.copied.values()) == {1}
    assert {running.cloud.state("films", row.key) for row in bucket.rows()} == {State.ONLINE}
    _, row = bucket.find("k/film", None)
    assert (row.size, bucket.extras[row.tag].tags) == (size, {"project": "a b&c"})
    assert bucket.extras[row.tag].headers["x-oss-meta-from"] == "tape 7"
    assert bucket.extras[row.tag].headers["Content-Type"] == "video/mp4"
    assert not bucket.uploads
    assert sent(running)["CompleteMultipartUpload"] == 1


async def test_they_go_elsewhere_and_to_a_disk_and_replace_nothing(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path
) -> None:
    running = await films(sandbox)
    for key in ("in/a b", "in/there"):
        running.cloud.put("films", key, body=key.encode(), **COLD)
    running.cloud.put("warm", "kept/in/there", body=b"somebody's", storage_class="Standard")
    session = await session_on(running, oss_endpoint=running.url)
    steps = [f"download:{tmp_path}", "copy:oss://warm/kept/", f"presign:{tmp_path}/links.csv"]
    run = await done(session, steps, "oss://films/in/", copy_class="standard_ia")
    found = await tasks(session, run)
    assert found["copy", "in/a b"].state.value == "done", found
    assert "is not overwritten" in found["copy", "in/there"].reason
    warm = running.cloud.bucket("warm")
    assert warm.copied == {"kept/in/a b": 1}
    assert run.then[1].step.storage_class == "IA"
    assert (tmp_path / "in" / "a b").read_bytes() == b"in/a b"
    assert found["download", "in/a b"].reason == "downloaded, CRC64ECMA proven"
    assert "x-oss-signature=" in (tmp_path / "links.csv").read_text()
    with pytest.raises(UsageError, match="oss:// has no such class"):
        await planned(session, ["copy"], "oss://films/in/", copy_class="GLACIER_IR")
    sel = await choose(session, "oss://films/in/")
    with pytest.raises(UsageError, match="cannot copy to s3://"):
        await session.then.planned(await session.plan(sel, 5), read_steps(["copy:s3://warm/"]))


async def test_the_contract_of_contents_holds(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await films(sandbox)
    running.cloud.put("films", "k", size=12 * MIB, storage_class="Standard")
    session = await session_on(running, oss_endpoint=running.url)
    provider: Any = await session.provider("oss")
    contents = provider.contents()
    ref, target = ObjectRef("films", "k"), CopyTarget("warm", "large", "Standard", only_new=True)
    seen = await contents.look(ref)
    assert len(await contents.read(ref, seen.etag, 2, 5)) == 3
    with pytest.raises(InvalidRequest) as refused:
        await contents.read(ref, "F" * 32, 2, 5)
    assert refused.value.code == "PreconditionFailed"
    upload_id = await contents.begin_upload(seen, target, {})
    assert [one.upload_id for one in await contents.uploads(target)] == [upload_id]
    second = await contents.copy_part(seen, target, upload_id, 2, (6 * MIB, 12 * MIB))
    first = await contents.copy_part(seen, target, upload_id, 1, (0, 6 * MIB))
    assert [part.etag for part in await contents.parts(target, upload_id)] == [first.etag, second.etag]
    assert (await contents.end_upload(target, upload_id, [first, second], 12 * MIB)).etag.endswith("-2")
    with pytest.raises(ObjectNotFound):
        await contents.parts(target, upload_id)
    await contents.abort_upload(target, upload_id)  # Of what is not there, nothing happens.
    with pytest.raises(InvalidRequest) as refused:
        await contents.copy(seen, CopyTarget("warm", "large", "Standard", only_new=True))
    assert refused.value.code == "FileAlreadyExists"
    assert not await contents.is_versioned("films")
    running.cloud.bucket("films").set_versioning("Enabled")
    assert await contents.is_versioned("films")


def test_its_own_sum_proves_a_file_and_the_etag_of_parts_does_not() -> None:
    proof, _ = proof_of({"x-oss-hash-crc64ecma": str(crc64(b"123456789"))}, "")
    assert proof == Proof("crc64ecma", (0x995DC9BBDF1939FA).to_bytes(8, "big"))
    made = proof.new()
    made.update(b"12345")
    made.update(b"6789")
    assert made.digest() == proof.expected
    assert proof_of({"x-oss-object-type": "Multipart"}, f"{'A' * 32}-2")[0] is None
    assert proof_of({"x-oss-object-type": "Normal"}, "A" * 32)[0] == Proof("md5", b"\xaa" * 16)
