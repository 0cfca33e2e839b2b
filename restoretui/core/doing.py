"""Context variables of a request: what it is about, which is shown, and whose keys alone may sign it."""

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


ONLY: ContextVar[str] = ContextVar("only", default="")
"""The account whose keys alone may sign requests of this task; empty: whoever's they are."""


@contextmanager
def signed_by(account: str) -> Iterator[None]:
    """Within this block keys of another account sign nothing."""
    token = ONLY.set(account)
    try:
        yield
    finally:
        ONLY.reset(token)
