"""Totals kept up to date are those of every row added up: whatever is listed, restored, looked at and deleted."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import Entry, Page, State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Listing, Scope
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs import create_run
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.totals.counted_listing import DEEPEST
from restoretui.ledger.volumes import GONE, PrefixTotals, Volume
from tests.ledger.helpers import BUCKET, CLOUD, entry, jobs_in, listed, look, now_of, planned, started
from tests.narrowing import there

HOSTILE = ("\x1b[31mred\x1b[0m", "new\nline", "[bold]markup[/bold]", "\u202ertl", "", "a", "b", "ünï", "%_'\"")
PARTS = st.sampled_from(HOSTILE)
KEYS = st.builds(lambda parts, name: "/".join([*parts, name]), st.lists(PARTS, max_size=3), st.sampled_from("xyz"))
CLASSES = ("STANDARD", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "")
SIZES = st.one_of(st.integers(0, 100), st.none(), st.sampled_from((1 << 40, (1 << 63) - 1)))
Key = tuple[str, str, str]


async def added_up(ledger: Ledger, listing: Listing) -> dict[Key, Volume]:
    """By prefix, class and state: every row of the listing, as a screen shows it."""
    view = await ledger.catalog.browse(listing.id)
    start = len(listing.scope.prefix)
    found: dict[Key, Volume] = {}
    for row in view.rows(0, view.count):
        if row.is_prefix:
            continue
        key = row.ref.key
        slashes = [at + 1 for at in range(start, len(key)) if key[at] == "/"][:DEEPEST]
        amount = Volume(1, row.size or 0, row.size is None)
        for prefix in [listing.scope.prefix, *(key[:end] for end in slashes)]:
            kind = (prefix, row.storage_class, GONE if row.gone else row.state)
            found[kind] = found.get(kind, Volume()).plus(amount)
    await view.aclose()
    return found


async def kept(ledger: Ledger, listing: Listing) -> dict[Key, Volume]:
    await ledger.totals.settle()
    assert not ledger.totals.is_stale
    totals = [there(ledger.totals.of(listing))]
    for depth in range(1, 7):  # Three parts, each of which may hold a slash itself.
        totals += await ledger.totals.below(listing, depth=depth)
    return {(each.prefix, *group): amount for each in totals for group, amount in each.groups.items()}


async def agree(ledger: Ledger, *listings: Listing) -> None:
    for listing in listings:
        assert await kept(ledger, listing) == await added_up(ledger, listing)


OBJECTS = st.lists(
    st.tuples(KEYS, st.sampled_from(CLASSES), SIZES, st.sampled_from((None, None, None, True, False))),
    unique_by=lambda row: row[0], max_size=25,
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("list", "run", "move", "look", "delete", "wait", "cancel", "prune", "resume")),
        st.randoms(use_true_random=False),
    ),
    max_size=12,
)
OURS = (State.REQUESTED, State.RESTORING, State.AVAILABLE, State.EXPIRED, State.FAILED, State.UNKNOWN)


@settings(max_examples=40, deadline=None)
@given(objects=OBJECTS, steps=STEPS, cloud=st.sampled_from((CLOUD, CloudId("s3", "https://store.example"))))
async def test_totals_are_what_the_rows_add_up_to(
    objects: list[tuple[str, str, int | None, bool | None]], steps: list[tuple[str, object]], cloud: CloudId
) -> None:
    with TemporaryDirectory() as folder:
        async with await Ledger.open(Path(folder) / "state", ManualClock()) as ledger:
            await _live(ledger, cloud, objects, steps)


async def _live(ledger: Ledger, cloud: CloudId, objects: list, steps: list) -> None:  # type: ignore[type-arg]
    clock = ledger.catalog._clock

    def entries() -> list[Entry]:
        return sorted(
            entry(key, storage_class, size=size, in_progress=status,
                  expiry=int(now_of(ledger)) + 50 if status is False else None)
            for key, storage_class, size, status in objects
        )  # fmt: skip

    async def make(prefix: str = "") -> Listing:
        listing = await ledger.catalog.begin(Scope(cloud, BUCKET, prefix, recursive=True))
        rows = [row for row in entries() if row.key.startswith(prefix)]
        for at in range(0, len(rows), 4):
            # In two segments, as parallel ranges come.
            segment = int(at >= len(rows) // 2)
            ledger.catalog.append(listing.id, Page(rows[at : at + 4], (), None), segment=segment)
        return await ledger.catalog.finish(listing.id)

    listings = [await make()]
    await agree(ledger, *listings)
    for what, dice in steps:
        await clock.advance(20)  # type: ignore[attr-defined]
        if what == "list":
            listings = [*listings[-1:], await make(dice.choice(("", "a", "a/", "\u202ertl/")))]
        elif what == "run" and objects:
            sel = await ledger.selections.create()
            await ledger.selections.add_under(sel, listings[-1].id)
            with suppress(RestoreTuiError):  # Nothing may be left to ask for.
                plan = await planned(ledger, sel, cloud=cloud)
                await ledger.runs.confirm(sel, ConfirmedPlan(cloud, plan, dice.choice(list(plan.tiers)), {}))
            await ledger.selections.drop(sel)
        elif what == "prune":
            await ledger.pruner.remove([run.id for run in await ledger.runs.list() if not run.is_open])
            await ledger.pruner.finish()
        elif what in ("move", "cancel"):
            for run in await ledger.runs.list():
                if what == "cancel" and dice.random() < 0.5:
                    await ledger.runs.set_cancelled(run.id)
                    continue
                jobs = await jobs_in(ledger, run.id, set(State) - {State.SKIPPED, State.CANCELLED})
                chosen = [job for job in jobs if dice.random() < 0.5]
                end = int(now_of(ledger)) + dice.choice((10, 30, 1000))
                await ledger.runs.apply(
                    [JobChange(job.id, dice.choice(OURS), now_of(ledger), expiry=end) for job in chosen]
                )
        elif what in ("look", "delete"):
            looks = [
                look(key, now_of(ledger) - dice.choice((0, 0, 500)), dice.choice((storage_class, "GLACIER")),
                     in_progress=dice.choice((None, True, False)), gone=what == "delete", looked=dice.random() < 0.5,
                     expiry=dice.choice((None, int(now_of(ledger)) + 30)), size=dice.choice((size, 77)))
                for key, storage_class, size, _ in objects if dice.random() < 0.4
            ]  # fmt: skip
            await ledger.catalog.observe(cloud, BUCKET, looks)
        elif what == "resume":
            await ledger.catalog.resume(listings[-1].id)
            await ledger.catalog.restart(listings[-1].id)
            ledger.catalog.append(listings[-1].id, Page(entries() if not listings[-1].scope.prefix else [], (), None))
            await ledger.catalog.finish(listings[-1].id)
        if dice.random() < 0.7:
            await agree(ledger, *listings)
    await clock.advance(2000)  # type: ignore[attr-defined]
    await agree(ledger, *listings)


def amounts(totals: PrefixTotals | None) -> dict[str, Volume]:
    found = there(totals)
    return {
        "whole": found.whole,
        "archived": found.archived,
        "restoring": found.restoring,
        "readable": found.readable,
    }


async def test_a_restore_moves_its_bytes_from_bucket_to_bucket(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a/1", size=5), entry("a/2", "STANDARD", size=7)])
    listing = await listed(ledger, [entry("a/1", size=5), entry("a/2", "STANDARD", size=7), entry("b", size=1)])
    await ledger.totals.settle()
    five, seven = Volume(1, 5), Volume(1, 7)
    assert amounts(ledger.totals.of(listing, "a/")) == {
        "whole": Volume(2, 12), "archived": Volume(), "restoring": five, "readable": seven,
    }  # fmt: skip
    (job,) = await jobs_in(ledger, run.id, {State.PLANNED})
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now_of(ledger), expiry=int(now_of(ledger)) + 60)])
    assert ledger.totals.is_stale
    await ledger.totals.settle()
    assert amounts(ledger.totals.of(listing, "a/"))["readable"] == Volume(2, 12)
    await ledger.runs.apply([JobChange(job.id, State.EXPIRED, now_of(ledger))])
    await ledger.totals.settle()
    assert amounts(ledger.totals.of(listing))["archived"] == Volume(2, 6)


async def test_a_copy_whose_end_has_passed_is_archived_without_anybody_saying_so(ledger: Ledger) -> None:
    clock = ledger.catalog._clock
    listing = await listed(ledger, [entry("a", in_progress=False, expiry=int(now_of(ledger)) + 60)])
    assert there(ledger.totals.of(listing)).readable == Volume(1, 10)
    await clock.advance(61)  # type: ignore[attr-defined]
    assert ledger.totals.is_stale
    await ledger.totals.settle()
    assert there(ledger.totals.of(listing)).archived == Volume(1, 10)


async def test_sizes_that_are_not_told_are_never_nothing_and_sums_have_no_bound(ledger: Ledger) -> None:
    most = (1 << 63) - 1
    listing = await listed(ledger, [entry(f"a{n}", size=most) for n in range(5)] + [entry("b")._replace(size=None)])
    assert there(ledger.totals.of(listing)).whole == Volume(6, 5 * most, 1)


async def test_prefixes_as_hostile_as_keys_may_be(ledger: Ledger) -> None:
    keys = sorted([f"{name}/x" for name in HOSTILE] + ["//", "///y", "/lead", "deep" + "/d" * 500])
    listing = await listed(ledger, [entry(key, size=1) for key in keys])
    below = {each.prefix: each.whole for each in await ledger.totals.below(listing)}
    assert below == {
        prefix: Volume(count, count) for prefix, count in Counter(key[: key.index("/") + 1] for key in keys).items()
    }
    assert there(ledger.totals.of(listing, "//")).whole == Volume(2, 2)
    assert ledger.totals.covering(CLOUD, BUCKET, "deep/" + "d/" * 20) is None
    assert there(ledger.totals.covering(CLOUD, BUCKET, "deep/d/")).id == listing.id


async def test_each_version_counts_and_only_where_versions_are_listed(ledger: Ledger) -> None:
    entries = [entry("k", version_id=version, size=3) for version in ("v2", "v1")]
    listing = await listed(ledger, entries, versions=True)
    assert there(ledger.totals.of(listing)).whole == Volume(2, 6)
    assert ledger.totals.covering(CLOUD, BUCKET, "") is None
    await ledger.catalog.observe(CLOUD, BUCKET, [look("k", now_of(ledger) + 1, version_id="v1", gone=True, size=3)])
    await ledger.totals.settle()
    found = there(ledger.totals.of(listing))
    assert (found.whole, found.gone) == (Volume(1, 3), Volume(1, 3))


async def test_a_listing_of_one_level_has_totals_of_what_it_shows(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("p/a", size=4)], prefix="p/", prefixes=["p/x/"])
    assert there(ledger.totals.of(listing)).whole == Volume(1, 4)
    assert await ledger.totals.below(listing) == []


async def test_jobs_that_come_in_bulk_count_like_any_others(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those after them, one by one, and those after a bulk that failed."""
    listing = await listed(ledger, [entry(f"a/{number}", size=1) for number in range(5)])
    sel = await ledger.selections.create()
    await ledger.selections.add_under(sel, listing.id)

    async def noted() -> int:
        sql = "SELECT count(*) FROM stale_job"
        return int((await ledger._reader.run(lambda connection: connection.execute(sql).fetchone()))[0])

    async def confirmed() -> None:
        await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, await planned(ledger, sel), Tier.BULK, {}))

    monkeypatch.setattr(create_run, "_BULK", 1)
    await confirmed()
    assert await noted() == 5
    with monkeypatch.context() as patch:
        patch.setattr(create_run, "insert_line", None)
        with pytest.raises(TypeError):
            await confirmed()
    monkeypatch.setattr(create_run, "_BULK", 1000)
    await confirmed()
    assert await noted() == 10
