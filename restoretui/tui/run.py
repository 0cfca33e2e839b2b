"""Runs the screens from the command line: says on stderr what is still under way, and raises what ended them."""

import sys
from typing import TYPE_CHECKING

from restoretui.core.errors import ExitCode
from restoretui.tui.app import RestoreApp

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.core.location import Location
    from restoretui.tui.process.demo_story import DemoStory


def run_app(settings: "Settings", location: "Location | str | None", *, demo: "DemoStory | None" = None) -> int:
    """Run the screens until they are left; the exit code. Raises what ended them, or kept them from opening."""

    def open_session():  # type: ignore[no-untyped-def]
        from restoretui.session.session import open_session as open_

        return open_(settings)

    app = RestoreApp(open_session, location, settings=settings, demo=demo)
    app.remembered.read()
    app.recall()  # before the first paint
    code = app.run()
    for line in app.last_words:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    problem = app.problem()
    if problem is not None:
        raise problem
    return code if code is not None else int(ExitCode.SOME_FAILED)
