"""Looks after copies that end soon: tells of them, and keeps those with which something is still to be done.

What ends before that is extended, once and as was agreed to: an intent of its own, part of what the run's plan has
cost, which the submitter sends as it sends every request.
"""

import logging
from collections.abc import Callable

from restoretui.core.model import State
from restoretui.core.then.keeping import KEPT, days_to_keep, instant, is_due_at
from restoretui.core.then.steps import ThenEvent, keep_days
from restoretui.engine.run_context import RunContext
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.then_records import TaskState

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 3600.0
"""Seconds of cloud time between two looks at what ends; shorter where something is known to end before."""
UNHELD_S = 1.0
"""Machine seconds after which it is looked again whether the run is ours, or what was to be changed had changed."""


class Keeper:
    """Of one pursued run. Cancelling ``pursue`` at any point loses nothing."""

    def __init__(self, context: RunContext, extended: Callable[[], None]) -> None:
        """``extended`` is told when there are requests to be sent."""
        self._context = context
        self._extended = extended
        self._days = keep_days(count.step for count in context.ledger.then.of_run(context.run.id))

    async def pursue(self) -> None:
        """Extend whatever ends too soon, for as long as nobody cancels it."""
        clock = self._context.clock
        while True:
            rests = min(await self._extend() if self._days else LOOKS_EVERY_S, await self._tell())
            if rests <= 0:
                await clock.pause(UNHELD_S)
            await clock.sleep(min(max(rests, 0.0), LOOKS_EVERY_S))

    async def _tell(self) -> float:
        """Have somebody told that copies end soon, if that is asked for; seconds until it may be so."""
        context = self._context
        ledger, run_id = context.ledger, context.run.id
        asked = [count for count in ledger.then.of_run(run_id) if count.step.event is ThenEvent.EXPIRING]
        if not any(count.tasks.get(TaskState.WAITING) for count in asked):
            return LOOKS_EVERY_S
        end, now = await ledger.then.first_end(run_id), context.clock.now().timestamp()
        if end is None or end <= now:
            return LOOKS_EVERY_S
        left = end - context.tools.expiring_s - now
        if left > 0:
            return left
        if not context.is_ours():
            return 0.0
        await ledger.then.came_to_pass(run_id, ThenEvent.EXPIRING)
        return LOOKS_EVERY_S

    async def _extend(self) -> float:
        """Plan the extensions that are due; seconds of cloud time until the next may be."""
        context = self._context
        ledger, rules, within = context.ledger, context.run.cloud.rules, context.tools.expiring_s
        now = context.clock.now()
        due: list[JobChange] = []
        next_at = now.timestamp() + LOOKS_EVERY_S
        for copy in await ledger.then.ending(context.run.id):
            rule = rules.archive_named(copy.archive)
            at = is_due_at(copy.expiry, copy.came_at, within)
            if rule is None or not rule.takes_days or copy.expiry <= now.timestamp():
                continue
            if at > now.timestamp():
                next_at = min(next_at, at)
                continue
            days = days_to_keep(rules, rule, instant(copy.expiry), now, self._days)
            if days:
                due.append(
                    JobChange(
                        copy.job_id,
                        State.PLANNED,
                        now.timestamp(),
                        reason=KEPT,
                        extends=days,
                        keeps=True,
                        judged=(State.AVAILABLE, copy.changed_at),
                    )
                )
        if due and not context.is_ours():
            return 0.0
        if due:
            log.info("run %s: %s copies end before they are done with, and are extended", context.run.id, len(due))
            await ledger.runs.apply(due)
            self._extended()
        return next_at - now.timestamp()
