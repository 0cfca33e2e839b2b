"""Maps rows of the tables to ``Run`` and ``RestoreJob`` (object-relational mapping, by hand)."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from restoretui.core.literal.literal import Literal
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import RestoreJob, Run
from restoretui.ledger.store.decoding import ACTIONS, PURPOSES, STATES, TIERS, Shape, damaged, decodes

if TYPE_CHECKING:
    from restoretui.ledger.then_records import StepCount

RUN = (
    "SELECT id, scheme, endpoint, connection, purpose, tier, days, note, created_at, objects, size_bytes, estimate,"
    " currency, unpriced, list_calls, head_calls, window_shortest, window_longest, first_requested_at,"
    " last_requested_at, ended_at, asks, regions, requester, ticket, first_job, literal,"
    " EXISTS (SELECT 1 FROM batch WHERE batch.run_id = run.id),"
    # Sizes are untold of all objects of a run or, as far as its sum can show, of none: the first tells.
    " size_bytes = 0 AND coalesce((SELECT size < 0 FROM job WHERE job.id = first_job), 0) FROM run"
)
_JOB = (
    "SELECT j.id, j.run_id, b.scheme, b.endpoint, b.name, j.key, j.version_id, j.size, n.storage_class, n.archive,"
    " n.action, j.state, n.tier, n.days, {attempt_at}, j.requested_at, j.expiry, j.adopted, j.changed_at, j.etag,"
    " j.outcome"
    " FROM job j {join} line n ON n.id = j.line_id {join} bucket b ON b.id = j.bucket_id"
)
JOB = _JOB.format(attempt_at="j.attempt_at", join="JOIN")
UNSENT = "state = 'planned' AND attempt_at IS NULL AND batch_id IS NULL"
_NEXT = (
    # CROSS JOIN is SQLite's way to say in which order: the jobs first, by the index that has just these.
    _JOB.format(attempt_at=":now", join="CROSS JOIN")
    + f" WHERE j.run_id = :run AND {UNSENT.replace('state', 'j.state')}"
)
NEXT_JOBS = f"{_NEXT} ORDER BY j.id LIMIT :limit"
"""The next unsent jobs of a run in id order, as they are once they are claimed ``:now``."""
NEXT_IN_SPAN = f"{_NEXT} AND j.id BETWEEN :first AND :last ORDER BY j.id LIMIT :limit"
"""The same of those between two ids."""

_RUN_SHAPE = Shape("a run", "itttttdtsiittiiiLLSSSItttitii")
_JOB_SHAPE = Shape("an object of a run", "iitttttitTttTDSSSistt")
_COUNT_SHAPE = Shape("the counts of a run", "itii")
_BUCKETS = "buckets"
_TEXTS = frozenset({"scheme", "profile", "region", "endpoint_url", "expected_bucket_owner", "store"})
"""What a connection holds as text; all else in it is yes or no."""


@decodes("the counts of a run")
def count_of(row: tuple[Any, ...]) -> tuple[int, State, int, int]:
    """Run, state, jobs and bytes, of a row of ``run_count``."""
    _COUNT_SHAPE.check([row])
    return row[0], STATES[row[1]], row[2], row[3]


@decodes("a run")
def run_of(
    row: tuple[Any, ...],
    counts: Sequence[tuple[State, int, int]],
    buckets: Callable[[int, int, int], tuple[str, ...]],
    then: "Sequence[StepCount]" = (),
) -> Run:
    """A row of ``RUN``, with its jobs and bytes by state; ``buckets`` of a run, its first job and its objects.

    ``then``: its then-steps.
    """
    _RUN_SHAPE.check([row])
    connection = _connection_of(row[3])
    estimate = Decimal(row[11])
    if not estimate.is_finite():
        raise damaged("a run's estimate", row[11])
    return Run(
        id=row[0],
        cloud=CloudId(row[1], row[2]),
        connection=connection,
        purpose=PURPOSES[row[4]],
        tier=_tier_of(row[5]),
        days=row[6],
        note=row[7],
        created_at=datetime.fromtimestamp(row[8], UTC),
        objects=row[9],
        size_bytes=row[10],
        counts={state: jobs for state, jobs, _ in counts},
        bytes_by_state={} if _makes_no_copies(row[26]) else {state: size_bytes for state, _, size_bytes in counts},
        estimate=estimate,
        currency=row[12],
        unpriced=row[13],
        list_calls=row[14],
        head_calls=row[15],
        window=None if row[16] is None else (row[16], row[17]),
        first_requested_at=_instant(row[18]),
        last_requested_at=_instant(row[19]),
        ended_at=_instant(row[20]),
        asks=row[21],
        regions=tuple(row[22].split()),
        requester=row[23],
        ticket=row[24],
        buckets=buckets(row[0], row[25], row[9]),
        literal=row[26],
        by_jobs=bool(row[27]),
        is_unsized=bool(row[28]),
        then=then,
    )


def _makes_no_copies(literal: str) -> bool:
    """Nothing comes back of such a run: its results are written elsewhere."""
    return bool(literal) and bool(Literal.of_text(literal).output)


def _connection_of(text: str) -> Mapping[str, object]:
    connection = json.loads(text)
    for name, value in [*connection.items(), *_of_buckets(connection)]:
        if (
            name != _BUCKETS
            and value is not None
            and not isinstance(value, str if name in _TEXTS else bool | int | float | str)
        ):
            raise damaged("how to reach the cloud of a run", name)
    return cast("Mapping[str, object]", connection)


def _of_buckets(connection: Mapping[str, Any]) -> list[tuple[str, object]]:
    """What is said of the buckets that are reached otherwise."""
    told = connection.get(_BUCKETS, {})
    if not isinstance(told, dict) or not all(isinstance(one, dict) for one in told.values()):
        raise damaged("how to reach the cloud of a run", _BUCKETS)
    if any(_BUCKETS in one for one in told.values()):
        raise damaged("how to reach the cloud of a run", _BUCKETS)
    return [pair for one in told.values() for pair in one.items()]


def _tier_of(text: str) -> Tier:
    tier = TIERS[text]
    if tier is None:
        raise damaged("a run's tier", text)
    return tier


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@decodes("an object of a run")
def jobs_of(rows: Sequence[tuple[Any, ...]]) -> list[RestoreJob]:
    """Rows of ``JOB``."""
    _JOB_SHAPE.check(rows)
    clouds: dict[tuple[str, str], CloudId] = {}
    return [
        RestoreJob(
            number,
            run_id,
            clouds.get((scheme, endpoint)) or clouds.setdefault((scheme, endpoint), CloudId(scheme, endpoint)),
            ObjectRef(bucket, key, version_id or None),
            size if size >= 0 else None,  # as ``told_size`` has it, without a call for each
            storage_class,
            archive,
            ACTIONS[action],
            STATES[state],
            TIERS[tier],
            days,
            attempt_at,
            requested_at,
            expiry,
            bool(adopted),
            changed_at,
            etag,
            outcome,
        )
        for (
            number, run_id, scheme, endpoint, bucket, key, version_id, size, storage_class, archive, action, state,
            tier, days, attempt_at, requested_at, expiry, adopted, changed_at, etag, outcome,
        ) in rows
    ]  # fmt: skip
