"""The command line (DESIGN 7). Nothing heavy is imported at the top: ``--help`` and ``--version`` must be instant."""

import gc
import sys


def main() -> None:
    """The console script."""
    # Rows by the million are made and kept; the collector's usual thresholds would walk them ten times over.
    gc.set_threshold(20_000, 50, 100)
    arguments = sys.argv[1:]
    if not arguments or (len(arguments) == 1 and not arguments[0].startswith("-") and "://" in arguments[0]):
        # No command is called so, and without options there is nothing to parse: the screens need not wait for Click.
        from restoretui.cli.running import open_screens

        open_screens(arguments[0] if arguments else None, {})
    else:
        from restoretui.cli.app import run

        run()
