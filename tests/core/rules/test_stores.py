"""Compatible stores: what is known of them, what a config may say, and that it travels whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, RestoreRequest, State, Tier
from restoretui.core.rules.stores import BUILT_IN, Store, known_by, make_store, read_spec
from restoretui.core.rules.verdicts import Action, judge

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("store", BUILT_IN.values(), ids=BUILT_IN.keys())
def test_a_spec_tells_the_whole_store(store: Store) -> None:
    again = read_spec(store.spec)
    assert again.rules == store.rules
    assert (again.lists_status, again.max_rate) == (store.lists_status, store.max_rate)
    assert "#" not in store.spec


NAMES = st.lists(st.text(st.characters(exclude_characters=","), min_size=1), max_size=3).map(tuple)


@given(name=st.text(min_size=1), classes=NAMES, online=NAMES, days=st.booleans(), tells=st.none() | st.booleans())
def test_any_spec_is_read_as_it_was_written(
    name: str, classes: tuple[str, ...], online: tuple[str, ...], days: bool, tells: bool | None
) -> None:
    store = Store(name, classes, online, days=days, lists_status=tells, max_rate=7.5, max_days=30)
    try:
        store.spec.encode()
    except UnicodeEncodeError:
        return  # No config file can hold it.
    assert read_spec(store.spec) == store


@pytest.mark.parametrize("spec", ["", "x", "store=a", "store=a&classes=&online=&tiers=0&days=1&minutes=x&within=1"])
def test_anything_else_is_no_spec(spec: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_spec(spec)


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("https://s3.fr-par.scw.cloud", "scaleway"),
        ("s3.gra.io.cloud.ovh.net", "ovhcloud"),
        ("https://s3.eu-de.cloud-object-storage.appdomain.cloud", "ibm"),
        ("https://t3.storage.dev", "tigris"),
        ("https://fly.storage.tigris.dev", "tigris"),
        ("https://kr.ncloudstorage.com", "ncloud"),
        ("https://kr.gov-ncloudstorage.com", "ncloud"),
        ("https://obs.ap-southeast-1.myhuaweicloud.com", "huawei"),
        ("https://cos.ap-beijing.myqcloud.com", "cos"),
        ("https://tos-s3-cn-beijing.volces.com", "tos"),
        ("https://minio.example.net:9000", None),
        ("https://s3.amazonaws.com", None),
        ("https://scw.cloud.example.net", None),
        ("", None),
    ],
)
def test_an_endpoint_tells_its_store(endpoint: str, name: str | None) -> None:
    found = known_by(endpoint)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("store", "storage_class", "state"),
    [
        ("scaleway", "GLACIER", State.ARCHIVED),
        ("scaleway", "ONEZONE_IA", State.ONLINE),
        ("scaleway", "DEEP_ARCHIVE", State.ONLINE),
        ("ovhcloud", "DEEP_ARCHIVE", State.ARCHIVED),
        ("ovhcloud", "STANDARD", State.ONLINE),
        ("ibm", "ACCELERATED", State.ARCHIVED),
        ("minio", "my tier", State.ARCHIVED),
        ("ceph", "CLOUDTIER", State.ARCHIVED),
        ("ceph", "STANDARD", State.ONLINE),
        ("cos", "ARCHIVE", State.ARCHIVED),
        ("cos", "STANDARD_IA", State.ONLINE),
        ("tos", "COLD_ARCHIVE", State.ARCHIVED),
        ("tigris", "GLACIER", State.ARCHIVED),
        ("tigris", "STANDARD_IA", State.ONLINE),
        ("ncloud", "ARCHIVE", State.ARCHIVED),
        ("ncloud", "STANDARD", State.ONLINE),
        ("tos", "GLACIER_IR", State.ONLINE),
    ],
)
def test_which_classes_need_a_restore(store: str, storage_class: str, state: State) -> None:
    assert BUILT_IN[store].rules.state_of(ObjectFacts(storage_class), NOW) is state


@pytest.mark.parametrize("store", BUILT_IN)
@pytest.mark.parametrize("tier", Tier)
def test_every_tier_is_the_same_and_none_is_sent(store: str, tier: Tier) -> None:
    rules = BUILT_IN[store].rules
    storage_class = next(iter(rules.archives), "COLD")
    verdict = judge(
        rules,
        ObjectFacts(storage_class),
        RestoreRequest(rules.archives[storage_class].max_days or 400 if rules.archives else 400, tier),
        NOW,
    )
    assert (verdict.action, verdict.archive) == (Action.START, storage_class)
    assert verdict.tierless is ("one speed" in verdict.reason) is (store != "storagegrid")
    assert verdict.window is not None
    assert not rules.has_jobs


def test_a_copy_without_an_end_stays() -> None:
    rules = BUILT_IN["ceph"].rules
    facts = ObjectFacts("COLD", in_progress=False)
    assert rules.state_of(facts, NOW) is State.AVAILABLE
    verdict = judge(rules, facts, RestoreRequest(3, Tier.BULK), NOW)
    assert (verdict.action, verdict.reason) == (Action.NOTHING, "restored without an end")


def test_a_config_changes_what_it_says_and_no_more() -> None:
    store = make_store("warm", {"like": "minio", "classes": ["WARM"], "longest_hours": 2, "max_days": 30})
    assert (store.name, store.classes, store.longest, store.max_days) == ("warm", ("WARM",), timedelta(hours=2), 30)
    refused = judge(store.rules, ObjectFacts("WARM"), RestoreRequest(31, Tier.BULK), NOW)
    assert (refused.action, refused.reason) == (Action.REFUSED, "WARM keeps a copy for at most 30 days")
    own = make_store("ibm", {"endpoint_url": "https://cos.example.net"})
    assert own.classes == BUILT_IN["ibm"].classes
    assert make_store("tiers", {"classes": ["X"], "tiers": True}).rules.archives["X"].takes_tier
    endless = judge(make_store("e", {"days": False}).rules, ObjectFacts("X"), RestoreRequest(1, Tier.BULK), NOW)
    assert endless.endless


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"like": "aws"}, "'aws' is none of ceph, cos (untested),"),
        ({"speed": 3}, "unknown 'speed'"),
        ({"classes": "GLACIER"}, "must be a list"),
        ({"classes": ["A,B"]}, "must be a list"),
        ({"days": 1}, "true or false"),
        ({"max_days": 0}, "above 0"),
        ({"max_days": 1.5}, "above 0"),
        ({"max_rate": True}, "above 0"),
        ({"longest_hours": "2"}, "above 0"),
    ],
)
def test_what_cannot_be_meant_is_said(section: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=r"stores\.odd") as caught:
        make_store("odd", section)
    assert says in str(caught.value)
