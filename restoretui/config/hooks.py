"""``[[hooks]]`` of the config, what is set off at events of every run; and ``[notify.NAME]``, where notices go.

Where a notice goes may hold a password: it stands in the config, the environment or a file, and nowhere else.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from restoretui.config.secret_file import read_secret
from restoretui.core.errors import UsageError
from restoretui.core.then.said import read_event
from restoretui.core.then.steps import ThenEvent, ThenKind, ThenStep

_DEEDS = (ThenKind.EXEC, ThenKind.WEBHOOK, ThenKind.NOTIFY)
_HOOK_HINT = 'such as [[hooks]] on = ["failed", "expiring"] webhook = "team" (or notify = "NAME", exec = ["COMMAND"])'
_NOTIFY_HINT = 'such as [notify.ops] url_env = "OPS_URL", with an apprise URL in that variable'
_WHERE = ("url", "url_env", "url_file")


def check_hooks(value: object, source: str) -> tuple[ThenStep, ...]:
    """The steps that every run gets; ``UsageError`` says what is wrong with the section."""
    if not isinstance(value, list) or not all(isinstance(hook, dict) for hook in value):
        raise UsageError(f"{source}: hooks are written [[hooks]], with two brackets", _HOOK_HINT)
    steps = []
    for hook in value:
        said, events = [name for name in _DEEDS if name in hook], hook.get("on")
        if len(said) != 1 or set(hook) != {"on", said[0]}:
            raise UsageError(f"{source} [[hooks]]: each has on, and one of exec, webhook and notify", _HOOK_HINT)
        if not isinstance(events, list) or not events or not set(map(str, events)) <= set(ThenEvent):
            raise UsageError(f"{source} [[hooks]]: on lists events, of {', '.join(ThenEvent)}", _HOOK_HINT)
        target = _target(said[0], hook[said[0]], source)
        steps += [replace(read_event(f"{event}={said[0]}:{target}"), configured=True) for event in events]
    return tuple(dict.fromkeys(steps))


def _target(kind: ThenKind, value: object, source: str) -> str:
    if kind is not ThenKind.EXEC and isinstance(value, str) and value:
        return value
    if kind is ThenKind.EXEC and isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return shlex.join(value)
    wanted = "a list of words, the command first" if kind is ThenKind.EXEC else "a name"
    raise UsageError(f"{source} [[hooks]]: {kind} is {wanted}", _HOOK_HINT)


def check_notify(value: object, source: str) -> Mapping[str, Mapping[str, str]]:
    """The sections as settings hold them; what a URL is, is left to whoever sends it."""
    if not isinstance(value, dict) or not all(isinstance(section, dict) for section in value.values()):
        raise UsageError(f"{source}: notices are written [notify.NAME]", _NOTIFY_HINT)
    for name, section in value.items():
        texts = all(isinstance(text, str) and text for text in section.values())
        if len(section) != 1 or not set(section) <= set(_WHERE) or not texts:
            raise UsageError(f"{source} [notify.{name}]: it has one of {', '.join(_WHERE)}", _NOTIFY_HINT)
    return value


def url_of(name: str, section: Mapping[str, Any], environment: Mapping[str, str], home: Path) -> str:
    """Where a notice goes; ``UsageError`` where that is named and not there."""
    if "url" in section:
        return str(section["url"])
    if variable := section.get("url_env"):
        if not environment.get(str(variable)):
            raise UsageError(f"notice {name}: ${variable} is not set", "set it to an apprise URL")
        return environment[str(variable)]
    return read_secret(str(section["url_file"]), home, f"notice {name}: its URL")
