"""``s3+PROFILE://…``: which account's credentials a command asks with, and never those of two."""

from pathlib import Path

from tests.cli.conftest import Run, Served

PLACE = "acme-media-archive/archive/"


def test_a_profile_stands_in_the_location_and_in_whatever_the_run_remembers(
    served: Served, run: Run, tmp_path: Path
) -> None:
    keys = served.contract["env"]
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n"
    )
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_ACCESS_KEY_ID": ""}
    env |= {"AWS_SECRET_ACCESS_KEY": ""}
    said = [f"s3+work://{PLACE}", "--days", "2", "--tier", "expedited", "--storage-class", "glacier", "--yes"]
    assert run(served, "restore", *said, **env).code == 0
    (line,) = run(served, "status", "last", "--json", **env).of("run")
    assert "--profile work" in line["command_line"]
    assert f"s3://{PLACE}" in line["command_line"]
    other = run(served, "ls", f"s3+nobody://{PLACE}", **env)
    assert (other.code != 0, "nobody" in other.err) == (True, True), "no other profile is taken in its place"
    before = served.stats["requests"]
    for words, reason in {
        ("ls", f"s3+work://{PLACE}", "s3+home://other"): "are of two accounts",
        ("ls", f"s3+work://{PLACE}", "s3://other"): "are of two accounts",
        (
            "plan",
            f"s3+work://{PLACE}",
            "--days",
            "1",
            "--profile",
            "home",
        ): "names another profile than --profile home",
        ("ls", f"s3+://{PLACE}"): "names no profile",
        ("ls", f"s3://{PLACE}", "--from-inventory", "s3+work://inv/"): "no other can be taken",
    }.items():
        ran = run(served, *words, **env)
        assert (ran.code, ran.out, reason in ran.err) == (2, "", True), (words, ran.err)
    assert served.stats["requests"] == before, "nothing was asked with anybody's credentials"
