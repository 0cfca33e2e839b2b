"""Commands of the user's own: by key, menu, palette and help; asked, confirmed, dark where they may not be run."""

import json
from pathlib import Path

from textual.widgets import OptionList

from restoretui.config.user_commands import Prompt, UserCommand
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_unseen import marked_all

HOSTILE = "a b;$(touch x)\x1b[31m"


async def test_a_command_is_run_about_what_is_under_the_cursor_or_marked(
    walk: StartWalk, sandbox: StartSandbox, tmp_path: Path
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    for key in (HOSTILE, "b", "c"):
        running.cloud.put("cold", key, body=b"x", storage_class="GLACIER")
    told, copied = tmp_path / "told", tmp_path / "copied"
    commands = (
        UserCommand(
            "Look", ("sh", "-c", f'cat > {told}; printf "%s|%s" "$1" "$RESTORETUI_WHY"', "sh", "{key}"), "object",
            "ctrl+v", prompts=(Prompt("why", "Why now?", "because"),),
        ),
        UserCommand("Take", ("cp", "{file}", str(copied)), "marks", confirm=True, output="log"),
        UserCommand("Purge", ("false",), "object", "ctrl+x", dangerous=True),
        UserCommand("Missing", ("no-such-program",), "run"),
    )  # fmt: skip
    async with walk("s3://cold", running=running, commands=commands, read_only=True) as on:
        await on.sees("a b;$(touch x)␛[31m")
        await on.press("ctrl+x")
        await on.press("ctrl+v")
        await on.sees("Look", "Why now?", "because")
        await on.press("enter")
        await on.sees("done", "a b;$(touch x)␛[31m|because")
        about = json.loads(told.read_text())
        assert (about["key"], about["why"], about["state"]) == (HOSTILE, "because", "archived")
        await on.press("escape")
        await marked_all(on)
        await on.press("comma")
        await on.sees(
            "Your commands", "Look  ^v  object", "Purge  ^x  object  read-only", "Missing  run  no run here"
        )
        menu = on.app.screen.query_one("#own-commands", OptionList)
        assert [menu.get_option(str(at)).disabled for at in range(4)] == [False, False, True, True]
        await on.press("down", "enter")
        await on.sees("Run cp ")
        await on.press("tab", "enter")
        await on.sees("Take: done; what it said is in")
        assert [json.loads(line)["key"] for line in copied.read_text().splitlines()] == [HOSTILE, "b", "c"]
        assert "Take: done" in (on.session.settings.state_dir / "commands.log").read_text()
        await on.press("M")
        await on.sees("Marks", "3 marked")
        await on.press("down", "down", "comma")
        await on.sees("Your commands", "Take  marks", "Missing  run  no run here")
        await on.press("escape", "ctrl+v")
        await on.sees("Look", "Why now?", "because")
        await on.press("enter")
        await on.sees("done", "c|because")
        assert json.loads(told.read_text())["key"] == "c"
        copied.unlink()
        await on.press("escape", "comma", "down", "enter")
        await on.sees("Run cp ")
        await on.press("tab", "enter")
        await on.until(copied.exists)
        await on.sees("Take: done; what it said is in")
        await on.press("escape", "question_mark")
        await on.sees("Your commands", "Look: your command, about object")
        await on.press("escape", "ctrl+p")
        await on.press(*"take")
        await on.sees("Take", "a command of yours")


async def test_a_key_that_does_something_else_is_said(walk: StartWalk) -> None:
    async with walk(commands=(UserCommand("Look", ("true",), "object", "r"),)) as on:
        await on.sees("the key r of 'Look' is 'restore' already")
