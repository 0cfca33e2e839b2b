"""``restoretui config show``: every setting, its value, and where that comes from; never a secret."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.wording.safe import clean, fit

_NOT_SET_BY_ANYBODY = {"clock", "voice", "agreed_to_pay", "sources", "budget_currency", "accounts", "again"}
_ALWAYS = ("state_dir", "config_dir", "config_file")
_MAY_HOLD_SECRETS = ("webhooks", "notify")
"""Settings whose URLs may hold one."""
_HIDDEN = "(not shown)"
_DEFAULT = "default"
_CREDENTIALS = "no credentials are among them: those stay where the cloud's own tools keep them"


async def show(settings: Settings, output: Output, *, everything: bool) -> ExitCode:
    """What is set, and with ``everything`` what is not, too. No setting is a secret: credentials are none of them."""
    shown = 0
    for name in settings.__struct_fields__:
        source = settings.sources.get(name, "")
        if name in _NOT_SET_BY_ANYBODY or not (source or everything or name in _ALWAYS):
            continue
        value = _plain(name, getattr(settings, name), settings)
        shown += 1
        if output.as_json:
            output.line("setting", {"setting": name, "value": value, "source": source or _DEFAULT})
        else:
            output.head(f"{'SETTING':24}  {'VALUE':32}  FROM")
            output.text(f"{fit(name, 24)}  {clean(value or ''):32}  {clean(source or _DEFAULT)}")
    output.summary({"settings": shown})
    output.say(_CREDENTIALS if everything else f"{_CREDENTIALS}; --all shows the defaults, too")
    return ExitCode.DONE


def _program(step: ThenStep) -> str:
    return _first(step.argv) if step.kind is ThenKind.EXEC else step.target


def _first(argv: Sequence[str]) -> str:
    """Its first word: the others may hold a password or a token, as those of ``curl`` often do."""
    return argv[0] + (f" {_HIDDEN}" if argv[1:] else "")


def _plain(name: str, value: Any, settings: Settings) -> str | None:
    """A value as text, as it is typed into the config; None where there is none."""
    if value is None:
        return None
    if name == "budget":
        return f"{value} {settings.budget_currency}"
    if name in _MAY_HOLD_SECRETS:
        sections = {of: {key: _HIDDEN if key == "url" else text for key, text in section.items()}
                    for of, section in value.items()}  # fmt: skip
        return json.dumps(sections)
    if name == "hooks":
        return json.dumps([f"{step.event}={step.kind}:{_program(step)}" for step in value])
    if name == "commands":
        return json.dumps([{"name": one.name, "key": one.key, "run": _first(one.argv)} for one in value])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float | Path | Decimal):
        return str(value) or None
    return json.dumps(dict(value) if isinstance(value, Mapping) else list(value), default=str)
