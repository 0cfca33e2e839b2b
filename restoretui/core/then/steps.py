"""Then-steps: what shall be done with each object once it can be read, as it is said and as it is kept."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.location import Location, parse_location

STANDARD = "STANDARD"
COPY_CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "IA")
"""Classes that a copy can be read from at once; into an archive it would only go back to where it came from."""
_FORM = "write copy, copy:s3://BUCKET/PREFIX/, download:DIR, exec:COMMAND, presign:FILE or webhook:NAME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ThenKind(StrEnum):
    """What a step does."""

    COPY = "copy"
    """Keeps the object for good: a copy in a class that needs no restore."""
    DOWNLOAD = "download"
    EXEC = "exec"
    """A command for each object."""
    PRESIGN = "presign"
    """Links that read the objects without credentials, once all can be read."""
    DISCARD = "delete-archived"
    """Removes the archived version of each object that was copied, once the copy is verified."""
    WEBHOOK = "webhook"
    """A call to somebody's server, once all else is done."""

    @property
    def reads(self) -> bool:
        """It, or whoever it is done for, reads the objects: they must not be archived again before."""
        return self not in (ThenKind.WEBHOOK, ThenKind.DISCARD)

    @property
    def is_of_run(self) -> bool:
        """Done once for a run, when nothing else of it is awaited."""
        return self in (ThenKind.PRESIGN, ThenKind.WEBHOOK)


@dataclass(frozen=True, slots=True)
class ThenStep:
    """One step. ``target`` is what stands behind its colon: a location, a folder, a command, a file, a name."""

    kind: ThenKind
    target: str = ""
    storage_class: str = ""
    """Of copies."""
    bandwidth: int | None = None
    """Of downloads: bytes a second, of all together."""
    far: bool = False
    """Of copies: their place is in another Region, so that traffic costs something, too."""
    several: bool = False
    """The objects are of several buckets, so that their names stand before the keys."""
    keep_days: int = 0
    """Copies that would end before it is done are extended once, by so many days at most; 0: never."""
    agreed: int = 0
    """Of removals: how many archived versions somebody said may go; a plan of any other number is not confirmed."""

    @property
    def place(self) -> Location | None:
        """Where copies go; None: each onto itself."""
        return parse_location(self.target) if self.kind is ThenKind.COPY and self.target else None

    @property
    def in_place(self) -> bool:
        """Copies onto the objects themselves."""
        return self.kind is ThenKind.COPY and not self.target

    @property
    def of_archived(self) -> bool:
        """About what is, or was, archived alone: nothing is done with what could be read all along."""
        return self.in_place or self.kind is ThenKind.DISCARD

    @property
    def argv(self) -> list[str]:
        """Of a command: its words, as a shell would split them; no shell is used."""
        return shlex.split(self.target)

    def key_of(self, bucket: str, key: str) -> tuple[str, str]:
        """Bucket and key that the copy of an object gets."""
        place = self.place
        if place is None:
            return bucket, key
        return place.bucket, f"{place.prefix}{f'{bucket}/' if self.several else ''}{key}"

    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)

    @property
    def said(self) -> str:
        """In words, for people."""
        match self.kind:
            case ThenKind.COPY:
                where = f"to {self.target}" if self.target else "in place"
                return f"keep a copy in {self.storage_class}, {where}"
            case ThenKind.DOWNLOAD:
                return f"download to {self.target}"
            case ThenKind.EXEC:
                return f"run {self.target}"
            case ThenKind.DISCARD:
                return "remove the archived versions for good, each once its copy is verified"
            case ThenKind.PRESIGN:
                return f"write links to {self.target or 'a file'}"
        return f"call webhook {self.target}"

    def to_mapping(self) -> dict[str, Any]:
        """What is kept beside kind and target; only what says anything."""
        plain: dict[str, Any] = {"storage_class": self.storage_class, "bandwidth": self.bandwidth, "far": self.far}
        plain |= {"several": self.several, "keep_days": self.keep_days}
        plain |= {"agreed": self.agreed}
        return {name: value for name, value in plain.items() if value}

    @classmethod
    def from_mapping(cls, kind: str, target: str, options: Mapping[str, Any]) -> "ThenStep":
        """What was kept; names of a later version are left out. ``ValueError`` for a kind that is none."""
        bandwidth = options.get("bandwidth")
        return cls(
            ThenKind(kind),
            target,
            str(options.get("storage_class", "")),
            int(bandwidth) if bandwidth else None,
            bool(options.get("far", False)),
            bool(options.get("several", False)),
            int(options.get("keep_days", 0)),
            int(options.get("agreed", 0)),
        )


def read_steps(
    said: Sequence[str],
    copy_class: str | None = None,
    bandwidth: int | None = None,
    keep_days: int | None = None,
    delete_archived: int | None = None,
) -> list[ThenStep]:
    """The steps that ``--then`` says, in their order; ``UsageError`` for what cannot be meant."""
    steps = [_read(text) for text in said]
    named = [str(step) for step in steps]
    for name in named:
        if named.count(name) > 1:
            raise UsageError(f"--then {name} is said twice", "leave one out")
    if copy_class is not None and not any(step.kind is ThenKind.COPY for step in steps):
        raise UsageError("--copy-class is about --then copy, which is not said", "add it, or leave the class out")
    if bandwidth is not None and not any(step.kind is ThenKind.DOWNLOAD for step in steps):
        raise UsageError("--bandwidth is about --then download:DIR, which is not said", "add it, or leave it out")
    if delete_archived is not None:
        copies = [at for at, step in enumerate(steps) if step.kind is ThenKind.COPY]
        if len(copies) != 1:
            raise UsageError(
                "--delete-archived removes what one --then copy was made from, and there is "
                f"{'none' if not copies else 'more than one'}", "say --then copy once",
            )  # fmt: skip
        steps.insert(copies[0] + 1, ThenStep(ThenKind.DISCARD, agreed=delete_archived))
    storage_class = _copy_class(copy_class or STANDARD)
    first = next((at for at, step in enumerate(steps) if step.kind.reads), None)
    if keep_days is not None and first is None:
        raise UsageError("--keep-until-done waits for nothing: no --then reads an object", "add one, or leave it out")
    if keep_days is not None and first is not None:
        steps[first] = replace(steps[first], keep_days=keep_days)
    return [
        replace(step, storage_class=storage_class) if step.kind is ThenKind.COPY
        else replace(step, bandwidth=bandwidth) if step.kind is ThenKind.DOWNLOAD
        else step
        for step in steps
    ]  # fmt: skip


def _read(text: str) -> ThenStep:
    name, colon, target = text.partition(":")
    if name not in list(ThenKind) or name == ThenKind.DISCARD:
        raise UsageError(f"--then {text!r}: there is no step {name!r}", _FORM)
    kind = ThenKind(name)
    if colon and not target:
        raise UsageError(f"--then {text!r} names nothing behind the colon", _FORM)
    if "\0" in target or any(0xD800 <= ord(letter) < 0xE000 for letter in target):
        raise UsageError(f"--then {text!r} holds what no name can hold", _FORM)
    match kind:
        case ThenKind.COPY:
            target = _copy_target(target)
        case ThenKind.DOWNLOAD if not target:
            raise UsageError("--then download does not say where to", "write --then download:DIR")
        case ThenKind.DOWNLOAD:
            target = str(Path(target).expanduser().absolute())
        case ThenKind.PRESIGN if target:
            target = str(Path(target).expanduser().absolute())
        case ThenKind.EXEC:
            _check_command(target)
        case ThenKind.WEBHOOK if not _NAME.fullmatch(target):
            raise UsageError(
                "--then webhook takes the name of a webhook of the config",
                "write --then webhook:NAME; its URL stands under [webhooks.NAME]",
            )
    return ThenStep(kind, target)


def _copy_target(text: str) -> str:
    if not text:
        return ""
    place = parse_location(text)
    if not place.bucket or place.key is not None or (place.prefix and not place.prefix.endswith("/")):
        raise UsageError(
            f"--then copy:{text}: copies go below a bucket or a prefix, each under its own key",
            "end the prefix with a slash: copy:s3://BUCKET/PREFIX/",
        )
    return str(place)


def _check_command(text: str) -> None:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--then exec:{text} cannot be split into words: {error}", "close the quotes") from None
    if not words:
        raise UsageError("--then exec does not say which command", "write --then 'exec:COMMAND ARGUMENT…'")


def _copy_class(name: str) -> str:
    if name.upper() not in COPY_CLASSES:
        raise UsageError(
            f"--copy-class {name}: no class that can be read without a restore is called so",
            f"choose one of {', '.join(COPY_CLASSES)}",
        )
    return name.upper()


def words_of(steps: Sequence[ThenStep]) -> list[str]:
    """The steps as words of a command line."""
    words = [word for step in steps if step.kind is not ThenKind.DISCARD for word in ("--then", str(step))]
    words += [word for step in steps if step.agreed for word in ("--delete-archived", str(step.agreed))]
    classes = [step.storage_class for step in steps if step.storage_class]
    speeds = [step.bandwidth for step in steps if step.bandwidth]
    words += ["--copy-class", classes[0]] if classes and classes[0].upper() != STANDARD else []
    words += ["--bandwidth", str(speeds[0])] if speeds else []
    return words + (["--keep-until-done", str(kept)] if (kept := keep_days(steps)) else [])


def keep_days(steps: Iterable[ThenStep]) -> int:
    """By how many days copies may be extended so that the steps come to their end."""
    return max((step.keep_days for step in steps), default=0)


class ThenSaid(NamedTuple):
    """What ``--then`` and its companions said."""

    then: tuple[str, ...] = ()
    copy_class: str | None = None
    bandwidth: int | None = None
    keep_until_done: int | None = None
    delete_archived: int | None = None

    def steps(self) -> list[ThenStep]:
        """Read; ``UsageError`` for what cannot be meant."""
        return read_steps(self.then, self.copy_class, self.bandwidth, self.keep_until_done, self.delete_archived)
