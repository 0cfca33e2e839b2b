"""``restoretui prices update``: prices read from AWS's price list, by the network or from files."""

from collections.abc import Sequence
from pathlib import Path

from restoretui.commands.output import Output
from restoretui.commands.prices.showing import price_fields, rates_of, unknown
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.plan.money import plain
from restoretui.core.plan.pricing import PriceTable, read_price_book
from restoretui.session import price_updates
from restoretui.wording.safe import clean, fit

ALL = "all"
"""In place of a Region: every one that the price list has."""


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
            output.line(
                "prices", price_fields(table, one.region) | {"file": str(updated.file), "not_listed": one.missing}
            )
        else:
            _tell(output, table, one.region)
    if not dry_run:
        await price_updates.write(updated)
    output.say(f"nothing was written to {updated.file}" if dry_run else f"written to {updated.file}")
    output.summary({"regions": there, "file": str(updated.file), "written": not dry_run})
    return ExitCode.DONE


def _tell(output: Output, table: PriceTable, region: str) -> None:
    output.text(f"{clean(region)}  {fit(table.date, 10)}  {table.currency}")
    for (archive, tier), price in table.retrieval.items():
        fee = "?" if price.per_1000 is None else plain(price.per_1000)
        output.text(f"  {archive:19}  {tier:9}  {plain(price.per_gib)} per GB, {fee} per 1,000 requests")
    rates = {"copy_per_gib_month": table.copy_per_gib_month, **rates_of(table)}
    for name, rate in rates.items():
        output.text(f"  {name:30}  {'?' if rate is None else plain(rate)}")
    if missing := unknown(table):
        output.text(f"  not known: {', '.join(missing)}")
