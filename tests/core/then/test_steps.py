"""What ``--then`` may say, and how it is kept and said again."""

from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.then.said import read_steps, words_of
from restoretui.core.then.steps import ThenKind, ThenStep


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("copy", ThenStep(ThenKind.COPY, "", "STANDARD")),
        ("copy:s3://warm", ThenStep(ThenKind.COPY, "s3://warm", "STANDARD")),
        ("copy:s3://warm/a/", ThenStep(ThenKind.COPY, "s3://warm/a/", "STANDARD")),
        ("download:/data/x y", ThenStep(ThenKind.DOWNLOAD, "/data/x y")),
        ("exec:notify 'a b' {key}", ThenStep(ThenKind.EXEC, "notify 'a b' {key}")),
        ("presign", ThenStep(ThenKind.PRESIGN)),
        ("webhook:team-1", ThenStep(ThenKind.WEBHOOK, "team-1")),
        (
            "webhook:https://ci.example:8443/restores/done",
            ThenStep(ThenKind.WEBHOOK, "https://ci.example:8443/restores/done"),
        ),
    ],
)
def test_a_step_is_read_kept_and_said_again(said: str, step: ThenStep) -> None:
    (read,) = read_steps([said])
    assert read == step
    assert ThenStep.from_mapping(read.kind, read.target, read.to_mapping()) == step
    assert words_of([step]) == ["--then", said]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no step ''"), ("burn", "no step 'burn'"), ("copy:", "nothing behind the colon"),
        ("copy:warm", "not a location"), ("copy:s3://warm/key", "below a bucket or a prefix"),
        ("copy:s3://warm/part*", "below a bucket or a prefix"), ("copy:s3://", "below a bucket or a prefix"),
        ("download", "where to"), ("exec", "which command"), ("exec:'", "closing quotation"),
        ("webhook:ftp://hooks.example/x", "plain http or https"), ("webhook", "takes the name"),
        ("download:a\0b", "no name can hold"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_in_a_sentence(said: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        read_steps([said])
    assert raised.value.hint


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://ann:T0K3N@ci.example/x", "a user or password"), ("https://ci.example/x?T0K3N=1", "a query"),
        ("https://ci.example/x#T0K3N", "a fragment"),
        ("https://hooks.example/services/T0K3N/B01/aBcDeFgHiJkLmNoPqRsTuVwX", "looks like a token"),
        ("https://hooks.example/T0K3N-0123456789abcdef", "looks like a token"),
        ("https://hooks.example/550e8400-e29b-41d4-a716-T0K3N4665544", "looks like a token"),
        ("https://hooks.example/%41%42T0K3Nabcdefgh", "looks like a token"),
        ("https://T0K3Nabcdef0123456789.lambda-url.example/", "looks like a token"),
    ],
)  # fmt: skip
def test_a_url_that_may_hold_a_secret_belongs_into_the_config(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        read_steps([f"webhook:{url}"])
    assert "t0k3n" not in f"{raised.value} {raised.value.hint}".lower()
    assert "[webhooks.NAME]" in raised.value.hint


def test_options_without_their_step_are_refused() -> None:
    with pytest.raises(UsageError, match="--copy-class is about"):
        read_steps(["presign"], copy_class="STANDARD_IA")
    with pytest.raises(UsageError, match="--bandwidth is about"):
        read_steps(["copy"], bandwidth=5)
    with pytest.raises(UsageError, match="no --then reads an object"):
        read_steps(["webhook:team"], keep_days=3)
    with pytest.raises(UsageError, match="no class that can be read without a restore"):
        read_steps(["copy"], copy_class="DEEP_ARCHIVE")
    with pytest.raises(UsageError, match="said twice"):
        read_steps(["copy", "copy"])


def test_folders_are_those_of_who_said_it() -> None:
    (step,) = read_steps(["download:here"])
    assert step.target == str(Path("here").absolute())


def test_keys_of_several_buckets_are_kept_apart() -> None:
    step = ThenStep(ThenKind.COPY, "s3://warm/a/", "STANDARD", several=True)
    assert step.key_of("cold", "k") == ("warm", "a/cold/k")
    assert ThenStep(ThenKind.COPY, "", "STANDARD", several=True).key_of("cold", "k") == ("cold", "k")
