"""A context variable for what a request is about: set by whoever does it, read to say what is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Doing:
    """One thing under way; made by whoever waits for it."""

    # Defaults of the class: one is made for each request, mostly to say nothing.
    operation = ""
    """In the cloud's own words: ``ListObjectsV2``; empty while nothing was said."""
    bucket = ""
    """What it is about, if it is about one."""
    credentials = ""
    """What is still looked for to sign with: nothing was asked of the cloud yet."""

    @property
    def text(self) -> str:
        """For people: ``ListObjectsV2 of bucket 'x'``; empty while nothing was said."""
        if self.credentials:
            return self.credentials
        return f"{self.operation} of bucket {self.bucket!r}" if self.bucket else self.operation

    @property
    def for_credentials(self) -> bool:
        """Nothing was asked of the cloud yet: keys to sign with are still being looked for."""
        return bool(self.credentials)


NOW: ContextVar[Doing | None] = ContextVar("doing", default=None)
"""What requests of this task, and of those begun in it, say it of. Set only by whoever waits for them."""


def note(operation: str, bucket: str = "") -> None:
    """From now on this request is what is going on. Never a secret: it is shown and logged."""
    doing = NOW.get()
    if doing is not None:
        doing.operation, doing.bucket = operation, bucket


@contextmanager
def finding_credentials(text: str) -> Iterator[None]:
    """Within this block keys are looked for: files, processes, logins, roles, instance metadata."""
    doing = NOW.get()
    if doing is None:
        yield
        return
    before, doing.credentials = doing.credentials, text
    try:
        yield
    finally:
        doing.credentials = before
