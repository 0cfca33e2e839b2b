"""Prices read from AWS's own price list, and kept in a file beside the config (FACTS 3.1)."""

import asyncio
import gzip
import json
import os
import re
import tomllib
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from restoretui.config.price_files import UPDATED, read_updated
from restoretui.core.blocking import beside, told_of_pipe
from restoretui.core.errors import CloudError, ObjectNotFound, UsageError
from restoretui.core.network.endpoints import check_endpoint
from restoretui.core.plan.price_lists import (
    MOST_BYTES,
    OFFERS,
    S3,
    PriceList,
    RegionPrices,
    read_price_list,
    region_prices,
)
from restoretui.core.plan.price_text import as_toml
from restoretui.core.plan.pricing import PriceTable, read_price_book
from restoretui.session.output_files import open_target, refused

HOST = "https://pricing.us-east-1.amazonaws.com"
VARIABLE = "RESTORETUI_PRICES_URL"
"""Names a mirror of the price list in place of ``HOST``."""
OFFLINE = "without a way there: fetch the three files elsewhere, and give them by --from"
_PACKED = b"\x1f\x8b"
"""How a file begins that is packed by gzip, whatever it is called."""
_ELSEWHERE = ("cn-", "eusc-", "us-iso", "eu-isoe")
"""Beginnings of Regions whose list is on a host that is not documented for us."""


class Updated(Struct, frozen=True):
    """What an update found."""

    found: Sequence[RegionPrices]
    file: Path
    text: str
    """What the file is to hold: these Regions, and those it had before."""


async def read_files(paths: Iterable[Path]) -> list[PriceList]:
    """Offer files from disk, recognised by what they say they are; ``UsageError`` names the one that is none."""
    return [
        read_price_list(str(path), await beside(lambda path=path: _bytes_of(path), "restoretui-prices"))  # type: ignore[misc]
        for path in paths
    ]


def _bytes_of(path: Path) -> bytes:
    try:
        with told_of_pipe(path, "a price list"), path.open("rb") as file:
            if not file.peek(len(_PACKED)).startswith(_PACKED):  # a pipe cannot be turned back
                return file.read(MOST_BYTES + 1)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return unpacked.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UsageError(f"{path} is packed by gzip, and cannot be unpacked to its end", "fetch it again") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


async def fetch_lists(region: str) -> list[PriceList]:
    """The three files of a Region from AWS's price list, which takes no credentials."""
    if not re.fullmatch("[a-z0-9-]{1,64}", region):
        raise UsageError(f"{region!r} is not the name of a Region", "see `restoretui prices`")
    if region.startswith(_ELSEWHERE):
        raise UsageError(f"where the price list of {region} is, is not known here", "give its files by --from")
    return [
        await _fetched(f"/offers/v1.0/aws/{offer}/current/{region}/index.json", f"{offer} of {region}")
        for offer in OFFERS
    ]


async def all_regions() -> list[str]:
    """The Regions that the price list has files of S3 for."""
    url = _url(f"/offers/v1.0/aws/{S3}/current/region_index.json")
    try:
        regions = json.loads(await _body(url, "the list of Regions"))["regions"]
        return sorted(name for name in regions if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d+", name))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(f"{url} is no list of Regions", f"is ${VARIABLE} right?") from None


async def _fetched(path: str, what: str) -> PriceList:
    return read_price_list(_url(path), await _body(_url(path), what))


def host() -> str:
    """Where the price list is, as a URL without a slash at its end."""
    named = os.environ.get(VARIABLE, "")
    return check_endpoint(named, f"${VARIABLE}").rstrip("/") if named else HOST


def _url(path: str) -> str:
    return host() + path


async def _body(url: str, what: str) -> bytes:
    from restoretui.providers.http.single_request import get  # what talks to servers is loaded when one is asked

    try:
        answer = await get(url, "the price list", f"${VARIABLE}")
    except CloudError as error:
        raise type(error)(f"no prices were read: {error}", OFFLINE, operation="prices") from error
    if answer.status in (403, 404):
        raise ObjectNotFound(
            f"the price list has no {what} (HTTP {answer.status} of {url})", "see `restoretui prices`"
        )
    if answer.status != 200:
        raise UsageError(f"no prices were read: {url} answers HTTP {answer.status}", OFFLINE)
    return answer.body


async def update(lists: Sequence[PriceList], config_dir: Path) -> Updated:
    """What the file would hold with these; writes nothing."""
    found = region_prices(lists)
    tables = read_price_book([{"table": [one.table for one in found]}]).tables
    fresh = {region for table in tables for region in table.regions}
    kept = [table for table in await asyncio.to_thread(read_updated, config_dir) if not fresh & {*table.regions}]
    every: list[PriceTable] = sorted([*kept, *tables], key=lambda table: list(table.regions))
    text = as_toml(every)
    if read_price_book([tomllib.loads(text)]).tables != every:
        raise UsageError("what the price list says cannot be written as TOML", "nothing was written")
    return Updated(found, config_dir / UPDATED, text)


async def write(updated: Updated) -> None:
    """Put the file in place, whole; ``UsageError`` says why it cannot be written."""
    try:
        await asyncio.to_thread(lambda: updated.file.parent.mkdir(parents=True, exist_ok=True))
    except OSError as error:
        raise refused(updated.file.parent, error) from None
    async with open_target(updated.file) as target:
        await target.write(updated.text)
