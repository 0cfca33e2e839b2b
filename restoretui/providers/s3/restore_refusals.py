"""Maps the refusal of a restore request to an outcome for its object (FACTS 1.2)."""

from restoretui.core.provider import Answer, Outcome
from restoretui.providers.wire.refusals import Caller, Refusal, error_for, is_fault, is_throttled, printable

_BY_CODE = {
    "RestoreAlreadyInProgress": Outcome.ALREADY_RESTORING,
    "ObjectAlreadyInActiveTierError": Outcome.NOT_ARCHIVED,
    "GlacierExpeditedRetrievalNotAvailable": Outcome.NO_CAPACITY,
    "InvalidTier": Outcome.REFUSED,
    "NoSuchKey": Outcome.GONE,
    "NoSuchVersion": Outcome.GONE,
    "NoSuchBucket": Outcome.GONE,
}


def refused(refusal: Refusal, caller: Caller) -> Answer:
    """The refusal as an outcome; raises what is about the moment and not about the object."""
    outcome = _BY_CODE.get(refusal.code)
    if outcome is None:
        if refusal.status < 400 or is_throttled(refusal) or is_fault(refusal):
            raise error_for(refusal, caller)
        outcome = _by_status(refusal)
    return Answer(outcome, refusal.status, refusal.code, printable(refusal.message), refusal.request_id)


def _by_status(refusal: Refusal) -> Outcome:
    if refusal.status == 404 or refusal.delete_marker:
        return Outcome.GONE
    if refusal.code == "InvalidObjectState":
        # The same code is seen for a tier the class does not take; its words tell them apart.
        return Outcome.REFUSED if "retrieval option" in refusal.message.lower() else Outcome.NOT_ARCHIVED
    return Outcome.DENIED if refusal.status == 403 else Outcome.REFUSED
