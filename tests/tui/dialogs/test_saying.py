"""What a dialog, a job or a run is about, copied as a command: two keys, and nothing is done by that."""

import asyncio
import shlex
import stat
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from restoretui.cli import app
from restoretui.commands.choosing.selected import selected
from restoretui.commands.output import TABLE, Output
from restoretui.commands.planning import plans_of
from restoretui.core.model import Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.prompts import Confirm
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.dialogs.say_box import SayBox
from restoretui.tui.terminal.clipboard import why_no_clipboard
from tests.core.rules.test_cloud_commands import asked
from tests.narrowing import a, there
from tests.tui.batch.test_batch_restoring import ROLE, pick
from tests.tui.batch.test_batch_restoring import dialog as batch_dialog
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import COLD, confirm, dialog, mark_archived


async def forms(on: Walk) -> str:
    """Press the key; what is in the clipboard then."""
    await on.press("ctrl+y")
    await on.until(lambda: isinstance(on.app.screen, SayBox))
    await on.sees("✓ copied: restoretui")
    return on.app.clipboard


async def read_list(line: str) -> str:
    """The keys in the file that a line names, which is for nobody else to read."""
    words = shlex.split(line)
    path = Path(words[words.index("--keys-from") + 1])
    assert stat.S_IMODE((await asyncio.to_thread(path.stat)).st_mode) == 0o600
    return await asyncio.to_thread(path.read_text)


async def planned(on: Walk, line: str, monkeypatch: pytest.MonkeyPatch) -> tuple[RestorePlan, Tier]:
    """The plan the line gives, once the real command line has read it."""
    heard: dict[str, Any] = {}

    def headless(_flags: object, _as_json: bool, _module: str, _command: str, *args: Any, **options: Any) -> None:
        heard.update(args=args, **options)

    with monkeypatch.context() as patching:
        patching.setattr(app, "headless", headless)
        await asyncio.to_thread(lambda: app.cli.main(shlex.split(line)[1:], standalone_mode=False))
    session = on.session
    output = Output(TABLE, StringIO(), StringIO())
    chosen, said = heard["args"]
    choice = await chosen.meant(session.settings).with_keys(session, output, session.settings)
    async with selected(session, output, choice) as chosen:
        made, *others = await plans_of(session, chosen.sel, said.lasting, said.tier, shorten=said.shorten)
    assert not others
    return made, said.tier


def asked_by(plan: RestorePlan, tier: Tier) -> object:
    """All that would be sent, and at which price."""
    chosen = plan.tiers[tier]
    lines = sorted(
        (
            line.group.bucket,
            line.group.facts.storage_class,
            line.verdict.action,
            line.group.objects,
            line.group.size_bytes,
        )
        for line in chosen.sending
    )
    return lines, chosen.cost, plan.days, plan.until, plan.expiry, plan.shorten


async def test_two_keys_copy_a_line_that_gives_the_very_plan(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(COLD, size=(80, 24)) as on:
        await mark_archived(on, 7)
        box = await dialog(on)
        for lasting in ("7", f"{on.clock.now():%Y}-12-31"):
            box.days_field.value = lasting
            dated = "-" in lasting
            await on.until(lambda dated=dated: (there(box.plan).until is not None) is dated and not box._is_stale)  # type: ignore[misc]
            line = await forms(on)
            listed = await read_list(line)
            assert len(listed.splitlines()) == 7
            made, tier = await planned(on, line, monkeypatch)
            assert asked_by(made, tier) == asked_by(there(box.plan), box.tiers.tier)
            await on.press("escape")
        assert on.posts() == 0
        await confirm(on)
        kept = await forms(on)
        await on.sees("aws s3api restore-object")
        assert "--until" in kept
        assert await read_list(kept) == listed


async def test_a_row_or_a_prefix_is_named_itself(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        box = await dialog(on)
        line = await forms(on)
        assert shlex.split(line)[:3] == ["restoretui", "restore", "s3://acme-media-archive/archive/"]
        made, tier = await planned(on, line, monkeypatch)
        assert asked_by(made, tier) == asked_by(there(box.plan), box.tiers.tier)


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_the_chooser_is_readable_and_copies_each_form(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk(COLD, size=size) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        first = await forms(on)
        box = a(Dialog, on.app.screen).box.region
        assert box.bottom <= size[1] - 1
        await on.press("down", "enter")
        await on.sees("✓ copied: S3's own tool")
        assert on.app.clipboard.startswith("aws s3api restore-object --bucket acme-frankfurt-archive ")
        assert on.app.clipboard != first
        await on.press("escape")
        assert isinstance(on.app.screen, RestoreDialog)
        assert on.posts() == 0


async def test_extending_and_speeding_up_are_said_with_the_states_they_are_about(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 6)
        box = await dialog(on)
        await on.press("b")
        await confirm(on)
        await on.until(lambda: on.posts() == 6)
        await on.until(lambda: "speed up" in on.footer)
        await on.press("s")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        box = a(RestoreDialog, on.app.screen)
        line = await forms(on)
        assert "--where state:requested,restoring" in line
        made, tier = await planned(on, line, monkeypatch)
        assert asked_by(made, tier) == asked_by(there(box.plan), box.tiers.tier)
        await on.press("escape", "escape")
        await on.hours(50)
        await on.until(lambda: "extend" in on.footer)
        await on.press("e")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        box = a(RestoreDialog, on.app.screen)
        line = await forms(on)
        assert "--where state:available" in line
        made, tier = await planned(on, line, monkeypatch)
        assert asked_by(made, tier) == asked_by(there(box.plan), box.tiers.tier)


async def test_above_the_budget_the_line_says_what_would_be_typed(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", budget=Decimal("0.01")) as on:
        await on.settled()
        box = await dialog(on)
        cost = there(box.plan).tiers[box.tiers.tier].cost.total
        words = shlex.split(await forms(on))
        assert abs(float(words[words.index("--max-cost") + 1].removesuffix("USD")) - float(cost)) <= 0.01


async def test_the_key_answers_no_question(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await on.settled()
        answers: list[object] = []
        on.app.push_screen(Confirm("Sure", "Do it?", "Yes"), answers.append)
        await on.sees("Do it?")
        await on.press("ctrl+y")
        assert isinstance(on.app.screen, Confirm)
        await on.press("escape", "g")
        await on.sees("Go to")
        await on.press("ctrl+y")
        assert a(Input, on.app.screen.focused).value == COLD
        assert answers == [None]


async def test_a_run_of_an_earlier_version_says_that_it_has_none(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await confirm(on)
        await on.session.ledger._writer.do(lambda tx: tx.run("DELETE FROM run_command"))
        await on.press("ctrl+y")
        await on.sees("no command is kept with this run", "aws s3api restore-object")


async def test_activity_says_the_run_of_its_entry(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 2)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 2)
        await on.press("4")
        await on.sees("#1")
        assert (await forms(on)).startswith("restoretui restore s3://acme-frankfurt-archive/")


def test_a_terminal_known_to_take_no_copies_is_not_said_to_have_taken_one() -> None:
    assert why_no_clipboard({"TERM": "linux"}) == "the Linux console has no clipboard"
    assert "Apple" in why_no_clipboard({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"})
    tmux = {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}
    assert not why_no_clipboard(tmux, lambda *_: "on")
    assert "set-clipboard on" in why_no_clipboard(tmux, lambda *_: "external")
    assert not why_no_clipboard({"TMUX": "/nothing/here,1,0"}, lambda *_: "")
    assert not why_no_clipboard({"TERM": "xterm-kitty"})


async def test_where_nothing_is_taken_that_is_said(walk: StartWalk) -> None:
    async with walk(COLD, env={"TERM": "linux", "TMUX": ""}) as on:
        await on.settled()
        await dialog(on)
        await on.press("ctrl+y")
        await on.sees("not copied: the Linux console has no clipboard", "restoretui restore")


async def test_jobs_are_said_with_all_their_options_and_made_by_the_aws_cli(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(size=(100, 40), batch_role_arn=ROLE) as on:
        box = await batch_dialog(on)
        pick(box, "engine", "batch")
        pick(box, "start", "hold")
        box.query_one("#description", Input).value = "it's for the film"
        box.query_one("#tags", Input).value = "team=a b"
        await on.sees("1 job, fees of")
        line = await forms(on)
        for text in (f"--role-arn {ROLE}", "--confirm later", "--report-scope all", "--priority 10", "'team=a b'"):
            assert text in line
        made, tier = await planned(on, line, monkeypatch)
        assert asked_by(on.session.batch.plan(made), tier) == asked_by(box.engine.through(there(box.plan)), tier)
        await on.press("down", "enter")
        put, create = on.app.clipboard.split("\n")
        assert put.startswith("etag=$(aws s3api put-object --bucket cold --key restoretui/manifests/")
        words = shlex.split(put.removeprefix("etag=$(").removesuffix(")"))
        rows = await asyncio.to_thread(Path(words[words.index("--body") + 1]).read_text)
        assert rows.splitlines() == [f"cold,g/{number:04d}" for number in range(12)]
        operation, given = asked([word.replace("$etag", '"0123"') for word in shlex.split(create)])
        assert operation == "CreateJob"
        assert given["ConfirmationRequired"] is True
        assert (given["RoleArn"], given["Description"]) == (ROLE, "it's for the film")
        assert given["Tags"] == [{"Key": "team", "Value": "a b"}]
        await on.press("escape")
        box.tiers.focus()
        await on.confirm()
        await on.until(lambda: len(on.app.screen_stack) == 1)
        await on.until(lambda: on.session.batch.ours()[0].job_id, rounds=4000)
        assert await forms(on) == line.replace(
            next(word for word in line.split() if word.endswith(".keys")),
            next(word for word in on.app.clipboard.split() if word.endswith(".keys")),
        )
        await on.press("down", "enter")
        operation, given = asked(shlex.split(on.app.clipboard))
        assert given["Manifest"]["Location"]["ObjectArn"].startswith("arn:aws:s3:::cold/restoretui/manifests/")
        assert "ClientRequestToken" not in given


async def test_versions_are_named_one_by_one(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk("s3://acme-legal-versions", size=(100, 40)) as on:
        await on.settled()
        await on.press("V")
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("a", "r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        box = a(RestoreDialog, on.app.screen)
        line = await forms(on)
        assert "?versionId=" in line
        made, tier = await planned(on, line, monkeypatch)
        assert asked_by(made, tier) == asked_by(there(box.plan), box.tiers.tier)
