"""From parsed options to a running command, and from what became of it to an exit code."""

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from restoretui.cli import signals, streams
from restoretui.cli.threads import leave, not_waited_for
from restoretui.core.errors import ExitCode, RestoreTuiError, UsageError
from restoretui.core.os_errors import refused_by_system

if TYPE_CHECKING:
    from restoretui.commands.agreeing import Agreeing
    from restoretui.commands.choosing.choice import Choice
    from restoretui.commands.form import Form
    from restoretui.commands.output import Output
    from restoretui.config.settings import Settings
    from restoretui.core.location import Location
    from restoretui.ledger.records import Query

__all__ = ["choice_of", "finish", "headless", "open_screens", "query_of", "settings_of"]

log = logging.getLogger(__name__)

BY_ENDPOINT = {"by_endpoint": True}
"""Among the flags of a command whose locations may be at several endpoints of a cloud (``Settings.beside``)."""


def keep_defects_off_the_terminal() -> None:
    """What breaks where nobody can catch it goes to the log alone; Python would put a traceback among our words."""
    logging.getLogger("restoretui").addHandler(logging.NullHandler())
    sys.unraisablehook = lambda what: log.error("%s", what.err_msg, exc_info=what.exc_value)
    threading.excepthook = lambda what: log.error("in thread %s", what.thread, exc_info=what.exc_value)


def headless(
    flags: dict[str, Any],
    form: "Form",
    module: str,
    command: str,
    *args: Any,
    only_shows: bool = False,
    **options: Any,
) -> None:
    """Run a command that has no screen, loaded only now; ends the process with its exit code.

    ``command`` is the function of ``module`` that takes the settings, an ``Output``, and then the other arguments.
    ``only_shows``: it changes nothing, so it is over once nobody reads stdout; any other goes on to its end.
    """
    from restoretui.commands.output import Output

    output = Output(form, command=command_name())
    if _is_dry_run():
        output.is_dry_run()
    if only_shows:
        streams.stop_unread()
    else:
        streams.do_unheard()
    gc.disable()  # What is loaded stays; the collector would only walk it.
    say_notices(output)

    def go() -> int:
        import asyncio

        output.begin()
        if form.local:
            from restoretui.wording.format import show_local

            show_local()
        run = getattr(import_module(module), command)
        settings = replace(settings_of(flags), voice=output.say)
        return asyncio.run(_until_told(run(settings, output, *args, **options)))

    finish(go, output)


def command_name() -> str:
    """What was typed behind the program's own name: ``ls``, ``batch show``."""
    import click  # Loaded by now, unless no option was parsed.

    context = click.get_current_context(silent=True)
    return context.command_path.partition(" ")[2] if context is not None else ""


def _is_dry_run() -> bool:
    import click

    context = click.get_current_context(silent=True)
    return context is not None and bool(context.params.get("dry_run"))


def say_notices(output: "Output | None" = None) -> Callable[[], None]:
    """Say on stderr what a person should be told, from now on; until what it returns is called."""
    notices, handler = logging.getLogger("restoretui.notices"), _Notices(output)
    notices.addHandler(handler)
    return lambda: notices.removeHandler(handler)


class _Notices(logging.Handler):
    """Says on stderr what a person should be told."""

    def __init__(self, output: "Output | None" = None) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        _output(self._output).say(record.getMessage())


def open_screens(location: str | None, flags: dict[str, Any]) -> None:
    """Run the screens until they are left; ends the process with their exit code."""
    # What is made up to the first paint stays; the collector would only walk it. The app switches it on again.
    gc.disable()

    def go() -> int:
        check_terminal()
        from restoretui.core.location import parse_location
        from restoretui.tui.run import run_app

        place: Location | str | None = location
        if location and not location.startswith("@"):  # which names a set
            place = parse_location(of_account((location,), flags)[0])
        be_silent = say_notices()
        settings = settings_of(flags)
        be_silent()  # From here on the screens have the terminal.
        signals.as_usual()
        return run_app(settings, place)

    finish(go)


def check_terminal() -> None:
    """``UsageError`` where the screens could not be seen, or no key pressed: they read stdin, draw on stderr."""
    for descriptor, name in ((0, "stdin"), (2, "stderr")):
        if not os.isatty(descriptor):
            raise UsageError(
                f"the screens need a terminal, and {name} is none",
                "start them in one, or use a command: `restoretui --help` lists them",
            )


def settings_of(flags: dict[str, Any]) -> "Settings":
    """The settings that the common options, the environment and the config file make; starts the log if asked to."""
    from restoretui.config.loading import load_settings

    verbose = flags.pop("verbose", False)
    settings = load_settings(flags)
    if verbose:
        from restoretui.log import start_log

        start_log(settings.state_dir)
    return settings


def choice_of(
    locations: tuple[str, ...], options: dict[str, Any], *, told_elsewhere: bool = False
) -> "tuple[Choice, dict[str, Any]]":
    """What a command is about, and its common options; ``told_elsewhere``: it need name no location."""
    from restoretui.cli.options import COMMON_NAMES
    from restoretui.commands.choosing.choice import Choice

    if not locations and not options.get("keys_from") and not told_elsewhere:
        from click import UsageError as Misused

        raise Misused("Missing argument 'LOCATION...'.")
    flags = {name: options.pop(name) for name in (*COMMON_NAMES, "events") if name in options}
    locations, inventory = with_inventory(locations, options.get("from_inventory"), flags)
    if inventory is not None:
        options["from_inventory"] = inventory
    return Choice(locations=locations, query=query_of(options), **options), flags


def of_account(locations: tuple[str, ...], flags: dict[str, Any]) -> tuple[str, ...]:
    """Locations as they are without their accounts, which the settings are told of (``config.places``).

    ``s3+PROFILE://…`` alone says the same as ``--profile``, for all of them. ``UsageError`` for accounts and places
    that cannot be meant.
    """
    from restoretui.config.places import is_named, is_plain, told_apart

    if all(is_plain(text) for text in locations):
        return locations
    from restoretui.config.loading import read_places

    places = read_places(flags) if any(is_named(text) for text in locations) else {}
    plain, flags["accounts"] = told_apart(locations, places, flags)
    return plain


def with_inventory(
    locations: tuple[str, ...], inventory: str | None, flags: dict[str, Any]
) -> tuple[tuple[str, ...], str | None]:
    """The same of locations and of where an inventory is, which may be a file; it has an account if it names one."""
    from restoretui.config.places import is_plain

    if inventory is None or is_plain(inventory) or os.path.exists(inventory):  # noqa: PTH110  pathlib costs more
        return of_account(locations, flags), inventory
    *plain, found = of_account((*locations, inventory), flags)
    return tuple(plain), found


def query_of(options: dict[str, Any]) -> "Query":
    """What the selectors among a command's options say, taken out of them."""
    from restoretui.core.filter.shorthand import Shorthands
    from restoretui.core.model import State
    from restoretui.ledger.records import Query

    said = {name: options.pop(name) for name in Shorthands.__struct_fields__ if name in options}
    said["states"] = [State(state) for state in said.get("states", ())]
    return Query(Shorthands(**said).tree())


def take_agreeing(options: dict[str, Any]) -> "Agreeing":
    """Take ``--yes``, ``--max-cost``, ``--max-objects`` and ``--dry-run`` out of a command's options."""
    from restoretui.cli.asking import ask, ask_text
    from restoretui.commands.agreeing import Agreeing

    confirm, asks_text = (None, None) if options.pop("yes") else (ask, ask_text)
    limits, most = options.pop("max_costs", ()), options.pop("most_objects", None)
    return Agreeing(confirm, limits, most, dry_run=options.pop("dry_run"), asks_text=asks_text)


async def _until_told(command: Coroutine[Any, Any, ExitCode]) -> ExitCode:
    """Run ``command``; a hang-up or a request to end closes everything properly first."""
    import asyncio

    gc.enable()
    task = asyncio.ensure_future(command)
    signals.heed(task.cancel)
    try:
        with not_waited_for():
            code = await task
        streams.flush()  # While a signal still ends it: a reader may have stopped without going away.
        return code
    finally:
        signals.over(asyncio.get_running_loop())


def finish(go: Callable[[], int], output: "Output | None" = None) -> None:
    """Exit with what ``go`` returns; errors become one sentence and their exit code."""
    keep_defects_off_the_terminal()
    code = _outcome(go, output)
    signals.over()
    streams.go_on()
    try:
        streams.flush()
        before = streams.lost()
        if before:
            code = code or UsageError.exit_code
            _tell_of_loss(before, output)
        if output is not None:
            code = _ended(output, code)
            streams.flush()
        if (after := streams.lost()) and not before:
            code = code or UsageError.exit_code
            _tell_of_loss(after, None)
    except _cancelled():
        pass  # Told to end while the reader stalls: the rest is dropped.
    signals.ignore()
    leave(int(code))


def _ended(output: "Output", code: int) -> int:
    try:
        output.end(code)
    except RestoreTuiError as error:
        # A file cannot be written, or put in its place: what was to be done is done.
        return code or _tell(error, output)
    return code


def _cancelled() -> type[BaseException]:
    """What is looked for only once something is caught, so that --help does without asyncio."""
    import asyncio

    return asyncio.CancelledError


def _outcome(go: Callable[[], int], output: "Output | None") -> int:
    try:
        return go()
    except streams.OutputLost:
        return ExitCode.DONE  # Told, and counted, at the very end.
    except streams.ReaderGone as gone:
        # The line dropped: nothing can be said, and nothing is lost. Or whoever read us has enough.
        return ExitCode.INTERRUPTED if gone.hung_up else ExitCode.DONE
    except RestoreTuiError as error:
        return _tell(error, output)
    except (KeyboardInterrupt, _cancelled()):
        signals.over()
        streams.go_on()
        left = ""
        if output is not None:
            left, output.is_broken = output.left, True
        _output(output).tell(f"restoretui: interrupted; {left}" if left else "restoretui: interrupted")
        return ExitCode.INTERRUPTED
    except OSError as error:
        return _tell(refused_by_system(error), output)
    except Exception as error:  # boundary: a defect is one sentence, too, and the log has its way
        log.exception("a defect")
        from restoretui.session.listings import BUG_HINT

        return _tell(RestoreTuiError(f"restoretui met a defect: {error!r}", BUG_HINT), output)


def _tell(error: RestoreTuiError, output: "Output | None") -> int:
    streams.go_on()
    if output is not None:
        output.is_broken = True
    _output(output).error(error)
    return error.exit_code


def _output(output: "Output | None") -> "Output":
    if output is None:
        from restoretui.commands.output import Output as Plain

        output = Plain()
    return output


def _tell_of_loss(outlet: streams.Outlet, output: "Output | None") -> None:
    """On the other stream, unless that is text made for a program."""
    from restoretui.session.jsonlines.errors import error_fields

    words = streams.lost_words(outlet, went_on=output is not None and output.left != "")
    shown = _output(output)
    if outlet.name == "stdout":
        shown.error(words)
    elif shown.form.is_json:
        shown.line("error", error_fields(words))
    elif not shown.is_exact:
        shown.text(f"restoretui: {words}")
    streams.flush()
