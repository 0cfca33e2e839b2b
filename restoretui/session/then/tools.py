"""What the engine's then-steps need of this session: a folder, the config's webhooks, a way to call them."""

import os
from collections.abc import Mapping
from pathlib import Path

from restoretui.config.settings import Settings
from restoretui.config.webhooks import secret_of
from restoretui.core.errors import UsageError
from restoretui.engine.then_tools import ThenTools, Webhook
from restoretui.session.output_files import write_secret


def tools_of(settings: Settings) -> ThenTools:
    """Made once; a secret is read when it is used."""
    return ThenTools(
        settings.state_dir,
        lambda name: webhook_of(settings, name),
        _post,
        write_secret,
        lambda name, title, text: _notify(settings, name, title, text),
        settings.expiring_hours * 3600,
    )


def webhook_of(settings: Settings, name: str) -> Webhook:
    """One of the config's webhooks, or a URL; ``UsageError`` where there is none, or its secret is out of reach."""
    if "://" in name:  # As it was said, which holds no secret; nothing signs it.
        return Webhook(name)
    section = settings.webhooks.get(name)
    if section is None:
        known = ", ".join(sorted(settings.webhooks)) or "none"
        raise UsageError(f"there is no webhook {name!r} in the config", f"known: {known}; see [webhooks.{name}]")
    return Webhook(
        str(section["url"]), secret_of(name, section, os.environ, Path.home()), section.get("style", "standard")
    )


def _notify(settings: Settings, name: str, title: str, text: str) -> bool:
    from restoretui.session.then.notices import notify  # loaded where one is sent

    return notify(settings, name, title, text)


async def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    from restoretui.providers.http.single_request import send  # what talks to servers is loaded when one is asked

    return (await send("POST", url, "the webhook", "[webhooks]", headers, body)).status
