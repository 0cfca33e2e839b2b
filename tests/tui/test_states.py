"""One state at a time: on its way, empty, failed with its cause and the next key, or whole; no green light then."""

import asyncio
import base64
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from restoretui.core.errors import AccessDenied, CloudError, LedgerError, RestoreTuiError, Unreachable
from restoretui.ledger.activity import ActivityLog
from restoretui.ledger.runs.runs import Runs
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.widgets.table.live_table import LiveTable
from tests.narrowing import a
from tests.tui.batch.test_batch_jobs import confirmed, job
from tests.tui.conftest import StartWalk, Walk

GREEN = "✓ ready"
TABS = [("1", "s3://"), ("2", "restores"), ("3", "batch jobs"), ("4", "activity")]


def above(on: Walk) -> str:
    """What is on screen without the notice, which repeats what failed for a while."""
    on.app.main.query_one(BrowsePane)
    notice = on.app.main.query_one("Notice", Static).region
    return "\n".join(line for at, line in enumerate(on.lines()) if not notice.y <= at < notice.bottom)


async def test_a_failed_listing_is_only_that(walk: StartWalk) -> None:
    async with walk("s3://no-such-bucket-here", size=(80, 24)) as on:
        await on.sees("✗ not listed")
        shown = above(on)
        assert "no bucket 'no-such-bucket-here'" in shown
        assert "R tries again" in shown
        assert "~ shows the buckets" in shown
        for other in (GREEN, "listing …", "nothing is here", "reading …"):
            assert other not in shown, shown
        await on.press("tilde")
        await on.sees("8 buckets", GREEN)
        assert "no-such-bucket-here" not in on.text


async def test_the_cause_is_read_at_any_width(walk: StartWalk) -> None:
    async with walk("s3://no-such-bucket-here", size=(40, 15)) as on:
        await on.sees("✗ not listed", "✗ there is no bucket")
        assert "R tries again" in " ".join(above(on).split())


async def test_a_bucket_list_that_fails_is_only_that(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_args: Any) -> Any:
        raise AccessDenied("you may not list the buckets", "the IAM action s3:ListAllMyBuckets is missing")

    monkeypatch.setattr("restoretui.session.session.Session.buckets", refused)
    async with walk() as on:
        await on.sees("✗ not listed", "s3:ListAllMyBuckets is missing", "R tries again", "g goes to another place")
        for other in (GREEN, "listing …", "0 buckets", "no buckets"):
            assert other not in on.text
        monkeypatch.undo()


async def test_while_it_is_on_its_way_nothing_else_is_said(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_args: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr("restoretui.session.session.Session.buckets", never)
    async with walk(opens=False) as on:
        await on.until(lambda: on.app.session is not None)
        await on.sees("◑ listing", "listing …")
        for other in (GREEN, "0 buckets", "no buckets", "nothing"):
            assert other not in on.text


async def test_a_refusal_over_who_pays_says_how_to_go_on(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_args: Any, **_more: Any) -> Any:
        raise AccessDenied("this bucket refuses", "for a requester-pays bucket add --requester-pays")

    monkeypatch.setattr("restoretui.session.session.Session.open_listing", refused)
    async with walk("s3://acme-media-archive") as on:
        await on.sees("P reopens it with you paying", "✗ not listed")


async def test_a_bucket_whose_requester_pays_is_reopened_in_place(walk: StartWalk) -> None:
    async with walk("s3://acme-requester-pays") as on:
        await on.sees("✗ not listed", "P reopens it with you paying")
        await on.press("P")
        await on.sees("Whoever asks pays")
        await on.press("enter")  # The keys stand on no.
        await on.sees("✗ not listed")
        await on.press("P")
        await on.sees("Whoever asks pays")
        await on.press("left", "enter")
        await on.settled()
        await on.sees("✓ ready")
        assert "not listed" not in on.text
        assert on.app.main.query_one(BrowsePane).table.count
        await on.press("P")  # There is nothing left to agree to.
        assert "Whoever asks pays" not in on.text


async def test_what_failed_is_said_once(walk: StartWalk) -> None:
    async with walk("s3://no-such-bucket-here", size=(80, 24)) as on:
        await on.sees("✗ there is no bucket 'no-such-bucket-here'")
        assert on.text.count("there is no bucket") == 1
        assert not on.notice
        await on.press("2", "1")
        assert on.text.count("there is no bucket") == 1


async def test_escape_stops_a_look_up_that_has_not_begun(walk: StartWalk) -> None:
    begun: list[str] = []

    async def never(*_args: Any, **_more: Any) -> Any:
        begun.append("look-up")
        try:
            await asyncio.Event().wait()
        finally:
            begun.append("given up")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restoretui.session.session.Session.open_listing", never)
        async with walk("s3://acme-media-archive") as on:
            await on.sees("◑ listing", "esc stops")
            await on.press("escape")
            await on.sees("the listing was stopped before anything was found", "▲ not listed")
            assert begun == ["look-up", "given up"]
            patch.undo()
            await on.press("R")
            await on.sees("README.txt")


async def test_keys_are_named_as_they_are_mapped(walk: StartWalk) -> None:
    async with walk("s3://no-such-bucket-here", keys={"refresh": "ctrl+l", "buckets": "B"}) as on:
        await on.sees("^l tries again", "B shows the buckets")


async def test_a_refresh_that_fails_keeps_the_rows_and_puts_the_light_out(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.sees("README.txt", GREEN)

        async def lost(*_args: Any, **_more: Any) -> Any:
            raise Unreachable("the endpoint does not answer")

        on.session.open_listing = lost  # type: ignore[method-assign]
        await on.press("R")
        await on.sees("✗ not whole", "README.txt", "and not since")
        assert GREEN not in on.text
        del on.session.open_listing
        await on.press("R")
        await on.sees(GREEN)
        assert "not since" not in on.text


async def test_nothing_is_here_never_stands_before_the_first_rows(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    watch = LiveTable.validate_placeholder if hasattr(LiveTable, "validate_placeholder") else None
    assert watch is None

    def validate(self: Any, text: str) -> str:
        if self.id == "objects":
            said.append(text)
        return text

    monkeypatch.setattr(LiveTable, "validate_placeholder", validate, raising=False)
    async with walk("s3://acme-genomics-cold") as on:
        await on.settled()
        await on.until(lambda: on.app.main.query_one(BrowsePane).table.count)
        await on.press("d")
        await on.settled()
        assert said
        assert "nothing is here" not in said
        await on.press("g", "ctrl+u", *"s3://acme-empty", "enter")
        await on.sees("nothing is here")


async def test_a_stopped_listing_does_not_call_the_place_empty(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_args: Any, **_more: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr("restoretui.engine.listing.lister.Lister.list_all", slow)
    async with walk("s3://acme-media-archive") as on:
        await on.sees("listing …", "esc stops")
        await on.press("escape")
        await on.sees("stopped before anything was found: R lists again")
        assert "nothing is here" not in on.text


@pytest.mark.parametrize(("tab", "where"), TABS)
async def test_a_session_that_cannot_open_says_so_on_each_tab(
    walk: StartWalk, tmp_path: Path, tab: str, where: str
) -> None:
    (tmp_path / "state").write_text("not a folder")
    async with walk(opens=False) as on:
        await on.sees("✗ not open")
        await on.press(tab)
        await on.sees(where, "nothing to show until then; q leaves", "✗ not open")
        on.app.main.query_one(BrowsePane).judge()  # Whatever else comes does not change it.
        await on.pilot.resize_terminal(90, 28)
        await on.sees("nothing to show until then; q leaves", "✗ not open")
        for other in (GREEN, "opening …", "no restores yet", "nothing happened yet", "no restore jobs"):
            assert other not in on.text


async def test_a_run_that_cannot_be_read_says_why(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk() as on:
        await confirmed(on)

        async def broken(*_args: Any) -> Any:
            raise LedgerError("the ledger cannot be read", "make room")

        await on.press("2")
        await on.sees("1 run", "#1", "enter open")
        monkeypatch.setattr(Runs, "view", broken)
        await on.press("enter")
        await on.sees("✗ not read", "✗ the ledger cannot be read", "make room", "bksp goes back to the runs")
        assert "reading …" not in on.text
        await on.press("backspace")
        await on.until(lambda: "✗ not read" not in on.text)


async def test_activity_that_cannot_be_read_says_why(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: Any) -> Any:
        raise LedgerError("the ledger cannot be read", "make room")

    async with walk() as on:
        monkeypatch.setattr(ActivityLog, "bursts", broken)
        await on.press("4")
        await on.sees("✗ not read", "✗ the ledger cannot be read", "make room")
        for other in (GREEN, "nothing happened yet", "reading …"):
            assert other not in on.text


async def test_a_filter_without_a_match_does_not_say_that_nothing_happened(walk: StartWalk) -> None:
    async with walk() as on:
        await confirmed(on)
        await on.press("4")
        await on.sees("confirmed")
        await on.press("slash", *"no-such-text", "enter")
        await on.sees("no entry matches")
        assert "nothing happened" not in on.text


async def test_jobs_that_cannot_be_listed_say_why(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_args: Any, **_more: Any) -> Any:
        for page in list[Any]():
            yield page
        raise AccessDenied("you may not list jobs", "the IAM action s3:ListJobs is missing")

    async with walk() as on:
        monkeypatch.setattr("restoretui.session.batch.operations.BatchOperations.jobs", refused)
        await on.press("3")
        await on.sees("✗ not listed", "✗ you may not list jobs", "s3:ListJobs is missing", "R asks again")
        for other in (GREEN, "no restore jobs", "asking the account", "0 restore jobs"):
            assert other not in on.text
        await confirmed(on)
        await on.sees("▲ only ours", "#1 cold", "only ours: you may not list jobs")
        await on.press("1")
        await on.until(lambda: "only ours" not in on.text)


async def test_a_job_that_cannot_be_looked_at_says_why(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_args: Any, **_more: Any) -> Any:
        raise CloudError("the account does not tell", "ask for s3:DescribeJob")

    async with walk() as on:
        await confirmed(on)
        await on.until(lambda: job(on).job_id, rounds=2000)
        await on.press("3")
        await on.sees("#1 cold")
        monkeypatch.setattr("restoretui.session.batch.operations.BatchOperations.job", refused)
        await on.press("enter")
        await on.sees("✗ not read", "the account does not tell")
        assert GREEN not in on.text
        monkeypatch.undo()
        await on.press("R")
        await on.until(lambda: "✗ not read" not in on.text)


async def test_an_object_that_cannot_be_looked_at_puts_the_light_out(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_args: Any, **_more: Any) -> Any:
        raise AccessDenied("you may not look at this object", "the IAM action s3:GetObject is missing")

    async with walk("s3://acme-media-archive/catalog/") as on:
        await on.settled()
        monkeypatch.setattr("restoretui.session.selecting.Selecting.inspect", refused)
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Inspector))
        await on.sees("you may not look at this object. the IAM action s3:GetObject is missing", "✗ object not seen")
        assert "asking for the rest" not in on.text
        await on.press("escape")
        await on.sees(GREEN)


async def test_a_background_that_stopped_has_no_green_light(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        failure = RestoreTuiError("the disk is full", "make room and start again")
        monkeypatch.setattr(type(on.app.session), "failure", property(lambda _session: failure))
        on.session.ledger.changes.publish("health")
        await on.sees("the disk is full", "✗ stopped")
        assert GREEN not in on.text


async def test_a_ledger_that_cannot_be_read_does_not_end_the_screens(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("2")

        def broken(_self: Any) -> Any:
            raise LedgerError("the ledger cannot be read", "make room")

        monkeypatch.setattr(Runs, "peek_all", broken)
        on.session.ledger.changes.publish("runs")
        await on.until(lambda: "the ledger cannot be read" in on.notice)
        assert on.app.is_running
        monkeypatch.undo()


# --- what session this is


@pytest.mark.parametrize("width", [60, 64, 70, 80, 100, 160])
async def test_read_only_and_the_profile_are_in_sight_on_each_screen(walk: StartWalk, width: int) -> None:
    async with walk(
        "s3://acme-media-archive", size=(width, 15), read_only=True, env=PROFILE, profile="archive-prod"
    ) as on:
        for tab in ("1", "2", "3", "4"):
            await on.press(tab)
            await on.pilot.pause()
            assert "READ-ONLY" in on.lines()[0], on.lines()[0]
            assert "archive-prod" in on.lines()[0], on.lines()[0]


async def test_a_very_long_profile_is_cropped_and_badges_are_not(walk: StartWalk) -> None:
    name = "AdministratorAccess-123456789012-production-eu"
    async with walk(size=(60, 15), read_only=True, env=PROFILE, profile=name, production_profiles=(name,)) as on:
        head = on.lines()[0]
        assert "READ-ONLY" in head
        assert "PRODUCTION" in head
        assert re.search(r"A\w*…[\w-]*eu", head), head


def is_at(on: Walk, tab: str) -> bool:
    return on.app.main.tab == tab


async def test_a_click_finds_its_tab_however_narrow(walk: StartWalk) -> None:
    async with walk(size=(60, 15), read_only=True, env=PROFILE, profile="archive-prod") as on:
        for tab, label in (("restores", " 2 "), ("activity", " 4 "), ("browse", " 1 ")):
            await on.pilot.click("#tabs", offset=(on.lines()[0].index(label) + 1, 0))
            await on.until(partial(is_at, on, tab))


PROFILE = {"AWS_CONFIG_FILE": "/nonexistent/config"}


# --- what leaves for elsewhere


def clipboard(tape: str) -> str:
    (found,) = re.findall(r"\x1b\]52;c;([^\a]*)\a", tape)
    return base64.b64decode(found).decode()


@pytest.mark.parametrize("key", ["a\nrm -rf x\n", "a\x1b[2Jb", "a b", "it's", "$(id)", "\u202egpj", "plain.txt"])
async def test_what_is_copied_is_one_word_of_a_shell(walk: StartWalk, key: str) -> None:
    async with walk(taped=True) as on:
        on.sandbox.cloud.add_bucket("odd")
        on.sandbox.cloud.put("odd", key, size=1, storage_class="STANDARD")
        await on.press("g", "ctrl+u", *"s3://odd", "enter")
        await on.settled()
        await on.until(lambda: on.app.main.query_one(BrowsePane).table.row)
        await on.press("c")
        await on.sees("the location, as it is written here")
        on.tape.take()
        await on.press("u")
        await on.until(lambda: len(on.app.screen_stack) == 1)
        copied = clipboard(on.tape.take())
        assert copied.isprintable()
        shell = subprocess.run(["bash", "-c", f"printf %s {copied}"], capture_output=True, check=True)
        assert shell.stdout.decode() == f"s3://odd/{key}"
        assert ("quoted for a shell" in on.notice) is (copied != f"s3://odd/{key}")
        assert (copied == f"s3://odd/{key}") is (key == "plain.txt")
        await on.press("g", "ctrl+u")
        a(Input, on.app.screen.focused).value = copied
        await on.press("enter")
        await on.until(lambda: on.app.main.query_one(BrowsePane).location.key == key)


async def test_an_entry_of_the_trail_is_copied_without_what_a_terminal_obeys(walk: StartWalk) -> None:
    async with walk(taped=True) as on:
        await on.session.ledger.activity.add("network", "paused: \x1b]0;owned\x07\nrm -rf x")
        await on.press("4")
        await on.sees("paused")
        on.tape.take()
        await on.press("c")
        copied = clipboard(on.tape.take())
        assert "␛]0;owned␇␊rm -rf x" in copied
        assert copied.isprintable()
        assert "control characters spelled out" in on.notice


async def test_an_export_says_where_it_is(walk: StartWalk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with walk() as on:
        await confirmed(on)
        await on.press("2", "x")
        await on.sees("Write the objects of run 1")
        await on.press("enter")
        await on.until(lambda: f"40 objects written to {tmp_path / 'restoretui-run-1.csv'}" in on.notice)


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (29, 40)])
async def test_a_cloud_that_does_not_answer_is_told_of_within_seconds(walk: StartWalk, size: tuple[int, int]) -> None:
    answer = asyncio.Event()

    async def late(*_args: Any, **_more: Any) -> str:
        await answer.wait()
        return "us-east-1"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restoretui.providers.s3.provider.S3Provider.bucket_region", late)
        async with walk("s3://acme-media-archive", size=size) as on:
            await on.sees("no answer from 127.0.0.1" if size[0] > 40 else "no answer for")
            answer.set()
            await on.settled()
            await on.until(lambda: "no answer" not in on.text)


@pytest.mark.parametrize("location", [None, "s3://acme-media-archive"])
async def test_what_keeps_both_rows_and_name_away_is_said_once(walk: StartWalk, location: str | None) -> None:
    async with walk(location, size=(80, 24), world={"scenario": "unknown-credentials"}) as on:
        await on.sees("✗ not listed", "the credentials do not exist")
        await on.until(lambda: all(work.is_finished for work in on.app.workers if work.group == "identity"))
        assert on.text.count("the credentials do not exist") == 1
        assert not on.notice


async def test_a_clock_that_is_wrong_offers_no_sign_in(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", size=(80, 24), world={"scenario": "clock-skew"}) as on:
        await on.sees("✗ this machine's clock is too far from the cloud's", "set the clock (NTP)", "R tries again")
        assert "signs in" not in on.text
