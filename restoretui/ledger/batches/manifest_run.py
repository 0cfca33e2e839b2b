"""Makes a run of the rows of a manifest that exists: every object an intent, in one job that runs from it.

As with any run, all of it is on disk before CreateJob leaves; its rows are gathered a part at a time before.
"""

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import PlanChanged
from restoretui.core.model import State
from restoretui.ledger.batches.assignment import assign, new_batch
from restoretui.ledger.runs.bucket_ids import bucket_id
from restoretui.ledger.runs.create_run import ConfirmedPlan, VerdictLine, insert_line, insert_run
from restoretui.ledger.runs.run_commands import keep
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.unknown_values import UNTOLD_SIZE
from restoretui.ledger.store.writer import Tx


def confirm_gathered(tx: Tx, agreed: ConfirmedPlan, options: BatchOptions, rows: int, now: float) -> int:
    """The id of the run made of what was gathered: of ``rows`` rows, some perhaps alike.

    ``PlanChanged`` where that is not what was planned.
    """
    plan, tier = agreed.plan, agreed.tier
    line = plan.tiers[tier].lines[0]
    if rows != line.group.objects:
        raise PlanChanged(f"the manifest has {rows:,} rows now, and not {line.group.objects:,}", "plan it again")
    counted = tx.row("SELECT count(*), max(version_id) FROM temp.adopted")
    objects, version = counted or (0, "")
    days = None if line.verdict.endless else plan.days
    counts = {State.PLANNED: (int(objects), 0)}
    run_id = insert_run(tx, agreed, now, counts, int(objects))
    keep(tx, run_id, agreed.said)
    place = bucket_id(tx, agreed.cloud, line.group.bucket)
    line_id = insert_line(
        tx, run_id, VerdictLine("", None, line.verdict.action, line.verdict.reason, tier, days, None)
    )
    batch_id = None
    if options.existing is not None:
        batch_id = new_batch(tx, run_id, place, bool(version), days, int(objects), options, now)
    tx.run(
        "INSERT INTO job (run_id, line_id, bucket_id, key, version_id, size, state, changed_at, adopted, batch_id)"
        " SELECT ?, ?, ?, key, version_id, ?, 'planned', ?, 0, ? FROM temp.adopted ORDER BY key, version_id",
        (run_id, line_id, place, UNTOLD_SIZE, now, batch_id),
    )
    tx.run("DROP TABLE temp.adopted")
    if batch_id is None:
        assign(tx, run_id, options, now)
    if plan.then:
        from restoretui.ledger.then.writing import write_steps

        write_steps(tx, run_id, plan.then, now)
    tx.run(
        "INSERT INTO run_count (run_id, state, jobs, size_bytes) VALUES (?, ?, ?, 0)",
        (run_id, State.PLANNED, objects),
    )
    tx.run(
        "INSERT INTO activity (at, kind, run_id, tier, text) VALUES (?, 'run', ?, ?, ?)",
        (now, run_id, tier, f"confirmed: {objects:,} objects of the manifest {options.named}"),
    )
    tx.touch(change_feed.RUNS, change_feed.run_topic(run_id), change_feed.ACTIVITY, change_feed.BATCHES)
    return run_id
