"""A restore request said literally, as ``aws s3api restore-object`` takes it (FACTS 1.1; API RestoreRequest)."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, State, Tier
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Action, Verdict

UNJUDGED = "asked for in the words of --restore-request: what becomes of it cannot be judged here"
MOST_BYTES = 1 << 20
"""Of a request: its expression has 256 KiB at the most, escaped and all."""
_SELECTS = ("Type", "SelectParameters", "OutputLocation")


class Literal(NamedTuple):
    """What is sent in place of, or beside, what days and tier come to."""

    request: str = ""
    """The body as JSON; empty: as days and tier say."""
    checksum: str = ""
    """Of the body, by which algorithm; empty for none."""
    md5: bool = False
    """``Content-MD5`` of the body goes along."""

    def __bool__(self) -> bool:
        return bool(self.request or self.checksum or self.md5)

    @property
    def text(self) -> str:
        """As the ledger keeps it; empty where nothing was said."""
        return json.dumps(list(self)) if self else ""

    @classmethod
    def of_text(cls, text: str) -> "Literal":
        """What ``text`` gave."""
        return cls(*json.loads(text)) if text else cls()

    @property
    def body(self) -> Mapping[str, Any]:
        """The request as the SDK takes it; empty where none was said."""
        return json.loads(self.request) if self.request else {}

    @property
    def days(self) -> int | None:
        """How long a copy shall last; None where that is not said."""
        days = self.body.get("Days")
        return days if isinstance(days, int) else None

    @property
    def tier(self) -> Tier:
        """How fast; Standard where that is not said."""
        said = self.body.get("GlacierJobParameters", {}).get("Tier") or self.body.get("Tier") or Tier.STANDARD.wire
        return Tier(str(said).lower())

    @property
    def output(self) -> str:
        """Where results are written, as a location; empty where a copy is made."""
        place = self.body.get("OutputLocation", {}).get("S3", {})
        return f"s3://{place['BucketName']}/{place['Prefix']}" if place else ""

    def verdict(self, rules: CloudRules, facts: ObjectFacts, state: State, usual: Verdict) -> Verdict:
        """On an object that is asked for so: all but what is surely online, or left to another run."""
        if not self.request or usual.action is Action.WAITS:
            return usual
        if usual.action is Action.NOTHING and state is State.ONLINE:
            return usual
        rule = rules.archive_of(facts)
        return Verdict(Action.START, UNJUDGED, rule.archive if rule else None, endless=self.days is None)


NOTHING_SAID = Literal()


def read_request(text: str, name: str) -> str:
    """The JSON of one request, in one way of writing; ``UsageError`` where the documents refuse it.

    ``name`` is what it is called in errors. The cloud's own model is for the provider to hold it to.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{name} is no JSON: {error}",
            'write {"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}, or a file of it',
        ) from None
    if not isinstance(body, dict):
        raise UsageError(f"{name} is no JSON object", "it is what restore-object --restore-request takes")
    selects = [member for member in _SELECTS if member in body]
    for member in ("Days", "GlacierJobParameters"):
        if selects and member in body:
            raise UsageError(
                f"{name} says {member} together with {selects[0]}, which S3 refuses",
                f"leave {member} out: such a restore makes no copy; its tier stands in Tier"
                if member == "GlacierJobParameters"
                else "leave Days out: such a restore makes no copy",
            )
    return json.dumps(body, sort_keys=True)
