"""Prices fetched by HTTPS from a price list, and kept: verified, bounded, whole or not at all."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from restoretui.config.price_files import OWN, UPDATED, read_prices
from restoretui.core.errors import MalformedAnswer, ObjectNotFound, RestoreTuiError, Unreachable, UsageError
from restoretui.core.plan.price_lists import MOST_BYTES
from restoretui.session import price_updates
from restoretui.session.price_updates import VARIABLE, all_regions, fetch_lists, read_files, update, write
from tests.certificates import Authority
from tests.core.plan.offer_files import FRANKFURT, VIRGINIA, deep, s3, transfer
from tests.providers.conftest import Asked, ScriptedServer, StartServer, scripted
from tests.proxying import HttpProxy

__all__ = ["scripted"]
FILES = {
    f"/offers/v1.0/aws/{file.offer}/current/{region[0]}/index.json": file.bytes()
    for region in (FRANKFURT, VIRGINIA)
    for file in (s3(region), deep(region), transfer(region))
}
INDEX = "/offers/v1.0/aws/AmazonS3/current/region_index.json"
REGIONS = ["us-east-1", "eu-central-1", "aws-other", "ap-southeast-1-han-1"]


def prices(asked: Asked) -> dict[str, Any]:
    if asked.path == INDEX:
        return {"body": json.dumps({"regions": {name: {} for name in REGIONS}}).encode()}
    body = FILES.get(asked.path)
    return {"status": 404} if body is None else {"body": body}


@pytest.fixture
async def served(scripted: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    authority = Authority(tmp_path)
    server = await scripted(prices, authority.server("127.0.0.1"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv(VARIABLE, server.url)
    return server


async def test_what_is_fetched_wins_over_what_is_shipped_and_stays_beside_later_updates(
    served: ScriptedServer, tmp_path: Path
) -> None:
    config = tmp_path / "new" / "config"
    for region in ("eu-central-1", "us-east-1"):
        found = await update(await fetch_lists(region), config)
        await write(found)
    assert [asked.headers["accept-encoding"] for asked in served.asked] == ["identity"] * 6
    assert not any("authorization" in asked.headers for asked in served.asked)
    for region in ("eu-central-1", "us-east-1"):
        table, exact = (await asyncio.to_thread(read_prices, config)).table_for("s3", region)
        assert (exact, table.date) == (True, "2026-09-28")
    assert [path.name for path in config.iterdir()] == [UPDATED]
    (config / OWN).write_text(
        '[[table]]\nscheme = "s3"\nregions = ["us-east-1"]\ndate = "mine"\ncopy_per_gib_month = 1\nretrieval = {}\n'
    )
    assert (await asyncio.to_thread(read_prices, config)).table_for("s3", "us-east-1")[0].date == "mine"


async def test_a_broken_file_of_earlier_updates_is_written_anew(served: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / UPDATED).write_text("[[table")
    await write(await update(await fetch_lists("eu-central-1"), tmp_path))
    assert (await asyncio.to_thread(read_prices, tmp_path)).table_for("s3", "eu-central-1")[0].date == "2026-09-28"


async def test_all_regions_are_those_that_are_regions(served: ScriptedServer) -> None:
    assert await all_regions() == ["eu-central-1", "us-east-1"]


@pytest.mark.parametrize("region", ["xx-nowhere-1", "../../secret", "cn-north-1", "eusc-de-east-1"])
async def test_a_region_without_a_list_is_one_sentence(served: ScriptedServer, region: str) -> None:
    with pytest.raises((ObjectNotFound, UsageError)) as caught:
        await fetch_lists(region)
    assert region in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ({"status": 301, "headers": {"Location": "https://elsewhere"}}, UsageError, "answers HTTP 301"),
        ({"status": 500}, UsageError, "answers HTTP 500"),
        ({"body": b"<html>welcome to the hotel"}, UsageError, "is not JSON"),
        ({"headers": {"Content-Length": str(40 << 20)}}, MalformedAnswer, "not read to its end"),
        ({"drop": True}, RestoreTuiError, "no prices were read"),
    ],
)
async def test_an_answer_that_is_no_list_changes_nothing(
    served: ScriptedServer, answer: dict[str, Any], error: type[RestoreTuiError], says: str
) -> None:
    served.script = lambda _: answer
    with pytest.raises(error, match=says) as caught:
        await fetch_lists("eu-central-1")
    assert caught.value.hint


async def test_a_certificate_nobody_vouches_for_is_refused(
    served: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(Unreachable, match="no prices were read: the certificate"):
        await fetch_lists("eu-central-1")
    assert not served.asked


async def test_without_a_way_there_the_other_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "https://127.0.0.1:9")
    with pytest.raises(Unreachable, match="no prices were read: no connection to") as caught:
        await fetch_lists("eu-central-1")
    assert caught.value.hint == price_updates.OFFLINE


async def test_a_proxy_is_used(served: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert len(await fetch_lists("us-east-1")) == 3
    assert len(proxy.asked) == 3


async def test_files_packed_by_gzip_are_read_and_bounded(tmp_path: Path) -> None:
    plain, packed, torn, bomb = (tmp_path / name for name in ("plain.json", "packed.json", "torn.gz", "bomb.gz"))
    plain.write_bytes(s3(FRANKFURT).bytes())
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    torn.write_bytes(packed.read_bytes()[:-20])
    bomb.write_bytes(gzip.compress(b" " * (MOST_BYTES + 1)))
    one, other = await read_files([plain, packed])
    assert (one.products, one.terms, one.version) == (other.products, other.terms, other.version)
    with pytest.raises(UsageError, match="cannot be unpacked to its end"):
        await read_files([torn])
    with pytest.raises(UsageError, match="more than 32 MiB"):
        await read_files([bomb])
