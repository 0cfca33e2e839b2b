"""What a word may become as it is typed, and a filter as boxes to tick."""

import pytest

from restoretui.core.filter.completion import Counted, Present, completions
from restoretui.core.filter.edits import ticked, with_ticked
from restoretui.core.filter.fields import EVERY, WORDS_ONLY
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.views import READY, saved_filters

ONE = Counted(1, 1)
PRESENT = Present(
    {"archived": ONE, "failed": ONE},
    {"GLACIER": ONE, "DEEP_ARCHIVE": ONE, "My Class": ONE},
    {"bulk": ONE},
    {"AccessDenied": ONE, "SlowDown": ONE},
    {"12": ONE},
)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("", []),
        ("clip ", []),
        ("clip", []),
        ("si", ["si" + "ze>"]),
        ("cam !st", ["state:"]),
        ("state:", ["archived", "failed"]),
        ("state:f", ["failed"]),
        ("state:archived,", ["archived", "failed"]),
        ("class:arch", ["DEEP_ARCHIVE"]),
        ("class:my", ['"My Class"']),
        ("failed:denied", ["AccessDenied"]),
        ("tier:", ["bulk"]),
        ("run:1", ["12"]),
        ("is:", ["overdue"]),
        ("arch", ["state:archived"]),
        ("(arch", ["state:archived"]),
        ('"st', []),
        ("nofield:x", []),
        ("size>1", []),
    ],
)
def test_what_may_stand_there(text: str, offered: list[str]) -> None:
    assert [each.text for each in completions(text, len(text), PRESENT, EVERY)] == offered


def test_what_is_offered_takes_the_place_of_the_word() -> None:
    text = "cam state:arch other"
    (found,) = completions(text, len("cam state:arch"), PRESENT, EVERY)
    assert text[: found.start] + found.text == "cam state:archived"


def test_a_list_of_names_offers_no_other_fields() -> None:
    assert completions("sta", 3, PRESENT, WORDS_ONLY) == []


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("", []),
        ("cam", []),
        ("state:archived cam", ["archived"]),
        ("!state:failed", ["archived", "online"]),
        ("state:archived | cam", []),
        ("(state:archived | state:online)", ["archived", "online"]),
    ],
)
def test_what_is_written_is_ticked(text: str, boxes: list[str]) -> None:
    assert ticked(parse_filter(text), "state", ["archived", "failed", "online"]) == boxes


def test_what_is_ticked_is_written() -> None:
    tree = with_ticked(parse_filter("cam !state:failed size>1G"), "state", ["archived"])
    assert filter_text(tree) == "state:archived cam size>1G"
    assert filter_text(with_ticked(tree, "state", [])) == "cam size>1G"
    assert filter_text(with_ticked(tree, "class", ["GLACIER"])) == "class=GLACIER state:archived cam size>1G"
    assert with_ticked(parse_filter("state:archived"), "state", []) is None
    assert ticked(parse_filter("class:glac"), "class", ["GLACIER", "DEEP_ARCHIVE"]) == ["GLACIER"]


def test_ready_filters_read_and_ones_own_win() -> None:
    for text in READY.values():
        assert parse_filter(text) is not None
    assert saved_filters({"overdue": "x"})["overdue"] == "x"
    assert set(READY) == {"expiring in 48 h", "failed this week", "restoring now", "overdue"}
