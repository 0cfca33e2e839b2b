"""Webhooks of the config: ``[webhooks.NAME]`` with a URL, and where the secret stands that signs the calls.

The secret itself is neither in the config nor in the ledger: it comes from the environment or a file.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from restoretui.config.secret_file import read_secret
from restoretui.core.errors import UsageError

_KNOWN = ("url", "secret_env", "secret_file", "style")
STYLES = ("standard", "github")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_webhooks(value: object, source: str) -> Mapping[str, Mapping[str, str]]:
    """The section as settings hold it; ``UsageError`` says what is wrong with it."""
    hint = 'such as [webhooks.team] url = "https://…" secret_env = "TEAM_SECRET"'
    if not isinstance(value, dict) or not all(isinstance(section, dict) for section in value.values()):
        raise UsageError(f"{source}: webhooks are written [webhooks.NAME]", hint)
    for name, section in value.items():
        where = f"{source} [webhooks.{name}]"
        if not _NAME.fullmatch(name):
            raise UsageError(f"{where}: a webhook's name has letters, digits, dots and dashes", hint)
        for key, text in section.items():
            if key not in _KNOWN:
                raise UsageError(f"{where}: unknown setting {key!r}", f"known are {', '.join(_KNOWN)}")
            if not isinstance(text, str) or not text:
                raise UsageError(f"{where}: {key} must be text", hint)
        _check_url(section.get("url", ""), where, hint)
        if "secret_env" in section and "secret_file" in section:
            raise UsageError(f"{where}: secret_env and secret_file say the same thing twice", "leave one out")
        if section.get("style", "standard") not in STYLES:
            raise UsageError(f"{where}: style must be {' or '.join(STYLES)}")
    return value


def _check_url(url: str, where: str, hint: str) -> None:
    try:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and " " not in url
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and plain
    except ValueError:
        parts, good = urlsplit(""), False
    if "@" in parts.netloc:
        raise UsageError(
            f"{where}: url holds a user or password, which would not be sent",
            "sign the calls: secret_env or secret_file",
        )
    if not good:
        raise UsageError(f"{where}: url must be an http or https URL", hint)  # itself it may be a secret: unsaid


def secret_of(name: str, section: Mapping[str, Any], environment: Mapping[str, str], home: Path) -> bytes:
    """What signs the calls; empty where none is named. ``UsageError`` where it is named and not there."""
    if variable := section.get("secret_env"):
        text = environment.get(str(variable), "")
        if not text:
            raise UsageError(f"webhook {name}: ${variable} is not set", "set it, or leave secret_env out")
    elif file := section.get("secret_file"):
        text = read_secret(str(file), home, f"webhook {name}: its secret")
    else:
        return b""
    if not text.startswith("whsec_"):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise UsageError(f"webhook {name}: its secret begins with whsec_ and is no base64", "copy it anew") from None
