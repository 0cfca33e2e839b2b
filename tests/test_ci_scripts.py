"""The scripts of ``.ci``: what they take for granted about this repository, and that they would see a fault."""

import importlib.util
import re
import sys
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
CI = ROOT / ".ci"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ci_{name}", CI / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_has_a_lowest_version() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    lowest = script("lower_bounds").lower_bounds(text)
    extras = project["optional-dependencies"]
    assert len(lowest) == len(project["dependencies"]) + len(extras["oss"]) + len(extras["smoke"])
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+==[0-9.]+", line) for line in lowest)


def test_a_range_without_a_lower_end_is_refused() -> None:
    text = '[project]\ndependencies = ["one>=1.5,<2", "two<3"]\noptional-dependencies = {oss = [], smoke = []}\n'
    with pytest.raises(ValueError, match=r"no lower bound: two<3$"):
        script("lower_bounds").lower_bounds(text)
    assert script("lower_bounds").lower_bounds(text.replace("two<3", "two[all]>=2.0")) == ["one==1.5", "two==2.0"]


def test_what_a_package_lacks_or_should_not_have_is_told() -> None:
    packages = script("packages")
    wanted = packages.wanted()
    assert {"restoretui/tui/style.tcss", "restoretui/docs/facts.md", "restoretui/cli/app.py"} <= wanted
    assert packages.faults("wheel", wanted, wanted) == []
    less = wanted - {"restoretui/prices.toml"} | {"restoretui/core/__pycache__/clock.cpython-311.pyc"}
    assert packages.faults("wheel", less, wanted) == [
        "wheel: restoretui/prices.toml is missing",
        "wheel: restoretui/core/__pycache__/clock.cpython-311.pyc does not belong there",
    ]


def test_what_has_to_be_in_a_package_is_in_the_repository() -> None:
    assert all((ROOT / name).is_file() for name in script("packages").NAMED)


def test_the_smoke_set_exists() -> None:
    lines = [line for line in (CI / "smoke").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) > 10
    for line in lines:
        path, _, test = line.partition("::")
        assert (ROOT / path).exists(), line
        assert not test or re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), line


PROGRAM = """
import sys, termios, tty
before = termios.tcgetattr(0)
tty.setcbreak(0)
print("\\x1b[31macme-backups-tiering\\x1b[0m", flush=True)
sys.stdin.read(1)
print("{opened}", flush=True)
sys.stdin.read(1)
termios.tcsetattr(0, termios.TCSADRAIN, before)
sys.exit({code})
"""


@pytest.mark.parametrize(
    ("opened", "code", "complaint"),
    [
        ("s3://acme-backups-tiering \\x1b[1mhosts/", 0, None),
        ("s3://acme-backups-tiering hosts/", 1, "exit code 1"),
        (
            "s3://acme-backups-tiering nothing is here",
            0,
            "'hosts/' was not shown; the last of what was: .*nothing is",
        ),
    ],
)
def test_the_demo_is_driven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: str, code: int, complaint: str | None
) -> None:
    drive_demo = script("drive_demo")
    monkeypatch.setattr(drive_demo, "PATIENCE_S", 60.0 if complaint is None or "code" in complaint else 3.0)
    program = tmp_path / "bin" / "restoretui"
    program.parent.mkdir()
    text = textwrap.dedent(PROGRAM).format(opened=opened, code=code)
    program.write_text(f"#!{sys.executable}\n{text}", "utf-8")
    program.chmod(0o755)
    if complaint is None:
        drive_demo.drive(tmp_path, tmp_path)
    else:
        with pytest.raises(drive_demo.Unexpected, match=complaint):
            drive_demo.drive(tmp_path, tmp_path)


def test_what_is_not_the_installed_one_is_not_driven(tmp_path: Path) -> None:
    drive_demo = script("drive_demo")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho /somewhere/else/restoretui/__init__.py\n", "utf-8")
    python.chmod(0o755)
    with pytest.raises(drive_demo.Unexpected, match="is not what was installed"):
        drive_demo.installed_at(tmp_path, tmp_path)
