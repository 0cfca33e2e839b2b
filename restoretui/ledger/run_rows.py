"""Runs and jobs as the tables hold them, and as the rest of the program knows them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules import Action, Purpose
from restoretui.ledger.records import Cloud, Job, Run

RUN = (
    "SELECT id, scheme, endpoint, connection, purpose, tier, days, note, created_at, objects, size_bytes, estimate,"
    " currency, unpriced, list_calls, head_calls, window_shortest, window_longest, first_requested_at,"
    " last_requested_at, ended_at, first_job FROM run"
)
JOB = (
    "SELECT j.id, j.run_id, b.scheme, b.endpoint, b.name, j.key, j.version_id, j.size, n.storage_class, n.archive,"
    " n.action, j.state, n.tier, n.days, j.attempt_at, j.requested_at, j.expiry, j.adopted, j.changed_at"
    " FROM job j JOIN line n ON n.id = j.line_id JOIN bucket b ON b.id = j.bucket_id"
)


def run_of(row: tuple[Any, ...], counts: Sequence[tuple[State, int, int]]) -> Run:
    """A row of ``RUN``, with its jobs and bytes by state."""
    connection: Mapping[str, object] = json.loads(row[3])
    return Run(
        id=row[0],
        cloud=Cloud(row[1], row[2]),
        connection=connection,
        purpose=Purpose(row[4]),
        tier=Tier(row[5]),
        days=row[6],
        note=row[7],
        created_at=datetime.fromtimestamp(row[8], UTC),
        objects=row[9],
        size_bytes=row[10],
        counts={state: jobs for state, jobs, _ in counts},
        bytes_by_state={state: size_bytes for state, _, size_bytes in counts},
        estimate=Decimal(row[11]),
        currency=row[12],
        unpriced=row[13],
        list_calls=row[14],
        head_calls=row[15],
        window=None if row[16] is None else (row[16], row[17]),
        first_requested_at=_instant(row[18]),
        last_requested_at=_instant(row[19]),
        ended_at=_instant(row[20]),
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


_ACTIONS = {action.value: action for action in Action}
_STATES = {state.value: state for state in State}
_TIERS = {tier.value: tier for tier in Tier} | dict.fromkeys(("", None))
"""Calling an Enum is slower than all the rest of a row."""


def jobs_of(rows: Sequence[tuple[Any, ...]]) -> list[Job]:
    """Rows of ``JOB``."""
    clouds: dict[tuple[str, str], Cloud] = {}
    return [
        Job(
            number,
            run_id,
            clouds.get((scheme, endpoint)) or clouds.setdefault((scheme, endpoint), Cloud(scheme, endpoint)),
            ObjectRef(bucket, key, version_id or None),
            size,
            storage_class,
            archive,
            _ACTIONS[action],
            _STATES[state],
            _TIERS[tier],
            days,
            attempt_at,
            requested_at,
            expiry,
            bool(adopted),
            changed_at,
        )
        for (
            number, run_id, scheme, endpoint, bucket, key, version_id, size, storage_class, archive, action, state,
            tier, days, attempt_at, requested_at, expiry, adopted, changed_at,
        ) in rows
    ]  # fmt: skip
