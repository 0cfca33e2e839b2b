"""What the shell is told once the screens are gone: how each run under way stands, and how to go on with it."""

import shlex
from typing import TYPE_CHECKING

from restoretui.core.model import State
from restoretui.tui.words import STATES

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.ledger.batches.outstanding import Outstanding
    from restoretui.session.session import Session

MOST_LINES = 10


def last_words(session: "Session") -> list[str]:
    """A line for each run under way, the newest last; of very many only the newest."""
    runs = session.run_views.outstanding()
    told = [_line(left, session) for left in runs[-MOST_LINES:]]
    if len(runs) > MOST_LINES:
        more = len(runs) - MOST_LINES
        told.insert(0, f"{more:,} older runs are under way, too: {command('status', session.settings)}")
    return told


def command(words: str, settings: "Settings") -> str:
    """How to call restoretui again so that it finds the same ledger."""
    given = settings.sources.get("state_dir") == "--state-dir"
    return f"restoretui {words}" + (f" --state-dir {shlex.quote(str(settings.state_dir))}" if given else "")


def counted(left: "Outstanding") -> str:
    """``17,204 unsent, 744 available``."""
    amounts = [(left.unsent, "unsent"), (left.in_jobs, "in jobs"), (left.to_confirm, "in jobs to confirm")]
    amounts += [(left.run.counts.get(state, 0), state.value) for state in STATES if state is not State.PLANNED]
    return ", ".join(f"{number:,} {word}" for number, word in amounts if number)


def _line(left: "Outstanding", session: "Session") -> str:
    number = left.run.id
    go_on = "Another restoretui goes on with it" if session.is_elsewhere(number) else "Go on"
    then = "".join(f"; then {step.told}" for step in left.run.then if step.is_news)
    return f"run {number}: {counted(left)}{then}. {go_on}: {command(f'watch {number}', session.settings)}"
