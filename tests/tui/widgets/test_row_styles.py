"""Rows are painted by meaning; one that is reversed is one colour."""

import pytest
from rich.style import Style

from restoretui.tui.widgets.table.row_styles import RowKind, RowStyles

OK = Style(color="#008000")
STRONG = Style(bold=True)


@pytest.mark.parametrize(
    ("variables", "name", "kind", "painted"),
    [
        ({"row-cursor-style": "reverse"}, "ok", RowKind.CURSOR, Style(reverse=True)),
        ({"row-cursor-style": "reverse"}, "strong", RowKind.CURSOR, Style(reverse=True) + STRONG),
        ({"row-cursor": "#000080"}, "ok", RowKind.CURSOR, Style(bgcolor="#000080") + OK),
        ({"row-cursor-style": "reverse"}, "ok", RowKind.PLAIN, OK),
        ({"row-range-style": "underline"}, "", RowKind.RANGE, Style(underline=True)),
    ],
)
def test_cells_of_a_reversed_row_keep_their_weight_and_not_their_colour(
    variables: dict[str, str], name: str, kind: RowKind, painted: Style
) -> None:
    assert RowStyles(lambda: variables | {"ok": "#008000"}).get(name, kind) == painted


def test_another_theme_is_other_colours() -> None:
    of = {"ok": "#008000"}
    styles = RowStyles(lambda: of)
    assert styles.get("ok", RowKind.PLAIN) == OK
    of = {"ok": "ansi_bright_green", "quiet": "ansi_default"}
    assert styles.get("ok", RowKind.PLAIN) == Style(color="color(10)")
    assert styles.header == Style(color="default", bold=True)
