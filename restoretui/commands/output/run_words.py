"""What is said of a run besides how it goes."""

from restoretui.ledger.run_records import Run


def behalf_lines(run: Run) -> list[str]:
    """On whose behalf it is, in one line; none where nothing of that was said."""
    parts = [
        *([f"asked for by {run.requester}"] if run.requester else []),
        *([f"ticket {run.ticket}"] if run.ticket else []),
        *([run.note] if run.note else []),
    ]
    return ["; ".join(parts)] if parts else []
