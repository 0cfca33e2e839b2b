"""Makes a run of ours out of a job that somebody else made, so that its objects are watched like any.

Its manifest is gathered a part at a time, then becomes a run in one transaction. Nothing of it is to be sent: the job
is recorded as one that exists, is followed, and is confirmed or cancelled by a person only.
"""

import json
import uuid
from collections.abc import Mapping, Sequence

from restoretui.core.batch.jobs import BatchOptions, JobInfo, ManifestRow
from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.core.plan.money import DOLLARS
from restoretui.core.rules.rules import RestoreWindow
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.ledger.batches.records import Phase, options_text
from restoretui.ledger.records import CloudId
from restoretui.ledger.runs.bucket_ids import bucket_id
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.unknown_values import UNTOLD_SIZE
from restoretui.ledger.store.writer import Tx

_WHY = "asked for by a job that was made elsewhere"


def begin(tx: Tx) -> None:
    """Nothing is gathered yet."""
    tx.run("DROP TABLE IF EXISTS temp.adopted")
    tx.run("CREATE TEMP TABLE adopted (bucket, key, version_id, PRIMARY KEY (bucket, key, version_id)) WITHOUT ROWID")


def gather(tx: Tx, rows: Sequence[ManifestRow]) -> None:
    """Keep some rows of a manifest for ``adopt``; one that stands there twice counts once."""
    tx.values("INSERT OR IGNORE INTO temp.adopted", [(row.bucket, row.key, row.version_id or "") for row in rows])


def adopt(tx: Tx, cloud: CloudId, connection: Mapping[str, object], info: JobInfo, now: float) -> int:
    """The id of the run made of what was gathered; ``UsageError`` where that is no job's manifest."""
    counted = tx.row("SELECT count(*), count(DISTINCT bucket), min(bucket), max(version_id) FROM temp.adopted")
    objects, buckets, bucket, versions = counted or (0, 0, "", "")
    if buckets != 1:
        what = "no object" if not buckets else "objects of several buckets"
        raise UsageError(f"the manifest of job {info.job_id} names {what}", "only jobs on one bucket can be followed")
    tier, place = info.tier or Tier.STANDARD, bucket_id(tx, cloud, str(bucket))
    made = now if info.created is None else info.created.timestamp()
    window = _window(cloud, tier)
    run_id = tx.insert(
        "INSERT INTO run (scheme, endpoint, connection, purpose, tier, days, note, created_at, objects, size_bytes,"
        " first_job, estimate, currency, unpriced, window_shortest, window_longest, regions)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, (SELECT coalesce(max(id), 0) + 1 FROM job), '0', ?, ?, ?, ?, ?)",
        (
            *cloud, json.dumps(dict(connection), sort_keys=True), Purpose.RESTORE, tier, info.days or 0,
            f"followed: job {info.job_id}", made, objects, DOLLARS, objects,
            window and window.shortest.total_seconds(), window and window.longest.total_seconds(), info.region,
        ),
    )  # fmt: skip
    options = BatchOptions(
        info.role_arn, report=info.report, scope=info.scope, priority=info.priority, description=info.description,
        hold=True, followed=True,
    )  # fmt: skip
    manifest_bucket, _, manifest_key = info.manifest.partition("://")[2].partition("/")
    batch_id = tx.insert(
        "INSERT INTO batch (run_id, bucket_id, versions, days, objects, size_bytes, token, options, phase,"
        " planned_at, region, manifest_bucket, manifest_key, manifest_etag, sent_at, job_id)"
        " VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id, place, bool(versions), info.days, objects, uuid.uuid4().hex, options_text(options), Phase.CREATED,
            made, info.region, manifest_bucket, manifest_key, info.manifest_etag, made, info.job_id,
        ),
    )  # fmt: skip
    line_id = tx.insert(
        "INSERT INTO line (run_id, storage_class, archive, action, reason, tier, days)"
        " VALUES (?, '', NULL, ?, ?, ?, ?)",
        (run_id, Action.ALREADY, _WHY, tier, info.days),
    )
    tx.run(
        "INSERT INTO job (run_id, line_id, bucket_id, key, version_id, size, state, changed_at, adopted, batch_id)"
        " SELECT ?, ?, ?, key, version_id, ?, 'planned', ?, 1, ? FROM temp.adopted ORDER BY key, version_id",
        (run_id, line_id, place, UNTOLD_SIZE, now, batch_id),
    )
    tx.run("DROP TABLE temp.adopted")
    tx.run(
        "INSERT INTO run_count (run_id, state, jobs, size_bytes) VALUES (?, ?, ?, 0)",
        (run_id, State.PLANNED, objects),
    )
    tx.run(
        "INSERT INTO activity (at, kind, run_id, tier, text) VALUES (?, 'run', ?, ?, ?)",
        (now, run_id, tier, f"job {info.job_id} is followed: {objects:,} objects"),
    )
    tx.touch(change_feed.RUNS, change_feed.run_topic(run_id), change_feed.ACTIVITY, change_feed.BATCHES)
    return run_id


def _window(cloud: CloudId, tier: Tier) -> RestoreWindow | None:
    """From the soonest to the latest typical end, of whichever class its objects are."""
    windows = [rule.batch_windows[tier] for rule in cloud.rules.archives.values() if tier in rule.batch_windows]
    whole = windows[0] if windows else None
    for window in windows[1:]:
        whole = window if whole is None else whole | window
    return whole
