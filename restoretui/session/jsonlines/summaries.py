"""What each command ends with: the same names whatever became of it, 0 and empty where nothing did."""

from collections.abc import Mapping
from typing import Any

from restoretui.core.model import State

STATES = {state.value: 0 for state in State}
_RUNS: dict[str, Any] = {
    "runs": [], "objects": 0, "size": 0, **STATES, "costs": [], "list_calls": 0, "head_calls": 0,
    "short_of_days": 0, "not_sped_up": 0, "causes": [], "then_done": 0, "then_failed": 0, "then_open": 0,
    "then_causes": [],
}  # fmt: skip
_FOLLOWED = {**_RUNS, "timed_out": False, "to_confirm": []}
_NO_VOLUME = {"objects": 0, "size": 0, "unsized": 0}
_SET: dict[str, Any] = {"sets": [], "objects": 0, "size": 0}
_JOB = {"jobs": 0, "statuses": {}}

SUMMARIES: dict[str, Mapping[str, Any]] = {
    "open": {},
    "ls": {"locations": [], "buckets": [], **_NO_VOLUME, **STATES, "missing": 0, "markers": 0},
    "du": {
        "locations": [], **_NO_VOLUME, "archived": _NO_VOLUME, "restoring": _NO_VOLUME, "readable": _NO_VOLUME,
        "unseen": _NO_VOLUME, "gone": 0, "states": {}, "classes": {}, "prefixes": 0,
    },
    "plan": {"locations": [], "objects": 0, "requests": 0, "missing": 0, "left_out": 0, "refused": 0},
    "restore": {"locations": [], **_FOLLOWED, "requests": 0, "missing": 0, "left_out": 0, "refused": 0},
    "retry": {**_FOLLOWED, "retried": 0},
    "cancel": {**_RUNS, "given_up": 0},
    "status": {**_RUNS, "not_looked_at": 0},
    "watch": _FOLLOWED,
    "export": {"runs": [], "objects": 0},
    "report": {"runs": []},
    "clean": {"locations": [], "copies": 0, "ended": 0, "nothing_to_end": 0, "failed": 0},
    "import": {"locations": [], "objects": 0, "size": 0, "rows": 0},
    "undelete": {
        "locations": [], "objects": 0, "undeleted": 0, "gone_already": 0, "not_deleted": 0, "replaced": 0,
        "failed": 0,
    },
    "set ls": _SET,
    "set show": _SET,
    "set save": {**_SET, "missing": 0, "left_out": 0},
    "set export": _SET,
    "set import": _SET,
    "set drop": _SET,
    "set diff": {"objects": 0, "missing": 0, "new": 0, "changed": 0, "alike": 0, "not_seen": 0, **STATES},
    "events setup": {"locations": [], "written": False},
    "events remove": {"locations": [], "written": False},
    "batch ls": {**_JOB, "regions": []},
    "batch show": _JOB,
    "batch confirm": _JOB,
    "batch cancel": _JOB,
    "batch priority": _JOB,
    "batch clone": _JOB,
    "batch follow": _FOLLOWED,
    "batch retry": {**_FOLLOWED, "retried": 0},
    "batch clean": {"deleted": 0},
    "batch report": {"succeeded": 0, "failed": 0},
    "batch policy": {"buckets": []},
    "ledger info": {
        "files": [], "sizes": {}, "sizes_measured": False, "gives_back": True, "runs": [], "runs_by_state": {},
        "objects": 0, **STATES, "entries": 0, "listings": 0,
    },
    "ledger prune": {"runs": [], "objects": 0, "staying": {}, "listings": 0, "freed_bytes": 0},
    "ledger vacuum": {"files": [], "freed_bytes": 0},
    "ledger backup": {},
    "ledger check": {"files": [], "problems": 0},
    "prices show": {"regions": [], "files": []},
    "doctor": {"locations": [], "checks": 0, "verdicts": {}},
    "config show": {"settings": 0},
    "prices update": {"regions": [], "written": False},
}  # fmt: skip
"""By command."""

ALSO: dict[str, tuple[str, ...]] = {
    "du": ("listed_at",),
    "plan": ("days", "manifest"),
    "restore": ("days", "manifest"),
    "watch": ("come_back_at",),
    "export": ("file",),
    "report": ("file",),
    "import": ("as_of",),
    "set export": ("file",),
    "batch clean": ("job", "run"),
    "batch report": ("job", "run", "report_scope"),
    "ledger info": ("folder", "ledger_schema", "catalog_schema", "oldest_run_at", "oldest_listing_at"),
    "ledger prune": ("folder", "exported_to", "would_go"),
    "ledger vacuum": ("folder", "free_bytes"),
    "ledger backup": ("file", "size"),
    "ledger check": ("folder",),
    "prices update": ("file",),
}
"""What they have besides where it is known."""
