"""An SSO login that is over is renewed without leaving: one at a time, and what the CLI says is only shown."""

import os
from pathlib import Path

import pytest

from restoretui.tui.dialogs.sign_in import SignIn
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk

CLI = """#!/bin/sh
echo "$$ $@" >> {folder}/asked
case "$*" in *--use-device-code*) [ -e {folder}/old ] && echo "Unknown options: --use-device-code" && exit 252;; esac
echo "https://device.sso.example/  code {escape}[2JABCD-EFGH"
while [ ! -e {folder}/code ]; do sleep 0.02; done
exit $(cat {folder}/code)
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AWS CLI whose login ends with the exit code written to ``code``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "aws"
    program.write_text(CLI.format(folder=folder, escape="\x1b"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def asked(cli: Path) -> list[str]:
    path = cli / "asked"
    return [line.partition(" ")[2] for line in path.read_text().splitlines()] if path.exists() else []


async def shows(on: Walk, *texts: str) -> None:
    """However long it takes another process to say it."""
    await on.until(lambda: all(text in on.text for text in texts), rounds=10_000)


@pytest.mark.parametrize("age", ["new", "old"])
async def test_the_code_is_shown_and_the_login_said_to_be_done(walk: StartWalk, cli: Path, age: str) -> None:
    if age == "old":
        (cli / "old").touch()
    async with walk() as on:
        await on.press("L")
        await shows(on, "aws sso login", "code ␛[2JABCD-EFGH")
        await on.press("L")
        assert sum(isinstance(screen, SignIn) for screen in on.app.screen_stack) == 1
        await on.app.run_action("app.sign_in")
        assert sum(isinstance(screen, SignIn) for screen in on.app.screen_stack) == 1
        (cli / "code").write_text("0")
        await on.until(lambda: len(on.app.screen_stack) == 1, rounds=10_000)
        assert "signed in" in on.notice
    expected = ["sso login --no-browser --use-device-code", "sso login --no-browser"]
    assert asked(cli) == expected[: 1 if age == "new" else 2]


async def test_a_login_that_fails_says_so_and_closing_ends_it(walk: StartWalk, cli: Path) -> None:
    async with walk() as on:
        (cli / "code").write_text("255")
        await on.press("L")
        await shows(on, "ended with exit code 255")
        await on.press("escape")
        (cli / "code").unlink()
        await on.press("L")
        await shows(on, "ABCD-EFGH")
        process = there(a(SignIn, on.app.screen)._process)
        await on.press("escape")
        await on.until(lambda: process.returncode is not None, rounds=10_000)
        assert process.returncode != 0


async def test_without_the_cli_the_command_is_told(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with walk() as on:
        await on.press("L")
        await shows(on, "the AWS CLI cannot be run here", "aws sso login in another window")


async def test_the_login_gets_what_it_needs_and_nobody_elses_tokens(
    walk: StartWalk, cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {
        "HOME": "/home/me", "AWS_PROFILE": "archive", "AWS_CA_BUNDLE": "/ca.pem", "https_proxy": "http://proxy:1",
        "NO_PROXY": "localhost", "LC_ALL": "C.UTF-8", "SSL_CERT_FILE": "/ca.pem", "BROWSER": "lynx", "TERM": "xterm",
    }  # fmt: skip
    foreign = ("SOME_OTHER_TOKEN", "GITHUB_TOKEN", "OSS_ACCESS_KEY_SECRET", "RESTORETUI_CONFIG", "SSH_AUTH_SOCK",
               "DATABASE_URL", "LESSOPEN", "BASH_FUNC_x%%")  # fmt: skip
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    for name in foreign:
        monkeypatch.setenv(name, "foreign")
    program = cli / "aws"
    program.write_text(program.read_text().replace("echo", f"env > {cli}/env\necho", 1))
    (cli / "code").write_text("0")
    async with walk() as on:
        await on.press("L")
        await on.until(lambda: "signed in" in on.notice, rounds=10_000)
    told = dict(line.partition("=")[::2] for line in (cli / "env").read_text().splitlines())
    assert needed.items() <= told.items()
    assert str(cli) in told["PATH"]
    assert "foreign" not in told.values()


async def test_a_profile_of_aws_login_is_told_apart(
    walk: StartWalk, cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "aws-config"
    config.write_text("[default]\nlogin_session = arn:aws:iam::111122223333:user/me\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    async with walk() as on:
        await on.press("L")
        await shows(on, "one of `aws login`, not of SSO")
    assert asked(cli) == []
