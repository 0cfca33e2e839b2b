"""Fault injection: decides what befalls each request and each object."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from restoretui.sandbox.faults.fault import OF_OBJECTS, Fault, read_fault
from restoretui.sandbox.state.cloud import CALLER_ARN
from restoretui.sandbox.state.conditions import Conditions, Fate, TaskFailure
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied
from restoretui.sandbox.state.restore import chance
from restoretui.sandbox.wire.call_reply import Call


class Disturbance(Struct):
    """What happens to one request."""

    latency: float = 0.0
    """Machine seconds before it is applied."""
    refusal: ErrorAnswer | None = None
    drop: str = ""
    """The connection goes ``before`` the request is applied, ``after`` it was, or in the ``middle`` of the answer."""
    spoil: str = ""
    """``truncate``, ``malformed`` or ``empty``: what becomes of the answer's XML."""
    quirks: frozenset[str] = frozenset()


class Faults(Conditions):
    """The faults in force."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.since = 0.0
        self._requests: list[Fault] = []
        self._objects: list[Fault] = []

    def set(self, entries: Iterable[Mapping[str, Any]], now: float) -> None:
        """Put these faults in force, instead of the present ones, from ``now`` on. UsageError: see ``read_fault``."""
        faults = [read_fault(entry) for entry in entries]
        self.since = now
        self._requests = [fault for fault in faults if fault.kind not in OF_OBJECTS]
        self._objects = [fault for fault in faults if fault.kind in OF_OBJECTS]

    def add(self, entry: Mapping[str, Any], now: float) -> None:
        """Put one more fault in force; its ``from`` and ``until`` count from ``now``."""
        fault = read_fault(entry)
        fault.start += now - self.since
        fault.end += now - self.since
        (self._objects if fault.kind in OF_OBJECTS else self._requests).append(fault)

    def clear(self) -> None:
        """Remove all faults. Restores that are stuck or slow already stay so."""
        self._requests, self._objects = [], []

    def describe(self) -> list[dict[str, object]]:
        """The faults in force and how often each struck."""
        return [
            {"kind": fault.kind, "bucket": fault.bucket, "prefix": fault.prefix, "struck": fault.struck}
            for fault in (*self._requests, *self._objects)
        ]

    # --- what befalls requests

    def disturb(self, call: Call, now: float, machine: float) -> Disturbance | None:
        """What shall happen to ``call`` at virtual time ``now`` and machine time ``machine``; None: nothing."""
        if not self._requests:
            return None
        disturbance: Disturbance | None = None
        for number, fault in enumerate(self._requests):
            if not self._strikes(number, fault, call, now - self.since, machine):
                continue
            disturbance = disturbance or Disturbance()
            self._apply(fault, number, call, disturbance)
            if disturbance.refusal is not None or disturbance.drop:
                break
        return disturbance

    def _strikes(self, number: int, fault: Fault, call: Call, since: float, machine: float) -> bool:
        if fault.operations and call.operation not in fault.operations:
            return False
        if not fault.operations and (
            call.service not in ("s3", "sts", "oss") or (call.service, fault.kind) == ("sts", "deny")
        ):
            # Nobody can be denied GetCallerIdentity.
            return False
        key = call.key or call.query.get("prefix", "")
        if not fault.covers(call.bucket, key, since) or fault.struck >= fault.times:
            return False
        fault.matched += 1
        if fault.matched <= fault.skip:
            return False
        if fault.chance < 1 and chance(self.seed, number, fault.matched) >= fault.chance:
            return False
        if fault.kind == "throttle" and fault.passes(machine):
            return False
        fault.struck += 1
        return True

    def _apply(self, fault: Fault, number: int, call: Call, disturbance: Disturbance) -> None:
        match fault.kind:
            case "latency":
                disturbance.latency += fault.seconds + fault.jitter * chance(
                    self.seed, number, fault.matched, "jitter"
                )
            case "drop":
                disturbance.drop = fault.when
            case "outage":
                disturbance.drop = "before"
            case "truncate" | "malformed" | "empty":
                disturbance.spoil = fault.kind
            case "quirk":
                disturbance.quirks |= {fault.name}
            case _:
                disturbance.refusal = _refusal(fault, call)

    # --- what befalls objects

    def expedited(self, bucket: str, key: str, now: float) -> bool:
        return not any(self._befalls("no-expedited", bucket, key, now))

    def slowness(self, bucket: str, key: str, now: float) -> float:
        """The product of all that slow it; ``inf`` where it is stuck."""
        if any(self._befalls("stuck", bucket, key, now)):
            return float("inf")
        factor = 1.0
        for fault in self._befalls("slow", bucket, key, now):
            factor *= fault.factor
        return factor

    def counts_from_completion(self, bucket: str, key: str, now: float) -> bool:
        return any(self._befalls("days-from-completion", bucket, key, now))

    def fate(self, bucket: str, key: str, now: float) -> Fate | None:
        for action in ("delete", "overwrite", "cancel"):
            for fault in self._befalls(action, bucket, key, now):
                return Fate(action, fault.moment)
        return None

    def task_failure(self, bucket: str, key: str, now: float) -> TaskFailure | None:
        """Once an object and fault: asked again, the task goes through."""
        for fault in self._befalls("task-failure", bucket, key, now):
            if (bucket, key) not in fault.suffered:
                fault.suffered.add((bucket, key))
                message = fault.message or "We encountered an internal error. Please try again."
                return TaskFailure(fault.status, fault.code or "InternalError", message)
        return None

    def _befalls(self, kind: str, bucket: str, key: str, now: float) -> Iterator[Fault]:
        for fault in self._objects:
            if fault.kind != kind or not fault.covers(bucket, key, now - self.since):
                continue
            if fault.struck >= fault.times or chance(self.seed, kind, bucket, key) >= fault.chance:
                continue
            fault.struck += 1
            yield fault


def _refusal(fault: Fault, call: Call) -> ErrorAnswer:
    match fault.kind:
        case "throttle":
            return ErrorAnswer(503, fault.code or "SlowDown", "Please reduce your request rate.")
        case "deny":
            return access_denied(_not_authorized(call))
        case "expired-token":
            status = 403 if call.service == "sts" else 400
            return ErrorAnswer(status, "ExpiredToken", "The provided token has expired.")
        case "unknown-key":
            if call.service == "sts":
                return ErrorAnswer(
                    403, "InvalidClientTokenId", "The security token included in the request is invalid."
                )
            return ErrorAnswer(
                403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            )
        case "clock-skew":
            return ErrorAnswer(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                extra={"MaxAllowedSkewMilliseconds": "900000"},
            )
        case _:
            message = fault.message or "We encountered an internal error. Please try again."
            return ErrorAnswer(fault.status, fault.code or "InternalError", message)


_ACTIONS = {
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadBucket": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
}


def _not_authorized(call: Call) -> str:
    """The service's sentence, which names the IAM action that is missing."""
    action = f"{call.service}:{_ACTIONS.get(call.operation, call.operation)}"
    resource = f"arn:aws:s3:::{call.bucket}{'/' if call.key else ''}{call.key}" if call.bucket else "*"
    return (
        f'User: {CALLER_ARN} is not authorized to perform: {action} on resource: "{resource}" '
        f"because no identity-based policy allows the {action} action"
    )
