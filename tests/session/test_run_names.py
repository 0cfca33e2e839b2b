"""Runs by what they are called on a command line."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from restoretui.core.errors import UsageError
from restoretui.session.run_views import RunViews


async def test_where_another_is_typed_the_newest_are_named() -> None:
    async def runs() -> list[Any]:
        return [SimpleNamespace(id=number) for number in (3, 7, 1, 6, 2, 5, 4)]

    ledger = cast("Any", SimpleNamespace(runs=SimpleNamespace(list=runs)))
    views = RunViews(ledger, cast("Any", None), cast("Any", None), read_only=False)
    assert (await views.find_run("last")).id == 7
    with pytest.raises(UsageError) as refused:
        await views.find_run("99")
    assert "known runs: 7, 6, 5, 4, 3;" in refused.value.hint
