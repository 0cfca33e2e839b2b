"""What is copied in place can be read for good, whoever looks at it meanwhile."""

from restoretui.core.model import State
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange
from tests.ledger.helpers import entry, now_of, started

SOON = 2_000_000_000


async def test_what_was_kept_for_good_is_no_copy_that_has_ended(ledger: Ledger) -> None:
    """Whoever looked between the copy in place and its record found no restored copy any more."""
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 9, expiry=SOON)])
    await ledger.runs.apply([JobChange(job.id, State.EXPIRED, now - 1)])
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 2, endless=True)])
    (kept,) = (await ledger.runs.view(run.id)).rows(0, 1)
    assert (kept.state, kept.expiry) == (State.AVAILABLE, None)
