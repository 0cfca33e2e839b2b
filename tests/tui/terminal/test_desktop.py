"""Desktop notices: in the form a terminal takes, through tmux only where it hands them on, and never cut open."""

import pytest

from restoretui.config.settings import DESKTOP
from restoretui.tui.terminal.answers import is_plain
from restoretui.tui.terminal.desktop import MOST, NoticeForm, notice_form, notice_sequence

XTERM = {"TERM": "xterm-256color"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0", "TMUX_PANE": "%3"}


def nobody(*words: str) -> str:
    raise AssertionError(words)


class FakeTmux:
    """Answers as tmux does, and keeps what it was asked."""

    def __init__(self, passthrough: str, term: str = "xterm-256color", kind: str = "") -> None:
        self.passthrough, self.term, self.kind = passthrough, term, kind
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *words: str) -> str:
        self.asked.append(words)
        return self.passthrough if words[0] == "show-options" else f"{self.term}|{self.kind}"


@pytest.mark.parametrize(
    ("env", "form"),
    [
        (XTERM, "osc9"),
        ({"TERM": "xterm-kitty"}, "osc99"),
        ({"TERM": "rxvt-unicode-256color"}, "osc777"),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "xterm-ghostty"}, "osc777"),
        ({**XTERM, "KONSOLE_VERSION": "230805"}, "osc777"),
        ({**XTERM, "VTE_VERSION": "7200"}, "osc777"),
        ({**XTERM, "TERM_PROGRAM": "WezTerm"}, "osc9"),
        ({**XTERM, "TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({**XTERM, "TERM_PROGRAM": "Apple_Terminal"}, "off"),
        ({**XTERM, "TERM_PROGRAM": "vscode"}, "off"),
        ({"TERM": "linux"}, "off"),
        ({"TERM": "dumb"}, "off"),
        ({"TERM": "vt220"}, "off"),
        ({}, "off"),
        ({"TERM": "screen-256color", "STY": "1.host"}, "osc9"),
    ],
)
def test_each_terminal_is_told_in_its_own_form(env: dict[str, str], form: str) -> None:
    assert notice_form(env, nobody) == form


def test_the_config_knows_the_same_forms() -> None:
    assert set(DESKTOP) == {"auto", *NoticeForm}


@pytest.mark.parametrize(
    ("tmux", "form"),
    [
        (FakeTmux("off"), "off"),
        (FakeTmux("on"), "osc9"),
        (FakeTmux("all"), "osc9"),
        (FakeTmux(""), "osc9"),  # before 3.3, without the option
        (FakeTmux("on", "xterm-kitty"), "osc99"),
        (FakeTmux("on", "xterm-256color", "ghostty 1.1"), "osc777"),
        (FakeTmux("on", "linux"), "off"),
        (FakeTmux("on", ""), "osc9"),  # nobody is attached
    ],
)
def test_in_tmux_the_terminal_in_front_of_it_counts_and_only_if_it_is_handed_on(tmux: FakeTmux, form: str) -> None:
    assert notice_form(TMUX, tmux) == form
    assert all(words[words.index("-t") + 1] == "%3" for words in tmux.asked)


def test_a_notice_as_each_form_writes_it() -> None:
    assert notice_sequence("done", NoticeForm.OSC9, XTERM) == "\x1b]9;restoretui: done\x07"
    assert notice_sequence("done", NoticeForm.OSC777, XTERM) == "\x1b]777;notify;restoretui;done\x07"
    assert notice_sequence("done", NoticeForm.OSC99, XTERM) == (
        "\x1b]99;i=restoretui:d=0;restoretui\x1b\\\x1b]99;i=restoretui:d=1:p=body;done\x1b\\"
    )
    assert notice_sequence("done", NoticeForm.OFF, XTERM) == ""


def test_wrapped_for_tmux_every_escape_is_doubled() -> None:
    assert notice_sequence("done", NoticeForm.OSC9, TMUX) == "\x1bPtmux;\x1b\x1b]9;restoretui: done\x07\x1b\\"
    kitty = notice_sequence("done", NoticeForm.OSC99, TMUX)
    inner = kitty.removeprefix("\x1bPtmux;").removesuffix("\x1b\\")
    assert inner.replace("\x1b\x1b", "\x1b") == notice_sequence("done", NoticeForm.OSC99, XTERM)
    assert "\x1b" not in inner.replace("\x1b\x1b", "")


def test_wrapped_for_screen_nothing_within_ends_it() -> None:
    for form in (NoticeForm.OSC9, NoticeForm.OSC99):
        wrapped = notice_sequence("done", form, {"TERM": "screen", "STY": "1"})
        assert wrapped.startswith("\x1bP")
        assert wrapped.endswith("\x1b\\")
        assert "\x1b\\" not in wrapped[2:-2]


@pytest.mark.parametrize("form", [NoticeForm.OSC9, NoticeForm.OSC777, NoticeForm.OSC99])
@pytest.mark.parametrize("env", [XTERM, TMUX, {"TERM": "screen", "STY": "1"}])
def test_no_text_ends_the_sequence_it_stands_in(form: NoticeForm, env: dict[str, str]) -> None:
    hostile = "a\x1b\\b\x07c\x9cd\x1b]52;c;ZXZpbA==\x07e\ne\u202ef" + "x" * 1000
    sequence, tame = notice_sequence(hostile, form, env), notice_sequence("x", form, env)
    for control in ("\x1b", "\x07", "\x9c", "\n", "\u202e"):
        assert sequence.count(control) == tame.count(control), repr(control)
    assert len(sequence) < MOST + 100


def test_text_never_becomes_a_progress_bar() -> None:
    assert not notice_sequence("4;1;50", NoticeForm.OSC9, XTERM).startswith("\x1b]9;4;")


@pytest.mark.parametrize("term", ["linux", "dumb", "vt100", "vt220", "ansi", ""])
def test_some_know_no_such_sequences(term: str) -> None:
    assert is_plain(term)


@pytest.mark.parametrize("term", ["xterm", "tmux-256color", "screen", "rxvt", "alacritty", "foot"])
def test_others_do(term: str) -> None:
    assert not is_plain(term)
