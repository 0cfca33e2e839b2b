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


async def test_an_answer_from_before_the_copy_gives_no_end_back(ledger: Ledger) -> None:
    """A page that was asked for before the copy in place, and was long in coming, still shows the restored one."""
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 9, expiry=SOON)])
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 5, endless=True)])
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 4, expiry=SOON, as_of=now - 6)])
    await ledger.runs.apply([JobChange(job.id, State.EXPIRED, now - 1, ends_copy=True)])
    (kept,) = (await ledger.runs.view(run.id)).rows(0, 1)
    assert (kept.state, kept.expiry, kept.available_at) == (State.AVAILABLE, None, now - 9)


async def test_an_end_that_was_not_told_at_first_is_learned(ledger: Ledger) -> None:
    """By an event, say, that came before the page which shows that it can be read."""
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 5)])
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now - 4, expiry=SOON, as_of=now - 6)])
    (told,) = (await ledger.runs.view(run.id)).rows(0, 1)
    assert told.expiry == SOON
