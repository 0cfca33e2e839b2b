"""What a cloud's own tools are told to do the same, and how an object is named outside of this program."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from restoretui.core.model import ObjectRef, RestoreRequest
from restoretui.core.provider import Connection
from restoretui.core.rules.commands import ShellCommand, options


class Reached(NamedTuple):
    """Where a bucket is, and by which connection."""

    connection: Connection
    region: str


def reaching(at: Reached, endpoint_option: str) -> list[str]:
    """The options by which a tool reaches it: profile, Region, endpoint."""
    connection = at.connection
    return options(
        ("--profile", connection.profile), ("--region", at.region or connection.region),
        (endpoint_option, connection.endpoint_url),
    )  # fmt: skip


def paying(at: Reached) -> list[str]:
    """The options by which the requester pays, where that was agreed to."""
    return ["--request-payer", "requester"] if at.connection.requester_pays else []


class Uploaded(NamedTuple):
    """A manifest to be uploaded: a file here, and where it goes; its rows name versions or not."""

    file: str
    bucket: str
    key: str
    versions: bool


class CloudCommands(Protocol):
    """Of one cloud. Words only: nothing here is sent, and no secret is in any of it."""

    def restore(self, at: Reached, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> ShellCommand:
        """Ask for one object."""
        ...

    def restore_each(
        self, at: Reached, bucket: str, request: RestoreRequest, storage_class: str, file: str
    ) -> ShellCommand:
        """Ask for every key in ``file``, one a line."""
        ...

    def ends_copy(self, at: Reached, ref: ObjectRef) -> ShellCommand | None:
        """End a restored copy early; None where the cloud cannot."""
        ...

    def creates_job(
        self, at: Reached, account: str, order: Mapping[str, Any], upload: Uploaded | None
    ) -> list[ShellCommand]:
        """CreateJob with these parameters; where a manifest is uploaded before, with the ETag that gives."""
        ...

    def changes_job(self, at: Reached, account: str, job_id: str, operation: str, value: str) -> ShellCommand | None:
        """``status`` or ``priority`` of a job, made ``value``."""
        ...

    def arn(self, at: Reached, bucket: str, key: str) -> str:
        """How policies and events name it."""
        ...

    def url(self, at: Reached, bucket: str, key: str, version_id: str | None) -> str:
        """Where it lies, for requests that are signed or need not be."""
        ...

    def downloads(
        self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str
    ) -> Sequence[tuple[str, ShellCommand]]:
        """By tool: how to read one object, or all below a prefix, although its class says that it is archived."""
        ...

    def code(self, at: Reached, ref: ObjectRef | None, bucket: str, prefix: str) -> Sequence[tuple[str, str]]:
        """By library: the same in a few lines of a program, every name in them a literal."""
        ...
