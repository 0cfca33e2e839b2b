"""What a refused restore request means for its object, where the cloud's word for it may mean two things.

``InvalidObjectState`` says at AWS that the object is not archived, and at some stores that it restores already; a 409
is said of a restore in progress in words of many kinds (FACTS 1.2, 5). So the object is looked at: what cannot be
read is never passed over in silence.
"""

from msgspec.structs import replace

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError
from restoretui.core.model import State
from restoretui.core.provider import Answer, Outcome, Provider
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.outcomes import settle
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.watching.observations import facts_of, looked_at
from restoretui.ledger.run_records import RestoreJob

_NOT_ALLOWED = "restore is not allowed"
"""How S3 words it where the class, as it is now, has no restore (FACTS 1.2)."""
_STILL = "refused as if it could be read, and a look shows it archived"


def is_ambiguous(answer: Answer) -> bool:
    """Only a look tells what became of the object."""
    return answer.outcome is Outcome.NOT_ARCHIVED or (answer.outcome is Outcome.REFUSED and answer.status == 409)


async def judged(
    answer: Answer, job: RestoreJob, rules: CloudRules, provider: Provider, read: RetryingReads, clock: Clock
) -> tuple[Answer, State, str]:
    """The answer as a look has it, and what ``settle`` says of that. Raises where no look can be had at all."""
    told = (answer, *settle(answer, job.action))
    try:
        detail = await read(lambda: provider.head_object(job.ref))
    except NO_ANSWER:
        raise
    except CloudError:
        if answer.status == 403:
            return told  # AWS's own word for an object that needs no restore.
        return answer, State.FAILED, f"refused, and it may not be looked at: {answer.message or answer.code}"
    now, restore = clock.now(), detail.restore
    if restore is not None and (restore.in_progress or (restore.expiry is not None and restore.expiry > now)):
        # Somebody asked for it before: it is watched, and what it lacks of its days is seen to when it is there.
        under_way = replace(answer, outcome=Outcome.ALREADY_RESTORING, reason="")
        return under_way, *settle(under_way, job.action)
    state = rules.state_of(facts_of(looked_at(detail, job.ref.version_id, now.timestamp())), now)
    if state is State.ONLINE or answer.outcome is not Outcome.NOT_ARCHIVED:
        return told
    words = answer.message or answer.code
    if _NOT_ALLOWED in words.lower():
        # Whatever it is called: the store itself says that there is nothing to restore.
        return answer, State.SKIPPED, f"not archived, says the cloud: {words}"
    return replace(answer, outcome=Outcome.REFUSED), State.FAILED, f"{_STILL}: {words}"
