"""What recipes are tried with: the programs themselves where they are installed, and the words of the paper."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

import restoretui
from tests.cli.conftest import Served

SYSTEM = "/usr/sbin:/sbin"
"""Where programs stand that are no user's."""


def program(name: str, package: str = "") -> str:
    """Its path; the test is skipped where there is none."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM}")
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package or name}")
    return found


def s3_of(served: Served, bucket: str) -> Any:
    """A client of the sandbox, and a new bucket there."""
    env = served.contract["env"]
    s3 = boto3.client(
        "s3", endpoint_url=served.contract["s3"], region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    s3.create_bucket(Bucket=bucket)
    return s3


def told(env: Mapping[str, str], folder: Path, *words: str) -> str:
    """What it prints; it has to end well."""
    ended = subprocess.run(words, env={**os.environ, **env}, cwd=folder, capture_output=True, text=True, timeout=90)
    assert ended.returncode == 0, f"{words}: {ended.stdout[-500:]} {ended.stderr[-1500:]}"
    return ended.stdout


def recipe(title: str, language: str) -> str:
    """The one block of that language under a heading of the paper."""
    paper = (Path(restoretui.__file__).parent / "docs" / "recipes.md").read_text("utf-8")
    section = paper.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(block)
