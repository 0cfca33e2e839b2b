"""Runs a command of the user's: asks what it asks for, confirms it where it says so, and tells what it said."""

import asyncio
import json
import os
from pathlib import Path

from restoretui.config.user_commands import UserCommand
from restoretui.core.errors import RestoreTuiError, UsageError
from restoretui.core.os_errors import refused_by_system
from restoretui.engine.process import ProcessEnd, environment_of, run_program
from restoretui.tui.dialogs.prompts import Confirm, TextPrompt
from restoretui.tui.own.boxes import OutputBox
from restoretui.tui.shell import Owner
from restoretui.wording.shell import shell_word

KEPT = 1 << 18
"""Bytes of what it says that are kept, from their end."""
LOG = "commands.log"
"""Beside the ledger, for its owner alone: what commands said whose output goes there."""
_ABOUT = {"object": "an object", "marks": "what is marked", "run": "a run"}


def why_not(owner: Owner, command: UserCommand) -> str:
    """Why it cannot be run now, in a few words; empty where it can."""
    if command.dangerous and owner.session.read_only:
        return "read-only"
    return "" if owner.about(command.scope) is not None else f"no {command.scope} here"


async def run_and_tell(owner: Owner, command: UserCommand) -> None:
    """The same; what stands in its way is said where it was asked for."""
    try:
        await run_command(owner, command)
    except RestoreTuiError as error:
        owner.tell("error", str(error), error.hint)


async def run_command(owner: Owner, command: UserCommand) -> None:
    """Run it about what is under the cursor, or marked, right now; ``GuardStopped`` where read-only forbids it."""
    session, shell = owner.session, owner.shell
    if command.dangerous:
        session.check_may_send()
    about = owner.about(command.scope)
    if about is None:
        raise UsageError(f"{command.name} is about {_ABOUT[command.scope]}, and there is none here", "choose one")
    facts = dict(about)
    for prompt in command.prompts:
        answer = await shell.push_screen_wait(TextPrompt(command.name, prompt.ask, prompt.default))
        if answer is None:
            return
        facts[prompt.name] = answer
    if command.scope == "marks":
        facts["file"] = str(await session.saying.marked_file(await owner.marked()))
    argv = command.filled(facts)
    if command.confirm or command.dangerous:
        line = " ".join(map(shell_word, argv))
        if not await shell.push_screen_wait(Confirm(command.name, f"Run {line}?", "Run")):
            return
    owner.tell("done", f"{command.name} runs …")
    told = json.dumps({"command": command.name, "scope": command.scope, **facts}).encode() + b"\n"
    folder = session.settings.state_dir
    try:
        ended = await run_program(argv, told, environment_of(facts), folder, command.timeout_s, KEPT)
    except FileNotFoundError:
        raise UsageError(f"{command.name}: there is no program {argv[0]!r} here", "see [[commands]]") from None
    except PermissionError:
        raise UsageError(f"{command.name}: {argv[0]!r} may not be run", "is it executable?") from None
    except OSError as error:
        raise refused_by_system(error) from error
    await _tell(owner, command, ended)


async def _tell(owner: Owner, command: UserCommand, ended: ProcessEnd) -> None:
    failed = ended.code != 0
    how = "done" if not failed else ended.how
    if command.output == "pane":
        owner.tell("warning" if failed else "done", f"{command.name}: {how}")
        await owner.shell.push_screen_wait(OutputBox(command.name, how, ended.output, failed=failed))
        return
    path, at = owner.session.settings.state_dir / LOG, owner.session.clock.now()
    await asyncio.to_thread(_append, path, f"{at:%Y-%m-%dT%H:%M:%SZ} {command.name}: {how}\n", ended)
    owner.tell("warning" if failed else "done", f"{command.name}: {how}; what it said is in {path}")


def _append(path: Path, head: str, ended: ProcessEnd) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(head + "".join(f"  {line}\n" for line in ended.output.splitlines()))
    except OSError as error:
        raise refused_by_system(error) from error
