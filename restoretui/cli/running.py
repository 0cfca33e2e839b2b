"""From parsed options to a running command, and from what became of it to an exit code."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any

from restoretui.core.errors import ExitCode, RestoreTuiError
from restoretui.core.model import State

if TYPE_CHECKING:
    from restoretui.commands.agreeing import Agreeing
    from restoretui.commands.choice import Choice
    from restoretui.commands.output import Output
    from restoretui.config import Settings


def headless(flags: dict[str, Any], as_json: bool, module: str, command: str, *args: Any, **options: Any) -> None:
    """Run a command that has no screen, loaded only now; ends the process with its exit code.

    ``command`` is the function of ``module`` that takes the settings, an ``Output``, and then the other arguments.
    """
    from restoretui.commands.output import Output

    output = Output(as_json)
    gc.disable()  # What is loaded stays; the collector would only walk it.
    logging.getLogger("restoretui.notices").addHandler(_Notices(output))

    def go() -> int:
        run = getattr(import_module(module), command)
        return asyncio.run(_until_told(run(settings_of(flags), output, *args, **options)))

    finish(go, output)


class _Notices(logging.Handler):
    """Says on stderr what a person should be told."""

    def __init__(self, output: "Output") -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        self._output.say(record.getMessage())


def open_screens(location: str | None, flags: dict[str, Any]) -> None:
    """Run the screens until they are left; ends the process with their exit code."""
    # What is made up to the first paint stays; the collector would only walk it. The app switches it on again.
    gc.disable()

    def go() -> int:
        from restoretui.core.location import parse_location
        from restoretui.tui.app import run_app

        place = parse_location(location) if location else None
        return run_app(settings_of(flags), place)

    finish(go)


def settings_of(flags: dict[str, Any]) -> "Settings":
    """The settings that the common options, the environment and the config file make; starts the log if asked to."""
    from restoretui.config import load_settings
    from restoretui.log import start_log

    verbose = flags.pop("verbose", False)
    settings = load_settings(flags)
    if verbose:
        start_log(settings.state_dir)
    return settings


def choice_of(locations: tuple[str, ...], options: dict[str, Any]) -> "tuple[Choice, dict[str, Any]]":
    """What a command is about, and its common options."""
    from restoretui.cli.options import COMMON_NAMES
    from restoretui.commands.choice import Choice
    from restoretui.ledger.records import Query

    flags = {name: options.pop(name) for name in COMMON_NAMES}
    query = Query(
        matches=options.pop("matches"),
        states=frozenset(State(state) for state in options.pop("states")),
        storage_classes=frozenset(options.pop("classes")),
    )
    return Choice(locations=locations, query=query, **options), flags


def take_agreeing(options: dict[str, Any]) -> "Agreeing":
    """Take ``--yes`` and ``--max-cost`` out of a command's options."""
    from restoretui.commands.agreeing import Agreeing

    limits = options.pop("max_costs")
    return Agreeing(None if options.pop("yes") else ask, limits)


def ask(question: str) -> bool:
    """Ask the person at the terminal; without one there is nobody to say yes."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _until_told(command: Coroutine[Any, Any, ExitCode]) -> ExitCode:
    """Run ``command``; a hang-up or a request to end closes everything properly first."""
    gc.enable()
    task = asyncio.ensure_future(command)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, task.cancel)
    return await task


def finish(go: Callable[[], int], output: "Output | None" = None) -> None:
    """Exit with what ``go`` returns; errors become one sentence and their exit code."""
    try:
        code = go()
    except RestoreTuiError as error:
        if output is None:
            from restoretui.commands.output import Output as Plain

            output = Plain(False)
        output.error(error)
        code = error.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        # A second Ctrl-C must not spoil the exit code, and the terminal itself may be gone.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            sys.stderr.write("restoretui: interrupted; what was sent goes on, `restoretui watch` picks it up\n")
            sys.stderr.flush()
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough; Python must not complain while it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The terminal is gone: the line dropped. Nothing can be said, and nothing is lost.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        code = ExitCode.INTERRUPTED
    sys.exit(int(code))
