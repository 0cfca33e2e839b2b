"""``restoretui prices``: which prices are known, of which date, and where they come from."""

import asyncio
from pathlib import Path
from typing import Any

from restoretui.commands.output import Output
from restoretui.config.price_files import BUILT_IN, read_price_files
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.core.plan.pricing import PriceTable
from restoretui.core.rules.clouds import CLOUDS
from restoretui.session.jsonlines.line import known
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit


async def show(settings: Settings, output: Output) -> ExitCode:
    """Every Region with a price, the date of its prices, their file, and what is not known of it."""
    tables: dict[tuple[str, str, str], tuple[PriceTable, str]] = {}
    files = await asyncio.to_thread(read_price_files, settings.config_dir)
    for file in files:
        for table in file.tables:
            for region in table.regions:
                tables[table.scheme, table.store, region] = table, file.name
    if not output.as_json:
        output.text("REGION                    DATE        CURRENCY  FROM      NOT KNOWN")
    for (scheme, store, region), (table, name) in sorted(tables.items()):
        if output.as_json:
            output.line("prices", price_fields(table, region) | {"file": name})
            continue
        where = f"{store or scheme}://{region}" if scheme != next(iter(CLOUDS)) or store else region
        whence = name if name == BUILT_IN else Path(name).stem
        missing = ", ".join(unknown(table)) or "–"
        output.text(f"{fit(where, 24)}  {fit(table.date, 10)}  {table.currency:8}  {whence:8}  {clean(missing)}")
    sources = sorted({(table.date, table.source) for table, _ in tables.values() if table.source})
    for date, source in sources:
        output.say(f"{date}: {source}")
    for file in files[1:]:
        output.say(f"read from {file.name}")
    if not output.as_json:
        output.say("what is not known is never taken for free; `restoretui prices update --region REGION` reads it")
    output.summary({"regions": sorted({key[2] for key in tables}), "files": [{"file": file.name} for file in files]})
    return ExitCode.DONE


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


def rates_of(table: PriceTable) -> dict[str, Any]:
    """Its prices of all but restores, by name; None for those that are not known."""
    return {
        "egress_per_gib": table.egress_per_gib, "frequent_per_gib_month": table.frequent_per_gib_month,
        "infrequent_per_gib_month": table.infrequent_per_gib_month, "list_per_1000": table.list_per_1000,
        "head_per_1000": table.head_per_1000,
    }  # fmt: skip


def price_fields(table: PriceTable, region: str) -> dict[str, Any]:
    """A Region's prices as JSON."""
    retrieval: dict[str, dict[str, Any]] = {}
    for (archive, tier), price in table.retrieval.items():
        retrieval.setdefault(archive, {})[tier.value] = known({"per_gib": price.per_gib, "per_1000": price.per_1000})
    return {
        "scheme": table.scheme, "store": table.store or None, "region": region, "date": table.date or None,
        "currency": table.currency, "source": table.source or None, "copy_per_gib_month": table.copy_per_gib_month,
        "copy_free": sorted(table.copy_free), "put_per_1000": table.put_per_1000, **rates_of(table),
        "retrievals": retrieval, "unknown_prices": unknown(table),
    }  # fmt: skip
