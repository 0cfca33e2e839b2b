"""Other programs that hand out credentials: run without a shell, bounded in time, and ended with all they started."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

LONGEST_S = 30.0
"""Machine seconds in which a program hands out credentials, renewing them over the network if it must."""


class TooSlow(Exception):
    """It did not end in time, and was ended."""


class Ended(NamedTuple):
    """What a program left behind."""

    code: int
    out: bytes
    err: str


def run(command: Sequence[str], env: Mapping[str, str], seconds: float | None = None) -> Ended:
    """Run it to its end, blocking. ``TooSlow`` after ``seconds``, ``OSError`` where it cannot be run."""
    with subprocess.Popen(  # noqa: S603 - a list and no shell; who may write the configuration may run programs anyhow
        list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(env),
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            out, err = process.communicate(timeout=LONGEST_S if seconds is None else seconds)
        except BaseException as error:
            # It may be a script around another program, which would keep the pipes open.
            with suppress(ProcessLookupError, PermissionError, AttributeError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise TooSlow from None
            raise
    return Ended(process.returncode, out, err.decode(errors="replace"))
