"""A copied line, read by a real shell and the real command line, means what was said."""

import os
import shlex
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restoretui.cli import app
from restoretui.commands.acting.said import RestoreSaid
from restoretui.commands.batch import JobsSaid
from restoretui.commands.batch import given as batch_given
from restoretui.commands.choosing.choice import Choice
from restoretui.config.loading import load_settings
from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions, Place, ReportScope
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import Filter
from restoretui.core.model import DEFAULT_SCHEME, ObjectRef, Tier
from restoretui.core.plan.money import Amount
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.key_words import location_of
from restoretui.core.saying.own_commands import Wish, clean_command, restore_command
from restoretui.session.saying.reach import reach_of
from restoretui.wording.command_line import command_line

HOSTILE = [
    "plain.mov", "a b", "-rf", "=ls", "~/x", "$(reboot)", "`id`", "it's", 'say "hi"', "new\nline", "\x1b[31mred",
    "back\\slash", "!!", "#no", "*", "dir/", "a?versionId=b", "漢字\u202etxt.exe", "é", "$'x'", "{a,b}", "x\r",
    "%41&|;<>",
]  # fmt: skip
keys = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
texts = keys.filter(bool)


def words_of(line: str) -> list[str]:
    """What bash makes of a line."""
    told = subprocess.run(
        ["bash", "--norc", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    return told.stdout.decode("utf-8", "surrogatepass").split("\0")[:-1]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command line handed to the command, instead of running it."""
    told: dict[str, Any] = {}

    def headless(flags: Any, as_json: bool, module: str, command: str, *args: Any, **options: Any) -> None:
        told.clear()
        told.update(flags=flags, command=command, args=args, **options)

    monkeypatch.setattr(app, "headless", headless)
    return told


def refs() -> st.SearchStrategy[ObjectRef]:
    return st.builds(
        ObjectRef, st.just("bucket"), texts.filter(lambda key: len(key.encode()) <= 1000), st.none() | texts
    )


batches = st.builds(
    BatchOptions,
    role_arn=st.just("arn:aws:iam::123456789012:role/restores"),
    report=st.none() | st.just(Place("reports", "of/me")),
    scope=st.sampled_from(ReportScope),
    priority=st.integers(0, 2_147_483_647),
    description=texts,
    tags=st.dictionaries(texts.filter(lambda name: "=" not in name), texts, max_size=2),
    generated=st.booleans(),
    hold=st.booleans(),
)
wishes = st.builds(
    Wish,
    tier=st.sampled_from([Tier.STANDARD, Tier.BULK]),
    lasting=st.integers(1, 365) | st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    shorten=st.booleans(),
    ask_unseen=st.booleans(),
    batch=st.none() | batches,
    limits=st.sampled_from([(), (Amount(Decimal(31)),), (Amount(Decimal("0.5")), Amount(Decimal(100), "CNY"))]),
)
filters = st.sampled_from(
    [
        parse_filter(text)
        for text in ("", "*.mov !-x", "state:archived class:deep", 'size>1G age>2y "an exact/key"', "a|b")
    ]
)
reaches = st.fixed_dictionaries(
    {
        "profile": st.none() | texts, "region": st.none() | st.just("eu-central-1"),
        "endpoint_url": st.none() | st.just("https://store.example:9000"), "path_style": st.none() | st.booleans(),
        "requester_pays": st.booleans(), "expected_bucket_owner": st.none() | st.just("123456789012"),
    }
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(refs(), min_size=1, max_size=3),
    wish=wishes,
    reach=reaches,
    where=filters,
)
def test_a_line_read_back_is_the_same_wish(
    heard: dict[str, Any], chosen: list[ObjectRef], wish: Wish, reach: dict[str, Any], where: Filter | None
) -> None:
    own = Settings(**reach)
    named = Chosen(tuple(location_of("s3", ref) for ref in chosen), where=filter_text(where))
    line = command_line(restore_command(reach_of(own, "s3"), named, wish))
    assert "\n" not in line
    assert "\x1b" not in line
    assert "--yes" not in line
    words = words_of(line)
    if "$'" not in line:
        assert shlex.split(line) == words
    assert words[0] == "restoretui"
    app.cli.main(words[1:], standalone_mode=False)
    choice: Choice = heard["args"][0]
    said: RestoreSaid = heard["args"][1]
    assert heard["command"] == "restore"
    read = [(place.bucket, place.key, place.version_id) for place in choice.parsed()]
    assert read == [tuple(ref) for ref in chosen]
    assert choice.query.where == where
    whole = wish.lasting if isinstance(wish.lasting, int) else wish.lasting.replace(microsecond=0)
    assert (said.tier, said.lasting, said.shorten) == (wish.tier, whole, wish.shorten)
    assert choice.ask_unseen is wish.ask_unseen
    assert said.meant.agreeing.limits == wish.limits
    assert said.meant.agreeing.confirm is not None, "whoever runs it is asked"
    assert said.engine == ("direct" if wish.batch is None else "batch")
    if wish.batch is not None:
        options = {name: value for name, value in batch_given(JobsSaid(**said.batch)).items() if value is not None}
        assert BatchOptions(**options) == wish.batch
    told = load_settings({name: value for name, value in heard["flags"].items() if name != "verbose"}, {})
    assert told.connection_to(DEFAULT_SCHEME) == own.connection_to(DEFAULT_SCHEME)


def test_what_no_option_says_stands_before_the_command_as_its_environment(heard: dict[str, Any]) -> None:
    own = Settings(oss_profile="team b", oss_region="cn-hangzhou", oss_cname=True, oss_endpoint="cdn.example")
    line = command_line(restore_command(reach_of(own, "oss"), Chosen(("oss://b/k",)), Wish(Tier.BULK, 3)))
    assert line == (
        "OSS_PROFILE='team b' OSS_REGION=cn-hangzhou OSS_ENDPOINT=cdn.example OSS_CNAME=true"
        " restoretui restore oss://b/k --days 3 --tier bulk"
    )
    environment = dict(word.split("=", 1) for word in shlex.split(line)[:4])
    assert load_settings({}, environment).connection_to("oss") == own.connection_to("oss")


def test_the_end_of_copies_is_read_back(heard: dict[str, Any]) -> None:
    chosen = Chosen(("oss://b/",), keys_from="/tmp/a list")
    app.cli.main(
        words_of(command_line(clean_command(reach_of(Settings(), "oss"), chosen)))[1:], standalone_mode=False
    )
    assert heard["command"] == "clean"
    assert heard["args"][0].keys_from == "/tmp/a list"
    assert heard["args"][1] is not None


def test_no_secret_is_ever_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDHUSH")
    own = load_settings({"region": "us-east-1", "state_dir": str(tmp_path)}, os.environ)
    line = command_line(restore_command(reach_of(own, "s3"), Chosen(("s3://b/k",)), Wish(Tier.BULK, 3)))
    assert line == "restoretui restore s3://b/k --days 3 --tier bulk --region us-east-1"
