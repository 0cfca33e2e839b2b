"""Of a frame only what the terminal does not show yet is sent, and it shows the same as if all had been."""

import re
from collections.abc import Iterable, Sequence
from random import Random

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from restoretui.tui.terminal.shown_cells import ShownCells

WIDTH, HEIGHT = 40, 6
LOOKS = (
    "#ffffff on #101010", "#808080 on #101010", "bold #7fcf94 on #101010", "#ffffff on #303030", "reverse", "",
    "bold underline red on default", "color(200) on color(17)",
)  # fmt: skip
CONSOLE = Console(color_system="truecolor", force_terminal=True)


class Glass:
    """As much of a terminal as Textual's frames need: where to write, in which look, and text."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, tuple[str, ...]]] = {}
        self._look: tuple[str, ...] = ("", "", "")

    def take(self, sent: str) -> None:
        y = x = 0
        for escape, numbers, end, text in re.findall(r"(\x1b\[([\d;]*)([A-Za-z]))|([^\x1b]+)", sent):
            if not escape:
                for character in text:
                    if character == "\n":
                        continue
                    self.cells[y, x] = (character, self._look)
                    x += 1
            elif end == "H":
                y, x = (int(number) - 1 for number in numbers.split(";"))
            elif end == "C":
                x += int(numbers)
            elif end == "m":
                self._turn(numbers.split(";"))
            else:
                raise AssertionError(escape)
        assert self._look == ("", "", ""), "a frame ends as it began"

    def _turn(self, numbers: Sequence[str]) -> None:
        attributes, front, back = self._look
        rest = iter(numbers)
        for number in rest:
            if number in ("", "0"):
                attributes, front, back = "", "", ""
            elif number in ("38", "48"):
                kind = next(rest)
                colour = ";".join([number, kind, *(next(rest) for _ in range(3 if kind == "2" else 1))])
                front, back = (colour, back) if number == "38" else (front, colour)
            elif number in ("39", "49"):
                front, back = ("", back) if number == "39" else (front, "")
            elif number[:-1] in ("3", "9"):
                front = number
            elif number[:-1] in ("4", "10"):
                back = number
            else:
                attributes += f"{number};"
        self._look = attributes, front, back

    @property
    def seen(self) -> dict[tuple[int, int], tuple[str, ...]]:
        """What a person can tell apart: of a blank without attributes that is its ground."""
        return {
            place: (text, look[2]) if text == " " and not look[0] else (text, *look)
            for place, (text, look) in self.cells.items()
        }


def strip(*pieces: tuple[str, str]) -> Strip:
    return Strip([Segment(text, Style.parse(look)) for text, look in pieces])


def chops(lines: dict[int, Strip], *, first: int = 0, width: int = WIDTH) -> ChopsUpdate:
    """An update of those lines of one widget."""
    return ChopsUpdate(
        [{first: lines.get(y)} for y in range(HEIGHT)],
        [(y, first, width) for y in sorted(lines)],
        [[width] for _ in range(HEIGHT)],
    )


def layout(lines: Iterable[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def any_strip(chance: Random, characters: str = "ab 1  ━▄◑é") -> Strip:
    words = ["restoring", "◑ 17 of 10,000", "━━━━", "  ", "          ", *characters]
    pieces, left = [], WIDTH
    while left:
        text = chance.choice(words)[:left]
        pieces.append((text, chance.choice(LOOKS)))
        left -= len(text)
    return strip(*pieces)


def sent(shown: ShownCells, update: CompositorUpdate) -> str:
    return str(shown.only_changes(update).render_segments(CONSOLE))


def test_any_frames_look_as_they_would_if_all_was_sent() -> None:
    for seed in range(60):
        chance = Random(seed)
        shown, ours, theirs = ShownCells(), Glass(), Glass()
        lines = [any_strip(chance) for _ in range(HEIGHT)]
        for number in range(12):
            changed = {y: any_strip(chance) for y in range(HEIGHT) if chance.random() < 0.4}
            if number % 3 == 1:
                changed = {y: _with_a_word(chance, lines[y]) for y in range(HEIGHT)}
            lines = [changed.get(y, line) for y, line in enumerate(lines)]
            update = layout(lines) if number % 5 == 0 or not changed else chops(changed)
            ours.take(sent(shown, update))
            theirs.take(update.render_segments(CONSOLE))
            assert ours.seen == theirs.seen, (seed, number)


def _with_a_word(chance: Random, line: Strip) -> Strip:
    at = chance.randrange(WIDTH - 8)
    return Strip([*line.crop(0, at), Segment("new word", Style.parse(chance.choice(LOOKS))), *line.crop(at + 8)])


ROW = (("◑ restoring ", "#6cb6e8 on #101010"), (" a/key/of/an/object.bam      ", "#ffffff on #101010"))


def test_only_words_that_changed_are_sent_and_colours_only_where_others_stood() -> None:
    shown = ShownCells()
    whole = sent(shown, chops({2: strip(*ROW)}))
    assert "object.bam" in whole
    assert sent(shown, chops({2: strip(*ROW)})) == ""
    assert sent(shown, layout([strip(*ROW) if y == 2 else strip((" " * WIDTH, LOOKS[0])) for y in range(HEIGHT)]))
    changed = sent(shown, chops({2: strip(("● available ", "#7fcf94 on #101010"), ROW[1])}))
    assert changed == "\x1b[3;1H\x1b[38;2;127;207;148;48;2;16;16;16m● available\x1b[0m"


def test_a_number_is_sent_whole_and_a_bar_cell_by_cell() -> None:
    shown = ShownCells()

    def bar(done: int, of: str) -> ChopsUpdate:
        return chops({0: strip((f"{'━' * done}{'─' * (20 - done)}  {of:>18}", LOOKS[0]))})

    sent(shown, bar(4, "16 of 10,000"))
    changed = re.sub(r"\x1b\[[\d;]*m", "", sent(shown, bar(5, "17 of 10,000")))
    assert changed == "\x1b[1;5H━\x1b[23C17 of 10,000"


def test_what_was_written_over_is_sent_again_once_it_is_forgotten_or_the_size_is_another() -> None:
    shown = ShownCells()
    first = sent(shown, chops({1: strip(*ROW)}))
    shown.forget()
    assert sent(shown, chops({1: strip(*ROW)})) == first
    assert sent(shown, chops({1: strip(*ROW)}, width=WIDTH + 1)) == first
    assert sent(shown, chops({1: strip(*ROW)}, width=WIDTH + 1)) == ""


def test_where_characters_are_wider_or_narrower_than_a_cell_nothing_is_left_out() -> None:
    for text in ("鍵の名前" + " " * 32, "e\u0301" + " " * 39, "e\u0301鍵" + " " * 37):
        shown = ShownCells()
        wide = strip((text, LOOKS[0]))
        assert wide.cell_length == WIDTH
        assert text in sent(shown, chops({0: wide}))
        assert text in sent(shown, chops({0: wide}))
        narrow = sent(shown, chops({0: strip(("x" * WIDTH, LOOKS[0]))}))
        assert "x" * WIDTH in narrow


def test_links_are_sent_as_they_are() -> None:
    shown = ShownCells()
    linked = Strip([Segment("a link" + " " * 34, Style(link="https://example.org/"))])
    for _ in range(2):
        assert "https://example.org/" in sent(shown, chops({0: linked}))
