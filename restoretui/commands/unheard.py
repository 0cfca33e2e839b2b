"""Options that were said and cannot be heard: a run is reached as it was when it was confirmed."""

from collections.abc import Iterable

from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger.run_records import Run


def said_of_s3(settings: Settings) -> list[str]:
    """The flags given that say how S3 is reached."""
    options = CLOUDS[DEFAULT_SCHEME].settings.values()
    return [flag for name in options if (flag := settings.sources.get(name, "")).startswith("--")]


def say_unheard(settings: Settings, output: Output, runs: Iterable[Run]) -> None:
    """Name the flags that say otherwise than the runs' own connections, which alone count."""
    connections = [run.connection for run in runs]
    for name in CLOUDS[DEFAULT_SCHEME].settings.values():
        flag = settings.sources.get(name, "")
        wanted = getattr(settings, name)
        if flag.startswith("--") and any(known.get(name) != wanted for known in connections):
            output.say(f"{flag} changes nothing here: a run is followed by the connection it was confirmed with")
