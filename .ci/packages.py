"""What a wheel and an sdist must hold: every file of the package that is no Python, its modules, and the papers.

``python packages.py FOLDER`` looks at the one wheel and the one sdist in it; exit code 1 names what is missing, and
what does not belong there.
"""

import sys
import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = (
    "restoretui/tui/late.tcss",
    "restoretui/tui/style.tcss",
    "restoretui/prices.toml",
    "restoretui/py.typed",
    "restoretui/docs/architecture.md",
    "restoretui/docs/facts.md",
    "restoretui/sandbox/faults/scenarios/outage.toml",
)
"""Without these something would be missing at run time; named here, so that nobody moves them unnoticed."""
STRAY = ("__pycache__", ".pyc", ".venv", "/tests/", ".ci/", "screenshots/")


def wanted(root: Path = ROOT) -> set[str]:
    """Every file of the package in the checkout."""
    package = root / "restoretui"
    found = {path.relative_to(root).as_posix() for path in package.rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name} | set(NAMED)


def faults(kind: str, names: Collection[str], wanted: Collection[str]) -> list[str]:
    """What is wrong with a package that holds ``names``."""
    missing = [f"{kind}: {name} is missing" for name in sorted(set(wanted) - set(names))]
    strays = [f"{kind}: {name} does not belong there" for name in sorted(names) if any(one in name for one in STRAY)]
    return missing + (strays if kind == "wheel" else [])


def wheel_names(path: Path) -> list[str]:
    """Its files."""
    with zipfile.ZipFile(path) as wheel:
        return wheel.namelist()


def sdist_names(path: Path) -> list[str]:
    """Its files, without the folder that all of them are in."""
    with tarfile.open(path) as sdist:
        return [member.name.partition("/")[2] for member in sdist.getmembers() if member.isfile()]


def main() -> int:
    folder = Path(sys.argv[1])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    found = {"wheel": wheel_names(wheel), "sdist": sdist_names(sdist)}
    problems = [line for kind, names in found.items() for line in faults(kind, names, wanted())]
    print("\n".join(problems) or f"{wheel.name}: {len(found['wheel'])} files; {sdist.name}: {len(found['sdist'])}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
