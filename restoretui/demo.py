"""The demo: the real screens on a sandbox cloud in a process of its own, and a state folder that goes away."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msgspec.structs import replace

from restoretui.core.clock import SLOWLY, AdjustableClock, ScaledClock
from restoretui.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from restoretui.sandbox.server import RunningSandbox

ANSWERS_S = 5.0
"""Seconds that the sandbox has to turn its clock."""
_WORDS_KEPT = 8
"""Pieces of at most 4 KiB of what the sandbox's process said last."""


async def serve_sandbox(
    *,
    port: int,
    objects: int | None,
    speed: float,
    seed: int,
    scenario: str | None,
    now: datetime | None = None,
    inventories: bool = False,
    while_stdin: bool = False,
) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the first line on stdout tells where, as one JSON object.

    ``now`` is the virtual time to begin at; None: the world's own. With ``while_stdin`` it also ends when stdin
    does: a child then never outlives its parent, however that died.
    """
    from restoretui.core.clock import EPOCH
    from restoretui.sandbox.server import SandboxOptions, serve

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    beginning: asyncio.Task[RunningSandbox] | None = None

    def stop() -> None:
        stopped.set()
        if beginning is not None:
            beginning.cancel()  # It may wait for a scenario that nobody writes.

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, stop)
    if while_stdin:

        def listen() -> None:
            if not os.read(0, 1024):
                stopped.set()

        loop.add_reader(0, listen)
    options = SandboxOptions(port, objects, speed, seed, scenario, now=now or EPOCH, inventories=inventories)
    try:
        beginning = asyncio.ensure_future(serve(options))
        sandbox = await beginning
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    except OSError as error:
        if not port:
            raise
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise UsageError(
            f"port {port} cannot be used: {why}", "choose another --port, or none for a free one"
        ) from None
    async with sandbox as running:
        sys.stdout.write(json.dumps(running.contract()) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    if while_stdin:
        loop.remove_reader(0)
    return 0


def run_demo(
    *, objects: int | None, speed: float | None, seed: int, scenario: str | None, now: datetime | None = None
) -> int:
    """Start a sandbox beside us, open the screens on it, and leave nothing behind.

    ``speed`` is cloud seconds a second; None: slowly, until there is a restore to wait for.
    """
    first = SLOWLY if speed is None else speed
    command = [sys.executable, "-m", "restoretui", "sandbox", "--while-stdin", f"--speed={first}", f"--seed={seed}"]
    if objects:
        command.append(f"--objects={objects}")
    if scenario:
        command.append(f"--scenario={scenario}")
    if now:
        command.append(f"--now={now.isoformat()}")
    with tempfile.TemporaryDirectory(prefix="restoretui-demo-") as folder, _started(command) as contract:
        return _screens(contract, Path(folder), hurries=speed is None)


class SandboxPace:
    """How fast the sandbox's clouds live, turned there and here at once."""

    def __init__(self, url: str, clock: AdjustableClock) -> None:
        self._url = url
        self._clock = clock

    @property
    def speed(self) -> float:
        """Cloud seconds a second."""
        return self._clock.pace.speed

    async def turn(self, speed: float) -> None:
        """From now on ``speed`` cloud seconds a second; OSError where the sandbox does not answer."""
        self._clock.keep(ScaledClock.parse(await asyncio.to_thread(self._turn, speed)))

    def _turn(self, speed: float) -> str:
        request = urllib.request.Request(f"{self._url}/_sandbox/speed?seconds={speed:g}", method="POST")  # noqa: S310
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=ANSWERS_S) as answer:
            return str(json.load(answer)["clock"])


@contextlib.contextmanager
def _started(command: list[str]) -> Iterator[dict[str, Any]]:
    # In a session of its own: Ctrl-C in our terminal is the screens' key, not the sandbox's end.
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process:  # noqa: S603 - our own module
        said: deque[bytes] = deque(maxlen=_WORDS_KEPT)
        listener = threading.Thread(target=_listen, args=(process.stderr, said), name="sandbox-stderr", daemon=True)
        listener.start()
        try:
            first = process.stdout.readline() if process.stdout else b""
            if not first:
                listener.join()
                words = b"".join(said).decode(errors="replace")
                raise UsageError(words.strip().removeprefix("restoretui: ") or "the sandbox did not start")
            yield json.loads(first)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _listen(stderr: IO[bytes] | None, said: deque[bytes]) -> None:
    """Keep the last of what the sandbox says: unread, its pipe would fill up and then hold it still."""
    while stderr is not None and (piece := stderr.read1(4096)):  # type: ignore[attr-defined]  # it is buffered
        said.append(piece)


def _screens(contract: dict[str, Any], folder: Path, *, hurries: bool) -> int:
    from restoretui.config.loading import load_settings
    from restoretui.tui.process.demo_story import DemoStory
    from restoretui.tui.run import run_app

    # Nothing of the person's own cloud set-up may leak into the demo.
    for name in [name for name in os.environ if name.startswith(("AWS_", "OSS_", "RESTORETUI_"))]:
        del os.environ[name]
    os.environ.update(contract["env"])
    nothing = str(folder / "no-such-file")
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = nothing
    settings = load_settings({"state_dir": str(folder / "state")}, {**os.environ, "RESTORETUI_CONFIG": str(folder)})
    clock = AdjustableClock(ScaledClock.parse(contract["env"]["RESTORETUI_CLOCK"]))
    pace = SandboxPace(contract["env"]["AWS_ENDPOINT_URL"], clock)
    return run_app(replace(settings, clock=clock), None, demo=DemoStory(pace, hurries=hurries))
