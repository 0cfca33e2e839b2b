"""Maps the refusal of a restore request to an outcome for its object (FACTS 1.2)."""

from restoretui.core.provider import Answer, Outcome
from restoretui.providers.wire.refusals import (
    DELETED,
    Caller,
    Refusal,
    denied_reason,
    error_for,
    is_account,
    is_fault,
    is_throttled,
    printable,
    reason_of,
)

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
        if refusal.status < 400 or is_account(refusal) or is_throttled(refusal) or is_fault(refusal):
            raise error_for(refusal, caller)
        outcome = _by_status(refusal)
    message = printable(refusal.message)
    return Answer(
        outcome, refusal.status, refusal.code, message, refusal.request_id, _reason(outcome, refusal, caller)
    )


def _reason(outcome: Outcome, refusal: Refusal, caller: Caller) -> str:
    if outcome is Outcome.GONE:
        return str(DELETED) if refusal.delete_marker else ""
    if outcome is Outcome.DENIED:
        return f"not allowed: {denied_reason(refusal, caller)}"
    found = reason_of(refusal, caller) if outcome is Outcome.REFUSED else None
    return f"the cloud refused the request: {found}" if found else ""


def _by_status(refusal: Refusal) -> Outcome:
    if refusal.status == 404 or refusal.delete_marker:
        return Outcome.GONE
    if refusal.code == "InvalidObjectState":
        # The same code is seen for a tier the class does not take; its words tell them apart.
        return Outcome.REFUSED if "retrieval option" in refusal.message.lower() else Outcome.NOT_ARCHIVED
    found = reason_of(refusal, Caller())
    if found is not None:
        return Outcome.DENIED if found.of_rights else Outcome.REFUSED
    return Outcome.DENIED if refusal.status == 403 else Outcome.REFUSED
