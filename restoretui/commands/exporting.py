"""``restoretui export``."""

from pathlib import Path

from restoretui.commands.output import Output
from restoretui.commands.unheard import say_unheard
from restoretui.config import Settings
from restoretui.core.errors import ExitCode
from restoretui.export import Form, export_chunks, write_export
from restoretui.session import open_session
from restoretui.wording import format as words


async def export(settings: Settings, output: Output, name: str, form: Form, target: str | None) -> ExitCode:
    """A run's objects as CSV or JSON lines, to a file or stdout."""
    async with open_session(settings) as session:
        run = await session.find_run(name)
        say_unheard(settings, output, [run])
        if target is None or target == "-":
            async for chunk in export_chunks(session.ledger, run, form):
                output.raw(chunk)
            output.flush()
            return ExitCode.DONE
        await write_export(session.ledger, run, form, Path(target))
        output.say(f"run {run.id}: {words.plural(run.objects, 'object')} written to {target}")
    return ExitCode.DONE
