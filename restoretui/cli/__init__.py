"""The command line (DESIGN 7). Nothing heavy is imported at the top: ``--help`` and ``--version`` must be instant."""

from restoretui.cli.app import main

__all__ = ["main"]
