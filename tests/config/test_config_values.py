"""Every value of the config either means something or is refused by one sentence; none stops all in silence."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from restoretui.config.loading import load_settings
from restoretui.config.setting_values import BOUNDS
from restoretui.config.settings import Settings
from restoretui.core.bounds import Bounds
from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.pricing import read_price_book
from tests.config.conftest import Load

NUMBERS = ["rate", "concurrency", "batch_priority"]
OF_STORES = ["max_days", "shortest_hours", "longest_hours", "max_rate"]
ABSURD = ["nan", "inf", "-inf", "-1", "1e18", "1e400", "9" * 400, "9" * 5000, "true", '"5"', "[]", "2026-01-01", "{}"]


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("name", [*NUMBERS, *(f"[stores.x]\n{field}" for field in OF_STORES)])
def test_an_absurd_number_is_refused_with_its_name_and_range(load: Load, name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(f"{name} = {value}")
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    if "not valid TOML" not in message:
        assert name.rpartition("\n")[2] in message
        assert " from " in message, "the range"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("concurrency = 0.5", "concurrency must be a whole number above 0, from 1 to 1,024"),
        ("concurrency = 1.5", "not 1.5"),
        ("concurrency = 1000000", "not 1000000"),
        ("rate = 0", "rate must be a number above 0"),
        ("rate = nan", "not nan"),
        ("budget = nan", "budget must be an amount of money"),
        ("budget = true", "budget must be an amount of money"),
        ('budget = "5 pounds"', "budget must be an amount of money"),
        ("budget = " + "9" * 5000, "not valid TOML"),
        ("[stores.x]\nshortest_hours = 48", "shortest_hours = 48 is above longest_hours = 24"),
        ("[stores.x]\nmax_days = 0.5", "max_days must be a whole number"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("#" * (4 << 20) + "\n", "it is longer than 4,194,304 bytes"),
    ],
)
def test_what_would_do_nothing_or_overflow_is_said(load: Load, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("(", r"\(").replace(".", r"\.")):
        load(line)


def test_a_budget_has_a_currency(load: Load) -> None:
    assert [str(limit) for limit in load("budget = 50").limits] == ["50.00 USD"]
    assert [str(limit) for limit in load('budget = "100 CNY"').limits] == ["100.00 CNY"]
    assert load().limits == ()


def test_both_ends_of_a_range_are_meant(load: Load) -> None:
    for name, bounds in BOUNDS.items():
        for value in (bounds.least, bounds.most):
            text = f"{value:.0f}" if bounds.whole else repr(value)
            assert getattr(load(f"{name} = {text}"), name) == value


ANY = st.one_of(
    st.floats(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf") if math.isinf(value) else repr(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def tried(attempt: Callable[[], Settings]) -> Settings | None:
    """The settings; None where they are refused, which must be in a sentence."""
    refused = ""
    try:
        return attempt()
    except UsageError as error:
        refused = str(error)
    assert 0 < len(refused) < 2000
    return None


SETTINGS = sorted(set(Settings.__struct_fields__) - {"stores", "keys"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(st.sampled_from(SETTINGS), ANY)
@example("rate", math.nan)
@example("concurrency", 10**400)
def test_any_value_of_any_setting_is_refused_in_a_sentence_or_can_be_used(
    load: Load, name: str, value: object
) -> None:
    found = tried(lambda: load(f"{name} = {written(value)}"))
    if found is None:
        return
    assert 0.1 <= found.rate <= 100_000
    assert isinstance(found.concurrency, int)
    assert 1 <= found.concurrency <= 1024
    assert found.budget is None or found.budget.is_finite()
    assert found.connection_to("s3").to_mapping()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.dictionaries(st.sampled_from([*OF_STORES, "days", "tiers"]), ANY, max_size=4))
def test_any_store_is_refused_in_a_sentence_or_has_rules_that_can_be_used(
    load: Load, section: dict[str, Any]
) -> None:
    lines = "\n".join(f"{name} = {written(value)}" for name, value in section.items())
    found = tried(lambda: load(f'store = "x"\n[stores.x]\n{lines}'))
    if found is None:
        return
    assert found.known_store is not None
    rules = found.known_store.rules
    assert rules.other_archives is not None
    window = rules.other_archives.windows[Tier.BULK]
    assert window.shortest.total_seconds() > 0
    assert window.shortest <= window.longest


@given(st.floats() | st.integers(), st.booleans())
def test_what_passes_lies_in_the_range(value: float, whole: bool) -> None:
    bounds = Bounds(1, 100, whole=whole)
    try:
        found = bounds.check("it", value)
    except UsageError:
        assert not (1 <= value <= 100 and (not whole or value == int(value)))
        return
    assert found == value
    assert isinstance(found, int) is whole


@pytest.mark.parametrize("value", ["1e999999", "nan", "inf", "-1", True, pytest.param(10**5000, id="long")])
def test_absurd_prices_are_refused_too(value: object) -> None:
    table = {"scheme": "s3", "regions": ["x"], "date": "2026", "retrieval": {}, "copy_per_gib_month": value}
    with pytest.raises(UsageError, match="copy_per_gib_month"):
        read_price_book([{"table": [table]}])


@pytest.mark.parametrize("currency", ["dollars", "", 5, "U$D"])
def test_a_currency_is_three_letters_so_that_limits_can_be_held(currency: object) -> None:
    table = {"scheme": "s3", "regions": ["x"], "date": "2026", "retrieval": {}, "copy_per_gib_month": 1}
    with pytest.raises(UsageError, match="currency"):
        read_price_book([{"table": [table | {"currency": currency}]}])
    assert read_price_book([{"table": [table | {"currency": "cny"}]}]).tables[0].currency == "CNY"


# --- endpoints -----------------------------------------------------------------------------------------------------

SECRETS = [
    "http://user:SECRET@host.example",
    "https://SECRET@host.example/path",
    "http://host.example/?token=SECRET",
    "http://host.example/#SECRET",
    "http://user:SECRET@",
]


def sources(load: Load, tmp_path: Path, endpoint: str) -> dict[str, Callable[[], Settings]]:
    """Everywhere an endpoint may come from."""
    aws = (
        f"[default]\nendpoint_url = {endpoint}\n[profile p]\nservices = s\n"
        f"[services s]\ns3 =\n  endpoint_url = {endpoint}\n"
    )

    def by_profile(**environment: str) -> Settings:
        (tmp_path / "aws").write_text(aws)
        return load("", None, **environment)

    return {
        "--endpoint-url": lambda: load("", {"endpoint_url": endpoint}),
        "config.toml": lambda: load(f"endpoint_url = {written(endpoint)}"),
        "config.toml, not used": lambda: load(f"endpoint_url = {written(endpoint)}", {"endpoint_url": "http://x"}),
        "[stores.x]": lambda: load(f"[stores.x]\nendpoint_url = {written(endpoint)}"),
        "oss_endpoint": lambda: load(f"oss_endpoint = {written(endpoint)}"),
        "$OSS_ENDPOINT": lambda: load("", None, OSS_ENDPOINT=endpoint),
        "[default]": by_profile,
        "[services s]": lambda: by_profile(AWS_PROFILE="p"),
        **{
            f"${name}": lambda name=name: load("", None, **{name: endpoint})  # type: ignore[misc]
            for name in (
                "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_S3",
                "AWS_ENDPOINT_URL_STS",
                "AWS_ENDPOINT_URL_S3_CONTROL",
            )
        },
    }


@pytest.mark.parametrize("endpoint", SECRETS)
def test_an_endpoint_with_more_than_a_place_is_refused_and_never_repeated(
    load: Load, tmp_path: Path, endpoint: str
) -> None:
    for name, attempt in sources(load, tmp_path, endpoint).items():
        with pytest.raises(UsageError) as caught:
            attempt()
        assert "SECRET" not in f"{caught.value} {caught.value.hint}", name


@pytest.mark.parametrize("endpoint", ["ftp://x", "notaurl", "127.0.0.1:9000", "http://", "http://x:0", "http://x:a"])
def test_what_is_no_endpoint_is_a_usage_error(load: Load, endpoint: str) -> None:
    with pytest.raises(UsageError, match="--endpoint-url"):
        load("", {"endpoint_url": endpoint})


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://s3.example.net/base", "http://[::1]:80"])
def test_sound_endpoints_pass(load: Load, endpoint: str) -> None:
    assert load("", {"endpoint_url": endpoint}).endpoint_url == endpoint
    assert load("", None, OSS_ENDPOINT="oss-cn-beijing.aliyuncs.com").oss_endpoint == "oss-cn-beijing.aliyuncs.com"


# --- switches ------------------------------------------------------------------------------------------------------


def test_of_a_pair_both_positions_are_heard(load: Load) -> None:
    assert load("path_style = true", {"path_style": False}).connection_to("s3").path_style is False
    assert load("path_style = false", {"path_style": True}).connection_to("s3").path_style is True
    assert load("path_style = true", {"path_style": None}).connection_to("s3").path_style is True
    assert load("", {"path_style": False}).sources["path_style"] == "--virtual-host-style"


def test_a_flag_that_is_not_given_undoes_nothing(load: Load) -> None:
    assert load("read_only = true", {"read_only": False}).read_only
    assert load("requester_pays = true", {"requester_pays": False}).requester_pays


@pytest.mark.parametrize("name", ["mine.toml", "mine", "mine.conf"])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_file_is_the_config_whatever_its_name(tmp_path: Path, name: str, by: str) -> None:
    (tmp_path / name).write_text("rate = 7\n")
    given = str(tmp_path / name)
    flags, env = ({"config": given}, {}) if by == "option" else ({}, {"RESTORETUI_CONFIG": given})
    assert load_settings(flags, env).rate == 7


def test_a_folder_is_where_the_config_lies_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "conf.toml").mkdir()
    (tmp_path / "conf.toml" / "config.toml").write_text("rate = 7\n")
    assert load_settings({"config": str(tmp_path / "conf.toml")}, {}).rate == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("views = 1", "must hold names and filters"),
        ("[views]\nbig = 1", "must hold names and filters"),
        ('[views]\nbig = "sizze>1G"', "[views] big, at 'sizze': no field is called 'sizze'"),
    ],
)
def test_a_saved_filter_that_cannot_be_meant_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_settings({"config": str(tmp_path)}, {})
    assert says in str(caught.value)


def test_saved_filters_are_kept_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[views]\n"big ones" = "size>1G"\n')
    assert load_settings({"config": str(tmp_path)}, {}).views == {"big ones": "size>1G"}
