"""What can go wrong, by name.

::

    RestoreTuiError              .exit_code  .hint
    ├── UsageError               2   a location, option or config value that cannot be meant
    │   └── LocationError
    ├── GuardStopped             5   budget, read-only, not confirmed: nothing was sent
    │   └── PlanChanged          5   what was confirmed is not what would be done now: nothing was sent
    ├── TimedOut                 3   --timeout passed; the restores go on
    ├── InventoryUnreadable      1   an inventory that is damaged, cut off or of another layout
    ├── LedgerError              2   the local state cannot be used as it is
    │   ├── LedgerBusy           2   another process has it to itself: waiting helps
    │   └── LedgerDamaged        2   it holds what was never written there
    └── CloudError               1   the cloud said no, or did not answer
        ├── CredentialsError     4   none, expired, or not accepted
        │   └── ClockAstray      4   for this machine's clock is wrong
        ├── AccessDenied         4   they are good, but may not do this
        ├── AccountRefused       4   the account as a whole is shut out: overdue, suspended, not signed up
        ├── BucketNotFound       1
        ├── ObjectNotFound       1   no such key or version, or a delete marker
        ├── JobNotFound          1   no such S3 Batch Operations job, or it ended over 90 days ago
        ├── ReportUnreadable     1   a completion report that is half-written or of another layout
        ├── InvalidRequest       1   the cloud refuses these arguments (our mistake or its limits)
        ├── Unsupported          1   this endpoint lacks the operation
        ├── WrongPlace           1   nothing can be asked there: https is wanted, or another region
        ├── Unreachable          1   never left this machine: connect, DNS, TLS; safe to repeat
        │   └── Untrusted        1   its certificate is not to be trusted: nothing was sent, repeating will not help
        ├── Throttled            1   SlowDown and its kin; refused, safe to repeat slower
        ├── ServerFault          1   5xx; refused or lost, look before repeating
        ├── ConnectionLost       1   sent, answer unknown: look before repeating
        └── MalformedAnswer      1   an answer that cannot be read; look before repeating

Outcomes of a restore request (a 409, no Expedited capacity, not archived) are results, not errors:
see ``core.provider.Outcome``.
"""

from enum import IntEnum
from typing import Protocol, Self


class ExitCode(IntEnum):
    """The command line's contract."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    TIMED_OUT = 3
    CREDENTIALS = 4
    GUARD = 5
    INTERRUPTED = 130


class RestoreTuiError(Exception):
    """One clear sentence (``str``), and what to do next (``hint``)."""

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(RestoreTuiError):
    """The command, option or config value cannot be meant."""

    exit_code = ExitCode.USAGE


class LocationError(UsageError):
    """Not a location: see ``core.location``."""


class GuardStopped(RestoreTuiError):
    """A guard held: over budget, read-only, or not confirmed. Nothing was sent."""

    exit_code = ExitCode.GUARD


class PlanChanged(GuardStopped):
    """What was shown and confirmed no longer holds: to be shown as it is now, and asked again. Nothing was sent."""


class TimedOut(RestoreTuiError):
    """Waiting took longer than allowed; the restores themselves go on."""

    exit_code = ExitCode.TIMED_OUT


class InventoryUnreadable(RestoreTuiError):
    """An inventory is not what its manifest says: damaged, cut off, or of a layout that nobody documents."""


class LedgerError(RestoreTuiError):
    """The ledger cannot be opened or written as it is; it is never replaced silently."""

    exit_code = ExitCode.USAGE


class LedgerBusy(LedgerError):
    """Another process has the ledger to itself, and was waited for in vain; nothing was written."""


class LedgerDamaged(LedgerError):
    """A file of the ledger is cut, or holds what no version of this program wrote; nothing is done upon it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint or "`restoretui ledger check` says what is damaged, and what to do")


class Answered(Protocol):
    """An answer of a cloud by what support will ask for: a refusal as it came, or an error made of one."""

    @property
    def code(self) -> str:
        """The cloud's own, or empty."""
        ...

    @property
    def status(self) -> int:
        """Of HTTP; 0 where no answer came."""
        ...

    @property
    def request_id(self) -> str:
        """What the cloud calls the request."""
        ...

    @property
    def operation(self) -> str:
        """What was asked: ``RestoreObject``."""
        ...


class CloudError(RestoreTuiError):
    """The cloud's own refusal, with what support will ask for: code, HTTP status and request id."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        code: str = "",
        status: int = 0,
        request_id: str = "",
        operation: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.code = code
        self.status = status
        self.request_id = request_id
        self.operation = operation

    @classmethod
    def of(cls, answer: Answered, message: str, hint: str = "") -> Self:
        """What an answer means, in these words; or another error in other words."""
        return cls(
            message,
            hint,
            code=answer.code,
            status=answer.status,
            request_id=answer.request_id,
            operation=answer.operation,
        )


class CredentialsError(CloudError):
    """No credentials, expired ones, or ones the cloud does not know."""

    exit_code = ExitCode.CREDENTIALS
    may_mend = True
    """Somebody may sign in again while we wait; False where they are wrong as they stand."""

    def as_wrong(self) -> Self:
        """This error, of credentials that no waiting will mend: there are none, or nobody knows them."""
        self.may_mend = False
        return self


class ClockAstray(CredentialsError):
    """Signatures are refused for when they were made: no other credentials help, but setting the machine's clock."""


class AccessDenied(CloudError):
    """The caller is known and may not do this; ``hint`` names the IAM action."""

    exit_code = ExitCode.CREDENTIALS


class AccountRefused(CloudError):
    """The account is shut out, or this way in is closed to it: every request meets the same, whatever it is about.

    No object is at fault and no permission helps; ``hint`` says what does.
    """

    exit_code = ExitCode.CREDENTIALS


class BucketNotFound(CloudError):
    """No such bucket (or none that this account may know of)."""


class ObjectNotFound(CloudError):
    """No such key or version, or the current version is a delete marker."""


class JobNotFound(CloudError):
    """No such S3 Batch Operations job in this account and region, or none any more."""


class ReportUnreadable(CloudError):
    """A job's completion report cannot be read; reading it again changes nothing soon."""


class InvalidRequest(CloudError):
    """The cloud refuses the arguments; repeating will not help."""


class Unsupported(CloudError):
    """The endpoint does not have this operation."""


class WrongPlace(CloudError):
    """Whatever is asked there is refused unread: the endpoint wants https, or takes another region."""


class Unreachable(CloudError):
    """The request never left: DNS, connect, TLS. Safe to repeat."""


class Untrusted(Unreachable):
    """The certificate is not to be believed: of another name, of nobody known, or out of its time."""


class Throttled(CloudError):
    """Refused for its rate; safe to repeat more slowly."""


class ServerFault(CloudError):
    """The service failed; what it did before is unknown."""


class ConnectionLost(CloudError):
    """The request went out and no answer came: what it did is unknown."""


class MalformedAnswer(CloudError):
    """The answer cannot be read: what the request did is unknown."""
