"""A fault for injection: what goes wrong, how often, and to which requests or objects.

A fault is a table (TOML) or object (JSON)::

    [[fault]]
    kind = "throttle"                # see KINDS
    operations = ["RestoreObject"]   # default: every operation of S3 and OSS
    bucket = "acme-media-archive"    # default: every bucket
    prefix = "archive/2021/"         # keys that begin so; for a listing: its prefix
    unless = "archive/2021/mine/"    # but none that begin so
    from = 3600                      # virtual seconds after the faults were set; default 0
    until = 7200                     # default: for ever
    chance = 0.05                    # share of the matching requests, or objects; default 1
    skip = 10                        # so many matching requests are let through first
    times = 1                        # at most so many requests suffer; default: no limit

Chance is drawn from the sandbox's seed: by the running number of the request, or by the object.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from restoretui.core.errors import UsageError

KINDS: Mapping[str, tuple[str, ...]] = {
    # Refused before it is applied.
    "throttle": ("rate", "burst", "code"),
    "deny": (),
    "expired-token": (),
    "unknown-key": (),
    "clock-skew": (),
    "error": ("status", "code", "message"),
    # The connection.
    "drop": ("when",),
    "outage": (),
    "latency": ("seconds", "jitter"),
    "truncate": (),
    "malformed": (),
    "empty": (),
    # How the answer differs from AWS's: see QUIRKS.
    "quirk": ("name",),
    # Inside the cloud.
    "no-expedited": (),
    "slow": ("factor",),
    "stuck": (),
    "days-from-completion": (),
    "delete": ("moment",),
    "overwrite": ("moment",),
    "cancel": ("moment",),
    # Inside S3 Batch Operations: the task fails once per object, a later one on it succeeds.
    "task-failure": ("status", "code", "message"),
}
"""Kinds of fault, each with the parameters that only it takes."""

OF_OBJECTS = frozenset(
    {"no-expedited", "slow", "stuck", "days-from-completion", "delete", "overwrite", "cancel", "task-failure"}
)
"""Kinds that befall objects inside the cloud; the others befall requests."""
QUIRKS: Mapping[str, str] = {
    "no-restore-status": "listings never tell a restore status, as with older compatible stores",
    "tiering-unlisted": "listings tell no restore status of Intelligent-Tiering objects",
    "first-200": "a first restore request is answered 200, as MinIO does",
    "online-while-restored": "an object is in STANDARD as long as it has a copy, as at Scaleway",
    "undated-archived": "HEAD says of what is archived that no restore is in progress, as on IBM's tape",
    "no-restore-details": "HEAD tells no tier, days and date of a restore in progress, as with all but AWS",
    "no-shortening": "a copy never ends sooner than it did, as at OVHcloud",
    "most-days-30": "more than 30 days are cut to 30 without a word, as with NooBaa",
    "no-expiry": "a restored copy has no expiry date, as with permanent restores in Ceph",
    "no-tiers": "a restore request that names a tier is malformed",
    "days-optional": "a restore without days brings the object back for good, as in Ceph",
    "ignore-start-after": "listings begin at the beginning whatever was asked",
    "inclusive-start-after": "listings begin with the key they are to begin behind, as in RustFS",
    "no-token": "a listing that goes on names no token, as in Huawei OBS",
    "utf16-order": "the keys of a page are in the order of UTF-16, as in NooBaa",
    "no-dates": "listings tell neither dates nor sizes",
    "repeat-token": "a listing's next token is the one it was asked with",
    "no-class": "listings name no storage class, whatever it is",
    "no-class-standard": "listings name every storage class but STANDARD",
    "select": "restore requests of type SELECT are taken, as from customers of before S3 Select was closed",
    "unsorted": "the keys of a listing come in reverse order",
}
"""What compatible and broken stores do otherwise, by name (FACTS 5)."""
_COMMON = ("kind", "operations", "bucket", "prefix", "unless", "from", "until", "chance", "skip", "times")


class Fault(Struct):
    """One entry of a scenario, checked."""

    kind: str
    operations: frozenset[str] = frozenset()
    bucket: str = ""
    prefix: str = ""
    unless: str = ""
    start: float = 0.0
    end: float = float("inf")
    chance: float = 1.0
    skip: int = 0
    times: float = float("inf")
    rate: float = 100.0
    """``throttle``: requests a machine second that pass."""
    burst: float = 0.0
    """``throttle``: how many may come at once; 0: a second's worth."""
    code: str = ""
    status: int = 500
    message: str = ""
    when: str = "before"
    seconds: float = 0.0
    jitter: float = 0.0
    factor: float = 2.0
    moment: float = 0.5
    name: str = ""
    """``quirk``: one of ``QUIRKS``."""
    matched: int = 0
    """Requests that matched so far."""
    struck: int = 0
    """Requests that suffered so far."""
    suffered: set[tuple[str, str]] = field(default_factory=set)
    """``task-failure``: buckets and keys that had theirs."""
    tokens: float = -1.0
    filled_at: float = 0.0

    def covers(self, bucket: str, key: str, since: float) -> bool:
        """Whether it concerns that object, ``since`` virtual seconds after the faults were set."""
        return (
            self.start <= since < self.end
            and (not self.bucket or bucket == self.bucket)
            and (not self.prefix or key.startswith(self.prefix))
            and not (self.unless and key.startswith(self.unless))
        )

    def passes(self, machine: float) -> bool:
        """``throttle``: whether a request at machine time ``machine`` is within the rate."""
        burst = self.burst or max(1.0, self.rate)
        if self.tokens < 0:
            self.tokens, self.filled_at = burst, machine
        self.tokens = min(burst, self.tokens + (machine - self.filled_at) * self.rate)
        self.filled_at = machine
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def read_fault(entry: Mapping[str, Any]) -> Fault:
    """Check one entry. UsageError says what is wrong with it."""
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of fault", f"kinds: {', '.join(sorted(KINDS))}")
    fault = Fault(kind)
    for name, value in entry.items():
        if name not in _COMMON and name not in KINDS[kind]:
            raise UsageError(f"a fault of kind {kind!r} has no {name!r}", f"it takes {', '.join(_takes(kind))}")
        if name == "operations":
            if isinstance(value, str) or not all(isinstance(item, str) for item in value):
                raise UsageError(f"operations of the fault {kind!r} must be a list of names")
            fault.operations = frozenset(value)
        elif name in ("kind", "bucket", "prefix", "unless", "code", "message", "when", "name"):
            setattr(fault, name, _checked(kind, name, value, str))
        elif name in ("skip", "status"):
            setattr(fault, name, _checked(kind, name, value, int))
        else:
            setattr(fault, {"from": "start", "until": "end"}.get(name, name), _number(kind, name, value))
    if fault.when not in ("before", "after", "middle"):
        raise UsageError(f"when of the fault {kind!r} must be 'before', 'after' or 'middle', not {fault.when!r}")
    if kind == "quirk" and fault.name not in QUIRKS:
        raise UsageError(f"{fault.name!r} is not a quirk", f"quirks: {', '.join(sorted(QUIRKS))}")
    if not 0 <= fault.chance <= 1 or not 0 <= fault.moment <= 1:
        raise UsageError(f"chance and moment of the fault {kind!r} must lie between 0 and 1")
    return fault


def _takes(kind: str) -> tuple[str, ...]:
    return (*_COMMON, *KINDS[kind])


def _checked(kind: str, name: str, value: object, wanted: type) -> object:
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise UsageError(f"{name} of the fault {kind!r} must be {wanted.__name__}, not {value!r}")
    return value


def _number(kind: str, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UsageError(f"{name} of the fault {kind!r} must be a number, zero or more, not {value!r}")
    return float(value)
