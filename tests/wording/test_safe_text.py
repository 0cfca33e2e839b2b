"""Whatever a key holds, a cell shows it visibly and exactly as wide as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from restoretui.tui.terminal.control_filter import ControlFilter
from restoretui.wording.safe import ELLIPSIS, clean, crop, fit, width

NASTY = (
    "\x00\x07\x08\t\n\r\x1b\x7f\x80\x9b\x9d\xa0\xad\u034f\u061c\u115f\u1160\u1161\u200b\u200d\u200e\u2028\u202e\u2066"
    "\u2800\u3000\u3164\ufe0f\ufeff\ufff9\U0001f1e9\U0001f3fb\U000e0041\U000e0100\ud800\udfff"
    "e\u0301\u0323\u0302\u0304\u4e2d\uac00\u0905\u093e\U0001f468[]@'\"\\/…"
)
hostile = st.text(st.one_of(st.characters(), st.sampled_from(NASTY)), max_size=200)


def is_harmless(text: str) -> bool:
    return text.isprintable() and not any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn") for character in text
    )


@given(hostile)
def test_clean_leaves_nothing_that_acts_or_hides(text: str) -> None:
    shown = clean(text)
    assert is_harmless(shown)
    assert clean(shown) == shown
    assert (shown == "") == (text == "")


@given(hostile, st.integers(0, 60), st.booleans())
def test_fit_is_exactly_as_wide_as_asked(text: str, cells: int, right: bool) -> None:
    shown = fit(text, cells, right=right)
    assert width(shown) == cell_len(shown) == cells
    assert is_harmless(shown)


@given(hostile)
def test_a_combining_mark_never_leaves_its_own_cell(text: str) -> None:
    shown = clean(text)
    zero = 0
    for index, character in enumerate(shown):
        zero = zero + 1 if cell_len(character) == 0 else 0
        assert zero <= 3
        assert zero == 0 or (index > 0 and shown[index - zero] != " ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain/key.txt", "plain/key.txt"),
        ("\x1b[2J", "␛[2J"),
        ("a\rb\n", "a␍b␊"),
        ("\x9b2J", "\\x9b2J"),
        ("\x7f", "␡"),
        ("evil\u202egpj.exe", "evil\\u202egpj.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("heart\ufe0f", "heart\\ufe0f"),
        ("\udc80", "\\udc80"),
        ("nbsp\xa0", "nbsp\\xa0"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("Ünïcode/日本語/Đà Nẵng", "Ünïcode/日本語/Đà Nẵng"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        ("e" + "\u0301" * 5, "e" + "\u0301" * 3 + "\\u0301\\u0301"),
        ("\U0001f1e9\U0001f1ea", "\\U0001f1e9\\U0001f1ea"),
        ("ㅤblank", "\\u3164blank"),
    ],
)
def test_marks_are_visible_and_scripts_stay_readable(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_cropping_keeps_the_end_which_tells_keys_apart() -> None:
    key = "backups/2019/host-000123/volume-3/part-00042.tar.zst"
    assert crop(key, 30) == "backups/20" + ELLIPSIS + "ume-3/part-00042.tar.zst"[-19:]
    assert crop(key, 5) == "back" + ELLIPSIS
    assert crop(key, 0) == ""
    assert crop("short", 30) == "short"
    assert fit("日本語テキスト.txt", 11) == "日" + ELLIPSIS + "スト.txt"


def test_the_scrub_removes_what_a_widget_forgot_to_clean() -> None:
    control = Segment("\x1b[1;1H", None, [(0, 0)])  # type: ignore[list-item]
    bad = [Segment("a\x1b[2Jb\x9b\u202e\u200b\ud800c"), control]
    good = ControlFilter().apply(bad, Color(0, 0, 0))
    assert good[0].text == "a[2Jb\ufffdc"
    assert good[1] is control
    fine = [Segment("plain"), control]
    assert ControlFilter().apply(fine, Color(0, 0, 0)) is fine
