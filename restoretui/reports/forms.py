"""The forms of a report, and its columns as a row. Loads nothing: every command knows them."""

PAGES = ("md", "html")
"""Forms for readers."""
BINARY = "parquet"
ENDINGS = {
    "md": "md", "markdown": "md", "html": "html", "htm": "html", "csv": "csv", "json": "json", "jsonl": "jsonl",
    BINARY: BINARY,
}  # fmt: skip
"""What the ends of files' names say."""

COLUMNS = (
    "run", "requester", "ticket", "note", "scheme", "locations", "engine", "tier", "days", "purpose",
    "created_at", "ended_at", "objects", "size", "available", "expired", "skipped", "failed", "cancelled",
    "cost.total", "cost.currency", "cost.unpriced", "progress.copies_cost", "took_seconds.least",
    "took_seconds.median", "took_seconds.most", "first_end_at", "last_end_at", "as_of", "made_at",
)  # fmt: skip
"""Inside of a word by a point."""
