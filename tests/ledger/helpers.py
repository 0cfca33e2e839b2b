"""Objects, listings and plans by the handful."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from sqlite3 import Connection

from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.model import Entry, Page, State, Tier
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.pricing import PriceTable
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger import Ledger
from restoretui.ledger.marks.span_sql import source_of
from restoretui.ledger.marks.spans import span_listings
from restoretui.ledger.records import CloudId, JobRow, Listing, Observation, Scope
from restoretui.ledger.run_records import RestoreJob, Run
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.runs.run_rows import JOB, jobs_of
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.look_columns import FACTS_OF_LOOK

CLOUD = CloudId("s3")
ELSEWHERE = CloudId("s3", "https://store.example")
BUCKET = "archive"
PRICES = PriceTable("s3", ("us-east-1",), "2026-01-01", "USD", {}, Decimal(0), frozenset(), Decimal(0), Decimal(0))

# Any character a key may hold: no NUL, no surrogates; with those that mean something to globs and terminals.
KEY_CHARS = st.one_of(
    st.sampled_from("ab/A*?[]^!-\\%_'\"\n\x1b é\u202e😀\U0010ffff"),
    st.characters(codec="utf-8", exclude_characters="\0"),
)
KEYS = st.text(KEY_CHARS, min_size=1, max_size=12)


def entry(
    key: str,
    storage_class: str = "GLACIER",
    *,
    size: int = 10,
    modified: int = 1_700_000_000,
    version_id: str | None = None,
    in_progress: bool | None = None,
    expiry: int | None = None,
) -> Entry:
    return Entry(key, version_id, size, modified, storage_class, in_progress, expiry, f'"{key[:4]}"')


def look(
    key: str,
    seen_at: float,
    storage_class: str = "GLACIER",
    *,
    in_progress: bool | None = None,
    expiry: int | None = None,
    archive_status: str | None = None,
    looked: bool = False,
    gone: bool = False,
    version_id: str | None = None,
    size: int | None = 10,
    modified: int | None = 1_700_000_000,
) -> Observation:
    return Observation(
        key, version_id, storage_class, size, modified, archive_status, looked, in_progress, expiry, seen_at, gone
    )


async def listed(
    ledger: Ledger,
    entries: Sequence[Entry],
    *,
    bucket: str = BUCKET,
    prefix: str = "",
    prefixes: Sequence[str] = (),
    cloud: CloudId = CLOUD,
    versions: bool = False,
) -> Listing:
    """A complete listing of ``entries``, which are in key order."""
    listing = await ledger.catalog.begin(Scope(cloud, bucket, prefix, not prefixes, versions))
    ledger.catalog.append(listing.id, Page(entries, prefixes, None))
    return await ledger.catalog.finish(listing.id)


async def planned(
    ledger: Ledger, sel: int = 1, *, days: int = 3, cloud: CloudId = CLOUD, purpose: Purpose = Purpose.RESTORE
) -> RestorePlan:
    groups = (await ledger.selections.facts(sel)).get(cloud, [])
    clock = clock_of(ledger)
    return make_plan(CLOUDS["s3"].rules, groups, days, clock.now(), (PRICES, True), purpose)


def clock_of(ledger: Ledger) -> ManualClock:
    clock = ledger.catalog._clock
    assert isinstance(clock, ManualClock)
    return clock


def now_of(ledger: Ledger) -> float:
    return clock_of(ledger).now().timestamp()


async def started(
    ledger: Ledger, entries: Sequence[Entry], tier: Tier = Tier.BULK, connection: Mapping[str, object] | None = None
) -> Run:
    """A run over all of ``entries``, just confirmed; the marks are cleared."""
    listing = await listed(ledger, entries)
    sel = await ledger.selections.create()
    await ledger.selections.add_under(sel, listing.id)
    run = await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, await planned(ledger, sel), tier, connection or {}))
    await ledger.selections.drop(sel)
    return run


def keys(count: int, form: str = "k{:05d}") -> list[str]:
    return [form.format(number) for number in range(count)]


def pages(entries: Sequence[Entry], size: int) -> Iterator[Page]:
    for at in range(0, len(entries), size):
        yield Page(entries[at : at + size], (), None)


@contextmanager
def ledger_for_examples() -> Iterator[tuple[asyncio.Runner, Ledger]]:
    """One ledger for all examples of a property: ``runner.run(...)`` each of them."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        ledger = runner.run(Ledger.open(Path(folder) / "state", ManualClock()))
        try:
            yield runner, ledger
        finally:
            runner.run(ledger.aclose())


def total(entries: Iterable[Entry | JobRow]) -> int:
    return sum(entry.size for entry in entries if entry.size is not None)


@asynccontextmanager
async def busy(reader: ReaderThread) -> AsyncIterator[None]:
    """That thread gets to nothing else meanwhile."""
    async with _waiting(lambda wait: reader.run(lambda _connection: wait())):
        yield


@asynccontextmanager
async def held(writer: Writer) -> AsyncIterator[None]:
    """Nothing is written meanwhile."""
    async with _waiting(lambda wait: writer.do(lambda _tx: wait())):
        yield


@asynccontextmanager
async def _waiting(begin: Callable[[Callable[[], None]], Awaitable[None]]) -> AsyncIterator[None]:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait()

    task = asyncio.ensure_future(begin(wait))
    try:
        await asyncio.to_thread(begun.wait)
        yield
    finally:
        go_on.set()
        await task


async def jobs_in(
    ledger: Ledger, run_id: int, states: Collection[State] | None = None, after_id: int = 0, limit: int = 1000
) -> list[RestoreJob]:
    """Jobs of a run in id order, from behind ``after_id``; in any state if none are given."""

    def find(connection: Connection) -> list[RestoreJob]:
        some = ", ".join(f"'{state.value}'" for state in states or State)
        sql = f"{JOB} WHERE j.run_id = ? AND j.id > ? AND j.state IN ({some}) ORDER BY j.id LIMIT ?"
        return jobs_of(connection.execute(sql, (run_id, after_id, limit)).fetchall())

    return await ledger.runs._reader.run(find)


async def marks_in(ledger: Ledger, sel: int) -> list[tuple[object, ...]]:
    """What is marked in a set, in whatever form: bucket, key, version and all that marks know."""

    def find(connection: Connection) -> list[tuple[object, ...]]:
        reads = Tx(connection)
        found: list[tuple[object, ...]] = []
        for place, bucket in connection.execute("SELECT id, bucket FROM place").fetchall():
            columns = f"s.key, s.version_id, s.silent, {', '.join(f's.{name}' for name in FACTS_OF_LOOK)}"
            source = source_of(span_listings(reads, sel, place))
            sql = f"SELECT :bucket, {columns} FROM {source} WHERE s.sel = :sel AND s.place_id = :place"
            found += connection.execute(sql, {"sel": sel, "place": place, "bucket": bucket}).fetchall()
        return sorted(found, key=repr)

    return await ledger._reader.run(find)


async def last_entry(ledger: Ledger) -> int:
    """The id of the newest entry of the activity log; 0 if there is none."""
    entries = await ledger.activity.since(0, 1_000_000)
    return entries[-1].id if entries else 0
