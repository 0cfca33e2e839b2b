"""What a shell offers for a value: runs, jobs, sets, places, profiles, stores, classes, files. No cloud is asked.

Called in a process of its own at each press of the key, so nothing is loaded before it is wanted; what cannot be read
is not offered.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from restoretui.cli.help import COMPLETION, shells

if TYPE_CHECKING:
    from restoretui.config.settings import Settings

SHELLS = tuple(shells.CLASSES)
Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def script(cli: click.Command, shell: str) -> str:
    """What the shell is to read to complete our words."""
    kind = shells.CLASSES.get(shell)
    if kind is None:
        raise click.UsageError(f"no completion is made for {shell!r}")
    return kind(cli, {}, "restoretui", COMPLETION).source()


def add_completion(cli: click.Group) -> None:
    """Have the values of every command completed, by the name of their option or argument."""
    pending: list[click.Command] = [cli]
    while pending:
        command = pending.pop()
        if isinstance(command, click.Group):
            pending += command.commands.values()
        for param in command.params:
            offer = _OFFERS.get(param.name or "")
            # A choice completes by itself. Where a parameter takes its function from is Click's own affair, but for
            # the moment of its making, which is spread over many files.
            if offer is not None and not isinstance(param.type, click.Choice):
                param._custom_shell_complete = offer  # noqa: SLF001


def _matching(pairs: Iterable[tuple[str, str]], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=about or None) for name, about in pairs if name.startswith(begun)]


def _settings(context: click.Context) -> "Settings | None":
    from restoretui.config.loading import config_place, is_pipe, load_settings

    with contextlib.suppress(Exception):  # boundary: a config that cannot be read completes nothing
        said = {name: context.params.get(name) for name in ("config", "state_dir", "profile", "store")}
        _, file = config_place(said["config"] or os.environ.get("RESTORETUI_CONFIG"))
        if not is_pipe(file):  # It is for the command, and may have no writer yet.
            return load_settings(said)
    return None


def _runs(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.ledger.known_names import run_names

    settings = _settings(context)
    names = run_names(settings.state_dir) if settings is not None else []
    return _matching([("last", "the newest"), *names] if names else [], begun)


def _jobs(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.ledger.known_names import job_names

    settings = _settings(context)
    return _matching(job_names(settings.state_dir) if settings is not None else [], begun)


def _sets(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.ledger.known_names import set_names

    settings = _settings(context)
    return _matching(set_names(settings.state_dir) if settings is not None else [], begun)


def _locations(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    return locations(context, begun)


def locations(context: click.Context, begun: str) -> list[CompletionItem]:
    """Sets, places and accounts; which buckets there are only a cloud could tell."""
    from restoretui.ledger.known_names import set_names

    settings = _settings(context)
    places = [(f"{name}:", str(section["location"])) for name, section in settings.places.items()] if settings else []
    sets = [(f"@{name}", about) for name, about in set_names(settings.state_dir)] if settings else []
    return _matching([*sets, *places, *_accounts()], begun)


def _accounts() -> list[tuple[str, str]]:
    from restoretui.config.aws_profile import profile_names
    from restoretui.core.model import DEFAULT_SCHEME

    names = [name for name in profile_names(os.environ) if name != "default"]
    return [(f"{DEFAULT_SCHEME}+{name}://", "as that profile") for name in names]


def _profiles(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.config.aws_profile import profile_names

    return _matching([(name, "") for name in profile_names(os.environ)], begun)


def _stores(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.core.rules.stores import BUILT_IN

    settings = _settings(context)
    own = settings.stores if settings is not None else {}
    return _matching([(name, "") for name in sorted({*BUILT_IN, *own})], begun)


def _classes(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.core.rules.clouds import CLOUDS

    names = [(name, kind.name) for kind in CLOUDS.values() for name in kind.classes]
    exactly = _matching(names, begun)
    folded = [CompletionItem(name, help=about) for name, about in names if name.lower().startswith(begun.lower())]
    return exactly or folded


def _columns(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of the command's rows, behind those that are there."""
    from restoretui.commands.form import ROWS
    from restoretui.session.jsonlines.kinds import words_of

    command = context.command_path.partition(" ")[2]
    there, comma, _ = begun.rpartition(",")
    names = dict.fromkeys(word for kind in ROWS.get(command, ("summary",)) for word in words_of(command, kind))
    return _matching([(f"{there}{comma}{name}", "") for name in names if name not in there.split(",")], begun)


def _steps(context: click.Context) -> list[str]:
    settings = _settings(context)
    named = {"webhook": settings.webhooks, "notify": settings.notify} if settings else {}
    return [f"{kind}:{name}" for kind, sections in named.items() for name in sections]


def _then(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    words = ("copy", "copy:", "download:", "exec:", "presign:")
    return _matching([(word, "") for word in (*words, *_steps(context))], begun)


def _on(context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.core.then.steps import ThenEvent

    events = [f"{event.value}=" for event in ThenEvent]
    told = [f"{event}{step}" for event in events for step in (*_steps(context), "exec:")] if "=" in begun else events
    return _matching([(word, "") for word in told], begun)


def _inventories(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    words = [("imported", "the one that was read last"), ("configured", "the newest of the bucket's own")]
    return _matching(words, begun) or [CompletionItem(begun, type="file")]


def _manifests(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    words = [("written", "by us"), ("generated", "by S3")]
    return _matching(words, begun) or [CompletionItem(begun, type="file")]


def _lists(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    from restoretui.ledger.known_names import set_names

    if not begun.startswith("@"):
        return _files(context, param, begun)
    settings = _settings(context)
    named = set_names(settings.state_dir) if settings is not None else []
    return _matching([(f"@{name}", about) for name, about in named], begun)


def _scenarios(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    folder = Path(__file__).parents[2] / "sandbox" / "faults" / "scenarios"
    found = _matching(sorted((path.stem, "") for path in folder.glob("*.toml")), begun)
    return found or [CompletionItem(begun, type="file")]


def _files(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(begun, type="file")]


def _folders(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(begun, type="dir")]


def _commands(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Where a location goes, which at the very beginning may be the name of a command."""
    root = context.find_root().command
    found = first_words(root, context.command, begun) if isinstance(root, click.Group) else []
    if not context.command.hidden:  # Any but that of the screens stands behind its own name.
        found = []
    return [*found, *_locations(context, param, begun)]


_OFFERS: dict[str, Offer] = {
    "run": _runs, "job": _jobs, "profile": _profiles, "store": _stores, "classes": _classes, "scenario": _scenarios,
    "keys_from": _lists, "printed_to": _files, "from_inventory": _inventories, "manifest": _manifests,
    "columns": _columns, "then": _then, "on": _on,
    "named": _files, "copy": _files, "config": _files, "files": _files, "state_dir": _folders,
    "folder": _folders, "location": _commands, "locations": _locations,
    "operands": _locations, "name": _sets, "source": _files,
}  # fmt: skip


def first_words(group: click.Group, opened: click.Command, begun: str) -> list[CompletionItem]:
    """What may stand where a command's name could: commands, and the options that may come before them."""
    if begun.startswith("-"):
        context = click.Context(opened, info_name="restoretui", resilient_parsing=True)
        return opened.shell_complete(context, begun)
    return [
        CompletionItem(name, help=command.get_short_help_str())
        for name, command in sorted(group.commands.items())
        if name.startswith(begun) and not command.hidden
    ]


__all__: list[Any] = ["SHELLS", "add_completion", "first_words", "locations", "script"]
