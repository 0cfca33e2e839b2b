"""What a restore request would do to an object, for every kind of object, status, purpose and tier."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, RestoreRequest, Tier
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import ArchiveRule, CloudRules, RestoreWindow, check_days
from restoretui.core.rules.verdicts import Action, Purpose, Verdict, judge

S3 = CLOUDS["s3"].rules
NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
DAYS = 3
NEW_EXPIRY = datetime(2026, 10, 19, tzinfo=UTC)
DAY = timedelta(days=1)

KINDS = {
    "GLACIER": ("GLACIER", None, False),
    "DEEP_ARCHIVE": ("DEEP_ARCHIVE", None, False),
    "IT, listed only": ("INTELLIGENT_TIERING", None, False),
    "IT, not archived": ("INTELLIGENT_TIERING", None, True),
    "IT ARCHIVE_ACCESS": ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", True),
    "IT DEEP_ARCHIVE_ACCESS": ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", True),
    "IT unheard-of tier": ("INTELLIGENT_TIERING", "COLDER_ACCESS", True),
}

STATUSES = {
    # in progress, expiry, and what we asked for ourselves: tier, days
    "no status": (None, None, None, None),
    "restoring, asked elsewhere": (True, None, None, None),
    "restoring, days unknown": (True, None, Tier.BULK, None),
    "restoring at expedited": (True, None, Tier.EXPEDITED, DAYS),
    "restoring at standard": (True, None, Tier.STANDARD, DAYS),
    "restoring at bulk": (True, None, Tier.BULK, DAYS),
    "restoring at bulk, 5 days": (True, None, Tier.BULK, 5),
    "restored, ends sooner": (False, NEW_EXPIRY - DAY, Tier.BULK, 1),
    "restored, ends the same": (False, NEW_EXPIRY, None, None),
    "restored, ends later": (False, NEW_EXPIRY + DAY, None, None),
    "restored, without an end": (False, None, None, None),
    "restored, end has passed": (False, NOW - DAY, Tier.BULK, DAYS),
}

LETTERS = {
    "S": Action.START,
    "U": Action.UPGRADE,
    "E": Action.EXTEND,
    "A": Action.ALREADY,
    "N": Action.NOTHING,
    "R": Action.REFUSED,
    "L": Action.LOOK,
    "T": Action.LATER,
}

# Under each purpose: expedited, standard, bulk.  S start, U upgrade, E extend, A already restoring, N nothing to do,
# R refused, L look first, T extend on arrival (there and then).
VERDICTS = """
object                 | cloud and ledger say        | restore | extend | upgrade
GLACIER                | no status                   |  S S S  | N N N  |  N N N
GLACIER                | restoring, asked elsewhere  |  T T T  | T T T  |  U U A
GLACIER                | restoring, days unknown     |  T T T  | T T T  |  U U A
GLACIER                | restoring at expedited      |  A A A  | A A A  |  A A A
GLACIER                | restoring at standard       |  U A A  | A A A  |  U A A
GLACIER                | restoring at bulk           |  U U A  | A A A  |  U U A
GLACIER                | restoring at bulk, 5 days   |  U U A  | A A A  |  U U A
GLACIER                | restored, ends sooner       |  E E E  | E E E  |  N N N
GLACIER                | restored, ends the same     |  N N N  | N N N  |  N N N
GLACIER                | restored, ends later        |  N N N  | N N N  |  N N N
GLACIER                | restored, without an end    |  S S S  | N N N  |  N N N
GLACIER                | restored, end has passed    |  S S S  | N N N  |  N N N

DEEP_ARCHIVE           | no status                   |  R S S  | N N N  |  N N N
DEEP_ARCHIVE           | restoring, asked elsewhere  |  R T T  | R T T  |  R U A
DEEP_ARCHIVE           | restoring, days unknown     |  R T T  | R T T  |  R U A
DEEP_ARCHIVE           | restoring at expedited      |  R A A  | A A A  |  R A A
DEEP_ARCHIVE           | restoring at standard       |  R A A  | A A A  |  R A A
DEEP_ARCHIVE           | restoring at bulk           |  R U A  | A A A  |  R U A
DEEP_ARCHIVE           | restoring at bulk, 5 days   |  R U A  | A A A  |  R U A
DEEP_ARCHIVE           | restored, ends sooner       |  R E E  | R E E  |  N N N
DEEP_ARCHIVE           | restored, ends the same     |  N N N  | N N N  |  N N N
DEEP_ARCHIVE           | restored, ends later        |  N N N  | N N N  |  N N N
DEEP_ARCHIVE           | restored, without an end    |  R S S  | N N N  |  N N N
DEEP_ARCHIVE           | restored, end has passed    |  R S S  | N N N  |  N N N

IT, listed only        | no status                   |  L L L  | L L L  |  L L L
IT, listed only        | restoring, asked elsewhere  |  A A A  | A A A  |  L L L
IT, listed only        | restoring, days unknown     |  A A A  | A A A  |  L L L
IT, listed only        | restoring at expedited      |  A A A  | A A A  |  L L L
IT, listed only        | restoring at standard       |  A A A  | A A A  |  L L L
IT, listed only        | restoring at bulk           |  A A A  | A A A  |  L L L
IT, listed only        | restoring at bulk, 5 days   |  A A A  | A A A  |  L L L
IT, listed only        | restored, ends sooner       |  L L L  | L L L  |  L L L
IT, listed only        | restored, ends the same     |  L L L  | L L L  |  L L L
IT, listed only        | restored, ends later        |  L L L  | L L L  |  L L L
IT, listed only        | restored, without an end    |  L L L  | L L L  |  L L L
IT, listed only        | restored, end has passed    |  L L L  | L L L  |  L L L

IT, not archived       | no status                   |  N N N  | N N N  |  N N N
IT, not archived       | restoring, asked elsewhere  |  A A A  | A A A  |  A A A
IT, not archived       | restoring, days unknown     |  A A A  | A A A  |  A A A
IT, not archived       | restoring at expedited      |  A A A  | A A A  |  A A A
IT, not archived       | restoring at standard       |  A A A  | A A A  |  A A A
IT, not archived       | restoring at bulk           |  A A A  | A A A  |  A A A
IT, not archived       | restoring at bulk, 5 days   |  A A A  | A A A  |  A A A
IT, not archived       | restored, ends sooner       |  N N N  | N N N  |  N N N
IT, not archived       | restored, ends the same     |  N N N  | N N N  |  N N N
IT, not archived       | restored, ends later        |  N N N  | N N N  |  N N N
IT, not archived       | restored, without an end    |  N N N  | N N N  |  N N N
IT, not archived       | restored, end has passed    |  N N N  | N N N  |  N N N

IT ARCHIVE_ACCESS      | no status                   |  S S S  | N N N  |  N N N
IT ARCHIVE_ACCESS      | restoring, asked elsewhere  |  A A A  | N N N  |  U U A
IT ARCHIVE_ACCESS      | restoring, days unknown     |  U U A  | N N N  |  U U A
IT ARCHIVE_ACCESS      | restoring at expedited      |  A A A  | N N N  |  A A A
IT ARCHIVE_ACCESS      | restoring at standard       |  U A A  | N N N  |  U A A
IT ARCHIVE_ACCESS      | restoring at bulk           |  U U A  | N N N  |  U U A
IT ARCHIVE_ACCESS      | restoring at bulk, 5 days   |  U U A  | N N N  |  U U A
IT ARCHIVE_ACCESS      | restored, ends sooner       |  S S S  | N N N  |  N N N
IT ARCHIVE_ACCESS      | restored, ends the same     |  S S S  | N N N  |  N N N
IT ARCHIVE_ACCESS      | restored, ends later        |  S S S  | N N N  |  N N N
IT ARCHIVE_ACCESS      | restored, without an end    |  S S S  | N N N  |  N N N
IT ARCHIVE_ACCESS      | restored, end has passed    |  S S S  | N N N  |  N N N

IT DEEP_ARCHIVE_ACCESS | no status                   |  R S S  | N N N  |  N N N
IT DEEP_ARCHIVE_ACCESS | restoring, asked elsewhere  |  R A A  | N N N  |  R U A
IT DEEP_ARCHIVE_ACCESS | restoring, days unknown     |  R U A  | N N N  |  R U A
IT DEEP_ARCHIVE_ACCESS | restoring at expedited      |  R A A  | N N N  |  R A A
IT DEEP_ARCHIVE_ACCESS | restoring at standard       |  R A A  | N N N  |  R A A
IT DEEP_ARCHIVE_ACCESS | restoring at bulk           |  R U A  | N N N  |  R U A
IT DEEP_ARCHIVE_ACCESS | restoring at bulk, 5 days   |  R U A  | N N N  |  R U A
IT DEEP_ARCHIVE_ACCESS | restored, ends sooner       |  R S S  | N N N  |  N N N
IT DEEP_ARCHIVE_ACCESS | restored, ends the same     |  R S S  | N N N  |  N N N
IT DEEP_ARCHIVE_ACCESS | restored, ends later        |  R S S  | N N N  |  N N N
IT DEEP_ARCHIVE_ACCESS | restored, without an end    |  R S S  | N N N  |  N N N
IT DEEP_ARCHIVE_ACCESS | restored, end has passed    |  R S S  | N N N  |  N N N

IT unheard-of tier     | no status                   |  R R R  | R R R  |  R R R
IT unheard-of tier     | restoring, asked elsewhere  |  A A A  | A A A  |  A A A
IT unheard-of tier     | restoring, days unknown     |  A A A  | A A A  |  A A A
IT unheard-of tier     | restoring at expedited      |  A A A  | A A A  |  A A A
IT unheard-of tier     | restoring at standard       |  A A A  | A A A  |  A A A
IT unheard-of tier     | restoring at bulk           |  A A A  | A A A  |  A A A
IT unheard-of tier     | restoring at bulk, 5 days   |  A A A  | A A A  |  A A A
IT unheard-of tier     | restored, ends sooner       |  R R R  | R R R  |  R R R
IT unheard-of tier     | restored, ends the same     |  R R R  | R R R  |  R R R
IT unheard-of tier     | restored, ends later        |  R R R  | R R R  |  R R R
IT unheard-of tier     | restored, without an end    |  R R R  | R R R  |  R R R
IT unheard-of tier     | restored, end has passed    |  R R R  | R R R  |  R R R
"""

COLUMNS = [(Purpose.RESTORE, 2), (Purpose.EXTEND, 3), (Purpose.UPGRADE, 4)]
TIERS = [Tier.EXPEDITED, Tier.STANDARD, Tier.BULK]


def facts_of(kind: str, status: str) -> ObjectFacts:
    storage_class, archive_status, looked = KINDS[kind]
    in_progress, expiry, tier, days = STATUSES[status]
    return ObjectFacts(storage_class, archive_status, looked, in_progress, expiry, tier, days)


def rows() -> Iterator[list[str]]:
    for line in VERDICTS.strip().splitlines()[1:]:
        if line:
            yield [cell.strip() for cell in line.split("|")]


def cases() -> Iterator[tuple[str, str, Purpose, Tier, Action]]:
    for row in rows():
        for purpose, column in COLUMNS:
            for tier, letter in zip(TIERS, row[column].split(), strict=True):
                yield row[0], row[1], purpose, tier, LETTERS[letter]


def test_the_table_is_complete() -> None:
    assert [(row[0], row[1]) for row in rows()] == [(kind, status) for kind in KINDS for status in STATUSES]


@pytest.mark.parametrize(("kind", "status", "purpose", "tier", "action"), list(cases()))
def test_verdict(kind: str, status: str, purpose: Purpose, tier: Tier, action: Action) -> None:
    verdict = judge(S3, facts_of(kind, status), RestoreRequest(DAYS, tier), NOW, purpose)
    assert verdict.action is action, verdict.reason
    assert len(verdict.reason) > 15, verdict.reason
    assert "None" not in verdict.reason
    # Whatever is sent is priced by its archive; whatever is retrieved takes time.
    assert verdict.archive or not action.sends
    assert (verdict.window is not None) is action.retrieves
    assert verdict.endless is (action.retrieves and kind.startswith("IT"))


@pytest.mark.parametrize(
    "storage_class",
    [
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "OUTPOSTS", "SNOW",
        "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP", "AWS_BACKUP_WARM", "AWS_BACKUP_LOW_COST_WARM", "MY-TIER",
    ],
)  # fmt: skip
def test_nothing_is_sent_for_any_other_class(storage_class: str) -> None:
    for in_progress, expiry, asked, days in STATUSES.values():
        facts = ObjectFacts(storage_class, None, False, in_progress, expiry, asked, days)
        for purpose in Purpose:
            for tier in Tier:
                verdict = judge(S3, facts, RestoreRequest(DAYS, tier), NOW, purpose)
                assert verdict.action is Action.NOTHING
                assert storage_class in verdict.reason


REASONS = [
    # kind, status, purpose, tier -> the sentence
    ("GLACIER", "no status", Purpose.RESTORE, Tier.BULK, "archived in GLACIER"),
    ("GLACIER", "no status", Purpose.EXTEND, Tier.BULK, "there is no restored copy to extend"),
    ("GLACIER", "no status", Purpose.UPGRADE, Tier.BULK, "there is no restore in progress to speed up"),
    (
        "GLACIER", "restoring, asked elsewhere", Purpose.RESTORE, Tier.EXPEDITED,
        "restoring for days the cloud does not tell: extended to 3 days once the copy is there",
    ),
    (
        "GLACIER", "restoring, asked elsewhere", Purpose.UPGRADE, Tier.EXPEDITED,
        "restoring at a tier the cloud does not tell",
    ),
    (
        "GLACIER", "restoring, asked elsewhere", Purpose.UPGRADE, Tier.BULK,
        "restoring already, and no tier is slower than bulk",
    ),
    (
        "GLACIER", "restoring, asked elsewhere", Purpose.EXTEND, Tier.BULK,
        "restoring for days the cloud does not tell: extended to 3 days once the copy is there",
    ),
    (
        "GLACIER", "restoring at standard", Purpose.RESTORE, Tier.BULK,
        "restoring at standard; bulk is not faster",
    ),
    (
        "GLACIER", "restoring at standard", Purpose.RESTORE, Tier.EXPEDITED,
        "restoring at standard; expedited is faster",
    ),
    (
        "GLACIER", "restoring at bulk, 5 days", Purpose.RESTORE, Tier.STANDARD,
        "restoring at bulk; standard is faster; it keeps its 5 days",
    ),
    (
        "GLACIER", "restored, ends sooner", Purpose.RESTORE, Tier.BULK,
        "restored until 2026-10-18 00:00 UTC; extended to 2026-10-19 00:00 UTC",
    ),
    (
        "GLACIER", "restored, ends the same", Purpose.EXTEND, Tier.BULK,
        "restored until 2026-10-19 00:00 UTC, which is long enough",
    ),
    (
        "GLACIER", "restored, ends later", Purpose.RESTORE, Tier.BULK,
        "restored until 2026-10-20 00:00 UTC, which is long enough",
    ),
    (
        "GLACIER", "restored, ends later", Purpose.EXTEND, Tier.BULK,
        "restored until 2026-10-20 00:00 UTC, which is long enough",
    ),
    (
        "GLACIER", "restored, ends later", Purpose.UPGRADE, Tier.BULK,
        "restored already: there is nothing to speed up",
    ),
    ("GLACIER", "restored, without an end", Purpose.EXTEND, Tier.BULK, "there is no restored copy to extend"),
    ("GLACIER", "restored, end has passed", Purpose.RESTORE, Tier.BULK, "archived in GLACIER"),
    ("DEEP_ARCHIVE", "no status", Purpose.RESTORE, Tier.EXPEDITED, "DEEP_ARCHIVE does not offer the expedited tier"),
    (
        "IT, listed only", "no status", Purpose.RESTORE, Tier.BULK,
        "only a HEAD tells whether an Intelligent-Tiering object is archived",
    ),
    ("IT, listed only", "restoring at bulk", Purpose.RESTORE, Tier.BULK, "a restore is in progress"),
    (
        "IT, listed only", "restoring at bulk", Purpose.UPGRADE, Tier.BULK,
        "only a HEAD tells which archive tier it is restoring from",
    ),
    (
        "IT, not archived", "no status", Purpose.RESTORE, Tier.BULK,
        "INTELLIGENT_TIERING, not in an archive tier: can be read as it is",
    ),
    (
        "IT ARCHIVE_ACCESS", "no status", Purpose.RESTORE, Tier.BULK,
        "archived in ARCHIVE_ACCESS; it comes back for good, days do not apply",
    ),
    (
        "IT ARCHIVE_ACCESS", "restoring at bulk", Purpose.EXTEND, Tier.BULK,
        "it is restored for good: there is no end to extend",
    ),
    (
        "IT DEEP_ARCHIVE_ACCESS", "no status", Purpose.RESTORE, Tier.EXPEDITED,
        "DEEP_ARCHIVE_ACCESS does not offer the expedited tier",
    ),
    (
        "IT unheard-of tier", "no status", Purpose.RESTORE, Tier.BULK,
        "the archive tier COLDER_ACCESS is not known here",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "status", "purpose", "tier", "reason"), REASONS)
def test_the_reason_says_which_rule_holds(kind: str, status: str, purpose: Purpose, tier: Tier, reason: str) -> None:
    assert judge(S3, facts_of(kind, status), RestoreRequest(DAYS, tier), NOW, purpose).reason == reason


@pytest.mark.parametrize(
    ("storage_class", "reason"),
    [
        ("STANDARD", "STANDARD can be read as it is"),
        ("GLACIER_IR", "GLACIER_IR can be read as it is"),
        # A compatible store's own tier may be an archive: it is not called readable.
        ("MY-TIER", "MY-TIER is not known here as an archive class"),
    ],
)
def test_a_class_without_rules_is_called_what_is_known_of_it(storage_class: str, reason: str) -> None:
    request = RestoreRequest(DAYS, Tier.BULK)
    assert judge(S3, ObjectFacts(storage_class), request, NOW) == Verdict(Action.NOTHING, reason)


def test_an_expiry_in_another_zone_is_compared_and_written_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    facts = ObjectFacts("GLACIER", in_progress=False, expiry=datetime(2026, 10, 19, 2, 0, tzinfo=berlin))
    verdict = judge(S3, facts, RestoreRequest(DAYS, Tier.BULK), NOW)
    assert verdict.action is Action.NOTHING
    assert verdict.reason == "restored until 2026-10-19 00:00 UTC, which is long enough"


def test_days_count_only_where_the_class_takes_them() -> None:
    archived = ObjectFacts("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", looked=True)
    verdicts = {judge(S3, archived, RestoreRequest(days, Tier.BULK), NOW) for days in (1, 30, 365)}
    assert len(verdicts) == 1


class TestALimitOfDays:
    """A class that keeps a copy for at most a week (none of S3's does)."""

    window = RestoreWindow(timedelta(hours=1), timedelta(hours=2))
    rules = CloudRules("oss", {"Archive": ArchiveRule("Archive", {Tier.STANDARD: window}, max_days=7)})

    @pytest.mark.parametrize(("days", "action"), [(7, Action.START), (8, Action.REFUSED)])
    def test_on_a_first_restore(self, days: int, action: Action) -> None:
        verdict = judge(self.rules, ObjectFacts("Archive"), RestoreRequest(days, Tier.STANDARD), NOW)
        assert verdict.action is action

    @pytest.mark.parametrize(("days", "action"), [(7, Action.EXTEND), (8, Action.REFUSED)])
    def test_on_an_extension(self, days: int, action: Action) -> None:
        facts = ObjectFacts("Archive", in_progress=False, expiry=NOW + DAY)
        verdict = judge(self.rules, facts, RestoreRequest(days, Tier.STANDARD), NOW, Purpose.EXTEND)
        assert verdict.action is action
        if action is Action.REFUSED:
            assert verdict.reason == "Archive keeps a copy for at most 7 days"


@pytest.mark.parametrize("days", [1, 2, 365, 9_999, 1_000_000])
def test_days_that_can_be_asked_for(days: int) -> None:
    assert check_days(days) == days


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (0, "a restored copy must last at least 1 day, not 0"),
        (-3, "a restored copy must last at least 1 day, not -3"),
        (1_000_001, "a restored copy cannot last 1000001 days; the most is 1,000,000"),
    ],
)
def test_days_that_cannot_be_meant(days: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_days(days)
    assert str(caught.value) == message
    assert caught.value.hint


def test_what_sends_and_that_an_extension_retrieves_nothing() -> None:
    now = {Action.START, Action.UPGRADE, Action.EXTEND, Action.SHORTEN}
    assert {action for action in Action if action.sends_now} == now
    assert {action for action in Action if action.sends} == now | {Action.LATER}
    assert {action for action in Action if action.retrieves} == {Action.START, Action.UPGRADE}
