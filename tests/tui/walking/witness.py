"""What the screens showed when something that spends was decided, against what was decided and sent.

Installed anew on each session; what another session on the same ledger confirms is told apart by its runs.
"""

from typing import Any

from textual import events

from restoretui.core.model import State
from restoretui.core.plan.offers import Act
from restoretui.sandbox.state.cloud import Cloud
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.wording import format as fmt
from tests.tui.conftest import Walk
from tests.tui.dialogs.test_what_is_confirmed import Shown, on_screen


class Witness:
    """Of one walk, over all of its sessions."""

    def __init__(self) -> None:
        self.confirmed: list[tuple[Shown | None, Shown]] = []
        """Plans: what was on screen as the key arrived (None where it was no button's), and what was written down."""
        self.unseen: list[str] = []
        """What was agreed to, or not, without a dialog on screen that asks for it."""
        self.agreed: set[Act] = set()
        self.runs: set[int] = set()
        """Those that were confirmed, here or in the other session."""
        self.plans = 0

    def watch(self, on: Walk) -> None:
        """See what is confirmed on these screens."""
        app, session, line = on.app, on.session, on.app.key_queue
        seen: dict[int, Shown | None] = {}
        asked: dict[int, bool] = {}
        now: list[tuple[Shown | None, bool]] = [(None, False)]
        put, deliver, confirmed, agree = line.put, line._deliver, session.confirm, session.spending.agree

        def arrives(key: events.Key) -> None:
            seen[id(key)] = on_screen(on) if isinstance(app.screen, RestoreDialog) else None
            asked[id(key)] = isinstance(app.screen, Dialog)
            put(key)

        async def acts(key: events.Key) -> None:
            now[0] = seen.pop(id(key), None), asked.pop(id(key), False)
            await deliver(key)

        async def agrees(offers: Any, **more: Any) -> Any:
            if not now[0][1]:
                self.unseen.append(f"agreed to {offers!r} by a key that met no dialog")
            consent = await agree(offers, **more)
            self.agreed |= {offer.act for offer in offers}
            return consent

        async def confirms(*arguments: Any, **more: Any) -> Any:
            shown, _ = now[0]
            run = await confirmed(*arguments, **more)
            # What is asked for once a restore under way has arrived is among the requests that were shown.
            sent = run.counts.get(State.PLANNED, 0) + arguments[1].tiers[arguments[2]].later
            unknown = run.unpriced and run.unpriced >= sent
            told = Shown(sent, "unknown" if unknown else fmt.money(run.estimate, run.currency))
            self.confirmed.append((shown, told))
            self.runs.add(run.id)
            self.plans += 1
            return run

        line.put, line._deliver, session.confirm = arrives, acts, confirms  # type: ignore[method-assign]
        session.spending.agree = agrees  # type: ignore[method-assign]

    def problem(self, on: Walk) -> str:
        """What was sent that nobody saw and confirmed; empty when nothing was."""
        for shown, sent in self.confirmed:
            if shown != sent and sent.requests:
                return f"confirmed {sent}, while on screen there was {shown}"
        if self.unseen:
            return self.unseen[0]
        strange = {run.id for run in on.session.ledger.runs.peek_all()} - self.runs
        if strange:
            return f"runs {sorted(strange)} were confirmed by nobody"
        requests = on.sandbox.stats.requests
        acts = {"CreateJob": {Act.CLONE}, "UpdateJobStatus": {Act.CONFIRM_JOB}, "CleanRestoredObject": {Act.CLEAN}}
        for operation, needed in acts.items():
            if requests.get(operation, 0) and not needed & self.agreed and not self.plans:
                return f"{operation} was sent without being asked about"
        return ""


def asked_for(cloud: Cloud) -> set[tuple[str, str]]:
    """Buckets and keys of all RestoreObject requests that the cloud has judged."""
    return {(bucket.name, asked.key) for bucket in cloud.buckets.values() for asked in bucket.asks.values()}
