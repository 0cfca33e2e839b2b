"""``restoretui prices``: which prices are known, where they come from, and how they are read from AWS's list."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from restoretui.commands.output import Output
from restoretui.config.price_files import BUILT_IN, read_price_files
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.plan.pricing import PriceTable, read_price_book
from restoretui.core.rules.clouds import CLOUDS
from restoretui.session import price_updates
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

ALL = "all"
"""In place of a Region: every one that the price list has."""


async def show(settings: Settings, output: Output) -> ExitCode:
    """Every Region with a price, the date of its prices, their file, and what is not known of it."""
    known: dict[tuple[str, str, str], tuple[PriceTable, str]] = {}
    files = read_price_files(settings.config_dir)
    for file in files:
        for table in file.tables:
            for region in table.regions:
                known[table.scheme, table.store, region] = table, file.name
    if not output.as_json:
        output.text("REGION                    DATE        CURRENCY  FROM      NOT KNOWN")
    for (scheme, store, region), (table, name) in sorted(known.items()):
        if output.as_json:
            output.line("prices", _fields(table, region) | {"file": name})
            continue
        where = f"{store or scheme}://{region}" if scheme != next(iter(CLOUDS)) or store else region
        whence = name if name == BUILT_IN else Path(name).stem
        missing = ", ".join(unknown(table)) or "–"
        output.text(f"{fit(where, 24)}  {fit(table.date, 10)}  {table.currency:8}  {whence:8}  {clean(missing)}")
    sources = sorted({(table.date, table.source) for table, _ in known.values() if table.source})
    for date, source in sources:
        output.say(f"{date}: {source}")
    for file in files[1:]:
        output.say(f"read from {file.name}")
    if not output.as_json:
        output.say("what is not known is never taken for free; `restoretui prices update --region REGION` reads it")
    output.summary({"regions": len(known), "files": [file.name for file in files]})
    return ExitCode.DONE


async def update(
    settings: Settings, output: Output, regions: Sequence[str], files: Sequence[str], *, dry_run: bool
) -> ExitCode:
    """Read the price list of Regions, from the network or from ``files``, and keep what it says."""
    if files:
        lists = await price_updates.read_files([Path(file) for file in files])
    else:
        wanted = list(dict.fromkeys(regions or filter(None, [settings.region])))
        if not wanted:
            raise UsageError("no Region is named", "give --region REGION, as often as you like, or --region all")
        if ALL in wanted:
            wanted = await price_updates.all_regions()
        lists = []
        for region in wanted:
            output.say(f"reading the prices of {region} from {price_updates.host()}")
            lists += await price_updates.fetch_lists(region)
    updated = await price_updates.update(lists, settings.config_dir)
    there = [one.region for one in updated.found]
    for region in regions if files else ():
        if region not in there:
            raise UsageError(f"there is no file of {region} among these, but of {', '.join(there)}", "see --from")
    for one in updated.found:
        (table,) = read_price_book([{"table": [one.table]}]).tables
        if output.as_json:
            output.line("prices", _fields(table, one.region) | {"file": str(updated.file), "missing": one.missing})
        else:
            _tell(output, table, one.region)
    if not dry_run:
        await price_updates.write(updated)
    output.say(f"nothing was written to {updated.file}" if dry_run else f"written to {updated.file}")
    output.summary({"regions": len(there), "file": str(updated.file), "written": not dry_run})
    return ExitCode.DONE


def _tell(output: Output, table: PriceTable, region: str) -> None:
    output.text(f"{clean(region)}  {fit(table.date, 10)}  {table.currency}")
    for (archive, tier), price in table.retrieval.items():
        fee = "?" if price.per_1000 is None else f"{price.per_1000:f}"
        output.text(f"  {archive:19}  {tier:9}  {price.per_gib:f} per GB, {fee} per 1,000 requests")
    rates = {"copy_per_gib_month": table.copy_per_gib_month, **_rates(table)}
    for name, rate in rates.items():
        output.text(f"  {name:30}  {'?' if rate is None else f'{rate:f}'}")
    if missing := unknown(table):
        output.text(f"  not known: {', '.join(missing)}")


def unknown(table: PriceTable) -> list[str]:
    """What a table lacks, in words: of each archive and tier that its cloud takes, and of all else that is billed."""
    kind = CLOUDS[table.scheme]
    missing, fees = [], 0
    for archive, rule in kind.rules.archives.items() if not table.store else ():
        for tier in rule.windows:
            price = table.retrieval.get((archive, tier))
            fees += price is not None and price.per_1000 is None
            if price is None:
                missing.append(f"{archive} {tier}")
    if fees:
        missing.insert(0, f"request fees ({words.plural(fees, 'tier')})")
    if table.frequent_per_gib_month is None and any(not rule.takes_days for rule in kind.rules.archives.values()):
        missing.append(f"storage of {kind.rules.tiered_class}")
    if table.egress_per_gib is None:
        missing.append("egress")
    if table.list_per_1000 is None or table.head_per_1000 is None:
        missing.append("looks")
    return missing


def _rates(table: PriceTable) -> dict[str, Any]:
    return {
        "egress_per_gib": table.egress_per_gib, "frequent_per_gib_month": table.frequent_per_gib_month,
        "infrequent_per_gib_month": table.infrequent_per_gib_month, "list_per_1000": table.list_per_1000,
        "head_per_1000": table.head_per_1000,
    }  # fmt: skip


def _fields(table: PriceTable, region: str) -> dict[str, Any]:
    retrieval: dict[str, dict[str, Any]] = {}
    for (archive, tier), price in table.retrieval.items():
        retrieval.setdefault(archive, {})[tier.value] = {"per_gib": price.per_gib, "per_1000": price.per_1000}
    return {
        "scheme": table.scheme, "store": table.store or None, "region": region, "date": table.date,
        "currency": table.currency, "source": table.source or None, "copy_per_gib_month": table.copy_per_gib_month,
        "copy_free": sorted(table.copy_free), "put_per_1000": table.put_per_1000, **_rates(table),
        "retrieval": retrieval, "unknown": unknown(table),
    }  # fmt: skip
