"""What the cloud's words about one object mean (S3: class, archive status and restore status)."""

from datetime import UTC, datetime, timedelta

import pytest

from restoretui.core.model import ObjectFacts, State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.s3 import FOREIGN

S3 = CLOUDS["s3"].rules
NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
FUTURE = NOW + timedelta(seconds=1)
PAST = NOW - timedelta(seconds=1)

NEVER, GOING, DONE = None, True, False

# storage class, archive status, looked by HEAD, in progress, expiry -> state
STATES = [
    ("GLACIER", None, False, NEVER, None, State.ARCHIVED),
    ("GLACIER", None, True, NEVER, None, State.ARCHIVED),
    ("GLACIER", None, False, GOING, None, State.RESTORING),
    ("GLACIER", None, False, GOING, PAST, State.RESTORING),
    ("GLACIER", None, False, DONE, FUTURE, State.AVAILABLE),
    ("GLACIER", None, False, DONE, NOW, State.ARCHIVED),
    ("GLACIER", None, False, DONE, PAST, State.ARCHIVED),  # listed a while after its end
    ("GLACIER", None, False, DONE, None, State.ARCHIVED),  # AWS always says an end (FACTS 1.3)
    ("GLACIER", None, False, NEVER, FUTURE, State.ARCHIVED),  # an expiry without a status is no status
    ("DEEP_ARCHIVE", None, False, NEVER, None, State.ARCHIVED),
    ("DEEP_ARCHIVE", None, False, GOING, None, State.RESTORING),
    ("DEEP_ARCHIVE", None, False, DONE, FUTURE, State.AVAILABLE),
    ("DEEP_ARCHIVE", None, False, DONE, PAST, State.ARCHIVED),
    ("DEEP_ARCHIVE", None, False, DONE, None, State.ARCHIVED),
    # A listing never tells whether an Intelligent-Tiering object is archived.
    ("INTELLIGENT_TIERING", None, False, NEVER, None, State.UNKNOWN),
    ("INTELLIGENT_TIERING", None, False, DONE, None, State.UNKNOWN),
    ("INTELLIGENT_TIERING", None, False, DONE, FUTURE, State.UNKNOWN),
    ("INTELLIGENT_TIERING", None, False, GOING, None, State.RESTORING),
    ("INTELLIGENT_TIERING", None, True, NEVER, None, State.ONLINE),
    ("INTELLIGENT_TIERING", None, True, DONE, None, State.ONLINE),
    ("INTELLIGENT_TIERING", None, True, GOING, None, State.RESTORING),
    ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", True, NEVER, None, State.ARCHIVED),
    ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", False, NEVER, None, State.ARCHIVED),
    ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", True, GOING, None, State.RESTORING),
    ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", True, DONE, None, State.ARCHIVED),
    ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", True, NEVER, None, State.ARCHIVED),
    ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", True, GOING, None, State.RESTORING),
    ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", True, DONE, None, State.ARCHIVED),
    ("INTELLIGENT_TIERING", "COLDER_ACCESS", True, NEVER, None, State.ARCHIVED),  # a tier of tomorrow
    ("INTELLIGENT_TIERING", "COLDER_ACCESS", True, GOING, None, State.RESTORING),
]

ONLINE_CLASSES = [
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "OUTPOSTS", "SNOW",
    "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP", "AWS_BACKUP_WARM", "AWS_BACKUP_LOW_COST_WARM", "MY-TIER",
]  # fmt: skip


@pytest.mark.parametrize(("storage_class", "archive_status", "looked", "in_progress", "expiry", "state"), STATES)
def test_state_of_an_archive_class(
    storage_class: str,
    archive_status: str | None,
    looked: bool,
    in_progress: bool | None,
    expiry: datetime | None,
    state: State,
) -> None:
    facts = ObjectFacts(storage_class, archive_status, looked, in_progress, expiry)
    assert S3.state_of(facts, NOW) is state


@pytest.mark.parametrize("rules", [S3, FOREIGN])
def test_an_object_without_a_class_is_never_taken_to_be_readable(rules: CloudRules) -> None:
    def state(*, looked: bool = False, in_progress: bool | None = NEVER, expiry: datetime | None = None) -> State:
        return rules.state_of(ObjectFacts("", None, looked, in_progress, expiry), NOW)

    assert state() is State.UNKNOWN
    assert state(in_progress=GOING) is State.RESTORING
    copied = State.UNKNOWN if rules.class_stays else State.AVAILABLE
    assert state(in_progress=DONE, expiry=FUTURE) is copied
    assert state(in_progress=DONE, expiry=NOW) is State.UNKNOWN


@pytest.mark.parametrize("storage_class", ONLINE_CLASSES)
@pytest.mark.parametrize("in_progress", [NEVER, GOING, DONE])
@pytest.mark.parametrize("expiry", [None, FUTURE])
def test_any_other_class_is_online(storage_class: str, in_progress: bool | None, expiry: datetime | None) -> None:
    facts = ObjectFacts(storage_class, in_progress=in_progress, expiry=expiry)
    assert S3.state_of(facts, NOW) is State.ONLINE


def test_what_we_asked_for_does_not_change_what_the_cloud_says() -> None:
    for tier in ("expedited", "bulk"):
        asked = ObjectFacts("GLACIER", tier=tier, days=3)  # type: ignore[arg-type]
        assert S3.state_of(asked, NOW) is State.ARCHIVED


@pytest.mark.parametrize(
    ("facts", "needed"),
    [
        (ObjectFacts("INTELLIGENT_TIERING"), True),
        (ObjectFacts("INTELLIGENT_TIERING", in_progress=False), True),
        (ObjectFacts("INTELLIGENT_TIERING", in_progress=True), False),
        (ObjectFacts("INTELLIGENT_TIERING", looked=True), False),
        (ObjectFacts("INTELLIGENT_TIERING", "ARCHIVE_ACCESS"), False),
        (ObjectFacts("GLACIER"), False),
        (ObjectFacts("STANDARD"), False),
    ],
)
def test_only_intelligent_tiering_needs_a_head(facts: ObjectFacts, needed: bool) -> None:
    assert S3.needs_look(facts) is needed


def test_a_cloud_without_a_tiered_class_never_needs_a_head() -> None:
    rules = CloudRules("oss", archives={})
    assert not rules.needs_look(ObjectFacts("INTELLIGENT_TIERING"))
    assert rules.state_of(ObjectFacts("INTELLIGENT_TIERING"), NOW) is State.ONLINE
