"""Recognisable secrets in every place credentials come from: none turns up in anything we write or say."""

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served
from tests.cli.living import Living, environment

PLACE = "s3://acme-media-archive"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "PLANTED-SECRET-KEY-wJalrXUtnFEMI",
    "AWS_SESSION_TOKEN": "PLANTED-SESSION-TOKEN-IQoJb3JpZ2lu",
    "OSS_ACCESS_KEY_SECRET": "PLANTED-OSS-SECRET",
}
MARKS = ("PLANTED", "X-Amz-Signature", "X-Amz-Credential", "AWS4-HMAC", "Signature=", "x-amz-security-token")


def places(home: Path) -> dict[str, bytes]:
    """Everything below the home folder that is ours."""
    return {str(path): path.read_bytes() for path in (home / "state").rglob("*") if path.is_file()}


def leaks(texts: dict[str, bytes]) -> list[str]:
    return [f"{mark} in {where}" for where, text in texts.items() for mark in MARKS if mark.encode() in text]


def signed(served: Served) -> dict[str, str]:
    """Secrets in a profile beside the sandbox's own keys, and in the endpoint's user info."""
    keys = {name: served.contract["env"][name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return keys | {"AWS_SESSION_TOKEN": SECRETS["AWS_SESSION_TOKEN"]}


@pytest.mark.parametrize(
    ("name", "code", "arguments", "variables"),
    [
        ("restore", 0, ["restore", PLACE, "--days", "1", "--tier", "standard", "--storage-class", "GLACIER", "--yes",
                        "--wait"], {}),
        ("not accepted", 4, ["ls", PLACE], {"AWS_SECRET_ACCESS_KEY": SECRETS["AWS_SECRET_ACCESS_KEY"]}),
        ("not found", 1, ["ls", "s3://no-such-bucket-anywhere"], {}),
        ("no connection", 1, ["ls", PLACE, "--endpoint-url", "http://127.0.0.1:9", "--patience", "2s"], {}),
        ("token expired", 4, ["ls", PLACE, "--patience", "2s", "--expired"], {}),
        ("denied", 4, ["restore", PLACE, "--days", "1", "--tier", "bulk", "--storage-class", "GLACIER", "--yes",
                       "--denied"], {}),
    ],
)  # fmt: skip
def test_no_secret_is_written_or_said(
    run: Run, served: Served, tmp_path: Path, name: str, code: int, arguments: list[str],
    variables: dict[str, str],
) -> None:  # fmt: skip
    if arguments[-1] == "--expired":
        arguments = arguments[:-1]
        served.ask("/_sandbox/faults", {"faults": [{"kind": "expired-token"}]}, "POST")
    if arguments[-1] == "--denied":
        arguments = arguments[:-1]
        served.ask("/_sandbox/faults", {"faults": [{"kind": "deny", "operations": ["RestoreObject"]}]}, "POST")
    secrets = SECRETS | signed(served) | variables
    ran = run(served, *arguments, "--json", "--verbose", **secrets)
    texts = places(tmp_path) | {"stdout": ran.out.encode(), "stderr": ran.err.encode()}
    assert ran.code == code, ran.err
    assert leaks(texts) == []
    assert secrets["AWS_SECRET_ACCESS_KEY"] not in str(texts)


def test_no_secret_survives_a_kill(served: Served, tmp_path: Path) -> None:
    env = environment(served, tmp_path) | SECRETS | signed(served)
    arguments = ("restore", PLACE, "--days", "1", "--tier", "bulk", "--yes", "--wait", "--json", "--verbose")
    child = Living(env, *arguments)
    child.until(lambda: child.said("change"))
    child.process.kill()
    child.wait()
    texts = places(tmp_path) | {"stdout": "".join(child.out).encode(), "stderr": "".join(child.err).encode()}
    assert any(name.endswith("-wal") for name in texts), "it was killed in the midst of it"
    assert leaks(texts) == []


def test_everything_written_is_private(run: Run, served: Served, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        target = tmp_path / "out.csv"
        run(served, "restore", PLACE, "--days", "1", "--tier", "bulk", "--yes", "--verbose", "--json")
        run(served, "export", "last", "--verbose", "-o", str(target))
    finally:
        os.umask(before)
    found = [tmp_path / "state", *(tmp_path / "state").rglob("*")]
    assert any(path.name == "restoretui.log" for path in found)
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in [*found, target]}
    assert {mode for path, mode in modes.items() if not Path(path).is_dir()} == {0o600}
    assert {mode for path, mode in modes.items() if Path(path).is_dir()} == {0o700}
