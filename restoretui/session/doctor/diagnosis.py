"""One thing that was looked at, and how it is."""

from enum import StrEnum

from msgspec import Struct

from restoretui.core.errors import AccessDenied, AccountRefused, CloudError, CredentialsError, RestoreTuiError


class Standing(StrEnum):
    """How it is."""

    OK = "ok"
    DENIED = "denied"
    """Somebody has to allow it, or other credentials are needed."""
    BROKEN = "broken"
    UNKNOWN = "cannot be known"
    """No harmless request tells."""


class Diagnosis(Struct, frozen=True):
    """One thing that was looked at."""

    check: str
    """What: ``credentials``, ``list s3://bucket``."""
    verdict: Standing
    detail: str
    cure: str = ""
    """What to do about it; empty where it is well."""
    is_optional: bool = False
    """Much goes without it."""


def fine(check: str, detail: str) -> Diagnosis:
    """It is well."""
    return Diagnosis(check, Standing.OK, detail)


def unknown(check: str, detail: str, cure: str = "") -> Diagnosis:
    """Nothing harmless tells."""
    return Diagnosis(check, Standing.UNKNOWN, detail, cure)


def refused(check: str, error: RestoreTuiError, cure: str = "", *, optional: bool = False) -> Diagnosis:
    """What an error tells, with its own hint unless a better cure is known."""
    denied = isinstance(error, AccessDenied | CredentialsError | AccountRefused)
    code = f" ({error.code})" if isinstance(error, CloudError) and error.code and error.code not in str(error) else ""
    return Diagnosis(
        check, Standing.DENIED if denied else Standing.BROKEN, f"{error}{code}", cure or error.hint, optional
    )
