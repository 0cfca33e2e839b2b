"""What a request is about just now: said by whoever does it, read by whoever has to say what is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Doing:
    """One thing under way; made by whoever waits for it."""

    __slots__ = ("for_credentials", "text")

    def __init__(self) -> None:
        self.text = ""
        """For people: ``ListObjectsV2 of bucket 'x'``; empty while nothing was said."""
        self.for_credentials = False
        """Nothing was asked of the cloud yet: keys to sign with are still being looked for."""


_now: ContextVar[Doing | None] = ContextVar("doing", default=None)


class Watched:
    """What is said within this block, and by the tasks begun in it, is found in what this gives.

    Entered for each request: a generator for it would cost more than all else that is done here.
    """

    __slots__ = ("_token", "doing")

    def __enter__(self) -> Doing:
        self.doing = Doing()
        self._token = _now.set(self.doing)
        return self.doing

    def __exit__(self, *_: object) -> None:
        _now.reset(self._token)


def note(text: str) -> None:
    """From now on this is what is going on. Never a secret: it is shown and logged."""
    doing = _now.get()
    if doing is not None:
        doing.text = text


def about(operation: str, bucket: str) -> str:
    """A request, for people: the operation in the cloud's own words, and the bucket if it is about one."""
    return f"{operation} of bucket {bucket!r}" if bucket else operation


@contextmanager
def finding_credentials(text: str) -> Iterator[None]:
    """Within this block keys are looked for: files, processes, logins, roles, instance metadata."""
    doing = _now.get()
    if doing is None:
        yield
        return
    before = doing.text
    doing.text, doing.for_credentials = text, True
    try:
        yield
    finally:
        doing.text, doing.for_credentials = before, False
