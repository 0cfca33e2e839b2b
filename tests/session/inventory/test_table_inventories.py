"""Parquet and ORC inventories by the extras, from a bucket and from disk; and OSS's, read where it was written."""

import gzip
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from restoretui.core.errors import InventoryUnreadable, RestoreTuiError, UsageError
from restoretui.core.location import parse_location
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.world.odd_names import ODD_KEYS
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession

WRITTEN = datetime(2024, 4, 22, 1, 11, 6, tzinfo=UTC)
Row = tuple[str, str, str | None, bool, bool, int, datetime, str, str]
COLUMNS = {
    "bucket": "VARCHAR", "key": "VARCHAR", "version_id": "VARCHAR", "is_latest": "BOOLEAN",
    "is_delete_marker": "BOOLEAN", "size": "BIGINT", "last_modified_date": "TIMESTAMP", "e_tag": "VARCHAR",
    "storage_class": "VARCHAR",
}  # fmt: skip
ROWS: list[Row] = [
    *[("cold", key, None, True, False, 10, WRITTEN, "a" * 32, "GLACIER") for key in ODD_KEYS],
    ("cold", "twice", "v2", True, False, 2, WRITTEN, "b" * 32, "DEEP_ARCHIVE"),
    ("cold", "twice", "v1", False, False, 1, WRITTEN, "c" * 32, "STANDARD"),
    ("cold", "gone", "v9", True, True, 0, WRITTEN, "", ""),
]


def parquet(folder: Path, rows: Sequence[Row], without: str = "") -> bytes:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    made = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE t ({made})")
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    left = ", ".join(name for name in COLUMNS if name != without)
    file = folder / "made.parquet"
    connection.execute(f"COPY (SELECT {left} FROM t) TO '{file}' (FORMAT parquet, COMPRESSION snappy)")
    return file.read_bytes()


def orc(folder: Path, rows: Sequence[Row], without: str = "") -> bytes:
    pyorc = pytest.importorskip("pyorc")
    kinds = {"VARCHAR": "string", "BIGINT": "bigint", "BOOLEAN": "boolean", "TIMESTAMP": "timestamp"}
    at = [place for place, name in enumerate(COLUMNS) if name != without]
    made = ",".join(f"{name}:{kinds[kind]}" for name, kind in COLUMNS.items() if name != without)
    file = folder / "made.orc"
    with file.open("wb") as target, pyorc.Writer(target, f"struct<{made}>") as writer:
        writer.writerows([tuple(row[place] for place in at) for row in rows])
    return file.read_bytes()


def digest_of(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


Write = Callable[..., bytes]
FORMS: dict[str, Write] = {"Parquet": parquet, "ORC": orc}
SCHEMAS = {
    "Parquet": "message s3.inventory { required binary bucket (STRING); required binary key (STRING);"
    " optional binary version_id (STRING); optional boolean is_latest; optional binary storage_class (STRING);}",
    "ORC": "struct<bucket:string,key:string,version_id:string,is_latest:boolean,storage_class:string>",
}


def put(world: RunningSandbox, form: str, bodies: Sequence[bytes], digest: str = "") -> None:
    """An inventory of ``cold`` in ``inv``, as S3 writes it."""
    files = []
    for number, body in enumerate(bodies):
        key = f"cold/all/data/{number}.{form.lower()}"
        world.cloud.put("inv", key, body)
        told = digest or digest_of(body)
        files.append({"key": key, "size": len(body), "MD5checksum": told})
    manifest = {
        "sourceBucket": "cold", "destinationBucket": "arn:aws:s3:::inv", "version": "2016-11-30",
        "creationTimestamp": str(int(world.cloud.now() * 1000)), "fileFormat": form, "fileSchema": SCHEMAS[form],
        "files": files,
    }  # fmt: skip
    data = json.dumps(manifest).encode()
    folder = "cold/all/2026-01-15T00-00Z/"
    world.cloud.put("inv", f"{folder}manifest.json", data)
    world.cloud.put("inv", f"{folder}manifest.checksum", digest_of(data).encode())


@pytest.fixture
async def world(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "inv"):
        running.cloud.add_bucket(name)
    return running


async def shown(session: Session, named: str = "s3://inv/", place: str = "s3://cold", **more: Any) -> list[Any]:
    found = await session.inventories.at(parse_location(place), named, **more)
    view = await session.ledger.catalog.browse(found.listing.id)
    rows = view.rows(0, 10_000)
    await view.aclose()
    return [(row.ref.key, row.ref.version_id, row.size, row.storage_class, row.modified, row.etag) for row in rows]


@pytest.mark.parametrize("form", FORMS)
async def test_its_rows_are_those_of_the_bucket_from_afar_and_from_disk(
    world: RunningSandbox, session_on: OpenSession, tmp_path: Path, form: str
) -> None:
    half = len(ROWS) // 2
    put(world, form, [FORMS[form](tmp_path, ROWS[half:]), FORMS[form](tmp_path, ROWS[:half])])
    session = await session_on(world)
    at = int(WRITTEN.timestamp())
    current = sorted((row[1], None, row[5], row[8], at, row[7]) for row in ROWS if row[3] and not row[4])
    assert await shown(session) == current
    every = [(row[1], row[2] or "null", row[5], row[8], at, row[7]) for row in ROWS if not row[4]]
    assert sorted(await shown(session, versions=True)) == sorted(every)
    below = await shown(session, place="s3://cold/folder/")
    assert [row[0] for row in below] == ["folder/", "folder/inside.txt"]
    copy = tmp_path / "copy [of *] it"
    for row in world.cloud.bucket("inv").rows():
        there = copy / row.key
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(b"".join(map(bytes, world.cloud.bucket("inv").body(row))))
    await session.aclose()
    other = await session_on(world, state_dir=tmp_path / "other")
    assert await shown(other, str(copy)) == current
    assert not list(other.ledger.scratch_folder.glob("inventory-*")), "nothing is left of what was fetched"


@pytest.mark.parametrize("form", FORMS)
async def test_what_cannot_be_read_is_one_sentence(
    world: RunningSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    session = await session_on(world)
    whole, others = FORMS[form](tmp_path, ROWS), [("other", *ROWS[0][1:])]
    cases: list[tuple[bytes, str, type[RestoreTuiError], str]] = [
        (whole[: len(whole) // 2], "", InventoryUnreadable, "cannot be read: "),
        (whole, "0" * 32, InventoryUnreadable, "is not what its checksum in the manifest says"),
        (FORMS[form](tmp_path, ROWS, without="key"), "", InventoryUnreadable, "has no column key"),
        (FORMS[form](tmp_path, others), "", UsageError, "holds objects of 'other', and not of 'cold'"),
    ]  # fmt: skip
    for body, digest, kind, why in cases:
        put(world, form, [body], digest)
        with pytest.raises(kind, match=why) as told:
            await shown(session)
        assert "\n" not in str(told.value)
        assert not list(session.ledger.scratch_folder.glob("inventory-*"))
    put(world, form, [whole])
    monkeypatch.setitem(sys.modules, {"Parquet": "duckdb", "ORC": "pyorc"}[form], None)
    world.stats.reset()
    with pytest.raises(UsageError, match=f"is in {form}, and what reads that is not installed") as missing:
        await shown(session)
    assert f"pip install 'restoretui[{form.lower()}]'" in missing.value.hint
    assert world.stats.as_dict()["requests"]["GetObject"] == 2, "the manifest and its checksum, no row"


async def test_an_inventory_of_oss_is_read_where_it_was_written(
    world: RunningSandbox, session_on: OpenSession
) -> None:
    cloud = world.cloud
    for name in ("oss-cold", "oss-inv"):
        cloud.add_bucket(name, scheme="oss")
    keys = ("a b+c", "日本語/x", "plain")
    lines = "".join(f'"oss-cold","{quote(key)}",10,"ColdArchive"\n' for key in keys)
    body = gzip.compress(lines.encode())
    manifest = {
        "sourceBucket": "oss-cold", "destinationBucket": "oss-inv", "version": "2019-09-01",
        "creationTimestamp": str(int(cloud.now())), "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size, StorageClass",
        "files": [{"key": "data/1.csv.gz", "size": len(body), "MD5checksum": digest_of(body).upper()}],
    }  # fmt: skip
    told, folder = json.dumps(manifest).encode(), "oss-cold/all/2026-01-15T00-00Z/"
    digest = digest_of(told).encode()
    for key, data in (
        ("data/1.csv.gz", body),
        (f"{folder}manifest.json", told),
        (f"{folder}manifest.checksum", digest),
    ):
        cloud.put("oss-inv", key, data, storage_class="Standard")
    session = await session_on(world, oss_endpoint=world.url, oss_region="cn-hangzhou")
    rows = await shown(session, "oss://oss-inv/oss-cold/all/", "oss://oss-cold")
    assert [(row[0], row[2], row[3]) for row in rows] == [(key, 10, "ColdArchive") for key in sorted(keys)]
