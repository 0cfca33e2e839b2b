"""What one look means for the job that waits for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.core.errors import AccessDenied, ServerFault
from restoretui.core.model import END_UNTOLD, Look, ObjectFacts, ObjectRef, State, Tier
from restoretui.core.provider import Outcome
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.s3 import FOREIGN, S3
from restoretui.core.rules.stores import BUILT_IN
from restoretui.core.rules.verdicts import Action
from restoretui.engine.watching.interpret import Promise, interpret
from restoretui.engine.watching.sweep import Sight
from restoretui.ledger.records import CloudId, Observation
from restoretui.ledger.run_records import RestoreJob
from tests.narrowing import there

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LATER = int((NOW + timedelta(days=2)).timestamp())
PAST = int((NOW - timedelta(days=1)).timestamp())
BASE = RestoreJob(
    1, 1, CloudId("s3"), ObjectRef("b", "k"), 5, "GLACIER", "GLACIER", Action.START, State.RESTORING, Tier.BULK, 2,
    (NOW - timedelta(hours=6)).timestamp(), (NOW - timedelta(hours=6)).timestamp(), None, False,
)  # fmt: skip
COLD = Observation("k", None, "GLACIER", 5, 0, None, False, None, None, NOW.timestamp())
WARMING = COLD._replace(in_progress=True)
WARM = COLD._replace(in_progress=False, expiry=LATER)
TIERED = COLD._replace(storage_class="INTELLIGENT_TIERING", looked=True)


@pytest.mark.parametrize(
    ("state", "seen", "expected"),
    [
        (State.REQUESTED, WARMING, State.RESTORING),
        (State.RESTORING, WARMING, None),
        (State.REQUESTED, WARM, State.AVAILABLE),
        (State.RESTORING, WARM, State.AVAILABLE),
        (State.UNKNOWN, WARMING, State.RESTORING),
        (State.UNKNOWN, WARM, State.AVAILABLE),
        (State.UNKNOWN, COLD, State.PLANNED),
        (State.AVAILABLE, COLD, State.EXPIRED),
        (State.AVAILABLE, WARM._replace(expiry=PAST), State.EXPIRED),
        (State.RESTORING, COLD, State.FAILED),
        (State.RESTORING, COLD._replace(gone=True), State.FAILED),
        (State.AVAILABLE, COLD._replace(gone=True), State.EXPIRED),
        (State.AVAILABLE, COLD._replace(storage_class="STANDARD"), None),
        (State.RESTORING, COLD._replace(storage_class="STANDARD"), State.FAILED),
        (State.RESTORING, TIERED, State.AVAILABLE),
        (State.RESTORING, TIERED._replace(archive_status="ARCHIVE_ACCESS", in_progress=True), None),
        (State.RESTORING, TIERED._replace(looked=False), None),
    ],
)
def test_state_and_look_give_the_next_state(state: State, seen: Observation, expected: State | None) -> None:
    change = interpret(Sight(BASE._replace(state=state), Look.LIST, seen), S3, NOW)
    assert (change.state if change else None) == expected
    if change is not None:
        assert change.reason


def test_a_new_expiry_is_news_and_the_same_one_is_not() -> None:
    available = BASE._replace(state=State.AVAILABLE, expiry=LATER)
    assert interpret(Sight(available, Look.LIST, WARM), S3, NOW) is None
    change = interpret(Sight(available, Look.LIST, WARM._replace(expiry=LATER + 86400)), S3, NOW)
    assert change is not None
    assert change.expiry == LATER + 86400


def test_right_after_the_request_no_trace_proves_nothing() -> None:
    fresh = BASE._replace(state=State.REQUESTED, requested_at=NOW.timestamp() - 30)
    assert interpret(Sight(fresh, Look.LIST, COLD), S3, NOW) is None
    unsure = BASE._replace(state=State.UNKNOWN, attempt_at=NOW.timestamp() - 3)
    assert interpret(Sight(unsure, Look.LIST, COLD), S3, NOW) is None


def test_a_copy_that_came_and_went_unwatched_is_expired_not_failed() -> None:
    old = BASE._replace(requested_at=(NOW - timedelta(days=9)).timestamp())
    change = interpret(Sight(old, Look.LIST, COLD), S3, NOW)
    assert change is not None
    assert change.state is State.EXPIRED


@pytest.mark.parametrize(
    ("foreign", "days_ago", "state", "said"),
    [
        ({"requested_at": None}, 3, State.EXPIRED, "another request had asked for it"),
        ({"requested_at": None}, 1, State.FAILED, "another request had asked for is over"),
        ({"outcome": Outcome.ALREADY_RESTORING}, 3, State.EXPIRED, "another request had asked for it"),
        ({"outcome": Outcome.ALREADY_RESTORING}, 1, State.FAILED, "ended while nobody watched"),
        ({"action": Action.UPGRADE}, 1, State.FAILED, "ended while nobody watched"),
        ({"action": Action.START}, 1, State.FAILED, "without a copy"),
        ({"action": Action.START}, 3, State.EXPIRED, "expired while nobody watched"),
    ],
)
def test_of_a_restore_that_another_request_asked_for_nobody_knows_how_long_its_copy_lasted(
    foreign: dict[str, Any], days_ago: int, state: State, said: str
) -> None:
    since = (NOW - timedelta(days=days_ago)).timestamp()
    job = BASE._replace(requested_at=since, changed_at=since, action=Action.ALREADY)._replace(**foreign)
    change = there(interpret(Sight(job, Look.LIST, COLD), S3, NOW))
    assert (change.state, said in change.reason) == (state, True), change.reason


def test_how_long_a_copy_was_to_last_is_told_by_the_run_where_nothing_was_asked_for() -> None:
    since = (NOW - timedelta(days=3)).timestamp()
    job = BASE._replace(requested_at=None, changed_at=since, days=None)
    for days, state in ((2, State.EXPIRED), (30, State.FAILED)):
        promise = Promise(days, NOW + timedelta(days=days - 3))
        assert there(interpret(Sight(job, Look.LIST, COLD), S3, NOW, promise)).state is state
    tiered = job._replace(storage_class="INTELLIGENT_TIERING")
    seen = TIERED._replace(archive_status="ARCHIVE_ACCESS")
    change = there(interpret(Sight(tiered, Look.HEAD, seen), S3, NOW, Promise(2, NOW - timedelta(days=1))))
    assert change.state is State.FAILED, "it had come back for good"


def test_denied_sight_fails_only_what_cannot_be_settled_otherwise() -> None:
    denied = AccessDenied("no", code="AccessDenied", status=403)
    assert interpret(Sight(BASE, Look.HEAD, problem=denied), S3, NOW) is None
    unsure = interpret(Sight(BASE._replace(state=State.UNKNOWN), Look.HEAD, problem=denied), S3, NOW)
    assert unsure is not None
    assert unsure.state is State.FAILED
    assert interpret(Sight(BASE, Look.HEAD, problem=ServerFault("500")), S3, NOW) is None


def test_no_trace_proves_nothing_while_the_request_may_be_under_way() -> None:
    fresh = BASE._replace(state=State.UNKNOWN, changed_at=(NOW - timedelta(seconds=9)).timestamp())
    assert interpret(Sight(fresh, Look.HEAD, COLD), S3, NOW) is None, "claimed hours ago, sent a moment ago"
    change = interpret(Sight(fresh, Look.HEAD, COLD), S3, NOW + timedelta(seconds=2))
    assert change is not None
    assert change.state is State.PLANNED


def test_an_answer_long_in_coming_shows_nothing_of_what_was_sent_meanwhile() -> None:
    since = NOW.timestamp() - 60
    unsure = BASE._replace(state=State.UNKNOWN, changed_at=since)
    assert interpret(Sight(unsure, Look.HEAD, COLD, as_of=since + 1), S3, NOW) is None
    assert there(interpret(Sight(unsure, Look.HEAD, COLD, as_of=since + 11), S3, NOW)).state is State.PLANNED
    asked = BASE._replace(state=State.REQUESTED, requested_at=NOW.timestamp() - 130)
    assert interpret(Sight(asked, Look.HEAD, COLD, as_of=NOW.timestamp() - 120), S3, NOW) is None


def test_an_unknown_extension_is_told_by_the_copys_end() -> None:
    asked = (NOW - timedelta(minutes=1)).timestamp()
    job = BASE._replace(state=State.UNKNOWN, action=Action.EXTEND, days=9, attempt_at=asked)
    before = interpret(Sight(job, Look.HEAD, WARM), S3, NOW)
    assert before is not None
    assert before.state is State.PLANNED, "the old copy is there, the extension was never asked for"
    extended = int((NOW + timedelta(days=9, hours=12)).timestamp())
    after = interpret(Sight(job, Look.HEAD, WARM._replace(expiry=extended)), S3, NOW)
    assert after is not None
    assert (after.state, after.expiry) == (State.AVAILABLE, extended)


def test_an_unknown_speed_up_is_asked_for_again_since_the_cloud_refuses_a_second() -> None:
    job = BASE._replace(state=State.UNKNOWN, action=Action.UPGRADE)
    again = interpret(Sight(job, Look.HEAD, WARMING), S3, NOW)
    assert again is not None
    assert again.state is State.PLANNED
    done = interpret(Sight(job, Look.HEAD, WARM), S3, NOW)
    assert done is not None
    assert done.state is State.AVAILABLE


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (COLD._replace(gone=True), "deleted after it had been restored"),
        (COLD._replace(storage_class="STANDARD"), "now STANDARD"),
        (COLD, "before its date"),
    ],
)
def test_what_becomes_of_a_copy_afterwards_is_no_failure(seen: Observation, says: str) -> None:
    available = BASE._replace(state=State.AVAILABLE, expiry=LATER)
    change = interpret(Sight(available, Look.LIST, seen), S3, NOW)
    assert change is not None
    assert change.state is State.EXPIRED
    assert says in change.reason


@pytest.mark.parametrize(
    ("state", "seen", "expected"),
    [
        (State.RESTORING, {"etag": "e", "size": 5}, State.AVAILABLE),
        (State.RESTORING, {"etag": "other", "size": 5}, State.FAILED),
        (State.RESTORING, {"etag": "", "size": 5}, State.AVAILABLE),
        (State.RESTORING, {"etag": "", "size": 6}, State.FAILED),
        (State.RESTORING, {"etag": "other", "size": 6, "in_progress": False}, State.AVAILABLE),
        (State.RESTORING, {"etag": "other", "size": 6, "in_progress": False, "expiry": LATER}, State.AVAILABLE),
        (State.AVAILABLE, {"etag": "e", "size": 5}, None),
        (State.AVAILABLE, {"etag": "other", "size": 5}, State.EXPIRED),
    ],
)
@pytest.mark.parametrize("rules", [FOREIGN, BUILT_IN["scaleway"].rules, BUILT_IN["ceph"].rules])
def test_a_class_that_changes_is_no_overwrite(
    state: State, seen: dict[str, Any], expected: State | None, rules: CloudRules
) -> None:
    job = BASE._replace(state=state, etag="e", expiry=LATER if state is State.AVAILABLE else None)
    look = COLD._replace(storage_class="STANDARD", looked=True, **seen)
    change = interpret(Sight(job, Look.HEAD, look), rules, NOW)
    assert (change.state if change else None) == expected


def test_a_stub_of_no_bytes_may_become_anything() -> None:
    job = BASE._replace(size=0, etag="stub")
    look = COLD._replace(storage_class="STANDARD", looked=True, etag="real", size=10**9)
    assert there(interpret(Sight(job, Look.HEAD, look), BUILT_IN["ceph"].rules, NOW)).state is State.AVAILABLE


def test_the_class_that_comes_back_ends_the_copy() -> None:
    job = BASE._replace(state=State.AVAILABLE, etag="e", expiry=LATER)
    look = COLD._replace(looked=True, etag="e")
    change = there(interpret(Sight(job, Look.HEAD, look), BUILT_IN["scaleway"].rules, NOW))
    assert change.state is State.EXPIRED


@pytest.mark.parametrize(
    ("rules", "state"),
    [(S3, State.ARCHIVED), (FOREIGN, State.ARCHIVED), (BUILT_IN["ceph"].rules, State.AVAILABLE)]
    + [(BUILT_IN[name].rules, State.ARCHIVED) for name in ("versitygw", "ibm-deep-archive", "minio")],
)
def test_what_no_restore_without_a_date_means_is_a_trait_of_the_store(rules: CloudRules, state: State) -> None:
    facts = ObjectFacts("GLACIER", looked=True, in_progress=False)
    assert rules.state_of(facts, NOW) is state
    assert rules.state_of(replace(facts, expiry=END_UNTOLD), NOW) is State.AVAILABLE


def test_a_copy_that_was_to_end_is_over_where_the_object_is_readable_without_it() -> None:
    """One without an end was kept, and is readable for good."""
    job = BASE._replace(state=State.AVAILABLE, expiry=int(NOW.timestamp()) + 86_400)
    change = interpret(Sight(job, Look.LIST, COLD._replace(storage_class="STANDARD")), S3, NOW)
    assert change is not None
    assert change.state is State.EXPIRED
