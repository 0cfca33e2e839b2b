"""Then-steps of ``plan`` and ``restore``: read from what was typed, put into plans, told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from restoretui.commands.output import Output
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.session.session import Session
from restoretui.session.then.checks import NOT_KEPT

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan


async def with_steps(
    session: Session, output: Output, made: "RestorePlan", steps: Sequence[ThenStep]
) -> "RestorePlan":
    """The plan with these steps; what a person should know of them is said."""
    if not steps and not session.settings.hooks:
        return made
    planned = await session.then.planned(made, steps)
    for remark in await session.then.remarks(planned):
        output.say(remark)
    if any(step.kind is ThenKind.COPY for step in planned.then):
        output.say(NOT_KEPT)
    return planned
