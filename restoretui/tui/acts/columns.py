"""Choosing the columns of the table shown, which is remembered."""

from restoretui.tui.dialogs.column_menu import Arranged, ColumnMenu
from restoretui.tui.pane import Pane


def choose_columns(pane: Pane) -> None:
    """Ask which columns are shown; they are at once, and so they are the next time."""
    name, table = pane.arranging()

    def arrange(arranged: Arranged | None) -> None:
        if arranged is None:
            return
        remembered = pane.shell.remembered
        remembered.choose_columns(name, arranged.choice)
        pane.attempt(remembered.save, "remember")
        table.set_columns(choice=remembered.columns(name))

    pane.shell.push_screen(ColumnMenu(table.offered, table.choice, table.silent), arrange)
