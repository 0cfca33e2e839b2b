"""Then-steps: what shall be done with each object once it can be read, as it is said and as it is kept."""

import shlex
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from restoretui.core.location import Location, parse_location

STANDARD = "STANDARD"


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
    NOTIFY = "notify"
    """A notice by mail, chat or the like, once all else is done."""

    @property
    def reads(self) -> bool:
        """It, or whoever it is done for, reads the objects: they must not be archived again before."""
        return self not in (ThenKind.WEBHOOK, ThenKind.NOTIFY, ThenKind.DISCARD)


class ThenEvent(StrEnum):
    """What somebody may be told of a run, once each."""

    DONE = "done"
    """Nothing of it is awaited any more."""
    READABLE = "readable"
    """Its first object can be read."""
    FAILED = "failed"
    """Its first object, or step of an object, failed."""
    EXPIRING = "expiring"
    """The first of its copies ends soon."""


EVENT_WORDS = {
    ThenEvent.DONE: "once all is done",
    ThenEvent.READABLE: "once the first object can be read",
    ThenEvent.FAILED: "once the first object fails",
    ThenEvent.EXPIRING: "once its first copy ends soon",
}


class ThenStep(Struct, frozen=True):
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
    job: str = ""
    """Of copies: made by S3 Batch Operations, and how its jobs are made, as text; empty: one by one.

    Until the step is checked: ``BY_JOB``, and behind a space the role, where one was named."""
    event: ThenEvent | None = None
    """Done once for the run, when this comes to pass; None: in its turn."""
    configured: bool = False
    """The config says it, of every run."""
    agreed: int = 0
    """Of removals: how many archived versions somebody said may go; a plan of any other number is not confirmed."""
    profile: str = ""
    """Of copies: whose keys write them, where that are not those which read the objects."""

    @property
    def place(self) -> Location | None:
        """Where copies go; None: each onto itself."""
        return parse_location(self.target) if self.kind is ThenKind.COPY and self.target else None

    @property
    def in_place(self) -> bool:
        """Copies onto the objects themselves."""
        return self.kind is ThenKind.COPY and not self.target

    @property
    def is_tried_first(self) -> bool:
        """Jobs put something before the keys of its copies, and papers do not agree on how it is joined to them."""
        place = self.place
        return bool(self.job and place is not None and (place.prefix or self.several))

    @property
    def is_of_run(self) -> bool:
        """Done once for a run: at an event, or when nothing else of it is awaited."""
        return self.event is not None or self.kind in (ThenKind.PRESIGN, ThenKind.WEBHOOK, ThenKind.NOTIFY)

    @property
    def is_asked_for(self) -> bool:
        """Somebody wants it done with these objects, also where all of them can be read and nothing is sent."""
        return not self.configured and self.event in (None, ThenEvent.DONE, ThenEvent.READABLE)

    @property
    def waits(self) -> bool:
        """For an event that may never come, so that nobody waits for it."""
        return self.event not in (None, ThenEvent.DONE)

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
        return f"{self.kind}:{self.typed_target}" if self.target else str(self.kind)

    @property
    def typed_target(self) -> str:
        """The target as it was typed, with the profile in it."""
        scheme, found, rest = self.target.partition("://")
        return f"{scheme}+{self.profile}{found}{rest}" if self.profile else self.target

    @property
    def said(self) -> str:
        """In words, for people."""
        when = "" if self.event is None else f" ({EVENT_WORDS[self.event]})"
        match self.kind:
            case ThenKind.COPY:
                where = f"to {self.typed_target}" if self.target else "in place"
                return f"keep a copy in {self.storage_class}, {where}"
            case ThenKind.DOWNLOAD:
                return f"download to {self.target}"
            case ThenKind.EXEC:
                return f"run {self.target}{when}"
            case ThenKind.DISCARD:
                return "remove the archived versions for good, each once its copy is verified"
            case ThenKind.PRESIGN:
                return f"write links to {self.target or 'a file'}"
            case ThenKind.NOTIFY:
                return f"send notice {self.target}{when}"
        return f"call webhook {self.target}{when}"

    def to_mapping(self) -> dict[str, Any]:
        """What is kept beside kind and target; only what says anything."""
        plain: dict[str, Any] = {"storage_class": self.storage_class, "bandwidth": self.bandwidth, "far": self.far}
        plain |= {"several": self.several, "keep_days": self.keep_days}
        plain |= {"job": self.job, "profile": self.profile}
        plain |= {"agreed": self.agreed, "event": self.event, "configured": self.configured}
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
            str(options.get("job", "")),
            ThenEvent(options["event"]) if options.get("event") in list(ThenEvent) else None,
            bool(options.get("configured", False)),
            int(options.get("agreed", 0)),
            str(options.get("profile", "")),
        )


def keep_days(steps: Iterable[ThenStep]) -> int:
    """By how many days copies may be extended so that the steps come to their end."""
    return max((step.keep_days for step in steps), default=0)
