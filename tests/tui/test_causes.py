"""Why a run's objects failed stands above its rows."""

from restoretui.core.model import State
from restoretui.ledger.run_records import Cause
from restoretui.tui.restores.run_words import cause_lines


def test_the_most_frequent_cause_is_told_in_a_line() -> None:
    assert cause_lines([]) == []
    deny = Cause(State.FAILED, "AccessDenied", "not allowed: a policy forbids it; ask whoever manages it", 1200, 1200)
    (line,) = cause_lines([deny])
    assert line.plain == "✗ 1,200: a policy forbids it"
    (line,) = cause_lines([deny, deny, deny])
    assert line.plain == "✗ 1,200 and 2 other causes: a policy forbids it"
