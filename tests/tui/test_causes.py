"""Why a run's objects failed stands above its rows."""

import re

import pytest

from restoretui.core.model import State
from restoretui.ledger.run_records import Cause
from restoretui.tui.restores.one_line import one_line
from restoretui.tui.restores.run_words import cause_pieces

DENY = Cause(State.FAILED, "AccessDenied", "not allowed: a policy forbids it; ask whoever manages it", 1200, 1200)
KEY = Cause(State.FAILED, "KMS.DisabledException", "its KMS key is disabled", 30, 0)
GONE = Cause(State.FAILED, "NoSuchKey", "it is no longer there", 1, 0)


def told(causes: list[Cause], cells: int) -> str:
    return one_line(cells, cause_pieces(causes, cells)).plain


def test_one_cause_is_told_whole() -> None:
    assert told([DENY], 80) == "✗ 1,200: a policy forbids it"


def test_each_cause_is_told_with_its_number() -> None:
    assert told([DENY, KEY], 80) == "✗ 1,200 a policy forbids it · 30 its KMS key is disabled"


@pytest.mark.parametrize("cells", [58, 78, 118, 198])
def test_causes_never_wrap_and_those_left_out_are_counted(cells: int) -> None:
    line = told([DENY, KEY, GONE, *[DENY._replace(reason=f"something else {n}") for n in range(7)]], cells)
    assert len(line) <= cells
    assert line.startswith("✗ 1,200 ")
    assert re.search(r"and \d+ other cause", line)
