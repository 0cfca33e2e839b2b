"""Amounts and their currency, and the limits that hold offers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import GuardStopped, UsageError
from restoretui.core.plan.money import MOST, Amount, plain, read_amount, told_apart
from restoretui.core.plan.offers import Act, Offer, check_limits


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("50", "50", "USD"),
        ("$50", "50", "USD"),
        ("0", "0", "USD"),
        (".5", "0.5", "USD"),
        ("1e-06", "0.000001", "USD"),
        ("100CNY", "100", "CNY"),
        ("100 cny", "100", "CNY"),
        ("CNY 100.50", "100.5", "CNY"),
        ("$20 USD", "20", "USD"),
        ("1EUR", "1", "EUR"),
    ],
)
def test_amounts_as_people_write_them(text: str, value: str, currency: str) -> None:
    assert read_amount(text) == Amount(Decimal(value), currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "much",
        "-1",
        "nan",
        "inf",
        "1,000",
        "1_000",
        "$5 CNY",
        "5 yuan",
        "USD",
        "1e9999",
        "1e13",
        "٥",
        "5 5",
        "5\x1b[2J",
    ],
)
def test_what_is_no_amount_is_said_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_amount(text)
    assert str(caught.value).isprintable()


@given(st.decimals(0, MOST, places=9), st.sampled_from(["USD", "CNY", "KWD"]))
def test_an_amount_reads_back(value: Decimal, currency: str) -> None:
    assert read_amount(str(Amount(value, currency))) == Amount(value, currency)


@given(st.decimals(0, 10**6, places=9), st.decimals(0, 10**6, places=9))
def test_what_is_above_a_limit_looks_so(cost: Decimal, limit: Decimal) -> None:
    if cost > limit:
        asked, allowed = told_apart(cost, limit)
        assert Decimal(asked) > Decimal(allowed) == limit


def test_small_costs_show_significant_digits() -> None:
    assert told_apart(Decimal("0.000429"), Decimal(0)) == ("0.000429", "0.00")
    assert told_apart(Decimal("177.3"), Decimal("0.1")) == ("177.30", "0.10")
    assert told_apart(Decimal("1.0004"), Decimal(1)) == ("1.0004", "1.00")
    assert plain(Decimal("5E+1")) == "50.00"


def offer(cost: str, currency: str = "USD", unpriced: int = 0, fees: int = 0) -> Offer:
    return Offer(Act.RETRY, "run 1", 3, 10, Decimal(cost), currency, unpriced, fees)


USD, CNY = Amount(Decimal(10)), Amount(Decimal(70), "CNY")


@pytest.mark.parametrize(
    ("offers", "limits", "says"),
    [
        ([offer("10")], [USD], None),
        ([offer("10.01")], [USD], "about 10.01 USD, more than the 10.00 USD allowed"),
        ([offer("6"), offer("6")], [USD], "about 12.00 USD"),
        ([offer("11"), offer("70", "CNY")], [CNY], "priced in USD"),
        ([offer("0.6", "KWD")], [Amount(Decimal(1))], "the limit is in USD, but this is priced in KWD"),
        ([offer("0.6", "CNY")], [USD], "cannot be compared"),
        ([offer("9"), offer("69", "CNY")], [USD, CNY], None),
        ([offer("9"), offer("71", "CNY")], [USD, CNY], "about 71.00 CNY"),
        ([offer("0", "CNY")], [USD], None),
        ([offer("0", "CNY", 1)], [USD], "priced in CNY"),
        ([offer("1", unpriced=2)], [USD], "the price of 2 objects is unknown"),
        ([offer("1e9", "XAU", 5)], [], None),
        (
            [offer("1", unpriced=2, fees=2)],
            [USD],
            "fees of 2 objects are not known, so this costs at least 1.00",
        ),
        ([offer("1", unpriced=3, fees=2)], [USD], "the price of 3 objects is unknown"),
        ([offer("11", unpriced=2, fees=2)], [USD], "would cost at least 11.00 USD, more than the 10.00 USD allowed"),
    ],
)
def test_each_currency_is_held_to_its_own_limit(offers: list[Offer], limits: list[Amount], says: str | None) -> None:
    if says is None:
        check_limits(offers, limits)
        return
    with pytest.raises(GuardStopped, match=says) as caught:
        check_limits(offers, limits)
    assert "nothing was sent" in str(caught.value)


@given(
    st.lists(
        st.tuples(st.decimals(0, 100, places=2), st.sampled_from(["USD", "CNY"]), st.integers(0, 1)), max_size=5
    ),
    st.lists(
        st.tuples(st.decimals(0, 100, places=2), st.sampled_from(["USD", "CNY", "KWD"])), min_size=1, max_size=3
    ),
)
def test_what_passes_is_within_a_limit_of_its_own_currency(
    costs: list[tuple[Decimal, str, int]], most: list[tuple[Decimal, str]]
) -> None:
    limits = [Amount(value, currency) for currency, value in {currency: value for value, currency in most}.items()]
    offers = [offer(str(cost), currency, unpriced) for cost, currency, unpriced in costs]
    try:
        check_limits(offers, limits)
    except GuardStopped:
        return
    for currency in ("USD", "CNY"):
        spent = sum(one.cost for one in offers if one.currency == currency)
        allowed = [limit.value for limit in limits if limit.currency == currency]
        assert not spent or spent <= allowed[0]
    assert not any(one.unpriced for one in offers)
