"""The papers in the repository: what they name is there, what names them is right, and their example runs."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import restoretui
from restoretui.sandbox import RunningSandbox
from tests.conftest import StartSandbox

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "restoretui/docs"
PAPERS = sorted([ROOT / "README.md", *DOCS.glob("*.md"), *(ROOT / ".github").glob("*.md")])
SOURCES = sorted([*(ROOT / "restoretui").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
ELSEWHERE = re.compile(
    r"(?<![A-Za-z_])(DESIGN|EMULATORS|TEXTUAL|STYLE|PERF|PEERS)(?:\.md|,? (?:[A-Z]?\d|command|row)|[;)])"
)
"""Notes that are in no checkout, as a text would cite them."""
PLACES = ("", "restoretui/", "tests/")
"""Where a path in a paper may begin."""


def headings(paper: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", paper.read_text("utf-8"), re.MULTILINE)


def cited_facts() -> Iterator[tuple[str, str]]:
    """Every section of FACTS that a source or a paper cites, ranges and lists of them taken apart, and where."""
    for path in [*SOURCES, *PAPERS]:
        if path == Path(__file__):
            continue
        for cited in re.findall(r"\bFACTS (\d[\d., \n#-]*)", path.read_text("utf-8")):
            for number in re.findall(r"\d+(?:\.\d+)?", cited):
                yield number, path.relative_to(ROOT).as_posix()


def test_every_fact_that_is_cited_has_its_section() -> None:
    sections = {heading.partition(" ")[0].rstrip(".") for heading in headings(DOCS / "facts.md")}
    cited = list(cited_facts())
    assert len(cited) > 100
    assert not {f"{where}: FACTS {number}" for number, where in cited if number not in sections}


def test_nothing_cites_what_is_not_in_the_repository() -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in [*SOURCES, *PAPERS]
        if path != Path(__file__)
        for found in ELSEWHERE.finditer(path.read_text("utf-8"))
    }
    assert not wrong


@pytest.mark.parametrize(
    "text", ["(DESIGN 4).", "EMULATORS A2)", "TEXTUAL.md, slow line", "PEERS 2, row 16", "(DESIGN, command"]
)
def test_such_a_citation_is_seen(text: str) -> None:
    assert ELSEWHERE.search(text)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    text = re.sub(r"```.*?```", "", paper.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = (paper.parent / name).resolve() if name else paper
        assert there.is_relative_to(ROOT), target
        assert there.exists(), target
        if anchor:
            anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings(there)}
            assert anchor in anchors, target


def named_paths(paper: Path) -> set[str]:
    """What looks like a file of ours, or like a module's folder, in code quotes."""
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", paper.read_text("utf-8"), flags=re.DOTALL))
    return {
        text
        for text in quoted
        if re.fullmatch(r"[.\w-]+(/[.\w-]+)+/?", text) or re.fullmatch(r"[\w-]+\.(py|toml|tcss|md)", text)
    }


NOT_OURS = {
    "config.toml", "prices-updated.toml", "manifest.json", "report.json", "application/xml",
}  # fmt: skip
"""Files of users and of clouds."""


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_path_that_is_named_is_there(paper: Path) -> None:
    missing = {
        name
        for name in named_paths(paper) - NOT_OURS
        if not any((ROOT / place / name).exists() or (ROOT / place / f"{name}.py").exists() for place in PLACES)
    }
    assert not missing


def test_paths_are_seen() -> None:
    named = named_paths(DOCS / "architecture.md")
    assert {"engine/submitter.py", "ledger/store/leases.py", "session/clouds.py", "tests/test_layering.py"} <= named
    assert len(named) > 25


def test_every_room_has_its_line() -> None:
    table = (DOCS / "architecture.md").read_text("utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    rooms = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    package = ROOT / "restoretui"
    assert rooms == {path.parent.name for path in package.glob("*/__init__.py")}


def test_every_room_within_a_room_is_named_in_its_line() -> None:
    table = (DOCS / "architecture.md").read_text("utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    package = ROOT / "restoretui"
    for line in re.findall(r"^\| `\w+` \|.*$", table, re.MULTILINE):
        room, *named = (name.removeprefix(f"{line.split('`')[1]}/") for name in re.findall(r"`([\w/]+)`", line))
        inner = {
            path.parent.relative_to(package / room).as_posix() for path in (package / room).rglob("*/__init__.py")
        }
        assert inner <= {*named, "."}, room


def test_every_state_of_a_job_has_its_line() -> None:
    table = (DOCS / "architecture.md").read_text("utf-8").partition("## A job's life")[2].partition("\n## ")[0]
    states = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    readable_without_a_restore = {"online", "archived"}
    assert set(states) == {state.value for state in restoretui.State} - readable_without_a_restore


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(
        r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", (DOCS / "changelog.md").read_text("utf-8"), re.MULTILINE
    )
    assert versions[0] == restoretui.__version__
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{restoretui.__version__}"\n' in project


# --- the public face -----------------------------------------------------------------------------------------------


def test_everything_exported_is_there_and_nothing_else_is() -> None:
    for name in restoretui.__all__:
        assert getattr(restoretui, name) is not None
        assert name in dir(restoretui)
    assert sorted(restoretui.__all__) == restoretui.__all__
    with pytest.raises(AttributeError, match="no attribute 'Engine'"):
        restoretui.Engine  # type: ignore[attr-defined]  # noqa: B018  the look itself is what is tested


def example() -> str:
    text = (DOCS / "architecture.md").read_text("utf-8").partition("<!-- example -->")[2]
    return text.partition("```python\n")[2].partition("```")[0]


async def test_the_example_runs(sandbox: StartSandbox, tmp_path: Path) -> None:
    running: RunningSandbox = await sandbox(objects=300)
    assert set(re.findall(r"from (\S+) import", example())) == {"restoretui"}
    script = tmp_path / "example.py"
    script.write_text(example(), "utf-8")
    env = {**os.environ, **running.env, "RESTORETUI_STATE_DIR": str(tmp_path / "state")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, complained = await process.communicate()
    assert (process.returncode, complained) == (0, b"")
    assert re.fullmatch(rb"3\d\d objects of together \d+ bytes\n", said)
