"""The copy menu: every form of what is under the cursor by one more key."""

import asyncio
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from restoretui.core.location import parse_location
from restoretui.core.model import State
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.copy_menu import CopyMenu
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.dialogs.say_box import SayBox
from tests.narrowing import a
from tests.tui.conftest import StartWalk, Walk

BUCKET = "s3://acme-frankfurt-archive"


async def copied(on: Walk, key: str) -> str:
    """What is in the clipboard after ``c`` and that key."""
    await on.press("c")
    await on.until(lambda: isinstance(on.app.screen, CopyMenu))
    on.app.copy_to_clipboard("")
    await on.press(key)
    await on.until(lambda: on.app.clipboard)
    return on.app.clipboard


async def put(on: Walk, key: str, storage_class: str) -> None:
    """A bucket with this object, and the cursor on it."""
    on.sandbox.cloud.add_bucket("cold")
    on.sandbox.cloud.put("cold", key, size=10, storage_class=storage_class)
    on.app.main.query_one(BrowsePane).go(parse_location("s3://cold/"))
    await on.sees("1 of 1")
    await on.settled()


async def test_every_form_of_an_archived_object(walk: StartWalk) -> None:
    async with walk(BUCKET, size=(80, 24)) as on:
        await on.settled()
        await put(on, "it's.mov", "GLACIER")
        url = f"{on.sandbox.url}/cold/it%27s.mov"
        wanted = {
            "u": "'s3://cold/it'\\''s.mov'", "k": "'it'\\''s.mov'", "a": "'arn:aws:s3:::cold/it'\\''s.mov'", "h": url,
            "enter": "'s3://cold/it'\\''s.mov'",
        }  # fmt: skip
        for key, text in wanted.items():
            assert await copied(on, key) == text
            await on.until(lambda: len(on.app.screen_stack) == 1)
        line = await copied(on, "l")
        assert line.startswith("restoretui restore 's3://cold/it'\\''s.mov' --days 7 --tier standard ")
        assert (await copied(on, "d")).startswith("aws s3 cp ")
        await on.until(lambda: isinstance(on.app.screen, SayBox))
        await on.sees("--force-glacier-transfer", "rclone", "s5cmd")


async def test_no_link_of_what_cannot_be_read(walk: StartWalk) -> None:
    async with walk(BUCKET) as on:
        await on.settled()
        await put(on, "cold.mov", "GLACIER")
        await on.press("c", "p")
        await on.until(lambda: any("a link would be refused" in text for text in on.told) or "refused" in on.text)
        assert "X-Amz-Signature" not in on.app.clipboard


def read_by_anybody(link: str) -> int:
    """By a program that knows nothing of us, and has no keys."""
    with urlopen(link) as answer:
        answer.read()
        return int(answer.status)


async def test_a_link_ends_with_the_copy(walk: StartWalk) -> None:
    async with walk(BUCKET) as on:
        await on.settled()
        await put(on, "cold.mov", "GLACIER")
        await on.press("r")
        await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.on_screen)
        a(RestoreDialog, on.app.screen).days_field.value = "1"
        await on.sees("for 1 day")
        await on.confirm()
        await on.until(lambda: on.posts() == 1)
        await on.hours(6)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].counts == {State.AVAILABLE: 1})
        link = await copied(on, "p")
        assert 3600 < int(parse_qs(urlsplit(link).query)["X-Amz-Expires"][0]) < 2 * 86_400
        assert "with the restored copy" in on.notice
        folder = on.session.settings.state_dir
        found = await asyncio.to_thread(
            lambda: [path for path in folder.rglob("*") if path.is_file() and b"X-Amz-Signature" in path.read_bytes()]
        )
        assert not found, "it is a secret"


async def test_a_readable_object_has_a_link_that_says_its_end(walk: StartWalk) -> None:
    async with walk(BUCKET, size=(60, 15)) as on:
        await on.settled()
        await put(on, "warm.mov", "STANDARD")
        link = await copied(on, "p")
        query = parse_qs(urlsplit(link).query)
        assert query["X-Amz-Expires"] == ["604800"]
        assert await asyncio.to_thread(read_by_anybody, link) == 200
        with pytest.raises(HTTPError, match="403"):
            await asyncio.to_thread(read_by_anybody, link.replace("Expires=604800", "Expires=604801"))
        assert query["X-Amz-SignedHeaders"] == ["host"]
        await on.until(lambda: any("a link that reads the object" in text for text in on.told))
        assert "X-Amz-Signature" not in on.text
        line = await copied(on, "l")
        assert line.startswith("restoretui ls s3://cold/warm.mov ")


async def test_a_prefix_and_a_bucket_have_what_they_can_have(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", size=(60, 15)) as on:
        await on.settled()
        assert await copied(on, "a") == "arn:aws:s3:::acme-media-archive/archive/"
        await on.press("c")
        await on.until(lambda: isinstance(on.app.screen, CopyMenu))
        assert "presigned" not in on.text
        await on.press("d")
        await on.sees("--recursive --force-glacier-transfer")
        await on.press("escape", "tilde")
        await on.sees("acme-media-archive")
        assert (await copied(on, "u")).startswith("s3://")
