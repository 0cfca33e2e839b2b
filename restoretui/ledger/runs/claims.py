"""The send queue of a run: jobs claimed to be sent, given back, held, and found lost after a crash.

A claimed job is planned and has the moment of its attempt; whether a request left is known only from the answer.
"""

from collections.abc import Collection, Iterable

from restoretui.core.model import State
from restoretui.core.provider import NO_CAPACITY_CODE
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.run_records import BucketSpan, RestoreJob
from restoretui.ledger.runs.job_changes import move_all, set_clock_back
from restoretui.ledger.runs.run_rows import NEXT_IN_SPAN, NEXT_JOBS, UNSENT, jobs_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.decoding import damaged
from restoretui.ledger.store.writer import Tx

_SOME = 20_000
"""Objects cancelled in one transaction: a tenth of a second or two."""
_CANCELLED = "cancelled before it was sent"
_CLAIMED = "state = 'planned' AND attempt_at IS NOT NULL"


def take(tx: Tx, run_id: int, limit: int, now: float, spans: Iterable[BucketSpan] | None = None) -> list[RestoreJob]:
    """Claim up to ``limit`` unsent jobs, in id order; ``spans``: of those alone.

    ``LedgerDamaged`` where some can never be found.
    """
    if _is_given_up(tx, run_id):
        return []
    args: dict[str, object] = {"run": run_id, "limit": limit, "now": now}
    if spans is None:
        rows = tx.rows(NEXT_JOBS, args)
    else:
        rows = []
        for span in spans:
            if len(rows) < limit:
                args |= {"limit": limit - len(rows), "first": span.first, "last": span.last}
                rows += tx.rows(NEXT_IN_SPAN, args)
    if not rows:
        _check_planned(tx, run_id, is_whole=spans is None)
    chosen = is_among("id", (row[0] for row in rows))
    tx.run(f"UPDATE job SET attempt_at = ? WHERE {chosen}", (now,))
    return jobs_of(rows)


def give_back(tx: Tx, job_ids: Collection[int]) -> None:
    """These claims surely had no effect: the jobs are unsent again."""
    tx.run(f"UPDATE job SET attempt_at = NULL WHERE {is_among('id', job_ids)} AND state = 'planned'")


def settle_lost(tx: Tx, run_id: int, ours: Collection[int], now: float) -> int:
    """Claimed jobs without an outcome, except ``ours``, become unknown; how many."""
    rows = tx.rows(f"SELECT id FROM job WHERE run_id = ? AND {_CLAIMED}", (run_id,))
    lost = is_among("id", (row[0] for row in rows if row[0] not in ours))
    text = "the program ended between request and answer; to be looked up"
    # Since when something is unsure counts for when it is settled. What lies ahead of us was written before
    # the clock was set back: it counts from now.
    tx.run(
        "UPDATE job SET attempt_at = min(attempt_at, :now), changed_at = min(changed_at, :now)"
        f" WHERE run_id = :run AND (state = 'unknown' OR {_CLAIMED})"
        " AND (attempt_at > :now OR changed_at > :now)",
        {"now": now, "run": run_id},
    )
    set_clock_back(tx, run_id, now)
    return move_all(tx, run_id, f"{_CLAIMED} AND {lost}", State.UNKNOWN, now, text)


def give_up(tx: Tx, run_id: int, now: float) -> None:
    """Nothing more of the run may leave; what of it is unsent is cancelled by ``give_some_up``."""
    tx.run("UPDATE run SET given_up_at = ? WHERE id = ?", (now, run_id))
    tx.touch(change_feed.RUNS, change_feed.run_topic(run_id))


def give_some_up(tx: Tx, run_id: int, now: float) -> int:
    """Cancel some of what nobody has claimed of a run that was given up: how many, 0 when nothing is left."""
    if not _is_given_up(tx, run_id):
        return 0  # Somebody has it tried again meanwhile.
    row = tx.row(f"SELECT id FROM job WHERE run_id = ? AND {UNSENT} ORDER BY id LIMIT 1 OFFSET ?", (run_id, _SOME))
    some = UNSENT if row is None else f"{UNSENT} AND id < {int(row[0])}"
    return move_all(tx, run_id, some, State.CANCELLED, now, _CANCELLED)


def give_rest_up(tx: Tx, run_id: int, now: float) -> None:
    """The same of all that is left, before anything of the run is sent again."""
    if _is_given_up(tx, run_id):
        move_all(tx, run_id, UNSENT, State.CANCELLED, now, _CANCELLED)


def _is_given_up(tx: Tx, run_id: int) -> bool:
    return tx.row("SELECT 1 FROM run WHERE id = ? AND given_up_at IS NOT NULL", (run_id,)) is not None


def hold(tx: Tx, run_id: int, spans: Iterable[BucketSpan]) -> None:
    """What is not sent yet of these waits for Expedited capacity."""
    reason = "waits: there is no Expedited capacity"
    for span in spans:
        tx.run(
            f"UPDATE job SET code = ?, reason = ? WHERE run_id = ? AND id BETWEEN ? AND ? AND {UNSENT}",
            (NO_CAPACITY_CODE, reason, run_id, span.first, span.last),
        )
    tx.touch(change_feed.RUNS, change_feed.run_topic(run_id))


def _check_planned(tx: Tx, run_id: int, *, is_whole: bool) -> None:
    """What counts as planned is so: an object whose state is no word of ours would be waited for, and never sent.

    So would one whose line or bucket is lost: it is unsent, and yet not found among those that can be sent.
    """
    row = tx.row(
        "SELECT coalesce((SELECT jobs FROM run_count WHERE run_id = :run AND state = 'planned'), 0)"
        " - (SELECT count(*) FROM job WHERE run_id = :run AND state = 'planned' AND attempt_at IS NULL)"
        " - (SELECT count(*) FROM job WHERE run_id = :run AND state = 'planned' AND attempt_at IS NOT NULL),"
        f" EXISTS (SELECT 1 FROM job WHERE run_id = :run AND {UNSENT})",
        {"run": run_id},
    )
    # Of a run over several accounts, another's part may be unsent still.
    if row is not None and (row[0] or (row[1] and is_whole)):
        raise damaged("an object of a run")
