"""Without the extra ``oss``: whatever is of OSS says in one sentence what is missing, and the rest goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import runpy, sys
sys.modules["alibabacloud_oss_v2"] = None  # as if it were not installed
sys.argv = ["restoretui", *sys.argv[1:]]
runpy.run_module("restoretui", run_name="__main__")
"""
MISSING = "oss:// locations need Alibaba Cloud's SDK, which is not installed"
CURE = "it is the extra `oss`: pip install 'restoretui[oss]', or '.[oss]' in a checkout"


def without_oss(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "RESTORETUI_STATE_DIR": str(folder / "state")}
    env |= {"OSS_ACCESS_KEY_ID": "key", "OSS_ACCESS_KEY_SECRET": "secret", "RESTORETUI_CONFIG": str(folder)}
    command = [sys.executable, "-c", BLOCKED, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "arguments", [("ls", "oss://"), ("plan", "oss://films/", "--days", "1"), ("clean", "oss://films/", "--yes")]
)
def test_a_command_says_what_is_missing_and_how_to_install_it(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ran = without_oss(tmp_path, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    # On a slow machine it is told first what is waited for.
    said = [line for line in ran.stderr.splitlines() if line != "loading the SDK of OSS and its configuration"]
    assert said == [f"restoretui: {MISSING}", f"  {CURE}"]


def test_so_does_one_that_speaks_json(tmp_path: Path) -> None:
    ran = without_oss(tmp_path, "ls", "oss://films/", "--json")
    error = json.loads(ran.stdout.splitlines()[0])
    assert ran.returncode == 2
    assert error == {"type": "error", "schema": 1, "reason": MISSING, "hint": CURE, "exit_code": 2}
