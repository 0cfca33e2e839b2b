"""What is confirmed is what was on screen when the key was pressed, whatever else happens meanwhile."""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import pytest
from textual import events
from textual.widgets import Button, Input

from restoretui.core.filter.tree import OneOf
from restoretui.core.model import State
from restoretui.ledger.records import Observation, Query
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.prompts import Confirm
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.restores.pane import RestoresPane
from restoretui.tui.terminal.pacing import DRAWN_S, Pacer
from restoretui.wording import format as fmt
from tests.conftest import StartSandbox
from tests.narrowing import a, there
from tests.settling import has_acted
from tests.tui.browse.test_oss_screens import FILMS, marked, oss
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import COLD, confirm, dialog, mark_archived
from tests.tui.terminal.test_key_queue import burst

TIERING = "s3://acme-backups-tiering"
BUTTON = re.compile(r"(?:Restore|Extend|Speed up) ([\d,]+) ")
COST = re.compile(r"◉ \w+ .*?(<?(?:\$|[A-Z]{3} )[\d.,]+|unknown)(?:\+\?)?\s")


class Shown(NamedTuple):
    """What a person could read of a plan."""

    requests: int
    cost: str


def on_screen(on: Walk) -> Shown | None:
    """The offer on screen as it is rendered; None where there is no button to press."""
    box = on.app.screen
    if not isinstance(box, RestoreDialog) or box.query_one("#confirm", Button).disabled:
        return None
    text = "\n".join(on.lines())
    button, cost = BUTTON.search(text), COST.search(text)
    return Shown(int(button[1].replace(",", "")), cost[1]) if button and cost else None


class Witness:
    """Keeps what was on screen as each key arrived, and what was confirmed by which key."""

    def __init__(self, on: Walk) -> None:
        self.confirmed: list[tuple[Shown | None, Shown]] = []
        session, line = on.session, on.app.key_queue
        seen: dict[int, Shown | None] = {}
        now: list[Shown | None] = [None]
        put, deliver, confirmed = line.put, line._deliver, session.confirm

        def arrives(key: events.Key) -> None:
            seen[id(key)] = on_screen(on)
            put(key)

        async def acts(key: events.Key) -> None:
            now[0] = seen.pop(id(key), None)
            await deliver(key)

        async def confirms(*arguments: Any, **more: Any) -> Any:
            shown = now[0]
            run = await confirmed(*arguments, **more)
            sent = run.counts.get(State.PLANNED, 0)
            unknown = run.unpriced and run.unpriced >= sent
            self.confirmed.append(
                (shown, Shown(sent, "unknown" if unknown else fmt.money(run.estimate, run.currency)))
            )
            return run

        line.put, line._deliver, session.confirm = arrives, acts, confirms  # type: ignore[method-assign]

    def check(self) -> None:
        for shown, sent in self.confirmed:
            assert shown == sent


async def turn(on: Walk, seconds: float) -> None:
    await on.clock.advance(seconds, settle=3)
    await on.pilot.pause(0.002)


async def everything(on: Walk) -> list[Any]:
    """All objects of the bucket, marked; the rows they stand in."""
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.press("a")
    pane = on.app.main.query_one(BrowsePane)
    await on.until(lambda: pane.marking.summary.objects == pane.table.count)
    return list(there(pane.table.view).rows(0, pane.table.count))


@pytest.mark.parametrize("seed", range(3))
async def test_under_random_timing_of_looks_keys_days_tiers_and_marks(walk: StartWalk, seed: int) -> None:
    chance = random.Random(seed)
    async with walk(TIERING, size=(80, 24), world={"scenario": "high-latency"}) as on:
        rows = await everything(on)
        witness = Witness(on)
        listing = there(on.app.main.query_one(BrowsePane).source.listing).id
        selections = on.session.ledger.selections
        burst(on, "r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog), rounds=0)
        for _ in range(60):
            match chance.choice(("enter", "enter", "tier", "days", "time", "time", "marks")):
                case "enter":
                    burst(on, "enter")
                case "tier":
                    burst(on, chance.choice("xsb"))
                case "days" if isinstance(on.app.screen, RestoreDialog):
                    field = on.app.screen.query_one("#days", Input)
                    field.focus()
                    field.value = chance.choice(("1", "7", "30", "0", ""))
                case "marks":
                    await selections.toggle_rows(on.session.ledger.mark_sets.shown, listing, [chance.choice(rows).id])
                case _:
                    await turn(on, chance.choice((0.01, 0.1, 0.3, 1.0)))
            if witness.confirmed:
                break
        await on.until(lambda: has_acted(on.app.key_queue) and not getattr(on.app.screen, "_confirming", False))
        witness.check()
        if not witness.confirmed:
            box = on.app.screen
            assert isinstance(box, RestoreDialog)
            box.query_one("#days", Input).value = "5"
            await on.until(lambda: box.on_screen is not None and box.plan is not None and box.plan.days == 5)
            await on.until(lambda: not box._confirming)
            box.tiers.focus()
            await on.press("s")
            while len(on.app.screen_stack) > 1:  # A key that comes before what it decides was drawn decides nothing.
                await on.until(lambda: on_screen(on) is not None)
                await on.press("enter")
                await on.until(lambda: not box._confirming)
        witness.check()
        assert len(witness.confirmed) == 1
        assert len(on.session.ledger.runs.peek_all()) == 1


async def test_no_button_before_everything_has_been_looked_at(walk: StartWalk) -> None:
    async with walk(TIERING, size=(80, 24), world={"scenario": "high-latency"}) as on:
        await everything(on)
        witness = Witness(on)
        burst(on, "r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog), rounds=0)
        box = a(RestoreDialog, on.app.screen)
        steps = 0
        while not box._looked:
            assert on_screen(on) is None
            burst(on, "enter")
            if steps == 1:
                box.query_one("#days", Input).value = "9"
            await turn(on, 0.02)
            steps += 1
        assert steps > 3, "the looks took no time"
        await on.until(lambda: has_acted(on.app.key_queue) and on_screen(on) is not None)
        assert on.app.screen is box
        assert witness.confirmed == []
        assert there(box.plan).days == 9
        for text in (TIERING, "account 123456789012", "region us-east-1"):
            assert text in on.text
        await on.confirm()
        await on.until(lambda: len(on.app.screen_stack) == 1)
        witness.check()


async def test_a_plan_typed_ahead_of_is_not_confirmed(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await on.settled()
        burst(on, "d", "space", "space", "r", "enter", "enter", "enter", "enter")
        # What they met is not said: before there is a dialog, they are nobody's.
        await on.sees("account 123456789012", "Restore 2")
        await on.hours(1)
        assert on.session.ledger.runs.peek_all() == []
        burst(on, "enter", "enter", "enter", "enter")
        await on.until(lambda: on.posts() >= 1)
        await on.hours(1)
        assert len(on.session.ledger.runs.peek_all()) == 1


async def test_keys_for_one_tier_do_not_confirm_another(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        burst(on, "b", "enter", "enter")
        await on.sees("pressed before this was on screen")
        assert on.session.ledger.runs.peek_all() == []
        await confirm(on)
        assert on.session.ledger.runs.peek_all()[0].tier == "bulk"


async def test_marks_changed_in_another_terminal_are_shown_again_and_not_sent(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        pane = on.app.main.query_one(BrowsePane)
        assert pane.table.view is not None
        assert pane.source.listing is not None
        row = next(row for row in pane.table.view.rows(0, 9) if row.marked)
        await on.session.ledger.selections.toggle_rows(
            on.session.ledger.mark_sets.shown, pane.source.listing.id, [row.id]
        )
        await on.confirm()
        await on.sees("the marks changed after this plan was made, so nothing was sent", "Restore 2")
        assert on.session.ledger.runs.peek_all() == []
        await on.confirm()
        await on.until(lambda: len(on.app.screen_stack) == 1)
        assert on.session.ledger.runs.peek_all()[0].objects == 2


async def test_another_object_of_the_same_class_and_size_is_another_plan(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    for key in "abc":
        running.cloud.put("cold", key, size=1000, storage_class="GLACIER")
    async with walk("s3://cold", running=running) as on:
        await on.settled()
        await on.press("space")
        await dialog(on)
        pane = on.app.main.query_one(BrowsePane)
        a, b, *_ = there(pane.table.view).rows(0, 3)
        await on.session.ledger.selections.toggle_rows(
            on.session.ledger.mark_sets.shown, there(pane.source.listing).id, [there(a).id, there(b).id]
        )
        await on.confirm()
        await on.sees("the marks changed")
        assert on.session.ledger.runs.peek_all() == []


async def test_an_object_that_became_available_meanwhile_is_shown_as_such(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        pane, session = on.app.main.query_one(BrowsePane), on.session
        assert pane.table.view is not None
        assert pane.source.listing is not None
        row = next(row for row in pane.table.view.rows(0, 9) if row.marked)
        now = session.clock.now().timestamp()
        seen = Observation(
            row.ref.key,
            row.ref.version_id,
            row.storage_class,
            row.size,
            None,
            None,
            True,
            False,
            int(now) + 30 * 86_400,
            now,
        )
        await session.ledger.catalog.observe(pane.source.listing.scope.cloud, row.ref.bucket, [seen])
        await on.confirm()
        await on.sees("what is known of the objects changed", "Restore 2", "long enough")
        await confirm(on)
        (run,) = session.ledger.runs.peek_all()
        assert run.counts.get(State.AVAILABLE) == 1


async def test_a_click_on_the_button_confirms_what_it_says(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        await on.pilot.click("#confirm")
        await on.until(lambda: on.posts() == 3)


@pytest.mark.parametrize("typed", ["0", "", "-1", "00"])
async def test_wrong_days_leave_nothing_of_the_last_answer(walk: StartWalk, typed: str) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        box = await dialog(on)
        await on.sees("until at least 2026-01-23", "copy for 7 days", "Restore 2")
        box.query_one("#days", Input).value = typed
        wrong = "at least 1 day" if typed.isdigit() else "says neither days nor a date" if typed else "it is not said"
        await on.sees(wrong, "type days, 1 or more")
        assert box.query_one("#confirm", Button).disabled
        for text in ("2026-01-23", "copy for", "$", "retrieval", "Restore 2", "archived in GLACIER"):
            assert text not in on.text.partition("╭─ Restore")[2].partition("╰")[0], text
        for text in ("standard", COLD, "account 123456789012"):
            assert text in on.text
        await on.confirm()
        assert on.app.screen is box
        box.query_one("#days", Input).value = "21"
        await on.sees("until at least 2026-02-06", "copy for 21 days", "Restore 2")
        await confirm(on)
        assert on.session.ledger.runs.peek_all()[0].days == 21


async def test_extending_tells_the_days_that_are_added(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 2)
        await on.hours(30)
        runs = on.app.main.query_one(RestoresPane)
        await on.until(lambda: runs.detail.run is not None and runs.detail.run.counts.get(State.AVAILABLE) == 2)
        box = await dialog(on, "e")
        view = await on.session.run_views.job_view(there(runs.detail.run).id, Query())
        (expiry,) = {there(row.expiry) for row in view.rows(0, 2)}
        await view.aclose()
        plan = box.plan
        assert plan is not None
        assert plan.expiry is not None
        first = round((plan.expiry.timestamp() - expiry) / 86_400)
        assert first < plan.days, "the copies have been there for a while"
        for more in (0, 1):
            box.query_one("#days", Input).value = str(plan.days + more)
            await on.sees(f"copy +{fmt.plural(first + more, 'day')}", "days from now")
        assert "copy for" not in on.text


async def test_copies_that_changed_after_the_question_are_asked_about_anew(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    async with walk(FILMS, **await oss(sandbox)) as on:
        pane = await marked(on, "ColdArchive", number=3)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        await on.hours(6)
        await on.press("1")
        pane.source.ask(where=OneOf("class", ("ColdArchive",)))
        pane.requery()
        await on.until(lambda: pane.table.count > 2)
        await on.press("a")
        await on.press("E")
        await on.sees("restored copies")
        number = int(re.search(r"End (\d+) restored copies", on.text)[1])  # type: ignore[index]
        assert number >= 3
        assert pane.table.view is not None
        assert pane.source.listing is not None
        row = next(row for row in pane.table.view.rows(0, 300) if row.state is State.AVAILABLE)
        await on.session.ledger.selections.toggle_rows(
            on.session.ledger.mark_sets.shown, pane.source.listing.id, [row.id]
        )
        await on.press("shift+tab", "enter")
        await on.sees(f"End {number - 1} restored copies")
        assert on.sandbox.stats.requests.get("CleanRestoredObject", 0) == 0
        await on.press("shift+tab", "enter")
        await on.sees(f"{number - 1} copies ended")
        assert on.sandbox.stats.requests["CleanRestoredObject"] == number - 1


async def test_a_question_is_not_answered_by_keys_from_before_it(walk: StartWalk) -> None:
    async with walk() as on:
        box = Confirm("Cancel job", "Cancel job 7?", "Cancel the job")
        answers: list[bool | None] = []
        release = on.app.key_queue.hold()
        burst(on, "left", "enter")
        await on.until(lambda: on.app.key_queue._keys.qsize(), rounds=0)
        on.app.push_screen(box, answers.append)
        await on.until(lambda: on.app.screen is box)
        release()
        await on.until(lambda: has_acted(on.app.key_queue))
        await on.sees("pressed before this was on screen")
        assert answers == []
        await on.press("enter")
        await on.until(lambda: answers)
        assert answers == [True]


async def test_nothing_is_decided_where_the_terminal_is_too_small_to_show_it(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        for small in ((20, 5), (60, 5), (29, 40)):
            await on.pilot.resize_terminal(*small)
            await on.pilot.pause()
            # Narrow and high, it shows a button beside words that are cut: pressed, it says so.
            assert on_screen(on) is None or small == (29, 40)
            await on.confirm()
            await on.confirm()
            assert on.session.ledger.runs.peek_all() == []
        await on.sees("✗ too small to show", "60x15 will")
        await on.pilot.resize_terminal(100, 30)
        await on.until(lambda: "too small" not in on.text)
        await on.pilot.resize_terminal(60, 15)
        await on.sees("Restore 3")
        await confirm(on)
        await on.until(lambda: on.posts() == 3)


async def test_a_question_is_not_answered_where_it_has_no_room(walk: StartWalk) -> None:
    async with walk(size=(60, 4)) as on:
        box = Confirm("Cancel job", "Cancel job 7?", "Cancel the job")
        answers: list[bool | None] = []
        on.app.push_screen(box, answers.append)
        await on.until(lambda: on.app.screen is box and box.on_screen is not None)
        await on.press("left", "enter")
        assert answers == []
        await on.pilot.resize_terminal(60, 15)
        await on.sees("Cancel job 7?")
        await on.until(lambda: box.is_whole and "too small" not in on.text)
        await on.press("enter")
        await on.until(lambda: answers == [True])


async def test_where_the_terminal_answers_a_frame_counts_once_it_has_been_drawn() -> None:
    asked: list[int] = []

    def ask() -> bool:
        asked.append(1)
        return True

    pacer = Pacer(lambda call: call(), ask)
    drawn: list[str] = []
    pacer.when_drawn(lambda: drawn.append("it never answered: at once"))
    assert len(drawn) == 1
    pacer.ask()
    pacer.answered()
    pacer.ask()
    pacer.when_drawn(lambda: drawn.append("behind a question"))
    assert len(drawn) == 1
    pacer.answered()
    assert len(drawn) == 1, "that answer is of the frame before"
    pacer.answered()
    assert drawn[1:] == ["behind a question"]
    loop = asyncio.get_running_loop()
    later: list[Callable[[], object]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_later", lambda delay, *call: later.append(partial(*call)))
        pacer.when_drawn(lambda: drawn.append("it stopped answering"))
    assert DRAWN_S > 0
    assert len(drawn) == 2
    for call in later:
        call()
    assert drawn[2:] == ["it stopped answering"]
    with suppress(asyncio.CancelledError):
        pacer.stop()
