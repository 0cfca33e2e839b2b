"""``restoretui export``."""

import asyncio
from pathlib import Path

from restoretui.commands.output import Output
from restoretui.commands.unheard import say_unheard
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.session.export import Form, export_chunks, write_export
from restoretui.session.session import open_session
from restoretui.session.targets import own_descriptor
from restoretui.wording import format as words
from restoretui.wording.safe import clean


async def export(settings: Settings, output: Output, name: str, form: Form, target: str | None) -> ExitCode:
    """A run's objects as CSV or JSON lines, to a file or stdout: exact, and spelled out on a terminal."""
    async with open_session(settings, priced=False) as session:
        run = await session.run_views.find_run(name)
        say_unheard(settings, output, [run])
        if target is None or target == "-" or await asyncio.to_thread(own_descriptor, Path(target)) == 1:
            async for chunk in export_chunks(session.ledger, run, form, output.cell):
                output.raw(chunk)
            output.flush()
            return ExitCode.DONE
        await write_export(session.ledger, run, form, Path(target), clean)
        output.say(f"run {run.id}: {words.plural(run.objects, 'object')} written to {target}")
    return ExitCode.DONE
