"""What a fresh interpreter loads for a piece of code, or for a command."""

import json
import subprocess
import sys
from collections.abc import Mapping

LOADED = """
import importlib, runpy, sys
before = set(sys.modules)
{code}
loaded = sorted(set(sys.modules) - before)
import json
print("\\n" + json.dumps(loaded))
"""


def loaded_by(code: str, env: Mapping[str, str] | None = None) -> set[str]:
    """The modules a fresh interpreter loads for ``code``; what its own start-up loaded does not count."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(code=code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(modules)


def libraries(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def run_command(*arguments: str) -> str:
    return f"""
import os
os._exit = sys.exit  # commands end the process without the interpreter's own end
sys.argv = ["restoretui", *{arguments!r}]
try:
    runpy.run_module("restoretui", run_name="__main__")
except SystemExit as stopped:
    assert not stopped.code, stopped.code
"""
