"""Then-steps as they are said: read from words of a command line or of the config, and said again."""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.location import parse_location
from restoretui.core.then.bare_urls import check_bare_url
from restoretui.core.then.steps import STANDARD, ThenEvent, ThenKind, ThenStep, keep_days

BY_JOB = "batch"
"""How ``--copy-engine`` says that jobs copy; until the step is checked it stands for their options."""
COPY_CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "IA")
"""Classes that a copy can be read from at once; into an archive it would only go back to where it came from."""
_FORM = "write copy, copy:s3://BUCKET/PREFIX/, download:DIR, exec:COMMAND, presign:FILE, webhook:NAME or notify:NAME"
_FORM_ON = "write --on failed=webhook:NAME, notify:NAME or exec:COMMAND; the events are " + ", ".join(ThenEvent)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_steps(
    said: Sequence[str],
    copy_class: str | None = None,
    bandwidth: int | None = None,
    keep_days: int | None = None,
    delete_archived: int | None = None,
    on: Sequence[str] = (),
    copy_engine: str | None = None,
    copy_role: str | None = None,
) -> list[ThenStep]:
    """The steps that ``--then`` says, in their order, and then those of ``--on``; ``UsageError`` for what cannot be.

    ``delete_archived``: so many archived versions somebody said may go. ``copy_role``: as which jobs copy.
    """
    steps = [_read(text) for text in said]
    events = [read_event(text) for text in on]
    named = [*(f"--then {step}" for step in steps), *(f"--on {step.event}={step}" for step in events)]
    for name in named:
        if named.count(name) > 1:
            raise UsageError(f"{name} is said twice", "leave one out")
    if copy_class is not None and not any(step.kind is ThenKind.COPY for step in steps):
        raise UsageError("--copy-class is about --then copy, which is not said", "add it, or leave the class out")
    if bandwidth is not None and not any(step.kind is ThenKind.DOWNLOAD for step in steps):
        raise UsageError("--bandwidth is about --then download:DIR, which is not said", "add it, or leave it out")
    if copy_engine is not None and not any(step.kind is ThenKind.COPY for step in steps):
        raise UsageError("--copy-engine is about --then copy, which is not said", "add it, or leave it out")
    if delete_archived is not None:
        copies = [at for at, step in enumerate(steps) if step.kind is ThenKind.COPY]
        if len(copies) != 1:
            raise UsageError(
                "--delete-archived removes what one --then copy was made from, and there is "
                f"{'none' if not copies else 'more than one'}", "say --then copy once",
            )  # fmt: skip
        # Last of all: what may still be wanted of it was had by then.
        last = max(at for at, step in enumerate(steps) if not step.is_of_run)
        steps.insert(last + 1, ThenStep(ThenKind.DISCARD, agreed=delete_archived))
    storage_class = _copy_class(copy_class or STANDARD)
    job = f"{BY_JOB} {copy_role or ''}".rstrip() if copy_engine == BY_JOB else ""
    if job and delete_archived is not None:
        raise UsageError(
            "--delete-archived has to know the version that each copy was made from, which jobs do not tell",
            "leave --copy-engine away",
        )
    first = next((at for at, step in enumerate(steps) if step.kind.reads), None)
    if keep_days is not None and first is None:
        raise UsageError("--keep-until-done waits for nothing: no --then reads an object", "add one, or leave it out")
    if keep_days is not None and first is not None:
        steps[first] = replace(steps[first], keep_days=keep_days)
    return [
        replace(step, storage_class=storage_class, job=job) if step.kind is ThenKind.COPY
        else replace(step, bandwidth=bandwidth) if step.kind is ThenKind.DOWNLOAD
        else step
        for step in (*steps, *events)
    ]  # fmt: skip


def read_event(text: str) -> ThenStep:
    """``failed=webhook:team``: somebody is told of an event of the run."""
    event, joint, said = text.partition("=")
    if not joint or event not in list(ThenEvent):
        raise UsageError(f"--on {text!r}: that is no event of a run with what it sets off", _FORM_ON)
    step = _read(said)
    if step.kind not in (ThenKind.EXEC, ThenKind.WEBHOOK, ThenKind.NOTIFY):
        raise UsageError(f"--on {text!r}: an event sets off a command, a webhook or a notice", _FORM_ON)
    return replace(step, event=ThenEvent(event))


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
            target, profile = _copy_target(target)
            return ThenStep(kind, target, profile=profile)
        case ThenKind.DOWNLOAD if not target:
            raise UsageError("--then download does not say where to", "write --then download:DIR")
        case ThenKind.DOWNLOAD:
            target = str(Path(target).expanduser().absolute())
        case ThenKind.PRESIGN if target:
            target = str(Path(target).expanduser().absolute())
        case ThenKind.EXEC:
            _check_command(target)
        case ThenKind.NOTIFY if not _NAME.fullmatch(target):
            raise UsageError(
                "--then notify takes the name of a notice of the config",
                "write --then notify:NAME; where it goes stands under [notify.NAME]",
            )
        case ThenKind.WEBHOOK if "://" in target:
            target = check_bare_url(target, "--then webhook")
        case ThenKind.WEBHOOK if not _NAME.fullmatch(target):
            raise UsageError(
                "--then webhook takes the name of a webhook of the config",
                "write --then webhook:NAME; its URL stands under [webhooks.NAME]",
            )
    return ThenStep(kind, target)


def _copy_target(text: str) -> tuple[str, str]:
    """Where copies go, and whose keys write them: empty where those do which read the objects."""
    if not text:
        return "", ""
    scheme, found, rest = text.partition("://")
    base, _, profile = scheme.partition("+")
    place = parse_location(f"{base}{found}{rest}" if profile and found else text)
    if not place.bucket or place.key is not None or (place.prefix and not place.prefix.endswith("/")):
        raise UsageError(
            f"--then copy:{text}: copies go below a bucket or a prefix, each under its own key",
            "end the prefix with a slash: copy:s3://BUCKET/PREFIX/",
        )
    return str(place), profile if found else ""


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


def role_of(steps: Sequence[ThenStep]) -> str:
    """The role as which jobs copy; empty where none do, or it is left to the config."""
    for step in steps:
        if step.job:
            return str(json.loads(step.job)["role_arn"]) if step.job.startswith("{") else step.job[len(BY_JOB) + 1 :]
    return ""


def words_of(steps: Sequence[ThenStep]) -> list[str]:
    """The steps as words of a command line; the role of jobs is left to whoever says the other options of jobs."""
    steps = [step for step in steps if not step.configured]
    plain = [step for step in steps if step.kind is not ThenKind.DISCARD and not step.event]
    words = [word for step in plain for word in ("--then", str(step))]
    words += [word for step in steps if step.event for word in ("--on", f"{step.event}={step}")]
    words += [word for step in steps if step.agreed for word in ("--delete-archived", str(step.agreed))]
    classes = [step.storage_class for step in steps if step.storage_class]
    words += ["--copy-engine", BY_JOB] if any(step.job for step in steps) else []
    speeds = [step.bandwidth for step in steps if step.bandwidth]
    words += ["--copy-class", classes[0]] if classes and classes[0].upper() != STANDARD else []
    words += ["--bandwidth", str(speeds[0])] if speeds else []
    return words + (["--keep-until-done", str(kept)] if (kept := keep_days(steps)) else [])


class ThenSaid(NamedTuple):
    """What ``--then`` and its companions said."""

    then: tuple[str, ...] = ()
    copy_class: str | None = None
    bandwidth: int | None = None
    keep_until_done: int | None = None
    delete_archived: int | None = None
    on: tuple[str, ...] = ()
    copy_engine: str | None = None
    copy_role: str | None = None

    def steps(self) -> list[ThenStep]:
        """Read; ``UsageError`` for what cannot be meant."""
        return read_steps(*self)
