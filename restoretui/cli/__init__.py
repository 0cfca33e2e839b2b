"""The command line. Nothing heavy is imported at the top: ``--help`` and ``--version`` must be instant."""

import gc
import os
import sys

from restoretui.cli.help import COMPLETION


def tune() -> None:
    """Set the interpreter for what this program does with it."""
    # Rows by the million are made and kept; the collector's usual thresholds would walk them ten times over.
    gc.set_threshold(20_000, 50, 100)
    # The ledger's threads read and write beside the event loop, which else waits up to 5 ms for each to let it on.
    sys.setswitchinterval(0.001)


def main() -> None:
    """The console script."""
    from restoretui.cli import signals

    signals.leave_at_once()
    from restoretui.cli import streams

    streams.prepare()
    tune()
    arguments = sys.argv[1:]
    plain = not arguments or (len(arguments) == 1 and not arguments[0].startswith("-") and "://" in arguments[0])
    if plain and COMPLETION not in os.environ:
        # No command is called so, and without options there is nothing to parse: the screens need not wait for Click.
        from restoretui.cli.running import open_screens

        open_screens(arguments[0] if arguments else None, {})
    else:
        from restoretui.cli.app import run

        run()
