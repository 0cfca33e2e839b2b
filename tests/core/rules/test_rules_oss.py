"""OSS: what each class takes, how long it takes, and what a second request does (FACTS 4.1, 4.2)."""

import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import pytest

from restoretui.core.model import ObjectFacts, RestoreRequest, State, Tier
from restoretui.core.plan.plan import READ_DIRECTLY, BucketTerms, Terms, make_plan
from restoretui.core.plan.pricing import Cost, PriceTable, read_price_book
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Action, Purpose, Verdict, judge

OSS = CLOUDS["oss"].rules
NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
DAY = timedelta(days=1)
GIB = 2**30
BUNDLED = read_price_book([tomllib.loads((files("restoretui") / "prices.toml").read_text())])
MAINLAND: PriceTable = BUNDLED.table_for("oss", "cn-hangzhou")[0]

WINDOWS = {
    "Archive": {"expedited": "1–5 min", "standard": "1–5 min", "bulk": "1–5 min"},
    "ColdArchive": {"expedited": "within 1 h", "standard": "2–5 h", "bulk": "5–12 h"},
    "DeepColdArchive": {"expedited": "within 12 h", "standard": "within 48 h"},
}

LETTERS: dict[str, Action] = {
    action.name[0]: action for action in Action if action not in (Action.SHORTEN, Action.LATER)
}
LETTERS["L"], LETTERS["T"] = Action.LOOK, Action.LATER  # S U E A N R L T
# Under each purpose: expedited, standard, bulk, for 3 days.
VERDICTS = """
object          | cloud and ledger say       | restore | extend | upgrade
Standard        | no status                  |  N N N  | N N N  |  N N N
IA              | no status                  |  N N N  | N N N  |  N N N
Archive         | no status                  |  S S S  | N N N  |  N N N
Archive         | restoring, asked elsewhere |  T T T  | R R R  |  A A A
Archive         | restoring at bulk          |  A A A  | R R R  |  A A A
Archive         | restored, ends sooner      |  E E E  | E E E  |  N N N
Archive         | restored, ends later       |  N N N  | E E E  |  N N N
Archive         | restored, end has passed   |  S S S  | N N N  |  N N N

ColdArchive     | no status                  |  S S S  | N N N  |  N N N
ColdArchive     | restoring, asked elsewhere |  T T T  | R R R  |  U U A
ColdArchive     | restoring at bulk          |  U U A  | R R R  |  U U A
ColdArchive     | restoring at expedited     |  A A A  | R R R  |  A A A
ColdArchive     | restored, ends sooner      |  E E E  | E E E  |  N N N
ColdArchive     | restored, ends later       |  N N N  | E E E  |  N N N

DeepColdArchive | no status                  |  S S R  | N N N  |  N N N
DeepColdArchive | restoring at standard      |  U A R  | R R R  |  U A R
DeepColdArchive | restored, ends sooner      |  E E R  | E E R  |  N N N
DeepColdArchive | restored, ends later       |  N N N  | E E R  |  N N N
"""
STATUSES = {
    "no status": (None, None, None, None),
    "restoring, asked elsewhere": (True, None, None, None),
    "restoring at bulk": (True, None, Tier.BULK, 3),
    "restoring at standard": (True, None, Tier.STANDARD, 3),
    "restoring at expedited": (True, None, Tier.EXPEDITED, 3),
    "restored, ends sooner": (False, NOW + DAY, None, None),
    "restored, ends later": (False, NOW + 4 * DAY, None, None),
    "restored, end has passed": (False, NOW - DAY, None, None),
}


def rows() -> list[tuple[str, str, Purpose, str]]:
    found: list[tuple[str, str, Purpose, str]] = []
    for line in VERDICTS.strip().splitlines()[1:]:
        if line:
            name, status, *cells = (cell.strip() for cell in line.split("|"))
            found += [(name, status, purpose, cell) for purpose, cell in zip(Purpose, cells, strict=True)]
    return found


def verdict(
    storage_class: str, days: int = 3, tier: Tier = Tier.STANDARD, purpose: Purpose = Purpose.RESTORE, **known: object
) -> Verdict:
    facts = ObjectFacts(storage_class, **known)  # type: ignore[arg-type]
    return judge(OSS, facts, RestoreRequest(days, tier), NOW, purpose)


@pytest.mark.parametrize(("name", "status", "purpose", "letters"), rows())
def test_verdicts(name: str, status: str, purpose: str, letters: str) -> None:
    progress, expiry, tier, days = STATUSES[status]
    facts = ObjectFacts(name, None, False, progress, expiry, tier, days)
    given = [judge(OSS, facts, RestoreRequest(3, tier), NOW, Purpose(purpose)).action for tier in Tier]
    assert given == [LETTERS[letter] for letter in letters.split()]


def test_typical_times() -> None:
    found = {
        name: {tier.value: str(rule.windows[tier]) for tier in Tier if tier in rule.windows}
        for name, rule in OSS.archives.items()
    }
    assert found == WINDOWS


@pytest.mark.parametrize(("name", "most"), [("Archive", 7), ("ColdArchive", 365), ("DeepColdArchive", 365)])
def test_each_class_has_its_longest_copy(name: str, most: int) -> None:
    assert verdict(name, most).action is Action.START
    refused = verdict(name, most + 1)
    assert (refused.action, refused.reason) == (Action.REFUSED, f"{name} keeps a copy for at most {most} days")


def test_a_class_of_one_speed_says_so_at_every_tier() -> None:
    given = {verdict("Archive", tier=tier) for tier in Tier}
    (only,) = given
    assert only.tierless
    assert only.reason == "archived in Archive; it has one speed, tiers do not apply"
    assert not verdict("ColdArchive").tierless
    rule = OSS.archives["Archive"]
    assert rule.window(None) == rule.window(Tier.BULK) == only.window
    assert OSS.archives["ColdArchive"].window(None) is None


def test_deep_cold_has_no_bulk() -> None:
    refused = verdict("DeepColdArchive", tier=Tier.BULK)
    assert (refused.action, refused.reason) == (Action.REFUSED, "DeepColdArchive does not offer the bulk tier")


def test_copies_end_at_the_minute() -> None:
    assert OSS.expiry_of(NOW, 3) == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("name", "left", "days", "ends"),
    [
        ("ColdArchive", 10 * DAY, 5, 15 * DAY),
        ("ColdArchive", 364 * DAY, 30, 365 * DAY),
        ("Archive", 2 * DAY, 3, 5 * DAY),
        ("Archive", 6 * DAY, 3, 7 * DAY),
    ],
)
def test_an_extension_adds_days_up_to_the_class_longest(
    name: str, left: timedelta, days: int, ends: timedelta
) -> None:
    given = verdict(name, days, purpose=Purpose.EXTEND, in_progress=False, expiry=NOW + left)
    assert given.action is Action.EXTEND
    assert f"{days} days are added, to {NOW + ends:%Y-%m-%d %H:%M} UTC at the latest" in given.reason


def test_what_lasts_the_longest_already_is_left_alone() -> None:
    given = verdict("Archive", 3, purpose=Purpose.EXTEND, in_progress=False, expiry=NOW + 7 * DAY)
    assert given.action is Action.NOTHING
    assert given.reason.endswith("the longest Archive allows")


@pytest.mark.parametrize(
    ("name", "in_progress", "expiry", "state"),
    [
        ("Standard", None, None, State.ONLINE),
        ("IA", None, None, State.ONLINE),
        ("Archive", None, None, State.ARCHIVED),
        ("ColdArchive", True, None, State.RESTORING),
        ("DeepColdArchive", False, NOW + DAY, State.AVAILABLE),
        ("DeepColdArchive", False, NOW - DAY, State.ARCHIVED),
        ("ARCHIVE", None, None, State.ONLINE),
    ],
)
def test_states(name: str, in_progress: bool | None, expiry: datetime | None, state: State) -> None:
    facts = ObjectFacts(name, in_progress=in_progress, expiry=expiry)
    assert OSS.state_of(facts, NOW) is state
    assert not OSS.needs_look(facts)


def test_a_bucket_read_directly_needs_no_restore() -> None:
    groups = [
        FactGroup(bucket, ObjectFacts(name), 10, GIB)
        for bucket in ("direct", "plain")
        for name in ("Archive", "ColdArchive")
    ]
    made = make_plan(OSS, groups, 3, NOW, (MAINLAND, True), buckets=BucketTerms({"direct": frozenset({"Archive"})}))
    lines = made.tiers[Tier.STANDARD].lines
    assert [line.verdict.action for line in lines] == [Action.NOTHING, Action.START, Action.START, Action.START]
    assert lines[0].verdict.reason == READ_DIRECTLY
    assert made.expiry == NOW + 3 * DAY


def test_prices_known_and_unknown() -> None:
    groups = [FactGroup("b", ObjectFacts(name), 1_000, 100 * GIB) for name in OSS.archives]
    cold = make_plan(OSS, groups[1:2], 30, NOW, (MAINLAND, True)).tiers
    assert cold[Tier.EXPEDITED].cost == Cost(Decimal(20), Decimal("3.01"), Decimal(12))
    assert cold[Tier.BULK].cost == Cost(Decimal(3), Decimal("0.04"), Decimal(12))
    assert make_plan(OSS, groups, 5, NOW, (MAINLAND, True)).tiers[Tier.STANDARD].cost.unpriced == 1_000
    assert (MAINLAND.currency, MAINLAND.list_per_1000, MAINLAND.head_per_1000) == ("CNY", None, None)


def test_an_extension_pays_for_the_days_it_adds() -> None:
    facts = ObjectFacts("ColdArchive", in_progress=False, expiry=NOW + 10 * DAY)
    group = FactGroup("b", facts, 1_000, 100 * GIB)
    made = make_plan(OSS, [group], 30, NOW, (MAINLAND, True), Purpose.EXTEND).tiers[Tier.BULK]
    assert made.cost == Cost(Decimal(0), Decimal("0.04"), Decimal(12))
    assert [line.verdict.action for line in made.lines] == [Action.EXTEND]


@pytest.mark.parametrize("tier", Tier)
def test_archive_has_no_temporary_copy_and_pays_its_put_request(tier: Tier) -> None:
    """It keeps its own storage price; every restore is billed as a PUT request too (FACTS 4.4)."""
    group = FactGroup("b", ObjectFacts("Archive"), 10_000, 100 * GIB)
    cost = make_plan(OSS, [group], 7, NOW, (MAINLAND, True)).tiers[tier].cost
    assert cost == Cost(Decimal(6), Decimal("0.1"))  # 0.06 CNY by GB, 0.1 CNY by 10,000 requests


@pytest.mark.parametrize("region", ["eu-central-1", "cn-hongkong", "ap-southeast-1", ""])
def test_abroad_has_no_price(region: str) -> None:
    """Not Hangzhou's: each Region of OSS has a list of its own."""
    table, _ = BUNDLED.table_for("oss", region)
    group = FactGroup("b", ObjectFacts("ColdArchive"), 10, GIB)
    assert make_plan(OSS, [group], 7, NOW, (table, True)).tiers[Tier.BULK].cost == Cost(unpriced=10)


@pytest.mark.parametrize(
    ("ends", "until", "days"),
    [
        (DAY, 5 * DAY, 4),  # not 5 more: those would be paid for, too
        (2.5 * DAY, 5 * DAY, 3),
        (5 * DAY, 5 * DAY, 0),
        (5 * DAY - timedelta(minutes=50), 5 * DAY, 0),  # less than an hour is worth no day
        (9 * DAY, 5 * DAY, 0),
    ],
)
def test_until_adds_what_a_copy_lacks_and_no_more(ends: timedelta, until: timedelta, days: int) -> None:
    facts = ObjectFacts("ColdArchive", in_progress=False, expiry=NOW + ends)
    request = RestoreRequest(OSS.days_until(NOW + until, NOW), Tier.STANDARD)
    given = judge(OSS, facts, request, NOW, until=NOW + until)
    assert (given.action, given.days) == ((Action.EXTEND, days) if days else (Action.NOTHING, None))
    if days:
        assert f"{days} days are added" in given.reason
        group = FactGroup("films", facts, 1, GIB)
        plan = make_plan(OSS, [group], request.days, NOW, (MAINLAND, True), terms=Terms(until=NOW + until))
        assert plan.tiers[Tier.STANDARD].lines[0].added_days == days, "and that is what it costs"


def test_until_beyond_the_longest_goes_as_far_as_it_may() -> None:
    facts = ObjectFacts("Archive", in_progress=False, expiry=NOW + 2 * DAY)
    request = RestoreRequest(8, Tier.STANDARD)
    assert judge(OSS, facts, request, NOW, until=NOW + 8 * DAY).days == 6
    assert judge(OSS, facts, request._replace(days=30), NOW, until=NOW + 30 * DAY).action is Action.REFUSED
