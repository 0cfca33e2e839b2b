"""Commands as lines of a POSIX shell: every word quoted, so that no key runs, expands or moves a cursor."""

from collections.abc import Sequence

from restoretui.core.rules.commands import ShellCommand, parts_of
from restoretui.wording.shell import shell_word


def command_line(command: ShellCommand) -> str:
    """One line."""
    words = " ".join(
        [*map(_assigned, command.words[: command.assigned]), *map(_word, command.words[command.assigned :])]
    )
    if command.each_of:
        return f"while IFS= read -r key; do {words}; done < {shell_word(command.each_of)}"
    return f"{command.into}=$({words})" if command.into else words


def command_lines(commands: Sequence[ShellCommand]) -> str:
    """One under the other."""
    return "\n".join(map(command_line, commands))


def _word(word: str) -> str:
    return "".join(
        f'"${text}"' if is_slot else shell_word(text) for is_slot, text in parts_of(word) if text or not is_slot
    )


def _assigned(word: str) -> str:
    name, _, value = word.partition("=")
    return f"{name}={shell_word(value)}"
