"""Rows are painted by meaning; one that is reversed is one colour."""

from typing import Any, cast

import pytest
from rich.style import Style

from restoretui.tui.widgets.table.row_styles import RowKind, RowStyles


class Painted:
    """A widget whose stylesheet has these."""

    def __init__(self, cursor: Style) -> None:
        self._styles = {"row--cursor": cursor, "row--plain": Style(), "cell--ok": Style(color="green", bold=True)}

    def get_component_rich_style(self, name: str, *, partial: bool = False) -> Style:
        return self._styles[name]


@pytest.mark.parametrize(
    ("cursor", "kind", "painted"),
    [
        (Style(reverse=True), RowKind.CURSOR, Style(reverse=True, bold=True)),
        (Style(bgcolor="blue"), RowKind.CURSOR, Style(bgcolor="blue", color="green", bold=True)),
        (Style(reverse=True), RowKind.PLAIN, Style(color="green", bold=True)),
    ],
)
def test_cells_of_a_reversed_row_keep_their_weight_and_not_their_colour(
    cursor: Style, kind: RowKind, painted: Style
) -> None:
    assert RowStyles(cast("Any", Painted(cursor))).get("ok", kind) == painted
