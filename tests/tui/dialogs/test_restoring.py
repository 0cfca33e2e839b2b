"""The main job by keys alone: mark, plan, confirm, watch; and what may stop it."""

import csv
import os
import pty
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import force_setattr
from textual.widgets import Button, Input

from restoretui.core.filter.tree import OneOf, all_of, in_states
from restoretui.core.model import State, Tier
from restoretui.core.plan import plan as plans
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.dialogs.restore.tier_table import TierTable
from restoretui.tui.restores.pane import RestoresPane
from tests.conftest import StartSandbox
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk

COLD = "s3://acme-frankfurt-archive"


async def mark_archived(on: Walk, number: int, before: int = 0) -> None:
    """Mark that many archived GLACIER objects of the bucket, flat, beside those marked ``before``."""
    await on.settled()
    await on.press("d")
    await on.settled()
    pane = on.app.main.query_one(BrowsePane)
    everything = pane.table.count
    pane.source.ask(where=all_of([in_states(State.ARCHIVED), OneOf("class", ("GLACIER",))]))
    pane.requery()
    await on.until(lambda: number <= pane.table.count < everything)
    await on.press("v", *("down",) * (number - 1), "v")
    await on.sees(f" {before + number} marked")


async def dialog(on: Walk, key: str = "r") -> RestoreDialog:
    """Open it and wait for its plan."""
    await on.press(key)
    await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
    found = a(RestoreDialog, on.app.screen)
    await on.sees("account 123456789012", "chosen")
    return found


async def confirm(on: Walk) -> None:
    await on.confirm()
    # What comes of it may ask something by then.
    await on.until(lambda: not any(isinstance(shown, RestoreDialog) for shown in on.app.screen_stack))


async def test_marked_restored_watched_until_available_and_expired(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        await on.sees("3 objects", "s3://acme-frankfurt-archive", "account 123456789012", "region eu-central-1")
        assert on.posts() == 0
        await confirm(on)
        await on.sees("Run #1", "restoring")
        await on.until(lambda: on.posts() == 3)
        assert "marked" not in on.text
        await on.hours(50)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.AVAILABLE: 3})
        await on.sees("● available", "100%", "until 0")
        assert "run 1 is done: 3 available" in on.told
        await on.press("1")
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: there(pane.table.view).rows(0, 3)[0].state is State.AVAILABLE)
        await on.press("4")
        await on.sees("◑ 3 began to restore", "● 3 became readable", "s3://acme-frankfurt-archive", "confirmed")
        await on.press("2")
        await on.sees("100%", "as of ")
        await on.press("backspace")
        await on.sees("100%", "expires in")
        assert on.posts() == 3


async def test_the_row_under_the_cursor_is_restored_when_nothing_is_marked(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await on.settled()
        await dialog(on)
        await on.press("escape")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        assert on.posts() == 0
        assert on.session.ledger.runs.peek_all() == []
        await on.until(lambda: "marked ●" not in on.text)


async def test_tiers_side_by_side_and_what_deep_archive_refuses(walk: StartWalk) -> None:
    async with walk("s3://acme-genomics-cold") as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("slash", *"*001.bam", "enter")
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: 0 < pane.table.count < 20)
        box = await dialog(on)
        await on.sees("expedited", "standard", "bulk", "refused: DEEP_ARCHIVE does not offer the expedited tier")
        table = box.query_one(TierTable)

        def chosen() -> Tier:
            return table.tier

        assert chosen() is Tier.STANDARD
        await on.press("x")
        await on.until(lambda: chosen() is Tier.EXPEDITED)
        assert box.query_one("#confirm", Button).disabled
        await on.sees("nothing would be sent")
        await on.press("enter")
        await on.sees("nothing to send")
        assert on.posts() == 0


async def test_days_decide_the_expiry_and_zero_is_refused(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        box = await dialog(on)
        await on.sees("until at least 2026-01-23 00:00 UTC")
        box.query_one("#days", Input).focus()
        await on.press("end", "backspace", "0")
        await on.sees("a restored copy must last at least 1 day")
        assert box.query_one("#confirm", Button).disabled
        await on.press("backspace", "2", "1")
        await on.sees("until at least 2026-02-06 00:00 UTC", "copy for 21 days")
        await on.press("enter", "plus", "plus", "minus")
        await on.sees("until at least 2026-02-07 00:00 UTC", "copy for 22 days")
        await on.press("tab")
        await on.sees("▶Engine", "this machine sends every request")
        await on.press("question_mark")
        await on.sees("While choosing a tier", "copies last a day longer")
        await on.press("escape", "shift+tab")
        await on.until(lambda: "this machine sends every request" not in on.text)
        await confirm(on)
        assert on.session.ledger.runs.peek_all()[0].days == 22


async def test_what_was_seen_a_while_ago_is_planned_as_of_then(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Until the dialog is up the clock is turned as often as a busy machine needs.
    monkeypatch.setattr(plans, "SEEN_NOW", timedelta(hours=2))
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        assert "as of" not in on.text
        await on.press("escape")
        await on.hours(3)
        await dialog(on)
        await on.sees("2 objects", "chosen · as of 01-15 12:0")


async def test_nothing_eligible_sends_nothing_and_says_why(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive/catalog/") as on:
        await on.settled()
        await on.press("a")
        await on.sees("9 marked")
        await dialog(on)
        await on.sees("nothing to do", "STANDARD_IA can be read as it is", "nothing would be sent")
        await on.press("enter")
        await on.sees("nothing to send")
        assert on.posts() == 0


async def test_above_the_budget_the_amount_has_to_be_typed(walk: StartWalk) -> None:
    async with walk(COLD, budget=Decimal(0)) as on:
        await mark_archived(on, 3)
        box = await dialog(on)
        await on.sees("Above the budget of $0.00")
        await on.press("enter", *"1", "enter")
        await on.sees("to confirm, type")
        assert on.posts() == 0
        assert box.plan is not None
        amount = f"{box.plan.tiers[box.query_one(TierTable).tier].cost.total:.2f}"
        await on.press("backspace", *amount, "enter")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        await on.until(lambda: on.posts() == 3)


async def test_read_only_plans_but_never_sends(walk: StartWalk) -> None:
    async with walk(COLD, read_only=True) as on:
        await mark_archived(on, 2)
        box = await dialog(on)
        await on.sees("read-only: nothing can be sent")
        assert box.query_one("#confirm", Button).disabled
        await on.press("enter")
        await on.sees("this session is read-only, so nothing was sent")
        assert on.posts() == 0


async def test_hidden_marks_are_named_before_anything_acts_on_them(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await on.press("slash", *"nothing-like-it", "enter")
        await on.sees("3 not shown here")
        await dialog(on)
        await on.sees("3 of these are not rows on screen")


async def test_speed_up_and_extend_from_the_run(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await on.press("down")
        await confirm(on)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts.get(State.RESTORING) == 2)
        await on.sees("s speed up")
        box = await dialog(on, "s")
        await on.sees("Speed up", "upgrade")
        assert box.query_one("#days", Input).value == "7"
        await confirm(on)
        await on.until(lambda: on.posts() == 4)
        await on.hours(50)
        await on.press("escape")
        runs = on.app.main.query_one(RestoresPane)
        await on.until(lambda: runs.list.run is not None and runs.list.run.counts.get(State.AVAILABLE) == 2)
        await on.sees("e extend")
        box = await dialog(on, "e")
        box.query_one("#days", Input).focus()
        await on.press("end", "0")
        await on.sees("copy +65 days", "70 ", "extend")
        await on.press("enter")
        await confirm(on)
        await on.until(lambda: on.posts() == 6)


async def test_without_expedited_capacity_another_tier_is_one_key_away(walk: StartWalk) -> None:
    async with walk(COLD, world={"scenario": "no-expedited"}) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await on.press("x")
        await confirm(on)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.FAILED: 2})
        await on.sees("t retry failed", "at another tier if need be")
        await on.press("t")
        await on.sees("2 objects of run 1 found no Expedited capacity", "At another tier", "Expedited again")
        await on.press("shift+tab", "shift+tab", "enter")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
        await on.sees("2 objects", "account 123456789012", "Restore 2")
        await confirm(on)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].id == 2)
        await on.sees("standard")
        await on.until(lambda: on.posts() == 4)
        await on.hours(8)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.AVAILABLE: 2})


async def test_after_twenty_refusals_in_a_row_the_rest_waits_for_a_decision(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", world={"scenario": "no-expedited"}) as on:
        await mark_archived(on, 30)
        await dialog(on)
        await on.press("x")
        await confirm(on)
        await on.sees("20 requests of run 1 in a row found no Expedited capacity", "10 objects of it")
        await on.sees("At Standard", "Keep trying", "Leave them")
        assert on.posts() == 20
        await on.press("shift+tab", "shift+tab", "enter")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
        await on.sees("30 objects", "Restore 30")
        await confirm(on)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].id == 2)
        await on.until(lambda: on.posts() == 50)
        (first,) = [run for run in on.session.ledger.runs.peek_all() if run.id == 1]
        assert first.counts == {State.FAILED: 20, State.CANCELLED: 10}


async def test_a_retry_is_asked_about_with_its_price_and_held_by_the_budget(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", budget=Decimal(1000000)) as on:
        on.sandbox.faults.set([{"kind": "deny", "operations": ["RestoreObject"]}], on.sandbox.cloud.now())
        await mark_archived(on, 3)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.FAILED: 3})
        sent = on.posts()
        on.sandbox.faults.set([], on.sandbox.cloud.now())
        await on.sees("t retry failed")
        await on.press("t")
        await on.sees("Send the 3 failed objects of run 1", "$")
        await on.press("enter")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        assert on.posts() == sent, "the keys stand on no"
        force_setattr(on.session.settings, "budget", Decimal(0))
        await on.press("t")
        await on.sees("more than the 0.00 USD allowed", "to confirm")
        await on.press(*"1", "enter")
        await on.sees("has to be typed")
        assert on.posts() == sent
        offer = await on.session.spending.offer_retry(1)
        await on.press("t")
        # The line below still says what was to be typed, so that the words alone prove nothing.
        await on.until(lambda: len(on.app.screen_stack) == 2)
        await on.sees("to confirm")
        await on.press(*f"{offer.cost:.2f}", "enter")
        await on.until(lambda: on.posts() == sent + 3)


async def test_a_run_is_filtered_sorted_exported_and_its_failures_retried(walk: StartWalk, tmp_path: Path) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 4)
        on.sandbox.faults.set([], on.sandbox.cloud.now())
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 4)
        detail = on.app.main.query_one(RestoresPane).detail
        await on.until(lambda: detail.table.count == 4)
        await on.press("o", "down", "down", "down", "enter")
        await on.sees("Size ▼")
        target = tmp_path / "objects.csv"
        await on.press("x", "ctrl+u", *str(target), "enter")
        await on.until(target.exists)
        with target.open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 4
        master, slave = pty.openpty()
        await on.press("x", "ctrl+u", *os.ttyname(slave), "enter")
        await on.sees("is a terminal", "choose a file")
        os.close(slave)
        os.close(master)
        await on.press("b")
        await on.sees("s3://acme-frankfurt-archive/")
        assert on.app.main.tab == "browse"


async def test_everything_is_still_there_after_reopening(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await sandbox()
    async with walk(COLD, running=running) as on:
        await mark_archived(on, 3)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
    async with walk(COLD, running=running) as on:
        await on.sees("2 Restores ◑1")
        await on.press("2")
        await on.sees("restoring", "radio/berlin/")
        await on.hours(60)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.AVAILABLE: 3})
        assert on.posts() == 3


async def test_the_footer_says_what_enter_does_to_the_button_in_focus(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await on.press("tab", "tab")
        await on.until(lambda: on.footer.startswith(" enter next field"))
        await on.press("tab")
        await on.until(lambda: on.footer.startswith(" enter restore 2"))
        await on.press("tab")
        await on.until(lambda: on.footer.startswith(" enter cancel"))
