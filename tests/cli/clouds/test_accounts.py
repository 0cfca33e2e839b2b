"""``s3+PROFILE://…`` and ``[places]``: which account's keys a command asks with, and never those of another."""

import signal
from pathlib import Path
from typing import Any

import boto3
import pytest

from restoretui.sandbox.state.cloud import OTHER_ACCOUNT
from restoretui.sandbox.wire.signature import OTHER_ACCESS_KEY_ID
from tests.cli.conftest import Run, Served
from tests.cli.living import Living, environment

PLACE = "acme-media-archive/archive/"
THEIRS = "their-archive"


@pytest.fixture
def env(served: Served, tmp_path: Path) -> dict[str, str]:
    """Two accounts by their profiles, neither of them anybody's unless it is named."""
    keys = served.contract["env"]
    secret = f"aws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n"
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\n{secret}"
        f"[home]\naws_access_key_id={OTHER_ACCESS_KEY_ID}\n{secret}"
    )
    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    return none | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}


def their_bucket(served: Served, objects: int) -> None:
    """Of the other account, which the first may not even look into."""
    keys = served.contract["env"]
    s3: Any = boto3.client(
        "s3", endpoint_url=served.contract["s3"], region_name="us-east-1",
        aws_access_key_id=OTHER_ACCESS_KEY_ID, aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    s3.create_bucket(Bucket=THEIRS)
    for number in range(objects):
        s3.put_object(Bucket=THEIRS, Key=f"data/{number:02d}", Body=b"x", StorageClass="GLACIER")


def test_one_plan_and_one_run_over_two_accounts_is_resumed_with_the_keys_of_each(
    served: Served, run: Run, env: dict[str, str], tmp_path: Path
) -> None:
    their_bucket(served, 12)
    (tmp_path / "config").mkdir()
    config = tmp_path / "config" / "config.toml"
    config.write_text(
        f'rate = 4\n[places]\nheirs = "s3+home://{THEIRS}/data/"\nde = "s3+work://acme-frankfurt-archive/"\n'
    )
    frankfurt = "s3+work://acme-frankfurt-archive/radio/berlin/sendung-000*"
    both = ("heirs:", frankfurt)
    seen = run(served, "ls", *both, "--json", **env)
    assert (seen.code, seen.summary["buckets"]) == (0, [THEIRS, "acme-frankfurt-archive"])
    denied = run(served, "ls", f"s3+work://{THEIRS}", **env)
    assert denied.code == 4, "and the keys of one open nothing of the other"
    said = ("--days", "90", "--tier", "expedited", "--storage-class", "glacier")
    planned = run(served, "plan", *both, *said, "--json", **env)
    (plan,) = planned.of("plan")
    assert (planned.code, sorted(plan["buckets"])) == (0, ["acme-frankfurt-archive", THEIRS])
    assert run(served, "set", "save", "both", *both, "--storage-class", "glacier", **env).code == 0
    again = run(served, "plan", "@both", "--days", "2", "--tier", "bulk", "--json", **env)
    assert again.summary["requests"] == planned.summary["requests"], "a set's buckets are reached as places say"
    jobs = run(served, "plan", *both, *said[:2], "--tier", "bulk", "--engine", "batch", **env)
    assert (jobs.code, f"on {THEIRS} are of account {OTHER_ACCOUNT} (profile home), and no role" in jobs.err) == (
        0,
        True,
    )
    deny = [{"kind": "deny", "operations": ["RestoreObject"], "prefix": "data/07"}]
    served.ask("/_sandbox/faults", {"faults": deny}, "POST")
    sending = Living(environment(served, tmp_path) | env, "restore", *both, *said, "--yes", "--wait", "--json")
    sending.until(lambda: served.stats["restores"]["accepted"] >= 2)
    sending.end(signal.SIGKILL)
    assert served.stats["restores"]["accepted"] < plan["requests"], "it was ended in the middle"
    config.write_text("")
    (line,) = run(served, "status", "last", "--json", **env).of("run")
    assert f"s3+home://{THEIRS}/data/ '{frankfurt}'" in line["command_line"]
    assert "--profile" not in line["command_line"]
    assert (line["profiles"], "profile" in line) == ({THEIRS: "home", "acme-frankfurt-archive": "work"}, False)
    watched = run(served, "watch", "last", "--timeout", "60s", "--json", **env)
    assert (watched.code, watched.summary["available"], watched.summary["failed"]) == (4, plan["requests"] - 1, 1)
    whose = {(row["bucket"], row["profile"]) for kind in ("change", "object") for row in watched.of(kind)}
    assert whose == {(THEIRS, "home"), ("acme-frankfurt-archive", "work")}
    served.ask("/_sandbox/faults", {"faults": []}, "POST")
    retried = run(served, "retry", "last", "--yes", "--wait", "--timeout", "60s", "--json", **env)
    assert (retried.code, retried.summary["available"]) == (0, plan["requests"]), retried.err
    assert (served.stats["restores"]["accepted"], served.stats["restores"].get("repeated", 0)) == (
        plan["requests"], 0,
    )  # fmt: skip
    report = run(served, "report", "last", **env)
    assert "home for their-archive" in report.out
    assert "work for acme-frankfurt-archive" in report.out


def test_a_profile_stands_in_the_location_and_in_whatever_the_run_remembers(
    served: Served, run: Run, env: dict[str, str]
) -> None:
    said = [f"s3+work://{PLACE}", "--days", "2", "--tier", "expedited", "--storage-class", "glacier", "--yes"]
    assert run(served, "restore", *said, **env).code == 0
    told = run(served, "status", "last", "--json", **env)
    (line,) = told.of("run")
    assert (line["profile"], "profiles" in line) == ("work", False)
    assert not [row for row in told.of("object") if "profile" in row], "its run says it"
    assert "--profile work" in line["command_line"]
    assert f"s3://{PLACE}" in line["command_line"]
    other = run(served, "ls", f"s3+nobody://{PLACE}", **env)
    assert (other.code != 0, "nobody" in other.err) == (True, True), "no other profile is taken in its place"
    before = served.stats["requests"]
    for words, reason in {
        ("ls", f"s3+work://{PLACE}", f"s3+home://{PLACE}x"): "ask for one bucket as two accounts",
        ("ls", f"s3+work://{PLACE}", "s3+home://"): "asks for the buckets of one account, beside another's",
        (
            "plan",
            f"s3+work://{PLACE}",
            "--days",
            "1",
            "--profile",
            "home",
        ): "names another profile than --profile home",
        ("ls", f"s3+://{PLACE}"): "names no profile",
    }.items():
        ran = run(served, *words, **env)
        assert (ran.code, ran.out, reason in ran.err) == (2, "", True), (words, ran.err)
    assert served.stats["requests"] == before, "nothing was asked with anybody's credentials"
