"""The control API under ``/_sandbox/``: no cloud has it, no signature is asked for."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from restoretui.core.clock import FASTEST, AdjustableClock, Clock
from restoretui.core.errors import UsageError
from restoretui.sandbox.faults.faults import Faults
from restoretui.sandbox.faults.scenario import load_scenario
from restoretui.sandbox.http.stats import Stats
from restoretui.sandbox.state.cloud import Cloud, instant
from restoretui.sandbox.wire.call_reply import Call, Reply

CONTROL = "/_sandbox/"
_BAD_SECONDS = "seconds= must be a number, zero or more"


class Control:
    """Reads counters, turns the clock, changes faults."""

    def __init__(
        self,
        cloud: Cloud,
        faults: Faults,
        stats: Stats,
        black_out: Callable[[float], None],
        clock: Callable[[], Clock],
    ) -> None:
        """``clock`` gives the virtual time as clients must count it."""
        self.cloud = cloud
        self._clock = clock
        self._black_out = black_out
        self.faults = faults
        self.stats = stats

    async def answer(self, call: Call) -> Reply:
        """Answer one request below ``CONTROL``, in JSON."""
        match (call.method, call.path.removeprefix(CONTROL)):
            case ("GET", "stats"):
                return _json(self.snapshot())
            case ("GET", "restores"):
                return _json({"restores": self.restores(call.query.get("bucket"))})
            case ("POST", "reset-stats"):
                self.stats.reset()
                return _json(self.snapshot())
            case ("GET", "faults"):
                return _json({"faults": self.faults.describe()})
            case ("POST", "faults"):
                return await self._change_faults(call.body)
            case ("POST", "down"):
                return self._go_down(call.query.get("seconds", ""))
            case ("POST", "advance"):
                return await self._advance(call.query.get("seconds", ""))
            case ("POST", "speed"):
                return self._turn(call.query.get("seconds", ""))
            case _:
                return _json({"error": f"no such lever: {call.method} {call.path}"}, 404)

    def snapshot(self) -> dict[str, Any]:
        """The counters and the virtual time."""
        return {**self.stats.as_dict(), "restores": self._totals(), "now": instant(self.cloud.now()).isoformat()}

    def restores(self, bucket: str | None = None) -> list[dict[str, Any]]:
        """Every object that a restore request was judged for, with the statuses in order, answered or not.

        Beside them the days and the tier of each request.
        """
        return [
            {
                "bucket": name,
                "key": asked.key,
                "version_id": asked.version_id,
                "statuses": list(asked.statuses),
                "wanted": [{"days": days, "tier": tier or None} for days, tier in asked.wanted],
            }
            for name, target in self.cloud.buckets.items()
            if bucket in (None, name)
            for asked in target.asks.values()
        ]

    def _totals(self) -> dict[str, int]:
        asks = [asked for bucket in self.cloud.buckets.values() for asked in bucket.asks.values()]
        return {
            "objects": len(asks),
            "requests": sum(len(asked.statuses) for asked in asks),
            "accepted": sum(status in (200, 202) for asked in asks for status in asked.statuses),
            "repeated": sum(asked.is_repeated for asked in asks),
        }

    async def _change_faults(self, body: bytes) -> Reply:
        """``{"scenario": NAME}`` or ``{"faults": [...]}`` in place of the present, ``{"add": [...]}`` beside them."""
        try:
            wanted = _wanted(body)
            if "scenario" in wanted:
                scenario = await asyncio.to_thread(load_scenario, str(wanted["scenario"]))
                self.faults.set(scenario.faults, self.cloud.now())
            elif "add" not in wanted:
                self.faults.set(_entries(wanted.get("faults", [])), self.cloud.now())
            for entry in _entries(wanted.get("add", [])):
                self.faults.add(entry, self.cloud.now())
        except UsageError as error:
            return _json({"error": str(error), "hint": error.hint}, 400)
        return _json({"faults": self.faults.describe()})

    async def _advance(self, text: str) -> Reply:
        seconds = _seconds(text)
        if seconds is None:
            return _json({"error": _BAD_SECONDS}, 400)
        await self.cloud.advance(seconds)
        return _json({"now": instant(self.cloud.now()).isoformat()})

    def _turn(self, text: str) -> Reply:
        """From now on so many virtual seconds a second; answers with the clock, as ``RESTORETUI_CLOCK`` has it."""
        speed, clock = _seconds(text), self.cloud.clock
        if not speed or speed > FASTEST:
            return _json({"error": f"seconds= must be more than 0 and at most {FASTEST:g}"}, 400)
        if not isinstance(clock, AdjustableClock):
            return _json({"error": "the clock of this sandbox is turned by hand"}, 409)
        clock.turn(speed)
        return _json({"clock": str(self._clock())})

    def _go_down(self, text: str) -> Reply:
        seconds = _seconds(text)
        if seconds is None:
            return _json({"error": _BAD_SECONDS}, 400)
        self._black_out(seconds)
        return _json({"down": seconds})


def _wanted(body: bytes) -> dict[str, Any]:
    try:
        wanted = json.loads(body or b"{}")
    except ValueError as error:
        raise UsageError(f"not JSON: {error}") from None
    if not isinstance(wanted, dict):
        raise UsageError("the body must be a JSON object")
    if unknown := set(wanted) - {"scenario", "faults", "add"}:
        raise UsageError(f"unknown settings: {', '.join(sorted(unknown))}", "scenario, faults or add")
    return wanted


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _entries(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise UsageError("faults must be a list of objects")
    return value


def _json(content: Mapping[str, object], status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode(), content_type="application/json")
