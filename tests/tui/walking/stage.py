"""The stage of a walk: the screens on a sandbox, a second session on the same ledger, and the steps done there."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual import events

from restoretui.config.settings import Settings
from restoretui.core.clock import ManualClock
from restoretui.core.errors import RestoreTuiError
from restoretui.core.location import parse_location
from restoretui.core.model import Tier
from restoretui.ledger.records import Query
from restoretui.sandbox import SandboxOptions, serve
from restoretui.sandbox.server import RunningSandbox
from restoretui.session.session import Session, open_session
from restoretui.tui.app import RestoreApp
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.dialog import Dialog
from tests.settling import has_acted, settle
from tests.tui.conftest import Walk
from tests.tui.walking import invariants, steps, world
from tests.tui.walking.steps import Step
from tests.tui.walking.witness import Witness, asked_for

PATIENCE_S = 10.0
"""Machine seconds in which the screens have caught up with the ledger; what counts down is read every second."""
ROUNDS = 40
ESCAPES = 6
"""At most so many presses lead to the main screen, out of boxes, fields, ranges and filters."""
CALM_S = 900.0
"""Cloud seconds after which nothing is on its way any more: longer than any back-off."""


class Stage:
    """Made by ``open``; to be closed."""

    def __init__(self, sandbox: RunningSandbox, folder: Path, env: pytest.MonkeyPatch) -> None:
        self.sandbox, self.folder, self._env = sandbox, folder, env
        self.counts: Counter[str] = Counter()
        self.witness = Witness()
        self.on: Walk
        self._screens = AsyncExitStack()
        self._second: Session | None = None
        self._others = AsyncExitStack()
        self._not_ours: set[tuple[str, str]] = set()
        """Objects that somebody else, who is not of this ledger, had restored."""

    @classmethod
    async def open(cls, folder: Path) -> "Stage":
        """A fresh world, and the screens on it."""
        sandbox = await serve(SandboxOptions(empty=True), clock=ManualClock())
        world.build(sandbox.cloud)
        env = pytest.MonkeyPatch()
        for name, value in sandbox.env.items():
            env.setenv(name, value)
        (folder / "bin").mkdir(parents=True)
        env.setenv("PATH", str(folder / "bin"))  # There is no AWS CLI to sign in with.
        env.chdir(folder)  # where exports go
        stage = cls(sandbox, folder, env)
        await stage.start()
        return stage

    @property
    def settings(self) -> Settings:
        return Settings(
            state_dir=self.folder / "state", config_dir=self.folder, clock=self.sandbox.clock,
            endpoint_url=self.sandbox.url, region="us-east-1",
            oss_endpoint=self.sandbox.url, oss_region="cn-hangzhou",
        )  # fmt: skip

    async def start(self) -> None:
        """Begin anew, on the ledger as it was left."""
        settings = self.settings
        place = parse_location("s3://cold")
        app = RestoreApp(lambda: open_session(settings), place, settings=settings, driver_class=None)
        pilot = await self._screens.enter_async_context(app.run_test(size=(100, 30)))
        self.on = Walk(app, pilot, self.sandbox)
        await self.on.until(lambda: app.session is not None)
        self.witness.watch(self.on)
        self.counts["sessions"] += 1

    async def close(self) -> None:
        try:
            await self._others.aclose()
            await self._screens.aclose()
            await self.sandbox.aclose()
        finally:
            self._env.undo()

    # --- steps

    async def do(self, step: Step) -> None:
        """One step, and then everything that must hold after it. AssertionError says what does not."""
        self.counts["steps"] += 1
        name, *what = step
        await getattr(self, f"_{name}")(*what)
        if not self.on.app.is_running:
            await self._again()
        await self.check()

    async def _again(self) -> None:
        """Somebody left: that is no failure, and the screens can be started once more."""
        app = self.on.app
        problem = app.problem()
        assert problem is None, f"the screens ended: {problem!r}"
        assert app.return_code == 0, f"exit code {app.return_code}"
        await self._screens.aclose()
        await self.start()

    async def _key(self, key: str) -> None:
        self.counts["keys"] += 1
        await self.on.pilot.press(key)
        await self.acted()

    async def _burst(self, keys: list[str]) -> None:
        for key in keys:
            self.counts["keys"] += 1
            character = key if len(key) == 1 else {"space": " "}.get(key)
            self.on.app.post_message(events.Key(key, character))
        await self.acted()

    async def _text(self, text: str) -> None:
        if steps.is_typing(self.on.app):
            await self._burst(list(text))

    async def acted(self) -> None:
        """Until every key has been acted on, or the screens are gone."""
        app = self.on.app
        await self.on.until(lambda: not app.is_running or has_acted(app.key_queue))
        if app.is_running:
            await self.on.pilot.pause()

    async def _size(self, width: int, height: int) -> None:
        await self.on.pilot.resize_terminal(width, height)
        await self.on.pilot.pause()

    async def _hours(self, hours: float) -> None:
        for _ in range(min(8, max(1, round(hours)))):
            await self.sandbox.clock.advance(hours * 3600 / min(8, max(1, round(hours))), settle=3)  # type: ignore[attr-defined]
            await self.on.pilot.pause(0.002)
            await settle(most_s=0.5)

    async def _fault(self, name: str) -> None:
        self.counts["faults"] += bool(steps.FAULTS[name])
        self.sandbox.faults.set(steps.FAULTS[name], self.sandbox.cloud.now())

    async def _cloud(self, event: str, number: int) -> None:
        """Something happens to an object that we have no part in."""
        self.counts["cloud events"] += 1
        cloud = self.sandbox.cloud
        bucket = steps.pick([*cloud.buckets.values()], number % 7)
        rows = [row for row in bucket.rows() if not row.kind & 0x40]
        if not rows:
            return
        key = steps.pick(rows, number).key
        match event:
            case "delete":
                cloud.delete(bucket.name, key)
            case "overwrite" | "put":
                name = key if event == "overwrite" else f"{key}-{number}"
                storage_class = "GLACIER" if bucket.scheme == "s3" else "Archive"
                cloud.put(bucket.name, name, size=number, storage_class=storage_class)
            case _:
                self._not_ours.add((bucket.name, key))
                with suppress(Exception):  # a refusal is as good as a restore
                    cloud.restore(bucket.name, key, days=1, tier=Tier.STANDARD)

    async def _other_session(self) -> Session:
        if self._second is None:
            # A command's: screens would wait for an outage to end, which here is up to a later step.
            theirs = replace(self.settings, voice=lambda _: None)
            self._second = await self._others.enter_async_context(open_session(theirs))
            self.counts["sessions"] += 1
        return self._second

    async def _other_step(self, what: str, number: int) -> None:
        other = await self._other_session()
        listing = self.on.app.main.query_one(BrowsePane).source.listing
        match what:
            case "clear":
                await other.ledger.selections.clear(other.ledger.mark_sets.shown)
            case "close":
                self._second = None
                await self._others.aclose()
            case "cancel":
                for run in other.ledger.runs.peek_all()[-1:]:
                    await other.cancel(run.id)
            case _ if listing is not None:
                async with invariants._closing(await other.ledger.catalog.browse(listing.id, Query())) as view:
                    ids = [row.id for row in view.rows(0, 1000) if not row.is_prefix]
                if ids and what == "mark":
                    await other.ledger.selections.toggle_rows(
                        other.ledger.mark_sets.shown, listing.id, [steps.pick(ids, number)]
                    )
                elif ids:
                    await self._confirm_elsewhere(
                        other, listing.id, steps.pick(ids, number), listing.scope.cloud.scheme
                    )

    async def _confirm_elsewhere(self, other: Session, listing: int, row: int, scheme: str) -> None:
        sel = await other.ledger.selections.create()
        await other.ledger.selections.add_rows(sel, listing, [row])
        plan = await other.plan(sel, 2, scheme=scheme)
        if plan.tiers[Tier.STANDARD].requests:
            self.witness.runs.add((await other.confirm(sel, plan, Tier.STANDARD)).id)
        await other.ledger.selections.drop(sel)

    async def _other(self, what: str, number: int) -> None:
        self.counts["other session"] += 1
        doing = asyncio.ensure_future(self._other_step(what, number))
        try:
            await self.on.until(doing.done)
            doing.result()
        except RestoreTuiError:
            self.counts["refused"] += 1  # What is wrong with the cloud is wrong for the other one, too.
        finally:
            doing.cancel()

    async def _confirm(self) -> None:
        """Enter twice, as somebody who reads what is asked."""
        for _ in range(2):
            await self.becomes(self._not_painted, insist=False)
            await self._key("enter")
            if not self.on.app.is_running:
                return

    def _not_painted(self) -> str:
        screen = self.on.app.screen
        return "not painted" if isinstance(screen, Dialog) and not screen.is_painted else ""

    async def _restore(self, how: int) -> None:
        """To the dialog of the row under the cursor, or of all that is shown; and through it, or not."""
        await self._out()
        for key in ("1", "d", "a", "r") if how & 1 else ("1", "r"):
            await self._key(key)
        if how & 2:
            await self.becomes(lambda: "" if isinstance(self.on.app.screen, Dialog) else "no dialog", insist=False)
            await self._confirm()

    async def _out(self) -> None:
        """Escape leads to the main screen, from wherever one is."""
        app = self.on.app
        for _ in range(ESCAPES):
            await self._key("escape")
            await self.becomes(lambda: "" if app.screen is app.main else "a box is open", insist=False, rounds=3)
            if app.screen is app.main and not steps.is_typing(app):
                break
        assert app.screen is app.main, f"escape does not lead out of {app.screen!r}"
        assert not steps.is_typing(app), f"escape does not lead out of {app.focused!r}"

    async def _calm(self) -> None:
        """Fair weather, and time enough for everything that is on its way."""
        await self._fault("fair")
        for _ in range(3):
            await self.sandbox.clock.advance(CALM_S / 3, settle=3)  # type: ignore[attr-defined]
            await self.on.pilot.pause(0.002)
            await settle(most_s=0.5)
        await self.becomes(lambda: invariants.nothing_on_its_way(self.on))

    # --- what must hold

    async def becomes(self, problem: "object", *, insist: bool = True, rounds: int = ROUNDS) -> None:
        """Turn loop and clock until nothing is wrong; for want of that, AssertionError if we ``insist``."""
        patience = time.monotonic() + PATIENCE_S
        while True:
            told = problem()  # type: ignore[operator]
            told = await told if asyncio.iscoroutine(told) else told
            rounds -= 1
            if not told or not self.on.app.is_running:
                return
            if rounds < 0 and (not insist or time.monotonic() > patience):
                break
            await self.sandbox.clock.advance(0.3, settle=3)  # type: ignore[attr-defined]
            await self.on.pilot.pause(0.002 if rounds > 0 else 0.1)
            await settle(most_s=0.5)
        if insist:
            raise AssertionError(told)

    async def check(self) -> None:
        """AssertionError with the first thing that is wrong, and stays so."""
        await self.becomes(lambda: invariants.all_problems(self.on))
        problem = self.witness.problem(self.on) or await self._unconfirmed()
        assert not problem, problem

    async def _unconfirmed(self) -> str:
        asked = self.sandbox.stats.requests.get("RestoreObject", 0) + self.sandbox.stats.requests.get("PostObject", 0)
        if asked == self.counts["requests"]:
            return ""
        self.counts["requests"] = asked
        jobs: set[tuple[str, str]] = set()
        for run in self.on.session.ledger.runs.peek_all():
            async with invariants._closing(await self.on.session.run_views.job_view(run.id)) as view:
                jobs |= {(row.ref.bucket, row.ref.key) for row in view.rows(0, 10_000)}
        strange = asked_for(self.sandbox.cloud) - jobs - self._not_ours
        return f"asked for without being planned: {sorted(strange)}" if strange else ""
