"""What is said of runs when a command is left: what goes on by itself, and what does not."""

from types import SimpleNamespace
from typing import Any, cast

from restoretui.commands.leaving import what_goes_on
from restoretui.core.model import State

SESSION = cast("Any", SimpleNamespace(batch=SimpleNamespace(ours=lambda run_id: [])))


def run(counts: dict[State, int], **more: Any) -> Any:
    return SimpleNamespace(**{"id": 7, "counts": counts, "then": (), "then_open": False, "is_open": False} | more)


def test_then_steps_are_not_said_to_go_on_by_themselves() -> None:
    there = {State.AVAILABLE: 3}
    assert what_goes_on(SESSION, [run(there)]) == "what was sent goes on, and `restoretui watch 7` follows it"
    done_then = "what is to be done with the objects then is done while `restoretui watch 7` or the screens run"
    assert what_goes_on(SESSION, [run(there, then=("step",), then_open=True)]).endswith(done_then)
    coming = run({State.RESTORING: 3}, then=("step",), is_open=True)
    assert what_goes_on(SESSION, [coming]).endswith(done_then)
    assert what_goes_on(SESSION, [run(there, then=("step",))]).endswith("follows it")
