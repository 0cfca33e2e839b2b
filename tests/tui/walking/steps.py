"""The steps of a walk through the screens, as plain data: what is done can be written down and done once more.

A step is a list, its name first. ``read_script`` and ``write_script`` are one step a line, in JSON.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from textual.widgets import Input

from restoretui.tui.app import RestoreApp
from restoretui.tui.keys import GROUPS, IDS

Step = list[Any]

KEY, BURST, TEXT, SIZE = "key", "burst", "text", "size"
HOURS, CLOUD, FAULT, OTHER = "hours", "cloud", "fault", "other"
CONFIRM, OUT, CALM, RESTORE = "confirm", "out", "calm", "restore"

SIZES = (
    (100, 30), (80, 24), (60, 15), (20, 5), (200, 50), (120, 40), (61, 16), (40, 10), (110, 15), (30, 50), (200, 15),
)  # fmt: skip
TEXTS = (
    "a", "*.bin", "state:archived", "!a", "size>1K", "class:GLACIER", "|", '"', "age<1d", "state:", "b | c",
    "7", "0", "30", "shorten 1", "2026-02-01", "s3://cold/2021/", "oss://frozen", "s3://cold", "s3://nowhere", "日本",
    "\t", "restore", "x" * 90, "expires<2d", "run:1", "failed:", "[red]",
)  # fmt: skip
"""For filters, days, places, commands and amounts: whichever field there is."""
HOURS_PASSED = (0.01, 1.0, 6.0, 13.0, 30.0, 26 * 7.0)
CLOUD_EVENTS = ("delete", "overwrite", "put", "restore")
OTHERS = ("mark", "clear", "run", "cancel", "close")
FAULTS: dict[str, list[dict[str, Any]]] = {
    "fair": [],
    "errors": [{"kind": "error", "chance": 0.4}],
    "throttle": [{"kind": "throttle", "rate": 2}],
    "drops": [{"kind": "drop", "when": "before", "chance": 0.3}, {"kind": "drop", "when": "after", "chance": 0.2}],
    "denied": [{"kind": "deny", "operations": ["RestoreObject", "HeadObject"], "chance": 0.5}],
    "blind": [{"kind": "deny", "operations": ["ListObjectsV2", "ListObjectVersions", "GetCallerIdentity"]}],
    "outage": [{"kind": "outage"}],
    "expired": [{"kind": "expired-token"}],
    "garbled": [{"kind": "truncate", "chance": 0.3}, {"kind": "malformed", "chance": 0.3}],
    "full": [{"kind": "no-expedited"}],
    "slow": [{"kind": "latency", "seconds": 0.5}],
}

COMMON = ("down", "up", "enter", "space", "enter", "tab", "escape", "end", "pagedown")
LIKELY, UNLIKELY = 4, 1
NOISE = 16
"""Of so many keys one is any key of any place, whether or not it does something here."""
LEAVES = frozenset({"ctrl+q", "ctrl+c", "q"})
NEVER = frozenset({"ctrl+z"})
"""Nobody is there to take the screens to the foreground again."""


def write_script(steps: Iterable[Step]) -> str:
    return "\n".join(json.dumps(step, ensure_ascii=False) for step in steps)


def read_script(text: str) -> list[Step]:
    return [json.loads(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def live_keys(app: RestoreApp) -> list[str]:
    """The keys that do something now, those of ours several times over; the same in the same place."""
    keys: list[str] = []
    for key, active in app.screen.active_bindings.items():
        if active.enabled and key not in NEVER and key not in LEAVES:
            keys += [key] * (LIKELY if active.binding.id in IDS else UNLIKELY)
    return [*COMMON, *keys]


ANY_KEYS = sorted(
    {key for group in GROUPS for command in group for key in command.keys.split(",")}
    | {"ctrl+q", "ctrl+c", "f5", "insert", "ctrl+a", "ctrl+k", "home", "z", "0", "/"}
)


def choose_key(app: RestoreApp, number: int) -> str:
    """The key that a number drawn stands for, here and now."""
    number, noise = divmod(number, NOISE)
    keys = ANY_KEYS if noise == NOISE - 1 else live_keys(app)
    return keys[number % len(keys)]


def is_typing(app: RestoreApp) -> bool:
    """The keys are on a field."""
    return isinstance(app.focused, Input)


def pick(values: Sequence[Any], number: int) -> Any:
    return values[number % len(values)]
