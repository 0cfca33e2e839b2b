"""``[[commands]]`` of the config: programs of the user's own that a key of the screens runs, with what it is about.

No shell takes part: a command is a list of words, and a placeholder is a whole word, so that a key is never more than
one. What may be harmful is said to be so (``dangerous``), and cannot be run by a read-only session.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from restoretui.core.bounds import shown
from restoretui.core.errors import UsageError

SCOPES: Mapping[str, tuple[str, ...]] = {
    "object": ("scheme", "bucket", "key", "version_id", "location", "size", "storage_class", "state"),
    "marks": ("file", "objects", "size"),
    "run": ("run", "scheme", "bucket", "tier", "days", "objects", "size", "requester", "ticket", "note"),
}
"""What a command may be about, and which placeholders stand for that: ``{key}``. All of them are in its environment
(``RESTORETUI_KEY``), and as one JSON object on its standard input."""
OUTPUTS = ("pane", "log")
LONGEST_S = 300.0
_FIELDS = ("name", "run", "scope", "key", "prompts", "confirm", "dangerous", "output", "timeout")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_KEY = re.compile(r"\S{1,40}")
_HINT = 'such as [[commands]] name = "View" key = "ctrl+v" scope = "object" run = ["viewer", "{location}"]'


class Prompt(Struct, frozen=True):
    """A line of text that is asked for before: ``{name}`` in the words."""

    name: str
    ask: str
    default: str = ""


class UserCommand(Struct, frozen=True):
    """One command."""

    name: str
    argv: tuple[str, ...]
    scope: str
    key: str = ""
    """As Textual names it; empty: by palette and menu alone."""
    prompts: tuple[Prompt, ...] = ()
    confirm: bool = False
    dangerous: bool = False
    """It may change or cost something: a read-only session does not run it."""
    output: str = "pane"
    """What it says is shown in a box, or written to a file beside the ledger (``log``)."""
    timeout_s: float = LONGEST_S
    """Machine seconds after which it is ended."""

    def filled(self, facts: Mapping[str, object]) -> list[str]:
        """Its words with what placeholders stand for."""
        return [_filled(word, facts) for word in self.argv]


def check_commands(value: object, source: str) -> tuple[UserCommand, ...]:
    """The section as settings hold it; ``UsageError`` says what is wrong with it."""
    if not isinstance(value, list) or not all(isinstance(section, dict) for section in value):
        raise UsageError(f"{source}: commands are written [[commands]]", _HINT)
    found = [_command(section, f"{source} [[commands]] {number}") for number, section in enumerate(value, 1)]
    for what in ("name", "key"):
        said = [getattr(one, what) for one in found if getattr(one, what)]
        for text in said:
            if said.count(text) > 1:
                raise UsageError(f"{source}: two [[commands]] have the {what} {shown(text)}", "each needs its own")
    return tuple(found)


def _command(section: Mapping[str, Any], where: str) -> UserCommand:
    for field in section:
        if field not in _FIELDS:
            raise UsageError(f"{where}: unknown setting {field!r}", f"known are {', '.join(_FIELDS)}")
    name: Any = section.get("name")
    argv: Any = section.get("run")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 60:
        raise UsageError(f"{where}: name must be a few words", _HINT)
    where = f"{where} ({name})"
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) and "\0" not in word for word in argv):
        raise UsageError(f"{where}: run must be a list of words; no shell splits one", _HINT)
    scope = section.get("scope", "object")
    if scope not in SCOPES:
        raise UsageError(f"{where}: scope must be {', '.join(SCOPES)}, not {shown(scope)}", _HINT)
    prompts = _prompts(section.get("prompts", []), scope, where)
    known = {*SCOPES[scope], *(prompt.name for prompt in prompts)}
    for word in argv:
        for slot in _SLOT.findall(word):
            if slot not in known:
                raise UsageError(f"{where}: {{{slot}}} stands for nothing", f"there are {', '.join(sorted(known))}")
            if word != f"{{{slot}}}":
                raise UsageError(
                    f"{where}: {{{slot}}} must be a word of its own", "so that it is never more than one"
                )
    if _SLOT.fullmatch(argv[0]):
        raise UsageError(f"{where}: the program itself cannot be a placeholder", "name it")
    key = section.get("key", "")
    if not isinstance(key, str) or (key and not _KEY.fullmatch(key)) or "," in key:
        raise UsageError(f"{where}: key must be one key, as ctrl+v or X, not {shown(key)}")
    for switch in ("confirm", "dangerous"):
        if not isinstance(section.get(switch, False), bool):
            raise UsageError(f"{where}: {switch} must be true or false")
    output, seconds = section.get("output", "pane"), section.get("timeout", LONGEST_S)
    if output not in OUTPUTS:
        raise UsageError(f"{where}: output must be {' or '.join(OUTPUTS)}, not {shown(output)}")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 1 <= seconds <= 86_400:
        raise UsageError(f"{where}: timeout must be 1 to 86400 seconds, not {shown(seconds)}")
    return UserCommand(
        name, tuple(argv), scope, key, prompts, section.get("confirm", False), section.get("dangerous", False),
        output, float(seconds),
    )  # fmt: skip


def _prompts(value: object, scope: str, where: str) -> tuple[Prompt, ...]:
    hint = 'such as prompts = [{name = "days", ask = "For how many days?", default = "7"}]'
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(f"{where}: prompts must be a list of tables", hint)
    found: list[Prompt] = []
    for one in value:
        texts = [one.get("name"), one.get("ask", ""), one.get("default", "")]
        if set(one) - {"name", "ask", "default"} or not all(isinstance(text, str) for text in texts):
            raise UsageError(f"{where}: a prompt has a name, and may have ask and default, each text", hint)
        name, ask, default = (str(text) for text in texts)
        if not _NAME.fullmatch(name) or name in SCOPES[scope] or name in [prompt.name for prompt in found]:
            raise UsageError(f"{where}: {shown(name)} cannot be a prompt's name", "take another: small letters, _")
        found.append(Prompt(name, ask or f"{name}?", default))
    return tuple(found)


def _filled(word: str, facts: Mapping[str, object]) -> str:
    slot = _SLOT.fullmatch(word)
    if slot is None:
        return word
    value = facts.get(slot[1])
    return "" if value is None else str(value).replace("\0", "")
