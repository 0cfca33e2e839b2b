"""Scenarios: named lists of faults. ``restoretui sandbox --scenario NAME|FILE``."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from msgspec import Struct

from restoretui.core.blocking import told_of_pipe
from restoretui.core.errors import UsageError
from restoretui.sandbox.faults.fault import read_fault

_SUFFIX = ".toml"


class Scenario(Struct, frozen=True):
    """A name, one sentence, and what goes wrong (entries as ``Faults.set`` takes them)."""

    name: str
    about: str
    faults: Sequence[Mapping[str, Any]]


def list_scenarios() -> list[Scenario]:
    """Every scenario that ships with the package, in name order."""
    folder = resources.files("restoretui.sandbox.faults.scenarios")
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)),
        key=lambda entry: entry.name.removesuffix(_SUFFIX),
    )
    return [_read(entry.name.removesuffix(_SUFFIX), entry.read_text("utf-8")) for entry in files]


def load_scenario(name: str | Path) -> Scenario:
    """A scenario by its name, or from a TOML file. UsageError when there is none or it cannot be meant."""
    text = str(name)
    if isinstance(name, Path) or "/" in text or text.endswith(_SUFFIX):
        try:
            with told_of_pipe(text, "the scenario"):
                return _read(Path(text).stem, Path(text).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the scenario file {text!r} cannot be read: {error}") from None
    for scenario in list_scenarios():
        if scenario.name == text:
            return scenario
    names = ", ".join(scenario.name for scenario in list_scenarios())
    raise UsageError(f"there is no scenario {text!r}", f"choose a TOML file or one of: {names}")


def _read(name: str, text: str) -> Scenario:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the scenario {name!r} is not TOML: {error}") from None
    if unknown := set(content) - {"about", "fault"}:
        raise UsageError(f"the scenario {name!r} has unknown settings: {', '.join(sorted(unknown))}")
    faults = content.get("fault", [])
    if not isinstance(faults, list) or not all(isinstance(entry, dict) for entry in faults):
        raise UsageError(f"the faults of the scenario {name!r} must be [[fault]] tables")
    for entry in faults:
        read_fault(entry)
    return Scenario(name, str(content.get("about", "")), faults)
