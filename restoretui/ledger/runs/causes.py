"""Why objects of a run were not restored, counted by cause."""

import sqlite3
from typing import Any

from restoretui.core.model import State
from restoretui.core.provider import Outcome
from restoretui.ledger.run_records import Cause
from restoretui.ledger.store.decoding import STATES, Shape, decodes

_OF_RIGHTS = ("AccessDenied", "AccessDeniedException", "Forbidden", "403", "KMS.AccessDeniedException")
"""Codes by which a job's report, or the refusal of a whole job, says that rights are missing (FACTS 1.2, 2.3)."""
_SHAPE = Shape("an object of a run", "ttttii")
MOST = 1000
"""Of different causes; those of one object each are told by their code alone."""
WORDINGS = 5
"""Of one code, before its objects are counted as one cause: a store may name the object in each."""


def read_causes(connection: sqlite3.Connection, run_id: int) -> list[Cause]:
    """The most frequent first. What the plan itself refused counts among them, and what
    it left to another run that has not sent it; what needed nothing does not.
    """
    codes = ", ".join(f"'{code}'" for code in _OF_RIGHTS)
    rows = connection.execute(
        "SELECT j.state, j.code, CASE WHEN j.reason = '' THEN n.reason ELSE j.reason END AS why, j.outcome, count(*),"
        f" sum(j.outcome = '{Outcome.DENIED.value}' OR j.code IN ({codes}))"
        " FROM job j JOIN line n ON n.id = j.line_id"
        " WHERE j.id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
        " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run)"
        " AND (j.state = 'failed' OR (j.state = 'skipped' AND n.action IN ('refused', 'waits elsewhere')))"
        " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 3",
        {"run": run_id},
    )
    return _gathered(rows.fetchall())


def read_skips(connection: sqlite3.Connection, run_id: int) -> list[tuple[str, int]]:
    """Why nothing was asked for, and of how many objects; the most frequent reason first."""
    rows = connection.execute(
        "SELECT CASE WHEN j.reason = '' THEN n.reason ELSE j.reason END, count(*)"
        " FROM job j JOIN line n ON n.id = j.line_id"
        " WHERE j.id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
        " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run) AND j.state = 'skipped'"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most",
        {"run": run_id, "most": MOST},
    )
    return _skips(rows.fetchall())


@decodes("an object of a run")
def _skips(rows: list[tuple[Any, ...]]) -> list[tuple[str, int]]:
    _SKIP_SHAPE.check(rows)
    return [(reason, objects) for reason, objects in rows]


_SKIP_SHAPE = Shape("an object of a run", "ti")


@decodes("an object of a run")
def _gathered(rows: list[tuple[Any, ...]]) -> list[Cause]:
    _SHAPE.check(rows)
    wordings: dict[tuple[State, str], dict[str, list[int]]] = {}
    for state, code, why, _, objects, of_rights in rows:
        counts = wordings.setdefault((STATES[state], code), {}).setdefault(why, [0, 0])
        counts[0] += objects
        counts[1] += of_rights
    causes: list[Cause] = []
    for (known, code), found in wordings.items():
        if code and len(found) > WORDINGS:
            first = next(iter(found))
            objects, of_rights = (sum(counts[part] for counts in found.values()) for part in (0, 1))
            causes.append(Cause(known, code, f"{first} (and {len(found) - 1:,} other wordings)", objects, of_rights))
        else:
            causes += [Cause(known, code, why, *counts) for why, counts in found.items()]
    return sorted(causes, key=lambda cause: -cause.objects)[:MOST]
