"""The sandbox's own levers under ``/_sandbox/``: no cloud has them, no signature is asked for."""

import json
from collections.abc import Mapping

from restoretui.sandbox.cloud import Cloud, instant
from restoretui.sandbox.faults import Faults
from restoretui.sandbox.stats import Stats
from restoretui.sandbox.wire import Call, Reply

CONTROL = "/_sandbox/"


class Control:
    """Reads counters, turns the clock, changes faults."""

    def __init__(self, cloud: Cloud, faults: Faults, stats: Stats) -> None:
        self.cloud = cloud
        self.faults = faults
        self.stats = stats

    async def answer(self, call: Call) -> Reply:
        """Answer one request below ``CONTROL``, in JSON."""
        match (call.method, call.path.removeprefix(CONTROL)):
            case ("GET", "stats"):
                return _json(self.snapshot())
            case ("POST", "reset-stats"):
                self.stats.reset()
                return _json(self.snapshot())
            case ("POST", "advance"):
                return await self._advance(call.query.get("seconds", ""))
            case _:
                return _json({"error": f"no such lever: {call.method} {call.path}"}, 404)

    def snapshot(self) -> dict[str, object]:
        """The counters and the virtual time."""
        return {**self.stats.as_dict(), "now": instant(self.cloud.now()).isoformat()}

    async def _advance(self, text: str) -> Reply:
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            return _json({"error": "seconds= must be a number, zero or more"}, 400)
        await self.cloud.advance(seconds)
        return _json({"now": instant(self.cloud.now()).isoformat()})


def _json(content: Mapping[str, object], status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode(), content_type="application/json")
