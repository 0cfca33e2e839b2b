"""The types of lines, and which words each has: always, or where they are known."""

from collections.abc import Mapping

from msgspec import Struct, field

from restoretui.core.model import State
from restoretui.session.jsonlines.words import VOLUME, Term

STATES = " ".join(state.value for state in State)


class Kind(Struct, frozen=True):
    """One type of line."""

    meaning: str
    always: tuple[str, ...]
    known: tuple[str, ...] = ()
    """Where they are known."""
    own: Mapping[str, Term] = field(default_factory=dict)
    """Words that are a volume here and a count elsewhere."""

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return self.always + self.known


def _kind(meaning: str, always: str, known: str = "", own: Mapping[str, Term] | None = None) -> Kind:
    return Kind(meaning, tuple(always.split()), tuple(known.split()), own or {})


_PLACE = "scheme bucket location"
_RESTORED = "version_id size storage_class expiry tier run reason code request_id"
PARTS = {
    name: Term(VOLUME, f"what of it is {name}") for name in (State.ARCHIVED.value, State.RESTORING.value)
}  # fmt: skip
"""Of a ``prefix`` line and of its summary."""
ARCHIVED = {name: part for name, part in PARTS.items() if name == State.ARCHIVED.value}
"""Of a ``bucket`` line."""
_PRICES = (
    "copy_per_gib_month put_per_1000 egress_per_gib frequent_per_gib_month infrequent_per_gib_month list_per_1000"
    " head_per_1000"
)

KINDS: dict[str, Kind] = {
    "object": _kind(
        "an object: listed, of a run, or a task of a report", f"{_PLACE} key state",
        f"{_RESTORED} modified_at archive_status action requested_at available_at changed_at then_stands http_status"
        " marker_id request_charged output_path profile etag seen_at diff was_size was_storage_class",
    ),
    "missing": _kind(
        "an object that was named and cannot be seen", f"{_PLACE} key state reason doubted asked",
        "version_id hint code http_status request_id",
    ),
    "marker": _kind(
        "a delete marker that was current at the time asked for: no object", f"{_PLACE} key", "version_id modified_at"
    ),
    "bucket": _kind(
        "a bucket of the account", _PLACE, "region created_at objects size unsized archived as_of reason", ARCHIVED
    ),
    "prefix": _kind(
        "what lies below a prefix", f"{_PLACE} prefix depth objects size unsized archived restoring readable unseen"
        " gone states classes", "direct by", PARTS,
    ),
    "plan": _kind(
        "what would be done at one tier, or by another act, and what it would cost", "act requests size cost",
        "scheme buckets bucket location engine about tier days storage_90_days egress expirations lifecycle_unread"
        " provisioned_capacity window_seconds measured quota_seconds expiry_not_before as_of actions groups prices"
        " then",
    ),
    "run": _kind(
        "a confirmed plan and how far it is",
        f"run scheme buckets engine tier days purpose created_at objects size {STATES} cost list_calls head_calls",
        "bucket location region endpoint_url profile profiles ended_at requester ticket note looked as_of progress"
        " command_line then restore_request",
    ),
    "report": _kind(
        "a run for whoever it is handed to",
        f"run scheme buckets locations engine tier days purpose created_at objects size {STATES} cost list_calls"
        " head_calls as_of made_at classes progress causes reading",
        "bucket location region endpoint_url profile profiles ended_at requester ticket note then took_seconds"
        " first_end_at last_end_at command_line",
    ),
    "change": _kind(
        "an object of a run came into another state", f"{_PLACE} key at state", f"{_RESTORED} from history profile"
    ),
    "entry": _kind(
        "an entry of the audit trail that is no change of an object", "at", f"{_PLACE} key state {_RESTORED} from"
    ),
    "job": _kind(
        "a job of S3 Batch Operations", "scheme priority tasks succeeded failed elapsed_seconds failures",
        "job status region bucket location operation run description created_at ended_at tier days role_arn manifest"
        " generated_from report report_scope tags objects size reason",
    ),
    "policy": _kind(
        "a policy, ready to paste", "scheme buckets policy_of document", "bucket location"
    ),
    "subscription": _kind(
        "how a bucket sends its restore events to a queue", f"{_PLACE} queue difference written"
    ),
    "check": _kind(
        "what was checked, and whether it is as it should be", "what", "file ok verdict optional reason hint"
    ),
    "set": _kind(
        "a set of objects, or what of it lies in one bucket and storage class", "set objects size",
        "scheme bucket location storage_class names_versions changed_at as_of",
    ),
    "setting": _kind("a setting, and where its value comes from", "setting source", "value"),
    "prices": _kind(
        "a region's prices", "scheme region date currency copy_free retrievals unknown_prices file",
        f"store source not_listed {_PRICES}",
    ),
    "error": _kind("what went wrong", "reason exit_code", "hint code http_status request_id operation"),
}  # fmt: skip
"""Besides them, ``summary``: see ``summaries``."""


def words_of(command: str, kind: str) -> tuple[str, ...]:
    """The words that a line of that type, or a command's summary, may have."""
    if kind in KINDS:
        return KINDS[kind].words
    from restoretui.session.jsonlines.summaries import ALSO, SUMMARIES

    return ("command", "exit_code", *SUMMARIES.get(command, {}), *ALSO.get(command, ()))
