"""Tells somebody of a run: calls a server, signed as Standard Webhooks has it (1.1.0), or sends a notice.

The id is the same each time it is tried, so that a receiver can tell. URL and secret stand in the config alone.
"""

import asyncio
import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

from restoretui.core.errors import CloudError
from restoretui.core.then.steps import ThenEvent, ThenStep
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater
from restoretui.engine.then_tools import Webhook
from restoretui.ledger.then_records import ThenTask

EVENT_TITLES = {
    ThenEvent.DONE: "is done", ThenEvent.READABLE: "has its first readable object",
    ThenEvent.FAILED: "has a failed object", ThenEvent.EXPIRING: "has copies that end soon",
}  # fmt: skip
RESTS = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds of cloud time between tries."""


class Webhooks:
    """Of one step: one call for the run."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._name = step.target
        self._event = step.event

    async def do(self, task: ThenTask) -> str:
        """Call it."""
        tools = self._work.tools
        if tools.webhook is None or tools.post is None:
            raise GivenUp("this program knows of no webhooks")
        hook = await asyncio.to_thread(tools.webhook, self._name)
        body = json.dumps(await self._message(), separators=(",", ":"), sort_keys=True).encode()
        created = int(self._work.context.run.created_at.timestamp())
        message_id = f"restoretui-{created}-{task.run_id}-{task.step_id}"
        headers = {"Content-Type": "application/json", "User-Agent": "restoretui"}
        headers |= signed(hook, message_id, int(self._work.context.clock.wall()), body)
        await self._work.turn()
        try:
            status = await tools.post(hook.url, headers, body)
        except CloudError as error:
            # The error's own words may hold the URL, which may be a secret.
            raise TryLater(f"webhook {self._name} cannot be reached ({type(error).__name__})", _rest(task)) from None
        if 200 <= status < 300:
            return f"webhook {self._name} answered {status}"
        if status in (408, 409, 425, 429) or status >= 500:
            raise TryLater(f"webhook {self._name} answers {status}", _rest(task), str(status))
        raise GivenUp(f"webhook {self._name} refuses: it answers {status}", str(status))

    async def abandon(self, task: ThenTask) -> None:
        """Nothing is left of it."""

    async def _message(self) -> dict[str, object]:
        told = await self._work.told(self._event)
        return {
            "type": f"restore.run.{told.pop('event')}",
            "timestamp": f"{self._work.context.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "data": told,
        }


class Notices:
    """Of one step: one notice for the run, through whatever the config names. Where that is, may be a secret."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._name = step.target
        self._event = step.event

    async def do(self, task: ThenTask) -> str:
        """Send it."""
        notify = self._work.tools.notify
        if notify is None:
            raise GivenUp("this program knows of no notices")
        told = await self._work.told(self._event)
        counts = cast("dict[str, int]", told["counts"])
        parts = [", ".join(f"{jobs:,} {state}" for state, jobs in counts.items())]
        parts += [f"{step['step']}: {step['done']:,} done, {step['failed']:,} failed" for step in _steps(told)]
        if self._event is ThenEvent.EXPIRING:
            parts.append(f"the first copy ends {told['first_expiry']}")
        await self._work.turn()
        title = f"restoretui: run {task.run_id} {EVENT_TITLES[self._event or ThenEvent.DONE]}"
        if not await asyncio.to_thread(notify, self._name, title, "\n".join(parts)):
            raise TryLater(f"notice {self._name} could not be delivered", _rest(task))
        return f"notice {self._name} sent"

    async def abandon(self, task: ThenTask) -> None:
        """Nothing is left of it."""


def _steps(told: Mapping[str, object]) -> "list[dict[str, Any]]":
    return cast("list[dict[str, Any]]", told["then"])


def signed(hook: Webhook, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent ``body``; ``at`` in seconds since the epoch."""
    if hook.style == "github":
        return {
            "X-GitHub-Delivery": message_id,
            **({"X-Hub-Signature-256": f"sha256={hmac.new(hook.secret, body, sha256).hexdigest()}"}
               if hook.secret else {}),
        }  # fmt: skip
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at)}
    if hook.secret:
        digest = hmac.digest(hook.secret, f"{message_id}.{at}.".encode() + body, "sha256")
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _rest(task: ThenTask) -> float:
    return RESTS[min(task.tries, len(RESTS)) - 1]
