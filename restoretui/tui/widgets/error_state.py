"""What stands where rows would be when they could not be had: the cause, the next step, and the keys for it."""

from collections.abc import Mapping
from typing import NamedTuple

from restoretui.core.errors import AccessDenied, BucketNotFound, ClockAstray, CredentialsError, RestoreTuiError
from restoretui.tui.keys import GROUPS, key_name

_KEYS = {command.id: command.keys.partition(",")[0] for group in GROUPS for command in group}


class ErrorState(NamedTuple):
    """Each a sentence, or empty."""

    cause: str
    hint: str = ""
    keys: str = ""


def key_for(command_id: str, remapped: Mapping[str, str]) -> str:
    """The key that does it, as it is written on screen."""
    return key_name(remapped.get(command_id, _KEYS[command_id]).partition(",")[0])


def error_state(error: RestoreTuiError, *keys: str) -> ErrorState:
    """Of an error; ``keys`` are clauses such as ``R tries again``."""
    return ErrorState(str(error), error.hint, " · ".join(key for key in keys if key))


def not_open(error: RestoreTuiError, quit_key: str) -> ErrorState:
    """Nothing can be had, since the session cannot be opened."""
    return error_state(error, f"nothing to show until then; {quit_key} leaves")


def is_about_who_pays(error: RestoreTuiError | None) -> bool:
    """A bucket refused, and may be one whose requester pays."""
    return isinstance(error, AccessDenied) and "--requester-pays" in error.hint


def listing_keys(error: RestoreTuiError, remapped: Mapping[str, str]) -> list[str]:
    """What to press when a place could not be listed."""
    again, go = f"{key_for('refresh', remapped)} tries again", f"{key_for('go', remapped)} goes to another place"
    if isinstance(error, CredentialsError) and not isinstance(error, ClockAstray):
        return [f"{key_for('sign_in', remapped)} signs in (SSO)", again, go]
    if isinstance(error, BucketNotFound):
        return [go, f"{key_for('buckets', remapped)} shows the buckets", again]
    if is_about_who_pays(error):
        return [f"{key_for('pay', remapped)} reopens it with you paying", again, go]
    return [again, go]
