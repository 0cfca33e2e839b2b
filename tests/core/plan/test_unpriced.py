"""What has no price is counted once, however many parts of its cost are not known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from restoretui.core.batch.planned_jobs import as_batch
from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.after import with_then
from restoretui.core.plan.job_fees import JobFees
from restoretui.core.plan.plan import make_plan
from restoretui.core.plan.pricing import Cost, PriceTable, RetrievalPrice
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.wording import format as fmt

S3 = CLOUDS["s3"].rules
NOW = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
GIB = 2**30
NO_FEE = RetrievalPrice(Decimal("0.01"), None)
BARE = PriceTable("s3", ("eu-central-1",), "2026-08", retrieval={("GLACIER", tier): NO_FEE for tier in Tier})
"""A Region of which the request fees are not known, nor most else."""
SPED_UP = ObjectFacts("GLACIER", in_progress=True, tier=Tier.BULK, days=3)


def test_what_is_sped_up_and_then_extended_lacks_one_fee_an_object() -> None:
    """Two requests, both of an unknown fee, are one object whose fees are not known."""
    groups = [FactGroup("b", ObjectFacts("GLACIER"), 4, GIB), FactGroup("b", SPED_UP, 1, GIB)]
    chosen = make_plan(S3, groups, 7, NOW, (BARE, True)).tiers[Tier.STANDARD]
    assert chosen.counts == {Action.START: 4, Action.UPGRADE: 1}
    assert (chosen.cost.unpriced, chosen.cost.fees_unknown) == (5, 5)
    said = fmt.why_unpriced(chosen.cost.unpriced, chosen.cost.fees_unknown)
    assert said == "the request fees of 5 objects are not known"


def test_of_the_same_objects_what_is_not_known_is_no_sum() -> None:
    fees = Cost(Decimal(1), unpriced=9, fees_unknown=9)
    assert fees.beside(fees) == Cost(Decimal(2), unpriced=9, fees_unknown=9)
    assert fees.beside(Cost(unpriced=4)) == Cost(Decimal(1), unpriced=9, fees_unknown=5)
    assert fees.beside(Cost(unpriced=12)) == Cost(Decimal(1), unpriced=12)


facts = st.builds(
    ObjectFacts,
    storage_class=st.sampled_from(["GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "STANDARD"]),
    archive_status=st.sampled_from([None, "ARCHIVE_ACCESS"]),
    looked=st.booleans(),
    in_progress=st.sampled_from([None, True, False]),
    expiry=st.sampled_from([None, NOW + timedelta(days=1), NOW + timedelta(days=90)]),
    tier=st.sampled_from([None, *Tier]),
    days=st.sampled_from([None, 1, 30]),
)
amounts = st.integers(1, 9).flatmap(lambda objects: st.tuples(facts, st.just(objects), st.integers(0, objects)))
tables = st.builds(
    lambda known, frequent, egress: replace(
        BARE, retrieval=known, frequent_per_gib_month=frequent, egress_per_gib=egress, list_per_1000=frequent
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(["GLACIER", "DEEP_ARCHIVE", "ARCHIVE_ACCESS"]), st.sampled_from(Tier)),
        st.sampled_from([NO_FEE, RetrievalPrice(Decimal(1), Decimal(2))]),
    ),
    st.sampled_from([None, Decimal(1)]),
    st.sampled_from([None, Decimal(1)]),
)
steps = st.lists(st.sampled_from([ThenStep(ThenKind.COPY, "", "STANDARD"), ThenStep(ThenKind.DOWNLOAD, "/x")]))


@given(st.lists(amounts, max_size=8), tables, steps, st.sampled_from(Purpose), st.booleans(), st.booleans())
def test_nothing_is_unknown_of_more_objects_than_there_are(
    chosen: list[tuple[ObjectFacts, int, int]],
    table: PriceTable,
    then: list[ThenStep],
    purpose: Purpose,
    by_jobs: bool,
    fees: bool,
) -> None:
    groups = [FactGroup("b", fact, objects, objects * GIB, unsized=unsized) for fact, objects, unsized in chosen]
    plan = with_then(make_plan(S3, groups, 7, NOW, (table, True), purpose), then)
    made = as_batch(plan, S3, fees=JobFees(known=fees)) if by_jobs else plan
    for tier in made.tiers.values():
        assert 0 <= tier.cost.fees_unknown <= tier.cost.unpriced <= made.objects
        for line in tier.lines:
            assert 0 <= line.cost.fees_unknown <= line.cost.unpriced <= line.group.objects
