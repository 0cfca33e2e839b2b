"""Whether a terminal takes what is copied: OSC 52 has no answer, so only those known to ignore it can be told."""

import os
from collections.abc import Mapping

from restoretui.tui.terminal.tmux import AskTmux, ask_tmux

_NONE = {
    "linux": "the Linux console has no clipboard", "dumb": "a dumb terminal has no clipboard",
    "vt100": "a VT100 has no clipboard", "vt220": "a VT220 has no clipboard",
}  # fmt: skip
_PROGRAMS = {"Apple_Terminal": "Apple's Terminal takes no copies from programs (OSC 52)"}


def why_no_clipboard(environment: Mapping[str, str] | None = None, tmux: AskTmux = ask_tmux) -> str:
    """Why nothing that is copied arrives anywhere, in words; empty where it may. Run it in a thread: tmux is asked.

    ``tmux`` tells its ``set-clipboard``: only when that is ``on`` does it take what programs in it copy (tmux(1)).
    """
    env = os.environ if environment is None else environment
    if env.get("TMUX"):
        is_shut = tmux("show-options", "-sv", "set-clipboard") in ("off", "external")
        return "tmux takes no copies from programs: tmux set -s set-clipboard on" if is_shut else ""
    return _NONE.get(env.get("TERM", ""), "") or _PROGRAMS.get(env.get("TERM_PROGRAM", ""), "")
