"""Sends notices by apprise, an extra: mail, chat and the like, each to a URL that the config names."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from restoretui.config.hooks import url_of
from restoretui.config.settings import Settings
from restoretui.core.errors import UsageError

_INSTALL = "it is the extra `notify`: pip install 'restoretui[notify]', or '.[notify]' in a checkout"
MOST_TITLE, MOST_TEXT = 200, 2000
"""Characters."""


def notice_of(settings: Settings, name: str) -> Any:
    """One of the config's notices, ready to be sent; ``UsageError`` where there is none, or it cannot be."""
    section = settings.notify.get(name)
    if section is None:
        known = ", ".join(sorted(settings.notify)) or "none"
        raise UsageError(f"there is no notice {name!r} in the config", f"known: {known}; see [notify.{name}]")
    url = url_of(name, section, os.environ, Path.home())
    try:
        made = import_module("apprise").Apprise()
    except ImportError:
        raise UsageError("notices need the package apprise, which is not installed", _INSTALL) from None
    if not made.add(url):
        raise UsageError(f"notice {name}: its URL is none that apprise knows", "see apprise's list of services")
    return made


def notify(settings: Settings, name: str, title: str, text: str) -> bool:
    """Send it; whether all of it was delivered. Blocks."""
    lines = "\n".join(map(_printable, text.splitlines()))
    return bool(notice_of(settings, name).notify(title=_printable(title)[:MOST_TITLE], body=lines[:MOST_TEXT]))


def _printable(line: str) -> str:
    """Whatever shows it, nothing in it is a command to that."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
