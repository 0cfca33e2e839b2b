"""Manifests that exist, for jobs to run from: read whole or begun, sampled, planned (FACTS 2.2, 8.1).

A CSV manifest or an inventory in a bucket is run from where it lies, and told by its ETag; what lies on this machine
is read into the run, and written and uploaded like any other manifest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from restoretui.core.batch.jobs import Manifest, ManifestRow
from restoretui.core.batch.manifest_plans import ManifestPlanner, ManifestTold, Sample
from restoretui.core.batch.manifest_rows import ManifestRows
from restoretui.core.clock import Clock
from restoretui.core.errors import (
    AccessDenied,
    InvalidRequest,
    ObjectNotFound,
    UsageError,
)
from restoretui.core.inventory.csv_rows import WantedRows
from restoretui.core.inventory.gunzipped import Gunzipped
from restoretui.core.inventory.manifest import MANIFEST, Format
from restoretui.core.location import Location, parse_location
from restoretui.core.model import ObjectRef, Tier
from restoretui.core.plan.job_fees import fees_in
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rows import Rows
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.engine.traffic.speaker import Progress, Works
from restoretui.engine.watching.looks import look_at_each
from restoretui.engine.watching.observations import facts_of, looked_at
from restoretui.ledger.records import Observation
from restoretui.session.batch.found_manifest import Enough, FoundManifest, RowTally
from restoretui.session.clouds import CloudAccess, Clouds
from restoretui.session.inventory.files import CloudFiles, Files, LocalFiles
from restoretui.session.inventory.finding import find_inventory
from restoretui.session.inventory.reading import ReadSoFar, read_rows

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.plan.pricing import PriceBook, PriceTable
    from restoretui.ledger.batches.batch_jobs import BatchJobs

BEGUN = 256 << 20
"""Bytes of a manifest that a plan reads: what is longer is counted by its beginning."""
Take = Callable[[list[ManifestRow]], Awaitable[None]]


class JobManifests:
    """Part of a session, as ``session.manifests``. Sends nothing but looks."""

    def __init__(self, clock: Clock, clouds: Clouds, works: Works, prices: "PriceBook") -> None:
        self._clock = clock
        self._clouds = clouds
        self._works = works
        self._prices = prices

    @property
    def _cloud(self) -> CloudAccess:
        return self._clouds.with_jobs

    async def find(self, named: str, bucket: str = "", *, whole: bool) -> FoundManifest:
        """Look through a manifest: to its end, or as far as a plan needs it.

        ``UsageError`` where no job could run from it, or where it is not about ``bucket``, ``InventoryUnreadable``
        where it is damaged.
        """
        found = await self._found(named)
        tally = RowTally(found)
        with self._works.telling(lambda: f"reading the manifest: {found.rows:,} rows so far"):
            await self._read(found, tally.take, None if whole else BEGUN, tally)
        tally.end()
        if not found.rows:
            raise UsageError(f"the manifest {named} names no object", "a job needs one at least")
        if bucket and found.bucket != bucket:
            raise UsageError(
                f"the manifest {named} is about the bucket {found.bucket!r}, and not about {bucket!r}",
                "name no location beside it, or the bucket its rows name",
            )
        region = await self._cloud.region(found.bucket)
        if found.existing is not None:
            theirs = await self._cloud.region(found.existing.bucket)
            if theirs != region:
                found.notes.append(
                    f"the manifest lies in {theirs} and its objects in {region}, where the job is made: whether a job"
                    " reads a manifest of another Region is not documented"
                )
        return found

    async def gather(self, found: FoundManifest, batches: "BatchJobs") -> int:
        """Hand all rows to the ledger, some at a time; how many. ``UsageError`` where it changed since."""
        rows = 0
        await batches.begin_gathering()

        async def take(some: list[ManifestRow]) -> None:
            nonlocal rows
            rows += len(some)
            await batches.gather(some)

        with self._works.telling(lambda: f"writing down the manifest: {rows:,} of {found.rows:,} rows so far"):
            await self._read(found, take, None, None)
        return rows

    async def sample(self, found: FoundManifest) -> Sample:
        """Look at a few of its objects; ``InvalidRequest`` where none of them is there."""
        cloud = self._cloud
        provider = await cloud.provider()
        now = self._clock.now().timestamp()

        async def look(ref: ObjectRef) -> list[Observation]:
            detail = await cloud.of(ref.bucket).read(lambda: provider.head_object(ref))
            return [looked_at(detail, ref.version_id, now)]

        tally = Progress()
        with self._works.telling(lambda: tally.text(f"of {len(found.refs)} objects of the manifest looked at")):
            seen = await look_at_each(found.refs, look, tally)
        groups, missing, denied = [], 0, 0
        problem: Exception | None = None
        for _, one in seen:
            if isinstance(one, Observation):
                size = one.size if one.size is not None else 0
                groups.append(FactGroup(found.bucket, facts_of(one), 1, size, unsized=int(one.size is None)))
            elif isinstance(one, AccessDenied):
                denied += 1
            else:
                missing += 1
                problem = problem or one
        if not groups and not denied:
            raise InvalidRequest(
                f"none of the {len(seen)} objects of the manifest that were looked at can be found: {problem}",
                "keys in a manifest are URL-encoded; is it of this bucket, and of today?",
            )
        return Sample(len(seen), groups, missing, denied)

    def planner(self, found: FoundManifest, sample: Sample, region: str) -> ManifestPlanner:
        """What makes its plan."""
        told = ManifestTold(found.rows, found.size_bytes, found.classes)
        return ManifestPlanner(self._cloud.rules, found.bucket, region, told, sample)

    async def plan(self, found: FoundManifest, sample: Sample, days: int, role_arn: str = "") -> "RestorePlan":
        """What a job from it would do, and what nobody can know of that."""
        region = await self._cloud.region(found.bucket)
        fees = fees_in(self._cloud.connection.region or "", role_arn)
        return self.planner(found, sample, region).plan(days, self._clock.now(), self._table(region), fees)

    async def likely(self, found: FoundManifest, sample: Sample, days: int, tier: Tier) -> Decimal | None:
        """See ``ManifestPlanner.likely``."""
        region = await self._cloud.region(found.bucket)
        return self.planner(found, sample, region).likely(days, tier, self._clock.now(), self._table(region))

    def _table(self, region: str) -> "tuple[PriceTable, bool]":
        return self._prices.table_for(self._cloud.scheme, region, self._cloud.rules.store)

    # --- what it is

    async def _found(self, named: str) -> FoundManifest:
        if "://" not in named:
            path = await asyncio.to_thread(_file_at, named)
            if path is None:
                raise UsageError(
                    f"--manifest names no file: {named!r}",
                    "write written, generated, a file, or the location of a manifest",
                )
            return FoundManifest(named, None, named.endswith(MANIFEST), path=path)
        place = parse_location(named)
        scheme = cloud_with_jobs().scheme
        if place.scheme != scheme or place.key is None or place.version_id is not None:
            raise UsageError(
                f"{named} is no manifest that a job could read",
                f"write {scheme}://BUCKET/KEY of a CSV manifest, or of an inventory's {MANIFEST}",
            )
        return await self._in_bucket(named, place, place.key)

    async def _in_bucket(self, named: str, place: Location, key: str) -> FoundManifest:
        provider = await self._cloud.provider()
        try:
            detail = await self._cloud.of(place.bucket).read(
                lambda: provider.head_object(ObjectRef(place.bucket, key))
            )
        except ObjectNotFound as error:
            raise UsageError(f"there is no manifest {named}", "name one that is there") from error
        headers = {name.lower(): value for name, value in detail.headers}
        is_inventory = key.endswith(MANIFEST)
        if not is_inventory and headers.get("x-amz-server-side-encryption", "").startswith("aws:kms"):
            raise UsageError(
                f"{named} is encrypted by KMS, and no job reads such a CSV manifest",
                "copy it with SSE-S3, or name the file on this machine: it is uploaded so",
            )
        existing = Manifest(place.bucket, key, detail.etag.strip('"'), versions=False, is_inventory=is_inventory)
        return FoundManifest(named, existing, is_inventory)

    # --- its rows

    async def _read(self, found: FoundManifest, take: Take, most: int | None, tally: "RowTally | None") -> None:
        try:
            if found.is_inventory:
                await self._read_inventory(found, take, most, tally)
            else:
                await self._read_csv(found, take, most, tally)
        except Enough:
            return
        except InvalidRequest as error:
            if error.status != 412:
                raise
            raise UsageError(
                f"the manifest {found.named} changed meanwhile: it has another ETag", "say it again"
            ) from None

    async def _read_csv(self, found: FoundManifest, take: Take, most: int | None, tally: "RowTally | None") -> None:
        files, path = self._files(found)
        etag = f'"{found.existing.etag}"' if found.existing is not None else ""
        rows = ManifestRows(found.named, skips_headings=found.existing is None)
        lines = Gunzipped(found.named)
        at = 0
        while True:
            piece = await files.piece(path, at, etag)
            if not at and piece.data.startswith(b"\x1f\x8b") and found.existing is not None:
                raise UsageError(f"{found.named} is packed, and a job reads a CSV manifest as it is", "unpack it")
            at += len(piece.data)
            over = at >= piece.size or not piece.data
            for block in chain(lines.feed(piece.data), (lines.end() for _ in range(over))):
                some = rows.read(block)
                found.bucket = rows.bucket
                if some:
                    await take(some)
            if tally is not None:
                tally.fields = rows.fields
                if most is not None and at >= most and not over:
                    tally.estimate(at, piece.size)
                    raise Enough
            if over:
                return

    async def _read_inventory(
        self, found: FoundManifest, take: Take, most: int | None, tally: "RowTally | None"
    ) -> None:
        inventory = await find_inventory(self._clouds, found.named, "", needs_class=False)
        if inventory.inventory.format is not Format.CSV:
            raise UsageError(
                f"{found.named} is in {inventory.inventory.format.value}, and a job reads CSV inventories alone",
                "let the bucket write an inventory as CSV",
            )
        bucket = found.bucket = inventory.inventory.bucket
        loop, so_far = asyncio.get_running_loop(), ReadSoFar()
        sizes = [file.size or 0 for file in inventory.inventory.files]

        async def hand_on(rows: Rows) -> None:
            some = [
                ManifestRow(bucket, key, version) for key, version in zip(rows.keys, rows.columns[1], strict=True)
            ]
            if tally is not None:
                tally.sized(rows.columns[2], rows.columns[4])
            await take(some)
            if most is not None and tally is not None and sum(sizes[: so_far.files]) >= most:
                tally.estimate(sum(sizes[: so_far.files]), sum(sizes))
                raise Enough

        def keep(rows: Rows) -> int:
            asyncio.run_coroutine_threadsafe(hand_on(rows), loop).result()
            return len(rows)

        wanted = WantedRows(versions=inventory.inventory.has_versions)
        await read_rows(inventory, wanted, keep, so_far)
        if tally is not None and (markers := so_far.seen - so_far.kept):
            found.notes.append(f"{markers:,} of its rows are delete markers, whose tasks fail")
        if tally is not None and tally.nulls:
            found.notes.append(
                f"{tally.nulls:,} of its rows are null versions with an empty version id, whose tasks fail: a job"
                " wants the word null there"
            )

    def _files(self, found: FoundManifest) -> tuple[Files, str]:
        if found.existing is None:
            return LocalFiles(), found.named
        return CloudFiles(self._cloud, found.existing.bucket), found.existing.key


def _file_at(named: str) -> Path | None:
    """Where a file is; None where there is none of that name."""
    path = Path(named)
    return path.absolute() if path.is_file() else None
