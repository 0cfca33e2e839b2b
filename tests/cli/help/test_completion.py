"""Completion as shells do it: commands, options, runs, jobs, sets, places, profiles, stores, classes, files."""

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served
from tests.cli.living import environment

TRY = """
eval "$(restoretui completion bash)" || exit 1
try() {
  COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_WORDBREAKS='@:='; COMPREPLY=()
  _restoretui_completion "$1"; echo "${COMPREPLY[*]}"
}
"""


@pytest.fixture
def shell_env(served: Served, tmp_path: Path) -> dict[str, str]:
    """A shell that finds the program under its name, a ledger with a run, and profiles."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "restoretui"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m restoretui "$@"\n')
    program.chmod(0o755)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\n[profile work]\n[sso-session s]\n[services x]\n")
    (tmp_path / ".aws" / "credentials").write_text("[old]\naws_access_key_id = x\n")
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "config.toml").write_text(
        '[stores.minister]\nlike = "minio"\n[places]\narchive = "s3://abc/d/"\n'
    )
    return environment(served, tmp_path) | {"PATH": f"{programs}:{os.environ['PATH']}"}


def restored(run: Run, served: Served) -> str:
    """A run through a job; the job's id."""
    line = ["restore", "s3://acme-odd-names", "--days", "1", "--tier", "bulk", "--engine", "batch", "--yes", "--json"]
    ran = run(served, *line)
    assert ran.code == 0, ran.err
    return str(next(row["job"] for row in ran.of("job") if row["job"]))


def tried(env: dict[str, str], *lines: str) -> list[list[str]]:
    script = TRY + "\n".join(f"try {line}" for line in lines)
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return [line.split() for line in done.stdout.split("\n")[:-1]]


def test_bash_completes_words_and_values(run: Run, served: Served, shell_env: dict[str, str]) -> None:
    job = restored(run, served)
    assert run(served, "set", "save", "friday", "s3://acme-odd-names").code == 0
    found = tried(
        shell_env, "restoretui st", "restoretui --prof", 'restoretui --profile ""', "restoretui --profile work le",
        'restoretui status ""', "restoretui cancel la", 'restoretui batch show ""', "restoretui ls --store min",
        "restoretui batch sh", "restoretui demo --scenario slow-r", "restoretui ls s3://b --storage-class deep_a",
        "restoretui plan --keys-format js", 'restoretui completion ""', "restoretui set show fri",
        # bash takes : and = for ends of words, and replaces what is behind the last of them.
        "restoretui ls @f", "restoretui @fri", "restoretui plan s3://b arch", "restoretui du s3+wo",
        "restoretui set diff archive:", "restoretui ls --profile=wo", 'restoretui restore "s3://a b" @',
    )  # fmt: skip
    assert found == [
        ["status"], ["--profile"], ["default", "work", "old"], ["ledger"], ["last", "1"], ["last"], [job],
        ["minio", "minister"], ["show"], ["slow-restores"], ["DEEP_ARCHIVE"], ["jsonl"], ["bash", "zsh", "fish"],
        ["friday"], ["@friday"], ["@friday"], ["archive:"], ["s3+work://"], [], ["work"], ["@friday"],
    ]  # fmt: skip


def test_files_are_left_to_the_shell(run: Run, served: Served) -> None:
    for words in ("restoretui plan --keys-from /etc/host", "restoretui export last -o /etc/host"):
        count = str(len(words.split()) - 1)
        env = {"_RESTORETUI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
        assert run(served, **env).out.startswith("file,")
    env = {"_RESTORETUI_COMPLETE": "bash_complete", "COMP_WORDS": "restoretui ls --state-dir /e", "COMP_CWORD": "3"}
    assert run(served, **env).out.startswith("dir,")


def test_a_ledger_that_is_not_there_or_damaged_completes_nothing(run: Run, served: Served, tmp_path: Path) -> None:
    env = {"_RESTORETUI_COMPLETE": "bash_complete", "COMP_WORDS": "restoretui status ", "COMP_CWORD": "2"}
    ran = run(served, **env)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", "")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_bytes(b"nonsense" * 100)
    ran = run(served, **env)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", "")
    assert not list((tmp_path / "state").glob("catalog*")), "nothing is made by a press of a key"
    os.mkfifo(tmp_path / "config")
    ran = run(served, **env, timeout=20)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", ""), "a config that comes by a pipe is not waited for"


def typed(shell: list[str], env: dict[str, str], setting_up: str, lines: Sequence[str]) -> list[str]:
    """What a shell at a terminal makes of lines, the tab pressed and an ``x`` typed behind each."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(shell[0], shell, {**env, "TERM": "xterm", "PS1": "> ", "HISTFILE": ""})
    said = bytearray()

    def until(what: str) -> re.Match[bytes]:
        end = time.monotonic() + 60
        while (found := re.search(what.encode(), said)) is None:
            assert time.monotonic() < end, said.decode(errors="replace")
            if select.select([terminal], [], [], 0.1)[0]:
                said.extend(os.read(terminal, 65_536))
        return found

    try:
        os.write(terminal, f"{setting_up}\necho rea''dy\n".encode())
        until(r"[\r\n]ready")
        found = []
        for at, line in enumerate(lines):
            # What is on the line then is no command any more, but what one prints.
            os.write(terminal, f"{line}\tx\x01echo told {at}: \r".encode())
            found.append(until(rf"[\r\n]told {at}: (.*?)\r").group(1).decode())
        return found
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


LINES = ("restoretui ls arch", "restoretui ls s3+w", "restoretui ls --profile=w", "restoretui plan --tier st")
TYPED = [
    "restoretui ls archive:x", "restoretui ls s3+work://x", "restoretui ls --profile=work x",
    "restoretui plan --tier standard x",
]  # fmt: skip


def test_at_a_terminal_a_word_goes_on_behind_what_is_no_whole_one(shell_env: dict[str, str]) -> None:
    set_up = 'eval "$(restoretui completion bash)"'
    assert typed(["bash", "--norc", "-i"], shell_env, set_up, LINES[:2]) == TYPED[:2]


ODD = ("my prof", "q'uote\"d", "$(touch pwned)", "back\\slash", "star*", "a:b")


def test_bash_gets_a_name_as_one_word_whatever_it_holds(shell_env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".aws" / "config").write_text("".join(f"[profile {name}]\n" for name in ODD))
    begun = ("my", "q", "\\$", "b", "star", "a:", "'my", "'q", "'$", '"q', '"my', "my\\ p")
    meant = (0, 1, 2, 3, 4, 5, 0, 1, 2, 1, 0, 0)
    script = TRY.replace("try() {", "try() {\n  local there").replace(
        'echo "${COMPREPLY[*]}"', 'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    lines = "\n".join(f"try {shlex.quote(f'restoretui ls --profile {word}')}" for word in begun)
    done = subprocess.run(
        ["bash", "-c", script + lines], env=shell_env, capture_output=True, text=True, timeout=120, check=False
    )
    assert not done.stderr
    for word, name, found in zip(begun, meant, done.stdout.splitlines(), strict=True):
        quote = word[0] if word[0] in "'\"" else ""
        there = "a:" if word == "a:" else ""  # bash replaces what is behind its end of a word
        assert shlex.split(f"{there}{quote}{found}{quote}") == [ODD[name]], (word, found)


def test_values_that_only_we_know_are_offered(run: Run, served: Served, shell_env: dict[str, str]) -> None:
    assert run(served, "set", "save", "friday", "s3://acme-odd-names").code == 0
    assert tried(
        shell_env, "restoretui ls --columns stat", "restoretui status --columns run,obje",
        "restoretui restore --then pre", "restoretui restore --on do", "restoretui restore --on done=ex",
        "restoretui plan --keys-from @f", "restoretui plan --from-inventory conf", "restoretui plan --manifest gen",
    ) == [
        ["state"], ["run,objects"], ["presign:"], ["done="], ["exec:"], ["@friday"], ["configured"], ["generated"],
    ]  # fmt: skip


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes(shell_env: dict[str, str]) -> None:
    set_up = 'autoload -U compinit; compinit -u; eval "$(restoretui completion zsh)"'
    assert typed(["zsh", "-f", "-i"], shell_env, set_up, LINES) == TYPED


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(run: Run, served: Served, shell_env: dict[str, str]) -> None:
    restored(run, served)
    lines = (*LINES, "restoretui plan --keys-from=/etc/hostn", "restoretui status 1")
    script = "restoretui completion fish | source\n" + "\n".join(f'complete -C "{line}"' for line in lines)
    done = subprocess.run(
        ["fish", "-c", script], env=shell_env, capture_output=True, text=True, timeout=120, check=False
    )
    *found, about = done.stdout.splitlines()
    assert [line.split("\t")[0] for line in found] == [
        "archive:", "s3+work://", "--profile=work", "standard", "--keys-from=/etc/hostname",
    ], done.stderr  # fmt: skip
    assert re.fullmatch(r"1\tbulk, \d+ objects?", about), "what stands behind a comma is told, too"
