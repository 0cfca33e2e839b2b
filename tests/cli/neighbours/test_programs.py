"""Recipes beside the very programs they are about, where these are installed; else skipped, and it is said why."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve
from tests.cli.neighbours.programs import program, recipe, s3_of, told

CONTENT = bytes(range(256)) * 400
RESTORED = ("--days", "7", "--tier", "bulk", "--yes", "--max-cost", "20", "--wait")


@pytest.mark.timeout(180)
def test_restic_reads_packs_that_were_restored_before(run: Run, serve: Serve, tmp_path: Path) -> None:
    restic, served = program("restic"), serve("--objects", "1", "--speed", "57600")
    s3 = s3_of(served, "packs")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "film").write_bytes(CONTENT)
    env = served.contract["env"] | {
        "RESTIC_REPOSITORY": f"s3:{served.contract['s3']}/packs/repo", "RESTIC_PASSWORD": "x", "HOME": str(tmp_path),
    }  # fmt: skip
    for words in (["init"], ["backup", "data"]):
        told(env, tmp_path, restic, "--no-cache", *words)
    for one in s3.list_objects_v2(Bucket="packs", Prefix="repo/data/")["Contents"]:
        source = {"Bucket": "packs", "Key": one["Key"]}
        s3.copy_object(Bucket="packs", Key=one["Key"], CopySource=source, StorageClass="GLACIER")
    packs = told(env, tmp_path, restic, "--no-cache", "list", "packs").split()
    keys = "".join(f"data/{pack[:2]}/{pack}\n" for pack in packs)
    ran = run(served, "restore", "s3://packs/repo/", "--keys-from", "-", *RESTORED, stdin=keys)
    assert ran.code == 0, ran.err
    told(env, tmp_path, restic, "--no-cache", "restore", "latest", "--target", "out")
    (film,) = (tmp_path / "out").rglob("film")
    assert film.read_bytes() == CONTENT


@pytest.mark.timeout(180)
def test_git_annex_gets_what_was_restored_before(run: Run, serve: Serve, tmp_path: Path) -> None:
    git, served = program("git"), serve("--objects", "1", "--speed", "57600")
    program("git-annex")
    s3 = s3_of(served, "annexed")
    folder = tmp_path / "annex"
    folder.mkdir()
    env = served.contract["env"] | {
        "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    port = served.contract["s3"].rpartition(":")[2]
    (folder / "film").write_bytes(CONTENT)
    for words in (
        ["init", "-q"], ["config", "annex.security.allowed-ip-addresses", "all"], ["annex", "init", "here"],
        ["annex", "add", "film"], ["commit", "-qm", "a film"],
        [
            "annex", "initremote", "cold", "type=S3", "encryption=none", "host=127.0.0.1", f"port={port}",
            "protocol=http", "requeststyle=path", "bucket=annexed", "storageclass=GLACIER",
        ],
        ["annex", "copy", "--to", "cold"], ["annex", "drop", "--force", "film"],
    ):  # fmt: skip
        told(env, folder, git, *words)
    keys = told(env, folder, git, "annex", "find", "--not", "--in", "here", "--format", r"${key}\n")
    assert s3.head_object(Bucket="annexed", Key=keys.strip())["StorageClass"] == "GLACIER"
    ran = run(served, "restore", "s3://annexed/", "--keys-from", "-", *RESTORED, stdin=keys)
    assert ran.code == 0, ran.err
    told(env, folder, git, "annex", "get", ".")
    assert (folder / "film").read_bytes() == CONTENT


def test_systemd_takes_the_units_as_they_stand_in_the_recipe(tmp_path: Path) -> None:
    analyse = program("systemd-analyze")
    units = re.split(r"^# (\S+)$", recipe("systemd", "ini"), flags=re.MULTILINE)[1:]
    named = dict(zip(units[::2], units[1::2], strict=True))
    for name, text in named.items():
        # It looks for programs in the system's own folders, and there is none of ours there.
        (tmp_path / name).write_text(text.replace("ExecStart=restoretui ", "ExecStart=/bin/true "))
    assert set(named) == {"restoretui.service", "restoretui.timer"}
    told({}, tmp_path, analyse, "verify", "--man=no", *(f"./{name}" for name in named))
