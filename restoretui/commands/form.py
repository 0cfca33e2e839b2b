"""In which form a command's rows are printed, and which columns they have there."""

from typing import Literal, NamedTuple

from restoretui.reports.forms import COLUMNS

Shape = Literal["table", "wide", "jsonl", "json", "csv"]
SHAPES: tuple[Shape, ...] = ("table", "wide", "jsonl", "json", "csv")


class Form(NamedTuple):
    """What ``--format`` and its companions said."""

    shape: Shape = "table"
    """``wide`` is a table with more columns, none of them cut; ``json`` is one array of the lines."""
    columns: tuple[str, ...] = ()
    """Of tables and CSV, in place of the usual ones."""
    quiet: bool = False
    """Say nothing on stderr but errors."""
    progress: bool = True
    """Show how far it is."""
    local: bool = False
    """Tables tell times as the clock on the wall does; JSON and CSV are UTC in any case."""
    target: str | None = None
    """A file to write to, in place of stdout."""

    @property
    def is_json(self) -> bool:
        """Every line of it is one for programs, its summary as well."""
        return self.shape in ("jsonl", "json")

    @property
    def by_lines(self) -> bool:
        """Rows are told as fields, whatever is made of them; else as a table made for them."""
        return self.shape != "table" or bool(self.columns)


TABLE = Form()
LINES = Form("jsonl")

_OBJECT = (
    "location", "bucket", "key", "version_id", "size", "storage_class", "state", "expiry", "tier", "run",
    "modified_at", "archive_status",
)  # fmt: skip
_OF_RUN = (
    "location", "bucket", "key", "version_id", "size", "storage_class", "state", "expiry", "tier", "run", "reason",
    "code", "request_id", "action", "requested_at", "available_at", "changed_at",
)  # fmt: skip
CSV: dict[str, tuple[str, ...]] = {
    # by kind, or by command and kind where it is another row there
    "object": _OBJECT,
    "status object": _OF_RUN,
    "export object": _OF_RUN,
    "clean object": ("location", "bucket", "key", "version_id", "size", "storage_class", "state", "run", "reason",
                     "code", "request_id"),
    "batch report object": ("location", "key", "version_id", "state", "http_status", "code", "reason"),
    "set export object": ("location", "bucket", "key", "version_id", "size", "storage_class", "modified_at", "etag",
                          "seen_at"),
    "set diff object": ("diff", "location", "bucket", "key", "version_id", "size", "storage_class",
                        "modified_at", "was_size", "was_storage_class"),
    "set": ("set", "objects", "size", "location", "storage_class", "names_versions", "changed_at", "as_of"),
    "bucket": ("location", "bucket", "region", "created_at", "objects", "size", "archived.objects", "archived.size",
               "as_of"),
    "prefix": ("location", "bucket", "prefix", "depth", "objects", "size", "unsized", "archived.objects",
               "archived.size", "restoring.objects", "restoring.size", "readable.objects", "readable.size",
               "unseen.objects", "unseen.size", "gone"),
    "plan": ("act", "scheme", "buckets", "tier", "days", "requests", "size", "cost.total", "cost.currency",
             "cost.unpriced", "window_seconds.shortest", "window_seconds.longest", "expiry_not_before"),
    "run": ("run", "scheme", "buckets", "engine", "tier", "days", "purpose", "created_at", "ended_at", "objects",
            "size", "planned", "requested", "restoring", "available", "expired", "skipped", "failed", "cancelled",
            "unknown", "cost.total", "cost.currency", "cost.unpriced", "looked", "as_of", "requester", "ticket",
            "note"),
    "report": COLUMNS,
    "change": ("at", "run", "location", "bucket", "key", "version_id", "from", "state", "size", "storage_class",
               "tier", "expiry", "reason", "code", "request_id", "history"),
    "job": ("job", "region", "status", "operation", "run", "priority", "description", "created_at", "ended_at",
            "tasks", "succeeded", "failed", "elapsed_seconds", "tier", "days", "report", "reason"),
    "policy": ("policy_of", "buckets", "document"),
    "subscription": ("location", "queue", "written"),
    "check": ("file", "what", "ok", "reason", "hint"),
    "doctor check": ("what", "verdict", "optional", "reason", "hint"),
    "setting": ("setting", "value", "source"),
    "prices": ("scheme", "store", "region", "date", "currency", "copy_per_gib_month", "put_per_1000",
               "egress_per_gib", "list_per_1000", "head_per_1000", "unknown_prices", "file"),
}  # fmt: skip
"""Columns of CSV; inside of a word by a point."""
WIDE: dict[str, tuple[str, ...]] = {
    "object": ("state", "storage_class", "size", "modified_at", "expiry", "tier", "run", "location"),
    "status object": ("state", "tier", "storage_class", "size", "requested_at", "available_at", "expiry", "location",
                      "reason"),
    "export object": ("state", "tier", "storage_class", "size", "requested_at", "available_at", "expiry", "location",
                      "reason"),
    "clean object": ("state", "storage_class", "size", "location", "reason"),
    "batch report object": ("state", "http_status", "code", "location", "reason"),
    "set export object": ("storage_class", "size", "modified_at", "seen_at", "location"),
    "set diff object": ("diff", "storage_class", "size", "modified_at", "was_size", "location"),
    "set": ("objects", "size", "changed_at", "as_of", "storage_class", "location", "set"),
    "bucket": ("region", "created_at", "objects", "size", "archived.size", "as_of", "location"),
    "prefix": ("objects", "size", "archived.objects", "archived.size", "restoring.size", "readable.size",
               "unseen.size", "location"),
    "plan": ("act", "tier", "days", "requests", "size", "cost.total", "cost.currency", "cost.unpriced",
             "expiry_not_before", "buckets"),
    "run": ("run", "created_at", "tier", "days", "objects", "size", "planned", "requested", "restoring", "available",
            "expired", "skipped", "failed", "cancelled", "unknown", "cost.total", "cost.currency", "ended_at",
            "ticket", "buckets"),
    "change": ("at", "run", "from", "state", "size", "tier", "expiry", "location", "reason"),
    "job": ("job", "status", "region", "operation", "run", "priority", "tasks", "succeeded", "failed", "created_at",
            "ended_at", "description"),
    "policy": CSV["policy"],
    "report": CSV["report"],
    "subscription": CSV["subscription"],
    "check": CSV["check"],
    "doctor check": ("verdict", "what", "optional", "reason", "hint"),
    "setting": CSV["setting"],
    "prices": ("scheme", "region", "date", "currency", "copy_per_gib_month", "put_per_1000", "egress_per_gib",
               "unknown_prices"),
}  # fmt: skip
"""Columns of wide tables; what may be long stands last."""

ROWS: dict[str, tuple[str, ...]] = {
    "ls": ("object", "bucket"), "du": ("prefix",), "plan": ("plan",), "restore": ("change",), "watch": ("change",),
    "retry": ("change",), "cancel": ("job",), "status": ("object", "run"), "export": ("object",),
    "clean": ("object",), "batch ls": ("job",), "batch show": ("job",), "batch confirm": ("job",),
    "batch cancel": ("job",), "batch priority": ("job",), "batch clone": ("job",), "batch follow": ("change",),
    "batch retry": ("change",), "batch report": ("object",),
    "batch policy": ("policy",), "ledger check": ("check",), "prices show": ("prices",),
    "prices update": ("prices",), "ledger prune": ("run",), "doctor": ("check",),
    "config show": ("setting",), "report": ("report",),
    "events setup": ("subscription",), "events remove": ("subscription",),
    "set ls": ("set",), "set show": ("set",), "set export": ("object",), "set diff": ("object",),
}  # fmt: skip
"""Which lines of a command are rows of its table: those of the first kind that comes, or else its summary alone."""
DRY_ROWS: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("restore", "retry", "batch retry", "batch clone", "batch confirm"), ("plan",)
)
"""The same of a dry run, where that is another: what would be spent, since nothing comes of it."""
