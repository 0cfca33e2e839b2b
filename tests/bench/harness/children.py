"""Processes of the program as a harness starts them: with an environment of their own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]


def environment(folder: Path, cloud: Mapping[str, str]) -> dict[str, str]:
    """State and configuration below ``folder``; ``cloud`` says how to reach one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTORETUI_"))}
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Else each of hundreds of starts would compile everything anew.
        env.setdefault("PYTHONPYCACHEPREFIX", f"{tempfile.gettempdir()}/restoretui-bytecode-{os.getuid()}")
    env |= {"RESTORETUI_STATE_DIR": str(folder / "state"), "RESTORETUI_CONFIG": str(folder / "config")}
    return env | {"HOME": str(folder), "PYTHONPATH": str(ROOT), **cloud}


async def start_child(
    arguments: Sequence[str], env: Mapping[str, str], module: str = "restoretui"
) -> asyncio.subprocess.Process:
    """``module``: what is started, where that is another than the program."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, env=env, stdout=pipe, stderr=pipe,
        stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
