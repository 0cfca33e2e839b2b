"""The lowest versions that pyproject.toml allows, as a constraints file for pip: ``name==version``, one a line.

A range says that its lower end works. Nobody ever installs it by accident, so the check does it on purpose.
"""

import re
import sys
import tomllib
from pathlib import Path

RANGE = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*(?P<lowest>[0-9][0-9.]*)")


def lower_bounds(pyproject: str, extras: tuple[str, ...] = ("oss", "smoke")) -> list[str]:
    """Of each dependency, those of *extras* included; ValueError where one has no lower end."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"], *(one for name in extras for one in project["optional-dependencies"][name])]
    found = [(one, RANGE.match(one)) for one in wanted]
    if endless := [one for one, match in found if match is None]:
        raise ValueError(f"no lower bound: {', '.join(endless)}")
    return [f"{match['name']}=={match['lowest']}" for _, match in found if match is not None]


if __name__ == "__main__":
    print("\n".join(lower_bounds(Path(sys.argv[1]).read_text("utf-8"))))
