"""The state machine that walks through the screens: Hypothesis draws the steps, shrinks them, and tells the fewest.

Draws are numbers, and become steps where they are taken: a key is chosen among those that do something just then, by
the app's own bindings. What is told of a failure is the script of those steps, which ``screens_walk.py`` replays.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.conftest import eager_loop
from tests.tui.walking import steps
from tests.tui.walking.stage import Stage
from tests.tui.walking.steps import Step, choose_key, pick, write_script

NUMBER = st.integers(0, (1 << 16) - 1)
NUMBERS = st.lists(NUMBER, min_size=1, max_size=4)


class ScreensMachine(RuleBasedStateMachine):
    """One example is one walk, on a world of its own."""

    totals: ClassVar[Counter[str]] = Counter()
    failed: ClassVar[str] = ""
    """The script of the walk that failed last: of all of them, the fewest steps, once they have been shrunk."""

    def __init__(self) -> None:
        super().__init__()
        factory = eager_loop if sys.version_info >= (3, 12) else None
        self._runner = asyncio.Runner(loop_factory=factory)
        self._folder = tempfile.TemporaryDirectory(prefix="screens-")
        self._script: list[Step] = []
        self._is_well = True
        self.stage: Stage = self._run(Stage.open(Path(self._folder.name)))

    def _run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(doing)

    def do(self, *step: Any) -> None:
        """Take a step; a failure tells the way there."""
        self._script.append(list(step))
        try:
            self._run(self.stage.do(list(step)))
        except BaseException as error:
            self._is_well = False
            remarks = [*str(error).splitlines(), *self.stage.on.lines()]
            told = [write_script(self._script), *(f"# {line}" for line in remarks)]
            ScreensMachine.failed = "\n".join(told).replace("\x1b", "^[")
            error.add_note(f"steps, for tests/bench/screens_walk.py --replay FILE:\n{self.failed}")
            raise

    @property
    def _app(self) -> Any:
        return self.stage.on.app

    # Twice, since every rule is as likely as any other.

    @rule(numbers=NUMBERS)
    def keys(self, numbers: list[int]) -> None:
        for number in numbers:
            self.do(steps.KEY, choose_key(self._app, number))

    @rule(numbers=NUMBERS)
    def more_keys(self, numbers: list[int]) -> None:
        self.keys(numbers)

    @rule(numbers=NUMBERS)
    def burst(self, numbers: list[int]) -> None:
        self.do(steps.BURST, [choose_key(self._app, number) for number in numbers])

    @rule(number=NUMBER, before=st.sampled_from(["slash", "g", "r", "f", "ctrl+p", ""]), after=st.booleans())
    def text(self, number: int, before: str, after: bool) -> None:
        if before and not steps.is_typing(self._app):
            self.do(steps.KEY, before)
        if steps.is_typing(self._app):
            self.do(steps.TEXT, pick(steps.TEXTS, number))
        if after:
            self.do(steps.KEY, "enter")

    @rule(number=NUMBER)
    def resize(self, number: int) -> None:
        self.do(steps.SIZE, *pick(steps.SIZES, number))

    @rule(number=NUMBER)
    def time_passes(self, number: int) -> None:
        self.do(steps.HOURS, pick(steps.HOURS_PASSED, number))

    @rule(event=st.sampled_from(steps.CLOUD_EVENTS), number=NUMBER)
    def cloud_event(self, event: str, number: int) -> None:
        self.do(steps.CLOUD, event, number)

    @rule(name=st.sampled_from([*steps.FAULTS]))
    def weather(self, name: str) -> None:
        self.do(steps.FAULT, name)

    @rule(what=st.sampled_from(steps.OTHERS), number=NUMBER)
    def other_session(self, what: str, number: int) -> None:
        self.do(steps.OTHER, what, number)

    @rule(how=st.integers(0, 3))
    def restore(self, how: int) -> None:
        self.do(steps.RESTORE, how)

    @rule()
    def confirm(self) -> None:
        self.do(steps.CONFIRM)

    @rule()
    def escape_leads_out(self) -> None:
        self.do(steps.OUT)

    @rule()
    def everything_arrives(self) -> None:
        self.do(steps.CALM)

    def teardown(self) -> None:
        try:
            if self._is_well:
                self.do(steps.OUT)
                self.do(steps.CALM)
        finally:
            ScreensMachine.totals += self.stage.counts + Counter(
                {"walks": 1, "plans confirmed": self.stage.witness.plans}
            )
            try:
                self._run(self.stage.close())
                self._runner.close()
            finally:
                self._folder.cleanup()


def as_settings(walks: int, length: int, *, shrinks: bool = True) -> settings:
    """So many walks of at most so many rules each; neither slow nor large is a failure."""
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    return settings(
        max_examples=walks, stateful_step_count=length, deadline=None, database=None, derandomize=False,
        phases=phases, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
