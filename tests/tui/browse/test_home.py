"""What stands above the buckets at a start, and how one goes back and forth; each place is shown in its own way."""

from pathlib import Path

import pytest

from restoretui.ledger.places import PlaceLook
from restoretui.sandbox.state.cloud import OTHER_ACCOUNT
from restoretui.sandbox.wire.signature import OTHER_ACCESS_KEY_ID
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.go_to import GoTo, PlaceField
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_restoring import confirm, dialog, mark_archived

PLACE = "s3://acme-media-archive/archive/"


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_the_run_of_yesterday_and_the_places_stand_there_after_a_start(
    walk: StartWalk, sandbox: StartSandbox, size: tuple[int, int]
) -> None:
    running = await sandbox()
    async with walk(PLACE, running=running) as on:
        await mark_archived(on, 3)
        await dialog(on)
        await confirm(on)
        await on.press("1", "backspace", "B")
        await on.sees("is a bookmark")
    async with walk(running=running, size=size) as on:
        await on.sees("run 1 · within ", "★ s3://acme-media-archive", "8 buckets")
        assert all(len(line) <= size[0] for line in on.lines())
        browse = on.app.main.query_one(BrowsePane)
        assert browse.buckets.cursor == 0
        await on.press("enter")
        await on.until(lambda: on.app.main.tab == "restores")
    async with walk("s3://acme-oss", running=running) as on:
        await on.until(lambda: not on.app.main.query_one(BrowsePane).is_asking)
        assert "run 1" not in on.text, "whoever said where to go is shown that"


async def test_without_a_past_there_are_the_buckets_and_nothing_else(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        await on.sees("8 buckets")
        browse = on.app.main.query_one(BrowsePane)
        assert browse.buckets.count == browse.bucket_rows == 8


async def test_back_and_forward_and_each_bucket_in_its_own_way(walk: StartWalk) -> None:
    async with walk(PLACE) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        await on.press("d", "o", "down", "enter")
        await on.until(lambda: browse.source.flat and browse.source.query.sort == "size")
        assert browse.table.cursor == 0, "the first row stays the first"
        await on.press("g")
        field = on.app.screen.query_one(PlaceField)
        field.value = "s3://acme-legal-versions/"
        await on.press("enter")
        await on.until(lambda: browse.location.bucket == "acme-legal-versions")
        await on.settled()
        assert (browse.source.flat, browse.source.query.sort) == (False, "key")
        await on.press("left_square_bracket")
        await on.until(lambda: browse.location.bucket == "acme-media-archive")
        assert (browse.source.flat, browse.source.query.sort) == (True, "size")
        await on.press("right_square_bracket")
        await on.until(lambda: browse.location.bucket == "acme-legal-versions")


async def test_a_place_is_shown_as_an_earlier_session_left_it(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await sandbox()
    async with walk(PLACE, running=running) as on:
        await on.settled()
        await on.press("d", "o", "down", "enter")
        browse = on.app.main.query_one(BrowsePane)
        await on.until(lambda: browse.source.look == PlaceLook(True, "size", True))
        await on.until(lambda: on.session.ledger.places.look(browse.location) == browse.source.look)
    for place, look in ((PLACE, PlaceLook(True, "size", True)), ("s3://acme-media-archive/", PlaceLook())):
        async with walk(place, running=running) as on:
            await on.settled()
            assert on.app.main.query_one(BrowsePane).source.look == look


async def test_a_location_is_completed_from_what_is_known(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("8 buckets")
        await on.press("g")
        await on.until(lambda: isinstance(on.app.screen, GoTo))
        await on.press(*"acme-gen")
        await on.until(lambda: bool(on.app.screen.query_one(PlaceField)._suggestion))
        await on.press("tab")
        value = on.app.screen.query_one(PlaceField).value
        assert value.startswith("s3://acme-genomics"), value
        await on.press("enter")
        browse = on.app.main.query_one(BrowsePane)
        await on.until(lambda: browse.location.bucket.startswith("acme-genomics"))
        assert there(browse.location).bucket in value


async def test_marks_that_were_left_are_there_with_their_age_and_enter_takes_them(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox()
    async with walk(PLACE, running=running) as on:
        await on.settled()
        await on.press("A")
        browse = on.app.main.query_one(BrowsePane)
        await on.until(lambda: browse.marking.summary.objects > 0)
        number = browse.marking.summary.objects
        await on.hours(3)
    async with walk(running=running, size=(80, 24)) as on:
        await on.sees(f"▣ {number:,} marks left 3h0", " ago · ", "8 buckets")
        browse = on.app.main.query_one(BrowsePane)
        assert browse.marking.summary.objects == 0
        rows = there(browse.buckets.view).rows(0, browse.buckets.count)
        at = next(at for at, row in enumerate(rows) if "marks left" in row.name)
        await on.press(*("down",) * at, "enter")
        await on.until(lambda: browse.marking.summary.objects == number)
        await on.sees(f"{number:,} marks taken over")
        await on.until(lambda: "marks left" not in on.text)


async def test_two_screens_beside_each_other_do_not_touch_each_others_marks(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await sandbox()
    async with walk(PLACE, running=running) as on:
        await on.settled()
        await on.press("A")
        ours = on.app.main.query_one(BrowsePane)
        await on.until(lambda: ours.marking.summary.objects > 0)
        number = ours.marking.summary.objects
        async with walk(running=running) as beside:
            theirs = beside.app.main.query_one(BrowsePane)
            await beside.sees("8 buckets")
            assert "marks left" not in beside.text, "whose session lives has left nothing"
            theirs.go(ours.location)
            await beside.settled()
            await beside.press("d")
            await beside.settled()
            await beside.press("space", "space")
            await beside.until(lambda: theirs.marking.summary.objects == 2)
            assert ours.marking.summary.objects == number
            await beside.press("u")
            await beside.until(lambda: theirs.marking.summary.objects == 0)
        await on.pilot.pause()
        summary = await on.session.ledger.selections.summary(ours.marking.sel)
        assert summary.objects == number


async def test_places_of_the_config_stand_there_and_are_reached_as_whom_they_say(
    walk: StartWalk, sandbox: StartSandbox, tmp_path: Path
) -> None:
    running = await sandbox()
    running.cloud.add_bucket("theirs", owner=OTHER_ACCOUNT)
    for number in range(3):
        running.cloud.put("theirs", f"rushes/{number}", size=10, storage_class="GLACIER")
    secret = running.env["AWS_SECRET_ACCESS_KEY"]
    keys = f"[home]\naws_access_key_id={OTHER_ACCESS_KEY_ID}\naws_secret_access_key={secret}\n"
    (tmp_path / "credentials").write_text(keys)
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    places = {
        "heirs": {"location": "s3+home://theirs/"},
        "tape": {"location": "s3://tape", "endpoint_url": "http://t"},
    }
    async with walk(running=running, places=places, env=env) as on:
        await on.sees("⌂ heirs: s3+home://theirs/", "⌂ tape: s3://tape", "8 buckets")
        browse = on.app.main.query_one(BrowsePane)
        await on.press("enter")
        await on.until(lambda: browse.location.bucket == "theirs")
        await on.sees("rushes/", "210987654321", "home")
        await on.press("B")
        await on.sees("is a bookmark")
        for typed, seen in (("tape:", "leads to http://t"), ("heirs:rushes/", "3 objects")):
            await on.press("g")
            await on.until(lambda: isinstance(on.app.screen, GoTo))
            on.app.screen.query_one(PlaceField).value = typed
            await on.press("enter")
            await on.sees(seen)
            if isinstance(on.app.screen, GoTo):
                await on.press("escape")
        assert str(browse.location) == "s3://theirs/rushes/"
        await on.press("a", "g")
        await on.until(lambda: isinstance(on.app.screen, GoTo))
        on.app.screen.query_one(PlaceField).value = PLACE
        await on.press("enter")
        await mark_archived(on, 3, before=3)
        await dialog(on)
        await on.sees("account 123456789012, 210987654321")
        await confirm(on)
        (run,) = await on.session.ledger.runs.list()
        assert set(run.buckets) == {"theirs", "acme-media-archive"}
        await on.until(lambda: on.posts() == 6)
        assert len(running.control.restores("theirs")) == 3
    async with walk(running=running, env=env) as on:
        await on.sees("★ s3+home://theirs ", "8 buckets")
        browse = on.app.main.query_one(BrowsePane)
        rows = there(browse.buckets.view).rows(0, browse.buckets.count)
        at = next(at for at, row in enumerate(rows) if "★" in row.name)
        await on.press(*("down",) * at, "enter")
        await on.sees("rushes/", "210987654321", "home")
        await on.press("left_square_bracket")
        await on.until(lambda: not browse.location.bucket)
        on.session.settings.reach_again("s3", "theirs", None)
        await on.press("right_square_bracket")
        await on.sees("rushes/", "210987654321", "home")
