"""``[places]`` and ``s3+PROFILE://``: as whom each bucket of a command is reached; and nothing is guessed."""

from collections.abc import Mapping
from typing import Any

import pytest

from restoretui.config.loading import load_settings
from restoretui.config.places import Account, Accounts, read, told_apart
from restoretui.config.setting_values import check_value
from restoretui.core.errors import UsageError

PLACES = check_value(
    "places",
    {
        "archive": "s3+work://acme-archive/masters/",
        "films": {"location": "oss://films", "region": "cn-hangzhou"},
        "all": "s3+work://",
        "store": {"location": "s3://tape", "endpoint_url": "https://tape.example", "store": "minio"},
    },
    "config.toml",
)


@pytest.mark.parametrize(
    ("text", "plain", "values"),
    [
        ("archive:", "s3://acme-archive/masters/", {"profile": "work"}),
        ("archive:2024/a b+c", "s3://acme-archive/masters/2024/a b+c", {"profile": "work"}),
        ("films:", "oss://films", {"oss_region": "cn-hangzhou"}),
        ("films:a*", "oss://films/a*", {"oss_region": "cn-hangzhou"}),
        ("all:bucket/key", "s3://bucket/key", {"profile": "work"}),
        ("s3+x-1.y://b/s3+z://k", "s3://b/s3+z://k", {"profile": "x-1.y"}),
        ("oss+y://b", "oss://b", {"oss_profile": "y"}),
        ("s3://b/archive:x", "s3://b/archive:x", {}),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", {}),
        ("@set", "@set", {}),
    ],
)  # fmt: skip
def test_a_text_is_a_location_and_an_account(text: str, plain: str, values: Mapping[str, Any]) -> None:
    found, account = read(text, PLACES)
    assert (found, dict(account.values)) == (plain, values)


def test_the_first_account_is_the_commands_and_others_are_of_their_buckets() -> None:
    plain, found = told_apart(("s3+work://a", "s3://b/k", "archive:x", "s3+home://c/", "s3+home://c/y"), PLACES, {})
    assert plain == ("s3://a", "s3://b/k", "s3://acme-archive/masters/x", "s3://c/", "s3://c/y")
    assert dict(found.first.values) == {"profile": "work"}
    assert {bucket: dict(one.values) for bucket, one in found.others["s3"].items()} == {
        "b": {}, "c": {"profile": "home"},
    }  # fmt: skip
    _, alone = told_apart(("archive:x", "archive:y", "oss+z://f"), PLACES, {})
    assert (dict(alone.first.values), alone.others) == ({"profile": "work", "oss_profile": "z"}, {})


@pytest.mark.parametrize(
    ("texts", "given", "why"),
    [
        (("s3+a://x", "s3+b://x/y"), {}, "ask for one bucket as two accounts"),
        (("s3+a://", "s3+b://x"), {}, "asks for the buckets of one account, beside another's"),
        (("s3+a://x",), {"profile": "b"}, "names another profile than --profile b"),
        (("films:",), {"oss_region": "cn-beijing"}, "names another region than --oss-region cn-beijing"),
        (("s3+://x",), {}, "names no profile"),
        (("nowhere:x",), {}, "the config has no place 'nowhere'"),
    ],
)
def test_what_cannot_be_meant_is_said(texts: tuple[str, ...], given: Mapping[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        told_apart(texts, PLACES, given)


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ("x", "must hold names and locations"),
        ({"a b": "s3://x"}, "cannot name a place"),
        ({"s3": "s3://x"}, "cannot name a place"),
        ({"a": {"profile": "x"}}, "it has no location"),
        ({"a": "s3://bkt/key"}, "no bucket and no prefix that ends in a slash"),
        ({"a": "s3://bkt/part*"}, "no bucket and no prefix that ends in a slash"),
        ({"a": {"location": "s3+w://bkt", "profile": "v"}}, "names another profile than v"),
        ({"a": {"location": "oss://bkt", "store": "minio"}}, "'store' is nothing that oss:// has"),
        ({"a": {"location": "s3://bkt", "requester_pays": "yes"}}, "requester_pays must be true or false"),
        ({"a": {"location": "s3://bkt", "endpoint_url": "https://me:secret@x"}}, "holds a user name or password"),
    ],
)
def test_places_of_the_config_are_checked(places: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why) as error:
        check_value("places", places, "config.toml")
    assert "secret" not in str(error.value) + str(error.value.hint)


def settings_of(*texts: str) -> Any:
    _, accounts = told_apart(texts, PLACES, {})
    return load_settings({"accounts": accounts}, {})


def test_each_bucket_has_a_connection_of_its_own() -> None:
    reached = settings_of("s3+work://a", "s3://b", "archive:").connection_to("s3")
    assert (reached.profile, reached.of("a").profile, reached.of("b").profile) == ("work", "work", None)
    assert [name for name, _ in reached.buckets] == ["b"], "who is reached as the command is is not told apart"
    assert reached.only({"a", "acme-archive"}).buckets == ()
    assert reached.only({"b"}) == settings_of("s3://b").connection_to("s3"), "a run of one account is of that alone"
    assert reached.only({"a", "b"}) == reached


def test_two_clouds_of_one_scheme_are_not_one_run() -> None:
    with pytest.raises(UsageError, match=r"\[places\] store leads to https://tape.example.*, and the others to S3"):
        settings_of("s3+work://a", "store:")
    assert settings_of("store:").connection_to("s3").endpoint_url == "https://tape.example"


def test_a_session_learns_of_an_account_later() -> None:
    settings = load_settings({"accounts": Accounts(Account({}))}, {"AWS_PROFILE": "me"})
    settings.reach_as("s3", "b", Account({"profile": "home"}, "--profile"))
    assert settings.connection_to("s3").of("b").profile == "home"
    settings.reach_as("s3", "b", Account({"profile": "me"}, "--profile"))
    assert settings.connection_to("s3").buckets == ()
    with pytest.raises(UsageError, match="shows the buckets of one"):
        settings.reach_as("s3", "", Account({"profile": "home"}, "--profile"))
