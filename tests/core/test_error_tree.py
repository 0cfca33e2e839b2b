"""Errors carry the command line's exit code, a next step and what support will ask for."""

import pytest

from restoretui.core import errors
from restoretui.core.errors import CloudError, ExitCode, RestoreTuiError

EXIT_CODES = {
    "RestoreTuiError": 1,
    "UsageError": 2,
    "LocationError": 2,
    "GuardStopped": 5,
    "PlanChanged": 5,
    "TimedOut": 3,
    "InventoryUnreadable": 1,
    "LedgerError": 2,
    "LedgerBusy": 2,
    "LedgerDamaged": 2,
    "CloudError": 1,
    "CredentialsError": 4,
    "ClockAstray": 4,
    "AccessDenied": 4,
    "AccountRefused": 4,
    "BucketNotFound": 1,
    "ObjectNotFound": 1,
    "JobNotFound": 1,
    "ReportUnreadable": 1,
    "InvalidRequest": 1,
    "Unsupported": 1,
    "WrongPlace": 1,
    "Unreachable": 1,
    "Untrusted": 1,
    "Throttled": 1,
    "ServerFault": 1,
    "ConnectionLost": 1,
    "MalformedAnswer": 1,
}


def tree(error: type[RestoreTuiError]) -> dict[str, type[RestoreTuiError]]:
    found = {error.__name__: error}
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            found |= tree(child)
    return found


def test_every_error_has_the_documented_exit_code() -> None:
    assert {name: int(error.exit_code) for name, error in tree(RestoreTuiError).items()} == EXIT_CODES


def test_the_drawing_shows_every_error_with_its_exit_code() -> None:
    assert errors.__doc__ is not None
    for name, code in EXIT_CODES.items():
        line = next(line for line in errors.__doc__.splitlines() if line.strip(" ├└│─").startswith(name))
        if name not in ("RestoreTuiError", "LocationError", "LedgerBusy", "LedgerDamaged"):
            assert line.strip(" ├└│─").split()[1] == str(code), line


def test_the_exit_codes_are_the_contract() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "SOME_FAILED": 1,
        "USAGE": 2,
        "TIMED_OUT": 3,
        "CREDENTIALS": 4,
        "GUARD": 5,
        "INTERRUPTED": 130,
    }


def test_a_message_and_a_next_step() -> None:
    error = RestoreTuiError("the bucket is cold", "put a coat on")
    assert (str(error), error.hint) == ("the bucket is cold", "put a coat on")
    assert RestoreTuiError("the bucket is cold").hint == ""


@pytest.mark.parametrize("error", [e for e in tree(RestoreTuiError).values() if issubclass(e, CloudError)])
def test_a_cloud_error_keeps_what_support_asks_for(error: type[CloudError]) -> None:
    raised = error("no", "ask", code="SlowDown", status=503, request_id="7A", operation="RestoreObject")
    assert (str(raised), raised.hint) == ("no", "ask")
    assert (raised.code, raised.status, raised.request_id, raised.operation) == (
        "SlowDown",
        503,
        "7A",
        "RestoreObject",
    )
    assert (error("no").code, error("no").status) == ("", 0)
