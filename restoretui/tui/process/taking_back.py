"""While a confirmation is written down: what it waits for, and what becomes of it when it is taken back too late."""

from restoretui.core.errors import GuardStopped
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from restoretui.wording import format as fmt

SAY_EVERY_S = 1.5
"""Seconds after which, and then so often again, it is said what a confirmation waits for."""
TAKEN_BACK = "taken back: nothing was written, and nothing is sent"


def what_it_waits_for(session: Session, objects: int) -> str:
    """What takes so long: very many intents, or another process that writes."""
    doing = f"writing down what becomes of {fmt.plural(objects, 'object')}; nothing is sent before that"
    return f"{session.waiting.for_ledger or doing} — esc takes it back"


async def given_up(session: Session, run: Run) -> GuardStopped:
    """The run was written before it could be taken back: give it up, and say how much of it never left."""
    unsent = await session.cancel(run.id)
    of_all = f"{unsent:,} of {fmt.plural(run.objects, 'object')} given up unsent"
    return GuardStopped(f"run {run.id} was written down before it could be taken back: {of_all}")
