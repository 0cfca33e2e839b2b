"""What is said goes when it is moot, stays while it is true, and questions from below are asked on screen."""

import asyncio

import pytest

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.dialogs.prompts import TextPrompt
from tests.narrowing import there
from tests.tui.conftest import StartWalk


async def test_a_warning_goes_with_the_next_action(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        await on.press("a")
        await on.until(lambda: "those below prefixes are not" in on.notice)
        await on.press("d")
        await on.until(lambda: on.notice == "")
        on.app.say("warning", "something")
        await on.press("2")
        assert on.notice == ""


async def test_a_paused_background_says_so_until_it_goes_on(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        board = on.session._board
        board.trouble("test", "paused", "credentials have expired", "run `aws sso login`")
        await on.until(lambda: "paused: credentials have expired" in on.notice)
        await on.sees("‖ paused", "aws sso login")
        await on.press("2", "1", "d")
        assert "paused" in on.notice
        board.well("test")
        await on.until(lambda: "going on" in on.notice)


async def test_a_background_that_died_is_shown_for_good(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk("s3://acme-media-archive") as on:
        await on.settled()
        failure = RestoreTuiError("the disk is full", "make room and start again")
        monkeypatch.setattr(type(on.app.session), "failure", property(lambda _session: failure))
        on.session.ledger.changes.publish("health")
        await on.sees("the disk is full", "make room and start again")
        await on.press("2", "1")
        await on.sees("the disk is full")


async def test_an_mfa_code_is_asked_for_on_screen(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:

        async def code(device: str) -> str:
            answer = there(on.session.mfa)(device)
            return answer if isinstance(answer, str) else await answer

        await on.settled()
        asking = asyncio.create_task(code("arn:aws:iam::123456789012:mfa/me"))
        await on.until(lambda: isinstance(on.app.screen, TextPrompt))
        await on.sees("Code of arn:aws:iam::123456789012:mfa/me")
        await on.press(*"123456", "enter")
        assert await asking == "123456"
        asking = asyncio.create_task(code("device"))
        await on.until(lambda: isinstance(on.app.screen, TextPrompt))
        await on.press("escape")
        assert await asking == ""
        await on.sees("R asks for it again")
        assert await code("device") == "", "not again at every try"
        await on.press("R")
        asking = asyncio.create_task(code("device"))
        await on.until(lambda: isinstance(on.app.screen, TextPrompt))
        await on.press("7", "enter")
        assert await asking == "7"


async def test_boxes_are_told_apart_without_colour(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", env={"NO_COLOR": "1"}) as on:
        await on.settled()
        await on.press("d")
        await on.settled()
        await on.press("f")
        await on.sees("[ ] GLACIER")
        await on.press("space", "down")
        await on.sees("[x] ○ archived", "[ ] ▪ online", "[ ] GLACIER")


async def test_help_says_that_there_is_more(walk: StartWalk) -> None:
    async with walk(size=(80, 24)) as on:
        await on.press("question_mark")
        await on.sees("Keys", "↓ more")
        await on.press("end")
        await on.until(lambda: "↓ more" not in on.text)
