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
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from restoretui.cli.help import COMPLETION

if TYPE_CHECKING:
    from restoretui.config.settings import Settings

SHELLS = ("bash", "zsh", "fish")
Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class _Bash(BashComplete):
    """bash takes ``:`` and ``=`` for ends of words, as its user has it: only what is behind is replaced.

    So the line is read as a whole, and of each value what stands there already is left out. ``@`` is an end, too, but
    one that stays with what is behind. Behind what ends in ``:`` or ``/`` the word goes on.
    """

    source_template = """\
%(complete_func)s() {
    local type value response
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete $1)
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/] ]]; then compopt -o nospace 2>/dev/null; fi
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        line, self._breaks = os.environ["COMP_WORDS"], os.environ["COMP_CWORD"]
        if self._breaks.isdecimal():  # by the script of an earlier version, which gives words and a number
            self._breaks = self._begun = ""
            return super().get_completion_args()
        words = split_arg_string(line)
        if line[-1:].isspace() or not words:
            words.append("")
        self._begun = words[-1]
        return words[1:-1], words[-1]

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        ends = [self._begun.rfind(end) for end in self._breaks if end in ":="]
        there = self._begun[: max(ends, default=-1) + 1]
        return f"{item.type},{str(item.value).removeprefix(there)}"


class _Zsh(ZshComplete):
    """zsh goes on with a word behind what ends in ``:`` or ``/``, and of ``--option=value`` keeps the option."""

    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local type key about
    local -a response plain open told told_open
    (( $+commands[%(prog_name)s] )) || return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete \\
        %(prog_name)s)}")
    [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
    local -a so=(-U -i "$IPREFIX")
    for type key about in ${response}; do
        case $type in
            (dir) _path_files -/ ;;
            (file) _path_files -f ;;
            (plain)
                case $about$key in
                    (_*[:/]) open+=("$key") ;;
                    (_*) plain+=("$key") ;;
                    (*[:/]) told_open+=("$key:$about") ;;
                    (*) told+=("$key:$about") ;;
                esac ;;
        esac
    done
    (( $#told )) && _describe -V unsorted told "${so[@]}"
    (( $#told_open )) && _describe -V unsorted told_open "${so[@]}" -S ''
    (( $#plain )) && compadd "${so[@]}" -V unsorted -a plain
    (( $#open )) && compadd "${so[@]}" -V unsorted -S '' -a open
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Fish(FishComplete):
    """fish compares with the whole of ``--option=value``, and takes what is behind the first comma as a help text."""

    source_template = """\
function %(complete_func)s;
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) \\
        %(prog_name)s);
    set -l option (string match -r -- '^--[^=]*=' (commandline -t));
    for completion in $response;
        set -l told (string split -m 1 "," $completion);
        switch $told[1];
            case dir;
                for found in (__fish_complete_directories $told[2]); echo "$option$found"; end;
            case file;
                for found in (__fish_complete_path $told[2]); echo "$option$found"; end;
            case plain;
                echo "$option$told[2]";
        end;
    end;
end;

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)";
"""


for _class, _shell in ((_Bash, "bash"), (_Zsh, "zsh"), (_Fish, "fish")):
    add_completion_class(_class, _shell)


def script(cli: click.Command, shell: str) -> str:
    """What the shell is to read to complete our words."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
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
    return [CompletionItem(name, help=about) for name, about in names if name.lower().startswith(begun.lower())]


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
    "keys_from": _files, "printed_to": _files, "from_inventory": _files,
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
