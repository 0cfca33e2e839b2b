"""Desktop notices by way of the terminal: in which form one takes them, if any, and how they get through tmux.

No terminal answers whether it shows notices. What is known of each is in FACTS 7.4: those that take
another form than OSC 9 are told by their names, and those that take none, or would print it, are sent nothing.
"""

from collections.abc import Mapping
from enum import StrEnum

from restoretui.tui.terminal.answers import is_plain
from restoretui.tui.terminal.tmux import AskTmux, ask_tmux, front, hands_on
from restoretui.wording.safe import crop_end

MOST = 200
"""Cells of a notice."""
TITLE = "restoretui"
ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


class NoticeForm(StrEnum):
    """How a terminal is told of a notice."""

    OSC9 = "osc9"
    """iTerm2, WezTerm, Warp, and those that are not known: most ignore what they do not take."""
    OSC777 = "osc777"
    """rxvt, foot, Ghostty, Konsole, VTE where it is patched."""
    OSC99 = "osc99"
    """kitty."""
    OFF = "off"


_BY_TERM = {
    "xterm-kitty": NoticeForm.OSC99,
    "rxvt": NoticeForm.OSC777,
    "foot": NoticeForm.OSC777,
    "xterm-ghostty": NoticeForm.OSC777,
    "konsole": NoticeForm.OSC777,
}
_BY_PROGRAM = {
    "kitty": NoticeForm.OSC99,
    "ghostty": NoticeForm.OSC777,
    "konsole": NoticeForm.OSC777,
    "foot": NoticeForm.OSC777,
    "Apple_Terminal": NoticeForm.OFF,
    "vscode": NoticeForm.OFF,
}


def notice_form(env: Mapping[str, str], ask: AskTmux = ask_tmux) -> NoticeForm:
    """The form that the terminal takes. Blocks where tmux has to be asked: run it in a thread."""
    if env.get("TMUX"):
        pane = env.get("TMUX_PANE", "")
        if not hands_on(ask, pane):
            return NoticeForm.OFF
        term, program = front(ask, pane)
        return _form(term or "unknown", program)
    if is_plain(env.get("TERM", "")):
        return NoticeForm.OFF
    if env.get("KONSOLE_VERSION") or env.get("VTE_VERSION"):
        return NoticeForm.OSC777
    if env.get("TERMINAL_EMULATOR", "").startswith("JetBrains"):
        return NoticeForm.OFF
    return _form(env.get("TERM", ""), env.get("TERM_PROGRAM", ""))


def _form(term: str, program: str) -> NoticeForm:
    if is_plain(term):
        return NoticeForm.OFF
    for name, form in _BY_PROGRAM.items():
        if program.lower().startswith(name.lower()):
            return form
    return next((form for name, form in _BY_TERM.items() if term.startswith(name)), NoticeForm.OSC9)


def notice_sequence(text: str, form: NoticeForm, env: Mapping[str, str]) -> str:
    """What to write for a notice; empty where nothing may be.

    Cleaned, so that no text ends the sequence it stands in. OSC 9 begins with a word: ``9;4;`` is a progress bar.
    """
    said = crop_end(text, MOST)
    forms = {
        NoticeForm.OSC9: f"{ESC}]9;{TITLE}: {said}{BEL}",
        NoticeForm.OSC777: f"{ESC}]777;notify;{TITLE};{said}{BEL}",
        NoticeForm.OSC99: f"{ESC}]99;i={TITLE}:d=0;{TITLE}{ST}{ESC}]99;i={TITLE}:d=1:p=body;{said}{ST}",
    }
    sequence = forms.get(form, "")
    return _passed_through(sequence, env) if sequence else ""


def _passed_through(sequence: str, env: Mapping[str, str]) -> str:
    """Wrapped so that tmux and GNU screen hand it on."""
    if env.get("TMUX"):
        return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{ST}"
    if env.get("STY") or env.get("TERM", "").startswith("screen"):
        # An end of string within would end screen's own.
        return f"{ESC}P{sequence.replace(ST, BEL)}{ST}"
    return sequence
