"""Calls somebody's server once a run is done, signed as Standard Webhooks has it (standardwebhooks 1.1.0).

The id is the same each time it is tried, so that a receiver can tell. URL and secret stand in the config alone.
"""

import asyncio
import base64
import hmac
import json
from hashlib import sha256

from restoretui.core.errors import CloudError
from restoretui.core.then.steps import ThenStep
from restoretui.engine.then.work import GivenUp, ThenWork, TryLater
from restoretui.engine.then_tools import Webhook
from restoretui.ledger.then_records import ThenTask

RESTS = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds of cloud time between tries."""


class Webhooks:
    """Of one step: one call for the run."""

    def __init__(self, work: ThenWork, step: ThenStep) -> None:
        self._work = work
        self._name = step.target

    async def do(self, task: ThenTask) -> str:
        """Call it."""
        tools = self._work.tools
        if tools.webhook is None or tools.post is None:
            raise GivenUp("this program knows of no webhooks")
        hook = await asyncio.to_thread(tools.webhook, self._name)
        body = json.dumps(await self._event(task), separators=(",", ":"), sort_keys=True).encode()
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

    async def _event(self, task: ThenTask) -> dict[str, object]:
        ledger = self._work.context.ledger
        run = await ledger.runs.get(task.run_id)
        steps = [
            {"step": str(count.step.kind), "done": count.done, "failed": count.failed}
            for count in run.then
            if not count.step.kind.is_of_run
        ]
        return {
            "type": "restore.run.done",
            "timestamp": f"{self._work.context.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "data": {
                "run": run.id, "created_at": f"{run.created_at:%Y-%m-%dT%H:%M:%SZ}", "tier": str(run.tier),
                "days": run.days, "objects": run.objects, "size": run.size_bytes, "requester": run.requester,
                "ticket": run.ticket, "note": run.note,
                "counts": {str(state): jobs for state, jobs in run.counts.items() if jobs}, "then": steps,
            },
        }  # fmt: skip


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
